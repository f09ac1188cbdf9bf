"""The headers of every answer: nothing personal is kept by anybody, and nothing of ours is used elsewhere."""

from collections.abc import Iterator

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoDbBlocker

from questions.pages import portfolio
from tests.world import World, routes

pytestmark = [pytest.mark.django_db, pytest.mark.once]

ROLES = ("visitor", "stranger", "student", "teacher", "editor", "administrator")
METHODS = ("get", "post", "delete")
PERSONAL = "private, no-store"
STATIC = "/static/css/casebook.css"
# Of each answer: the header, and words that are in it.
ALWAYS = {
    "Content-Security-Policy": "default-src 'self'",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# Pages that are the same for every visitor. Without a session, caches between us and the visitor may store them.
KEPT_FOR_ALL = ("home", "about", "cases:catalogue", "cases:case")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def ask(client: Client, method: str, address: str, body: dict | None = None) -> HttpResponse:
    with transaction.atomic():
        response = getattr(client, method)(address, body if method == "post" else None)
        transaction.set_rollback(True)
    return response


def lacking(response: HttpResponse) -> list[str]:
    return [name for name, words in ALWAYS.items() if words not in response.get(name, "")]


def wrong(response: HttpResponse, *, is_signed_in: bool) -> list[str]:
    found = lacking(response)
    if "Access-Control-Allow-Origin" in response:
        found.append("anybody's scripts may read it")
    if is_signed_in and response.get("Cache-Control") != PERSONAL:
        found.append(f"Cache-Control: {response.get('Cache-Control')}")
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_with_them_whatever_it_answers(world, role):
    faults, statuses = {}, set()
    for name, address in [*world.addresses.items(), ("no address", "/bestaat-niet/")]:
        for method in METHODS:
            response = ask(world.client(role), method, address, world.bodies.get(name, {}))
            statuses.add(response.status_code)
            if found := wrong(response, is_signed_in=role != "visitor"):
                faults[name, method, response.status_code] = found
    assert faults == {}
    assert statuses >= {200, 302, 404, 405} | ({400, 403} if role == "teacher" else set())
    assert len(world.addresses) == len(routes())


@pytest.mark.parametrize("role", ["visitor", "student"])
def test_so_does_a_request_that_goes_wrong(world, role, monkeypatch, settings):
    is_signed_in = role != "visitor"
    client = world.client(role)
    answers = {
        "another host": client.get("/", headers={"host": "elders.example"}),
        "no token": world.client(role, enforce_csrf_checks=True).post("/mijn-gegevens/", {"form": "naam"}),
    }
    if is_signed_in:
        monkeypatch.setattr(portfolio, "portfolio_of", lambda *args, **options: 1 / 0)
        answers["a fault of ours"] = client.get("/antwoorden/")
    for number in range(400):
        answers["too often"] = client.get(f"/meedoen/ZZZ{number:03}/")
        if answers["too often"].status_code == 429:
            break
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answers["too much"] = client.post("/account/uitloggen/", {"text": "x" * 100})
    statuses = {what: response.status_code for what, response in answers.items()}
    expected = {"another host": 400, "no token": 403, "a fault of ours": 500, "too often": 429, "too much": 413}
    assert statuses == {what: expected[what] for what in statuses}
    assert {what: wrong(response, is_signed_in=is_signed_in) for what, response in answers.items()} == dict.fromkeys(
        answers, []
    )


def test_so_does_the_answer_that_signs_somebody_in_or_out(world):
    person = world.people["stranger"]
    person.set_password("een lang wachtwoord")
    person.save()
    client = Client()
    signed_in = client.post("/account/inloggen/", {"login": person.email, "password": "een lang wachtwoord"})
    assert client.session[SESSION_KEY] == str(person.pk)
    signed_out = client.post("/account/uitloggen/")
    assert [wrong(response, is_signed_in=True) for response in (signed_in, signed_out)] == [[], []]


@pytest.mark.parametrize("name", KEPT_FOR_ALL)
def test_what_everybody_gets_alike_stays_free_to_keep(world, name):
    for _first_and_kept in range(2):
        assert "no-store" not in world.client("visitor").get(world.addresses[name]).get("Cache-Control", "")


@pytest.mark.parametrize("role", ["visitor", "student"])
def test_static_files_have_them_and_stay_free_to_keep(world, role, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "casebook.css").write_text("body {}")
    response = world.client(role).get(STATIC)
    assert response.status_code == 200
    assert wrong(response, is_signed_in=False) == []
    assert "public" in response["Cache-Control"]
    assert "no-store" not in response["Cache-Control"]


def test_a_poll_without_news_is_as_small_as_it_was(world):
    client = world.client("teacher")
    since = client.get(world.addresses["questions:progress_changes"]).json()["since"]
    response = client.get(world.addresses["questions:progress_changes"], {"sinds": since})
    assert (response.status_code, response.content) == (204, b"")
    assert response["Cache-Control"] == PERSONAL


def test_to_know_that_somebody_is_signed_in_costs_no_query(world, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = world.client("student").get("/offline.js")
    assert response["Cache-Control"] == PERSONAL
