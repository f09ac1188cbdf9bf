"""Tests of writing and releasing feedback: no text of a teacher is lost, and students see only what was released."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from casebook.accounts import deletion
from questions.actions import answering, comment_bank, feedback
from questions.actions.saving import Draft, Outcome
from questions.models import Answer, Comment, Feedback, FeedbackVersion, Role, Submission, Verdict
from tests.questions.factories import ModuleFactory, enrol, hand_in

pytestmark = pytest.mark.django_db

READ, AGAIN, DONE = Verdict.READ, Verdict.AGAIN, Verdict.DONE


@pytest.fixture
def submission(assignment, student):
    return hand_in(assignment, student)


@pytest.fixture
def save(teacher, submission):
    def save(text="Mooi.", verdict=None, **draft):
        return feedback.save(author=teacher, submission=submission, draft=Draft(text, **draft), verdict=verdict)

    return save


def version_texts() -> list[str]:
    return sorted(FeedbackVersion.objects.values_list("text", flat=True))


# --- Saving ---


def test_first_save_creates_unreleased_feedback(save):
    saved = save("Mooi.\r\nEcht.", AGAIN)
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 1)
    stored = Feedback.objects.get()
    assert (stored.text, stored.verdict, stored.released_at) == ("Mooi.\nEcht.", AGAIN, None)


def test_empty_text_without_a_verdict_creates_no_feedback(save):
    assert save("").row is None
    assert save(" \n").row is None
    assert not Feedback.objects.exists()


def test_verdict_without_a_text_is_feedback(save):
    assert save("", DONE).row.verdict == DONE


def test_save_without_a_verdict_does_not_change_the_stored_verdict(save):
    save("Mooi.", AGAIN)
    save("Mooi zo.", revision=1)
    assert Feedback.objects.values_list("text", "verdict").get() == ("Mooi zo.", AGAIN)


def test_save_can_change_only_the_verdict(save):
    save("Mooi.", AGAIN)
    saved = save("Mooi.", DONE, revision=1)
    assert (saved.revision, Feedback.objects.get().verdict) == (2, DONE)


def test_save_with_another_verdict_on_an_old_revision_is_stale(save):
    save("Mooi.", READ, writer="laptop", seq=1)
    save("Mooi.", AGAIN, revision=1, writer="laptop", seq=2)
    assert save("Mooi.", DONE, revision=1, writer="telefoon", seq=1).outcome is Outcome.STALE
    assert save("Mooi.", AGAIN, revision=1, writer="telefoon", seq=1).outcome is Outcome.SAVED
    assert save("Mooi.", revision=1, writer="telefoon", seq=1).outcome is Outcome.SAVED
    assert Feedback.objects.get().verdict == AGAIN


def test_stale_save_stores_both_texts(save):
    save("Van de laptop.", writer="laptop", seq=1)
    saved = save("Van de telefoon.", writer="telefoon", seq=1)
    assert saved.outcome is Outcome.STALE
    assert Feedback.objects.get().text == "Van de laptop."
    assert version_texts() == ["Van de laptop.", "Van de telefoon."]


def test_save_after_a_lost_reply_is_no_conflict(save):
    save("Mooi.", writer="laptop", seq=1)
    assert save("Mooi zo.", writer="laptop", seq=2).outcome is Outcome.SAVED
    assert save("Mooi.", writer="laptop", seq=1).revision == 2
    assert Feedback.objects.get().text == "Mooi zo."


def test_text_is_saved_as_a_version_when_most_of_it_is_deleted(save):
    save("Een heel lange zin over wat goed ging.")
    save("Kort.", revision=1)
    assert version_texts() == ["Een heel lange zin over wat goed ging."]


def test_too_long_text_is_not_stored(save):
    assert save("x" * 20_001).outcome is Outcome.TOO_LONG
    assert not Feedback.objects.exists()


def test_feedback_on_a_submission_that_was_taken_back_is_not_stored(save, submission):
    assert answering.take_back(submission=submission)
    with pytest.raises(feedback.TakenBackError):
        save()
    assert not Feedback.objects.exists()


def test_submission_with_feedback_cannot_be_taken_back(save, submission):
    save()
    assert not answering.take_back(submission=submission)


def test_each_teacher_has_a_separate_row_of_feedback(save, submission, assignment):
    save("Van Karin.")
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    feedback.save(author=colleague, submission=submission, draft=Draft("Van Hakan."))
    assert sorted(Feedback.objects.values_list("text", flat=True)) == ["Van Hakan.", "Van Karin."]


# --- Releasing ---


def release_all(teacher, assignment) -> int:
    return feedback.release(feedback=Feedback.objects.releasable_by(teacher, assignment.module))


def verdict_of(student) -> str | None:
    return Answer.objects.filter(student=student.user).with_state().first().verdict


def test_student_sees_a_verdict_only_after_its_release(save, teacher, assignment, student):
    save("Mooi.", AGAIN)
    assert verdict_of(student) is None
    assert release_all(teacher, assignment) == 1
    assert verdict_of(student) == AGAIN
    assert release_all(teacher, assignment) == 0


def test_change_of_released_feedback_is_not_shown_before_the_next_release(save, teacher, assignment, student):
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    Feedback.objects.update(seen_at=timezone.now())
    save("Toch niet.", DONE, revision=1)
    stored = Feedback.objects.get()
    assert (stored.shown_text, stored.shown_verdict, stored.waits_for_release) == ("Mooi.", AGAIN, True)
    assert verdict_of(student) == AGAIN
    save("Toch wel.", DONE, revision=2)
    assert Feedback.objects.get().shown_text == "Mooi."
    assert release_all(teacher, assignment) == 1
    stored = Feedback.objects.get()
    assert (stored.shown_text, stored.shown_verdict, stored.seen_at) == ("Toch wel.", DONE, None)


def test_feedback_changed_back_to_the_released_text_needs_no_release(save, teacher, assignment):
    save("Mooi.")
    release_all(teacher, assignment)
    save("Mooi!", revision=1)
    save("Mooi.", revision=2)
    assert not Feedback.objects.waiting_for_release().exists()


def test_feedback_released_during_a_save_is_shown_as_it_was_released(save, submission, monkeypatch):
    save("Mooi.", writer="laptop", seq=1)
    overwrite = feedback.FeedbackTarget.overwrite

    def released_just_before(*args):
        monkeypatch.setattr(feedback.FeedbackTarget, "overwrite", overwrite)
        feedback.release(feedback=Feedback.objects.all())
        return overwrite(*args)

    monkeypatch.setattr(feedback.FeedbackTarget, "overwrite", released_just_before)
    assert save("Half af", revision=1, writer="laptop", seq=2).outcome is Outcome.SAVED
    stored = Feedback.objects.get()
    assert (stored.shown_text, stored.text) == ("Mooi.", "Half af")


def test_teacher_cannot_release_feedback_of_a_colleague(save, teacher, assignment):
    colleague = enrol(assignment.module, role=Role.TEACHER)
    save("Mooi.")
    assert release_all(colleague.user, assignment) == 0
    assert not Feedback.objects.released().exists()


def test_feedback_of_a_former_teacher_can_be_released_by_a_colleague(save, teacher, assignment):
    colleague = enrol(assignment.module, role=Role.TEACHER)
    save("Mooi.")
    assignment.module.enrolments.filter(user=teacher).update(left_at=timezone.now())
    assert release_all(colleague.user, assignment) == 1


def test_verdict_of_an_answer_is_the_one_released_last(save, teacher, assignment, student, submission):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    feedback.save(author=colleague, submission=submission, draft=Draft("Sterk."), verdict=DONE)
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    Feedback.objects.filter(author=teacher).update(released_at=F("released_at") - timedelta(minutes=1))
    assert verdict_of(student) == AGAIN
    release_all(colleague, assignment)
    assert verdict_of(student) == DONE


def test_new_version_is_submitted_whatever_the_verdict_on_the_one_before(save, teacher, assignment, student):
    save("Mooi.", DONE)
    release_all(teacher, assignment)
    hand_in(assignment, student, text="Beter.")
    assert Answer.objects.with_state().get().state == "ingeleverd"


# --- Undoing ---


def test_undoing_deletes_the_feedback_and_saves_its_text_as_a_version(save, teacher, submission):
    save("Mooi.", AGAIN)
    assert feedback.undo(author=teacher, submission=submission)
    assert not Feedback.objects.exists()
    assert version_texts() == ["Mooi."]
    assert not feedback.undo(author=teacher, submission=submission)


def test_page_opened_before_undoing_cannot_overwrite_later_feedback(save, teacher, submission):
    save("Oud.", writer="laptop", seq=1)
    feedback.undo(author=teacher, submission=submission)
    save("Nieuw en lang doordacht.", writer="tafel", seq=1)
    assert save("Oud, en meer.", revision=1, writer="telefoon", seq=1).outcome is Outcome.STALE
    assert Feedback.objects.get().text == "Nieuw en lang doordacht."
    assert "Oud, en meer." in version_texts()


def test_page_opened_before_undoing_a_batch_cannot_overwrite_later_feedback(save, teacher, submission):
    batch = feedback.save_in_bulk(author=teacher, submissions=[submission], text="Oud.")
    feedback.undo_batch(author=teacher, token=batch.token)
    feedback.save_in_bulk(author=teacher, submissions=[submission], text="Nieuw en lang doordacht.")
    assert save("Oud, en meer.", revision=1, writer="telefoon", seq=1).outcome is Outcome.STALE
    assert "Oud, en meer." in version_texts()


def test_undoing_a_change_restores_the_released_feedback(save, teacher, assignment, submission):
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    assert not feedback.undo(author=teacher, submission=submission)
    save("Toch niet.", DONE, revision=1)
    assert feedback.undo(author=teacher, submission=submission)
    stored = Feedback.objects.get()
    assert (stored.text, stored.verdict, stored.waits_for_release) == ("Mooi.", AGAIN, False)
    assert version_texts() == ["Toch niet."]


def test_save_of_a_page_opened_before_undoing_a_change_loses_no_text(save, teacher, assignment, submission):
    save("Mooi.", writer="laptop", seq=1)
    release_all(teacher, assignment)
    save("Toch niet.", revision=1, writer="laptop", seq=2)
    feedback.undo(author=teacher, submission=submission)
    assert save("Toch niet, hoor.", revision=2, writer="laptop", seq=3).outcome is Outcome.STALE
    assert "Toch niet, hoor." in version_texts()


# --- For a selection ---


@pytest.fixture
def three_submissions(assignment):
    return [hand_in(assignment, enrol(assignment.module)) for _each in range(3)]


def test_feedback_can_be_saved_and_undone_for_a_selection(teacher, three_submissions):
    batch = feedback.save_in_bulk(author=teacher, submissions=three_submissions, text="Goed gezien.", verdict=DONE)
    assert (batch.made, batch.skipped) == (3, 0)
    assert set(Feedback.objects.values_list("text", "verdict", "released_at")) == {("Goed gezien.", DONE, None)}
    assert feedback.undo_batch(author=teacher, token=batch.token) == 3
    assert not Feedback.objects.exists()


def test_saving_in_bulk_skips_submissions_with_feedback_of_the_teacher(teacher, three_submissions):
    feedback.save(author=teacher, submission=three_submissions[0], draft=Draft("Eigen woorden."))
    batch = feedback.save_in_bulk(author=teacher, submissions=three_submissions)
    assert (batch.made, batch.skipped) == (2, 1)
    assert Feedback.objects.get(submission=three_submissions[0]).text == "Eigen woorden."


def test_undoing_a_batch_skips_feedback_that_was_changed_or_released(teacher, assignment, three_submissions):
    batch = feedback.save_in_bulk(author=teacher, submissions=three_submissions)
    feedback.save(author=teacher, submission=three_submissions[0], draft=Draft("Toch iets.", revision=1))
    feedback.release(feedback=Feedback.objects.filter(submission=three_submissions[1]))
    assert feedback.undo_batch(author=teacher, token=batch.token) == 1
    assert set(Feedback.objects.values_list("submission", flat=True)) == {
        three_submissions[0].pk,
        three_submissions[1].pk,
    }


def test_teacher_cannot_undo_a_batch_of_a_colleague(teacher, assignment, three_submissions):
    batch = feedback.save_in_bulk(author=teacher, submissions=three_submissions)
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    assert feedback.undo_batch(author=colleague, token=batch.token) == 0
    assert feedback.undo_batch(author=teacher, token="") == 0
    assert Feedback.objects.count() == 3


def test_saving_in_bulk_skips_submissions_that_were_taken_back(teacher, three_submissions):
    answering.take_back(submission=three_submissions[0])
    batch = feedback.save_in_bulk(author=teacher, submissions=three_submissions)
    assert (batch.made, batch.skipped) == (2, 1)


# --- The comment bank ---


def test_comment_is_stored_once_and_can_be_shared(teacher, assignment):
    comment_bank.save_comment(owner=teacher, text=" Waar zie je dat? ")
    comment = comment_bank.save_comment(owner=teacher, text="Waar zie je dat?", module=assignment.module)
    assert list(Comment.objects.values_list("text", "module")) == [("Waar zie je dat?", assignment.module.pk)]
    comment_bank.share_comment(comment=comment)
    assert Comment.objects.get().module is None


def test_teachers_can_use_comments_shared_in_their_module(teacher, assignment):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    comment_bank.save_comment(owner=teacher, text="Van mij alleen, dus.")
    comment_bank.save_comment(owner=teacher, text="Voor ons allemaal.", module=assignment.module)
    usable = Comment.objects.usable_by(colleague, assignment.module)
    assert [comment.text for comment in usable] == ["Voor ons allemaal."]
    assert Comment.objects.usable_by(teacher, ModuleFactory()).count() == 2


def save_and_offer(teacher, submissions, texts) -> str:
    for submission, text in zip(submissions, texts, strict=True):
        feedback.save(author=teacher, submission=submission, draft=Draft(text))
    return comment_bank.comment_to_offer(teacher, submissions[-1])


SENTENCE = "Waar in het verhaal zie je dat?"


def test_sentence_is_offered_the_third_time_it_is_written(teacher, three_submissions):
    assert (
        save_and_offer(
            teacher, three_submissions, [SENTENCE, f"Mooi.\n{SENTENCE}", f"{SENTENCE}  \nGoed zo, ga verder."]
        )
        == SENTENCE
    )


@pytest.mark.parametrize(
    "texts",
    [
        [SENTENCE, SENTENCE, "Iets heel anders dan dat."],
        [SENTENCE, f"{SENTENCE} Of niet?", SENTENCE],
        ["Mooi gezien.", "Mooi gezien.", "Mooi gezien."],  # too short for the comment bank
    ],
)
def test_sentence_that_was_not_written_three_times_is_not_offered(teacher, three_submissions, texts):
    assert save_and_offer(teacher, three_submissions, texts) == ""


def test_sentence_in_the_comment_bank_is_not_offered(teacher, three_submissions):
    comment_bank.save_comment(owner=teacher, text=SENTENCE)
    assert save_and_offer(teacher, three_submissions, [SENTENCE] * 3) == ""


def test_sentences_of_a_colleague_are_not_counted(teacher, assignment, three_submissions):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    for submission in three_submissions[:2]:
        feedback.save(author=colleague, submission=submission, draft=Draft(SENTENCE))
    feedback.save(author=teacher, submission=three_submissions[2], draft=Draft(SENTENCE))
    assert comment_bank.comment_to_offer(teacher, three_submissions[2]) == ""


# --- Account deletion ---


def test_released_feedback_remains_as_released_after_account_deletion(save, teacher, assignment, student):
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    save("Half af", DONE, revision=1)
    colleague = enrol(assignment.module, role=Role.TEACHER)
    deletion.erase(user=teacher)
    stored = Feedback.objects.get()
    assert (stored.author, stored.text, stored.verdict, stored.waits_for_release) == (None, "Mooi.", AGAIN, False)
    assert colleague.user.pk
    assert Submission.objects.count() == 1
