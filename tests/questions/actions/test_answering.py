"""Tests of saving, handing in and taking back: none of these actions loses a text."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from questions.actions import answering
from questions.actions.answering import Result
from questions.actions.saving import Draft, Outcome
from questions.models import Answer, AnswerVersion, Feedback, SharedReading, Submission
from questions.models.answers import MAX_LENGTH
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment():
    return AssignmentFactory()


@pytest.fixture
def student(assignment):
    return enrol(assignment.module).user


@pytest.fixture
def save(assignment, student):
    question = assignment.questions.get()

    def save(text: str, revision: int = 0, writer: str = "laptop", seq: int = 1):
        return answering.save(
            student=student,
            question=question,
            assignment_id=assignment.pk,
            draft=Draft(text, revision, writer, seq),
        )

    return save


@pytest.fixture
def hand_in(assignment, student):
    question = assignment.questions.get()

    def hand_in(text: str, revision: int = 0, writer: str = "laptop", seq: int = 1):
        draft = Draft(text, revision, writer, seq)
        return answering.hand_in(student=student, assignment=assignment, question=question, draft=draft)

    return hand_in


def versions(kind: str) -> list[str]:
    return list(AnswerVersion.objects.filter(kind=kind).order_by("pk").values_list("text", flat=True))


def test_first_save_creates_revision_one(save):
    saved = save("Ik bel haar op.")
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 1)
    assert Answer.objects.get().text == "Ik bel haar op."


def test_each_save_increases_the_revision(save):
    save("een")
    assert save("een twee", revision=1, seq=2).revision == 2
    assert Answer.objects.get().text == "een twee"


def test_save_of_the_stored_text_succeeds_whatever_its_revision(save):
    save("een")
    assert save("een", revision=0, writer="telefoon").outcome is Outcome.SAVED
    assert save("een", revision=7, writer="telefoon").revision == 1


def test_save_after_a_lost_reply_is_no_conflict(save):
    save("een", seq=1)
    saved = save("een twee", revision=0, seq=2)
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 2)
    assert not AnswerVersion.objects.exists()


def test_repeated_save_returns_the_stored_revision(save):
    save("een")
    save("een twee", revision=1, seq=2)
    assert save("een twee", revision=1, seq=2).revision == 2


def test_older_save_that_arrives_late_changes_nothing(save):
    save("een twee drie", seq=3)
    saved = save("een twee", seq=2)
    assert (saved.outcome, saved.row.text) == (Outcome.OVERTAKEN, "een twee drie")


def test_save_of_another_page_on_an_old_revision_is_stale_and_saves_both_texts(save):
    save("op de laptop", writer="laptop")
    saved = save("op de telefoon", revision=0, writer="telefoon")
    assert (saved.outcome, saved.revision) == (Outcome.STALE, 1)
    assert Answer.objects.get().text == "op de laptop"
    assert versions("conflict") == ["op de telefoon", "op de laptop"]


def test_repeated_stale_save_stores_each_text_once(save):
    save("op de laptop", writer="laptop")
    for _ in range(3):
        save("op de telefoon", revision=0, writer="telefoon")
    assert versions("conflict") == ["op de telefoon", "op de laptop"]


def test_save_of_another_page_on_the_latest_revision_succeeds(save):
    save("op de laptop", writer="laptop")
    saved = save("op de laptop en de telefoon", revision=1, writer="telefoon")
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 2)


def test_saves_of_pages_without_javascript_conflict_because_they_name_no_writer(save):
    save("een", writer="", seq=0)
    assert save("anders", revision=0, writer="", seq=0).outcome is Outcome.STALE


def test_second_of_two_first_saves_is_stale(save, student, assignment):
    Answer.objects.create(
        student=student,
        question=assignment.questions.get(),
        assignment=assignment,
        text="een",
        writer="x",
        writer_seq=1,
    )
    assert save("twee", revision=0, writer="y").outcome is Outcome.STALE


def test_text_that_shrinks_by_more_than_half_is_saved_as_a_version(save):
    save("een lange tekst")
    save("kort", revision=1, seq=2)
    assert versions("shrunk") == ["een lange tekst"]
    save("kor", revision=2, seq=3)
    assert versions("shrunk") == ["een lange tekst"]


def test_emptied_text_is_saved_as_a_version(save):
    save("alles")
    assert save("", revision=1, seq=2).revision == 2
    assert versions("shrunk") == ["alles"]


def test_empty_field_creates_no_answer(save):
    assert save("").outcome is Outcome.SAVED
    assert not Answer.objects.exists()


def test_text_is_normalised_before_it_is_stored_and_compared(save):
    save("een\r\ntwee\rdrie\0\ud800")
    assert Answer.objects.get().text == "een\ntwee\ndrie"
    assert save("een\ntwee\ndrie", writer="ander").revision == 1


def test_length_limit_counts_code_points(save):
    assert save("😀" * MAX_LENGTH).outcome is Outcome.SAVED
    assert save("😀" * MAX_LENGTH + "x", revision=1, seq=2).outcome is Outcome.TOO_LONG
    assert Answer.objects.get().text == "😀" * MAX_LENGTH


def test_own_study_and_an_assignment_have_separate_answers(save, student, assignment):
    save("voor de docent")
    answering.save(
        student=student, question=assignment.questions.get(), assignment_id=None, draft=Draft("voor mij", 0, "w", 1)
    )
    assert sorted(Answer.objects.values_list("text", flat=True)) == ["voor de docent", "voor mij"]


def test_database_allows_one_answer_for_each_question_and_student(student, assignment):
    question = assignment.questions.get()
    Answer.objects.create(student=student, question=question, text="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(student=student, question=question, text="b")


def test_submission_stores_the_text_of_answer_and_question(hand_in, assignment):
    handed_in = hand_in("Ik bel haar op.")
    submission = Submission.objects.get()
    assert handed_in.result is Result.SUBMITTED
    assert (submission.text, submission.question_text, submission.revision) == (
        "Ik bel haar op.",
        "Wat doe je als eerste?",
        1,
    )


def test_submission_has_the_question_text_of_the_edition(hand_in, assignment):
    assignment.questions.update(text="Intussen anders gevraagd?")
    hand_in("Ik bel haar op.")
    assert Submission.objects.get().question_text == "Wat doe je als eerste?"


def test_handing_in_the_same_text_twice_creates_one_submission(hand_in):
    hand_in("tekst")
    assert hand_in("tekst", revision=1, seq=2).result is Result.SUBMITTED
    assert Submission.objects.count() == 1


def test_handing_in_a_new_version_does_not_change_the_old_submission(hand_in):
    hand_in("een")
    hand_in("een twee", revision=1, seq=2)
    assert list(Submission.objects.order_by("revision").values_list("text", flat=True)) == ["een", "een twee"]


def test_empty_answer_is_not_handed_in(hand_in):
    assert hand_in("  \n ").result is Result.EMPTY
    assert not Submission.objects.exists()


def test_stale_text_is_saved_as_a_version_and_not_handed_in(save, hand_in):
    save("op de laptop", writer="laptop")
    assert hand_in("op de telefoon", revision=0, writer="telefoon").result is Result.STALE
    assert not Submission.objects.exists()
    assert versions("conflict") == ["op de telefoon", "op de laptop"]


def test_too_long_text_is_not_handed_in(hand_in):
    assert hand_in("x" * (MAX_LENGTH + 1)).result is Result.TOO_LONG


@pytest.mark.parametrize("closing", ["closed", "archived"])
def test_text_is_saved_and_not_handed_in_after_closing(hand_in, assignment, closing):
    now = timezone.now()
    if closing == "closed":
        assignment.closed_at = now
    else:
        assignment.module.archived_at = now
    assert hand_in("net te laat").result is Result.CLOSED
    assert Answer.objects.get().text == "net te laat"
    assert not Submission.objects.exists()


def test_answer_can_be_handed_in_after_the_due_date_and_is_late(hand_in, assignment):
    assignment.due_at = timezone.now() - timedelta(minutes=3)
    assert hand_in("laat").result is Result.SUBMITTED
    assert assignment.is_late(Submission.objects.get().submitted_at)


def test_grace_period_after_the_due_date_is_two_minutes(assignment):
    assignment.due_at = timezone.now()
    assert not assignment.is_late(assignment.due_at + timedelta(minutes=2))
    assert assignment.is_late(assignment.due_at + timedelta(minutes=2, seconds=1))


def test_text_that_was_taken_back_is_a_draft(hand_in):
    hand_in("tekst")
    assert answering.take_back(submission=Submission.objects.get())
    answer = Answer.objects.with_state().get()
    assert (answer.text, answer.state, answer.revision) == ("tekst", "concept", 2)


def test_same_text_can_be_handed_in_again_after_taking_back(hand_in):
    hand_in("tekst")
    answering.take_back(submission=Submission.objects.get())
    assert hand_in("tekst", revision=2, seq=2).result is Result.SUBMITTED
    assert Submission.objects.in_force().count() == 1
    assert Submission.objects.count() == 2


def test_taking_back_twice_has_the_effect_of_taking_back_once(hand_in):
    hand_in("tekst")
    submission = Submission.objects.get()
    assert answering.take_back(submission=submission)
    assert answering.take_back(submission=submission)
    assert Answer.objects.get().revision == 2


def test_submission_with_feedback_cannot_be_taken_back(hand_in, assignment):
    hand_in("tekst")
    Feedback.objects.create(submission=Submission.objects.get(), author=assignment.module.people.first(), text="mooi")
    assert not answering.take_back(submission=Submission.objects.get())
    assert Submission.objects.in_force().count() == 1


def test_student_cannot_take_back_after_reading_shared_answers(hand_in, assignment, student):
    hand_in("tekst")
    SharedReading.objects.create(assignment=assignment, student=student)
    assert not answering.take_back(submission=Submission.objects.get())


@pytest.mark.parametrize(
    ("verdict", "released", "state"),
    [("afgerond", True, "afgerond"), ("aanvullen", True, "aanvullen"), ("afgerond", False, "ingeleverd")],
)
def test_state_for_the_student_depends_on_released_feedback_only(hand_in, assignment, verdict, released, state):
    hand_in("tekst")
    Feedback.objects.create(
        submission=Submission.objects.get(),
        author=assignment.module.people.first(),
        verdict=verdict,
        released_at=timezone.now() if released else None,
    )
    assert Answer.objects.with_state().get().state == state


def test_revised_answer_is_submitted_whatever_the_verdict_on_the_first_version(hand_in, assignment):
    hand_in("tekst")
    Feedback.objects.create(
        submission=Submission.objects.get(),
        author=assignment.module.people.first(),
        verdict="aanvullen",
        released_at=timezone.now(),
    )
    hand_in("tekst en meer", revision=1, seq=2)
    assert Answer.objects.with_state().get().state == "ingeleverd"
