"""A text in a POST that fails is never lost: a script learns that it is not stored, and a browser gets it back."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse, QueryDict
from pytest_django import DjangoDbBlocker

from casebook import error_views
from tests.test_rights import ROLES, SITE, rolled_back
from tests.world import World

pytestmark = pytest.mark.django_db
TEXT = "boomleeuwerik en wat ik daarover schreef"
SCRIPT = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}

# Every address of the site that reads a text from a POST. A new one is added here, and has to pass all these tests.
ADDRESSES_WITH_TEXT = {
    "questions:save_answer",
    "questions:save_answers",
    "questions:hand_in",
    "questions:save_feedback",
    "questions:comments",
}
REASONS = {401: "signed_out", 403: "not_allowed", 404: "not_here"}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def send(
    world: World, role: str, name: str, headers: dict, *, checks_csrf: bool = False, token: str = "", **fields
) -> HttpResponse:
    values = world.bodies.get(name, {}) | {"text": TEXT, "text-999999": TEXT, "revision": 0, **fields}
    with rolled_back():
        client = world.client(role, enforce_csrf_checks=checks_csrf)
        if token:
            client.cookies["csrftoken"] = token
        return client.post(world.addresses[name], values, headers=headers)


def assert_not_stored(response: HttpResponse, status: int, reason: str) -> None:
    """Assert that the response is one that a script recognises as ours, and that it reports the text as not stored."""
    assert (response.status_code, response.get("X-Revision"), response.get("X-Reason")) == (status, "0", reason)
    assert response.json()["result"] == reason
    assert "X-Text-Hash" not in response.headers


def assert_text_returned(response: HttpResponse, status: int, *, can_resend: bool) -> None:
    """Assert that the page has the text: in a form to send again, or read-only if it would be refused again."""
    page = response.content.decode()
    assert (response.status_code, TEXT in page) == (status, True)
    assert ("Verstuur opnieuw" in page, "readonly" in page) == (can_resend, not can_resend)


def test_every_address_that_reads_a_text_is_in_the_table(world, monkeypatch):
    """The addresses are found by posting to each one and recording which fields of the form are read."""
    reading: set[str] = set()
    get_item = QueryDict.__getitem__

    def recording_get_item(data: QueryDict, key: str) -> str:
        if key.startswith("text"):
            reading.add(name)
        return get_item(data, key)

    monkeypatch.setattr(QueryDict, "__getitem__", recording_get_item)
    monkeypatch.setattr(error_views, "texts_sent", lambda request: {})  # it reads every form that is refused
    for name in SITE:
        for role in ("student", "teacher"):
            send(world, role, name, SCRIPT)
    assert reading == ADDRESSES_WITH_TEXT


@pytest.mark.parametrize("name", sorted(ADDRESSES_WITH_TEXT))
def test_user_without_permission_gets_an_error_with_the_text(world, name):
    refused_roles = set()
    for role in ROLES:
        status = send(world, role, name, SCRIPT).status_code
        if status not in REASONS:
            continue
        refused_roles.add(role)
        assert_not_stored(send(world, role, name, SCRIPT), status, REASONS[status])
        assert_text_returned(send(world, role, name, BROWSER), status, can_resend=status == 401)
    assert {"visitor", "stranger"} <= refused_roles


@pytest.mark.parametrize("name", sorted(ADDRESSES_WITH_TEXT))
def test_unreadable_form_is_refused_with_the_text(world, name):
    role = "teacher" if name in {"questions:save_feedback", "questions:comments"} else "student"
    assert_not_stored(send(world, role, name, SCRIPT, user="niemand"), 400, "unreadable")
    assert_text_returned(send(world, role, name, BROWSER, user="niemand"), 400, can_resend=False)


@pytest.mark.parametrize("name", sorted(ADDRESSES_WITH_TEXT))
def test_text_of_another_user_is_refused_with_a_form_to_send_it_later(world, name):
    assert_not_stored(send(world, "student", name, SCRIPT, user=999_999), 409, "other_user")
    assert_text_returned(send(world, "student", name, BROWSER, user=999_999), 409, can_resend=True)


@pytest.mark.parametrize("checks_csrf", [False, True])
@pytest.mark.parametrize("name", sorted(ADDRESSES_WITH_TEXT))
def test_form_that_is_too_large_is_refused(world, name, checks_csrf, settings):
    """The form was not read, so its text cannot be returned, but the browser still has it.

    With the check of the CSRF token it is the check that reads the form first, and otherwise the view.
    """
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    sent = {"checks_csrf": checks_csrf, "token": "x" * 32, "more": "x" * 2000}
    assert_not_stored(send(world, "student", name, SCRIPT, **sent), 413, "too_long")
    page = send(world, "student", name, BROWSER, **sent)
    assert (page.status_code, "met de knop Terug van je browser" in page.content.decode()) == (413, True)


@pytest.mark.parametrize("name", sorted(ADDRESSES_WITH_TEXT))
def test_post_without_a_csrf_token_is_refused_with_a_form_to_send_it_again(world, name):
    response = send(world, "student", name, SCRIPT, checks_csrf=True)
    assert (response.status_code, response.get("X-Reason"), response.get("X-Revision")) == (403, "csrf", "0")
    assert_text_returned(send(world, "student", name, BROWSER, checks_csrf=True), 403, can_resend=True)


def test_form_without_text_is_refused_with_the_usual_page(world):
    with rolled_back():
        response = world.client("stranger").post(world.addresses["questions:take_back"], {}, headers=BROWSER)
    assert response.status_code == 404
    assert "Deze pagina bestaat niet" in response.content.decode()


def test_text_sent_to_an_unknown_address_is_returned_too(world):
    response = world.client("student").post("/bestaat/niet/", {"text": TEXT}, headers=BROWSER)
    assert_text_returned(response, 404, can_resend=False)
