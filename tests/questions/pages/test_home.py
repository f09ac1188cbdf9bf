"""The home page of who is signed in: what is due, what is new, and the way back to one's work."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from questions.models import Answer, Enrolment, Role, Verdict
from questions.pages import home
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend
from tests.questions.pages.test_portfolio import first_question, hand_in, react, write

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
    assert home.for_you(student).due == []


def test_what_was_taken_back_is_due_again(student, assignment):
    for question in assignment.questions.all():
        submission = hand_in(student, assignment, question)
    submission.withdrawn_at = timezone.now()
    submission.save()
    (due,) = home.for_you(student).due
    assert len(due.missing) == 1


def test_a_teacher_who_asks_for_more_puts_it_on_the_list(page, student, assignment):
    for question in assignment.questions.all():
        submission = hand_in(student, assignment, question)
    react(submission, verdict=Verdict.AGAIN)
    assert "Graag aanvullen: vraag" in page()


def test_a_later_date_of_ones_own_counts(student, assignment):
    later = timezone.now() + timedelta(days=10)
    extend(assignment, Enrolment.objects.get(user=student), later)
    (due,) = home.for_you(student).due
    assert due.due_at == later


def test_the_date_of_somebody_else_does_not_count(student, assignment):
    extend(assignment, enrol(assignment.module), timezone.now() + timedelta(days=10))
    (due,) = home.for_you(student).due
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
    assert home.for_you(student).due == []


def test_nothing_is_due_in_a_module_that_is_archived_or_left(student, assignment):
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    assert home.for_you(student).due == []
    Enrolment.objects.filter(user=student).update(left_at=None)
    assignment.module.archived_at = timezone.now()
    assignment.module.save()
    assert home.for_you(student).due == []


def test_what_has_to_be_in_first_stands_first_and_without_a_date_last(student, assignment):
    undated = AssignmentFactory(module=assignment.module, case=assignment.edition.case)
    sooner = AssignmentFactory(
        module=assignment.module, case=assignment.edition.case, due_at=timezone.now() + timedelta(days=1)
    )
    assert [due.assignment for due in home.for_you(student).due] == [sooner, assignment, undated]


# --- new ---


def test_feedback_that_was_not_seen_is_new(page, student, assignment):
    react(hand_in(student, assignment, first_question(assignment)), UserFactory(name="Karin Vos"))
    content = page()
    assert "Nieuwe feedback" in content
    assert "Karin Vos" in content


@pytest.mark.parametrize("fields", [{"is_released": False}, {"seen_at": timezone.now()}], ids=["unreleased", "seen"])
def test_other_feedback_is_no_news(student, assignment, fields):
    react(hand_in(student, assignment, first_question(assignment)), **fields)
    assert home.for_you(student).news == []


def test_news_for_others_is_not_ones_own(student, assignment):
    hand_in(student, assignment, first_question(assignment))
    other = enrol(assignment.module).user
    react(hand_in(other, assignment, first_question(assignment)))
    assert home.for_you(student).news == []


def test_having_read_it_makes_it_old(client, student, assignment):
    client.force_login(student)
    react(hand_in(student, assignment, first_question(assignment)))
    now = client.get(reverse("home")).context["today"].now
    client.post(reverse("questions:feedback_seen"), {"tot": now.isoformat(), "terug": "/"})
    assert home.for_you(student).news == []


# --- drafts, and going on ---


def test_drafts_that_a_teacher_does_not_see_are_counted(page, student, assignment):
    write(student, numbered(assignment, 1), assignment=assignment)
    hand_in(student, assignment, numbered(assignment, 2))
    write(student, numbered(assignment, 2), "Toch nog anders.", assignment, revision=1)
    hand_in(student, assignment, numbered(assignment, 3))
    assert "Je hebt 2 concepten die je docent niet ziet." in page()


def test_own_study_is_no_draft(student, assignment):
    write(student, first_question(assignment))
    assert home.for_you(student).drafts == 0


def test_one_goes_on_where_one_was(page, student, assignment):
    write(student, numbered(assignment, 1), assignment=assignment)
    write(student, numbered(assignment, 2))
    question = numbered(assignment, 2)
    assert f'href="{question.case.get_absolute_url()}#vraag-{question.key}"' in page()


def test_a_place_that_cannot_be_opened_is_no_place_to_go_on(student, assignment):
    write(student, first_question(assignment), assignment=assignment)
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    assert home.for_you(student).last is None


def test_who_is_new_is_shown_the_way(page):
    assert "Je zit nog in geen module." in page()


def test_a_teacher_who_is_new_is_shown_the_way_to_a_first_module(client):
    client.force_login(UserFactory(groups=["Docenten"]))
    said = " ".join(client.get(reverse("home")).content.decode().split())
    assert 'Je geeft nu in geen module les. <a href="/modules/nieuw/">Maak een module</a>' in said
    assert "Je zit nog in geen module." not in said


# --- teachers ---


def test_a_teacher_sees_how_much_was_handed_in(client, student, assignment):
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    client.force_login(teacher)
    react(hand_in(student, assignment, numbered(assignment, 1)), teacher, is_released=False)
    hand_in(student, assignment, numbered(assignment, 2), "Geheim.")
    hand_in(student, assignment, numbered(assignment, 2), "Nog geheimer.", revision=1)
    write(student, numbered(assignment, 3), "Concept.", assignment)
    (taught,) = home.for_you(teacher).taught
    assert (taught.students, taught.pile.handed_in, taught.pile.waiting) == (1, 2, 1)
    content = " ".join(client.get(reverse("home")).content.decode().split())
    assert "1 student, 2 antwoorden ingeleverd" in content
    assert "eheim" not in content


def test_a_student_who_left_counts_as_far_as_handed_in_before(student, assignment):
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    hand_in(student, assignment, first_question(assignment))
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    (taught,) = home.for_you(teacher).taught
    assert (taught.students, taught.pile.handed_in) == (0, 1)


def test_a_student_is_shown_no_module_as_a_teacher(student, assignment):
    assert home.for_you(student).taught == []


def test_a_module_without_students_says_nought():
    module = ModuleFactory()
    teacher = module.enrolments.get().user
    (taught,) = home.for_you(teacher).taught
    assert (taught.students, taught.pile.handed_in, taught.pile.waiting) == (0, 0, 0)


def test_a_module_where_nothing_stands_yet_says_what_to_do(client):
    module = ModuleFactory()
    client.force_login(module.enrolments.get().user)
    page = lambda: client.get(reverse("home")).content.decode()  # noqa: E731
    do, share = f'<a href="/modules/{module.pk}/opdrachten/nieuw/">Geef een opdracht</a>', "Er doet nog niemand mee."
    assert (do in page(), share in page()) == (True, True)
    AssignmentFactory(module=module, closed_at=timezone.now())
    enrol(module)
    assert (do in page(), share in page()) == (False, False)


@pytest.fixture
def teacher(assignment):
    return assignment.module.enrolments.get(role=Role.TEACHER).user


@pytest.fixture
def teachers_page(client, teacher):
    client.force_login(teacher)
    return lambda: " ".join(client.get(reverse("home")).content.decode().split())


def test_what_waits_is_counted_with_a_link_to_where_it_is_done(teachers_page, student, assignment):
    module, other = assignment.module, AssignmentFactory(module=assignment.module, case=assignment.edition.case)
    teacher = module.enrolments.get(role=Role.TEACHER).user
    hand_in(student, assignment, numbered(assignment, 1))
    react(hand_in(student, assignment, numbered(assignment, 2)), teacher, is_released=False)
    for number in (1, 2):
        react(hand_in(student, other, numbered(other, number)), teacher, is_released=False)
    page = teachers_page()
    assert f'href="/modules/{module.pk}/voortgang/?klas=&amp;toon=nog-te-lezen">1 antwoord te lezen' in page
    assert f'href="/opdrachten/{other.pk}/feedback/">3 keer feedback van jou klaar, niet vrijgegeven' in page


def test_feedback_of_colleagues_is_named_apart(teachers_page, student, teacher, assignment):
    colleague = enrol(assignment.module, UserFactory(name="Omar Said"), role=Role.TEACHER).user
    submission = hand_in(student, assignment, numbered(assignment, 1))
    react(submission, colleague, is_released=False)
    react(submission, teacher, is_released=False)
    page = teachers_page()
    assert "1 keer feedback van jou klaar, niet vrijgegeven" in page
    assert "1 keer feedback van Omar Said klaar, niet vrijgegeven" in page
    assert "te lezen" not in page


def test_released_feedback_that_is_being_changed_waits_too(student, teacher, assignment):
    submission = hand_in(student, assignment, numbered(assignment, 1))
    feedback = react(submission, teacher)
    assert home.for_you(teacher).taught[0].pile.all_ready == 0
    feedback.released_text = feedback.text
    feedback.save()
    assert home.for_you(teacher).taught[0].pile.ready == 1


@pytest.mark.parametrize("case", ["archived", "left", "older version", "author gone"])
def test_unreleased_feedback_is_counted_whatever_became_of_the_rest(teachers_page, student, teacher, assignment, case):
    submission = hand_in(student, assignment, numbered(assignment, 1))
    react(submission, None if case == "author gone" else teacher, is_released=False)
    if case == "archived":
        assignment.module.archived_at = timezone.now()
        assignment.module.save()
    if case == "left":
        Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    if case == "older version":
        hand_in(student, assignment, numbered(assignment, 1), "Nog eens.", revision=1)
    assert home.for_you(teacher).taught[0].pile.all_ready == 1
    whose = "een collega" if case == "author gone" else "jou"
    assert f"1 keer feedback van {whose} klaar, niet vrijgegeven" in teachers_page()


def test_an_archived_module_is_not_named_without_it(teacher, assignment):
    assignment.module.archived_at = timezone.now()
    assignment.module.save()
    assert home.for_you(teacher).taught == []


def test_what_is_due_first_stands_first_and_what_opens_is_announced(teachers_page, teacher, assignment):
    case, module, now = assignment.edition.case, assignment.module, timezone.now()
    past = AssignmentFactory(module=module, case=case, due_at=now - timedelta(days=1))
    undated = AssignmentFactory(module=module, case=case)
    sooner = AssignmentFactory(module=module, case=case, due_at=now + timedelta(hours=1))
    AssignmentFactory(module=module, case=case, closed_at=now - timedelta(hours=1))
    AssignmentFactory(module=module, case=case, opens_at=now + timedelta(days=9))
    next_one = AssignmentFactory(module=module, case=case, opens_at=now + timedelta(days=1))
    (taught,) = home.for_you(teacher).taught
    assert [line.assignment for line in taught.coming] == [sooner, assignment, undated]
    assert (taught.more, taught.opening) == (1, [next_one])
    page = teachers_page()
    assert "gaat open morgen om" in page
    assert "En nog 1 opdracht" in page
    sooner.delete()
    (taught,) = home.for_you(teacher).taught
    assert [line.assignment for line in taught.coming] == [assignment, undated, past]


def test_who_has_not_begun_is_a_number_without_names(teachers_page, student, teacher, assignment):
    others = [enrol(assignment.module, UserFactory(name=f"Stille {n}")) for n in range(2)]
    enrol(assignment.module, left_at=timezone.now())
    enrol(assignment.module, role=Role.TEACHER)
    page = teachers_page()
    assert f'href="/opdrachten/{assignment.pk}/niet-begonnen/"' in page
    assert "nog niemand begonnen" in page
    assert "Stille" not in page
    assert "Noor Rahimi" not in page
    write(student, numbered(assignment, 1), assignment=assignment)
    assert home.for_you(teacher).taught[0].coming[0].not_begun == 2
    for other in others:
        hand_in(other.user, assignment, numbered(assignment, 1))
    assert "iedereen is begonnen" in teachers_page()


def test_what_was_emptied_or_never_written_is_not_begun(student, teacher, assignment):
    write(student, numbered(assignment, 1))  # for oneself
    Answer.objects.create(student=student, question=numbered(assignment, 2), assignment=assignment, text=" \n\t ")
    assert home.for_you(teacher).taught[0].coming[0].not_begun == 1


def test_the_brillen_of_a_module_are_shown_and_what_is_not_asked_is_said(teachers_page, teacher, assignment):
    page = teachers_page()
    assert 'aria-label="Drie vragen: 1 doener, 1 denker, 1 beslisser"' in page
    assert ">Drie vragen: 1 doener, 1 denker, 1 beslisser.<" in page  # in words for who sees the picture too
    assert "Nog geen vraag door de bril van de beschouwer." in page
    AssignmentFactory(module=assignment.module, case=published_case(kolbs=["beschouwer", "doener"]))
    page = teachers_page()
    assert 'aria-label="Vijf vragen: 2 doener, 1 beschouwer, 1 denker, 1 beslisser"' in page
    assert "Nog geen vraag door de bril" not in page


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
        found = home.for_you(student)
    assert len(found.due) == len(found.news) == len(found.taught) == count
    # places, answers, feedback, what is handed in, assignments, later dates, questions, the last; a teacher: modules,
    # what is handed in, who has begun, what is ready, brillen, assignments
    assert len(queries) == 14


def test_states_are_those_that_the_page_of_answers_gives(student, assignment):
    """This page works them out in another way."""
    first, second, third = assignment.questions.order_by("position")
    react(hand_in(student, assignment, first), verdict=Verdict.DONE)
    react(hand_in(student, assignment, second, "Eerst."), verdict=Verdict.AGAIN)
    hand_in(student, assignment, second, "En nog eens.", revision=1)
    react(hand_in(student, assignment, third), verdict=Verdict.READ, is_released=False)
    write(student, third, "Anders, en langer.", assignment, revision=1)
    write(student, first)
    answers = Answer.objects.filter(student=student)
    found = home._progress(student, list(answers), home._feedback(student))
    assert found == {answer.pk: answer.progress for answer in answers.with_state()}
    assert len(found) == 4
