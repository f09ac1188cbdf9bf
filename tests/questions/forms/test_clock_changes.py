"""Tests of due dates and saves when the clock changes.

An hour is repeated on 25 October 2026 and skipped on 28 March 2027; the clock of the server can also go back.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from questions.actions.modules import weeks_later
from questions.models import AnswerVersion, Assignment, Submission
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol
from tests.questions.templatetags.test_dates import at

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
FIRST_HALF_PAST_TWO = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in summer time
SECOND_HALF_PAST_TWO = FIRST_HALF_PAST_TWO + HOUR  # 02:30 in winter time


@pytest.fixture
def set_clock(monkeypatch):
    """Return a function that stops the clock of the server at a moment."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture
def autumn(set_clock):
    set_clock(at("2026-10-01 12:00").astimezone(UTC))


@pytest.fixture
def teacher(client):
    teacher = UserFactory(groups=["Docenten"])
    client.force_login(teacher)
    return teacher


# --- Due dates in a repeated or skipped hour ---


@pytest.fixture
def make_assignment(client, teacher, autumn):
    """Return a function that sends the form of a new assignment with this due date."""
    module, case = ModuleFactory(teacher=teacher), published_case()

    def make_assignment(due: str):
        values = {"questions": [case.questions.get().pk], "own-TOTAL_FORMS": 0, "own-INITIAL_FORMS": 0}
        values |= {"instructions": "Dit schreef ik.", "due_at": due}
        return client.post(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}", values)

    return make_assignment


@pytest.mark.parametrize("due", ["2026-10-25T02:00", "2026-10-25T02:59", "2027-03-28T02:00", "2027-03-28T02:59"])
def test_due_date_in_a_changed_hour_is_refused_with_an_explanation(make_assignment, due):
    response = make_assignment(due)
    assert response.status_code == 200
    assert "In dit uur wordt de klok verzet. Kies een tijd vóór 2:00 of vanaf 3:00." in response.text
    assert "Dit schreef ik." in response.text
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("due", "moment"),
    [
        ("2026-10-25T01:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("2026-10-25T03:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("2027-03-28T01:59", datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        ("2027-03-28T03:00", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
    ],
)
def test_due_date_just_outside_a_changed_hour_is_saved_as_that_moment(make_assignment, due, moment):
    assert make_assignment(due).status_code == 302
    assert Assignment.objects.get().due_at == moment


def test_due_date_moved_into_a_skipped_hour_becomes_an_hour_later():
    moved = weeks_later(at("2026-03-22 02:30"), 53)
    assert timezone.localtime(moved.astimezone(UTC)) == at("2027-03-28 03:30")


# --- Handing in around a clock change ---


@pytest.fixture
def hand_in(client, set_clock):
    """Return a function that hands in an answer at a moment, for this due date, and returns whether it was late."""

    def hand_in(due: datetime, moment: datetime) -> bool:
        assignment = AssignmentFactory(due_at=due)
        question = assignment.questions.get()
        set_clock(moment)
        client.force_login(enrol(assignment.module).user)
        values = {f"text-{question.pk}": "Op tijd?", "lever": "alles"}
        response = client.post(
            reverse("questions:hand_in", args=[assignment.pk]), values, headers={"X-Requested-With": "XMLHttpRequest"}
        )
        assert response.json()["results"][str(question.pk)]["result"] == "submitted"
        submission = Submission.objects.get()
        assert submission.submitted_at == moment
        page = client.get(assignment.get_absolute_url()).text
        assert ("(na de datum)" in page) is assignment.is_late(submission.submitted_at)
        return assignment.is_late(submission.submitted_at)

    return hand_in


@pytest.mark.parametrize(
    "due", [FIRST_HALF_PAST_TWO, SECOND_HALF_PAST_TWO], ids=["the first 02:30", "the second 02:30"]
)
@pytest.mark.parametrize(
    ("offset", "is_late"),
    [
        (timedelta(minutes=-1), False),
        (timedelta(minutes=2), False),
        (timedelta(minutes=2, seconds=1), True),
        (HOUR, True),
        (-HOUR, False),
    ],
)
def test_lateness_in_a_repeated_hour_is_counted_in_elapsed_minutes(hand_in, due, offset, is_late):
    assert hand_in(due, due + offset) is is_late


@pytest.mark.parametrize(("minutes", "is_late"), [(2, False), (3, True)])
def test_grace_period_is_two_minutes_when_an_hour_is_skipped(hand_in, minutes, is_late):
    due = datetime(2027, 3, 28, 0, 59, tzinfo=UTC)  # 01:59; one minute later it is 03:00
    assert hand_in(due, due + timedelta(minutes=minutes)) is is_late


# --- A clock that goes back ---


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_emptied_text_is_saved_as_a_version_also_after_the_clock_went_back(field, set_clock):
    now = timezone.now()
    field.save("Een hele zin, die er straks niet meer is.")
    set_clock(now - HOUR)
    field.save("", 1, 2)
    assert field.stored == ""
    assert list(AnswerVersion.objects.values_list("text", flat=True)) == ["Een hele zin, die er straks niet meer is."]


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_versions_are_saved_normally_an_hour_after_the_clock_went_back(field, set_clock):
    now = timezone.now()
    field.save("een")
    set_clock(now - HOUR)
    field.save("een twee", 1, 2)
    set_clock(now + timedelta(minutes=11))
    field.save("een twee drie", 2, 3)
    assert list(AnswerVersion.objects.values_list("text", flat=True)) == ["een twee"]
