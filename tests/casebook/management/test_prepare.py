"""The prepare command, run in separate processes on a copy of the tree, as a start of the site runs it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from casebook import bootstrap
from casebook.management.commands.prepare import Command as Prepare
from casebook.models import User
from cases.library.search import engine, find, parse
from tests.casebook.sites import PREPARED_FILES, Site
from tests.factories import UserFactory, published_case

pytestmark = pytest.mark.once

NOT_COPIED = shutil.ignore_patterns(".*", "var", "tests")


@pytest.fixture
def copied_site(tmp_path):
    """Return a site that is not prepared yet, with a copy of the code that tests may change."""
    shutil.copytree(bootstrap.ROOT, tmp_path / "code", ignore=NOT_COPIED)
    return Site(tmp_path / "code", tmp_path / "var")


@pytest.fixture
def filled_site(copied_site, prepared):
    """Return the same with the database of a prepared site, and without static files."""
    copied_site.var.mkdir()
    for name in ("casebook.sqlite3", "secret-key"):
        shutil.copy2(prepared / name, copied_site.var)
    return copied_site


def modification_times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


IMPORTED_SCRIPTS = {
    "announcements",
    "arrival",
    "copies",
    "device",
    "field",
    "outbox",
    "reply",
    "save_state",
    "text",
    "writing",
}


def test_scripts_import_each_other_by_the_file_names_that_pages_use(prepared):
    """A browser would load the same script a second time under another name."""
    scripts = {path.name: path.read_text() for path in (prepared / "static" / "js").glob("*.????????????.js")}
    imported = {name for script in scripts.values() for name in re.findall(r'from ["\']\./([^"\']+)', script)}
    assert not [name for name, script in scripts.items() if re.search(r'^import ["\']', script, re.MULTILINE)]
    assert {name.split(".")[0] for name in imported} == IMPORTED_SCRIPTS
    assert imported <= set(scripts)


def test_prepare_loads_the_sixteen_cases_into_an_empty_folder(site):
    assert site.query("SELECT count(*) FROM cases_case WHERE status = 'published'") == (16,)


def test_only_the_owner_of_the_database_file_can_read_it(site):
    assert site.database.stat().st_mode & 0o077 == 0


def test_static_files_are_collected_with_cacheable_names(site):
    assert (site.var / "static" / "staticfiles.json").is_file()


def test_a_second_prepare_changes_nothing(site):
    before = modification_times(site.var)
    done = site.prepare()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert modification_times(site.var) == before


def test_prepare_does_not_overwrite_changes_of_editors(site):
    site.query("UPDATE cases_case SET title = 'Door een redacteur' WHERE number = 1")
    site.query("DELETE FROM cases_reference")
    assert site.prepare().returncode == 0
    assert site.query("SELECT title FROM cases_case WHERE number = 1") == ("Door een redacteur",)
    assert site.query("SELECT count(*) FROM cases_reference") == (0,)


def test_an_older_database_is_migrated_without_loss(site):
    site.query("UPDATE cases_case SET title = 'Door een redacteur' WHERE number = 1")
    site.query("DELETE FROM django_migrations WHERE app = 'casebook' AND name >= '0013'")
    site.query("DROP TABLE casebook_sentform")
    assert site.prepare().returncode == 0
    assert site.query("SELECT count(*) FROM casebook_sentform") == (0,)
    assert site.query("SELECT title FROM cases_case WHERE number = 1") == ("Door een redacteur",)


def test_an_empty_database_file_is_filled(site):
    site.database.write_bytes(b"")
    assert site.prepare().returncode == 0
    assert site.query("SELECT count(*) FROM cases_case") == (16,)


def test_an_invalid_case_file_leaves_no_database(copied_site):
    case = next((copied_site.code / "fixtures" / "cases").glob("*.md"))
    case.write_text(case.read_text().replace("number: ", "nummer: ", 1))
    done = copied_site.prepare()
    assert done.returncode == 1
    assert case.name in done.stderr
    assert "Traceback" not in done.stderr
    assert copied_site.files() == {"secret-key"}


def test_an_invalid_style_sheet_leaves_no_partial_static_folder(filled_site):
    (filled_site.code / "static" / "css").mkdir(exist_ok=True)
    (filled_site.code / "static" / "css" / "broken.css").write_text("body { background: url(there-is-none.png) }")
    assert filled_site.prepare().returncode == 1
    assert filled_site.files() == {"secret-key", "casebook.sqlite3"}


def test_a_stopped_prepare_leaves_no_partial_database(copied_site, tmp_path):
    """A pipe instead of a case file shows when loading begins, whatever time the migrations take."""
    pipe = copied_site.code / "fixtures" / "cases" / "00-slow.md"
    os.mkfifo(pipe)
    command = [sys.executable, "manage.py", "prepare"]
    with subprocess.Popen(
        command, cwd=copied_site.code, env=copied_site.environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        with pipe.open("w"):  # opens when the command reads, which then blocks
            assert (copied_site.var / "casebook.sqlite3.unfinished").exists()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 130
        assert process.stderr.read() == "CommandError: Stopped before the site was ready.\n"
    assert copied_site.files() == {"secret-key"}


def test_files_of_an_interrupted_prepare_are_deleted(site):
    site.database.rename(site.var / "casebook.sqlite3.unfinished")
    (site.var / "casebook.sqlite3.unfinished-wal").write_text("half of something")
    assert site.prepare().returncode == 0
    assert site.files() == PREPARED_FILES
    assert site.query("SELECT count(*) FROM cases_case") == (16,)


def test_a_write_ahead_log_without_its_database_stops_prepare(site):
    site.database.unlink()
    journal = site.var / "casebook.sqlite3-wal"
    journal.write_text("somebody's last words")
    done = site.prepare()
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: {journal} is there but casebook.sqlite3 is not")
    assert journal.read_text() == "somebody's last words"


def test_a_changed_style_sheet_is_collected_again(filled_site):
    assert filled_site.prepare().returncode == 0
    sheet = filled_site.code / "static" / "css" / "new.css"
    sheet.parent.mkdir(exist_ok=True)
    sheet.write_text("body { color: black }")
    assert filled_site.prepare().returncode == 0
    assert (filled_site.var / "static" / "css" / "new.css").is_file()


def test_static_files_are_not_collected_with_debug_on(filled_site):
    assert filled_site.prepare(DEBUG="1").returncode == 0
    assert filled_site.files() == {"casebook.sqlite3", "secret-key"}


def test_two_simultaneous_starts_prepare_one_site(copied_site):
    command = [sys.executable, "manage.py", "prepare"]
    processes = [
        subprocess.Popen(command, cwd=copied_site.code, env=copied_site.environment(), stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in processes] == [(b"", 0)] * 2
    assert copied_site.files() == PREPARED_FILES
    assert copied_site.query("SELECT count(*) FROM cases_case") == (16,)


@pytest.mark.django_db
def test_a_start_deletes_accounts_that_are_due_for_deletion():
    due = UserFactory(deletion_due_at=timezone.now() - timedelta(minutes=1))
    not_due = UserFactory(deletion_due_at=timezone.now() + timedelta(days=1))
    Prepare().bring_up_to_date()
    assert not User.objects.filter(pk=due.pk).exists()
    assert User.objects.filter(pk=not_due.pk).exists()


@pytest.mark.django_db
def test_a_start_after_an_upgrade_indexes_the_words_of_published_cases_again(monkeypatch):
    case = published_case(body="koelkast")
    engine().remove(case.pk)
    Prepare().bring_up_to_date()
    assert find(parse("koelkast")) == []
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *arguments: [("a new migration", False)])
    monkeypatch.setattr("casebook.management.commands.prepare.call_command", lambda *arguments, **options: None)
    Prepare().bring_up_to_date()
    assert find(parse("koelkast")) == [case.pk]
