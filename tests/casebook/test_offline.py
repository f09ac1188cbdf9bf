"""The page for when the site cannot be reached, its worker, and the cookie that says whose texts it may show."""

import re

import pytest
from django.urls import reverse

from casebook import offline
from casebook.middleware import USER_COOKIE
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
WORKER, PAGE = "/offline.js", "/offline/"


def test_the_worker_names_the_page_and_all_its_files(client, settings):
    response = client.get(WORKER)
    assert response["Content-Type"] == "text/javascript"
    assert "no-cache" in response["Cache-Control"]
    named = set(re.findall(r'"(/static/[^"]+)"', response.content.decode()))
    assert named == {f"/static/{name}" for name in offline.FILES}
    asked_for = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', client.get(PAGE).content.decode()))
    assert asked_for <= named


def test_the_worker_is_another_one_when_the_page_changes(client, monkeypatch):
    before = client.get(WORKER).content
    monkeypatch.setattr(offline, "render_to_string", lambda name: "een andere bladzijde")
    assert client.get(WORKER).content != before


def test_the_page_is_the_same_for_everybody(client):
    for_visitors = client.get(PAGE).content
    client.force_login(UserFactory(name="Bram Kuipers"))
    assert client.get(PAGE).content == for_visitors


def test_switched_off_no_page_asks_for_it_and_browsers_forget_it(client, settings):
    settings.OFFLINE_PAGE = False
    client.force_login(UserFactory())
    assert 'data-worker=""' in client.get(reverse("about")).content.decode()
    assert "registration.unregister()" in client.get(WORKER).content.decode()


def test_switched_on_pages_of_who_is_signed_in_ask_for_it(client):
    assert "data-worker" not in client.get(reverse("about")).content.decode()
    client.force_login(UserFactory())
    assert f'data-worker="{WORKER}"' in client.get(reverse("about")).content.decode()


def test_the_cookie_says_who_is_signed_in_for_as_long_as_the_session_lasts(client):
    user = UserFactory()
    client.force_login(user)
    cookie = client.get(reverse("about")).cookies[USER_COOKIE]
    assert (cookie.value, cookie["max-age"], cookie["httponly"]) == (str(user.pk), "", "")
    assert USER_COOKIE not in client.get(reverse("about")).cookies  # once is enough
    session = client.session
    session.set_expiry(3600)
    session.save()
    client.cookies.pop(USER_COOKIE)
    assert client.get(reverse("about")).cookies[USER_COOKIE]["max-age"] in range(3500, 3601)


def test_the_cookie_goes_when_the_session_does(client):
    client.force_login(UserFactory())
    client.get(reverse("about"))
    response = client.post(reverse("account_logout"))
    assert response.cookies[USER_COOKIE]["max-age"] == 0


def test_the_cookie_changes_with_the_user(client):
    client.force_login(UserFactory())
    client.get(reverse("about"))
    other = UserFactory()
    client.force_login(other)
    assert client.get(reverse("about")).cookies[USER_COOKIE].value == str(other.pk)


def test_a_visitor_gets_no_cookie(client):
    assert not client.get(reverse("about")).cookies


def test_the_server_does_not_believe_the_cookie(client):
    client.cookies[USER_COOKIE] = str(UserFactory().pk)
    response = client.get(reverse("questions:answers"))
    assert response.status_code == 302
    assert response.cookies[USER_COOKIE]["max-age"] == 0
