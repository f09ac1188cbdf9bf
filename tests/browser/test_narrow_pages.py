"""Pages with long words, and narrow pages with large letters: no page scrolls sideways."""

import pytest

from casebook.models import User
from cases.models import Case
from cases.publishing import editions
from questions.models import Module
from tests.browser.test_accessibility import PAGES, VARIANTS
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.once]

NAME, TITLE = "W" * 120, "M" * 120
# What is wider than the page, apart from what is inside an element that scrolls by itself, as the table of progress.
WIDEST = """() => {
  const page = document.documentElement;
  if (page.scrollWidth <= page.clientWidth) return "";
  const scrolls = e => e && e !== document.body && (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX)
    || scrolls(e.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter(e =>
    e.getBoundingClientRect().right > page.clientWidth + 1 && !scrolls(e.parentElement));
  return `${page.scrollWidth} px: ${wide.slice(0, 3).map(e => e.tagName + "." + e.className).join(" ")}`;
}"""


def addresses(world: World, role: str) -> list[str]:
    named = [world.addresses[name] for name, roles in PAGES.items() if role in roles.split()]
    return [*named, *(variant.format(**vars(world)) for variant in VARIANTS.get(role, []))]


@pytest.fixture
def long_words(world):
    User.objects.exclude(email="beheer@example.org").update(name=NAME)
    Module.objects.update(title=TITLE, period=TITLE[:60])
    for case in Case.objects.published():
        case.title = TITLE
        case.save()
        editions.publish_after_rename(case=case, note="")
    return world


@pytest.fixture
def world(transactional_db):
    return World()


@pytest.mark.parametrize("role", ["visitor", "student", "teacher"])
def test_a_long_name_or_title_makes_no_page_wider_than_the_screen(open_page, expected_problems, long_words, role):
    expected_problems.append("status of 40[34]")
    page = open_page(user=long_words.users[role])
    found = []
    for address in addresses(long_words, role):
        page.goto(address)
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            found.append((address, width, page.evaluate(WIDEST)))
    assert [f"{address} at {width}: {wide}" for address, width, wide in found if wide] == []


@pytest.mark.parametrize("role", ["visitor", "student", "teacher"])
def test_with_letters_of_double_size_no_page_is_wider_than_a_narrow_screen(open_page, expected_problems, world, role):
    expected_problems.append("status of 40[34]")
    page = open_page(width=320, user=world.users[role])
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '200%' })"
    )
    found = {}
    for address in addresses(world, role):
        page.goto(address)
        found[address] = page.evaluate(WIDEST)
    assert [f"{address}: {wide}" for address, wide in found.items() if wide] == []
