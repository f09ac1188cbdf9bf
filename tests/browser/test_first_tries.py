"""Mishaps of the writing path that nobody had tried: a deploy, a duplicated tab, a page made ahead, clocks, a read-only
database, and a worker that is killed for taking too long."""

import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.core.signals import request_started
from django.db import connection, transaction
from django.utils import timezone

from questions.models import Answer, AnswerVersion, Submission
from tests.browser.conftest import session_cookie
from tests.browser.device import count_copies, wait_for_copies
from tests.browser.student_desk import (
    ON_DEVICE,
    SAVED,
    block_saves,
    field,
    save_line,
    stored_text,
    stored_versions,
    unblock_saves,
    write,
)
from tests.browser.test_mishaps import WITHOUT_SCRIPT, copy_on_device, put_copy
from tests.questions.factories import enrol

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

OLD_SCRIPTS = Path(__file__).parent / "scripts_of_e1333d5"
HOUR = timedelta(hours=1)
SLOW = 15_000  # milliseconds: a page tries again after 2, 5 and 10 seconds


@pytest.fixture
def student(assignment):
    return enrol(assignment.module).user


@pytest.fixture
def desk(open_page, assignment, student):
    page = open_page(user=student)
    page.goto(assignment.get_absolute_url())
    return page


@pytest.fixture
def own_desk(browser, own_server, assignment, student):
    """A function that opens the desk on a site in processes of its own."""
    contexts = []

    def own_desk(*options: str):
        own_server(*options)
        context = browser.new_context(base_url=own_server.url, locale="nl-NL", service_workers="block")
        context.set_default_timeout(5_000)
        context.add_cookies([session_cookie(student, own_server.url)])
        contexts.append(context)
        page = context.new_page()
        page.goto(assignment.get_absolute_url())
        return page

    yield own_desk
    for context in contexts:
        context.close()


def both_texts(page):
    return page.get_by_role("region", name="Twee teksten")


def hand_in(page) -> None:
    page.get_by_role("button", name="Lever in", exact=True).click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()


# --- A deploy while people write ---


@pytest.fixture
def old_desk(open_page, assignment, student):
    """The desk with the scripts as commit e1333d5 had them: they send no hash, and read replies in their own way."""
    page = open_page(user=student)
    for name in ("writing", "outbox"):
        page.route(re.compile(rf"/js/{name}(\.\w+)?\.js$"), partial(fulfil_with, OLD_SCRIPTS / f"{name}.js"))
    page.goto(assignment.get_absolute_url())
    return page


def fulfil_with(script: Path, route) -> None:
    route.fulfill(content_type="text/javascript", body=script.read_text(encoding="utf-8"))


@pytest.mark.each_database
def test_old_scripts_save_and_hand_in_at_a_new_server(old_desk):
    sent = []
    old_desk.on("request", lambda request: request.method == "POST" and sent.append(request.post_data))
    write(old_desk, "Een regel.\nNog een.")
    expect(save_line(old_desk)).to_contain_text(SAVED)
    assert sent
    assert not any("hash" in data for data in sent)  # these are the old scripts
    wait_for_copies(old_desk, 0)
    write(old_desk, " En meer.")
    hand_in(old_desk)
    assert stored_text() == Submission.objects.get().text == "Een regel.\nNog een. En meer."
    assert stored_versions() == ["Een regel.\nNog een. En meer."]  # as handed in


@pytest.mark.each_database
def test_old_scripts_show_a_conflict_with_a_new_server(old_desk, open_page, student, expected_problems):
    expected_problems.append("status of 409")
    other = open_page(user=student)
    other.goto(old_desk.url)
    write(other, "van de nieuwe")
    expect(save_line(other)).to_contain_text(SAVED)
    write(old_desk, "van de oude")
    panel = both_texts(old_desk)
    expect(panel).to_contain_text("van de nieuwe")
    expect(panel).to_contain_text("van de oude")
    panel.get_by_role("button", name="Verder met deze tekst").click()
    expect(save_line(old_desk)).to_contain_text(SAVED)
    assert stored_text() == "van de oude"
    assert stored_versions() == ["van de nieuwe", "van de oude"]


@pytest.mark.each_database
def test_old_scripts_that_left_a_copy_are_followed_by_new_ones_that_send_it(old_desk, open_page, expected_problems):
    expected_problems.append("net::ERR_")
    block_saves(old_desk)
    write(old_desk, "nog van voor de nieuwe versie")
    expect(save_line(old_desk)).to_contain_text(ON_DEVICE)
    context, url = old_desk.context, old_desk.url
    old_desk.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")
    old_desk.close()
    fresh = context.new_page()
    fresh.goto(url)
    expect(field(fresh)).to_have_value("nog van voor de nieuwe versie")
    expect(save_line(fresh)).to_contain_text(SAVED)
    wait_for_copies(fresh, 0)
    assert stored_text() == "nog van voor de nieuwe versie"
    assert stored_versions() == []


def deploy(folder: Path) -> None:
    """Give every collected script another name, as where something in it changed; the old names are gone."""
    static = folder / "static"
    for packed in static.rglob("*.gz"):
        packed.unlink()
    scripts = [path for path in static.glob("js/*.js") if path.name.count(".") == 2]
    assert scripts
    names = {path.name: re.sub(r"\.\w+\.js$", ".0123456789ab.js", path.name) for path in scripts}
    for path in [*scripts, static / "staticfiles.json"]:
        text = path.read_text(encoding="utf-8")
        for old, new in names.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    for path in scripts:
        path.rename(path.with_name(names[path.name]))


def test_an_open_page_goes_on_over_a_deploy_and_a_reload_takes_the_new_scripts(own_desk, own_server, tmp_path):
    page = own_desk()
    write(page, "voor")
    expect(save_line(page)).to_contain_text(SAVED)
    own_server.kill()
    write(page, " tijdens")
    expect(save_line(page)).to_contain_text(ON_DEVICE)
    deploy(tmp_path)
    own_server()
    expect(save_line(page)).to_contain_text(SAVED, timeout=SLOW)
    write(page, " na")
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "voor tijdens na"
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    assert any(url.endswith("/writing.0123456789ab.js") for url in asked)
    write(page, " herladen")
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "voor tijdens na herladen"
    assert stored_versions() == []


def test_a_page_whose_old_script_is_gone_says_so_and_works_as_a_form(own_desk, own_server, tmp_path):
    """Its page came before the deploy, and its script was asked for after it."""
    page = own_desk()
    before = page.request.get(page.url).text()
    own_server.kill()
    deploy(tmp_path)
    own_server()
    fresh = page.context.browser.new_context(base_url=own_server.url, locale="nl-NL", service_workers="block")
    fresh.add_cookies(page.context.cookies())
    late = fresh.new_page()
    late.route(page.url, lambda route: route.fulfill(content_type="text/html", body=before), times=1)
    with late.expect_response(lambda reply: "/js/writing." in reply.url) as script:
        late.goto(page.url)
    assert script.value.status == 404
    expect(late.get_by_text(WITHOUT_SCRIPT)).to_be_visible()
    field(late).fill("als gewoon formulier")
    late.get_by_role("button", name="Opslaan").last.click()
    expect(late.locator("#inhoud")).to_contain_text("Opgeslagen.")
    assert stored_text() == "als gewoon formulier"
    fresh.close()


# --- A duplicated tab ---


@pytest.fixture
def duplicate(desk):
    """What «Duplicate tab» makes: the same page, with a copy of sessionStorage."""
    desk.evaluate("sessionStorage.setItem('merk', 'zelfde')")
    with desk.expect_popup() as popup:
        desk.evaluate("void window.open(location.href)")
    popup.value.wait_for_load_state()
    assert popup.value.evaluate("sessionStorage.getItem('merk')") == "zelfde"
    return popup.value


def test_of_two_equal_tabs_the_second_one_to_write_sees_both_texts(desk, duplicate, expected_problems):
    expected_problems.append("status of 409")
    write(desk, "in de eerste")
    expect(save_line(desk)).to_contain_text(SAVED)
    write(duplicate, "in de kopie")
    panel = both_texts(duplicate)
    expect(panel).to_contain_text("in de eerste")
    expect(panel).to_contain_text("in de kopie")
    assert stored_text() == "in de eerste"
    panel.get_by_role("button", name="Verder met deze tekst").click()
    expect(save_line(duplicate)).to_contain_text(SAVED)
    write(desk, ", verder")
    panel = both_texts(desk)
    expect(panel).to_contain_text("in de eerste, verder")
    expect(panel).to_contain_text("in de kopie")
    assert stored_text() == "in de kopie"
    assert stored_versions() == ["in de eerste", "in de eerste, verder", "in de kopie"]


def test_two_equal_tabs_that_wrote_offline_keep_both_texts(desk, duplicate, expected_problems):
    expected_problems += ["net::ERR_", "status of 409"]
    for page in (desk, duplicate):
        block_saves(page)
    write(desk, "in de eerste")
    write(duplicate, "in de kopie")
    for page in (desk, duplicate):
        expect(save_line(page)).to_contain_text(ON_DEVICE)
    assert count_copies(desk) == 2
    unblock_saves(desk)
    desk.evaluate("dispatchEvent(new Event('online'))")
    expect(save_line(desk)).to_contain_text(SAVED)
    unblock_saves(duplicate)
    duplicate.evaluate("dispatchEvent(new Event('online'))")
    expect(both_texts(duplicate)).to_contain_text("in de eerste")
    expect(both_texts(duplicate)).to_contain_text("in de kopie")
    assert both_texts(desk).count() == 0
    assert stored_text() == "in de eerste"
    assert stored_versions() == ["in de eerste", "in de kopie"]


# --- A page that the browser makes ahead of a visit ---

# Headless Chromium asks for such a page, and does not show it under Playwright. So a page in a tab of its own is told
# what Chromium tells a prerendered one, until it is "activated".
PRERENDERED = """
    let isAhead = true;
    Object.defineProperty(document, "prerendering", { get: () => isAhead });
    Object.defineProperty(document, "visibilityState", { get: () => (isAhead ? "hidden" : "visible") });
    addEventListener("activate", () => {
        isAhead = false;
        document.dispatchEvent(new Event("prerenderingchange"));
    });"""


def test_a_page_made_ahead_sends_nothing_and_shows_what_is_stored_when_it_is_opened(desk, expected_problems):
    expected_problems.append("net::ERR_")
    block_saves(desk)
    write(desk, "nog bezig")
    ahead = desk.context.new_page()
    sent = []
    ahead.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    ahead.add_init_script(f"if (!sessionStorage.opened) {{ {PRERENDERED} }}")
    ahead.goto(desk.url)
    ahead.wait_for_timeout(500)
    assert sent == []
    assert count_copies(desk) == 1
    unblock_saves(desk)
    write(desk, " en nu klaar")
    expect(save_line(desk)).to_contain_text(SAVED)
    ahead.evaluate("sessionStorage.opened = 1; dispatchEvent(new Event('activate'))")
    expect(field(ahead)).to_have_value("nog bezig en nu klaar")
    write(ahead, ", verder")
    expect(save_line(ahead)).to_contain_text(SAVED)
    assert stored_text() == "nog bezig en nu klaar, verder"
    assert stored_versions() == []


# --- Clocks ---


@pytest.fixture
def server_clock(monkeypatch):
    """A function that sets how far the server's clock is from ours; or, with a moment, stops it there."""
    now = timezone.now

    def server_clock(shift: timedelta = timedelta(), at: datetime | None = None) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at or now() + shift)

    return server_clock


@pytest.mark.each_database
def test_a_server_clock_that_goes_back_an_hour_costs_nothing(desk, assignment, server_clock):
    write(desk, "Voor de klok terugging, een hele zin.")
    expect(save_line(desk)).to_contain_text(SAVED)
    server_clock(-HOUR)
    write(desk, " En erna.")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.wait_for_timeout(100)
    assert stored_text() == "Voor de klok terugging, een hele zin. En erna."
    field(desk).fill("Alles anders.")
    field(desk).blur()
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.reload()  # the session is still good
    expect(field(desk)).to_have_value("Alles anders.")
    assert stored_versions() == ["Voor de klok terugging, een hele zin. En erna."]
    hand_in(desk)
    assert Submission.objects.get().text == "Alles anders."
    assert not assignment.is_late(Submission.objects.get().submitted_at)


CLOCK_BACK = "{ const now = Date.now; Date.now = () => now() - 3_600_000; }"
NO_NETWORK = "window.fetch = () => Promise.reject(new TypeError('no network'));"


def test_a_device_clock_that_goes_back_an_hour_between_two_keys_costs_nothing(desk):
    desk.evaluate(f"() => {{ {NO_NETWORK} }}")
    write(desk, "een")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    key, copy = copy_on_device(desk)
    desk.evaluate(f"() => {CLOCK_BACK}")
    write(desk, " twee")
    desk.wait_for_timeout(1500)  # both stores have it by then
    context, url = desk.context, desk.url
    desk.close()
    fresh = context.new_page()
    fresh.goto("/gezond/")
    put_copy(fresh, key, json.loads(copy))  # the older text, of a later hour, as where this store was full
    fresh.goto(url)
    expect(field(fresh)).to_have_value("een twee")
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_text() == "een twee"
    assert stored_versions() == []


@pytest.mark.parametrize("then", ["", CLOCK_BACK], ids=["clock goes on", "clock went back"])
@pytest.mark.parametrize("opened", ["desk", "another page"])
def test_a_page_that_went_on_from_a_copy_is_no_conflict_with_it(desk, then, opened):
    """Two pages one after the other, of which no save came through."""
    desk.evaluate(f"() => {{ {NO_NETWORK} }}")
    write(desk, "een")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    context, url = desk.context, desk.url
    desk.close()
    second = context.new_page()
    second.add_init_script(NO_NETWORK + then)
    second.goto(url)
    expect(field(second)).to_have_value("een")
    write(second, " twee")
    expect(save_line(second)).to_contain_text(ON_DEVICE)
    second.close()
    third = context.new_page()
    assert not Answer.objects.exists()
    third.goto(url if opened == "desk" else "/antwoorden/")
    wait_for_copies(third, 0)
    assert (stored_text(), stored_versions()) == ("een twee", [])


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)],
    ids=["summer time", "winter time"],
)
def test_in_the_hour_that_comes_twice_the_line_says_what_the_clock_says(desk, server_clock, moment):
    server_clock(at=moment)
    write(desk, "midden in de nacht")
    expect(save_line(desk)).to_have_text("Opgeslagen 02:30")
    assert Answer.objects.get().updated_at == moment


# --- A database that is read-only ---


@pytest.fixture
def read_only():
    """A context in which the threads of the live server cannot write; this thread can."""
    is_read_only = [False]

    def before_request(**kwargs) -> None:  # a thread keeps its connection from one request to the next
        state = "on" if is_read_only[0] else "off"
        sqlite = connection.vendor == "sqlite"
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA query_only = {state}" if sqlite else f"SET default_transaction_read_only = {state}")

    @contextmanager
    def read_only():
        is_read_only[0] = True
        yield
        is_read_only[0] = False

    request_started.connect(before_request)
    yield read_only
    request_started.disconnect(before_request)


@pytest.mark.each_database
def test_with_a_read_only_database_a_text_waits_on_the_device(desk, read_only, expected_problems):
    expected_problems.append("status of 500")
    with read_only():
        with desk.expect_response(lambda reply: reply.request.method == "POST") as reply:
            write(desk, "kan nu niet weg")
        assert reply.value.status == 500
        assert "x-revision" not in reply.value.headers
        expect(save_line(desk)).to_contain_text(ON_DEVICE)
        desk.get_by_role("button", name="Lever in", exact=True).click()
        expect(desk.locator("[data-hand-in-note]")).to_contain_text("Niet ingeleverd")
        assert count_copies(desk) == 1
        assert not Answer.objects.exists()
    expect(save_line(desk)).to_contain_text(SAVED, timeout=SLOW)
    assert (stored_text(), stored_versions()) == ("kan nu niet weg", [])
    wait_for_copies(desk, 0)


@pytest.mark.each_database
def test_with_a_read_only_database_people_read_on(desk, read_only):
    pages = [desk.url, "/", "/casussen/", "/antwoorden/", "/account/inloggen/"]
    with read_only():
        assert [desk.goto(url).status for url in pages] == [200] * len(pages)


# --- A worker that is killed for taking too long ---


@contextmanager
def locked():
    """Nobody else can write answers until the block ends."""
    with transaction.atomic():  # on SQLite this is BEGIN IMMEDIATE
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE questions_answer IN EXCLUSIVE MODE")
        yield


@pytest.mark.each_database
def test_a_worker_that_is_killed_while_it_saves_loses_nothing(own_desk):
    # A worker with threads is never killed for one request that hangs; this kind is.
    page = own_desk("--worker-class", "sync", "--threads", "1", "--timeout", "2")
    write(page, "Eerst.")
    expect(save_line(page)).to_contain_text(SAVED)
    # On SQLite the worker dies in mid request; on PostgreSQL it has the time to answer with an error of gunicorn's.
    failed = []
    page.on("requestfailed", lambda request: request.method == "POST" and failed.append(request.failure))
    page.on("response", lambda reply: reply.status >= 500 and failed.append(reply.status))
    with locked():
        write(page, " En dan.")
        expect(save_line(page)).to_contain_text(ON_DEVICE, timeout=SLOW)
        assert count_copies(page) == 1
        assert failed
    expect(save_line(page)).to_contain_text(SAVED, timeout=2 * SLOW)
    expect(field(page)).to_have_value("Eerst. En dan.")
    assert both_texts(page).count() == 0
    assert (stored_text(), Answer.objects.get().revision) == ("Eerst. En dan.", 2)
    assert not AnswerVersion.objects.exists()
    wait_for_copies(page, 0)
