"""Upgrading a site of an older commit to the current code, without losing a text of a user.

Each dump in this folder is restored on its own engine. README.md describes how to add one.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connection

from cases.files.document import CaseDocument, parse_case
from cases.library.markdown import plain_text
from tests.upgrades import databases
from tests.upgrades.databases import Text
from tests.upgrades.make_dump import LONGEST
from tests.world import routes

pytestmark = [pytest.mark.long, pytest.mark.database]  # in databases of its own

DUMPS = databases.dumps_of(connection.vendor)
COMMITS = {"e1333d5"}  # the commits with a dump for both engines; no dump is ever removed

# Columns with texts that a migration moved or renamed: the old and the new (table, column).
RENAMED: dict[tuple[str, str], tuple[str, str]] = {}

# The tables with the content of the latest edition of a case, which load_cases can overwrite when it publishes an
# edition. The column refers to the case.
EDITION_CONTENT = {
    "cases_case": "id",
    "cases_caseactor": "case_id",
    "cases_reference": "case_id",
    "questions_question": "case_id",
}

# The names of the routes on which each user gets at least one page with status 200.
EVERY_USER = """
    about account_inactive account_reset_password account_reset_password_done cases:case cases:catalogue health home
    own_data_goodbye questions:join questions:join_by_code who
"""
SIGNED_OUT = "account_login account_request_login_code account_signup invitation"
SIGNED_IN = """
    account_logout own_data own_data_json own_data_leave questions:answers questions:answers_docx questions:answers_json
    questions:modules
"""
STUDENT = f"{SIGNED_IN} questions:answer_versions questions:assignment questions:module"
COLLEAGUE = f"""
    {SIGNED_IN} questions:assignment questions:assignment_as_student questions:assignment_edit
    questions:assignment_edition questions:assignment_extensions questions:assignment_feedback
    questions:assignment_new questions:assignment_story questions:comments questions:feedback_now questions:module
    questions:module_as_student questions:module_edit questions:module_person questions:module_screen
    questions:not_begun questions:overview questions:overview_screen questions:progress
    questions:progress_changes questions:progress_csv questions:progress_xlsx
"""
TEACHER = f"{COLLEAGUE} questions:case_to_assign questions:module_copy questions:module_new"
EDITOR = f"""
    {SIGNED_IN} admin:app_list admin:cases_actor_add admin:cases_actor_change admin:cases_actor_changelist
    admin:cases_actor_history admin:cases_case_add admin:cases_case_as_student admin:cases_case_change
    admin:cases_case_changelist admin:cases_case_delete admin:cases_case_difference admin:cases_case_export
    admin:cases_case_guide admin:cases_case_history admin:cases_case_import admin:cases_case_name_check
    admin:cases_case_text_preview admin:cases_edition_change admin:cases_edition_changelist
    admin:cases_edition_history admin:cases_keyword_add admin:cases_keyword_change admin:cases_keyword_changelist
    admin:cases_keyword_history admin:cases_part_change admin:cases_part_changelist admin:cases_part_history admin:index
"""
CHIEF = f"""
    {EDITOR} admin:cases_actor_delete admin:cases_actor_merge admin:cases_case_withdraw admin:cases_keyword_delete
    admin:cases_keyword_merge admin:cases_part_add admin:cases_part_delete
"""
REQUIRED_PAGES = {
    "visitor": SIGNED_OUT,
    "uitgezet@example.org": SIGNED_OUT,
    "gaat-weg@example.org": SIGNED_OUT,
    "vreemde@example.org": f"{SIGNED_IN} invitation",
    "vertrokken@example.org": f"{SIGNED_IN} questions:answer_versions",
    "student@example.org": f"{STUDENT} questions:shared",
    "daan@demo.invalid": STUDENT,
    "collega@example.org": COLLEAGUE,
    "docent@example.org": TEACHER,
    "marloes@demo.invalid": TEACHER,
    "redactie@example.org": f"{EDITOR} admin:cases_case_import_confirm",
    "eindredactie@example.org": CHIEF,
    "beheer@example.org": f"""
        {CHIEF} account_change_password admin:auth_group_change admin:auth_group_changelist
        admin:casebook_user_add admin:casebook_user_change admin:casebook_user_changelist
        admin:questions_assignment_change admin:questions_assignment_changelist admin:questions_enrolment_change
        admin:questions_enrolment_changelist admin:questions_module_change admin:questions_module_changelist
        admin:questions_teacherinvitation_add admin:questions_teacherinvitation_changelist questions:comments
    """,
}


@dataclass
class Site:
    """A restored dump that was migrated and that has the current fixtures."""

    url: str
    folder: Path
    before: set[Text] = field(default_factory=set, repr=False)
    migrated: set[Text] = field(default_factory=set, repr=False)
    loaded: set[Text] = field(default_factory=set, repr=False)
    updated: set[tuple[str, int]] = field(default_factory=set, repr=False)  # tables and rows of cases with new editions

    def run(self, *command: str) -> str:
        """Run a Python program of the site on this database and return its output. Fails if the program fails."""
        mail = {"EMAIL_URL": "smtp://127.0.0.1:25/?from=casusboek@example.org", "DEMO": "1"}  # some pages require these
        done = subprocess.run(
            [sys.executable, *command],
            cwd=databases.ROOT,
            env=databases.environment(self.url, self.folder) | mail,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout[-1000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def query(self, sql: str) -> list[tuple]:
        with closing(databases.connect(self.url)) as database:
            return database.execute(sql).fetchall()


@pytest.fixture(scope="module", params=DUMPS, ids=lambda dump: dump.name.partition(".")[0])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("upgrade")
    with databases.temporary_database(os.environ.get("DATABASE_URL", "sqlite:///"), folder) as url:
        site = Site(url, folder)
        databases.restore(request.param, url)
        site.before = databases.texts(url)
        site.run("manage.py", "migrate")
        site.migrated = databases.texts(url)
        editions = dict(site.query("SELECT case_id, count(*) FROM cases_edition GROUP BY case_id"))
        site.run("manage.py", "load_cases")
        now = dict(site.query("SELECT case_id, count(*) FROM cases_edition GROUP BY case_id"))
        changed = {case for case, count in editions.items() if now[case] > count}
        for table, column in EDITION_CONTENT.items():
            rows = site.query(f"SELECT id, {column} FROM {table}")
            site.updated |= {(table, row) for row, case in rows if case in changed}
        site.loaded = databases.texts(url)
        yield site


def with_current_names(texts: Iterable[Text]) -> set[Text]:
    """Return the texts with the current names of their tables and columns."""
    return {(*RENAMED.get((table, column), (table, column)), owner, text) for table, column, owner, text in texts}


def lost(before: Iterable[Text], after: set[Text]) -> list[str]:
    """Return a readable line for each text that its owner no longer has."""
    return sorted(
        f"{table}.{column} of {owner}: {len(text)} long, {text[:60]!r}"
        for table, column, owner, text in with_current_names(before) - after
    )


# --- The dumps ---


def test_no_dump_was_removed():
    assert {dump.name.partition(".")[0] for dump in DUMPS} >= COMMITS


def test_a_dump_has_texts_of_every_kind(site):
    columns = Counter((table, column) for table, column, _owner, _text in site.before)
    assert len(site.before) > 1400
    assert columns["questions_answer", "text"] > 50
    assert columns["questions_feedback", "released_text"] > 0
    assert LONGEST in {len(text) for table, _column, _owner, text in site.before if table == "questions_submission"}
    for sign in ("😔", "👩🏽‍🤝‍👩🏻", "\n\n\n", "\t", "'", '"', "\\restrict", "é", "<en"):
        assert any(sign in text for table, *_owner, text in site.before if table == "questions_answerversion"), sign
    assert any(text.startswith("   ") for table, *_owner, text in site.before if table == "questions_answer")


@pytest.mark.parametrize("dump", [dump for dump in DUMPS if dump.name.startswith("e1333d5.")])
def test_the_first_dump_has_versions_that_a_race_stored_twice(dump, tmp_path):
    with databases.temporary_database(os.environ.get("DATABASE_URL", "sqlite:///"), tmp_path) as url:
        databases.restore(dump, url)
        for table, owner, kinds in (
            ("questions_answerversion", "answer_id", {"conflict", "chosen", "shrunk", "handed_in"}),
            ("questions_feedbackversion", "submission_id, author_id", {"conflict", "shrunk", "undone"}),
        ):
            with closing(databases.connect(url)) as database:
                sql = f"SELECT kind FROM {table} GROUP BY {owner}, kind, text HAVING count(*) > 1"
                assert {kind for (kind,) in database.execute(sql).fetchall()} == kinds


# --- Texts ---


def test_a_migration_loses_no_text(site):
    assert lost(site.before, site.migrated) == []


def test_loading_the_cases_loses_no_text_except_in_new_editions(site):
    expected = {
        text for text in site.migrated if not (text[0] in EDITION_CONTENT and (text[0], text[2][0]) in site.updated)
    }
    assert lost(expected, site.loaded) == []


def test_migrating_and_loading_again_changes_nothing(site):
    first = databases.snapshot(site.url)
    site.run("manage.py", "migrate")
    site.run("manage.py", "load_cases")
    assert databases.snapshot(site.url) == first


def test_the_system_checks_pass_and_no_migration_is_missing(site):
    site.run("manage.py", "check")
    site.run("manage.py", "makemigrations", "--check", "--dry-run")


# --- Pages ---


def test_no_page_raises_and_every_kind_of_user_can_open_the_required_pages(site):
    pages = json.loads(site.run("-m", "tests.upgrades.open_every_page", "pages"))
    failed = {
        f"{user} {address}": status
        for user, opened in pages.items()
        for addresses in opened.values()
        for address, status in addresses.items()
        if status not in {200, 301, 302, 400, 403, 404, 405, 410}
    }
    assert failed == {}
    assert {name for opened in pages.values() for name in opened} == set(routes())
    missing = {}
    for user, names in REQUIRED_PAGES.items():
        open_pages = {name for name, found in pages[user].items() if 200 in found.values()}
        missing[user] = sorted({*EVERY_USER.split(), *names.split()} - open_pages)
    assert missing == dict.fromkeys(REQUIRED_PAGES, [])
    assert lost(site.loaded, databases.texts(site.url)) == []


def test_every_edition_can_be_parsed(site):
    editions = site.query("SELECT id, text FROM cases_edition")
    assert len(editions) > 20
    for edition, text in editions:
        assert isinstance(parse_case(text, f"edition {edition}"), CaseDocument)


def test_each_assignment_shows_the_story_of_its_edition(site):
    desks = json.loads(site.run("-m", "tests.upgrades.open_every_page", "desks"))
    rows = site.query(
        "SELECT assignment.id, edition.text, story.status FROM questions_assignment assignment"
        " JOIN cases_edition edition ON edition.id = edition_id JOIN cases_case story ON story.id = case_id"
        " WHERE opens_at IS NULL OR opens_at <= CURRENT_TIMESTAMP"
    )
    assert sorted(desks) == sorted(str(assignment) for assignment, _text, _status in rows)
    for assignment, text, status in rows:
        paragraphs, desk = story(parse_case(text)), desks[str(assignment)]
        assert paragraphs
        wrong = [paragraph for paragraph in paragraphs if (paragraph in desk) == (status == "withdrawn")]
        assert wrong == [], f"assignment {assignment}, {status}"


def story(document: CaseDocument) -> list[str]:
    """Return the paragraphs of the story of a document, without markup."""
    parts = (document.introduction, document.body, document.closing)
    return [" ".join(block.split()) for part in parts for block in plain_text(part).split("\n") if block.strip()]


# --- The script for the next dump ---


def test_make_dump_creates_a_row_in_every_table(tmp_path):
    server = os.environ.get("DATABASE_URL", "sqlite:///")
    done = subprocess.run(
        [sys.executable, "tests/upgrades/make_dump.py", "--dry-run"],
        cwd=databases.ROOT,
        env=databases.environment(server, tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
