"""Figures for the pictures that templates draw as inline SVG: the Kolb ring and the actor map."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from cases.models import CaseActor, Sphere
from questions.models import Kolb

COUNT_WORDS = ("geen", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien")


@dataclass(frozen=True)
class Slice:
    kolb: Kolb
    count: int

    @property
    def filled(self) -> int:
        """Slots of its quarter that are filled: three means three or more."""
        return min(3, self.count)


@dataclass(frozen=True)
class Ring:
    """How many questions there are of each kind."""

    slices: tuple[Slice, ...]

    @property
    def total(self) -> int:
        return sum(part.count for part in self.slices)

    @property
    def total_in_words(self) -> str:
        """«vier vragen»: what stands beside the picture."""
        total = COUNT_WORDS[self.total] if self.total < len(COUNT_WORDS) else str(self.total)
        return f"{total} {'vraag' if self.total == 1 else 'vragen'}"

    @property
    def description(self) -> str:
        """The picture in words."""
        counts = ", ".join(f"{part.count} {part.kolb.label}" for part in self.slices if part.count)
        return f"{self.total_in_words.capitalize()}: {counts}" if counts else "Nog geen vragen"


def ring(counts: dict[str, int]) -> Ring:
    return Ring(tuple(Slice(kolb, counts.get(kolb.value, 0)) for kolb in Kolb))


# The map is drawn in a fixed width; its height follows the longest column. The border between informal and formal is a
# Bézier curve, the S of the book, and hybrid actors stand on it.
WIDTH, TOP, LINE, GAP = 1120, 92, 20, 26
COLUMNS = {Sphere.INFORMAL: 77, Sphere.FORMAL: 835}
BORDER = (512, 812, 212, 512)
WRAP = {Sphere.INFORMAL: 34, Sphere.HYBRID: 26, Sphere.FORMAL: 29}
LABEL_OFFSET = 25


@dataclass(frozen=True)
class Spot:
    """One actor on the map: where its mark stands, and the lines of its label."""

    sphere: Sphere
    x: int
    y: int
    person: tuple[str, ...]
    actor: tuple[str, ...]

    @property
    def label_x(self) -> int:
        return self.x + LABEL_OFFSET

    @property
    def mark_y(self) -> int:
        return self.y - 12


@dataclass(frozen=True)
class ActorMap:
    height: int
    spots: tuple[Spot, ...]

    @property
    def border(self) -> str:
        """The S between the two halves, as the curve of an SVG path that starts at its top."""
        first, second = round(self.height * 0.36), round(self.height * 0.64)
        return f"C{BORDER[1]} {first} {BORDER[2]} {second} {BORDER[3]} {self.height}"


@dataclass(frozen=True)
class SphereList:
    sphere: Sphere
    actors: tuple[CaseActor, ...]


def spheres(lines: Iterable[CaseActor]) -> list[SphereList]:
    """The actors of a case by sphere, in the order of the axis, empty spheres left out."""
    lines = list(lines)
    groups = [SphereList(sphere, tuple(line for line in lines if line.actor.sphere == sphere)) for sphere in Sphere]
    return [group for group in groups if group.actors]


def actor_map(lines: Iterable[CaseActor]) -> ActorMap:
    columns = {group.sphere: [_label(line) for line in group.actors] for group in spheres(lines)}
    needed = {
        sphere: sum(len(p) + len(a) for p, a in labels) * LINE + len(labels) * GAP for sphere, labels in columns.items()
    }
    room = max(needed.values(), default=0)
    height = TOP + room + 10
    spots = []
    for sphere, labels in columns.items():
        spare = (room - needed[sphere]) / len(labels)
        y = TOP + spare / 2
        for person, actor in labels:
            x = COLUMNS.get(sphere) or _border_x(y / height)
            spots.append(Spot(sphere, round(x), round(y), person, actor))
            y += (len(person) + len(actor)) * LINE + GAP + spare
    return ActorMap(round(height), tuple(spots))


def _label(line: CaseActor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The name in the story with the kind of actor under it; the kind alone where the story gives no name."""
    width = WRAP[Sphere(line.actor.sphere)]
    name = tuple(textwrap.wrap(line.person or line.actor.name, width))
    return name, tuple(textwrap.wrap(line.actor.name, width)) if line.person else ()


def _border_x(height: float) -> float:
    """Where the S runs, less half a mark, at this height (0 is the top, 1 the bottom)."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        if _bezier(middle, (0, 0.36, 0.64, 1)) < height:
            low = middle
        else:
            high = middle
    return _bezier(low, BORDER) - 7


def _bezier(t: float, points: tuple[float, float, float, float]) -> float:
    a, b, c, d = points
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
