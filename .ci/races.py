"""Run the test suite of a CI leg, and run browser tests that fail once more.

    .venv/bin/python .ci/races.py SQLite RACED-FILE [pytest arguments]

A browser test that fails runs again after the others, alone and in one process. If it then passes, it is a race: it is
printed under RACED: with its first traceback, and added to the file that all legs of one CI run share. If anything else
failed, the leg fails without a second run.
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
MAKE_TEST = [sys.executable, str(FOLDER.parent / "casebook" / "bootstrap.py"), "test"]  # the command of make test
MAX_RACED = 2  # the limit of one CI run, for all legs together
MAX_RERUNS = 10  # more failures than this have another cause than races
RERUNS_OF_WRITES = 5


@dataclass(frozen=True)
class Failure:
    node: str
    traceback: str
    marks: tuple[str, ...] = ()

    @property
    def attempts(self) -> int:
        """Return how often the test has to pass alone: more often if a race could lose the text of a user."""
        return 1 + (RERUNS_OF_WRITES if "writes" in self.marks else 0)


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


def reason_to_fail(run: Run | None) -> str:
    """Return why the run fails without a second run, or "" if the failed tests may run again."""
    if run is None:
        return "pytest ended without a report"
    if run.status not in {0, 1}:
        return f"pytest ended with status {run.status}"
    if run.status == 1 and not run.failures:
        return "pytest failed, and no test did"
    others = [failure.node for failure in run.failures if "browser" not in failure.marks]
    if others:
        return "not a failure of a browser test: " + ", ".join(others)
    if len(run.failures) > MAX_RERUNS:
        return f"{len(run.failures)} browser tests failed, which is no race"
    return ""


def judge(failures: list[Failure], passes: dict[str, list[bool]], raced_before: int) -> Verdict:
    """Return the races and the problems that fail the leg, from the results of the tests that ran again alone."""
    raced = [failure for failure in failures if passes[failure.node][0]]
    problems = [f"{failure.node} fails alone too" for failure in failures if not passes[failure.node][0]]
    for failure in raced:
        more = sum(passes[failure.node]) - 1
        if more < failure.attempts - 1:
            problems.append(f"{failure.node} is marked writes: after that it passed {more} of {RERUNS_OF_WRITES} times")
    if raced and raced_before + len(raced) > MAX_RACED:
        problems.append(f"{raced_before + len(raced)} tests raced in this CI run, and {MAX_RACED} may")
    return Verdict(raced, problems)


# --- Running ---


def run_leg(leg: str, raced_file: Path, arguments: list[str], command: list[str]) -> int:
    """Run the tests and return the exit status of this leg."""
    run = run_pytest([*command, *arguments])
    if reason := reason_to_fail(run):
        print_line(f"No second chance: {reason}.")
        return 1
    if not run.failures:
        return 0
    passes = {failure.node: rerun_alone(failure, command) for failure in run.failures}
    verdict = judge(run.failures, passes, raced_before=len(read_lines(raced_file)))
    if verdict.raced:
        with raced_file.open("a") as file:
            file.writelines(f"{leg}: {failure.node}\n" for failure in verdict.raced)
        print_line("RACED:")
        for failure in verdict.raced:
            print_line(f"{failure.node}\n{failure.traceback}\n")
    for problem in verdict.problems:
        print_line(f"FAILED: {problem}")
    return 1 if verdict.problems else 0


def rerun_alone(failure: Failure, command: list[str]) -> list[bool]:
    """Run a test alone, as often as it has to pass or until it fails, and return the results. A skip is a failure."""
    passes: list[bool] = []
    while len(passes) < failure.attempts and all(passes):
        print_line(f"Runs alone: {failure.node}")
        run = run_pytest([*command, "-n", "0", failure.node])
        passes.append(run is not None and run.status == 0 and run.passed == 1)
    return passes


def run_pytest(command: list[str]) -> Run | None:
    """Run pytest and return its report, or None if it ended without one."""
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
    for each in stored["failures"]:  # a test and its teardown may both fail
        first.setdefault(each["node"], Failure(each["node"], each["traceback"], tuple(each["marks"])))
    return Run(status, stored["passed"], list(first.values()))


def read_lines(file: Path) -> list[str]:
    """Return the lines of a file, or an empty list if there is no file."""
    return file.read_text().splitlines() if file.exists() else []


def print_line(text: str) -> None:
    """Print a line and flush it, so that it is in order with the output of the tests."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_leg(sys.argv[1], Path(sys.argv[2]), sys.argv[3:], MAKE_TEST))
