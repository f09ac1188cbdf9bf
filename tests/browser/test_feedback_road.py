"""Three people and one answer: handed in, read by keyboard, released, revised, and finished by a second teacher."""

import re

import pytest
from django.urls import reverse

from questions.models import Answer, AnswerState, Comment, Feedback, Role
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = [pytest.mark.writes, pytest.mark.each_database]

FIRST = "Ik bel meneer Hans."
SECOND = " Ik vraag eerst hoe het met hem gaat."
COMMENT = "Waar in het verhaal zie je dat?"


@pytest.fixture
def school(transactional_db):
    module = ModuleFactory(teacher=UserFactory(name="Karin Vos", groups=["Docenten"]))
    assignment = AssignmentFactory(module=module, case=published_case(title="Een lekkende koelkast", kolbs=["doener"]))
    teacher = module.enrolments.get().user
    Comment.objects.create(owner=teacher, text=COMMENT)
    enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER)
    enrol(module, UserFactory(name="Bram Kuipers"), group="SW1C")
    hand_in(assignment, enrol(module, UserFactory(name="Zeynep Kaya"), group="SW1C"), text="Ik wacht af.")
    return assignment


def person(assignment, name: str):
    return assignment.module.enrolments.get(user__name=name).user


def test_from_handing_in_to_finished(open_page, school, assert_accessible):
    student = open_page(user=person(school, "Bram Kuipers"))
    first = open_page(user=person(school, "Karin Vos"))
    second = open_page(user=person(school, "Hakan Demir"))
    hand_in_by_hand(student, school)
    read_with_the_keyboard_alone(first, school, assert_accessible)
    assert nothing_to_see(student, school)
    release_with_the_keyboard_alone(first)
    revise(student, school, assert_accessible)
    finish_while_the_first_is_writing(first, second, school)
    answer = Answer.objects.with_state().get(student__name="Bram Kuipers")
    assert answer.state == AnswerState.DONE
    student.goto(school.get_absolute_url())
    expect(student.get_by_text("Helemaal goed zo.")).to_be_visible()
    assert "Nog even dit" not in student.content()


def hand_in_by_hand(page, assignment) -> None:
    page.goto(assignment.get_absolute_url())
    page.get_by_label("Jouw antwoord").press_sequentially(FIRST)
    page.get_by_role("button", name="Lever in", exact=True).click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()


def read_with_the_keyboard_alone(page, assignment, assert_accessible) -> None:
    """From here on no mouse: to the first answer, into the field, a sentence from the bank, a verdict, and the next."""
    page.goto(reverse("questions:assignment_feedback", args=[assignment.pk]))
    keys = page.keyboard
    keys.press("j")
    bram = page.get_by_role("article", name=re.compile("Bram Kuipers"))
    expect(bram).to_be_focused()
    keys.press("2")
    expect(bram.get_by_label("graag aanvullen")).to_be_checked()
    keys.press("Enter")
    expect(bram.get_by_label("Jouw feedback")).to_be_focused()
    keys.type("Goed begin.")
    keys.press("Alt+b")
    keys.type("verhaal")
    keys.press("Enter")
    expect(bram.get_by_label("Jouw feedback")).to_have_value(f"Goed begin. {COMMENT}")
    keys.press("Control+Enter")
    expect(bram.locator("[data-saveline]")).to_contain_text("nog niet vrijgegeven")
    zeynep = page.get_by_role("article", name=re.compile("Zeynep Kaya"))
    expect(zeynep.get_by_label("Jouw feedback")).to_be_focused()
    keys.press("Control+Enter")
    expect(zeynep.locator("[data-saveline]")).to_contain_text("nog niet vrijgegeven")
    given = Feedback.objects.order_by("submission__answer__student__name").values_list("text", "verdict")
    assert list(given) == [(f"Goed begin. {COMMENT}", "aanvullen"), ("", "gelezen")]
    assert_accessible(page)


def nothing_to_see(page, assignment) -> bool:
    for address in ("/", assignment.get_absolute_url(), "/antwoorden/", assignment.module.get_absolute_url()):
        page.goto(address)
        assert COMMENT not in page.content()
        assert "graag aanvullen" not in page.content()
    return True


def release_with_the_keyboard_alone(page) -> None:
    page.reload()
    button = page.get_by_role("button", name="Geef alles vrij (2)")
    for _each in range(120):
        if button.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Vrijgegeven: bij 2 antwoorden.")).to_be_visible()


def revise(page, assignment, assert_accessible) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Nieuwe feedback")).to_be_visible()
    page.goto(assignment.get_absolute_url())
    expect(page.get_by_text(COMMENT)).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Verder werken aan een nieuwe versie").click()
    page.wait_for_load_state()  # where an address ends in #…, Chromium takes the focus away until then
    field = page.get_by_label("Jouw antwoord")
    field.press("Control+End")
    field.press_sequentially(SECOND)
    page.get_by_role("button", name="Lever nieuwe versie in").click()
    expect(page.get_by_text("1 antwoord ingeleverd.")).to_be_visible()


def finish_while_the_first_is_writing(first, second, assignment) -> None:
    address = reverse("questions:assignment_feedback", args=[assignment.pk])
    first.goto(address)
    articles = first.get_by_role("article")
    expect(articles.first).to_contain_text("Bram Kuipers")  # back on top of the pile
    expect(articles.first).to_contain_text("opnieuw ingeleverd")
    articles.first.get_by_text("Versie 1 van").click()
    expect(articles.first.locator("ins")).to_have_text(SECOND)
    expect(articles.first.locator(".earlier")).to_contain_text(COMMENT)
    articles.first.get_by_label("Jouw feedback").press_sequentially("Nog even dit")
    expect(articles.first.locator("[data-saveline]")).to_contain_text("nog niet vrijgegeven")
    second.goto(address)
    bram = second.get_by_role("article", name=re.compile("Bram Kuipers"))
    expect(bram.get_by_text("Karin schrijft nu")).to_be_visible()
    bram.get_by_label("Jouw feedback").press_sequentially("Helemaal goed zo.")
    bram.get_by_label("afgerond").check()
    bram.get_by_role("button", name="Geef vrij").click()
    expect(bram.locator("[data-saveline]")).to_contain_text(", vrijgegeven")
    articles.first.get_by_label("Jouw feedback").press_sequentially(", later meer")
    expect(articles.first.locator("[data-saveline]")).to_contain_text("nog niet vrijgegeven")
    mine = Feedback.objects.get(author__name="Karin Vos", submission__revision__gt=1)
    assert (mine.text, mine.released_at) == ("Nog even dit, later meer", None)
