"""Tests of feedback for its student: invisible until its release, then new, seen and taken up."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from questions.actions import feedback as feedback_actions
from questions.actions.saving import Draft
from questions.models import Feedback, Role, Verdict
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, enrol, hand_in

pytestmark = pytest.mark.django_db
UNRELEASED = "spreeuwnogbezig"
RELEASED = "merelvrijgegeven"


@pytest.fixture
def assignment(module):
    return AssignmentFactory(module=module, case=published_case(kolbs=["doener", "denker"]), share=True)


@pytest.fixture
def student(module):
    return enrol(module, UserFactory(name="Noor Rahimi"), group="SW1C")


@pytest.fixture
def submission(assignment, student):
    return hand_in(assignment, student, 0, "Ik bel haar.")


@pytest.fixture
def released(submission, teacher):
    return create_feedback(submission, teacher, released_at=timezone.now())


def create_feedback(submission, author, text=RELEASED, verdict=Verdict.AGAIN, **fields) -> Feedback:
    return Feedback.objects.create(submission=submission, author=author, text=text, verdict=verdict, **fields)


def change(feedback: Feedback, text=UNRELEASED, verdict=Verdict.DONE) -> None:
    """Change released feedback as the first save of a teacher does: the released text and verdict are stored apart."""
    feedback.released_text, feedback.released_verdict = feedback.text, feedback.verdict
    feedback.text, feedback.verdict = text, verdict
    feedback.revision += 1
    feedback.save()


# --- Before the release ---


def every_page(assignment, submission) -> list[str]:
    """Return the addresses of all pages and files that a student of this module can open."""
    desk, answer = assignment.get_absolute_url(), submission.answer
    return [
        "/",
        "/modules/",
        assignment.module.get_absolute_url(),
        desk,
        f"{desk}?bewerk={answer.question_id}",
        f"{desk}gedeeld/",
        "/antwoorden/",
        "/antwoorden/?q=ik",
        f"/antwoorden/?q={UNRELEASED}",
        "/antwoorden/?stand=concept",
        "/antwoorden/export.docx",
        "/antwoorden/export.json",
        f"/antwoorden/export.json?module={assignment.module_id}",
        f"/antwoorden/{answer.pk}/versies/",
        assignment.edition.case.get_absolute_url(),
        reverse("own_data"),
        reverse("own_data_json"),
        reverse("own_data_leave"),
    ]


def content_of(client, address: str) -> bytes:
    """Return all bytes of a response except what differs at every request: CSRF tokens and the time of the response."""
    response = client.get(address)
    body = response.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"\n".join(archive.read(name) for name in sorted(archive.namelist()))
    body = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"token", body)
    body = re.sub(rb'(name="tot" value="|"exported_at": "|<dcterms:\w+ [^>]*>)[^"<]+', rb"\1", body)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return f"{response.status_code} {sorted(headers.items())}\n".encode() + body


def test_unreleased_feedback_changes_no_byte_for_its_student(client, assignment, submission, student, teacher):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    client.force_login(student.user)
    pages = every_page(assignment, submission)
    before = {page: content_of(client, page) for page in pages}
    create_feedback(submission, teacher, UNRELEASED)
    create_feedback(submission, colleague, "", Verdict.DONE, seen_at=timezone.now(), taken_up_at=timezone.now())
    assert {page: content_of(client, page) for page in pages} == before


def test_unreleased_change_of_feedback_changes_no_byte_for_its_student(
    client, assignment, submission, released, student
):
    client.force_login(student.user)
    pages = every_page(assignment, submission)
    before = {page: content_of(client, page) for page in pages}
    change(released)
    after = {page: content_of(client, page) for page in pages}
    assert after == before
    # Only search pages contain the word, because they repeat the text that was searched for.
    assert not [page for page, body in after.items() if UNRELEASED.encode() in body and "q=" not in page]
    assert RELEASED.encode() in after["/antwoorden/export.json"]
    assert RELEASED.encode() in after["/antwoorden/export.docx"]
    assert RELEASED.encode() in after["/antwoorden/"]
    assert RELEASED.encode() in after[assignment.get_absolute_url()]


def test_student_sees_only_released_feedback_through_every_action_of_a_teacher(
    client, assignment, submission, student, teacher
):
    """Compare all pages after each action of the teacher: writing, releasing, changing and releasing again."""
    client.force_login(student.user)
    pages = every_page(assignment, submission)

    def write(text: str, revision: int, verdict: Verdict) -> None:
        draft = Draft(text, revision=revision)
        assert feedback_actions.save(author=teacher, submission=submission, draft=draft, verdict=verdict).revision

    def all_pages() -> dict[str, bytes]:
        return {page: content_of(client, page) for page in pages}

    untouched = all_pages()
    write(RELEASED, 0, Verdict.AGAIN)
    assert all_pages() == untouched
    feedback_actions.release(feedback=Feedback.objects.releasable_by(teacher, assignment.module))
    released = all_pages()
    assert RELEASED.encode() in released[assignment.get_absolute_url()]
    write(UNRELEASED, 1, Verdict.DONE)
    assert all_pages() == released
    feedback_actions.release(feedback=Feedback.objects.releasable_by(teacher, assignment.module))
    desk = content_of(client, assignment.get_absolute_url()).decode()
    assert UNRELEASED in desk
    assert RELEASED not in desk
    assert "fresh" in desk


def test_comparison_of_pages_detects_released_feedback(client, assignment, submission, student, teacher):
    """Check the comparisons above: released feedback changes these pages."""
    client.force_login(student.user)
    pages = ["/", assignment.get_absolute_url(), "/antwoorden/", "/antwoorden/export.json", "/antwoorden/export.docx"]
    before = {page: content_of(client, page) for page in pages}
    create_feedback(submission, teacher, released_at=timezone.now())
    assert [page for page in pages if content_of(client, page) == before[page]] == []


def test_search_of_a_student_does_not_find_unreleased_feedback(client, submission, released, student):
    client.force_login(student.user)
    change(released)
    results = client.get("/antwoorden/", {"q": UNRELEASED}).context["shown"]
    assert results.size == 0
    assert client.get("/antwoorden/", {"q": RELEASED}).context["shown"].size == 1


def test_classmate_sees_no_feedback_of_another_student(client, assignment, submission, released, module):
    change(released)
    client.force_login(enrol(module).user)
    for page in every_page(assignment, submission):
        body = content_of(client, page)
        assert RELEASED.encode() not in body, page
        assert UNRELEASED.encode() not in body or "q=" in page, page


def test_refusal_to_take_back_does_not_reveal_unreleased_feedback(client, assignment, submission, student, teacher):
    client.force_login(student.user)
    create_feedback(submission, teacher, UNRELEASED)
    address = reverse("questions:take_back", args=[assignment.pk])
    page = client.post(address, {"versie": submission.pk}, follow=True).content.decode()
    assert "Terugnemen kan niet meer. Wat je inleverde blijft staan. Je kunt wel verder aan een nieuwe versie." in page
    assert UNRELEASED not in page
    assert "Karin" not in page.split("<main")[1]
    submission.refresh_from_db()
    assert submission.withdrawn_at is None


# --- New, and seen ---


@pytest.fixture
def desk(client, assignment, student):
    client.force_login(student.user)
    return lambda: client.get(assignment.get_absolute_url()).content.decode()


def seen_values(feedback: Feedback) -> dict:
    """Return the values that the script of the assignment desk sends for feedback that came into view."""
    return {"feedback": feedback.pk, "tot": (feedback.released_at or timezone.now()).isoformat()}


def test_unseen_feedback_is_marked_as_new(desk, released):
    assert '<span class="fresh">nieuw</span>' in desk()
    assert f'data-new="{released.pk}"' in desk()
    assert "js/seen.js" in desk()


def test_seen_feedback_is_not_marked_as_new(desk, released):
    Feedback.objects.update(seen_at=timezone.now())
    page = desk()
    assert RELEASED in page
    assert "fresh" not in page
    assert "data-new" not in page
    assert "js/seen.js" not in page


def test_opening_the_assignment_desk_writes_nothing(desk, released):
    desk()
    with CaptureQueriesContext(connection) as queries:
        desk()
    assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    released.refresh_from_db()
    assert released.seen_at is None


def test_request_of_the_script_marks_feedback_as_seen_once(client, student, released):
    client.force_login(student.user)
    script = {"X-Requested-With": "XMLHttpRequest"}
    response = client.post("/antwoorden/gezien/", seen_values(released), headers=script)
    assert (response.status_code, response.content) == (204, b"")
    released.refresh_from_db()
    first = released.seen_at
    assert first is not None
    client.post("/antwoorden/gezien/", seen_values(released), headers=script)
    released.refresh_from_db()
    assert released.seen_at == first


def test_other_feedback_is_not_marked_as_seen(client, assignment, student, teacher, released):
    client.force_login(student.user)
    other = create_feedback(hand_in(assignment, student, 1), teacher, released_at=timezone.now())
    client.post("/antwoorden/gezien/", seen_values(released))
    other.refresh_from_db()
    assert other.seen_at is None


def test_other_users_cannot_mark_feedback_as_seen(client, module, teacher, released):
    for person in (teacher, enrol(module).user, UserFactory()):
        client.force_login(person)
        client.post("/antwoorden/gezien/", seen_values(released))
    released.refresh_from_db()
    assert released.seen_at is None


def test_unreleased_feedback_cannot_be_marked_as_seen(client, student, teacher, submission):
    unreleased = create_feedback(submission, teacher)
    client.force_login(student.user)
    assert client.post("/antwoorden/gezien/", seen_values(unreleased)).status_code == 302
    unreleased.refresh_from_db()
    assert unreleased.seen_at is None


@pytest.mark.parametrize("invalid", ["", "x", "-1", "1;2", "9" * 30])
def test_invalid_id_returns_400(client, student, invalid):
    client.force_login(student.user)
    assert (
        client.post("/antwoorden/gezien/", {"feedback": invalid, "tot": timezone.now().isoformat()}).status_code == 400
    )


def test_home_links_to_the_answer_on_the_assignment_desk(client, assignment, student, released):
    client.force_login(student.user)
    key = released.submission.answer.question.key
    assert f'href="{assignment.get_absolute_url()}#vraag-{key}"' in client.get("/").content.decode()


def test_home_links_former_students_to_their_portfolio(client, student, released):
    student.left_at = timezone.now()
    student.save()
    client.force_login(student.user)
    assert f'href="/antwoorden/#antwoord-{released.submission.answer_id}"' in client.get("/").content.decode()


# --- «Hier ga ik mee verder» ---


@pytest.fixture
def take_up(client, student):
    client.force_login(student.user)

    def post(feedback, value="ja", until=None):
        until = (until or timezone.now()).isoformat()
        return client.post(f"/antwoorden/feedback/{feedback.pk}/verder/", {"verder": value, "tot": until})

    return post


def test_taking_up_feedback_redirects_to_the_opened_field(take_up, desk, assignment, released):
    question = released.submission.answer.question
    response = take_up(released)
    expected_address = f"{assignment.get_absolute_url()}?bewerk={question.pk}#vraag-{question.key}"
    assert (response.status_code, response["Location"]) == (302, expected_address)
    released.refresh_from_db()
    assert released.taken_up_at is not None
    assert released.seen_at is not None
    page = desk()
    assert "Je gaat hiermee verder" in page
    assert "fresh" not in page


def test_taking_up_feedback_twice_does_not_change_the_time(take_up, released):
    take_up(released)
    released.refresh_from_db()
    first = released.taken_up_at
    take_up(released)
    released.refresh_from_db()
    assert released.taken_up_at == first


def test_taking_up_can_be_undone(take_up, desk, assignment, released):
    take_up(released)
    response = take_up(released, "nee")
    assert response["Location"] == f"{assignment.get_absolute_url()}#vraag-{released.submission.answer.question.key}"
    released.refresh_from_db()
    assert released.taken_up_at is None
    assert released.seen_at is not None
    assert "Je gaat hiermee verder" not in desk()
    assert "Hier ga ik mee verder" in desk()


@pytest.mark.parametrize("verdict", [Verdict.READ, Verdict.DONE])
def test_taking_up_feedback_opens_no_field_if_no_new_version_is_asked(take_up, assignment, released, verdict):
    Feedback.objects.update(verdict=verdict)
    expected_address = f"{assignment.get_absolute_url()}#vraag-{released.submission.answer.question.key}"
    assert take_up(released)["Location"] == expected_address


def test_released_verdict_determines_whether_the_field_is_opened(take_up, released):
    change(released, verdict=Verdict.DONE)
    assert "?bewerk=" in take_up(released)["Location"]


def test_taking_up_does_not_change_text_or_revision_of_the_feedback(take_up, released):
    before = (released.revision, released.updated_at, released.text)
    take_up(released)
    released.refresh_from_db()
    assert (released.revision, released.updated_at, released.text) == before


def test_former_student_is_redirected_to_the_portfolio(take_up, student, released):
    student.left_at = timezone.now()
    student.save()
    assert take_up(released)["Location"] == f"/antwoorden/#antwoord-{released.submission.answer_id}"


def test_feedback_on_an_earlier_version_cannot_be_taken_up_again(take_up, desk, assignment, student, released):
    take_up(released)
    hand_in(assignment, student, 0, "Nu beter.")
    assert "Je gaat hiermee verder" in desk()
    take_up(released, "nee")
    assert "Hier ga ik mee verder" not in desk()
    assert RELEASED in desk()


def test_feedback_released_again_after_the_page_was_made_is_not_taken_up(
    take_up, client, assignment, released, student
):
    released_at = released.released_at
    values = seen_values(released)
    released.released_at = timezone.now()
    released.text = UNRELEASED
    released.save()
    client.post("/antwoorden/gezien/", values)
    response = take_up(released, until=released_at)
    assert "?bewerk" not in response["Location"]
    released.refresh_from_db()
    assert (released.taken_up_at, released.seen_at) == (None, None)
    assert "Deze feedback is net veranderd. Lees hem eerst nog een keer." in client.get("/antwoorden/").content.decode()


@pytest.mark.parametrize("until", ["", "gisteren", "2026-11-24T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_request_without_a_valid_moment_returns_400(client, student, released, until):
    client.force_login(student.user)
    address = f"/antwoorden/feedback/{released.pk}/verder/"
    assert client.post(address, {"verder": "ja", "tot": until}).status_code == 400
    assert client.post("/antwoorden/gezien/", {"feedback": released.pk, "tot": until}).status_code == 400


@pytest.mark.parametrize("value", ["", "misschien"])
def test_value_other_than_yes_or_no_returns_400(take_up, released, value):
    assert take_up(released, value).status_code == 400
    released.refresh_from_db()
    assert released.taken_up_at is None


def test_unreleased_feedback_returns_404(take_up, submission, teacher):
    unreleased = create_feedback(submission, teacher)
    assert take_up(unreleased).status_code == 404
    unreleased.refresh_from_db()
    assert (unreleased.taken_up_at, unreleased.seen_at) == (None, None)


def test_only_the_student_of_the_feedback_can_take_it_up(client, module, teacher, released):
    address, values = f"/antwoorden/feedback/{released.pk}/verder/", {"verder": "ja", "tot": timezone.now().isoformat()}
    assert client.post(address, values).status_code == 302
    for person in (teacher, enrol(module).user, UserFactory()):
        client.force_login(person)
        assert client.post(address, values).status_code == 404
    released.refresh_from_db()
    assert released.taken_up_at is None


def test_get_request_returns_405(client, student, released):
    client.force_login(student.user)
    assert client.get(f"/antwoorden/feedback/{released.pk}/verder/").status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_assignment_desk_uses_eleven_queries_for_any_number_of_feedback(client, assignment, student, count):
    client.force_login(student.user)
    for number in range(count):
        submission = hand_in(assignment, student, 0, f"Versie {number}.")
        create_feedback(submission, UserFactory(), released_at=timezone.now() - timedelta(minutes=number))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(assignment.get_absolute_url()).content.decode()
    assert page.count("fresh") == count
    assert len(queries) == 11
