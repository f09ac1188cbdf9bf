"""Saving, handing in and taking back: nothing that was written is lost."""

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


def test_a_first_save_makes_revision_one(save):
    saved = save("Ik bel haar op.")
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 1)
    assert Answer.objects.get().text == "Ik bel haar op."


def test_each_save_is_the_next_revision(save):
    save("een")
    assert save("een twee", revision=1, seq=2).revision == 2
    assert Answer.objects.get().text == "een twee"


def test_the_same_text_is_always_saved_already(save):
    save("een")
    assert save("een", revision=0, writer="telefoon").outcome is Outcome.SAVED
    assert save("een", revision=7, writer="telefoon").revision == 1


def test_a_save_whose_reply_was_lost_is_no_conflict(save):
    save("een", seq=1)
    saved = save("een twee", revision=0, seq=2)
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 2)
    assert not AnswerVersion.objects.exists()


def test_the_same_save_twice_gets_the_stored_revision_back(save):
    save("een")
    save("een twee", revision=1, seq=2)
    assert save("een twee", revision=1, seq=2).revision == 2


def test_an_older_save_that_arrives_late_changes_nothing(save):
    save("een twee drie", seq=3)
    saved = save("een twee", seq=2)
    assert (saved.outcome, saved.row.text) == (Outcome.OVERTAKEN, "een twee drie")


def test_another_page_on_an_old_revision_is_stale_and_both_texts_are_kept(save):
    save("op de laptop", writer="laptop")
    saved = save("op de telefoon", revision=0, writer="telefoon")
    assert (saved.outcome, saved.revision) == (Outcome.STALE, 1)
    assert Answer.objects.get().text == "op de laptop"
    assert versions("conflict") == ["op de telefoon", "op de laptop"]


def test_a_stale_save_that_is_tried_again_is_kept_once(save):
    save("op de laptop", writer="laptop")
    for _ in range(3):
        save("op de telefoon", revision=0, writer="telefoon")
    assert versions("conflict") == ["op de telefoon", "op de laptop"]


def test_another_page_on_the_latest_revision_goes_on(save):
    save("op de laptop", writer="laptop")
    saved = save("op de laptop en de telefoon", revision=1, writer="telefoon")
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 2)


def test_pages_without_a_script_have_no_name_and_do_conflict(save):
    save("een", writer="", seq=0)
    assert save("anders", revision=0, writer="", seq=0).outcome is Outcome.STALE


def test_of_two_first_saves_the_second_is_stale(save, student, assignment):
    Answer.objects.create(
        student=student,
        question=assignment.questions.get(),
        assignment=assignment,
        text="een",
        writer="x",
        writer_seq=1,
    )
    assert save("twee", revision=0, writer="y").outcome is Outcome.STALE


def test_a_text_that_shrinks_by_more_than_half_is_kept_as_it_was(save):
    save("een lange tekst")
    save("kort", revision=1, seq=2)
    assert versions("shrunk") == ["een lange tekst"]
    save("kor", revision=2, seq=3)
    assert versions("shrunk") == ["een lange tekst"]


def test_a_text_that_is_emptied_is_kept_as_it_was(save):
    save("alles")
    assert save("", revision=1, seq=2).revision == 2
    assert versions("shrunk") == ["alles"]


def test_an_empty_field_makes_no_answer(save):
    assert save("").outcome is Outcome.SAVED
    assert not Answer.objects.exists()


def test_text_is_normalised_before_it_is_counted_and_compared(save):
    save("een\r\ntwee\rdrie\0\ud800")
    assert Answer.objects.get().text == "een\ntwee\ndrie"
    assert save("een\ntwee\ndrie", writer="ander").revision == 1


def test_the_limit_is_counted_in_code_points(save):
    assert save("😀" * MAX_LENGTH).outcome is Outcome.SAVED
    assert save("😀" * MAX_LENGTH + "x", revision=1, seq=2).outcome is Outcome.TOO_LONG
    assert Answer.objects.get().text == "😀" * MAX_LENGTH


def test_own_study_and_an_assignment_are_two_answers(save, student, assignment):
    save("voor de docent")
    answering.save(
        student=student, question=assignment.questions.get(), assignment_id=None, draft=Draft("voor mij", 0, "w", 1)
    )
    assert sorted(Answer.objects.values_list("text", flat=True)) == ["voor de docent", "voor mij"]


def test_the_database_holds_one_answer_a_question(student, assignment):
    question = assignment.questions.get()
    Answer.objects.create(student=student, question=question, text="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(student=student, question=question, text="b")


def test_handing_in_keeps_text_and_question_as_they_are(hand_in, assignment):
    done = hand_in("Ik bel haar op.")
    submission = Submission.objects.get()
    assert done.result is Result.SUBMITTED
    assert (submission.text, submission.question_text, submission.revision) == (
        "Ik bel haar op.",
        "Wat doe je als eerste?",
        1,
    )


def test_the_question_is_worded_as_in_the_edition(hand_in, assignment):
    assignment.questions.update(text="Intussen anders gevraagd?")
    hand_in("Ik bel haar op.")
    assert Submission.objects.get().question_text == "Wat doe je als eerste?"


def test_handing_in_twice_is_handing_in_once(hand_in):
    hand_in("tekst")
    assert hand_in("tekst", revision=1, seq=2).result is Result.SUBMITTED
    assert Submission.objects.count() == 1


def test_a_new_version_stands_beside_the_old_one(hand_in):
    hand_in("een")
    hand_in("een twee", revision=1, seq=2)
    assert list(Submission.objects.order_by("revision").values_list("text", flat=True)) == ["een", "een twee"]


def test_an_empty_answer_is_skipped(hand_in):
    assert hand_in("  \n ").result is Result.EMPTY
    assert not Submission.objects.exists()


def test_a_stale_text_is_kept_and_not_handed_in(save, hand_in):
    save("op de laptop", writer="laptop")
    assert hand_in("op de telefoon", revision=0, writer="telefoon").result is Result.STALE
    assert not Submission.objects.exists()
    assert versions("conflict") == ["op de telefoon", "op de laptop"]


def test_a_text_that_is_too_long_is_not_handed_in(hand_in):
    assert hand_in("x" * (MAX_LENGTH + 1)).result is Result.TOO_LONG


@pytest.mark.parametrize("closing", ["closed", "archived"])
def test_after_closing_a_text_is_saved_and_not_handed_in(hand_in, assignment, closing):
    now = timezone.now()
    if closing == "closed":
        assignment.closed_at = now
    else:
        assignment.module.archived_at = now
    assert hand_in("net te laat").result is Result.CLOSED
    assert Answer.objects.get().text == "net te laat"
    assert not Submission.objects.exists()


def test_after_the_deadline_work_is_late_and_welcome(hand_in, assignment):
    assignment.due_at = timezone.now() - timedelta(minutes=3)
    assert hand_in("laat").result is Result.SUBMITTED
    assert assignment.is_late(Submission.objects.get().submitted_at)


def test_two_minutes_of_grace_for_what_queued_up(assignment):
    assignment.due_at = timezone.now()
    assert not assignment.is_late(assignment.due_at + timedelta(minutes=2))
    assert assignment.is_late(assignment.due_at + timedelta(minutes=2, seconds=1))


def test_taking_back_leaves_the_text_as_a_draft(hand_in):
    hand_in("tekst")
    assert answering.take_back(submission=Submission.objects.get())
    answer = Answer.objects.with_state().get()
    assert (answer.text, answer.state, answer.revision) == ("tekst", "concept", 2)


def test_the_same_text_can_be_handed_in_again_after_taking_back(hand_in):
    hand_in("tekst")
    answering.take_back(submission=Submission.objects.get())
    assert hand_in("tekst", revision=2, seq=2).result is Result.SUBMITTED
    assert Submission.objects.standing().count() == 1
    assert Submission.objects.count() == 2


def test_taking_back_twice_is_taking_back_once(hand_in):
    hand_in("tekst")
    submission = Submission.objects.get()
    assert answering.take_back(submission=submission)
    assert answering.take_back(submission=submission)
    assert Answer.objects.get().revision == 2


def test_what_has_feedback_cannot_be_taken_back(hand_in, assignment):
    hand_in("tekst")
    Feedback.objects.create(submission=Submission.objects.get(), author=assignment.module.people.first(), text="mooi")
    assert not answering.take_back(submission=Submission.objects.get())
    assert Submission.objects.standing().count() == 1


def test_who_has_read_others_cannot_take_back(hand_in, assignment, student):
    hand_in("tekst")
    SharedReading.objects.create(assignment=assignment, student=student)
    assert not answering.take_back(submission=Submission.objects.get())


@pytest.mark.parametrize(
    ("verdict", "released", "state"),
    [("afgerond", True, "afgerond"), ("aanvullen", True, "aanvullen"), ("afgerond", False, "ingeleverd")],
)
def test_a_student_sees_only_what_was_released(hand_in, assignment, verdict, released, state):
    hand_in("tekst")
    Feedback.objects.create(
        submission=Submission.objects.get(),
        author=assignment.module.people.first(),
        verdict=verdict,
        released_at=timezone.now() if released else None,
    )
    assert Answer.objects.with_state().get().state == state


def test_a_revised_answer_is_handed_in_again_whatever_was_said_of_the_first(hand_in, assignment):
    hand_in("tekst")
    Feedback.objects.create(
        submission=Submission.objects.get(),
        author=assignment.module.people.first(),
        verdict="aanvullen",
        released_at=timezone.now(),
    )
    hand_in("tekst en meer", revision=1, seq=2)
    assert Answer.objects.with_state().get().state == "ingeleverd"
