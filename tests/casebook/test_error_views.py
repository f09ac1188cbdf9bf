"""A form whose token is gone gives back what was written; a form of another site gets nothing."""

import pytest
from django.test import Client

from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    """As a browser without our script sends a form, with the check of the token switched on."""
    return Client(enforce_csrf_checks=True, headers={"accept": "text/html"})


@pytest.fixture
def place():
    assignment = AssignmentFactory()
    enrol(assignment.module, UserFactory())
    return assignment, assignment.questions.get()


def send(browser, place, **headers):
    assignment, question = place
    data = {f"text-{question.pk}": "Wat ik schreef.", f"revision-{question.pk}": "0", "lever": "niets", "user": "7"}
    return browser.post(f"/opdrachten/{assignment.pk}/inleveren/", data, headers=headers)


def test_cookies_gone_gives_back_what_was_written(browser, place):
    response = send(browser, place)
    page = response.content.decode()
    assert (response.status_code, response["X-Reason"]) == (403, "csrf")
    assert "Wat ik schreef." in page
    assert '<input type="hidden" name="user" value="7">' in page
    assert "no-store" in response["Cache-Control"]


def test_a_stale_token_gives_it_back_too(browser, place):
    browser.cookies["csrftoken"] = "x" * 32
    assert "Wat ik schreef." in send(browser, place).content.decode()


def test_another_site_gets_no_text_into_a_page(browser, place):
    response = send(browser, place, origin="https://elders.example")
    assert response.status_code == 403
    assert "Wat ik schreef." not in response.content.decode()


def test_without_text_the_page_says_that_the_form_was_stale(browser):
    response = browser.post("/account/uitloggen/")
    assert response.status_code == 403
    assert "Dat formulier was verlopen" in response.content.decode()


@pytest.mark.parametrize(
    "address", ["/beheer/cases/case/add/", "/modules/nieuw/", "/mijn-gegevens/", "/account/inloggen/"]
)
@pytest.mark.parametrize("is_signed_in", [True, False])
@pytest.mark.parametrize("sent", ["twelve megabytes", "too many fields"])
def test_what_is_too_big_is_answered_in_words_at_any_address(browser, address, is_signed_in, sent):
    if is_signed_in:
        browser.force_login(UserFactory(groups=["Redactie", "Docenten"]))
    data = {"body": "woord " * 2_000_000} if sent == "twelve megabytes" else {f"veld-{n}": "x" for n in range(1_100)}
    response = browser.post(address, data)
    page = response.content.decode()
    assert (response.status_code, response.get("X-Reason")) == (413, "too_big")
    assert "Er is niets opgeslagen." in page
    assert "hooguit 200.000 tekens" in page
