"""The error pages for a form with a stale token, which return the user's text, and for requests that are too big."""

import pytest
from django.test import Client

from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def csrf_client():
    """Return a client that sends forms without JavaScript and has its CSRF token checked."""
    return Client(enforce_csrf_checks=True, headers={"accept": "text/html"})


@pytest.fixture
def assignment():
    assignment = AssignmentFactory()
    enrol(assignment.module, UserFactory())
    return assignment


def send(csrf_client, assignment, **headers):
    question = assignment.questions.get()
    data = {f"text-{question.pk}": "Wat ik schreef.", f"revision-{question.pk}": "0", "lever": "niets", "user": "7"}
    return csrf_client.post(f"/opdrachten/{assignment.pk}/inleveren/", data, headers=headers)


def test_a_form_without_cookies_gets_its_text_back(csrf_client, assignment):
    response = send(csrf_client, assignment)
    page = response.content.decode()
    assert (response.status_code, response["X-Reason"]) == (403, "csrf")
    assert "Wat ik schreef." in page
    assert '<input type="hidden" name="user" value="7">' in page
    assert "no-store" in response["Cache-Control"]


def test_a_form_with_a_stale_token_gets_its_text_back(csrf_client, assignment):
    csrf_client.cookies["csrftoken"] = "x" * 32
    assert "Wat ik schreef." in send(csrf_client, assignment).content.decode()


def test_a_form_of_another_site_does_not_get_its_text_back(csrf_client, assignment):
    response = send(csrf_client, assignment, origin="https://elders.example")
    assert response.status_code == 403
    assert "Wat ik schreef." not in response.content.decode()


def test_a_stale_form_without_text_gets_an_explanation(csrf_client):
    response = csrf_client.post("/account/uitloggen/")
    assert response.status_code == 403
    assert "Dat formulier was verlopen" in response.content.decode()


@pytest.mark.parametrize(
    "address", ["/beheer/cases/case/add/", "/modules/nieuw/", "/mijn-gegevens/", "/account/inloggen/"]
)
@pytest.mark.parametrize("is_signed_in", [True, False])
@pytest.mark.parametrize("sent", ["twelve megabytes", "too many fields"])
def test_a_request_that_is_too_big_gets_an_explanation_at_any_address(csrf_client, address, is_signed_in, sent):
    if is_signed_in:
        csrf_client.force_login(UserFactory(groups=["Redactie", "Docenten"]))
    data = {"body": "woord " * 2_000_000} if sent == "twelve megabytes" else {f"veld-{n}": "x" for n in range(1_100)}
    response = csrf_client.post(address, data)
    page = response.content.decode()
    assert (response.status_code, response.get("X-Reason")) == (413, "too_big")
    assert "Er is niets opgeslagen." in page
    assert "hooguit 200.000 tekens" in page
