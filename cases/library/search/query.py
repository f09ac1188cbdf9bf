"""The words of texts and queries: folded (lower case, no accents), with their stems, and marked in a snippet."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import snowballstemmer

from casebook.lib import text as texts

MAX_WORDS = 12
MAX_CHARACTERS = 200
MAX_WORD = 60

_small_words = (
    "aan al als bij dan dat de der deze die dit door een en er geen haar heb hebben heeft hem het hij hoe hun ik in is"
    " ja je jij kan maar me meer men met mij mijn moet na naar nee niet niets nog nu of om omdat onder ons ook op over"
    " te tegen toch toen tot u uit van veel voor waar want waren was wat we wel werd wie wij wil worden wordt zal ze"
    " zich zij zijn zo zou"
)
SMALL_WORDS = frozenset(_small_words.split())  # folded; nearly every case has them

word_pattern = re.compile(r"[^\W_]+(?:[’'](?:s|er|ers|en)\b)?", re.IGNORECASE)
_quoted = re.compile(r'["“”„]([^"“”„]*)["“”„]')
_stemmer = snowballstemmer.stemmer("dutch_porter")


@dataclass(frozen=True)
class Term:
    """One thing that must be found: a phrase, or a single word with all its forms."""

    words: tuple[str, ...]
    is_phrase: bool = False
    is_prefix: bool = False

    def matches(self, word: str) -> bool:
        """Return whether this word of a text is a hit, and so is marked."""
        if self.is_phrase:
            return word in self.words
        wanted = self.words[0]
        return word == wanted or stem(word) == stem(wanted) or (self.is_prefix and word.startswith(wanted))


@dataclass(frozen=True)
class Query:
    text: str
    terms: tuple[Term, ...]
    was_cut: bool = False
    takes_any: bool = False

    def __bool__(self) -> bool:
        return bool(self.terms)

    def with_any_term(self) -> "Query":
        """Return the query that finds cases with any of these terms, apart from small words, which every case has."""
        terms = tuple(term for term in self.terms if term.is_phrase or term.words[0] not in SMALL_WORDS)
        return replace(self, terms=terms, takes_any=True)


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Return the letters and digits of a word in lower case without accents: «Cliënt» becomes «client»."""
    return "".join(letter for letter in texts.fold(word) if letter.isalnum())


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the stem of a folded word: equal for schulden and schuld, gezinnen and gezin, brieven and brief."""
    stemmed = _stemmer.stemWord(word)
    if len(stemmed) > 2 and stemmed[-1] == stemmed[-2] and stemmed[-1] not in "aeiou":
        stemmed = stemmed[:-1]
    if len(stemmed) > 2 and stemmed[-1] in "vz":
        stemmed = stemmed[:-1] + {"v": "f", "z": "s"}[stemmed[-1]]
    return stemmed


def words_of(text: str) -> list[str]:
    """Return the folded words of a text, in order. A soft hyphen or a zero-width space divides no word."""
    shown = texts.visible(text)
    return [folded[:MAX_WORD] for match in word_pattern.finditer(shown) if (folded := fold(match[0]))]


def shortened_query(text: str) -> tuple[str, bool]:
    """Return the part of a typed text that is searched for, and whether that is less than all of it."""
    text = texts.read_line(text)
    return text[:MAX_CHARACTERS], len(text) > MAX_CHARACTERS


def parse(text: str) -> Query:
    """Return a typed text as terms: "…" is a phrase, the last word can be unfinished. Never raises."""
    cut, was_cut = shortened_query(text)
    terms: list[Term] = []
    position = 0
    for quoted in _quoted.finditer(cut):
        terms += [Term((word,)) for word in words_of(cut[position : quoted.start()])]
        if words := words_of(quoted[1]):
            terms.append(Term(tuple(words), is_phrase=True))
        position = quoted.end()
    terms += [Term((word,)) for word in words_of(cut[position:])]
    if terms and not terms[-1].is_phrase:
        terms[-1] = Term(terms[-1].words, is_prefix=True)
    return Query(" ".join(cut.split()), tuple(terms[:MAX_WORDS]), was_cut or len(terms) > MAX_WORDS)


def snippet(text: str, query: Query, width: int = 180) -> list[tuple[str, bool]]:
    """Return a piece of the text around its first hit, as runs of (text, is_hit); empty without a hit."""
    text = texts.visible(text)
    hits = [match for match in word_pattern.finditer(text) if _is_hit(match[0], query)]
    if not hits:
        return []
    start = max(0, hits[0].start() - width // 3)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = min(len(text), start + width)
    end = end if end == len(text) else max(text.rfind(" ", start, end), hits[0].end())
    runs = [("… " if start else "", False)]
    position = start
    for hit in hits:
        if hit.end() <= end:
            runs += [(text[position : hit.start()], False), (hit[0], True)]
            position = hit.end()
    runs += [(text[position:end], False), (" …" if end < len(text) else "", False)]
    return [(run, is_hit) for run, is_hit in runs if run]


def _is_hit(word: str, query: Query) -> bool:
    folded = fold(word)
    return any(term.matches(folded) for term in query.terms)
