"""Where a class is: the table of students and questions, and how its teacher wants to read."""

import csv
import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from questions.actions import answering, modules
from questions.exports import progress_sheets
from questions.models import (
    Answer,
    DepartedWork,
    Feedback,
    ReadBy,
    ReadingChoices,
    Role,
    Submission,
    Verdict,
    WorkState,
)
from questions.pages import progress
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend, hand_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, groups=["SW1A", "SW1C"])


@pytest.fixture
def place(module, teacher):
    return module.enrolments.get(user=teacher)


@pytest.fixture
def assignment(module):
    return AssignmentFactory(
        module=module, case=published_case(title="Een lekkende koelkast", kolbs=["doener", "denker"])
    )


@pytest.fixture
def page(client, teacher, module):
    client.force_login(teacher)
    return lambda query="": client.get(f"/modules/{module.pk}/voortgang/{query}")


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def write(assignment, enrolment, number: int = 0, text: str = "Misschien.") -> Answer:
    """Saves a text as its writer would, over what is there."""
    question = assignment.questions.order_by("asked_in__position")[number]
    stored = Answer.objects.filter(student=enrolment.user, question=question, assignment=assignment).first()
    draft = answering.Draft(text, revision=stored.revision if stored else 0)
    return answering.save(student=enrolment.user, question=question, assignment_id=assignment.pk, draft=draft).row


def give(submission, author=None, verdict=Verdict.READ, **fields) -> Feedback:
    return Feedback.objects.create(submission=submission, author=author or UserFactory(), verdict=verdict, **fields)


def look(module, place, **how) -> dict[str, list[str]]:
    """By student the states in words."""
    view = progress.module_progress(module, place, **how)
    return {row.label: [state.value for state in row.states] for row in view.rows}


# --- States ---


NOW = timezone.now()


def nothing(assignment, student) -> None:
    pass


def blank(assignment, student) -> None:
    write(assignment, student, text=" \n\t\u00a0\u2003 ")


def draft(assignment, student) -> None:
    write(assignment, student)


def emptied(assignment, student) -> None:
    write(assignment, student)
    write(assignment, student, text="")


def handed_in(assignment, student) -> None:
    hand_in(assignment, student)


def changed_since(assignment, student) -> None:
    hand_in(assignment, student)
    write(assignment, student, text="Toch anders.")


def taken_back(assignment, student) -> None:
    answering.take_back(submission=hand_in(assignment, student))


def taken_back_and_emptied(assignment, student) -> None:
    taken_back(assignment, student)
    write(assignment, student, text="")


def taken_back_to_the_version_before(assignment, student) -> None:
    give(hand_in(assignment, student), verdict=Verdict.AGAIN, released_at=NOW)
    answering.take_back(submission=hand_in(assignment, student, text="Toch anders."))


def unreleased(assignment, student) -> None:
    give(hand_in(assignment, student), verdict=Verdict.DONE)


def unreleased_by_two(assignment, student) -> None:
    submission = hand_in(assignment, student)
    give(submission)
    give(submission, verdict=Verdict.DONE)


def released(assignment, student) -> None:
    give(hand_in(assignment, student), verdict=Verdict.AGAIN, released_at=NOW)


def released_and_another_waiting(assignment, student) -> None:
    submission = hand_in(assignment, student)
    give(submission, verdict=Verdict.AGAIN, released_at=NOW)
    give(submission, verdict=Verdict.DONE)


def the_last_released_counts(assignment, student) -> None:
    submission = hand_in(assignment, student)
    give(submission, verdict=Verdict.DONE, released_at=NOW)
    give(submission, verdict=Verdict.AGAIN, released_at=NOW - timedelta(hours=1))


def at_the_same_moment_the_last_row_counts(assignment, student) -> None:
    submission = hand_in(assignment, student)
    give(submission, verdict=Verdict.DONE, released_at=NOW)
    give(submission, verdict=Verdict.AGAIN, released_at=NOW)


def changed_after_release(assignment, student) -> None:
    give(
        hand_in(assignment, student),
        verdict=Verdict.DONE,
        released_at=NOW,
        released_text="Nog eens.",
        released_verdict=Verdict.AGAIN,
    )


def handed_in_again(assignment, student) -> None:
    released(assignment, student)
    hand_in(assignment, student, text="Nu beter.")


def handed_in_again_and_read(assignment, student) -> None:
    released(assignment, student)
    give(hand_in(assignment, student, text="Nu beter."), verdict=Verdict.DONE, released_at=NOW - timedelta(days=1))


HISTORIES = {
    nothing: "leeg",
    blank: "leeg",
    emptied: "leeg",
    taken_back_and_emptied: "leeg",
    draft: "bezig",
    taken_back: "bezig",
    handed_in: "ingeleverd",
    changed_since: "ingeleverd",
    handed_in_again: "ingeleverd",
    unreleased: "klaar",
    unreleased_by_two: "klaar",
    released: "aanvullen",
    released_and_another_waiting: "aanvullen",
    at_the_same_moment_the_last_row_counts: "aanvullen",
    changed_after_release: "aanvullen",
    taken_back_to_the_version_before: "aanvullen",
    the_last_released_counts: "afgerond",
    handed_in_again_and_read: "afgerond",
}


@pytest.mark.parametrize(("history", "state"), HISTORIES.items(), ids=lambda one: getattr(one, "__name__", one))
def test_every_history_has_its_state(module, place, assignment, student, history, state):
    history(assignment, student)
    assert look(module, place) == {"Bram Kuipers": [state, "leeg"]}


def test_every_state_is_reached_by_a_history():
    assert set(HISTORIES.values()) | {"gelezen"} == set(WorkState.values)  # gelezen is a verdict like the other two


def test_answers_elsewhere_say_nothing_here(module, place, assignment, student):
    other = AssignmentFactory(module=ModuleFactory(), case=assignment.edition.case)
    hand_in(other, enrol(other.module, student.user))
    question = assignment.questions.first()
    draft = answering.Draft("Voor mezelf.", revision=0)
    answering.save(student=student.user, question=question, assignment_id=None, draft=draft)
    assert look(module, place) == {"Bram Kuipers": ["leeg", "leeg"]}


# --- Who stands in it ---


def test_students_stand_by_class_and_then_by_name(module, place, assignment):
    for name, group in (("zeynep", "SW1A"), ("Aylin", "SW1C"), ("Bram", "SW1A"), ("Daan", ""), ("Els", "SW0X")):
        enrol(module, UserFactory(name=name), group=group)
    view = progress.module_progress(module, place)
    shown = [(section.name, [row.label for row in section.rows]) for section in view.sections]
    assert shown == [("SW1A", ["Bram", "zeynep"]), ("SW1C", ["Aylin"]), ("SW0X", ["Els"]), ("", ["Daan"])]


def test_teachers_are_in_no_row(module, place, assignment, student):
    enrol(module, UserFactory(name="Omar Said"), role=Role.TEACHER)
    assert list(look(module, place)) == ["Bram Kuipers"]


def test_who_left_stands_apart_with_what_was_handed_in_and_no_more(module, place, page, assignment, student):
    hand_in(assignment, student, 0)
    write(assignment, student, 1)
    enrol(module, UserFactory(name="Nooit begonnen"), left_at=timezone.now())
    modules.remove_student(enrolment=student)
    hand_in(assignment, student, 1)  # too late: that is between the student and nobody
    view = progress.module_progress(module, place)
    assert [(section.has_left, [row.states for row in section.rows]) for section in view.sections] == [
        (True, [[WorkState.SUBMITTED, WorkState.EMPTY]])
    ]
    assert view.students == 0
    said = text_of(page())
    assert "Niet meer in de module" in said
    assert "Nooit begonnen" not in said


def test_of_deleted_accounts_there_is_a_sentence(page, assignment, student):
    assert "geen account meer" not in text_of(page())
    DepartedWork.objects.create(assignment=assignment, students=2, answers=3)
    assert "Een lekkende koelkast: 3 antwoorden staan niet in de tabel" in text_of(page())


def test_a_later_date_stands_beside_the_name(page, assignment, student):
    assignment.due_at = timezone.now()
    assignment.save()
    extend(assignment, student, timezone.make_aware(timezone.datetime(2027, 10, 24, 17)))
    assert "tot 24 oktober" in text_of(page())


# --- Counts, groups, filter ---


@pytest.fixture
def class_of_three(module, assignment):
    """Aylin has one unread, Bram one read and one unread, Chaima of another class a draft."""
    aylin, bram, chaima = (
        enrol(module, UserFactory(name=name), group=group)
        for name, group in (("Aylin Demir", "SW1A"), ("Bram Kuipers", "SW1A"), ("Chaima Idrissi", "SW1C"))
    )
    hand_in(assignment, aylin, 0)
    hand_in(assignment, bram, 0)
    give(hand_in(assignment, bram, 1), released_at=NOW)
    write(assignment, chaima, 1)
    return aylin, bram, chaima


def test_it_counts_per_row_per_column_and_in_all(module, place, class_of_three):
    view = progress.module_progress(module, place)
    assert [(row.handed_in, row.waiting) for row in view.rows] == [(1, 1), (2, 1), (0, 0)]
    assert view.counts == [(2, 2), (1, 0)]
    assert (view.handed_in, view.waiting, view.students, view.unreleased) == (3, 2, 3, 0)
    counts = {state.value: count for state, count in view.states if count}
    assert counts == {"leeg": 2, "bezig": 1, "ingeleverd": 2, "gelezen": 1}


def test_what_waits_to_be_released_is_counted(module, place, class_of_three):
    submission = Submission.objects.order_by("pk").first()
    give(submission)
    give(submission, released_at=NOW, released_text="Eerst dit.", released_verdict=Verdict.READ)
    give(submission, released_at=NOW)
    assert progress.module_progress(module, place).unreleased == 2


def test_a_class_has_only_its_own_rows_and_counts(module, place, class_of_three):
    view = progress.module_progress(module, place, group="SW1C")
    assert [row.label for row in view.rows] == ["Chaima Idrissi"]
    assert (view.counts, view.handed_in) == ([(0, 0), (0, 0)], 0)


def test_the_class_of_a_link_wins_from_the_chosen_one(module, place, page, class_of_three):
    modules.choose_reading(enrolment=place, group="SW1C")
    assert "Aylin" not in text_of(page())
    assert "Chaima" not in text_of(page("?klas=SW1A"))
    assert "Aylin" in text_of(page("?klas="))
    assert "Aylin" in text_of(page("?klas=SW9"))  # a class that is no more


def test_a_chosen_class_that_is_no_more_hides_nobody(module, place, page, class_of_three):
    modules.choose_reading(enrolment=place, group="SW1C")
    module.groups = ["SW1A"]
    module.save()
    assert "Aylin" in text_of(page())


def test_what_waits_can_be_shown_alone_and_it_says_who_is_not_there(page, class_of_three):
    said = text_of(page("?toon=nog-te-lezen"))
    assert ("Aylin" in said, "Bram" in said, "Chaima" in said) == (True, True, False)
    assert "1 student bij wie niets te lezen is, staat er nu niet bij." in said
    assert "bij wie niets te lezen is" not in text_of(page("?toon=alles"))


def test_when_nothing_waits_it_says_why(page, assignment, student):
    assert "Er is nog niets ingeleverd." in text_of(page("?toon=nog-te-lezen"))
    give(hand_in(assignment, student))
    assert "Je hebt alles gelezen wat er is ingeleverd." in text_of(page("?toon=nog-te-lezen"))


def test_without_students_or_assignments_it_says_what_to_do(client, page, module, teacher):
    assert "Deze module heeft nog geen opdrachten." in text_of(page())
    assignment = AssignmentFactory(module=module, questions=[])
    assert "hebben nog geen vragen" in text_of(page())
    assignment.delete()
    AssignmentFactory(module=module)
    assert "Er doet nog niemand mee" in text_of(page())
    assert "In klas SW1A zit nog niemand." in text_of(page("?klas=SW1A"))


# --- What is read for it, and what it costs ---


def test_no_text_of_anybody_is_on_the_page_or_read_for_it(page, assignment, student):
    hand_in(assignment, student, 0, "ijsvogelingeleverd")
    give(Submission.objects.get(), text="spreeuwfeedback")
    write(assignment, student, 1, "kwikstaartconcept")
    with CaptureQueriesContext(connection) as queries:
        said = page().content.decode()
    for word in ("ijsvogelingeleverd", "spreeuwfeedback", "kwikstaartconcept"):
        assert word not in said
    selected = [query["sql"].partition(" FROM ")[0] for query in queries]
    read = [
        sql for sql in selected for table in ("answer", "submission", "feedback") if f'questions_{table}"."text"' in sql
    ]
    assert read == []


@pytest.mark.parametrize("number", [1, 3])
def test_it_costs_the_same_however_many_there_are(page, module, django_assert_num_queries, number):
    for _each in range(number):
        assignment = AssignmentFactory(module=module, due_at=NOW, case=published_case(kolbs=["doener"] * number))
        for _other in range(number):
            someone = enrol(module, group="SW1A")
            submission = hand_in(assignment, someone, 0)
            extend(assignment, someone, NOW + timedelta(days=1))
            for author in range(number):
                give(submission, released_at=NOW if author else None)
            write(assignment, enrol(module), 0)
    with django_assert_num_queries(10):
        page()


def test_looking_writes_nothing(page, class_of_three):
    with CaptureQueriesContext(connection) as queries:
        page()
    assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_it_is_kept_by_no_cache(page):
    assert page()["Cache-Control"] == "private, no-store"


def test_only_a_teacher_of_the_module_looks(client, module, student):
    for path in ("", "wijzigingen/", "export.xlsx", "export.csv"):
        path = f"/modules/{module.pk}/voortgang/{path}"
        client.logout()
        assert client.get(path).url == f"/account/inloggen/?next={path}"
        assert client.get(path, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 401
        client.force_login(UserFactory(groups=["Docenten"]))
        assert client.get(path).status_code == 404
        client.force_login(student.user)
        assert client.get(path).status_code == 403
        assert client.post(path).status_code == 405


# --- From the table to the answers ---


def test_a_cell_leads_to_the_newest_version(client, page, module, assignment, student):
    hand_in(assignment, student, 1)
    path = re.search(rf'href="({student.tag}/\d+/)"', page().content.decode())[1]
    newest = hand_in(assignment, student, 1, "Nu beter.")
    there = client.get(f"/modules/{module.pk}/voortgang/{path}").url
    assert there == f"/opdrachten/{assignment.pk}/feedback/?vraag=vraag-2&antwoord={newest.pk}#antwoord-{newest.pk}"


def test_a_cell_of_what_was_taken_back_leads_to_its_question(client, page, module, assignment, student):
    hand_in(assignment, student, 0)
    path = re.search(rf'href="({student.tag}/\d+/)"', page().content.decode())[1]
    answering.take_back(submission=Submission.objects.get())
    response = client.get(f"/modules/{module.pk}/voortgang/{path}")
    assert response.url == f"/opdrachten/{assignment.pk}/feedback/?vraag=vraag-1"
    assert "intussen teruggenomen" in text_of(page())


def test_a_cell_of_another_module_is_not_there(client, page, module, assignment, student):
    elsewhere = AssignmentFactory()
    other = enrol(elsewhere.module)
    hand_in(elsewhere, other)
    page()
    asked, foreign = assignment.asked.first().pk, elsewhere.asked.first().pk
    assert client.get(f"/modules/{module.pk}/voortgang/{other.tag}/{asked}/").status_code == 404
    assert client.get(f"/modules/{module.pk}/voortgang/{student.tag}/{foreign}/").status_code == 404
    assert client.get(f"/modules/{module.pk}/voortgang/bestaatniet/{asked}/").status_code == 404


def test_a_name_leads_to_what_waits_of_this_student(module, place, assignment, student):
    later = AssignmentFactory(module=module, position=2)
    page_of = lambda: progress.module_progress(module, place).rows[0].page  # noqa: E731
    assert page_of() == f"/opdrachten/{later.pk}/feedback/?student={student.tag}"
    submission = hand_in(assignment, student)
    assert page_of() == f"/opdrachten/{assignment.pk}/feedback/?student={student.tag}"
    give(submission)
    hand_in(later, student)
    assert page_of() == f"/opdrachten/{later.pk}/feedback/?student={student.tag}"


def test_heads_lead_to_the_assignment_and_the_question(page, assignment, student):
    said = page().content.decode()
    assert f'href="/opdrachten/{assignment.pk}/feedback/"' in said
    assert f'href="/opdrachten/{assignment.pk}/feedback/?vraag=vraag-2"' in said


# --- Names hidden ---


@pytest.fixture
def hidden(module, place, assignment):
    """A class whose names are hidden: in their order of names, the tags are in another one."""
    people = [
        enrol(module, UserFactory(name=name, email=f"{name.lower()}@example.org"), group="SW1A", tag=tag)
        for name, tag in (("Aylin", "cc33cc33"), ("Bram", "aa11aa11"), ("Chaima", "bb22bb22"))
    ]
    for person in people:
        hand_in(assignment, person)
    modules.choose_reading(enrolment=place, hides_names=True)
    return people


@pytest.mark.parametrize(
    "path", ["", "?toon=nog-te-lezen", "wijzigingen/", "export.xlsx", "export.csv", "export.csv?blad=ingeleverd"]
)
def test_hidden_names_are_in_no_byte(page, hidden, path):
    response = page(path)
    assert response.status_code == 200
    said = response.content
    if path == "export.xlsx":
        book = openpyxl.load_workbook(io.BytesIO(said))
        said = repr([[cell.value for cell in row] for sheet in book for row in sheet]).encode()
    said = (said + str(response.headers).encode()).lower()
    assert [name for name in (b"aylin", b"bram", b"chaima") if name in said] == []
    if path != "wijzigingen/":
        assert said.index(b"student aa11aa") < said.index(b"student bb22bb") < said.index(b"student cc33cc")


def test_hidden_names_are_not_even_asked_of_the_database(module, place, hidden):
    place.refresh_from_db()
    with CaptureQueriesContext(connection) as queries:
        progress.module_progress(module, place)
    assert [query["sql"] for query in queries if "casebook_user" in query["sql"]] == []


def test_the_switch_leads_back_to_the_same_page(client, page, module, place, class_of_three):
    said = page("?toon=nog-te-lezen&klas=SW1A").content.decode()
    assert 'value="verborgen"' in said
    back = f"/modules/{module.pk}/voortgang/?klas=SW1A&toon=nog-te-lezen"
    assert f'value="{back.replace("&", "&amp;")}"' in said
    assert client.post(f"/modules/{module.pk}/leeswijze/", {"names": "verborgen", "terug": back}).url == back
    assert "Aylin" not in text_of(page("?klas=SW1A"))


# --- What changed meanwhile ---


@pytest.fixture
def poll(client, page, module):
    """Asks as the page's script does: the first time with what the page says, then with what the last reply said."""
    match = re.search(r'data-since="([^"]+)" data-changes="([^"]+)"', page().content.decode())
    since, path = match[1], match[2].replace("&amp;", "&")

    def poll() -> dict | None:
        nonlocal since
        response = client.get(f"{path}&sinds={since}", headers={"X-Requested-With": "XMLHttpRequest"})
        if response.status_code == 204:
            assert response.content == b""
            return None
        since = response.json()["since"]
        return response.json()

    return poll


@pytest.fixture
def polled(class_of_three, poll):
    assert poll()["rows"] == {}
    assert poll() is None
    return poll


def test_what_changed_is_told_once_and_nothing_else(polled, assignment, class_of_three):
    aylin, _bram, chaima = class_of_three
    hand_in(assignment, chaima, 1)
    told = polled()
    assert told["rows"] == {chaima.tag: {"states": ["leeg", "ingeleverd"], "handed_in": 1, "waiting": 1}}
    assert told["columns"] == [[2, 2], [2, 1]]
    assert told["totals"] == {"handed_in": 4, "waiting": 3, "unreleased": 0}
    assert told["states"]["ingeleverd"] == 3
    assert polled() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda assignment, aylin: write(assignment, aylin, 1),
        lambda assignment, aylin: answering.take_back(submission=Submission.objects.get(answer__student=aylin.user)),
        lambda assignment, aylin: give(Submission.objects.get(answer__student=aylin.user)),
        lambda assignment, aylin: give(Submission.objects.get(answer__student=aylin.user), released_at=NOW),
    ],
    ids=["begun", "taken back", "feedback", "released"],
)
def test_every_kind_of_change_is_told(polled, assignment, class_of_three, change):
    aylin = class_of_three[0]
    change(assignment, aylin)
    assert list(polled()["rows"]) == [aylin.tag]
    assert polled() is None


def test_changes_of_feedback_are_told_too(assignment, student, poll):
    feedback = give(hand_in(assignment, student))
    poll()
    for change in ({"released_at": NOW}, {"verdict": Verdict.DONE, "revision": 2}):
        Feedback.objects.update(**change)
        assert list(poll()["rows"]) == [student.tag]
    feedback.delete()
    assert poll()["rows"][student.tag]["states"] == ["ingeleverd", "leeg"]
    assert poll() is None


def test_emptying_a_draft_is_told(polled, assignment, class_of_three):
    chaima = class_of_three[2]
    write(assignment, chaima, 1, " \n ")
    assert polled()["rows"][chaima.tag]["states"] == ["leeg", "leeg"]


def test_one_who_begins_while_another_empties_is_told(polled, assignment, class_of_three):
    aylin, _bram, chaima = class_of_three
    write(assignment, aylin, 1)
    write(assignment, chaima, 1, "")
    assert {tag: row["states"][1] for tag, row in polled()["rows"].items()} == {aylin.tag: "bezig", chaima.tag: "leeg"}


def test_writing_on_is_no_change(polled, assignment, class_of_three):
    write(assignment, class_of_three[2], 1, "Misschien, en dan nog meer.")
    assert polled() is None


def test_somebody_new_makes_another_table(polled, module):
    enrol(module)
    assert polled()["is_other_table"] is True
    assert polled() is None


def test_hiding_names_meanwhile_makes_another_table(polled, place):
    modules.choose_reading(enrolment=place, hides_names=True)
    assert polled()["is_other_table"] is True


def test_choosing_another_class_meanwhile_leaves_an_open_page_as_it_is(polled, place):
    modules.choose_reading(enrolment=place, group="SW1C")
    assert polled()["rows"] == {}


@pytest.mark.parametrize("since", ["", "x", "a.b.c.d", "..", "%00", "é.é.é"])
def test_a_token_that_is_none_gets_told_everything_is_other(client, page, module, class_of_three, since):
    assert page(f"wijzigingen/?sinds={since}").json()["is_other_table"] is True


def test_an_unchanged_poll_asks_little(client, page, module, class_of_three, django_assert_num_queries):
    since = page("wijzigingen/").json()["since"]
    with django_assert_num_queries(6):
        assert page(f"wijzigingen/?sinds={since}").status_code == 204


@pytest.mark.parametrize("number", [1, 3])
def test_telling_what_changed_costs_the_same_however_much(page, module, django_assert_num_queries, number):
    since = page("wijzigingen/").json()["since"]
    for _each in range(number):
        assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * number))
        for _other in range(number):
            give(hand_in(assignment, enrol(module), 0))
    with django_assert_num_queries(13):
        assert page(f"wijzigingen/?sinds={since}").status_code == 200


# --- To take along ---


def sheets(response) -> dict[str, list[list]]:
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


def lines(response) -> list[list[str]]:
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def test_both_files_hold_the_table_as_it_stands(page, class_of_three):
    expected = [
        [
            "Student",
            "Klas",
            "In de module",
            "Een lekkende koelkast, vraag 1",
            "Een lekkende koelkast, vraag 2",
            "Ingeleverd",
            "Nog te lezen",
        ],
        ["Aylin Demir", "SW1A", "ja", "nog te lezen", "nog leeg", "1", "1"],
        ["Bram Kuipers", "SW1A", "ja", "nog te lezen", "gelezen", "2", "1"],
        ["Chaima Idrissi", "SW1C", "ja", "nog leeg", "bezig", "0", "0"],
    ]
    assert sheets(page("export.xlsx"))["Stand"] == expected
    assert lines(page("export.csv")) == expected
    assert lines(page("export.csv?klas=SW1C"))[1:] == expected[3:]


def test_both_files_hold_what_was_handed_in_last(page, teacher, module, assignment, student):
    assignment.due_at = timezone.now() - timedelta(days=1)
    assignment.save()
    hand_in(assignment, student, 0, "Eerst dit.")
    submission = hand_in(assignment, student, 0, "Toen dit.")
    give(submission, teacher, Verdict.AGAIN, text="Bijna.", released_at=timezone.now())
    give(submission, UserFactory(name="Omar Said"), text="Mooi.")
    write(assignment, student, 0, "kwikstaartconcept")
    write(assignment, student, 1, "kwikstaartconcept")
    today = f"{timezone.localtime(submission.submitted_at):%d-%m-%Y}"
    expected = [
        "Bram Kuipers",
        "SW1C",
        "ja",
        "Een lekkende koelkast, vraag 1",
        "doener",
        "Wat doe je als eerste?",
        "Toen dit.",
        f"{timezone.localtime(submission.submitted_at):%d-%m-%Y %H:%M}",
        "2",
        "ja",
        "graag aanvullen",
        f"Karin Vos (graag aanvullen, vrijgegeven op {today}): Bijna.\n\n"
        "Omar Said (gelezen, nog niet vrijgegeven): Mooi.",
    ]
    assert sheets(page("export.xlsx"))["Ingeleverd"][1:] == [expected]
    assert lines(page("export.csv?blad=ingeleverd"))[1:] == [expected]


def test_of_feedback_that_was_changed_both_texts_go_along(page, teacher, assignment, student):
    given = {"released_at": NOW, "released_text": "Bijna.", "released_verdict": Verdict.AGAIN}
    give(hand_in(assignment, student), teacher, Verdict.DONE, text="Klaar.", **given)
    assert lines(page("export.csv?blad=ingeleverd"))[1][-1] == (
        f"Karin Vos (graag aanvullen, vrijgegeven op {timezone.localtime(NOW):%d-%m-%Y}): Bijna.\n\n"
        "Karin Vos (afgerond, nog niet vrijgegeven): Klaar."
    )


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\t=1+1", '=HYPERLINK("http://elders.example")', "＝1+1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_nothing_that_somebody_wrote_is_run(page, module, assignment, text):
    someone = enrol(module, UserFactory(name=text.strip()))
    hand_in(assignment, someone, 0, text)
    book = openpyxl.load_workbook(io.BytesIO(page("export.xlsx").content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert text in {cell.value for cell in cells}
    for path in ("export.csv", "export.csv?blad=ingeleverd"):
        for line in lines(page(path)):
            assert not [value for value in line if value.lstrip(" ").startswith(progress_sheets.FORMULA)]
    assert f"'{text}" in lines(page("export.csv?blad=ingeleverd"))[1]


def test_what_a_sheet_cannot_hold_is_left_out_and_the_rest_stays(page, assignment, student):
    hand_in(assignment, student, 0, 'Een\x07 bel;\nen "meer"')
    assert sheets(page("export.xlsx"))["Ingeleverd"][1][6] == 'Een bel;\nen "meer"'
    assert lines(page("export.csv?blad=ingeleverd"))[1][6] == 'Een bel;\nen "meer"'


def test_a_csv_file_is_as_excel_opens_it(page, class_of_three):
    response = page("export.csv")
    assert response.content.startswith(b"\xef\xbb\xbfStudent;Klas;")
    assert response.content.count(b"\r\n") == 4
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_a_file_is_named_after_the_module_and_the_day(page, module, class_of_three):
    module.title = 'Wijk "2B"; één\r\n'
    module.save()
    day = f"{timezone.localdate():%Y-%m-%d}"
    assert page("export.xlsx")["Content-Disposition"] == f'attachment; filename="voortgang-wijk-2b-een-{day}.xlsx"'
    assert page("export.csv?klas=SW1A")["Content-Disposition"].endswith(f'-sw1a-{day}.csv"')


@pytest.mark.parametrize("number", [1, 3])
def test_a_file_costs_the_same_however_much_was_handed_in(page, module, django_assert_num_queries, number):
    for _each in range(number):
        assignment = AssignmentFactory(module=module)
        for _other in range(number):
            give(hand_in(assignment, enrol(module)))
    with django_assert_num_queries(12):
        page("export.xlsx")


# --- How one reads ---


@pytest.fixture
def choose(client, teacher, module):
    client.force_login(teacher)
    return lambda **chosen: client.post(f"/modules/{module.pk}/leeswijze/", chosen)


def test_a_choice_is_kept_and_the_others_stay(choose, place):
    choose(by="student", group="SW1C")
    choose(names="verborgen")
    place.refresh_from_db()
    assert place.reading == ReadingChoices(by=ReadBy.STUDENT, group="SW1C", hides_names=True)
    choose(names="tonen", group="")
    place.refresh_from_db()
    assert place.reading == ReadingChoices(by=ReadBy.STUDENT)


def test_a_choice_is_ones_own(choose, module):
    colleague = enrol(module, role=Role.TEACHER)
    choose(names="verborgen")
    colleague.refresh_from_db()
    assert colleague.reading == ReadingChoices()


@pytest.mark.parametrize(
    "chosen", [{}, {"by": "klas"}, {"by": ""}, {"group": "SW9"}, {"names": "ja"}, {"by": "vraag", "names": ""}]
)
def test_what_no_button_of_ours_sends_is_refused_whole(choose, place, chosen):
    assert choose(**chosen).status_code == 400
    place.refresh_from_db()
    assert place.reading_choices == {}


@pytest.mark.parametrize(
    "back", ["/modules/1/voortgang/?toon=nog-te-lezen", "/opdrachten/2/feedback/?vraag=a#antwoord-3"]
)
def test_choosing_leads_back_to_where_it_was_done(choose, back):
    assert choose(names="verborgen", terug=back).url == back


@pytest.mark.parametrize("back", ["", "https://elders.example/", "//elders.example/", "javascript:alert(1)"])
def test_choosing_leads_nowhere_else(choose, module, back):
    assert choose(names="verborgen", terug=back).url == f"/modules/{module.pk}/voortgang/"


def test_only_a_teacher_of_the_module_chooses(client, module):
    path = f"/modules/{module.pk}/leeswijze/"
    assert client.post(path, {"names": "verborgen"}).url == f"/account/inloggen/?next={path}"
    client.force_login(UserFactory(groups=["Docenten"]))
    assert client.post(path, {"names": "verborgen"}).status_code == 404
    client.force_login(enrol(module).user)
    assert client.post(path, {"names": "verborgen"}).status_code == 403
    assert client.get(path).status_code == 405
