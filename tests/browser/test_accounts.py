"""Signing up, in and out in a real browser, and the accessibility of the account pages."""

import re

import pytest
from django.conf import settings
from django.core import mail

from casebook.models import User
from questions.actions import teacher_invitations
from questions.models import TeacherInvitation
from tests.factories import UserFactory

PASSWORD = "koelkast-op-driehoog"
ABOUT_PAGE = re.compile(r"^[^?]*/over/$")


@pytest.fixture
def user(live_server):
    user = UserFactory(name="Şeyma Yıldız", email="seyma@example.org")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def site_with_mail(settings):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


def fill(page, **fields):
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(value)


def no_sideways_scroll(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_sign_up_returns_to_the_page_that_the_visitor_came_from(open_page):
    page = open_page(width=320)
    page.goto("/casussen/?q=koelkast")
    page.get_by_text("Menu").click()
    page.get_by_role("link", name="Inloggen").click()
    page.get_by_role("main").get_by_role("link", name="Aanmelden").click()
    fill(page, Naam="Noor Bakker", **{"E-mailadres": "Noor@Example.org"}, Wachtwoord=PASSWORD)
    page.get_by_role("button", name="Maak mijn account").click()
    page.wait_for_url("**/casussen/?q=koelkast")
    page.get_by_text("Menu").click()
    page.get_by_text("Noor Bakker").wait_for()
    assert User.objects.get().email == "noor@example.org"


def test_sign_in_works_by_keyboard_without_javascript(open_page, user):
    page = open_page(javascript=False)
    page.goto("/account/inloggen/?next=/over/")
    page.get_by_label("E-mailadres").focus()
    page.keyboard.type("seyma@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("fout")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("E-mailadres").input_value() == "seyma@example.org"
    page.get_by_label("Wachtwoord").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(ABOUT_PAGE)
    session = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    assert session["expires"] > 0


def test_double_tap_on_sign_up_creates_one_account_and_signs_in(open_page):
    from playwright.sync_api import expect  # imported here, since not every machine has it

    page = open_page(width=320)
    page.goto("/account/aanmelden/?next=/over/")
    fill(page, Naam="Noor Bakker", **{"E-mailadres": "noor@example.org"}, Wachtwoord=PASSWORD)
    page.get_by_role("button", name="Maak mijn account").dblclick()
    expect(page).to_have_url(ABOUT_PAGE, timeout=15_000)  # the first of two navigations is aborted
    assert User.objects.count() == 1
    assert page.evaluate("fetch('/account/wie/').then(answer => answer.json())")["name"] == "Noor Bakker"


def test_back_after_signing_out_shows_nothing_personal(open_page, user):
    page = open_page(user=user)
    page.goto("/account/wachtwoord/wijzigen/")
    page.get_by_role("button", name="Uitloggen").click()
    page.get_by_role("link", name="Inloggen").wait_for()
    page.go_back()
    page.wait_for_url("**/account/inloggen/**")
    assert not page.get_by_text("Şeyma Yıldız").count()


def test_script_can_sign_in_again_without_leaving_the_page(open_page, user):
    """The scripts of the desks request the current user, sign in with the fresh token, and request the user again."""
    page = open_page()
    page.goto("/over/")
    result = page.evaluate(
        """async ([login, password]) => {
            const token = () => document.cookie.match(/csrftoken=([^;]+)/)[1];
            const before = await (await fetch("/account/wie/")).json();
            const first = token();
            const answer = await fetch("/account/inloggen/", {
                method: "POST",
                headers: {"X-Requested-With": "XMLHttpRequest", "X-CSRFToken": first},
                body: new URLSearchParams({login, password}),
            });
            const after = await (await fetch("/account/wie/")).json();
            return [before.user, answer.status, (await answer.json()).location, after.user, first !== token()];
        }""",
        [user.email, PASSWORD],
    )
    assert result == [None, 200, "/", user.pk, True]


def test_sign_in_with_a_mailed_code_offers_to_choose_a_password(open_page, user, site_with_mail):
    page = open_page(width=320)
    page.goto("/account/inloggen/?next=/over/")
    page.get_by_role("link", name="Mail mij een code").click()
    fill(page, **{"E-mailadres": "seyma@example.org"})
    page.get_by_role("button", name="Mail mij een code").click()
    page.get_by_role("heading", name="Typ de code over").wait_for()
    page.get_by_role("button", name="Mail een nieuwe code").click()
    page.get_by_role("heading", name="Typ de code over").wait_for()
    page.wait_for_load_state()
    assert len(mail.outbox) == 2
    fill(page, Code=re.search(r"^[A-Z]{4}-[A-Z]{4}$", mail.outbox[1].body, re.M)[0].lower())
    page.get_by_role("button", name="Inloggen", exact=True).click()
    page.get_by_role("heading", name="Kies een wachtwoord").wait_for()
    page.get_by_role("link", name="Nu niet, ga verder").click()
    page.wait_for_url(ABOUT_PAGE)


def test_sign_in_with_a_password_after_requesting_a_code(open_page, user, site_with_mail):
    page = open_page()
    page.goto("/account/inloggen/code/?next=/over/")
    fill(page, **{"E-mailadres": "seyma@example.org"})
    page.get_by_role("button", name="Mail mij een code").click()
    page.get_by_role("button", name="Toch anders inloggen").click()
    fill(page, **{"E-mailadres": "seyma@example.org"}, Wachtwoord=PASSWORD)
    page.get_by_role("button", name="Inloggen", exact=True).click()
    page.wait_for_url(ABOUT_PAGE)


def test_password_link_of_an_administrator_sets_a_new_password(open_page, user):
    administrator = User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD)
    desk = open_page(user=administrator)
    desk.goto(f"/beheer/casebook/user/{user.pk}/change/")
    desk.get_by_role("button", name="Maak een link voor een nieuw wachtwoord").click()
    link = desk.get_by_label("Link (je ziet hem alleen nu)").input_value()
    phone = open_page(width=320)
    phone.goto(link.removeprefix(settings.SITE_URL))
    fill(phone, Nieuw_wachtwoord="heel-iets-anders", Nog_een_keer="heel-iets-anders")
    phone.get_by_role("button", name="Bewaar dit wachtwoord").click()
    phone.get_by_role("main").get_by_role("link", name="Inloggen").click()
    fill(phone, **{"E-mailadres": "seyma@example.org"}, Wachtwoord="heel-iets-anders")
    phone.get_by_role("button", name="Inloggen", exact=True).click()
    phone.get_by_text("Menu").click()
    phone.get_by_text("Şeyma Yıldız").wait_for()


def test_teacher_signs_up_by_invitation(open_page):
    administrator = User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD)
    token = teacher_invitations.invite(invitation=TeacherInvitation(email="karin@example.org"), by=administrator)
    page = open_page()
    page.goto(f"/uitnodiging/{token}/")
    page.get_by_role("link", name="Aanmelden").click()
    fill(page, Naam="Karin Vos", Wachtwoord=PASSWORD)
    page.get_by_role("button", name="Maak mijn account").click()
    page.get_by_role("button", name="Ja, ik word docent").click()
    page.get_by_role("heading", name="Welkom, je bent docent").wait_for()
    page.reload()
    page.get_by_role("heading", name="Welkom, je bent docent").wait_for()
    assert User.objects.get(email="karin@example.org").may_teach


def test_invitation_for_another_address_can_be_opened_after_signing_out(open_page, user, expected_problems):
    expected_problems.append("status of 403")
    administrator = User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD)
    token = teacher_invitations.invite(invitation=TeacherInvitation(email="karin@example.org"), by=administrator)
    page = open_page(user=user)
    page.goto(f"/uitnodiging/{token}/")
    page.get_by_role("main").get_by_role("button", name="Uitloggen").click()
    page.get_by_role("main").get_by_role("link", name="Inloggen").wait_for()
    assert page.url.endswith(f"/uitnodiging/{token}/")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_refused_sign_up_is_accessible(open_page, assert_accessible, width, scheme):
    """The other account pages are in test_accessibility.py."""
    visitor = open_page(width, scheme)
    visitor.goto("/account/aanmelden/")
    visitor.locator("form.account__form").evaluate("form => { form.noValidate = true; form.submit(); }")
    visitor.get_by_role("link", name="Naam: Vul je naam in.").wait_for()
    assert_accessible(visitor)
    assert no_sideways_scroll(visitor)
