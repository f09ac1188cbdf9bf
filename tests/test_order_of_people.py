"""The order of people, the same in every list: by surname, whatever their capitals, accents and particles."""

import csv
import io
import re

import openpyxl
import pytest
from django.urls import reverse

from casebook.models import User
from questions.models import Role
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend, hand_in
from tests.questions.templatetags.test_dates import at

pytestmark = pytest.mark.django_db

# In the order of a list; first names, capitals and accents would each give another order.
NAMES = ["Zoë Ångström", "petra van der Berg", "Anna Bergman", "Élodie de Boer", "Noor Rahimi", "Łukasz Zając"]
MIXED = [NAMES[place] for place in (4, 1, 5, 0, 3, 2)]


@pytest.fixture
def teacher():
    return UserFactory(name="Aad Aaldering", groups=["Docenten"])


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, groups=[])


@pytest.fixture
def assignment(module):
    return AssignmentFactory(module=module, due_at=at("2026-12-01 12:00"))


@pytest.fixture
def read(client, teacher):
    client.force_login(teacher)

    def read(address: str) -> str:
        response = client.get(address)
        assert response.status_code == 200
        return response.content.decode()

    return read


def in_order(page: str) -> list[str]:
    """Return the names as they first occur in the main part of a page."""
    main = page[page.index("<main") :] if "<main" in page else page
    found = {name: main.index(name) for name in NAMES if name in main}
    return sorted(found, key=found.get)


def module_page(read, client, module, assignment):
    return read(f"/modules/{module.pk}/")


def teachers_of_a_module(read, client, module, assignment):
    module.enrolments.filter(role=Role.STUDENT).update(role=Role.TEACHER)
    return read(f"/modules/{module.pk}/docenten/")


def those_who_left(read, client, module, assignment):
    module.enrolments.filter(role=Role.STUDENT).update(left_at=at("2026-11-01 12:00"))
    return read(f"/modules/{module.pk}/")


def progress(read, client, module, assignment):
    return read(f"/modules/{module.pk}/voortgang/")


def not_begun(read, client, module, assignment):
    return read(f"/opdrachten/{assignment.pk}/niet-begonnen/")


def choice_for_an_extension(read, client, module, assignment):
    return read(f"/opdrachten/{assignment.pk}/uitstel/")


def extensions(read, client, module, assignment):
    for enrolment in module.enrolments.filter(role=Role.STUDENT):
        extend(assignment, enrolment, at("2026-12-08 12:00"))
    page = read(f"/opdrachten/{assignment.pk}/uitstel/")
    return re.sub(r"<select.*?</select>", "", page, flags=re.DOTALL)


def feedback_by_question(read, client, module, assignment):
    return desk(read, module, assignment, "")


def feedback_by_student(read, client, module, assignment):
    page = desk(read, module, assignment, f"?student={module.enrolments.filter(role=Role.STUDENT).first().tag}")
    return re.search(r'<select id="student".*?</select>', page, re.DOTALL)[0]


def desk(read, module, assignment, query: str) -> str:
    for enrolment in module.enrolments.filter(role=Role.STUDENT):
        hand_in(assignment, enrolment)
    return read(f"/opdrachten/{assignment.pk}/feedback/{query}")


def excel(read, client, module, assignment):
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/modules/{module.pk}/voortgang/export.xlsx").content))
    return "\n".join(str(row[0]) for row in book["Stand"].iter_rows(values_only=True))


def csv_file(read, client, module, assignment):
    content = client.get(f"/modules/{module.pk}/voortgang/export.csv").content.decode("utf-8-sig")
    return "\n".join(row[0] for row in csv.reader(io.StringIO(content), delimiter=";"))


def users_in_admin(read, client, module, assignment):
    client.force_login(User.objects.create_superuser("beheer@example.org", "Beheer"))
    return client.get(reverse("admin:casebook_user_changelist")).content.decode()


def enrolments_in_admin(read, client, module, assignment):
    client.force_login(User.objects.create_superuser("beheer@example.org", "Beheer"))
    return client.get(reverse("admin:questions_enrolment_changelist")).content.decode()


LISTS = [
    module_page,
    teachers_of_a_module,
    those_who_left,
    progress,
    not_begun,
    choice_for_an_extension,
    extensions,
    feedback_by_question,
    feedback_by_student,
    excel,
    csv_file,
    users_in_admin,
    enrolments_in_admin,
]


@pytest.mark.parametrize("list_of_people", LISTS)
def test_people_are_in_the_order_of_their_surnames(read, client, module, assignment, list_of_people):
    for name in MIXED:
        enrol(module, UserFactory(name=name))
    assert in_order(list_of_people(read, client, module, assignment)) == NAMES


def test_names_without_latin_letters_come_last_on_each_database(module):
    for name in ("سميرة نور", "Zoë Zwart", "Ольга Иванова"):
        enrol(module, UserFactory(name=name))
    people = module.enrolments.filter(role=Role.STUDENT).order_by("user__sort_name")
    assert [enrolment.user.name for enrolment in people] == ["Zoë Zwart", "Ольга Иванова", "سميرة نور"]


# The sort name of a user


@pytest.fixture
def me(client):
    user = UserFactory(name="Petra van der Berg")
    client.force_login(user)
    return user


def change(client, me, name: str, sort_name: str) -> str:
    """Send the form for the own name, and return the stored sort name."""
    client.post(reverse("own_data"), {"form": "naam", "name": name, "sort_name": sort_name})
    me.refresh_from_db()
    return me.sort_name


def test_the_own_data_show_the_sort_name(client, me):
    page = client.get(reverse("own_data")).content.decode()
    assert "Sorteer mijn naam onder" in page
    assert 'value="berg petra"' in page
    assert client.get(reverse("own_data_json")).json()["account"]["sort_name"] == "berg petra"


@pytest.mark.parametrize(
    ("name", "typed", "stored"),
    [
        ("Petra van der Berg", "Van der Berg", "van der berg"),
        ("Petra van der Berg", "", "berg petra"),
        ("Petra van der Berg", "\u200b", "berg petra"),
        ("Petra van der Berg", "Ångström-Łuk, P.", "angstrom luk p"),
        ("Petra de Wit", "berg petra", "wit petra"),
        ("Petra de Wit", "Berg", "berg"),
    ],
)
def test_users_can_change_their_sort_name(client, me, name, typed, stored):
    assert change(client, me, name, typed) == stored


def test_a_sort_name_that_was_chosen_stays_when_the_name_changes(client, me):
    assert change(client, me, me.name, "Aaa") == "aaa"
    assert change(client, me, "Petra de Wit", "aaa") == "aaa"


def test_a_changed_name_in_the_admin_changes_the_sort_name(client, me):
    client.force_login(User.objects.create_superuser("beheer@example.org", "Beheer"))
    sent = {"email": me.email, "name": "Petra de Wit", "sort_name": me.sort_name, "is_active": "on"}
    client.post(reverse("admin:casebook_user_change", args=[me.pk]), sent)
    me.refresh_from_db()
    assert (me.name, me.sort_name) == ("Petra de Wit", "wit petra")
    client.post(reverse("admin:casebook_user_change", args=[me.pk]), sent | {"sort_name": "Zzz"})
    me.refresh_from_db()
    assert (me.name, me.sort_name) == ("Petra de Wit", "zzz")
