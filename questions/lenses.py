"""Which brillen a number of questions look through, for the ring in cases/_ring.html."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from questions.models import Kolb

MOST_SEGMENTS = 6  # the sheet knows how to cut a quarter of the ring in up to six


@dataclass(frozen=True)
class Slice:
    kolb: Kolb
    count: int

    @property
    def filled(self) -> int:
        return min(MOST_SEGMENTS, self.count)


@dataclass(frozen=True)
class Coverage:
    """How many of the questions look through each bril."""

    slices: tuple[Slice, ...]

    @property
    def total(self) -> int:
        return sum(part.count for part in self.slices)

    @property
    def missing(self) -> list[Kolb]:
        return [part.kolb for part in self.slices if not part.count]

    @property
    def description(self) -> str:
        """The picture in words: «4 vragen: 2 doener, 2 denker»."""
        if not self.total:
            return _("Nog geen vragen gekozen")
        total = ngettext("%(count)s vraag", "%(count)s vragen", self.total) % {"count": self.total}
        return f"{total}: " + ", ".join(f"{part.count} {part.kolb.label}" for part in self.slices if part.count)


def coverage(kolbs: Iterable[str]) -> Coverage:
    counts = Counter(kolbs)
    return Coverage(tuple(Slice(kolb, counts.get(kolb.value, 0)) for kolb in Kolb))
