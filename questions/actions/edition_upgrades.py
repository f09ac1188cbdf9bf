"""Edition upgrades: comparing another edition with that of an assignment, and taking it over.

No answer of a student changes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

import cases.access
from casebook.lib.errors import RefusedError
from cases.access import Change
from cases.models import Edition
from questions.models import Assignment, AssignmentQuestion, Question


@dataclass(frozen=True)
class Sorting:
    """The effect of an edition upgrade on the questions of an assignment."""

    asked: list[Question]
    dropped: list[Question]  # not in the edition, but answered: they stay, as «vervallen»
    leaving: list[Question]  # not in the edition, and not answered
    returning: list[Question]  # removed by an earlier upgrade, and in this edition
    unasked: list[Question]  # in the edition, but not in the assignment


@dataclass(frozen=True)
class Preview:
    """The changes that a teacher sees before an edition upgrade."""

    changes: list[Change]
    questions: Sorting


def preview(assignment: Assignment, edition: Edition) -> Preview:
    """Return what would change if the assignment took this edition over."""
    now, then = cases.access.read_edition(assignment.edition), cases.access.read_edition(edition)
    return Preview(cases.access.compare(now, then), sort_questions(assignment, edition))


def sort_questions(assignment: Assignment, edition: Edition) -> Sorting:
    """Return the effect on each question of taking this edition over."""
    wording = cases.access.wording(edition)
    present = list(Question.objects.ever_asked_in(assignment))
    library = Question.objects.filter(case=edition.case_id, module=None).order_by("position", "pk")
    others = [question for question in library if question.key in wording and question not in present]
    left = {pk for pk, _position in assignment.set_aside}
    answered = set(assignment.answers.values_list("question", flat=True))
    asked, not_asked = _partition(present, lambda question: bool(question.module_id) or question.key in wording)
    dropped, leaving = _partition(not_asked, lambda question: question.pk in answered)
    returning, unasked = _partition(others, lambda question: question.pk in left)
    return Sorting(asked=asked, dropped=dropped, leaving=leaving, returning=returning, unasked=unasked)


def _partition(
    questions: list[Question], condition: Callable[[Question], bool]
) -> tuple[list[Question], list[Question]]:
    """Return the questions for which the condition holds, and the others."""
    return [q for q in questions if condition(q)], [q for q in questions if not condition(q)]


@transaction.atomic
def take_over(*, assignment: Assignment, edition: Edition) -> Sorting:
    """Change the edition of the assignment to this one, which may also be an earlier edition.

    No answer, submission or feedback changes. Questions that the edition does not ask and that have no answers are
    removed; they are recorded in set_aside, so that another upgrade can restore them. If no question would be left, the
    assignment asks every question of the edition. Raises RefusedError if the case is withdrawn.
    """
    assignment = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if edition.case.is_withdrawn:
        raise RefusedError(_("Deze casus is ingetrokken. Er is geen editie om over te nemen."))
    questions = sort_questions(assignment, edition)
    positions = dict(assignment.set_aside) | dict(assignment.asked.values_list("question", "position"))
    returning = questions.returning if questions.asked or questions.returning else questions.unasked
    assignment.asked.filter(question__in=questions.leaving).delete()
    assignment.asked.update(dropped=False)
    assignment.asked.filter(question__in=questions.dropped).update(dropped=True)
    AssignmentQuestion.objects.bulk_create(
        AssignmentQuestion(assignment=assignment, question=question, position=positions.get(question.pk, position))
        for position, question in enumerate(returning, start=len(questions.asked) + 1)
    )
    removed = set(positions) - {question.pk for question in (*questions.asked, *questions.dropped, *returning)}
    assignment.edition, assignment.set_aside = edition, sorted([pk, positions[pk]] for pk in removed)
    assignment.save(update_fields=["edition", "set_aside"])
    return questions
