"""Tests of versions: which saves store the text that they replace, and how many versions are stored."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from casebook.lib.text import text_hash
from questions.actions import versions
from questions.models import Answer, AnswerVersion, FeedbackVersion, Submission
from tests.questions.factories import AssignmentFactory, enrol

pytestmark = pytest.mark.django_db
SENTENCES = [f"Zin nummer {number} gaat over iets heel anders dan de vorige zin." for number in range(40)]


@pytest.fixture
def write(field):
    """Return a function that saves a text from one page, each on the revision of the save before."""
    page = {"revision": 0, "seq": 0}

    def write(text: str, **more):
        page["seq"] += 1
        response = field.save(text, **page | more)
        page["revision"] = int(response["X-Revision"])
        return response

    return write


def version_texts(field, *kinds: str) -> list[str]:
    rows = field.versions.objects.filter(kind__in=kinds or ("shrunk", "earlier")).order_by("pk")
    return list(rows.values_list("text", flat=True))


def pass_time(field, minutes: float) -> None:
    """Make the time of the last version this many minutes earlier."""
    field.rows.objects.update(version_at=F("version_at") - timedelta(minutes=minutes))


# --- Deleted text ---


def test_text_emptied_in_steps_of_forty_percent_is_saved_as_a_version(field, write):
    text = original = " ".join(SENTENCES)
    write(text)
    while text:
        text = text[: len(text) * 6 // 10]
        write(text)
    assert version_texts(field)[0] == original


def test_text_is_saved_as_a_version_when_two_thirds_are_pasted_over(field, write):
    text = " ".join(SENTENCES[:9])
    write(text)
    write(" ".join([*SENTENCES[:3], *SENTENCES[20:26]]))
    assert version_texts(field, "shrunk") == [text]


def test_text_deleted_bit_by_bit_is_saved_before_half_of_it_is_deleted(field, write):
    words = " ".join(SENTENCES).split()
    count = len(words)
    write(" ".join(words))
    while len(words) > count // 3:
        words = words[: -count // 20]
        write(" ".join(words))
    assert [len(text.split()) >= count / 2 for text in version_texts(field, "shrunk")][:1] == [True]


def test_text_replaced_sentence_by_sentence_is_saved_before_all_is_replaced(field, write):
    sentences = SENTENCES[:10]
    write(" ".join(sentences))
    for index in range(10):
        sentences[index] = f"Daarna volgt, als nummer {index}, een ander verhaal in geheel eigen woorden!"
        write(" ".join(sentences))
    first = "".join(version_texts(field, "shrunk")[:1])
    assert sum(sentence in first for sentence in SENTENCES[:10]) >= 4


@pytest.mark.once
def test_ordinary_writing_saves_no_versions(field, write):
    text = ""
    for sentence in SENTENCES[:10]:
        for end in range(1, len(sentence), 3):
            write(text + sentence[:end])
        text += sentence + "\n"
        write(text)
    write(text.replace("Zin nummer 3", "De derde zin"))
    write(text.replace("iets heel anders", "iets anders", 1))
    assert version_texts(field) == []


def test_small_replacement_saves_no_version_and_an_emptied_text_does(field, write):
    write("een")
    write("twee")
    write("drie vier")
    assert version_texts(field) == []
    write("")
    assert version_texts(field) == ["drie vier"]


def test_white_space_is_never_saved_as_a_version(field, write):
    write("tekst")
    write(" \n" * 30)
    pass_time(field, 11)
    write("weer tekst")
    assert version_texts(field) == ["tekst"]


# --- Ten minutes ---


def test_text_is_saved_as_a_version_once_after_ten_minutes(field, write):
    write("een")
    write("een twee")
    pass_time(field, 9.9)
    write("een twee drie")
    assert version_texts(field) == []
    pass_time(field, 0.2)
    write("een twee drie vier")
    assert version_texts(field, "earlier") == ["een twee drie"]
    write("een twee drie vier vijf")
    pass_time(field, 10.1)
    write("een twee drie vier vijf zes")
    assert version_texts(field, "earlier") == ["een twee drie", "een twee drie vier vijf"]


def test_saving_the_same_text_again_saves_no_version(field, write):
    write("een")
    pass_time(field, 60)
    write("een")
    assert version_texts(field) == []


def test_writer_sees_an_earlier_version_with_its_label(client):
    assignment = AssignmentFactory()
    client.force_login(enrol(assignment.module).user)
    address = reverse("questions:save_answer", args=[assignment.questions.get().pk]) + f"?opdracht={assignment.pk}"
    client.post(address, {"text": "zoals het eerst was", "seq": 1, "writer": "w"})
    Answer.objects.update(version_at=F("version_at") - timedelta(minutes=11))
    client.post(address, {"text": "zoals het nu is", "seq": 2, "writer": "w", "revision": 1})
    answer = Answer.objects.get()
    for path in (reverse("questions:answers"), reverse("questions:answer_versions", args=[answer.pk])):
        page = client.get(path).content.decode()
        assert ("eerder, voor je verder schreef" in page, "zoals het eerst was" in page) == (True, True)
    export = client.get(reverse("questions:answers_json")).content.decode()
    assert ('"earlier"' in export, "zoals het eerst was" in export) == (True, True)


@pytest.mark.parametrize("field", ["feedback"], indirect=True)
def test_teacher_sees_an_earlier_version_of_feedback_with_its_label(field, write):
    write("zoals het eerst was")
    pass_time(field, 11)
    write("zoals het nu is")
    submission = Submission.objects.get()
    desk = reverse("questions:assignment_feedback", args=[submission.answer.assignment_id])
    page = field.client.get(f"{desk}?antwoord={submission.pk}").content.decode()
    assert ("eerder, voor je verder schreef" in page, "zoals het eerst was" in page) == (True, True)


def writes_during(save, text: str) -> list[str]:
    """Return the kinds of the statements by which a save changes texts and versions, in order."""
    with CaptureQueriesContext(connection) as captured:
        save(text)
    statements = [query["sql"] for query in captured]
    return [
        sql.split()[0] for sql in statements if "_answer" in sql or "_feedback" in sql if not sql.startswith("SELECT")
    ]


@pytest.mark.parametrize("field", ["answer", "own study"], indirect=True)
def test_save_without_a_version_is_one_update(field, write):
    write("een twee drie vier vijf zes")
    assert writes_during(write, "een twee drie vier vijf zes zeven") == ["UPDATE"]
    assert writes_during(write, "een twee drei vier vijf zes zeven") == ["UPDATE"]
    pass_time(field, 11)
    assert writes_during(write, "een twee drie") == ["UPDATE", "INSERT"]


# --- The limit of two hundred versions ---


def add_versions(field, texts: list[str], kind: str = "shrunk", **more) -> None:
    row = field.rows.objects.latest("pk")
    if field.versions is AnswerVersion:
        fields = {"answer": row, "base_revision": 1}
    else:
        fields = {"submission": row.submission, "author": row.author}
    field.versions.objects.bulk_create(field.versions(text=text, kind=kind, **fields | more) for text in texts)


def all_version_texts(field) -> set[str]:
    return set(field.versions.objects.exclude(kind="handed_in").values_list("text", flat=True))


DIFFERENT = [f"versie {number:03} is anders" for number in range(200)]


def test_at_two_hundred_versions_those_contained_in_a_later_one_are_deleted(field, write):
    write("de tekst die er staat")
    add_versions(field, [*DIFFERENT[:150], *(DIFFERENT[150][:end] for end in range(1, 19)), *DIFFERENT[150:182]])
    assert len(all_version_texts(field)) == 200
    pass_time(field, 11)
    assert write("de tekst die er komt").status_code == 200
    assert all_version_texts(field) == {*DIFFERENT[:182], "de tekst die er staat"}


@pytest.mark.parametrize("trigger", ["overwriting", "conflict"])
def test_save_is_refused_with_a_reason_if_two_hundred_versions_remain(field, write, trigger):
    write("de tekst die er staat")
    add_versions(field, DIFFERENT)
    if trigger == "overwriting":
        pass_time(field, 11)
        response = write("de tekst die er komt")
    else:
        response = field.save("van een andere bladzijde", writer="telefoon")
    assert (response.status_code, response.json()["result"]) == (413, "full")
    assert (response["X-Revision"], response["X-Text-Hash"]) == ("1", text_hash("de tekst die er staat"))
    assert (field.stored, all_version_texts(field)) == ("de tekst die er staat", set(DIFFERENT))


def test_save_that_needs_no_version_is_not_refused(field, write):
    write("de tekst die er staat")
    add_versions(field, DIFFERENT)
    assert write("de tekst die er staat, en meer").status_code == 200


def test_repeated_conflict_is_not_refused(field, write):
    write("de tekst die er staat")
    add_versions(field, DIFFERENT[:198])
    for _time in range(3):
        assert field.save("van een andere bladzijde", writer="telefoon").status_code == 409
    assert all_version_texts(field) == {*DIFFERENT[:198], "de tekst die er staat", "van een andere bladzijde"}


def test_page_without_javascript_shows_the_reason_and_the_text(field, write):
    write("de tekst die er staat")
    add_versions(field, DIFFERENT)
    values = {"text": "de tekst die er komt", "revision": 0}
    response = field.client.post(field.address, values, headers={"Accept": "text/html"})
    page = response.content.decode()
    assert response.status_code == 413
    assert ("al 200 eerdere versies" in page, "de tekst die er komt" in page, "readonly" in page) == (True, True, True)


def hand_in_text(field, text: str, revision: int) -> int:
    answer = Answer.objects.get()
    pk = answer.question_id
    values = {f"text-{pk}": text, f"revision-{pk}": revision, "lever": "alles"}
    response = field.client.post(reverse("questions:hand_in", args=[answer.assignment_id]), values)
    return response.status_code, response.json()["results"][str(pk)]["result"]


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_version_of_a_submission_that_is_not_taken_back_is_not_deleted(field, write):
    write("kort")
    assert hand_in_text(field, "kort", 1) == (200, "submitted")
    add_versions(field, ["een langere tekst, met kort erin", *DIFFERENT[:198]])
    pass_time(field, 11)
    assert write("iets heel anders", revision=1).json()["result"] == "full"
    Submission.objects.update(withdrawn_at=F("submitted_at"))
    assert write("iets heel anders", revision=1).status_code == 200
    assert "kort" not in version_texts(field, "handed_in")


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_stored_text_of_a_full_answer_can_be_handed_in(field, write):
    write("de tekst die er staat")
    add_versions(field, DIFFERENT)
    pass_time(field, 11)
    assert hand_in_text(field, "de tekst die er komt", 1) == (413, "full")
    assert hand_in_text(field, "de tekst die er staat", 1) == (200, "submitted")


@pytest.mark.parametrize("field", ["feedback"], indirect=True)
def test_highest_revision_of_undone_feedback_is_never_deleted(field, write):
    write("de tekst die er staat")
    add_versions(field, ["ver"], kind="undone", revision=7)
    add_versions(field, DIFFERENT[:198])
    add_versions(field, ["en de versie"])
    assert write("iets heel anders, op een oude bladzijde", writer="x", revision=0).json()["result"] == "full"
    assert FeedbackVersion.objects.get(text="ver").revision == 7


# --- Counting removed characters ---


def simple_count_removed(before: str, after: str) -> int:
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return len(before) - start - end


def test_count_removed_agrees_with_a_simple_count():
    rng = random.Random(9)
    for _time in range(3000):
        before, after = ("".join(rng.choices("ab", k=rng.randrange(9))) for _text in range(2))
        assert versions.count_removed(before, after) == simple_count_removed(before, after), (before, after)
