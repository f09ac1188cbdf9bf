"""Regression tests of a second attack on the writing path: text that was lost, stuck or reported wrongly."""

import pytest

from questions.models import Submission
from tests.browser import device
from tests.browser.device import wait_for_text_on_disk
from tests.browser.student_desk import (
    ON_DEVICE,
    SAVED,
    PendingRequests,
    block_saves,
    field,
    open_another_tab,
    save_line,
    stored_text,
    texts_on_device,
    wait_for_copy,
    write,
)
from tests.factories import UserFactory

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes


@pytest.fixture(autouse=True)
def expect_failed_requests(expected_problems):
    expected_problems.append("net::ERR_|status of")


def test_store_that_is_slow_once_does_not_lose_the_later_copy(desk):
    other = desk.context.new_page()
    other.goto("/over/")
    block_saves(desk)
    other.evaluate(device.BLOCK_STORE, 2_600)
    write(desk, "Een.")
    desk.wait_for_timeout(1_200)
    write(desk, " Twee.")
    desk.wait_for_timeout(4_000)
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    wait_for_text_on_disk(desk, "Een. Twee.")


def test_recovering_copies_preserves_text_typed_in_another_tab_meanwhile(desk):
    desk.context.route("**/antwoord/**", lambda route: route.abort())  # of the third page, only its own routes continue
    second = open_another_tab(desk)
    write(desk, "Zelfde.")
    write(second, "Zelfde.")
    expect(save_line(second)).to_contain_text(ON_DEVICE)
    third = desk.context.new_page()
    pending = PendingRequests(third)
    third.goto(desk.url)
    pending.wait(third)
    second.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")  # also while it is being closed
    write(second, " En nog veel meer.")
    wait_for_copy(third, "En nog veel meer.")
    second.close()
    pending.continue_all()
    expect(save_line(third)).to_contain_text(SAVED)
    third.wait_for_timeout(500)
    assert "En nog veel meer." in texts_on_device(third)


def test_text_deleted_from_all_stores_is_saved_again_by_the_page_that_shows_it(desk):
    block_saves(desk)
    write(desk, "Nog open.")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    other = desk.context.new_page()
    other.goto("/over/")
    other.evaluate(device.LOCAL)
    wait_for_copy(desk, "Nog open.")


# --- Characters ---

UNUSUAL_TEXT = (
    "\n a\tb \ufffe c\ufeff d\x7f e\x85 \u202ef\u202c \U0001f468\u200d\U0001f469\u200d\U0001f467 n\u0303 "
    "\u05e9\u05dc\u05d5\u05dd \ufffd\x01\x1b\u00a0\u3000 z"
)
SET_TEXT = "(area, text) => { area.value = text; area.dispatchEvent(new Event('input', {bubbles: true})); }"
ADD_SURROGATE_HALVES = """area => {
    area.value = '\\n' + area.value + '\\ud83d\\u0000\\ude00\\u2028\\u000bq' + String.fromCharCode(0xd800);
    area.dispatchEvent(new Event('input', {bubbles: true}));
}"""


def test_unusual_characters_are_saved_and_handed_in_unchanged(desk):
    field(desk).evaluate(SET_TEXT, UNUSUAL_TEXT)
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == UNUSUAL_TEXT
    sent = []
    desk.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    desk.reload()
    desk.wait_for_timeout(1_200)
    assert sent == []
    field(desk).evaluate(ADD_SURROGATE_HALVES)
    desk.get_by_role("button", name="Lever in").first.click()
    expect(desk.get_by_role("button", name="Terugnemen")).to_be_visible()
    assert Submission.objects.get().text == f"\n{UNUSUAL_TEXT}\n\nq"


def test_text_with_emoji_of_exactly_the_maximum_length_is_saved_and_handed_in(desk):
    field(desk).evaluate(SET_TEXT, "\U0001f600" * 20_000)
    expect(save_line(desk)).to_contain_text(SAVED)
    field(desk).evaluate(SET_TEXT, "\U0001f600" * 20_001)
    expect(save_line(desk)).to_contain_text("Te lang")
    field(desk).evaluate(SET_TEXT, "\U0001f600" * 20_000)
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.get_by_role("button", name="Lever in").first.click()
    expect(desk.get_by_role("button", name="Terugnemen")).to_be_visible()
    assert len(Submission.objects.get().text) == 20_000


# --- The form of a case ---

ADD = "/beheer/cases/case/add/"


def test_cached_reply_to_an_earlier_save_does_not_confirm_the_same_text_typed_again(desk):
    """A caching proxy responds to the third save with the reply to the first one."""
    replies = []

    def record_reply(route):
        reply = route.fetch()
        replies.append({"status": reply.status, "headers": reply.headers, "body": reply.body()})
        route.fulfill(response=reply)

    desk.route("**/antwoord/**", record_reply)
    field(desk).fill("Een.")
    expect(save_line(desk)).to_contain_text(SAVED)
    field(desk).fill("Een. Twee.")
    expect(save_line(desk)).to_contain_text("Wordt zo opgeslagen")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.unroute("**/antwoord/**")
    headers = {name: value for name, value in replies[0]["headers"].items() if not name.startswith("content-")}
    cached_reply = {**replies[0], "headers": {**headers, "content-type": "application/json"}}
    desk.route("**/antwoord/**", lambda route: route.fulfill(**cached_reply))
    with desk.expect_response("**/antwoord/**"):
        field(desk).fill("Een.")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    assert stored_text() == "Een. Twee."
    desk.unroute("**/antwoord/**")
    desk.evaluate("dispatchEvent(new Event('online'))")
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "Een."


@pytest.fixture
def form(open_page, transactional_db):
    page = open_page(user=UserFactory(name="Els Bos", groups=["Redactie"]))
    page.goto(ADD)
    return page


@pytest.fixture
def tab_with_outdated_offer(form):
    """Return a tab that offers the copy of a first tab in which more was typed since, and which is now closed."""
    form.get_by_label("Titel").fill("Eerst")
    device.wait_for_copies(form, 1, device.EDITING)
    second = form.context.new_page()
    second.goto(ADD)
    expect(second.get_by_role("button", name="Terugzetten")).to_be_visible()
    form.get_by_label("Middenstuk").fill("Een uur werk.")
    wait_for_text_on_disk(form, "Een uur werk.")
    form.close()
    return second


def test_restoring_a_copy_includes_text_typed_in_its_tab_meanwhile(tab_with_outdated_offer):
    tab_with_outdated_offer.get_by_role("button", name="Terugzetten").click()
    expect(tab_with_outdated_offer.get_by_label("Middenstuk")).to_have_value("Een uur werk.")


def test_discarding_a_copy_preserves_text_typed_in_its_tab_meanwhile(tab_with_outdated_offer):
    tab_with_outdated_offer.get_by_role("button", name="Weggooien").click()
    tab_with_outdated_offer.wait_for_timeout(1_500)
    wait_for_text_on_disk(tab_with_outdated_offer, "Een uur werk.")


def test_undoing_a_discard_preserves_text_typed_in_its_tab_meanwhile(tab_with_outdated_offer):
    tab_with_outdated_offer.get_by_role("button", name="Weggooien").click()
    tab_with_outdated_offer.get_by_role("button", name="Toch bewaren").click()
    tab_with_outdated_offer.wait_for_timeout(1_500)
    wait_for_text_on_disk(tab_with_outdated_offer, "Een uur werk.")
