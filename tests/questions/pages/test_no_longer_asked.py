"""Tests of texts for questions that users can no longer answer: each text is stored, or shown again to copy."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from casebook.lib.text import text_hash
from cases.models import Case
from cases.publishing import editions
from questions.actions import edition_upgrades
from questions.models import Answer, Feedback, Role, Submission
from tests.factories import UserFactory, published_case
from tests.questions.factories import enrol, hand_in

pytestmark = pytest.mark.django_db
SCRIPT_HEADERS = {"X-Requested-With": "XMLHttpRequest"}
BROWSER_HEADERS = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def enrolment(assignment, client):
    enrolment = enrol(assignment.module)
    client.force_login(enrolment.user)
    return enrolment


@pytest.fixture
def first(assignment, enrolment):
    return assignment.questions.order_by("asked_in__position").first()


@pytest.fixture
def last(assignment, enrolment):
    return assignment.questions.order_by("asked_in__position").last()


@pytest.fixture
def send(client, assignment, enrolment):
    def send(texts: dict, headers: dict = SCRIPT_HEADERS, **more) -> HttpResponse:
        values = {"lever": "alles", "user": enrolment.user.pk} | more
        for question, text in texts.items():
            pk = getattr(question, "pk", question)
            values |= {f"text-{pk}": text, f"revision-{pk}": 0}
        return client.post(reverse("questions:hand_in", args=[assignment.pk]), values, headers=headers)

    return send


def set_aside(assignment, question) -> None:
    """Upgrade the assignment to an edition without this question, which no student has answered."""
    copy = editions.start_working_copy(case=assignment.edition.case)
    copy.questions.filter(key=question.key).delete()
    edition_upgrades.take_over(assignment=assignment, edition=editions.publish(case=copy, note="Een vraag minder."))
    assignment.refresh_from_db()
    assert [question.pk] == [pk for pk, _position in assignment.set_aside]


def stored_texts() -> dict[str, int | None]:
    return dict(Answer.objects.values_list("text", "assignment"))


def text_of(response: HttpResponse) -> str:
    return response.content.decode()


# --- A question that was removed from the assignment ---


def test_answer_to_a_removed_question_is_stored_with_its_assignment(send, assignment, first, last):
    set_aside(assignment, last)
    response = send({first: "wel gevraagd", last: "niet meer gevraagd"})
    assert response.status_code == 200
    result = {"result": "set_aside", "revision": 1, "seq": 0, "hash": text_hash("niet meer gevraagd"), "stored": None}
    assert response.json()["results"].get(str(last.pk)) == result
    assert stored_texts() == {"wel gevraagd": assignment.pk, "niet meer gevraagd": assignment.pk}
    assert Submission.objects.get().text == "wel gevraagd"


def test_answer_to_a_removed_question_is_reported_without_javascript(send, client, assignment, first, last):
    set_aside(assignment, last)
    response = send({first: "wel gevraagd", last: "niet meer gevraagd"}, BROWSER_HEADERS)
    assert response["Location"] == assignment.get_absolute_url()
    page = text_of(client.get(response["Location"]))
    assert "1 vraag wordt in deze opdracht niet meer gesteld. Je tekst is bewaard; je vindt hem bij Antwoorden." in page
    assert "niet meer gevraagd" in text_of(client.get(reverse("questions:answers")))


def test_empty_answer_to_a_removed_question_is_not_reported(send, client, assignment, first, last):
    set_aside(assignment, last)
    response = send({first: "wel gevraagd", last: ""}, BROWSER_HEADERS)
    assert "niet meer gesteld" not in text_of(client.get(response["Location"]))


@pytest.mark.parametrize("headers", [SCRIPT_HEADERS, BROWSER_HEADERS])
def test_conflicting_answer_to_a_removed_question_is_shown_with_the_stored_text(send, assignment, first, last, headers):
    set_aside(assignment, last)
    send({last: "de eerste tekst"})
    response = send({last: "de andere tekst"}, headers)
    assert response.status_code == 409
    assert "de eerste tekst" in text_of(response)
    assert headers is SCRIPT_HEADERS or "de andere tekst" in text_of(response)
    versions = Answer.objects.get().versions.values_list("text", flat=True)
    assert sorted(versions) == ["de andere tekst", "de eerste tekst"]


# --- A question of another assignment or of no assignment ---


def test_answer_to_an_unrelated_question_is_refused_and_others_are_handed_in(send, first):
    unknown_question = published_case().questions.get()
    response = send({first: "wel gevraagd", unknown_question: "hoort hier niet"})
    assert response.status_code == 409
    expected = {"result": "refused", "revision": 0, "seq": 0, "hash": None, "stored": None}
    assert response.json()["results"].get(str(unknown_question.pk)) == expected
    assert response.json()["results"][str(first.pk)]["result"] == "submitted"
    assert list(stored_texts()) == ["wel gevraagd"]


@pytest.mark.parametrize("unknown_question", [999_999_999, "of another case"])
def test_refused_answer_is_shown_to_copy_without_javascript(send, first, unknown_question):
    unknown_question = published_case().questions.get() if isinstance(unknown_question, str) else unknown_question
    response = send({first: "wel gevraagd", unknown_question: "hoort hier niet"}, BROWSER_HEADERS)
    page = text_of(response)
    assert (response.status_code, "hoort hier niet" in page, "wel gevraagd" in page) == (409, True, False)
    assert ("readonly" in page, "Verstuur opnieuw" in page) == (True, False)
    assert "1 antwoord ingeleverd." in page
    assert list(stored_texts()) == ["wel gevraagd"]


def test_conflicting_and_refused_answers_are_shown_on_one_page(send, first):
    send({first: "de eerste tekst"}, lever="niets")
    response = send({first: "de andere tekst", 999_999_999: "hoort hier niet"}, BROWSER_HEADERS)
    page = text_of(response)
    assert response.status_code == 409
    assert [text in page for text in ("de eerste tekst", "de andere tekst", "hoort hier niet")] == [True, True, True]
    assert page.count("<textarea") == 2
    assert f'name="text-{first.pk}"' in page
    assert 'name="text-999999999"' not in page
    assert f'name="revision-{first.pk}" value="1"' in page


# --- After leaving, before opening, after archiving ---

SENTENCES = {
    "left": "Je zit niet meer in deze module: je tekst is bewaard bij Antwoorden, maar niet ingeleverd.",
    "not_open": "De opdracht is nog niet open: je tekst is bewaard, maar niet ingeleverd.",
    "closed": "De opdracht is gesloten: je tekst is bewaard, maar niet ingeleverd.",
}


def apply(situation: str, assignment, enrolment) -> None:
    """Change the enrolment, assignment or module so that nothing can be handed in, for the reason of this name."""
    now = timezone.now()
    if situation == "left":
        enrolment.left_at = now
        enrolment.save()
    elif situation == "not_open":
        type(assignment).objects.update(opens_at=now + timedelta(days=1))
    else:
        type(assignment.module).objects.update(archived_at=now)


@pytest.mark.parametrize("situation", SENTENCES)
def test_answer_that_cannot_be_handed_in_is_stored(send, assignment, enrolment, first, last, situation):
    apply(situation, assignment, enrolment)
    response = send({first: "toch bewaard", last: ""})
    assert response.status_code == 409
    assert response.json()["note"] == SENTENCES[situation]
    results = response.json()["results"]
    assert [results[str(pk)]["result"] for pk in (first.pk, last.pk)] == [situation, "empty"]
    assert stored_texts() == {"toch bewaard": assignment.pk}
    assert not Submission.objects.exists()


@pytest.mark.parametrize("situation", SENTENCES)
def test_next_page_reports_an_answer_that_was_only_stored_without_javascript(
    send, client, assignment, enrolment, first, situation
):
    apply(situation, assignment, enrolment)
    response = send({first: "toch bewaard"}, BROWSER_HEADERS)
    page = client.get(response["Location"])
    assert (page.status_code, SENTENCES[situation] in text_of(page)) == (200, True)
    assert stored_texts() == {"toch bewaard": assignment.pk}


@pytest.mark.parametrize("situation", SENTENCES)
def test_answer_can_be_saved_when_it_cannot_be_handed_in(send, assignment, enrolment, first, situation):
    apply(situation, assignment, enrolment)
    response = send({first: "toch bewaard"}, lever="niets")
    assert (response.status_code, response.json()["results"][str(first.pk)]["result"]) == (200, "saved")


@pytest.mark.parametrize("situation", ["left", "not_open"])
def test_conflict_is_shown_when_the_desk_cannot_be_opened(send, assignment, enrolment, first, situation):
    send({first: "de eerste tekst"}, lever="niets")
    apply(situation, assignment, enrolment)
    response = send({first: "de andere tekst"}, BROWSER_HEADERS)
    page = text_of(response)
    assert (response.status_code, "de eerste tekst" in page, "de andere tekst" in page) == (409, True, True)


def test_answer_of_a_user_outside_the_module_is_not_stored(send, client, first):
    client.force_login(UserFactory())
    assert send({first: "van een ander"}, user="").status_code == 404
    assert not Answer.objects.exists()


# --- Own study ---


@pytest.mark.parametrize("headers", [SCRIPT_HEADERS, BROWSER_HEADERS])
def test_unavailable_question_does_not_block_other_answers_of_own_study(client, headers):
    client.force_login(UserFactory())
    available, unavailable = published_case().questions.get(), published_case().questions.get()
    Case.objects.filter(pk=unavailable.case_id).update(status="withdrawn")
    values = {f"text-{unavailable.pk}": "kan niet meer", f"text-{available.pk}": "kan wel"}
    response = client.post(reverse("questions:save_answers"), values, headers=headers)
    assert response.status_code == 404
    assert stored_texts() == {"kan wel": None}
    if headers is BROWSER_HEADERS:
        page = text_of(response)
        assert ("kan niet meer" in page, "kan wel" in page, "readonly" in page) == (True, False, True)
    else:
        assert response.json()["result"] == "not_here"


def test_each_conflicting_text_is_shown_with_the_stored_text(client):
    client.force_login(UserFactory())
    questions = published_case(kolbs=["doener", "denker", "beslisser"]).questions.all()
    first = {f"text-{question.pk}": f"eerste {question.pk}" for question in questions}
    client.post(reverse("questions:save_answers"), first, headers=BROWSER_HEADERS)
    second = {f"text-{question.pk}": f"tweede {question.pk}" for question in questions}
    second |= {f"revision-{question.pk}": 0 for question in questions}
    page = text_of(client.post(reverse("questions:save_answers"), second, headers=BROWSER_HEADERS))
    for question in questions:
        assert (f"eerste {question.pk}" in page, f"tweede {question.pk}" in page) == (True, True)
        assert f'name="revision-{question.pk}" value="1"' in page


# --- Feedback ---


@pytest.mark.parametrize("headers", [SCRIPT_HEADERS, BROWSER_HEADERS])
@pytest.mark.parametrize("reason", ["left the module", "taken back"])
def test_feedback_that_can_no_longer_be_saved_is_shown_again(client, assignment, enrolment, reason, headers):
    submission = hand_in(assignment, enrolment)
    teacher = assignment.module.enrolments.get(role=Role.TEACHER)
    if reason == "taken back":
        Submission.objects.update(withdrawn_at=timezone.now())
    else:
        assignment.module.enrolments.filter(pk=teacher.pk).update(left_at=timezone.now())
    client.force_login(teacher.user)
    address = reverse("questions:save_feedback", args=[submission.pk])
    response = client.post(address, {"text": "Sterk begin.", "revision": 0}, headers=headers)
    assert response.status_code == (410 if reason == "taken back" else 404)
    assert not Feedback.objects.exists()
    if headers is BROWSER_HEADERS:
        page = text_of(response)
        assert ("Sterk begin." in page, "readonly" in page, "Verstuur opnieuw" in page) == (True, True, False)
    else:
        assert (response.get("X-Revision"), "X-Text-Hash" in response.headers) == ("0", False)
