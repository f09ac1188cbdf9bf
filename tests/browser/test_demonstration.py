"""The demonstration, as shown to users who start the site for the first time."""

import pytest
from django.core.management import call_command

from casebook.demo import content

SIGN_IN = "/account/inloggen/"


@pytest.fixture
def demonstration(live_server, settings):
    """Create the demonstration, which is for a site on one's own computer only."""
    fixtures = settings.BASE_DIR / "fixtures"
    files = [next((fixtures / "cases").glob(f"{number:02}-*.md")) for number in (1, 5, 12)]
    call_command("load_cases", fixtures / "casebook.yaml", *files, verbosity=0)
    settings.DEMO = True
    return content.make()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sign_in_page_offers_three_demonstration_roles(open_page, demonstration, assert_accessible, scheme):
    page = open_page(width=320, scheme=scheme)
    page.goto(SIGN_IN)
    assert page.get_by_role("region", name="Demonstratie").get_by_role("button").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert_accessible(page)


def test_demonstration_roles_can_be_changed_by_keyboard_without_javascript(open_page, demonstration):
    page = open_page(javascript=False)
    for role, name in (("student", "Daan Vermeulen"), ("docent", "Marloes de Wit")):
        page.goto(SIGN_IN)
        page.get_by_role("button", name=f"Kijk rond als {role}").focus()
        page.keyboard.press("Enter")
        page.get_by_role("status").get_by_text(f"Je kijkt nu rond als {name}.").wait_for()
        page.get_by_role("button", name="Uitloggen").click()


def test_demonstration_editor_arrives_at_the_admin(open_page, demonstration):
    page = open_page()
    page.goto(SIGN_IN)
    page.get_by_role("button", name="Kijk rond als redacteur").click()
    page.wait_for_url("**/beheer/")
