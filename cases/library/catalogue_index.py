"""The catalogue index: the published cases, and for each option of a filter the cases that have it.

A process builds the index once and uses it until the version of the library changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from django.db.models import Count, Q

from cases.library import search
from cases.library.case_set import CaseSet
from cases.models import Case, CaseActor, CaseKeyword, Keyword, Library, Part, Sphere
from questions.models import Kolb, Question

SPHERE_SLUGS = {Sphere.INFORMAL: "informeel", Sphere.HYBRID: "ertussenin", Sphere.FORMAL: "formeel"}

Labels = Iterable[tuple[str, str]]  # the slug and the label of each option
Pairs = Iterable[tuple[str, int]]  # the slug of an option, and the id of a case that has it


@dataclass(frozen=True)
class Option:
    """An option of a filter, with the cases that have it."""

    filter: str
    slug: str
    label: str
    cases: CaseSet


@dataclass(frozen=True)
class CatalogueIndex:
    """The published library at one version. The position of a case is its rank by number."""

    version: int
    ids: tuple[int, ...]
    slugs: tuple[str, ...]
    titles: tuple[str, ...]
    options: dict[str, tuple[Option, ...]]  # by filter
    orders: dict[str, tuple[int, ...]]  # the positions, by order
    lenses: dict[int, dict[str, int]]  # the number of questions of each lens, by case id

    @property
    def all_cases(self) -> CaseSet:
        return CaseSet.first(len(self))

    def __len__(self) -> int:
        return len(self.ids)

    def option(self, name: str, slug: str) -> Option | None:
        """Return the option of this filter with this slug; None where the library has none."""
        return next((option for option in self.options[name] if option.slug == slug), None)

    def with_neighbours(self, case_id: int) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
        """Return (slug, title) of the cases before and after this one, by number."""
        position = self.ids.index(case_id)
        before, after = position - 1, position + 1
        return (
            (self.slugs[before], self.titles[before]) if before >= 0 else None,
            (self.slugs[after], self.titles[after]) if after < len(self) else None,
        )

    def related(self, case_id: int, count: int = 3) -> list[tuple[int, list[str]]]:
        """Return the cases that share most keywords with this one: (case id, the keywords they share)."""
        own = self.ids.index(case_id)
        shared: dict[int, list[str]] = {}
        for option in self.options["trefwoord"]:
            for position in option.cases if own in option.cases else ():
                shared.setdefault(position, []).append(option.label)
        shared.pop(own, None)
        # A rare keyword in common means more than a common one, so it decides between equals.
        sizes = {option.label: len(option.cases) for option in self.options["trefwoord"]}
        best = sorted(shared, key=lambda at: (-len(shared[at]), min(sizes[word] for word in shared[at]), at))
        return [(self.ids[position], shared[position]) for position in best[:count]]


_lock = Lock()
_latest: CatalogueIndex | None = None


def current_index() -> CatalogueIndex:
    """Return the index of the library as it is now.

    Takes one query, unless the library changed since this process last asked.
    """
    global _latest
    version = Library.objects.values_list("version", flat=True).first() or 0
    index = _latest
    if index is None or index.version != version:
        with _lock:
            index = _latest = _latest if _latest is not None and _latest.version == version else _build(version)
    return index


def forget() -> None:
    """Delete the index of this process. For tests, which roll the library back."""
    global _latest
    _latest = None


@dataclass(frozen=True)
class _Row:
    """The data of a published case that the index needs."""

    id: int
    slug: str
    title: str
    part: str
    word_count: int
    asked: int


def _build(version: int) -> CatalogueIndex:
    rows = _rows()
    position_of = {row.id: position for position, row in enumerate(rows)}
    lenses = _lenses_of_cases()
    return CatalogueIndex(
        version=version,
        ids=tuple(row.id for row in rows),
        slugs=tuple(row.slug for row in rows),
        titles=tuple(row.title for row in rows),
        options={
            "deel": _part_options(rows, position_of),
            "bril": _lens_options(lenses, position_of),
            "trefwoord": _keyword_options(position_of),
            "actor": _actor_options(position_of),
            "sfeer": _sphere_options(position_of),
        },
        orders=_orders(rows),
        lenses=lenses,
    )


def _rows() -> list[_Row]:
    cases = (
        Case.objects.published()
        .annotate(asked=Count("questions", filter=Q(questions__retired=False, questions__module=None)))
        .order_by("number", "pk")
    )
    return [_Row(*row) for row in cases.values_list("pk", "slug", "title", "part__slug", "word_count", "asked")]


def _orders(rows: list[_Row]) -> dict[str, tuple[int, ...]]:
    positions = range(len(rows))
    return {
        "nummer": tuple(positions),
        "titel": tuple(sorted(positions, key=lambda at: search.fold(rows[at].title))),
        "lengte": tuple(sorted(positions, key=lambda at: rows[at].word_count)),
        "vragen": tuple(sorted(positions, key=lambda at: -rows[at].asked)),
    }


def _lenses_of_cases() -> dict[int, dict[str, int]]:
    lenses: dict[int, dict[str, int]] = {}
    asked = Question.objects.in_library().filter(case__in=Case.objects.published())
    for case_id, kolb, count in asked.order_by().values_list("case", "kolb").annotate(Count("pk")):
        lenses.setdefault(case_id, {})[kolb] = count
    return lenses


def _part_options(rows: list[_Row], position_of: dict[int, int]) -> tuple[Option, ...]:
    labels = [(part.slug, f"{part.number}. {part.title}") for part in Part.objects.all()]
    return _used("deel", labels, _sets([(row.part, row.id) for row in rows], position_of))


def _lens_options(lenses: dict[int, dict[str, int]], position_of: dict[int, int]) -> tuple[Option, ...]:
    labels = [(kolb.value, str(kolb.label)) for kolb in Kolb]
    return _all("bril", labels, _sets([(kolb, id) for id, counts in lenses.items() for kolb in counts], position_of))


def _keyword_options(position_of: dict[int, int]) -> tuple[Option, ...]:
    labels = Keyword.objects.filter(is_filter=True).values_list("slug", "name")
    sets = _sets(CaseKeyword.objects.values_list("keyword__slug", "case"), position_of)
    return _used("trefwoord", _by_label(labels), sets)


def _actor_options(position_of: dict[int, int]) -> tuple[Option, ...]:
    labels = CaseActor.objects.order_by().values_list("actor__slug", "actor__name").distinct()
    sets = _sets(CaseActor.objects.values_list("actor__slug", "case"), position_of)
    return _used("actor", _by_label(labels), sets)


def _sphere_options(position_of: dict[int, int]) -> tuple[Option, ...]:
    labels = [(SPHERE_SLUGS[sphere], str(sphere.label)) for sphere in Sphere]
    pairs = CaseActor.objects.values_list("actor__sphere", "case").distinct().order_by()
    return _all("sfeer", labels, _sets([(SPHERE_SLUGS[sphere], id) for sphere, id in pairs], position_of))


def _by_label(labels: Labels) -> list[tuple[str, str]]:
    return sorted(labels, key=lambda option: search.fold(option[1]))


def _sets(pairs: Pairs, position_of: dict[int, int]) -> dict[str, CaseSet]:
    """Return the published cases that have each option, by the slug of the option."""
    positions: dict[str, list[int]] = {}
    for slug, case_id in pairs:
        if case_id in position_of:
            positions.setdefault(slug, []).append(position_of[case_id])
    return {slug: CaseSet.of(found) for slug, found in positions.items()}


def _used(name: str, labels: Labels, sets: dict[str, CaseSet]) -> tuple[Option, ...]:
    """Return an option for each label that some published case has."""
    return tuple(Option(name, slug, label, sets[slug]) for slug, label in labels if slug in sets)


def _all(name: str, labels: Labels, sets: dict[str, CaseSet]) -> tuple[Option, ...]:
    """Return an option for each label of a fixed, short list."""
    return tuple(Option(name, slug, label, sets.get(slug, CaseSet())) for slug, label in labels)
