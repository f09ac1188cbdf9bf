"""The command in processes of its own, on a copy of the tree: that is how a start uses it."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from casebook import bootstrap
from casebook.management.commands.prepare import Command as Prepare
from casebook.models import User
from tests.environment import clean_environment
from tests.factories import UserFactory

pytestmark = pytest.mark.once

NOT_COPIED = shutil.ignore_patterns(".*", "var", "tests", "__pycache__")
MADE = {"casebook.sqlite3", "secret-key", "static", "static.stamp"}


class Site:
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

    def ask(self, sql: str):
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(sql).fetchone()

    def made(self) -> set[str]:
        return {path.name for path in self.var.iterdir()}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """The var folder of a prepared site, to copy from."""
    site = Site(bootstrap.ROOT, tmp_path_factory.mktemp("prepared") / "var")
    done = site.prepare()
    assert done.returncode == 0, done.stderr
    assert site.made() == MADE
    return site.var


@pytest.fixture
def site(prepared, tmp_path):
    """A prepared site of the real code."""
    shutil.copytree(prepared, tmp_path / "var")
    return Site(bootstrap.ROOT, tmp_path / "var")


@pytest.fixture
def changeable(tmp_path):
    """A site with a copy of the code that a test may spoil, not prepared yet."""
    shutil.copytree(bootstrap.ROOT, tmp_path / "code", ignore=NOT_COPIED)
    return Site(tmp_path / "code", tmp_path / "var")


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


SCRIPTS_IMPORTED = {"copies", "device", "field", "outbox", "reply", "save_state", "text", "writing"}


def test_scripts_import_each_other_under_the_names_that_pages_ask_for(prepared):
    """Under another name a browser would take the same script for a second one."""
    scripts = {path.name: path.read_text() for path in (prepared / "static" / "js").glob("*.????????????.js")}
    imported = {name for script in scripts.values() for name in re.findall(r'from ["\']\./([^"\']+)', script)}
    assert {name.split(".")[0] for name in imported} == SCRIPTS_IMPORTED
    assert imported <= set(scripts)


def test_an_empty_folder_gets_the_sixteen_cases(site):
    assert site.ask("SELECT count(*) FROM cases_case WHERE status = 'published'") == (16,)


def test_only_the_owner_may_read_what_people_write(site):
    assert site.database.stat().st_mode & 0o077 == 0


def test_static_files_are_collected_with_names_that_browsers_may_keep(site):
    assert (site.var / "static" / "staticfiles.json").is_file()


def test_a_second_time_there_is_nothing_to_do(site):
    before = times(site.var)
    done = site.prepare()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert times(site.var) == before


def test_what_people_changed_stays(site):
    site.ask("UPDATE cases_case SET title = 'Door een redacteur' WHERE number = 1")
    site.ask("DELETE FROM cases_reference")
    assert site.prepare().returncode == 0
    assert site.ask("SELECT title FROM cases_case WHERE number = 1") == ("Door een redacteur",)
    assert site.ask("SELECT count(*) FROM cases_reference") == (0,)


def test_a_database_that_lags_behind_is_migrated_and_kept(site):
    site.ask("UPDATE cases_case SET title = 'Door een redacteur' WHERE number = 1")
    site.ask("DELETE FROM django_migrations WHERE app = 'casebook' AND name >= '0009'")
    site.ask("DROP TABLE casebook_attemptcount")
    assert site.prepare().returncode == 0
    assert site.ask("SELECT count(*) FROM casebook_attemptcount") == (0,)
    assert site.ask("SELECT title FROM cases_case WHERE number = 1") == ("Door een redacteur",)


def test_an_empty_file_becomes_a_whole_database(site):
    site.database.write_bytes(b"")
    assert site.prepare().returncode == 0
    assert site.ask("SELECT count(*) FROM cases_case") == (16,)


def test_a_case_file_with_a_mistake_leaves_no_database(changeable):
    case = next((changeable.code / "fixtures" / "cases").glob("*.md"))
    case.write_text(case.read_text().replace("number: ", "nummer: ", 1))
    done = changeable.prepare()
    assert done.returncode == 1
    assert case.name in done.stderr
    assert "Traceback" not in done.stderr
    assert changeable.made() == {"secret-key"}


def test_a_style_sheet_that_cannot_be_collected_leaves_no_half_of_them(changeable):
    (changeable.code / "static" / "css").mkdir(exist_ok=True)
    (changeable.code / "static" / "css" / "broken.css").write_text("body { background: url(there-is-none.png) }")
    assert changeable.prepare().returncode == 1
    assert changeable.made() == {"secret-key", "casebook.sqlite3"}


def test_being_stopped_leaves_no_half_a_database(changeable, tmp_path):
    """A case file that is a pipe tells when loading has begun, without guessing how long migrations take."""
    pipe = changeable.code / "fixtures" / "cases" / "00-slow.md"
    os.mkfifo(pipe)
    command = [sys.executable, "manage.py", "prepare"]
    with subprocess.Popen(
        command, cwd=changeable.code, env=changeable.environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        with pipe.open("w"):  # opens when the command reads, and keeps it waiting
            assert (changeable.var / "casebook.sqlite3.unfinished").exists()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 130
        assert process.stderr.read() == "CommandError: Stopped before the site was ready.\n"
    assert changeable.made() == {"secret-key"}


def test_what_a_power_cut_left_is_cleared_away(site):
    site.database.rename(site.var / "casebook.sqlite3.unfinished")
    (site.var / "casebook.sqlite3.unfinished-wal").write_text("half of something")
    assert site.prepare().returncode == 0
    assert site.made() == MADE
    assert site.ask("SELECT count(*) FROM cases_case") == (16,)


def test_a_log_without_its_database_is_never_poured_into_a_new_one(site):
    site.database.unlink()
    journal = site.var / "casebook.sqlite3-wal"
    journal.write_text("somebody's last words")
    done = site.prepare()
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: {journal} is there but casebook.sqlite3 is not")
    assert journal.read_text() == "somebody's last words"


def test_a_changed_style_sheet_is_collected_again(changeable):
    assert changeable.prepare().returncode == 0
    sheet = changeable.code / "static" / "css" / "new.css"
    sheet.parent.mkdir(exist_ok=True)
    sheet.write_text("body { color: black }")
    assert changeable.prepare().returncode == 0
    assert (changeable.var / "static" / "css" / "new.css").is_file()


def test_with_debug_on_nothing_is_collected(changeable):
    assert changeable.prepare(DEBUG="1").returncode == 0
    assert changeable.made() == {"casebook.sqlite3", "secret-key"}


def test_two_starts_at_once_make_one_site(changeable):
    command = [sys.executable, "manage.py", "prepare"]
    processes = [
        subprocess.Popen(command, cwd=changeable.code, env=changeable.environment(), stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in processes] == [(b"", 0)] * 2
    assert changeable.made() == MADE
    assert changeable.ask("SELECT count(*) FROM cases_case") == (16,)


@pytest.mark.django_db
def test_a_start_deletes_the_accounts_whose_seven_days_are_over():
    due = UserFactory(deletion_due_at=timezone.now() - timedelta(minutes=1))
    waiting = UserFactory(deletion_due_at=timezone.now() + timedelta(days=1))
    Prepare().bring_up_to_date()
    assert not User.objects.filter(pk=due.pk).exists()
    assert User.objects.filter(pk=waiting.pk).exists()
