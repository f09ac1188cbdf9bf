"""Differences between two texts, word by word, as runs that a template can mark.

The work is limited whatever the texts are: comparing rows of tokens takes quadratic time, and more where tokens repeat.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from hashlib import sha256
from itertools import accumulate, groupby
from os.path import commonprefix
from threading import Lock

LINE = re.compile(r"[^\n]*\n\s*\n|[^\n]*\n|[^\n]+")  # with the blank lines after it
WORD = re.compile(r"(\s*)(\w+|[^\w\s])")
LONGEST_GAP = 2  # words that two wordings have in common by chance
MOST_TOKENS = 4_000  # lines of a text, or words of a passage
MOST_PAIRS = 200_000  # of a token in one row with the same token in the other
MOST_STEPS = 500_000  # pairs that are examined for two texts, some of them more than once
MOST_STEPS_OF_PAGE = 2_000_000  # and for all the texts that an editor sees compared on one page
MOST_CACHED = 256  # differences
MOST_CACHED_TEXT = 4_000_000  # characters in all of them


@dataclass(frozen=True)
class Run:
    """A piece of text that both have («same»), only the old («gone»), or only the new («new»)."""

    kind: str
    text: str


@dataclass
class Work:
    """The amount of comparison that is left. What exceeds it is shown as replaced, and sets `is_cut`."""

    left: int = MOST_STEPS
    is_cut: bool = False

    def may_do(self, amount: int) -> bool:
        """Return whether there is work left for this, and count it as done."""
        if amount > self.left:
            return False
        self.left -= amount
        return True


@dataclass(frozen=True)
class Difference:
    """The two texts as one row of runs: without the new ones it is the old text, without those gone the new text."""

    runs: list[Run]
    is_coarse: bool  # a passage is shown as replaced because comparing its words was too much work


def difference(old: str, new: str) -> list[Run]:
    """Return the runs of the difference between two texts."""
    return compared(old, new).runs


def compared(old: str, new: str, work: Work | None = None) -> Difference:
    """Return the difference: first line by line, then word by word within what was replaced.

    Texts that are compared for one page share its `work`.
    """
    if old == new:
        return Difference(_joined([Run("same", new)]), is_coarse=False)
    own = Work(min(MOST_STEPS, work.left) if work else MOST_STEPS)
    begun = own.left
    lines = LINE.findall(old), LINE.findall(new)
    if max(map(len, lines)) > MOST_TOKENS:
        return Difference(_joined([Run("gone", old), Run("new", new)]), is_coarse=True)
    runs: list[Run] = []
    for kind, (i, j), (k, m) in _pieces(*lines, own):
        before, after = "".join(lines[0][i:j]), "".join(lines[1][k:m])
        if kind == "equal":
            runs.append(Run("same", after))
        else:
            runs += _words(before, after, own)
    if work:
        work.left -= begun - own.left
    return Difference(_joined(runs), own.is_cut)


class DifferenceCache:
    """A cache of differences, in the memory of this process alone: the texts can be private.

    A submission never changes, so neither does its difference. Those used longest ago are deleted first.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[Difference, int]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, old: str, new: str) -> Difference | None:
        """Return the cached difference of these texts, if any."""
        with self._lock:
            key = self._key(old, new)
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def make(self, old: str, new: str) -> Difference:
        """Return the difference of these texts, and cache it."""
        made = self.get(old, new)
        if made is None:
            made = compared(old, new)
            with self._lock:
                self._put(self._key(old, new), made)
        return made

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _put(self, key: bytes, made: Difference) -> None:
        self._size -= self._kept.pop(key, (made, 0))[1]
        self._kept[key] = made, sum(len(run.text) for run in made.runs)
        self._size += self._kept[key][1]
        while len(self._kept) > 1 and (len(self._kept) > MOST_CACHED or self._size > MOST_CACHED_TEXT):
            self._size -= self._kept.popitem(last=False)[1][1]

    @staticmethod
    def _key(old: str, new: str) -> bytes:
        return b"".join(sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (old, new))


cache = DifferenceCache()


def is_changed(runs: list[Run]) -> bool:
    """Return whether any run was added or removed."""
    return any(run.kind != "same" for run in runs)


def _words(before: str, after: str, work: Work) -> list[Run]:
    """Return the runs of a passage. Words are compared without the space before them, which all words have."""
    old, new = WORD.findall(before.rstrip()), WORD.findall(after.rstrip())
    if not old or not new:
        return [Run("gone", before), Run("new", after)]
    if max(len(old), len(new)) > MOST_TOKENS:
        work.is_cut = True
        return [Run("gone", before), Run("new", after)]
    runs: list[Run] = []
    for kind, (i, j), (k, m) in _pieces([word for _, word in old], [word for _, word in new], work):
        if kind == "equal":
            for (gap, word), (gap_now, _) in zip(old[i:j], new[k:m], strict=True):
                runs += [*_replaced(gap, gap_now), Run("same", word)]
        else:
            runs += _replaced("".join(map("".join, old[i:j])), "".join(map("".join, new[k:m])))
    return runs + _replaced(_end_space(before), _end_space(after))


def _end_space(text: str) -> str:
    return text[len(text.rstrip()) :]


def _replaced(gone: str, new: str) -> list[Run]:
    """Return what was there and what replaced it, without the space at either side that both have."""
    if gone == new:
        return [Run("same", new)]
    start = len(commonprefix([gone[: -len(gone.lstrip()) or None], new[: -len(new.lstrip()) or None]]))
    head, gone, new = gone[:start], gone[start:], new[start:]
    return [Run("same", head), Run("gone", gone), Run("new", new)]


Piece = tuple[str, tuple[int, int], tuple[int, int]]


def _pieces(old: list[str], new: list[str], work: Work) -> Iterator[Piece]:
    """Return the steps from one row of tokens to the other. The tokens at the start and end of both cost nothing."""
    shortest = min(len(old), len(new))
    head = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    tail = next((n for n in range(shortest - head) if old[-1 - n] != new[-1 - n]), shortest - head)
    yield "equal", (0, head), (0, head)
    middle = _BoundedMatcher(old[head : len(old) - tail], new[head : len(new) - tail], work)
    for kind, i, j, k, m in middle.get_opcodes():
        yield kind, (head + i, head + j), (head + k, head + m)
    yield "equal", (len(old) - tail, len(old)), (len(new) - tail, len(new))


class _BoundedMatcher(SequenceMatcher[str]):
    """A matcher that looks for no match in a stretch for which not enough work is left; it counts as replaced."""

    def __init__(self, old: list[str], new: list[str], work: Work) -> None:
        super().__init__(None, old, new, autojunk=False)
        self._work = work
        times = Counter(new)
        self._pairs = [0, *accumulate(times[token] for token in old)]

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        ahi = len(self._pairs) - 1 if ahi is None else ahi
        pairs = self._pairs[ahi] - self._pairs[alo]
        if pairs > MOST_PAIRS or not self._work.may_do(ahi - alo + pairs):
            self._work.is_cut = True
            return Match(alo, blo, 0)
        return super().find_longest_match(alo, ahi, blo, bhi)


def _is_gap(text: str) -> bool:
    return "\n" not in text and len(text.split()) <= LONGEST_GAP


def _joined(runs: list[Run]) -> list[Run]:
    """Return the runs without empty ones, and with a word or two between changes counted as changed: easier to read."""
    smooth = _without_gaps([Run(kind, text) for kind, text in _merged(runs)])
    joined = []
    for is_same, group in groupby(smooth, key=lambda run: run.kind == "same"):
        stretch = list(group)
        for kind in ["same"] if is_same else ["gone", "new"]:
            text = "".join(run.text for run in stretch if run.kind == kind)
            joined += [Run(kind, text)] if text else []
    return joined


def _without_gaps(runs: list[Run]) -> list[Run]:
    """Return the runs with a word or two between changes as both gone and new."""
    smooth: list[Run] = []
    for before, run, after in zip([None, *runs], runs, [*runs[1:], None], strict=False):
        is_between = before and after and "same" not in {before.kind, after.kind}
        if run.kind == "same" and is_between and _is_gap(run.text):
            smooth += [Run("gone", run.text), Run("new", run.text)]
        else:
            smooth.append(run)
    return smooth


def _merged(runs: list[Run]) -> Iterator[tuple[str, str]]:
    """Return the runs with neighbours of the same kind as one."""
    for kind, group in groupby((run for run in runs if run.text), key=lambda run: run.kind):
        yield kind, "".join(run.text for run in group)
