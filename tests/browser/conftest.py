"""A real headless Chromium against the live server, watched: what a person would not see go wrong fails the test too.

    def test_a_visitor_opens_a_case(open_page, assert_accessible):
        page = open_page(width=320, scheme="dark")
        page.goto("/casussen/")
        assert_accessible(page)

A test that breaks something on purpose says so: expected_problems.append("status of 409").
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

# The shell is Chromium without windows, tabs and menus: the same pages with half the work.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",  # nothing leaves this machine
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
REPORT_POLICY = """
    addEventListener("securitypolicyviolation", event => console.error(
        `content security policy: ${event.violatedDirective} forbids ${event.blockedURI || "what stands inline"}`));
"""


def no_browser(reason: str) -> None:
    """Skip; or fail where browser tests are required, as in CI."""
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
    # Playwright keeps an event loop running in this thread. Django then takes the tests for asynchronous code, where it
    # refuses the database unless told otherwise, and gives each connection a second time: that one has to know what
    # the first knew about the test database, and each is closed before the other is used.
    migrated_rows = getattr(connection, "_test_serialized_contents", None)
    connections.close_all()
    with sync_playwright() as playwright:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        if migrated_rows is not None:
            connection._test_serialized_contents = migrated_rows
        chromium = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield chromium
        chromium.close()
        connections.close_all()


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files as a site serves them: a page asks for other names then, and so do scripts of each other."""
    folder = tmp_path_factory.mktemp("collected")
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": "casebook.staticfiles.CollectedFiles"}}
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


@pytest.fixture(autouse=True)
def collected_files(collected: Path, settings) -> None:
    """The live server looks for static files where they come from; here that is where they were collected."""
    settings.STATIC_ROOT, settings.STATICFILES_DIRS = collected, [collected]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "casebook.staticfiles.CollectedFiles"}}


@pytest.fixture
def expected_problems() -> list[str]:
    """Regular expressions for what this test provokes; such console messages do not fail it."""
    return []


@pytest.fixture
def open_page(browser, live_server, expected_problems: list[str]) -> Iterator[Callable]:
    """A function that opens a page as somebody new: own cookies, own storage. `user` is signed in already."""
    contexts, problems = [], []

    def open_page(width: int = 1280, scheme: str = "light", javascript: bool = True, user=None, **options):
        # A service worker fetches pages by itself, out of sight of what a test routes; test_offline.py allows it.
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
        watch(context, urlsplit(live_server.url).netloc, problems)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    unexpected = [text for text in problems if not any(re.search(pattern, text) for pattern in expected_problems)]
    if unexpected:
        pytest.fail("The browser met problems:\n" + "\n".join(dict.fromkeys(unexpected)), pytrace=False)


def session_cookie(user, url: str) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": "{0.scheme}://{0.netloc}/".format(urlsplit(url)),  # for the whole site, whatever page this is
    }


def watch(context, server: str, problems: list[str]) -> None:
    """Note errors on the console (a breach of the content security policy is one), exceptions and foreign requests."""

    def on_console(message) -> None:
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):  # asked for by itself
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
    """axe-core finds nothing: WCAG 2.0 to 2.2, A and AA, and its own best practices."""
    from axe_playwright_python.sync_playwright import Axe

    def assert_accessible(page) -> None:
        options = {
            "runOnly": {"type": "tag", "values": list(RULES)},
            "resultTypes": ["violations"],
            "preload": False,  # to read an @import it makes a <style>, which the content security policy forbids
        }
        violations = Axe().run(page, options=options).response["violations"]
        found = [
            f"{violation['id']}: {violation['help']}\n    {node['html']}\n    {node['failureSummary']}"
            for violation in violations
            for node in violation["nodes"]
        ]
        assert not found, f"{page.url}\n" + "\n".join(found)

    return assert_accessible
