"""The rate limits: each attack is allowed within its limit and refused after it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from casebook.lib import ratelimit
from casebook.models import User
from tests.factories import UserFactory
from tests.questions.factories import ModuleFactory

pytestmark = pytest.mark.django_db
PASSWORD = "een lang wachtwoord"
SANNE, NOOR = "sanne@example.org", "noor@example.org"
SIGN_IN, SIGN_UP = "/account/inloggen/", "/account/aanmelden/"
ASK_CODE, ASK_RESET = "/account/inloggen/code/", "/account/wachtwoord/vergeten/"
CHANGE = "/account/wachtwoord/wijzigen/"
OWN_DATA, DELETE_ACCOUNT = "/mijn-gegevens/", "/mijn-gegevens/wissen/"
CODE = "ABC234"
SCHOOL, ELSEWHERE = "198.51.100.7", "203.0.113.9"
FEW = 12  # more than one browser may try


@pytest.fixture(autouse=True)
def users():
    for email in (SANNE, NOOR):
        user = UserFactory(email=email, name=email)
        user.set_password(PASSWORD)
        user.save()
    ModuleFactory(code=CODE)


@pytest.fixture(autouse=True)
def site_with_mail(settings):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


def behind_proxies(settings, hops: int) -> None:
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = hops


def browser_of(email: str | None = None, **environ) -> Client:
    """Return a new client at the school; with an email, that user is signed in without a password."""
    browser = Client(**{"REMOTE_ADDR": SCHOOL, **environ})
    if email:
        browser.force_login(User.objects.get(email=email))
    return browser


def sign_in(browser: Client, email: str = SANNE, password: str = PASSWORD, **environ) -> HttpResponse:
    return browser.post(SIGN_IN, {"login": email, "password": password}, **environ)


def is_refused(response: HttpResponse) -> bool:
    return response.status_code == 429 or "te vaak geprobeerd" in response.content.decode()


def wrong_code(number: int) -> str:
    return f"/meedoen/ZZZ{number:03}/"


# --- Attacks ---


@dataclass(frozen=True)
class Attack:
    """A repeated attempt, made in the same browser or in a new one; `attempt` gets its number and the client."""

    most: int
    attempt: Callable[[int, Client], HttpResponse]
    signed_in: str | None = None
    new_browser_each_time: bool = False
    new_account_each_time: bool = False

    def run(self, times: int, **environ) -> list[bool]:
        """Return for each attempt whether it was refused."""
        browser, refused = browser_of(self.signed_in, **environ), []
        for number in range(times):
            if self.new_account_each_time:
                browser = browser_of(UserFactory().email, **environ)
            elif self.new_browser_each_time:
                browser = browser_of(**environ)
            refused.append(is_refused(self.attempt(number, browser)))
        return refused


def guess_a_password(number: int, browser: Client) -> HttpResponse:
    return sign_in(browser, password=f"geraden {number}")


def guess_of_every_account(number: int, browser: Client) -> HttpResponse:
    return sign_in(browser, email=f"student{number}@example.org")


def guess_by_signing_up(number: int, browser: Client) -> HttpResponse:
    return browser.post(SIGN_UP, {"name": "S", "email": SANNE, "password1": f"geraden nr {number}"})


def guess_by_changing_the_password(number: int, browser: Client) -> HttpResponse:
    again = {"password1": "nieuw wachtwoord", "password2": "nieuw wachtwoord"}
    return browser.post(CHANGE, {"oldpassword": f"geraden {number}", **again})


def guess_by_changing_the_address(number: int, browser: Client) -> HttpResponse:
    return browser.post(OWN_DATA, {"form": "adres", "email": "nieuw@example.org", "proof": f"geraden {number}"})


def guess_by_deleting_the_account(number: int, browser: Client) -> HttpResponse:
    return browser.post(DELETE_ACCOUNT, {"proof": f"geraden {number}"})


def create_an_account(number: int, browser: Client) -> HttpResponse:
    sent = {"name": "S", "email": f"verzonnen{User.objects.count()}@example.org", "password1": PASSWORD}
    return browser.post(SIGN_UP, sent)


def mail_a_code(number: int, browser: Client) -> HttpResponse:
    return browser.post(ASK_CODE, {"email": SANNE})


def mail_a_link(number: int, browser: Client) -> HttpResponse:
    return browser.post(ASK_RESET, {"email": SANNE})


def mail_every_account(number: int, browser: Client) -> HttpResponse:
    return browser.post(ASK_RESET, {"email": f"student{number}@example.org"})


def guess_a_join_code(number: int, browser: Client) -> HttpResponse:
    return browser.get(wrong_code(number))


ATTACKS = {
    "passwords of one account": Attack(10, guess_a_password, new_browser_each_time=True),
    "one password on every account": Attack(300, guess_of_every_account, new_browser_each_time=True),
    "passwords by signing up": Attack(10, guess_by_signing_up, new_browser_each_time=True),
    "passwords by changing the password": Attack(10, guess_by_changing_the_password, signed_in=SANNE),
    "passwords by changing the address": Attack(10, guess_by_changing_the_address, signed_in=SANNE),
    "passwords by deleting the account": Attack(10, guess_by_deleting_the_account, signed_in=SANNE),
    "new accounts": Attack(300, create_an_account, new_browser_each_time=True),
    "codes by mail to one account": Attack(3, mail_a_code, new_browser_each_time=True),
    "links by mail to one account": Attack(3, mail_a_link, new_browser_each_time=True),
    "mails to every account": Attack(300, mail_every_account, new_browser_each_time=True),
    "join codes of one account": Attack(10, guess_a_join_code, signed_in=SANNE),
    "join codes of many accounts": Attack(300, guess_a_join_code, new_account_each_time=True),
}


@pytest.mark.once
@pytest.mark.long
@pytest.mark.parametrize("name", ATTACKS)
def test_attempts_are_allowed_within_the_limit_and_refused_after_it(name, monkeypatch):
    attack = ATTACKS[name]
    now = timezone.now()
    assert attack.run(attack.most + 2) == [False] * attack.most + [True] * 2
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=4))
    assert attack.run(1) == [True]
    # Further attempts do not extend the window.
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=16))
    assert attack.run(1) == [False]


# --- The network address of a client ---


@pytest.fixture
def few_codes_of_address(monkeypatch) -> None:
    """Lower the limit of an address, which is tested above, to what these tests can reach with few requests."""
    monkeypatch.setattr(ratelimit, "CODES_OF_ADDRESS", ratelimit.CODES_OF_ADDRESS._replace(most=FEW))


def guess_join_codes(**environ) -> None:
    """Try as many wrong join codes as the limit allows, as a visitor in a new browser each time."""
    for number in range(FEW):
        numbered = {name: value.format(number, f"{number:x}") for name, value in environ.items()}
        Client(**numbered).get(wrong_code(number))


def is_busy(**environ) -> bool:
    """Return whether visitors from this address have to sign in before their join code is checked."""
    response = Client(**environ).get(wrong_code(0))
    return response.status_code == 302 and response["Location"].startswith(SIGN_IN)


@pytest.mark.once
@pytest.mark.usefixtures("few_codes_of_address")
@pytest.mark.parametrize(
    ("hops", "environ"),
    [
        (0, {"REMOTE_ADDR": SCHOOL, "HTTP_X_FORWARDED_FOR": "10.0.{}.1"}),
        (0, {"REMOTE_ADDR": SCHOOL, "HTTP_FORWARDED": "for=10.0.{}.1"}),
        (0, {"REMOTE_ADDR": SCHOOL, "HTTP_X_REAL_IP": "10.0.{}.1"}),
        (0, {"REMOTE_ADDR": "2001:db8:1:2:{1}::{1}"}),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.{}.1, " + SCHOOL}),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "onzin {0}, 2001:db8:1:2:{1}::1"}),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": SCHOOL + ":{}"}),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "[2001:db8:1:2:{1}::1]:443"}),
        (2, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.{}.1, " + SCHOOL + ", 10.0.0.2"}),
        (2, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.{}.1"}),  # a proxy is missing: not trusted
    ],
)
def test_a_client_cannot_forge_its_network_address(settings, hops, environ):
    behind_proxies(settings, hops)
    guess_join_codes(**environ)
    assert is_busy(**{name: value.format(999, "3e7") for name, value in environ.items()})


@pytest.mark.once
@pytest.mark.usefixtures("few_codes_of_address")
@pytest.mark.parametrize(
    ("hops", "other_client"),
    [
        (0, {"REMOTE_ADDR": ELSEWHERE}),
        (0, {"REMOTE_ADDR": "2001:db8:1:3::1"}),
        (1, {"REMOTE_ADDR": SCHOOL, "HTTP_X_FORWARDED_FOR": f"{SCHOOL}, {ELSEWHERE}"}),
    ],
)
def test_the_limit_of_one_address_does_not_apply_to_another_address(settings, hops, other_client):
    behind_proxies(settings, hops)
    guess_join_codes(REMOTE_ADDR=SCHOOL, HTTP_X_FORWARDED_FOR=SCHOOL)
    guess_join_codes(REMOTE_ADDR="2001:db8:1:2::1", HTTP_X_FORWARDED_FOR="2001:db8:1:2::1")
    assert is_busy(REMOTE_ADDR=SCHOOL, HTTP_X_FORWARDED_FOR=SCHOOL)
    assert not is_busy(**other_client)


@pytest.mark.once
@pytest.mark.parametrize("header", ["onzin", ",", "::1::", "1.2.3.4.5", "fe80::1%eth0", "x" * 5000, "é"])
def test_a_client_with_an_invalid_forwarding_header_is_not_refused(settings, header):
    behind_proxies(settings, 1)
    browser = Client(HTTP_X_FORWARDED_FOR=header)
    assert browser.post(SIGN_UP, {"name": "S", "email": "x@example.org", "password1": PASSWORD}).status_code == 302
    assert browser.get(wrong_code(1)).status_code == 404


@pytest.mark.once
def test_a_user_can_sign_in_behind_a_socket_without_an_address():
    assert sign_in(Client(REMOTE_ADDR="")).status_code == 302


# --- Users are not locked out by attempts of others ---


def known_browser() -> Client:
    """Return a client in which Sanne signed in before."""
    browser = browser_of()
    assert sign_in(browser).status_code == 302
    browser.post("/account/uitloggen/")
    return browser


@pytest.mark.once
@pytest.mark.parametrize(
    "name",
    [
        "passwords of one account",
        "one password on every account",
        "passwords by signing up",
        "join codes of one account",
    ],
)
def test_a_known_browser_can_sign_in_during_an_attack(name):
    known = known_browser()
    ATTACKS[name].run(ATTACKS[name].most + 1)
    assert sign_in(known).status_code == 302


@pytest.mark.once
@pytest.mark.parametrize(
    "name", ["codes by mail to one account", "links by mail to one account", "mails to every account"]
)
def test_a_known_browser_can_ask_for_mail_during_an_attack(name):
    known = known_browser()
    ATTACKS[name].run(ATTACKS[name].most + 1)
    mail.outbox.clear()
    for page in (ASK_CODE, ASK_RESET):
        assert known.post(page, {"email": SANNE}).status_code == 302
    assert [message.to for message in mail.outbox] == [[SANNE], [SANNE]]


@pytest.mark.once
def test_each_known_browser_has_its_own_limit():
    known, other = known_browser(), known_browser()
    refused = [is_refused(sign_in(known, password=f"geraden {number}")) for number in range(12)]
    assert refused == [False] * 10 + [True] * 2
    assert is_refused(sign_in(known))
    assert sign_in(other).status_code == 302
    assert sign_in(browser_of()).status_code == 302  # its attempts do not count for other browsers


@pytest.mark.once
@pytest.mark.parametrize("is_known", [False, True])
def test_a_new_password_resets_the_limit(is_known):
    browser = known_browser() if is_known else browser_of()
    for number in range(11):
        sign_in(browser, password=f"geraden {number}")
    browser.post(ASK_RESET, {"email": SANNE})
    path = re.search(r"https?://[^/]+(/\S+)", mail.outbox[-1].body)[1]
    form = browser.get(path, follow=True).request["PATH_INFO"]
    browser.post(form, {"password1": "koelkast-op-drie", "password2": "koelkast-op-drie"})
    assert sign_in(browser, password="koelkast-op-drie").status_code == 302


@pytest.mark.once
def test_a_browser_is_known_for_its_own_accounts_only():
    known = known_browser()
    for number in range(10):
        sign_in(browser_of(), email=NOOR, password=f"geraden {number}")
    assert is_refused(sign_in(known, email=NOOR))


@pytest.mark.once
def test_a_new_password_makes_all_browsers_unknown_except_the_one_that_set_it():
    other, own = known_browser(), browser_of()
    sign_in(own)
    own.post(CHANGE, {"oldpassword": PASSWORD, "password1": "koelkast-op-drie", "password2": "koelkast-op-drie"})
    own.post("/account/uitloggen/")
    ATTACKS["passwords of one account"].run(10)
    assert is_refused(sign_in(other, password="geraden"))
    assert sign_in(own, password="koelkast-op-drie").status_code == 302


@pytest.mark.once
@pytest.mark.parametrize("cookie", ["", "onzin", "[1]", "WyJ4IiwxXQ:1u:x", "é", "x" * 4000])
def test_an_invalid_cookie_does_not_make_a_browser_known(cookie):
    ATTACKS["passwords of one account"].run(10)
    browser = browser_of()
    browser.cookies["bekend"] = cookie
    assert is_refused(sign_in(browser))


@pytest.mark.once
def test_a_cookie_with_a_changed_value_does_not_make_a_browser_known():
    known = known_browser()
    value, stamp, signature = known.cookies["bekend"].value.rsplit(":", 2)
    ATTACKS["passwords of one account"].run(10)
    known.cookies["bekend"] = f"{value[:-1]}{'A' if value[-1] != 'A' else 'B'}:{stamp}:{signature}"
    assert is_refused(sign_in(known))


@pytest.mark.once
@pytest.mark.parametrize("way", ["password", "sign-up", "script"])
def test_every_way_to_sign_in_makes_a_browser_known(way):
    browser = browser_of()
    if way == "sign-up":
        email = "nieuw@example.org"
        browser.post(SIGN_UP, {"name": "S", "email": email, "password1": PASSWORD})
    else:
        email = SANNE
        sign_in(browser, **({"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"} if way == "script" else {}))
    cookie = browser.cookies["bekend"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    browser.post("/account/uitloggen/")
    for number in range(10):
        sign_in(browser_of(), email=email, password=f"geraden {number}")
    assert sign_in(browser, email=email).status_code == 302


@pytest.mark.once
def test_an_invalid_sign_up_does_not_count():
    for _ in range(310):
        browser_of().post(SIGN_UP, {})
    response = browser_of().post(SIGN_UP, {"name": "S", "email": "nieuw@example.org", "password1": PASSWORD})
    assert response.status_code == 302


@pytest.mark.once
@pytest.mark.parametrize("page", [ASK_CODE, ASK_RESET])
def test_a_request_for_mail_without_an_address_does_not_count(page):
    for _ in range(310):
        browser_of().post(page, {"email": "onzin"})
    assert browser_of().post(page, {"email": SANNE}).status_code == 302


@pytest.mark.once
def test_signing_up_without_a_password_does_not_reveal_accounts():
    taken, free = (
        browser_of().post(SIGN_UP, {"name": "S", "email": email, "password1": ""}).context["form"].errors
        for email in (SANNE, "nieuw@example.org")
    )
    assert taken == free


@pytest.mark.once
@pytest.mark.usefixtures("few_codes_of_address")
def test_visitors_have_to_sign_in_at_an_address_with_many_wrong_join_codes():
    guess_join_codes(REMOTE_ADDR=SCHOOL)
    browser = browser_of()
    for path in (f"/meedoen/{CODE}/", wrong_code(1)):  # the same reply, which reveals nothing about the code
        response = browser.get(path, follow=True)
        assert response.redirect_chain == [(f"{SIGN_IN}?next={path}", 302)]
        assert "Daarna ga je verder met je code." in response.content.decode()
    assert browser.get("/meedoen/").status_code == 200
    assert sign_in(browser).status_code == 302
    assert browser.get(f"/meedoen/{CODE}/").status_code == 200


@pytest.mark.once
@pytest.mark.usefixtures("few_codes_of_address")
def test_an_account_has_three_wrong_join_codes_at_an_address_with_many():
    ATTACKS["join codes of many accounts"].run(FEW)
    assert browser_of(NOOR).get(f"/meedoen/{CODE}/").status_code == 200
    guesser = browser_of(SANNE)
    for number in range(3):
        assert guesser.get(f"/meedoen/{CODE}/").status_code == 200
        assert guesser.get(wrong_code(number)).status_code == 429
    assert guesser.get(f"/meedoen/{CODE}/").status_code == 429
    assert browser_of(SANNE, REMOTE_ADDR=ELSEWHERE).get(f"/meedoen/{CODE}/").status_code == 200


# --- Simultaneous attempts ---


def simultaneously(act: Callable[[int], HttpResponse], times: int = 160) -> list[bool]:
    """Make attempts in sixteen threads with separate connections. Return for each whether it was refused."""

    def one(number: int) -> bool:
        try:
            return is_refused(act(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name", ["passwords of one account", "passwords by signing up", "codes by mail to one account"]
)
def test_simultaneous_attempts_do_not_exceed_the_limit(name):
    attack = ATTACKS[name]
    refused = simultaneously(lambda number: attack.attempt(number, browser_of()))
    assert refused.count(False) == attack.most


@pytest.mark.django_db(transaction=True)
def test_simultaneous_join_codes_of_one_account_do_not_exceed_the_limit():
    browser = browser_of(SANNE)
    cookies = browser.cookies

    def guess(number: int) -> HttpResponse:
        copy = browser_of()
        copy.cookies = cookies
        return guess_a_join_code(number, copy)

    assert simultaneously(guess).count(False) == 10


@pytest.mark.django_db(transaction=True)
def test_simultaneous_right_passwords_do_not_count():
    simultaneously(lambda number: sign_in(browser_of()), times=48)
    assert sign_in(browser_of()).status_code == 302
    assert [is_refused(guess_a_password(number, browser_of())) for number in range(11)] == [False] * 10 + [True]


@pytest.mark.django_db(transaction=True)
def test_a_class_that_signs_in_simultaneously_does_not_count():
    password = User.objects.get(email=SANNE).password
    emails = [UserFactory(password=password).email for _ in range(32)]
    assert not any(simultaneously(lambda number: sign_in(browser_of(), email=emails[number]), times=32))
    assert simultaneously(lambda number: guess_a_password(number, browser_of()), times=32).count(False) == 10
