"""Two saves at the very same moment: the second one's UPDATE finds that the first one was there."""

import pytest

from questions.actions import answering
from questions.actions.saving import Draft, Outcome
from questions.models import Answer, AnswerVersion
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    assignment = AssignmentFactory()
    student = enrol(assignment.module).user
    return {"student": student, "question": assignment.questions.get(), "assignment_id": assignment.pk}


@pytest.fixture
def just_before_writing(monkeypatch, place):
    """Lets another save come in after the row was read, and before it is written."""

    def let_in(draft: Draft) -> None:
        write = answering.AnswerTarget.overwrite

        def write_second(*args):
            monkeypatch.setattr(answering.AnswerTarget, "overwrite", write)
            assert answering.save(**place, draft=draft).outcome is Outcome.SAVED
            return write(*args)

        monkeypatch.setattr(answering.AnswerTarget, "overwrite", write_second)

    return let_in


def test_the_same_save_sent_twice_is_no_conflict(place, just_before_writing):
    answering.save(**place, draft=Draft("een", writer="telefoon", seq=1))
    twice = Draft("een twee", revision=1, writer="telefoon", seq=2)
    just_before_writing(twice)
    saved = answering.save(**place, draft=twice)
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 2)
    assert not AnswerVersion.objects.exists()


def test_a_later_save_of_the_same_page_is_no_conflict_either(place, just_before_writing):
    answering.save(**place, draft=Draft("een", writer="telefoon", seq=1))
    just_before_writing(Draft("een twee", revision=1, writer="telefoon", seq=2))
    saved = answering.save(**place, draft=Draft("een twee drie", revision=1, writer="telefoon", seq=3))
    assert saved.outcome is Outcome.SAVED
    assert Answer.objects.get().text == "een twee drie"
    assert not AnswerVersion.objects.exists()


def test_another_text_from_elsewhere_is_a_conflict_and_both_are_kept(place, just_before_writing):
    answering.save(**place, draft=Draft("een", writer="telefoon", seq=1))
    just_before_writing(Draft("van de laptop", revision=1, writer="laptop", seq=1))
    saved = answering.save(**place, draft=Draft("van de telefoon", revision=1, writer="telefoon", seq=2))
    assert saved.outcome is Outcome.STALE
    assert Answer.objects.get().text == "van de laptop"
    assert set(AnswerVersion.objects.values_list("text", flat=True)) == {"van de laptop", "van de telefoon"}
