"""Who may see which case: fetching and checking are one call."""

from functools import lru_cache

from django.http import Http404, HttpRequest

from cases.differences import Run, difference, is_changed
from cases.document import CaseDocument, parse_case
from cases.models import Case, Edition

__all__ = [
    "CaseDocument",
    "Run",
    "case_for_reader",
    "difference",
    "is_changed",
    "read_edition",
    "wording",
]


def case_for_reader(request: HttpRequest, slug: str) -> Case:
    """A published case, for anyone."""
    case = Case.objects.published().for_reading().filter(slug=slug).first()
    if case is None:
        raise Http404
    return case


def read_edition(edition: Edition) -> CaseDocument:
    """The case as this edition has it. Kept, since an edition never changes."""
    return _parsed(edition.text)


def wording(edition: Edition) -> dict[str, str]:
    """The questions of an edition in its own words, by key."""
    return {question.key: question.text for question in read_edition(edition).questions}


@lru_cache(maxsize=256)
def _parsed(text: str) -> CaseDocument:
    return parse_case(text)
