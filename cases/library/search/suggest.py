"""A suggestion for a query with a misspelt word."""

import difflib

from cases.library.search.engines import find
from cases.library.search.query import Query, Term, fold, parse, word_pattern
from cases.models import SearchWord


def suggest(query: Query) -> str | None:
    """Return the query with its unknown words replaced by the nearest known ones; None where none is better."""
    better, changed = query.text, False
    for term in query.terms:
        for word in term.words:
            if find(Query(word, (Term((word,), is_prefix=term.is_prefix),))):
                continue
            near = _nearest(word)
            if near is None:
                return None
            better, changed = _replace(better, word, near), True
    return better if changed and find(parse(better)) else None


def _nearest(word: str) -> str | None:
    """Return the nearest known word, or None: first words one typing error away, then words that are similar."""
    one_slip = list(
        SearchWord.objects.filter(word__in=_one_slip_away(word)).order_by("word").values_list("word", flat=True)
    )
    if not one_slip and len(word) > 4:
        alike = SearchWord.objects.filter(word__startswith=word[0]).values_list("word", flat=True)
        one_slip = [known for known in alike if abs(len(known) - len(word)) <= 2]
    return next(iter(difflib.get_close_matches(word, one_slip, n=1, cutoff=0.72)), None)


def _one_slip_away(word: str) -> set[str]:
    """Return every string that one missing, extra, wrong or swapped letter turns into this word."""
    if not 2 < len(word) <= 30:
        return set()
    letters = "abcdefghijklmnopqrstuvwxyz"
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    missing = {left + letter + right for left, right in halves for letter in letters}
    extra = {left + right[1:] for left, right in halves if right}
    wrong = {left + letter + right[1:] for left, right in halves if right for letter in letters}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1}
    return missing | extra | wrong | swapped


def _replace(text: str, word: str, better: str) -> str:
    return word_pattern.sub(lambda match: better if fold(match[0]) == word else match[0], text)
