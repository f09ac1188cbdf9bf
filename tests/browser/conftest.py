"""Fixtures for tests in a headless Chromium, against the live server. Problems that a user cannot see fail a test too.

    def test_visitor_opens_a_case(open_page, assert_accessible):
        page = open_page(width=320, scheme="dark")
        page.goto("/casussen/")
        assert_accessible(page)

A test that causes a problem on purpose declares it: expected_problems.append("status of 409").
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, override_settings

from tests.browser.own_server import own_server  # noqa: F401 (a fixture)
from tests.browser.student_desk import assignment, desk, student  # noqa: F401 (fixtures)
from tests.conftest import NO_BROWSER
from tests.factories import UserFactory

# The shell is Chromium without windows, tabs and menus: it renders the same pages with half the work.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",  # no request leaves this machine
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
REPORT_POLICY = """
    addEventListener("securitypolicyviolation", event => console.error(
        `content security policy: ${event.violatedDirective} forbids ${event.blockedURI || "inline code"}`));
"""


def no_browser(reason: str) -> None:
    """Skip the test, or fail it if browser tests are required, as in CI."""
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"REQUIRE_BROWSER=1, and {NO_BROWSER}: {reason}", pytrace=False)
    pytest.skip(f"{NO_BROWSER}: {reason}")


@pytest.fixture
def teacher(transactional_db):
    return UserFactory(name="Karin Vos", groups=["Docenten"])


@pytest.fixture(scope="session")
def browser() -> Iterator:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        no_browser("there is no Chromium or Chrome on PATH; on Debian: sudo apt install chromium-headless-shell")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        no_browser("playwright is not installed; make test installs it")
    # Playwright runs an event loop in this thread, so Django treats the tests as asynchronous code: it refuses to use
    # the database unless allowed, and opens a second connection. That one needs the serialized rows of the first, and
    # each is closed before the other is used.
    migrated_rows = getattr(connection, "_test_serialized_contents", None)
    connections.close_all()
    with sync_playwright() as playwright:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        if migrated_rows is not None:
            connection._test_serialized_contents = migrated_rows
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_OPTIONS))
        yield chromium
        chromium.close()
        connections.close_all()


@pytest.fixture(scope="session")
def collected_static_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of collected static files, whose hashed names are in pages and in imports of scripts."""
    folder = tmp_path_factory.mktemp("collected")
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": "casebook.staticfiles.CollectedFiles"}}
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


@pytest.fixture(autouse=True)
def collected_files(collected_static_files: Path, settings) -> None:
    """Make the live server, which serves the source folders of static files, serve the collected files."""
    settings.STATIC_ROOT, settings.STATICFILES_DIRS = collected_static_files, [collected_static_files]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "casebook.staticfiles.CollectedFiles"}}


@pytest.fixture
def expected_problems() -> list[str]:
    """Return the list of regular expressions for problems that a test causes on purpose, and that do not fail it."""
    return []


@pytest.fixture
def open_page(browser, live_server, expected_problems: list[str]) -> Iterator[Callable]:
    """Yield a function that opens a page in a new browser context, in which `user` is signed in."""
    contexts, problems = [], []

    def open_page(width: int = 1280, scheme: str = "light", javascript: bool = True, user=None, **options):
        # Routes of a test do not see the requests of a service worker; only test_offline.py allows one.
        options.setdefault("service_workers", "block")
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=javascript,
            locale="nl-NL",
            timezone_id="Europe/Amsterdam",
            **options,
        )
        context.set_default_timeout(5_000)
        contexts.append(context)
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])
        record_problems(context, urlsplit(live_server.url).netloc, problems)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    unexpected = [text for text in problems if not any(re.search(pattern, text) for pattern in expected_problems)]
    if unexpected:
        pytest.fail("The browser reported problems:\n" + "\n".join(dict.fromkeys(unexpected)), pytrace=False)


def session_cookie(user, url: str) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": "{0.scheme}://{0.netloc}/".format(urlsplit(url)),  # for the whole site
    }


def record_problems(context, server: str, problems: list[str]) -> None:
    """Record console errors (including breaches of the content security policy), exceptions and foreign requests."""

    def on_console(message) -> None:
        if message.type == "error" and not message.location["url"].endswith(
            "/favicon.ico"
        ):  # requested by the browser itself
            problems.append(f"{message.page.url if message.page else ''}: console: {message.text}")

    def on_request(request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and parts.netloc != server:
            problems.append(f"request to another host: {request.url}")

    context.add_init_script(REPORT_POLICY)
    context.on("console", on_console)
    context.on("weberror", lambda error: problems.append(f"exception: {error.error}"))
    context.on("request", on_request)


@pytest.fixture
def assert_accessible() -> Callable:
    """Return a function that runs axe-core: WCAG 2.0 to 2.2, A and AA, and its best practices."""
    from axe_playwright_python.sync_playwright import Axe

    def assert_accessible(page) -> None:
        options = {
            "runOnly": {"type": "tag", "values": list(RULES)},
            "resultTypes": ["violations"],
            "preload": False,  # it adds a <style> to read an @import, which the content security policy forbids
        }
        violations = Axe().run(page, options=options).response["violations"]
        found = [
            f"{violation['id']}: {violation['help']}\n    {node['html']}\n    {node['failureSummary']}"
            for violation in violations
            for node in violation["nodes"]
        ]
        assert not found, f"{page.url}\n" + "\n".join(found)

    return assert_accessible
