"""The library as readers see it."""

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from cases import access, catalogue, pictures, search
from cases.catalogue import Result, Shelf
from cases.models import Case
from cases.rendering import plain_text


@dataclass(frozen=True)
class Card:
    case: Case
    ring: pictures.Ring
    snippet: list[tuple[str, bool]]


@require_safe
def case_list(request: HttpRequest) -> HttpResponse:
    """The catalogue: a page, or the part of it that changes when htmx asks."""
    library = catalogue.shelf()
    result = catalogue.answer(catalogue.read(request.GET, library), library)
    cards = [_card(case, result, library) for case in catalogue.cards(result.case_ids)]
    groups = [(part, list(found)) for part, found in groupby(cards, key=lambda card: card.case.part)]
    context = {
        "result": result,
        "selection": result.selection,
        "cards": cards,
        "groups": groups if result.is_grouped else [],
        "filters": [(name, label, result.choices[name]) for name, label in catalogue.FILTERS.items()],
        "chips": [(o, result.selection.without(o)) for chosen in result.selection.chosen.values() for o in chosen],
        "orders": catalogue.ORDERS,
        "suggested": result.selection.with_query(result.suggestion) if result.suggestion else None,
    }
    template = "cases/_results.html" if request.htmx and not request.htmx.boosted else "cases/case_list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _card(case: Case, result: Result, library: Shelf) -> Card:
    query = result.selection.query
    story = "\n".join(plain_text(text) for text in (case.introduction, case.body, case.closing)) if query else ""
    return Card(case, pictures.ring(library.lenses.get(case.pk, {})), search.snippet(story, query) if query else [])


@require_safe
def case_detail(request: HttpRequest, slug: str) -> HttpResponse:
    case = access.case_for_reader(request, slug)
    library = catalogue.shelf()
    related = library.related(case.pk)
    found = Case.objects.select_related("part").in_bulk([case_id for case_id, _ in related])
    previous, following = library.with_neighbours(case.pk)
    context = {
        "case": case,
        "questions": [question for question in case.questions.all() if not question.retired],
        "ring": pictures.ring(library.lenses.get(case.pk, {})),
        "map": pictures.actor_map(case.case_actors.all()),
        "spheres": pictures.spheres(case.case_actors.all()),
        "related": [(found[case_id], words) for case_id, words in related if case_id in found],
        "previous": previous,
        "following": following,
    }
    return render(request, "cases/case_detail.html", context)
