"""The JavaScript tests: node runs each tests/js/*.test.js separately. Node is for tests only; no page needs it.

The scripts in static/js are ES modules in plain .js files, without a package.json that declares it, and their tests
import them by path: import { post } from "../../static/js/outbox.js". Since 20.19, node recognises a module by its
import and export statements.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import NO_NODE, ROOT

pytestmark = pytest.mark.once

OLDEST = (20, 19)
FILES = sorted(Path(__file__).parent.glob("*.test.js"))
FAILING = 'import test from "node:test";\ntest("fails", () => { throw new Error("said by the test"); });\n'


def version_of(node: str) -> tuple[int, int]:
    """Return the major and minor version, or (0, 0) if the program does not print a version of node."""
    output = subprocess.run([node, "--version"], text=True, capture_output=True).stdout
    found = re.match(r"v(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def why_no_node(node: str | None, version: tuple[int, int]) -> str:
    """Return why this node cannot run the tests, or "" if it can."""
    wanted = "node {}.{} or newer".format(*OLDEST)
    if node is None:
        return f"there is no {wanted} on PATH; on Debian: sudo apt install nodejs"
    if version < OLDEST:
        return "node {}.{} is too old, {} is needed".format(*version, wanted)
    return ""


@pytest.fixture(scope="session")
def node() -> str:
    """Return the node on PATH. Without one the test is skipped, or fails if REQUIRE_NODE is 1, as in CI."""
    found = shutil.which("node")
    if reason := why_no_node(found, version_of(found) if found else (0, 0)):
        if os.environ.get("REQUIRE_NODE") == "1":
            pytest.fail(f"REQUIRE_NODE=1, and {NO_NODE}: {reason}", pytrace=False)
        pytest.skip(f"{NO_NODE}: {reason}")
    return found


def run_file(node: str, file: Path) -> subprocess.CompletedProcess:
    command = [node, "--test", "--test-reporter=spec", str(file)]
    return subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_javascript_test_of_this_file_passes(node, file):
    process = run_file(node, file)
    if process.returncode:
        pytest.fail(process.stdout, pytrace=False)


def test_failing_javascript_test_is_reported_with_its_reason(node, tmp_path):
    (tmp_path / "some.test.mjs").write_text(FAILING)
    process = run_file(node, tmp_path / "some.test.mjs")
    assert process.returncode != 0
    assert "said by the test" in process.stdout


@pytest.mark.parametrize(
    ("node", "version", "reason"),
    [
        (None, (0, 0), "there is no node 20.19 or newer on PATH; on Debian: sudo apt install nodejs"),
        ("/usr/bin/node", (18, 19), "node 18.19 is too old, node 20.19 or newer is needed"),
        ("/usr/bin/node", (20, 18), "node 20.18 is too old, node 20.19 or newer is needed"),
        ("/usr/bin/node", (20, 19), ""),
        ("/usr/bin/node", (24, 1), ""),
    ],
)
def test_node_that_is_missing_or_too_old_is_reported(node, version, reason):
    assert why_no_node(node, version) == reason
