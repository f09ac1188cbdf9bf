"""Forms that make something: the same form sent twice, later or at the same moment, makes it once."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from casebook.lib import once
from casebook.models import SentForm
from questions.models import Assignment, Comment, CoTeacherInvitation, Module
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory
from tests.test_rights import TABLE as RIGHTS
from tests.world import World

# The page of each form that makes something, what is typed, and what it makes.
FORMS = {
    "questions:module_new": ("/modules/nieuw/", {"title": "Wijkwerk"}, Module),
    "questions:module_copy": ("/modules/{module}/kopie/", {"title": "Wijkwerk", "weeks": "52"}, Module),
    "questions:assignment_new": ("/modules/{module}/opdrachten/nieuw/?casus={case}", {}, Assignment),
    "questions:module_teachers": ("/modules/{module}/docenten/", {}, CoTeacherInvitation),
    "questions:comments": ("/zinnen/", {"text": "Waar zie je dat?"}, Comment),
}
each_form = pytest.mark.parametrize("name", FORMS)


@pytest.fixture
def teacher(db):
    return UserFactory(groups=["Docenten"])


@pytest.fixture
def form_of(teacher):
    """Return a function that returns an address, the values of its form as a browser sends them, and its model."""
    module, case = ModuleFactory(teacher=teacher), published_case()
    AssignmentFactory(module=module, case=case)

    def form_of(name: str) -> tuple[str, dict, type]:
        page, typed, model = FORMS[name]
        address = page.format(module=module.pk, case=case.slug)
        response = signed_in(teacher).get(address)
        assert response.resolver_match.view_name == name
        [form] = html.fromstring(response.content.decode()).xpath("//form[.//input[@name='request_key']]")
        return address, dict(form.fields) | {"questions": [case.questions.get().pk]} | typed, model

    return form_of


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sendable(values: dict) -> dict:
    return {name: value for name, value in values.items() if value is not None}


@each_form
def test_the_same_form_sent_twice_makes_one_thing(teacher, form_of, name):
    address, values, model = form_of(name)
    before = model.objects.count()
    first, second = (signed_in(teacher).post(address, sendable(values)) for _time in range(2))
    assert model.objects.count() == before + 1
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url == second.url


@pytest.mark.parametrize("name", [name for name in FORMS if name != "questions:comments"])  # a bank has no text twice
def test_a_form_that_is_opened_again_makes_another_thing(teacher, form_of, name):
    before = FORMS[name][2].objects.count()
    for _time in range(2):
        address, values, model = form_of(name)
        signed_in(teacher).post(address, sendable(values))
    assert model.objects.count() == before + 2


@pytest.mark.django_db(transaction=True)
@each_form
def test_the_same_form_sent_twice_at_once_makes_one_thing(teacher, form_of, name):
    address, values, model = form_of(name)
    before, barrier, found = model.objects.count(), Barrier(2), []

    def send(client: Client) -> None:
        try:
            barrier.wait()
            found.append(client.post(address, sendable(values)))
        finally:
            connection.close()

    threads = [Thread(target=send, args=[signed_in(teacher)]) for _time in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [response.status_code for response in found] == [302, 302]
    assert found[0].url == found[1].url
    assert model.objects.count() == before + 1


def test_a_form_that_was_changed_after_going_back_makes_another_thing(teacher, form_of):
    address, values, _model = form_of("questions:module_new")
    client = signed_in(teacher)
    client.post(address, sendable(values))
    client.post(address, sendable(values | {"title": "Een andere module"}))
    assert Module.objects.filter(title__in=["Wijkwerk", "Een andere module"]).count() == 2


def test_a_refused_form_can_be_sent_again(teacher, form_of, monkeypatch):
    address, values, _model = form_of("questions:module_new")
    client = signed_in(teacher)
    with monkeypatch.context() as patch:
        patch.setattr("questions.actions.row_limits.MODULES", 0)
        assert client.post(address, sendable(values)).status_code == 200
    assert client.post(address, sendable(values)).status_code == 302


def test_a_refused_invitation_can_be_sent_again(teacher, form_of, monkeypatch):
    address, values, model = form_of("questions:module_teachers")
    client = signed_in(teacher)
    with monkeypatch.context() as patch:
        patch.setattr("questions.actions.co_teacher_invitations.MOST_OPEN", 0)
        assert "Er staan al 0 links open." in client.post(address, sendable(values), follow=True).content.decode()
    client.post(address, sendable(values))
    assert model.objects.count() == 1


def test_the_same_form_of_another_user_is_another_form(teacher, form_of):
    address, values, _model = form_of("questions:module_new")
    other = UserFactory(groups=["Docenten"])
    for user in (teacher, other):
        signed_in(user).post(address, sendable(values | {"user": user.pk}))
    assert Module.objects.filter(title="Wijkwerk").count() == 2


@pytest.mark.parametrize("key", [None, "", "x", "A" * 32, "a" * 33])
def test_a_form_without_a_proper_key_is_handled_as_before(teacher, key):
    client = signed_in(teacher)
    sent = {"title": "Wijkwerk", "user": teacher.pk} | ({} if key is None else {"request_key": key})
    for _time in range(2):
        assert client.post(reverse("questions:module_new"), sent).status_code == 302
    assert Module.objects.count() == 2
    assert not SentForm.objects.exists()


def test_old_keys_are_deleted_and_recent_ones_stay(db):
    old, recent = SentForm.objects.create(key="a" * 64), SentForm.objects.create(key="b" * 64)
    SentForm.objects.filter(pk=old.pk).update(created_at=timezone.now() - once.REMEMBERED_FOR * 2)
    once.tidy()
    assert list(SentForm.objects.all()) == [recent]


def test_only_forms_in_the_table_and_forms_that_share_a_page_have_a_key(db):
    world, found = World(), set()
    for line in RIGHTS.strip().splitlines():
        name = line.split()[0]
        response = world.client("teacher").get(world.addresses[name])
        if 'name="request_key"' in response.content.decode(errors="replace"):
            found.add(name)
    others = {"questions:module_edit", "questions:assignment_edit"}  # the same templates; changing twice is harmless
    others.add("questions:assignment_feedback")  # it undoes: tests/questions/views/test_feedback_release.py
    assert found - others | {"questions:assignment_new"} == set(FORMS)
