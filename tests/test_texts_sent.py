"""Whatever goes wrong with a POST that carries text: a script hears that it is not stored, a browser gets it back."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse, QueryDict
from pytest_django import DjangoDbBlocker

from casebook import error_views
from tests.test_rights import ROLES, SITE, rolled_back
from tests.world import World

pytestmark = pytest.mark.django_db
WORDS = "boomleeuwerik en wat ik daarover schreef"
SCRIPT = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}

# Every address of the site that reads a text from what is posted. A new one is added here, and then has to do all this.
TAKE_TEXT = {
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
    world: World, role: str, name: str, headers: dict, *, strict: bool = False, token: str = "", **more
) -> HttpResponse:
    values = world.bodies.get(name, {}) | {"text": WORDS, "text-999999": WORDS, "revision": 0, **more}
    with rolled_back():
        client = world.client(role, enforce_csrf_checks=strict)
        if token:
            client.cookies["csrftoken"] = token
        return client.post(world.addresses[name], values, headers=headers)


def assert_told(response: HttpResponse, status: int, reason: str) -> None:
    """As our script knows its own server: it is not stored, and nothing else is said."""
    assert (response.status_code, response.get("X-Revision"), response.get("X-Reason")) == (status, "0", reason)
    assert response.json()["result"] == reason
    assert "X-Text-Hash" not in response.headers


def assert_given_back(response: HttpResponse, status: int, *, again: bool) -> None:
    """The text is in the page: in a form to send again, or to copy where sending it again would be refused again."""
    page = response.content.decode()
    assert (response.status_code, WORDS in page) == (status, True)
    assert ("Verstuur opnieuw" in page, "readonly" in page) == (again, not again)


def test_the_addresses_that_read_a_text_are_these(world, monkeypatch):
    """Found by trying every address, and watching what of the form is looked at."""
    read: set[str] = set()
    look = QueryDict.__getitem__

    def watched(data: QueryDict, key: str) -> str:
        if key.startswith("text"):
            read.add(name)
        return look(data, key)

    monkeypatch.setattr(QueryDict, "__getitem__", watched)
    monkeypatch.setattr(error_views, "texts_sent", lambda request: {})  # which looks at every form that is refused
    for name in SITE:
        for role in ("student", "teacher"):
            send(world, role, name, SCRIPT)
    assert read == TAKE_TEXT


@pytest.mark.parametrize("name", sorted(TAKE_TEXT))
def test_who_may_not_write_here_is_told_and_gets_it_back(world, name):
    refused = set()
    for role in ROLES:
        status = send(world, role, name, SCRIPT).status_code
        if status not in REASONS:
            continue
        refused.add(role)
        assert_told(send(world, role, name, SCRIPT), status, REASONS[status])
        assert_given_back(send(world, role, name, BROWSER), status, again=status == 401)
    assert {"visitor", "stranger"} <= refused


@pytest.mark.parametrize("name", sorted(TAKE_TEXT))
def test_nonsense_is_told_and_given_back(world, name):
    role = "teacher" if name in {"questions:save_feedback", "questions:comments"} else "student"
    assert_told(send(world, role, name, SCRIPT, user="niemand"), 400, "unreadable")
    assert_given_back(send(world, role, name, BROWSER, user="niemand"), 400, again=False)


@pytest.mark.parametrize("name", sorted(TAKE_TEXT))
def test_another_person_by_now_is_told_and_gets_it_to_send_later(world, name):
    assert_told(send(world, "student", name, SCRIPT, user=999_999), 409, "other_user")
    assert_given_back(send(world, "student", name, BROWSER, user=999_999), 409, again=True)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", sorted(TAKE_TEXT))
def test_more_than_can_be_taken_in_at_once_is_told(world, name, strict, settings):
    """Nothing of it was read, so there is nothing to give back: the browser still has it. Where a token is looked for,
    that is what reads the form first; else the view is."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    sent = {"strict": strict, "token": "x" * 32, "more": "x" * 2000}
    assert_told(send(world, "student", name, SCRIPT, **sent), 413, "too_long")
    page = send(world, "student", name, BROWSER, **sent)
    assert (page.status_code, "met de knop Terug van je browser" in page.content.decode()) == (413, True)


@pytest.mark.parametrize("name", sorted(TAKE_TEXT))
def test_without_a_token_nothing_is_stored_and_it_can_be_sent_again(world, name):
    response = send(world, "student", name, SCRIPT, strict=True)
    assert (response.status_code, response.get("X-Reason"), response.get("X-Revision")) == (403, "csrf", "0")
    assert_given_back(send(world, "student", name, BROWSER, strict=True), 403, again=True)


def test_a_form_without_text_is_refused_as_ever(world):
    with rolled_back():
        response = world.client("stranger").post(world.addresses["questions:take_back"], {}, headers=BROWSER)
    assert response.status_code == 404
    assert "Deze pagina bestaat niet" in response.content.decode()


def test_an_address_that_was_never_ours_gives_a_text_back_too(world):
    response = world.client("student").post("/bestaat/niet/", {"text": WORDS}, headers=BROWSER)
    assert_given_back(response, 404, again=False)
