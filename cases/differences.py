"""What changed between two texts, word by word, as runs that a template can mark."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
LONGEST_GAP = 2  # words that two wordings have in common by chance
MOST_TOKENS = 4_000  # comparing word by word takes time with the square; a longer passage is shown as replaced


@dataclass(frozen=True)
class Run:
    """A piece of text that both have («same»), only the old («gone»), or only the new («new»)."""

    kind: str
    text: str


def difference(old: str, new: str) -> list[Run]:
    """The two texts as one row of runs: without what is new it reads as the old, without what is gone as the new.

    First line by line, then word by word within what was replaced, so that long texts stay quick.
    """
    lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if max(map(len, lines)) > MOST_TOKENS:
        return [Run("same", new)] if old == new else [Run("gone", old), Run("new", new)]
    runs: list[Run] = []
    for kind, before, after in _pieces(*lines):
        runs += _words(before, after) if kind == "replace" else [Run("gone", before), Run("new", after)]
        if kind == "equal":
            runs[-2:] = [Run("same", after)]
    return _joined(runs)


def is_changed(runs: list[Run]) -> bool:
    return any(run.kind != "same" for run in runs)


def _words(before: str, after: str) -> list[Run]:
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    if max(len(old), len(new)) > MOST_TOKENS:
        return [Run("gone", before), Run("new", after)]
    runs = []
    for kind, gone, added in _pieces(old, new):
        runs += [Run("same", added)] if kind == "equal" else [Run("gone", gone), Run("new", added)]
    return runs


def _pieces(old: list[str], new: list[str]):
    """What SequenceMatcher makes of two rows of tokens, each piece as text."""
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield kind, "".join(old[i:j]), "".join(new[k:m])


def _is_gap(text: str) -> bool:
    return "\n" not in text and len(text.split()) <= LONGEST_GAP


def _joined(runs: list[Run]) -> list[Run]:
    """Without empty runs, and a word or two between changes counted with them: whole phrases read better."""
    runs = [run for run in runs if run.text]
    smooth: list[Run] = []
    for before, run, after in zip([None, *runs], runs, [*runs[1:], None], strict=False):
        is_between = before and after and "same" not in {before.kind, after.kind}
        if run.kind == "same" and is_between and _is_gap(run.text):
            smooth += [Run("gone", run.text), Run("new", run.text)]
        else:
            smooth.append(run)
    joined = []
    for is_same, group in groupby(smooth, key=lambda run: run.kind == "same"):
        stretch = list(group)
        kinds = ["same"] if is_same else ["gone", "new"]
        joined += [
            Run(kind, text) for kind in kinds if (text := "".join(run.text for run in stretch if run.kind == kind))
        ]
    return joined
