"""The Kolb ring: the number of questions of each kind. These are values, not database rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from questions.models.questions import Kolb

MOST_SEGMENTS = 6  # the stylesheet has rules for at most six segments in a quarter of the ring
COUNT_WORDS = ("geen", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien")


@dataclass(frozen=True)
class Slice:
    """The number of questions of one kind: a quarter of the ring."""

    kolb: Kolb
    count: int

    @property
    def filled(self) -> int:
        """Return the number of segments in this quarter of the ring: one for each question, up to the maximum."""
        return min(MOST_SEGMENTS, self.count)


@dataclass(frozen=True)
class Ring:
    """The number of questions of each kind."""

    slices: tuple[Slice, ...]

    @property
    def filled_slices(self) -> list[Slice]:
        """Return the kinds of which there is a question."""
        return [part for part in self.slices if part.count]

    @property
    def total(self) -> int:
        return sum(part.count for part in self.slices)

    @property
    def total_in_words(self) -> str:
        """Return the total as text for beside the picture, such as «vier vragen»."""
        return f"{_in_words(self.total)} {'vraag' if self.total == 1 else 'vragen'}"

    @property
    def lenses_in_words(self) -> str:
        """Return how many of the four kinds are used, such as «drie brillen»."""
        lenses = sum(part.count > 0 for part in self.slices)
        return f"{_in_words(lenses)} {'bril' if lenses == 1 else 'brillen'}"

    @property
    def missing(self) -> list[Kolb]:
        return [part.kolb for part in self.slices if not part.count]

    @property
    def missing_in_words(self) -> str:
        """Return the kinds of question that are not asked, such as «de denker of de beslisser»."""
        return _(" of ").join(_("de %(lens)s") % {"lens": kolb.label} for kolb in self.missing)

    @property
    def description(self) -> str:
        """Return the text alternative of the picture."""
        counts = ", ".join(f"{part.count} {part.kolb.label}" for part in self.slices if part.count)
        return f"{_capitalised(self.total_in_words)}: {counts}" if counts else "Nog geen vragen"

    @property
    def coverage(self) -> str:
        """Return the description and the kinds that are missing, for users who hear what changed."""
        missing = _("Nog niet: %(lenses)s") % {"lenses": ", ".join(str(kolb.label) for kolb in self.missing)}
        return f"{self.description}. {missing}" if self.total and self.missing else self.description


def ring(counts: Mapping[str, int]) -> Ring:
    """Return the ring with these numbers of questions by kind."""
    return Ring(tuple(Slice(kolb, counts.get(kolb.value, 0)) for kolb in Kolb))


def _capitalised(text: str) -> str:
    """Return the text with a capital; of «één» the capital has no accent."""
    return f"E{text[1:]}" if text.startswith("é") else text.capitalize()


def _in_words(number: int) -> str:
    return COUNT_WORDS[number] if number < len(COUNT_WORDS) else str(number)
