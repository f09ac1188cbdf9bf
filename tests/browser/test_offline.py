"""The page that the service worker shows when the site cannot be reached."""

from pathlib import Path

import pytest

from questions.models import Answer
from tests.browser.conftest import session_cookie
from tests.factories import UserFactory
from tests.questions.factories import enrol

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

TEXT = "Ik ga eerst naast haar zitten."
CACHED = """async () => {
    const found = [];
    for (const name of await caches.keys()) {
        for (const request of await (await caches.open(name)).keys()) {
            found.push([new URL(request.url).pathname, await (await caches.match(request)).text()]);
        }
    }
    return found;
}"""


@pytest.fixture
def student(assignment):
    return enrol(assignment.module, UserFactory(name="Bram Kuipers")).user


@pytest.fixture
def desk(browser, own_server, assignment, student):
    """Yield the assignment desk of a student, on a site that can be killed, with an active service worker."""
    own_server()
    context = browser.new_context(base_url=own_server.url, locale="nl-NL", accept_downloads=True)
    context.set_default_timeout(5_000)
    context.add_cookies([session_cookie(student, own_server.url)])
    page = context.new_page()
    page.goto(assignment.get_absolute_url())
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    yield page
    context.close()


def field(page):
    return page.get_by_label("Jouw antwoord")


def save_line(page):
    return page.locator("[data-saveline]")


def test_reload_while_offline_shows_unsent_text_and_continues_when_online(desk, own_server):
    own_server.kill()
    field(desk).fill(TEXT)
    expect(save_line(desk)).to_contain_text("bewaard op dit apparaat", timeout=10_000)
    desk.reload()
    expect(desk.get_by_role("heading", name="Je bent offline")).to_be_visible()
    unsent = desk.get_by_role("region", name="Wat op dit apparaat staat")
    expect(unsent).to_contain_text(TEXT)
    expect(unsent.get_by_role("button", name="Download alles als tekst")).to_be_hidden()  # only for several texts
    with desk.expect_download() as download:
        unsent.get_by_role("button", name="Download als tekst").click()
    assert TEXT in Path(download.value.path()).read_text(encoding="utf-8")
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    unsent.get_by_role("button", name="Kopieer").click()
    expect(unsent.get_by_role("button", name="Gekopieerd")).to_be_visible()
    assert desk.evaluate("navigator.clipboard.readText()") == TEXT
    own_server()
    expect(field(desk)).to_have_value(TEXT, timeout=15_000)
    expect(save_line(desk)).to_contain_text("Opgeslagen")
    assert Answer.objects.get().text == TEXT


def test_offline_page_is_shown_at_any_address_of_the_site(desk, own_server):
    own_server.kill()
    desk.goto("/casussen/")
    expect(desk.get_by_role("heading", name="Je bent offline")).to_be_visible()
    expect(desk.get_by_text("Er staat op dit apparaat geen tekst van jou")).to_be_visible()
    assert desk.url.endswith("/casussen/")
    font = desk.get_by_role("heading", name="Je bent offline").evaluate("each => getComputedStyle(each).fontFamily")
    assert font.startswith("Newsreader")  # its style sheet is cached


def test_error_of_a_proxy_counts_as_unreachable(desk, own_server):
    """Playwright cannot intercept the requests of a worker, so the test reads the statuses in the script."""
    code = desk.evaluate("fetch('/offline.js').then(reply => reply.text())")
    assert "[502, 503, 504]" in code


def test_worker_caches_nothing_personal(desk):
    desk.goto("/antwoorden/")
    desk.goto("/")
    cached = dict(desk.evaluate(CACHED))
    assert "/offline/" in cached
    assert all(path == "/offline/" or path.startswith("/static/") for path in cached)
    assert not any("Bram" in text for text in cached.values())
    assert "data-user" not in cached["/offline/"]


def test_offline_page_does_not_show_unsent_text_to_another_user(desk, own_server):
    desk.route("**/antwoord/**", lambda route: route.abort())
    field(desk).fill(TEXT)
    expect(save_line(desk)).to_contain_text("bewaard op dit apparaat")
    other = desk.context.new_page()
    desk.close()
    other.route("**/antwoord/**", lambda route: route.abort())
    other.context.add_cookies([session_cookie(UserFactory(), own_server.url)])
    other.goto(f"{own_server.url}/over/")
    own_server.kill()
    other.reload()
    expect(other.get_by_text("Er staat op dit apparaat geen tekst van jou")).to_be_visible()
    expect(other.get_by_text(TEXT)).to_have_count(0)


def test_offline_page_does_not_show_unsent_text_after_signing_out(desk, own_server):
    desk.route("**/antwoord/**", lambda route: route.abort())
    field(desk).fill(TEXT)
    expect(save_line(desk)).to_contain_text("bewaard op dit apparaat")
    desk.context.clear_cookies(name="sessionid")
    desk.goto("/over/")
    own_server.kill()
    desk.reload()
    expect(desk.get_by_role("heading", name="Je bent offline")).to_be_visible()
    expect(desk.get_by_text(TEXT)).to_have_count(0)
