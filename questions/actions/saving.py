"""Saving a text while a user is typing it, so that nothing written is lost.

A save is one conditional UPDATE on the revision that the text was based on. The rules are the same for answers and
feedback (see docs/architecture.md). A `Target` defines where the row is and what is saved with the text.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from casebook.lib.text import normalise, text_hash
from questions.actions.versions import FullError
from questions.models.answers import MAX_LENGTH


class Outcome(Enum):
    """The outcome of a save."""

    SAVED = "saved"
    STALE = "stale"
    OVERTAKEN = "overtaken"  # a later text of the same page is stored
    DAMAGED = "damaged"  # the text does not match the hash that the page sent
    TOO_LONG = "too_long"
    FULL = "full"  # the limit of versions of this text, or of texts of this user, is reached


@dataclass(frozen=True)
class Draft:
    """A text to save, with the revision it was based on, the page that sent it, and the number of the save there.

    The hash (text_hash) of the sent text is compared with the text that arrived; without a hash there is no comparison.
    The base is the hash of the text that this text replaces.
    """

    text: str
    revision: int = 0
    writer: str = ""
    seq: int = 0
    hash: str = ""
    base: str = ""


@dataclass(frozen=True)
class Saved:
    """The outcome of a save, and the row as it is stored now: an answer, feedback, or None."""

    outcome: Outcome
    row: Any
    text: str = ""  # the text that arrived, normalised

    @property
    def revision(self) -> int:
        """Return the stored revision, or 0 if there is no row."""
        return self.row.revision if self.row else 0

    @property
    def text_hash(self) -> str | None:
        """Return the hash of the stored text, or of an empty text that needed no row; otherwise None."""
        if self.row is not None:
            return text_hash(self.row.text)
        return text_hash(self.text) if self.outcome is Outcome.SAVED else None

    @property
    def other_text(self) -> str | None:
        """Return the stored text if the text that arrived was not saved because of it; otherwise None."""
        return self.row.text if self.outcome in {Outcome.STALE, Outcome.OVERTAKEN} else None


class Target(Protocol):
    """The row that a text is saved in. Rows have text, revision, writer and writer_seq."""

    def find(self) -> Any:
        """Return the stored row, or None."""

    def is_worth_storing(self, text: str) -> bool:
        """Return whether this text needs a row if there is none."""

    def insert(self, text: str) -> None:
        """Insert the row unless it exists; of two simultaneous first saves, only one inserts it.

        Raises FullError if the limit of rows of this user is reached.
        """

    def is_stored(self, row: Any, text: str) -> bool:
        """Return whether the row has exactly this text."""

    def overwrite(self, row: Any, text: str) -> bool:
        """Save the text in one conditional UPDATE and update the instance; False if another save came between.

        Raises FullError if the old text has to be saved as a version and there is no room; then nothing is saved.
        """

    def renumber(self, row: Any) -> None:
        """Save the number of this save, for a text that the same page saved under a lower number."""

    def save_both(self, row: Any, text: str) -> None:
        """Append the stored text and the new text as versions. Raises FullError if there is no room for them."""


def store(target: Target, draft: Draft) -> Saved:
    """Save the text; if another text was saved after the one it was based on, save both as versions.

    A later save from the page that wrote the stored text is never a conflict, since only the reply was lost. An earlier
    save that arrives late changes nothing, and the reply has the stored text.
    """
    text = normalise(draft.text)
    if (refusal := _why_not(draft, text)) is not None:
        return Saved(refusal, target.find(), text)
    try:
        row = _find_or_insert(target, text, is_first=draft.revision == 0)
    except FullError:
        return Saved(Outcome.FULL, None, text)
    if row is None:
        return Saved(Outcome.SAVED, None, text)
    if target.is_stored(row, text):
        if _wrote(draft, row) and draft.seq > row.writer_seq:
            target.renumber(row)  # otherwise a save between the two that arrives later would overwrite the text
        return Saved(Outcome.SAVED, row, text)
    if _wrote(draft, row) and draft.seq < row.writer_seq:
        return Saved(Outcome.OVERTAKEN, row, text)
    try:
        if not _comes_after(draft, row):
            target.save_both(row, text)
            return Saved(Outcome.STALE, row, text)
        if target.overwrite(row, text):
            return Saved(Outcome.SAVED, row, text)
    except FullError:
        return Saved(Outcome.FULL, row, text)
    # Another save came in between. It may be the same request sent twice, so the row is compared again.
    return store(target, draft)


def _find_or_insert(target: Target, text: str, *, is_first: bool) -> Any:
    """Return the stored row; insert it if there is none and the text needs one."""
    is_worth_storing = target.is_worth_storing(text)
    if is_worth_storing and is_first:
        target.insert(text)
    row = target.find()
    if row is None and is_worth_storing:
        target.insert(text)
        row = target.find()
    return row


def _why_not(draft: Draft, text: str) -> Outcome | None:
    """Return why this text cannot be saved, whatever is stored, or None if it can."""
    if draft.hash and draft.hash != text_hash(text):
        return Outcome.DAMAGED
    return Outcome.TOO_LONG if len(text) > MAX_LENGTH else None


def _comes_after(draft: Draft, row: Any) -> bool:
    """Return whether the stored text is the one that this text replaces, or an earlier one of the same page.

    Taking an answer back raises the revision without changing the text; then the base shows that the text is the same.
    """
    if row.revision == draft.revision or (_wrote(draft, row) and draft.seq > row.writer_seq):
        return True
    return bool(draft.base) and draft.base == text_hash(row.text)


def _wrote(draft: Draft, row: Any) -> bool:
    """Return whether the stored text came from the page that sends this one. Without JavaScript a page has no name."""
    return bool(draft.writer) and row.writer == draft.writer
