"""Tests of the queries for current enrolments and their roles."""

import re

import pytest
from django.conf import settings
from django.utils import timezone

from questions.models import Enrolment, Module, Role, current_enrolment
from tests.factories import UserFactory
from tests.questions.factories import ModuleFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrolments():
    """Return one enrolment of each kind in one module, by the name of the kind."""
    module = ModuleFactory(teacher=False)
    former = {"left_at": timezone.now()}
    return {
        "student": enrol(module),
        "former student": enrol(module, **former),
        "teacher": enrol(module, role=Role.TEACHER),
        "former teacher": enrol(module, role=Role.TEACHER, **former),
    }


@pytest.mark.parametrize(
    ("query", "names"),
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
def test_querysets_distinguish_roles_and_former_members(enrolments, query, names):
    module = enrolments["student"].module
    assert {name for name, enrolment in enrolments.items() if enrolment in query(module.enrolments)} == names
    assert query(Enrolment.objects).count() == len(names)


def test_properties_of_an_enrolment_agree_with_the_querysets(enrolments):
    assert [name for name, enrolment in enrolments.items() if enrolment.is_current_student] == ["student"]
    assert [name for name, enrolment in enrolments.items() if enrolment.is_current_teacher] == ["teacher"]


@pytest.mark.parametrize(
    "field", [{"is_active": False}, {"deletion_due_at": timezone.now()}], ids=["inactive", "deletion due"]
)
def test_accounts_that_are_off_or_will_be_deleted_are_excluded(enrolments, field):
    user = enrolments["teacher"].user
    type(user).objects.filter(pk=user.pk).update(**field)
    assert set(Enrolment.objects.current().with_lasting_account()) == {enrolments["student"]}


def test_lookups_apply_to_one_and_the_same_enrolment():
    module, user = ModuleFactory(), UserFactory()
    enrol(module, user)
    assert Module.objects.filter(**current_enrolment("enrolments", user=user)).get() == module
    assert not Module.objects.filter(**current_enrolment("enrolments", user=user, role=Role.TEACHER)).exists()


def test_only_the_model_contains_the_condition_for_current_enrolments():
    files = [file for app in ("questions", "casebook", "cases") for file in (settings.BASE_DIR / app).rglob("*.py")]
    condition = re.compile(r'left_at(__isnull=True|=None|": None)')
    assert [file.relative_to(settings.BASE_DIR).as_posix() for file in files if condition.search(file.read_text())] == [
        "questions/models/modules.py"
    ]
