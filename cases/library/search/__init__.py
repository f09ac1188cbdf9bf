"""Search in the library: one function and two engines (FTS5 on SQLite, tsvector on PostgreSQL) with equal results."""

from cases.library.search.engines import engine, find
from cases.library.search.index import forget_case, forget_words, index_all, index_case, searchable
from cases.library.search.query import (
    MAX_WORDS,
    Query,
    Term,
    fold,
    parse,
    shortened_query,
    snippet,
    stem,
    words_of,
)
from cases.library.search.suggest import suggest

__all__ = [
    "MAX_WORDS",
    "Query",
    "Term",
    "engine",
    "find",
    "fold",
    "forget_case",
    "forget_words",
    "index_all",
    "index_case",
    "parse",
    "searchable",
    "shortened_query",
    "snippet",
    "stem",
    "suggest",
    "words_of",
]
