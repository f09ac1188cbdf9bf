"""All work that one student handed in for a module, for its teachers. Of a draft it says only that it exists."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

import cases.access
from casebook.lib.dates import moment
from questions.models import Assignment, Enrolment, Extension, Question, Submission, WorkState
from questions.pages.progress import Column, States, blocks_of


@dataclass(frozen=True)
class QuestionWork:
    """A question with the state of the student's answer, and the latest submission that teachers may read."""

    number: int
    question: Question
    wording: str
    state: WorkState
    submission: Submission | None
    version: int
    is_late: bool

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Return the notes about the submission, each with its class in the style sheets."""
        if self.submission is None:
            return []
        found = [(_("ingeleverd %(when)s") % {"when": moment(self.submission.submitted_at)}, "")]
        if self.is_late:
            found.append((_("na de inleverdatum"), "late"))
        if self.version > 1:
            found.append((_("versie %(n)s") % {"n": self.version}, ""))
        return found


@dataclass(frozen=True)
class AssignmentWork:
    """An assignment with the work of the student, and the extension of the student."""

    assignment: Assignment
    questions: list[QuestionWork]
    extension: Extension | None

    @property
    def due_at(self) -> datetime | None:
        return self.assignment.due_for(self.extension)

    @property
    def is_past_due(self) -> bool:
        return self.assignment.is_past_due_for(self.extension)

    @property
    def remark(self) -> str:
        """Return the reason of the extension for the note on the due date."""
        return _("(uitstel: %(reason)s)") % {"reason": self.extension.reason} if self.extension else ""

    @property
    def handed_in(self) -> int:
        return sum(work.submission is not None for work in self.questions)

    @property
    def to_read(self) -> int:
        return sum(work.state == WorkState.SUBMITTED for work in self.questions)

    @property
    def button(self) -> str:
        """Return the label of the link to the feedback desk, or "" if there is nothing to read there."""
        if self.to_read:
            return _("Geef feedback (%(n)s te lezen)") % {"n": self.to_read}
        return _("Lees en geef feedback") if self.handed_in else ""


def student_work(person: Enrolment) -> list[AssignmentWork]:
    """Return the work of this student in all assignments of the module, in a fixed number of queries."""
    states = States(person.module, student=person.user_id)
    extensions = {extension.assignment_id: extension for extension in Extension.objects.filter(enrolment=person)}
    submissions = _submissions(person)
    found = []
    for block in blocks_of(person.module, with_texts=True):
        assignment, extension = block.assignment, extensions.get(block.assignment.pk)
        wording = cases.access.wording(assignment.edition)
        questions = []
        for column in block.columns:
            state = states.of(person.user_id, column, has_left=person.has_left)
            versions = submissions.get((assignment.pk, column.asked.question_id), [])
            questions.append(_question_work(assignment, extension, column, wording, state, versions))
        found.append(AssignmentWork(assignment, questions, extension))
    return found


def _question_work(
    assignment: Assignment,
    extension: Extension | None,
    column: Column,
    wording: Mapping[str, str],
    state: WorkState,
    versions: list[Submission],
) -> QuestionWork:
    question, latest = column.asked.question, versions[-1] if versions else None
    is_late = latest is not None and assignment.is_late(latest.submitted_at, extension)
    return QuestionWork(column.number, question, question.worded(wording), state, latest, len(versions), is_late)


def _submissions(person: Enrolment) -> dict[tuple[int, int], list[Submission]]:
    """Return the submissions that teachers may read, by assignment and question, the oldest first."""
    rows = Submission.objects.readable_for_teachers().filter(
        answer__student=person.user_id, answer__assignment__module=person.module_id
    )
    found: dict[tuple[int, int], list[Submission]] = {}
    for row in rows.select_related("answer").order_by("revision"):
        found.setdefault((row.answer.assignment_id, row.answer.question_id), []).append(row)
    return found
