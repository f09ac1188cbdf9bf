"""The home page of who is signed in: what is due, what is new, and the way back to one's work."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from casebook import today
from questions.models import Answer, Enrolment, Role, Verdict
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend
from tests.questions.test_portfolio import first_question, hand_in, react, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def student():
    return UserFactory(name="Noor Rahimi")


@pytest.fixture
def assignment(student):
    assignment = AssignmentFactory(
        case=published_case(title="De koelkast", kolbs=["doener", "denker", "beslisser"]),
        due_at=timezone.now() + timedelta(days=3),
    )
    enrol(assignment.module, student)
    return assignment


@pytest.fixture
def page(client, student):
    client.force_login(student)
    return lambda: client.get(reverse("home")).content.decode()


def numbered(assignment, number):
    return assignment.questions.order_by("position")[number - 1]


# --- due ---


def test_an_open_assignment_is_due_with_its_date(page, assignment):
    content = page()
    assert "De koelkast" in content
    assert "over 3 dagen" in content
    assert "Nog niets ingeleverd" in content


def test_it_is_said_which_questions_are_not_handed_in(page, student, assignment):
    hand_in(student, assignment, numbered(assignment, 2))
    write(student, numbered(assignment, 3), assignment=assignment)
    assert "Nog niet ingeleverd: vraag 1 en 3" in page()


def test_what_is_all_handed_in_is_due_no_longer(student, assignment):
    for question in assignment.questions.all():
        hand_in(student, assignment, question)
    assert today.for_you(student).due == []


def test_what_was_taken_back_is_due_again(student, assignment):
    for question in assignment.questions.all():
        submission = hand_in(student, assignment, question)
    submission.withdrawn_at = timezone.now()
    submission.save()
    (due,) = today.for_you(student).due
    assert len(due.missing) == 1


def test_a_teacher_who_asks_for_more_puts_it_on_the_list(page, student, assignment):
    for question in assignment.questions.all():
        submission = hand_in(student, assignment, question)
    react(submission, verdict=Verdict.AGAIN)
    assert "Graag aanvullen: vraag" in page()


def test_a_later_date_of_ones_own_counts(student, assignment):
    later = timezone.now() + timedelta(days=10)
    extend(assignment, Enrolment.objects.get(user=student), later)
    (due,) = today.for_you(student).due
    assert due.due_at == later


def test_the_date_of_somebody_else_does_not_count(student, assignment):
    extend(assignment, enrol(assignment.module), timezone.now() + timedelta(days=10))
    (due,) = today.for_you(student).due
    assert due.due_at == assignment.due_at


def test_a_date_that_is_past_is_said_without_alarm(page, assignment):
    assignment.due_at = timezone.now() - timedelta(days=1)
    assignment.save()
    assert "al voorbij; inleveren kan nog" in page()


@pytest.mark.parametrize(
    ("field", "hours"),
    [("opens_at", 1), ("closed_at", -1)],
)
def test_what_is_not_open_is_not_due(student, assignment, field, hours):
    setattr(assignment, field, timezone.now() + timedelta(hours=hours))
    assignment.save()
    assert today.for_you(student).due == []


def test_nothing_is_due_in_a_module_that_is_archived_or_left(student, assignment):
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    assert today.for_you(student).due == []
    Enrolment.objects.filter(user=student).update(left_at=None)
    assignment.module.archived_at = timezone.now()
    assignment.module.save()
    assert today.for_you(student).due == []


def test_what_has_to_be_in_first_stands_first_and_without_a_date_last(student, assignment):
    undated = AssignmentFactory(module=assignment.module, case=assignment.edition.case)
    sooner = AssignmentFactory(
        module=assignment.module, case=assignment.edition.case, due_at=timezone.now() + timedelta(days=1)
    )
    assert [due.assignment for due in today.for_you(student).due] == [sooner, assignment, undated]


# --- new ---


def test_feedback_that_was_not_seen_is_new(page, student, assignment):
    react(hand_in(student, assignment, first_question(assignment)), UserFactory(name="Karin Vos"))
    content = page()
    assert "Nieuwe feedback" in content
    assert "Karin Vos" in content


@pytest.mark.parametrize("fields", [{"is_released": False}, {"seen_at": timezone.now()}], ids=["unreleased", "seen"])
def test_other_feedback_is_no_news(student, assignment, fields):
    react(hand_in(student, assignment, first_question(assignment)), **fields)
    assert today.for_you(student).news == []


def test_news_for_others_is_not_ones_own(student, assignment):
    hand_in(student, assignment, first_question(assignment))
    other = enrol(assignment.module).user
    react(hand_in(other, assignment, first_question(assignment)))
    assert today.for_you(student).news == []


def test_having_read_it_makes_it_old(client, student, assignment):
    client.force_login(student)
    react(hand_in(student, assignment, first_question(assignment)))
    now = client.get(reverse("home")).context["today"].now
    client.post(reverse("questions:feedback_seen"), {"tot": now.isoformat(), "terug": "/"})
    assert today.for_you(student).news == []


# --- drafts, and going on ---


def test_drafts_that_a_teacher_does_not_see_are_counted(page, student, assignment):
    write(student, numbered(assignment, 1), assignment=assignment)
    hand_in(student, assignment, numbered(assignment, 2))
    write(student, numbered(assignment, 2), "Toch nog anders.", assignment, revision=1)
    hand_in(student, assignment, numbered(assignment, 3))
    assert "Je hebt 2 concepten die je docent niet ziet." in page()


def test_own_study_is_no_draft(student, assignment):
    write(student, first_question(assignment))
    assert today.for_you(student).drafts == 0


def test_one_goes_on_where_one_was(page, student, assignment):
    write(student, numbered(assignment, 1), assignment=assignment)
    write(student, numbered(assignment, 2))
    question = numbered(assignment, 2)
    assert f'href="{question.case.get_absolute_url()}#vraag-{question.key}"' in page()


def test_a_place_that_cannot_be_opened_is_no_place_to_go_on(student, assignment):
    write(student, first_question(assignment), assignment=assignment)
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    assert today.for_you(student).last is None


def test_who_is_new_is_shown_the_way(page):
    assert "Je zit nog in geen module." in page()


# --- teachers ---


def test_a_teacher_sees_how_much_was_handed_in(client, student, assignment):
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    client.force_login(teacher)
    react(hand_in(student, assignment, numbered(assignment, 1)), teacher, is_released=False)
    hand_in(student, assignment, numbered(assignment, 2), "Geheim.")
    hand_in(student, assignment, numbered(assignment, 2), "Nog geheimer.", revision=1)
    write(student, numbered(assignment, 3), "Concept.", assignment)
    (taught,) = today.for_you(teacher).taught
    assert (taught.students, taught.handed_in, taught.waiting) == (1, 2, 1)
    content = client.get(reverse("home")).content.decode()
    assert "1 student, 2 antwoorden ingeleverd" in content
    assert "eheim" not in content


def test_a_student_who_left_counts_as_far_as_handed_in_before(student, assignment):
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    hand_in(student, assignment, first_question(assignment))
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    (taught,) = today.for_you(teacher).taught
    assert (taught.students, taught.handed_in) == (0, 1)


def test_a_student_is_shown_no_module_as_a_teacher(student, assignment):
    assert today.for_you(student).taught == []


def test_a_module_without_students_says_nought():
    module = ModuleFactory()
    teacher = module.enrolments.get().user
    (taught,) = today.for_you(teacher).taught
    assert (taught.students, taught.handed_in, taught.waiting) == (0, 0, 0)


# --- the page ---


def test_visitors_see_nothing_of_this(client):
    content = client.get(reverse("home")).content.decode()
    assert "voor-jou" not in content


def test_the_page_is_kept_by_nobody(client, student):
    client.force_login(student)
    assert client.get(reverse("home"))["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("count", [1, 3])
def test_one_takes_as_many_queries_as_three(student, count):
    for _number in range(count):
        assignment = AssignmentFactory(case=published_case(kolbs=["doener", "denker"]))
        enrol(assignment.module, student)
        react(hand_in(student, assignment, first_question(assignment)), UserFactory())
        write(student, first_question(assignment))
        enrol(ModuleFactory(), student, role=Role.TEACHER)
    with CaptureQueriesContext(connection) as queries:
        found = today.for_you(student)
    assert len(found.due) == len(found.news) == len(found.taught) == count
    # places, answers, feedback, what is handed in, assignments, later dates, questions, the last; modules, counts
    assert len(queries) == 10


def test_states_are_those_that_the_page_of_answers_gives(student, assignment):
    """This page works them out in another way."""
    first, second, third = assignment.questions.order_by("position")
    react(hand_in(student, assignment, first), verdict=Verdict.DONE)
    react(hand_in(student, assignment, second, "Eerst."), verdict=Verdict.AGAIN)
    hand_in(student, assignment, second, "En nog eens.", revision=1)
    react(hand_in(student, assignment, third), verdict=Verdict.READ, is_released=False)
    write(student, third, "Anders, en langer.", assignment, revision=1)
    write(student, first)
    worked_out = list(Answer.objects.filter(student=student).order_by("pk"))
    today._set_states(worked_out, student, today._feedback(student))
    for one, other in zip(worked_out, Answer.objects.filter(student=student).with_state().order_by("pk"), strict=True):
        assert (one.state, one.has_unsubmitted_changes) == (other.state, other.has_unsubmitted_changes)
