"""The summary of a refused form in a browser: its focus and its links; and number fields under the mouse wheel."""

import pytest

from casebook.models import User
from tests.questions.factories import ModuleFactory

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False])
def test_the_summary_has_focus_and_its_links_lead_into_the_fields(open_page, teacher, javascript):
    page = open_page(width=390, user=teacher, javascript=javascript)
    page.goto("/modules/nieuw/")
    page.get_by_label("Omschrijving").fill("Over de wijk.")
    page.get_by_label("Klassen").fill("x" * 41)
    page.get_by_label("Titel").fill("\u2800")
    page.get_by_role("button", name="Maak de module").click()
    summary = page.get_by_role("alert", name="Niet opgeslagen.")
    summary.wait_for()
    assert page.title().startswith("Niet opgeslagen: ")
    assert summary.bounding_box()["y"] < 300
    assert "2 dingen" in summary.inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first link, which is only next if the summary had focus
    page.keyboard.type("Wijk")
    assert page.get_by_label("Titel").input_value() == "Wijk\u2800"
    assert page.get_by_label("Omschrijving").input_value() == "Over de wijk."


def test_the_mouse_wheel_changes_no_number(open_page, teacher):
    page = open_page(user=teacher)
    page.goto(f"/modules/{ModuleFactory(teacher=teacher).pk}/kopie/")
    weeks = page.get_by_label("Aantal weken later")
    weeks.fill("10")
    weeks.hover()
    page.mouse.wheel(0, 300)
    page.mouse.wheel(0, -900)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert weeks.input_value() == "10"


def test_the_summary_has_focus_in_the_admin_too(open_page, transactional_db):
    page = open_page(user=User.objects.create_superuser("beheer@example.org", "Beheer"))
    page.goto("/beheer/cases/keyword/add/")
    page.locator("input[name=_save]").click()
    page.get_by_role("alert", name="Niet opgeslagen.").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("schulden")
    assert page.locator("#id_name").input_value() == "schulden"
