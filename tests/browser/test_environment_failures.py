"""More rare failures while a student writes.

A deploy, a duplicated tab, a prerendered page, clocks that are set back, a read-only database, and a server worker that
is killed because it takes too long.
"""

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
from tests.browser.test_page_failures import WITHOUT_SCRIPT, copy_on_device, put_copy
from tests.questions.factories import enrol

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

OLD_SCRIPTS = Path(__file__).parent / "scripts_of_e1333d5"
HOUR = timedelta(hours=1)
RETRY_TIMEOUT = 15_000  # milliseconds: a page retries after 2, 5 and 10 seconds


@pytest.fixture
def student(assignment):
    return enrol(assignment.module).user


@pytest.fixture
def desk(open_page, assignment, student):
    page = open_page(user=student)
    page.goto(assignment.get_absolute_url())
    return page


@pytest.fixture
def desk_on_own_server(browser, own_server, assignment, student):
    """Yield a function that opens the assignment desk on a site in separate processes."""
    contexts = []

    def desk_on_own_server(*options: str):
        own_server(*options)
        context = browser.new_context(base_url=own_server.url, locale="nl-NL", service_workers="block")
        context.set_default_timeout(5_000)
        context.add_cookies([session_cookie(student, own_server.url)])
        contexts.append(context)
        page = context.new_page()
        page.goto(assignment.get_absolute_url())
        return page

    yield desk_on_own_server
    for context in contexts:
        context.close()


def conflict_panel(page):
    return page.get_by_role("region", name="Twee teksten")


def hand_in(page) -> None:
    page.get_by_role("button", name="Lever in").click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()


# --- A deploy while students write ---


@pytest.fixture
def desk_with_old_scripts(open_page, assignment, student):
    """Return the assignment desk with scripts of commit e1333d5, which send no hash and read replies differently."""
    page = open_page(user=student)
    for name in ("writing", "outbox"):
        page.route(re.compile(rf"/js/{name}(\.\w+)?\.js$"), partial(fulfil_with, OLD_SCRIPTS / f"{name}.js"))
    page.goto(assignment.get_absolute_url())
    return page


def fulfil_with(script: Path, route) -> None:
    route.fulfill(content_type="text/javascript", body=script.read_text(encoding="utf-8"))


def test_old_scripts_save_and_hand_in_on_a_new_server(desk_with_old_scripts):
    sent = []
    desk_with_old_scripts.on("request", lambda request: request.method == "POST" and sent.append(request.post_data))
    write(desk_with_old_scripts, "Een regel.\nNog een.")
    expect(save_line(desk_with_old_scripts)).to_contain_text(SAVED)
    assert sent
    assert not any("hash" in data for data in sent)  # only the old scripts send no hash
    wait_for_copies(desk_with_old_scripts, 0)
    write(desk_with_old_scripts, " En meer.")
    hand_in(desk_with_old_scripts)
    assert stored_text() == Submission.objects.get().text == "Een regel.\nNog een. En meer."
    assert stored_versions() == ["Een regel.\nNog een. En meer."]  # the text of the submission


def test_old_scripts_show_a_conflict_on_a_new_server(desk_with_old_scripts, open_page, student, expected_problems):
    expected_problems.append("status of 409")
    other = open_page(user=student)
    other.goto(desk_with_old_scripts.url)
    write(other, "van de nieuwe")
    expect(save_line(other)).to_contain_text(SAVED)
    write(desk_with_old_scripts, "van de oude")
    panel = conflict_panel(desk_with_old_scripts)
    expect(panel).to_contain_text("van de nieuwe")
    expect(panel).to_contain_text("van de oude")
    panel.get_by_role("button", name="Verder met deze tekst").click()
    expect(save_line(desk_with_old_scripts)).to_contain_text(SAVED)
    assert stored_text() == "van de oude"
    assert stored_versions() == ["van de nieuwe", "van de oude"]


def test_copy_of_old_scripts_is_sent_by_new_scripts(desk_with_old_scripts, open_page, expected_problems):
    expected_problems.append("net::ERR_")
    block_saves(desk_with_old_scripts)
    write(desk_with_old_scripts, "nog van voor de nieuwe versie")
    expect(save_line(desk_with_old_scripts)).to_contain_text(ON_DEVICE)
    context, url = desk_with_old_scripts.context, desk_with_old_scripts.url
    desk_with_old_scripts.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")
    desk_with_old_scripts.close()
    fresh = context.new_page()
    fresh.goto(url)
    expect(field(fresh)).to_have_value("nog van voor de nieuwe versie")
    expect(save_line(fresh)).to_contain_text(SAVED)
    wait_for_copies(fresh, 0)
    assert stored_text() == "nog van voor de nieuwe versie"
    assert stored_versions() == []


def rename_scripts(folder: Path) -> None:
    """Rename every collected script, as a deploy with changed scripts does; the old names no longer exist."""
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


@pytest.mark.long
def test_open_page_still_saves_after_a_deploy_and_a_reload_loads_the_new_scripts(
    desk_on_own_server, own_server, tmp_path
):
    page = desk_on_own_server()
    write(page, "voor")
    expect(save_line(page)).to_contain_text(SAVED)
    own_server.kill()
    write(page, " tijdens")
    expect(save_line(page)).to_contain_text(ON_DEVICE)
    rename_scripts(tmp_path)
    own_server()
    expect(save_line(page)).to_contain_text(SAVED, timeout=RETRY_TIMEOUT)
    write(page, " na")
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "voor tijdens na"
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.reload()
    assert any(url.endswith("/writing.0123456789ab.js") for url in requests)
    write(page, " herladen")
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "voor tijdens na herladen"
    assert stored_versions() == []


def test_page_whose_old_script_was_removed_has_a_warning_and_works_as_a_form(desk_on_own_server, own_server, tmp_path):
    """The page was loaded before the deploy, and its script was requested after it."""
    page = desk_on_own_server()
    old_page = page.request.get(page.url).text()
    own_server.kill()
    rename_scripts(tmp_path)
    own_server()
    fresh = page.context.browser.new_context(base_url=own_server.url, locale="nl-NL", service_workers="block")
    fresh.add_cookies(page.context.cookies())
    late_page = fresh.new_page()
    late_page.route(page.url, lambda route: route.fulfill(content_type="text/html", body=old_page), times=1)
    with late_page.expect_response(lambda reply: "/js/writing." in reply.url) as script:
        late_page.goto(page.url)
    assert script.value.status == 404
    expect(late_page.get_by_text(WITHOUT_SCRIPT)).to_be_visible()
    field(late_page).fill("als gewoon formulier")
    late_page.get_by_role("button", name="Opslaan").last.click()
    expect(late_page.locator("#inhoud")).to_contain_text("Opgeslagen.")
    assert stored_text() == "als gewoon formulier"
    fresh.close()


# --- A duplicated tab ---


@pytest.fixture
def duplicated_tab(desk):
    """Return the result of «Duplicate tab»: the same page, with a copy of sessionStorage."""
    desk.evaluate("sessionStorage.setItem('merk', 'zelfde')")
    with desk.expect_popup() as popup:
        desk.evaluate("void window.open(location.href)")
    popup.value.wait_for_load_state()
    assert popup.value.evaluate("sessionStorage.getItem('merk')") == "zelfde"
    return popup.value


def test_second_of_two_duplicated_tabs_to_write_shows_both_texts(desk, duplicated_tab, expected_problems):
    expected_problems.append("status of 409")
    write(desk, "in de eerste")
    expect(save_line(desk)).to_contain_text(SAVED)
    write(duplicated_tab, "in de kopie")
    panel = conflict_panel(duplicated_tab)
    expect(panel).to_contain_text("in de eerste")
    expect(panel).to_contain_text("in de kopie")
    assert stored_text() == "in de eerste"
    panel.get_by_role("button", name="Verder met deze tekst").click()
    expect(save_line(duplicated_tab)).to_contain_text(SAVED)
    write(desk, ", verder")
    panel = conflict_panel(desk)
    expect(panel).to_contain_text("in de eerste, verder")
    expect(panel).to_contain_text("in de kopie")
    assert stored_text() == "in de kopie"
    assert stored_versions() == ["in de eerste", "in de eerste, verder", "in de kopie"]


def test_two_duplicated_tabs_that_wrote_offline_save_both_texts(desk, duplicated_tab, expected_problems):
    expected_problems += ["net::ERR_", "status of 409"]
    for page in (desk, duplicated_tab):
        block_saves(page)
    write(desk, "in de eerste")
    write(duplicated_tab, "in de kopie")
    for page in (desk, duplicated_tab):
        expect(save_line(page)).to_contain_text(ON_DEVICE)
    assert count_copies(desk) == 2
    unblock_saves(desk)
    desk.evaluate("dispatchEvent(new Event('online'))")
    expect(save_line(desk)).to_contain_text(SAVED)
    unblock_saves(duplicated_tab)
    duplicated_tab.evaluate("dispatchEvent(new Event('online'))")
    expect(conflict_panel(duplicated_tab)).to_contain_text("in de eerste")
    expect(conflict_panel(duplicated_tab)).to_contain_text("in de kopie")
    assert conflict_panel(desk).count() == 0
    assert stored_text() == "in de eerste"
    assert stored_versions() == ["in de eerste", "in de kopie"]


# --- A prerendered page ---

# Headless Chromium prerenders a page, but Playwright has no access to it. So this script makes a page in another tab
# behave like a prerendered one, until it is "activated".
PRERENDERED = """
    let isAhead = true;
    Object.defineProperty(document, "prerendering", { get: () => isAhead });
    Object.defineProperty(document, "visibilityState", { get: () => (isAhead ? "hidden" : "visible") });
    addEventListener("activate", () => {
        isAhead = false;
        document.dispatchEvent(new Event("prerenderingchange"));
    });"""


def test_prerendered_page_sends_nothing_and_shows_the_stored_text_when_visited(desk, expected_problems):
    expected_problems.append("net::ERR_")
    block_saves(desk)
    write(desk, "nog bezig")
    prerendered = desk.context.new_page()
    sent = []
    prerendered.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    prerendered.add_init_script(f"if (!sessionStorage.opened) {{ {PRERENDERED} }}")
    prerendered.goto(desk.url)
    prerendered.wait_for_timeout(500)
    assert sent == []
    assert count_copies(desk) == 1
    unblock_saves(desk)
    write(desk, " en nu klaar")
    expect(save_line(desk)).to_contain_text(SAVED)
    prerendered.evaluate("sessionStorage.opened = 1; dispatchEvent(new Event('activate'))")
    expect(field(prerendered)).to_have_value("nog bezig en nu klaar")
    write(prerendered, ", verder")
    expect(save_line(prerendered)).to_contain_text(SAVED)
    assert stored_text() == "nog bezig en nu klaar, verder"
    assert stored_versions() == []


# --- Clocks ---


@pytest.fixture
def server_clock(monkeypatch):
    """Return a function that shifts the clock of the server, or stops it at a moment."""
    now = timezone.now

    def server_clock(shift: timedelta = timedelta(), at: datetime | None = None) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at or now() + shift)

    return server_clock


def test_text_survives_a_server_clock_that_is_set_back_an_hour(desk, assignment, server_clock):
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
    desk.reload()  # the session is still valid
    expect(field(desk)).to_have_value("Alles anders.")
    assert stored_versions() == ["Voor de klok terugging, een hele zin. En erna."]
    hand_in(desk)
    assert Submission.objects.get().text == "Alles anders."
    assert not assignment.is_late(Submission.objects.get().submitted_at)


CLOCK_BACK = "{ const now = Date.now; Date.now = () => now() - 3_600_000; }"
NO_NETWORK = "window.fetch = () => Promise.reject(new TypeError('no network'));"


def test_text_survives_a_device_clock_that_is_set_back_an_hour_between_two_keys(desk):
    desk.evaluate(f"() => {{ {NO_NETWORK} }}")
    write(desk, "een")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    key, copy = copy_on_device(desk)
    desk.evaluate(f"() => {CLOCK_BACK}")
    write(desk, " twee")
    desk.wait_for_timeout(1500)  # after this time both stores have the text
    context, url = desk.context, desk.url
    desk.close()
    fresh = context.new_page()
    fresh.goto("/gezond/")
    put_copy(fresh, key, json.loads(copy))  # the older text, with a later time, as if this store was full
    fresh.goto(url)
    expect(field(fresh)).to_have_value("een twee")
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_text() == "een twee"
    assert stored_versions() == []


@pytest.mark.parametrize("clock_script", ["", CLOCK_BACK], ids=["same clock", "clock set back"])
@pytest.mark.parametrize("next_page", ["desk", "another page"])
def test_page_that_continued_a_copy_does_not_conflict_with_it(desk, clock_script, next_page):
    """Two pages, one after the other, had no successful save."""
    desk.evaluate(f"() => {{ {NO_NETWORK} }}")
    write(desk, "een")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    context, url = desk.context, desk.url
    desk.close()
    second = context.new_page()
    second.add_init_script(NO_NETWORK + clock_script)
    second.goto(url)
    expect(field(second)).to_have_value("een")
    write(second, " twee")
    expect(save_line(second)).to_contain_text(ON_DEVICE)
    second.close()
    third = context.new_page()
    assert not Answer.objects.exists()
    third.goto(url if next_page == "desk" else "/antwoorden/")
    wait_for_copies(third, 0)
    assert (stored_text(), stored_versions()) == ("een twee", [])


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)],
    ids=["summer time", "winter time"],
)
def test_save_line_shows_the_local_time_in_the_hour_that_occurs_twice(desk, server_clock, moment):
    server_clock(at=moment)
    write(desk, "midden in de nacht")
    expect(save_line(desk)).to_have_text("Opgeslagen 02:30")
    assert Answer.objects.get().updated_at == moment


# --- A database that is read-only ---


@pytest.fixture
def read_only_database():
    """Yield a context manager in which the threads of the live server cannot write; this thread can."""
    is_read_only = [False]

    def before_request(**kwargs) -> None:  # a thread reuses its connection for the next request
        state = "on" if is_read_only[0] else "off"
        sqlite = connection.vendor == "sqlite"
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA query_only = {state}" if sqlite else f"SET default_transaction_read_only = {state}")

    @contextmanager
    def read_only_database():
        is_read_only[0] = True
        yield
        is_read_only[0] = False

    request_started.connect(before_request)
    yield read_only_database
    request_started.disconnect(before_request)


@pytest.mark.each_database
def test_text_stays_on_the_device_while_the_database_is_read_only(desk, read_only_database, expected_problems):
    expected_problems.append("status of 500")
    with read_only_database():
        with desk.expect_response(lambda reply: reply.request.method == "POST") as reply:
            write(desk, "kan nu niet weg")
        assert reply.value.status == 500
        assert "x-revision" not in reply.value.headers
        expect(save_line(desk)).to_contain_text(ON_DEVICE)
        desk.get_by_role("button", name="Lever in").click()
        expect(desk.locator("[data-hand-in-note]")).to_contain_text("Niet ingeleverd")
        assert count_copies(desk) == 1
        assert not Answer.objects.exists()
    expect(save_line(desk)).to_contain_text(SAVED, timeout=RETRY_TIMEOUT)
    assert (stored_text(), stored_versions()) == ("kan nu niet weg", [])
    wait_for_copies(desk, 0)


@pytest.mark.each_database
def test_pages_can_be_read_while_the_database_is_read_only(desk, read_only_database):
    pages = [desk.url, "/", "/casussen/", "/antwoorden/", "/account/inloggen/"]
    with read_only_database():
        assert [desk.goto(url).status for url in pages] == [200] * len(pages)


# --- A server worker that is killed because it takes too long ---


@contextmanager
def locked_answers():
    """Lock the answers: no other connection can write them until the block ends."""
    with transaction.atomic():  # on SQLite this is BEGIN IMMEDIATE
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE questions_answer IN EXCLUSIVE MODE")
        yield


@pytest.mark.long
@pytest.mark.each_database
def test_text_survives_a_server_worker_that_is_killed_during_a_save(desk_on_own_server):
    # A worker with threads is never killed because of one request that hangs, but this class is.
    page = desk_on_own_server("--worker-class", "sync", "--threads", "1", "--timeout", "2")
    write(page, "Eerst.")
    expect(save_line(page)).to_contain_text(SAVED)
    # On SQLite the worker is killed during the request; on PostgreSQL gunicorn responds with an error first.
    failed = []
    page.on("requestfailed", lambda request: request.method == "POST" and failed.append(request.failure))
    page.on("response", lambda reply: reply.status >= 500 and failed.append(reply.status))
    with locked_answers():
        write(page, " En dan.")
        expect(save_line(page)).to_contain_text(ON_DEVICE, timeout=RETRY_TIMEOUT)
        assert count_copies(page) == 1
        assert failed
    expect(save_line(page)).to_contain_text(SAVED, timeout=2 * RETRY_TIMEOUT)
    expect(field(page)).to_have_value("Eerst. En dan.")
    assert conflict_panel(page).count() == 0
    assert (stored_text(), Answer.objects.get().revision) == ("Eerst. En dan.", 2)
    assert not AnswerVersion.objects.exists()
    wait_for_copies(page, 0)
