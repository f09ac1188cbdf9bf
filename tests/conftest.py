"""What every test stands on: the site's settings made fit for tests, and a database that threads can share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import override_settings

from casebook.lib import text_diff
from cases.library import catalogue_index, page_cache

ROOT = Path(__file__).resolve().parent.parent
NO_BROWSER = "no browser"  # how a skip for want of Chromium begins
NO_NODE = "no node"  # and one for want of a node that can run the site's scripts


@pytest.fixture(scope="session", autouse=True)
def settings_for_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No manifest of collected files, cheap passwords, and nothing of what people keep in var/."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        STORAGES={**settings.STORAGES, "staticfiles": plain},
        WHITENOISE_AUTOREFRESH=True,  # looks for files when asked; else it warns that nothing is collected
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        VAR_DIR=tmp_path_factory.mktemp("var"),
    ):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as on the site. In memory, the live server's threads would share one connection and its
    transaction, and what one request rolls back another one loses."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def flush_reaches_tables_without_a_model() -> Iterator[None]:
    """PostgreSQL empties no table to which another one refers, and the search table, which is no model, does."""
    if connection.vendor != "postgresql":
        yield
        return
    operations = type(connection.ops)
    sql_flush = operations.sql_flush

    def cascading(self, style, tables, *, reset_sequences=False, allow_cascade=False):
        return sql_flush(self, style, tables, reset_sequences=reset_sequences, allow_cascade=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", cascading)
        yield


# --- fixtures that tests of several apps share: below this line ---


@pytest.fixture(autouse=True)
def fresh_shelf() -> None:
    """The database is rolled back under the picture and the pages of the library that a process keeps."""
    catalogue_index.forget()
    page_cache.forget()
    text_diff.kept.clear()


@pytest.fixture(autouse=True)
def empty_search_table(request: pytest.FixtureRequest) -> Iterator[None]:
    """SQLite's search table is no model, so emptying all tables after a real transaction passes it by."""
    if is_transactional(request.node, request.fixturenames) and connection.vendor == "sqlite":
        request.getfixturevalue("transactional_db")
        yield
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM cases_search")
    else:
        yield


@pytest.fixture(autouse=True)
def fresh_counts(request: pytest.FixtureRequest) -> Iterator[None]:
    """The table of the cache is no model either: attempts that one test counts would slow down the next."""
    if is_transactional(request.node, request.fixturenames):
        request.getfixturevalue("transactional_db")
        yield
        cache.clear()
    else:
        yield


# --- and above this one ---


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Give the marks that pytest-django sorts by, and after its sorting put what takes long in front."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "browser" in fixtures:
            item.add_marker(pytest.mark.browser)
        if is_transactional(item, fixtures):
            keep_migrated_rows(item)
    yield
    items.sort(key=begins_later)


def begins_later(item: pytest.Item) -> bool:
    """What takes long begins before the rest, or one process would wait for another at the end. A test with real
    transactions never does: it empties tables of which those without need the rows."""
    return not item.get_closest_marker("long") or bool(is_transactional(item, getattr(item, "fixturenames", ())))


def is_transactional(item: pytest.Item, fixtures: list[str]) -> bool:
    marker = item.get_closest_marker("django_db")
    return {"live_server", "transactional_db"} & set(fixtures) or bool(marker and marker.kwargs.get("transaction"))


def keep_migrated_rows(item: pytest.Item) -> None:
    """A test with real transactions empties all tables afterwards. The next one still finds what migrations put there,
    the groups for one."""
    item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)


def pytest_terminal_summary(terminalreporter) -> None:
    for wanting, kind in ((NO_BROWSER, "BROWSER"), (NO_NODE, "JAVASCRIPT")):
        skipped = [report for report in terminalreporter.getreports("skipped") if wanting in str(report.longrepr)]
        if skipped:
            reason = skipped[0].longrepr[2].removeprefix("Skipped: ")
            terminalreporter.write_line(f"{len(skipped)} {kind} TESTS DID NOT RUN: {reason}", yellow=True, bold=True)
