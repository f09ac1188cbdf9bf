"""25 October 2026, when an hour comes twice; 28 March 2027, when one is skipped; and a clock that goes back."""

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
FIRST = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in summer time
SECOND = FIRST + HOUR  # 02:30 in winter time


@pytest.fixture
def clock(monkeypatch):
    """A function that stops the server's clock at a moment."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture
def autumn(clock):
    clock(at("2026-10-01 12:00").astimezone(UTC))


@pytest.fixture
def teacher(client):
    teacher = UserFactory(groups=["Docenten"])
    client.force_login(teacher)
    return teacher


# --- A deadline in such an hour ---


@pytest.fixture
def make_assignment(client, teacher, autumn):
    """A function that sends the form of a new assignment with this deadline."""
    module, case = ModuleFactory(teacher=teacher), published_case()

    def make_assignment(due: str):
        sent = {"questions": [case.questions.get().pk], "own-TOTAL_FORMS": 0, "own-INITIAL_FORMS": 0}
        sent |= {"instructions": "Dit schreef ik.", "due_at": due}
        return client.post(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}", sent)

    return make_assignment


@pytest.mark.parametrize("due", ["2026-10-25T02:00", "2026-10-25T02:59", "2027-03-28T02:00", "2027-03-28T02:59"])
def test_a_deadline_in_such_an_hour_is_refused_in_words_for_people(make_assignment, due):
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
def test_a_deadline_just_beside_such_an_hour_is_that_moment(make_assignment, due, moment):
    assert make_assignment(due).status_code == 302
    assert Assignment.objects.get().due_at == moment


def test_a_deadline_that_is_moved_into_the_hour_that_does_not_come_gets_later_and_not_earlier():
    moved = weeks_later(at("2026-03-22 02:30"), 53)
    assert timezone.localtime(moved.astimezone(UTC)) == at("2027-03-28 03:30")


# --- Handing in around it ---


@pytest.fixture
def hand_in(client, clock):
    """A function that hands in at a moment, for an assignment with this deadline; returns whether it was late."""

    def hand_in(due: datetime, moment: datetime) -> bool:
        assignment = AssignmentFactory(due_at=due)
        question = assignment.questions.get()
        clock(moment)
        client.force_login(enrol(assignment.module).user)
        sent = {f"text-{question.pk}": "Op tijd?", "lever": "alles"}
        response = client.post(
            reverse("questions:hand_in", args=[assignment.pk]), sent, headers={"X-Requested-With": "XMLHttpRequest"}
        )
        assert response.json()["results"][str(question.pk)]["result"] == "submitted"
        submission = Submission.objects.get()
        assert submission.submitted_at == moment
        page = client.get(assignment.get_absolute_url()).text
        assert ("(na de datum)" in page) is assignment.is_late(submission.submitted_at)
        return assignment.is_late(submission.submitted_at)

    return hand_in


@pytest.mark.parametrize("due", [FIRST, SECOND], ids=["the first 02:30", "the second 02:30"])
@pytest.mark.parametrize(
    ("after", "is_late"),
    [
        (timedelta(minutes=-1), False),
        (timedelta(minutes=2), False),
        (timedelta(minutes=2, seconds=1), True),
        (HOUR, True),
        (-HOUR, False),
    ],
)
def test_in_the_hour_that_comes_twice_late_is_counted_in_minutes_that_went_by(hand_in, due, after, is_late):
    assert hand_in(due, due + after) is is_late


@pytest.mark.parametrize(("minutes", "is_late"), [(2, False), (3, True)])
def test_when_an_hour_is_skipped_the_grace_is_still_two_minutes(hand_in, minutes, is_late):
    due = datetime(2027, 3, 28, 0, 59, tzinfo=UTC)  # 01:59; a minute later it is three o'clock
    assert hand_in(due, due + timedelta(minutes=minutes)) is is_late


# --- A clock that goes back ---


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_a_text_is_kept_before_it_is_emptied_also_after_the_clock_went_back(field, clock):
    now = timezone.now()
    field.save("Een hele zin, die er straks niet meer is.")
    clock(now - HOUR)
    field.save("", 1, 2)
    assert field.stored == ""
    assert list(AnswerVersion.objects.values_list("text", flat=True)) == ["Een hele zin, die er straks niet meer is."]


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_an_hour_after_the_clock_went_back_versions_are_kept_as_before(field, clock):
    now = timezone.now()
    field.save("een")
    clock(now - HOUR)
    field.save("een twee", 1, 2)
    clock(now + timedelta(minutes=11))
    field.save("een twee drie", 2, 3)
    assert list(AnswerVersion.objects.values_list("text", flat=True)) == ["een twee"]
