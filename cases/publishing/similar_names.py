"""Names of the vocabulary that are so similar that one of them can be meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from cases.library.search import fold, stem, words_of
from cases.models import Actor, Keyword

ALIKE = 0.84  # mantelzorg and mantelzorgers have 0.87, wijkteam and wijkraad 0.75


@dataclass(frozen=True)
class Found:
    """The words for a name: the one that has it, apart from capitals, accents and spaces; or similar ones."""

    same: object | None
    alike: tuple


def look_up(name: str, vocabulary: Iterable) -> Found:
    """Return the keyword or actor with this name, and where there is none, the similar ones."""
    rows, folded = list(vocabulary), fold(name)
    exact = next((row for row in rows if row.name == name), None)
    same = exact or next((row for row in rows if fold(row.name) == folded), None)
    if same or not folded:
        return Found(same, ())
    return Found(None, tuple(row for row in rows if any(_alike(name, other) for other in _names(row))))


def _names(row: Actor | Keyword) -> list[str]:
    return [row.name, *row.synonyms] if isinstance(row, Keyword) else [row.name]


def _alike(one: str, other: str) -> bool:
    """Return whether one is another form of the same word, or has the same words in another order."""
    first, second = sorted(map(stem, words_of(one))), sorted(map(stem, words_of(other)))
    if first == second:
        return True
    short, long = sorted((fold(one), fold(other)), key=len)
    if len(short) >= 5 and long.startswith(short) and len(long) - len(short) <= 4:
        return True
    return SequenceMatcher(None, short, long).ratio() >= ALIKE
