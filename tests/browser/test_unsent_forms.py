"""The text in a form of a teacher survives an expired session, with and without JavaScript."""

import pytest
from django.contrib.sessions.models import Session

from questions.models import Assignment
from tests.browser.conftest import session_cookie
from tests.factories import UserFactory, published_case
from tests.questions.factories import ModuleFactory

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

PASSWORD = "een-lang-wachtwoord"


@pytest.fixture
def teacher(transactional_db):
    teacher = UserFactory(name="Karin Vos", groups=["Docenten"])
    teacher.set_password(PASSWORD)
    teacher.save()
    return teacher


@pytest.fixture
def form(teacher):
    """Return the address of the form of a new assignment."""
    case = published_case(kolbs=["doener", "denker"])
    return f"/modules/{ModuleFactory(teacher=teacher).pk}/opdrachten/nieuw/?casus={case.slug}"


def sign_in_in_a_new_tab(page, teacher) -> None:
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log in (nieuw tabblad)").click()
    sign_in(opened.value, teacher)


def sign_in(tab, teacher) -> None:
    if tab.url == "about:blank":  # not opened by a link
        tab.goto("/account/inloggen/")
    tab.get_by_label("E-mailadres").fill(teacher.email)
    tab.get_by_label("Wachtwoord", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Inloggen").click()
    tab.wait_for_url("**/")
    tab.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_assignment_can_be_sent_again_after_the_session_ended(open_page, teacher, form, expected_problems, javascript):
    expected_problems += ["status of 401", "status of 403"]
    page = open_page(user=teacher, javascript=javascript)
    page.goto(form)
    page.get_by_label("Toelichting").fill("Lees eerst het verhaal.\nSchrijf dan pas.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Geef de opdracht").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Je bent intussen uitgelogd, maar je tekst is er nog")
    expect(page.get_by_label("Wat je schreef")).to_have_value("Lees eerst het verhaal.\nSchrijf dan pas.")
    assert not Assignment.objects.exists()
    sign_in_in_a_new_tab(page, teacher)
    page.get_by_role("button", name="Verstuur opnieuw").click()
    if not javascript:  # the CSRF token of the page is no longer valid
        expect(page.get_by_role("heading", level=1)).to_have_text("Dit formulier was verlopen, maar je tekst is er nog")
        page.get_by_role("button", name="Verstuur opnieuw").click()
    expect(page.get_by_text("De opdracht staat klaar.")).to_be_visible()
    assignment = Assignment.objects.get()
    assert assignment.instructions.splitlines() == ["Lees eerst het verhaal.", "Schrijf dan pas."]
    assert assignment.questions.count() == 2


def test_assignment_is_not_created_by_a_colleague_who_signed_in(
    open_page, teacher, form, live_server, expected_problems
):
    expected_problems.append("status of 409")
    page = open_page(user=teacher)
    page.goto(form)
    page.get_by_label("Toelichting").fill("Van Karin.")
    page.context.add_cookies([session_cookie(UserFactory(groups=["Docenten"]), live_server.url)])
    page.get_by_role("button", name="Geef de opdracht").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hier is nu iemand anders ingelogd")
    expect(page.get_by_label("Toelichting")).to_have_count(0)
    assert not Assignment.objects.exists()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log uit (nieuw tabblad)").click()
    opened.value.get_by_role("main").get_by_role("button", name="Uitloggen").click()
    expect(opened.value).to_have_url(f"{live_server.url}/")
    opened.value.close()
    sign_in(page.context.new_page(), teacher)
    page.get_by_role("button", name="Verstuur opnieuw").click()
    expect(page.get_by_text("De opdracht staat klaar.")).to_be_visible()
    assert Assignment.objects.get().instructions == "Van Karin."


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_page_that_returns_a_form_is_accessible(
    open_page, teacher, form, assert_accessible, expected_problems, width, scheme
):
    expected_problems.append("status of 401")
    page = open_page(width=width, scheme=scheme, user=teacher)
    page.goto(form)
    page.get_by_label("Toelichting").fill("Lees eerst het verhaal.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Geef de opdracht").click()
    page.get_by_role("button", name="Verstuur opnieuw").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert_accessible(page)
