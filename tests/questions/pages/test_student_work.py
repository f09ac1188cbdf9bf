"""Tests of the page of a student for the teachers of the module: handed in work, and nothing of a draft."""

from datetime import timedelta

import pytest
from django.utils import timezone

from questions.actions import answering, feedback, modules
from questions.actions.saving import Draft
from questions.models import Answer, Role, Verdict, WorkState
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend, hand_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, teacher, module, student):
    """Return a function that requests the page of the student as the teacher."""
    client.force_login(teacher)
    return lambda: client.get(f"/modules/{module.pk}/mensen/{student.tag}/")


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def states(response) -> list[list[WorkState]]:
    return [[asked.state for asked in part.questions] for part in response.context["work"]]


def test_work_of_all_assignments_is_shown_with_its_state(page, teacher, module, assignment, student):
    later = AssignmentFactory(module=module, case=published_case(kolbs=["denker"]), position=2)
    first = hand_in(assignment, student, 0, "Ik bel eerst.")
    feedback.save(author=teacher, submission=first, draft=Draft("Waarom?"), verdict=Verdict.AGAIN)
    second = hand_in(later, student, 0, "Ik ga langs.")
    response = page()
    assert states(response) == [[WorkState.READY, WorkState.EMPTY], [WorkState.SUBMITTED]]
    text = text_of(response)
    for expected in (
        "1 van 2 ingeleverd",
        "Ik bel eerst.",
        "Ik ga langs.",
        f"/opdrachten/{assignment.pk}/feedback/?student={student.tag}",
        f"/opdrachten/{later.pk}/feedback/?antwoord={second.pk}#antwoord-{second.pk}",
        "Geef feedback (1 te lezen)",
        "Lees en geef feedback",
    ):
        assert expected in text
    feedback.release(feedback=first.feedback.all())
    assert states(page())[0] == [WorkState.AGAIN, WorkState.EMPTY]


def test_draft_and_changes_after_handing_in_are_not_shown(page, assignment, student):
    question = assignment.questions.get(key="vraag-2")
    Answer.objects.create(student=student.user, assignment=assignment, question=question, text="Nog geheim.")
    submission = hand_in(assignment, student, 0, "Ingeleverd.")
    answering.save(
        student=student.user,
        question=submission.answer.question,
        assignment_id=assignment.pk,
        draft=Draft("Daarna veranderd.", revision=submission.revision),
    )
    response = page()
    assert states(response) == [[WorkState.SUBMITTED, WorkState.BUSY]]
    text = text_of(response)
    assert "Ingeleverd." in text
    assert "Nog geheim." not in text
    assert "Daarna veranderd." not in text


def test_latest_version_lateness_and_extension_are_shown(page, assignment, student):
    hand_in(assignment, student, 0, "Eerste versie.")
    latest = hand_in(assignment, student, 0, "Tweede versie.")
    assignment.due_at = latest.submitted_at - timedelta(minutes=3)
    assignment.save()
    text = text_of(page())
    assert "Tweede versie." in text
    assert "Eerste versie." not in text
    assert "versie 2" in text
    assert "na de inleverdatum" in text
    extend(assignment, student, timezone.now() + timedelta(days=2), "ziek geweest")
    text = text_of(page())
    assert "na de inleverdatum" not in text
    assert "(uitstel: ziek geweest)" in text


def test_work_of_other_students_and_modules_is_not_shown(page, assignment, module, student):
    hand_in(assignment, enrol(module), 0, "Van een ander.")
    elsewhere = AssignmentFactory(module=ModuleFactory(), case=assignment.edition.case)
    hand_in(elsewhere, enrol(elsewhere.module, student.user), 0, "Uit een andere module.")
    text = text_of(page())
    assert "Van een ander." not in text
    assert "Uit een andere module." not in text
    assert "Geef feedback" not in text


def test_only_work_from_before_a_student_left_is_shown(page, assignment, student):
    hand_in(assignment, student, 0, "Van ervoor.")
    modules.remove_student(enrolment=student)
    assert "Van ervoor." in text_of(page())
    submission = Answer.objects.get().submissions.get()
    student.refresh_from_db()
    answer_after = student.left_at + timedelta(seconds=1)
    type(submission).objects.update(submitted_at=answer_after)
    assert "Van ervoor." not in text_of(page())


def test_where_names_are_hidden_the_page_has_the_name_without_the_work(client, page, module, assignment, student):
    hand_in(assignment, student, 0, "Ik bel eerst.")
    client.post(f"/modules/{module.pk}/leeswijze/", {"names": "verborgen"})
    text = text_of(page())
    assert "Daarom staat hier niet wat Bram Kuipers inleverde." in text
    assert "Ik bel eerst." not in text
    response = client.post(f"/modules/{module.pk}/leeswijze/", {"names": "tonen", "terug": page().request["PATH_INFO"]})
    assert "Ik bel eerst." in text_of(client.get(response.url))


def test_page_of_a_teacher_has_no_work(client, page, module, assignment):
    page()
    colleague = enrol(module, UserFactory(), role=Role.TEACHER)
    response = client.get(f"/modules/{module.pk}/mensen/{colleague.tag}/")
    assert (response.context["work"], response.context["hides_work"]) == ([], False)


@pytest.mark.parametrize("number", [1, 3])
def test_page_uses_a_fixed_number_of_queries(page, module, student, django_assert_num_queries, number):
    for _each in range(number):
        assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener", "denker"]))
        for version in range(number):
            hand_in(assignment, student, 0, f"Versie {version}.")
        extend(assignment, student, timezone.now())
    with django_assert_num_queries(12):
        page()
