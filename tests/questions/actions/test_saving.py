"""Tests of the addresses for saving and handing in, with the status codes that clients rely on."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casebook.lib.text import text_hash
from cases.models import Case
from questions.models import Answer, Submission
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db
BROWSER_HEADERS = {"HTTP_ACCEPT": "text/html,application/xhtml+xml"}


@pytest.fixture
def assignment():
    return AssignmentFactory()


@pytest.fixture
def student(assignment, client):
    student = enrol(assignment.module).user
    client.force_login(student)
    return student


@pytest.fixture
def address(assignment):
    return f"{reverse('questions:save_answer', args=[assignment.questions.get().pk])}?opdracht={assignment.pk}"


def values(text: str = "tekst", revision: int = 0, **more) -> dict:
    return {"text": text, "revision": revision, "writer": "w1", "seq": 1, **more}


def test_response_to_a_save_has_the_stored_revision(client, student, address):
    response = client.post(address, values(user=student.pk))
    assert (response.status_code, response["X-Revision"]) == (200, "1")
    assert response["Cache-Control"] == "private, no-store"
    assert Answer.objects.get().text == "tekst"


def test_user_without_a_module_can_save_an_answer_of_own_study(client):
    case = published_case()
    client.force_login(UserFactory())
    response = client.post(reverse("questions:save_answer", args=[case.questions.get().pk]), values())
    assert response.status_code == 200
    assert Answer.objects.get().assignment is None


def test_save_takes_at_most_five_queries(client, student, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        client.post(address, values(user=student.pk))
    with django_assert_max_num_queries(5):
        client.post(address, values("tekst en meer", 1, seq=2, user=student.pk))
    assert Answer.objects.get().text == "tekst en meer"


def test_conflict_returns_409_with_the_stored_text(client, student, address):
    client.post(address, values("een", writer="a"))
    response = client.post(address, values("twee", writer="b"))
    assert (response.status_code, response["X-Revision"], response.json()["stored"]) == (409, "1", "een")


def test_save_of_a_signed_out_user_returns_401_and_stores_nothing(client, address):
    response = client.post(address, values())
    assert response.status_code == 401
    assert not Answer.objects.exists()


def test_save_from_the_page_of_another_user_returns_409_and_stores_nothing(client, student, address):
    response = client.post(address, values(user=student.pk + 1))
    assert (response.status_code, response["X-Reason"]) == (409, "other_user")
    assert not Answer.objects.exists()


def test_too_long_text_returns_413_and_does_not_change_the_stored_text(client, student, address):
    client.post(address, values("kort"))
    response = client.post(address, values("x" * 20_001, 1, seq=2))
    assert (response.status_code, response["X-Revision"]) == (413, "1")
    assert Answer.objects.get().text == "kort"


def test_save_without_a_csrf_token_returns_403_with_the_reason(student, address):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(student)
    response = strict.post(address, values())
    assert (response.status_code, response["X-Reason"]) == (403, "csrf")


def test_get_request_returns_405(client, student, address):
    assert client.get(address).status_code == 405


@pytest.mark.parametrize(
    "wrong",
    [
        {"revision": "x"},
        {"seq": "-1"},
        {"user": "abc"},
        {"writer": "a\0b"},
    ],
)
def test_invalid_values_return_400(client, student, address, wrong):
    assert client.post(address, values() | wrong).status_code == 400


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 3_000_000_000, 10**15, 2**63, 10**30])
def test_text_based_on_an_impossible_revision_is_treated_as_stale(client, student, address, number):
    client.post(address, values("een", writer="a"))
    response = client.post(address, values("twee", number, writer="b"))
    assert response.status_code == 409
    assert (response["X-Revision"], response.json()["stored"]) == ("1", "een")
    assert set(Answer.objects.get().versions.values_list("text", flat=True)) == {"een", "twee"}


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_first_text_is_stored_whatever_revision_the_request_names(client, student, address, number):
    assert client.post(address, values("een", number)).status_code == 200
    assert Answer.objects.get().text == "een"


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_save_with_an_impossible_number_is_stored_and_does_not_block_later_saves(client, student, address, number):
    assert client.post(address, values("een", seq=number)).status_code == 200
    assert client.post(address, values("twee", 1, seq=2)).status_code == 200
    assert Answer.objects.get().text == "twee"


@pytest.mark.parametrize("number", [2**31, 10**30])
def test_hand_in_based_on_an_impossible_revision_saves_the_text_as_a_version(client, student, assignment, number):
    client.post(reverse("questions:hand_in", args=[assignment.pk]), hand_in_values(assignment, "een", "geen"))
    response = client.post(
        reverse("questions:hand_in", args=[assignment.pk]),
        hand_in_values(assignment, "twee", revision=number),
        headers={"X-Requested-With": "XMLHttpRequest"},
    )
    assert response.status_code == 409
    assert set(Answer.objects.get().versions.values_list("text", flat=True)) == {"een", "twee"}


def test_missing_text_returns_400(client, student, address):
    assert client.post(address, {"revision": 0}).status_code == 400


def test_user_outside_the_module_gets_404(client, address):
    client.force_login(UserFactory())
    assert client.post(address, values()).status_code == 404


def test_teacher_gets_403(client, assignment, address):
    client.force_login(assignment.module.people.get())
    assert client.post(address, values()).status_code == 403


def test_question_that_is_not_in_the_assignment_returns_404(client, student, assignment):
    other = published_case().questions.get()
    address = f"{reverse('questions:save_answer', args=[other.pk])}?opdracht={assignment.pk}"
    assert client.post(address, values()).status_code == 404


def test_only_existing_answers_to_a_withdrawn_case_can_be_saved(client):
    case = published_case(kolbs=["doener", "denker"])
    answered, other = case.questions.all()
    client.force_login(UserFactory())
    client.post(reverse("questions:save_answer", args=[answered.pk]), values("een"))
    Case.objects.update(status="withdrawn")
    assert (
        client.post(reverse("questions:save_answer", args=[answered.pk]), values("twee", 1, seq=2)).status_code == 200
    )
    assert client.post(reverse("questions:save_answer", args=[other.pk]), values()).status_code == 404


@pytest.mark.parametrize("circumstance", ["closed", "archived", "left", "not open yet"])
def test_answer_can_be_saved_whatever_the_state_of_the_assignment(client, student, assignment, address, circumstance):
    now = timezone.now()
    if circumstance == "closed":
        type(assignment).objects.update(closed_at=now)
    elif circumstance == "archived":
        type(assignment.module).objects.update(archived_at=now)
    elif circumstance == "left":
        assignment.module.enrolments.filter(user=student).update(left_at=now)
    else:
        type(assignment).objects.update(opens_at=now + timezone.timedelta(days=1))
    assert client.post(address, values("toch bewaard")).status_code == 200
    assert Answer.objects.get().text == "toch bewaard"


def test_save_without_javascript_redirects_to_the_question(client, student):
    case = published_case()
    question = case.questions.get()
    response = client.post(reverse("questions:save_answer", args=[question.pk]), values(), **BROWSER_HEADERS)
    assert (response.status_code, response["Location"]) == (302, f"/casussen/{case.slug}/#vraag-{question.key}")


@pytest.mark.parametrize("user", ["signed out", "another user"])
def test_text_that_cannot_be_stored_is_shown_again_without_javascript(client, student, address, user):
    if user == "signed out":
        client.logout()
    response = client.post(address, values("mijn hele tekst", user=student.pk + 1), **BROWSER_HEADERS)
    assert response.status_code == (401 if user == "signed out" else 409)
    assert "mijn hele tekst" in response.content.decode()
    assert not Answer.objects.exists()


def test_empty_field_is_returned_as_a_hidden_input(client, student, assignment):
    client.logout()
    sent = {"text-1": "mijn hele tekst", "revision-1": "3", "text-2": "", "revision-2": "4", "lever": "niets"}
    page = client.post(reverse("questions:hand_in", args=[assignment.pk]), sent, **BROWSER_HEADERS).content.decode()
    assert page.count("<textarea") == 1
    assert '<input type="hidden" name="text-2" value="">' in page
    assert '<input type="hidden" name="revision-2" value="4">' in page


# --- Handing in ---


def hand_in_values(assignment, text: str = "tekst", lever: str = "alles", revision: int = 0, **more) -> dict:
    pk = assignment.questions.get().pk
    return {f"text-{pk}": text, f"revision-{pk}": revision, f"seq-{pk}": 1, "writer": "w", "lever": lever, **more}


@pytest.fixture
def hand_in_address(assignment):
    return reverse("questions:hand_in", args=[assignment.pk])


def test_response_to_handing_in_has_a_result_for_each_question(client, student, assignment, hand_in_address):
    response = client.post(hand_in_address, hand_in_values(assignment, user=student.pk))
    assert response.status_code == 200
    pk = assignment.questions.get().pk
    result = {"result": "submitted", "revision": 1, "seq": 1, "hash": text_hash("tekst"), "stored": None}
    assert response.json() == {"results": {str(pk): result}, "writer": "w", "note": ""}
    assert Submission.objects.get().text == "tekst"


def test_value_of_the_button_determines_which_question_is_handed_in(client, student, hand_in_address, assignment):
    client.post(hand_in_address, hand_in_values(assignment, lever="niets"))
    assert Answer.objects.get().text == "tekst"
    assert not Submission.objects.exists()
    client.post(hand_in_address, hand_in_values(assignment, lever=str(assignment.questions.get().pk), revision=1))
    assert Submission.objects.count() == 1


def test_handing_in_after_closing_returns_409_and_saves_the_text(client, student, assignment, hand_in_address):
    type(assignment).objects.update(closed_at=timezone.now())
    response = client.post(hand_in_address, hand_in_values(assignment))
    assert response.status_code == 409
    assert Answer.objects.get().text == "tekst"


def test_stale_hand_in_returns_409_and_saves_both_texts(client, student, assignment, hand_in_address):
    client.post(hand_in_address, hand_in_values(assignment, "een", "niets") | {"writer": "a"})
    response = client.post(hand_in_address, hand_in_values(assignment, "twee") | {"writer": "b"})
    assert response.status_code == 409
    assert sorted(Answer.objects.get().versions.values_list("text", flat=True)) == ["een", "twee"]


def test_stale_hand_in_without_javascript_shows_both_texts(client, student, assignment, hand_in_address):
    client.post(hand_in_address, hand_in_values(assignment, "de eerste tekst", "niets"))
    response = client.post(hand_in_address, hand_in_values(assignment, "de andere tekst", writer=""), **BROWSER_HEADERS)
    assert response.status_code == 409
    assert "de eerste tekst" in response.content.decode()
    assert "de andere tekst" in response.content.decode()


def test_desk_without_javascript_names_the_answer_that_was_not_stored(client, student, assignment, hand_in_address):
    client.post(hand_in_address, hand_in_values(assignment, "de eerste tekst", "niets"))
    response = client.post(hand_in_address, hand_in_values(assignment, "de andere tekst", writer=""), **BROWSER_HEADERS)
    expected = "Je antwoord op vraag 1 is niet opgeslagen. Bij de vraag staat waarom, en wat je nu kunt doen."
    assert expected in response.content.decode()


def test_handing_in_without_javascript_redirects_and_reports_empty_answers(
    client, student, assignment, hand_in_address
):
    response = client.post(hand_in_address, hand_in_values(assignment, " "), **BROWSER_HEADERS, follow=True)
    assert response.redirect_chain == [(f"/opdrachten/{assignment.pk}/", 302)]
    assert "1 vraag is nog leeg en dus overgeslagen." in response.content.decode()


def test_handing_in_is_refused_for_users_who_are_not_students_of_the_module(client, assignment, hand_in_address):
    assert client.post(hand_in_address, hand_in_values(assignment)).status_code == 401
    client.force_login(UserFactory())
    assert client.post(hand_in_address, hand_in_values(assignment)).status_code == 404
    client.force_login(assignment.module.people.first())
    assert client.post(hand_in_address, hand_in_values(assignment)).status_code == 403
    assert client.get(hand_in_address).status_code == 405


def test_student_cannot_take_back_a_submission_of_another_student(client, student, assignment, hand_in_address):
    client.post(hand_in_address, hand_in_values(assignment))
    client.force_login(enrol(assignment.module).user)
    address = reverse("questions:take_back", args=[assignment.pk])
    assert client.post(address, {"versie": Submission.objects.get().pk}).status_code == 404
    assert Submission.objects.in_force().count() == 1


def test_adopting_copies_an_answer_of_own_study_into_the_assignment(client, student, assignment):
    question = assignment.questions.get()
    client.post(reverse("questions:save_answer", args=[question.pk]), values("van mezelf"))
    client.post(reverse("questions:adopt", args=[assignment.pk]), {"vraag": question.pk})
    assert set(Answer.objects.values_list("text", "assignment")) == {
        ("van mezelf", None),
        ("van mezelf", assignment.pk),
    }


@pytest.mark.parametrize("referer", ["http://testserver/opdrachten/7/", "https://elders.example/x", ""])
def test_sign_in_after_an_expired_session_leads_back_to_the_page_of_the_form(client, assignment, referer):
    address = reverse("questions:take_back", args=[assignment.pk])
    response = client.post(address, headers={"Referer": referer})
    next_address = "/opdrachten/7/" if "testserver" in referer else address
    assert response["Location"] == f"/account/inloggen/?next={next_address}"
