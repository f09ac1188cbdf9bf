"""Names that the site proposes, and names that look so much alike that one of them may do."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.text import slugify

from casebook.lib.slugs import first_free
from cases.library.search import fold, stem, words_of
from cases.models import Keyword

KEY_WORDS = 4
MAX_KEY = 50
# What most questions begin with says little about which question it is.
_small_word = re.compile(
    "aan|als|bij|dan|dat|de|deze|die|dit|een|en|er|haar|hem|het|hij|hoe|hun|ik|in|is|je|jij|jou|jouw|kan|kun|met|naar|of|"
    "om|op|over|te|tot|u|uit|van|voor|waar|waarom|wat|we|wel|welk|welke|wie|wij|wil|ze|zich|zij|zijn|zo|zou|zouden"
)
_key = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_teachers_key = re.compile(r"eigen-\d+")
ALIKE = 0.84  # mantelzorg and mantelzorgers are 0.87 alike, wijkteam and wijkraad 0.75


def proposed_key(text: str, taken: Collection[str]) -> str:
    """A key for a question with this text, that none of these keys is."""
    words = slugify(text).split("-")
    telling = [word for word in words if word and not _small_word.fullmatch(word)] or words
    base = "-".join(telling[:KEY_WORDS])[:MAX_KEY].strip("-") or "vraag"
    if is_teachers_key(base):
        base = f"vraag-{base}"
    return first_free(base, taken)


def is_key(key: str) -> bool:
    return bool(_key.fullmatch(key))


def is_teachers_key(key: str) -> bool:
    """Whether this is a key that questions get which a teacher adds for a module: eigen-1 and so on."""
    return bool(_teachers_key.fullmatch(key))


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
