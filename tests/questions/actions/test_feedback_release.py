"""Tests of releasing feedback as a page showed it, and of taking back what no student has seen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from casebook.accounts import deletion
from questions.actions import answering, feedback, feedback_receipts
from questions.actions.saving import Draft
from questions.models import Answer, Feedback, FeedbackVersion, Role, Verdict
from tests.questions.factories import enrol, hand_in

pytestmark = pytest.mark.django_db

ALL = Feedback.objects


@pytest.fixture
def submission(assignment, student):
    return hand_in(assignment, student)


@pytest.fixture
def save(teacher, submission):
    def save(text="Mooi.", verdict=Verdict.READ) -> Feedback:
        row = Feedback.objects.filter(submission=submission, author=teacher).first()
        draft = Draft(text, revision=row.revision if row else 0)
        return feedback.save(author=teacher, submission=submission, draft=draft, verdict=verdict).row

    return save


def release_shown(shown: dict[int, int]) -> feedback.Release:
    return feedback.release_shown(feedback=ALL.all(), scope=ALL.all(), shown=shown)


def release() -> None:
    feedback.release(feedback=ALL.all())


def take_back() -> int:
    return feedback.take_back(feedback=ALL.all())


def shown_to(student) -> list[tuple]:
    """Return the texts and verdicts of the feedback that the student sees."""
    rows = feedback_receipts.own_feedback(student.user).order_by("pk")
    return [(row.shown_text, row.shown_verdict, row.seen_at is not None) for row in rows]


# --- Releasing what a page showed ---


def test_feedback_that_was_changed_since_the_page_was_made_is_not_released(save, student):
    row = save("Mooi.")
    save("Nog niet af")
    assert release_shown({row.pk: 1}) == feedback.Release(released=0, already=0, left=[row.pk])
    assert shown_to(student) == []


def test_second_request_of_the_same_page_changes_nothing(save, student):
    row = save()
    assert release_shown({row.pk: 1}) == feedback.Release(released=1, already=0, left=[])
    at = Feedback.objects.get().released_at
    assert release_shown({row.pk: 1}) == feedback.Release(released=0, already=1, left=[])
    assert Feedback.objects.get().released_at == at


def test_second_request_does_not_release_what_was_written_between_the_two(save, student):
    row = save("Mooi.")
    release_shown({row.pk: 1})
    save("Half af")
    assert release_shown({row.pk: 1}).left == [row.pk]
    assert shown_to(student) == [("Mooi.", Verdict.READ, False)]


def test_feedback_of_two_teachers_is_released_by_each_page_alone(save, assignment, submission):
    own = save()
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    other = feedback.save(author=colleague, submission=submission, draft=Draft("Van Hakan.")).row
    mine = ALL.in_charge_of(own.author, assignment.module)
    result = feedback.release_shown(feedback=mine, scope=mine, shown={own.pk: 1, other.pk: 1})
    assert result == feedback.Release(released=1, already=0, left=[])
    assert list(ALL.released()) == [own]


def test_feedback_of_a_former_teacher_is_released_once_by_two_teachers(teacher, assignment, submission):
    former = enrol(assignment.module, role=Role.TEACHER, left_at=timezone.now()).user
    row = feedback.save(author=former, submission=submission, draft=Draft("Van toen.")).row
    pages = [
        ALL.in_charge_of(each, assignment.module) for each in (teacher, enrol(assignment.module, role="teacher").user)
    ]
    results = [feedback.release_shown(feedback=page, scope=page, shown={row.pk: 1}) for page in pages]
    assert [(result.released, result.already) for result in results] == [(1, 0), (0, 1)]


def test_feedback_that_is_saved_during_its_release_is_not_released(save, student, monkeypatch):
    save("Mooi.")
    locked_release = feedback._release

    def after_a_save(*arguments):
        save("Half af")
        return locked_release(*arguments)

    monkeypatch.setattr(feedback, "_release", after_a_save)
    assert feedback.release(feedback=ALL.filter(revision=1)) == 0
    assert shown_to(student) == []


# --- Taking back ---


def test_first_release_is_taken_back_as_a_whole(save, student):
    save()
    release()
    assert take_back() == 1
    assert shown_to(student) == []
    row = Feedback.objects.get()
    assert (row.text, row.revision, row.waits_for_release, row.before_release) == ("Mooi.", 1, True, None)


def test_student_sees_the_earlier_feedback_again_after_a_second_release_is_taken_back(save, student):
    save("Eerst.", Verdict.AGAIN)
    release()
    feedback_receipts.see(student=student.user, until=timezone.now())
    first_release = Feedback.objects.get().released_at
    save("Daarna.", Verdict.DONE)
    release()
    assert take_back() == 1
    assert shown_to(student) == [("Eerst.", Verdict.AGAIN, True)]
    row = Feedback.objects.get()
    assert (row.text, row.verdict, row.released_at, row.waits_for_release) == (
        "Daarna.",
        Verdict.DONE,
        first_release,
        True,
    )
    assert take_back() == 0


def test_three_releases_are_taken_back_one_by_one(save, student):
    save("Nul.")
    release()
    feedback_receipts.see(student=student.user, until=timezone.now())
    for text in ("Een.", "Twee."):
        save(text)
        release()
    found = [shown_to(student)[0][0]]
    while take_back():
        found.append(shown_to(student)[0][0])
    assert found == ["Twee.", "Een.", "Nul."]


def test_earlier_feedback_that_is_written_again_does_not_wait_for_release(save, student):
    save("Eerst.")
    release()
    feedback_receipts.see(student=student.user, until=timezone.now())
    save("Daarna.")
    release()
    save("Eerst.")
    assert take_back() == 1
    assert not Feedback.objects.get().waits_for_release
    assert shown_to(student) == [("Eerst.", Verdict.READ, True)]


def test_text_that_was_released_and_changed_since_is_saved_as_a_version(save, student):
    save("Mooi.")
    release()
    save("Mooi. Waarom zo?")
    assert not FeedbackVersion.objects.exists()
    assert take_back() == 1
    assert shown_to(student) == []
    assert Feedback.objects.get().text == "Mooi. Waarom zo?"
    assert list(FeedbackVersion.objects.values_list("text", flat=True)) == ["Mooi."]


def see(student) -> None:
    feedback_receipts.see(student=student.user, until=timezone.now())


def take_up(student) -> None:
    feedback_receipts.take_up(feedback=Feedback.objects.get(), goes_on=True, until=timezone.now())
    Feedback.objects.update(seen_at=None)


def write(student) -> None:
    answer = Answer.objects.get()
    draft = Draft("Ik schrijf verder.", revision=answer.revision)
    place = {"question": answer.question, "assignment_id": answer.assignment_id}
    answering.save(student=student.user, draft=draft, **place)


def hand_in_what_was_written_before(student) -> None:
    answer = Answer.objects.get()
    draft = Draft(answer.text, revision=answer.revision)
    place = {"question": answer.question, "assignment": answer.assignment}
    assert answering.hand_in(student=student.user, draft=draft, **place).result is answering.Result.SUBMITTED


def wait_an_hour(student) -> None:
    Feedback.objects.update(released_at=timezone.now() - timedelta(minutes=61))


@pytest.mark.parametrize("happened", [see, take_up, write, hand_in_what_was_written_before, wait_an_hour])
def test_feedback_that_may_have_been_read_is_not_taken_back(save, student, happened):
    save()
    if happened is hand_in_what_was_written_before:
        write(student)
    release()
    happened(student)
    assert take_back() == 0
    assert [text for text, *_rest in shown_to(student)] == ["Mooi."]


def test_what_was_shown_before_is_deleted_once_the_release_is_seen(save, student):
    save("Eerst.")
    release()
    save("Daarna.")
    release()
    assert Feedback.objects.get().before_release["text"] == "Eerst."
    see(student)
    assert Feedback.objects.get().before_release is None


def test_student_who_sees_feedback_just_after_it_was_taken_back_changes_nothing(save, student):
    save()
    release()
    opened = timezone.now()
    take_back()
    assert feedback_receipts.see(student=student.user, until=opened, ids=[Feedback.objects.get().pk]) == 0
    assert Feedback.objects.get().seen_at is None


def test_student_desk_shows_no_trace_of_feedback_that_was_taken_back(client, save, student, assignment):
    save("Een geheim.", Verdict.AGAIN)
    client.force_login(student.user)
    before = client.get(assignment.get_absolute_url()).context["view"].items
    release()
    take_back()
    after = client.get(assignment.get_absolute_url())
    assert b"Een geheim." not in after.content
    assert [item.state for item in after.context["view"].items] == [item.state for item in before]


def test_deleting_the_account_of_the_teacher_deletes_what_was_shown_before(save, student):
    save("Eerst.")
    release()
    save("Daarna.")
    release()
    deletion._leave_feedback_released(Feedback.objects.get().author)
    assert (Feedback.objects.get().shown_text, Feedback.objects.get().before_release) == ("Daarna.", None)
