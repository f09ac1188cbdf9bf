"""Access to cases and editions: each function fetches a row and checks who can see it."""

from functools import lru_cache

from django.http import Http404, HttpRequest

from cases.files import fields
from cases.files.document import parse_case
from cases.files.fields import CaseDocument
from cases.library.search import shortened_query
from cases.models import Case, Edition, Status
from cases.publishing.comparison import Change, compare

__all__ = [
    "CaseDocument",
    "Change",
    "case_for_reader",
    "compare",
    "read_edition",
    "withheld_wording",
    "shortened_query",
    "wording",
]


def case_for_reader(request: HttpRequest, slug: str) -> Case:
    """Return a case that is or was published. Every user can see it; a withdrawn case has rows without text."""
    case = Case.objects.filter(revises=None).exclude(status=Status.CONCEPT).filter(slug=slug).first()
    if case is None:
        raise Http404
    return case


def read_edition(edition: Edition) -> CaseDocument:
    """Return the case as this edition has it, cached because an edition never changes.

    This is the only function that reads an edition: of a withdrawn case it returns nothing but the number and the
    title.
    """
    return _withdrawn_document(edition.case) if edition.case.is_withdrawn else _parsed(edition.text)


def wording(edition: Edition) -> dict[str, str]:
    """Return the texts of the questions of an edition, by key; none where the case was withdrawn."""
    return {question.key: question.text for question in read_edition(edition).questions}


def withheld_wording(edition: Edition) -> dict[str, str]:
    """Return the texts of the questions as before a withdrawal: only to be stored, never to be shown."""
    return {question.key: question.text for question in _parsed(edition.text).questions}


def _withdrawn_document(case: Case) -> CaseDocument:
    """Return the document that a withdrawal leaves of a case."""
    return CaseDocument(
        **{field.name: field.empty if field.is_withheld else getattr(case, field.name) for field in fields.FIELDS}
    )


@lru_cache(maxsize=256)
def _parsed(text: str) -> CaseDocument:
    return parse_case(text)
