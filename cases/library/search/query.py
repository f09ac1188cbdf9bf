"""Search in the library: one function, two engines (FTS5 on SQLite, tsvector on PostgreSQL), the same promises.

Both engines get the words ready-made: folded (no capitals, no accents) and, beside each, its stem. Raw text of a
searcher never reaches an engine; only such words do.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer
from django.db import connection

from casebook.lib import text as texts
from cases.library.markdown import plain_text
from cases.models import Case, SearchWord

MAX_WORDS = 12
MAX_CHARACTERS = 200
MAX_WORD = 60
# Where a word stands, best place first, with its weight. PostgreSQL knows these four as A, B, C and D.
PLACES = {"title": 10.0, "labels": 5.0, "asked": 2.0, "story": 1.0}

_word = re.compile(r"[^\W_]+(?:[’'](?:s|er|ers|en)\b)?", re.IGNORECASE)
_quoted = re.compile(r'["“”„]([^"“”„]*)["“”„]')
_stemmer = snowballstemmer.stemmer("dutch_porter")


@dataclass(frozen=True)
class Term:
    """One thing that must be found: some words in a row, or a single word with all its forms."""

    words: tuple[str, ...]
    is_phrase: bool = False
    is_prefix: bool = False

    def matches(self, word: str) -> bool:
        """Whether this word of a text is a hit, for marking it."""
        if self.is_phrase:
            return word in self.words
        wanted = self.words[0]
        return word == wanted or stem(word) == stem(wanted) or (self.is_prefix and word.startswith(wanted))


@dataclass(frozen=True)
class Query:
    text: str
    terms: tuple[Term, ...]
    was_cut: bool = False

    def __bool__(self) -> bool:
        return bool(self.terms)


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """The letters and digits of a word in lower case without accents: «Cliënt» and «client» are the same word."""
    return "".join(letter for letter in texts.fold(word) if letter.isalnum())


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of a folded Dutch word: schulden and schuld, gezinnen and gezin, brieven and brief share one."""
    stemmed = _stemmer.stemWord(word)
    if len(stemmed) > 2 and stemmed[-1] == stemmed[-2] and stemmed[-1] not in "aeiou":
        stemmed = stemmed[:-1]
    if len(stemmed) > 2 and stemmed[-1] in "vz":
        stemmed = stemmed[:-1] + {"v": "f", "z": "s"}[stemmed[-1]]
    return stemmed


def words_of(text: str) -> list[str]:
    return [folded[:MAX_WORD] for match in _word.finditer(text) if (folded := fold(match[0]))]


def shortened_query(text: str) -> tuple[str, bool]:
    """What is searched for of a text that somebody typed, and whether that is less than all of it."""
    text = text.replace("\0", "").strip()
    return text[:MAX_CHARACTERS], len(text) > MAX_CHARACTERS


def parse(text: str) -> Query:
    """What someone typed, as terms: "…" is a phrase, the last word may be unfinished. Never raises."""
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


def find(query: Query) -> list[int]:
    """The ids of the cases in which all terms are found, best first."""
    return _engine().find(query) if query else []


def index_case(case: Case) -> None:
    """Make the words of this case findable, in place of those it had."""
    texts = searchable(case)
    words = {place: words_of(text) for place, text in texts.items()}
    _engine().store(case.pk, words)
    fresh = {word for place in words.values() for word in place if len(word) > 2 and not word.isdigit()}
    SearchWord.objects.bulk_create([SearchWord(word=word) for word in sorted(fresh)], ignore_conflicts=True)


def forget_case(case: Case) -> None:
    _engine().remove(case.pk)
    forget_words()


def forget_words() -> None:
    """Drop the words that are in no case any more: the name of somebody in a story that was taken down, for one."""
    _engine().forget_words()


def searchable(case: Case) -> dict[str, str]:
    """The text of a case by place. Each part on its own line, so that no phrase runs over the seam."""
    labels = [word for keyword in case.keywords.all() for word in (keyword.name, *keyword.synonyms)]
    labels += [name for line in case.case_actors.select_related("actor") for name in (line.actor.name, line.person)]
    asked = [case.summary, *(plain_text(question.text) for question in case.questions.in_library())]
    story = [plain_text(text) for text in (case.introduction, case.body, case.closing)]
    return {"title": case.title, "labels": "\n".join(labels), "asked": "\n".join(asked), "story": "\n".join(story)}


def suggest(query: Query) -> str | None:
    """The query with its unknown words replaced by the nearest known ones; None where there is nothing better."""
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


def snippet(text: str, query: Query, width: int = 180) -> list[tuple[str, bool]]:
    """A piece of the text around its first hit, as runs of (text, is it a hit). Empty where nothing is hit."""
    hits = [match for match in _word.finditer(text) if _is_hit(match[0], query)]
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


def _nearest(word: str) -> str | None:
    """The known word that a typing error was made in, if one is near: first one slip away, then alike as a whole."""
    one_slip = list(
        SearchWord.objects.filter(word__in=_one_slip_away(word)).order_by("word").values_list("word", flat=True)
    )
    if not one_slip and len(word) > 4:
        alike = SearchWord.objects.filter(word__startswith=word[0]).values_list("word", flat=True)
        one_slip = [known for known in alike if abs(len(known) - len(word)) <= 2]
    return next(iter(difflib.get_close_matches(word, one_slip, n=1, cutoff=0.72)), None)


def _one_slip_away(word: str) -> set[str]:
    """Every string that one missing, extra, wrong or swapped letter turns into this word."""
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
    return _word.sub(lambda match: better if fold(match[0]) == word else match[0], text)


class _Fts5:
    """SQLite. The stems stand in columns of their own, so that a word is never taken for a stem."""

    words = [f"{place}_words" for place in PLACES]
    stems = [f"{place}_stems" for place in PLACES]

    def store(self, case_id: int, words: dict[str, list[str]]) -> None:
        self.remove(case_id)
        columns = [" ".join(found) for found in words.values()]
        columns += [" ".join(map(stem, found)) for found in words.values()]
        marks = ", ".join(["%s"] * (1 + len(columns)))
        self._run(
            f"INSERT INTO cases_search (rowid, {', '.join(self.words + self.stems)}) VALUES ({marks})",  # noqa: S608
            [case_id, *columns],
        )

    def remove(self, case_id: int) -> None:
        self._run("DELETE FROM cases_search WHERE rowid = %s", [case_id])

    def find(self, query: Query) -> list[int]:
        weights = ", ".join(str(weight) for weight in [*PLACES.values(), *PLACES.values()])
        sql = (
            f"SELECT rowid FROM cases_search WHERE cases_search MATCH %s ORDER BY bm25(cases_search, {weights}), rowid"
        )
        return [row[0] for row in self._run(sql, [" AND ".join(map(self._expression, query.terms))])]

    def forget_words(self) -> None:
        columns = ", ".join(f"'{column}'" for column in self.words)
        self._run("CREATE VIRTUAL TABLE temp.words_in_cases USING fts5vocab(main, cases_search, col)", [])
        self._run(
            "DELETE FROM cases_searchword WHERE word NOT IN"
            f" (SELECT term FROM temp.words_in_cases WHERE col IN ({columns}))",  # noqa: S608
            [],
        )
        self._run("DROP TABLE temp.words_in_cases", [])

    def _expression(self, term: Term) -> str:
        words, stems = " ".join(self.words), " ".join(self.stems)
        if term.is_phrase:
            return f'{{{words}}} : "{" ".join(term.words)}"'
        word = term.words[0]
        exact = f'"{word}" *' if term.is_prefix else f'"{word}"'
        return f'({{{words}}} : {exact} OR {{{stems}}} : "{stem(word)}")'

    def _run(self, sql: str, parameters: list) -> list:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []


class _Tsvector(_Fts5):
    """PostgreSQL. The vector is written out in full, so no parser or dictionary of the server comes in between."""

    def store(self, case_id: int, words: dict[str, list[str]]) -> None:
        vector = " ".join(self._lexemes(words))
        self._run(
            "INSERT INTO cases_search (case_id, vector) VALUES (%s, %s::tsvector)"
            " ON CONFLICT (case_id) DO UPDATE SET vector = excluded.vector",
            [case_id, vector],
        )

    def remove(self, case_id: int) -> None:
        self._run("DELETE FROM cases_search WHERE case_id = %s", [case_id])

    def forget_words(self) -> None:
        self._run(
            "DELETE FROM cases_searchword WHERE word NOT IN"
            " (SELECT word FROM ts_stat('SELECT vector FROM cases_search') WHERE left(word, 1) <> '=')",
            [],
        )

    def find(self, query: Query) -> list[int]:
        weights = "{" + ",".join(str(weight / 10) for weight in reversed(PLACES.values())) + "}"
        sql = (
            "SELECT case_id FROM cases_search, (SELECT %s::tsquery AS wanted) AS query WHERE vector @@ wanted"
            " ORDER BY ts_rank(%s::real[], vector, wanted) DESC, case_id"
        )
        return [row[0] for row in self._run(sql, [" & ".join(map(self._expression, query.terms)), weights])]

    def _expression(self, term: Term) -> str:
        if term.is_phrase:
            return "(" + " <-> ".join(f"'{word}'" for word in term.words) + ")"
        word = term.words[0]
        return f"('{word}'{':*' if term.is_prefix else ''} | '={stem(word)}')"

    @staticmethod
    def _lexemes(words: dict[str, list[str]]) -> Iterator[str]:
        """Each word and its stem (marked with =) on the same position, with a gap between places."""
        position = 1
        for letter, found in zip("ABCD", words.values(), strict=True):
            for word in found:
                at = f"{min(position, 16383)}{letter}"
                yield f"'{word}':{at} '={stem(word)}':{at}"
                position += 1
            position += 10


def _engine() -> _Fts5:
    return _Tsvector() if connection.vendor == "postgresql" else _Fts5()


def index_all(cases: Iterable[Case]) -> None:
    for case in cases:
        index_case(case)
