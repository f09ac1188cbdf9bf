"""The catalogue: which cases there are, what can be chosen, and how many cases each choice would leave.

All of it is answered from a *shelf*: a small picture of the published library that a process keeps until the library's
version goes up. A set of cases is one whole number, a bit per case, so that counting what a choice leaves is an AND.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock

from django.db.models import Count, Q
from django.http import QueryDict
from django.urls import reverse

from casebook.lib.ids import read_number
from cases.library import search
from cases.models import Case, CaseActor, CaseKeyword, FormerActor, FormerKeyword, Keyword, Library, Part, Sphere
from questions.models import Kolb, Question

PAGE_SIZE = 24
MOST_UNKNOWN = 10  # choices that are named because nobody knows them
SPHERE_SLUGS = {Sphere.INFORMAL: "informeel", Sphere.HYBRID: "ertussenin", Sphere.FORMAL: "formeel"}
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
class Option:
    """Something to choose in a filter, with the cases that have it."""

    filter: str
    slug: str
    label: str
    cases: int


@dataclass(frozen=True)
class Shelf:
    """The published library at one version. Bit i of a set stands for the i-th case by number."""

    version: int
    ids: tuple[int, ...]
    slugs: tuple[str, ...]
    titles: tuple[str, ...]
    options: dict[str, tuple[Option, ...]]
    orders: dict[str, tuple[int, ...]]
    lenses: dict[int, dict[str, int]]

    @property
    def everything(self) -> int:
        return (1 << len(self.ids)) - 1

    def __len__(self) -> int:
        return len(self.ids)

    def option(self, name: str, slug: str) -> Option | None:
        return next((option for option in self.options[name] if option.slug == slug), None)

    def with_neighbours(self, case_id: int) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
        """(slug, title) of the case before and of the case after this one, by number."""
        place = self.ids.index(case_id)
        before, after = place - 1, place + 1
        return (
            (self.slugs[before], self.titles[before]) if before >= 0 else None,
            (self.slugs[after], self.titles[after]) if after < len(self) else None,
        )

    def related(self, case_id: int, count: int = 3) -> list[tuple[int, list[str]]]:
        """The cases that share most keywords with this one: (case id, the keywords they share)."""
        own = 1 << self.ids.index(case_id)
        shared: dict[int, list[str]] = {}
        for option in self.options["trefwoord"]:
            if option.cases & own:
                for place in _places(option.cases & ~own):
                    shared.setdefault(place, []).append(option.label)
        # A rare keyword in common says more than a common one, so ties go to the smaller crowd.
        crowd = {option.label: option.cases.bit_count() for option in self.options["trefwoord"]}
        best = sorted(shared, key=lambda place: (-len(shared[place]), min(crowd[w] for w in shared[place]), place))
        return [(self.ids[place], shared[place]) for place in best[:count]]


@dataclass(frozen=True)
class Selection:
    """What a reader asked of the catalogue, as far as the library knows it."""

    chosen: dict[str, tuple[Option, ...]]
    query: search.Query
    order: str
    page: int
    unknown: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query) or any(self.chosen.values())

    def without(self, option: Option) -> "Selection":
        chosen = {name: tuple(o for o in options if o != option) for name, options in self.chosen.items()}
        return Selection(chosen, self.query, self.order, 1)

    def without_query(self) -> "Selection":
        return Selection(self.chosen, search.parse(""), self.order, 1)

    def with_query(self, text: str) -> "Selection":
        return Selection(self.chosen, search.parse(text), self.order, 1)

    def as_query_string(self, page: int = 1) -> str:
        """The address of this selection, after the question mark."""
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
    """An option as a filter shows it: chosen or not, and how many cases it would leave."""

    option: Option
    is_chosen: bool
    count: int


@dataclass(frozen=True)
class WayOut:
    """What to drop when nothing is left, and how many cases that would give."""

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

    @property
    def is_grouped(self) -> bool:
        """By part, until someone filters, searches or sorts, or there is more than one page."""
        return not self.selection.is_narrowed and self.pages <= 1 and self.selection.order == "nummer"


_lock = Lock()
_kept: Shelf | None = None


def shelf() -> Shelf:
    """The library as it is now. One query, unless the library changed since this process last looked."""
    global _kept
    version = Library.objects.values_list("version", flat=True).first() or 0
    kept = _kept
    if kept is None or kept.version != version:
        with _lock:
            kept = _kept = _kept if _kept is not None and _kept.version == version else _build(version)
    return kept


def forget() -> None:
    """Drop the picture that this process keeps. For tests, which roll the library back under it."""
    global _kept
    _kept = None


def read(params: QueryDict, library: Shelf) -> Selection:
    """The selection that an address asks for. Values that the library does not know are named, not obeyed."""
    unknown: list[str] = []
    chosen: dict[str, tuple[Option, ...]] = {}
    for name in FILTERS:
        found: list[Option] = []
        for slug in dict.fromkeys(value for value in params.getlist(name) if value):
            option = library.option(name, slug)
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


def moved(params: QueryDict, library: Shelf) -> str | None:
    """Where an address leads now, if one of its words was renamed or merged since. No query where all are known."""
    now = params.copy()
    for name, former in (("trefwoord", FormerKeyword), ("actor", FormerActor)):
        slugs = params.getlist(name)
        if strange := [slug for slug in slugs if slug and not library.option(name, slug)]:
            words = {row.slug: row.now for row in former.objects.filter(slug__in=strange).select_related("now")}
            named = {slug: word.slug for slug, word in words.items() if getattr(word, "is_filter", True)}
            searched = [word.slug for slug, word in words.items() if slug not in named]  # a word that is no filter
            left = [named.get(slug, slug) for slug in slugs if slug in named or slug not in words]
            now.setlist(name, list(dict.fromkeys(left)))
            if searched and not params.get("q"):
                now["q"] = " ".join(searched)
    return None if now == params else f"{reverse('cases:catalogue')}?{now.urlencode()}"


def answer(selection: Selection, library: Shelf) -> Result:
    """What the catalogue shows for this selection."""
    hits = search.find(selection.query)
    place_of = {case_id: place for place, case_id in enumerate(library.ids)} if hits else {}
    places = [place_of[case_id] for case_id in hits if case_id in place_of]
    searched = _set_of(places) if selection.query else library.everything
    left = _left(selection, searched)
    ordered = places if selection.order == BY_RELEVANCE else library.orders[selection.order]
    pages = max(1, -(-left.bit_count() // PAGE_SIZE))
    page = min(selection.page, pages)
    on_page = _slice((place for place in ordered if left >> place & 1), (page - 1) * PAGE_SIZE)
    nothing = left == 0 and selection.is_narrowed
    return Result(
        selection=Selection(selection.chosen, selection.query, selection.order, page, selection.unknown),
        total=len(library),
        found=left.bit_count(),
        case_ids=tuple(library.ids[place] for place in on_page),
        pages=pages,
        choices={name: list(_choices(name, selection, searched, library)) for name in FILTERS},
        ways_out=_ways_out(selection, searched, library) if nothing else [],
        suggestion=search.suggest(selection.query) if selection.query and not searched else None,
    )


def cards(case_ids: Iterable[int]) -> list[Case]:
    """The cases with these ids, in this order, with all that their cards show."""
    found = Case.objects.for_cards().in_bulk(list(case_ids))
    return [found[case_id] for case_id in case_ids if case_id in found]


def _left(selection: Selection, searched: int, leaving_out: str = "") -> int:
    """The cases that remain: within one filter any of the chosen, between filters all."""
    left = searched
    for name, options in selection.chosen.items():
        if options and name != leaving_out:
            left &= _union(option.cases for option in options)
    return left


def _choices(name: str, selection: Selection, searched: int, library: Shelf) -> Iterator[Choice]:
    others = _left(selection, searched, leaving_out=name)
    for option in library.options[name]:
        yield Choice(option, option in selection.chosen[name], (others & option.cases).bit_count())


def _ways_out(selection: Selection, searched: int, library: Shelf) -> list[WayOut]:
    ways = [
        WayOut(option.label, selection.without(option), _left(selection.without(option), searched).bit_count())
        for options in selection.chosen.values()
        for option in options
    ]
    if selection.query:
        rest = selection.without_query()
        ways.append(WayOut(f"“{selection.query.text}”", rest, _left(rest, library.everything).bit_count()))
    return [way for way in ways if way.count]


def _build(version: int) -> Shelf:
    rows = list(
        Case.objects.published()
        .annotate(asked=Count("questions", filter=Q(questions__retired=False, questions__module=None)))
        .order_by("number", "pk")
        .values_list("pk", "slug", "title", "part__slug", "word_count", "asked")
    )
    place_of = {row[0]: place for place, row in enumerate(rows)}
    everywhere = range(len(rows))
    lenses: dict[int, dict[str, int]] = {}
    asked = Question.objects.in_library().filter(case__in=Case.objects.published())
    for case_id, kolb, count in asked.order_by().values_list("case", "kolb").annotate(Count("pk")):
        lenses.setdefault(case_id, {})[kolb] = count
    return Shelf(
        version=version,
        ids=tuple(row[0] for row in rows),
        slugs=tuple(row[1] for row in rows),
        titles=tuple(row[2] for row in rows),
        options={
            "deel": _options("deel", _parts(), [(row[3], row[0]) for row in rows], place_of),
            "bril": _options(
                "bril",
                [(kolb.value, str(kolb.label)) for kolb in Kolb],
                [(kolb, case_id) for case_id, counts in lenses.items() for kolb in counts],
                place_of,
            ),
            "trefwoord": _options(
                "trefwoord", _keywords(), CaseKeyword.objects.values_list("keyword__slug", "case"), place_of
            ),
            "actor": _options("actor", _actors(), CaseActor.objects.values_list("actor__slug", "case"), place_of),
            "sfeer": _options(
                "sfeer",
                [(SPHERE_SLUGS[sphere], str(sphere.label)) for sphere in Sphere],
                [
                    (SPHERE_SLUGS[sphere], case_id)
                    for sphere, case_id in CaseActor.objects.values_list("actor__sphere", "case").distinct().order_by()
                ],
                place_of,
            ),
        },
        orders={
            "nummer": tuple(everywhere),
            "titel": tuple(sorted(everywhere, key=lambda i: search.fold(rows[i][2]))),
            "lengte": tuple(sorted(everywhere, key=lambda i: rows[i][4])),
            "vragen": tuple(sorted(everywhere, key=lambda i: -rows[i][5])),
        },
        lenses=lenses,
    )


def _parts() -> list[tuple[str, str]]:
    return [(part.slug, f"{part.number}. {part.title}") for part in Part.objects.all()]


def _keywords() -> list[tuple[str, str]]:
    used = Keyword.objects.filter(is_filter=True).values_list("slug", "name")
    return sorted(used, key=lambda word: search.fold(word[1]))


def _actors() -> list[tuple[str, str]]:
    actors = CaseActor.objects.order_by().values_list("actor__slug", "actor__name").distinct()
    return sorted(actors, key=lambda actor: search.fold(actor[1]))


def _options(
    name: str,
    labels: list[tuple[str, str]],
    pairs: Iterable[tuple[str, int]],
    place_of: dict[int, int],
) -> tuple[Option, ...]:
    """An option for each label that some published case has; for a fixed, short list for each label."""
    sets: dict[str, list[int]] = {}
    for slug, case_id in pairs:
        if case_id in place_of:
            sets.setdefault(slug, []).append(place_of[case_id])
    return tuple(
        Option(name, slug, label, _set_of(sets.get(slug, [])))
        for slug, label in labels
        if slug in sets or name in {"bril", "sfeer"}
    )


def _set_of(places: Iterable[int]) -> int:
    places = list(places)
    bits = bytearray(max(places, default=0) // 8 + 1)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def _places(cases: int) -> Iterator[int]:
    while cases:
        lowest = cases & -cases
        yield lowest.bit_length() - 1
        cases ^= lowest


def _union(sets: Iterable[int]) -> int:
    union = 0
    for cases in sets:
        union |= cases
    return union


def _slice(places: Iterable[int], start: int) -> list[int]:
    return list(islice(places, start, start + PAGE_SIZE))


def _page_number(text: str) -> int:
    return read_number(text, most=999_999) or 1


def _shown(value: str) -> str:
    """A value from the address, short enough to name."""
    return value if len(value) <= 40 else f"{value[:40]}…"
