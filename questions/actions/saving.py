"""Storing a text while somebody is typing it. The first promise of the site lives here: nothing written is lost.

Saving is one conditional UPDATE on the revision that the text was based on. The rules are the same for answers and for
feedback (see docs/architecture.md). They differ in where the row is and in what is stored with the text: that is a
`Place`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from casebook.lib.text import normalise, text_hash
from questions.actions.versions import FullError
from questions.models.answers import MAX_LENGTH


class Outcome(Enum):
    SAVED = "saved"
    STALE = "stale"
    OVERTAKEN = "overtaken"  # the same page has had a later text stored
    DAMAGED = "damaged"  # what came is not what the page says that it sent
    TOO_LONG = "too_long"
    FULL = "full"  # there is no more room: for a version of what is stored, or for one more text of this user


@dataclass(frozen=True)
class Draft:
    """A text on its way in: what it was based on, and which open page sent it under which number of its own.

    With a hash (text_hash), the page says what it meant to send; without, anything is believed. The base
    is the hash of the text that it comes after.
    """

    text: str
    revision: int = 0
    writer: str = ""
    seq: int = 0
    hash: str = ""
    base: str = ""


@dataclass(frozen=True)
class Saved:
    """What became of it, and the row as it is stored by now: an answer or feedback, None where there is none."""

    outcome: Outcome
    row: Any
    text: str = ""  # what came, normalised

    @property
    def revision(self) -> int:
        return self.row.revision if self.row else 0

    @property
    def text_hash(self) -> str | None:
        """The hash of what is stored by now; of what came, where that was not worth storing; else None."""
        if self.row is not None:
            return text_hash(self.row.text)
        return text_hash(self.text) if self.outcome is Outcome.SAVED else None

    @property
    def other_text(self) -> str | None:
        """What is stored in place of the text that came; None where it was not the loser of two texts."""
        return self.row.text if self.outcome in {Outcome.STALE, Outcome.OVERTAKEN} else None


class Place(Protocol):
    """Where a text is stored. Rows have text, revision, writer and writer_seq."""

    def find(self) -> Any:
        """The stored row, or None."""

    def is_worth_storing(self, text: str) -> bool:
        """Whether a row should be made for this, where there is none."""

    def insert(self, text: str) -> None:
        """Make the row, unless there is one already: of two first saves at once the second finds the first one's.

        Raises FullError where this user may have no more of them.
        """

    def is_stored(self, row: Any, text: str) -> bool:
        """Whether the row says just this."""

    def overwrite(self, row: Any, text: str) -> bool:
        """One conditional UPDATE; False where another save came in between. Updates the row in hand too.

        Raises FullError where the text that was stored has to be kept and cannot be; then nothing is stored.
        """

    def renumber(self, row: Any) -> None:
        """Store the number of this save, of a text that the same page has had stored under a lower one."""

    def keep_both(self, row: Any, text: str) -> None:
        """Append what is stored and what came as versions. Raises FullError where there is no room for them."""


def store(place: Place, draft: Draft) -> Saved:
    """Store the text, unless another text came in since the one it was based on; then keep both.

    A later save from the page that wrote the stored text is never a conflict: its reply was lost, not the save. An
    earlier one that arrives late changes nothing, and its page hears what is stored.
    """
    text = normalise(draft.text)
    if (refusal := _why_not(draft, text)) is not None:
        return Saved(refusal, place.find(), text)
    try:
        row = _find_or_insert(place, text, is_first=draft.revision == 0)
    except FullError:
        return Saved(Outcome.FULL, None, text)
    if row is None:
        return Saved(Outcome.SAVED, None, text)
    if place.is_stored(row, text):
        if _wrote(draft, row) and draft.seq > row.writer_seq:
            place.renumber(row)  # or a save between the two that arrives later still would count as news
        return Saved(Outcome.SAVED, row, text)
    if _wrote(draft, row) and draft.seq < row.writer_seq:
        return Saved(Outcome.OVERTAKEN, row, text)
    try:
        if not _comes_after(draft, row):
            place.keep_both(row, text)
            return Saved(Outcome.STALE, row, text)
        if place.overwrite(row, text):
            return Saved(Outcome.SAVED, row, text)
    except FullError:
        return Saved(Outcome.FULL, row, text)
    # Another save came in between. It may have been this very one, sent twice at once: look again before alarming.
    return store(place, draft)


def _find_or_insert(place: Place, text: str, *, is_first: bool) -> Any:
    """The stored row, which is made where there is none and the text is worth it."""
    is_worth_storing = place.is_worth_storing(text)
    if is_worth_storing and is_first:
        place.insert(text)
    row = place.find()
    if row is None and is_worth_storing:
        place.insert(text)
        row = place.find()
    return row


def _why_not(draft: Draft, text: str) -> Outcome | None:
    """Why this is stored nowhere, whatever is stored already; None where nothing is wrong with it."""
    if draft.hash and draft.hash != text_hash(text):
        return Outcome.DAMAGED
    return Outcome.TOO_LONG if len(text) > MAX_LENGTH else None


def _comes_after(draft: Draft, row: Any) -> bool:
    """Whether the stored text is the one that this text replaces, or an earlier one of the same page.

    A revision also goes up without another text, as when an answer is taken back: then the base tells.
    """
    if row.revision == draft.revision or (_wrote(draft, row) and draft.seq > row.writer_seq):
        return True
    return bool(draft.base) and draft.base == text_hash(row.text)


def _wrote(draft: Draft, row: Any) -> bool:
    """Whether the stored text came from the very page that sends this. Without a script a page has no name."""
    return bool(draft.writer) and row.writer == draft.writer
