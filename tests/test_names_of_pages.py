"""The names of pages: titles, headings and breadcrumbs, and the names of modules in them."""

import html
import re
from collections import defaultdict

import pytest
from django.urls import reverse

from questions.models import Module
from tests.browser.test_accessibility import PAGES
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.once]

ROLES = ("visitor", "student", "teacher")
SAME_PAGE = {  # addresses that show what another one shows
    ("teacher", "questions:assignment"),  # the preview of assignment_as_student
    ("student", "own_data_goodbye"),
}
TABS = {
    "questions:assignment_feedback": "Feedback",
    "questions:overview": "Overzicht",
    "questions:assignment_extensions": "Uitstel",
    "questions:assignment_edit": "Bewerk",
    "questions:assignment_as_student": "Als student",
}
RELATED = (
    "questions:assignment_edition",
    "questions:not_begun",
    "questions:submission_changes",
    "questions:assignment_story",
)


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


@pytest.fixture(autouse=True)
def mail(settings) -> None:
    """Without mail there is no page to ask for a code by mail."""
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


def element(page: str, tag: str) -> str:
    """Return the text of the first element with this tag: of the title, or within the main part of the page."""
    page = page if tag == "title" else page.partition("<main")[2]
    return text_of(re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", page, re.DOTALL)[1])


def pages_of(world: World, role: str) -> dict[str, str]:
    """Return by name the pages that this role opens."""
    found = {}
    for name, roles in PAGES.items():
        if role in roles.split():
            response = world.client(role).get(world.addresses[name])
            assert response.status_code in {200, 302}, name  # two pages of accounts need an earlier step
            if response.status_code == 200:
                found[name] = response.content.decode()
    assert len(found) > 8
    return found


@pytest.mark.parametrize("role", ROLES)
def test_title_of_every_page_is_of_that_page_only(role):
    names = defaultdict(list)
    for name, page in pages_of(World(), role).items():
        if (role, name) not in SAME_PAGE:
            names[element(page, "title")].append(name)
    assert {title: pages for title, pages in names.items() if len(pages) > 1} == {}


@pytest.mark.parametrize(("name", "tab"), TABS.items())
def test_page_of_an_assignment_has_its_name_in_title_and_heading(name, tab):
    world = World()
    page = world.client("teacher").get(world.addresses[name]).content.decode()
    own_name = f"{tab}: {world.case.title}"
    assert element(page, "h1") == own_name
    assert element(page, "title") == f"{own_name} · {world.module} · Casusboek"


@pytest.mark.parametrize(("name", "tab"), [*TABS.items(), ("questions:assignment", "Als student")])
def test_pages_of_an_assignment_have_one_row_of_links_that_marks_the_page_itself(name, tab):
    world = World()
    page = world.client("teacher").get(world.addresses[name]).content.decode()
    row = re.search(r'<nav class="page-tabs".*?</nav>', page, re.DOTALL)[0]
    links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>([^<]+)</a>', row)
    pk = world.assignment.pk
    assert links == [(reverse(name, args=[pk]), ' aria-current="page"' * (t == tab), t) for name, t in TABS.items()]


@pytest.mark.parametrize("name", [*TABS, *RELATED])
def test_breadcrumbs_of_pages_about_an_assignment_lead_to_it(name):
    world = World()
    page = world.client("teacher").get(world.addresses[name]).content.decode()
    crumbs = re.search(r'<p class="row small crumbs">(.*?)</p>', page, re.DOTALL)[1]
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', crumbs) == [
        ("/modules/", "Modules"),
        (world.module.get_absolute_url(), str(world.module)),
        (reverse("questions:assignment_feedback", args=[world.assignment.pk]), world.case.title),
    ]


def test_breadcrumbs_of_a_student_lead_to_the_module():
    world = World()
    page = world.client("student").get(world.addresses["questions:assignment"]).content.decode()
    crumbs = re.search(r'<p class="row small crumbs">(.*?)</p>', page, re.DOTALL)[1]
    assert re.findall(r'href="([^"]+)"', crumbs) == ["/modules/", world.module.get_absolute_url()]
    assert '<nav class="page-tabs"' not in page


# --- Two modules with one title ---


PERIODS = ("blok 2, 2025–2026", "blok 2, 2026–2027")
WITH_A_LINE_FOR_THE_PERIOD = {"questions:module", "questions:module_as_student", "questions:join"}  # below the heading


def bare_names(name: str, page: str, title: str) -> list[str]:
    """Return the places where the title of a module is without its period, which fields have apart."""
    page = re.sub(r"<(input|textarea)\b[^>]*>", "", page)
    if name in WITH_A_LINE_FOR_THE_PERIOD:
        page = re.sub(r"<h1.*?</h1>", "", page, flags=re.DOTALL)
    text = text_of(page)
    ends = [found.end() for found in re.finditer(re.escape(title), text)]
    return [
        text[max(0, end - 60) : end + 30]
        for end in ends
        if not text[end:].startswith(tuple(f" ({p})" for p in PERIODS))
    ]


@pytest.mark.parametrize("role", ["student", "teacher", "administrator"])
def test_modules_with_one_title_are_told_apart_by_their_period_on_every_page(role):
    world = World()
    Module.objects.filter(pk=world.last_year.pk).update(period=PERIODS[0], archived_at=None)
    Module.objects.filter(pk=world.module.pk).update(period=PERIODS[1])
    if role == "administrator":
        kinds = ("module", "enrolment", "assignment")
        pages = {kind: world.client(role).get(f"/beheer/questions/{kind}/").content.decode() for kind in kinds[1:]}
    else:
        pages = pages_of(world, role)
    found = {name: bare_names(name, page, world.module.title) for name, page in pages.items()}
    assert {name: bare for name, bare in found.items() if bare} == {}
    assert sum(f"{world.module.title} ({PERIODS[1]})" in page for page in pages.values()) >= 2


@pytest.mark.parametrize(("period", "name"), [("", "Wijkwerk"), ("blok 2", "Wijkwerk (blok 2)")])
def test_name_of_a_module_has_its_period_in_brackets(period, name):
    assert str(Module(title="Wijkwerk", period=period)) == name
