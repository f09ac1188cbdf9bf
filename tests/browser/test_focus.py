"""No part of a page that stays in sight covers the element that has the focus."""

import pytest

from tests.browser.test_accessibility import PAGES, VARIANTS
from tests.world import World

SCREENS = [(1280, 600), (320, 256)]
# Focus each element that Tab reaches, forwards and then backwards, and look at five points of it. A point that is in
# view must be of the element itself, of its content, or of what it is in; not of a sticky or fixed part.
FIND_COVERED = """() => {
    const floats = (element) => {
        for (let each = element; each && each !== document.body; each = each.parentElement)
            if (["sticky", "fixed"].includes(getComputedStyle(each).position)) return each;
        return null;
    };
    const nameOf = (element) => (element.getAttribute("aria-label") || element.textContent || element.name || "")
        .trim().replace(/\\s+/g, " ").slice(0, 40);
    const found = [];
    const selector = "a[href], button, input, select, textarea, summary, iframe, [tabindex]";
    const elements = [...document.querySelectorAll(selector)];
    for (const element of [...elements, ...elements.reverse()]) {
        if (element.tabIndex < 0 || element.disabled || !element.checkVisibility()) continue;
        element.focus();
        if (document.activeElement !== element) continue;
        const box = [...element.getClientRects()].find(({ width, height }) => width > 1 && height > 1);
        if (!box) continue; // hidden visually: a file field, a radio button under its label
        const [x, y] = [box.width / 4, box.height / 4];
        const points = [[2, 2], [1, 1], [3, 1], [1, 3], [3, 3]].map(([h, v]) => [box.left + h * x, box.top + v * y]);
        const seen = points.filter(([h, v]) => h >= 0 && v >= 0 && h < innerWidth && v < innerHeight);
        const cover = seen
            .map(([h, v]) => document.elementFromPoint(h, v))
            .find((top) => top && !element.contains(top) && !top.contains(element) && floats(top) !== floats(element));
        const by = cover && floats(cover);
        if (by) found.push(`«${nameOf(element)}» under <${by.tagName.toLowerCase()} class="${by.className}">`);
        if (!seen.length) found.push(`«${nameOf(element)}» is out of view`);
    }
    return [...new Set(found)];
}"""


@pytest.mark.long
@pytest.mark.parametrize("role", ["visitor", "student", "teacher"])
def test_no_focused_element_is_covered(open_page, expected_problems, role):
    expected_problems.append("status of 40[34]")
    world = World()
    page = open_page(user=world.users[role], reduced_motion="reduce")
    addresses = [world.addresses[name] for name, roles in PAGES.items() if role in roles.split()]
    problems = []
    for address in [*addresses, *(variant.format(**vars(world)) for variant in VARIANTS[role])]:
        page.goto(address)
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            problems += [f"{address} at {width}: {problem}" for problem in page.evaluate(FIND_COVERED)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_no_focused_element_is_covered_by_the_bar_of_a_selection(open_page, width, height):
    world = World()
    page = open_page(width=width, user=world.users["teacher"], reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(world.addresses["questions:assignment_feedback"])
    page.locator("input[type=checkbox][name=antwoord]").first.check()
    assert page.evaluate(FIND_COVERED) == []


def test_a_link_under_a_sticky_part_is_found(open_page, transactional_db):
    page = open_page(reduced_motion="reduce")
    page.goto("/over/")
    page.evaluate("""() => {
        const bar = document.createElement("div");
        bar.className = "bar";
        bar.style.cssText = "position: fixed; inset: 0 0 auto; height: 20rem; background: white";
        document.body.append(bar);
    }""")
    assert any('class="bar"' in problem for problem in page.evaluate(FIND_COVERED))
