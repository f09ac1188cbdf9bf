"""The menu of every role, and the links of editors and teachers outside it."""

import re

import pytest

from questions.models import Role
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in
from tests.world import World

pytestmark = pytest.mark.django_db

BOOK = [("Casussen", "/casussen/"), ("Over deze bundel", "/over/")]
OWN = [("Modules", "/modules/"), ("Mijn gegevens", "/mijn-gegevens/")]
OWN_OF_EDITORS = [OWN[0], ("Redactie", "/beheer/"), OWN[1]]
MENUS = {
    "visitor": [*BOOK, ("Meedoen", "/meedoen/"), ("Inloggen", "/account/inloggen/?next=/over/")],
    "student": [*BOOK, ("Antwoorden", "/antwoorden/"), *OWN, ("name", "/antwoorden/")],
    "stranger": [*BOOK, ("Antwoorden", "/antwoorden/"), *OWN, ("name", "/antwoorden/")],
    "teacher": [*BOOK, ("Antwoorden", "/ingeleverd/"), *OWN, ("name", "/antwoorden/")],
    "editor": [*BOOK, ("Antwoorden", "/antwoorden/"), *OWN_OF_EDITORS, ("name", "/antwoorden/")],
    "administrator": [*BOOK, ("Antwoorden", "/antwoorden/"), *OWN_OF_EDITORS, ("name", "/antwoorden/")],
}


def menu_of(page: str) -> list[tuple[str, str]]:
    """Return the links of the menu: their text and address; `name` is the name of the user."""
    menu = re.search(r'<ul class="menu__list">.*?</ul>', page, re.DOTALL)[0]
    links = re.findall(r'<a( class="menu__name")? href="([^"]+)"[^>]*>\s*([^<]+?)\s*<', menu)
    return [("name" if is_name else text, address) for is_name, address, text in links]


@pytest.mark.parametrize("role", MENUS)
def test_menu_has_the_links_of_the_role(role):
    page = World().client(role).get("/over/").content.decode()
    assert menu_of(page) == MENUS[role]


def test_user_who_is_teacher_and_student_has_links_to_both(client):
    user = UserFactory(groups=["Docenten"])
    ModuleFactory(teacher=user)
    enrol(ModuleFactory(), user)
    client.force_login(user)
    menu = dict(menu_of(client.get("/over/").content.decode()))
    assert (menu["Antwoorden"], menu["name"]) == ("/ingeleverd/", "/antwoorden/")


def test_teacher_who_left_the_module_has_the_menu_of_a_student(client):
    module = ModuleFactory()
    teaching = module.enrolments.get(role=Role.TEACHER)
    client.force_login(teaching.user)
    assert dict(menu_of(client.get("/over/").content.decode()))["Antwoorden"] == "/ingeleverd/"
    teaching.left_at = teaching.joined_at
    teaching.save()
    assert dict(menu_of(client.get("/over/").content.decode()))["Antwoorden"] == "/antwoorden/"


@pytest.mark.parametrize("groups", [[], ["Docenten"], ["Redactie", "Eindredactie"]])
def test_menu_takes_no_queries_of_its_own(client, django_assert_num_queries, groups):
    client.force_login(UserFactory(groups=groups))
    with django_assert_num_queries(2):  # the session and the user
        client.get("/over/")


# --- Editors ---


@pytest.mark.parametrize("groups", [["Redactie"], ["Eindredactie"], ["Docenten"], []])
def test_page_of_a_case_has_a_link_to_edit_it_for_editors_only(client, groups):
    case = published_case()
    link = f'href="/beheer/cases/case/{case.pk}/change/">Bewerk deze casus</a>'
    assert link not in client.get(case.get_absolute_url()).content.decode()
    client.force_login(UserFactory(groups=groups))
    page = client.get(case.get_absolute_url()).content.decode()
    assert (link in page) is bool({"Redactie", "Eindredactie"} & set(groups))
    assert ("Geef als opdracht" in page) is ("Docenten" in groups)


# --- What students handed in ---


@pytest.fixture
def teacher(client):
    teacher = UserFactory(groups=["Docenten"])
    client.force_login(teacher)
    return teacher


def lines_of(client) -> list[str]:
    """Return the headings of the page in their order, with the number of answers to read."""
    page = client.get("/ingeleverd/").content.decode()
    found = re.findall(r"<h[23][^>]*><a[^>]*>([^<]+)</a>|(\d+) antwoord(?:en)? te lezen", page)
    return [heading or f"{number} te lezen" for heading, number in found]


def test_answers_that_wait_come_first(client, teacher):
    case = published_case(title="De koelkast", kolbs=["doener", "denker"])
    quiet, busy = (ModuleFactory(teacher=teacher, title=title, period="") for title in ("Stil", "Druk"))
    done = AssignmentFactory(module=quiet, case=case)
    AssignmentFactory(module=busy, case=published_case(title="Zonder antwoorden"))
    waiting = AssignmentFactory(module=busy, case=case)
    submission = hand_in(done, enrol(quiet), 0)
    submission.feedback.create(author=teacher, verdict="gelezen", released_at=submission.submitted_at)
    for number in (0, 1):
        hand_in(waiting, enrol(busy), number)
    assert lines_of(client) == ["Druk", "De koelkast", "2 te lezen", "Stil", "De koelkast"]


def test_answers_of_modules_of_other_teachers_are_not_shown(client, teacher):
    assignment = AssignmentFactory(module=ModuleFactory(title="Van een ander"))
    hand_in(assignment, enrol(assignment.module), 0)
    page = client.get("/ingeleverd/").content.decode()
    assert "Van een ander" not in page
    assert "Er is nog niets ingeleverd." in page


@pytest.mark.parametrize("count", [1, 3])
def test_page_of_answers_uses_a_fixed_number_of_queries(client, teacher, django_assert_num_queries, count):
    for _each in range(count):
        assignment = AssignmentFactory(module=ModuleFactory(teacher=teacher))
        hand_in(assignment, enrol(assignment.module), 0)
    client.get("/ingeleverd/")
    # The session, the user, modules, submissions, students who have begun, unreleased feedback and assignments.
    with django_assert_num_queries(7):
        client.get("/ingeleverd/")


# --- Codes ---


def test_home_of_visitors_has_a_field_for_a_code(client):
    page = client.get("/").content.decode()
    form = re.search(r'<form class="search code-field" action="/meedoen/">.*?</form>', page, re.DOTALL)[0]
    assert 'name="code"' in form


def test_projector_shows_the_short_address_and_the_code(client, teacher, settings):
    settings.SITE_URL = "https://casus.example.nl"
    module = ModuleFactory(teacher=teacher, code="ABC234")
    page = " ".join(client.get(f"/modules/{module.pk}/scherm/").content.decode().split())
    assert '<b class="screen__link">casus.example.nl/meedoen</b> en typ de code.' in page
    assert '<p class="screen__code"><span>Code</span> ABC 234</p>' in page
