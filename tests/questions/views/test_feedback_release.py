"""Tests of releasing feedback from the desk: a button releases what its page showed, and a release can be undone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from lxml import html

from questions.actions import feedback, feedback_receipts
from questions.actions.saving import Draft
from questions.models import Answer, Feedback, Role, Submission, Verdict
from tests.factories import UserFactory
from tests.questions.factories import ModuleFactory, enrol, hand_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, groups=["SW1A", "SW1C"])


@pytest.fixture
def signed_in(client, teacher):
    client.force_login(teacher)
    return client


@pytest.fixture
def answers(assignment, module):
    """Return six submissions to the first question, the last one from another group, and one to the second."""
    students = [enrol(module, UserFactory(name=f"Noor {n}"), group="SW1C") for n in range(5)]
    students.append(enrol(module, UserFactory(name="Noor 5"), group="SW1A"))
    first = [hand_in(assignment, student) for student in students]
    return [*first, hand_in(assignment, students[0], 1)]


def give(teacher, submission, text="Mooi.") -> Feedback:
    revision = next(iter(Feedback.objects.filter(submission=submission, author=teacher)), Feedback(revision=0)).revision
    return feedback.save(author=teacher, submission=submission, draft=Draft(text, revision=revision)).row


def press(signed_in, response, which: str, antwoord=()):
    """Return the response to the button with this value of `wat` in a page, as a browser would press it."""
    page = html.fromstring(response.content)
    button = page.xpath(f"//button[@name='wat'][@value='{which}']") or page.xpath(
        "//form[@id='selectie']/button[last()]"
    )
    form = button[0].xpath("ancestor::form")[0]
    data = {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}
    data |= {"wat": which} | ({"antwoord": list(antwoord)} if antwoord else {})
    return signed_in.post(button[0].get("formaction") or form.get("action"), data)


def desk_page(signed_in, assignment, **query):
    return signed_in.get(f"/opdrachten/{assignment.pk}/feedback/", query)


def released() -> set[int]:
    return set(Feedback.objects.released().values_list("submission", flat=True))


def text_of(response) -> str:
    return " ".join(html.fromstring(response.content).find(".//main").text_content().split())


BUTTONS = [
    ("alles", {}),
    ("hier", {"vraag": "vraag-1"}),
    ("hier", {"student": ""}),
    ("klas", {"klas": "SW1C"}),
    ("keuze", {"vraag": "vraag-1"}),
]


@pytest.mark.parametrize(("which", "query"), BUTTONS)
def test_button_releases_what_the_page_showed_and_asks_about_the_rest(
    signed_in, teacher, assignment, module, answers, which, query
):
    if "student" in query:
        query["student"] = module.enrolments.get(user__name="Noor 0").tag
    give(teacher, answers[0])
    changed = give(teacher, answers[-1 if "student" in query else 1])
    page = desk_page(signed_in, assignment, **query)
    for submission in answers:
        give(teacher, submission, "Anders." if submission.pk == changed.submission_id else "Mooi.")
    ticked = [answer.pk for answer in answers[:6]] if which == "keuze" else ()
    response = press(signed_in, page, which, ticked)
    assert released() == {answers[0].pk}
    in_scope = {"alles": 7, "klas": 6, "keuze": 6, "hier": 2 if "student" in query else 6}[which]
    text = text_of(response)
    assert "Er staat meer klaar dan je zag" in text
    assert "1 is intussen veranderd." in text
    assert f"Geef deze ook vrij ({in_scope - 1})" in text
    assert press(signed_in, response, which, ticked).status_code == 302
    assert len(released()) == in_scope


def test_button_for_one_does_not_release_six(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    page = desk_page(signed_in, assignment)
    assert "Geef alles vrij (1)" in text_of(page)
    for submission in answers[1:6]:
        give(teacher, submission)
    assert "Geef deze ook vrij (5)" in text_of(press(signed_in, page, "alles"))
    assert released() == {answers[0].pk}


def test_page_from_before_an_upgrade_releases_nothing_and_asks(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    response = signed_in.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", {"wat": "alles"})
    assert "Geef deze ook vrij (1)" in text_of(response)
    assert released() == set()


def test_button_pressed_twice_reports_that_the_feedback_was_released(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    page = desk_page(signed_in, assignment)
    press(signed_in, page, "alles")
    at = Feedback.objects.get().released_at
    assert "Deze feedback was al vrijgegeven." in text_of(signed_in.get(press(signed_in, page, "alles").url))
    assert Feedback.objects.get().released_at == at


def test_page_of_one_teacher_does_not_release_feedback_of_another(signed_in, teacher, assignment, module, answers):
    colleague = enrol(module, UserFactory(), role=Role.TEACHER).user
    row = give(colleague, answers[0])
    data = {"wat": "alles", "klaar-alles": f"{row.pk}.{row.revision}"}
    response = signed_in.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", data, follow=True)
    assert "Er stond niets klaar om vrij te geven." in text_of(response)
    assert released() == set()


def test_hidden_names_are_not_in_the_question(signed_in, teacher, assignment, module, answers):
    signed_in.post(f"/modules/{module.pk}/leeswijze/", {"names": "verborgen"})
    give(teacher, answers[0])
    response = signed_in.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", {"wat": "alles"})
    assert b"Noor 0" not in response.content
    assert module.enrolments.get(user__name="Noor 0").alias in text_of(response)


@pytest.mark.parametrize("shown", ["x", "1", "1.x", "x.1", "1.1.1", "-1.1", "1.99999999999999999999", ". " * 3])
def test_damaged_list_of_feedback_returns_400(signed_in, assignment, shown):
    data = {"wat": "alles", "klaar-alles": shown}
    assert signed_in.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", data).status_code == 400


# --- Undoing a release ---


def undo(signed_in, response):
    page = html.fromstring(response.content)
    form = page.xpath("//form[contains(@action, '/vrijgave/ongedaan/')]")[0]
    data = {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}
    return signed_in.post(form.get("action"), data, follow=True)


def test_release_can_be_undone_except_for_who_has_read_it(signed_in, teacher, assignment, answers):
    for submission in answers[:3]:
        give(teacher, submission)
    page = signed_in.get(press(signed_in, desk_page(signed_in, assignment), "alles").url)
    assert "Nog niemand las die." in text_of(page)
    reader = answers[0].answer.student
    feedback_receipts.see(student=reader, until=timezone.now())
    page = desk_page(signed_in, assignment)
    assert "feedback bij 3 antwoorden. 1 daarvan is al gelezen en blijft vrijgegeven." in text_of(page)
    assert "Maak ongedaan (2)" in text_of(page)
    text = text_of(undo(signed_in, page))
    assert "Teruggenomen bij 2 antwoorden." in text
    assert "Bij 1 antwoord is de feedback al gelezen; die blijft vrijgegeven." in text
    assert "Geef alles vrij (2)" in text
    assert released() == {answers[0].pk}


def test_release_that_everybody_has_read_is_not_offered_to_undo(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    page = signed_in.get(press(signed_in, desk_page(signed_in, assignment), "alles").url)
    feedback_receipts.see(student=answers[0].answer.student, until=timezone.now())
    text = text_of(undo(signed_in, page))
    assert "Teruggenomen" not in text
    assert "Bij 1 antwoord is de feedback al gelezen; die blijft vrijgegeven." in text
    assert "Vrijgegeven (" not in text_of(desk_page(signed_in, assignment))
    assert released() == {answers[0].pk}


def test_only_the_last_release_is_offered_to_undo(signed_in, teacher, assignment, answers):
    for submission in answers[:2]:
        give(teacher, submission)
        press(signed_in, desk_page(signed_in, assignment), "alles")
    undo(signed_in, desk_page(signed_in, assignment))
    assert released() == {answers[0].pk}


def test_release_of_more_than_an_hour_ago_cannot_be_undone(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    page = signed_in.get(press(signed_in, desk_page(signed_in, assignment), "alles").url)
    before = timezone.now() - timedelta(minutes=61)
    Feedback.objects.update(released_at=before)
    assert "Vrijgegeven (" not in text_of(desk_page(signed_in, assignment))
    signed_in.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/ongedaan/", {"op": before.isoformat()})
    undo(signed_in, page)
    assert released() == {answers[0].pk}


def test_colleague_cannot_undo_a_release(client, teacher, assignment, module, answers):
    row = give(teacher, answers[0])
    feedback.release(feedback=Feedback.objects.all())
    row.refresh_from_db()
    client.force_login(enrol(module, UserFactory(), role=Role.TEACHER).user)
    client.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/ongedaan/", {"op": row.released_at.isoformat()})
    client.post(f"/ingeleverd/{answers[0].pk}/feedback/ongedaan/")
    assert released() == {answers[0].pk}


@pytest.mark.parametrize("at", ["", "gisteren", "2026-11-30T12:00"])
def test_undo_without_a_moment_returns_400(signed_in, assignment, at):
    assert signed_in.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/ongedaan/", {"op": at}).status_code == 400


def test_release_of_one_answer_can_be_undone_at_that_answer(signed_in, teacher, assignment, answers):
    script = {"X-Requested-With": "XMLHttpRequest"}
    address = f"/ingeleverd/{answers[0].pk}/feedback/"
    reply = signed_in.post(address, {"text": "Mooi.", "verdict": "afgerond", "vrij": "1"}, headers=script).json()
    assert (reply["unreleased"], reply["may_undo"], reply["feedback"]) == (False, True, Feedback.objects.get().pk)
    response = signed_in.post(f"{address}ongedaan/", follow=True)
    assert "Teruggenomen bij 1 antwoord." in text_of(response)
    assert released() == set()
    assert Feedback.objects.values_list("text", "verdict").get() == ("Mooi.", Verdict.DONE)


def undo_at_answer(signed_in, response, submission):
    form = html.fromstring(response.content).get_element_by_id(f"terug-{submission.pk}")
    return signed_in.post(form.get("action"), dict(form.fields), follow=True)


def test_undo_at_an_answer_that_is_pressed_twice_takes_back_one_release(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    feedback.release(feedback=Feedback.objects.all())
    page = desk_page(signed_in, assignment)
    assert "Teruggenomen bij 1 antwoord." in text_of(undo_at_answer(signed_in, page, answers[0]))
    undo_at_answer(signed_in, page, answers[0])
    assert Feedback.objects.values_list("text", "released_at").get() == ("Mooi.", None)


def test_undo_of_a_change_that_is_pressed_twice_takes_no_release_back(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    feedback.release(feedback=Feedback.objects.all())
    give(teacher, answers[0], "Half af")
    page = desk_page(signed_in, assignment)
    for _time in range(2):
        undo_at_answer(signed_in, page, answers[0])
    assert Feedback.objects.get().text == "Mooi."
    assert released() == {answers[0].pk}


def test_undo_at_an_answer_returns_to_an_address_of_any_length(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    form = html.fromstring(desk_page(signed_in, assignment).content).get_element_by_id(f"terug-{answers[0].pk}")
    back = f"/opdrachten/{assignment.pk}/feedback/?klas={'%D9%86' * 100}"
    for _time in range(2):
        assert signed_in.post(form.get("action"), dict(form.fields) | {"terug": back}).url == back
    assert not Feedback.objects.exists()


def test_second_release_that_is_taken_back_was_not_read(signed_in, teacher, assignment, answers):
    for text in ("Mooi.", "Mooi. Waarom zo?"):
        give(teacher, answers[0], text)
        feedback.release(feedback=Feedback.objects.all())
    text = text_of(undo_at_answer(signed_in, desk_page(signed_in, assignment), answers[0]))
    assert "Teruggenomen bij 1 antwoord." in text
    assert "al gelezen" not in text
    assert Feedback.objects.get().shown_text == "Mooi."


@pytest.mark.parametrize("at_answer", [True, False])
def test_undo_that_comes_too_late_does_not_say_that_the_feedback_was_read(
    signed_in, teacher, assignment, answers, at_answer
):
    give(teacher, answers[0])
    feedback.release(feedback=Feedback.objects.all())
    page = desk_page(signed_in, assignment)
    before = timezone.now() - timedelta(minutes=61)
    Feedback.objects.update(released_at=before)
    Answer.objects.update(updated_at=before)
    Submission.objects.update(submitted_at=before)
    address = f"/opdrachten/{assignment.pk}/feedback/vrijgave/ongedaan/"
    response = (
        undo_at_answer(signed_in, page, answers[0])
        if at_answer
        else signed_in.post(address, {"op": before.isoformat()}, follow=True)
    )
    text = text_of(response)
    assert "Bij 1 antwoord is de feedback te lang geleden vrijgegeven; die blijft vrijgegeven." in text
    assert "al gelezen" not in text


def test_undo_in_a_page_that_shows_a_release_never_deletes_feedback(signed_in, teacher, assignment, answers):
    """The page is open twice: in one of them the release is taken back, and then the other one is used."""
    give(teacher, answers[0])
    feedback.release(feedback=Feedback.objects.all())
    stale = desk_page(signed_in, assignment)
    undo_at_answer(signed_in, desk_page(signed_in, assignment), answers[0])
    undo_at_answer(signed_in, stale, answers[0])
    row = Feedback.objects.get()
    assert (row.text, row.released_at) == ("Mooi.", None)


def test_undo_in_a_page_that_shows_unreleased_feedback_takes_no_release_back(signed_in, teacher, assignment, answers):
    give(teacher, answers[0])
    stale = desk_page(signed_in, assignment)
    feedback.release(feedback=Feedback.objects.all())
    undo_at_answer(signed_in, stale, answers[0])
    assert Feedback.objects.get().is_released
