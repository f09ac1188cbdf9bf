"""Tests of the states that are derived from an answer, its submissions and its feedback."""

from datetime import timedelta

import pytest
from django.utils import timezone

from questions.access import Desk
from questions.models import (
    AnswerProgress,
    AnswerState,
    Enrolment,
    Feedback,
    Submission,
    TooLate,
    WorkState,
    why_not_take_back,
)
from questions.pages import progress
from questions.pages.feedback_desk import FeedbackDesk, PageRequest
from questions.pages.workload import workload_by_assignment
from tests.questions.factories import AssignmentFactory, enrol, hand_in


@pytest.mark.parametrize(
    ("progress", "for_student", "for_teacher"),
    [
        (AnswerProgress(is_written=False), AnswerState.EMPTY, WorkState.EMPTY),
        (AnswerProgress(is_written=True), AnswerState.DRAFT, WorkState.BUSY),
        (AnswerProgress(True, is_handed_in=True, is_to_read=True), AnswerState.SUBMITTED, WorkState.SUBMITTED),
        (AnswerProgress(True, is_handed_in=True), AnswerState.SUBMITTED, WorkState.READY),
        (AnswerProgress(True, is_handed_in=True, verdict="gelezen"), AnswerState.READ, WorkState.READ),
        (AnswerProgress(True, is_handed_in=True, verdict="aanvullen"), AnswerState.AGAIN, WorkState.AGAIN),
        (AnswerProgress(True, is_handed_in=True, verdict="afgerond"), AnswerState.DONE, WorkState.DONE),
        (AnswerProgress(False, is_handed_in=True, is_changed=True), AnswerState.SUBMITTED, WorkState.READY),
        (AnswerProgress(True, is_to_read=True, verdict="afgerond"), AnswerState.DRAFT, WorkState.BUSY),
    ],
)
def test_answer_has_one_state_for_its_student_and_one_for_teachers(progress, for_student, for_teacher):
    assert (progress.for_student, progress.for_teacher) == (for_student, for_teacher)
    assert progress.for_student.is_handed_in is progress.for_teacher.is_handed_in is progress.is_handed_in


@pytest.mark.parametrize(
    ("progress", "is_changed", "is_unseen"),
    [
        (AnswerProgress(is_written=False), False, False),
        (AnswerProgress(is_written=True, is_changed=True), False, True),
        (AnswerProgress(is_written=True, is_handed_in=True), False, False),
        (AnswerProgress(is_written=True, is_handed_in=True, is_changed=True), True, True),
        (AnswerProgress(is_written=False, is_handed_in=True, is_changed=True), True, True),
    ],
)
def test_text_changed_after_it_was_handed_in_is_unseen_by_teachers(progress, is_changed, is_unseen):
    assert (progress.has_unsubmitted_changes, progress.is_unseen_by_teachers) == (is_changed, is_unseen)


@pytest.mark.parametrize(
    ("has_feedback", "has_read_shared", "takes_work", "reason"),
    [
        (False, False, True, None),
        (True, True, False, TooLate.FEEDBACK),
        (False, True, False, TooLate.SHARED),
        (False, False, False, TooLate.CLOSED),
    ],
)
def test_reason_against_taking_back_is_the_first_of_three_that_applies(
    has_feedback, has_read_shared, takes_work, reason
):
    result = why_not_take_back(has_feedback=has_feedback, has_read_shared=has_read_shared, takes_work=takes_work)
    assert result == reason


@pytest.fixture
def assignment(db):
    """Return an assignment with six students.

    One wrote nothing, one has feedback, one handed in again, one took the submission back, and two left the module.
    """
    assignment = AssignmentFactory()
    teacher = assignment.module.people.get()
    enrol(assignment.module)
    Feedback.objects.create(submission=hand_in(assignment, enrol(assignment.module)), author=teacher)
    reviser = enrol(assignment.module)
    Feedback.objects.create(submission=hand_in(assignment, reviser, text="Eerst."), author=teacher)
    hand_in(assignment, reviser, text="Anders.")
    taken_back = hand_in(assignment, enrol(assignment.module))
    Submission.objects.filter(pk=taken_back.pk).update(withdrawn_at=timezone.now())
    for texts in (["Voor het vertrek."], ["Voor het vertrek.", "Na het vertrek."]):
        former_student = enrol(assignment.module)
        handed_in = [hand_in(assignment, former_student, text=text) for text in texts]
        Enrolment.objects.filter(pk=former_student.pk).update(left_at=timezone.now() - timedelta(days=1))
        Submission.objects.filter(pk=handed_in[0].pk).update(submitted_at=timezone.now() - timedelta(days=2))
    return assignment


def test_latest_submission_for_teachers_is_the_latest_one_they_may_read(assignment):
    readable = Submission.objects.readable_for_teachers()
    latest = {submission.answer_id: submission for submission in readable.order_by("revision")}
    assert set(Submission.objects.latest_for_teachers()) == set(latest.values())
    assert readable.count() == len(latest) + 1


def test_latest_submission_in_force_includes_submissions_that_teachers_may_not_read(assignment):
    latest = Submission.objects.latest_in_force()
    assert latest.count() == 4
    assert set(latest.values_list("text", flat=True)) >= {"Anders.", "Na het vertrek.", "Voor het vertrek."}


def test_pages_of_a_teacher_agree_on_the_number_of_unread_submissions(assignment):
    enrolment = assignment.module.enrolments.get(role="teacher")
    workload = workload_by_assignment(enrolment.user, [assignment.module_id])[assignment.pk]
    table = progress.module_progress(assignment.module, enrolment)
    desk = FeedbackDesk(Desk(assignment, enrolment), PageRequest())
    assert (workload.to_read, table.to_read, desk.to_read) == (3, 3, 3)
    assert (workload.handed_in, table.handed_in, desk.total) == (4, 4, 4)
