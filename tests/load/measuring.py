"""What `make bench` measures with: rounds, rows, and files of figures that later runs are compared with.

In each round of a row a short slice of the bare request comes directly before a slice of the page, so that other work
of the machine slows down both. A ratio is what the page reaches of the bare request: the share of its throughput, and
of the pages that the same processor time would serve. Lower is worse.

Requests are measured at nine stack depths. CPython 3.11 and later store frames in pieces of 16 KB, and take and free a
piece whenever a call crosses its end. A page that does this in a loop takes up to twice as long, and whether it does
depends on how deep it is called, not on the page. A row with a server is the median of five rounds, and each request
has the next depth (`at_depths.py`). A row with a test client is the fastest of nine rounds, each with another depth.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
Result = TypeVar("Result")
DEPTHS = range(0, 135, 15)  # calls on the stack below a request; 16 KB are the frames of about 130 such calls
NOISY_FROM = 1.0  # a load average above this, before the start, makes the figures unfit to compare
WORSE_BY = 0.10  # the share of its ratio that a row may lose


@dataclass(frozen=True)
class Slice:
    """What a short time of asking for one thing told."""

    per_second: float
    cpu_ms: float | None  # for one request; None where the system does not tell it


@dataclass(frozen=True)
class Row:
    """The figures of one page (see above), and the lowest and highest of each ratio among them."""

    name: str
    per_second: float
    cpu_ms: float | None
    ratio: float
    spread: tuple[float, float]
    cpu_ratio: float | None
    cpu_spread: tuple[float, float] | None

    @property
    def ms(self) -> float:
        """Of one request, where nobody else asks at the same time."""
        return 1000 / self.per_second


@dataclass(frozen=True)
class Figures:
    """The rows of one run, and what has to be known of it to compare them."""

    commit: str
    load_average: float
    rows: dict[str, Row]

    @property
    def noisy(self) -> bool:
        return is_noisy(self.load_average)


@dataclass(frozen=True)
class Comparison:
    worse: list[tuple[Row, Row]]  # as it was, as it is
    compared: int
    missing: list[str]
    new: list[str]


# --- Measuring ---


def slice_of(ask: Callable[[], object], seconds: float) -> Slice:
    """Ask in this process, at least once, for about this long."""
    count, begun, spent = 0, time.perf_counter(), time.process_time()
    while not count or time.perf_counter() - begun < seconds:
        ask()
        count += 1
    took, spent = time.perf_counter() - begun, time.process_time() - spent
    return Slice(count / took, 1000 * spent / count)


def measure(name: str, bare: Callable[[], Slice], page: Callable[[], Slice]) -> Row:
    """Return the row of a page that was measured in turn with the bare request."""
    return row_of(name, [(bare(), page()) for _ in range(ROUNDS)])


def measure_at_depths(name: str, bare: Callable[[], Slice], page: Callable[[], Slice]) -> Row:
    """Return the row of a page that was measured in turn with the bare request, both in this process."""
    rounds = [(at_depth(depth, bare), at_depth(depth, page)) for depth in DEPTHS]
    best_bare, best_page = (fastest(slices) for slices in zip(*rounds, strict=True))
    spreads = row_of(name, rounds)
    return replace(
        spreads,
        per_second=best_page.per_second,
        cpu_ms=best_page.cpu_ms,
        ratio=best_page.per_second / best_bare.per_second,
        cpu_ratio=best_bare.cpu_ms / best_page.cpu_ms,
    )


def at_depth(depth: int, function: Callable[[], Result]) -> Result:
    """Call the function below this number of further calls, and return its result."""
    return at_depth(depth - 1, function) if depth else function()


def fastest(slices: Iterable[Slice]) -> Slice:
    """Return the best throughput and the least processor time, each of all slices."""
    slices = list(slices)
    return Slice(max(one.per_second for one in slices), min(one.cpu_ms for one in slices))


def row_of(name: str, rounds: list[tuple[Slice, Slice]]) -> Row:
    ratios = [page.per_second / bare.per_second for bare, page in rounds]
    told = all(bare.cpu_ms and page.cpu_ms for bare, page in rounds)
    cpu_ratios = [bare.cpu_ms / page.cpu_ms for bare, page in rounds] if told else []
    return Row(
        name,
        per_second=median(page.per_second for _, page in rounds),
        cpu_ms=median(page.cpu_ms for _, page in rounds) if told else None,
        ratio=median(ratios),
        spread=(min(ratios), max(ratios)),
        cpu_ratio=median(cpu_ratios) if told else None,
        cpu_spread=(min(cpu_ratios), max(cpu_ratios)) if told else None,
    )


def is_chosen(name: str, words: list[str]) -> bool:
    """Return whether this row has to be measured: it has one of the words in its name, or there are no words."""
    return not words or any(word in name for word in words)


# --- Printing ---


def print_head(title: str, *columns: str) -> None:
    common = f"{'a second':>9}{'CPU ms':>9}{'ratio':>9}{'spread':>15}{'CPU ratio':>11}{'spread':>15}"
    print(f"\n{title:48}{common}" + "".join(f" {column:>10}" for column in columns), flush=True)


def print_row(row: Row, *columns: str) -> None:
    """Print the row; `columns` are what only this kind of row has."""
    common = f"{row.per_second:>9.1f}{digits(row.cpu_ms):>9}{digits(row.ratio):>9}{between(row.spread):>15}"
    common += f"{digits(row.cpu_ratio):>11}{between(row.cpu_spread):>15}"
    print(f"{row.name:48}{common}" + "".join(f" {column:>10}" for column in columns), flush=True)


def digits(value: float | None) -> str:
    """Three digits that count: the ratio of a slow page is a small number."""
    if value is None:
        return "–"
    return f"{value:.4f}" if value < 0.01 else f"{value:.3g}"


def between(spread: tuple[float, float] | None) -> str:
    return "–".join(digits(value) for value in spread) if spread else ""


# --- Before the start, files and comparisons ---


def is_noisy(load_average: float) -> bool:
    return load_average > NOISY_FROM


def current_commit() -> str:
    """The commit that is measured; with a + where files differ from it, empty where there is no repository."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return f"{commit}+" if _git("status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, text=True, capture_output=True).stdout.strip()


def write_figures(file: Path, figures: Figures) -> None:
    rows = {name: asdict(row) for name, row in figures.rows.items()}
    for row in rows.values():
        del row["name"]
    about = {"commit": figures.commit, "load_average": figures.load_average, "noisy": figures.noisy}
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.write_text(json.dumps({**about, "rows": rows}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(unfinished, file)


def read_figures(file: Path) -> Figures:
    """Raise ValueError or KeyError where the file is not one that write_figures made."""
    stored = json.loads(file.read_text(encoding="utf-8"))
    rows = {name: read_row(name, fields) for name, fields in stored["rows"].items()}
    return Figures(stored["commit"], stored["load_average"], rows)


def read_row(name: str, fields: dict) -> Row:
    """Build a row from JSON, which has lists for tuples."""
    return Row(name, **{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})


def change(before: Row, after: Row) -> float:
    """Return which share of its ratio a row gained (positive) or lost: of the CPU ratio, where both have one."""
    if before.cpu_ratio and after.cpu_ratio:
        return after.cpu_ratio / before.cpu_ratio - 1
    return after.ratio / before.ratio - 1


def compare(before: dict[str, Row], after: dict[str, Row]) -> Comparison:
    """Return which rows became worse by more than a tenth, the worst one first, and which are in one of both only."""
    both = [(before[name], after[name]) for name in after if name in before]
    return Comparison(
        worse=sorted((pair for pair in both if change(*pair) < -WORSE_BY), key=lambda pair: change(*pair)),
        compared=len(both),
        missing=[name for name in before if name not in after],
        new=[name for name in after if name not in before],
    )


def sentences(before: Figures, after: Figures) -> list[str]:
    """Say how a run compares with an earlier one, a line each."""
    found = compare(before.rows, after.rows)
    lines = [f"Rows compared with those of commit {before.commit or 'unknown'}: {found.compared}."]
    for figures, name in ((before, "earlier"), (after, "new")):
        if figures.noisy:
            lines.append(f"The {name} figures are noisy: the load average was {figures.load_average:.1f}.")
    limit = f"worse by more than {WORSE_BY:.0%}"
    if found.compared:
        lines.append(f"These rows are {limit}:" if found.worse else f"No row is {limit}.")
    lines += [f"  {_worsening(*pair)}" for pair in found.worse]
    lines += [f"Missing, measured only then: {name}" for name in found.missing]
    lines += [f"New, measured only now: {name}" for name in found.new]
    return lines


def _worsening(before: Row, after: Row) -> str:
    by_cpu = bool(before.cpu_ratio and after.cpu_ratio)
    was, now = (before.cpu_ratio, after.cpu_ratio) if by_cpu else (before.ratio, after.ratio)
    kind = "CPU ratio" if by_cpu else "ratio"
    return f"{after.name}: {kind} {digits(was)}, now {digits(now)} ({change(before, after):+.0%})"
