"""One answer in full: handed in, read by keyboard, released, revised, and finished by a second teacher."""

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
def assignment(transactional_db):
    module = ModuleFactory(teacher=UserFactory(name="Karin Vos", groups=["Docenten"]))
    assignment = AssignmentFactory(module=module, case=published_case(title="Een lekkende koelkast", kolbs=["doener"]))
    teacher = module.enrolments.get().user
    Comment.objects.create(owner=teacher, text=COMMENT)
    enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER)
    enrol(module, UserFactory(name="Bram Kuipers"), group="SW1C")
    hand_in(assignment, enrol(module, UserFactory(name="Zeynep Yilmaz"), group="SW1C"), text="Ik wacht af.")
    return assignment


def user_named(assignment, name: str):
    return assignment.module.enrolments.get(user__name=name).user


def test_answer_is_handed_in_read_released_revised_and_finished(open_page, assignment, assert_accessible):
    student = open_page(user=user_named(assignment, "Bram Kuipers"))
    first = open_page(user=user_named(assignment, "Karin Vos"))
    second = open_page(user=user_named(assignment, "Hakan Demir"))
    hand_in_answer(student, assignment)
    read_by_keyboard(first, assignment, assert_accessible)
    assert is_hidden_from_student(student, assignment)
    release_by_keyboard(first)
    revise(student, assignment, assert_accessible)
    finish_while_first_teacher_writes(first, second, assignment)
    answer = Answer.objects.with_state().get(student__name="Bram Kuipers")
    assert answer.state == AnswerState.DONE
    student.goto(assignment.get_absolute_url())
    expect(student.get_by_text("Helemaal goed zo.")).to_be_visible()
    assert "Nog even dit" not in student.content()


def hand_in_answer(page, assignment) -> None:
    page.goto(assignment.get_absolute_url())
    page.get_by_label("Jouw antwoord").press_sequentially(FIRST)
    page.get_by_role("button", name="Lever in").click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()


def read_by_keyboard(page, assignment, assert_accessible) -> None:
    """Give feedback without a mouse: go to the first answer, write, insert a comment, choose a verdict, and move on."""
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
    zeynep = page.get_by_role("article", name=re.compile("Zeynep Yilmaz"))
    expect(zeynep.get_by_label("Jouw feedback")).to_be_focused()
    keys.press("Control+Enter")
    expect(zeynep.locator("[data-saveline]")).to_contain_text("nog niet vrijgegeven")
    saved_feedback = Feedback.objects.order_by("submission__answer__student__name").values_list("text", "verdict")
    assert list(saved_feedback) == [(f"Goed begin. {COMMENT}", "aanvullen"), ("", "gelezen")]
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")  # the tabs cover part of what is scrolled below them
    assert_accessible(page)


def is_hidden_from_student(page, assignment) -> bool:
    for address in ("/", assignment.get_absolute_url(), "/antwoorden/", assignment.module.get_absolute_url()):
        page.goto(address)
        assert COMMENT not in page.content()
        assert "graag aanvullen" not in page.content()
    return True


def release_by_keyboard(page) -> None:
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
    page.wait_for_load_state()  # until then Chromium moves the focus if the address has an anchor
    field = page.get_by_label("Jouw antwoord")
    field.press("Control+End")
    field.press_sequentially(SECOND)
    page.get_by_role("button", name="Lever nieuwe versie in").click()
    expect(page.get_by_text("1 antwoord ingeleverd.")).to_be_visible()


def finish_while_first_teacher_writes(first, second, assignment) -> None:
    address = reverse("questions:assignment_feedback", args=[assignment.pk])
    first.goto(address)
    articles = first.get_by_role("article")
    expect(articles.first).to_contain_text("Bram Kuipers")  # first again
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
    own_feedback = Feedback.objects.get(author__name="Karin Vos", submission__revision__gt=1)
    assert (own_feedback.text, own_feedback.released_at) == ("Nog even dit, later meer", None)
