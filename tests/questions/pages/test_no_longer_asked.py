"""Text for what is no longer asked, open or theirs is stored where it belongs, or given back."""

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
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


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
    def send(texts: dict, headers: dict = SCRIPT, **more) -> HttpResponse:
        values = {"lever": "alles", "user": enrolment.user.pk} | more
        for question, text in texts.items():
            pk = getattr(question, "pk", question)
            values |= {f"text-{pk}": text, f"revision-{pk}": 0}
        return client.post(reverse("questions:hand_in", args=[assignment.pk]), values, headers=headers)

    return send


def set_aside(assignment, question) -> None:
    """The assignment takes an edition over that does not ask this question; nobody had answered it."""
    copy = editions.start_working_copy(case=assignment.edition.case)
    copy.questions.filter(key=question.key).delete()
    edition_upgrades.take_over(assignment=assignment, edition=editions.publish(case=copy, note="Een vraag minder."))
    assignment.refresh_from_db()
    assert [question.pk] == [pk for pk, _position in assignment.set_aside]


def stored() -> dict[str, int | None]:
    return dict(Answer.objects.values_list("text", "assignment"))


def text_of(response: HttpResponse) -> str:
    return response.content.decode()


# --- A question that left the assignment ---


def test_a_text_for_a_question_that_was_set_aside_is_stored_with_its_assignment(send, assignment, first, last):
    set_aside(assignment, last)
    response = send({first: "wel gevraagd", last: "niet meer gevraagd"})
    assert response.status_code == 200
    result = {"result": "set_aside", "revision": 1, "seq": 0, "hash": text_hash("niet meer gevraagd"), "stored": None}
    assert response.json()["results"].get(str(last.pk)) == result
    assert stored() == {"wel gevraagd": assignment.pk, "niet meer gevraagd": assignment.pk}
    assert Submission.objects.get().text == "wel gevraagd"


def test_without_script_it_is_stored_too_and_the_next_page_says_where(send, client, assignment, first, last):
    set_aside(assignment, last)
    response = send({first: "wel gevraagd", last: "niet meer gevraagd"}, BROWSER)
    assert response["Location"] == assignment.get_absolute_url()
    page = text_of(client.get(response["Location"]))
    assert "1 vraag wordt in deze opdracht niet meer gesteld. Je tekst is bewaard; je vindt hem bij Antwoorden." in page
    assert "niet meer gevraagd" in text_of(client.get(reverse("questions:answers")))


def test_an_empty_field_of_such_a_question_is_no_news(send, client, assignment, first, last):
    set_aside(assignment, last)
    response = send({first: "wel gevraagd", last: ""}, BROWSER)
    assert "niet meer gesteld" not in text_of(client.get(response["Location"]))


@pytest.mark.parametrize("headers", [SCRIPT, BROWSER])
def test_such_a_text_that_conflicts_is_shown_with_what_is_stored(send, assignment, first, last, headers):
    set_aside(assignment, last)
    send({last: "de eerste tekst"})
    response = send({last: "de andere tekst"}, headers)
    assert response.status_code == 409
    assert "de eerste tekst" in text_of(response)
    assert headers is SCRIPT or "de andere tekst" in text_of(response)
    versions = Answer.objects.get().versions.values_list("text", flat=True)
    assert sorted(versions) == ["de andere tekst", "de eerste tekst"]


# --- A question of another assignment, or of none ---


def test_a_text_for_a_question_that_is_nobodys_here_is_refused_and_the_others_are_handed_in(send, first):
    strange = published_case().questions.get()
    response = send({first: "wel gevraagd", strange: "hoort hier niet"})
    assert response.status_code == 409
    refused = {"result": "refused", "revision": 0, "seq": 0, "hash": None, "stored": None}
    assert response.json()["results"].get(str(strange.pk)) == refused
    assert response.json()["results"][str(first.pk)]["result"] == "submitted"
    assert list(stored()) == ["wel gevraagd"]


@pytest.mark.parametrize("strange", [999_999_999, "of another case"])
def test_without_script_such_a_text_is_given_back_to_copy(send, first, strange):
    strange = published_case().questions.get() if isinstance(strange, str) else strange
    response = send({first: "wel gevraagd", strange: "hoort hier niet"}, BROWSER)
    page = text_of(response)
    assert (response.status_code, "hoort hier niet" in page, "wel gevraagd" in page) == (409, True, False)
    assert ("readonly" in page, "Verstuur opnieuw" in page) == (True, False)
    assert "1 antwoord ingeleverd." in page
    assert list(stored()) == ["wel gevraagd"]


def test_what_can_be_sent_again_and_what_cannot_are_on_one_page(send, first):
    send({first: "de eerste tekst"}, lever="niets")
    response = send({first: "de andere tekst", 999_999_999: "hoort hier niet"}, BROWSER)
    page = text_of(response)
    assert response.status_code == 409
    assert [text in page for text in ("de eerste tekst", "de andere tekst", "hoort hier niet")] == [True, True, True]
    assert page.count("<textarea") == 2
    assert f'name="text-{first.pk}"' in page
    assert 'name="text-999999999"' not in page
    assert f'name="revision-{first.pk}" value="1"' in page


# --- Somebody who left, before opening, after archiving ---

SENTENCES = {
    "left": "Je zit niet meer in deze module: je tekst is bewaard bij Antwoorden, maar niet ingeleverd.",
    "not_open": "De opdracht is nog niet open: je tekst is bewaard, maar niet ingeleverd.",
    "closed": "De opdracht is gesloten: je tekst is bewaard, maar niet ingeleverd.",
}


def make(moment: str, assignment, enrolment) -> None:
    now = timezone.now()
    if moment == "left":
        enrolment.left_at = now
        enrolment.save()
    elif moment == "not_open":
        type(assignment).objects.update(opens_at=now + timedelta(days=1))
    else:
        type(assignment.module).objects.update(archived_at=now)


@pytest.mark.parametrize("moment", SENTENCES)
def test_what_cannot_be_handed_in_is_stored_all_the_same(send, assignment, enrolment, first, last, moment):
    make(moment, assignment, enrolment)
    response = send({first: "toch bewaard", last: ""})
    assert response.status_code == 409
    assert response.json()["note"] == SENTENCES[moment]
    results = response.json()["results"]
    assert [results[str(pk)]["result"] for pk in (first.pk, last.pk)] == [moment, "empty"]
    assert stored() == {"toch bewaard": assignment.pk}
    assert not Submission.objects.exists()


@pytest.mark.parametrize("moment", SENTENCES)
def test_without_script_the_next_page_says_so_and_opens(send, client, assignment, enrolment, first, moment):
    make(moment, assignment, enrolment)
    response = send({first: "toch bewaard"}, BROWSER)
    page = client.get(response["Location"])
    assert (page.status_code, SENTENCES[moment] in text_of(page)) == (200, True)
    assert stored() == {"toch bewaard": assignment.pk}


@pytest.mark.parametrize("moment", SENTENCES)
def test_only_saving_goes_on_as_ever(send, assignment, enrolment, first, moment):
    make(moment, assignment, enrolment)
    response = send({first: "toch bewaard"}, lever="niets")
    assert (response.status_code, response.json()["results"][str(first.pk)]["result"]) == (200, "saved")


@pytest.mark.parametrize("moment", ["left", "not_open"])
def test_a_conflict_there_is_shown_although_the_desk_is_closed(send, assignment, enrolment, first, moment):
    send({first: "de eerste tekst"}, lever="niets")
    make(moment, assignment, enrolment)
    response = send({first: "de andere tekst"}, BROWSER)
    page = text_of(response)
    assert (response.status_code, "de eerste tekst" in page, "de andere tekst" in page) == (409, True, True)


def test_what_was_never_theirs_is_not_stored(send, client, first):
    client.force_login(UserFactory())
    assert send({first: "van een ander"}, user="").status_code == 404
    assert not Answer.objects.exists()


# --- For oneself ---


@pytest.mark.parametrize("headers", [SCRIPT, BROWSER])
def test_of_several_answers_for_oneself_one_that_is_gone_stops_no_other(client, headers):
    client.force_login(UserFactory())
    here, gone = published_case().questions.get(), published_case().questions.get()
    Case.objects.filter(pk=gone.case_id).update(status="withdrawn")
    values = {f"text-{gone.pk}": "kan niet meer", f"text-{here.pk}": "kan wel"}
    response = client.post(reverse("questions:save_answers"), values, headers=headers)
    assert response.status_code == 404
    assert stored() == {"kan wel": None}
    if headers is BROWSER:
        page = text_of(response)
        assert ("kan niet meer" in page, "kan wel" in page, "readonly" in page) == (True, False, True)
    else:
        assert response.json()["result"] == "not_here"


def test_every_text_that_conflicts_comes_back_with_what_is_stored(client):
    client.force_login(UserFactory())
    questions = published_case(kolbs=["doener", "denker", "beslisser"]).questions.all()
    first = {f"text-{question.pk}": f"eerste {question.pk}" for question in questions}
    client.post(reverse("questions:save_answers"), first, headers=BROWSER)
    second = {f"text-{question.pk}": f"tweede {question.pk}" for question in questions}
    second |= {f"revision-{question.pk}": 0 for question in questions}
    page = text_of(client.post(reverse("questions:save_answers"), second, headers=BROWSER))
    for question in questions:
        assert (f"eerste {question.pk}" in page, f"tweede {question.pk}" in page) == (True, True)
        assert f'name="revision-{question.pk}" value="1"' in page


# --- Feedback ---


@pytest.mark.parametrize("headers", [SCRIPT, BROWSER])
@pytest.mark.parametrize("what", ["left the module", "taken back"])
def test_feedback_that_has_no_place_any_more_is_given_back(client, assignment, enrolment, what, headers):
    submission = hand_in(assignment, enrolment)
    teacher = assignment.module.enrolments.get(role=Role.TEACHER)
    if what == "taken back":
        Submission.objects.update(withdrawn_at=timezone.now())
    else:
        assignment.module.enrolments.filter(pk=teacher.pk).update(left_at=timezone.now())
    client.force_login(teacher.user)
    address = reverse("questions:save_feedback", args=[submission.pk])
    response = client.post(address, {"text": "Sterk begin.", "revision": 0}, headers=headers)
    assert response.status_code == (410 if what == "taken back" else 404)
    assert not Feedback.objects.exists()
    if headers is BROWSER:
        page = text_of(response)
        assert ("Sterk begin." in page, "readonly" in page, "Verstuur opnieuw" in page) == (True, True, False)
    else:
        assert (response.get("X-Revision"), "X-Text-Hash" in response.headers) == ("0", False)
