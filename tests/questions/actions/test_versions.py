"""Going back to what one wrote: which saves keep the text that they replace, and how many are kept."""

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
    """Saves one text after another from one page, each a moment after the one before."""
    page = {"revision": 0, "seq": 0}

    def write(text: str, **more):
        page["seq"] += 1
        response = field.save(text, **page | more)
        page["revision"] = int(response["X-Revision"])
        return response

    return write


def kept(field, *kinds: str) -> list[str]:
    found = field.versions.objects.filter(kind__in=kinds or ("shrunk", "earlier")).order_by("pk")
    return list(found.values_list("text", flat=True))


def wait(field, minutes: float) -> None:
    field.rows.objects.update(version_at=F("version_at") - timedelta(minutes=minutes))


# --- What is taken away ---


def test_a_text_that_is_emptied_in_steps_of_forty_percent_is_kept_whole(field, write):
    text = whole = " ".join(SENTENCES)
    write(text)
    while text:
        text = text[: len(text) * 6 // 10]
        write(text)
    assert kept(field)[0] == whole


def test_two_thirds_that_are_pasted_over_are_kept(field, write):
    text = " ".join(SENTENCES[:9])
    write(text)
    write(" ".join([*SENTENCES[:3], *SENTENCES[20:26]]))
    assert kept(field, "shrunk") == [text]


def test_a_text_that_is_taken_away_bit_by_bit_is_kept_before_half_of_it_is_gone(field, write):
    words = " ".join(SENTENCES).split()
    count = len(words)
    write(" ".join(words))
    while len(words) > count // 3:
        words = words[: -count // 20]
        write(" ".join(words))
    assert [len(text.split()) >= count / 2 for text in kept(field, "shrunk")][:1] == [True]


def test_replacing_everything_sentence_by_sentence_keeps_a_version_on_the_way(field, write):
    sentences = SENTENCES[:10]
    write(" ".join(sentences))
    for place in range(10):
        sentences[place] = f"Daarna volgt, als nummer {place}, een ander verhaal in geheel eigen woorden!"
        write(" ".join(sentences))
    first = "".join(kept(field, "shrunk")[:1])
    assert sum(sentence in first for sentence in SENTENCES[:10]) >= 4


def test_ordinary_writing_keeps_nothing(field, write):
    text = ""
    for sentence in SENTENCES[:10]:
        for end in range(1, len(sentence), 3):
            write(text + sentence[:end])
        text += sentence + "\n"
        write(text)
    write(text.replace("Zin nummer 3", "De derde zin"))
    write(text.replace("iets heel anders", "iets anders", 1))
    assert kept(field) == []


def test_a_few_letters_typed_otherwise_keep_nothing_and_a_text_that_is_emptied_is_kept(field, write):
    write("een")
    write("twee")
    write("drie vier")
    assert kept(field) == []
    write("")
    assert kept(field) == ["drie vier"]


def test_white_space_is_never_kept(field, write):
    write("tekst")
    write(" \n" * 30)
    wait(field, 11)
    write("weer tekst")
    assert kept(field) == ["tekst"]


# --- Ten minutes ---


def test_after_ten_minutes_the_text_as_it_was_is_kept_once(field, write):
    write("een")
    write("een twee")
    wait(field, 9.9)
    write("een twee drie")
    assert kept(field) == []
    wait(field, 0.2)
    write("een twee drie vier")
    assert kept(field, "earlier") == ["een twee drie"]
    write("een twee drie vier vijf")
    wait(field, 10.1)
    write("een twee drie vier vijf zes")
    assert kept(field, "earlier") == ["een twee drie", "een twee drie vier vijf"]


def test_saving_the_same_again_keeps_nothing(field, write):
    write("een")
    wait(field, 60)
    write("een")
    assert kept(field) == []


def test_the_writer_finds_it_by_its_name(client):
    assignment = AssignmentFactory()
    client.force_login(enrol(assignment.module).user)
    address = reverse("questions:save_answer", args=[assignment.questions.get().pk]) + f"?opdracht={assignment.pk}"
    client.post(address, {"text": "zoals het eerst was", "seq": 1, "writer": "w"})
    Answer.objects.update(version_at=F("version_at") - timedelta(minutes=11))
    client.post(address, {"text": "zoals het nu is", "seq": 2, "writer": "w", "revision": 1})
    answer = Answer.objects.get()
    for page in (reverse("questions:answers"), reverse("questions:answer_versions", args=[answer.pk])):
        said = client.get(page).content.decode()
        assert ("eerder, voor je verder schreef" in said, "zoals het eerst was" in said) == (True, True)
    taken = client.get(reverse("questions:answers_json")).content.decode()
    assert ('"earlier"' in taken, "zoals het eerst was" in taken) == (True, True)


@pytest.mark.parametrize("field", ["feedback"], indirect=True)
def test_a_teacher_finds_it_by_its_name(field, write):
    write("zoals het eerst was")
    wait(field, 11)
    write("zoals het nu is")
    submission = Submission.objects.get()
    desk = reverse("questions:assignment_feedback", args=[submission.answer.assignment_id])
    said = field.client.get(f"{desk}?antwoord={submission.pk}").content.decode()
    assert ("eerder, voor je verder schreef" in said, "zoals het eerst was" in said) == (True, True)


def queries(save, text: str) -> list[str]:
    """What a save does to the rows of texts and versions, in order."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        save(text)
    found = [query["sql"] for query in asked]
    return [sql.split()[0] for sql in found if "_answer" in sql or "_feedback" in sql if not sql.startswith("SELECT")]


@pytest.mark.parametrize("field", ["answer", "own study"], indirect=True)
def test_a_save_that_keeps_nothing_is_one_update(field, write):
    write("een twee drie vier vijf zes")
    assert queries(write, "een twee drie vier vijf zes zeven") == ["UPDATE"]
    assert queries(write, "een twee drei vier vijf zes zeven") == ["UPDATE"]
    wait(field, 11)
    assert queries(write, "een twee drie") == ["UPDATE", "INSERT"]


# --- Two hundred ---


def fill(field, texts: list[str], kind: str = "shrunk", **more) -> None:
    row = field.rows.objects.latest("pk")
    if field.versions is AnswerVersion:
        there = {"answer": row, "base_revision": 1}
    else:
        there = {"submission": row.submission, "author": row.author}
    field.versions.objects.bulk_create(field.versions(text=text, kind=kind, **there | more) for text in texts)


def all_of(field) -> set[str]:
    return set(field.versions.objects.exclude(kind="handed_in").values_list("text", flat=True))


DIFFERENT = [f"versie {number:03} is anders" for number in range(200)]


def test_at_two_hundred_those_that_are_wholly_in_a_later_one_go(field, write):
    write("de tekst die er staat")
    fill(field, [*DIFFERENT[:150], *(DIFFERENT[150][:end] for end in range(1, 19)), *DIFFERENT[150:182]])
    assert len(all_of(field)) == 200
    wait(field, 11)
    assert write("de tekst die er komt").status_code == 200
    assert all_of(field) == {*DIFFERENT[:182], "de tekst die er staat"}


@pytest.mark.parametrize("how", ["overwriting", "conflict"])
def test_if_there_are_still_two_hundred_the_save_is_refused_in_words(field, write, how):
    write("de tekst die er staat")
    fill(field, DIFFERENT)
    if how == "overwriting":
        wait(field, 11)
        response = write("de tekst die er komt")
    else:
        response = field.save("van een andere bladzijde", writer="telefoon")
    assert (response.status_code, response.json()["result"]) == (413, "full")
    assert (response["X-Revision"], response["X-Text-Hash"]) == ("1", text_hash("de tekst die er staat"))
    assert (field.stored, all_of(field)) == ("de tekst die er staat", set(DIFFERENT))


def test_a_save_that_has_nothing_to_keep_is_not_refused(field, write):
    write("de tekst die er staat")
    fill(field, DIFFERENT)
    assert write("de tekst die er staat, en meer").status_code == 200


def test_a_conflict_that_is_tried_again_is_not_refused_either(field, write):
    write("de tekst die er staat")
    fill(field, DIFFERENT[:198])
    for _time in range(3):
        assert field.save("van een andere bladzijde", writer="telefoon").status_code == 409
    assert all_of(field) == {*DIFFERENT[:198], "de tekst die er staat", "van een andere bladzijde"}


def test_without_script_the_page_says_so_and_has_the_text(field, write):
    write("de tekst die er staat")
    fill(field, DIFFERENT)
    values = {"text": "de tekst die er komt", "revision": 0}
    response = field.client.post(field.address, values, headers={"Accept": "text/html"})
    page = response.content.decode()
    assert response.status_code == 413
    assert ("al 200 eerdere versies" in page, "de tekst die er komt" in page, "readonly" in page) == (True, True, True)


def hand_in_here(field, text: str, revision: int) -> int:
    answer = Answer.objects.get()
    pk = answer.question_id
    values = {f"text-{pk}": text, f"revision-{pk}": revision, "lever": "alles"}
    response = field.client.post(reverse("questions:hand_in", args=[answer.assignment_id]), values)
    return response.status_code, response.json()["results"][str(pk)]["result"]


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_a_hand_in_that_stands_keeps_its_version(field, write):
    write("kort")
    assert hand_in_here(field, "kort", 1) == (200, "submitted")
    fill(field, ["een langere tekst, met kort erin", *DIFFERENT[:198]])
    wait(field, 11)
    assert write("iets heel anders", revision=1).json()["result"] == "full"
    Submission.objects.update(withdrawn_at=F("submitted_at"))
    assert write("iets heel anders", revision=1).status_code == 200
    assert "kort" not in kept(field, "handed_in")


@pytest.mark.parametrize("field", ["answer"], indirect=True)
def test_a_full_answer_can_still_be_handed_in_as_it_is_stored(field, write):
    write("de tekst die er staat")
    fill(field, DIFFERENT)
    wait(field, 11)
    assert hand_in_here(field, "de tekst die er komt", 1) == (413, "full")
    assert hand_in_here(field, "de tekst die er staat", 1) == (200, "submitted")


@pytest.mark.parametrize("field", ["feedback"], indirect=True)
def test_the_highest_revision_of_what_was_undone_is_never_lost(field, write):
    write("de tekst die er staat")
    fill(field, ["ver"], kind="undone", revision=7)
    fill(field, DIFFERENT[:198])
    fill(field, ["en de versie"])
    assert write("iets heel anders, op een oude bladzijde", writer="x", revision=0).json()["result"] == "full"
    assert FeedbackVersion.objects.get(text="ver").revision == 7


# --- Counting what went ---


def slowly_counted(before: str, after: str) -> int:
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return len(before) - start - end


def test_what_went_is_counted_as_by_hand():
    dice = random.Random(9)
    for _time in range(3000):
        before, after = ("".join(dice.choices("ab", k=dice.randrange(9))) for _text in range(2))
        assert versions.count_removed(before, after) == slowly_counted(before, after), (before, after)
