"""Storing a text while somebody is typing it. The first promise of the site lives here: nothing written is lost.

Saving is one conditional UPDATE on the revision that the text was based on. The rules stand in design section 6; they
are the same for answers and for feedback. What differs is where the row is, and what is stored along with the text: a
`Place` knows that.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from questions.models.answering import MAX_LENGTH
from questions.text import normalise


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
    """What became of it, and the row as it is stored by now: an answer or feedback, None where there is none."""

    outcome: Outcome
    row: Any

    @property
    def revision(self) -> int:
        return self.row.revision if self.row else 0


class Place(Protocol):
    """Where a text is stored. Rows have text, revision, writer and writer_seq."""

    def find(self) -> Any:
        """The stored row, or None."""

    def is_worth_storing(self, text: str) -> bool:
        """Whether a row should be made for this, where there is none."""

    def insert(self, text: str) -> None:
        """Make the row, unless there is one already: of two first saves at once the second finds the first one's."""

    def is_stored(self, row: Any, text: str) -> bool:
        """Whether the row says just this."""

    def overwrite(self, row: Any, text: str) -> bool:
        """One conditional UPDATE; False where another save came in between. Updates the row in hand too."""

    def keep_both(self, row: Any, text: str) -> None:
        """Append what is stored and what came as versions."""


def store(place: Place, draft: Draft) -> Saved:
    """Store the text, unless another text came in since the one it was based on; then keep both.

    A save from the writer of the stored text is never a conflict: its reply was lost, not the save.
    """
    text = normalise(draft.text)
    if len(text) > MAX_LENGTH:
        return Saved(Outcome.TOO_LONG, place.find())
    is_worth_storing = place.is_worth_storing(text)
    if is_worth_storing and draft.revision == 0:
        place.insert(text)
    row = place.find()
    if row is None and is_worth_storing:
        place.insert(text)
        row = place.find()
    if row is None or place.is_stored(row, text) or _is_overtaken(draft, row):
        return Saved(Outcome.SAVED, row)
    if row.revision != draft.revision and not _wrote(draft, row):
        place.keep_both(row, text)
        return Saved(Outcome.STALE, row)
    if place.overwrite(row, text):
        return Saved(Outcome.SAVED, row)
    # Another save came in between. It may have been this very one, sent twice at once: look again before alarming.
    return store(place, draft)


def _is_overtaken(draft: Draft, row: Any) -> bool:
    """Whether the page that sent this has had this very save, or a later one, stored already."""
    return _wrote(draft, row) and draft.seq <= row.writer_seq


def _wrote(draft: Draft, row: Any) -> bool:
    """Whether the stored text came from the very page that sends this. Without a script a page has no name."""
    return bool(draft.writer) and row.writer == draft.writer
