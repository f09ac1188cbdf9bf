"""Cases to read next, for a user who knows some cases already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.library.catalogue_index import CatalogueIndex

MOST_SEEDS = 3  # the cases that a user worked on last, to find others on the same subject
WITHOUT_SEEDS = [
    ("nummer", gettext_lazy("Hiermee begint de bundel.")),
    ("lengte", gettext_lazy("Het kortste verhaal van de bundel.")),
    ("vragen", gettext_lazy("Over dit verhaal zijn de meeste vragen.")),
]


@dataclass(frozen=True)
class Suggestion:
    """A case to read, and the reason for it."""

    slug: str
    title: str
    reason: str

    def get_absolute_url(self) -> str:
        return reverse("cases:case", args=[self.slug])


def suggestions(index: CatalogueIndex, known: Sequence[int], count: int = 3) -> list[Suggestion]:
    """Return cases that are not among the known ones, of which the most recent comes first.

    They share a keyword with one of the latest known cases; if there are too few of those, the first, the shortest and
    the one with the most questions follow.
    """
    reasons: dict[int, str] = {}
    for position, reason in (*_on_the_same_subject(index, known, count), *_to_begin_with(index)):
        if index.ids[position] not in known:
            reasons.setdefault(position, reason)
    chosen = list(reasons.items())[:count]
    return [Suggestion(index.slugs[position], index.titles[position], reason) for position, reason in chosen]


def _on_the_same_subject(index: CatalogueIndex, known: Sequence[int], count: int) -> Iterable[tuple[int, str]]:
    """Return the positions of related cases with the reason: one for each latest known case, then more of each."""
    position_of = {case_id: position for position, case_id in enumerate(index.ids)}
    seeds = [case_id for case_id in known if case_id in position_of][:MOST_SEEDS]
    ranked = []
    for order, seed in enumerate(seeds):
        new = [found for found in index.related(seed, len(index)) if found[0] not in known]
        for rank, (case_id, words) in enumerate(new[:count]):
            beside = {"word": words[0], "title": index.titles[position_of[seed]]}
            ranked.append(
                (rank, order, position_of[case_id], _("Gaat ook over %(word)s, net als ‘%(title)s’.") % beside)
            )
    return [(position, reason) for _rank, _order, position, reason in sorted(ranked)]


def _to_begin_with(index: CatalogueIndex) -> Iterable[tuple[int, str]]:
    return [(index.orders[order][0], str(reason)) for order, reason in WITHOUT_SEEDS if len(index)]
