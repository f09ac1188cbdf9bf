"""Looking around, as somebody does who just started the site."""

import pytest
from django.core.management import call_command

from casebook.demo import content

SIGN_IN = "/account/inloggen/"


@pytest.fixture
def offered(live_server, settings):
    """The demonstration, on a site that is this computer's alone."""
    fixtures = settings.BASE_DIR / "fixtures"
    files = [next((fixtures / "cases").glob(f"{number:02}-*.md")) for number in (1, 5, 12)]
    call_command("load_cases", fixtures / "casebook.yaml", *files, verbosity=0)
    settings.DEMO = True
    return content.make()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_shows_the_ways_in(open_page, offered, assert_accessible, scheme):
    page = open_page(width=320, scheme=scheme)
    page.goto(SIGN_IN)
    assert page.get_by_role("region", name="Demonstratie").get_by_role("button").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert_accessible(page)


def test_by_keyboard_and_without_javascript_from_one_to_the_next(open_page, offered):
    page = open_page(javascript=False)
    for role, name in (("student", "Daan Vermeulen"), ("docent", "Marloes de Wit")):
        page.goto(SIGN_IN)
        page.get_by_role("button", name=f"Kijk rond als {role}").focus()
        page.keyboard.press("Enter")
        page.get_by_role("status").get_by_text(f"Je kijkt nu rond als {name}.").wait_for()
        page.get_by_role("button", name="Uitloggen").click()


def test_the_editor_lands_where_cases_are_written(open_page, offered):
    page = open_page()
    page.goto(SIGN_IN)
    page.get_by_role("button", name="Kijk rond als redacteur").click()
    page.wait_for_url("**/beheer/")
