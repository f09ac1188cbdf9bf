"""The offline page, its service worker, and the cookie with the user whose texts the page may show."""

import re

import pytest
from django.urls import reverse

from casebook import offline
from casebook.middleware import USER_COOKIE
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
WORKER, PAGE = "/offline.js", "/offline/"


def test_the_worker_lists_every_file_of_the_page(client, settings):
    response = client.get(WORKER)
    assert response["Content-Type"] == "text/javascript"
    assert "no-cache" in response["Cache-Control"]
    listed = set(re.findall(r'"(/static/[^"]+)"', response.content.decode()))
    assert listed == {f"/static/{name}" for name in offline.FILES}
    loaded = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', client.get(PAGE).content.decode()))
    assert loaded <= listed


def test_the_worker_changes_when_the_page_changes(client, monkeypatch):
    before = client.get(WORKER).content
    monkeypatch.setattr(offline, "render_to_string", lambda name: "een andere bladzijde")
    assert client.get(WORKER).content != before


def test_the_page_is_the_same_for_every_user(client):
    for_visitors = client.get(PAGE).content
    client.force_login(UserFactory(name="Bram Kuipers"))
    assert client.get(PAGE).content == for_visitors


def test_the_worker_is_unregistered_where_the_offline_page_is_off(client, settings):
    settings.OFFLINE_PAGE = False
    client.force_login(UserFactory())
    assert 'data-worker=""' in client.get(reverse("about")).content.decode()
    assert "registration.unregister()" in client.get(WORKER).content.decode()


def test_pages_of_signed_in_users_register_the_worker(client):
    assert "data-worker" not in client.get(reverse("about")).content.decode()
    client.force_login(UserFactory())
    assert f'data-worker="{WORKER}"' in client.get(reverse("about")).content.decode()


def test_the_cookie_has_the_user_and_expires_with_the_session(client):
    user = UserFactory()
    client.force_login(user)
    cookie = client.get(reverse("about")).cookies[USER_COOKIE]
    assert (cookie.value, cookie["max-age"], cookie["httponly"]) == (str(user.pk), "", "")
    assert USER_COOKIE not in client.get(reverse("about")).cookies  # it is set once
    session = client.session
    session.set_expiry(3600)
    session.save()
    client.cookies.pop(USER_COOKIE)
    assert client.get(reverse("about")).cookies[USER_COOKIE]["max-age"] in range(3500, 3601)


def test_signing_out_deletes_the_cookie(client):
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


def test_the_server_does_not_trust_the_cookie(client):
    client.cookies[USER_COOKIE] = str(UserFactory().pk)
    response = client.get(reverse("questions:answers"))
    assert response.status_code == 302
    assert response.cookies[USER_COOKIE]["max-age"] == 0
