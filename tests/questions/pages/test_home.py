"""Tests of the home page of signed-in users: what is due, what is new, and the link to their last answer."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.models import Case
from questions.models import Answer, Enrolment, Role, Verdict
from questions.pages import home
from tests.factories import ConceptFactory, UserFactory, published_case
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


def nth_question(assignment, number):
    return assignment.questions.order_by("position")[number - 1]


# --- Due assignments ---


def test_open_assignment_is_due_with_its_date(page, assignment):
    content = page()
    assert "De koelkast" in content
    assert "over 3 dagen" in content
    assert "Nog niets ingeleverd" in content


def test_due_assignment_names_the_questions_that_were_not_handed_in(page, student, assignment):
    hand_in(student, assignment, nth_question(assignment, 2))
    write(student, nth_question(assignment, 3), assignment=assignment)
    assert "Nog niet ingeleverd: vraag 1 en 3" in page()


def test_assignment_is_not_due_once_every_answer_is_handed_in(student, assignment):
    for question in assignment.questions.all():
        hand_in(student, assignment, question)
    assert home.for_you(student).due == []


def test_assignment_is_due_again_after_taking_an_answer_back(student, assignment):
    for question in assignment.questions.all():
        submission = hand_in(student, assignment, question)
    submission.withdrawn_at = timezone.now()
    submission.save()
    (due,) = home.for_you(student).due
    assert len(due.missing) == 1


def test_assignment_is_due_if_a_verdict_asks_for_a_new_version(page, student, assignment):
    for question in assignment.questions.all():
        submission = hand_in(student, assignment, question)
    react(submission, verdict=Verdict.AGAIN)
    assert "Graag aanvullen: vraag" in page()


def test_due_date_is_that_of_the_extension_of_the_student(student, assignment):
    later = timezone.now() + timedelta(days=10)
    extend(assignment, Enrolment.objects.get(user=student), later)
    (due,) = home.for_you(student).due
    assert due.due_at == later


def test_extension_of_another_student_is_ignored(student, assignment):
    extend(assignment, enrol(assignment.module), timezone.now() + timedelta(days=10))
    (due,) = home.for_you(student).due
    assert due.due_at == assignment.due_at


def test_due_date_in_the_past_is_shown_with_a_note(page, assignment):
    assignment.due_at = timezone.now() - timedelta(days=1)
    assignment.save()
    assert "al voorbij; inleveren kan nog" in page()


@pytest.mark.parametrize(
    ("field", "hours"),
    [("opens_at", 1), ("closed_at", -1)],
)
def test_assignment_that_is_not_open_is_not_due(student, assignment, field, hours):
    setattr(assignment, field, timezone.now() + timedelta(hours=hours))
    assignment.save()
    assert home.for_you(student).due == []


def test_nothing_is_due_in_an_archived_or_left_module(student, assignment):
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    assert home.for_you(student).due == []
    Enrolment.objects.filter(user=student).update(left_at=None)
    assignment.module.archived_at = timezone.now()
    assignment.module.save()
    assert home.for_you(student).due == []


def test_due_assignments_are_sorted_by_date_with_undated_ones_last(student, assignment):
    undated = AssignmentFactory(module=assignment.module, case=assignment.edition.case)
    sooner = AssignmentFactory(
        module=assignment.module, case=assignment.edition.case, due_at=timezone.now() + timedelta(days=1)
    )
    assert [due.assignment for due in home.for_you(student).due] == [sooner, assignment, undated]


# --- New feedback ---


def test_unseen_feedback_is_new(page, student, assignment):
    react(hand_in(student, assignment, first_question(assignment)), UserFactory(name="Karin Vos"))
    content = page()
    assert "Nieuwe feedback" in content
    assert "Karin Vos" in content


@pytest.mark.parametrize("fields", [{"is_released": False}, {"seen_at": timezone.now()}], ids=["unreleased", "seen"])
def test_unreleased_or_seen_feedback_is_not_new(student, assignment, fields):
    react(hand_in(student, assignment, first_question(assignment)), **fields)
    assert home.for_you(student).news == []


def test_feedback_for_other_students_is_not_shown(student, assignment):
    hand_in(student, assignment, first_question(assignment))
    other = enrol(assignment.module).user
    react(hand_in(other, assignment, first_question(assignment)))
    assert home.for_you(student).news == []


def test_feedback_is_no_longer_new_once_it_is_marked_as_seen(client, student, assignment):
    client.force_login(student)
    react(hand_in(student, assignment, first_question(assignment)))
    now = client.get(reverse("home")).context["today"].now
    client.post(reverse("questions:feedback_seen"), {"tot": now.isoformat(), "terug": "/"})
    assert home.for_you(student).news == []


# --- Drafts and the last answer ---


def test_drafts_that_teachers_do_not_see_are_counted(page, student, assignment):
    write(student, nth_question(assignment, 1), assignment=assignment)
    hand_in(student, assignment, nth_question(assignment, 2))
    write(student, nth_question(assignment, 2), "Toch nog anders.", assignment, revision=1)
    hand_in(student, assignment, nth_question(assignment, 3))
    assert "Je hebt 2 concepten die je docent niet ziet." in page()


def test_own_study_does_not_count_as_a_draft(student, assignment):
    write(student, first_question(assignment))
    assert home.for_you(student).drafts == 0


def test_home_links_to_the_answer_that_was_saved_last(page, student, assignment):
    write(student, nth_question(assignment, 1), assignment=assignment)
    write(student, nth_question(assignment, 2))
    question = nth_question(assignment, 2)
    assert f'href="{question.case.get_absolute_url()}#vraag-{question.key}"' in page()


def test_answer_whose_page_cannot_be_opened_is_not_linked(student, assignment):
    write(student, first_question(assignment), assignment=assignment)
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    assert home.for_you(student).last is None


def test_user_without_a_module_sees_a_message(page):
    assert "Je zit nog in geen module." in page()


def test_teacher_without_a_module_sees_how_to_create_one(client):
    client.force_login(UserFactory(groups=["Docenten"]))
    content = " ".join(client.get(reverse("home")).content.decode().split())
    assert 'Je geeft nu in geen module les. <a href="/modules/nieuw/">Maak een module</a>' in content
    assert "Je zit nog in geen module." not in content


# --- Teachers ---


def test_teacher_sees_the_number_of_submissions(client, student, assignment):
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    client.force_login(teacher)
    react(hand_in(student, assignment, nth_question(assignment, 1)), teacher, is_released=False)
    hand_in(student, assignment, nth_question(assignment, 2), "Geheim.")
    hand_in(student, assignment, nth_question(assignment, 2), "Nog geheimer.", revision=1)
    write(student, nth_question(assignment, 3), "Concept.", assignment)
    (taught,) = home.for_you(teacher).taught
    assert (taught.students, taught.workload.handed_in, taught.workload.to_read) == (1, 2, 1)
    content = " ".join(client.get(reverse("home")).content.decode().split())
    assert "1 student, 2 antwoorden ingeleverd" in content
    assert "eheim" not in content


def test_submissions_of_former_students_are_counted(student, assignment):
    teacher = assignment.module.enrolments.get(role=Role.TEACHER).user
    hand_in(student, assignment, first_question(assignment))
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    (taught,) = home.for_you(teacher).taught
    assert (taught.students, taught.workload.handed_in) == (0, 1)


def test_student_sees_no_modules_as_a_teacher(student, assignment):
    assert home.for_you(student).taught == []


def test_module_without_students_has_zero_counts():
    module = ModuleFactory()
    teacher = module.enrolments.get().user
    (taught,) = home.for_you(teacher).taught
    assert (taught.students, taught.workload.handed_in, taught.workload.to_read) == (0, 0, 0)


def test_module_without_assignments_or_students_shows_what_to_do(client):
    module = ModuleFactory()
    client.force_login(module.enrolments.get().user)
    page = lambda: client.get(reverse("home")).content.decode()  # noqa: E731
    new_assignment_link, join_note = (
        f'<a href="/modules/{module.pk}/opdrachten/nieuw/">Geef een opdracht</a>',
        "Er doet nog niemand mee.",
    )
    assert (new_assignment_link in page(), join_note in page()) == (True, True)
    AssignmentFactory(module=module, closed_at=timezone.now())
    enrol(module)
    assert (new_assignment_link in page(), join_note in page()) == (False, False)


@pytest.fixture
def teacher(assignment):
    return assignment.module.enrolments.get(role=Role.TEACHER).user


@pytest.fixture
def teacher_page(client, teacher):
    client.force_login(teacher)
    return lambda: " ".join(client.get(reverse("home")).content.decode().split())


def test_unread_and_unreleased_work_is_counted_with_links(teacher_page, student, assignment):
    module, other = assignment.module, AssignmentFactory(module=assignment.module, case=assignment.edition.case)
    teacher = module.enrolments.get(role=Role.TEACHER).user
    hand_in(student, assignment, nth_question(assignment, 1))
    react(hand_in(student, assignment, nth_question(assignment, 2)), teacher, is_released=False)
    for number in (1, 2):
        react(hand_in(student, other, nth_question(other, number)), teacher, is_released=False)
    page = teacher_page()
    assert f'href="/modules/{module.pk}/voortgang/?klas=&amp;toon=nog-te-lezen">1 antwoord te lezen' in page
    assert f'href="/opdrachten/{other.pk}/feedback/">3 keer feedback van jou klaar, niet vrijgegeven' in page


def test_unreleased_feedback_of_colleagues_is_counted_separately(teacher_page, student, teacher, assignment):
    colleague = enrol(assignment.module, UserFactory(name="Omar Said"), role=Role.TEACHER).user
    submission = hand_in(student, assignment, nth_question(assignment, 1))
    react(submission, colleague, is_released=False)
    react(submission, teacher, is_released=False)
    page = teacher_page()
    assert "1 keer feedback van jou klaar, niet vrijgegeven" in page
    assert "1 keer feedback van Omar Said klaar, niet vrijgegeven" in page
    assert "te lezen" not in page


def test_changed_feedback_counts_as_unreleased(student, teacher, assignment):
    submission = hand_in(student, assignment, nth_question(assignment, 1))
    feedback = react(submission, teacher)
    assert home.for_you(teacher).taught[0].workload.all_ready == 0
    feedback.released_text = feedback.text
    feedback.save()
    assert home.for_you(teacher).taught[0].workload.ready == 1


@pytest.mark.parametrize("situation", ["archived", "left", "older version", "author deleted"])
def test_unreleased_feedback_is_counted_in_every_situation(teacher_page, student, teacher, assignment, situation):
    submission = hand_in(student, assignment, nth_question(assignment, 1))
    react(submission, None if situation == "author deleted" else teacher, is_released=False)
    if situation == "archived":
        assignment.module.archived_at = timezone.now()
        assignment.module.save()
    if situation == "left":
        Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    if situation == "older version":
        hand_in(student, assignment, nth_question(assignment, 1), "Nog eens.", revision=1)
    assert home.for_you(teacher).taught[0].workload.all_ready == 1
    author_name = "een collega" if situation == "author deleted" else "jou"
    assert f"1 keer feedback van {author_name} klaar, niet vrijgegeven" in teacher_page()


def test_archived_module_without_unreleased_feedback_is_not_shown(teacher, assignment):
    assignment.module.archived_at = timezone.now()
    assignment.module.save()
    assert home.for_you(teacher).taught == []


def test_coming_assignments_are_sorted_by_due_date_with_the_next_opening(teacher_page, teacher, assignment):
    case, module, now = assignment.edition.case, assignment.module, timezone.now()
    past = AssignmentFactory(module=module, case=case, due_at=now - timedelta(days=1))
    undated = AssignmentFactory(module=module, case=case)
    sooner = AssignmentFactory(module=module, case=case, due_at=now + timedelta(hours=1))
    AssignmentFactory(module=module, case=case, closed_at=now - timedelta(hours=1))
    AssignmentFactory(module=module, case=case, opens_at=now + timedelta(days=9))
    opens_tomorrow = AssignmentFactory(module=module, case=case, opens_at=now + timedelta(days=1))
    (taught,) = home.for_you(teacher).taught
    assert [line.assignment for line in taught.coming] == [sooner, assignment, undated]
    assert (taught.more, taught.opening) == (1, [opens_tomorrow])
    page = teacher_page()
    assert "gaat open morgen om" in page
    assert "En nog 1 opdracht" in page
    sooner.delete()
    (taught,) = home.for_you(teacher).taught
    assert [line.assignment for line in taught.coming] == [assignment, undated, past]


def test_number_of_students_who_have_not_begun_is_shown_without_names(teacher_page, student, teacher, assignment):
    others = [enrol(assignment.module, UserFactory(name=f"Stille {n}")) for n in range(2)]
    enrol(assignment.module, left_at=timezone.now())
    enrol(assignment.module, role=Role.TEACHER)
    page = teacher_page()
    assert f'href="/opdrachten/{assignment.pk}/niet-begonnen/"' in page
    assert "nog niemand begonnen" in page
    assert "Stille" not in page
    assert "Noor Rahimi" not in page
    write(student, nth_question(assignment, 1), assignment=assignment)
    assert home.for_you(teacher).taught[0].coming[0].not_begun == 2
    for other in others:
        hand_in(other.user, assignment, nth_question(assignment, 1))
    assert "iedereen is begonnen" in teacher_page()


def test_student_with_only_blank_or_own_study_answers_has_not_begun(student, teacher, assignment):
    write(student, nth_question(assignment, 1))  # own study
    Answer.objects.create(student=student, question=nth_question(assignment, 2), assignment=assignment, text=" \n\t ")
    assert home.for_you(teacher).taught[0].coming[0].not_begun == 1


def test_modules_that_run_now_or_wait_for_the_teacher_come_first(teacher, student, assignment):
    now, case = timezone.now(), assignment.edition.case
    over, opening, waiting, soon, empty = (ModuleFactory(teacher=teacher, title=title) for title in "abcde")
    AssignmentFactory(module=over, case=case, due_at=now - timedelta(days=1))
    AssignmentFactory(module=opening, case=case, opens_at=now + timedelta(days=1))
    AssignmentFactory(module=soon, case=case, due_at=now + timedelta(hours=1))
    to_read = AssignmentFactory(module=waiting, case=case, due_at=now - timedelta(days=1))
    enrol(waiting, student)
    hand_in(student, to_read, first_question(to_read))
    order = [taught.module for taught in home.for_you(teacher).taught]
    assert order == [soon, assignment.module, waiting, opening, empty, over]


def test_join_code_is_shown_while_it_is_open(teacher_page, assignment):
    module = assignment.module
    link = f'<a class="code" href="/modules/{module.pk}/scherm/">{module.code[:3]} {module.code[3:]}</a>'
    assert link in teacher_page()
    module.code_closes_at = timezone.now()
    module.save()
    assert link not in teacher_page()


def test_fourth_module_is_a_line_with_what_waits(teacher_page, teacher, student, assignment):
    for number in range(3):
        AssignmentFactory(
            module=ModuleFactory(teacher=teacher, title=f"Wijk {number}"),
            case=assignment.edition.case,
            due_at=timezone.now() + timedelta(days=1),
        )
    hand_in(student, assignment, first_question(assignment))
    page = teacher_page()
    assert page.count('<article class="taught"') == 3
    line = page.partition('class="today__others"')[2].partition("</ul>")[0]
    assert (str(assignment.module) in line, "1 antwoord te lezen" in line) == (True, True)


# --- Modules of a student ---


def test_due_assignments_are_shown_by_module_with_its_period(page, student, assignment):
    later = AssignmentFactory(
        module=ModuleFactory(title="Recht", period="blok 3"),
        case=published_case(title="De brief", kolbs=["denker"]),
        due_at=timezone.now() + timedelta(days=9),
    )
    enrol(later.module, student)
    assert [(studied.module, [due.assignment for due in studied.due]) for studied in home.for_you(student).studied] == [
        (assignment.module, [assignment]),
        (later.module, [later]),
    ]
    content = page()
    assert f'<a href="/modules/{later.module.pk}/">Recht (blok 3)</a>' in content


def test_next_assignment_to_open_is_named_with_its_date(page, student, assignment):
    case = published_case(title="De brief", kolbs=["denker"])
    for days in (9, 1):
        opens_at = timezone.now() + timedelta(days=days)
        AssignmentFactory(module=assignment.module, case=case, opens_at=opens_at)
    assert "De brief gaat open morgen om" in " ".join(page().split())


def test_student_who_handed_in_everything_is_told_so(page, student, assignment):
    assert "Alles ingeleverd." not in page()
    for question in assignment.questions.all():
        hand_in(student, assignment, question)
    assert "Alles ingeleverd." in page()


def test_module_without_open_assignments_says_so(page, student):
    enrol(ModuleFactory(), student)
    content = page()
    assert ("Er staat nu niets open." in content, "Alles ingeleverd." in content) == (True, False)


def test_fourth_module_of_a_student_is_a_link(page, student, assignment):
    for number in range(3):
        enrol(ModuleFactory(title=f"Wijk {number}"), student)
    content = page()
    others = content.partition('class="today__others')[2].partition("</ul>")[0]
    assert (content.count('class="studied"'), others.count("<a ")) == (3, 1)
    assert str(assignment.module) not in others  # something is due there


# --- Where the student goes on ---


def test_handed_in_answer_leads_to_the_next_question_of_its_assignment(student, assignment):
    hand_in(student, assignment, nth_question(assignment, 1))
    next_question = nth_question(assignment, 2)
    assert home.for_you(student).last.href == f"{assignment.get_absolute_url()}#vraag-{next_question.key}"


def test_answer_of_a_finished_assignment_is_never_where_a_student_goes_on(student, assignment):
    own = nth_question(assignment, 1)
    write(student, own)
    for question in assignment.questions.all():
        hand_in(student, assignment, question)
    assert home.for_you(student).last.href == f"{own.case.get_absolute_url()}#vraag-{own.key}"
    Answer.objects.filter(assignment=None).delete()
    assert home.for_you(student).last is None


def test_changed_answer_in_a_finished_assignment_is_where_a_student_goes_on(student, assignment):
    for question in assignment.questions.all():
        hand_in(student, assignment, question)
    question = nth_question(assignment, 2)
    write(student, question, "Toch nog anders.", assignment, revision=1)
    assert home.for_you(student).last.href == f"{assignment.get_absolute_url()}#vraag-{question.key}"


@pytest.mark.parametrize(
    ("field", "hours"),
    [("closed_at", -1), ("opens_at", 1)],
)
def test_draft_in_an_assignment_that_takes_no_work_is_not_where_a_student_goes_on(student, assignment, field, hours):
    write(student, nth_question(assignment, 1), assignment=assignment)
    setattr(assignment, field, timezone.now() + timedelta(hours=hours))
    assignment.save()
    assert home.for_you(student).last is None


# --- Cases to read, and the desk of editors ---


def test_cases_to_read_are_new_to_the_user_and_share_a_keyword(page, student, assignment):
    for title in ("De brief", "Laatste bus"):
        published_case(title=title, kolbs=["denker"])
    write(student, first_question(assignment), assignment=assignment)
    reading = " ".join(page().partition('id="verder-lezen"')[2].partition("</section>")[0].split())
    assert reading.count("<h3>") == 2
    assert "De koelkast</a>" not in reading
    assert "net als ‘De koelkast’." in reading
    assert "Alle 3 casussen" in reading


def test_signed_in_home_has_no_table_of_contents(page, client, student, assignment):
    assert 'class="wrap chapter"' not in page()
    client.logout()
    assert 'class="wrap chapter"' in page()


def edited(editor, **fields):
    """Return a concept that this editor changed in the admin."""
    concept = ConceptFactory(**fields)
    kind = ContentType.objects.get_for_model(Case)
    LogEntry.objects.create(user=editor, content_type=kind, object_id=str(concept.pk), action_flag=CHANGE)
    return concept


def test_editor_sees_own_concepts_and_which_were_sent_in(client):
    editor = UserFactory(groups=["Redactie"])
    mine = edited(editor, title="Mijn concept")
    sent = edited(editor, title="Ingestuurd", sent_in_at=timezone.now(), sent_in_by=editor)
    edited(UserFactory(groups=["Redactie"]), title="Van een ander", sent_in_at=timezone.now())
    client.force_login(editor)
    page = client.get(reverse("home")).content.decode()
    editing = " ".join(page.partition('id="redactie"')[2].partition("</section>")[0].split())
    assert (
        f'<a href="/beheer/cases/case/{mine.pk}/change/">Mijn concept</a> <span class="small soft">concept' in editing
    )
    assert (
        f'<a href="/beheer/cases/case/{sent.pk}/change/">Ingestuurd</a> <span class="small soft">ingestuurd' in editing
    )
    assert "Van een ander" not in editing
    assert "Je zit nog in geen module." not in page


def test_chief_editor_sees_what_others_sent_in(client):
    waiting = edited(UserFactory(), title="Van een ander", sent_in_at=timezone.now())
    client.force_login(UserFactory(groups=["Eindredactie"]))
    page = " ".join(client.get(reverse("home")).content.decode().split())
    line = f'<a href="/beheer/cases/case/{waiting.pk}/change/">Van een ander</a>'
    assert f'{line} <span class="small today__when">wacht op publicatie</span>' in page


def test_published_cases_are_not_in_the_desk_of_an_editor(client):
    editor = UserFactory(groups=["Redactie"])
    concept = edited(editor, title="Mijn concept")
    Case.objects.filter(pk=concept.pk).update(status="archived")
    client.force_login(editor)
    assert "Je werkt nu aan geen enkel concept." in client.get(reverse("home")).content.decode()


def test_users_who_are_no_editors_have_no_desk_of_editors(page, assignment):
    assert 'id="redactie"' not in page()


@pytest.mark.parametrize("count", [1, 3])
def test_home_of_an_editor_uses_a_fixed_number_of_queries(client, django_assert_num_queries, count):
    editor = UserFactory(groups=["Redactie", "Eindredactie"])
    for _each in range(count):
        edited(editor)
        edited(UserFactory(), sent_in_at=timezone.now())
    client.force_login(editor)
    client.get(reverse("home"))
    # The session, the user, the version of the library, enrolments, answers, groups and concepts.
    with django_assert_num_queries(7):
        client.get(reverse("home"))


# --- The page ---


def test_visitors_do_not_see_the_personal_part(client):
    content = client.get(reverse("home")).content.decode()
    assert "voor-jou" not in content


def test_page_is_not_cached(client, student):
    client.force_login(student)
    assert client.get(reverse("home"))["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("count", [1, 3])
def test_page_uses_a_fixed_number_of_queries(student, count):
    for _number in range(count):
        assignment = AssignmentFactory(case=published_case(kolbs=["doener", "denker"]))
        enrol(assignment.module, student)
        react(hand_in(student, assignment, first_question(assignment)), UserFactory())
        write(student, first_question(assignment))
        enrol(ModuleFactory(), student, role=Role.TEACHER)
    with CaptureQueriesContext(connection) as queries:
        page = home.for_you(student)
    assert len(page.due) == len(page.news) == len(page.taught) == count
    # Enrolments, answers, feedback, submissions, assignments, extensions and questions; for teachers modules,
    # submissions, students who have begun, unreleased feedback and assignments.
    assert len(queries) == 12


def test_states_agree_with_those_of_the_queryset(student, assignment):
    """The home page computes the states in another way."""
    first, second, third = assignment.questions.order_by("position")
    react(hand_in(student, assignment, first), verdict=Verdict.DONE)
    react(hand_in(student, assignment, second, "Eerst."), verdict=Verdict.AGAIN)
    hand_in(student, assignment, second, "En nog eens.", revision=1)
    react(hand_in(student, assignment, third), verdict=Verdict.READ, is_released=False)
    write(student, third, "Anders, en langer.", assignment, revision=1)
    write(student, first)
    answers = Answer.objects.filter(student=student)
    progress = home._progress(student, list(answers), home._feedback(student))
    assert progress == {answer.pk: answer.progress for answer in answers.with_state()}
    assert len(progress) == 4
