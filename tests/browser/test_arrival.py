"""After an act, the message about it is at its place on the page, in view and focused."""

import pytest
from django.utils import timezone

from questions.models import Feedback, Verdict
from tests.browser.student_desk import SAVED, field, save_line, write
from tests.factories import published_case
from tests.questions.factories import AssignmentFactory, enrol, hand_in

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def assignment(transactional_db):
    return AssignmentFactory(case=published_case(kolbs=["doener", "beschouwer", "denker", "beslisser"]))


def expect_message(page, place: str, text: str) -> None:
    """Check that the message with this text is focused, in view, and inside the place."""
    message = page.locator(f"{place} .messages")
    expect(message).to_contain_text(text)
    expect(message).to_be_focused()
    expect(message).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [1280, 390])
def test_message_about_handing_in_and_taking_back_is_at_the_question(open_page, assignment, width):
    student = enrol(assignment.module)
    page = open_page(width=width, user=student.user)
    page.goto(assignment.get_absolute_url())
    last = page.locator(".desk-item").last
    last.get_by_label("Jouw antwoord").fill("Ik bel haar dochter.")
    last.get_by_role("button", name="Lever in").click()
    place = f"[id='{last.get_attribute('id')}']"
    expect_message(page, place, "ingeleverd")
    page.locator(place).get_by_role("button", name="Terugnemen").click()
    expect_message(page, place, "Teruggenomen")


def test_message_without_a_place_is_focused_at_the_top(open_page, assignment):
    page = open_page(user=enrol(assignment.module).user)
    page.goto(assignment.get_absolute_url())
    for area in page.get_by_label("Jouw antwoord").all():
        area.fill("Ik luister.")
    page.get_by_role("button", name="Lever alles in").click()
    expect_message(page, "main", "ingeleverd")


def test_moving_an_assignment_says_its_new_place(open_page, assignment):
    AssignmentFactory(module=assignment.module, case=assignment.edition.case, position=9)
    teacher = assignment.module.enrolments.get(role="teacher").user
    page = open_page(user=teacher)
    page.goto(assignment.module.get_absolute_url())
    page.get_by_role("button", name="naar beneden").first.click()
    expect_message(page, "main", "staat nu op plaats 2 van 2")


def test_feedback_that_asks_for_more_opens_the_field_with_the_caret_in_it(open_page, assignment):
    student = enrol(assignment.module)
    submission = hand_in(assignment, student, text="Ik bel haar.")
    Feedback.objects.create(submission=submission, text="Waarom?", verdict=Verdict.AGAIN, released_at=timezone.now())
    page = open_page(user=student.user)
    page.goto(assignment.get_absolute_url())
    page.get_by_role("button", name="Hier ga ik mee verder").click()
    expect(field(page).first).to_be_focused()
    page.keyboard.type(" En dan?")
    expect(field(page).first).to_have_value("Ik bel haar. En dan?")


def test_a_minute_of_typing_is_not_announced_at_every_save(open_page, transactional_db):
    one_question = AssignmentFactory(case=published_case(kolbs=["doener"]))
    page = open_page(user=enrol(one_question.module).user)
    page.goto(one_question.get_absolute_url())
    page.evaluate("""() => {
        window.heard = [];
        const region = document.getElementById("meldingen");
        new MutationObserver(() => window.heard.push(region.textContent)).observe(region, { childList: true });
    }""")
    for word in ("Eerst", " bel", " ik", " haar."):
        with page.expect_response(lambda reply: "/antwoord/" in reply.url):
            write(page, word)
        expect(save_line(page)).to_contain_text(SAVED)
    assert len(page.evaluate("heard")) == 1
    page.keyboard.press("Tab")
    page.evaluate("""() => new Promise((resolve) => {
        const look = () => (window.heard.length === 2 ? resolve() : requestAnimationFrame(look));
        look();
    })""")
    assert page.locator("[aria-live], [role=status]").count() == 1


def test_message_does_not_take_the_focus_of_a_field_in_use(open_page, assignment):
    """The fonts of this page are late, so that the user writes before the page has loaded."""
    page = open_page(user=enrol(assignment.module).user)
    page.goto(assignment.get_absolute_url())
    first, last = page.locator(".desk-item").first, page.locator(".desk-item").last
    last.get_by_label("Jouw antwoord").fill("Ik bel haar dochter.")
    pending = []
    page.route("**/*.woff2*", lambda route: pending.append(route))
    page.route("**/img/**", lambda route: pending.append(route))
    page.add_init_script("addEventListener('load', () => { window.isLoaded = true; })")
    last.get_by_role("button", name="Lever in").click()
    page.wait_for_url("**/?ingeleverd=*", wait_until="commit")
    field = first.get_by_label("Jouw antwoord")
    field.click()
    page.keyboard.type("Eerst ")
    assert not page.evaluate("window.isLoaded ?? false")
    for route in pending:
        route.continue_()
    expect(page.locator(".messages--here")).to_be_attached()
    page.keyboard.type("luister ik.")
    expect(field).to_have_value("Eerst luister ik.")
