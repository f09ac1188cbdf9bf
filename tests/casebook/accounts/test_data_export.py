"""Every row that is about a person, in whatever table, is in the copy of their data and goes with their account.

The relations are found by walking the models, so a new one fails here until the table below says what becomes of it.
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
GONE, ANONYMOUS, SOME_STAY = "gone", "anonymous", "some stay without a name"


@dataclass(frozen=True)
class Row:
    """What becomes of the rows of one relation."""

    after: str
    key: str = ""  # of the copy, where the words are found
    words: str = ""
    reason: str = ""  # why it is not in the copy


TABLE = {
    "account.EmailAddress.user": Row(GONE, reason="always empty: User.email is the only address"),
    "account.EmailConfirmation.email_address": Row(GONE, reason="always empty, as the addresses"),
    "admin.LogEntry.user": Row(GONE, "log_by_you", "Gedaan door haar."),
    "admin.LogEntry.object_id": Row(GONE, "log_about_you", "Gedaan met haar account."),
    "casebook.User_groups.user": Row(GONE, "account", "Docenten"),
    "casebook.User_user_permissions.user": Row(GONE, "account", "merge_actor"),
    "cases.Case.sent_in_by": Row(ANONYMOUS, "cases_sent_in", "Ingestuurde casus"),
    "cases.Edition.published_by": Row(ANONYMOUS, "published_editions", "Wat ze erbij schreef."),
    "cases.KeptUpload.owner": Row(GONE, "uploads", "haar-casus.md"),
    "questions.Answer.student": Row(GONE, "answers", "Haar concept."),
    "questions.AnswerVersion.answer": Row(GONE, "answers", "Haar eerdere tekst."),
    "questions.CoTeacherInvitation.invited_by": Row(GONE, "co_teacher_links", "Vastgezet door haar"),
    "questions.CoTeacherInvitation.opened_by": Row(GONE, "co_teacher_links_opened", "Van een collega"),
    "questions.Comment.owner": Row(GONE, "comments", "Haar zin."),
    "questions.Enrolment.user": Row(GONE, "enrolments", "Haar module"),
    "questions.Extension.enrolment": Row(GONE, "extensions", "Haar uitstel."),
    "questions.Feedback.author": Row(SOME_STAY, "feedback_given", "Haar feedback."),
    "questions.Feedback.submission": Row(GONE, "answers", "Feedback voor haar."),
    "questions.FeedbackVersion.author": Row(GONE, "feedback_versions", "Haar eerdere feedback."),
    "questions.FeedbackVersion.submission": Row(GONE, reason="a text that a teacher did not choose is the teacher's"),
    "questions.Module.people": Row(GONE, "enrolments", "Haar module"),
    "questions.PinnedAnswer.pinned_by": Row(GONE, "pinned", "Vastgezet door haar"),
    "questions.PinnedAnswer.submission": Row(GONE, "own_answers_pinned", "Haar module"),
    "questions.SharedReading.student": Row(GONE, "shared_readings", "Haar module"),
    "questions.Submission.answer": Row(GONE, "answers", "Haar ingeleverde tekst."),
    "questions.TeacherInvitation.invited_by": Row(ANONYMOUS, "invitations_sent", "created_at"),
    "questions.TeacherInvitation.person": Row(GONE, "invitations", "eerder@example.org"),
}


@dataclass(frozen=True)
class Relation:
    model: type[models.Model]
    path: str  # from a row to its person
    is_hers: bool  # the rows belong to the person, so what refers to them does too

    def rows(self, user: User) -> models.QuerySet:
        if self.path == "object_id":
            kind = ContentType.objects.get_for_model(User)
            return self.model.objects.filter(content_type=kind, object_id=str(user.pk))
        return self.model._base_manager.filter(**{self.path: user.pk})


def relations() -> dict[str, Relation]:
    """Everything that refers to a user: directly, or by way of rows that are the user's own; also any row that can be
    about whatever object."""
    found: dict[str, Relation] = {}
    hers: dict[type[models.Model], str] = {User: ""}
    waiting = [User]
    while waiting:
        target = waiting.pop(0)
        for model in apps.get_models(include_auto_created=True):
            for field in model._meta.get_fields(include_hidden=True):
                refers = not field.auto_created and field.is_relation and field.related_model is target
                if model is User or not refers or not (field.concrete or field.many_to_many):
                    continue
                path = "__".join(filter(None, (field.name, hers[target])))
                is_hers = not field.many_to_many and field.remote_field.on_delete is models.CASCADE
                found[f"{model._meta.label}.{field.name}"] = Relation(model, path, is_hers)
                if is_hers and model not in hers:
                    hers[model] = path
                    waiting.append(model)
    for model in apps.get_models():
        names = {field.name for field in model._meta.get_fields()}
        if any(hasattr(field, "ct_field") for field in model._meta.private_fields) or "object_id" in names:
            found[f"{model._meta.label}.object_id"] = Relation(model, "object_id", is_hers=True)
    return found


RELATIONS = relations()


@pytest.fixture
def her(client) -> User:
    """Somebody with a row in every table that can have one."""
    her = UserFactory(name="Noor Rahimi", email="eerder@example.org", groups=["Docenten"])
    her.set_password(PASSWORD)
    her.save()
    her.user_permissions.add(Permission.objects.get(codename="merge_actor"))
    administrator = UserFactory(is_superuser=True)
    as_student(her)
    as_teacher(her)
    as_editor(her)
    teacher_invitations.invite(invitation=TeacherInvitation(email=her.email), by=administrator)
    teacher_invitations.invite(invitation=TeacherInvitation(email="ander@example.org"), by=her)
    address = EmailAddress.objects.create(user=her, email=her.email)
    EmailConfirmation.objects.create(email_address=address, key="x")
    about_her = {"content_type": ContentType.objects.get_for_model(User), "object_id": str(her.pk)}
    said = {"object_repr": "Noor Rahimi", "action_flag": 2, "change_message": "Gedaan met haar account."}
    LogEntry.objects.create(user=administrator, **about_her, **said)
    browser = Client()
    browser.force_login(her)
    sent = {"form": "adres", "email": "nu@example.org", "proof": PASSWORD}
    assert browser.post(reverse("own_data"), sent).status_code == 302
    her.refresh_from_db()
    return her


def as_student(her: User) -> None:
    case = published_case(kolbs=["doener", "denker"])
    assignment = AssignmentFactory(module=ModuleFactory(title="Haar module"), case=case)
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    place = enrol(assignment.module, her)
    extend(assignment, place, timezone.now(), reason="Haar uitstel.")
    handed = hand_in(assignment, place, 0, "Haar ingeleverde tekst.")
    given = {"submission": handed, "author": teacher}
    Feedback.objects.create(**given, text="Feedback voor haar.", released_at=timezone.now())
    FeedbackVersion.objects.create(**given, text="Niet voor haar.", kind="undone")
    pins.pin(submission=handed, teacher=teacher)
    draft = {"student": her, "assignment": assignment, "question": case.questions.get(key="vraag-2")}
    answer = Answer.objects.create(text="Haar concept.", **draft)
    AnswerVersion.objects.create(answer=answer, text="Haar eerdere tekst.", base_revision=1, kind="conflict")
    SharedReading.objects.create(assignment=assignment, student=her)


def as_teacher(her: User) -> None:
    module = ModuleFactory(title="Vastgezet door haar", teacher=her)
    enrol(module, role=Role.TEACHER)
    assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener", "denker"]))
    student = enrol(module)
    handed = [hand_in(assignment, student, number, "Van een ander.") for number in range(2)]
    Feedback.objects.create(submission=handed[0], author=her, text="Haar feedback.", released_at=timezone.now())
    Feedback.objects.create(submission=handed[1], author=her, text="Nog niet vrij.")
    FeedbackVersion.objects.create(submission=handed[0], author=her, text="Haar eerdere feedback.", kind="undone")
    Comment.objects.create(owner=her, text="Haar zin.")
    co_teacher_invitations.invite(module=module, by=her)
    colleague = UserFactory()
    offered = co_teacher_invitations.invite(
        module=ModuleFactory(title="Van een collega", teacher=colleague), by=colleague
    )
    co_teacher_invitations.open_link(invitation=offered, user=her)
    pins.pin(submission=handed[0], teacher=her)


def as_editor(her: User) -> None:
    editions.publish(case=ConceptFactory(), by=her, note="Wat ze erbij schreef.")
    editions.send_in(case=ConceptFactory(title="Ingestuurde casus"), by=her)
    imports.keep(files=[Packed("haar-casus.md", b"tekst")], owner=her)
    LogEntry.objects.create(
        user=her,
        content_type=ContentType.objects.get_for_model(Case),
        object_id="1",
        object_repr="1. Een casus",
        action_flag=2,
        change_message="Gedaan door haar.",
    )


def copy_of(user: User) -> dict:
    client = Client()
    client.force_login(user)
    return json.loads(client.get(reverse("own_data_json")).content)


def test_every_relation_to_a_user_has_a_row_in_the_table():
    assert set(RELATIONS) == set(TABLE)


def test_what_is_not_in_the_copy_has_a_reason():
    assert [name for name, row in TABLE.items() if bool(row.key) == bool(row.reason)] == []


def test_the_person_of_this_test_has_a_row_in_every_table(her):
    assert [name for name, relation in RELATIONS.items() if not relation.rows(her).exists()] == []


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.key])
def test_it_is_in_the_copy_of_ones_data(her, name):
    row, data = TABLE[name], copy_of(her)
    assert row.words in json.dumps(data.get(row.key), ensure_ascii=False)
    assert row.key in data["explanation"]


def test_the_copy_says_nothing_that_others_wrote_or_are(her):
    content = json.dumps(copy_of(her), ensure_ascii=False)
    for words in ("Van een ander.", "Niet voor haar.", "ander@example.org"):
        assert words not in content


def test_the_copy_has_what_a_place_in_a_module_says(her):
    Enrolment.objects.filter(user=her).update(reading_choices={"by": "student"}, asked_back_at=timezone.now())
    for place in copy_of(her)["enrolments"]:
        assert place.get("reading_choices") == {"by": "student"}
        assert place.get("asked_back_at")
        assert Enrolment.objects.filter(user=her, tag=place.get("tag")).exists()


@pytest.mark.parametrize("name", TABLE)
def test_it_goes_with_the_account_or_loses_its_name(her, name):
    assert name in RELATIONS
    relation, expected = RELATIONS[name], TABLE[name].after
    keys = list(relation.rows(her).values_list("pk", flat=True))
    assert keys
    User.objects.filter(pk=her.pk).update(deletion_due_at=timezone.now() - timedelta(minutes=1))
    call_command("tidy")
    assert not relation.rows(her).exists()
    left = relation.model._base_manager.filter(pk__in=keys)
    if expected == GONE and relation.is_hers:
        assert not left.exists()
    elif expected == ANONYMOUS:
        assert left.count() == len(keys)
    elif expected == SOME_STAY:
        assert [(given.author, given.text) for given in left] == [(None, "Haar feedback.")]


def test_the_copy_of_a_withdrawn_case_says_nothing_of_what_it_told(her):
    edition = Edition.objects.get(note="Wat ze erbij schreef.")
    LogEntry.objects.create(
        user=her,
        content_type=ContentType.objects.get_for_model(Case),
        object_id=str(edition.case_id),
        object_repr=str(edition.case),
        action_flag=2,
        change_message=json.dumps([{"changed": {"name": "vraag", "object": "Wat zegt Uysal?", "fields": ["text"]}}]),
    )
    editions.withdraw(case=edition.case, reason="Ze herkende zich.")
    content = json.dumps(copy_of(her), ensure_ascii=False)
    assert "Uysal" not in content
    assert "Wat ze erbij schreef." not in content


def test_the_copy_takes_as_many_queries_however_much_there_is(her, django_assert_num_queries):
    client = Client()
    client.force_login(her)
    client.get(reverse("own_data_json"))
    for _more in range(2):
        as_student(her)
        as_teacher(her)
        as_editor(her)
        with django_assert_num_queries(29):
            client.get(reverse("own_data_json"))
