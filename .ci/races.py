"""Run the suite and give browser tests that fail a second chance.

    .venv/bin/python .ci/races.py SQLite RACED-FILE [pytest arguments]

A browser test that fails runs once more, alone and in one process, after the others. When it then passes it has raced:
it is printed under RACED: with its first traceback and added to the file, which counts for all legs of one CI run.
There is no second chance when anything else failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
MAKE_TEST = [sys.executable, str(FOLDER.parent / "casebook" / "bootstrap.py"), "test"]  # what make test does
MOST_RACED = 2  # in one CI run, all legs together
MOST_AGAIN = 10  # with more failures than this something else is wrong
TIMES_FOR_WRITES = 5


@dataclass(frozen=True)
class Failure:
    node: str
    traceback: str
    marks: tuple[str, ...] = ()

    @property
    def attempts(self) -> int:
        """How often it has to pass alone. Where people write, a race may have lost their text."""
        return 1 + (TIMES_FOR_WRITES if "writes" in self.marks else 0)


@dataclass(frozen=True)
class Run:
    status: int
    passed: int
    failures: list[Failure]


@dataclass(frozen=True)
class Verdict:
    raced: list[Failure]
    problems: list[str]


# --- Deciding ---


def why_no_second_chance(run: Run | None) -> str:
    """Return why this run fails as it is, or nothing where each test that failed may run again."""
    if run is None:
        return "pytest ended without a report"
    if run.status not in {0, 1}:
        return f"pytest ended with status {run.status}"
    if run.status == 1 and not run.failures:
        return "pytest failed, and no test did"
    others = [failure.node for failure in run.failures if "browser" not in failure.marks]
    if others:
        return "not a failure of a browser test: " + ", ".join(others)
    if len(run.failures) > MOST_AGAIN:
        return f"{len(run.failures)} browser tests failed, which is no race"
    return ""


def judge(failures: list[Failure], passes: dict[str, list[bool]], raced_before: int) -> Verdict:
    """Return which tests raced and why the leg fails, from how each did alone until it failed."""
    raced = [failure for failure in failures if passes[failure.node][0]]
    problems = [f"{failure.node} fails alone too" for failure in failures if not passes[failure.node][0]]
    for failure in raced:
        more = sum(passes[failure.node]) - 1
        if more < failure.attempts - 1:
            problems.append(f"{failure.node} is marked writes: after that it passed {more} of {TIMES_FOR_WRITES} times")
    if raced and raced_before + len(raced) > MOST_RACED:
        problems.append(f"{raced_before + len(raced)} tests raced in this CI run, and {MOST_RACED} may")
    return Verdict(raced, problems)


# --- Running ---


def run_leg(leg: str, raced_file: Path, arguments: list[str], command: list[str]) -> int:
    """Run the tests and return the exit status of this leg."""
    run = run_pytest([*command, *arguments])
    if reason := why_no_second_chance(run):
        say(f"No second chance: {reason}.")
        return 1
    if not run.failures:
        return 0
    passes = {failure.node: passes_alone(failure, command) for failure in run.failures}
    verdict = judge(run.failures, passes, raced_before=len(read_lines(raced_file)))
    if verdict.raced:
        with raced_file.open("a") as file:
            file.writelines(f"{leg}: {failure.node}\n" for failure in verdict.raced)
        say("RACED:")
        for failure in verdict.raced:
            say(f"{failure.node}\n{failure.traceback}\n")
    for problem in verdict.problems:
        say(f"FAILED: {problem}")
    return 1 if verdict.problems else 0


def passes_alone(failure: Failure, command: list[str]) -> list[bool]:
    """Run a test alone as often as it has to pass, and no more once it failed. Skipping is not passing."""
    passes: list[bool] = []
    while len(passes) < failure.attempts and all(passes):
        say(f"Runs alone: {failure.node}")
        run = run_pytest([*command, "-n", "0", failure.node])
        passes.append(run is not None and run.status == 0 and run.passed == 1)
    return passes


def run_pytest(command: list[str]) -> Run | None:
    """Return what pytest reported, or None where it did not come so far."""
    with tempfile.TemporaryDirectory(prefix="casebook-races-") as folder:
        report = Path(folder) / "report.json"
        path = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path, "RACES_REPORT": str(report)}
        status = subprocess.run([*command, "-p", "race_reports"], env=environment).returncode
        return read_run(status, report.read_text()) if report.exists() else None


def read_run(status: int, report: str) -> Run:
    """Return a run from the report that race_reports.py wrote, with one failure for each test."""
    stored = json.loads(report)
    first: dict[str, Failure] = {}
    for each in stored["failures"]:  # a test may fail, and once more when it is cleaned up
        first.setdefault(each["node"], Failure(each["node"], each["traceback"], tuple(each["marks"])))
    return Run(status, stored["passed"], list(first.values()))


def read_lines(file: Path) -> list[str]:
    """Return the lines of a file, none where there is no file."""
    return file.read_text().splitlines() if file.exists() else []


def say(text: str) -> None:
    """Print a line at once, in order with the output of the tests."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_leg(sys.argv[1], Path(sys.argv[2]), sys.argv[3:], MAKE_TEST))
