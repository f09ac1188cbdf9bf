"""Tests of the portfolio, /antwoorden/: everything a user wrote, by module and case, with its feedback."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from questions.actions import answering, saving
from questions.models import Answer, AnswerVersion, Enrolment, Feedback, Kolb, Submission, Verdict
from questions.pages import portfolio
from tests.factories import QuestionFactory, UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, OwnQuestionFactory, enrol

pytestmark = pytest.mark.django_db


def write(student, question, text="Ik bel de buurvrouw.", assignment=None, revision=0) -> Answer:
    saved = answering.save(
        student=student,
        question=question,
        assignment_id=assignment.pk if assignment else None,
        draft=answering.Draft(text, revision=revision),
    )
    assert saved.outcome is saving.Outcome.SAVED
    return saved.row


def hand_in(student, assignment, question, text="Ik bel de buurvrouw.", revision=0) -> Submission:
    result = answering.hand_in(
        student=student, assignment=assignment, question=question, draft=answering.Draft(text, revision=revision)
    )
    return result.saved.row.submissions.first()


def react(submission, author=None, *, is_released=True, text="Mooi gezien.", **fields) -> Feedback:
    return Feedback.objects.create(
        submission=submission,
        author=author,
        text=text,
        released_at=timezone.now() if is_released else None,
        **fields,
    )


@pytest.fixture
def student():
    return UserFactory(name="Noor Rahimi")


@pytest.fixture
def assignment(student):
    assignment = AssignmentFactory(case=published_case(title="De koelkast", kolbs=["doener", "denker"]))
    enrol(assignment.module, student)
    return assignment


def first_question(assignment):
    return assignment.questions.order_by("position").first()


@pytest.fixture
def page(client, student):
    """Return a function that returns the portfolio page of the student."""
    client.force_login(student)

    def fetch(**params):
        response = client.get(reverse("questions:answers"), params)
        assert response.status_code == 200
        return response.content.decode()

    return fetch


def test_portfolio_shows_answers_with_their_feedback(page, student, assignment):
    teacher = UserFactory(name="Karin Vos")
    submission = hand_in(student, assignment, first_question(assignment), "Ik bel meneer Hans.")
    react(submission, teacher, text="Waar zie je dat?", verdict=Verdict.AGAIN)
    content = page()
    for text in ("De koelkast", "Ik bel meneer Hans.", "Waar zie je dat?", "Karin Vos", "graag aanvullen"):
        assert text in content


def test_unreleased_feedback_is_not_shown(page, student, assignment):
    react(hand_in(student, assignment, first_question(assignment)), text="Nog niet af.", is_released=False)
    assert "Nog niet af." not in page()
    assert "Nog niet af." not in page(q="af")


def test_answers_of_others_are_not_shown(page, assignment):
    write(UserFactory(), first_question(assignment), "Van een ander.", assignment)
    assert "Van een ander." not in page()


def test_feedback_of_a_deleted_account_is_shown_without_a_name(page, student, assignment):
    react(hand_in(student, assignment, first_question(assignment)), text="Goed gedaan.")
    content = page()
    assert "Goed gedaan." in content
    assert "Een docent" in content


def test_answers_in_an_archived_or_left_module_are_shown(page, student, assignment):
    write(student, first_question(assignment), "Van toen.", assignment)
    assignment.module.archived_at = timezone.now()
    assignment.module.save()
    assert "gearchiveerd" in page()
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    content = page()
    assert "Van toen." in content
    assert "niet meer in deze module" in content
    assert f'href="{assignment.get_absolute_url()}' not in content


def test_own_study_is_shown_separately(page, student, assignment):
    write(student, first_question(assignment), "Voor mij alleen.")
    content = page()
    assert "Voor jezelf" in content
    assert "Voor mij alleen." in content


def test_question_has_the_wording_of_the_assignment(student, assignment):
    question = first_question(assignment)
    write(student, question, assignment=assignment)
    type(question).objects.filter(pk=question.pk).update(text="Heel anders gezegd?")
    (entry,) = portfolio.portfolio_of(student).entries
    assert entry.wording == "Wat doe je als eerste?"


def test_own_question_of_a_teacher_has_its_own_wording(student, assignment):
    question = OwnQuestionFactory(
        module=assignment.module, case=assignment.edition.case, text="Wat vindt onze klas?", key="eigen-1"
    )
    assignment.asked.create(question=question, position=9)
    write(student, question, assignment=assignment)
    (entry,) = portfolio.portfolio_of(student).entries
    assert entry.wording == "Wat vindt onze klas?"


def test_questions_are_in_the_order_of_the_assignment(student, assignment):
    first, second = assignment.asked.all()
    first.position, second.position = 2, 1
    first.save()
    second.save()
    write(student, first.question, assignment=assignment)
    write(student, second.question, assignment=assignment)
    assert [entry.answer.question for entry in portfolio.portfolio_of(student).entries] == [
        second.question,
        first.question,
    ]


def test_newest_module_comes_first_and_own_study_last(student, assignment):
    write(student, first_question(assignment))
    write(student, first_question(assignment), assignment=assignment)
    later = AssignmentFactory(module=ModuleFactory(title="Later"), case=assignment.edition.case)
    enrol(later.module, student)
    write(student, first_question(later), assignment=later)
    modules = [section.module for section in portfolio.portfolio_of(student).sections]
    assert modules == [later.module, assignment.module, None]


# --- States ---


def test_answer_is_a_draft_until_it_is_handed_in(student, assignment):
    write(student, first_question(assignment), assignment=assignment)
    (entry,) = portfolio.portfolio_of(student).entries
    assert (entry.state.value, entry.is_unseen_by_teacher) == ("concept", True)
    hand_in(student, assignment, first_question(assignment), revision=1)
    (entry,) = portfolio.portfolio_of(student).entries
    assert (entry.state.value, entry.is_unseen_by_teacher) == ("ingeleverd", False)


def test_page_marks_text_that_was_changed_after_handing_in(page, student, assignment):
    hand_in(student, assignment, first_question(assignment), "Eerst dit.")
    write(student, first_question(assignment), "Nu dat, en nog meer.", assignment, revision=1)
    content = page()
    assert "dat ziet je docent nog niet" in content
    assert "Eerst dit." in content


def test_own_study_does_not_count_as_unseen_by_teachers(page, student, assignment):
    write(student, first_question(assignment), "Voor mij alleen.")
    assert portfolio.portfolio_of(student).unseen_by_teacher == 0
    assert "Voor mij alleen." not in page(stand="concept")


def test_filter_shows_only_texts_that_teachers_do_not_see(page, student, assignment):
    first, second = assignment.questions.order_by("position")
    hand_in(student, assignment, first, "Ingeleverd werk.")
    write(student, second, "Nog een concept.", assignment)
    content = page(stand="concept")
    assert "Nog een concept." in content
    assert "Ingeleverd werk." not in content


# --- Lenses ---


def test_lenses_of_written_answers_are_counted_and_the_others_named(page, student, assignment):
    write(student, assignment.questions.get(kolb=Kolb.DOENER), assignment=assignment)
    own_portfolio = portfolio.portfolio_of(student)
    assert own_portfolio.lenses == {"doener": 1}
    assert own_portfolio.skipped_in_words == "de beschouwer of de denker of de beslisser"
    assert "Je schreef nog niets door de bril van de beschouwer of de denker of de beslisser." in page()


def test_emptied_answer_does_not_count_for_a_lens(student, assignment):
    write(student, first_question(assignment), "Lang genoeg om te bewaren.", assignment)
    write(student, first_question(assignment), "", assignment, revision=1)
    assert portfolio.portfolio_of(student).lenses == {}


def test_page_names_no_missing_lens_if_all_four_are_used(page, student):
    for question in published_case(kolbs=[kolb.value for kolb in Kolb]).questions.all():
        write(student, question)
    content = page()
    assert "Je schreef door alle vier de brillen." in content
    assert "nog niets door de bril" not in content


def test_page_does_not_describe_users_by_lenses(page, student, assignment):
    write(student, first_question(assignment), assignment=assignment)
    content = page().lower()
    assert "jij bent een" not in content
    assert "je bent een" not in content


# --- Search ---


@pytest.mark.parametrize(
    "query",
    ["hans", "HANS bel", "koelkast", "module", "eerste", "cliënt", "client", "zie je"],
    ids=["word", "two words", "case", "module", "question", "accent", "no accent", "feedback"],
)
def test_search_finds_answers(page, student, assignment, query):
    assignment.module.title = "Sociaal werk, module 2"
    assignment.module.save()
    react(hand_in(student, assignment, first_question(assignment), "Ik bel Hans, een cliënt."), text="Waar zie je dat?")
    assert "Ik bel Hans" in page(q=query)


def test_search_requires_every_word(page, student, assignment):
    write(student, first_question(assignment), "Ik bel meneer Hans.", assignment)
    content = page(q="Hans olifant")
    assert "Ik bel meneer Hans." not in content
    assert "Niets gevonden" in content


def test_search_includes_earlier_versions(page, student, assignment):
    write(student, first_question(assignment), "Een lang stuk over de zeldzame pinguïn in de wijk.", assignment)
    write(student, first_question(assignment), "Kort.", assignment, revision=1)
    assert "Kort." in page(q="pinguin")


@pytest.mark.parametrize("query", ["", "   ", "\0", "%", "_", "<script>alert(1)</script>", "é" * 5000])
def test_unusual_queries_are_handled(page, student, assignment, query):
    write(student, first_question(assignment), assignment=assignment)
    assert "<script>alert" not in page(q=query)


def test_answers_are_shown_as_text_and_never_as_html(page, student, assignment):
    write(student, first_question(assignment), "<b onclick=x>hoi</b>", assignment)
    assert "&lt;b onclick=x&gt;hoi&lt;/b&gt;" in page()


def test_page_without_answers_shows_a_message(page):
    assert "Je schreef nog niets." in page()


def test_section_for_unsent_texts_is_hidden(page):
    assert 'id="niet-verzonden" aria-labelledby="niet-verzonden-kop" hidden' in page()


# --- Queries ---


@pytest.mark.parametrize("count", [1, 3])
def test_page_uses_a_fixed_number_of_queries(client, student, count):
    client.force_login(student)
    for _number in range(count):
        assignment = AssignmentFactory(case=published_case(kolbs=["doener", "denker"]))
        enrol(assignment.module, student)
        for question in assignment.questions.all():
            react(hand_in(student, assignment, question), UserFactory())
            write(student, question)
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("questions:answers"))
    assert len(queries) == 8  # session, user, answers, submissions, feedback, versions, assignments, enrolments


# --- Earlier versions ---


def test_earlier_version_is_shown_in_full_on_its_page(client, student, assignment):
    client.force_login(student)
    text = "Begin. " + "lang " * 200 + "Einde."
    write(student, first_question(assignment), text, assignment)
    answer = write(student, first_question(assignment), "Weg ermee.", assignment, revision=1)
    content = client.get(reverse("questions:answers")).content.decode()
    assert "Eerdere versies" in content
    assert "Einde." not in content
    assert "Einde." in client.get(reverse("questions:answer_versions", args=[answer.pk])).content.decode()


def test_only_the_writer_can_read_earlier_versions(client, assignment):
    other = UserFactory()
    answer = write(other, first_question(assignment), assignment=assignment)
    AnswerVersion.objects.create(answer=answer, text="Geheim.", base_revision=1, kind="shrunk")
    teacher = assignment.module.enrolments.get(role="teacher").user
    for user in (teacher, UserFactory(), UserFactory(is_superuser=True)):
        client.force_login(user)
        assert client.get(reverse("questions:answer_versions", args=[answer.pk])).status_code == 404


def test_answer_without_earlier_versions_shows_a_message(client, student, assignment):
    client.force_login(student)
    answer = write(student, first_question(assignment), assignment=assignment)
    content = client.get(reverse("questions:answer_versions", args=[answer.pk])).content.decode()
    assert "Er zijn geen eerdere versies." in content


# --- Marking feedback as seen ---


def test_only_own_feedback_is_marked_as_seen(client, student, assignment):
    client.force_login(student)
    own_feedback = react(hand_in(student, assignment, first_question(assignment)))
    other = UserFactory()
    enrol(assignment.module, other)
    other_feedback = react(hand_in(other, assignment, first_question(assignment)))
    response = client.post(reverse("questions:feedback_seen"), {"tot": timezone.now().isoformat(), "terug": "/"})
    assert (response.status_code, response["Location"]) == (302, "/")
    own_feedback.refresh_from_db()
    other_feedback.refresh_from_db()
    assert own_feedback.seen_at is not None
    assert other_feedback.seen_at is None


def test_feedback_released_after_the_page_was_made_remains_unseen(client, student, assignment):
    client.force_login(student)
    feedback = react(hand_in(student, assignment, first_question(assignment)))
    before = (feedback.released_at - timedelta(minutes=1)).isoformat()
    client.post(reverse("questions:feedback_seen"), {"tot": before})
    feedback.refresh_from_db()
    assert feedback.seen_at is None


@pytest.mark.parametrize("moment", ["", "gisteren", "2026-11-24T12:00:00"])
def test_invalid_moment_returns_400(client, student, moment):
    client.force_login(student)
    assert client.post(reverse("questions:feedback_seen"), {"tot": moment}).status_code == 400


def test_redirect_back_stays_on_this_site(client, student):
    client.force_login(student)
    values = {"tot": timezone.now().isoformat(), "terug": "https://elders.example/"}
    assert client.post(reverse("questions:feedback_seen"), values)["Location"] == reverse("questions:answers")


# --- Access ---


@pytest.mark.parametrize("name", ["answers", "answers_docx", "answers_json"])
def test_pages_require_signing_in(client, name):
    address = reverse(f"questions:{name}")
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].endswith(f"?next={address}")
    assert client.get(address, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 401


@pytest.mark.parametrize("name", ["answers", "answers_docx", "answers_json"])
def test_pages_are_read_only(client, student, name):
    client.force_login(student)
    assert client.post(reverse(f"questions:{name}")).status_code == 405


def test_marking_as_seen_requires_post_and_signing_in(client, student):
    assert client.post(reverse("questions:feedback_seen")).status_code == 302
    client.force_login(student)
    assert client.get(reverse("questions:feedback_seen")).status_code == 405


@pytest.mark.parametrize("name", ["answers", "answers_docx", "answers_json"])
def test_pages_are_not_cached(client, student, name):
    client.force_login(student)
    assert client.get(reverse(f"questions:{name}"))["Cache-Control"] == "private, no-store"


def test_answer_that_never_had_a_text_is_shown_as_empty(page, student, assignment):
    Answer.objects.create(student=student, question=first_question(assignment), assignment=assignment)
    assert "Hier staat nu niets." in page()


def test_withdrawn_case_is_named_without_a_link(page, student):
    case = published_case(title="Weggehaald")
    write(student, case.questions.get())
    case.status = "withdrawn"
    case.save()
    content = page()
    assert "Weggehaald" in content
    assert f'href="{case.get_absolute_url()}' not in content


def test_answer_to_a_retired_question_is_shown(page, student):
    question = QuestionFactory(case=published_case(), retired=True, text="Een vraag van vroeger?")
    write(student, question, "Toen nog wel.")
    assert "Toen nog wel." in page()
