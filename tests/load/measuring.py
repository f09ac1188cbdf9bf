"""The measurements of `make bench`: rounds, rows, and files of figures to compare later runs with.

In each round of a row a short slice of the bare request is measured directly before a slice of the page, so that other
work on the machine slows down both. A ratio compares the page with the bare request: its throughput divided by that of
the bare request, or for the CPU ratio the processor time of the bare request divided by its own. Lower is worse.

Requests are measured at nine stack depths. CPython 3.11 and later store frames in chunks of 16 KB, and allocate or free
a chunk whenever a call crosses its end. A page that does this in a loop takes up to twice as long, and whether it does
depends on its stack depth, not on the page. A row with a server is the median of five rounds, and each request has the
next depth (`at_depths.py`). A row with a test client is the fastest of nine rounds, each at another depth.
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
MAX_LOAD_AVERAGE = 1.0  # with a higher load average before the start, the figures cannot be compared
MAX_LOSS = 0.10  # the largest allowed decrease of a ratio, as a share of it


@dataclass(frozen=True)
class Slice:
    """The throughput and processor time of one kind of request, measured for a short time."""

    per_second: float
    cpu_ms: float | None  # of one request; None if the system does not report it


@dataclass(frozen=True)
class Row:
    """The figures of one page, with the lowest and highest of each ratio."""

    name: str
    per_second: float
    cpu_ms: float | None
    ratio: float
    spread: tuple[float, float]
    cpu_ratio: float | None
    cpu_spread: tuple[float, float] | None

    @property
    def ms(self) -> float:
        """Return the milliseconds of one request without concurrent requests."""
        return 1000 / self.per_second


@dataclass(frozen=True)
class Figures:
    """The rows of one run, with its commit and load average."""

    commit: str
    load_average: float
    rows: dict[str, Row]

    @property
    def noisy(self) -> bool:
        return is_noisy(self.load_average)


@dataclass(frozen=True)
class Comparison:
    worse: list[tuple[Row, Row]]  # before and after
    compared: int
    missing: list[str]
    new: list[str]


# --- Measuring ---


def measure_slice(send_request: Callable[[], object], seconds: float) -> Slice:
    """Send requests in this process for about this number of seconds, at least one, and return the slice."""
    count, started, cpu_started = 0, time.perf_counter(), time.process_time()
    while not count or time.perf_counter() - started < seconds:
        send_request()
        count += 1
    elapsed, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return Slice(count / elapsed, 1000 * cpu_seconds / count)


def measure(name: str, bare: Callable[[], Slice], page: Callable[[], Slice]) -> Row:
    """Measure a page in turn with the bare request, and return its row."""
    return row_of(name, [(bare(), page()) for _ in range(ROUNDS)])


def measure_at_depths(name: str, bare: Callable[[], Slice], page: Callable[[], Slice]) -> Row:
    """Measure a page in turn with the bare request at every stack depth, and return its row."""
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
    has_cpu = all(bare.cpu_ms and page.cpu_ms for bare, page in rounds)
    cpu_ratios = [bare.cpu_ms / page.cpu_ms for bare, page in rounds] if has_cpu else []
    return Row(
        name,
        per_second=median(page.per_second for _, page in rounds),
        cpu_ms=median(page.cpu_ms for _, page in rounds) if has_cpu else None,
        ratio=median(ratios),
        spread=(min(ratios), max(ratios)),
        cpu_ratio=median(cpu_ratios) if has_cpu else None,
        cpu_spread=(min(cpu_ratios), max(cpu_ratios)) if has_cpu else None,
    )


def is_chosen(name: str, words: list[str]) -> bool:
    """Return whether the name of a row has one of the words; without words every row is measured."""
    return not words or any(word in name for word in words)


# --- Printing ---


def print_head(title: str, *columns: str) -> None:
    common = f"{'a second':>9}{'CPU ms':>9}{'ratio':>9}{'spread':>15}{'CPU ratio':>11}{'spread':>15}"
    print(f"\n{title:48}{common}" + "".join(f" {column:>10}" for column in columns), flush=True)


def print_row(row: Row, *columns: str) -> None:
    """Print the row, followed by the additional columns of its kind."""
    common = f"{row.per_second:>9.1f}{format_number(row.cpu_ms):>9}"
    common += f"{format_number(row.ratio):>9}{format_spread(row.spread):>15}"
    common += f"{format_number(row.cpu_ratio):>11}{format_spread(row.cpu_spread):>15}"
    print(f"{row.name:48}{common}" + "".join(f" {column:>10}" for column in columns), flush=True)


def format_number(value: float | None) -> str:
    """Return a number with three significant digits, or four decimals if it is below 0.01."""
    if value is None:
        return "–"
    return f"{value:.4f}" if value < 0.01 else f"{value:.3g}"


def format_spread(spread: tuple[float, float] | None) -> str:
    return "–".join(format_number(value) for value in spread) if spread else ""


# --- Before the start, files and comparisons ---


def is_noisy(load_average: float) -> bool:
    return load_average > MAX_LOAD_AVERAGE


def current_commit() -> str:
    """Return the measured commit, with a + if files differ from it; empty without a repository."""
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
    """Return the figures in a file; raise ValueError or KeyError if write_figures did not write it."""
    stored = json.loads(file.read_text(encoding="utf-8"))
    rows = {name: read_row(name, fields) for name, fields in stored["rows"].items()}
    return Figures(stored["commit"], stored["load_average"], rows)


def read_row(name: str, fields: dict) -> Row:
    """Return a row from its JSON fields, which have lists in place of tuples."""
    return Row(name, **{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})


def relative_change(before: Row, after: Row) -> float:
    """Return the relative change of the CPU ratio, or of the ratio if one of the rows has no CPU ratio."""
    if before.cpu_ratio and after.cpu_ratio:
        return after.cpu_ratio / before.cpu_ratio - 1
    return after.ratio / before.ratio - 1


def compare(before: dict[str, Row], after: dict[str, Row]) -> Comparison:
    """Return the rows that became worse by more than MAX_LOSS, worst first, and those in only one of the two sets."""
    both = [(before[name], after[name]) for name in after if name in before]
    return Comparison(
        worse=sorted(
            (pair for pair in both if relative_change(*pair) < -MAX_LOSS), key=lambda pair: relative_change(*pair)
        ),
        compared=len(both),
        missing=[name for name in before if name not in after],
        new=[name for name in after if name not in before],
    )


def comparison_lines(before: Figures, after: Figures) -> list[str]:
    """Return the lines of the report that compares a run with an earlier one."""
    found = compare(before.rows, after.rows)
    lines = [f"Rows compared with those of commit {before.commit or 'unknown'}: {found.compared}."]
    for figures, name in ((before, "earlier"), (after, "new")):
        if figures.noisy:
            lines.append(f"The {name} figures are noisy: the load average was {figures.load_average:.1f}.")
    limit = f"worse by more than {MAX_LOSS:.0%}"
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
    return (
        f"{after.name}: {kind} {format_number(was)}, now {format_number(now)} ({relative_change(before, after):+.0%})"
    )
