"""Tests of the overview of an assignment and of pinned answers on the projector. Neither shows names."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from questions.actions import answering, pins
from questions.models import Answer, Enrolment, PinnedAnswer, Role, Submission
from questions.pages import overview as overview_page
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, OwnQuestionFactory, enrol, hand_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def student(module):
    return enrol(module, UserFactory(name="Bram Kuipers", email="putter@example.org"), group="SW9Z")


@pytest.fixture
def overview(client, teacher, assignment):
    client.force_login(teacher)
    return lambda: client.get(f"/opdrachten/{assignment.pk}/overzicht/")


@pytest.fixture
def screen(client, teacher, assignment):
    client.force_login(teacher)
    return lambda **query: client.get(f"/opdrachten/{assignment.pk}/overzicht/scherm/", query)


@pytest.fixture
def pin(client, teacher):
    def post(submission, value="ja", **more):
        client.force_login(teacher)
        return client.post(f"/ingeleverd/{submission.pk}/vastzetten/", {"vast": value, **more})

    return post


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def words_of_length(number: int) -> str:
    return " ".join(["woord"] * number)


# --- Numbers and lengths of answers ---


def test_each_question_shows_the_number_and_the_lengths_of_answers(overview, assignment, module):
    for number in (40, 10, 25):
        hand_in(assignment, enrol(module), 0, words_of_length(number))
    enrol(module)
    first, second = overview().context["view"].questions
    assert (first.answered, first.students, first.lengths, first.median) == (3, 4, [10, 25, 40], 25)
    assert (second.answered, second.students) == (0, 4)
    page = text_of(overview())
    assert '<b>3</b> <span class="soft">van 4 studenten leverden in' in page
    assert 'aria-label="3 antwoorden van kort naar lang: 10 tot 40 woorden, het middelste 25"' in page
    assert "in het midden 25 woorden" in page
    assert "Nog niets ingeleverd." in page


def test_single_answer_is_shown_with_its_length(overview, assignment, student):
    hand_in(assignment, student, 0, words_of_length(7))
    page = text_of(overview())
    assert 'aria-label="Eén antwoord, van 7 woorden"' in page


def test_only_the_latest_submission_of_an_answer_is_counted(overview, assignment, student, module):
    hand_in(assignment, student, 0, words_of_length(5))
    hand_in(assignment, student, 0, words_of_length(9))
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=enrol(module).user, question=question, assignment=assignment, text="Geheim concept.")
    (first, _second) = overview().context["view"].questions
    assert first.lengths == [9]
    assert "Geheim" not in text_of(overview())


def test_former_students_count_with_earlier_submissions(overview, assignment, student, module):
    hand_in(assignment, student, 0)
    Enrolment.objects.filter(pk=student.pk).update(left_at=timezone.now())
    enrol(module, left_at=timezone.now())
    (first, _second) = overview().context["view"].questions
    assert (first.answered, first.students) == (1, 1)
    Submission.objects.update(submitted_at=timezone.now() + timedelta(hours=1))
    (first, _second) = overview().context["view"].questions
    assert (first.answered, first.students) == (0, 0)


def bars_of(lengths: list[int]) -> list[tuple[float, int, float]]:
    path = overview_page._bars(overview_page._at_most(lengths, overview_page.MOST_BARS))
    return [(float(x), int(up), float(wide)) for x, up, wide in re.findall(r"M([\d.]+) 72v-(\d+)h([\d.]+)v\2z", path)]


def test_height_of_a_bar_is_the_length_of_an_answer():
    assert [up for _x, up, _wide in bars_of([0, 50, 100])] == [2, 36, 72]


@pytest.mark.parametrize("number", [1, 21, 60, 61, 300])
def test_bars_fit_in_the_width_of_the_chart(number):
    bars = bars_of(list(range(1, number + 1)))
    assert len(bars) == min(number, overview_page.MOST_BARS)
    assert bars[-1][0] + bars[-1][2] <= overview_page.WIDTH
    assert [up for _x, up, _wide in bars] == sorted(up for _x, up, _wide in bars)
    assert bars[-1][1] == overview_page.HEIGHT


def test_chart_of_many_answers_includes_the_shortest_and_the_longest():
    lengths = list(range(1000))
    drawn = overview_page._at_most(lengths, 60)
    assert (drawn[0], drawn[-1], len(drawn)) == (0, 999, 60)


# --- Pinning ---


def test_pinned_answer_is_shown_on_the_overview_and_the_screen(pin, overview, screen, assignment, student, teacher):
    submission = hand_in(assignment, student, 0, "Ik bel <b>eerst</b>.\n\nEn dan ga ik langs.")
    response = pin(submission)
    assert response["Location"] == f"/opdrachten/{assignment.pk}/overzicht/#vraag-vraag-1"
    assert PinnedAnswer.objects.get().pinned_by == teacher
    for page in (text_of(overview()), text_of(screen())):
        assert "<p>Ik bel &lt;b&gt;eerst&lt;/b&gt;.</p> <p>En dan ga ik langs.</p>" in page


def test_answer_can_be_unpinned(pin, overview, screen, assignment, student):
    submission = hand_in(assignment, student, 0, "Ik bel eerst.")
    pin(submission)
    pin(submission, "nee")
    pin(submission, "nee")
    assert not PinnedAnswer.objects.exists()
    assert "Ik bel eerst." not in text_of(overview())
    assert "nog geen antwoord gekozen" in text_of(screen())


def test_second_pin_of_the_same_answer_changes_nothing(pin, client, assignment, student, module, teacher):
    submission = hand_in(assignment, student, 0)
    pin(submission)
    client.force_login(enrol(module, role=Role.TEACHER).user)
    client.post(f"/ingeleverd/{submission.pk}/vastzetten/", {"vast": "ja"})
    assert PinnedAnswer.objects.get().pinned_by == teacher


def test_pinning_redirects_back_to_pages_of_this_site_only(pin, assignment, student):
    submission = hand_in(assignment, student, 0)
    address = f"/opdrachten/{assignment.pk}/feedback/?vraag=vraag-1"
    assert pin(submission, terug=address)["Location"] == address
    assert pin(submission, terug="https://elders.example/")["Location"].startswith("/opdrachten/")


def test_request_of_a_script_returns_204(client, teacher, assignment, student):
    client.force_login(teacher)
    submission = hand_in(assignment, student, 0)
    script = {"X-Requested-With": "XMLHttpRequest"}
    address = f"/ingeleverd/{submission.pk}/vastzetten/"
    assert client.post(address, {"vast": "ja"}, headers=script).status_code == 204


@pytest.mark.parametrize("value", ["", "misschien"])
def test_value_other_than_yes_or_no_returns_400(pin, assignment, student, value):
    assert pin(hand_in(assignment, student, 0), value).status_code == 400
    assert not PinnedAnswer.objects.exists()


def test_only_teachers_of_the_module_can_pin_an_answer(client, assignment, student, module):
    submission = hand_in(assignment, student, 0)
    address = f"/ingeleverd/{submission.pk}/vastzetten/"
    for user, status in [(student.user, 403), (enrol(module).user, 403), (UserFactory(groups=["Docenten"]), 404)]:
        client.force_login(user)
        assert client.post(address, {"vast": "ja"}).status_code == status
    assert not PinnedAnswer.objects.exists()


def test_submission_that_teachers_may_not_read_cannot_be_pinned(pin, assignment, student):
    withdrawn = hand_in(assignment, student, 0)
    answering.take_back(submission=withdrawn)
    after_leaving = hand_in(assignment, student, 1)
    Enrolment.objects.filter(pk=student.pk).update(left_at=timezone.now() - timedelta(days=1))
    assert [pin(submission).status_code for submission in (withdrawn, after_leaving)] == [404, 404]


def test_pinned_answer_that_was_taken_back_is_not_shown(pin, overview, screen, assignment, student):
    submission = hand_in(assignment, student, 0, "Te vroeg.")
    pin(submission)
    answering.take_back(submission=submission)
    assert "Te vroeg." not in text_of(overview())
    assert "Te vroeg." not in text_of(screen())


def test_pinned_version_is_shown_with_a_note_about_a_newer_one(pin, overview, screen, assignment, student):
    pin(hand_in(assignment, student, 0, "Eerste gedachte."))
    assert "nieuwere versie" not in text_of(overview())
    hand_in(assignment, student, 0, "Tweede gedachte.")
    page = text_of(overview())
    assert "De student leverde hierna een nieuwere versie in. Op het scherm staat deze." in page
    assert "Eerste gedachte." in page
    assert "Tweede gedachte." not in page + text_of(screen())


# --- The screen ---


def test_screen_shows_one_question(pin, screen, assignment, student):
    pin(hand_in(assignment, student, 0, "Over de eerste."))
    pin(hand_in(assignment, student, 1, "Over de tweede."))
    first, second = text_of(screen()), text_of(screen(vraag="vraag-2"))
    assert "Over de eerste." in first
    assert "Over de tweede." not in first
    assert "Over de tweede." in second
    assert "?vraag=vraag-2" in first
    assert "?vraag=vraag-1" in second


def test_screen_opens_at_the_first_question_with_a_pinned_answer(pin, screen, assignment, student):
    assert "nog geen antwoord gekozen" in text_of(screen())
    pin(hand_in(assignment, student, 1, "Over de tweede."))
    assert "Over de tweede." in text_of(screen())
    assert "Over de tweede." in text_of(screen(vraag="bestaat-niet"))
    assert "nog geen antwoord gekozen" in text_of(screen(vraag="vraag-1"))


@pytest.fixture
def three_slides(pin, assignment, student, module):
    """Pin two answers to the first question and one to the third, and none to the second."""
    third = OwnQuestionFactory(module=module, case=assignment.edition.case, key="vraag-3", text="En dan?")
    assignment.asked.create(question=third, position=9)
    pin(hand_in(assignment, student, 0, "Een."))
    pin(hand_in(assignment, enrol(module), 0, "Twee."))
    pin(hand_in(assignment, student, 2, "Drie."))


def test_screen_shows_one_answer_and_leads_to_the_next(screen, three_slides):
    query, shown, back = {}, [], []
    for _each in range(3):
        slide = screen(**query).context["slide"]
        shown.append((slide.asked.number, slide.place, slide.of, slide.answer.text))
        back.append(slide.before and slide.before.address)
        query = dict(parse_qsl(slide.after.address[1:])) if slide.after else None
    assert query is None
    assert [(number, place, of) for number, place, of, _text in shown] == [(1, 1, 2), (1, 2, 2), (3, 1, 1)]
    assert sorted(text for *_rest, text in shown) == ["Drie.", "Een.", "Twee."]
    assert back == [None, "?vraag=vraag-1&nr=1", "?vraag=vraag-1&nr=2"]


def test_question_without_pinned_answers_leads_to_the_answers_beside_it(screen, three_slides):
    slide = screen(vraag="vraag-2").context["slide"]
    assert (slide.before.address, slide.after.address) == ("?vraag=vraag-1&nr=2", "?vraag=vraag-3&nr=1")


@pytest.mark.parametrize("number", ["0", "9", "x", "-1", "9" * 30])
def test_unknown_number_shows_the_first_answer(screen, three_slides, number):
    assert screen(vraag="vraag-1", nr=number).context["slide"].place == 1


def test_order_of_pinned_answers_is_fixed_and_not_that_of_handing_in(pin, screen, assignment, module):
    texts = [f"Antwoord {letter}." for letter in "ABCDEFGHIJKL"]
    for text in texts:
        pin(hand_in(assignment, enrol(module), 0, text))
    addresses = [{"vraag": "vraag-1", "nr": str(number)} for number in range(1, 13)]
    orders = [[re.search(r"Antwoord [A-L]\.", text_of(screen(**query)))[0] for query in addresses] for _time in (1, 2)]
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == texts
    assert orders[0] != texts


def test_assignment_without_questions_shows_a_message(client, teacher, module):
    empty = AssignmentFactory(module=module, questions=[])
    client.force_login(teacher)
    for page in ("", "scherm/"):
        assert "Deze opdracht heeft geen vragen." in text_of(client.get(f"/opdrachten/{empty.pk}/overzicht/{page}"))


# --- Privacy, access and queries ---


def test_overview_and_screen_contain_no_data_of_students(pin, overview, screen, assignment, module, student):
    student.tag = "beefbeefbeef"
    student.save()
    pin(hand_in(assignment, student, 0, "Ik bel eerst."))
    hand_in(assignment, enrol(module, UserFactory(name="Aya Wielewaal"), group="SW9Z"), 0)
    enrol(module, UserFactory(name="Stille Wielewaal"))
    for response in (overview(), screen(), screen(vraag="vraag-2")):
        content = str(response.headers) + response.cookies.output() + response.content.decode()
        for secret in ("Bram", "Kuipers", "putter", "SW9Z", "beef", "BEEF", "Wielewaal"):
            assert secret not in content


def test_screen_shows_neither_the_moment_nor_the_id_of_a_submission(pin, screen, assignment, student):
    submission = hand_in(assignment, student, 0)
    Submission.objects.update(submitted_at=datetime(2019, 3, 4, 5, 6, tzinfo=timezone.get_current_timezone()))
    pin(submission)
    screen()  # the message that it was pinned is shown once
    main = text_of(screen()).split("<main")[1]
    assert "Mijn antwoord." in main
    assert "2019" not in main
    assert "maart" not in main
    assert f"/{submission.pk}/" not in main.replace(f"/opdrachten/{assignment.pk}/", "")


@pytest.mark.parametrize("page", ["", "scherm/"])
def test_only_teachers_of_the_module_can_open_the_pages(client, assignment, student, page):
    address = f"/opdrachten/{assignment.pk}/overzicht/{page}"
    assert client.get(address).url == f"/account/inloggen/?next={address}"
    for user, status in [(student.user, 403), (UserFactory(groups=["Docenten"]), 404)]:
        client.force_login(user)
        assert client.get(address).status_code == status


def test_pages_are_not_cached(overview, screen):
    assert overview()["Cache-Control"] == screen()["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("page", ["", "scherm/"])
@pytest.mark.parametrize("count", [1, 3])
def test_pages_use_a_fixed_number_of_queries(client, teacher, assignment, module, page, count):
    for _each in range(count):
        member = enrol(module)
        pins.pin(submission=hand_in(assignment, member, 0), teacher=teacher)
        hand_in(assignment, member, 0, "Nog eens.")
    client.force_login(teacher)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/opdrachten/{assignment.pk}/overzicht/{page}")
    assert len(queries) == 8


def test_only_texts_that_count_are_read(overview, assignment, module, teacher):
    member = enrol(module)
    versions = [hand_in(assignment, member, 0, text) for text in ("Een.", "Twee.", "Drie.")]
    pins.pin(submission=versions[0], teacher=teacher)
    with CaptureQueriesContext(connection) as queries:
        overview()
    of_submissions = [query["sql"] for query in queries if '"questions_submission"."text"' in query["sql"]]
    (read,) = [re.search(r'"questions_submission"."id" IN \(([\d, ]+)\)', sql)[1] for sql in of_submissions]
    assert {int(pk) for pk in read.split(",")} == {versions[0].pk, versions[2].pk}
