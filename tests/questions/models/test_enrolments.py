"""Who is in a module now, and in which role."""

import re

import pytest
from django.conf import settings
from django.utils import timezone

from questions.models import Enrolment, Module, Role, current_enrolment
from tests.factories import UserFactory
from tests.questions.factories import ModuleFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    """By name one enrolment of each kind in one module."""
    module = ModuleFactory(teacher=False)
    gone = {"left_at": timezone.now()}
    return {
        "student": enrol(module),
        "former student": enrol(module, **gone),
        "teacher": enrol(module, role=Role.TEACHER),
        "former teacher": enrol(module, role=Role.TEACHER, **gone),
    }


@pytest.mark.parametrize(
    ("ask", "found"),
    [
        (lambda rows: rows.current(), {"student", "teacher"}),
        (lambda rows: rows.students(), {"student", "former student"}),
        (lambda rows: rows.teachers(), {"teacher", "former teacher"}),
        (lambda rows: rows.current().students(), {"student"}),
        (lambda rows: rows.current().teachers(), {"teacher"}),
        (lambda rows: rows.filter(**current_enrolment(role=Role.TEACHER)), {"teacher"}),
    ],
    ids=["current", "students", "teachers", "current students", "current teachers", "lookups"],
)
def test_a_queryset_tells_apart_who_is_in_a_module(people, ask, found):
    module = people["student"].module
    assert {name for name, person in people.items() if person in ask(module.enrolments)} == found
    assert ask(Enrolment.objects).count() == len(found)


def test_an_enrolment_says_the_same_of_itself(people):
    assert [name for name, person in people.items() if person.is_current_student] == ["student"]
    assert [name for name, person in people.items() if person.is_current_teacher] == ["teacher"]


@pytest.mark.parametrize("field", [{"is_active": False}, {"deletion_due_at": timezone.now()}], ids=["off", "leaving"])
def test_an_account_that_does_not_last_is_left_out(people, field):
    user = people["teacher"].user
    type(user).objects.filter(pk=user.pk).update(**field)
    assert set(Enrolment.objects.current().with_lasting_account()) == {people["student"]}


def test_the_lookups_ask_all_of_one_enrolment():
    module, user = ModuleFactory(), UserFactory()
    enrol(module, user)
    assert Module.objects.filter(**current_enrolment("enrolments", user=user)).get() == module
    assert not Module.objects.filter(**current_enrolment("enrolments", user=user, role=Role.TEACHER)).exists()


def test_only_the_model_spells_out_who_is_in_a_module_now():
    files = [file for app in ("questions", "casebook", "cases") for file in (settings.BASE_DIR / app).rglob("*.py")]
    spelled = re.compile(r'left_at(__isnull=True|=None|": None)')
    assert [file.relative_to(settings.BASE_DIR).as_posix() for file in files if spelled.search(file.read_text())] == [
        "questions/models/modules.py"
    ]
