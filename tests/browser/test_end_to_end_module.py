"""One module from beginning to end, by a teacher with a laptop and a student with a phone."""

import re

import pytest

from questions.models import Answer, AnswerState, Submission
from tests.factories import UserFactory, published_case

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = [pytest.mark.writes, pytest.mark.each_database]

PASSWORD = "koelkast-op-driehoog"
FIRST = "Ik bel eerst haar dochter."
SECOND = " En daarna de wijkverpleging."


@pytest.fixture
def teacher(transactional_db):
    teacher = UserFactory(name="Karin Vos", email="karin@example.org", groups=["Docenten"])
    teacher.set_password(PASSWORD)
    teacher.save()
    return teacher


@pytest.fixture
def case(transactional_db):
    return published_case(title="Een lekkende koelkast", kolbs=["doener", "denker"])


def test_module_is_created_joined_and_its_assignment_handed_in_and_read(open_page, teacher, case):
    laptop = open_page(width=1280)
    module, link = create_module(laptop, teacher)
    desk = create_assignment(laptop, case)

    phone = open_page(width=390)
    join(phone, link, module)
    start_writing_and_close_the_tab(phone, case)
    phone = return_in_a_new_tab(phone)
    hand_in_take_back_and_hand_in_again(phone)
    assert phone.url.startswith(desk)

    read(laptop, desk)


def create_module(page, teacher) -> tuple[str, str]:
    """Sign in and create a module with two groups. Return its address, and the path of the link that students scan."""
    page.goto("/modules/")
    page.get_by_label("E-mailadres").fill(teacher.email)
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Inloggen").click()
    page.get_by_role("link", name="Nieuwe module").first.click()
    page.get_by_label("Titel").fill("Sociaal werk in de wijk")
    page.get_by_label("Klassen").fill("SW1A\nSW1C")
    page.get_by_role("button", name="Maak de module").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sociaal werk in de wijk")
    link = page.get_by_role("region", name="Meedoen").get_by_text("/meedoen/").inner_text()
    return page.url, "/" + link.split("/", 1)[1] + "/"  # its host is SITE_URL, not the server of this test


def create_assignment(page, case) -> str:
    """Create an assignment with one of the two questions. Return the address of its assignment desk."""
    page.get_by_role("link", name="Geef een opdracht").click()
    page.get_by_role("link", name=case.title).click()
    page.get_by_role("checkbox").nth(1).uncheck()
    page.locator("#dekking").get_by_text("1 doener").wait_for()
    page.get_by_label("Toelichting").fill("Lees eerst het hele verhaal.")
    page.get_by_role("button", name="Geef de opdracht").click()
    preview = page.get_by_role("link", name=": bekijk als student").evaluate("link => link.href")
    return preview.removesuffix("als-student/")


def join(page, link: str, module: str) -> None:
    """Join the module through the scanned link, and create an account on the way."""
    page.goto(link)
    page.get_by_role("link", name="Doe mee").click()
    page.get_by_label("Naam").fill("Chaima el Idrissi")
    page.get_by_label("E-mailadres").fill("chaima@example.org")
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("button", name="Maak mijn account").click()
    page.get_by_label("SW1C").check()
    page.get_by_role("button", name="Doe mee").click()
    expect(page).to_have_url(module)
    expect(page.get_by_text("klas SW1C")).to_be_visible()


def start_writing_and_close_the_tab(page, case) -> None:
    page.get_by_role("link", name=case.title).click()
    expect(page.get_by_text("Lees eerst het hele verhaal.")).to_be_visible()
    page.wait_for_load_state()  # the field is shown only after the script that saves the text
    page.get_by_label("Jouw antwoord").press_sequentially(FIRST)
    page.close()


def return_in_a_new_tab(closed_page):
    """Open a new tab in the same browser, and go to the assignment from the home page."""
    page = closed_page.context.new_page()
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="Een lekkende koelkast").first.click()
    expect(page.get_by_label("Jouw antwoord")).to_have_value(FIRST)
    expect(page.locator("[data-saveline]")).to_contain_text("Opgeslagen")
    assert Answer.objects.get().text == FIRST
    return page


def hand_in_take_back_and_hand_in_again(page) -> None:
    field = page.get_by_label("Jouw antwoord")
    page.get_by_role("button", name="Lever in").click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    expect(field).not_to_be_editable()
    page.get_by_role("button", name="Terugnemen").click()
    expect(page.get_by_text("0 van 1 ingeleverd")).to_be_visible()
    page.wait_for_load_state()  # Chromium scrolls to the #fragment while it loads, and takes the focus from the field
    field.press("Control+End")
    field.press_sequentially(SECOND)
    page.get_by_role("button", name="Lever in").click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()
    expect(field).to_have_value(FIRST + SECOND)
    assert Answer.objects.with_state().get().state == AnswerState.SUBMITTED
    submissions = Submission.objects.order_by("revision").values_list("text", "withdrawn_at")
    assert [(text, withdrawn is None) for text, withdrawn in submissions] == [(FIRST, False), (FIRST + SECOND, True)]


def read(page, desk: str) -> None:
    page.goto(f"{desk}feedback/")
    reply = page.get_by_role("article", name=re.compile("Chaima el Idrissi"))
    expect(reply).to_contain_text(FIRST + SECOND)
    expect(reply).to_contain_text("SW1C")
    expect(page.get_by_role("article")).to_have_count(1)
