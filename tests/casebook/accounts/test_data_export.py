"""Every row about a user is in the data export, and is deleted or made anonymous with the account.

The relations are collected from the models: a new relation fails here until EXPECTED lists it.
"""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casebook.models import User
from cases.files.archives import Packed
from cases.models import Case, Edition
from cases.publishing import editions
from cases.transfer import imports
from questions.actions import co_teacher_invitations, pins, teacher_invitations
from questions.models import (
    Answer,
    AnswerVersion,
    Comment,
    Enrolment,
    Feedback,
    FeedbackVersion,
    Role,
    SharedReading,
    TeacherInvitation,
)
from tests.factories import ConceptFactory, UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend, hand_in

pytestmark = pytest.mark.django_db

PASSWORD = "een lang wachtwoord"
DELETED, ANONYMOUS, SOME_ANONYMOUS = "deleted", "anonymous", "some anonymous"


@dataclass(frozen=True)
class Expected:
    """The key and the text of the rows of one relation in the data export, and their fate after account deletion."""

    after: str
    key: str = ""  # the key of the export that has the text
    text: str = ""
    reason: str = ""  # why the rows are not in the export


EXPECTED = {
    "account.EmailAddress.user": Expected(DELETED, reason="always empty: User.email is the only address"),
    "account.EmailConfirmation.email_address": Expected(DELETED, reason="always empty, as the addresses"),
    "admin.LogEntry.user": Expected(DELETED, "log_by_you", "Gedaan door haar."),
    "admin.LogEntry.object_id": Expected(DELETED, "log_about_you", "Gedaan met haar account."),
    "casebook.User_groups.user": Expected(DELETED, "account", "Docenten"),
    "casebook.User_user_permissions.user": Expected(DELETED, "account", "merge_actor"),
    "cases.Case.sent_in_by": Expected(ANONYMOUS, "cases_sent_in", "Ingestuurde casus"),
    "cases.Edition.published_by": Expected(ANONYMOUS, "published_editions", "Wat ze erbij schreef."),
    "cases.KeptUpload.owner": Expected(DELETED, "uploads", "haar-casus.md"),
    "questions.Answer.student": Expected(DELETED, "answers", "Haar concept."),
    "questions.AnswerVersion.answer": Expected(DELETED, "answers", "Haar eerdere tekst."),
    "questions.CoTeacherInvitation.invited_by": Expected(DELETED, "co_teacher_links", "Vastgezet door haar"),
    "questions.CoTeacherInvitation.opened_by": Expected(DELETED, "co_teacher_links_opened", "Van een collega"),
    "questions.Comment.owner": Expected(DELETED, "comments", "Haar zin."),
    "questions.Enrolment.user": Expected(DELETED, "enrolments", "Haar module"),
    "questions.Extension.enrolment": Expected(DELETED, "extensions", "Haar uitstel."),
    "questions.Feedback.author": Expected(SOME_ANONYMOUS, "feedback_given", "Haar feedback."),
    "questions.Feedback.submission": Expected(DELETED, "answers", "Feedback voor haar."),
    "questions.FeedbackVersion.author": Expected(DELETED, "feedback_versions", "Haar eerdere feedback."),
    "questions.FeedbackVersion.submission": Expected(
        DELETED, reason="an earlier text of a teacher belongs to the teacher"
    ),
    "questions.Module.people": Expected(DELETED, "enrolments", "Haar module"),
    "questions.PinnedAnswer.pinned_by": Expected(DELETED, "pinned", "Vastgezet door haar"),
    "questions.PinnedAnswer.submission": Expected(DELETED, "own_answers_pinned", "Haar module"),
    "questions.SharedReading.student": Expected(DELETED, "shared_readings", "Haar module"),
    "questions.Submission.answer": Expected(DELETED, "answers", "Haar ingeleverde tekst."),
    "questions.TeacherInvitation.invited_by": Expected(ANONYMOUS, "invitations_sent", "created_at"),
    "questions.TeacherInvitation.person": Expected(DELETED, "invitations", "eerder@example.org"),
}


@dataclass(frozen=True)
class Relation:
    model: type[models.Model]
    path: str  # the lookup from a row to its user
    is_owned: bool  # the rows belong to the user, so rows that refer to them do too

    def rows(self, user: User) -> models.QuerySet:
        if self.path == "object_id":
            kind = ContentType.objects.get_for_model(User)
            return self.model.objects.filter(content_type=kind, object_id=str(user.pk))
        return self.model._base_manager.filter(**{self.path: user.pk})


def relations() -> dict[str, Relation]:
    """Return every relation to a user: direct, through rows that belong to the user, or generic."""
    found: dict[str, Relation] = {}
    paths: dict[type[models.Model], str] = {User: ""}
    targets = [User]
    while targets:
        target = targets.pop(0)
        for model in apps.get_models(include_auto_created=True):
            for field in model._meta.get_fields(include_hidden=True):
                refers = not field.auto_created and field.is_relation and field.related_model is target
                if model is User or not refers or not (field.concrete or field.many_to_many):
                    continue
                path = "__".join(filter(None, (field.name, paths[target])))
                is_owned = not field.many_to_many and field.remote_field.on_delete is models.CASCADE
                found[f"{model._meta.label}.{field.name}"] = Relation(model, path, is_owned)
                if is_owned and model not in paths:
                    paths[model] = path
                    targets.append(model)
    for model in apps.get_models():
        names = {field.name for field in model._meta.get_fields()}
        if any(hasattr(field, "ct_field") for field in model._meta.private_fields) or "object_id" in names:
            found[f"{model._meta.label}.object_id"] = Relation(model, "object_id", is_owned=True)
    return found


RELATIONS = relations()


@pytest.fixture
def user(client) -> User:
    """Return a user with rows in every relation."""
    user = UserFactory(name="Noor Rahimi", email="eerder@example.org", groups=["Docenten"])
    user.set_password(PASSWORD)
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="merge_actor"))
    administrator = UserFactory(is_superuser=True)
    add_work_as_student(user)
    add_work_as_teacher(user)
    add_work_as_editor(user)
    teacher_invitations.invite(invitation=TeacherInvitation(email=user.email), by=administrator)
    teacher_invitations.invite(invitation=TeacherInvitation(email="ander@example.org"), by=user)
    address = EmailAddress.objects.create(user=user, email=user.email)
    EmailConfirmation.objects.create(email_address=address, key="x")
    about_user = {"content_type": ContentType.objects.get_for_model(User), "object_id": str(user.pk)}
    entry = {"object_repr": "Noor Rahimi", "action_flag": 2, "change_message": "Gedaan met haar account."}
    LogEntry.objects.create(user=administrator, **about_user, **entry)
    browser = Client()
    browser.force_login(user)
    sent = {"form": "adres", "email": "nu@example.org", "proof": PASSWORD}
    assert browser.post(reverse("own_data"), sent).status_code == 302
    user.refresh_from_db()
    return user


def add_work_as_student(user: User) -> None:
    case = published_case(kolbs=["doener", "denker"])
    assignment = AssignmentFactory(module=ModuleFactory(title="Haar module"), case=case)
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    enrolment = enrol(assignment.module, user)
    extend(assignment, enrolment, timezone.now(), reason="Haar uitstel.")
    submission = hand_in(assignment, enrolment, 0, "Haar ingeleverde tekst.")
    feedback = {"submission": submission, "author": teacher}
    Feedback.objects.create(**feedback, text="Feedback voor haar.", released_at=timezone.now())
    FeedbackVersion.objects.create(**feedback, text="Niet voor haar.", kind="undone")
    pins.pin(submission=submission, teacher=teacher)
    draft = {"student": user, "assignment": assignment, "question": case.questions.get(key="vraag-2")}
    answer = Answer.objects.create(text="Haar concept.", **draft)
    AnswerVersion.objects.create(answer=answer, text="Haar eerdere tekst.", base_revision=1, kind="conflict")
    SharedReading.objects.create(assignment=assignment, student=user)


def add_work_as_teacher(user: User) -> None:
    module = ModuleFactory(title="Vastgezet door haar", teacher=user)
    enrol(module, role=Role.TEACHER)
    assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener", "denker"]))
    student = enrol(module)
    submissions = [hand_in(assignment, student, number, "Van een ander.") for number in range(2)]
    Feedback.objects.create(submission=submissions[0], author=user, text="Haar feedback.", released_at=timezone.now())
    Feedback.objects.create(submission=submissions[1], author=user, text="Nog niet vrij.")
    FeedbackVersion.objects.create(submission=submissions[0], author=user, text="Haar eerdere feedback.", kind="undone")
    Comment.objects.create(owner=user, text="Haar zin.")
    co_teacher_invitations.invite(module=module, by=user)
    colleague = UserFactory()
    invitation = co_teacher_invitations.invite(
        module=ModuleFactory(title="Van een collega", teacher=colleague), by=colleague
    )
    co_teacher_invitations.open_link(invitation=invitation, user=user)
    pins.pin(submission=submissions[0], teacher=user)


def add_work_as_editor(user: User) -> None:
    editions.publish(case=ConceptFactory(), by=user, note="Wat ze erbij schreef.")
    editions.send_in(case=ConceptFactory(title="Ingestuurde casus"), by=user)
    imports.keep(files=[Packed("haar-casus.md", b"tekst")], owner=user)
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Case),
        object_id="1",
        object_repr="1. Een casus",
        action_flag=2,
        change_message="Gedaan door haar.",
    )


def data_export_of(user: User) -> dict:
    client = Client()
    client.force_login(user)
    return json.loads(client.get(reverse("own_data_json")).content)


def test_the_table_lists_every_relation_to_a_user():
    assert set(RELATIONS) == set(EXPECTED)


def test_every_relation_is_in_the_export_or_has_a_reason():
    assert [name for name, row in EXPECTED.items() if bool(row.key) == bool(row.reason)] == []


def test_the_user_of_these_tests_has_a_row_in_every_relation(user):
    assert [name for name, relation in RELATIONS.items() if not relation.rows(user).exists()] == []


@pytest.mark.parametrize("name", [name for name, row in EXPECTED.items() if row.key])
def test_the_rows_of_a_relation_are_in_the_data_export(user, name):
    row, data = EXPECTED[name], data_export_of(user)
    assert row.text in json.dumps(data.get(row.key), ensure_ascii=False)
    assert row.key in data["explanation"]


def test_the_export_has_no_texts_or_addresses_of_others(user):
    content = json.dumps(data_export_of(user), ensure_ascii=False)
    for text in ("Van een ander.", "Niet voor haar.", "ander@example.org"):
        assert text not in content


def test_the_export_has_the_fields_of_an_enrolment(user):
    Enrolment.objects.filter(user=user).update(reading_choices={"by": "student"}, asked_back_at=timezone.now())
    for enrolment in data_export_of(user)["enrolments"]:
        assert enrolment.get("reading_choices") == {"by": "student"}
        assert enrolment.get("asked_back_at")
        assert Enrolment.objects.filter(user=user, tag=enrolment.get("tag")).exists()


@pytest.mark.parametrize("name", EXPECTED)
def test_account_deletion_deletes_the_rows_of_a_relation_or_makes_them_anonymous(user, name):
    assert name in RELATIONS
    relation, expected = RELATIONS[name], EXPECTED[name].after
    keys = list(relation.rows(user).values_list("pk", flat=True))
    assert keys
    User.objects.filter(pk=user.pk).update(deletion_due_at=timezone.now() - timedelta(minutes=1))
    call_command("tidy")
    assert not relation.rows(user).exists()
    remaining = relation.model._base_manager.filter(pk__in=keys)
    if expected == DELETED and relation.is_owned:
        assert not remaining.exists()
    elif expected == ANONYMOUS:
        assert remaining.count() == len(keys)
    elif expected == SOME_ANONYMOUS:
        assert [(feedback.author, feedback.text) for feedback in remaining] == [(None, "Haar feedback.")]


def test_the_export_has_no_content_of_a_withdrawn_case(user):
    edition = Edition.objects.get(note="Wat ze erbij schreef.")
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Case),
        object_id=str(edition.case_id),
        object_repr=str(edition.case),
        action_flag=2,
        change_message=json.dumps([{"changed": {"name": "vraag", "object": "Wat zegt Uysal?", "fields": ["text"]}}]),
    )
    editions.withdraw(case=edition.case, reason="Ze herkende zich.")
    content = json.dumps(data_export_of(user), ensure_ascii=False)
    assert "Uysal" not in content
    assert "Wat ze erbij schreef." not in content


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(user, django_assert_num_queries):
    client = Client()
    client.force_login(user)
    client.get(reverse("own_data_json"))
    for _ in range(2):
        add_work_as_student(user)
        add_work_as_teacher(user)
        add_work_as_editor(user)
        with django_assert_num_queries(29):
            client.get(reverse("own_data_json"))
