"""Rare failures while a student writes: outdated pages, crashes, missing scripts and invalid copies."""

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from django.urls import reverse

from questions.models import Assignment, Feedback, Submission
from tests.browser.conftest import CHROMIUM_OPTIONS, PROGRAMS, session_cookie
from tests.browser.device import count_copies, wait_for_copies, wait_for_text_on_disk
from tests.browser.student_desk import (
    ON_DEVICE,
    SAVED,
    PendingRequests,
    block_saves,
    field,
    open_sign_in,
    save_line,
    stored_text,
    stored_versions,
    unblock_saves,
    write,
)
from tests.factories import UserFactory
from tests.questions.factories import enrol, hand_in

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

WITHOUT_SCRIPT = "Deze pagina slaat je tekst nu niet vanzelf op."


@pytest.fixture(autouse=True)
def expect_lost_connections(expected_problems):
    expected_problems.append("net::ERR_")


def copy_on_device(page) -> list[str]:
    return page.evaluate("Object.entries(localStorage).find(([key]) => key.startsWith('casusboek:'))")


def put_copy(page, key: str, copy: dict) -> None:
    page.evaluate("([key, copy]) => localStorage.setItem(key, copy)", [key, json.dumps(copy)])


# --- Text that differs from the state of the page ---


def test_text_that_changed_without_an_event_is_saved(desk):
    """Spelling checkers and extensions change a text like this."""
    write(desk, "Ik bel har op.")
    expect(save_line(desk)).to_contain_text(SAVED)
    field(desk).evaluate("area => { area.value = 'Ik bel haar op.'; }")
    field(desk).blur()
    expect(save_line(desk)).to_contain_text(SAVED)
    wait_for_copies(desk, 0)
    assert stored_text() == "Ik bel haar op."


def test_text_that_changed_without_an_event_is_on_the_device_when_the_page_is_hidden(desk):
    block_saves(desk)
    field(desk).evaluate("area => { area.value = 'Zonder toets.'; }")
    desk.evaluate("dispatchEvent(new Event('pagehide'))")
    assert count_copies(desk) == 1


def test_copy_older_than_the_stored_text_is_not_restored(desk):
    """This happens if the device was full when the later text was typed."""
    block_saves(desk)
    write(desk, "een")
    key, copy = copy_on_device(desk)
    unblock_saves(desk)
    write(desk, " twee")
    expect(save_line(desk)).to_contain_text(SAVED)
    fresh = desk.context.new_page()
    desk.close()
    fresh.goto("/gezond/")
    put_copy(fresh, key, json.loads(copy))
    fresh.goto(Assignment.objects.get().get_absolute_url())
    expect(field(fresh)).to_have_value("een twee")
    wait_for_copies(fresh, 0)
    write(fresh, " drie")
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_text() == "een twee drie"
    assert stored_versions() == []


def test_copy_that_does_not_fit_deletes_the_older_one_and_is_reported(desk):
    block_saves(desk)
    write(desk, "past nog")
    assert count_copies(desk) == 1
    desk.evaluate("""() => {
        const full = () => { throw new DOMException("vol", "QuotaExceededError"); };
        Storage.prototype.setItem = IDBObjectStore.prototype.put = full;
    }""")
    write(desk, " en dit niet meer")
    expect(save_line(desk)).to_contain_text("Kan op dit apparaat niet bewaren; blijf online")
    wait_for_copies(desk, 0)
    unblock_saves(desk)
    expect(save_line(desk)).to_contain_text(SAVED, timeout=10_000)
    assert stored_text() == "past nog en dit niet meer"


@pytest.fixture
def second_tab(desk):
    """Return a second tab with a pending request for a copy of the first one, and a function that continues it."""
    block_saves(desk)
    write(desk, "een")
    other = desk.context.new_page()
    pending = PendingRequests(other)
    other.goto(desk.url)
    expect(field(other)).to_have_value("een")
    unblock_saves(desk)
    write(desk, " twee")
    expect(save_line(desk)).to_contain_text(SAVED)

    return other, pending.continue_all


def test_second_tab_with_a_late_reply_shows_the_text_that_the_first_one_saved(desk, second_tab):
    other, continue_all = second_tab
    continue_all()
    expect(field(other)).to_have_value("een twee")
    write(other, " drie")
    expect(save_line(other)).to_contain_text(SAVED)
    assert stored_text() == "een twee drie"


def test_second_tab_with_a_late_reply_and_other_text_shows_both_texts(desk, second_tab):
    other, continue_all = second_tab
    write(other, " anders")
    continue_all()
    panel = other.get_by_role("region", name="Twee teksten")
    expect(panel).to_contain_text("een anders")
    expect(panel).to_contain_text("een twee")
    panel.get_by_role("button", name="Verder met deze tekst").click()
    expect(save_line(other)).to_contain_text(SAVED)
    assert stored_text() == "een anders"


# --- The device ---


@pytest.mark.parametrize("cleared", ["localStorage", "IndexedDB"])
def test_copy_is_recovered_from_either_of_the_two_stores(desk, cleared):
    block_saves(desk)
    write(desk, "twee keer bewaard")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    desk.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")
    context, url = desk.context, desk.url
    desk.close()
    fresh = context.new_page()
    fresh.goto("/gezond/")
    if cleared == "localStorage":
        fresh.evaluate("localStorage.clear()")
    else:
        fresh.evaluate("new Promise(done => { indexedDB.deleteDatabase('casusboek').onsuccess = done; })")
    assert count_copies(fresh) == 1
    fresh.goto(url)
    expect(field(fresh)).to_have_value("twee keer bewaard")
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_text() == "twee keer bewaard"
    wait_for_copies(fresh, 0)


def test_copy_with_the_higher_number_is_recovered_from_either_store(desk):
    block_saves(desk)
    write(desk, "een")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    key, copy = copy_on_device(desk)
    write(desk, " twee")
    wait_for_text_on_disk(desk, "een twee")
    desk.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")
    context, url = desk.context, desk.url
    desk.close()
    fresh = context.new_page()
    fresh.goto("/gezond/")
    put_copy(fresh, key, json.loads(copy))  # the older one, as if this store was full
    fresh.goto(url)
    expect(field(fresh)).to_have_value("een twee")
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_text() == "een twee"


TYPE_CONTINUOUSLY = """() => {
    const area = document.querySelector("[data-save] textarea");
    setInterval(() => {
        area.setRangeText(`${Math.round(performance.now())} `, area.value.length, area.value.length, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
    }, 100);
}"""


def kill_browser(folder: Path) -> None:
    """Kill every process with this profile at once, like a crash or an empty battery."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:  # the process has ended
            continue
        if f"--user-data-dir={folder}".encode() in command:
            os.kill(int(process.name), signal.SIGKILL)


@pytest.mark.long
def test_browser_killed_while_offline_loses_at_most_two_seconds_of_text(browser, live_server, assignment, tmp_path):
    """Three users type while offline, for 3, 12 and 40 seconds, each in a separate browser."""
    url = live_server.url + assignment.get_absolute_url()
    users = {seconds: enrol(assignment.module).user for seconds in (3, 12, 40)}

    def start_browser(seconds: int, offline: bool):
        context = browser.browser_type.launch_persistent_context(
            tmp_path / str(seconds), executable_path=chromium_path(), args=list(CHROMIUM_OPTIONS), locale="nl-NL"
        )
        context.add_cookies([session_cookie(users[seconds], live_server.url)])
        page = context.new_page()
        page.goto(url)
        if offline:
            context.set_offline(True)
            page.evaluate(TYPE_CONTINUOUSLY)
        return page

    pages = {seconds: start_browser(seconds, offline=True) for seconds in users}
    started, last = time.monotonic(), {}
    for seconds, page in pages.items():
        while time.monotonic() < started + seconds:
            time.sleep(0.05)
        last[seconds] = page.evaluate("document.querySelector('[data-save] textarea').value")
        kill_browser(tmp_path / str(seconds))
    for seconds in users:
        page = start_browser(seconds, offline=False)
        area = page.locator("[data-save] textarea")
        expect(area).not_to_have_value("")
        typed, recovered = last[seconds].split(), area.input_value().split()
        assert recovered == typed[: len(recovered)] or typed == recovered[: len(typed)]
        assert int(typed[-1]) - int(recovered[-1]) <= 2000, f"after {seconds} s"
        page.context.close()


def chromium_path() -> str:
    return next(filter(None, map(shutil.which, PROGRAMS)))


# --- Missing scripts, lost replies and invalid copies ---


@pytest.mark.parametrize("script", ["writing", "field", "outbox", "reply", "save_state", "device", "text"])
def test_page_without_one_of_its_scripts_has_a_warning_and_works_as_a_form(open_page, assignment, student, script):
    page = open_page(user=student)
    page.route(f"**/{script}.*.js", lambda route: route.abort())
    page.goto(assignment.get_absolute_url())
    expect(page.get_by_text(WITHOUT_SCRIPT)).to_be_visible()
    field(page).fill("als gewoon formulier")
    page.get_by_role("button", name="Opslaan").last.click()
    expect(page.locator("#inhoud")).to_contain_text("Opgeslagen.")
    assert stored_text() == "als gewoon formulier"
    page.get_by_role("button", name="Lever in").click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    assert Submission.objects.get().text == "als gewoon formulier"


def test_feedback_desk_without_its_script_has_a_warning_and_works_as_a_form(open_page, assignment, student):
    hand_in(assignment, assignment.module.enrolments.get(user=student), text="Ik luister.")
    page = open_page(user=assignment.module.people.exclude(pk=student.pk).get())
    page.route("**/feedback.*.js", lambda route: route.abort())
    page.goto(reverse("questions:assignment_feedback", args=[assignment.pk]))
    expect(page.get_by_text(WITHOUT_SCRIPT)).to_be_visible()
    page.get_by_label("Jouw feedback").fill("Waar zie je dat?")
    page.get_by_role("button", name="Bewaar en volgende").click()
    expect(page.locator("#inhoud")).to_contain_text("Opgeslagen, nog niet vrijgegeven.")
    assert Feedback.objects.get().text == "Waar zie je dat?"


def test_case_without_its_script_has_a_warning_and_works_as_a_form(open_page, assignment):
    page = open_page(user=UserFactory())
    page.route("**/field.*.js", lambda route: route.abort())
    page.goto(assignment.edition.case.get_absolute_url())
    expect(page.get_by_text(WITHOUT_SCRIPT)).to_be_visible()
    page.get_by_text("Antwoord voor jezelf").click()
    field(page).fill("voor mezelf")
    page.get_by_role("button", name="Opslaan").click()
    expect(page.locator("#inhoud")).to_contain_text("Opgeslagen. Alleen jij leest dit.")
    assert stored_text() == "voor mezelf"


def test_page_with_its_scripts_has_no_warning(desk):
    expect(desk.get_by_text(WITHOUT_SCRIPT)).to_be_hidden()


@pytest.mark.parametrize("event", ["focus", "online"])
def test_save_without_a_reply_times_out_and_is_tried_again(desk, event):
    desk.clock.install()
    desk.reload()
    pending = PendingRequests(desk)
    write(desk, "geen antwoord")
    desk.clock.run_for(1_000)
    expect(save_line(desk)).to_contain_text("Wordt zo opgeslagen")
    desk.clock.run_for(20_000)
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    assert len(pending.routes) == 1
    pending.is_open = True
    desk.evaluate("event => dispatchEvent(new Event(event))", event)
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "geen antwoord"


def test_signing_out_does_not_wait_for_a_save_without_a_reply(desk):
    desk.clock.install()
    desk.reload()
    desk.route("**/antwoord/**", lambda route: None)
    write(desk, "nog onderweg")
    desk.locator("#uitloggen button").click()
    desk.clock.run_for(5_000)
    expect(desk.get_by_role("dialog", name="Nog niet alles is verzonden")).to_contain_text("1")


def invalid_copies(place: str) -> dict[str, dict]:
    valid = {
        "place": place,
        "url": "/vragen/1/antwoord/",
        "text": "oud",
        "revision": 0,
        "writer": "w",
        "seq": 1,
        "at": 1,
    }
    return {
        "without a revision": {**valid, "revision": None},
        "without a writer": {**valid, "writer": None},
        "without an address": {**valid, "url": None},
        "for another site": {**valid, "url": "//elders.example/"},
        "with an invalid number": {**valid, "seq": "een"},
        "of an old format": {"place": place, "text": "oud"},
    }


@pytest.mark.parametrize("problem", invalid_copies(""))
def test_invalid_copy_does_not_block_saving_and_is_listed(desk, student, assignment, problem):
    place = f"{assignment.pk}:{assignment.questions.get().pk}"
    put_copy(desk, f"casusboek:{student.pk}:{place}:vroeger", invalid_copies(place)[problem])
    desk.reload()
    write(desk, "Nieuw.")
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "Nieuw."
    desk.goto("/antwoorden/")
    unsent_list = desk.locator("#niet-verzonden")
    expect(unsent_list).to_contain_text("oud")
    with desk.expect_download() as download:
        unsent_list.get_by_role("button", name="Download als tekst").click()
    assert "oud" in Path(download.value.path()).read_text(encoding="utf-8")
    unsent_list.get_by_role("button", name="Ik heb het bestand: wis hier").click()
    expect(unsent_list).to_be_hidden()
    wait_for_copies(desk, 0)


def test_copy_that_the_server_refuses_is_set_aside_and_does_not_block_saving(
    desk, student, assignment, expected_problems
):
    expected_problems.append("status of 404")
    place = f"{assignment.pk}:{assignment.questions.get().pk}"
    copy = {**invalid_copies(place)["without a revision"], "revision": 0, "url": "/vragen/999999/antwoord/"}
    put_copy(desk, f"casusboek:{student.pk}:elders:vroeger", {**copy, "place": "elders"})
    put_copy(desk, f"casusboek:{student.pk}:{place}:later", {**copy, "url": "x", "text": "komt erna", "at": 2})
    with desk.expect_response(lambda reply: "/vragen/999999/" in reply.url):
        desk.reload()
    write(desk, "Nieuw.")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.goto("/antwoorden/")
    expect(desk.locator("#niet-verzonden")).to_contain_text("Kan hier niet meer worden opgeslagen")


def test_submission_has_the_text_at_the_moment_of_the_click(desk):
    write(desk, "tot hier")
    expect(save_line(desk)).to_contain_text(SAVED)
    pending = PendingRequests(desk, "**/inleveren/")
    desk.get_by_role("button", name="Lever in").click()
    write(desk, " en dit erna")
    pending.continue_all()
    expect(desk.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    assert Submission.objects.get().text == "tot hier"
    expect(field(desk)).to_have_value("tot hier en dit erna")
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "tot hier en dit erna"


def test_pending_save_does_not_change_the_submission(desk):
    pending = PendingRequests(desk)
    write(desk, "eerst")
    field(desk).blur()
    pending.wait(desk)
    desk.get_by_role("button", name="Lever in").click()
    write(desk, " en dan")
    pending.continue_all()
    expect(desk.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    assert Submission.objects.get().text == "eerst"


def test_sign_in_dialog_closes_when_another_user_signs_in(desk, student, expected_problems):
    expected_problems.append("status of 40[139]")
    cookies = desk.context.cookies()
    desk.context.clear_cookies()
    write(desk, "van de eerste")
    open_sign_in(desk)
    dialog = desk.get_by_role("dialog", name="Je bent uitgelogd")
    expect(dialog).to_be_visible()
    desk.context.add_cookies(cookies)
    desk.context.add_cookies([session_cookie(UserFactory(), desk.url)])
    desk.evaluate("dispatchEvent(new Event('focus'))")
    expect(desk.get_by_role("heading", name="Hier is nu iemand anders ingelogd")).to_be_visible()
    desk.get_by_role("link", name="Verder naar de beginpagina").click()  # an open dialog would block the click
    expect(desk).to_have_url(re.compile("/$"))


def test_text_typed_during_a_conflict_is_saved_after_a_server_error(desk, expected_problems):
    expected_problems.append("status of (409|502)")
    other = desk.context.new_page()
    other.goto(desk.url)
    write(other, "Uit het andere tabblad.")
    expect(save_line(other)).to_contain_text(SAVED)
    other.close()
    write(desk, "Van hier.")
    panel = desk.get_by_role("region", name="Twee teksten")
    expect(panel).to_be_visible()
    write(desk, " En dit erbij.")
    desk.route("**/antwoord/**", lambda route: route.fulfill(status=502))
    with desk.expect_response("**/antwoord/**"):
        panel.get_by_role("button", name="Neem de opgeslagen tekst").click()
    unblock_saves(desk)
    write(desk, " Verder.")
    expect(save_line(desk)).to_contain_text(SAVED)
    other_page = desk.context.new_page()
    with other_page.expect_response("**/antwoord/**"):
        other_page.goto("/over/")
    assert "Van hier. En dit erbij." in stored_versions()
    assert stored_text() == "Uit het andere tabblad. Verder."
