"""Regression tests of attacks on the writing path: text that was lost, stuck, shown to others, or reported wrongly."""

import http.server
import re
import threading
import time
import urllib.error
import urllib.request

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.utils import timezone

from questions.actions import answering
from questions.models import Answer, Submission
from tests.browser.conftest import session_cookie
from tests.browser.device import BLOCK_STORE, FOREVER, wait_for_copies
from tests.browser.student_desk import (
    ON_DEVICE,
    PASSWORD,
    SAVED,
    PendingRequests,
    block_saves,
    field,
    open_another_tab,
    open_sign_in,
    save_line,
    stored_text,
    stored_versions,
    texts_on_device,
    wait_for_copy,
    write,
)
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes


@pytest.fixture(autouse=True)
def expect_failed_requests(expected_problems):
    expected_problems.append("net::ERR_|status of")


def on_any_page(page):
    other = page.context.new_page()
    other.goto("/over/")
    return other


def sign_out(page) -> None:
    page.locator("#uitloggen button").click()


def sign_out_dialog(page):
    return page.get_by_role("dialog", name="Nog niet alles is verzonden")


# --- The device ---


@pytest.mark.parametrize("status", [404, 413])
def test_setting_a_copy_aside_does_not_change_a_later_one(desk, status):
    other_page = on_any_page(desk)
    pending = PendingRequests(other_page)
    block_saves(desk)
    write(desk, "Eerste zin.")
    wait_for_copy(other_page, "Eerste zin.")
    other_page.evaluate("dispatchEvent(new Event('focus'))")
    pending.wait(other_page)
    write(desk, " Tweede zin.")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    result = {404: "not_here", 413: "full"}[status]
    reply = {"status": status, "headers": {"X-Revision": "0"}, "json": {"result": result}}
    pending.routes.pop(0).fulfill(**reply)
    other_page.wait_for_timeout(300)
    assert "Tweede zin." in texts_on_device(other_page)


def test_blocked_store_does_not_prevent_saving(desk):
    on_any_page(desk).evaluate(BLOCK_STORE, FOREVER)
    fresh = open_another_tab(desk)
    write(fresh, "Toch opgeslagen.")
    expect(save_line(fresh)).to_contain_text(SAVED, timeout=15_000)
    assert stored_text() == "Toch opgeslagen."


def test_blocked_store_does_not_prevent_signing_out(desk):
    on_any_page(desk).evaluate(BLOCK_STORE, FOREVER)
    sign_out(desk)
    expect(desk.get_by_role("link", name="Inloggen").first).to_be_visible(timeout=15_000)


def test_text_that_is_too_long_stays_complete_when_another_tab_shortens_it(desk):
    field(desk).fill("x" * 20_050 + " slot")
    expect(save_line(desk)).to_contain_text("je hele tekst staat op dit apparaat")
    second = open_another_tab(desk)
    expect(field(second)).to_have_value(re.compile("slot$"))
    expect(save_line(second)).to_contain_text("Te lang om op te slaan; je hele tekst staat op dit apparaat")
    field(second).fill("ingekort")
    expect(save_line(second)).to_contain_text(SAVED)
    context = desk.context
    desk.close()
    second.close()
    fresh = context.new_page()
    fresh.goto("/antwoorden/")
    expect(fresh.locator("#niet-verzonden")).to_contain_text("slot")
    expect(fresh.locator("#niet-verzonden")).to_contain_text("Langer dan 20.000 tekens.")


def test_text_that_is_too_long_is_not_copied_again_at_every_reload(desk):
    field(desk).fill("x" * 20_050)
    expect(save_line(desk)).to_contain_text("je hele tekst staat op dit apparaat")
    for _each in range(3):
        desk.reload()
        expect(save_line(desk)).to_contain_text("Te lang om op te slaan")
    wait_for_copies(desk, 2)  # the original text, and the text that can be edited


def test_text_refused_by_a_proxy_can_be_changed_after_a_reload(desk):
    def filter_words(route):
        if "verboden" in (route.request.post_data or ""):
            route.fulfill(status=403, body="<h1>Geblokkeerd</h1>")
        else:
            route.continue_()

    desk.context.route("**/antwoord/**", filter_words)
    write(desk, "Een verboden woord.")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    desk.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")
    desk.reload()
    expect(field(desk)).to_have_value("Een verboden woord.")
    field(desk).fill("Een net woord.")
    expect(save_line(desk)).to_contain_text(SAVED, timeout=15_000)
    assert stored_text() == "Een net woord."
    assert "verboden" in texts_on_device(desk)


# --- Signing out ---


def test_refused_download_deletes_no_copy(open_page, assignment, student):
    page = open_page(user=student, accept_downloads=False)
    page.goto(assignment.get_absolute_url())
    block_saves(page)
    write(page, "Alleen hier.")
    expect(save_line(page)).to_contain_text(ON_DEVICE)
    sign_out(page)
    sign_out_dialog(page).get_by_role("button", name="Download als tekst").click()
    page.wait_for_timeout(300)
    assert "Alleen hier." in texts_on_device(page)


def test_copy_deleted_in_one_tab_is_saved_again_by_the_tab_that_shows_it(desk):
    block_saves(desk)
    write(desk, "Nog open.")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    other = on_any_page(desk)
    other.evaluate("Object.keys(localStorage).forEach(key => localStorage.removeItem(key))")
    wait_for_copy(desk, "Nog open.")


def test_page_still_saves_after_a_failed_sign_out(desk):
    write(desk, "Eerst.")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.route("**/account/uitloggen/", lambda route: route.fulfill(status=204))
    sign_out(desk)
    expect(sign_out_dialog(desk)).to_contain_text("Uitloggen is niet gelukt")
    sign_out_dialog(desk).get_by_role("button", name="Blijf ingelogd").click()
    write(desk, " Daarna.")
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "Eerst. Daarna."


# --- Handing in ---


@pytest.fixture
def desk_with_two_questions(open_page, assignment, student):
    other_assignment = AssignmentFactory(module=assignment.module, case=published_case(kolbs=["doener", "denker"]))
    page = open_page(user=student)
    page.goto(other_assignment.get_absolute_url())
    return page


def nth_field(page, number: int):
    return page.get_by_label("Jouw antwoord").nth(number)


def hand_all_in(page) -> None:
    page.get_by_role("button", name="Lever alles in").click()


@pytest.mark.parametrize("size", [20_050, 1_000_000])
def test_text_that_is_too_long_does_not_prevent_handing_in_the_others(desk_with_two_questions, size):
    page = desk_with_two_questions
    nth_field(page, 0).fill("Kort.")
    fill = "(area, size) => { area.value = 'é'.repeat(size); area.dispatchEvent(new Event('input', {bubbles: true})); }"
    nth_field(page, 1).evaluate(fill, size)
    hand_all_in(page)
    expect(page.locator("[data-hand-in-note]")).to_contain_text("1 van 2 ingeleverd.")
    assert Submission.objects.get().text == "Kort."
    lines = page.locator("[data-saveline]")
    expect(lines.nth(0)).to_contain_text("Ingeleverd")
    expect(lines.nth(1)).to_contain_text("Te lang om op te slaan")


def test_untouched_field_is_no_conflict(desk_with_two_questions):
    page = desk_with_two_questions
    other = open_another_tab(page)
    nth_field(other, 0).fill("In het andere tabblad.")
    expect(save_line(other).first).to_contain_text(SAVED)
    nth_field(page, 1).fill("Hier.")
    hand_all_in(page)
    expect(page.locator("[data-hand-in-note]")).to_contain_text("1 van 2 ingeleverd.")
    expect(nth_field(page, 0)).to_have_value("In het andere tabblad.")
    expect(page.get_by_role("region", name="Twee teksten")).to_have_count(0)


def test_answer_taken_back_in_another_tab_is_no_conflict(desk, assignment, student):
    write(desk, "Tekst.")
    expect(save_line(desk)).to_contain_text(SAVED)
    answer = Answer.objects.get()
    submission = Submission.objects.create(
        answer=answer, revision=answer.revision, question_text="?", text=answer.text, submitted_at=timezone.now()
    )
    second = desk.context.new_page()
    second.goto(f"{assignment.get_absolute_url()}?bewerk={answer.question_id}")
    desk.close()
    assert answering.take_back(submission=submission)
    write(second, " Nog iets.")
    expect(save_line(second)).to_contain_text(SAVED)
    assert (stored_text(), stored_versions()) == ("Tekst. Nog iets.", [])


# --- The offline page ---


def test_offline_page_hides_the_text_after_another_user_signed_in_in_the_dialog(
    browser, own_server, assignment, student
):
    own_server()
    other_user = UserFactory()
    other_user.password = PBKDF2PasswordHasher().encode(PASSWORD, "zoutzoutzout")
    other_user.save()
    context = browser.new_context(base_url=own_server.url, locale="nl-NL")
    context.set_default_timeout(10_000)
    context.add_cookies([session_cookie(student, own_server.url)])
    page = context.new_page()
    page.goto(assignment.get_absolute_url())
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    Session.objects.all().delete()
    field(page).fill("Alleen voor de eerste.")
    open_sign_in(page)
    dialog = page.get_by_role("dialog", name="Je bent uitgelogd")
    dialog.get_by_label("E-mailadres").fill(other_user.email)
    dialog.get_by_label("Wachtwoord").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in en ga verder").click()
    expect(page.get_by_role("heading", name="Hier is nu iemand anders ingelogd")).to_be_visible()
    own_server.kill()
    page.goto("/casussen/")
    expect(page.get_by_text("Er staat op dit apparaat geen tekst van jou")).to_be_visible()
    expect(page.get_by_text("Alleen voor de eerste.")).to_have_count(0)
    context.close()


@pytest.fixture
def unresponsive_page(own_server):
    """Yield the address of a proxy that times out on the catalogue, and the list of requests for the catalogue."""
    own_server()
    requests = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/casussen/"):
                requests.append(self.path)
                return self.answer(504, b"", {})
            headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(own_server.url + self.path, headers=headers)
                ) as reply:
                    return self.answer(reply.status, reply.read(), reply.headers)
            except urllib.error.HTTPError as reply:
                return self.answer(reply.code, reply.read(), reply.headers)

        def answer(self, status: int, body: bytes, headers) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args) -> None:
            """Print nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()


@pytest.mark.long
def test_unresponsive_page_is_requested_at_increasing_intervals(browser, unresponsive_page, student):
    address, requests = unresponsive_page
    context = browser.new_context(base_url=address, locale="nl-NL")
    context.add_cookies([session_cookie(student, address)])
    page = context.new_page()
    page.goto("/over/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.evaluate("setTimeout(() => location.assign('/casussen/'))")
    time.sleep(8)
    assert 1 <= len(requests) <= 3
    context.close()
