"""How many questions there are of each kind: the figures of the Kolb ring. Values, not rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from questions.models.questions import Kolb

MOST_SEGMENTS = 6  # the sheet knows how to cut a quarter of the ring in up to six
COUNT_WORDS = ("geen", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien")


@dataclass(frozen=True)
class Slice:
    kolb: Kolb
    count: int

    @property
    def filled(self) -> int:
        """In how many pieces its quarter of the ring is cut: one a question, while one can tell them apart."""
        return min(MOST_SEGMENTS, self.count)


@dataclass(frozen=True)
class Ring:
    """How many questions there are of each kind."""

    slices: tuple[Slice, ...]

    @property
    def total(self) -> int:
        return sum(part.count for part in self.slices)

    @property
    def total_in_words(self) -> str:
        """«vier vragen»: what stands beside the picture."""
        return f"{_in_words(self.total)} {'vraag' if self.total == 1 else 'vragen'}"

    @property
    def lenses_in_words(self) -> str:
        """«drie brillen»: how many of the four kinds there are."""
        lenses = sum(part.count > 0 for part in self.slices)
        return f"{_in_words(lenses)} {'bril' if lenses == 1 else 'brillen'}"

    @property
    def missing(self) -> list[Kolb]:
        return [part.kolb for part in self.slices if not part.count]

    @property
    def missing_in_words(self) -> str:
        """«de denker of de beslisser»: kinds of question that were not asked."""
        return _(" of ").join(_("de %(lens)s") % {"lens": kolb.label} for kolb in self.missing)

    @property
    def description(self) -> str:
        """The picture in words."""
        counts = ", ".join(f"{part.count} {part.kolb.label}" for part in self.slices if part.count)
        return f"{self.total_in_words.capitalize()}: {counts}" if counts else "Nog geen vragen"


def ring(counts: Mapping[str, int]) -> Ring:
    return Ring(tuple(Slice(kolb, counts.get(kolb.value, 0)) for kolb in Kolb))


def _in_words(number: int) -> str:
    return COUNT_WORDS[number] if number < len(COUNT_WORDS) else str(number)
