"""Measure the site in comparison with an empty Django site and with an earlier run. Asserts nothing.

    make bench
    make bench ARGS="save desk"              only the rows that have such a word in their name
    make bench ARGS="--save before.json"     saves the figures
    make bench ARGS="--against before.json"  lists the rows that became worse by more than 10 %

Each kind of row is measured in a separate process, because each uses its own site and database.
"""

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import beside_bare_views
import ten_thousand_cases
import three_hundred_students
from measuring import (
    DEPTHS,
    ROUNDS,
    Figures,
    Row,
    comparison_lines,
    current_commit,
    is_chosen,
    is_noisy,
    read_figures,
    write_figures,
)

KINDS = (beside_bare_views.measure_rows, ten_thousand_cases.measure_rows, three_hundred_students.measure_rows)


def main() -> None:
    load_average = os.getloadavg()[0]  # read before this process adds to it
    options = parse_arguments()
    print(f"{os.cpu_count()} cores, load average {load_average:.1f}{', noisy' if is_noisy(load_average) else ''}")
    print("each row comes from rounds in which the bare request and the page are measured in turn: the median of")
    print(f"{ROUNDS} with a server, the fastest of {len(DEPTHS)} stack depths with a test client")
    rows = [row for kind in KINDS for row in in_own_process(kind, options.words)]
    figures = Figures(current_commit(), load_average, {row.name: row for row in rows})
    if len(figures.rows) < len(rows):
        raise RuntimeError("two rows have the same name")
    print()
    if options.save:
        write_figures(options.save, figures)
        print(f"{len(rows)} rows are in {options.save}")
    if options.against:
        chosen = {name: row for name, row in options.against.rows.items() if is_chosen(name, options.words)}
        before = Figures(options.against.commit, options.against.load_average, chosen)
        print(*comparison_lines(before, figures), sep="\n")


def in_own_process(kind: Callable[[list[str]], list[Row]], words: list[str]) -> list[Row]:
    """Return the rows of one kind, measured in a new process."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(kind, words).result()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="measure only the rows that have such a word in their name")
    parser.add_argument("--save", type=file_to_write, metavar="FILE", help="save the figures in this file")
    parser.add_argument("--against", type=earlier_figures, metavar="FILE", help="compare with the figures in this file")
    return parser.parse_args()


def file_to_write(name: str) -> Path:
    """Return the path of a file that can be written, checked before minutes of measuring and not after them."""
    if not os.access(Path(name).absolute().parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{name} cannot be written")
    return Path(name)


def earlier_figures(name: str) -> Figures:
    """Return the figures in the file with this name. Raises ArgumentTypeError if it has none."""
    try:
        return read_figures(Path(name))
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise argparse.ArgumentTypeError(f"{name} has no figures of an earlier run ({reason})") from None


if __name__ == "__main__":
    main()
