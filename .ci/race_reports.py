"""A pytest plugin for races.py that writes the failed tests and their marks to the file in RACES_REPORT."""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

MARKS = ("browser", "writes")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the marks as properties, because the keywords of a report also contain the names of folders."""
    report = yield
    report.user_properties.append(("marks", [mark for mark in MARKS if item.get_closest_marker(mark)]))
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Register the report writer in the main process, which receives the reports of all workers."""
    if not hasattr(config, "workerinput"):  # only the workers of pytest-xdist have this attribute
        config.pluginmanager.register(ReportWriter(Path(os.environ["RACES_REPORT"])))


class ReportWriter:
    def __init__(self, file: Path) -> None:
        self.file, self.passed, self.failures = file, 0, []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.add_failure(report)
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.add_failure(report)

    def add_failure(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Add a failure; modules that cannot be collected and workers that crashed have no marks."""
        marks = dict(getattr(report, "user_properties", [])).get("marks", [])
        self.failures.append({"node": report.nodeid, "marks": marks, "traceback": report.longreprtext})

    def pytest_sessionfinish(self) -> None:
        self.file.write_text(json.dumps({"passed": self.passed, "failures": self.failures}))
