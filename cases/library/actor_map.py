"""Figures for the actor map, which templates draw as inline SVG."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cases.models import CaseActor, Sphere

# The map has a fixed width; its height follows the longest column. The border between informal and formal is a Bézier
# curve, the S of the book, and hybrid actors are on it. Labels are wrapped by an estimate of their width, so that none
# reaches the next column or the edge.
WIDTH, TOP, GAP, FOOT = 1120, 100, 26, 12
COLUMNS = {Sphere.INFORMAL: 44, Sphere.FORMAL: 838}
BORDER = (494, 776, 212, 494)
NAME, KIND, LINE = 18, 15, 21  # font sizes, as in the style sheet, and the distance between lines
MARK = 14
LABEL_OFFSET = 26
ROOM = {Sphere.INFORMAL: 310, Sphere.HYBRID: 220, Sphere.FORMAL: 246}
# Widths of letters of the font of the interface in em, at the weight of a name.
_WIDTHS = {
    **dict.fromkeys("ijlI.,:;!|'‘’", 0.26),
    **dict.fromkeys("frt-()/ ", 0.38),
    **dict.fromkeys("mwMW@%", 0.88),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ&", 0.69),
}


@dataclass(frozen=True)
class Spot:
    """An actor on the map: the position of its mark, and the lines of its label."""

    sphere: Sphere
    x: int
    y: int
    label_x: int
    person: tuple[str, ...]
    actor: tuple[str, ...]

    @property
    def mark_y(self) -> int:
        """Return the top of the mark, which is level with the first line; y is the bottom of that line."""
        return self.y - MARK + 1


@dataclass(frozen=True)
class ActorMap:
    height: int
    spots: tuple[Spot, ...]

    @property
    def border(self) -> str:
        """Return the S between the two halves, as the curve of an SVG path that starts at its top."""
        first, second = round(self.height * 0.36), round(self.height * 0.64)
        return f"C{BORDER[1]} {first} {BORDER[2]} {second} {BORDER[3]} {self.height}"

    @property
    def border_top(self) -> int:
        return BORDER[0]

    @property
    def heads(self) -> list[tuple[Sphere, int]]:
        """Return the three spheres, each with the horizontal position of its name above the map."""
        middle = round(_border_reach(20, 60, self.height)) + LABEL_OFFSET
        return [(sphere, COLUMNS.get(sphere, middle)) for sphere in Sphere]


@dataclass(frozen=True)
class Named:
    """An actor as readers see it: the name in the story and, unless that is the same, the kind."""

    name: str
    kind: str


@dataclass(frozen=True)
class SphereList:
    sphere: Sphere
    actors: tuple[Named, ...]


def spheres(lines: Iterable[CaseActor]) -> list[SphereList]:
    """Return the actors of a case by sphere, in the order of the axis, without empty spheres."""
    lines = list(lines)
    groups = [
        SphereList(sphere, tuple(_named(line) for line in lines if line.actor.sphere == sphere)) for sphere in Sphere
    ]
    return [group for group in groups if group.actors]


def _named(line: CaseActor) -> Named:
    bare = re.sub(r"^(de|het|een) ", "", line.person.casefold())
    says_it_already = not bare or bare == line.actor.name.casefold()
    return Named(line.person or line.actor.name, "" if says_it_already else line.actor.name)


def actor_map(lines: Iterable[CaseActor]) -> ActorMap:
    """Return the map of these actors, with the position of each."""
    columns = {group.sphere: [_label(actor, group.sphere) for actor in group.actors] for group in spheres(lines)}
    needed = {sphere: sum(len(p + a) * LINE + GAP for p, a in labels) for sphere, labels in columns.items()}
    room = max(needed.values(), default=0)
    height = TOP + room + FOOT
    spots = []
    for sphere, labels in columns.items():
        spare = (room - needed[sphere]) / len(labels)
        y = TOP + spare / 2
        for person, actor in labels:
            x, label_x = _across(sphere, y, len(person + actor), height)
            spots.append(Spot(sphere, x, round(y), label_x, person, actor))
            y += len(person + actor) * LINE + GAP + spare
    return ActorMap(height, tuple(spots))


def _across(sphere: Sphere, y: float, lines: int, height: int) -> tuple[int, int]:
    """Return the horizontal positions of the mark and the label of an actor."""
    if sphere in COLUMNS:
        return COLUMNS[sphere], COLUMNS[sphere] + LABEL_OFFSET
    # The label stays right of the border, also next to its later lines.
    reach = _border_reach(y - NAME, y + (lines - 1) * LINE, height) + MARK
    x = _border_x((y - MARK / 2) / height) - MARK / 2
    return round(x), round(max(x + LABEL_OFFSET, reach))


def _label(actor: Named, sphere: Sphere) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(_wrap(actor.name, ROOM[sphere] / NAME)), tuple(_wrap(actor.kind, ROOM[sphere] / KIND))


def _wrap(text: str, room: float) -> Iterator[str]:
    """Return the text in lines of at most this many em. A word that is too long is cut."""
    line = ""
    for word in text.split():
        while _width(word) > room:
            fits = next(n for n in range(len(word), 0, -1) if n == 1 or _width(word[:n]) < room - 0.4)
            if line:
                yield line
            yield f"{word[:fits]}-"
            line, word = "", word[fits:]
        if line and _width(f"{line} {word}") > room:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def _width(text: str) -> float:
    return sum(_WIDTHS.get(letter, 0.57) for letter in text)


def _border_reach(top: float, bottom: float, height: float) -> float:
    """Return the rightmost position of the S between two heights."""
    steps = 8
    return max(_border_x((top + (bottom - top) * step / steps) / height) for step in range(steps + 1))


def _border_x(height: float) -> float:
    """Return the horizontal position of the S at this height (0 is the top, 1 the bottom)."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        if _bezier(middle, (0, 0.36, 0.64, 1)) < height:
            low = middle
        else:
            high = middle
    return _bezier(low, BORDER)


def _bezier(t: float, points: tuple[float, float, float, float]) -> float:
    a, b, c, d = points
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
