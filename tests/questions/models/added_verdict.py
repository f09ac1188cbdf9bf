"""Tests for a copy of the code that has one more verdict. `test_verdicts.py` makes the copy and runs them there."""

import io
import json

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from questions.actions import feedback
from questions.models import Feedback, Verdict
from tests.questions.factories import hand_in

pytestmark = pytest.mark.django_db
LABEL = "later bespreken"


@pytest.fixture
def submission(assignment, student):
    return hand_in(assignment, student)


@pytest.fixture
def desk(client, teacher, assignment, submission):
    client.force_login(teacher)
    return client.get(reverse("questions:assignment_feedback", args=[assignment.pk])).content.decode()


@pytest.fixture
def released(teacher, submission):
    feedback.save_in_bulk(author=teacher, submissions=[submission], verdict=Verdict("later"))
    feedback.release(feedback=Feedback.objects.all())
    return submission


@pytest.fixture
def page(client, released):
    def open_as(user, name: str, *arguments: int) -> str:
        client.force_login(user)
        return client.get(reverse(f"questions:{name}", args=arguments)).content.decode()

    return open_as


def test_the_desk_has_a_button_with_the_next_key(desk):
    assert 'value="later" data-key="4"' in " ".join(desk.split())
    assert f"{LABEL}\n" in desk
    assert "<kbd>4</kbd>" in desk
    assert f"afgerond, {LABEL}</dd>" in desk


def test_the_desk_has_a_button_for_several_answers(desk):
    assert 'name="oordeel" value="later">Later bespreken</button>' in desk


def test_a_save_with_the_verdict_is_accepted(client, teacher, submission):
    client.force_login(teacher)
    address = reverse("questions:save_feedback", args=[submission.pk])
    values = {"text": "Goed.", "revision": 0, "seq": 1, "writer": "laptop", "verdict": "later", "vrij": "1"}
    reply = client.post(address, values, headers={"X-Requested-With": "XMLHttpRequest"})
    assert (reply.status_code, reply.json()["verdict"]) == (200, "later")
    assert Feedback.objects.get().shown_verdict == Verdict("later")


def test_the_student_sees_the_verdict_as_the_state_of_the_answer(page, student, assignment):
    assert f"</svg>{LABEL}</span>" in page(student.user, "assignment", assignment.pk)
    assert f"</svg>{LABEL}</span>" in page(student.user, "answers")


def test_the_table_of_progress_has_the_state(page, teacher, module):
    table = page(teacher, "progress", module.pk)
    assert 'data-state="later"' in table
    assert f">{LABEL}</a></td>" in table


def test_the_exports_have_the_state(client, page, teacher, student, module):
    portfolio = json.loads(page(student.user, "answers_json"))
    assert portfolio["modules"][0]["assignments"][0]["answers"][0]["state"] == "later"
    assert f"later ({LABEL})" in portfolio["explanation"]["state"]
    assert LABEL in page(teacher, "progress_csv", module.pk)
    workbook = client.get(reverse("questions:progress_xlsx", args=[module.pk])).content
    values = [
        cell for row in load_workbook(io.BytesIO(workbook)).worksheets[0].iter_rows(values_only=True) for cell in row
    ]
    assert LABEL in values
