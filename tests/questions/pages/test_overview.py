"""The overview of an assignment per question, and pinned answers on the projector: never a name."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from questions.actions import answering, pins
from questions.models import Answer, Enrolment, PinnedAnswer, Role, Submission
from questions.pages import overview as overview_page
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, enrol, hand_in

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


def words(number: int) -> str:
    return " ".join(["woord"] * number)


# --- How it was answered ---


def test_each_question_says_how_many_answered_and_how_long(overview, assignment, module):
    for number in (40, 10, 25):
        hand_in(assignment, enrol(module), 0, words(number))
    enrol(module)
    first, second = overview().context["view"].questions
    assert (first.answered, first.students, first.lengths, first.median) == (3, 4, [10, 25, 40], 25)
    assert (second.answered, second.students) == (0, 4)
    page = text_of(overview())
    assert '<b>3</b> <span class="soft">van 4 studenten leverden in' in page
    assert 'aria-label="3 antwoorden van kort naar lang: 10 tot 40 woorden, het middelste 25"' in page
    assert "in het midden 25 woorden" in page
    assert "Nog niets ingeleverd." in page


def test_a_single_answer_has_a_length_too(overview, assignment, student):
    hand_in(assignment, student, 0, words(7))
    page = text_of(overview())
    assert 'aria-label="Eén antwoord, van 7 woorden"' in page


def test_only_the_latest_version_counts_and_no_draft(overview, assignment, student, module):
    hand_in(assignment, student, 0, words(5))
    hand_in(assignment, student, 0, words(9))
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=enrol(module).user, question=question, assignment=assignment, text="Geheim concept.")
    (first, _second) = overview().context["view"].questions
    assert first.lengths == [9]
    assert "Geheim" not in text_of(overview())


def test_who_left_counts_as_far_as_handed_in_before(overview, assignment, student, module):
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


def test_the_picture_has_a_bar_for_each_answer_as_high_as_it_is_long():
    assert [up for _x, up, _wide in bars_of([0, 50, 100])] == [2, 36, 72]


@pytest.mark.parametrize("number", [1, 21, 60, 61, 300])
def test_the_picture_stays_within_its_frame(number):
    bars = bars_of(list(range(1, number + 1)))
    assert len(bars) == min(number, overview_page.MOST_BARS)
    assert bars[-1][0] + bars[-1][2] <= overview_page.WIDTH
    assert [up for _x, up, _wide in bars] == sorted(up for _x, up, _wide in bars)
    assert bars[-1][1] == overview_page.HEIGHT


def test_of_many_answers_the_shortest_and_the_longest_are_drawn():
    lengths = list(range(1000))
    drawn = overview_page._at_most(lengths, 60)
    assert (drawn[0], drawn[-1], len(drawn)) == (0, 999, 60)


# --- Pinning ---


def test_a_pinned_answer_stands_on_the_overview_and_the_screen(pin, overview, screen, assignment, student, teacher):
    submission = hand_in(assignment, student, 0, "Ik bel <b>eerst</b>.\n\nEn dan ga ik langs.")
    response = pin(submission)
    assert response["Location"] == f"/opdrachten/{assignment.pk}/overzicht/#vraag-vraag-1"
    assert PinnedAnswer.objects.get().pinned_by == teacher
    for page in (text_of(overview()), text_of(screen())):
        assert "<p>Ik bel &lt;b&gt;eerst&lt;/b&gt;.</p> <p>En dan ga ik langs.</p>" in page


def test_it_can_be_taken_off_again(pin, overview, screen, assignment, student):
    submission = hand_in(assignment, student, 0, "Ik bel eerst.")
    pin(submission)
    pin(submission, "nee")
    pin(submission, "nee")
    assert not PinnedAnswer.objects.exists()
    assert "Ik bel eerst." not in text_of(overview())
    assert "nog geen antwoord gekozen" in text_of(screen())


def test_two_colleagues_pin_the_same_answer_once(pin, client, assignment, student, module, teacher):
    submission = hand_in(assignment, student, 0)
    pin(submission)
    client.force_login(enrol(module, role=Role.TEACHER).user)
    client.post(f"/ingeleverd/{submission.pk}/vastzetten/", {"vast": "ja"})
    assert PinnedAnswer.objects.get().pinned_by == teacher


def test_the_page_one_came_from_is_where_one_goes(pin, assignment, student):
    submission = hand_in(assignment, student, 0)
    there = f"/opdrachten/{assignment.pk}/feedback/?vraag=vraag-1"
    assert pin(submission, terug=there)["Location"] == there
    assert pin(submission, terug="https://elders.example/")["Location"].startswith("/opdrachten/")


def test_a_script_gets_no_page(client, teacher, assignment, student):
    client.force_login(teacher)
    submission = hand_in(assignment, student, 0)
    script = {"X-Requested-With": "XMLHttpRequest"}
    address = f"/ingeleverd/{submission.pk}/vastzetten/"
    assert client.post(address, {"vast": "ja"}, headers=script).status_code == 204


@pytest.mark.parametrize("value", ["", "misschien"])
def test_anything_but_yes_or_no_is_refused(pin, assignment, student, value):
    assert pin(hand_in(assignment, student, 0), value).status_code == 400
    assert not PinnedAnswer.objects.exists()


def test_pinning_is_for_teachers_of_the_module(client, assignment, student, module):
    submission = hand_in(assignment, student, 0)
    address = f"/ingeleverd/{submission.pk}/vastzetten/"
    for person, status in [(student.user, 403), (enrol(module).user, 403), (UserFactory(groups=["Docenten"]), 404)]:
        client.force_login(person)
        assert client.post(address, {"vast": "ja"}).status_code == status
    assert not PinnedAnswer.objects.exists()


def test_what_teachers_may_not_read_cannot_be_pinned(pin, assignment, student):
    withdrawn = hand_in(assignment, student, 0)
    answering.take_back(submission=withdrawn)
    after_leaving = hand_in(assignment, student, 1)
    Enrolment.objects.filter(pk=student.pk).update(left_at=timezone.now() - timedelta(days=1))
    assert [pin(each).status_code for each in (withdrawn, after_leaving)] == [404, 404]


def test_what_is_taken_back_is_gone_from_the_screen(pin, overview, screen, assignment, student):
    submission = hand_in(assignment, student, 0, "Te vroeg.")
    pin(submission)
    answering.take_back(submission=submission)
    assert "Te vroeg." not in text_of(overview())
    assert "Te vroeg." not in text_of(screen())


def test_a_newer_version_is_said_and_the_pinned_one_stays(pin, overview, screen, assignment, student):
    pin(hand_in(assignment, student, 0, "Eerste gedachte."))
    assert "nieuwere versie" not in text_of(overview())
    hand_in(assignment, student, 0, "Tweede gedachte.")
    page = text_of(overview())
    assert "De student leverde hierna een nieuwere versie in. Op het scherm staat deze." in page
    assert "Eerste gedachte." in page
    assert "Tweede gedachte." not in page + text_of(screen())


# --- The screen ---


def test_the_screen_shows_one_question(pin, screen, assignment, student):
    pin(hand_in(assignment, student, 0, "Over de eerste."))
    pin(hand_in(assignment, student, 1, "Over de tweede."))
    first, second = text_of(screen()), text_of(screen(vraag="vraag-2"))
    assert "Over de eerste." in first
    assert "Over de tweede." not in first
    assert "Over de tweede." in second
    assert "?vraag=vraag-2" in first
    assert "?vraag=vraag-1" in second


def test_without_a_question_it_is_the_first_with_something_to_show(pin, screen, assignment, student):
    assert "nog geen antwoord gekozen" in text_of(screen())
    pin(hand_in(assignment, student, 1, "Over de tweede."))
    assert "Over de tweede." in text_of(screen())
    assert "Over de tweede." in text_of(screen(vraag="bestaat-niet"))
    assert "nog geen antwoord gekozen" in text_of(screen(vraag="vraag-1"))


def test_the_order_is_the_same_each_time_and_not_that_of_handing_in(pin, screen, assignment, module):
    texts = [f"Antwoord {letter}." for letter in "ABCDEFGHIJKL"]
    for text in texts:
        pin(hand_in(assignment, enrol(module), 0, text))
    seen = [re.findall(r"Antwoord [A-L]\.", text_of(screen())) for _time in range(2)]
    assert seen[0] == seen[1]
    assert sorted(seen[0]) == texts
    assert seen[0] != texts


def test_an_assignment_without_questions_says_so(client, teacher, module):
    empty = AssignmentFactory(module=module, questions=[])
    client.force_login(teacher)
    for page in ("", "scherm/"):
        assert "Deze opdracht heeft geen vragen." in text_of(client.get(f"/opdrachten/{empty.pk}/overzicht/{page}"))


# --- No names, for teachers only, and cheap ---


def test_nobodys_name_is_in_any_byte(pin, overview, screen, assignment, module, student):
    student.tag = "beefbeefbeef"
    student.save()
    pin(hand_in(assignment, student, 0, "Ik bel eerst."))
    hand_in(assignment, enrol(module, UserFactory(name="Aya Wielewaal"), group="SW9Z"), 0)
    enrol(module, UserFactory(name="Stille Wielewaal"))
    for response in (overview(), screen(), screen(vraag="vraag-2")):
        said = str(response.headers) + response.cookies.output() + response.content.decode()
        for secret in ("Bram", "Kuipers", "putter", "SW9Z", "beef", "BEEF", "Wielewaal"):
            assert secret not in said


def test_the_screen_tells_neither_who_nor_when(pin, screen, assignment, student):
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
def test_it_is_for_teachers_of_the_module(client, assignment, student, page):
    address = f"/opdrachten/{assignment.pk}/overzicht/{page}"
    assert client.get(address).url == f"/account/inloggen/?next={address}"
    for person, status in [(student.user, 403), (UserFactory(groups=["Docenten"]), 404)]:
        client.force_login(person)
        assert client.get(address).status_code == status


def test_it_is_kept_by_nobody(overview, screen):
    assert overview()["Cache-Control"] == screen()["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("page", ["", "scherm/"])
@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_however_much_came_in(client, teacher, assignment, module, page, count):
    for _each in range(count):
        someone = enrol(module)
        pins.pin(submission=hand_in(assignment, someone, 0), teacher=teacher)
        hand_in(assignment, someone, 0, "Nog eens.")
    client.force_login(teacher)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/opdrachten/{assignment.pk}/overzicht/{page}")
    assert len(queries) == 9
