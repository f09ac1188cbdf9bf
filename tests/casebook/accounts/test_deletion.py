"""Account deletion removes every trace from the tables and, on SQLite, from the files of the database."""

import base64
import re
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casebook.accounts.deletion import DeletionSummary
from casebook.models import User
from cases.models import KeptUpload
from questions.actions import pins
from questions.models import (
    Answer,
    AnswerVersion,
    Comment,
    Enrolment,
    Feedback,
    FeedbackVersion,
    Module,
    Role,
    SharedReading,
    Submission,
    TeacherInvitation,
)
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend, hand_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

PASSWORD = "een lang wachtwoord"
FIRST, SECOND, CURRENT = "hermelijn@first.example", "hermelijn@second.example", "hermelijn@third.example"
NAME = "Wezel Bunzing"
# The strings to search for: each is in something that was written by or about the user.
TRACES = {
    *(FIRST, SECOND, CURRENT, NAME, "hermelijn", "bunzing"),
    *("dasdraft", "dasversie", "dasingeleverd", "daseigen", "daszin", "dasfeedback", "dasbestand", "dasuitstel"),
}


def everything_stored() -> dict[str, list[str]]:
    """Return for each table all its values as text, and the decoded sessions."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found[table] = [_as_text(value) for row in cursor.fetchall() for value in row]
    found["decoded sessions"] = [str(session.get_decoded()) for session in Session.objects.all()]
    return found


def _as_text(value) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    text = str(value)
    if re.fullmatch(r"[A-Za-z0-9+/=\s]{16,}", text):  # values of the cache are in base64
        with suppress(ValueError):
            text += base64.b64decode(text).decode("latin-1")
    return text


def traces() -> dict[str, set[str]]:
    """Return for each table the traces of the user in it."""
    found = {}
    for table, texts in everything_stored().items():
        content = "\n".join(texts).lower()
        if in_table := {trace for trace in TRACES if trace.lower() in content}:
            found[table] = in_table
    return found


def files() -> list[Path]:
    database = Path(connection.settings_dict["NAME"])
    return [path for path in database.parent.glob(f"{database.name}*") if path.is_file()]


def traces_in_files() -> dict[str, set[str]]:
    found = {}
    for path in files():
        content = path.read_bytes().lower()
        if in_file := {trace for trace in TRACES if trace.lower().encode() in content}:
            found[path.name] = in_file
    return found


def send(client: Client, address: str, status: int = 302, **fields) -> None:
    response = client.post(address, fields)
    assert response.status_code == status, (address, response.status_code, response.content.decode()[:2000])


@pytest.fixture
def administrator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD))
    return client


@pytest.fixture
def user(settings, administrator) -> User:
    """Return a user with three addresses and rows in every table, who requested deletion."""
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
    user = UserFactory(name=NAME, email=FIRST)
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    assert client.post(reverse("account_login"), {"login": FIRST, "password": PASSWORD}).status_code == 302
    use_an_invitation(administrator, client)
    invite(administrator, FIRST)  # never used
    change_address(client, SECOND)
    invite(administrator, SECOND)
    administrator.post(
        reverse("admin:questions_teacherinvitation_delete", args=[TeacherInvitation.objects.latest("pk").pk]),
        {"post": "yes"},
    )
    invite(administrator, SECOND)
    change_address(client, CURRENT)
    invite(administrator, CURRENT)
    use_the_admin(administrator, user)
    add_work_as_student(user)
    for address in (FIRST, SECOND, CURRENT):
        Client().post(reverse("account_request_login_code"), {"email": address})
        Client().post(reverse("account_login"), {"login": address, "password": "verkeerd"})
    other_browser = Client()
    other_browser.post(reverse("account_login"), {"login": CURRENT, "password": PASSWORD})
    assert set().union(*traces().values()) == TRACES, "every trace is stored before the deletion"
    send(client, reverse("own_data_leave"), proof=PASSWORD)
    return user


def invite(administrator: Client, email: str) -> str:
    response = administrator.post(reverse("admin:questions_teacherinvitation_add"), {"email": email})
    return re.search(r"https?://[^/\s\"]+(/[^\s\"<]+)", response.context_data["link"])[1]


def use_an_invitation(administrator: Client, client: Client) -> None:
    send(client, invite(administrator, FIRST))
    assert TeacherInvitation.objects.filter(used_at__isnull=False).exists()


def change_address(client: Client, email: str) -> None:
    send(client, reverse("own_data"), form="adres", email=email, proof=PASSWORD)


def use_the_admin(administrator: Client, user: User) -> None:
    administrator.post(reverse("admin:casebook_user_reset_link", args=[user.pk]))
    address = reverse("admin:casebook_user_change", args=[user.pk])
    send(
        administrator,
        address,
        email=CURRENT,
        name=NAME,
        is_active="on",
        groups=[group.pk for group in user.groups.all()],
    )


def add_work_as_student(user: User) -> None:
    case = published_case(kolbs=["doener", "denker", "beschouwer"])
    assignment = AssignmentFactory(case=case, due_at=timezone.now() + timedelta(days=1))
    enrolment = enrol(assignment.module, user)
    extend(assignment, enrolment, timezone.now() + timedelta(days=3), reason="dasuitstel")
    submission = hand_in(assignment, enrolment, 0, "Dit is dasingeleverd.")
    draft = Answer.objects.create(
        student=user, assignment=assignment, question=case.questions.all()[1], text="Dit is dasdraft."
    )
    AnswerVersion.objects.create(answer=draft, text="Dit was dasversie.", base_revision=1, kind="conflict")
    Answer.objects.create(student=user, question=case.questions.first(), text="Voor mij: daseigen.")
    SharedReading.objects.create(assignment=assignment, student=user)
    pins.pin(submission=submission, teacher=assignment.module.enrolments.get(role=Role.TEACHER).user)
    add_work_as_teacher(user, case)
    KeptUpload.objects.create(owner=user, content=b"dasbestand")  # not compressed here, so that it can be found


def add_work_as_teacher(user: User, case) -> None:
    module = ModuleFactory(teacher=user)
    enrol(module, role=Role.TEACHER)
    assignment = AssignmentFactory(module=module, case=case)
    submission = hand_in(assignment, enrol(module), 0, "Van een ander.")
    Comment.objects.create(owner=user, text="Vaak daszin.")
    Comment.objects.create(owner=user, module=module, text="Ook daszin.")
    Feedback.objects.create(submission=submission, author=user, text="Nog niet af: dasfeedback.")
    FeedbackVersion.objects.create(submission=submission, author=user, text="Eerst dasfeedback.", kind="undone")


def make_deletions_due() -> None:
    User.objects.exclude(deletion_due_at=None).update(deletion_due_at=timezone.now() - timedelta(minutes=1))


def test_no_table_has_a_trace_of_a_deleted_user(user):
    make_deletions_due()
    call_command("tidy")
    assert traces() == {}
    assert Submission.objects.count() == Enrolment.objects.filter(role=Role.STUDENT).count() == 1, "the rows of others"


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_no_database_file_has_a_trace_of_a_deleted_user(user):
    assert traces_in_files() != {}
    make_deletions_due()
    call_command("tidy")
    assert traces_in_files() == {}


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_the_tidy_command_reports_a_reader_that_blocks_the_checkpoint(user, capsys):
    make_deletions_due()
    connection.settings_dict["OPTIONS"]["timeout"], timeout = 1, connection.settings_dict["OPTIONS"]["timeout"]
    connection.close()
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM casebook_user").fetchone()
        call_command("tidy")
        assert "Another program is reading the database" in capsys.readouterr().err
        reader.execute("COMMIT")
    call_command("tidy")
    assert "Another program" not in capsys.readouterr().err
    assert traces_in_files() == {}
    connection.settings_dict["OPTIONS"]["timeout"] = timeout
    connection.close()


def test_an_unused_invitation_is_deleted_a_month_after_it_expires():
    for days, email in ((29, "kort@example.org"), (31, "lang@example.org")):
        ended = timezone.now() - timedelta(days=days)
        TeacherInvitation.objects.create(email=email, token_hash=email, expires_at=ended)
    call_command("tidy")
    assert [invitation.email for invitation in TeacherInvitation.objects.all()] == ["kort@example.org"]


def test_the_tidy_command_does_not_delete_valid_sessions(client):
    other = UserFactory()
    client.force_login(other)
    call_command("tidy")
    assert client.get(reverse("own_data")).status_code == 200


EMPTY = DeletionSummary(0, 0, 0, 0, 0, [], [])


@pytest.mark.parametrize(
    ("counts", "sentences"),
    [
        ({}, []),
        ({"answers": 1}, ["1 antwoord, met alle eerdere versies."]),
        (
            {"answers": 2, "handed_in": 1},
            ["2 antwoorden, met alle eerdere versies. Ook wat je inleverde: je docent kan het dan niet meer lezen."],
        ),
        ({"feedback_received": 3}, ["De feedback die je kreeg, 3 keer."]),
        (
            {"feedback_unreleased": 1},
            ["Feedback die je nog niet vrijgaf, 1 keer. De student krijgt die niet meer te zien."],
        ),
        ({"that_go": [Module(title="100% <b>")]}, ["De module “100% <b>”: daar zit verder niemand in."]),
    ],
)
def test_the_summary_lists_what_is_deleted(counts, sentences):
    assert replace(EMPTY, **counts).goes == sentences


@pytest.mark.parametrize(
    ("counts", "openings"),
    [
        ({}, ["Niets dat met jou te maken heeft."]),
        ({"answers": 2}, ["Niets dat met jou te maken heeft."]),
        ({"handed_in": 1}, ["Per opdracht een getal"]),
        ({"handed_in": 1, "feedback_given": 2}, ["Per opdracht een getal", "De feedback die je vrijgaf, 2 keer."]),
    ],
)
def test_the_summary_lists_what_stays(counts, openings):
    stays = replace(EMPTY, **counts).stays
    assert [sentence[: len(opening)] for sentence, opening in zip(stays, openings, strict=True)] == openings
