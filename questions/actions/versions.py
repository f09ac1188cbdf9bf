"""Versions of a text: when a text is saved as a version before another replaces it, and the limit of versions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from casebook.lib.text import version_hash

AFTER = timedelta(minutes=10)  # a text older than this is saved as a version
FEW = 10  # characters; removing fewer makes no version
MOST = 200  # versions of one text

SHRUNK, EARLIER = "shrunk", "earlier"  # kinds that versions of answers and of feedback both have


class FullError(Exception):
    """Raised when the limit is reached and each version has text that is in no later one."""


@dataclass(frozen=True)
class VersionPlan:
    """The kind of version to save the old text as (None for no version), and the fields to update with the new text."""

    kind: str | None
    fields: dict[str, Any]


def plan_version(row: Any, text: str, now: datetime) -> VersionPlan:
    """Return whether to save the text of a row as a version before this text replaces it.

    The row has the fields version_at and removed.
    """
    if text == row.text:
        return VersionPlan(None, {})
    count = count_removed(row.text, text)
    if _removes_much(row, text, count):
        kind = SHRUNK
    elif now - row.version_at > AFTER:
        kind = EARLIER
    else:
        return VersionPlan(None, {"removed": row.removed + count} if count else {})
    return VersionPlan(kind if row.text.strip() else None, {"version_at": now, "removed": 0})


def _removes_much(row: Any, text: str, count: int) -> bool:
    """Return whether a save removes all words, more than half, a third at once, or half since the last version."""
    if len(text) * 2 < len(row.text) or not text.strip():
        return True
    if row.removed + count < FEW:
        return False
    return (count >= FEW and count * 3 > len(row.text)) or (count > 0 and (row.removed + count) * 2 > len(row.text))


def count_removed(before: str, after: str) -> int:
    """Return how many characters of a text are outside the beginning and the end that both texts share."""
    if after.startswith(before):
        return 0
    start = _count_shared(before, after, lambda text, low, high: text[low:high])
    rest = before[start:], after[start:]
    end = _count_shared(*rest, lambda text, low, high: text[len(text) - high : len(text) - low])
    return len(before) - start - end


def _count_shared(before: str, after: str, part: Callable[[str, int, int], str]) -> int:
    """Return for how many characters two texts are equal, by bisection, since comparing slices is fast."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        if part(before, low, middle) == part(after, low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def make_room(versions: QuerySet, more: Sequence[Any], stays: Callable[[Any], bool]) -> None:
    """Make room for more versions of one text. Raises FullError.

    At the limit, versions whose text is contained in a later one are deleted, except those that must stay.
    """
    if versions.count() + len(more) <= MOST:
        return
    rows = list(versions.order_by("created_at", "pk"))
    known = {(row.kind, row.text_hash) for row in rows}
    new = [version.text for version in more if (version.kind, version_hash(version.text)) not in known]
    removable = _in_a_later_one(rows, new, stays)
    if new and len(rows) - len(removable) + len(new) > MOST:
        raise FullError
    versions.filter(pk__in=removable).delete()


def _in_a_later_one(rows: list[Any], new: list[str], stays: Callable[[Any], bool]) -> list[int]:
    """Return the ids of rows, in order from old to new, whose text is in a later one and that need not stay."""
    later, removable = list(new), []
    for row in reversed(rows):
        if not stays(row) and any(row.text in text for text in later):
            removable.append(row.pk)
        else:
            later.append(row.text)
    return removable
