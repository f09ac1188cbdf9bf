"""Tests of the workload on the module page: the work in each assignment, and the students who have not begun."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from questions.actions import answering
from questions.actions import modules as module_actions
from questions.models import Answer, Feedback, Role
from questions.pages import modules
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, enrol, hand_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment(module):
    return AssignmentFactory(module=module, case=published_case(title="De koelkast", kolbs=["doener", "denker"]))


@pytest.fixture
def page(client, teacher, module):
    client.force_login(teacher)
    return lambda: " ".join(client.get(module.get_absolute_url()).content.decode().split())


@pytest.fixture
def not_begun(client, teacher, assignment):
    client.force_login(teacher)
    return lambda: " ".join(client.get(f"/opdrachten/{assignment.pk}/niet-begonnen/").content.decode().split())


def create_feedback(submission, author, **fields) -> Feedback:
    return Feedback.objects.create(submission=submission, author=author, text="Mooi.", **fields)


# --- The work in each assignment ---


def test_module_page_shows_the_unread_and_unreleased_work_of_each_assignment(
    page, module, assignment, student, teacher
):
    other = AssignmentFactory(module=module, case=published_case(title="Het buurthuis"))
    colleague = enrol(module, UserFactory(name="Omar Said"), role=Role.TEACHER).user
    hand_in(assignment, student, 0)
    create_feedback(hand_in(assignment, student, 1), colleague)
    create_feedback(hand_in(other, student, 0), teacher)
    text = page()
    feedback, other_feedback = (
        f'href="/opdrachten/{assignment.pk}/feedback/"',
        f'href="/opdrachten/{other.pk}/feedback/"',
    )
    fridge, house = ('<span class="sr">De koelkast: </span>', '<span class="sr">Het buurthuis: </span>')
    assert f"{feedback}>{fridge}1 antwoord te lezen" in text
    assert f"{feedback}>{fridge}1 keer feedback van Omar Said klaar, niet vrijgegeven" in text
    assert f"{other_feedback}>{house}1 keer feedback van jou klaar, niet vrijgegeven" in text


def test_new_version_counts_as_unread(assignment, module, student, teacher):
    create_feedback(hand_in(assignment, student, 0), teacher, released_at=timezone.now())
    (line,) = modules.module_for_its_teacher(module, teacher).assignments
    assert line.workload.to_read == 0
    hand_in(assignment, student, 0, "Nu beter.")
    (line,) = modules.module_for_its_teacher(module, teacher).assignments
    assert (line.workload.to_read, line.workload.handed_in, line.workload.handing_in) == (1, 1, 1)


def test_submission_that_was_taken_back_is_not_counted(assignment, module, student, teacher):
    answering.take_back(submission=hand_in(assignment, student, 0))
    (line,) = modules.module_for_its_teacher(module, teacher).assignments
    assert (line.workload.to_read, line.workload.handed_in, line.not_begun) == (0, 0, 0)


def test_ring_of_the_module_counts_the_lenses_of_all_assignments(page, assignment, module):
    AssignmentFactory(module=module, case=published_case(kolbs=["doener"]))
    text = page()
    assert 'aria-label="Drie vragen: 2 doener, 1 denker"' in text
    assert "Nog geen vraag door de bril van de beschouwer of de beslisser." in text


def test_work_in_another_module_is_not_counted(page, assignment, student):
    other_assignment = AssignmentFactory(case=assignment.edition.case)
    hand_in(other_assignment, enrol(other_assignment.module), 0)
    text = page()
    assert "te lezen" not in text
    assert "nog niemand begonnen" in text


# --- Students who have not begun ---


def test_students_who_have_not_begun_are_named_on_a_separate_page(page, not_begun, assignment, student, module):
    enrol(module, UserFactory(name="Aya Amrani"), group="SW1A")
    assert f'href="/opdrachten/{assignment.pk}/niet-begonnen/"' in page()
    text = not_begun()
    assert text.index("SW1A") < text.index("Aya Amrani") < text.index("SW1C") < text.index("Bram Kuipers")


def test_students_who_began_or_left_are_not_listed(not_begun, assignment, student, module):
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=student.user, question=question, assignment=assignment, text="Geheim concept.")
    hand_in(assignment, enrol(module, UserFactory(name="Aya Amrani")), 0)
    enrol(module, UserFactory(name="Weg Gegaan"), left_at=timezone.now())
    text = not_begun()
    assert "Iedereen is begonnen" in text
    for word in ("Bram", "Aya", "Weg Gegaan", "Geheim"):
        assert word not in text.split("<main")[1]


def test_student_who_wrote_only_for_another_assignment_has_not_begun(not_begun, module, assignment, student):
    hand_in(AssignmentFactory(module=module, case=assignment.edition.case), student, 0)
    assert "Bram Kuipers" in not_begun()


def test_teacher_who_hides_names_sees_tags(not_begun, module, teacher, student):
    enrolments = [student, *(enrol(module, UserFactory(name=f"Naam {letter}")) for letter in "ABCDEF")]
    module_actions.choose_reading(enrolment=module.enrolments.get(user=teacher), hides_names=True)
    text = not_begun()
    assert "Bram" not in text
    assert "Naam" not in text
    assert f"/mensen/{student.tag}/" not in text
    ungrouped = sorted((enrolment.tag, enrolment.alias) for enrolment in enrolments[1:])
    positions = [text.index(alias) for _tag, alias in ungrouped]
    assert positions == sorted(positions)


def test_page_without_students_or_before_opening_shows_a_message(not_begun, assignment):
    assert "Er doet nog niemand mee" in not_begun()
    assignment.opens_at = timezone.now() + timedelta(days=1)
    assignment.save()
    assert "De opdracht gaat open morgen om" in not_begun()


@pytest.mark.parametrize("count", [1, 3])
def test_page_uses_a_fixed_number_of_queries(client, teacher, assignment, module, count):
    for _each in range(count):
        enrol(module)
        hand_in(assignment, enrol(module), 0)
    client.force_login(teacher)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/opdrachten/{assignment.pk}/niet-begonnen/")
    assert len(queries) == 5
