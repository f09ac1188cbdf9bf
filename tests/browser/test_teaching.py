"""Pages of teachers in a real browser: choosing questions, with and without JavaScript, and joining as a student."""

from datetime import timedelta

import pytest
from django.utils import timezone

from questions.actions import pins
from questions.models import Assignment, Enrolment, Role
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

expect = pytest.importorskip("playwright.sync_api").expect

KOLBS = ["doener", "beschouwer", "denker", "beslisser"]


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, title="Sociaal werk in de wijk", code="ABC234", groups=["SW1A", "SW1C"])


@pytest.fixture
def case(transactional_db):
    return published_case(title="Een lekkende koelkast", kolbs=KOLBS)


@pytest.mark.writes
def test_ring_follows_the_ticked_questions_and_typed_text_is_preserved(open_page, teacher, module, case):
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}")
    page.fill("#id_instructions", "Lees eerst.")
    page.locator(".choose input[type=checkbox]").first.uncheck()
    page.get_by_text("Drie vragen: 1 beschouwer, 1 denker, 1 beslisser", exact=True).wait_for()
    page.get_by_role("button", name="denker").click()
    page.get_by_text("Twee vragen: 1 beschouwer, 1 beslisser", exact=True).wait_for()
    assert page.evaluate("document.activeElement.id") == "pick-denker"
    page.get_by_role("button", name="Stel zelf een vraag").click()
    page.get_by_label("Je vraag").fill("En jij?")
    page.get_by_label("Door welke bril?").select_option("doener")
    page.get_by_role("button", name="Geef de opdracht").click()
    page.wait_for_url(f"**/modules/{module.pk}/")
    assignment = Assignment.objects.get()
    assert assignment.instructions == "Lees eerst."
    assert [q.kolb for q in assignment.questions.order_by("asked_in__position")] == [
        "beschouwer",
        "beslisser",
        "doener",
    ]


@pytest.mark.writes
def test_enter_in_a_field_saves_without_changing_the_selection(open_page, teacher, module, case):
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}")
    page.locator(".choose__place input").first.press("Enter")
    page.wait_for_url(f"**/modules/{module.pk}/")
    assert Assignment.objects.get().questions.count() == 4


@pytest.mark.writes
def test_quick_picks_work_without_javascript(open_page, teacher, module, case):
    page = open_page(user=teacher, javascript=False)
    page.goto(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}")
    page.fill("#id_instructions", "Lees eerst.")
    page.get_by_role("button", name="Geen").click()
    page.get_by_role("button", name="denker").click()
    assert page.locator(".choose input:checked").count() == 1
    assert page.input_value("#id_instructions") == "Lees eerst."
    page.get_by_role("button", name="Geef de opdracht").click()
    assert Assignment.objects.get().questions.get().kolb == "denker"


@pytest.mark.writes
def test_student_can_join_by_keyboard(open_page, module):
    student = UserFactory(name="Bram Kuipers")
    page = open_page(width=390, user=student)
    page.goto("/meedoen/")
    page.get_by_label("Code van je module").focus()
    page.keyboard.type("abc 234")
    page.keyboard.press("Enter")
    page.wait_for_url("**/meedoen/ABC234/")
    page.get_by_label("SW1A").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/modules/{module.pk}/")
    assert Enrolment.objects.get(user=student).group == "SW1C"
    page.go_back()
    page.reload()
    assert Enrolment.objects.filter(user=student).count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_module_with_a_student_who_asks_to_return_is_accessible(
    open_page, assert_accessible, module, case, teacher, width, scheme
):
    """The other states of these pages are in test_accessibility.py."""
    now = timezone.now()
    enrol(module, UserFactory(name="Yusuf Ağaoğlu"), left_at=now, asked_back_at=now)
    enrol(module, UserFactory(name="Omar Said"), role=Role.TEACHER)
    AssignmentFactory(module=module, case=case, opens_at=now + timedelta(days=1))
    page = open_page(width=width, scheme=scheme, user=teacher)
    page.goto(f"/modules/{module.pk}/")
    page.get_by_text("Yusuf Ağaoğlu").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)


def test_arrows_have_enough_distance_to_the_link_above_them(open_page, teacher, module, case, assert_accessible):
    """There is a short link above the arrows, and the middle one of three assignments has both arrows."""
    started, _not_started = enrol(module), enrol(module)
    for position in range(3):
        hand_in(AssignmentFactory(module=module, case=case, position=position), started)
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/")
    assert page.get_by_role("link", name="1 nog niet begonnen").count() == 3
    assert_accessible(page)


def test_coverage_of_the_ticked_questions_is_announced(open_page, teacher, module, case):
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}")
    status = page.locator("#dekking-gemeld[role=status]")
    page.locator(".choose input[type=checkbox]").first.uncheck()
    expect(status).to_contain_text("Nog niet: doener")
    page.get_by_role("button", name="denker").click()
    expect(status).to_contain_text("Nog niet: doener, denker")


# --- The projector ---

STORY = "Ik ga eerst langs zonder lijstje, gewoon voor een kop koffie, en vraag dan wat zij zelf het eerst wil. "


@pytest.fixture
def pinned(teacher, module, case):
    """Return an assignment of which three answers to the first question and one to the last are pinned."""
    assignment = AssignmentFactory(module=module, case=case)
    students = [enrol(module) for _each in range(3)]
    for number, student in enumerate(students):
        submission = hand_in(assignment, student, 0, STORY * (number + 1) * (number + 1))
        pins.pin(submission=submission, teacher=teacher)
    pins.pin(submission=hand_in(assignment, students[0], 3, "Kort."), teacher=teacher)
    return assignment


def test_projector_is_driven_by_keys_and_stays_on_one_page(open_page, teacher, pinned):
    page = open_page(user=teacher)
    page.goto(f"/opdrachten/{pinned.pk}/overzicht/scherm/")
    page.evaluate("window.isSamePage = true")
    place = page.get_by_role("navigation", name="Antwoorden").locator("span")
    for key, text in [
        ("ArrowRight", "2 van 3"),
        ("Space", "3 van 3"),
        ("PageDown", "1 van 1"),
        ("ArrowRight", "1 van 1"),
        ("ArrowLeft", "3 van 3"),
        ("PageUp", "2 van 3"),
    ]:
        page.keyboard.press(key)
        place.get_by_text(text, exact=True).wait_for()
    page.get_by_role("link", name="Vorige").click()
    place.get_by_text("1 van 3", exact=True).wait_for()
    page.go_back()
    place.get_by_text("2 van 3", exact=True).wait_for()
    assert page.evaluate("window.isSamePage")
    page.get_by_role("button", name="Volledig scherm").click()
    expect(page.locator(":fullscreen")).to_be_attached()
    page.keyboard.press("ArrowRight")
    place.get_by_text("3 van 3", exact=True).wait_for()
    assert page.evaluate("document.fullscreenElement !== null && window.isSamePage")
    assert page.get_by_role("button", name="Volledig scherm").is_hidden()


def test_link_in_a_question_works_on_the_projector(open_page, teacher, module, pinned, expected_problems):
    expected_problems.append("request to another host")
    text = "Kijk [dit fragment](https://example.org/fragment). Wat zie je?"
    pinned.questions.filter(key="vraag-1").update(module=module, key="eigen", text=text)
    page = open_page(user=teacher)
    page.route("https://example.org/*", lambda route: route.fulfill(body="Het fragment."))
    page.goto(f"/opdrachten/{pinned.pk}/overzicht/scherm/")
    link = page.get_by_role("link", name="dit fragment")
    link.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("2 van 3", exact=True).wait_for()
    link.click()
    page.wait_for_url("https://example.org/fragment")


def test_projector_works_by_links_without_javascript(open_page, teacher, pinned):
    page = open_page(user=teacher, javascript=False)
    page.goto(f"/opdrachten/{pinned.pk}/overzicht/scherm/")
    for text in ("2 van 3", "3 van 3", "1 van 1"):
        page.get_by_role("link", name="Volgende").click()
        page.get_by_text(text, exact=True).wait_for()
    assert page.get_by_role("link", name="Volgende").count() == 0
    assert page.get_by_role("button", name="Volledig scherm").is_hidden()


def test_nothing_on_the_projector_is_below_the_fold(open_page, teacher, pinned):
    page = open_page(user=teacher)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"/opdrachten/{pinned.pk}/overzicht/scherm/")
    lengths = set()
    for _each in range(4):
        assert page.evaluate("document.documentElement.scrollHeight") <= 720
        back = page.get_by_role("link", name="Terug naar het overzicht").bounding_box()
        assert back["y"] + back["height"] <= 720
        answer = page.locator(".stage__answer")
        lengths.add(len(answer.inner_text()))
        assert answer.evaluate("element => element.scrollHeight <= element.clientHeight")
        if page.get_by_role("link", name="Volgende").count():
            page.goto(page.url.partition("?")[0] + page.get_by_role("link", name="Volgende").get_attribute("href"))
    assert len(lengths) == 4
