"""The catalogue: what a reader selects, which cases remain, and how many each further choice would leave."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from django.db.models import Model
from django.http import QueryDict
from django.urls import reverse

from casebook.lib.ids import read_number
from cases.library import search
from cases.library.case_set import CaseSet
from cases.library.catalogue_index import CatalogueIndex, Option
from cases.models import Case, FormerActor, FormerKeyword

PAGE_SIZE = 24
MOST_UNKNOWN = 10  # unknown choices of an address that are named on the page
FILTERS = {
    "deel": "Deel",
    "bril": "Bril",
    "trefwoord": "Sleutelwoord",
    "actor": "Wie doet er mee?",
    "sfeer": "Informeel – formeel",
}
ORDERS = {"nummer": "nummer", "titel": "titel", "lengte": "kortste eerst", "vragen": "meeste vragen"}
BY_RELEVANCE = "relevantie"


@dataclass(frozen=True)
class Selection:
    """The selection of a reader in the catalogue, as far as the library has its options."""

    chosen: dict[str, tuple[Option, ...]]
    query: search.Query
    order: str
    page: int
    unknown: tuple[str, ...] = ()

    @property
    def has_usual_order(self) -> bool:
        """Return whether the order is the default: by number, or by relevance in a search."""
        return self.order == BY_RELEVANCE or (self.order == "nummer" and not self.query)

    @property
    def has_found_by_number(self) -> bool:
        """Return whether results of a search are ordered by number, which is not the default."""
        return self.order == "nummer" and bool(self.query)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query) or any(self.chosen.values())

    def without(self, option: Option) -> "Selection":
        chosen = {name: tuple(other for other in options if other != option) for name, options in self.chosen.items()}
        return Selection(chosen, self.query, self.order, 1)

    def without_query(self) -> "Selection":
        return Selection(self.chosen, search.parse(""), self.order, 1)

    def with_query(self, text: str) -> "Selection":
        return Selection(self.chosen, search.parse(text), self.order, 1)

    def as_query_string(self, page: int = 1) -> str:
        """Return the query string of this selection."""
        params = QueryDict(mutable=True)
        if self.query.text:
            params["q"] = self.query.text
        for name, options in self.chosen.items():
            params.setlist(name, [option.slug for option in options])
        if self.order not in {BY_RELEVANCE, "nummer"} or (self.order == "nummer" and self.query):
            params["volgorde"] = self.order
        if page > 1:
            params["pagina"] = str(page)
        return params.urlencode()

    def address(self, page: int = 1) -> str:
        query_string = self.as_query_string(page)
        return f"{reverse('cases:catalogue')}?{query_string}" if query_string else reverse("cases:catalogue")


@dataclass(frozen=True)
class Choice:
    """An option as a filter shows it: whether it is chosen, and how many cases it would leave."""

    option: Option
    is_chosen: bool
    count: int


@dataclass(frozen=True)
class WayOut:
    """A choice to drop where no case remains, and the number of cases that remain then."""

    label: str
    selection: Selection
    count: int


@dataclass(frozen=True)
class Result:
    selection: Selection
    total: int
    found: int
    case_ids: tuple[int, ...]
    pages: int
    choices: dict[str, list[Choice]]
    ways_out: list[WayOut] = field(default_factory=list)
    suggestion: str | None = None
    has_any_word: bool = False  # no case has all words of the search, so these have any of them

    @property
    def is_grouped(self) -> bool:
        """Return whether the cases are grouped by part: on a single page, without filter, search or other order."""
        return not self.selection.is_narrowed and self.pages <= 1 and self.selection.order == "nummer"


def read(params: QueryDict, index: CatalogueIndex) -> Selection:
    """Return the selection in the query string. Values that the library does not have are listed as unknown."""
    unknown: list[str] = []
    chosen: dict[str, tuple[Option, ...]] = {}
    for name in FILTERS:
        found: list[Option] = []
        for slug in dict.fromkeys(value for value in params.getlist(name) if value):
            option = index.option(name, slug)
            found.append(option) if option else unknown.append(_shown(slug))
        chosen[name] = tuple(found)
    query = search.parse(params.get("q", ""))
    order = params.get("volgorde") or ""
    if order and order not in {*ORDERS, BY_RELEVANCE}:
        unknown.append(_shown(order))
    if order not in ORDERS:
        order = BY_RELEVANCE if query else "nummer"
    page = params.get("pagina", "1")
    return Selection(chosen, query, order, _page_number(page), tuple(unknown[:MOST_UNKNOWN]))


def redirect_for(params: QueryDict, index: CatalogueIndex) -> str | None:
    """Return the address with the present names of renamed or merged words. No query where all are known."""
    renamed = params.copy()
    for name, former in (("trefwoord", FormerKeyword), ("actor", FormerActor)):
        unknown = [slug for slug in params.getlist(name) if slug and not index.option(name, slug)]
        if unknown:
            words = {row.slug: row.now for row in former.objects.filter(slug__in=unknown).select_related("now")}
            _rename(renamed, name, words)
    return None if renamed == params else f"{reverse('cases:catalogue')}?{renamed.urlencode()}"


def _rename(params: QueryDict, name: str, words: dict[str, Model]) -> None:
    """Replace these slugs by those of the present words. A word that is no filter becomes a search."""
    filters = {slug: word.slug for slug, word in words.items() if getattr(word, "is_filter", True)}
    searched = [word.slug for slug, word in words.items() if slug not in filters]
    slugs = [filters.get(slug, slug) for slug in params.getlist(name) if slug in filters or slug not in words]
    params.setlist(name, list(dict.fromkeys(slugs)))
    if searched and not params.get("q"):
        params["q"] = " ".join(searched)


def find_results(selection: Selection, index: CatalogueIndex) -> Result:
    """Return what the catalogue shows for this selection."""
    hits = _positions_of(search.find(selection.query), index)
    is_unknown = bool(selection.query) and not hits
    if is_unknown:
        hits = _positions_of(search.find(selection.query.with_any_term()), index)
    searched = CaseSet.of(hits) if selection.query else index.all_cases
    left = _left(selection, searched)
    ordered = hits if selection.order == BY_RELEVANCE else index.orders[selection.order]
    pages = max(1, -(-len(left) // PAGE_SIZE))
    page = min(selection.page, pages)
    start = (page - 1) * PAGE_SIZE
    on_page = islice((position for position in ordered if position in left), start, start + PAGE_SIZE)
    is_dead_end = not left and selection.is_narrowed
    return Result(
        selection=replace(selection, page=page),
        total=len(index),
        found=len(left),
        case_ids=tuple(index.ids[position] for position in on_page),
        pages=pages,
        choices={name: list(_choices(name, selection, searched, index)) for name in FILTERS},
        ways_out=_ways_out(selection, searched, index) if is_dead_end else [],
        suggestion=search.suggest(selection.query) if is_unknown else None,
        has_any_word=is_unknown and bool(hits),
    )


def _positions_of(case_ids: list[int], index: CatalogueIndex) -> list[int]:
    """Return the positions of these cases, in the same order, without those that the index does not have."""
    position_of = {case_id: position for position, case_id in enumerate(index.ids)} if case_ids else {}
    return [position_of[case_id] for case_id in case_ids if case_id in position_of]


def cards(case_ids: Iterable[int]) -> list[Case]:
    """Return the cases with these ids, in this order, with all that their cards show."""
    found = Case.objects.for_cards().in_bulk(list(case_ids))
    return [found[case_id] for case_id in case_ids if case_id in found]


def _left(selection: Selection, searched: CaseSet, leaving_out: str = "") -> CaseSet:
    """Return the cases that remain: those with any chosen option of each filter."""
    left = searched
    for name, options in selection.chosen.items():
        if options and name != leaving_out:
            left &= CaseSet.union(option.cases for option in options)
    return left


def _choices(name: str, selection: Selection, searched: CaseSet, index: CatalogueIndex) -> Iterator[Choice]:
    others = _left(selection, searched, leaving_out=name)
    for option in index.options[name]:
        yield Choice(option, option in selection.chosen[name], len(others & option.cases))


def _ways_out(selection: Selection, searched: CaseSet, index: CatalogueIndex) -> list[WayOut]:
    ways = [
        WayOut(option.label, selection.without(option), len(_left(selection.without(option), searched)))
        for options in selection.chosen.values()
        for option in options
    ]
    if selection.query:
        rest = selection.without_query()
        ways.append(WayOut(f"“{selection.query.text}”", rest, len(_left(rest, index.all_cases))))
    return [way for way in ways if way.count]


def _page_number(text: str) -> int:
    return read_number(text, most=999_999) or 1


def _shown(value: str) -> str:
    """Return a value of the query string, short enough to show."""
    return value if len(value) <= 40 else f"{value[:40]}…"
