"""A pytest plugin for races.py: write which tests failed, and their marks, to the file that RACES_REPORT names."""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

MARKS = ("browser", "writes")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A report has only keywords, of which a folder's name is one too; marks come along as properties."""
    report = yield
    report.user_properties.append(("marks", [mark for mark in MARKS if item.get_closest_marker(mark)]))
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Register the listener in the main process, which receives the reports of all others."""
    if not hasattr(config, "workerinput"):  # each process runs tests, and one of them hears of all
        config.pluginmanager.register(Listener(Path(os.environ["RACES_REPORT"])))


class Listener:
    def __init__(self, file: Path) -> None:
        self.file, self.passed, self.failures = file, 0, []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.note(report)
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.note(report)

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """A module that cannot be collected and a worker that crashed have no marks."""
        marks = dict(getattr(report, "user_properties", [])).get("marks", [])
        self.failures.append({"node": report.nodeid, "marks": marks, "traceback": report.longreprtext})

    def pytest_sessionfinish(self) -> None:
        self.file.write_text(json.dumps({"passed": self.passed, "failures": self.failures}))
