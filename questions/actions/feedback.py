"""Saving, undoing and releasing feedback. The rules for saving without loss are in saving.py.

Each teacher has a separate row for a submission. When released feedback is changed, its student sees the released text
until the new text is released too; both are stored in the row.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from casebook.lib.datetimes import read_moment
from casebook.lib.text import normalise
from casebook.models import User
from questions.actions.saving import Draft, Saved, store
from questions.actions.versions import make_room, plan_version
from questions.models import (
    Answer,
    Feedback,
    FeedbackVersion,
    Submission,
    Verdict,
)


class TakenBackError(Exception):
    """Raised when the student took the submission back before it had feedback, so that nothing may be saved."""


@dataclass(frozen=True)
class FeedbackTarget:
    """The row for the feedback of a teacher on a submission. A verdict of None leaves the stored verdict as it is."""

    author: User
    submission: Submission
    draft: Draft
    verdict: Verdict | None

    def find(self) -> Feedback | None:
        """Return the row or None. There is at most one (a unique constraint of Feedback), so no order is needed."""
        return next(iter(Feedback.objects.filter(submission=self.submission, author=self.author).order_by()), None)

    def is_worth_storing(self, text: str) -> bool:
        """Return whether there is a text or a verdict."""
        return bool(text.strip()) or self.verdict is not None

    def insert(self, text: str) -> None:
        """Insert the row unless it exists. Raises TakenBackError.

        The answer is locked, so that its student cannot take it back at the same time.
        """
        with transaction.atomic():
            Answer.objects.select_for_update().get(pk=self.submission.answer_id)
            if not Submission.objects.in_force().filter(pk=self.submission.pk).exists():
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
        """Return whether the row has this text and verdict."""
        return row.text == text and self.verdict in {None, row.verdict}

    def overwrite(self, row: Feedback, text: str) -> bool:
        """Replace text and verdict in one conditional UPDATE; save the old text as a version where needed."""
        now = timezone.now()
        plan = plan_version(row, text, now)
        written = {
            "text": text,
            "verdict": self.verdict or row.verdict,
            "batch": "",
            "revision": row.revision + 1,
            "writer": self.draft.writer,
            "writer_seq": self.draft.seq,
            "updated_at": now,
            **plan.fields,
            **_shown_meanwhile(row, text, self.verdict or row.verdict),
        }
        # A release between reading and writing the row must not apply to the new text, so it is a condition too.
        rows = Feedback.objects.filter(pk=row.pk, revision=row.revision, released_at=row.released_at)
        with transaction.atomic():
            changed = rows.update(**written)
            if changed and plan.kind:
                _append(self.submission, self.author, [row.text], plan.kind)
        if changed:
            for name, value in written.items():
                setattr(row, name, value)
        return bool(changed)

    def renumber(self, row: Feedback) -> None:
        """Save the sequence number of this draft if it is higher than the stored one."""
        same = Feedback.objects.filter(pk=row.pk, revision=row.revision, writer_seq__lt=self.draft.seq)
        same.update(writer_seq=self.draft.seq)

    def save_both(self, row: Feedback, text: str) -> None:
        """Append the stored text and the new text as versions. Raises FullError."""
        with transaction.atomic():
            Feedback.objects.select_for_update().filter(
                pk=row.pk
            ).order_by().first()  # conflicts are handled one by one
            _append(self.submission, self.author, [text, row.text], FeedbackVersion.Kind.LOST)


def _shown_meanwhile(row: Feedback, text: str, verdict: str) -> dict:
    """Return the fields for what the student sees of released feedback; None if those are this text and verdict."""
    if not row.is_released or (row.shown_text, row.shown_verdict) == (text, verdict):
        return {"released_text": None, "released_verdict": None}
    return {"released_text": row.shown_text, "released_verdict": row.shown_verdict}


def _next_revisions(author: User, submissions: list[int]) -> dict[int, int]:
    """Return by submission the first revision of new feedback, which is higher than any that this teacher undid."""
    undone = FeedbackVersion.objects.filter(author=author, submission__in=submissions).order_by().values("submission")
    last = dict(undone.annotate(last=Max("revision")).values_list("submission", "last"))
    return {pk: last.get(pk, 0) + 1 for pk in submissions}


def _append(submission: Submission, author: User, texts: list[str], kind: str) -> None:
    """Append versions, each text once. Raises FullError if there is no room for them."""
    fields = {"submission": submission, "author": author}
    versions = [FeedbackVersion(text=text, kind=kind, **fields) for text in texts if text.strip()]
    stored = FeedbackVersion.objects.filter(**fields)

    @cache
    def last_revision() -> int:
        return stored.aggregate(last=Max("revision"))["last"]

    # The version with the highest revision stays, since the next feedback of this teacher counts on from it.
    make_room(stored, versions, lambda row: row.revision > 0 and row.revision == last_revision())
    FeedbackVersion.objects.bulk_create(versions, ignore_conflicts=True)


def save(*, author: User, submission: Submission, draft: Draft, verdict: Verdict | None = None) -> Saved:
    """Save text and verdict; if another text was saved since, save both as versions. Raises TakenBackError."""
    return store(FeedbackTarget(author, submission, draft, verdict), draft)


@transaction.atomic
def undo(*, author: User, submission: Submission) -> bool:
    """Restore what the student sees, or delete feedback that was never released. Return False if nothing changed.

    The text that is undone is saved as a version, which the teacher can see.
    """
    # The default order needs joins, and PostgreSQL cannot lock the rows of outer joins.
    rows = Feedback.objects.select_for_update().filter(author=author, submission=submission)
    row = rows.order_by("pk").first()
    if row is None or not row.waits_for_release:
        return False
    _save_undone([row])
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


def _save_undone(rows: Iterable[Feedback]) -> None:
    """Save text and revision of feedback that is undone. If a text is undone twice, the higher revision stays."""
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


# --- Feedback in bulk ---


@dataclass(frozen=True)
class Batch:
    """The result of feedback in bulk: how many rows were made, and how many had feedback of this teacher already."""

    token: str
    made: int
    skipped: int


@transaction.atomic
def save_in_bulk(
    *, author: User, submissions: Iterable[Submission], text: str = "", verdict: Verdict = Verdict.READ
) -> Batch:
    """Save the same text and verdict for several submissions, except those that have feedback of this teacher."""
    chosen = {submission.pk: submission for submission in submissions}
    token = secrets.token_hex(8)
    list(Answer.objects.select_for_update().filter(submissions__in=chosen).order_by("pk"))  # no answer is taken back
    in_force = set(Submission.objects.in_force().filter(pk__in=chosen).values_list("pk", flat=True))
    own = set(Feedback.objects.filter(author=author, submission__in=in_force).values_list("submission", flat=True))
    fields = {"author": author, "text": normalise(text), "verdict": verdict, "batch": token}
    revisions = _next_revisions(author, sorted(in_force - own))
    rows = [Feedback(submission_id=pk, revision=revision, **fields) for pk, revision in revisions.items()]
    Feedback.objects.bulk_create(rows, ignore_conflicts=True)
    return Batch(token, len(rows), len(chosen) - len(rows))


@transaction.atomic
def undo_batch(*, author: User, token: str) -> int:
    """Delete the feedback of a batch, except rows that were changed or released since; return how many were deleted."""
    rows = list(Feedback.objects.undoable_by(author).filter(batch=token).select_for_update().order_by("pk"))
    _save_undone(rows)
    Feedback.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


# --- Releasing ---


def release(*, feedback: QuerySet[Feedback]) -> int:
    """Release feedback to its students and return how many rows changed. Released changes count as unseen again.

    A row that another save changes after it was read here is not released: on PostgreSQL that is possible until the
    rows are locked.
    """
    revisions = dict(feedback.order_by().values_list("pk", "revision"))
    return len(_release(revisions, revisions))


@transaction.atomic
def _release(ids: Iterable[int], revisions: Mapping[int, int]) -> set[int]:
    """Release those of these rows that wait for it and have these revisions. Return their ids."""
    waiting = Feedback.objects.waiting_for_release().filter(pk__in=list(ids)).order_by("pk")
    rows = [row for row in waiting.select_for_update() if revisions.get(row.pk) == row.revision]
    changed = [row for row in rows if row.is_released]
    for row in changed:
        row.before_release = _as_shown(row)
    Feedback.objects.bulk_update(changed, ["before_release"], batch_size=100)
    released = {row.pk for row in rows}
    Feedback.objects.filter(pk__in=released).update(
        released_at=timezone.now(),
        released_text=None,
        released_verdict=None,
        seen_at=None,
        taken_up_at=None,
        batch="",
    )
    return released


def _as_shown(row: Feedback) -> dict[str, Any]:
    """Return what the student sees of released feedback, as the value of before_release.

    It has the value for the release before as well, if that can still be taken back too.
    """
    return {
        "text": row.shown_text,
        "verdict": row.shown_verdict.value,
        "released_at": row.released_at.isoformat(),
        "seen_at": row.seen_at and row.seen_at.isoformat(),
        "taken_up_at": row.taken_up_at and row.taken_up_at.isoformat(),
        "before_release": row.before_release if row.may_be_taken_back else None,
    }


@dataclass(frozen=True)
class Release:
    """The result of a release: how many rows it released, and how many of the page were released before it.

    `left` are the rows that wait for release but not as the page showed them: they are new or were changed.
    """

    released: int
    already: int
    left: list[int]


@transaction.atomic
def release_shown(*, feedback: QuerySet[Feedback], scope: QuerySet[Feedback], shown: Mapping[int, int]) -> Release:
    """Release those rows of `feedback` that a page showed, given by id and revision, and nothing else.

    `scope` are the rows that the button is about, so that unreleased feedback that the page did not show is reported.
    """
    known = list(feedback.filter(pk__in=shown).order_by().values_list("pk", flat=True))
    released = _release(known, shown)
    waiting = scope.waiting_for_release().order_by("pk")
    left = list(waiting.values_list("pk", flat=True).distinct())
    return Release(len(released), len(set(known) - released - set(left)), left)


@transaction.atomic
def take_back(*, feedback: QuerySet[Feedback]) -> int:
    """Take back recently released feedback that no student has seen, and return how many rows changed.

    Students see again what they saw before the release; teachers find the feedback as unreleased. Text that was
    released, and changed since then, is saved as a version.
    """
    unseen = feedback.unseen().released_lately()
    rows = list(unseen.select_for_update(of=("self",)).order_by("pk"))
    replaced = [row for row in rows if row.released_text and row.author_id]
    FeedbackVersion.objects.bulk_create(
        (
            FeedbackVersion(
                submission_id=row.submission_id,
                author_id=row.author_id,
                text=row.released_text,
                kind=FeedbackVersion.Kind.UNDONE,
            )
            for row in replaced
        ),
        ignore_conflicts=True,
    )
    for row in rows:
        _show_again(row, row.before_release)
    fields = ["released_at", "released_text", "released_verdict", "seen_at", "taken_up_at", "before_release"]
    Feedback.objects.bulk_update(rows, fields, batch_size=50)
    return len(rows)


def _show_again(row: Feedback, before: dict[str, Any] | None) -> None:
    """Set what the student sees to what it was before the release, which is nothing for a first release."""
    before = before or {}
    is_same = (before.get("text"), before.get("verdict")) == (row.text, row.verdict)
    row.released_text = None if is_same else before.get("text")
    row.released_verdict = None if is_same else before.get("verdict")
    for name in ("released_at", "seen_at", "taken_up_at"):
        setattr(row, name, read_moment(before.get(name) or ""))
    row.before_release = before.get("before_release")
