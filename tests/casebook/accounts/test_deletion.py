"""An account that was deleted leaves nothing behind: in no table, and on SQLite in no file of the database."""

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
FIRST, SECOND, NOW = "hermelijn@first.example", "hermelijn@second.example", "hermelijn@third.example"
NAME = "Wezel Bunzing"
# What is looked for: each stands in something that she wrote, or that was written about her.
TRACES = {
    *(FIRST, SECOND, NOW, NAME, "hermelijn", "bunzing"),
    *("dasdraft", "dasversie", "dasingeleverd", "daseigen", "daszin", "dasfeedback", "dasbestand", "dasuitstel"),
}


def everything_stored() -> dict[str, list[str]]:
    """By table, everything in it as text; sessions as they read."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found[table] = [_as_text(value) for row in cursor.fetchall() for value in row]
    found["sessions as they read"] = [str(session.get_decoded()) for session in Session.objects.all()]
    return found


def _as_text(value) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    text = str(value)
    if re.fullmatch(r"[A-Za-z0-9+/=\s]{16,}", text):  # the cache stores its values so
        with suppress(ValueError):
            text += base64.b64decode(text).decode("latin-1")
    return text


def traces() -> dict[str, set[str]]:
    """By table, what is left of her there."""
    found = {}
    for table, texts in everything_stored().items():
        said = "\n".join(texts).lower()
        if there := {trace for trace in TRACES if trace.lower() in said}:
            found[table] = there
    return found


def files() -> list[Path]:
    database = Path(connection.settings_dict["NAME"])
    return [path for path in database.parent.glob(f"{database.name}*") if path.is_file()]


def traces_in_files() -> dict[str, set[str]]:
    found = {}
    for path in files():
        content = path.read_bytes().lower()
        if there := {trace for trace in TRACES if trace.lower().encode() in content}:
            found[path.name] = there
    return found


def send(client: Client, address: str, status: int = 302, **fields) -> None:
    response = client.post(address, fields)
    assert response.status_code == status, (address, response.status_code, response.content.decode()[:2000])


@pytest.fixture
def chief() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD))
    return client


@pytest.fixture
def her(settings, chief) -> User:
    """Somebody who did whatever there is to do, under three addresses, and who asked to be deleted."""
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
    her = UserFactory(name=NAME, email=FIRST)
    her.set_password(PASSWORD)
    her.save()
    client = Client()
    assert client.post(reverse("account_login"), {"login": FIRST, "password": PASSWORD}).status_code == 302
    use_an_invitation(chief, client)
    invite(chief, FIRST)  # which she never uses
    move(client, SECOND)
    invite(chief, SECOND)
    chief.post(
        reverse("admin:questions_teacherinvitation_delete", args=[TeacherInvitation.objects.latest("pk").pk]),
        {"post": "yes"},
    )
    invite(chief, SECOND)
    move(client, NOW)
    invite(chief, NOW)
    in_the_admin(chief, her)
    work(her)
    for address in (FIRST, SECOND, NOW):
        Client().post(reverse("account_request_login_code"), {"email": address})
        Client().post(reverse("account_login"), {"login": address, "password": "verkeerd"})
    other_browser = Client()
    other_browser.post(reverse("account_login"), {"login": NOW, "password": PASSWORD})
    assert set().union(*traces().values()) == TRACES, "all of it is there to be deleted"
    send(client, reverse("own_data_leave"), proof=PASSWORD)
    return her


def invite(chief: Client, email: str) -> str:
    response = chief.post(reverse("admin:questions_teacherinvitation_add"), {"email": email})
    return re.search(r"https?://[^/\s\"]+(/[^\s\"<]+)", response.context_data["link"])[1]


def use_an_invitation(chief: Client, client: Client) -> None:
    send(client, invite(chief, FIRST))
    assert TeacherInvitation.objects.filter(used_at__isnull=False).exists()


def move(client: Client, email: str) -> None:
    send(client, reverse("own_data"), form="adres", email=email, proof=PASSWORD)


def in_the_admin(chief: Client, her: User) -> None:
    chief.post(reverse("admin:casebook_user_reset_link", args=[her.pk]))
    address = reverse("admin:casebook_user_change", args=[her.pk])
    send(chief, address, email=NOW, name=NAME, is_active="on", groups=[group.pk for group in her.groups.all()])


def work(her: User) -> None:
    case = published_case(kolbs=["doener", "denker", "beschouwer"])
    assignment = AssignmentFactory(case=case, due_at=timezone.now() + timedelta(days=1))
    place = enrol(assignment.module, her)
    extend(assignment, place, timezone.now() + timedelta(days=3), reason="dasuitstel")
    handed = hand_in(assignment, place, 0, "Dit is dasingeleverd.")
    draft = Answer.objects.create(
        student=her, assignment=assignment, question=case.questions.all()[1], text="Dit is dasdraft."
    )
    AnswerVersion.objects.create(answer=draft, text="Dit was dasversie.", base_revision=1, kind="conflict")
    Answer.objects.create(student=her, question=case.questions.first(), text="Voor mij: daseigen.")
    SharedReading.objects.create(assignment=assignment, student=her)
    pins.pin(submission=handed, teacher=assignment.module.enrolments.get(role=Role.TEACHER).user)
    teach(her, case)
    KeptUpload.objects.create(owner=her, content=b"dasbestand")  # not compressed here, so that it can be found


def teach(her: User, case) -> None:
    module = ModuleFactory(teacher=her)
    enrol(module, role=Role.TEACHER)
    assignment = AssignmentFactory(module=module, case=case)
    handed = hand_in(assignment, enrol(module), 0, "Van een ander.")
    Comment.objects.create(owner=her, text="Vaak daszin.")
    Comment.objects.create(owner=her, module=module, text="Ook daszin.")
    Feedback.objects.create(submission=handed, author=her, text="Nog niet af: dasfeedback.")
    FeedbackVersion.objects.create(submission=handed, author=her, text="Eerst dasfeedback.", kind="undone")


def let_the_days_pass() -> None:
    User.objects.exclude(deletion_due_at=None).update(deletion_due_at=timezone.now() - timedelta(minutes=1))


def test_after_seven_days_and_the_tidying_no_table_has_a_trace(her):
    let_the_days_pass()
    call_command("tidy")
    assert traces() == {}
    assert Submission.objects.count() == Enrolment.objects.filter(role=Role.STUDENT).count() == 1, "of the others"


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_nor_has_a_file_of_the_database(her):
    assert traces_in_files() != {}
    let_the_days_pass()
    call_command("tidy")
    assert traces_in_files() == {}


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_reader_that_keeps_the_log_of_the_database_is_named(her, capsys):
    let_the_days_pass()
    connection.settings_dict["OPTIONS"]["timeout"], patience = 1, connection.settings_dict["OPTIONS"]["timeout"]
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
    connection.settings_dict["OPTIONS"]["timeout"] = patience
    connection.close()


def test_an_invitation_to_nobody_goes_when_it_is_over_for_a_month():
    for days, email in ((29, "kort@example.org"), (31, "lang@example.org")):
        ended = timezone.now() - timedelta(days=days)
        TeacherInvitation.objects.create(email=email, token_hash=email, expires_at=ended)
    call_command("tidy")
    assert [invitation.email for invitation in TeacherInvitation.objects.all()] == ["kort@example.org"]


def test_sessions_of_others_stay(client):
    other = UserFactory()
    client.force_login(other)
    call_command("tidy")
    assert client.get(reverse("own_data")).status_code == 200


NOTHING = DeletionSummary(0, 0, 0, 0, 0, [], [])


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
def test_the_page_says_what_goes(counts, sentences):
    assert replace(NOTHING, **counts).goes == sentences


@pytest.mark.parametrize(
    ("counts", "openings"),
    [
        ({}, ["Niets dat met jou te maken heeft."]),
        ({"answers": 2}, ["Niets dat met jou te maken heeft."]),
        ({"handed_in": 1}, ["Per opdracht een getal"]),
        ({"handed_in": 1, "feedback_given": 2}, ["Per opdracht een getal", "De feedback die je vrijgaf, 2 keer."]),
    ],
)
def test_the_page_says_what_stays(counts, openings):
    stays = replace(NOTHING, **counts).stays
    assert [sentence[: len(opening)] for sentence, opening in zip(stays, openings, strict=True)] == openings
