"""What a teacher finds on the page of a module: what waits in each assignment, and who has not begun."""

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


def give(submission, author, **fields) -> Feedback:
    return Feedback.objects.create(submission=submission, author=author, text="Mooi.", **fields)


# --- Per assignment ---


def test_each_assignment_says_what_waits_in_it(page, module, assignment, student, teacher):
    other = AssignmentFactory(module=module, case=published_case(title="Het buurthuis"))
    colleague = enrol(module, UserFactory(name="Omar Said"), role=Role.TEACHER).user
    hand_in(assignment, student, 0)
    give(hand_in(assignment, student, 1), colleague)
    give(hand_in(other, student, 0), teacher)
    text = page()
    feedback, other_feedback = (
        f'href="/opdrachten/{assignment.pk}/feedback/"',
        f'href="/opdrachten/{other.pk}/feedback/"',
    )
    fridge, house = ('<span class="sr">De koelkast: </span>', '<span class="sr">Het buurthuis: </span>')
    assert f"{feedback}>{fridge}1 antwoord te lezen" in text
    assert f"{feedback}>{fridge}1 keer feedback van Omar Said klaar, niet vrijgegeven" in text
    assert f"{other_feedback}>{house}1 keer feedback van jou klaar, niet vrijgegeven" in text


def test_a_new_version_waits_to_be_read_again(assignment, module, student, teacher):
    give(hand_in(assignment, student, 0), teacher, released_at=timezone.now())
    (line,) = modules.module_for_its_teacher(module, teacher).assignments
    assert line.pile.waiting == 0
    hand_in(assignment, student, 0, "Nu beter.")
    (line,) = modules.module_for_its_teacher(module, teacher).assignments
    assert (line.pile.waiting, line.pile.handed_in, line.pile.handing_in) == (1, 1, 1)


def test_what_was_taken_back_waits_for_nobody(assignment, module, student, teacher):
    answering.take_back(submission=hand_in(assignment, student, 0))
    (line,) = modules.module_for_its_teacher(module, teacher).assignments
    assert (line.pile.waiting, line.pile.handed_in, line.not_begun) == (0, 0, 0)


def test_the_brillen_of_all_assignments_together_are_pictured(page, assignment, module):
    AssignmentFactory(module=module, case=published_case(kolbs=["doener"]))
    text = page()
    assert 'aria-label="Drie vragen: 2 doener, 1 denker"' in text
    assert "Nog geen vraag door de bril van de beschouwer of de beslisser." in text


def test_another_module_counts_for_nothing(page, assignment, student):
    elsewhere = AssignmentFactory(case=assignment.edition.case)
    hand_in(elsewhere, enrol(elsewhere.module), 0)
    text = page()
    assert "te lezen" not in text
    assert "nog niemand begonnen" in text


# --- Who has not begun ---


def test_names_are_for_who_asks(page, not_begun, assignment, student, module):
    enrol(module, UserFactory(name="Aya Amrani"), group="SW1A")
    assert f'href="/opdrachten/{assignment.pk}/niet-begonnen/"' in page()
    text = not_begun()
    assert text.index("SW1A") < text.index("Aya Amrani") < text.index("SW1C") < text.index("Bram Kuipers")


def test_who_wrote_or_handed_in_is_not_there(not_begun, assignment, student, module):
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=student.user, question=question, assignment=assignment, text="Geheim concept.")
    hand_in(assignment, enrol(module, UserFactory(name="Aya Amrani")), 0)
    enrol(module, UserFactory(name="Weg Gegaan"), left_at=timezone.now())
    text = not_begun()
    assert "Iedereen is begonnen" in text
    for word in ("Bram", "Aya", "Weg Gegaan", "Geheim"):
        assert word not in text.split("<main")[1]


def test_who_wrote_for_another_assignment_only_has_not_begun(not_begun, module, assignment, student):
    hand_in(AssignmentFactory(module=module, case=assignment.edition.case), student, 0)
    assert "Bram Kuipers" in not_begun()


def test_who_keeps_names_hidden_gets_labels(not_begun, module, teacher, student):
    enrolments = [student, *(enrol(module, UserFactory(name=f"Naam {letter}")) for letter in "ABCDEF")]
    module_actions.choose_reading(enrolment=module.enrolments.get(user=teacher), hides_names=True)
    text = not_begun()
    assert "Bram" not in text
    assert "Naam" not in text
    assert f"/mensen/{student.tag}/" not in text
    ungrouped = sorted((each.tag, each.alias) for each in enrolments[1:])
    places = [text.index(alias) for _tag, alias in ungrouped]
    assert places == sorted(places)


def test_it_says_what_there_is_to_say_without_anybody(not_begun, assignment):
    assert "Er doet nog niemand mee" in not_begun()
    assignment.opens_at = timezone.now() + timedelta(days=1)
    assignment.save()
    assert "De opdracht gaat open morgen om" in not_begun()


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_however_many(client, teacher, assignment, module, count):
    for _each in range(count):
        enrol(module)
        hand_in(assignment, enrol(module), 0)
    client.force_login(teacher)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/opdrachten/{assignment.pk}/niet-begonnen/")
    assert len(queries) == 6
