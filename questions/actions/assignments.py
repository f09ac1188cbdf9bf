"""Creating, changing, ordering, closing and deleting assignments, and extensions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

import cases.access
from casebook.lib.errors import RefusedError
from cases.models import Edition
from questions.actions import row_limits
from questions.actions.modules import add_own_question
from questions.models import Answer, Assignment, AssignmentQuestion, Enrolment, Extension, Module, Question


@dataclass(frozen=True)
class OwnQuestion:
    """A new question of a teacher, in addition to those of the case."""

    text: str
    kolb: str


@dataclass(frozen=True)
class Plan:
    """The contents of the assignment form. The questions are in the order in which they will be asked."""

    questions: tuple[Question, ...]
    own: tuple[OwnQuestion, ...] = ()
    reworded: tuple[tuple[Question, str], ...] = ()
    instructions: str = ""
    opens_at: datetime | None = None
    due_at: datetime | None = None
    share: bool = False


def questions_to_choose(
    *, module: Module, edition: Edition, assignment: Assignment | None = None
) -> dict[Question, str]:
    """Return the questions of the edition, then the own questions of this module, each with its wording."""
    wording = cases.access.wording(edition)
    rows = Question.objects.filter(case=edition.case_id)
    asked = set(assignment.asked.filter(dropped=False).values_list("question", flat=True)) if assignment else set()
    choices = {}
    for question in rows.order_by("position", "pk"):
        is_own = question.module_id is not None
        if question.pk in asked or (question.module_id == module.pk if is_own else question.key in wording):
            choices[question] = question.worded(None if is_own else wording)
    return choices


@transaction.atomic
def create_assignment(*, module: Module, edition: Edition, plan: Plan) -> Assignment:
    """Create an assignment at the end of its module. Raises RefusedError if the module is archived or full."""
    if module.is_archived:
        raise RefusedError(
            _("Deze module is gearchiveerd. Haal de module eerst terug; dan kun je weer opdrachten geven.")
        )
    if module.assignments.count() >= row_limits.ASSIGNMENTS:
        raise RefusedError(
            _("Deze module heeft al %(most)s opdrachten. Verwijder er een, of maak een nieuwe module.")
            % {"most": row_limits.ASSIGNMENTS}
        )
    last = module.assignments.aggregate(last=Max("position"))["last"] or 0
    assignment = Assignment.objects.create(
        module=module,
        edition=edition,
        instructions=plan.instructions,
        opens_at=plan.opens_at,
        due_at=plan.due_at,
        share=plan.share,
        position=last + 1,
    )
    _ask(assignment, plan)
    return assignment


@transaction.atomic
def change_assignment(*, assignment: Assignment, plan: Plan) -> Assignment:
    """Change everything except the case and its edition.

    Raises RefusedError if this removes questions after a student has answered, or changes or adds own questions while
    the case is withdrawn.
    """
    assignment = Assignment.objects.select_for_update().select_related("module", "edition").get(pk=assignment.pk)
    asked = set(assignment.asked.filter(dropped=False).values_list("question", flat=True))
    if assignment.edition.case.is_withdrawn and (plan.own or plan.reworded):
        raise RefusedError(
            _("Deze casus is ingetrokken. Je eigen vragen erbij kun je nu niet veranderen of toevoegen; de rest wel.")
        )
    removed = asked - {question.pk for question in plan.questions}
    if removed and is_answered(assignment):
        raise RefusedError(_("Er is al geantwoord. Vragen toevoegen kan nog, weghalen niet meer."))
    assignment.asked.filter(question__in=removed).delete()
    switch_sharing(assignment, on=plan.share)
    assignment.instructions, assignment.opens_at, assignment.due_at = plan.instructions, plan.opens_at, plan.due_at
    assignment.save(update_fields=["instructions", "opens_at", "due_at", "share", "shared_from"])
    _ask(assignment, plan)
    return assignment


def _ask(assignment: Assignment, plan: Plan) -> None:
    """Save the questions of the assignment in this order, with the teacher's new ones last."""
    case = assignment.edition.case
    added = [add_own_question(module=assignment.module, case=case, text=own.text, kolb=own.kolb) for own in plan.own]
    if not plan.questions and not added:
        raise RefusedError(_("Kies minstens één vraag, of stel zelf een vraag."))
    for position, question in enumerate([*plan.questions, *added], start=1):
        AssignmentQuestion.objects.update_or_create(
            assignment=assignment, question=question, defaults={"position": position}
        )
    for question, text in plan.reworded:
        reword(question=question, text=text)


def reword(*, question: Question, text: str) -> None:
    """Change the text of an own question. Raises RefusedError if a student has answered it."""
    if question.text == text:
        return
    if Answer.objects.filter(question=question).exists():
        raise RefusedError(_("Op een eigen vraag is al geantwoord. De tekst daarvan kan niet meer anders."))
    question.text = text
    question.save(update_fields=["text"])


def switch_sharing(assignment: Assignment, *, on: bool) -> None:
    """Set whether answers are shared, without saving the row.

    Students know about sharing when an assignment opens. If it is switched on later, it applies to later submissions
    only. It can always be switched off, since that shows less of what students wrote.
    """
    if on and not assignment.share:
        has_begun = assignment.is_open or is_answered(assignment)
        assignment.shared_from = timezone.now() if has_begun else None
    assignment.share = on


def is_answered(assignment: Assignment) -> bool:
    """Return whether the assignment has answers, whether or not they were handed in."""
    return assignment.answers.exists()


def close_assignment(*, assignment: Assignment) -> Assignment:
    """Close the assignment: students can no longer hand in, but they can save and read."""
    if assignment.closed_at is None:
        assignment.closed_at = timezone.now()
        assignment.save(update_fields=["closed_at"])
    return assignment


def reopen_assignment(*, assignment: Assignment) -> Assignment:
    """Open a closed assignment again."""
    assignment.closed_at = None
    assignment.save(update_fields=["closed_at"])
    return assignment


@transaction.atomic
def delete_assignment(*, assignment: Assignment) -> None:
    """Delete an assignment. Raises RefusedError if a student has answered."""
    Assignment.objects.select_for_update().get(pk=assignment.pk)
    if is_answered(assignment):
        raise RefusedError(
            _("In deze opdracht is al geantwoord. Daarom kun je de opdracht niet verwijderen; sluiten kan wel.")
        )
    assignment.delete()


@transaction.atomic
def move_assignment(*, assignment: Assignment, earlier: bool) -> tuple[int, int]:
    """Move the assignment one position up or down in its module; at either end nothing changes.

    Returns its position, and the number of assignments.
    """
    rows = list(Assignment.objects.select_for_update().filter(module=assignment.module_id).order_by("position", "pk"))
    index = next(index for index, row in enumerate(rows) if row.pk == assignment.pk)
    other = index - 1 if earlier else index + 1
    if 0 <= other < len(rows):
        rows[index], rows[other] = rows[other], rows[index]
    for position, row in enumerate(rows, start=1):
        row.position = position
    Assignment.objects.bulk_update(rows, ["position"])
    return next(row.position for row in rows if row.pk == assignment.pk), len(rows)


def extend(*, assignment: Assignment, enrolment: Enrolment, due_at: datetime, reason: str) -> Extension:
    """Save a later due date for one student, in place of an earlier extension.

    Raises RefusedError if the assignment has no due date, or if the new date is not after it.
    """
    if assignment.due_at is None:
        raise RefusedError(_("Deze opdracht heeft geen inleverdatum, dus ook geen uitstel."))
    if due_at <= assignment.due_at:
        raise RefusedError(_("Kies een datum na de inleverdatum van iedereen."))
    extension, _is_new = Extension.objects.update_or_create(
        assignment=assignment, enrolment=enrolment, defaults={"due_at": due_at, "reason": reason}
    )
    return extension


def withdraw_extension(*, extension: Extension) -> None:
    """Delete an extension, so that the common due date applies again."""
    extension.delete()


def in_order(questions: Iterable[Question], numbers: dict[int, int | None]) -> tuple[Question, ...]:
    """Return the questions by the number that the teacher typed; those without one follow in their own order."""
    numbered = list(enumerate(questions))
    numbered.sort(key=lambda numbered_question: (numbers.get(numbered_question[1].pk) or 10_000, numbered_question[0]))
    return tuple(question for _index, question in numbered)
