"""Tests of two saves at the same moment: the UPDATE of the second fails because the first was stored in between."""

import pytest

from questions.actions import answering
from questions.actions.saving import Draft, Outcome
from questions.models import Answer, AnswerVersion
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def target():
    assignment = AssignmentFactory()
    student = enrol(assignment.module).user
    return {"student": student, "question": assignment.questions.get(), "assignment_id": assignment.pk}


@pytest.fixture
def save_just_before_writing(monkeypatch, target):
    """Return a function that makes another save take place after the row was read and before it is written."""

    def save_between(draft: Draft) -> None:
        write = answering.AnswerTarget.overwrite

        def write_second(*args):
            monkeypatch.setattr(answering.AnswerTarget, "overwrite", write)
            assert answering.save(**target, draft=draft).outcome is Outcome.SAVED
            return write(*args)

        monkeypatch.setattr(answering.AnswerTarget, "overwrite", write_second)

    return save_between


def test_same_save_sent_twice_is_no_conflict(target, save_just_before_writing):
    answering.save(**target, draft=Draft("een", writer="telefoon", seq=1))
    repeated = Draft("een twee", revision=1, writer="telefoon", seq=2)
    save_just_before_writing(repeated)
    saved = answering.save(**target, draft=repeated)
    assert (saved.outcome, saved.revision) == (Outcome.SAVED, 2)
    assert not AnswerVersion.objects.exists()


def test_later_save_of_the_same_page_is_no_conflict(target, save_just_before_writing):
    answering.save(**target, draft=Draft("een", writer="telefoon", seq=1))
    save_just_before_writing(Draft("een twee", revision=1, writer="telefoon", seq=2))
    saved = answering.save(**target, draft=Draft("een twee drie", revision=1, writer="telefoon", seq=3))
    assert saved.outcome is Outcome.SAVED
    assert Answer.objects.get().text == "een twee drie"
    assert not AnswerVersion.objects.exists()


def test_text_of_another_page_is_a_conflict_and_both_texts_are_saved(target, save_just_before_writing):
    answering.save(**target, draft=Draft("een", writer="telefoon", seq=1))
    save_just_before_writing(Draft("van de laptop", revision=1, writer="laptop", seq=1))
    saved = answering.save(**target, draft=Draft("van de telefoon", revision=1, writer="telefoon", seq=2))
    assert saved.outcome is Outcome.STALE
    assert Answer.objects.get().text == "van de laptop"
    assert set(AnswerVersion.objects.values_list("text", flat=True)) == {"van de laptop", "van de telefoon"}
