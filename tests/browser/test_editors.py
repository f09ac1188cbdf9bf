"""A new case from beginning to end: written, published, answered, changed, published again, and withdrawn."""

import re

import pytest

from cases.models import Case, Part
from cases.publishing import editions
from questions.models import Answer, Submission
from tests.factories import ActorFactory, ConceptFactory, PartFactory, UserFactory, published_case
from tests.questions.factories import ModuleFactory, enrol

expect = pytest.importorskip("playwright.sync_api").expect

STORY = "Meneer Kwartel staat om half zeven al bij de deur."
OLD, NEW = "Wat zeg je als eerste tegen hem?", "Wat vraag je als eerste aan hem?"
ANSWER_TEXT = "Ik vraag hoe hij geslapen heeft."


@pytest.fixture
def users(transactional_db):
    ActorFactory(name="Wijkagent", sphere="formal")
    PartFactory(number=1, title="Bewoners", slug="bewoners")
    for number in range(1, 17):
        published_case(number=number, title=f"Casus {number}")
    chief = UserFactory(name="Piet Baas", groups=["Eindredactie"])
    teacher, student = UserFactory(name="Karin Vos", groups=["Docenten"]), UserFactory(name="Chaima el Idrissi")
    module = ModuleFactory(teacher=teacher, title="Sociaal werk in de wijk")
    enrol(module, student)
    return {"chief": chief, "teacher": teacher, "student": student, "module": module}


@pytest.mark.long
@pytest.mark.writes
@pytest.mark.each_database
def test_case_is_written_published_answered_changed_and_withdrawn(open_page, users, expected_problems):
    desk, laptop = open_page(user=users["chief"]), open_page(user=users["teacher"])
    visitor = open_page()
    write_case(desk)
    publish(desk, "Eerste editie")
    find_by_keyword(visitor, OLD)

    assignment = assign(laptop, users["module"])
    phone = open_page(width=390, user=users["student"])
    answer(phone, assignment)

    change_the_question(desk)
    publish(desk, "Vraag duidelijker gesteld.")
    find_by_keyword(visitor, NEW)
    check_that_student_work_is_unchanged(phone, laptop, assignment)
    compare_editions(desk)

    expected_problems.append("status of 410")
    withdraw(desk)
    check_that_no_page_shows_the_story([desk, laptop, phone, visitor], assignment)
    check_that_the_answer_remains(phone, laptop, assignment)


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_pages_about_editions_are_accessible(open_page, users, assert_accessible, expected_problems, width, scheme):
    case, withdrawn = Case.objects.order_by("number")[:2]
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Heel anders", body="Kort.")
    editions.publish(case=Case.objects.get(pk=copy.pk), by=users["chief"], note="Ingekort.")
    editions.withdraw(case=withdrawn, reason="Hij herkende zich.")
    stale = ConceptFactory(title="Van een ander")
    page = open_page(width=width, scheme=scheme, user=users["chief"])
    expected_problems += ["status of 410"]
    admin = f"/beheer/cases/case/{case.pk}/"
    addresses = [f"{admin}history/", f"{admin}verschil/?van=1&naar=2", f"{admin}intrekken/", f"{admin}change/"]
    for address in [*addresses, f"/beheer/cases/case/{withdrawn.pk}/history/", withdrawn.get_absolute_url()]:
        page.goto(address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, (
            address
        )
    page.goto(f"/beheer/cases/case/{stale.pk}/change/")
    Case.objects.filter(pk=stale.pk).update(version=9, title="Hun titel")
    page.get_by_label("Titel").fill("Mijn titel")
    page.get_by_role("button", name="Opslaan en verder schrijven", exact=True).last.click()
    expect(page.get_by_role("heading", name="Twee versies")).to_be_visible()
    assert_accessible(page)


def form_field(page, rows: str, number: int, name: str):
    return page.locator(f"[name='{rows}-{number}-{name}']")


def write_case(page) -> None:
    page.goto("/beheer/cases/case/add/")
    page.get_by_label("Titel").fill("Te vroeg aan de deur")
    page.get_by_label("Deel").select_option(label=str(Part.objects.get()))
    page.get_by_label("Omschrijving").fill("Een man komt elke ochtend te vroeg.")
    page.get_by_label("Inleiding").fill("Het inloophuis opent om negen uur.")
    page.get_by_label("Middenstuk").fill(f"### Half zeven\n\n{STORY}")
    page.get_by_label("Slot").fill("De deur gaat open.")
    form_field(page, "case_actors", 0, "actor_name").fill("Wijkagent")
    form_field(page, "case_actors", 0, "person").fill("agent Kwartel")
    form_field(page, "case_keywords", 0, "keyword_name").fill("inloophuis")
    form_field(page, "case_keywords", 0, "keyword_name").press("Tab")
    page.get_by_role("button", name="Maak nieuw: «inloophuis»").click()
    form_field(page, "questions", 0, "text").fill(OLD)
    form_field(page, "questions", 0, "kolb").first.check()
    page.get_by_role("button", name="Opslaan en verder schrijven", exact=True).last.click()
    expect(page.locator(".messagelist")).to_contain_text("Te vroeg aan de deur")


def publish(page, note: str) -> None:
    page.get_by_role("button", name=re.compile("^Stuur in voor publicatie")).click()
    expect(page.get_by_text("Ingestuurd op")).to_be_visible()
    page.get_by_label("Wat is er veranderd?").fill(note)
    page.get_by_role("button", name="Publiceer de opgeslagen versie").click()
    expect(page.locator(".messagelist")).to_contain_text("Gepubliceerd als editie")


def find_by_keyword(page, question: str) -> None:
    page.goto("/casussen/")
    page.get_by_role("searchbox").fill("inloophuis")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="Te vroeg aan de deur").first.click()
    expect(page.get_by_text(STORY)).to_be_visible()
    expect(page.get_by_text(question)).to_be_visible()


def assign(page, module) -> str:
    """Create an assignment with the case, and return the address of its assignment desk."""
    page.goto(f"/modules/{module.pk}/opdrachten/nieuw/")
    page.get_by_role("link", name="Te vroeg aan de deur").click()
    page.get_by_role("button", name="Geef de opdracht").click()
    expect(page.get_by_role("link", name="Te vroeg aan de deur").first).to_be_visible()
    return f"/opdrachten/{module.assignments.get().pk}/"


def answer(page, assignment: str) -> None:
    page.goto(assignment)
    expect(page.get_by_text(STORY)).to_be_visible()
    page.get_by_label("Jouw antwoord").press_sequentially(ANSWER_TEXT)
    page.get_by_role("button", name="Lever in").click()
    expect(page.get_by_text("1 van 1 ingeleverd")).to_be_visible()


def change_the_question(page) -> None:
    page.get_by_role("button", name="Maak een werkversie").click()
    form_field(page, "questions", 0, "text").fill(NEW)
    page.get_by_role("button", name="Opslaan en verder schrijven", exact=True).last.click()
    expect(page.locator(".messagelist")).to_contain_text("Te vroeg aan de deur")


def check_that_student_work_is_unchanged(phone, laptop, assignment: str) -> None:
    phone.reload()
    expect(phone.get_by_text(OLD)).to_be_visible()
    expect(phone.get_by_text(NEW)).to_have_count(0)
    laptop.goto(f"{assignment}feedback/")
    expect(laptop.get_by_text("Van deze casus is er editie 2; je opdracht gebruikt editie 1.")).to_be_visible()
    expect(laptop.get_by_text(OLD).first).to_be_visible()
    laptop.get_by_role("link", name="Bekijk het verschil").click()
    expect(laptop.locator("ins")).to_have_text(["vraag", "aan"])
    submission = Submission.objects.get()
    assert (submission.question_text, submission.text) == (OLD, ANSWER_TEXT)
    assert submission.answer.assignment.edition.number == 1


def compare_editions(page) -> None:
    page.get_by_role("link", name="Geschiedenis").click()
    page.get_by_role("button", name="Vergelijk deze twee").click()
    expect(page.locator("del")).to_have_text(["zeg", "tegen"])
    expect(page.locator("ins")).to_have_text(["vraag", "aan"])


def withdraw(page) -> None:
    page.goto(f"/beheer/cases/case/{Case.objects.get(title='Te vroeg aan de deur').pk}/change/")
    page.get_by_role("link", name="Herkent iemand zichzelf?").click()
    expect(page.get_by_text("1 opdracht gebruikt deze casus")).to_be_visible()
    page.get_by_label("Waarom?").fill("Hij herkende zich.")
    page.get_by_role("button", name="Trek de casus in").click()
    expect(page.locator(".messagelist")).to_contain_text("Van geen enkele editie is de tekst nog ergens te lezen")


def check_that_no_page_shows_the_story(pages, assignment: str) -> None:
    case = Case.objects.get(title="Te vroeg aan de deur")
    admin = f"/beheer/cases/case/{case.pk}/"
    addresses = ["/", "/casussen/", "/casussen/?q=inloophuis", case.get_absolute_url()]
    extra = {
        0: [f"{admin}change/", f"{admin}history/"],
        1: [f"{assignment}feedback/", f"{assignment}editie/"],
    }
    extra[2] = [assignment, "/antwoorden/"]
    for number, page in enumerate(pages):
        for address in [*addresses, *extra.get(number, [])]:
            page.goto(address)
            assert "Kwartel" not in page.content(), address
    pages[-1].goto(case.get_absolute_url())
    expect(pages[-1].get_by_role("heading", level=1)).to_have_text("Deze casus is ingetrokken")


def check_that_the_answer_remains(phone, laptop, assignment: str) -> None:
    phone.goto(assignment)
    expect(phone.get_by_text("Dit verhaal is ingetrokken")).to_be_visible()
    expect(phone.get_by_label("Jouw antwoord")).to_have_value(ANSWER_TEXT)
    laptop.goto(f"{assignment}feedback/")
    expect(laptop.get_by_role("article", name=re.compile("Chaima"))).to_contain_text(ANSWER_TEXT)
    submission = Submission.objects.get()
    assert (Answer.objects.get().text, submission.text) == (ANSWER_TEXT, ANSWER_TEXT)
    assert (submission.question_text, submission.withheld_text) == ("", OLD)
