"""Who may see which case: fetching and checking are one call."""

from django.http import Http404, HttpRequest

from cases.models import Case


def case_for_reader(request: HttpRequest, slug: str) -> Case:
    """A published case, for anyone."""
    case = Case.objects.published().for_reading().filter(slug=slug).first()
    if case is None:
        raise Http404
    return case
