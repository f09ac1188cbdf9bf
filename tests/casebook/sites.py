"""Sites with a var folder of their own, whose commands run in separate processes."""

import fcntl
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from casebook import bootstrap
from tests.environment import clean_environment

PREPARED_FILES = {"casebook.sqlite3", "secret-key", "static", "static.stamp"}


class Site:
    """A site that runs this code, or a copy of it."""

    def __init__(self, code: Path, var: Path):
        self.code, self.var = code, var
        self.database = var / "casebook.sqlite3"

    def environment(self, **extra: str) -> dict[str, str]:
        return clean_environment(**{"VAR_DIR": str(self.var), "DEBUG": "0"} | extra)

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.code,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def prepare(self, **environment: str) -> subprocess.CompletedProcess:
        return self.manage("prepare", **environment)

    def query(self, sql: str) -> tuple:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(sql).fetchone()

    def files(self) -> set[str]:
        return {path.name for path in self.var.iterdir()}


def prepare_once(folder: Path) -> Path:
    """Return the var folder of a prepared site in this folder; the first process prepares it, others wait for it."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "var").exists():
            site = Site(bootstrap.ROOT, folder / "unfinished")
            done = site.prepare()
            assert done.returncode == 0, done.stderr
            assert site.files() == PREPARED_FILES
            site.var.rename(folder / "var")
    return folder / "var"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the var folder of a prepared site, as a source for copies. All processes of one run share it."""
    base = tmp_path_factory.getbasetemp()
    return prepare_once((base if worker_id == "master" else base.parent) / "prepared")


@pytest.fixture
def site(prepared: Path, tmp_path: Path) -> Site:
    """Return a prepared site that runs the real code."""
    shutil.copytree(prepared, tmp_path / "var")
    return Site(bootstrap.ROOT, tmp_path / "var")
