"""Giving feedback and releasing it. Text is stored by the one writing path (saving.py); students see what is released.

Each teacher has an own row for a submission. Changing what was released changes nothing for its student until it is
released again: the row keeps what is shown meanwhile.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from casebook.lib.text import normalise
from questions.actions.saving import Draft, Saved, store
from questions.actions.versions import before_overwriting, make_room
from questions.models import (
    Answer,
    Feedback,
    FeedbackVersion,
    Submission,
    Verdict,
)


class TakenBackError(Exception):
    """The student took this version back before there was any feedback on it; nothing of it may be stored."""


@dataclass(frozen=True)
class FeedbackPlace:
    """Where what this teacher thinks of this submission is stored. A verdict of None leaves it as it is."""

    author: object
    submission: Submission
    draft: Draft
    verdict: Verdict | None

    def find(self) -> Feedback | None:
        """There is at most one (a unique constraint of Feedback), so nothing is sorted or cut off."""
        return next(iter(Feedback.objects.filter(submission=self.submission, author=self.author).order_by()), None)

    def is_worth_storing(self, text: str) -> bool:
        return bool(text.strip()) or self.verdict is not None

    def insert(self, text: str) -> None:
        """Raises TakenBackError. Waits for a student who is taking the answer back just now."""
        with transaction.atomic():
            Answer.objects.select_for_update().get(pk=self.submission.answer_id)
            if not Submission.objects.standing().filter(pk=self.submission.pk).exists():
                raise TakenBackError
            first = Feedback(
                submission=self.submission,
                author=self.author,
                text=text,
                verdict=self.verdict or Verdict.READ,
                revision=_next_revisions(self.author, [self.submission.pk])[self.submission.pk],
                writer=self.draft.writer,
                writer_seq=self.draft.seq,
            )
            Feedback.objects.bulk_create([first], ignore_conflicts=True)

    def is_stored(self, row: Feedback, text: str) -> bool:
        return row.text == text and self.verdict in {None, row.verdict}

    def overwrite(self, row: Feedback, text: str) -> bool:
        now = timezone.now()
        keeping = before_overwriting(row, text, now)
        written = {
            "text": text,
            "verdict": self.verdict or row.verdict,
            "batch": "",
            "revision": row.revision + 1,
            "writer": self.draft.writer,
            "writer_seq": self.draft.seq,
            "updated_at": now,
            **keeping.remembered,
            **_shown_meanwhile(row, text, self.verdict or row.verdict),
        }
        # The release counts too: what is released between reading the row and writing it, was not released as this.
        rows = Feedback.objects.filter(pk=row.pk, revision=row.revision, released_at=row.released_at)
        with transaction.atomic():
            changed = rows.update(**written)
            if changed and keeping.kind:
                _keep(self.submission, self.author, [row.text], keeping.kind)
        if changed:
            for name, value in written.items():
                setattr(row, name, value)
        return bool(changed)

    def renumber(self, row: Feedback) -> None:
        same = Feedback.objects.filter(pk=row.pk, revision=row.revision, writer_seq__lt=self.draft.seq)
        same.update(writer_seq=self.draft.seq)

    def keep_both(self, row: Feedback, text: str) -> None:
        with transaction.atomic():
            Feedback.objects.select_for_update().filter(pk=row.pk).order_by().first()  # conflicts come one by one
            _keep(self.submission, self.author, [text, row.text], FeedbackVersion.Kind.LOST)


def _shown_meanwhile(row: Feedback, text: str, verdict: str) -> dict:
    """What the student goes on seeing of released feedback; nothing to remember when it is what was released."""
    if not row.is_released or (row.shown_text, row.shown_verdict) == (text, verdict):
        return {"released_text": None, "released_verdict": None}
    return {"released_text": row.shown_text, "released_verdict": row.shown_verdict}


def _next_revisions(author, submissions: list[int]) -> dict[int, int]:
    """By submission the first revision of feedback on it: after all that this teacher undid there."""
    undone = FeedbackVersion.objects.filter(author=author, submission__in=submissions).order_by().values("submission")
    last = dict(undone.annotate(last=Max("revision")).values_list("submission", "last"))
    return {pk: last.get(pk, 0) + 1 for pk in submissions}


def _keep(submission: Submission, author, texts: list[str], kind: str) -> None:
    """Append versions, each text once. Raises FullError where there is no room for them."""
    here = {"submission": submission, "author": author}
    versions = [FeedbackVersion(text=text, kind=kind, **here) for text in texts if text.strip()]
    there = FeedbackVersion.objects.filter(**here)

    @cache
    def last_revision() -> int:
        return there.aggregate(last=Max("revision"))["last"]

    # The highest revision stays: what this teacher writes next goes on counting from there.
    make_room(there, versions, lambda row: row.revision > 0 and row.revision == last_revision())
    FeedbackVersion.objects.bulk_create(versions, ignore_conflicts=True)


def save(*, author, submission: Submission, draft: Draft, verdict: Verdict | None = None) -> Saved:
    """Store text and verdict, or keep both texts where another came in since. Raises TakenBackError."""
    return store(FeedbackPlace(author, submission, draft, verdict), draft)


@transaction.atomic
def undo(*, author, submission: Submission) -> bool:
    """Back to what the student sees: nothing, where nothing was released. False where there is nothing to undo.

    The text stays with its writer, among the earlier versions.
    """
    # In an order of its own: PostgreSQL locks no rows of the joins that the usual one needs.
    rows = Feedback.objects.select_for_update().filter(author=author, submission=submission)
    row = rows.order_by("pk").first()
    if row is None or not row.waits_for_release:
        return False
    _bury([row])
    if not row.is_released:
        row.delete()
        return True
    Feedback.objects.filter(pk=row.pk).update(
        text=row.shown_text,
        verdict=row.shown_verdict,
        released_text=None,
        released_verdict=None,
        revision=F("revision") + 1,
        writer="",
    )
    return True


def _bury(rows: Iterable[Feedback]) -> None:
    """Keep text and revision of what is undone. The same text undone again has the later, higher revision."""
    FeedbackVersion.objects.bulk_create(
        (
            FeedbackVersion(
                submission_id=row.submission_id,
                author_id=row.author_id,
                text=row.text,
                revision=row.revision,
                kind=FeedbackVersion.Kind.UNDONE,
            )
            for row in rows
        ),
        update_conflicts=True,
        unique_fields=["submission", "author", "kind", "text_hash"],
        update_fields=["revision"],
    )


# --- The same for a selection ---


@dataclass(frozen=True)
class Batch:
    """What one act did for a selection: how many rows it made, and how many had feedback of this teacher already."""

    token: str
    made: int
    skipped: int


@transaction.atomic
def mark(*, author, submissions: Iterable[Submission], text: str = "", verdict: Verdict = Verdict.READ) -> Batch:
    """The same comment (or none) and verdict for several answers. Where this teacher wrote already, nothing changes."""
    chosen = {submission.pk: submission for submission in submissions}
    token = secrets.token_hex(8)
    list(
        Answer.objects.select_for_update().filter(submissions__in=chosen).order_by("pk")
    )  # nobody takes back meanwhile
    standing = set(Submission.objects.standing().filter(pk__in=chosen).values_list("pk", flat=True))
    mine = set(Feedback.objects.filter(author=author, submission__in=standing).values_list("submission", flat=True))
    made = {"author": author, "text": normalise(text), "verdict": verdict, "batch": token}
    revisions = _next_revisions(author, sorted(standing - mine))
    rows = [Feedback(submission_id=pk, revision=revision, **made) for pk, revision in revisions.items()]
    Feedback.objects.bulk_create(rows, ignore_conflicts=True)
    return Batch(token, len(rows), len(chosen) - len(rows))


@transaction.atomic
def undo_batch(*, author, token: str) -> int:
    """How many rows went; those that were changed or released since, stay."""
    rows = list(Feedback.objects.undoable_by(author).filter(batch=token).select_for_update().order_by("pk"))
    _bury(rows)
    Feedback.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


# --- Releasing ---


def release(*, feedback: QuerySet[Feedback]) -> int:
    """Let the students see it; returns how many. What was released before and changed is news again."""
    with transaction.atomic():
        chosen = list(feedback.values_list("pk", flat=True))
        return (
            Feedback.objects.waiting_for_release()
            .filter(pk__in=chosen)
            .update(
                released_at=timezone.now(),
                released_text=None,
                released_verdict=None,
                seen_at=None,
                taken_up_at=None,
                batch="",
            )
        )
