"""Giving feedback: nothing a teacher writes is lost, and students see what is released and no more."""

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


def kept() -> list[str]:
    return sorted(FeedbackVersion.objects.values_list("text", flat=True))


# --- Saving ---


def test_the_first_save_makes_the_row_and_releases_nothing(save):
    saved = save("Mooi.\r\nEcht.", AGAIN)
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 1)
    given = Feedback.objects.get()
    assert (given.text, given.verdict, given.released_at) == ("Mooi.\nEcht.", AGAIN, None)


def test_an_empty_field_without_a_verdict_is_no_feedback(save):
    assert save("").row is None
    assert save(" \n").row is None
    assert not Feedback.objects.exists()


def test_a_verdict_alone_is_feedback(save):
    assert save("", DONE).row.verdict == DONE


def test_without_a_verdict_the_stored_one_stays(save):
    save("Mooi.", AGAIN)
    save("Mooi zo.", revision=1)
    assert Feedback.objects.values_list("text", "verdict").get() == ("Mooi zo.", AGAIN)


def test_only_the_verdict_can_change(save):
    save("Mooi.", AGAIN)
    saved = save("Mooi.", DONE, revision=1)
    assert (saved.revision, Feedback.objects.get().verdict) == (2, DONE)


def test_a_stale_verdict_does_not_win_in_silence(save):
    save("Mooi.", READ, writer="laptop", seq=1)
    save("Mooi.", AGAIN, revision=1, writer="laptop", seq=2)
    assert save("Mooi.", DONE, revision=1, writer="telefoon", seq=1).outcome is Outcome.STALE
    assert save("Mooi.", AGAIN, revision=1, writer="telefoon", seq=1).outcome is Outcome.SAVED
    assert save("Mooi.", revision=1, writer="telefoon", seq=1).outcome is Outcome.SAVED
    assert Feedback.objects.get().verdict == AGAIN


def test_a_stale_save_keeps_both_texts(save):
    save("Van de laptop.", writer="laptop", seq=1)
    saved = save("Van de telefoon.", writer="telefoon", seq=1)
    assert saved.outcome is Outcome.STALE
    assert Feedback.objects.get().text == "Van de laptop."
    assert kept() == ["Van de laptop.", "Van de telefoon."]


def test_a_save_of_which_the_reply_was_lost_is_no_conflict(save):
    save("Mooi.", writer="laptop", seq=1)
    assert save("Mooi zo.", writer="laptop", seq=2).outcome is Outcome.SAVED
    assert save("Mooi.", writer="laptop", seq=1).revision == 2
    assert Feedback.objects.get().text == "Mooi zo."


def test_what_is_taken_away_in_one_go_is_kept(save):
    save("Een heel lange zin over wat goed ging.")
    save("Kort.", revision=1)
    assert kept() == ["Een heel lange zin over wat goed ging."]


def test_too_long_is_not_stored(save):
    assert save("x" * 20_001).outcome is Outcome.TOO_LONG
    assert not Feedback.objects.exists()


def test_nothing_is_stored_on_what_was_taken_back(save, submission):
    assert answering.take_back(submission=submission)
    with pytest.raises(feedback.TakenBackError):
        save()
    assert not Feedback.objects.exists()


def test_once_there_is_feedback_nothing_can_be_taken_back(save, submission):
    save()
    assert not answering.take_back(submission=submission)


def test_each_teacher_has_an_own_row(save, submission, assignment):
    save("Van Karin.")
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    feedback.save(author=colleague, submission=submission, draft=Draft("Van Hakan."))
    assert sorted(Feedback.objects.values_list("text", flat=True)) == ["Van Hakan.", "Van Karin."]


# --- Releasing ---


def release_all(teacher, assignment) -> int:
    return feedback.release(feedback=Feedback.objects.releasable_by(teacher, assignment.module))


def verdict_of(student) -> str | None:
    return Answer.objects.filter(student=student.user).with_state().first().verdict


def test_released_is_seen_and_not_before(save, teacher, assignment, student):
    save("Mooi.", AGAIN)
    assert verdict_of(student) is None
    assert release_all(teacher, assignment) == 1
    assert verdict_of(student) == AGAIN
    assert release_all(teacher, assignment) == 0


def test_changing_what_was_released_changes_nothing_for_the_student(save, teacher, assignment, student):
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    Feedback.objects.update(seen_at=timezone.now())
    save("Toch niet.", DONE, revision=1)
    given = Feedback.objects.get()
    assert (given.shown_text, given.shown_verdict, given.waits_for_release) == ("Mooi.", AGAIN, True)
    assert verdict_of(student) == AGAIN
    save("Toch wel.", DONE, revision=2)
    assert Feedback.objects.get().shown_text == "Mooi."
    assert release_all(teacher, assignment) == 1
    given = Feedback.objects.get()
    assert (given.shown_text, given.shown_verdict, given.seen_at) == ("Toch wel.", DONE, None)


def test_writing_the_same_again_leaves_nothing_to_release(save, teacher, assignment):
    save("Mooi.")
    release_all(teacher, assignment)
    save("Mooi!", revision=1)
    save("Mooi.", revision=2)
    assert not Feedback.objects.waiting_for_release().exists()


def test_what_is_released_between_reading_and_writing_is_shown_as_released(save, submission, monkeypatch):
    save("Mooi.", writer="laptop", seq=1)
    overwrite = feedback.FeedbackTarget.overwrite

    def released_just_before(*args):
        monkeypatch.setattr(feedback.FeedbackTarget, "overwrite", overwrite)
        feedback.release(feedback=Feedback.objects.all())
        return overwrite(*args)

    monkeypatch.setattr(feedback.FeedbackTarget, "overwrite", released_just_before)
    assert save("Half af", revision=1, writer="laptop", seq=2).outcome is Outcome.SAVED
    given = Feedback.objects.get()
    assert (given.shown_text, given.text) == ("Mooi.", "Half af")


def test_nobody_releases_what_a_colleague_is_writing(save, teacher, assignment):
    colleague = enrol(assignment.module, role=Role.TEACHER)
    save("Mooi.")
    assert release_all(colleague.user, assignment) == 0
    assert not Feedback.objects.released().exists()


def test_what_a_teacher_who_left_had_ready_can_be_released_by_another(save, teacher, assignment):
    colleague = enrol(assignment.module, role=Role.TEACHER)
    save("Mooi.")
    assignment.module.enrolments.filter(user=teacher).update(left_at=timezone.now())
    assert release_all(colleague.user, assignment) == 1


def test_the_verdict_that_counts_is_the_latest_released(save, teacher, assignment, student, submission):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    feedback.save(author=colleague, submission=submission, draft=Draft("Sterk."), verdict=DONE)
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    Feedback.objects.filter(author=teacher).update(released_at=F("released_at") - timedelta(minutes=1))
    assert verdict_of(student) == AGAIN
    release_all(colleague, assignment)
    assert verdict_of(student) == DONE


def test_a_new_version_waits_whatever_was_said_of_the_one_before(save, teacher, assignment, student):
    save("Mooi.", DONE)
    release_all(teacher, assignment)
    hand_in(assignment, student, text="Beter.")
    assert Answer.objects.with_state().get().state == "ingeleverd"


# --- Undoing ---


def test_undoing_takes_the_feedback_away_and_keeps_the_text(save, teacher, submission):
    save("Mooi.", AGAIN)
    assert feedback.undo(author=teacher, submission=submission)
    assert not Feedback.objects.exists()
    assert kept() == ["Mooi."]
    assert not feedback.undo(author=teacher, submission=submission)


def test_a_page_from_before_an_undoing_does_not_write_over_what_came_after(save, teacher, submission):
    save("Oud.", writer="laptop", seq=1)
    feedback.undo(author=teacher, submission=submission)
    save("Nieuw en lang doordacht.", writer="tafel", seq=1)
    assert save("Oud, en meer.", revision=1, writer="telefoon", seq=1).outcome is Outcome.STALE
    assert Feedback.objects.get().text == "Nieuw en lang doordacht."
    assert "Oud, en meer." in kept()


def test_the_same_holds_for_what_was_undone_together(save, teacher, submission):
    batch = feedback.save_in_bulk(author=teacher, submissions=[submission], text="Oud.")
    feedback.undo_batch(author=teacher, token=batch.token)
    feedback.save_in_bulk(author=teacher, submissions=[submission], text="Nieuw en lang doordacht.")
    assert save("Oud, en meer.", revision=1, writer="telefoon", seq=1).outcome is Outcome.STALE
    assert "Oud, en meer." in kept()


def test_undoing_a_change_goes_back_to_what_was_released(save, teacher, assignment, submission):
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    assert not feedback.undo(author=teacher, submission=submission)
    save("Toch niet.", DONE, revision=1)
    assert feedback.undo(author=teacher, submission=submission)
    given = Feedback.objects.get()
    assert (given.text, given.verdict, given.waits_for_release) == ("Mooi.", AGAIN, False)
    assert kept() == ["Toch niet."]


def test_an_open_page_that_does_not_know_of_the_undoing_loses_nothing(save, teacher, assignment, submission):
    save("Mooi.", writer="laptop", seq=1)
    release_all(teacher, assignment)
    save("Toch niet.", revision=1, writer="laptop", seq=2)
    feedback.undo(author=teacher, submission=submission)
    assert save("Toch niet, hoor.", revision=2, writer="laptop", seq=3).outcome is Outcome.STALE
    assert "Toch niet, hoor." in kept()


# --- For a selection ---


@pytest.fixture
def three(assignment):
    return [hand_in(assignment, enrol(assignment.module)) for _each in range(3)]


def test_the_same_for_a_selection_and_back(teacher, three):
    batch = feedback.save_in_bulk(author=teacher, submissions=three, text="Goed gezien.", verdict=DONE)
    assert (batch.made, batch.skipped) == (3, 0)
    assert set(Feedback.objects.values_list("text", "verdict", "released_at")) == {("Goed gezien.", DONE, None)}
    assert feedback.undo_batch(author=teacher, token=batch.token) == 3
    assert not Feedback.objects.exists()


def test_what_was_written_before_is_left_alone(teacher, three):
    feedback.save(author=teacher, submission=three[0], draft=Draft("Eigen woorden."))
    batch = feedback.save_in_bulk(author=teacher, submissions=three)
    assert (batch.made, batch.skipped) == (2, 1)
    assert Feedback.objects.get(submission=three[0]).text == "Eigen woorden."


def test_what_was_changed_or_released_since_stays(teacher, assignment, three):
    batch = feedback.save_in_bulk(author=teacher, submissions=three)
    feedback.save(author=teacher, submission=three[0], draft=Draft("Toch iets.", revision=1))
    feedback.release(feedback=Feedback.objects.filter(submission=three[1]))
    assert feedback.undo_batch(author=teacher, token=batch.token) == 1
    assert set(Feedback.objects.values_list("submission", flat=True)) == {three[0].pk, three[1].pk}


def test_nobody_undoes_what_a_colleague_did(teacher, assignment, three):
    batch = feedback.save_in_bulk(author=teacher, submissions=three)
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    assert feedback.undo_batch(author=colleague, token=batch.token) == 0
    assert feedback.undo_batch(author=teacher, token="") == 0
    assert Feedback.objects.count() == 3


def test_what_was_taken_back_meanwhile_is_skipped(teacher, three):
    answering.take_back(submission=three[0])
    batch = feedback.save_in_bulk(author=teacher, submissions=three)
    assert (batch.made, batch.skipped) == (2, 1)


# --- The comment bank ---


def test_a_sentence_is_kept_once_and_can_be_shared(teacher, assignment):
    comment_bank.save_comment(owner=teacher, text=" Waar zie je dat? ")
    comment = comment_bank.save_comment(owner=teacher, text="Waar zie je dat?", module=assignment.module)
    assert list(Comment.objects.values_list("text", "module")) == [("Waar zie je dat?", assignment.module.pk)]
    comment_bank.share_comment(comment=comment)
    assert Comment.objects.get().module is None


def test_colleagues_use_what_is_shared_in_their_module(teacher, assignment):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    comment_bank.save_comment(owner=teacher, text="Van mij alleen, dus.")
    comment_bank.save_comment(owner=teacher, text="Voor ons allemaal.", module=assignment.module)
    usable = Comment.objects.usable_by(colleague, assignment.module)
    assert [comment.text for comment in usable] == ["Voor ons allemaal."]
    assert Comment.objects.usable_by(teacher, ModuleFactory()).count() == 2


def offered(teacher, submissions, texts) -> str:
    for submission, text in zip(submissions, texts, strict=True):
        feedback.save(author=teacher, submission=submission, draft=Draft(text))
    return comment_bank.comment_to_offer(teacher, submissions[-1])


SENTENCE = "Waar in het verhaal zie je dat?"


def test_the_third_time_a_sentence_is_offered(teacher, three):
    assert offered(teacher, three, [SENTENCE, f"Mooi.\n{SENTENCE}", f"{SENTENCE}  \nGoed zo, ga verder."]) == SENTENCE


@pytest.mark.parametrize(
    "texts",
    [
        [SENTENCE, SENTENCE, "Iets heel anders dan dat."],
        [SENTENCE, f"{SENTENCE} Of niet?", SENTENCE],
        ["Mooi gezien.", "Mooi gezien.", "Mooi gezien."],  # too short to be worth a place
    ],
)
def test_what_is_not_the_same_three_times_is_not_offered(teacher, three, texts):
    assert offered(teacher, three, texts) == ""


def test_what_is_in_the_bank_is_not_offered(teacher, three):
    comment_bank.save_comment(owner=teacher, text=SENTENCE)
    assert offered(teacher, three, [SENTENCE] * 3) == ""


def test_what_a_colleague_wrote_does_not_count(teacher, assignment, three):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    for submission in three[:2]:
        feedback.save(author=colleague, submission=submission, draft=Draft(SENTENCE))
    feedback.save(author=teacher, submission=three[2], draft=Draft(SENTENCE))
    assert comment_bank.comment_to_offer(teacher, three[2]) == ""


# --- Leaving ---


def test_what_a_teacher_released_stays_as_the_student_read_it(save, teacher, assignment, student):
    save("Mooi.", AGAIN)
    release_all(teacher, assignment)
    save("Half af", DONE, revision=1)
    colleague = enrol(assignment.module, role=Role.TEACHER)
    deletion.erase(user=teacher)
    given = Feedback.objects.get()
    assert (given.author, given.text, given.verdict, given.waits_for_release) == (None, "Mooi.", AGAIN, False)
    assert colleague.user.pk
    assert Submission.objects.count() == 1
