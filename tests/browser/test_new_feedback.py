"""A student reads new feedback on the assignment desk, in a real browser."""

import pytest
from django.utils import timezone

from questions.models import Feedback, Verdict
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, enrol, hand_in

pytestmark = pytest.mark.writes


@pytest.fixture
def feedback(live_server):
    assignment = AssignmentFactory(case=published_case(kolbs=["doener"]))
    student = enrol(assignment.module, UserFactory(name="Noor Rahimi"))
    submission = hand_in(assignment, student, 0, "Ik bel haar.")
    return Feedback.objects.create(
        submission=submission, text="En als zij niet opneemt?", verdict=Verdict.AGAIN, released_at=timezone.now()
    )


def test_feedback_that_came_into_view_is_not_new_after_a_reload(open_page, feedback):
    answer = feedback.submission.answer
    desk = f"{answer.assignment.get_absolute_url()}#vraag-{answer.question.key}"
    page = open_page(user=answer.student)
    with page.expect_response("**/antwoorden/gezien/") as seen:
        page.goto(desk)
        page.get_by_text("En als zij niet opneemt?").scroll_into_view_if_needed()
    assert seen.value.status == 204
    assert page.get_by_text("nieuw", exact=True).is_visible()  # this page does not change
    page.reload()
    page.get_by_text("En als zij niet opneemt?").wait_for()
    assert page.get_by_text("nieuw", exact=True).count() == 0


@pytest.mark.parametrize("javascript", [True, False])
def test_student_can_take_up_feedback_and_write_with_one_click(open_page, feedback, javascript):
    answer = feedback.submission.answer
    page = open_page(width=320, user=answer.student, javascript=javascript)
    page.goto(answer.assignment.get_absolute_url())
    page.get_by_role("button", name="Hier ga ik mee verder").click()
    page.get_by_text("Je gaat hiermee verder").wait_for()
    assert page.get_by_label("Jouw antwoord").is_editable()
    page.get_by_role("button", name="toch niet").click()
    page.get_by_role("button", name="Hier ga ik mee verder").wait_for()


def test_feedback_that_was_read_at_the_portfolio_is_seen(open_page, feedback):
    page = open_page(user=feedback.submission.answer.student)
    with page.expect_response("**/antwoorden/gezien/") as seen:
        page.goto("/antwoorden/")
        page.get_by_text("En als zij niet opneemt?").scroll_into_view_if_needed()
    assert seen.value.status == 204
    feedback.refresh_from_db()
    assert feedback.seen_at is not None
