"""Saving an answer, handing it in and taking it back. The rules for saving without loss are in saving.py."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache

from django.db import transaction
from django.db.models import F
from django.utils import timezone

import cases.access
from casebook.models import User
from questions.access import Desk
from questions.actions import row_limits
from questions.actions.saving import Draft, Outcome, Saved, store
from questions.actions.versions import FullError, make_room, plan_version
from questions.models import (
    Answer,
    AnswerVersion,
    Assignment,
    Feedback,
    Question,
    SharedReading,
    Submission,
    why_not_take_back,
)


class Result(Enum):
    """The result for one answer of handing in."""

    SUBMITTED = "submitted"
    SAVED = "saved"
    EMPTY = "empty"
    STALE = "stale"
    OVERTAKEN = "overtaken"
    DAMAGED = "damaged"
    TOO_LONG = "too_long"
    FULL = "full"
    CLOSED = "closed"
    NOT_OPEN = "not_open"
    LEFT = "left"
    TOO_OFTEN = "too_often"
    SET_ASIDE = "set_aside"  # saved for the assignment, which no longer asks the question


@dataclass(frozen=True)
class HandedIn:
    """A question with the result of handing in its answer."""

    question: Question
    result: Result
    saved: Saved


@dataclass(frozen=True)
class AnswerTarget:
    """The row for a student's answer: for an assignment, or for own study if there is no assignment."""

    student: User
    question: Question
    assignment_id: int | None
    draft: Draft

    def find(self) -> Answer | None:
        """Return the row or None. There is at most one (unique constraints of Answer), so the query needs no order."""
        whose = {"student": self.student.pk, "question": self.question.pk, "assignment": self.assignment_id}
        return next(iter(Answer.objects.filter(**whose).order_by()), None)

    def is_worth_storing(self, text: str) -> bool:
        """Return whether there is a text."""
        return bool(text)

    def insert(self, text: str) -> None:
        """Insert the row unless it exists. Raises FullError at the limit of answers for own study."""
        if self._is_one_too_many():
            raise FullError
        first = Answer(
            student=self.student,
            question=self.question,
            assignment_id=self.assignment_id,
            text=text,
            writer=self.draft.writer,
            writer_seq=self.draft.seq,
        )
        Answer.objects.bulk_create([first], ignore_conflicts=True)

    def _is_one_too_many(self) -> bool:
        """Return whether the limit of own study is reached; the questions of a module limit all other answers."""
        if self.assignment_id is not None:
            return False
        own = Answer.objects.filter(student=self.student.pk, assignment=None)
        return own.count() >= row_limits.OWN_STUDY and self.find() is None

    def is_stored(self, row: Answer, text: str) -> bool:
        """Return whether the row has this text."""
        return row.text == text

    def overwrite(self, row: Answer, text: str) -> bool:
        """Replace the text in one conditional UPDATE and save the old text as a version where that is needed."""
        now = timezone.now()
        plan = plan_version(row, text, now)
        written = {
            "text": text,
            "revision": row.revision + 1,
            "writer": self.draft.writer,
            "writer_seq": self.draft.seq,
            "updated_at": now,
            **plan.fields,
        }
        rows = Answer.objects.filter(pk=row.pk, revision=row.revision)
        if plan.kind:
            with transaction.atomic():
                changed = rows.update(**written)
                if changed:
                    _append_with_limit(row, [_version(row, row.text, row.writer, row.revision, plan.kind)])
        else:
            changed = rows.update(**written)
        if changed:
            for name, value in written.items():
                setattr(row, name, value)
        return bool(changed)

    def renumber(self, row: Answer) -> None:
        """Save the sequence number of this draft if it is higher than the stored one."""
        same = Answer.objects.filter(pk=row.pk, revision=row.revision, writer_seq__lt=self.draft.seq)
        same.update(writer_seq=self.draft.seq)

    def save_both(self, row: Answer, text: str) -> None:
        """Append the stored text and the new text as versions. Raises FullError."""
        kind = AnswerVersion.Kind.LOST
        with transaction.atomic():
            Answer.objects.select_for_update().filter(pk=row.pk).order_by().first()  # conflicts are handled one by one
            came = _version(row, text, self.draft.writer, self.draft.revision, kind)
            _append_with_limit(row, [came, _version(row, row.text, row.writer, row.revision, kind)])


def save(*, student: User, question: Question, assignment_id: int | None, draft: Draft) -> Saved:
    """Save a student's text; if another text was saved since, save both as versions."""
    return store(AnswerTarget(student, question, assignment_id, draft), draft)


def _version(answer: Answer, text: str, writer: str, revision: int, kind: str) -> AnswerVersion:
    return AnswerVersion(answer=answer, text=text, kind=kind, writer=writer, base_revision=revision)


def _append_with_limit(answer: Answer, versions: list[AnswerVersion]) -> None:
    """Append versions if there is room for them. Raises FullError."""
    make_room(AnswerVersion.objects.filter(answer=answer), _with_text(versions), _is_handed_in(answer))
    _append(versions)


def _append(versions: list[AnswerVersion]) -> None:
    """Append versions, each text once, so that repeated requests add no rows."""
    AnswerVersion.objects.bulk_create(_with_text(versions), ignore_conflicts=True)


def _with_text(versions: list[AnswerVersion]) -> list[AnswerVersion]:
    return [version for version in versions if version.text.strip()]


def _is_handed_in(answer: Answer) -> Callable[[AnswerVersion], bool]:
    """Return a function that tells whether a version is of a submission in force, which must stay.

    The submissions are queried at the first call that needs them.
    """

    @cache
    def texts_in_force() -> set[str]:
        return set(Submission.objects.in_force().filter(answer=answer).values_list("text", flat=True))

    return lambda version: version.kind == AnswerVersion.Kind.HANDED_IN and version.text in texts_in_force()


def save_or_hand_in(*, student: User, desk: Desk, question: Question, draft: Draft, is_final: bool) -> HandedIn:
    """Hand in one answer of a form if that is asked and possible; otherwise only save it."""
    obstacle = _why_only_saved(desk, question)
    if is_final and obstacle is None:
        return hand_in(student=student, assignment=desk.assignment, question=question, draft=draft)
    saved = save(student=student, question=question, assignment_id=desk.assignment.pk, draft=draft)
    result = Result(saved.outcome.value)
    if result is Result.SAVED and (is_final or obstacle is Result.SET_ASIDE):
        is_empty = saved.row is None or not saved.row.text.strip()
        result = Result.EMPTY if is_empty and obstacle is not Result.SET_ASIDE else obstacle or result
    return HandedIn(question, result, saved)


def _why_only_saved(desk: Desk, question: Question) -> Result | None:
    """Return why no answer to this question can be handed in, or None if it can."""
    if any(pk == question.pk for pk, _position in desk.assignment.set_aside):
        return Result.SET_ASIDE
    if desk.has_left:
        return Result.LEFT
    return None if desk.assignment.is_open else Result.NOT_OPEN


def hand_in(*, student: User, assignment: Assignment, question: Question, draft: Draft) -> HandedIn:
    """Save the text and create a submission in one transaction. The operation is idempotent.

    A stale text is saved as a version and not handed in, an empty one is skipped; after closing it is only saved.
    """
    with transaction.atomic():
        saved = save(student=student, question=question, assignment_id=assignment.pk, draft=draft)
        result = _may_be_handed_in(assignment, saved)
        if result is Result.SUBMITTED:
            _, is_new = Submission.objects.get_or_create(
                answer=saved.row,
                revision=saved.row.revision,
                defaults={
                    **_asked(question, assignment),
                    "text": saved.row.text,
                    "submitted_at": timezone.now(),
                },
            )
            if is_new:
                kind = AnswerVersion.Kind.HANDED_IN  # not limited, as the submission itself
                _append([_version(saved.row, saved.row.text, draft.writer, saved.revision, kind)])
    return HandedIn(question, result, saved)


def _may_be_handed_in(assignment: Assignment, saved: Saved) -> Result:
    if saved.outcome is not Outcome.SAVED:
        return Result(saved.outcome.value)
    if saved.row is None or not saved.row.text.strip():
        return Result.EMPTY
    if not assignment.takes_work:
        return Result.CLOSED
    before = saved.row.submissions.exclude(revision=saved.row.revision)
    return Result.TOO_OFTEN if before.count() >= row_limits.HAND_INS else Result.SUBMITTED


def _asked(question: Question, assignment: Assignment) -> dict[str, str]:
    """Return the question as the edition of the assignment words it, as withheld text while the case is withdrawn."""
    if question.withheld_text is None:
        return {"question_text": question.worded(cases.access.wording(assignment.edition))}
    withheld = cases.access.withheld_wording(assignment.edition).get(question.key, question.withheld_text)
    return {"question_text": "", "withheld_text": withheld}


@transaction.atomic
def take_back(*, submission: Submission) -> bool:
    """Take a submission back; return False if it is too late. The text stays as a draft with the next revision."""
    answer = Answer.objects.select_for_update().get(pk=submission.answer_id)
    assignment = submission.answer.assignment
    too_late = why_not_take_back(
        has_feedback=Feedback.objects.filter(submission=submission).exists(),
        has_read_shared=SharedReading.objects.filter(assignment=assignment, student=answer.student_id).exists(),
        takes_work=assignment.takes_work,
    )
    if too_late:
        return False
    if Submission.objects.filter(pk=submission.pk, withdrawn_at=None).update(withdrawn_at=timezone.now()):
        # If the same text is handed in again, that is another submission, so it needs another revision.
        Answer.objects.filter(pk=answer.pk).update(revision=F("revision") + 1)
    return True
