"""An address is proven by a code that came back from it, and a session alone is not enough for what is grave."""

import re
from datetime import timedelta
from pkgutil import resolve_name

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from casebook.accounts.adapter import reset_link
from casebook.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "een lang wachtwoord"
PBKDF2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
MINE, THEIRS = "mallory@example.org", "collega@example.org"
SIGN_IN, SIGN_UP = "/account/inloggen/", "/account/aanmelden/"
ASK_CODE, TYPE_CODE = "/account/inloggen/code/", "/account/inloggen/code/typen/"
OWN_DATA, LEAVE, SEND = "/mijn-gegevens/", "/mijn-gegevens/wissen/", "/mijn-gegevens/code/"
CHOOSE, CHANGE = "/account/wachtwoord/kiezen/", "/account/wachtwoord/wijzigen/"
NEW_PASSWORD = {"password1": "koelkast-op-drie", "password2": "koelkast-op-drie"}


@pytest.fixture(autouse=True)
def site_with_mail(settings):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


def code_in_mail() -> str:
    return re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", mail.outbox[-1].body)[0]


def who(browser: Client) -> int | None:
    return browser.get("/account/wie/").json()["user"]


def sign_up(email: str) -> Client:
    browser = Client()
    browser.post(SIGN_UP, {"name": "M", "email": email, "password1": PASSWORD})
    assert who(browser)
    return browser


def ask_code(email: str) -> tuple[Client, str]:
    browser = Client()
    browser.post(ASK_CODE, {"email": email})
    return browser, code_in_mail()


def change_address(browser: Client, email: str, proof: str = PASSWORD) -> None:
    browser.post(OWN_DATA, {"form": "adres", "email": email, "proof": proof})


# --- A code proves the address that it went to ---


def test_a_code_dies_when_the_address_of_the_account_changes():
    first = sign_up(MINE)
    second, code = ask_code(MINE)
    change_address(first, THEIRS)
    response = second.post(TYPE_CODE, {"code": code}, follow=True)
    assert who(second) is None
    person = User.objects.get()
    assert (person.email, person.proven_email) == (THEIRS, "")
    assert "Het e-mailadres van dit account is veranderd. Vraag een nieuwe code." in response.content.decode()


def test_it_dies_too_where_an_administrator_changes_the_address():
    sign_up(MINE)
    browser, code = ask_code(MINE)
    User.objects.update(email=THEIRS)
    browser.post(TYPE_CODE, {"code": code})
    assert who(browser) is None
    assert User.objects.get().proven_email == ""


def test_whoever_owns_the_address_gets_the_account_and_nobody_else_keeps_it():
    first = sign_up(MINE)
    second, code = ask_code(MINE)
    change_address(first, THEIRS)
    second.post(TYPE_CODE, {"code": code})
    second.post(CHOOSE, NEW_PASSWORD)
    owner, code = ask_code(THEIRS)
    owner.post(TYPE_CODE, {"code": code})
    person = User.objects.get()
    assert who(owner) == person.pk
    assert person.proven_email == THEIRS
    assert who(first) is None
    assert who(second) is None
    for password in (PASSWORD, NEW_PASSWORD["password1"]):
        browser = Client()
        browser.post(SIGN_IN, {"login": THEIRS, "password": password})
        assert who(browser) is None


def test_sessions_end_also_where_the_account_had_no_password():
    person = UserFactory(email=MINE, proven_email=MINE)
    person.set_unusable_password()
    person.save()
    squatter = Client()
    squatter.force_login(person)
    User.objects.update(email=THEIRS)
    owner, code = ask_code(THEIRS)
    owner.post(TYPE_CODE, {"code": code})
    assert who(owner) == person.pk
    assert who(squatter) is None


def test_an_address_that_came_back_has_to_be_proven_again():
    browser = sign_up(MINE)
    User.objects.update(proven_email=MINE)
    change_address(browser, THEIRS)
    change_address(browser, MINE)
    person = User.objects.get()
    assert (person.email, person.proven_email) == (MINE, "")


def at_that_moment(monkeypatch, where: str, act) -> None:
    """Let this happen in the middle of a request: right before it calls that function, once."""
    original, done = resolve_name(where), []

    def meanwhile(*args, **kwargs):
        if not done:
            done.append(True)
            act()
        return original(*args, **kwargs)

    monkeypatch.setattr(where, meanwhile)


MEANWHILE = {
    "password": (
        "casebook.accounts.adapter.AccountAdapter.set_password",
        CHANGE,
        {"oldpassword": PASSWORD, **NEW_PASSWORD},
    ),
    "address": (
        "casebook.accounts.deletion.erase_if_due",
        OWN_DATA,
        {"form": "adres", "email": MINE, "proof": PASSWORD},
    ),
    "leaving": ("casebook.accounts.deletion.modules_to_hand_over", LEAVE, {"proof": PASSWORD}),
}


@pytest.mark.parametrize("act", MEANWHILE)
def test_what_a_squatter_does_while_the_owner_proves_the_address_comes_too_late(monkeypatch, act):
    where, path, sent = MEANWHILE[act]
    squatter = sign_up(THEIRS)
    owner, code = ask_code(THEIRS)
    at_that_moment(monkeypatch, where, lambda: owner.post(TYPE_CODE, {"code": code}))
    squatter.post(path, sent)
    person = User.objects.get()
    assert (person.email, person.proven_email, person.deletion_due_at) == (THEIRS, THEIRS, None)
    assert not person.has_usable_password()
    assert who(owner) == person.pk
    assert who(squatter) is None


def test_a_hash_that_is_written_anew_at_sign_in_does_not_bring_a_password_back(monkeypatch):
    sign_up(THEIRS)
    with override_settings(PASSWORD_HASHERS=[PBKDF2]):  # not the first one that the tests have
        User.objects.update(password=make_password(PASSWORD))
    owner, code = ask_code(THEIRS)
    at_that_moment(monkeypatch, "casebook.models.User.set_password", lambda: owner.post(TYPE_CODE, {"code": code}))
    squatter = Client()
    with override_settings(PASSWORD_HASHERS=[*settings.PASSWORD_HASHERS, PBKDF2]):
        squatter.post(SIGN_IN, {"login": THEIRS, "password": PASSWORD})
    person = User.objects.get()
    assert (person.proven_email, person.has_usable_password()) == (THEIRS, False)
    assert who(owner) == person.pk
    assert who(squatter) is None


def test_the_administrator_saves_only_what_the_form_changed(monkeypatch):
    squatter = sign_up(THEIRS)
    owner, code = ask_code(THEIRS)
    person = User.objects.get()
    administrator = Client()
    administrator.force_login(UserFactory(is_superuser=True))
    at_that_moment(monkeypatch, "casebook.admin.UserAdmin.save_model", lambda: owner.post(TYPE_CODE, {"code": code}))
    form = {"email": THEIRS, "name": "Nieuwe naam", "is_active": "on"}
    assert administrator.post(f"/beheer/casebook/user/{person.pk}/change/", form).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.proven_email, person.has_usable_password()) == ("Nieuwe naam", THEIRS, False)
    assert who(squatter) is None


def test_two_who_type_the_first_code_at_once_both_have_a_session_that_lives():
    sign_up(MINE)
    first, second = User.objects.get(), User.objects.get()
    prove_address = resolve_name("casebook.accounts.adapter.prove_address")
    prove_address(user=first, email=MINE)
    prove_address(user=second, email=MINE)
    assert User.objects.get().password == first.password == second.password


# --- Changing the address, leaving, and a first password ---


@pytest.fixture
def person():
    """Signs in by code only."""
    person = UserFactory(email=MINE, name="Noor", proven_email=MINE)
    person.set_unusable_password()
    person.save()
    return person


@pytest.fixture
def open_phone(person):
    """Somebody else has it in hand."""
    browser = Client()
    browser.force_login(person)
    return browser


GRAVE = {
    "address": (OWN_DATA, {"form": "adres", "email": "nieuw@example.org"}),
    "leaving": (LEAVE, {}),
    "password": (CHOOSE, NEW_PASSWORD),
}


def happened(act: str) -> bool:
    person = User.objects.get(name="Noor")
    return {
        "address": person.email == "nieuw@example.org",
        "leaving": person.deletion_due_at is not None,
        "password": person.has_usable_password(),
    }[act]


def do(browser: Client, act: str, **more):
    path, sent = GRAVE[act]
    return browser.post(path, sent | more)


@pytest.mark.parametrize("act", GRAVE)
@pytest.mark.parametrize("proof", [None, "", MINE, "BCDF-GHJK", "\0", "x" * 9000])
def test_without_a_code_from_the_mail_nothing_happens(open_phone, act, proof):
    for _ in range(2):
        response = do(open_phone, act, **({} if proof is None else {"proof": proof}))
        assert response.status_code == 200
        assert not happened(act)
        open_phone.post(SEND, {"next": GRAVE[act][0]})  # a code that was sent is not yet one that was typed


@pytest.mark.parametrize("act", GRAVE)
def test_a_code_is_asked_for_and_typed(open_phone, act):
    page = open_phone.get(GRAVE[act][0]).content.decode()
    assert f'action="{SEND}"' in page
    assert MINE in page
    response = open_phone.post(SEND, {"next": GRAVE[act][0]})
    assert response["Location"] == GRAVE[act][0]
    assert mail.outbox[-1].to == [MINE]
    assert do(open_phone, act, proof=code_in_mail().lower().replace("-", " ")).status_code == 302
    assert happened(act)


def test_a_code_works_once(open_phone):
    open_phone.post(SEND)
    code = code_in_mail()
    do(open_phone, "address", proof=code)
    User.objects.update(email=MINE)
    do(open_phone, "leaving", proof=code)
    assert happened("leaving") is False


def test_a_mistake_elsewhere_in_the_form_does_not_cost_the_code(open_phone):
    open_phone.post(SEND)
    open_phone.post(OWN_DATA, {"form": "adres", "email": "geen adres", "proof": code_in_mail()})
    do(open_phone, "address", proof=code_in_mail())
    assert happened("address")


def test_after_three_wrong_codes_the_right_one_is_worth_nothing(open_phone):
    open_phone.post(SEND)
    for _ in range(3):
        do(open_phone, "address", proof="BCDF-GHJK")
    do(open_phone, "address", proof=code_in_mail())
    assert not happened("address")


@pytest.mark.parametrize("what", ["too old", "other address", "other session", "code to sign in"])
def test_a_code_that_proves_nothing(open_phone, person, monkeypatch, what):
    open_phone.post(SEND)
    code, browser = code_in_mail(), open_phone
    if what == "too old":
        now = timezone.now().timestamp() + 15 * 60 + 1
        monkeypatch.setattr("time.time", lambda: now)
    elif what == "other address":
        User.objects.update(email=THEIRS)
    elif what == "other session":
        browser = Client()
        browser.force_login(person)
    else:
        _, code = ask_code(MINE)
    do(browser, "leaving", proof=code)
    assert not happened("leaving")


def test_no_more_than_three_mails_in_five_minutes(open_phone):
    assert [open_phone.post(SEND).status_code for _ in range(4)] == [302, 302, 302, 429]
    assert len(mail.outbox) == 3


def test_the_same_address_in_capitals_changes_nothing():
    browser = sign_up(MINE)
    User.objects.update(proven_email=MINE)
    change_address(browser, MINE.upper())
    assert User.objects.get().proven_email == MINE
    assert mail.outbox == []


def test_a_code_of_an_account_that_was_deleted_meanwhile_is_a_wrong_one(person):
    browser, code = ask_code(MINE)
    person.delete()
    response = browser.post(TYPE_CODE, {"code": code})
    assert response.status_code == 200
    assert "Deze code klopt niet" in response.content.decode()


LONGER_IN_LOWER_CASE = "@" + ".".join(["\u0130" * 20] * 9) + ".nl"


def test_an_address_that_is_too_long_to_store_is_said_in_words():
    browser = Client()
    sent = {"name": "S", "email": f"x{LONGER_IN_LOWER_CASE}", "password1": PASSWORD}
    assert browser.post(SIGN_UP, sent).status_code == 200
    browser = sign_up(MINE)
    change_address(browser, f"x{LONGER_IN_LOWER_CASE}")
    assert User.objects.get().email == MINE


def test_a_name_is_one_line_wherever_it_is_typed():
    browser = Client()
    sent = {"name": "klant,\n\nUw\u2028rekening\t ", "email": MINE, "password1": PASSWORD}
    browser.post(SIGN_UP, sent)
    assert User.objects.get().name == "klant, Uw rekening"
    browser.post(OWN_DATA, {"form": "naam", "name": "Noor\nvan\rDam"})
    assert User.objects.get().name == "Noor van Dam"


def test_a_link_that_opens_something_is_not_logged(caplog, open_phone):
    link = reset_link(UserFactory(email=THEIRS)).removeprefix(settings.SITE_URL)
    caplog.handler.addFilter(resolve_name(settings.LOGGING["filters"]["without_secrets"]["()"])())
    with caplog.at_level("WARNING", "django.request"):
        assert open_phone.get(link).status_code == 403
    assert "/account/wachtwoord/nieuw/…" in caplog.text
    assert link not in caplog.text
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["without_secrets"]


def test_a_mail_server_that_is_out_uses_nothing_up(open_phone, settings):
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_PORT=1):
        assert [open_phone.post(SEND).status_code for _ in range(5)] == [503] * 5
    assert open_phone.post(SEND).status_code == 302


def test_a_code_that_is_sent_again_is_a_mail_too(person):
    browser, _code = ask_code(MINE)
    assert [browser.post(TYPE_CODE, {"action": "resend"}).status_code for _ in range(2)] == [302, 302]
    assert Client().post(ASK_CODE, {"email": MINE}).status_code == 429
    assert len(mail.outbox) == 3


def test_an_address_changes_five_times_an_hour_and_nobody_is_mailed_without_end():
    browser = sign_up(MINE)
    for number in range(20):
        change_address(browser, f"nummer{number}@example.org")
    assert User.objects.get().email == "nummer4@example.org"
    assert len(mail.outbox) == 5


def test_whether_addresses_are_taken_is_not_told_without_end():
    browser = sign_up(MINE)
    UserFactory(email=THEIRS)
    sent = {"form": "adres", "email": THEIRS, "proof": PASSWORD}
    told = ["Er is al een account" in browser.post(OWN_DATA, sent).content.decode() for _ in range(7)]
    assert told == [True] * 5 + [False] * 2


def test_leaving_and_coming_back_again_and_again_mails_nobody_without_end():
    sign_up(MINE)
    statuses = []
    for _ in range(5):
        browser = Client()
        browser.post(SIGN_IN, {"login": MINE, "password": PASSWORD})
        statuses.append(browser.post(LEAVE, {"proof": PASSWORD}).status_code)
    assert statuses == [302, 302, 302, 429, 429]
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "/beheer/", "", "x"])
def test_it_leads_back_to_a_form_that_asks_for_it_only(open_phone, back):
    assert open_phone.post(SEND, {"next": back})["Location"] == OWN_DATA


@pytest.mark.parametrize("act", GRAVE)
def test_without_mail_it_is_said_who_can_help(open_phone, settings, act):
    settings.HAS_MAIL = False
    page = open_phone.get(GRAVE[act][0]).content.decode()
    assert "Vraag de beheerder om een link waarmee je een wachtwoord kiest." in page
    assert open_phone.post(SEND).status_code == 404
    do(open_phone, act, proof=MINE)
    assert not happened(act)


@pytest.mark.parametrize(("minutes", "is_asked"), [(14, False), (16, True)])
def test_whoever_came_by_a_code_just_now_chooses_a_password_at_once(person, monkeypatch, minutes, is_asked):
    browser, code = ask_code(MINE)
    browser.post(TYPE_CODE, {"code": code})
    later = timezone.now().timestamp() + minutes * 60
    monkeypatch.setattr("time.time", lambda: later)
    do(browser, "password")
    assert happened("password") is not is_asked
    if is_asked:
        assert f'action="{SEND}"' in browser.get(CHOOSE).content.decode()


@pytest.mark.parametrize("act", ["address", "leaving"])
def test_with_a_password_it_is_the_password(act):
    sign_up(MINE)
    User.objects.update(name="Noor")
    browser = Client()
    browser.post(SIGN_IN, {"login": MINE, "password": PASSWORD})
    assert f'action="{SEND}"' not in browser.get(GRAVE[act][0]).content.decode()
    do(browser, act, proof="verkeerd")
    assert not happened(act)
    do(browser, act, proof=PASSWORD)
    assert happened(act)


def test_the_old_address_is_told():
    browser = sign_up(MINE)
    change_address(browser, "nieuw@example.org")
    (message,) = mail.outbox
    assert message.to == [MINE]
    assert message.subject == "Je e-mailadres is veranderd"
    assert "Was jij dat niet?" in message.body
    change_address(browser, "nieuw@example.org")  # to the same one: nothing changed
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_out_does_not_undo_the_change(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    browser = sign_up(MINE)
    change_address(browser, "nieuw@example.org")
    assert User.objects.get().email == "nieuw@example.org"


def test_a_code_that_cannot_be_mailed_is_said_in_words(open_phone, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert open_phone.post(SEND).status_code == 503


@pytest.mark.parametrize("days", [6, 8])
def test_leaving_still_takes_seven_days(open_phone, days, monkeypatch):
    open_phone.post(SEND)
    do(open_phone, "leaving", proof=code_in_mail())
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=days))
    browser, code = ask_code(MINE)
    browser.post(TYPE_CODE, {"code": code})
    assert (who(browser) is not None) is (days == 6)


def test_every_form_that_asks_for_proof_is_in_the_table():
    from casebook.accounts.profile_views import ASK_FOR_PROOF

    assert {reverse(name) for name in ASK_FOR_PROOF} == {path for path, _sent in GRAVE.values()}
