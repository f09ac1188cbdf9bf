"""Configuration of all tests: their settings, and a database that threads can share."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.creation import BaseDatabaseCreation
from django.test import override_settings
from django.test.client import ClientHandler

from casebook.lib import text_diff
from casebook.lib.wsgi import in_one_stack_chunk
from casebook.templatetags import fixed_parts
from cases.library import catalogue_index, page_cache

ROOT = Path(__file__).resolve().parent.parent
NO_BROWSER = "no browser"  # the beginning of the reason of a skip without Chromium
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "django_db_setup"}
NO_NODE = "no node"  # the same for a skip without a node that can run the scripts of the site


@pytest.fixture(scope="session", autouse=True)
def settings_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Use no manifest of collected files, a fast password hasher, and a temporary directory instead of var/."""
    without_manifest = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        STORAGES={**settings.STORAGES, "staticfiles": without_manifest},
        WHITENOISE_AUTOREFRESH=True,  # finds files at each request; otherwise it warns that none are collected
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        VAR_DIR=tmp_path_factory.mktemp("var"),
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_middleware() -> Iterator[None]:
    """Load the middleware once for all test clients with the same settings, which saves a twentieth of a walk.

    Each client would load it at its first request, and most walks over all pages make a client for each request. A
    change of a setting replaces the object that contains the settings.
    """
    load, loaded = ClientHandler.load_middleware, {}
    names = "_view_middleware", "_template_response_middleware", "_exception_middleware", "_middleware_chain"

    def load_once(handler: ClientHandler) -> None:
        if loaded.get("settings") is not settings._wrapped:
            load(handler)
            loaded.update(settings=settings._wrapped, handler=handler)
        vars(handler).update({name: getattr(loaded["handler"], name) for name in names})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "load_middleware", load_once)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Use SQLite in a file, as the site does.

    In memory, the threads of the live server would share one connection and its transaction, and the rollback of one
    request would undo the changes of another.
    """
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def flush_with_cascade() -> Iterator[None]:
    """Flush with CASCADE on PostgreSQL, since the search table, which has no model, refers to tables that have one."""
    if connection.vendor != "postgresql":
        yield
        return
    operations = type(connection.ops)
    sql_flush = operations.sql_flush

    def sql_flush_with_cascade(self, style, tables, *, reset_sequences=False, allow_cascade=False):
        return sql_flush(self, style, tables, reset_sequences=reset_sequences, allow_cascade=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush_with_cascade)
        yield


@pytest.fixture(scope="session", autouse=True)
def restore_migrated_rows_at_once() -> Iterator[None]:
    """Restore the rows of migrations before transactional tests by one statement for each table.

    Django creates an object for each row and saves it, which took a tenth of a second before each of these tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseCreation, "serialize_db_to_string", lambda creation: read_rows(creation.connection))
        patch.setattr(BaseDatabaseCreation, "deserialize_db_from_string", insert_rows)
        yield


def read_rows(database: BaseDatabaseWrapper) -> dict[str, list[tuple]]:
    """Return the rows of each table of a model that has any."""
    rows: dict[str, list[tuple]] = {}
    with database.cursor() as cursor:
        for table in database.introspection.django_table_names(only_existing=True, include_views=False):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")
            rows[table] = cursor.fetchall()
    return {table: found for table, found in rows.items() if found}


def insert_rows(creation: BaseDatabaseCreation, rows: dict[str, list[tuple]]) -> None:
    """Insert the rows that `read_rows` returned, where they are not there; foreign keys are checked at the end."""
    database = creation.connection
    with transaction.atomic(), database.cursor() as cursor:
        for table, found in rows.items():
            values = ", ".join(["%s"] * len(found[0]))
            statement = f"INSERT INTO {database.ops.quote_name(table)} VALUES ({values}) ON CONFLICT DO NOTHING"
            cursor.executemany(statement, found)


# --- fixtures that tests of several apps share: below this line ---


@pytest.fixture(autouse=True)
def empty_caches_of_process() -> None:
    """Empty the caches of the process before each test, since the database is rolled back after each test."""
    catalogue_index.forget()
    page_cache.forget()
    fixed_parts.forget()
    text_diff.cache.clear()


@pytest.fixture(autouse=True)
def empty_search_table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the search table of SQLite after transactional tests: it has no model, so the flush does not include it."""
    if is_transactional(request.node, request.fixturenames) and connection.vendor == "sqlite":
        request.getfixturevalue("transactional_db")
        yield
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM cases_search")
    else:
        yield


@pytest.fixture(autouse=True)
def empty_rate_limits(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the cache table after transactional tests: it has no model, and attempts would count for the next test."""
    if is_transactional(request.node, request.fixturenames):
        request.getfixturevalue("transactional_db")
        yield
        cache.clear()
    else:
        yield


# --- and above this one ---


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Add the marks that pytest-django sorts by, and after its sorting move the long tests forward."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "browser" in fixtures:
            item.add_marker(pytest.mark.browser)
        if item.get_closest_marker("django_db") or not DATABASE_FIXTURES.isdisjoint(fixtures):
            item.add_marker(pytest.mark.database)
        if is_transactional(item, fixtures):
            restore_migrated_rows(item)
    yield
    items.sort(key=sort_key)


def sort_key(item: pytest.Item) -> tuple[bool, bool]:
    """Return the sort key: long tests run first, or one process would be idle at the end while another still runs one.

    Transactional tests run after all others, since they empty tables with rows that the others need.
    """
    return bool(is_transactional(item, getattr(item, "fixturenames", ()))), not item.get_closest_marker("long")


def is_transactional(item: pytest.Item, fixtures: list[str]) -> bool:
    marker = item.get_closest_marker("django_db")
    return {"live_server", "transactional_db"} & set(fixtures) or bool(marker and marker.kwargs.get("transaction"))


def restore_migrated_rows(item: pytest.Item) -> None:
    """Restore the rows of migrations, such as the groups, before this transactional test: the last one emptied them."""
    item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> object:
    """Run all tests in one chunk of the stack, as the site does with a request, which saves a quarter of the time."""
    this = sys.modules[__name__]
    run_tests = session.config.pluginmanager.subset_hook_caller("pytest_runtestloop", remove_plugins=[this])
    return in_one_stack_chunk(run_tests)(session=session)


def pytest_collection_finish() -> None:
    """Let the garbage collector skip the modules and tests that exist now, which saves a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_terminal_summary(terminalreporter) -> None:
    for prefix, kind in ((NO_BROWSER, "BROWSER"), (NO_NODE, "JAVASCRIPT")):
        skipped = [report for report in terminalreporter.getreports("skipped") if prefix in str(report.longrepr)]
        if skipped:
            reason = skipped[0].longrepr[2].removeprefix("Skipped: ")
            terminalreporter.write_line(f"{len(skipped)} {kind} TESTS DID NOT RUN: {reason}", yellow=True, bold=True)
