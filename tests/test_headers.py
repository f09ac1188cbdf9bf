"""The headers of every response: nothing personal is cached, and no other site may use our responses."""

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
# The headers of every response, each with a part of its value.
ALWAYS = {
    "Content-Security-Policy": "default-src 'self'",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# Pages that are the same for every visitor. Proxies may cache them for requests without a session.
CACHED_FOR_VISITORS = ("home", "about", "cases:catalogue", "cases:case")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def request_and_roll_back(client: Client, method: str, address: str, body: dict | None = None) -> HttpResponse:
    with transaction.atomic():
        response = getattr(client, method)(address, body if method == "post" else None)
        transaction.set_rollback(True)
    return response


def missing_headers(response: HttpResponse) -> list[str]:
    return [name for name, value in ALWAYS.items() if value not in response.get(name, "")]


def faults_of(response: HttpResponse, *, is_signed_in: bool) -> list[str]:
    faults = missing_headers(response)
    if "Access-Control-Allow-Origin" in response:
        faults.append("scripts of other sites may read it")
    if is_signed_in and response.get("Cache-Control") != PERSONAL:
        faults.append(f"Cache-Control: {response.get('Cache-Control')}")
    return faults


@pytest.mark.parametrize("role", ROLES)
def test_every_response_of_every_address_has_the_headers(world, role):
    faults_by_request, statuses = {}, set()
    for name, address in [*world.addresses.items(), ("no address", "/bestaat-niet/")]:
        for method in METHODS:
            response = request_and_roll_back(world.client(role), method, address, world.bodies.get(name, {}))
            statuses.add(response.status_code)
            if faults := faults_of(response, is_signed_in=role != "visitor"):
                faults_by_request[name, method, response.status_code] = faults
    assert faults_by_request == {}
    assert statuses >= {200, 302, 404, 405} | ({400, 403} if role == "teacher" else set())
    assert len(world.addresses) == len(routes())


@pytest.mark.parametrize("role", ["visitor", "student"])
def test_error_responses_have_the_headers(world, role, monkeypatch, settings):
    is_signed_in = role != "visitor"
    client = world.client(role)
    responses = {
        "another host": client.get("/", headers={"host": "elders.example"}),
        "no token": world.client(role, enforce_csrf_checks=True).post("/mijn-gegevens/", {"form": "naam"}),
    }
    if is_signed_in:
        monkeypatch.setattr(portfolio, "portfolio_of", lambda *args, **options: 1 / 0)
        responses["a fault of ours"] = client.get("/antwoorden/")
    for number in range(400):
        responses["too often"] = client.get(f"/meedoen/ZZZ{number:03}/")
        if responses["too often"].status_code == 429:
            break
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    responses["too much"] = client.post("/account/uitloggen/", {"text": "x" * 100})
    statuses = {kind: response.status_code for kind, response in responses.items()}
    expected = {"another host": 400, "no token": 403, "a fault of ours": 500, "too often": 429, "too much": 413}
    assert statuses == {kind: expected[kind] for kind in statuses}
    assert {
        kind: faults_of(response, is_signed_in=is_signed_in) for kind, response in responses.items()
    } == dict.fromkeys(responses, [])


def test_responses_of_signing_in_and_out_have_the_headers(world):
    user = world.users["stranger"]
    user.set_password("een lang wachtwoord")
    user.save()
    client = Client()
    signed_in = client.post("/account/inloggen/", {"login": user.email, "password": "een lang wachtwoord"})
    assert client.session[SESSION_KEY] == str(user.pk)
    signed_out = client.post("/account/uitloggen/")
    assert [faults_of(response, is_signed_in=True) for response in (signed_in, signed_out)] == [[], []]


@pytest.mark.parametrize("name", CACHED_FOR_VISITORS)
def test_pages_that_are_the_same_for_every_visitor_may_be_cached(world, name):
    for _first_and_cached in range(2):
        assert "no-store" not in world.client("visitor").get(world.addresses[name]).get("Cache-Control", "")


@pytest.mark.parametrize("role", ["visitor", "student"])
def test_static_files_have_the_headers_and_may_be_cached(world, role, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "casebook.css").write_text("body {}")
    response = world.client(role).get(STATIC)
    assert response.status_code == 200
    assert faults_of(response, is_signed_in=False) == []
    assert "public" in response["Cache-Control"]
    assert "no-store" not in response["Cache-Control"]


def test_poll_without_changes_has_an_empty_response(world):
    client = world.client("teacher")
    since = client.get(world.addresses["questions:progress_changes"]).json()["since"]
    response = client.get(world.addresses["questions:progress_changes"], {"sinds": since})
    assert (response.status_code, response.content) == (204, b"")
    assert response["Cache-Control"] == PERSONAL


def test_recognising_a_signed_in_user_takes_no_query(world, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = world.client("student").get("/offline.js")
    assert response["Cache-Control"] == PERSONAL
