"""Failures while a student writes, in a real browser: no text is lost."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from questions.models import Answer, Assignment, Submission
from tests.browser.conftest import session_cookie
from tests.browser.device import count_copies
from tests.browser.student_desk import (
    ON_DEVICE,
    PASSWORD,
    SAVED,
    field,
    open_another_tab,
    open_sign_in,
    save_line,
    stored_text,
    stored_versions,
    wait_for_copy,
    write,
)
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, enrol

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes


@pytest.fixture(autouse=True)
def expect_lost_connections(expected_problems):
    expected_problems.append("net::ERR_")


def test_pause_in_typing_saves_the_text(desk):
    write(desk, "Ik bel haar op.")
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "Ik bel haar op."
    assert count_copies(desk) == 0


def test_text_of_a_closed_tab_is_recovered_and_saved(desk):
    desk.context.set_offline(True)
    write(desk, "Ik bel haar o")
    assert count_copies(desk) == 1
    context, url = desk.context, desk.url
    desk.close()
    context.set_offline(False)
    fresh = context.new_page()
    fresh.goto(url)
    expect(field(fresh)).to_have_value("Ik bel haar o")
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_text() == "Ik bel haar o"
    assert count_copies(fresh) == 0


@pytest.fixture
def page_with_pending_script(desk):
    """Return the assignment desk without its script, and a function that loads the script."""
    routes = []
    page = desk.context.new_page()
    page.route("**/writing.*js", lambda route: routes.append(route))
    page.goto(desk.url, wait_until="commit")
    field(page).wait_for()

    def load_scripts():
        routes.pop().continue_()
        page.wait_for_load_state()

    return page, load_scripts


def test_page_is_not_painted_before_its_script_has_loaded(page_with_pending_script):
    page, load_scripts = page_with_pending_script
    page.wait_for_timeout(500)  # a page that does not wait for its script is painted within this time
    assert page.evaluate("performance.getEntriesByType('paint').length") == 0
    load_scripts()
    page.evaluate("""new Promise(done =>
        new PerformanceObserver(() => done()).observe({ type: "paint", buffered: true }))""")


def test_text_typed_before_the_script_loads_is_saved(page_with_pending_script):
    page, load_scripts = page_with_pending_script
    field(page).fill("Al getypt")  # possible in a browser that paints the page earlier
    load_scripts()
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "Al getypt"
    assert count_copies(page) == 0


def test_text_typed_before_the_script_loads_stays_on_the_device_while_offline(page_with_pending_script):
    page, load_scripts = page_with_pending_script
    field(page).fill("Al getypt")
    page.route("**/antwoord/*", lambda route: route.abort())
    load_scripts()
    expect(save_line(page)).to_contain_text(ON_DEVICE)
    assert count_copies(page) == 1
    page.unroute("**/antwoord/*")
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "Al getypt"


def test_text_typed_before_the_script_loads_conflicts_with_an_unsent_copy(
    page_with_pending_script, desk, expected_problems
):
    expected_problems.append("409")
    desk.route("**/antwoord/*", lambda route: route.abort())  # this tab cannot save
    write(desk, "van gisteren")
    page, load_scripts = page_with_pending_script
    field(page).fill("van vandaag")
    load_scripts()
    panel = page.get_by_role("region", name="Twee teksten")
    expect(panel).to_contain_text("van gisteren")
    panel.get_by_role("button", name="Neem de opgeslagen tekst").click()
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "van vandaag"
    assert stored_versions() == ["van gisteren", "van vandaag"]


def test_hiding_the_page_sends_the_text_at_once(desk):
    """No other page is open that could send the text."""
    write(desk, "tot hier")
    desk.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not Answer.objects.filter(text="tot hier").exists():
        time.sleep(0.05)
    assert stored_text() == "tot hier"


def test_text_survives_back_and_forward(desk):
    desk.goto("/over/")
    desk.go_back()
    write(desk, "Ik twijfel")
    desk.go_back()
    desk.go_forward()
    expect(field(desk)).to_have_value("Ik twijfel")
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "Ik twijfel"


def test_text_typed_while_offline_is_saved_when_online(desk):
    desk.context.set_offline(True)
    write(desk, "zonder verbinding")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    assert not Answer.objects.exists()
    desk.context.set_offline(False)
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "zonder verbinding"


@pytest.mark.each_database
def test_lost_reply_to_a_stored_save_is_no_conflict(desk):
    replies = []

    def lose_reply(route):
        if not replies:
            replies.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    desk.route("**/antwoord/**", lose_reply)
    write(desk, "een")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    assert stored_text() == "een"
    write(desk, " twee")
    expect(save_line(desk)).to_contain_text(SAVED, timeout=10_000)
    assert stored_text() == "een twee"
    assert stored_versions() == []
    expect(desk.locator("section[data-conflict]")).to_have_count(0)


def test_lost_reply_followed_by_a_closed_tab_is_no_conflict(desk):
    def lose_reply(route):
        route.fetch()
        route.abort()

    desk.route("**/antwoord/**", lose_reply)
    write(desk, "een")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    desk.context.set_offline(True)
    write(desk, " twee")
    context, url = desk.context, desk.url
    desk.close()
    context.set_offline(False)
    fresh = context.new_page()
    fresh.goto(url)
    expect(field(fresh)).to_have_value("een twee")
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_text() == "een twee"
    assert stored_versions() == []


def test_text_typed_while_the_server_is_down_is_saved_after_its_restart(browser, own_server, assignment, student):
    own_server()
    context = browser.new_context(base_url=own_server.url, locale="nl-NL")
    context.add_cookies([session_cookie(student, own_server.url)])
    page = context.new_page()
    page.goto(assignment.get_absolute_url())
    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name.split('/js/')[1])")
    names = sorted(name.split(".")[0] for name in loaded if name)
    assert names == [
        "announcements",
        "arrival",
        "device",
        "field",
        "outbox",
        "reply",
        "save_state",
        "text",
        "writing",
    ]  # each once
    write(page, "bevestigd")
    expect(save_line(page)).to_contain_text(SAVED)
    own_server.kill()
    assert stored_text() == "bevestigd"
    write(page, " en verder")
    expect(save_line(page)).to_contain_text(ON_DEVICE)
    own_server()
    expect(save_line(page)).to_contain_text(SAVED, timeout=15_000)
    assert stored_text() == "bevestigd en verder"
    context.close()


def sign_in_again(page, student) -> None:
    dialog = page.get_by_role("dialog", name="Je bent uitgelogd")
    if not dialog.is_visible():
        open_sign_in(page)
    dialog.get_by_label("E-mailadres").fill(student.email)
    dialog.get_by_label("Wachtwoord").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in en ga verder").click()


@pytest.mark.parametrize("cause", ["session expired", "cookies cleared"])
def test_signed_out_user_can_sign_in_again_without_leaving_the_page(desk, student, expected_problems, cause):
    expected_problems.append("401|403")
    if cause == "session expired":
        Session.objects.all().delete()
    else:
        desk.context.clear_cookies()
    write(desk, "geschreven na het uitloggen")
    expect(save_line(desk)).to_contain_text("Je bent uitgelogd; je tekst staat op dit apparaat")
    assert not Answer.objects.exists()
    sign_in_again(desk, student)
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "geschreven na het uitloggen"


@pytest.mark.parametrize("button", ["Later", "Log in en ga verder"])
def test_typing_continues_at_the_caret_after_the_sign_in_dialog(desk, student, expected_problems, button):
    expected_problems.append("401|403")
    Session.objects.all().delete()
    write(desk, "voor en na")
    dialog = desk.get_by_role("dialog", name="Je bent uitgelogd")
    open_sign_in(desk)
    if button == "Later":
        dialog.get_by_role("button", name="Later").click()
    else:
        sign_in_again(desk, student)
    expect(dialog).to_be_hidden()
    expect(field(desk)).to_be_focused()
    desk.keyboard.type(", getypt")
    expect(field(desk)).to_have_value("voor en na, getypt")


def test_sign_in_dialog_opens_only_after_leaving_the_field(desk, expected_problems):
    """It would get the rest of a word that is being typed."""
    expected_problems.append("401|403")
    Session.objects.all().delete()
    write(desk, "voor")
    dialog = desk.get_by_role("dialog", name="Je bent uitgelogd")
    expect(desk.get_by_role("button", name="Log opnieuw in")).to_be_visible()
    with desk.expect_response(lambda reply: reply.status == 401) as reply:
        desk.keyboard.type(" en na")
    assert "na" in reply.value.request.post_data
    expect(save_line(desk)).to_contain_text("Je bent uitgelogd; je tekst staat op dit apparaat")
    expect(dialog).to_be_hidden()
    expect(field(desk)).to_be_focused()
    desk.get_by_role("heading", level=1).click()
    expect(dialog).to_be_visible()
    expect(field(desk)).to_have_value("voor en na")


def test_text_survives_a_wrong_password_in_the_sign_in_dialog(desk, student, expected_problems):
    expected_problems.append("401|403|400")
    Session.objects.all().delete()
    write(desk, "nog steeds hier")
    field(desk).blur()
    dialog = desk.get_by_role("dialog", name="Je bent uitgelogd")
    dialog.get_by_label("E-mailadres").fill(student.email)
    dialog.get_by_label("Wachtwoord").fill("verkeerd")
    dialog.get_by_role("button", name="Log in en ga verder").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Probeer het nog eens; je tekst is er nog.")
    sign_in_again(desk, student)
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "nog steeds hier"


def test_saved_text_survives_clearing_all_site_data(desk, student):
    write(desk, "bevestigd")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.evaluate("localStorage.clear()")
    desk.context.clear_cookies()
    desk.context.add_cookies([session_cookie(student, desk.url)])
    desk.reload()
    expect(field(desk)).to_have_value("bevestigd")


def test_full_storage_is_reported_and_text_is_saved_sooner(open_page, assignment, student):
    page = open_page(user=student)
    page.add_init_script("""
        const full = () => { throw new DOMException('vol', 'QuotaExceededError'); };
        Storage.prototype.setItem = IDBObjectStore.prototype.put = full;""")
    page.goto(assignment.get_absolute_url())
    page.context.set_offline(True)
    write(page, "niets te bewaren")
    expect(save_line(page)).to_contain_text("Kan op dit apparaat niet bewaren; blijf online")
    page.context.set_offline(False)
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_text() == "niets te bewaren"


@pytest.mark.each_database
def test_two_tabs_with_one_answer_show_both_texts(desk, expected_problems):
    expected_problems.append("409")
    other = open_another_tab(desk)
    write(desk, "in het eerste tabblad")
    expect(save_line(desk)).to_contain_text(SAVED)
    write(other, "in het tweede tabblad")
    panel = other.get_by_role("region", name="Twee teksten")
    expect(panel).to_contain_text("in het eerste tabblad")
    expect(panel).to_contain_text("in het tweede tabblad")
    assert stored_versions() == ["in het eerste tabblad", "in het tweede tabblad"]
    panel.get_by_role("button", name="Verder met deze tekst").click()
    expect(save_line(other)).to_contain_text(SAVED)
    assert stored_text() == "in het tweede tabblad"
    assert count_copies(other) == 0


def test_copy_sent_by_another_page_does_not_replace_later_text(desk):
    """Any page of this user sends the copies on the device, even one of a text that is being typed in another tab."""
    other_page = desk.context.new_page()
    other_page.goto("/over/")
    desk.clock.install()
    desk.reload()
    write(desk, "een")
    wait_for_copy(other_page, '"een"')
    with other_page.expect_response("**/antwoord/**") as sent:
        other_page.evaluate("window.dispatchEvent(new Event('focus'))")
    assert (sent.value.status, stored_text()) == (200, "een")
    write(desk, " twee")
    desk.clock.run_for(1_000)
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_text() == "een twee"
    assert stored_versions() == []


def test_phone_and_laptop_with_one_answer_show_both_texts(desk, open_page, student, expected_problems):
    expected_problems.append("409")
    phone = open_page(width=390, user=student)
    phone.goto(desk.url)
    phone.context.set_offline(True)
    write(phone, "onderweg")
    write(desk, "thuis")
    expect(save_line(desk)).to_contain_text(SAVED)
    phone.context.set_offline(False)
    panel = phone.get_by_role("region", name="Twee teksten")
    panel.get_by_role("button", name="Neem de opgeslagen tekst").click()
    expect(field(phone)).to_have_value("thuis")
    assert stored_versions() == ["onderweg", "thuis"]
    assert stored_text() == "thuis"


def test_text_is_hidden_from_another_user_and_saved_after_the_writer_returns(desk, student, expected_problems):
    expected_problems.append("409|404")
    other_user = UserFactory()
    desk.context.set_offline(True)
    write(desk, "van de eerste")
    desk.context.add_cookies([session_cookie(other_user, desk.url)])
    desk.context.set_offline(False)
    expect(desk.get_by_role("heading", name="Hier is nu iemand anders ingelogd")).to_be_visible()
    expect(field(desk)).to_be_hidden()
    other_users_page = desk.context.new_page()
    other_users_page.goto("/antwoorden/")
    expect(other_users_page.get_by_text("van de eerste")).to_have_count(0)
    assert not Answer.objects.filter(student=other_user).exists()
    desk.context.add_cookies([session_cookie(student, desk.url)])
    own_page = desk.context.new_page()
    own_page.goto(reverse("questions:assignment", args=[Assignment.objects.get().pk]))
    expect(field(own_page)).to_have_value("van de eerste")
    expect(save_line(own_page)).to_contain_text(SAVED)
    assert Answer.objects.get().student == student


def test_answer_handed_in_after_the_due_date_is_late(desk):
    Assignment.objects.update(due_at=timezone.now() - timedelta(hours=1))
    write(desk, "net te laat")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.get_by_role("button", name="Lever in").click()
    expect(desk.get_by_text("(na de datum)")).to_be_visible()
    assert Submission.objects.get().text == "net te laat"


def test_answer_to_an_assignment_closed_while_typing_is_saved_only(desk, expected_problems):
    expected_problems.append("409")
    Assignment.objects.update(closed_at=timezone.now() - timedelta(seconds=1))
    write(desk, "nog niet klaar")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.get_by_role("button", name="Lever in").click()
    expect(desk.get_by_role("main")).to_contain_text("Niet ingeleverd: de opdracht is intussen gesloten.")
    assert stored_text() == "nog niet klaar"
    assert not Submission.objects.exists()


def test_text_that_is_too_long_stays_complete_on_the_device(desk, expected_problems):
    expected_problems.append("413")
    field(desk).fill("x" * 20_001)
    expect(desk.locator(".answer [data-left]")).to_contain_text("1 tekens te veel")
    field(desk).blur()
    expect(save_line(desk)).to_contain_text("Te lang om op te slaan; je hele tekst staat op dit apparaat")
    assert not Answer.objects.exists()
    fresh = open_another_tab(desk)
    expect(field(fresh)).to_have_value("x" * 20_001)
    field(fresh).fill("x" * 20_000)
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert len(stored_text()) == 20_000


def test_number_of_characters_left_is_shown_near_the_limit(desk):
    field(desk).fill("x" * 19_000)
    expect(desk.locator(".answer [data-left]")).to_contain_text("Nog 1000 tekens")


@pytest.mark.each_database
def test_double_click_on_the_button_hands_in_once(desk):
    write(desk, "klaar")
    desk.get_by_role("button", name="Lever in").dblclick()
    expect(desk.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    assert Submission.objects.count() == 1


def test_error_of_handing_in_is_shown_below_the_button_that_was_pressed(open_page, transactional_db, expected_problems):
    expected_problems.append("ERR_")
    assignment = AssignmentFactory(case=published_case(kolbs=["doener", "denker", "beslisser"]))
    page = open_page(user=enrol(assignment.module).user)
    page.goto(assignment.get_absolute_url())
    first = page.get_by_role("article").first
    first.get_by_label("Jouw antwoord").fill("klaar")
    expect(first.locator("[data-saveline]")).to_contain_text(SAVED)
    page.route("**/inleveren/", lambda route: route.abort())
    first.get_by_role("button", name="Lever in").click()
    expect(first.get_by_role("alert")).to_contain_text("Niet ingeleverd: er is geen verbinding.")
    expect(first.get_by_role("alert")).to_be_in_viewport()
    page.get_by_role("button", name="Lever alles in").click()
    expect(page.locator("[data-hand-in-note]")).to_be_in_viewport()
    expect(first.get_by_role("alert")).to_have_count(0)


def test_handing_in_while_offline_shows_an_error_and_works_when_online(desk):
    write(desk, "klaar")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Lever in").click()
    expect(desk.get_by_text("Niet ingeleverd: er is geen verbinding.")).to_be_visible()
    assert not Submission.objects.exists()
    desk.context.set_offline(False)
    desk.get_by_role("button", name="Lever in").click()
    expect(desk.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    assert Submission.objects.get().text == "klaar"


def sign_out(page) -> None:
    page.locator("#uitloggen button").click()


def test_signing_out_sends_unsent_text_first(desk):
    write(desk, "snel nog even")
    sign_out(desk)
    expect(desk.get_by_role("link", name="Inloggen").first).to_be_visible()
    assert stored_text() == "snel nog even"


def test_signing_out_with_text_that_cannot_be_sent_opens_a_dialog(desk):
    desk.context.set_offline(True)
    write(desk, "alleen hier")
    sign_out(desk)
    dialog = desk.get_by_role("dialog", name="Nog niet alles is verzonden")
    expect(dialog).to_contain_text("1")
    dialog.get_by_role("button", name="Blijf ingelogd").click()
    expect(field(desk)).to_have_value("alleen hier")
    sign_out(desk)
    with desk.expect_download() as download:
        dialog.get_by_role("button", name="Download als tekst").click()
    assert "alleen hier" in Path(download.value.path()).read_text(encoding="utf-8")
    assert count_copies(desk) == 1
    dialog.get_by_role("button", name="Ik heb het bestand: wis hier en log uit").click()
    expect(dialog).to_contain_text("Uitloggen is niet gelukt")
    assert count_copies(desk) == 1  # no copy is deleted before the session is over
    desk.route("**/antwoord/**", lambda route: route.abort())
    desk.context.set_offline(False)
    with desk.expect_download():
        dialog.get_by_role("button", name="Download als tekst").click()
    dialog.get_by_role("button", name="Ik heb het bestand: wis hier en log uit").click()
    expect(desk.get_by_role("link", name="Inloggen").first).to_be_visible()
    assert count_copies(desk) == 0
    assert not Answer.objects.exists()


def test_signing_out_can_be_retried_when_online(desk):
    desk.context.set_offline(True)
    write(desk, "alleen hier")
    sign_out(desk)
    dialog = desk.get_by_role("dialog", name="Nog niet alles is verzonden")
    expect(dialog).to_be_visible()
    desk.context.set_offline(False)
    dialog.get_by_role("button", name="Probeer opnieuw").click()
    expect(desk.get_by_role("link", name="Inloggen").first).to_be_visible()
    assert stored_text() == "alleen hier"


def test_unsent_text_is_sent_from_any_page(desk):
    desk.context.set_offline(True)
    write(desk, "later verzonden")
    desk.route("**/antwoord/**", lambda route: route.abort())
    desk.context.set_offline(False)
    other_page = desk.context.new_page()
    with other_page.expect_response(lambda response: "/antwoord/" in response.url) as sent:
        other_page.goto("/over/")
    assert sent.value.status == 200
    assert stored_text() == "later verzonden"


def test_conflict_found_on_another_page_is_listed_in_the_portfolio(desk, student, expected_problems):
    expected_problems.append("409")
    desk.context.set_offline(True)
    write(desk, "op de laptop")
    # Before the tab is closed, since its last request may succeed even while offline.
    Answer.objects.create(
        student=student,
        question=Assignment.objects.get().questions.get(),
        assignment=Assignment.objects.get(),
        text="op de telefoon",
    )
    context = desk.context
    desk.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto("/antwoorden/")
    section = page.locator("#niet-verzonden")
    expect(section).to_contain_text("op de laptop")


def test_answer_can_be_saved_and_handed_in_without_javascript(open_page, assignment, student):
    page = open_page(user=student, javascript=False)
    page.goto(assignment.get_absolute_url())
    field(page).fill("zonder script")
    page.get_by_role("button", name="Opslaan").last.click()
    assert stored_text() == "zonder script"
    expect(field(page)).to_have_value("zonder script")
    page.get_by_role("button", name="Lever in").click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    assert Submission.objects.get().text == "zonder script"


@pytest.mark.each_database
def test_conflict_without_javascript_shows_both_texts(open_page, assignment, student, expected_problems):
    expected_problems.append("409")
    page = open_page(user=student, javascript=False)
    page.goto(assignment.get_absolute_url())
    Answer.objects.create(
        student=student, question=assignment.questions.get(), assignment=assignment, text="van elders"
    )
    field(page).fill("van hier")
    page.get_by_role("button", name="Opslaan").last.click()
    expect(page.get_by_text("van elders")).to_be_visible()
    expect(field(page)).to_have_value("van hier")
    page.get_by_role("button", name="Opslaan").last.click()
    assert stored_text() == "van hier"


def test_answer_at_a_case_is_saved_as_own_study(open_page, transactional_db):
    case = published_case()
    page = open_page(user=UserFactory())
    page.goto(case.get_absolute_url())
    page.get_by_text("Antwoord voor jezelf").click()
    write(page, "voor mezelf")
    expect(save_line(page)).to_contain_text(SAVED)
    assert Answer.objects.get().assignment is None
