"""The address that every save goes to, and the statuses by which any client can hold the site to its word."""

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
BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml"}


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


def test_a_save_is_answered_with_the_stored_revision(client, student, address):
    response = client.post(address, values(user=student.pk))
    assert (response.status_code, response["X-Revision"]) == (200, "1")
    assert response["Cache-Control"] == "private, no-store"
    assert Answer.objects.get().text == "tekst"


def test_the_address_of_the_library_asks_nothing_of_a_module(client):
    case = published_case()
    client.force_login(UserFactory())
    response = client.post(reverse("questions:save_answer", args=[case.questions.get().pk]), values())
    assert response.status_code == 200
    assert Answer.objects.get().assignment is None


def test_a_save_takes_at_most_five_queries(client, student, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        client.post(address, values(user=student.pk))
    with django_assert_max_num_queries(5):
        client.post(address, values("tekst en meer", 1, seq=2, user=student.pk))
    assert Answer.objects.get().text == "tekst en meer"


def test_a_conflict_is_409_with_the_stored_text(client, student, address):
    client.post(address, values("een", writer="a"))
    response = client.post(address, values("twee", writer="b"))
    assert (response.status_code, response["X-Revision"], response.json()["stored"]) == (409, "1", "een")


def test_signed_out_is_401_and_stores_nothing(client, address):
    response = client.post(address, values())
    assert response.status_code == 401
    assert not Answer.objects.exists()


def test_another_person_by_now_is_409_other_user_and_stores_nothing(client, student, address):
    response = client.post(address, values(user=student.pk + 1))
    assert (response.status_code, response["X-Reason"]) == (409, "other_user")
    assert not Answer.objects.exists()


def test_too_long_is_413_and_leaves_what_is_stored(client, student, address):
    client.post(address, values("kort"))
    response = client.post(address, values("x" * 20_001, 1, seq=2))
    assert (response.status_code, response["X-Revision"]) == (413, "1")
    assert Answer.objects.get().text == "kort"


def test_without_a_token_is_403_and_says_so(student, address):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(student)
    response = strict.post(address, values())
    assert (response.status_code, response["X-Reason"]) == (403, "csrf")


def test_getting_is_405(client, student, address):
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
def test_tampering_is_400(client, student, address, wrong):
    assert client.post(address, values() | wrong).status_code == 400


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 3_000_000_000, 10**15, 2**63, 10**30])
def test_a_text_based_on_a_revision_that_no_row_can_have_is_kept_as_any_that_is_stale(client, student, address, number):
    client.post(address, values("een", writer="a"))
    response = client.post(address, values("twee", number, writer="b"))
    assert response.status_code == 409
    assert (response["X-Revision"], response.json()["stored"]) == ("1", "een")
    assert set(Answer.objects.get().versions.values_list("text", flat=True)) == {"een", "twee"}


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_a_first_text_is_stored_whatever_it_says_it_was_based_on(client, student, address, number):
    assert client.post(address, values("een", number)).status_code == 200
    assert Answer.objects.get().text == "een"


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_save_with_a_number_that_no_page_can_reach_is_stored_and_stops_no_later_one(client, student, address, number):
    assert client.post(address, values("een", seq=number)).status_code == 200
    assert client.post(address, values("twee", 1, seq=2)).status_code == 200
    assert Answer.objects.get().text == "twee"


@pytest.mark.parametrize("number", [2**31, 10**30])
def test_a_hand_in_based_on_a_revision_that_no_row_can_have_keeps_the_text(client, student, assignment, number):
    client.post(reverse("questions:hand_in", args=[assignment.pk]), desk(assignment, "een", "geen"))
    response = client.post(
        reverse("questions:hand_in", args=[assignment.pk]),
        desk(assignment, "twee", revision=number),
        headers={"X-Requested-With": "XMLHttpRequest"},
    )
    assert response.status_code == 409
    assert set(Answer.objects.get().versions.values_list("text", flat=True)) == {"een", "twee"}


def test_a_missing_text_is_400(client, student, address):
    assert client.post(address, {"revision": 0}).status_code == 400


def test_a_stranger_gets_404(client, address):
    client.force_login(UserFactory())
    assert client.post(address, values()).status_code == 404


def test_a_teacher_gets_403(client, assignment, address):
    client.force_login(assignment.module.people.get())
    assert client.post(address, values()).status_code == 403


def test_a_question_that_was_not_asked_gets_404(client, student, assignment):
    other = published_case().questions.get()
    address = f"{reverse('questions:save_answer', args=[other.pk])}?opdracht={assignment.pk}"
    assert client.post(address, values()).status_code == 404


def test_a_withdrawn_case_is_no_longer_answered_but_what_was_begun_can_be_saved(client):
    case = published_case(kolbs=["doener", "denker"])
    begun, other = case.questions.all()
    client.force_login(UserFactory())
    client.post(reverse("questions:save_answer", args=[begun.pk]), values("een"))
    Case.objects.update(status="withdrawn")
    assert client.post(reverse("questions:save_answer", args=[begun.pk]), values("twee", 1, seq=2)).status_code == 200
    assert client.post(reverse("questions:save_answer", args=[other.pk]), values()).status_code == 404


@pytest.mark.parametrize("moment", ["closed", "archived", "left", "not open yet"])
def test_nothing_stops_a_save(client, student, assignment, address, moment):
    now = timezone.now()
    if moment == "closed":
        type(assignment).objects.update(closed_at=now)
    elif moment == "archived":
        type(assignment.module).objects.update(archived_at=now)
    elif moment == "left":
        assignment.module.enrolments.filter(user=student).update(left_at=now)
    else:
        type(assignment).objects.update(opens_at=now + timezone.timedelta(days=1))
    assert client.post(address, values("toch bewaard")).status_code == 200
    assert Answer.objects.get().text == "toch bewaard"


def test_a_browser_without_script_is_sent_back_to_where_it_was(client, student):
    case = published_case()
    question = case.questions.get()
    response = client.post(reverse("questions:save_answer", args=[question.pk]), values(), **BROWSER)
    assert (response.status_code, response["Location"]) == (302, f"/casussen/{case.slug}/#vraag-{question.key}")


@pytest.mark.parametrize("who", ["nobody", "somebody else"])
def test_a_browser_without_script_gets_its_text_back_when_it_cannot_be_stored(client, student, address, who):
    if who == "nobody":
        client.logout()
    response = client.post(address, values("mijn hele tekst", user=student.pk + 1), **BROWSER)
    assert response.status_code == (401 if who == "nobody" else 409)
    assert "mijn hele tekst" in response.content.decode()
    assert not Answer.objects.exists()


def test_an_empty_field_is_given_back_unseen(client, student, assignment):
    client.logout()
    sent = {"text-1": "mijn hele tekst", "revision-1": "3", "text-2": "", "revision-2": "4", "lever": "niets"}
    page = client.post(reverse("questions:hand_in", args=[assignment.pk]), sent, **BROWSER).content.decode()
    assert page.count("<textarea") == 1
    assert '<input type="hidden" name="text-2" value="">' in page
    assert '<input type="hidden" name="revision-2" value="4">' in page


# --- Handing in ---


def desk(assignment, text: str = "tekst", lever: str = "alles", revision: int = 0, **more) -> dict:
    pk = assignment.questions.get().pk
    return {f"text-{pk}": text, f"revision-{pk}": revision, f"seq-{pk}": 1, "writer": "w", "lever": lever, **more}


@pytest.fixture
def hand_in_address(assignment):
    return reverse("questions:hand_in", args=[assignment.pk])


def test_handing_in_answers_per_question(client, student, assignment, hand_in_address):
    response = client.post(hand_in_address, desk(assignment, user=student.pk))
    assert response.status_code == 200
    pk = assignment.questions.get().pk
    done = {"result": "submitted", "revision": 1, "seq": 1, "hash": text_hash("tekst"), "stored": None}
    assert response.json() == {"results": {str(pk): done}, "writer": "w", "note": ""}
    assert Submission.objects.get().text == "tekst"


def test_the_button_says_which_question_is_handed_in(client, student, hand_in_address, assignment):
    client.post(hand_in_address, desk(assignment, lever="niets"))
    assert Answer.objects.get().text == "tekst"
    assert not Submission.objects.exists()
    client.post(hand_in_address, desk(assignment, lever=str(assignment.questions.get().pk), revision=1))
    assert Submission.objects.count() == 1


def test_handing_in_after_closing_is_409_and_saves(client, student, assignment, hand_in_address):
    type(assignment).objects.update(closed_at=timezone.now())
    response = client.post(hand_in_address, desk(assignment))
    assert response.status_code == 409
    assert Answer.objects.get().text == "tekst"


def test_a_stale_hand_in_is_409_and_keeps_everything(client, student, assignment, hand_in_address):
    client.post(hand_in_address, desk(assignment, "een", "niets") | {"writer": "a"})
    response = client.post(hand_in_address, desk(assignment, "twee") | {"writer": "b"})
    assert response.status_code == 409
    assert sorted(Answer.objects.get().versions.values_list("text", flat=True)) == ["een", "twee"]


def test_without_script_a_stale_hand_in_shows_both_texts(client, student, assignment, hand_in_address):
    client.post(hand_in_address, desk(assignment, "de eerste tekst", "niets"))
    response = client.post(hand_in_address, desk(assignment, "de andere tekst", writer=""), **BROWSER)
    assert response.status_code == 409
    assert "de eerste tekst" in response.content.decode()
    assert "de andere tekst" in response.content.decode()


def test_without_script_the_top_of_the_desk_names_what_is_not_stored(client, student, assignment, hand_in_address):
    client.post(hand_in_address, desk(assignment, "de eerste tekst", "niets"))
    response = client.post(hand_in_address, desk(assignment, "de andere tekst", writer=""), **BROWSER)
    said = "Je antwoord op vraag 1 is niet opgeslagen. Bij de vraag staat waarom, en wat je nu kunt doen."
    assert said in response.content.decode()


def test_without_script_handing_in_redirects_and_says_what_was_empty(client, student, assignment, hand_in_address):
    response = client.post(hand_in_address, desk(assignment, " "), **BROWSER, follow=True)
    assert response.redirect_chain == [(f"/opdrachten/{assignment.pk}/", 302)]
    assert "1 vraag is nog leeg en dus overgeslagen." in response.content.decode()


def test_signed_out_handing_in_is_401_and_a_stranger_404_and_a_teacher_403(client, assignment, hand_in_address):
    assert client.post(hand_in_address, desk(assignment)).status_code == 401
    client.force_login(UserFactory())
    assert client.post(hand_in_address, desk(assignment)).status_code == 404
    client.force_login(assignment.module.people.first())
    assert client.post(hand_in_address, desk(assignment)).status_code == 403
    assert client.get(hand_in_address).status_code == 405


def test_one_cannot_take_back_what_another_handed_in(client, student, assignment, hand_in_address):
    client.post(hand_in_address, desk(assignment))
    client.force_login(enrol(assignment.module).user)
    address = reverse("questions:take_back", args=[assignment.pk])
    assert client.post(address, {"versie": Submission.objects.get().pk}).status_code == 404
    assert Submission.objects.standing().count() == 1


def test_own_words_are_copied_into_the_assignment(client, student, assignment):
    question = assignment.questions.get()
    client.post(reverse("questions:save_answer", args=[question.pk]), values("van mezelf"))
    client.post(reverse("questions:adopt", args=[assignment.pk]), {"vraag": question.pk})
    assert set(Answer.objects.values_list("text", "assignment")) == {
        ("van mezelf", None),
        ("van mezelf", assignment.pk),
    }


@pytest.mark.parametrize("came_from", ["http://testserver/opdrachten/7/", "https://elders.example/x", ""])
def test_an_act_after_the_session_expired_leads_back_to_its_page(client, assignment, came_from):
    address = reverse("questions:take_back", args=[assignment.pk])
    response = client.post(address, headers={"Referer": came_from})
    goes_to = "/opdrachten/7/" if "testserver" in came_from else address
    assert response["Location"] == f"/account/inloggen/?next={goes_to}"
