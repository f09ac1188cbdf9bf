"""The fields of a case, listed once.

Reading and writing case files, rows, withdrawal, comparison, checks, search and the form all use FIELDS.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KOLB = ("doener", "beschouwer", "denker", "beslisser")


@dataclass(frozen=True)
class ActorLine:
    """An actor of a case, with the name of the person in the story."""

    actor: str
    person: str = ""

    def __str__(self) -> str:
        return f"{self.person} ({self.actor})" if self.person else self.actor


@dataclass(frozen=True)
class ReferenceLine:
    """A work of the list of references."""

    text: str
    url: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.url}".strip()


@dataclass(frozen=True)
class QuestionLine:
    """A question, identified by its key."""

    key: str
    kolb: str
    text: str


@dataclass(frozen=True)
class CaseDocument:
    """The content of a case file. Its attributes are the fields in FIELDS."""

    number: int
    slug: str
    title: str
    part: str
    summary: str
    actors: tuple[ActorLine, ...]
    keywords: tuple[str, ...]
    references: tuple[ReferenceLine, ...]
    questions: tuple[QuestionLine, ...]
    introduction: str
    body: str
    closing: str


class Kind(Enum):
    """How a field is stored, and so how every module treats it."""

    IDENTITY = "what a case is known by"
    NAME = "the name of something in the vocabulary"
    LINE = "a text of one line"
    PARAGRAPH = "a text in the front matter"
    SECTION = "a text in Markdown under a heading of its own"
    LIST = "rows of another table"
    QUESTIONS = "the questions, which keep their rows because of the answers to them"


@dataclass(frozen=True)
class Field:
    """A field of a case: an attribute of CaseDocument, and of Case where it is no list."""

    name: str
    kind: Kind
    label: str | Promise = ""  # the name of the field in a comparison of two editions
    heading: str = ""  # of a section, in a case file
    longest: int | None = None  # characters; None is the general limit of texts in case files
    search: str = ""  # the place in the search index (cases.library.search.engines.PLACES); "" is not searched
    is_withheld: bool = True  # not shown where the case is withdrawn
    if_empty: str | Promise = ""  # the error that blocks publication while the field is empty
    help_text: str | Promise = ""
    rows: int = 10  # the height of the text area in the form
    line: type = str  # the type of the items of a list

    @property
    def is_list(self) -> bool:
        return self.kind in {Kind.LIST, Kind.QUESTIONS}

    @property
    def empty(self) -> Any:
        """Return the value of this field in an empty document."""
        return () if self.is_list else ""


# In the order of a case file.
FIELDS: tuple[Field, ...] = (
    Field(
        "number",
        Kind.IDENTITY,
        is_withheld=False,
        help_text=_("Laat leeg voor het eerstvolgende vrije nummer. Na publicatie staat het vast."),
    ),
    Field(
        "slug",
        Kind.IDENTITY,
        is_withheld=False,
        help_text=_("Komt in het adres. Laat leeg: dan maken we hem van de titel. Na publicatie vast."),
    ),
    Field(
        "title",
        Kind.LINE,
        label=_("Titel"),
        longest=200,
        search="title",
        is_withheld=False,
        if_empty=_("Geef de casus een titel."),
        help_text=_("Kort, en zonder te verklappen hoe het afloopt."),
    ),
    Field(
        "part",
        Kind.NAME,
        label=_("Deel"),
        if_empty=_("Kies een deel."),
        help_text=_("Mag je nog leeg laten; voor het publiceren kies je."),
    ),
    Field(
        "summary",
        Kind.PARAGRAPH,
        label=_("Omschrijving"),
        search="asked",
        if_empty=_("Schrijf een omschrijving."),
        help_text=_("Wat staat er op het spel? Eén of twee zinnen, hooguit veertig woorden."),
        rows=3,
    ),
    Field("actors", Kind.LIST, label=_("Actoren"), search="labels", line=ActorLine),
    Field("keywords", Kind.LIST, label=_("Sleutelwoorden"), search="labels"),
    Field("references", Kind.LIST, label=_("Literatuur"), search="story", line=ReferenceLine),
    Field(
        "questions",
        Kind.QUESTIONS,
        search="asked",
        if_empty=_("Stel minstens één vraag."),
        line=QuestionLine,
    ),
    Field(
        "introduction",
        Kind.SECTION,
        label=_("Inleiding"),
        heading="Inleiding",
        search="story",
        if_empty=_("Schrijf een inleiding."),
        help_text=_("Wie, waar en wanneer. Lezers zien dit in grotere letters."),
    ),
    Field(
        "body",
        Kind.SECTION,
        label=_("Middenstuk"),
        heading="Casus",
        search="story",
        if_empty=_("Schrijf het middenstuk."),
        help_text=_("Wat er gebeurt. Een regel die met ### begint, wordt een tussenkopje."),
        rows=28,
    ),
    Field(
        "closing",
        Kind.SECTION,
        label=_("Slot"),
        heading="Slot",
        search="story",
        if_empty=_("Schrijf een slot."),
        help_text=_("Waar het verhaal ophoudt. Laat open wat studenten zelf moeten bedenken."),
    ),
)


def of_kind(*kinds: Kind) -> tuple[Field, ...]:
    """Return the fields of these kinds, in the order of a case file."""
    return tuple(field for field in FIELDS if field.kind in kinds)


def by_name(name: str) -> Field:
    """Return the field with this name."""
    return next(field for field in FIELDS if field.name == name)


def texts() -> tuple[Field, ...]:
    """Return the fields that are a text of the case itself."""
    return of_kind(Kind.LINE, Kind.PARAGRAPH, Kind.SECTION)


def sections() -> tuple[Field, ...]:
    """Return the fields that form the story."""
    return of_kind(Kind.SECTION)


def lists() -> tuple[Field, ...]:
    """Return the fields that are stored in rows of another table."""
    return of_kind(Kind.LIST, Kind.QUESTIONS)


def story_of(case: Any) -> list[str]:
    """Return the texts of the story of a case or a document."""
    return [getattr(case, field.name) for field in sections()]


def count_words(case: Any) -> int:
    """Return the number of words in the story of a case or a document."""
    return sum(len(text.split()) for text in story_of(case))


def names(fields: Iterable[Field]) -> list[str]:
    """Return the names of these fields."""
    return [field.name for field in fields]
