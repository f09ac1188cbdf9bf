"""Writing an answer, handing it in, taking it back. The first promise of the site lives here: nothing written is lost.

Saving is one conditional UPDATE on the revision that the text was based on. The rules stand in design section 6.
"""

import unicodedata
from dataclasses import dataclass
from enum import Enum

from django.db import transaction
from django.db.models import F
from django.utils import timezone

import cases.access
from questions.models import Answer, AnswerVersion, Assignment, Feedback, Question, SharedReading, Submission
from questions.models.answering import MAX_LENGTH


class Outcome(Enum):
    SAVED = "saved"
    STALE = "stale"
    TOO_LONG = "too_long"


@dataclass(frozen=True)
class Draft:
    """A text on its way in: what it was based on, and which open page sent it as its how-manieth save."""

    text: str
    revision: int = 0
    writer: str = ""
    seq: int = 0


@dataclass(frozen=True)
class Saved:
    outcome: Outcome
    answer: Answer | None

    @property
    def revision(self) -> int:
        return self.answer.revision if self.answer else 0


class Result(Enum):
    """What became of one answer when handing in."""

    SUBMITTED = "submitted"
    SAVED = "saved"
    EMPTY = "empty"
    STALE = "stale"
    TOO_LONG = "too_long"
    CLOSED = "closed"


@dataclass(frozen=True)
class HandedIn:
    question: Question
    result: Result
    saved: Saved


def normalise(text: str) -> str:
    r"""Only \n as newline, and nothing that a database cannot hold: NUL and lone surrogates are dropped."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c != "\0" and unicodedata.category(c) != "Cs")


def save(*, student, question: Question, assignment_id: int | None, draft: Draft) -> Saved:
    """Store the text, unless another text came in since the one it was based on; then keep both.

    A save from the writer of the stored text is never a conflict: its reply was lost, not the save.
    """
    text = normalise(draft.text)
    mine = Answer.objects.filter(student=student, question=question, assignment=assignment_id)
    if len(text) > MAX_LENGTH:
        return Saved(Outcome.TOO_LONG, mine.first())
    if text and draft.revision == 0:
        _first_save(student, question, assignment_id, draft, text)
    stored = mine.first()
    if stored is None and text:
        _first_save(student, question, assignment_id, draft, text)
        stored = mine.get()
    if stored is None or stored.text == text or _is_overtaken(draft, stored):
        return Saved(Outcome.SAVED, stored)
    if stored.revision != draft.revision and not _wrote(draft, stored):
        return _keep_both(stored, draft, text)
    if _write(stored, draft, text):
        return Saved(Outcome.SAVED, stored)
    # Another save came in between. It may have been this very one, sent twice at once: look again before alarming.
    return save(student=student, question=question, assignment_id=assignment_id, draft=draft)


def _first_save(student, question: Question, assignment_id: int | None, draft: Draft, text: str) -> None:
    """Insert, unless there is an answer already: of two first saves at once the second finds the first one's."""
    first = Answer(
        student=student,
        question=question,
        assignment_id=assignment_id,
        text=text,
        writer=draft.writer,
        writer_seq=draft.seq,
    )
    Answer.objects.bulk_create([first], ignore_conflicts=True)


def _is_overtaken(draft: Draft, stored: Answer) -> bool:
    """Whether the page that sent this has had this very save, or a later one, stored already."""
    return _wrote(draft, stored) and draft.seq <= stored.writer_seq


def _wrote(draft: Draft, stored: Answer) -> bool:
    """Whether the stored text came from the very page that sends this. Without a script a page has no name."""
    return bool(draft.writer) and stored.writer == draft.writer


def _write(stored: Answer, draft: Draft, text: str) -> bool:
    """One conditional UPDATE; False where another save came in between. Updates the row in hand too."""
    written = {"text": text, "writer": draft.writer, "writer_seq": draft.seq, "updated_at": timezone.now()}
    rows = Answer.objects.filter(pk=stored.pk, revision=stored.revision)
    if len(text) * 2 < len(stored.text):
        with transaction.atomic():
            changed = rows.update(revision=F("revision") + 1, **written)
            if changed:
                _keep(stored, stored.text, stored.writer, stored.revision, AnswerVersion.Kind.SHRUNK)
    else:
        changed = rows.update(revision=F("revision") + 1, **written)
    if changed:
        stored.revision += 1
        for name, value in written.items():
            setattr(stored, name, value)
    return bool(changed)


def _keep_both(stored: Answer, draft: Draft, text: str) -> Saved:
    with transaction.atomic():
        _keep(stored, text, draft.writer, draft.revision, AnswerVersion.Kind.LOST)
        _keep(stored, stored.text, stored.writer, stored.revision, AnswerVersion.Kind.LOST)
    return Saved(Outcome.STALE, stored)


def _keep(answer: Answer, text: str, writer: str, revision: int, kind: str) -> None:
    """Append a version, once: a phone that keeps trying does not fill the list."""
    if text.strip():
        AnswerVersion.objects.get_or_create(
            answer=answer, text=text, kind=kind, defaults={"writer": writer, "base_revision": revision}
        )


def take_in(*, student, assignment: Assignment, question: Question, draft: Draft, is_final: bool) -> HandedIn:
    """One answer of a form: handed in, or only saved."""
    if is_final:
        return hand_in(student=student, assignment=assignment, question=question, draft=draft)
    saved = save(student=student, question=question, assignment_id=assignment.pk, draft=draft)
    return HandedIn(question, Result(saved.outcome.value), saved)


def hand_in(*, student, assignment: Assignment, question: Question, draft: Draft) -> HandedIn:
    """Save the text and keep it as handed in, both or neither. Doing it twice is doing it once.

    A text that is stale is kept, not handed in; an empty one is skipped; after closing a text is only saved.
    """
    with transaction.atomic():
        saved = save(student=student, question=question, assignment_id=assignment.pk, draft=draft)
        result = _may_be_handed_in(assignment, saved)
        if result is Result.SUBMITTED:
            _, is_new = Submission.objects.get_or_create(
                answer=saved.answer,
                revision=saved.answer.revision,
                defaults={
                    "question_text": asked_as(question, assignment),
                    "text": saved.answer.text,
                    "submitted_at": timezone.now(),
                },
            )
            if is_new:
                _keep(saved.answer, saved.answer.text, draft.writer, saved.revision, AnswerVersion.Kind.HANDED_IN)
    return HandedIn(question, result, saved)


def _may_be_handed_in(assignment: Assignment, saved: Saved) -> Result:
    if saved.outcome is not Outcome.SAVED:
        return Result(saved.outcome.value)
    if not saved.answer.text.strip():
        return Result.EMPTY
    return Result.SUBMITTED if assignment.takes_work else Result.CLOSED


def asked_as(question: Question, assignment: Assignment) -> str:
    """The wording that the edition of the assignment gives the question."""
    return cases.access.wording(assignment.edition).get(question.key, question.text)


def why_not_take_back(submission: Submission) -> str | None:
    """The reason that an answer can no longer be taken back; None while it can."""
    if Feedback.objects.filter(submission=submission).exists():
        return "feedback"
    assignment = submission.answer.assignment
    if SharedReading.objects.filter(assignment=assignment, student=submission.answer.student).exists():
        return "shared"
    return None if assignment.takes_work else "closed"


@transaction.atomic
def take_back(*, submission: Submission) -> bool:
    """Withdraw what was handed in; False where it is too late. The text stays as a draft, one revision on."""
    answer = Answer.objects.select_for_update().get(pk=submission.answer_id)
    if why_not_take_back(submission) is not None:
        return False
    if Submission.objects.filter(pk=submission.pk, withdrawn_at=None).update(withdrawn_at=timezone.now()):
        # The same text may be handed in again, and that is another hand-in than the one that was taken back.
        Answer.objects.filter(pk=answer.pk).update(revision=F("revision") + 1)
    return True
