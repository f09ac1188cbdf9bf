"""Proving an address with a mailed code, and reauthentication before changes to an account."""

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
OWN, OTHER = "mallory@example.org", "collega@example.org"
SIGN_IN, SIGN_UP = "/account/inloggen/", "/account/aanmelden/"
ASK_CODE, TYPE_CODE = "/account/inloggen/code/", "/account/inloggen/code/typen/"
OWN_DATA, DELETE_ACCOUNT, SEND_CODE = "/mijn-gegevens/", "/mijn-gegevens/wissen/", "/mijn-gegevens/code/"
CHOOSE, CHANGE = "/account/wachtwoord/kiezen/", "/account/wachtwoord/wijzigen/"
NEW_PASSWORD = {"password1": "koelkast-op-drie", "password2": "koelkast-op-drie"}


@pytest.fixture(autouse=True)
def site_with_mail(settings):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


def code_in_mail() -> str:
    return re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", mail.outbox[-1].body)[0]


def signed_in_user(browser: Client) -> int | None:
    return browser.get("/account/wie/").json()["user"]


def sign_up(email: str) -> Client:
    browser = Client()
    browser.post(SIGN_UP, {"name": "M", "email": email, "password1": PASSWORD})
    assert signed_in_user(browser)
    return browser


def ask_code(email: str) -> tuple[Client, str]:
    browser = Client()
    browser.post(ASK_CODE, {"email": email})
    return browser, code_in_mail()


def change_address(browser: Client, email: str, proof: str = PASSWORD) -> None:
    browser.post(OWN_DATA, {"form": "adres", "email": email, "proof": proof})


# --- A code proves the address that it was sent to ---


def test_a_code_is_invalid_after_the_address_of_the_account_changes():
    first = sign_up(OWN)
    second, code = ask_code(OWN)
    change_address(first, OTHER)
    response = second.post(TYPE_CODE, {"code": code}, follow=True)
    assert signed_in_user(second) is None
    person = User.objects.get()
    assert (person.email, person.proven_email) == (OTHER, "")
    assert "Het e-mailadres van dit account is veranderd. Vraag een nieuwe code." in response.content.decode()


def test_a_code_is_invalid_after_an_administrator_changes_the_address():
    sign_up(OWN)
    browser, code = ask_code(OWN)
    User.objects.update(email=OTHER)
    browser.post(TYPE_CODE, {"code": code})
    assert signed_in_user(browser) is None
    assert User.objects.get().proven_email == ""


def test_the_owner_of_the_address_gets_the_account_and_others_lose_it():
    first = sign_up(OWN)
    second, code = ask_code(OWN)
    change_address(first, OTHER)
    second.post(TYPE_CODE, {"code": code})
    second.post(CHOOSE, NEW_PASSWORD)
    owner, code = ask_code(OTHER)
    owner.post(TYPE_CODE, {"code": code})
    person = User.objects.get()
    assert signed_in_user(owner) == person.pk
    assert person.proven_email == OTHER
    assert signed_in_user(first) is None
    assert signed_in_user(second) is None
    for password in (PASSWORD, NEW_PASSWORD["password1"]):
        browser = Client()
        browser.post(SIGN_IN, {"login": OTHER, "password": password})
        assert signed_in_user(browser) is None


def test_a_first_code_ends_other_sessions_of_an_account_without_a_password():
    person = UserFactory(email=OWN, proven_email=OWN)
    person.set_unusable_password()
    person.save()
    squatter = Client()
    squatter.force_login(person)
    User.objects.update(email=OTHER)
    owner, code = ask_code(OTHER)
    owner.post(TYPE_CODE, {"code": code})
    assert signed_in_user(owner) == person.pk
    assert signed_in_user(squatter) is None


def test_a_restored_address_has_to_be_proven_again():
    browser = sign_up(OWN)
    User.objects.update(proven_email=OWN)
    change_address(browser, OTHER)
    change_address(browser, OWN)
    person = User.objects.get()
    assert (person.email, person.proven_email) == (OWN, "")


def run_before_call(monkeypatch, function: str, act) -> None:
    """Run an action in the middle of a request, once: before the request calls the function."""
    original, done = resolve_name(function), []

    def meanwhile(*args, **kwargs):
        if not done:
            done.append(True)
            act()
        return original(*args, **kwargs)

    monkeypatch.setattr(function, meanwhile)


CHANGES = {
    "password": (
        "casebook.accounts.adapter.AccountAdapter.set_password",
        CHANGE,
        {"oldpassword": PASSWORD, **NEW_PASSWORD},
    ),
    "address": (
        "casebook.accounts.deletion.erase_if_due",
        OWN_DATA,
        {"form": "adres", "email": OWN, "proof": PASSWORD},
    ),
    "deletion": ("casebook.accounts.deletion.modules_to_hand_over", DELETE_ACCOUNT, {"proof": PASSWORD}),
}


@pytest.mark.parametrize("act", CHANGES)
def test_a_change_by_a_squatter_during_the_proof_of_the_owner_has_no_effect(monkeypatch, act):
    function, path, sent = CHANGES[act]
    squatter = sign_up(OTHER)
    owner, code = ask_code(OTHER)
    run_before_call(monkeypatch, function, lambda: owner.post(TYPE_CODE, {"code": code}))
    squatter.post(path, sent)
    person = User.objects.get()
    assert (person.email, person.proven_email, person.deletion_due_at) == (OTHER, OTHER, None)
    assert not person.has_usable_password()
    assert signed_in_user(owner) == person.pk
    assert signed_in_user(squatter) is None


def test_a_hash_that_sign_in_upgrades_does_not_restore_a_removed_password(monkeypatch):
    sign_up(OTHER)
    with override_settings(PASSWORD_HASHERS=[PBKDF2]):  # not the preferred hasher of the tests
        User.objects.update(password=make_password(PASSWORD))
    owner, code = ask_code(OTHER)
    run_before_call(monkeypatch, "casebook.models.User.set_password", lambda: owner.post(TYPE_CODE, {"code": code}))
    squatter = Client()
    with override_settings(PASSWORD_HASHERS=[*settings.PASSWORD_HASHERS, PBKDF2]):
        squatter.post(SIGN_IN, {"login": OTHER, "password": PASSWORD})
    person = User.objects.get()
    assert (person.proven_email, person.has_usable_password()) == (OTHER, False)
    assert signed_in_user(owner) == person.pk
    assert signed_in_user(squatter) is None


def test_the_admin_saves_only_the_fields_that_changed(monkeypatch):
    squatter = sign_up(OTHER)
    owner, code = ask_code(OTHER)
    person = User.objects.get()
    administrator = Client()
    administrator.force_login(UserFactory(is_superuser=True))
    run_before_call(monkeypatch, "casebook.admin.UserAdmin.save_model", lambda: owner.post(TYPE_CODE, {"code": code}))
    form = {"email": OTHER, "name": "Nieuwe naam", "is_active": "on"}
    assert administrator.post(f"/beheer/casebook/user/{person.pk}/change/", form).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.proven_email, person.has_usable_password()) == ("Nieuwe naam", OTHER, False)
    assert signed_in_user(squatter) is None


def test_two_simultaneous_first_codes_both_get_a_valid_session():
    sign_up(OWN)
    first, second = User.objects.get(), User.objects.get()
    prove_address = resolve_name("casebook.accounts.adapter.prove_address")
    prove_address(user=first, email=OWN)
    prove_address(user=second, email=OWN)
    assert User.objects.get().password == first.password == second.password


# --- Changing the address, deleting the account, and choosing a first password ---


@pytest.fixture
def person():
    """Return a user without a password, who signs in with codes."""
    person = UserFactory(email=OWN, name="Noor", proven_email=OWN)
    person.set_unusable_password()
    person.save()
    return person


@pytest.fixture
def unlocked_phone(person):
    """Return a client in which the user is still signed in while someone else uses it."""
    browser = Client()
    browser.force_login(person)
    return browser


PROTECTED = {
    "address": (OWN_DATA, {"form": "adres", "email": "nieuw@example.org"}),
    "deletion": (DELETE_ACCOUNT, {}),
    "password": (CHOOSE, NEW_PASSWORD),
}


def is_done(act: str) -> bool:
    person = User.objects.get(name="Noor")
    return {
        "address": person.email == "nieuw@example.org",
        "deletion": person.deletion_due_at is not None,
        "password": person.has_usable_password(),
    }[act]


def submit(browser: Client, act: str, **more):
    path, sent = PROTECTED[act]
    return browser.post(path, sent | more)


@pytest.mark.parametrize("act", PROTECTED)
@pytest.mark.parametrize("proof", [None, "", OWN, "BCDF-GHJK", "\0", "x" * 9000])
def test_a_change_without_a_mailed_code_is_not_made(unlocked_phone, act, proof):
    for _ in range(2):
        response = submit(unlocked_phone, act, **({} if proof is None else {"proof": proof}))
        assert response.status_code == 200
        assert not is_done(act)
        unlocked_phone.post(SEND_CODE, {"next": PROTECTED[act][0]})  # sending a code proves nothing


@pytest.mark.parametrize("act", PROTECTED)
def test_a_change_with_a_mailed_code_is_made(unlocked_phone, act):
    page = unlocked_phone.get(PROTECTED[act][0]).content.decode()
    assert f'action="{SEND_CODE}"' in page
    assert OWN in page
    response = unlocked_phone.post(SEND_CODE, {"next": PROTECTED[act][0]})
    assert response["Location"] == PROTECTED[act][0]
    assert mail.outbox[-1].to == [OWN]
    assert submit(unlocked_phone, act, proof=code_in_mail().lower().replace("-", " ")).status_code == 302
    assert is_done(act)


def test_a_code_works_once(unlocked_phone):
    unlocked_phone.post(SEND_CODE)
    code = code_in_mail()
    submit(unlocked_phone, "address", proof=code)
    User.objects.update(email=OWN)
    submit(unlocked_phone, "deletion", proof=code)
    assert is_done("deletion") is False


def test_a_code_is_not_used_up_by_a_mistake_in_another_field(unlocked_phone):
    unlocked_phone.post(SEND_CODE)
    unlocked_phone.post(OWN_DATA, {"form": "adres", "email": "geen adres", "proof": code_in_mail()})
    submit(unlocked_phone, "address", proof=code_in_mail())
    assert is_done("address")


def test_a_code_is_invalid_after_three_wrong_codes(unlocked_phone):
    unlocked_phone.post(SEND_CODE)
    for _ in range(3):
        submit(unlocked_phone, "address", proof="BCDF-GHJK")
    submit(unlocked_phone, "address", proof=code_in_mail())
    assert not is_done("address")


@pytest.mark.parametrize("kind", ["too old", "other address", "other session", "code to sign in"])
def test_a_code_that_is_old_or_not_for_this_purpose_is_invalid(unlocked_phone, person, monkeypatch, kind):
    unlocked_phone.post(SEND_CODE)
    code, browser = code_in_mail(), unlocked_phone
    if kind == "too old":
        now = timezone.now().timestamp() + 15 * 60 + 1
        monkeypatch.setattr("time.time", lambda: now)
    elif kind == "other address":
        User.objects.update(email=OTHER)
    elif kind == "other session":
        browser = Client()
        browser.force_login(person)
    else:
        _, code = ask_code(OWN)
    submit(browser, "deletion", proof=code)
    assert not is_done("deletion")


def test_three_codes_can_be_mailed_in_five_minutes(unlocked_phone):
    assert [unlocked_phone.post(SEND_CODE).status_code for _ in range(4)] == [302, 302, 302, 429]
    assert len(mail.outbox) == 3


def test_typing_the_own_address_in_capitals_changes_nothing():
    browser = sign_up(OWN)
    User.objects.update(proven_email=OWN)
    change_address(browser, OWN.upper())
    assert User.objects.get().proven_email == OWN
    assert mail.outbox == []


def test_a_code_of_a_deleted_account_is_invalid(person):
    browser, code = ask_code(OWN)
    person.delete()
    response = browser.post(TYPE_CODE, {"code": code})
    assert response.status_code == 200
    assert "Deze code klopt niet" in response.content.decode()


LONGER_IN_LOWER_CASE = "@" + ".".join(["\u0130" * 20] * 9) + ".nl"


def test_an_address_that_is_too_long_to_store_is_a_form_error():
    browser = Client()
    sent = {"name": "S", "email": f"x{LONGER_IN_LOWER_CASE}", "password1": PASSWORD}
    assert browser.post(SIGN_UP, sent).status_code == 200
    browser = sign_up(OWN)
    change_address(browser, f"x{LONGER_IN_LOWER_CASE}")
    assert User.objects.get().email == OWN


def test_newlines_in_a_name_are_replaced_in_every_form():
    browser = Client()
    sent = {"name": "klant,\n\nUw\u2028rekening\t ", "email": OWN, "password1": PASSWORD}
    browser.post(SIGN_UP, sent)
    assert User.objects.get().name == "klant, Uw rekening"
    browser.post(OWN_DATA, {"form": "naam", "name": "Noor\nvan\rDam"})
    assert User.objects.get().name == "Noor van Dam"


def test_a_secret_link_is_not_logged(caplog, unlocked_phone):
    link = reset_link(UserFactory(email=OTHER)).removeprefix(settings.SITE_URL)
    caplog.handler.addFilter(resolve_name(settings.LOGGING["filters"]["without_secrets"]["()"])())
    with caplog.at_level("WARNING", "django.request"):
        assert unlocked_phone.get(link).status_code == 403
    assert "/account/wachtwoord/nieuw/…" in caplog.text
    assert link not in caplog.text
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["without_secrets"]


def test_mails_that_cannot_be_sent_do_not_count(unlocked_phone, settings):
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_PORT=1):
        assert [unlocked_phone.post(SEND_CODE).status_code for _ in range(5)] == [503] * 5
    assert unlocked_phone.post(SEND_CODE).status_code == 302


def test_a_code_that_is_sent_again_counts_as_a_mail(person):
    browser, _code = ask_code(OWN)
    assert [browser.post(TYPE_CODE, {"action": "resend"}).status_code for _ in range(2)] == [302, 302]
    assert Client().post(ASK_CODE, {"email": OWN}).status_code == 429
    assert len(mail.outbox) == 3


def test_an_address_can_be_changed_five_times_an_hour():
    browser = sign_up(OWN)
    for number in range(20):
        change_address(browser, f"nummer{number}@example.org")
    assert User.objects.get().email == "nummer4@example.org"
    assert len(mail.outbox) == 5


def test_a_user_can_learn_five_times_an_hour_that_an_address_is_taken():
    browser = sign_up(OWN)
    UserFactory(email=OTHER)
    sent = {"form": "adres", "email": OTHER, "proof": PASSWORD}
    revealed = ["Er is al een account" in browser.post(OWN_DATA, sent).content.decode() for _ in range(7)]
    assert revealed == [True] * 5 + [False] * 2


def test_deletion_can_be_requested_three_times_an_hour():
    sign_up(OWN)
    statuses = []
    for _ in range(5):
        browser = Client()
        browser.post(SIGN_IN, {"login": OWN, "password": PASSWORD})
        statuses.append(browser.post(DELETE_ACCOUNT, {"proof": PASSWORD}).status_code)
    assert statuses == [302, 302, 302, 429, 429]
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("path", ["https://example.org/", "//example.org", "/beheer/", "", "x"])
def test_sending_a_code_redirects_only_to_forms_that_ask_for_one(unlocked_phone, path):
    assert unlocked_phone.post(SEND_CODE, {"next": path})["Location"] == OWN_DATA


@pytest.mark.parametrize("act", PROTECTED)
def test_the_forms_refer_to_the_administrator_where_the_site_has_no_mail(unlocked_phone, settings, act):
    settings.HAS_MAIL = False
    page = unlocked_phone.get(PROTECTED[act][0]).content.decode()
    assert "Vraag de beheerder om een link waarmee je een wachtwoord kiest." in page
    assert unlocked_phone.post(SEND_CODE).status_code == 404
    submit(unlocked_phone, act, proof=OWN)
    assert not is_done(act)


@pytest.mark.parametrize(("minutes", "is_asked"), [(14, False), (16, True)])
def test_a_user_who_just_signed_in_by_code_chooses_a_password_without_another(person, monkeypatch, minutes, is_asked):
    browser, code = ask_code(OWN)
    browser.post(TYPE_CODE, {"code": code})
    later = timezone.now().timestamp() + minutes * 60
    monkeypatch.setattr("time.time", lambda: later)
    submit(browser, "password")
    assert is_done("password") is not is_asked
    if is_asked:
        assert f'action="{SEND_CODE}"' in browser.get(CHOOSE).content.decode()


@pytest.mark.parametrize("act", ["address", "deletion"])
def test_a_user_with_a_password_types_the_password_instead_of_a_code(act):
    sign_up(OWN)
    User.objects.update(name="Noor")
    browser = Client()
    browser.post(SIGN_IN, {"login": OWN, "password": PASSWORD})
    assert f'action="{SEND_CODE}"' not in browser.get(PROTECTED[act][0]).content.decode()
    submit(browser, act, proof="verkeerd")
    assert not is_done(act)
    submit(browser, act, proof=PASSWORD)
    assert is_done(act)


def test_a_changed_address_is_reported_to_the_old_address():
    browser = sign_up(OWN)
    change_address(browser, "nieuw@example.org")
    (message,) = mail.outbox
    assert message.to == [OWN]
    assert message.subject == "Je e-mailadres is veranderd"
    assert "Was jij dat niet?" in message.body
    change_address(browser, "nieuw@example.org")  # the same address, so no mail
    assert len(mail.outbox) == 1


def test_an_address_changes_if_the_mail_server_cannot_be_reached(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    browser = sign_up(OWN)
    change_address(browser, "nieuw@example.org")
    assert User.objects.get().email == "nieuw@example.org"


def test_a_code_that_cannot_be_mailed_gets_an_error_page(unlocked_phone, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert unlocked_phone.post(SEND_CODE).status_code == 503


@pytest.mark.parametrize("days", [6, 8])
def test_signing_in_by_code_works_for_seven_days_after_a_request_for_deletion(unlocked_phone, days, monkeypatch):
    unlocked_phone.post(SEND_CODE)
    submit(unlocked_phone, "deletion", proof=code_in_mail())
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=days))
    browser, code = ask_code(OWN)
    browser.post(TYPE_CODE, {"code": code})
    assert (signed_in_user(browser) is not None) is (days == 6)


def test_the_table_lists_every_form_that_asks_for_proof():
    from casebook.accounts.profile_views import ASK_FOR_PROOF

    assert {reverse(name) for name in ASK_FOR_PROOF} == {path for path, _sent in PROTECTED.values()}
