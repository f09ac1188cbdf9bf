"""Signing up, signing in, passwords and codes, and accounts in the admin."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.conf import settings as live_settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse

from casebook.accounts.adapter import reset_link
from casebook.models import TEACHERS, User
from questions import models as questions_models
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db

PASSWORD = "koelkast-op-driehoog"
LOGIN, SIGNUP, LOGOUT = "/account/inloggen/", "/account/aanmelden/", "/account/uitloggen/"
XHR = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}
PAGES = {
    "account_login": LOGIN,
    "account_signup": SIGNUP,
    "account_logout": LOGOUT,
    "account_inactive": "/account/uitgezet/",
    "account_reset_password": "/account/wachtwoord/vergeten/",
    "account_reset_password_done": "/account/wachtwoord/onderweg/",
    "account_reset_password_from_key_done": "/account/wachtwoord/nieuw/klaar/",
    "account_change_password": "/account/wachtwoord/wijzigen/",
    "account_set_password": "/account/wachtwoord/kiezen/",
    "account_request_login_code": "/account/inloggen/code/",
    "account_confirm_login_code": "/account/inloggen/code/typen/",
    "who": "/account/wie/",
}


@pytest.fixture
def person():
    user = UserFactory(name="Sanne de Vries", email="sanne@example.org")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def site_with_mail(settings):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


def sign_in(client, email="sanne@example.org", password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password} | more)


def sign_up(client, email="noor@example.org", name="Noor", password=PASSWORD, **more):
    return client.post(SIGNUP, {"email": email, "name": name, "password1": password} | more)


def signed_in_user(client):
    return client.get("/account/wie/").json()["user"]


def errors(response):
    return {name: list(messages) for name, messages in response.context["form"].errors.items()}


def test_addresses_are_dutch_under_the_url_names_of_allauth():
    assert {name: reverse(name) for name in PAGES} == PAGES


@pytest.mark.parametrize(
    "name", ["account_email", "account_confirm_email", "account_reauthenticate", "account_signup_by_passkey"]
)
def test_unused_pages_of_allauth_do_not_exist(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    "path", ["/account/", "/account/email/", "/account/login/", "/accounts/login/", "/account/signup/"]
)
def test_other_account_addresses_do_not_exist(client, path):
    assert client.get(path).status_code == 404


# Signing up


def test_a_new_user_is_signed_in_after_signing_up(client):
    response = sign_up(client, email="Noor.Bakker@Example.ORG", name="  Noor Bakker ")
    assert (response.status_code, response["Location"]) == (302, "/")
    user = User.objects.get()
    assert (user.email, user.name, user.proven_email) == ("noor.bakker@example.org", "Noor Bakker", "")
    assert user.check_password(PASSWORD)
    assert signed_in_user(client) == user.pk
    assert mail.outbox == []


def test_signing_up_does_not_give_rights(client):
    sign_up(client, groups=TEACHERS, is_superuser="1", may_teach="1")
    user = User.objects.get()
    assert not user.may_teach
    assert not user.may_enter_admin


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 121),
        ("email", ""),
        ("email", "noor"),
        ("email", "noor@"),
        ("password", ""),
        ("password", "kort"),
        ("password", "password"),
        ("password", "noor@example.org"),
    ],
)
def test_an_invalid_sign_up_shows_the_form_with_what_was_typed(client, field, value):
    typed = {"name": "Noor", "email": "noor@example.org", "password": PASSWORD} | {field: value}
    response = sign_up(client, **typed)
    assert response.status_code == 200
    assert list(errors(response)) == [{"password": "password1"}.get(field, field)]
    assert response.context["form"]["email"].value() == typed["email"]
    assert not User.objects.exists()


@pytest.mark.parametrize("typed", ["sanne@example.org", "SANNE@example.org", " Sanne@Example.org "])
def test_an_address_can_be_signed_up_once(client, person, typed):
    response = sign_up(client, email=typed, password="een-ander-wachtwoord")
    assert list(errors(response)) == ["email"]
    assert User.objects.count() == 1
    assert signed_in_user(client) is None


def test_signing_up_again_with_the_right_password_signs_the_user_in(client, person):
    response = sign_up(client, email="Sanne@example.org", name="Iemand", next="/over/")
    assert response["Location"] == "/over/"
    assert signed_in_user(client) == person.pk
    assert User.objects.get().name == "Sanne de Vries"


def test_wrong_passwords_at_sign_up_count_for_the_limit(client, person):
    for _ in range(10):
        sign_up(client, email=person.email, password="geraden-wachtwoord")
    assert "vijf minuten" in str(errors(sign_up(client, email=person.email)))
    assert signed_in_user(client) is None
    assert "vijf minuten" in str(errors(sign_in(client)))


def test_the_forms_redirect_users_who_are_signed_in(client, person):
    client.force_login(person)
    for path in (LOGIN, SIGNUP):
        assert client.get(f"{path}?next=/over/")["Location"] == "/over/"


# Signing in and out


@pytest.mark.parametrize("typed", ["sanne@example.org", "SANNE@Example.Org", " sanne@example.org "])
def test_a_user_can_sign_in(client, person, typed):
    response = sign_in(client, email=typed)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert signed_in_user(client) == person.pk


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("sanne@example.org", "fout-wachtwoord"),
        ("niemand@example.org", PASSWORD),
        ("sanne@example.org", PASSWORD + " "),
    ],
)
def test_a_wrong_password_and_an_unknown_address_get_the_same_error(client, person, email, password):
    response = sign_in(client, email=email, password=password)
    assert response.status_code == 200
    assert errors(response) == {
        "__all__": ["Dit e-mailadres en wachtwoord horen niet bij elkaar. Probeer het nog eens."]
    }
    assert signed_in_user(client) is None


def test_an_inactive_account_is_reported_only_with_the_right_password(client, person):
    User.objects.update(is_active=False)
    assert sign_in(client)["Location"] == "/account/uitgezet/"
    assert sign_in(client, password="fout-wachtwoord").status_code == 200
    assert signed_in_user(client) is None


def test_the_session_ends_when_the_browser_closes(client, person):
    sign_in(client)
    assert client.cookies[live_settings.SESSION_COOKIE_NAME]["expires"] == ""
    assert Session.objects.count() == 1


@pytest.mark.parametrize("act", [sign_in, sign_up])
def test_the_session_lasts_sixty_days_with_the_remember_option(client, person, act):
    act(client, remember="on")
    assert client.cookies[live_settings.SESSION_COOKIE_NAME]["max-age"] == 60 * 60 * 24 * 60


def test_the_session_of_a_sign_up_ends_when_the_browser_closes(client):
    sign_up(client)
    assert client.cookies[live_settings.SESSION_COOKIE_NAME]["expires"] == ""


def test_signing_out_requires_a_post(client, person):
    client.force_login(person)
    page = client.get(LOGOUT)
    assert page.status_code == 200
    assert signed_in_user(client) == person.pk
    assert client.post(LOGOUT)["Location"] == "/"
    assert signed_in_user(client) is None
    assert client.get(LOGOUT)["Location"] == "/"


def test_the_menu_has_one_sign_out_form_with_an_id(client, person):
    client.force_login(person)
    page = client.get("/over/").content.decode()
    assert re.search(r'<form id="uitloggen" method="post" action="/account/uitloggen/">', page)
    assert "Sanne de Vries" in page
    assert client.get(LOGOUT).content.decode().count('id="uitloggen"') == 1


def test_the_menu_of_a_visitor_links_to_sign_in_with_next(client):
    page = client.get("/casussen/?q=rijk%26arm").content.decode()
    assert f'href="{LOGIN}?next={quote("/casussen/?q=rijk%26arm")}"' in page


# The next parameter


@pytest.mark.parametrize("act", [sign_in, sign_up])
@pytest.mark.parametrize("to", ["/over/", "/casussen/?q=koelkast&pagina=2", "/meedoen/ABC234/"])
def test_a_user_is_redirected_to_next(client, person, act, to):
    assert act(client, next=to)["Location"] == to


@pytest.mark.parametrize("act", [sign_in, sign_up])
@pytest.mark.parametrize(
    "to",
    [
        "https://elders.example/",
        "//elders.example/",
        "/\\elders.example",
        "javascript:alert(1)",
        "http://localhost/",
        "http://127.0.0.1:9999/",
        "http:///elders.example",
    ],
)
def test_a_user_is_not_redirected_to_another_site(client, person, act, to):
    assert act(client, next=to)["Location"] == "/"


def test_next_is_in_the_links_between_the_forms(client, site_with_mail):
    to = "/meedoen/ABC234/?klas=SW1C"
    quoted = quote(to, safe="")
    for path, links in (
        (LOGIN, [SIGNUP, "/account/inloggen/code/"]),
        (SIGNUP, [LOGIN]),
        ("/account/inloggen/code/", [LOGIN, SIGNUP]),
    ):
        page = client.get(path, {"next": to}).content.decode()
        assert f'<input type="hidden" name="next" value="{to}">' in page
        for link in links:
            assert re.search(rf'href="{link}\?next=([^"]+)"', page)[1] in {quoted, quote(to)}


def test_next_is_in_the_form_after_a_mistake(client, person):
    page = sign_in(client, password="fout-wachtwoord", next="/over/").content.decode()
    assert '<input type="hidden" name="next" value="/over/">' in page


# Requests from a script


def test_a_script_can_sign_in(client, person):
    response = client.post(LOGIN, {"login": person.email, "password": PASSWORD, "next": "/over/"}, **XHR)
    assert response.status_code == 200
    assert response.json()["location"] == "/over/"
    assert signed_in_user(client) == person.pk


def test_a_script_gets_the_errors_without_the_password(client, person):
    response = client.post(LOGIN, {"login": person.email, "password": "fout-wachtwoord"}, **XHR)
    assert response.status_code == 400
    assert response.json()["form"]["errors"] == [
        "Dit e-mailadres en wachtwoord horen niet bij elkaar. Probeer het nog eens."
    ]
    assert b"fout-wachtwoord" not in response.content


def test_signing_in_changes_the_csrf_token(person):
    client = Client(enforce_csrf_checks=True)
    client.get("/account/wie/")
    first = client.cookies["csrftoken"].value
    data = {"login": person.email, "password": PASSWORD}
    assert client.post(LOGIN, data, headers={"X-CSRFToken": first}, **XHR).status_code == 200
    assert client.cookies["csrftoken"].value != first
    refused = client.post(LOGOUT, headers={"X-CSRFToken": first})
    assert (refused.status_code, refused["X-Reason"]) == (403, "csrf")
    second = client.cookies["csrftoken"].value
    assert client.post(LOGOUT, headers={"X-CSRFToken": second}).status_code == 302


def test_the_signed_in_user_is_not_cached_and_comes_with_a_csrf_cookie(client, person):
    response = client.get("/account/wie/")
    assert response.json() == {"user": None, "name": ""}
    assert "no-store" in response["Cache-Control"]
    assert response.cookies["csrftoken"].value
    client.force_login(person)
    assert client.get("/account/wie/").json() == {"user": person.pk, "name": "Sanne de Vries"}
    assert client.post("/account/wie/").status_code == 405


def test_a_stale_form_gets_a_dutch_error_page():
    client = Client(enforce_csrf_checks=True)
    response = client.post(LOGIN, {"login": "a@example.org", "password": "b"})
    assert (response.status_code, response["X-Reason"]) == (403, "csrf")
    assert "Dat formulier was verlopen" in response.content.decode()


@pytest.mark.parametrize("header", ["X-Requested-With", "HX-Request"])
def test_a_script_with_a_stale_token_gets_json(header):
    value = "XMLHttpRequest" if header == "X-Requested-With" else "true"
    response = Client(enforce_csrf_checks=True).post(LOGIN, headers={header: value})
    assert (response.status_code, response["X-Reason"], response.json()) == (403, "csrf", {"reason": "csrf"})


# Classes that sign in together, and guessing passwords


def test_a_class_at_one_network_address_can_sign_up_and_sign_in(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for number in range(60):
        assert sign_up(Client(), email=f"student{number}@example.org").status_code == 302
    for number in range(60):
        assert sign_in(Client(), email=f"student{number}@example.org").status_code == 302
    assert User.objects.count() == 60


def test_wrong_passwords_of_one_account_are_limited(client, person):
    for _ in range(10):
        assert "horen niet bij elkaar" in str(errors(sign_in(client, password="geraden-wachtwoord")))
    assert "vijf minuten" in str(errors(sign_in(client)))
    assert signed_in_user(client) is None


@pytest.mark.parametrize(
    "other_client",
    [{"REMOTE_ADDR": "203.0.113.9"}, {"HTTP_HOST": "localhost:1234"}, {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}],
)
def test_wrong_passwords_from_another_address_count_for_the_same_limit(client, person, settings, other_client):
    for _ in range(10):
        sign_in(client, password="geraden-wachtwoord")
    response = client.post(LOGIN, {"login": "Sanne@Example.org", "password": PASSWORD}, **other_client)
    assert "vijf minuten" in str(errors(response))


def test_other_users_can_sign_in_while_one_account_is_limited(client, person):
    UserFactory(email="noor@example.org", password=person.password)
    for _ in range(11):
        sign_in(client, password="geraden-wachtwoord")
    assert sign_in(client, email="noor@example.org").status_code == 302


def test_a_right_password_is_not_counted(person):
    for _ in range(15):
        assert sign_in(Client()).status_code == 302


def test_a_new_password_resets_the_limit(client, person):
    for _ in range(11):
        sign_in(client, password="geraden-wachtwoord")
    choose_password(client, reset_link(person), "heel-iets-anders")
    assert sign_in(client, password="heel-iets-anders").status_code == 302


def test_the_cache_is_in_a_table_that_a_migration_created():
    assert "cache" in connection.introspection.table_names()
    cache.set("proef", "ja")
    assert cache.get("proef") == "ja"
    assert live_settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"


def test_too_many_requests_get_an_error_page(client, site_with_mail):
    for _ in range(3):
        assert client.post(PAGES["account_reset_password"], {"email": "sanne@example.org"}).status_code == 302
    response = client.post(PAGES["account_reset_password"], {"email": "sanne@example.org"})
    assert (response.status_code, response["Retry-After"]) == (429, "300")
    assert "Even wachten" in response.content.decode()
    response = client.post(PAGES["account_reset_password"], {"email": "sanne@example.org"}, **XHR)
    assert (response.status_code, response["Content-Type"]) == (429, "application/json")


# A forgotten password


def choose_password(client, link, password):
    """Open a link and choose this password in the form."""
    form = client.get(link.removeprefix(live_settings.SITE_URL), follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


def test_the_reset_page_refers_to_a_teacher_where_the_site_has_no_mail(client):
    for response in (client.get(PAGES["account_reset_password"]), client.post(PAGES["account_reset_password"])):
        assert response.status_code == 200
        assert "Vraag je docent of de beheerder" in response.content.decode()
    assert mail.outbox == []


@pytest.mark.parametrize(
    "name", ["account_request_login_code", "account_confirm_login_code", "account_reset_password_done"]
)
def test_pages_about_mail_do_not_exist_where_the_site_has_no_mail(client, name):
    assert client.get(PAGES[name]).status_code == 404
    assert PAGES[name] not in client.get(LOGIN).content.decode()


def test_a_mailed_link_changes_the_password_without_signing_in(client, person, site_with_mail):
    other_client = Client()
    other_client.force_login(person)
    response = client.post(PAGES["account_reset_password"], {"email": "Sanne@example.org"}, follow=True)
    assert "Kijk in je mail" in response.content.decode()
    (message,) = mail.outbox
    assert message.to == ["sanne@example.org"]
    assert message.subject == "Kies een nieuw wachtwoord voor Casusboek"
    link = re.search(r"http://\S+", message.body)[0]
    assert link.startswith(f"{live_settings.SITE_URL}/account/wachtwoord/nieuw/")
    client.get(link)
    assert signed_in_user(client) is None
    assert (
        choose_password(client, link, "heel-iets-anders")["Location"] == PAGES["account_reset_password_from_key_done"]
    )
    assert signed_in_user(client) is None
    assert signed_in_user(other_client) is None
    assert sign_in(client, password="heel-iets-anders").status_code == 302


def test_an_unknown_address_gets_the_same_reply_and_a_mail(client, site_with_mail):
    response = client.post(PAGES["account_reset_password"], {"email": "niemand@example.org"})
    assert response["Location"] == PAGES["account_reset_password_done"]
    (message,) = mail.outbox
    assert message.subject == "Geen account bij Casusboek met dit adres"
    assert f"{live_settings.SITE_URL}{SIGNUP}" in message.body


def test_a_link_works_once(client, person):
    link = reset_link(person)
    choose_password(client, link, "heel-iets-anders")
    page = Client().get(link.removeprefix(live_settings.SITE_URL), follow=True)
    assert "Deze link werkt niet meer" in page.content.decode()


def test_a_link_works_for_three_days(client, person, settings):
    path = reset_link(person).removeprefix(live_settings.SITE_URL)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "Deze link werkt niet meer" in client.get(path, follow=True).content.decode()
    assert live_settings.PASSWORD_RESET_TIMEOUT == -1
    assert timedelta(days=3).total_seconds() == 259200


@pytest.mark.parametrize("path", ["1-onzin", "zzzzzzzzzzzzzz-onzin", "0-", "1-set-password"])
def test_an_invalid_link_shows_no_form(client, person, path):
    response = client.get(f"/account/wachtwoord/nieuw/{path}/")
    assert response.status_code in {200, 404}
    assert signed_in_user(client) is None
    assert b"password1" not in response.content


def test_a_link_is_refused_while_another_user_is_signed_in(client, person):
    other = UserFactory(name="Bram")
    client.force_login(other)
    response = client.get(reset_link(person).removeprefix(live_settings.SITE_URL))
    assert response.status_code == 403
    assert "is Bram ingelogd" in response.content.decode()
    assert signed_in_user(client) == other.pk


def test_mails_that_cannot_be_sent_get_an_error_page(client, person, site_with_mail, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # no server listens on this port
    for path in (PAGES["account_reset_password"], PAGES["account_request_login_code"]):
        response = client.post(path, {"email": person.email})
        assert response.status_code == 503
        assert "De mail kon niet weg" in response.content.decode()


# A code by mail


def ask_code(client, email="sanne@example.org", **more):
    response = client.post(PAGES["account_request_login_code"], {"email": email} | more)
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", mail.outbox[-1].body, re.M)
    return response, code and code[0]


def test_a_code_signs_the_user_in_and_redirects_to_next(client, person, site_with_mail):
    person.proven_email = person.email
    person.save()
    response, code = ask_code(client, next="/over/")
    assert mail.outbox[0].subject == f"{code} is je code voor Casusboek"
    assert response["Location"] == f"{PAGES['account_confirm_login_code']}?next={quote('/over/', safe='')}"
    response = client.post(
        PAGES["account_confirm_login_code"], {"code": code.lower(), "next": "/over/", "remember": "on"}
    )
    assert response["Location"] == "/over/"
    assert signed_in_user(client) == person.pk
    assert client.cookies[live_settings.SESSION_COOKIE_NAME]["max-age"] == 60 * 60 * 24 * 60
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_the_first_code_removes_a_password_and_its_sessions(client, person, site_with_mail):
    squatter = Client()
    sign_in(squatter)
    _, code = ask_code(client)
    response = client.post(PAGES["account_confirm_login_code"], {"code": code, "next": "/over/"})
    assert response["Location"] == f"{PAGES['account_set_password']}?next=%2Fover%2F"
    assert signed_in_user(client) == person.pk
    assert signed_in_user(squatter) is None
    assert sign_in(squatter).status_code == 200
    page = client.get(response["Location"]).content.decode()
    assert f'href="{LOGIN}?next=/over/"' in page
    new = {"password1": "heel-iets-anders", "password2": "heel-iets-anders", "next": "/over/"}
    assert client.post(PAGES["account_set_password"], new)["Location"] == "/over/"
    assert signed_in_user(client) == person.pk
    person.refresh_from_db()
    assert person.proven_email == person.email


def test_an_address_that_changed_has_to_be_proven_again(client, person, site_with_mail):
    User.objects.filter(pk=person.pk).update(proven_email="vroeger@example.org")
    _, code = ask_code(client)
    client.post(PAGES["account_confirm_login_code"], {"code": code})
    person.refresh_from_db()
    assert person.proven_email == "sanne@example.org"
    assert not person.has_usable_password()


def test_a_code_is_invalid_after_three_wrong_codes(client, person, site_with_mail):
    _, code = ask_code(client)
    for _ in range(3):
        response = client.post(PAGES["account_confirm_login_code"], {"code": "AAAA-AAAA"})
    assert response["Location"] == PAGES["account_request_login_code"]
    client.post(PAGES["account_confirm_login_code"], {"code": code})
    assert signed_in_user(client) is None


def test_a_request_for_a_code_with_an_unknown_address_gets_the_same_reply(client, site_with_mail):
    response, code = ask_code(client, email="niemand@example.org")
    assert (response["Location"], code) == (PAGES["account_confirm_login_code"], None)
    assert "niemand@example.org" in client.get(response["Location"]).content.decode()
    assert "Deze code klopt niet" in client.post(response["Location"], {"code": "BCDF-GHJK"}).content.decode()
    assert signed_in_user(client) is None


def test_a_class_can_ask_for_codes_together(site_with_mail):
    for number in range(30):
        UserFactory(email=f"student{number}@example.org")
        response, code = ask_code(Client(), email=f"student{number}@example.org")
        assert code


# Changing a password


def test_changing_a_password_signs_other_devices_out(client, person):
    other_client = Client()
    for browser in (client, other_client):
        browser.force_login(person)
    new = {"oldpassword": PASSWORD, "password1": "heel-iets-anders", "password2": "heel-iets-anders"}
    page = client.post(PAGES["account_change_password"], new, follow=True)
    assert "Je wachtwoord is gewijzigd." in page.content.decode()
    assert signed_in_user(client) == person.pk
    assert signed_in_user(other_client) is None


@pytest.mark.parametrize(
    ("old", "new", "again", "field"),
    [
        ("fout-wachtwoord", "heel-iets-anders", "heel-iets-anders", "oldpassword"),
        (PASSWORD, "heel-iets-anders", "heel-wat-anders", "password2"),
        (PASSWORD, "kort", "kort", "password1"),
        (PASSWORD, "", "", "password1"),
    ],
)
def test_an_invalid_change_of_password_is_not_saved(client, person, old, new, again, field):
    client.force_login(person)
    data = {"oldpassword": old, "password1": new, "password2": again}
    assert field in errors(client.post(PAGES["account_change_password"], data))
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


@pytest.mark.parametrize("name", ["account_change_password", "account_set_password"])
def test_visitors_cannot_change_a_password(client, name):
    assert client.get(PAGES[name])["Location"] == f"{LOGIN}?next={PAGES[name]}"


def test_users_without_a_password_choose_one_and_other_users_change_it(client, person):
    client.force_login(person)
    assert client.get(PAGES["account_set_password"])["Location"] == PAGES["account_change_password"]
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    assert client.get(PAGES["account_change_password"])["Location"] == PAGES["account_set_password"]


# Every page


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
@pytest.mark.parametrize("path", PAGES.values())
def test_other_methods_are_not_allowed(client, path, method):
    assert getattr(client, method)(path).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_account_pages_are_not_cached(client, site_with_mail, name):
    assert "no-store" in client.get(PAGES[name])["Cache-Control"]


@pytest.mark.parametrize("name", [name for name in PAGES if name not in {"who", "account_logout"}])
def test_no_page_has_inline_script_or_style(client, person, site_with_mail, name):
    if name in {"account_change_password", "account_set_password"}:
        if name == "account_set_password":
            person.set_unusable_password()
            person.save()
        client.force_login(person)
    if name == "account_confirm_login_code":
        ask_code(client)
    response = client.get(PAGES[name])
    page = response.content.decode()
    assert response.status_code == 200
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page)
    assert "placeholder" not in page
    assert page.count("<h1") - page.count('<section id="iemand-anders"') == 1


def test_the_menu_of_a_visitor_sets_no_cookie_and_runs_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(PAGES["account_inactive"])
    assert not response.cookies


# The admin


@pytest.fixture
def administrator():
    return User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD)


def test_the_admin_redirects_visitors_to_the_sign_in_page(client):
    assert client.get("/beheer/", follow=True).redirect_chain[-1][0] == f"{LOGIN}?next=%2Fbeheer%2F"
    assert client.get("/beheer/login/?next=/beheer/cases/")["Location"] == f"{LOGIN}?next=%2Fbeheer%2Fcases%2F"


def test_a_user_without_access_to_the_admin_gets_a_403(client, person):
    client.force_login(person)
    assert client.get("/beheer/", follow=True).status_code == 403


def test_an_administrator_is_redirected_to_the_admin_after_signing_in(client, administrator):
    response = client.post(LOGIN, {"login": administrator.email, "password": PASSWORD, "next": "/beheer/"}, follow=True)
    assert (response.status_code, response.request["PATH_INFO"]) == (200, "/beheer/")


def test_an_administrator_can_create_a_reset_link(client, administrator, person):
    client.force_login(administrator)
    path = reverse("admin:casebook_user_reset_link", args=[person.pk])
    assert path in client.get(reverse("admin:casebook_user_change", args=[person.pk])).content.decode()
    response = client.post(path)
    link = response.context["link"]
    assert link in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert LogEntry.objects.get().object_id == str(person.pk)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    student = Client()
    choose_password(student, link, "heel-iets-anders")
    assert sign_in(student, password="heel-iets-anders").status_code == 302


def test_a_get_does_not_create_a_reset_link(client, administrator, person):
    client.force_login(administrator)
    assert client.get(reverse("admin:casebook_user_reset_link", args=[person.pk])).status_code == 405


def test_only_administrators_can_create_reset_links(client, person):
    editor = UserFactory(groups=["Eindredactie"])
    path = reverse("admin:casebook_user_reset_link", args=[person.pk])
    for user, status in ((editor, 403), (person, 302)):
        client.force_login(user)
        response = client.post(path)
        assert response.status_code == status
        assert b"wachtwoord/nieuw" not in response.content
    assert Client().post(path)["Location"].startswith("/beheer/login/")


def test_a_reset_link_for_an_unknown_user_is_a_404(client, administrator):
    client.force_login(administrator)
    assert client.post(reverse("admin:casebook_user_reset_link", args=[0])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("model", "queries"), [("module", 5), ("enrolment", 5), ("assignment", 5)])
def test_the_number_of_queries_of_a_list_in_the_admin_is_constant(
    client, administrator, django_assert_num_queries, model, queries, count
):
    for _ in range(count):
        assignment = AssignmentFactory()
        enrol(assignment.module)
    client.force_login(administrator)
    with django_assert_num_queries(queries):
        response = client.get(reverse(f"admin:questions_{model}_changelist"))
    assert len(response.context["cl"].result_list) >= count


SECRET = {"Answer", "AnswerVersion", "Submission", "Feedback", "SharedReading", "Comment"}


def test_models_with_texts_of_students_and_feedback_are_not_in_the_admin():
    secret = {getattr(questions_models, name) for name in SECRET if hasattr(questions_models, name)}
    assert len(secret) >= 5
    shown = set(admin.site._registry)
    model_admins = list(admin.site._registry.values())
    while model_admins:
        for inline in getattr(model_admins.pop(), "inlines", ()):
            shown.add(inline.model)
            model_admins.append(inline)
    assert not shown & secret
    assert {model for model in shown if model._meta.app_label == "account"} == set()


@pytest.mark.parametrize("model", ["module", "enrolment", "assignment", "teacherinvitation"])
@pytest.mark.parametrize(("role", "status"), [("administrator", 200), ("editor", 403), ("student", 302)])
def test_only_administrators_can_open_modules_in_the_admin(client, administrator, person, model, role, status):
    users = {"administrator": administrator, "editor": UserFactory(groups=["Redactie"]), "student": person}
    client.force_login(users[role])
    assert client.get(reverse(f"admin:questions_{model}_changelist")).status_code == status
