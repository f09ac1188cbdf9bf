"""A page that cannot be reached: what the service worker shows, to whom, and how it goes on."""

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
    """A student's desk on a site that can be killed, once the worker is there."""
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


def test_a_reload_without_the_site_shows_what_is_unsent_and_goes_on_by_itself(desk, own_server):
    own_server.kill()
    field(desk).fill(TEXT)
    expect(save_line(desk)).to_contain_text("bewaard op dit apparaat", timeout=10_000)
    desk.reload()
    expect(desk.get_by_role("heading", name="Je bent offline")).to_be_visible()
    unsent = desk.get_by_role("region", name="Wat op dit apparaat staat")
    expect(unsent).to_contain_text(TEXT)
    expect(unsent.get_by_role("button", name="Download alles als tekst")).to_be_hidden()  # of one text
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


def test_any_page_of_the_site_shows_it_and_the_address_stays(desk, own_server):
    own_server.kill()
    desk.goto("/casussen/")
    expect(desk.get_by_role("heading", name="Je bent offline")).to_be_visible()
    expect(desk.get_by_text("Er staat op dit apparaat geen tekst van jou")).to_be_visible()
    assert desk.url.endswith("/casussen/")
    font = desk.get_by_role("heading", name="Je bent offline").evaluate("each => getComputedStyle(each).fontFamily")
    assert font.startswith("Newsreader")  # its sheet came along


def test_a_proxy_without_a_site_behind_it_counts_as_unreachable(desk, own_server):
    """Playwright shows a test no request of a worker, so the worker's own fetch is asked what it makes of a 502."""
    code = desk.evaluate("fetch('/offline.js').then(reply => reply.text())")
    assert "[502, 503, 504]" in code


def test_the_worker_keeps_nothing_personal(desk):
    desk.goto("/antwoorden/")
    desk.goto("/")
    cached = dict(desk.evaluate(CACHED))
    assert "/offline/" in cached
    assert all(path == "/offline/" or path.startswith("/static/") for path in cached)
    assert not any("Bram" in text for text in cached.values())
    assert "data-user" not in cached["/offline/"]


def test_somebody_else_does_not_see_what_is_unsent(desk, own_server):
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


def test_signed_out_nobody_sees_what_is_unsent(desk, own_server):
    desk.route("**/antwoord/**", lambda route: route.abort())
    field(desk).fill(TEXT)
    expect(save_line(desk)).to_contain_text("bewaard op dit apparaat")
    desk.context.clear_cookies(name="sessionid")
    desk.goto("/over/")
    own_server.kill()
    desk.reload()
    expect(desk.get_by_role("heading", name="Je bent offline")).to_be_visible()
    expect(desk.get_by_text(TEXT)).to_have_count(0)
