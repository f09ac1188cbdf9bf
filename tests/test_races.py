"""The second run of failed browser tests in CI: its decisions, and complete runs with small suites."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("races", ROOT / ".ci" / "races.py")
races = importlib.util.module_from_spec(spec)
sys.modules["races"] = races  # dataclasses look up the module there
spec.loader.exec_module(races)

BROWSER, WRITES, UNMARKED = ("browser",), ("browser", "writes"), ()


def failure(node: str = "a", marks: tuple[str, ...] = BROWSER) -> object:
    return races.Failure(node, "its traceback", marks)


# --- Decisions ---


@pytest.mark.parametrize(
    ("status", "marks", "reason"),
    [
        (0, [], ""),
        (1, [BROWSER], ""),
        (1, [BROWSER, WRITES], ""),
        (1, [UNMARKED], "not a failure of a browser test: 0"),
        (1, [BROWSER, UNMARKED], "not a failure of a browser test: 1"),
        (1, [("writes",)], "not a failure of a browser test: 0"),
        (1, [], "pytest failed, and no test did"),
        (2, [BROWSER], "pytest ended with status 2"),
        (3, [BROWSER], "pytest ended with status 3"),
        (4, [], "pytest ended with status 4"),
        (5, [], "pytest ended with status 5"),
        (-9, [BROWSER], "pytest ended with status -9"),
        (1, [BROWSER] * 10, ""),
        (1, [BROWSER] * 11, "11 browser tests failed, which is no race"),
    ],
)
def test_only_failures_of_browser_tests_are_run_again(status, marks, reason):
    run = races.Run(status, passed=3, failures=[failure(str(n), each) for n, each in enumerate(marks)])
    assert races.reason_to_fail(run) == reason


def test_run_that_crashed_before_its_report_is_not_repeated():
    assert races.reason_to_fail(None) == "pytest ended without a report"


PASSES_SIX_TIMES = [True] * 6


@pytest.mark.parametrize(
    ("tests", "raced_before", "raced", "problems"),
    [
        ([(BROWSER, [True])], 0, "0", []),
        ([(BROWSER, [False])], 0, "", ["0 fails alone too"]),
        ([(BROWSER, [True]), (BROWSER, [False])], 0, "0", ["1 fails alone too"]),
        ([(WRITES, PASSES_SIX_TIMES)], 0, "0", []),
        ([(WRITES, [False])], 0, "", ["0 fails alone too"]),
        ([(WRITES, [True, False])], 0, "0", ["0 is marked writes: after that it passed 0 of 5 times"]),
        ([(WRITES, [True] * 5 + [False])], 0, "0", ["0 is marked writes: after that it passed 4 of 5 times"]),
        ([(BROWSER, [True]), (WRITES, PASSES_SIX_TIMES)], 0, "01", []),
        ([(BROWSER, [True])] * 3, 0, "012", ["3 tests raced in this CI run, and 2 may"]),
        ([(BROWSER, [True])], 1, "0", []),
        ([(BROWSER, [True])], 2, "0", ["3 tests raced in this CI run, and 2 may"]),
        ([(BROWSER, [False])], 2, "", ["0 fails alone too"]),
        ([(BROWSER, [True])] * 2 + [(BROWSER, [False])], 0, "01", ["2 fails alone too"]),
    ],
)
def test_verdict_follows_from_the_failures_run_alone(tests, raced_before, raced, problems):
    failures = [failure(str(n), marks) for n, (marks, _) in enumerate(tests)]
    verdict = races.judge(failures, {str(n): passes for n, (_, passes) in enumerate(tests)}, raced_before)
    assert "".join(each.node for each in verdict.raced) == raced
    assert verdict.problems == problems


def test_failure_of_a_test_and_of_its_teardown_counts_once():
    failed = [{"node": "a", "marks": ["browser"], "traceback": traceback} for traceback in ("first", "second")]
    report = json.dumps({"passed": 1, "failures": failed})
    assert races.read_run(1, report).failures == [races.Failure("a", "first", BROWSER)]


# --- Complete runs ---

CONFTEST = """
import pathlib, pytest

@pytest.fixture
def turn(request):
    file = pathlib.Path(__file__).parent / f"{request.node.name}.turns".replace("/", "-")
    file.write_text((file.read_text() if file.exists() else "") + "x")
    return len(file.read_text())

@pytest.fixture
def browser(): pass

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):  # as in tests/conftest.py
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)
"""
SUITE = """
import os, pathlib, pytest

def test_good(): pass
"""
PARTS = {
    "races": "def test_races(browser, turn): assert turn > 1, 'first time'",
    "races too": """
@pytest.mark.parametrize('word', ['a b[c]', 'd/e'])
def test_races_too(browser, turn, word): assert turn > 1""",
    "always": "def test_always(browser): assert 0, 'always'",
    "skips": "def test_skips(browser, turn): pytest.skip('later') if turn > 1 else pytest.fail('first time')",
    "cleaning": """
@pytest.fixture
def untidy(turn):
    yield
    assert turn > 1, 'untidy'
def test_cleaning(browser, untidy): pass""",
    "writes": "@pytest.mark.writes\ndef test_writes(browser, turn): assert turn > 1",
    "writes badly": "@pytest.mark.writes\ndef test_writes_badly(browser, turn): assert turn not in {1, 4}",
    "plain": "def test_plain(turn): assert turn > 1",
    "crash": "def test_crash(browser): os._exit(9)",
    "broken": "import nothing_of_this_name",
}


@pytest.fixture
def ci(tmp_path, monkeypatch, capfd):
    """Return a function that runs a suite of these parts as in CI. It returns the exit status and the output."""
    for name in ("DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS", *(n for n in os.environ if n.startswith("PYTEST_XDIST"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "browser"  # a folder with this name does not mark its tests
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -q\nmarkers =\n  browser\n  writes\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    command = [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-p", "no:cacheprovider"]

    def run(*parts: str, leg: str = "SQLite", arguments: tuple[str, ...] = ()) -> tuple[int, str]:
        (folder / "test_suite.py").write_text(SUITE + "\n".join(PARTS[part] for part in parts))
        for file in folder.glob("*.turns"):
            file.unlink()
        status = races.run_leg(leg, tmp_path / "raced", list(arguments), command)
        return status, capfd.readouterr().out

    run.raced = lambda: races.read_lines(tmp_path / "raced")
    run.turns = lambda name: len((folder / f"{name}.turns").read_text())
    return run


def test_run_without_failures_repeats_no_test(ci):
    status, printed = ci()
    assert status == 0
    assert "1 passed" in printed
    assert "alone" not in printed
    assert ci.raced() == []


def test_browser_test_that_passes_the_second_time_is_reported_but_does_not_fail_the_run(ci):
    status, printed = ci("races", arguments=("-n", "2"))
    assert status == 0
    report = printed.partition("RACED:\n")[2]
    assert report.startswith("browser/test_suite.py::test_races\n")
    assert "AssertionError: first time" in report
    assert ci.raced() == ["SQLite: browser/test_suite.py::test_races"]


def test_failed_teardown_of_a_browser_test_is_run_again_too(ci):
    status, printed = ci("cleaning")
    assert status == 0
    assert "AssertionError: untidy" in printed.partition("RACED:\n")[2]


def test_browser_test_that_fails_again_or_is_skipped_fails_the_run(ci):
    status, printed = ci("races", "always", "skips")
    assert status == 1
    assert [line for line in printed.splitlines() if line.startswith("FAILED: ")] == [
        "FAILED: browser/test_suite.py::test_always fails alone too",
        "FAILED: browser/test_suite.py::test_skips fails alone too",
    ]
    assert ci.raced() == ["SQLite: browser/test_suite.py::test_races"]


def test_race_of_a_test_marked_writes_has_to_pass_five_more_times(ci):
    status, _ = ci("writes")
    assert status == 0
    assert ci.turns("test_writes") == 1 + 1 + 5


def test_race_of_a_test_marked_writes_that_fails_once_more_fails_the_run(ci):
    status, printed = ci("writes badly")
    assert status == 1
    assert "test_writes_badly is marked writes: after that it passed 1 of 5 times" in printed
    assert ci.turns("test_writes_badly") == 4


def test_three_races_in_two_legs_fail_the_run(ci):
    assert ci("races too", leg="SQLite")[0] == 0
    status, printed = ci("races", leg="PostgreSQL")
    assert status == 1
    assert "FAILED: 3 tests raced in this CI run, and 2 may" in printed
    assert ci.raced() == [
        "SQLite: browser/test_suite.py::test_races_too[a b[c]]",
        "SQLite: browser/test_suite.py::test_races_too[d/e]",
        "PostgreSQL: browser/test_suite.py::test_races",
    ]


def test_three_races_in_one_leg_fail_the_run(ci):
    status, printed = ci("races", "races too")
    assert status == 1
    assert "FAILED: 3 tests raced in this CI run, and 2 may" in printed


def test_failure_of_a_test_without_a_browser_fails_the_run_at_once(ci):
    status, printed = ci("races", "plain")
    assert status == 1
    assert "No second chance: not a failure of a browser test: browser/test_suite.py::test_plain." in printed
    assert ci.turns("test_races") == 1


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["in one process", "in two processes"])
def test_crash_fails_the_run_at_once(ci, arguments):
    status, printed = ci("crash", arguments=arguments)
    assert status == 1
    assert "No second chance" in printed
    assert "RACED:" not in printed


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["in one process", "in two processes"])
def test_module_that_cannot_be_collected_fails_the_run_at_once(ci, arguments):
    status, printed = ci("broken", arguments=arguments)
    assert status == 1
    assert "No second chance" in printed


def test_selection_of_no_tests_fails_the_run(ci):
    status, printed = ci(arguments=("-k", "nothing"))
    assert status == 1
    assert "No second chance: pytest ended with status 5." in printed


def test_ci_runs_the_same_command_as_make_test():
    process = subprocess.run(["make", "-n", "test", "PYTHON=python3"], cwd=ROOT, text=True, capture_output=True)
    assert process.stdout.split()[-3:] == ["python3", "casebook/bootstrap.py", "test"]
    assert [Path(part).name for part in races.MAKE_TEST[1:]] == ["bootstrap.py", "test"]
