"""What a save answers: a page may only believe that a text is stored which the reply names."""

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


def said(response: HttpResponse) -> tuple:
    """Status, result, revision and hash."""
    hash_ = response.headers.get("X-Text-Hash")
    return response.status_code, response.json()["result"], response["X-Revision"], hash_


def saved(text: str, revision: int) -> tuple:
    return 200, "saved", str(revision), text_hash(normalise(text))


# --- Every reply names what is stored ---


def test_a_reply_repeats_which_save_of_which_page_it_is_about(field):
    for reply in (field.save("een", 0, 7), field.save("een twee", 1, 6), field.save("x" * 20_001, 1, 8)):
        sent = reply.wsgi_request.POST
        assert (reply.json()["writer"], reply.json()["seq"]) == (sent["writer"], int(sent["seq"]))


@pytest.mark.parametrize("text", ["Ik bel haar op.", "een\r\ntwee\vdrie\u2028vier", "caf\u00e9 \U0001f600"])
def test_a_save_names_the_hash_of_what_is_stored(field, text):
    assert said(field.save(text)) == saved(text, 1)
    assert field.stored == normalise(text)


def test_an_empty_text_of_which_nothing_was_stored_is_named_too(field):
    assert said(field.save("")) == saved("", 0)
    assert not field.rows.objects.filter(text="").exists()


def test_a_conflict_names_the_text_that_is_stored(field):
    field.save("op de laptop")
    reply = field.save("op de telefoon", writer="telefoon")
    assert said(reply) == (409, "stale", "1", text_hash("op de laptop"))
    assert reply.json()["stored"] == "op de laptop"
    assert field.conflicting_texts == ["op de laptop", "op de telefoon"]


def test_what_is_too_long_names_the_text_that_is_stored_and_no_other(field):
    assert said(field.save("x" * 20_001)) == (413, "too_long", "0", None)
    field.save("kort")
    assert said(field.save("x" * 20_001, 1, 2)) == (413, "too_long", "1", text_hash("kort"))


def test_a_refusal_names_nothing(field):
    field.save("tekst")
    assert said(field.save("meer", 1, 2, user=0)) == (409, "other_user", "0", None)
    field.client.logout()
    assert said(field.save("meer", 1, 2)) == (401, "signed_out", "0", None)


# --- The hash that came along ---


@pytest.mark.parametrize("text", ["een\r\ntwee", "caf\u00e9\v\U0001f600", ""])
def test_a_text_that_arrived_whole_is_stored(field, text):
    assert said(field.save(text, hash=text_hash(normalise(text))))[:2] == (200, "saved")


@pytest.mark.parametrize("wrong", ["1", "-1", "x", "9" * 400])
def test_a_text_that_arrived_damaged_is_not_stored(field, wrong):
    assert said(field.save("een", hash=wrong)) == (400, "damaged", "0", None)
    field.save("heel")
    damaged = field.save("geheel ande", 1, 2, hash=text_hash("geheel anders"))
    assert said(damaged) == (400, "damaged", "1", text_hash("heel"))
    assert field.stored == "heel"
    assert field.conflicting_texts == []


# --- Numbers of one page ---


def test_a_higher_number_is_stored_whatever_revision_it_knew_of(field):
    field.save("een", seq=1)
    field.save("een twee", 0, seq=2)
    assert said(field.save("een twee drie", 0, seq=7)) == saved("een twee drie", 3)
    assert field.conflicting_texts == []


def test_a_lower_number_with_other_words_hears_what_is_stored(field):
    field.save("nieuwer en langer", seq=3)
    reply = field.save("ouder", seq=2)
    assert said(reply) == (200, "overtaken", "1", text_hash("nieuwer en langer"))
    assert reply.json()["stored"] == "nieuwer en langer"
    assert (field.stored, field.conflicting_texts) == ("nieuwer en langer", [])


def test_the_same_words_are_saved_whatever_their_number(field):
    field.save("dezelfde", seq=3)
    for seq in (1, 3, 5):
        assert said(field.save("dezelfde", 9, seq)) == saved("dezelfde", 1)


def test_the_same_number_with_other_words_is_stored_when_it_knew_the_text_before(field):
    field.save("een", seq=1)
    assert said(field.save("een twee", 1, seq=1)) == saved("een twee", 2)
    assert field.stored == "een twee"


def test_the_same_number_with_other_words_is_a_conflict_when_it_did_not(field):
    field.save("een", seq=1)
    field.save("een twee", 1, seq=2)
    reply = field.save("een drie", 1, seq=2)
    assert said(reply) == (409, "stale", "2", text_hash("een twee"))
    assert field.conflicting_texts == ["een drie", "een twee"]


def test_no_two_texts_under_one_number_both_hear_that_they_are_stored(field):
    """L2: of fifty raw saves with one number, 49 were told so."""
    texts = [f"zin {number}" for number in range(10)]
    told = [text for text in texts if said(field.save(text, 0, 1))[:2] == (200, "saved")]
    assert told == [field.stored]
    assert set(texts) - set(told) <= set(field.conflicting_texts)


def test_a_save_that_arrives_after_its_undoing_changes_nothing(field):
    """Typed, a sentence taken out (sent, and late), and put back: the last of them is what the page shows."""
    field.save("met de zin", seq=1)
    assert said(field.save("met de zin", 1, seq=3)) == saved("met de zin", 1)
    assert said(field.save("zonder", 1, seq=2)) == (200, "overtaken", "1", text_hash("met de zin"))
    assert field.stored == "met de zin"


# --- Verdicts ---


@pytest.mark.parametrize("field", ["feedback"], indirect=True)
def test_of_feedback_the_verdict_is_told_too(field):
    field.save("Mooi.", seq=2, verdict="aanvullen")
    for values in ({"seq": 1}, {"seq": 1, "writer": "telefoon"}, {"seq": 2, "revision": 7}):
        reply = field.save("Mooi.", verdict="afgerond", **values)
        assert (reply.json()["result"], reply.json()["verdict"]) != ("saved", "afgerond")
        assert (reply.json()["stored"], reply.json()["verdict"]) == ("Mooi.", "aanvullen")
    assert said(field.save("Mooi.", 1, 2, verdict="afgerond")) == saved("Mooi.", 2)
    assert Feedback.objects.get().verdict == "afgerond"


# --- Handing in ---


@pytest.fixture
def at_desk(assignment, client):
    """Hands in texts by the place of their question; further values by name, without the question's number."""
    client.force_login(enrol(assignment.module).user)
    questions = list(assignment.questions.order_by("asked_in__position"))

    def at_desk(*texts: str, writer: str = "laptop", lever: str = "alles", **more) -> HttpResponse:
        values = {"writer": writer, "lever": lever}
        for question, text in zip(questions, texts, strict=False):
            values |= {f"text-{question.pk}": text, f"seq-{question.pk}": 1}
            values |= {f"{name}-{question.pk}": value for name, value in more.items()}
        address = reverse("questions:hand_in", args=[assignment.pk])
        response = client.post(address, values, headers={"X-Requested-With": "XMLHttpRequest"})
        return response.status_code, [response.json()["results"].get(str(question.pk)) for question in questions]

    return at_desk


def test_handing_in_names_what_is_stored_of_every_answer(at_desk):
    status, (first, second) = at_desk("een\r\ntwee", "")
    assert status == 200
    assert first == {"result": "submitted", "revision": 1, "seq": 1, "hash": text_hash("een\ntwee"), "stored": None}
    assert second == {"result": "empty", "revision": 0, "seq": 1, "hash": text_hash(""), "stored": None}


def test_a_damaged_text_is_not_handed_in_and_stops_no_other(at_desk):
    status, (first, second) = at_desk("heel", "hee", hash=text_hash("heel"))
    assert (status, first["result"], second["result"]) == (409, "submitted", "damaged")
    assert list(Answer.objects.values_list("text", flat=True)) == ["heel"]


def test_an_overtaken_text_is_not_handed_in(at_desk):
    at_desk("nieuwer", lever="niets", seq=5)
    status, (first, _second) = at_desk("ouder", seq=4)
    assert (status, first["result"], first["stored"]) == (409, "overtaken", "nieuwer")
    assert (first["revision"], first["hash"]) == (1, text_hash("nieuwer"))
    assert not Submission.objects.exists()


def test_a_stale_text_is_not_handed_in(at_desk):
    at_desk("een", lever="niets")
    status, (first, _second) = at_desk("twee", writer="telefoon")
    assert (status, first["result"], first["stored"], first["hash"]) == (409, "stale", "een", text_hash("een"))
    assert not Submission.objects.exists()


# --- A revision that went up without another text ---


@pytest.fixture
def taken_back():
    """A text that was saved, handed in and taken back by another page, and a function that saves over it."""
    assignment = AssignmentFactory(case=published_case(kolbs=["doener"]))
    student = enrol(assignment.module).user
    place = {"student": student, "question": assignment.questions.get(), "assignment_id": assignment.pk}
    first = answering.save(**place, draft=Draft("Tekst.", writer="een", seq=1))
    Answer.objects.update(revision=2)

    def save(text: str, base: str):
        draft = Draft(text, revision=first.revision, writer="twee", seq=1, base=text_hash(base))
        return answering.save(**place, draft=draft)

    return save


def test_a_text_that_comes_after_the_stored_one_is_no_conflict(taken_back):
    saved_ = taken_back("Tekst. En meer.", base="Tekst.")
    assert (saved_.outcome, saved_.revision, AnswerVersion.objects.count()) == (Outcome.SAVED, 3, 0)


@pytest.mark.parametrize("base", ["", "Een andere tekst."])
def test_a_text_that_comes_after_another_one_is(taken_back, base):
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
def test_a_form_with_several_texts_has_the_status_of_the_worst_of_them(reasons, status):
    assert status_of_form(reasons) == status


@pytest.mark.parametrize(
    ("headers", "shown"), [({"Accept": "text/html"}, b"page"), ({}, b"data")], ids=["page", "data"]
)
def test_only_the_response_that_is_asked_for_is_made(rf, headers, shown):
    made = []

    def response(content: bytes):
        return lambda: made.append(content) or HttpResponse(content)

    @save_endpoint
    def view(request):
        return SaveResponse(page=response(b"page"), data=response(b"data"))

    request = rf.post("/", headers=headers)
    request.user = User(pk=1)
    assert (view(request).content, made) == (shown, [shown])
