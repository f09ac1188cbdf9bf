"""Names of the vocabulary that look so much alike that one of them may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from cases.library.search import fold, stem, words_of
from cases.models import Keyword

ALIKE = 0.84  # mantelzorg and mantelzorgers are 0.87 alike, wijkteam and wijkraad 0.75


@dataclass(frozen=True)
class Found:
    """What a vocabulary has for a name: the row that has it, capitals, accents and spaces aside; or rows like it."""

    same: object | None
    alike: tuple


def look_up(name: str, vocabulary: Iterable) -> Found:
    """Which of these keywords or actors has this name, and where none has, which look like it."""
    rows, folded = list(vocabulary), fold(name)
    exact = next((row for row in rows if row.name == name), None)
    same = exact or next((row for row in rows if fold(row.name) == folded), None)
    if same or not folded:
        return Found(same, ())
    return Found(None, tuple(row for row in rows if any(_alike(name, other) for other in _names(row))))


def _names(row) -> list[str]:
    return [row.name, *row.synonyms] if isinstance(row, Keyword) else [row.name]


def _alike(one: str, other: str) -> bool:
    """Another form of the same word, a letter more or less, or the same words in another order."""
    first, second = sorted(map(stem, words_of(one))), sorted(map(stem, words_of(other)))
    if first == second:
        return True
    short, long = sorted((fold(one), fold(other)), key=len)
    if len(short) >= 5 and long.startswith(short) and len(long) - len(short) <= 4:
        return True
    return SequenceMatcher(None, short, long).ratio() >= ALIKE
