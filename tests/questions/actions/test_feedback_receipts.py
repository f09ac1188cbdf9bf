"""Feedback as its student meets it: nothing before it is released, and then new, seen, and gone on with."""

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
BUSY = "spreeuwnogbezig"
FIRST = "merelvrijgegeven"


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
    return give(submission, teacher, released_at=timezone.now())


def give(submission, author, text=FIRST, verdict=Verdict.AGAIN, **fields) -> Feedback:
    return Feedback.objects.create(submission=submission, author=author, text=text, verdict=verdict, **fields)


def changed(feedback: Feedback, text=BUSY, verdict=Verdict.DONE) -> None:
    """What a teacher's first key press on released feedback does: the student goes on seeing what was released."""
    feedback.released_text, feedback.released_verdict = feedback.text, feedback.verdict
    feedback.text, feedback.verdict = text, verdict
    feedback.revision += 1
    feedback.save()


# --- Before it is released ---


def every_page(assignment, submission) -> list[str]:
    """All that a student of this module can open."""
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
        f"/antwoorden/?q={BUSY}",
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


def said(client, address: str) -> bytes:
    """All bytes of a page but what differs at every visit: the token of its forms, and the moment it was made."""
    response = client.get(address)
    body = response.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"\n".join(archive.read(name) for name in sorted(archive.namelist()))
    body = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"token", body)
    body = re.sub(rb'(name="tot" value="|"exported_at": "|<dcterms:\w+ [^>]*>)[^"<]+', rb"\1", body)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return f"{response.status_code} {sorted(headers.items())}\n".encode() + body


def test_feedback_that_is_not_released_changes_no_byte(client, assignment, submission, student, teacher):
    colleague = enrol(assignment.module, role=Role.TEACHER).user
    client.force_login(student.user)
    pages = every_page(assignment, submission)
    before = {page: said(client, page) for page in pages}
    give(submission, teacher, BUSY)
    give(submission, colleague, "", Verdict.DONE, seen_at=timezone.now(), taken_up_at=timezone.now())
    assert {page: said(client, page) for page in pages} == before


def test_feedback_that_is_being_changed_changes_no_byte(client, assignment, submission, released, student):
    client.force_login(student.user)
    pages = every_page(assignment, submission)
    before = {page: said(client, page) for page in pages}
    changed(released)
    after = {page: said(client, page) for page in pages}
    assert after == before
    # The search echoes what was looked for; so does its address. Everywhere else the word is nowhere.
    assert not [page for page, body in after.items() if BUSY.encode() in body and "q=" not in page]
    assert FIRST.encode() in after["/antwoorden/export.json"]
    assert FIRST.encode() in after["/antwoorden/export.docx"]
    assert FIRST.encode() in after["/antwoorden/"]
    assert FIRST.encode() in after[assignment.get_absolute_url()]


def test_the_whole_road_of_a_teacher_shows_only_what_is_released(client, assignment, submission, student, teacher):
    """The same through the acts themselves: write, release, change, release again."""
    client.force_login(student.user)
    pages = every_page(assignment, submission)

    def write(text: str, revision: int, verdict: Verdict) -> None:
        draft = Draft(text, revision=revision)
        assert feedback_actions.save(author=teacher, submission=submission, draft=draft, verdict=verdict).revision

    def all_pages() -> dict[str, bytes]:
        return {page: said(client, page) for page in pages}

    untouched = all_pages()
    write(FIRST, 0, Verdict.AGAIN)
    assert all_pages() == untouched
    feedback_actions.release(feedback=Feedback.objects.releasable_by(teacher, assignment.module))
    released = all_pages()
    assert FIRST.encode() in released[assignment.get_absolute_url()]
    write(BUSY, 1, Verdict.DONE)
    assert all_pages() == released
    feedback_actions.release(feedback=Feedback.objects.releasable_by(teacher, assignment.module))
    desk = said(client, assignment.get_absolute_url()).decode()
    assert BUSY in desk
    assert FIRST not in desk
    assert "fresh" in desk


def test_the_comparison_sees_what_is_released(client, assignment, submission, student, teacher):
    """A test of the two above: with released feedback these pages do differ."""
    client.force_login(student.user)
    pages = ["/", assignment.get_absolute_url(), "/antwoorden/", "/antwoorden/export.json", "/antwoorden/export.docx"]
    before = {page: said(client, page) for page in pages}
    give(submission, teacher, released_at=timezone.now())
    assert [page for page in pages if said(client, page) == before[page]] == []


def test_what_a_student_searches_never_finds_unreleased_words(client, submission, released, student):
    client.force_login(student.user)
    changed(released)
    found = client.get("/antwoorden/", {"q": BUSY}).context["shown"]
    assert found.size == 0
    assert client.get("/antwoorden/", {"q": FIRST}).context["shown"].size == 1


def test_a_classmate_gets_nothing_of_it(client, assignment, submission, released, module):
    changed(released)
    client.force_login(enrol(module).user)
    for page in every_page(assignment, submission):
        body = said(client, page)
        assert FIRST.encode() not in body, page
        assert BUSY.encode() not in body or "q=" in page, page


def test_taking_back_is_refused_without_saying_that_a_teacher_has_begun(
    client, assignment, submission, student, teacher
):
    client.force_login(student.user)
    give(submission, teacher, BUSY)
    address = reverse("questions:take_back", args=[assignment.pk])
    page = client.post(address, {"versie": submission.pk}, follow=True).content.decode()
    assert "Terugnemen kan niet meer. Wat je inleverde blijft staan. Je kunt wel verder aan een nieuwe versie." in page
    assert BUSY not in page
    assert "Karin" not in page.split("<main")[1]
    submission.refresh_from_db()
    assert submission.withdrawn_at is None


# --- New, and seen ---


@pytest.fixture
def desk(client, assignment, student):
    client.force_login(student.user)
    return lambda: client.get(assignment.get_absolute_url()).content.decode()


def came_into_view(feedback: Feedback) -> dict:
    """What the script of the desk sends."""
    return {"feedback": feedback.pk, "tot": (feedback.released_at or timezone.now()).isoformat()}


def test_what_was_not_seen_is_called_new(desk, released):
    assert '<span class="fresh">nieuw</span>' in desk()
    assert f'data-new="{released.pk}"' in desk()
    assert "js/seen.js" in desk()


def test_what_was_seen_is_not(desk, released):
    Feedback.objects.update(seen_at=timezone.now())
    page = desk()
    assert FIRST in page
    assert "fresh" not in page
    assert "data-new" not in page
    assert "js/seen.js" not in page


def test_opening_the_desk_writes_nothing(desk, released):
    desk()
    with CaptureQueriesContext(connection) as queries:
        desk()
    assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    released.refresh_from_db()
    assert released.seen_at is None


def test_what_the_script_saw_is_seen(client, student, released):
    client.force_login(student.user)
    script = {"X-Requested-With": "XMLHttpRequest"}
    response = client.post("/antwoorden/gezien/", came_into_view(released), headers=script)
    assert (response.status_code, response.content) == (204, b"")
    released.refresh_from_db()
    first = released.seen_at
    assert first is not None
    client.post("/antwoorden/gezien/", came_into_view(released), headers=script)
    released.refresh_from_db()
    assert released.seen_at == first


def test_only_that_is_seen(client, assignment, student, teacher, released):
    client.force_login(student.user)
    other = give(hand_in(assignment, student, 1), teacher, released_at=timezone.now())
    client.post("/antwoorden/gezien/", came_into_view(released))
    other.refresh_from_db()
    assert other.seen_at is None


def test_nobody_else_sees_it_for_the_student(client, module, teacher, released):
    for person in (teacher, enrol(module).user, UserFactory()):
        client.force_login(person)
        client.post("/antwoorden/gezien/", came_into_view(released))
    released.refresh_from_db()
    assert released.seen_at is None


def test_what_is_not_released_cannot_be_seen(client, student, teacher, submission):
    unreleased = give(submission, teacher)
    client.force_login(student.user)
    assert client.post("/antwoorden/gezien/", came_into_view(unreleased)).status_code == 302
    unreleased.refresh_from_db()
    assert unreleased.seen_at is None


@pytest.mark.parametrize("nonsense", ["", "x", "-1", "1;2", "9" * 30])
def test_what_is_no_number_is_refused(client, student, nonsense):
    client.force_login(student.user)
    assert (
        client.post("/antwoorden/gezien/", {"feedback": nonsense, "tot": timezone.now().isoformat()}).status_code == 400
    )


def test_home_leads_to_the_answer_on_the_desk(client, assignment, student, released):
    client.force_login(student.user)
    key = released.submission.answer.question.key
    assert f'href="{assignment.get_absolute_url()}#vraag-{key}"' in client.get("/").content.decode()


def test_who_left_the_module_reads_it_among_their_answers(client, student, released):
    student.left_at = timezone.now()
    student.save()
    client.force_login(student.user)
    assert f'href="/antwoorden/#antwoord-{released.submission.answer_id}"' in client.get("/").content.decode()


# --- «Hier ga ik mee verder» ---


@pytest.fixture
def go_on(client, student):
    client.force_login(student.user)

    def post(feedback, value="ja", until=None):
        until = (until or timezone.now()).isoformat()
        return client.post(f"/antwoorden/feedback/{feedback.pk}/verder/", {"verder": value, "tot": until})

    return post


def test_one_tap_takes_it_up_and_opens_the_field(go_on, desk, assignment, released):
    question = released.submission.answer.question
    response = go_on(released)
    there = f"{assignment.get_absolute_url()}?bewerk={question.pk}#vraag-{question.key}"
    assert (response.status_code, response["Location"]) == (302, there)
    released.refresh_from_db()
    assert released.taken_up_at is not None
    assert released.seen_at is not None
    page = desk()
    assert "Je gaat hiermee verder" in page
    assert "fresh" not in page


def test_twice_is_once(go_on, released):
    go_on(released)
    released.refresh_from_db()
    first = released.taken_up_at
    go_on(released)
    released.refresh_from_db()
    assert released.taken_up_at == first


def test_not_after_all(go_on, desk, assignment, released):
    go_on(released)
    response = go_on(released, "nee")
    assert response["Location"] == f"{assignment.get_absolute_url()}#vraag-{released.submission.answer.question.key}"
    released.refresh_from_db()
    assert released.taken_up_at is None
    assert released.seen_at is not None
    assert "Je gaat hiermee verder" not in desk()
    assert "Hier ga ik mee verder" in desk()


@pytest.mark.parametrize("verdict", [Verdict.READ, Verdict.DONE])
def test_where_no_more_is_asked_the_desk_stays_as_it_is(go_on, assignment, released, verdict):
    Feedback.objects.update(verdict=verdict)
    there = f"{assignment.get_absolute_url()}#vraag-{released.submission.answer.question.key}"
    assert go_on(released)["Location"] == there


def test_the_verdict_that_counts_is_the_one_that_is_shown(go_on, released):
    changed(released, verdict=Verdict.DONE)
    assert "?bewerk=" in go_on(released)["Location"]


def test_it_is_no_save_of_the_feedback(go_on, released):
    before = (released.revision, released.updated_at, released.text)
    go_on(released)
    released.refresh_from_db()
    assert (released.revision, released.updated_at, released.text) == before


def test_who_left_is_brought_to_their_answers(go_on, student, released):
    student.left_at = timezone.now()
    student.save()
    assert go_on(released)["Location"] == f"/antwoorden/#antwoord-{released.submission.answer_id}"


def test_feedback_on_an_earlier_version_is_not_gone_on_with_again(go_on, desk, assignment, student, released):
    go_on(released)
    hand_in(assignment, student, 0, "Nu beter.")
    assert "Je gaat hiermee verder" in desk()
    go_on(released, "nee")
    assert "Hier ga ik mee verder" not in desk()
    assert FIRST in desk()


def test_what_was_released_anew_since_the_page_was_made_is_read_first(go_on, client, assignment, released, student):
    made = released.released_at
    seen = came_into_view(released)
    released.released_at = timezone.now()
    released.text = BUSY
    released.save()
    client.post("/antwoorden/gezien/", seen)
    response = go_on(released, until=made)
    assert "?bewerk" not in response["Location"]
    released.refresh_from_db()
    assert (released.taken_up_at, released.seen_at) == (None, None)
    assert "Deze feedback is net veranderd. Lees hem eerst nog een keer." in client.get("/antwoorden/").content.decode()


@pytest.mark.parametrize("until", ["", "gisteren", "2026-11-24T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_without_a_moment_nothing_is_done(client, student, released, until):
    client.force_login(student.user)
    address = f"/antwoorden/feedback/{released.pk}/verder/"
    assert client.post(address, {"verder": "ja", "tot": until}).status_code == 400
    assert client.post("/antwoorden/gezien/", {"feedback": released.pk, "tot": until}).status_code == 400


@pytest.mark.parametrize("value", ["", "misschien"])
def test_another_answer_than_yes_or_no_is_refused(go_on, released, value):
    assert go_on(released, value).status_code == 400
    released.refresh_from_db()
    assert released.taken_up_at is None


def test_what_is_not_released_is_not_there(go_on, submission, teacher):
    unreleased = give(submission, teacher)
    assert go_on(unreleased).status_code == 404
    unreleased.refresh_from_db()
    assert (unreleased.taken_up_at, unreleased.seen_at) == (None, None)


def test_it_is_for_the_student_alone(client, module, teacher, released):
    address, sent = f"/antwoorden/feedback/{released.pk}/verder/", {"verder": "ja", "tot": timezone.now().isoformat()}
    assert client.post(address, sent).status_code == 302
    for person in (teacher, enrol(module).user, UserFactory()):
        client.force_login(person)
        assert client.post(address, sent).status_code == 404
    released.refresh_from_db()
    assert released.taken_up_at is None


def test_it_is_a_post(client, student, released):
    client.force_login(student.user)
    assert client.get(f"/antwoorden/feedback/{released.pk}/verder/").status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_feedback_costs_the_desk_no_query_more(client, assignment, student, count):
    client.force_login(student.user)
    for number in range(count):
        submission = hand_in(assignment, student, 0, f"Versie {number}.")
        give(submission, UserFactory(), released_at=timezone.now() - timedelta(minutes=number))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(assignment.get_absolute_url()).content.decode()
    assert page.count("fresh") == count
    assert len(queries) == 11
