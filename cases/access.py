"""Who may see which case: fetching and checking are one call."""

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
    """A case that is or was published, for anyone; of one that was withdrawn the rows are empty."""
    case = Case.objects.filter(revises=None).exclude(status=Status.CONCEPT).filter(slug=slug).first()
    if case is None:
        raise Http404
    return case


def read_edition(edition: Edition) -> CaseDocument:
    """The case as this edition has it. Kept, since an edition never changes.

    The one way to what an edition says: of a case that was withdrawn nobody gets more than number and title.
    """
    return _unwritten(edition.case) if edition.case.is_withdrawn else _parsed(edition.text)


def wording(edition: Edition) -> dict[str, str]:
    """The questions of an edition in its own words, by key; none where the case was withdrawn."""
    return {question.key: question.text for question in read_edition(edition).questions}


def withheld_wording(edition: Edition) -> dict[str, str]:
    """The questions as wording() has them before a withdrawal. To store out of sight, never to show."""
    return {question.key: question.text for question in _parsed(edition.text).questions}


def _unwritten(case: Case) -> CaseDocument:
    """What a withdrawal leaves of a case."""
    return CaseDocument(
        **{field.name: field.empty if field.is_withheld else getattr(case, field.name) for field in fields.FIELDS}
    )


@lru_cache(maxsize=256)
def _parsed(text: str) -> CaseDocument:
    return parse_case(text)
