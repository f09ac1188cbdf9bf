"""The pages of the library for readers: the catalogue and the page of a case."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from casebook.lib.http import read_address
from cases import access
from cases.files.fields import story_of
from cases.library import facets, page_cache, search
from cases.library.case_page import by_name, page_of
from cases.library.catalogue_index import CatalogueIndex, current_index
from cases.library.facets import Choice, Result, Selection
from cases.library.markdown import plain_text
from cases.library.page_cache import for_visitors
from cases.library.sharing import sharing_of
from cases.models import Actor, Case, Keyword, Sphere
from questions.access import own_study
from questions.models import Ring, ring

SPHERES = list(Sphere)


FIRST_OPTIONS = 8  # a filter with more options shows the most frequent ones; a button shows the rest
LONGEST_CACHED = 300  # characters of an address of the catalogue whose results are cached


@dataclass(frozen=True)
class Card:
    case: Case
    actors: list[Actor]
    keywords: list[Keyword]
    ring: Ring
    snippet: list[tuple[str, bool]]


@dataclass(frozen=True)
class Facet:
    """A filter with its choices: those that are shown at once, and those behind a button."""

    name: str
    label: str
    shown: list[Choice]
    rest: list[Choice]


@require_safe
@for_visitors
def case_list(request: HttpRequest) -> HttpResponse:
    """Return the catalogue: the page, or only its results where htmx asks for them."""
    index = current_index()
    if address := facets.redirect_for(request.GET, index):
        return HttpResponsePermanentRedirect(address)
    selection = facets.read(request.GET, index)
    if request.htmx and not request.htmx.history_restore_request:
        response = render(request, "cases/_results.html", _found(selection, index) | {"is_update": True})
        response = _with_address(response, request, selection)
    else:
        response = render(request, "cases/case_list.html", {"catalogue": _catalogue(request, selection, index)})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _catalogue(request: HttpRequest, selection: Selection, index: CatalogueIndex) -> SafeString:
    """Return the catalogue without the head and the foot of the page.

    Results of a search are not cached: the same text is seldom typed twice.
    """
    template, query = "cases/_catalogue.html", request.GET.urlencode()
    if selection.query or len(query) > LONGEST_CACHED:
        return render_to_string(template, _found(selection, index))
    return page_cache.part(index.version, query, template, lambda: _found(selection, index))


def _found(selection: Selection, index: CatalogueIndex) -> dict:
    """Return the context of the catalogue: the cases that a selection leaves, and the further choices."""
    result = facets.find_results(selection, index)
    cards = [_card(case, result, index) for case in facets.cards(result.case_ids)]
    groups = [(part, list(found)) for part, found in groupby(cards, key=lambda card: card.case.part)]
    page = result.selection.page
    return {
        "result": result,
        "selection": result.selection,
        "cards": cards,
        "groups": groups if result.is_grouped else [],
        "facets": [_facet(name, label, result.choices[name]) for name, label in facets.FILTERS.items()],
        "chips": [
            (option, result.selection.without(option))
            for chosen in result.selection.chosen.values()
            for option in chosen
        ],
        "orders": facets.ORDERS,
        "suggested": result.selection.with_query(result.suggestion) if result.suggestion else None,
        "previous_page": result.selection.address(page - 1) if page > 1 else None,
        "next_page": result.selection.address(page + 1) if page < result.pages else None,
    }


def _card(case: Case, result: Result, index: CatalogueIndex) -> Card:
    query = result.selection.query
    return Card(
        case=case,
        actors=sorted(dict.fromkeys(case.actors.all()), key=lambda actor: SPHERES.index(actor.sphere)),
        keywords=by_name(case.keywords.all()),
        ring=ring(index.lenses.get(case.pk, {})),
        snippet=search.snippet(_story(case), query) if query else [],
    )


def _story(case: Case) -> str:
    """Return the text of the story as one string, in which each subhead is a sentence of its own."""
    words = "\n".join(plain_text(text) for text in story_of(case))
    return re.sub(r"(?<=\w)\n", ". ", words)


def _facet(name: str, label: str, choices: list[Choice]) -> Facet:
    if len(choices) <= FIRST_OPTIONS + 2:
        return Facet(name, label, choices, [])
    by_size = sorted(choices, key=lambda choice: -len(choice.option.cases))
    shown = [choice for place, choice in enumerate(by_size) if place < FIRST_OPTIONS or choice.is_chosen]
    return Facet(name, label, shown, [choice for choice in choices if choice not in shown])


def _with_address(response: HttpResponse, request: HttpRequest, selection: Selection) -> HttpResponse:
    """Tell htmx the address of these results.

    The address replaces that of the previous step of the same search, so that Back does not go through every letter
    that was typed.
    """
    before = QueryDict(read_address(request.htmx.current_url or "").query, mutable=True)
    after = QueryDict(selection.as_query_string(), mutable=True)
    goes_on = bool(before.pop("q", [])) and bool(after.pop("q", []))
    return (replace_url if goes_on and before == after else push_url)(response, selection.address())


@require_safe
@for_visitors
def case_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the page of a published case; see _no_longer for other cases."""
    case = access.case_for_reader(request, slug)
    if not case.is_published:
        return _no_longer(request, case)
    index = current_index()
    may_assign = request.user.is_authenticated and request.user.may_teach
    may_edit = request.user.is_authenticated and request.user.may_enter_admin
    parts = _parts(case, index, may_assign=may_assign, may_edit=may_edit)
    context = {"case": case, "questions": case.questions.in_library(), "parts": parts}
    if not request.user.is_authenticated:
        return render(request, "cases/case_detail.html", context)
    context["own"] = own_study(request.user, case)
    response = render(request, "cases/case_detail.html", context)
    response.headers["Cache-Control"] = "private, no-store"  # the page shows the user's own answers
    return response


def _parts(case: Case, index: CatalogueIndex, *, may_assign: bool, may_edit: bool) -> dict[str, SafeString]:
    """Return all parts of the page of a case but its questions, which show the user's own answers."""

    @cache
    def page() -> dict:
        return page_of(Case.objects.for_reading().get(pk=case.pk))

    def story() -> dict:
        return page() | {"may_assign": may_assign, "may_edit": may_edit}

    @cache
    def sharing() -> dict:
        return sharing_of(page()["case"])

    return {
        "head": page_cache.part(index.version, f"{case.pk}", "cases/_case_head.html", sharing),
        "sharing": page_cache.part(index.version, f"{case.pk}", "cases/_case_sharing.html", sharing),
        "story": page_cache.part(index.version, f"{case.pk} {may_assign} {may_edit}", "cases/_case_story.html", story),
        "references": page_cache.part(index.version, f"{case.pk}", "cases/_case_references.html", page),
        "onward": page_cache.part(index.version, f"{case.pk}", "cases/_case_onward.html", lambda: _onward(case, index)),
    }


def _onward(case: Case, index: CatalogueIndex) -> dict:
    related = index.related(case.pk)
    found = Case.objects.select_related("part").in_bulk([case_id for case_id, _ in related])
    previous, following = index.with_neighbours(case.pk)
    return {
        "related": [(found[case_id], words) for case_id, words in related if case_id in found],
        "previous": previous,
        "following": following,
    }


def _no_longer(request: HttpRequest, case: Case) -> HttpResponse:
    """Return 410 for a withdrawn case, and 404 for an archived case, which can return."""
    template, status = ("case_withdrawn", 410) if case.is_withdrawn else ("case_archived", 404)
    response = render(request, f"cases/{template}.html", {"case": case}, status=status)
    if request.user.is_authenticated:
        response.headers["Cache-Control"] = "private, no-store"
    return response
