"""The home page of users who are signed in, on a phone."""

import pytest

from tests.questions.factories import ModuleFactory, enrol
from tests.world import World

PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_personal_part_of_home_fits_in_two_screens_of_a_phone(open_page, role):
    """Two modules, with work that is due or waits, feedback to read, and an assignment that opens later."""
    world = World()
    enrol(ModuleFactory(teacher=world.users["teacher"], title="Methodisch handelen"), world.users["student"])
    page = open_page(width=PHONE["width"], user=world.users[role])
    page.set_viewport_size(PHONE)
    page.goto("/")
    box = page.locator(".today").bounding_box()
    assert 200 < box["y"] + box["height"] <= 2 * PHONE["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
