"""What may be tried how often, by whom: each attack is let through within its limit and refused after it."""

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

from casebook.models import User
from tests.factories import UserFactory
from tests.questions.factories import ModuleFactory

pytestmark = pytest.mark.django_db
PASSWORD = "een lang wachtwoord"
SANNE, NOOR = "sanne@example.org", "noor@example.org"
SIGN_IN, SIGN_UP = "/account/inloggen/", "/account/aanmelden/"
ASK_CODE, ASK_RESET = "/account/inloggen/code/", "/account/wachtwoord/vergeten/"
CHANGE = "/account/wachtwoord/wijzigen/"
OWN_DATA, LEAVE = "/mijn-gegevens/", "/mijn-gegevens/wissen/"
CODE = "ABC234"
SCHOOL, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture(autouse=True)
def people():
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
    """A new browser, at the school; with somebody signed in, who never did so by password."""
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


# --- Each attack ---


@dataclass(frozen=True)
class Attack:
    """Something that is tried again and again: the number of the try, and a browser that goes on or a new one."""

    most: int
    attempt: Callable[[int, Client], HttpResponse]
    signed_in: str | None = None
    new_browser_each_time: bool = False
    new_account_each_time: bool = False

    def carry_out(self, times: int, **environ) -> list[bool]:
        """For each try whether it was refused."""
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


def guess_everyone(number: int, browser: Client) -> HttpResponse:
    return sign_in(browser, email=f"student{number}@example.org")


def guess_by_signing_up(number: int, browser: Client) -> HttpResponse:
    return browser.post(SIGN_UP, {"name": "S", "email": SANNE, "password1": f"geraden nr {number}"})


def guess_by_changing_it(number: int, browser: Client) -> HttpResponse:
    again = {"password1": "nieuw wachtwoord", "password2": "nieuw wachtwoord"}
    return browser.post(CHANGE, {"oldpassword": f"geraden {number}", **again})


def guess_by_changing_the_address(number: int, browser: Client) -> HttpResponse:
    return browser.post(OWN_DATA, {"form": "adres", "email": "nieuw@example.org", "proof": f"geraden {number}"})


def guess_by_leaving(number: int, browser: Client) -> HttpResponse:
    return browser.post(LEAVE, {"proof": f"geraden {number}"})


def make_an_account(number: int, browser: Client) -> HttpResponse:
    sent = {"name": "S", "email": f"verzonnen{User.objects.count()}@example.org", "password1": PASSWORD}
    return browser.post(SIGN_UP, sent)


def mail_a_code(number: int, browser: Client) -> HttpResponse:
    return browser.post(ASK_CODE, {"email": SANNE})


def mail_a_link(number: int, browser: Client) -> HttpResponse:
    return browser.post(ASK_RESET, {"email": SANNE})


def mail_everyone(number: int, browser: Client) -> HttpResponse:
    return browser.post(ASK_RESET, {"email": f"student{number}@example.org"})


def guess_a_join_code(number: int, browser: Client) -> HttpResponse:
    return browser.get(wrong_code(number))


ATTACKS = {
    "passwords of one account": Attack(10, guess_a_password, new_browser_each_time=True),
    "one password on every account": Attack(300, guess_everyone, new_browser_each_time=True),
    "passwords by signing up": Attack(10, guess_by_signing_up, new_browser_each_time=True),
    "passwords by choosing a new one": Attack(10, guess_by_changing_it, signed_in=SANNE),
    "passwords by changing the address": Attack(10, guess_by_changing_the_address, signed_in=SANNE),
    "passwords by leaving": Attack(10, guess_by_leaving, signed_in=SANNE),
    "accounts": Attack(300, make_an_account, new_browser_each_time=True),
    "codes by mail to one": Attack(3, mail_a_code, new_browser_each_time=True),
    "links by mail to one": Attack(3, mail_a_link, new_browser_each_time=True),
    "mails to everyone": Attack(300, mail_everyone, new_browser_each_time=True),
    "join codes of one account": Attack(10, guess_a_join_code, signed_in=SANNE),
    "join codes of many accounts": Attack(300, guess_a_join_code, new_account_each_time=True),
}


@pytest.mark.once
@pytest.mark.long
@pytest.mark.parametrize("name", ATTACKS)
def test_within_the_limit_is_allowed_and_after_it_refused(name, monkeypatch):
    attack = ATTACKS[name]
    now = timezone.now()
    assert attack.carry_out(attack.most + 2) == [False] * attack.most + [True] * 2
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=4))
    assert attack.carry_out(1) == [True]
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=16))  # going on made it no longer
    assert attack.carry_out(1) == [False]


# --- Where somebody comes from ---


def guess_join_codes(times: int, **environ) -> None:
    """As somebody signed out, in a new browser each time."""
    for number in range(times):
        is_one_of_many = {name: value.format(number, f"{number:x}") for name, value in environ.items()}
        Client(**is_one_of_many).get(wrong_code(number))


def is_busy(**environ) -> bool:
    """Whether visitors of this address are asked to sign in before their code is looked at."""
    response = Client(**environ).get(wrong_code(0))
    return response.status_code == 302 and response["Location"].startswith(SIGN_IN)


@pytest.mark.once
@pytest.mark.long
@pytest.mark.parametrize(
    ("hops", "come_from"),
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
        (2, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.{}.1"}),  # a hop is missing: not believed
    ],
)
def test_nobody_comes_from_another_address_by_saying_so(settings, hops, come_from):
    behind_proxies(settings, hops)
    guess_join_codes(300, **come_from)
    assert is_busy(**{name: value.format(999, "3e7") for name, value in come_from.items()})


@pytest.mark.once
@pytest.mark.long
@pytest.mark.parametrize(
    ("hops", "neighbour"),
    [
        (0, {"REMOTE_ADDR": ELSEWHERE}),
        (0, {"REMOTE_ADDR": "2001:db8:1:3::1"}),
        (1, {"REMOTE_ADDR": SCHOOL, "HTTP_X_FORWARDED_FOR": f"{SCHOOL}, {ELSEWHERE}"}),
    ],
)
def test_another_address_is_not_held_up(settings, hops, neighbour):
    behind_proxies(settings, hops)
    guess_join_codes(300, REMOTE_ADDR=SCHOOL, HTTP_X_FORWARDED_FOR=SCHOOL)
    guess_join_codes(300, REMOTE_ADDR="2001:db8:1:2::1", HTTP_X_FORWARDED_FOR="2001:db8:1:2::1")
    assert is_busy(REMOTE_ADDR=SCHOOL, HTTP_X_FORWARDED_FOR=SCHOOL)
    assert not is_busy(**neighbour)


@pytest.mark.once
@pytest.mark.parametrize("nonsense", ["onzin", ",", "::1::", "1.2.3.4.5", "fe80::1%eth0", "x" * 5000, "é"])
def test_nonsense_about_the_address_shuts_nobody_out(settings, nonsense):
    behind_proxies(settings, 1)
    browser = Client(HTTP_X_FORWARDED_FOR=nonsense)
    assert browser.post(SIGN_UP, {"name": "S", "email": "x@example.org", "password1": PASSWORD}).status_code == 302
    assert browser.get(wrong_code(1)).status_code == 404


@pytest.mark.once
def test_a_server_behind_a_socket_is_told_no_address():
    assert sign_in(Client(REMOTE_ADDR="")).status_code == 302


# --- Nobody is shut out by others ---


def known_browser() -> Client:
    """A browser in which Sanne signed in before."""
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
def test_the_right_password_works_where_one_signed_in_before(name):
    known = known_browser()
    ATTACKS[name].carry_out(ATTACKS[name].most + 1)
    assert sign_in(known).status_code == 302


@pytest.mark.once
@pytest.mark.parametrize("name", ["codes by mail to one", "links by mail to one", "mails to everyone"])
def test_mails_come_where_one_signed_in_before(name):
    known = known_browser()
    ATTACKS[name].carry_out(ATTACKS[name].most + 1)
    mail.outbox.clear()
    for page in (ASK_CODE, ASK_RESET):
        assert known.post(page, {"email": SANNE}).status_code == 302
    assert [message.to for message in mail.outbox] == [[SANNE], [SANNE]]


@pytest.mark.once
def test_a_browser_that_is_known_has_a_limit_too_and_of_its_own():
    known, other = known_browser(), known_browser()
    refused = [is_refused(sign_in(known, password=f"geraden {number}")) for number in range(12)]
    assert refused == [False] * 10 + [True] * 2
    assert is_refused(sign_in(known))
    assert sign_in(other).status_code == 302
    assert sign_in(browser_of()).status_code == 302  # and what it tried holds up nobody else


@pytest.mark.once
@pytest.mark.parametrize("is_known", [False, True])
def test_a_new_password_ends_the_wait(is_known):
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
def test_a_new_password_makes_other_browsers_unknown_and_not_the_one_where_it_was_chosen():
    thief, hers = known_browser(), browser_of()
    sign_in(hers)
    hers.post(CHANGE, {"oldpassword": PASSWORD, "password1": "koelkast-op-drie", "password2": "koelkast-op-drie"})
    hers.post("/account/uitloggen/")
    ATTACKS["passwords of one account"].carry_out(10)
    assert is_refused(sign_in(thief, password="geraden"))
    assert sign_in(hers, password="koelkast-op-drie").status_code == 302


@pytest.mark.once
@pytest.mark.parametrize("made_up", ["", "onzin", "[1]", "WyJ4IiwxXQ:1u:x", "é", "x" * 4000])
def test_a_cookie_that_is_not_ours_makes_no_browser_known(made_up):
    ATTACKS["passwords of one account"].carry_out(10)
    browser = browser_of()
    browser.cookies["bekend"] = made_up
    assert is_refused(sign_in(browser))


@pytest.mark.once
def test_a_cookie_with_another_name_in_it_makes_no_browser_known():
    known = known_browser()
    value, stamp, signature = known.cookies["bekend"].value.rsplit(":", 2)
    ATTACKS["passwords of one account"].carry_out(10)
    known.cookies["bekend"] = f"{value[:-1]}{'A' if value[-1] != 'A' else 'B'}:{stamp}:{signature}"
    assert is_refused(sign_in(known))


@pytest.mark.once
@pytest.mark.parametrize("ways_in", ["password", "sign-up", "script"])
def test_every_way_in_makes_a_browser_known(ways_in):
    browser = browser_of()
    if ways_in == "sign-up":
        email = "nieuw@example.org"
        browser.post(SIGN_UP, {"name": "S", "email": email, "password1": PASSWORD})
    else:
        email = SANNE
        sign_in(browser, **({"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"} if ways_in == "script" else {}))
    cookie = browser.cookies["bekend"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    browser.post("/account/uitloggen/")
    for number in range(10):
        sign_in(browser_of(), email=email, password=f"geraden {number}")
    assert sign_in(browser, email=email).status_code == 302


@pytest.mark.once
def test_a_form_that_came_back_with_a_mistake_is_no_account():
    for _ in range(310):
        browser_of().post(SIGN_UP, {})
    response = browser_of().post(SIGN_UP, {"name": "S", "email": "nieuw@example.org", "password1": PASSWORD})
    assert response.status_code == 302


@pytest.mark.once
@pytest.mark.parametrize("page", [ASK_CODE, ASK_RESET])
def test_a_form_without_an_address_sends_no_mail(page):
    for _ in range(310):
        browser_of().post(page, {"email": "onzin"})
    assert browser_of().post(page, {"email": SANNE}).status_code == 302


@pytest.mark.once
def test_signing_up_without_a_password_tells_nobody_who_has_an_account():
    taken, free = (
        browser_of().post(SIGN_UP, {"name": "S", "email": email, "password1": ""}).context["form"].errors
        for email in (SANNE, "nieuw@example.org")
    )
    assert taken == free


@pytest.mark.once
def test_at_an_address_where_codes_are_guessed_a_visitor_is_asked_to_sign_in():
    guess_join_codes(301, REMOTE_ADDR=SCHOOL)
    browser = browser_of()
    for path in (f"/meedoen/{CODE}/", wrong_code(1)):  # alike, so that nothing is told
        response = browser.get(path, follow=True)
        assert response.redirect_chain == [(f"{SIGN_IN}?next={path}", 302)]
        assert "Daarna ga je verder met je code." in response.content.decode()
    assert browser.get("/meedoen/").status_code == 200
    assert sign_in(browser).status_code == 302
    assert browser.get(f"/meedoen/{CODE}/").status_code == 200


@pytest.mark.once
def test_at_such_an_address_an_account_has_three_wrong_codes():
    ATTACKS["join codes of many accounts"].carry_out(300)
    assert browser_of(NOOR).get(f"/meedoen/{CODE}/").status_code == 200
    guesser = browser_of(SANNE)
    for number in range(3):
        assert guesser.get(f"/meedoen/{CODE}/").status_code == 200
        assert guesser.get(wrong_code(number)).status_code == 429
    assert guesser.get(f"/meedoen/{CODE}/").status_code == 429
    assert browser_of(SANNE, REMOTE_ADDR=ELSEWHERE).get(f"/meedoen/{CODE}/").status_code == 200


# --- Many at once ---


def at_once(act: Callable[[int], HttpResponse], times: int = 160) -> list[bool]:
    """Sixteen at a time, each with a connection of its own. For each whether it was refused."""

    def one(number: int) -> bool:
        try:
            return is_refused(act(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["passwords of one account", "passwords by signing up", "codes by mail to one"])
def test_a_hundred_and_sixty_at_once_count_a_hundred_and_sixty(name):
    attack = ATTACKS[name]
    refused = at_once(lambda number: attack.attempt(number, browser_of()))
    assert refused.count(False) == attack.most


@pytest.mark.django_db(transaction=True)
def test_join_codes_at_once():
    browser = browser_of(SANNE)
    cookies = browser.cookies

    def guess(number: int) -> HttpResponse:
        same = browser_of()
        same.cookies = cookies
        return guess_a_join_code(number, same)

    assert at_once(guess).count(False) == 10


@pytest.mark.django_db(transaction=True)
def test_right_passwords_at_once_use_nothing_up():
    at_once(lambda number: sign_in(browser_of()), times=48)
    assert sign_in(browser_of()).status_code == 302
    assert [is_refused(guess_a_password(number, browser_of())) for number in range(11)] == [False] * 10 + [True]


@pytest.mark.django_db(transaction=True)
def test_a_class_that_signs_in_at_once_counts_nothing():
    password = User.objects.get(email=SANNE).password
    emails = [UserFactory(password=password).email for _ in range(32)]
    assert not any(at_once(lambda number: sign_in(browser_of(), email=emails[number]), times=32))
    assert at_once(lambda number: guess_a_password(number, browser_of()), times=32).count(False) == 10
