"""Another edition for an assignment: what would differ, and taking it over. What students wrote stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

import cases.access
from casebook.lib.errors import RefusedError
from cases.access import Change
from questions.models import Assignment, AssignmentQuestion, Question


@dataclass(frozen=True)
class Sorting:
    """What becomes of the questions when an assignment takes an edition over."""

    asked: list[Question]
    dropped: list[Question]  # not in the edition, but somebody answered: they stay, as «vervallen»
    leaving: list[Question]  # not in the edition, and nobody answered
    returning: list[Question]  # left at an earlier take-over; the edition has them
    unasked: list[Question]  # in the edition, not in the assignment


@dataclass(frozen=True)
class Preview:
    """What a teacher sees before taking an edition over."""

    changes: list[Change]
    questions: Sorting


def preview(assignment: Assignment, edition) -> Preview:
    now, then = cases.access.read_edition(assignment.edition), cases.access.read_edition(edition)
    return Preview(cases.access.compare(now, then), sort_questions(assignment, edition))


def sort_questions(assignment: Assignment, edition) -> Sorting:
    """Return what becomes of each question when the assignment takes this edition over."""
    wording = cases.access.wording(edition)
    here = list(Question.objects.ever_asked_in(assignment))
    library = Question.objects.filter(case=edition.case_id, module=None).order_by("position", "pk")
    others = [question for question in library if question.key in wording and question not in here]
    left = {pk for pk, _position in assignment.set_aside}
    answered = set(assignment.answers.values_list("question", flat=True))
    asked, gone = _parted(here, lambda question: bool(question.module_id) or question.key in wording)
    dropped, leaving = _parted(gone, lambda question: question.pk in answered)
    returning, unasked = _parted(others, lambda question: question.pk in left)
    return Sorting(asked=asked, dropped=dropped, leaving=leaving, returning=returning, unasked=unasked)


def _parted(questions: list[Question], condition: Callable[[Question], bool]) -> tuple[list[Question], list[Question]]:
    """Those for which the condition holds, and the others."""
    return [each for each in questions if condition(each)], [each for each in questions if not condition(each)]


@transaction.atomic
def take_over(*, assignment: Assignment, edition) -> Sorting:
    """The assignment has this edition from now on; back to a former one goes the same way.

    No answer, no hand-in and no feedback changes. What nobody answered and the edition does not ask, leaves, and is
    remembered for the way back. Were nothing left to ask, everything that the edition asks would be.
    """
    assignment = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if edition.case.is_withdrawn:
        raise RefusedError(_("Deze casus is ingetrokken. Er is geen editie om over te nemen."))
    questions = sort_questions(assignment, edition)
    places = dict(assignment.set_aside) | dict(assignment.asked.values_list("question", "position"))
    returning = questions.returning if questions.asked or questions.returning else questions.unasked
    assignment.asked.filter(question__in=questions.leaving).delete()
    assignment.asked.update(dropped=False)
    assignment.asked.filter(question__in=questions.dropped).update(dropped=True)
    AssignmentQuestion.objects.bulk_create(
        AssignmentQuestion(assignment=assignment, question=question, position=places.get(question.pk, place))
        for place, question in enumerate(returning, start=len(questions.asked) + 1)
    )
    gone = set(places) - {question.pk for question in (*questions.asked, *questions.dropped, *returning)}
    assignment.edition, assignment.set_aside = edition, sorted([pk, places[pk]] for pk in gone)
    assignment.save(update_fields=["edition", "set_aside"])
    return questions
