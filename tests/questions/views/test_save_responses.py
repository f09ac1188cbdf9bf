"""Tests of the replies to saves: a page may treat a text as stored only if the reply has the hash of that text."""

import pytest
from django.http import HttpResponse
from django.urls import reverse

from casebook.lib.text import normalise, text_hash
from casebook.models import User
from questions.actions import answering
from questions.actions.saving import Draft, Outcome
from questions.models import Answer, AnswerVersion, Feedback, Submission
from questions.views.save_responses import SaveResponse, save_endpoint
from questions.views.unsaved_texts import status_of_form
from tests.factories import published_case
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db


def summary(response: HttpResponse) -> tuple:
    """Return the status, result, revision and hash of a response."""
    hash_ = response.headers.get("X-Text-Hash")
    return response.status_code, response.json()["result"], response["X-Revision"], hash_


def saved_summary(text: str, revision: int) -> tuple:
    return 200, "saved", str(revision), text_hash(normalise(text))


# --- The stored text in replies ---


def test_reply_repeats_the_page_and_the_number_of_the_save(field):
    for reply in (field.save("een", 0, 7), field.save("een twee", 1, 6), field.save("x" * 20_001, 1, 8)):
        values = reply.wsgi_request.POST
        assert (reply.json()["writer"], reply.json()["seq"]) == (values["writer"], int(values["seq"]))


@pytest.mark.parametrize("text", ["Ik bel haar op.", "een\r\ntwee\vdrie\u2028vier", "caf\u00e9 \U0001f600"])
def test_reply_has_the_hash_of_the_stored_text(field, text):
    assert summary(field.save(text)) == saved_summary(text, 1)
    assert field.stored == normalise(text)


def test_reply_has_the_hash_of_an_empty_text_that_needed_no_row(field):
    assert summary(field.save("")) == saved_summary("", 0)
    assert not field.rows.objects.filter(text="").exists()


def test_reply_to_a_conflict_has_the_stored_text(field):
    field.save("op de laptop")
    reply = field.save("op de telefoon", writer="telefoon")
    assert summary(reply) == (409, "stale", "1", text_hash("op de laptop"))
    assert reply.json()["stored"] == "op de laptop"
    assert field.conflicting_texts == ["op de laptop", "op de telefoon"]


def test_reply_to_a_too_long_text_has_the_hash_of_the_stored_text(field):
    assert summary(field.save("x" * 20_001)) == (413, "too_long", "0", None)
    field.save("kort")
    assert summary(field.save("x" * 20_001, 1, 2)) == (413, "too_long", "1", text_hash("kort"))


def test_refusal_contains_no_hash(field):
    field.save("tekst")
    assert summary(field.save("meer", 1, 2, user=0)) == (409, "other_user", "0", None)
    field.client.logout()
    assert summary(field.save("meer", 1, 2)) == (401, "signed_out", "0", None)


# --- The hash in the request ---


@pytest.mark.parametrize("text", ["een\r\ntwee", "caf\u00e9\v\U0001f600", ""])
def test_text_with_a_matching_hash_is_stored(field, text):
    assert summary(field.save(text, hash=text_hash(normalise(text))))[:2] == (200, "saved")


@pytest.mark.parametrize("wrong", ["1", "-1", "x", "9" * 400])
def test_text_with_another_hash_is_not_stored(field, wrong):
    assert summary(field.save("een", hash=wrong)) == (400, "damaged", "0", None)
    field.save("heel")
    damaged = field.save("geheel ande", 1, 2, hash=text_hash("geheel anders"))
    assert summary(damaged) == (400, "damaged", "1", text_hash("heel"))
    assert field.stored == "heel"
    assert field.conflicting_texts == []


# --- Numbers of one page ---


def test_save_with_a_higher_number_is_stored_whatever_its_revision(field):
    field.save("een", seq=1)
    field.save("een twee", 0, seq=2)
    assert summary(field.save("een twee drie", 0, seq=7)) == saved_summary("een twee drie", 3)
    assert field.conflicting_texts == []


def test_save_with_a_lower_number_and_another_text_gets_the_stored_text(field):
    field.save("nieuwer en langer", seq=3)
    reply = field.save("ouder", seq=2)
    assert summary(reply) == (200, "overtaken", "1", text_hash("nieuwer en langer"))
    assert reply.json()["stored"] == "nieuwer en langer"
    assert (field.stored, field.conflicting_texts) == ("nieuwer en langer", [])


def test_save_of_the_stored_text_succeeds_whatever_its_number(field):
    field.save("dezelfde", seq=3)
    for seq in (1, 3, 5):
        assert summary(field.save("dezelfde", 9, seq)) == saved_summary("dezelfde", 1)


def test_save_with_the_same_number_is_stored_if_it_is_based_on_the_stored_text(field):
    field.save("een", seq=1)
    assert summary(field.save("een twee", 1, seq=1)) == saved_summary("een twee", 2)
    assert field.stored == "een twee"


def test_save_with_the_same_number_is_a_conflict_if_it_is_based_on_an_older_text(field):
    field.save("een", seq=1)
    field.save("een twee", 1, seq=2)
    reply = field.save("een drie", 1, seq=2)
    assert summary(reply) == (409, "stale", "2", text_hash("een twee"))
    assert field.conflicting_texts == ["een drie", "een twee"]


def test_only_one_of_several_texts_with_the_same_number_is_confirmed_as_stored(field):
    """Test a mistake of the past: of fifty saves with one number, 49 were confirmed as stored."""
    texts = [f"zin {number}" for number in range(10)]
    confirmed = [text for text in texts if summary(field.save(text, 0, 1))[:2] == (200, "saved")]
    assert confirmed == [field.stored]
    assert set(texts) - set(confirmed) <= set(field.conflicting_texts)


def test_late_save_of_an_undone_edit_changes_nothing(field):
    """A sentence is typed, deleted and typed again; the save of the deletion arrives last and is ignored."""
    field.save("met de zin", seq=1)
    assert summary(field.save("met de zin", 1, seq=3)) == saved_summary("met de zin", 1)
    assert summary(field.save("zonder", 1, seq=2)) == (200, "overtaken", "1", text_hash("met de zin"))
    assert field.stored == "met de zin"


# --- Verdicts ---


@pytest.mark.parametrize("field", ["feedback"], indirect=True)
def test_reply_to_a_save_of_feedback_has_the_stored_verdict(field):
    field.save("Mooi.", seq=2, verdict="aanvullen")
    for values in ({"seq": 1}, {"seq": 1, "writer": "telefoon"}, {"seq": 2, "revision": 7}):
        reply = field.save("Mooi.", verdict="afgerond", **values)
        assert (reply.json()["result"], reply.json()["verdict"]) != ("saved", "afgerond")
        assert (reply.json()["stored"], reply.json()["verdict"]) == ("Mooi.", "aanvullen")
    assert summary(field.save("Mooi.", 1, 2, verdict="afgerond")) == saved_summary("Mooi.", 2)
    assert Feedback.objects.get().verdict == "afgerond"


# --- Handing in ---


@pytest.fixture
def hand_in_texts(assignment, client):
    """Return a function that hands in texts in the order of the questions.

    Other values are sent for every text; their names do not contain the id of the question.
    """
    client.force_login(enrol(assignment.module).user)
    questions = list(assignment.questions.order_by("asked_in__position"))

    def hand_in_texts(*texts: str, writer: str = "laptop", lever: str = "alles", **more) -> HttpResponse:
        values = {"writer": writer, "lever": lever}
        for question, text in zip(questions, texts, strict=False):
            values |= {f"text-{question.pk}": text, f"seq-{question.pk}": 1}
            values |= {f"{name}-{question.pk}": value for name, value in more.items()}
        address = reverse("questions:hand_in", args=[assignment.pk])
        response = client.post(address, values, headers={"X-Requested-With": "XMLHttpRequest"})
        return response.status_code, [response.json()["results"].get(str(question.pk)) for question in questions]

    return hand_in_texts


def test_reply_to_handing_in_has_the_stored_state_of_every_answer(hand_in_texts):
    status, (first, second) = hand_in_texts("een\r\ntwee", "")
    assert status == 200
    assert first == {"result": "submitted", "revision": 1, "seq": 1, "hash": text_hash("een\ntwee"), "stored": None}
    assert second == {"result": "empty", "revision": 0, "seq": 1, "hash": text_hash(""), "stored": None}


def test_damaged_text_is_not_handed_in_and_does_not_block_others(hand_in_texts):
    status, (first, second) = hand_in_texts("heel", "hee", hash=text_hash("heel"))
    assert (status, first["result"], second["result"]) == (409, "submitted", "damaged")
    assert list(Answer.objects.values_list("text", flat=True)) == ["heel"]


def test_overtaken_text_is_not_handed_in(hand_in_texts):
    hand_in_texts("nieuwer", lever="niets", seq=5)
    status, (first, _second) = hand_in_texts("ouder", seq=4)
    assert (status, first["result"], first["stored"]) == (409, "overtaken", "nieuwer")
    assert (first["revision"], first["hash"]) == (1, text_hash("nieuwer"))
    assert not Submission.objects.exists()


def test_stale_text_is_not_handed_in(hand_in_texts):
    hand_in_texts("een", lever="niets")
    status, (first, _second) = hand_in_texts("twee", writer="telefoon")
    assert (status, first["result"], first["stored"], first["hash"]) == (409, "stale", "een", text_hash("een"))
    assert not Submission.objects.exists()


# --- A revision that was raised without a new text ---


@pytest.fixture
def taken_back():
    """Return a function that saves over an answer whose revision was raised when another page took it back."""
    assignment = AssignmentFactory(case=published_case(kolbs=["doener"]))
    student = enrol(assignment.module).user
    target = {"student": student, "question": assignment.questions.get(), "assignment_id": assignment.pk}
    first = answering.save(**target, draft=Draft("Tekst.", writer="een", seq=1))
    Answer.objects.update(revision=2)

    def save(text: str, base: str):
        draft = Draft(text, revision=first.revision, writer="twee", seq=1, base=text_hash(base))
        return answering.save(**target, draft=draft)

    return save


def test_text_based_on_the_stored_text_is_no_conflict(taken_back):
    saved = taken_back("Tekst. En meer.", base="Tekst.")
    assert (saved.outcome, saved.revision, AnswerVersion.objects.count()) == (Outcome.SAVED, 3, 0)


@pytest.mark.parametrize("base", ["", "Een andere tekst."])
def test_text_based_on_another_text_is_a_conflict(taken_back, base):
    assert taken_back("Tekst. En meer.", base=base).outcome is Outcome.STALE
    assert Answer.objects.get().text == "Tekst."


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        (set(), 200),
        ({"stale"}, 409),
        ({"damaged"}, 409),
        ({"not_here"}, 404),
        ({"not_here", "refused"}, 409),
        ({"stale", "too_long"}, 413),
        ({"full", "not_here"}, 413),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_status_of_a_form_is_that_of_its_worst_result(reasons, status):
    assert status_of_form(reasons) == status


@pytest.mark.parametrize(
    ("headers", "shown"), [({"Accept": "text/html"}, b"page"), ({}, b"data")], ids=["page", "data"]
)
def test_only_the_requested_kind_of_response_is_created(rf, headers, shown):
    created = []

    def response(content: bytes):
        return lambda: created.append(content) or HttpResponse(content)

    @save_endpoint
    def view(request):
        return SaveResponse(page=response(b"page"), data=response(b"data"))

    request = rf.post("/", headers=headers)
    request.user = User(pk=1)
    assert (view(request).content, created) == (shown, [shown])
