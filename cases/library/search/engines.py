"""The two search engines: FTS5 on SQLite and tsvector on PostgreSQL, which give equal results.

Both get folded words, each with its stem. Raw text of a user never reaches an engine.
"""

from collections.abc import Iterator
from typing import Protocol

from django.db import connection

from cases.library.search.query import Query, Term, stem

# The places of a word in a case, best place first, with their weights. PostgreSQL calls these four A, B, C and D.
PLACES = {"title": 10.0, "labels": 5.0, "asked": 2.0, "story": 1.0}


class Engine(Protocol):
    """The interface of a search engine. The words of cases are given by place."""

    def store(self, case_id: int, words: dict[str, list[str]]) -> None:
        """Index these words of a case, and replace those it had."""

    def remove(self, case_id: int) -> None:
        """Remove a case from the index."""

    def find(self, query: Query) -> list[int]:
        """Return the ids of the cases in which all terms are found, or any of them (query.takes_any), best first."""

    def forget_words(self) -> None:
        """Delete the search words that are in no indexed case."""


class Fts5:
    """The engine of SQLite. Stems have columns of their own, so that a word never matches a stem."""

    words = [f"{place}_words" for place in PLACES]
    stems = [f"{place}_stems" for place in PLACES]

    def store(self, case_id: int, words: dict[str, list[str]]) -> None:
        self.remove(case_id)
        columns = [" ".join(found) for found in words.values()]
        columns += [" ".join(map(stem, found)) for found in words.values()]
        marks = ", ".join(["%s"] * (1 + len(columns)))
        _run(
            f"INSERT INTO cases_search (rowid, {', '.join(self.words + self.stems)}) VALUES ({marks})",  # noqa: S608
            [case_id, *columns],
        )

    def remove(self, case_id: int) -> None:
        _run("DELETE FROM cases_search WHERE rowid = %s", [case_id])

    def find(self, query: Query) -> list[int]:
        weights = ", ".join(str(weight) for weight in [*PLACES.values(), *PLACES.values()])
        sql = (
            f"SELECT rowid FROM cases_search WHERE cases_search MATCH %s ORDER BY bm25(cases_search, {weights}), rowid"
        )
        joint = " OR " if query.takes_any else " AND "
        return [row[0] for row in _run(sql, [joint.join(map(self._expression, query.terms))])]

    def forget_words(self) -> None:
        columns = ", ".join(f"'{column}'" for column in self.words)
        _run("CREATE VIRTUAL TABLE temp.words_in_cases USING fts5vocab(main, cases_search, col)", [])
        _run(
            "DELETE FROM cases_searchword WHERE word NOT IN"
            f" (SELECT term FROM temp.words_in_cases WHERE col IN ({columns}))",  # noqa: S608
            [],
        )
        _run("DROP TABLE temp.words_in_cases", [])

    def _expression(self, term: Term) -> str:
        words, stems = " ".join(self.words), " ".join(self.stems)
        if term.is_phrase:
            return f'{{{words}}} : "{" ".join(term.words)}"'
        word = term.words[0]
        exact = f'"{word}" *' if term.is_prefix else f'"{word}"'
        return f'({{{words}}} : {exact} OR {{{stems}}} : "{stem(word)}")'


class Tsvector:
    """The engine of PostgreSQL. The vector is written in full, so that the server uses no parser or dictionary."""

    def store(self, case_id: int, words: dict[str, list[str]]) -> None:
        vector = " ".join(self._lexemes(words))
        _run(
            "INSERT INTO cases_search (case_id, vector) VALUES (%s, %s::tsvector)"
            " ON CONFLICT (case_id) DO UPDATE SET vector = excluded.vector",
            [case_id, vector],
        )

    def remove(self, case_id: int) -> None:
        _run("DELETE FROM cases_search WHERE case_id = %s", [case_id])

    def forget_words(self) -> None:
        _run(
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
        joint = " | " if query.takes_any else " & "
        return [row[0] for row in _run(sql, [joint.join(map(self._expression, query.terms)), weights])]

    def _expression(self, term: Term) -> str:
        if term.is_phrase:
            return "(" + " <-> ".join(f"'{word}'" for word in term.words) + ")"
        word = term.words[0]
        return f"('{word}'{':*' if term.is_prefix else ''} | '={stem(word)}')"

    @staticmethod
    def _lexemes(words: dict[str, list[str]]) -> Iterator[str]:
        """Yield each word and its stem (marked with =) on the same position, with a gap between places."""
        position = 1
        for letter, found in zip("ABCD", words.values(), strict=True):
            for word in found:
                at = f"{min(position, 16383)}{letter}"
                yield f"'{word}':{at} '={stem(word)}':{at}"
                position += 1
            position += 10


def engine() -> Engine:
    """Return the engine of the database in use."""
    return Tsvector() if connection.vendor == "postgresql" else Fts5()


def find(query: Query) -> list[int]:
    """Return the ids of the cases in which all terms are found, or any of them (query.takes_any), best first."""
    return engine().find(query) if query else []


def _run(sql: str, parameters: list) -> list:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []
