"""What follows from an answer, its submissions and its feedback."""

import pytest

from questions.models import AnswerProgress, AnswerState, TooLate, Verdict, WorkState, why_not_take_back


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
def test_an_answer_has_a_state_for_its_student_and_one_for_teachers(progress, for_student, for_teacher):
    assert (progress.for_student, progress.for_teacher) == (for_student, for_teacher)
    assert progress.for_student.is_handed_in is progress.for_teacher.is_handed_in is progress.is_handed_in


def test_every_verdict_is_a_state_of_both():
    assert set(Verdict.values) < set(AnswerState.values)
    assert set(Verdict.values) < set(WorkState.values)


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
def test_what_was_changed_since_it_was_handed_in_is_unseen_by_teachers(progress, is_changed, is_unseen):
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
def test_the_first_of_three_reasons_says_why_nothing_is_taken_back(has_feedback, has_read_shared, takes_work, reason):
    found = why_not_take_back(has_feedback=has_feedback, has_read_shared=has_read_shared, takes_work=takes_work)
    assert found == reason
