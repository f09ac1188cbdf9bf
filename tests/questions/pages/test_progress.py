"""Tests of the progress of a class: the table of students and questions, its exports, and the reading choices."""

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
def enrolment(module, teacher):
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
    """Save a text over the stored one, as the student does. Return the answer."""
    question = assignment.questions.order_by("asked_in__position")[number]
    stored = Answer.objects.filter(student=enrolment.user, question=question, assignment=assignment).first()
    draft = answering.Draft(text, revision=stored.revision if stored else 0)
    return answering.save(student=enrolment.user, question=question, assignment_id=assignment.pk, draft=draft).row


def create_feedback(submission, author=None, verdict=Verdict.READ, **fields) -> Feedback:
    return Feedback.objects.create(submission=submission, author=author or UserFactory(), verdict=verdict, **fields)


def state_values(module, enrolment, **options) -> dict[str, list[str]]:
    """Return the values of the states in each row, by the label of the student."""
    view = progress.module_progress(module, enrolment, **options)
    return {row.label: [state.value for state in row.states] for row in view.rows}


# --- States ---


NOW = timezone.now()


def no_answer(assignment, student) -> None:
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


def changed_after_handing_in(assignment, student) -> None:
    hand_in(assignment, student)
    write(assignment, student, text="Toch anders.")


def taken_back(assignment, student) -> None:
    answering.take_back(submission=hand_in(assignment, student))


def taken_back_and_emptied(assignment, student) -> None:
    taken_back(assignment, student)
    write(assignment, student, text="")


def latest_version_taken_back(assignment, student) -> None:
    create_feedback(hand_in(assignment, student), verdict=Verdict.AGAIN, released_at=NOW)
    answering.take_back(submission=hand_in(assignment, student, text="Toch anders."))


def unreleased(assignment, student) -> None:
    create_feedback(hand_in(assignment, student), verdict=Verdict.DONE)


def unreleased_by_two(assignment, student) -> None:
    submission = hand_in(assignment, student)
    create_feedback(submission)
    create_feedback(submission, verdict=Verdict.DONE)


def released(assignment, student) -> None:
    create_feedback(hand_in(assignment, student), verdict=Verdict.AGAIN, released_at=NOW)


def released_and_another_unreleased(assignment, student) -> None:
    submission = hand_in(assignment, student)
    create_feedback(submission, verdict=Verdict.AGAIN, released_at=NOW)
    create_feedback(submission, verdict=Verdict.DONE)


def released_twice(assignment, student) -> None:
    submission = hand_in(assignment, student)
    create_feedback(submission, verdict=Verdict.DONE, released_at=NOW)
    create_feedback(submission, verdict=Verdict.AGAIN, released_at=NOW - timedelta(hours=1))


def released_twice_at_the_same_moment(assignment, student) -> None:
    submission = hand_in(assignment, student)
    create_feedback(submission, verdict=Verdict.DONE, released_at=NOW)
    create_feedback(submission, verdict=Verdict.AGAIN, released_at=NOW)


def changed_after_release(assignment, student) -> None:
    create_feedback(
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
    create_feedback(
        hand_in(assignment, student, text="Nu beter."), verdict=Verdict.DONE, released_at=NOW - timedelta(days=1)
    )


HISTORIES = {
    no_answer: "leeg",
    blank: "leeg",
    emptied: "leeg",
    taken_back_and_emptied: "leeg",
    draft: "bezig",
    taken_back: "bezig",
    handed_in: "ingeleverd",
    changed_after_handing_in: "ingeleverd",
    handed_in_again: "ingeleverd",
    unreleased: "klaar",
    unreleased_by_two: "klaar",
    released: "aanvullen",
    released_and_another_unreleased: "aanvullen",
    released_twice_at_the_same_moment: "aanvullen",
    changed_after_release: "aanvullen",
    latest_version_taken_back: "aanvullen",
    released_twice: "afgerond",
    handed_in_again_and_read: "afgerond",
}


@pytest.mark.parametrize(("history", "state"), HISTORIES.items(), ids=lambda value: getattr(value, "__name__", value))
def test_history_of_an_answer_determines_its_state(module, enrolment, assignment, student, history, state):
    history(assignment, student)
    assert state_values(module, enrolment) == {"Bram Kuipers": [state, "leeg"]}


def test_histories_cover_every_state():
    assert set(HISTORIES.values()) | {"gelezen"} == set(WorkState.values)  # gelezen is a verdict like the other two


def test_answers_outside_the_module_do_not_count(module, enrolment, assignment, student):
    other = AssignmentFactory(module=ModuleFactory(), case=assignment.edition.case)
    hand_in(other, enrol(other.module, student.user))
    question = assignment.questions.first()
    draft = answering.Draft("Voor mezelf.", revision=0)
    answering.save(student=student.user, question=question, assignment_id=None, draft=draft)
    assert state_values(module, enrolment) == {"Bram Kuipers": ["leeg", "leeg"]}


# --- Rows ---


def test_students_are_sorted_by_group_and_then_by_name(module, enrolment, assignment):
    for name, group in (("zeynep", "SW1A"), ("Aylin", "SW1C"), ("Bram", "SW1A"), ("Daan", ""), ("Els", "SW0X")):
        enrol(module, UserFactory(name=name), group=group)
    view = progress.module_progress(module, enrolment)
    sections = [(section.name, [row.label for row in section.rows]) for section in view.sections]
    assert sections == [("SW1A", ["Bram", "zeynep"]), ("SW1C", ["Aylin"]), ("SW0X", ["Els"]), ("", ["Daan"])]


def test_teachers_have_no_row(module, enrolment, assignment, student):
    enrol(module, UserFactory(name="Omar Said"), role=Role.TEACHER)
    assert list(state_values(module, enrolment)) == ["Bram Kuipers"]


def test_former_students_are_listed_apart_with_what_they_handed_in(module, enrolment, page, assignment, student):
    hand_in(assignment, student, 0)
    write(assignment, student, 1)
    enrol(module, UserFactory(name="Nooit begonnen"), left_at=timezone.now())
    modules.remove_student(enrolment=student)
    hand_in(assignment, student, 1)  # handed in after leaving, so teachers cannot read it
    view = progress.module_progress(module, enrolment)
    assert [(section.has_left, [row.states for row in section.rows]) for section in view.sections] == [
        (True, [[WorkState.SUBMITTED, WorkState.EMPTY]])
    ]
    assert view.students == 0
    content = text_of(page())
    assert "Niet meer in de module" in content
    assert "Nooit begonnen" not in content


def test_page_mentions_answers_of_deleted_accounts(page, assignment, student):
    assert "geen account meer" not in text_of(page())
    DepartedWork.objects.create(assignment=assignment, students=2, answers=3)
    assert "Een lekkende koelkast: 3 antwoorden staan niet in de tabel" in text_of(page())


def test_extension_is_shown_beside_the_name(page, assignment, student):
    assignment.due_at = timezone.now()
    assignment.save()
    extend(assignment, student, timezone.make_aware(timezone.datetime(2027, 10, 24, 17)))
    assert "tot 24 oktober" in text_of(page())


# --- Counts, groups, filter ---


@pytest.fixture
def class_of_three(module, assignment):
    """Return three students.

    Aylin has an unread submission, Bram a read and an unread one, and Chaima, who is in another group, a draft.
    """
    aylin, bram, chaima = (
        enrol(module, UserFactory(name=name), group=group)
        for name, group in (("Aylin Demir", "SW1A"), ("Bram Kuipers", "SW1A"), ("Chaima Idrissi", "SW1C"))
    )
    hand_in(assignment, aylin, 0)
    hand_in(assignment, bram, 0)
    create_feedback(hand_in(assignment, bram, 1), released_at=NOW)
    write(assignment, chaima, 1)
    return aylin, bram, chaima


def test_table_counts_by_row_by_column_and_in_total(module, enrolment, class_of_three):
    view = progress.module_progress(module, enrolment)
    assert [(row.handed_in, row.to_read) for row in view.rows] == [(1, 1), (2, 1), (0, 0)]
    assert view.counts == [(2, 2), (1, 0)]
    assert (view.handed_in, view.to_read, view.students, view.unreleased) == (3, 2, 3, 0)
    counts = {state.value: count for state, count in view.states if count}
    assert counts == {"leeg": 2, "bezig": 1, "ingeleverd": 2, "gelezen": 1}


def test_unreleased_feedback_is_counted(module, enrolment, class_of_three):
    submission = Submission.objects.order_by("pk").first()
    create_feedback(submission)
    create_feedback(submission, released_at=NOW, released_text="Eerst dit.", released_verdict=Verdict.READ)
    create_feedback(submission, released_at=NOW)
    assert progress.module_progress(module, enrolment).unreleased == 2


def test_table_of_a_group_has_only_its_own_rows_and_counts(module, enrolment, class_of_three):
    view = progress.module_progress(module, enrolment, group="SW1C")
    assert [row.label for row in view.rows] == ["Chaima Idrissi"]
    assert (view.counts, view.handed_in) == ([(0, 0), (0, 0)], 0)


def test_group_in_the_address_overrides_the_chosen_one(module, enrolment, page, class_of_three):
    modules.choose_reading(enrolment=enrolment, group="SW1C")
    assert "Aylin" not in text_of(page())
    assert "Chaima" not in text_of(page("?klas=SW1A"))
    assert "Aylin" in text_of(page("?klas="))
    assert "Aylin" in text_of(page("?klas=SW9"))  # a group that does not exist


def test_chosen_group_that_was_removed_hides_no_students(module, enrolment, page, class_of_three):
    modules.choose_reading(enrolment=enrolment, group="SW1C")
    module.groups = ["SW1A"]
    module.save()
    assert "Aylin" in text_of(page())


def test_unread_filter_shows_how_many_students_are_hidden(page, class_of_three):
    content = text_of(page("?toon=nog-te-lezen"))
    assert ("Aylin" in content, "Bram" in content, "Chaima" in content) == (True, True, False)
    assert "1 student bij wie niets te lezen is, staat er nu niet bij." in content
    assert "bij wie niets te lezen is" not in text_of(page("?toon=alles"))


def test_unread_filter_explains_an_empty_table(page, assignment, student):
    assert "Er is nog niets ingeleverd." in text_of(page("?toon=nog-te-lezen"))
    create_feedback(hand_in(assignment, student))
    assert "Je hebt alles gelezen wat er is ingeleverd." in text_of(page("?toon=nog-te-lezen"))


def test_page_without_students_or_assignments_explains_what_to_do(client, page, module, teacher):
    assert "Deze module heeft nog geen opdrachten." in text_of(page())
    assignment = AssignmentFactory(module=module, questions=[])
    assert "hebben nog geen vragen" in text_of(page())
    assignment.delete()
    AssignmentFactory(module=module)
    assert "Er doet nog niemand mee" in text_of(page())
    assert "In klas SW1A zit nog niemand." in text_of(page("?klas=SW1A"))


# --- Queries and access ---


def test_page_neither_shows_nor_reads_texts_of_users(page, assignment, student):
    hand_in(assignment, student, 0, "ijsvogelingeleverd")
    create_feedback(Submission.objects.get(), text="spreeuwfeedback")
    write(assignment, student, 1, "kwikstaartconcept")
    with CaptureQueriesContext(connection) as queries:
        content = page().content.decode()
    for word in ("ijsvogelingeleverd", "spreeuwfeedback", "kwikstaartconcept"):
        assert word not in content
    selected = [query["sql"].partition(" FROM ")[0] for query in queries]
    read = [
        sql for sql in selected for table in ("answer", "submission", "feedback") if f'questions_{table}"."text"' in sql
    ]
    assert read == []


@pytest.mark.parametrize("number", [1, 3])
def test_page_uses_a_fixed_number_of_queries(page, module, django_assert_num_queries, number):
    for _each in range(number):
        assignment = AssignmentFactory(module=module, due_at=NOW, case=published_case(kolbs=["doener"] * number))
        for _other in range(number):
            member = enrol(module, group="SW1A")
            submission = hand_in(assignment, member, 0)
            extend(assignment, member, NOW + timedelta(days=1))
            for author in range(number):
                create_feedback(submission, released_at=NOW if author else None)
            write(assignment, enrol(module), 0)
    with django_assert_num_queries(10):
        page()


def test_get_request_writes_nothing(page, class_of_three):
    with CaptureQueriesContext(connection) as queries:
        page()
    assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_page_is_not_cached(page):
    assert page()["Cache-Control"] == "private, no-store"


def test_only_teachers_of_the_module_can_read_progress(client, module, student):
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


def test_cell_redirects_to_the_latest_version(client, page, module, assignment, student):
    hand_in(assignment, student, 1)
    path = re.search(rf'href="({student.tag}/\d+/)"', page().content.decode())[1]
    newest = hand_in(assignment, student, 1, "Nu beter.")
    address = client.get(f"/modules/{module.pk}/voortgang/{path}").url
    assert address == f"/opdrachten/{assignment.pk}/feedback/?vraag=vraag-2&antwoord={newest.pk}#antwoord-{newest.pk}"


def test_cell_of_a_submission_that_was_taken_back_redirects_to_its_question(client, page, module, assignment, student):
    hand_in(assignment, student, 0)
    path = re.search(rf'href="({student.tag}/\d+/)"', page().content.decode())[1]
    answering.take_back(submission=Submission.objects.get())
    response = client.get(f"/modules/{module.pk}/voortgang/{path}")
    assert response.url == f"/opdrachten/{assignment.pk}/feedback/?vraag=vraag-1"
    assert "intussen teruggenomen" in text_of(page())


def test_cell_of_another_module_returns_404(client, page, module, assignment, student):
    other_assignment = AssignmentFactory()
    other = enrol(other_assignment.module)
    hand_in(other_assignment, other)
    page()
    own_id, other_id = assignment.asked.first().pk, other_assignment.asked.first().pk
    assert client.get(f"/modules/{module.pk}/voortgang/{other.tag}/{own_id}/").status_code == 404
    assert client.get(f"/modules/{module.pk}/voortgang/{student.tag}/{other_id}/").status_code == 404
    assert client.get(f"/modules/{module.pk}/voortgang/bestaatniet/{own_id}/").status_code == 404


def test_name_links_to_the_page_of_the_student(page, module, assignment, student):
    assert f'<a href="/modules/{module.pk}/mensen/{student.tag}/">' in page().content.decode()


def test_alias_links_to_the_first_assignment_with_unread_work_or_the_last(module, enrolment, assignment, student):
    enrolment.reading_choices = {"hides_names": True}
    later = AssignmentFactory(module=module, position=2)
    page_of = lambda: progress.module_progress(module, enrolment).rows[0].page  # noqa: E731
    assert page_of() == f"/opdrachten/{later.pk}/feedback/?student={student.tag}"
    submission = hand_in(assignment, student)
    assert page_of() == f"/opdrachten/{assignment.pk}/feedback/?student={student.tag}"
    create_feedback(submission)
    hand_in(later, student)
    assert page_of() == f"/opdrachten/{later.pk}/feedback/?student={student.tag}"


def test_column_heads_link_to_the_assignment_and_the_question(page, assignment, student):
    content = page().content.decode()
    assert f'href="/opdrachten/{assignment.pk}/feedback/"' in content
    assert f'href="/opdrachten/{assignment.pk}/feedback/?vraag=vraag-2"' in content


# --- Names hidden ---


@pytest.fixture
def class_with_hidden_names(module, enrolment, assignment):
    """Return three students whose names are hidden. Their tags are in another order than their names."""
    enrolments = [
        enrol(module, UserFactory(name=name, email=f"{name.lower()}@example.org"), group="SW1A", tag=tag)
        for name, tag in (("Aylin", "cc33cc33"), ("Bram", "aa11aa11"), ("Chaima", "bb22bb22"))
    ]
    for student in enrolments:
        hand_in(assignment, student)
    modules.choose_reading(enrolment=enrolment, hides_names=True)
    return enrolments


@pytest.mark.parametrize(
    "path", ["", "?toon=nog-te-lezen", "wijzigingen/", "export.xlsx", "export.csv", "export.csv?blad=ingeleverd"]
)
def test_hidden_names_are_in_no_response(page, class_with_hidden_names, path):
    response = page(path)
    assert response.status_code == 200
    content = response.content
    if path == "export.xlsx":
        workbook = openpyxl.load_workbook(io.BytesIO(content))
        content = repr([[cell.value for cell in row] for sheet in workbook for row in sheet]).encode()
    content = (content + str(response.headers).encode()).lower()
    assert [name for name in (b"aylin", b"bram", b"chaima") if name in content] == []
    if path != "wijzigingen/":
        assert content.index(b"student aa11aa") < content.index(b"student bb22bb") < content.index(b"student cc33cc")


def test_hidden_names_are_not_queried(module, enrolment, class_with_hidden_names):
    enrolment.refresh_from_db()
    with CaptureQueriesContext(connection) as queries:
        progress.module_progress(module, enrolment)
    assert [query["sql"] for query in queries if "casebook_user" in query["sql"]] == []


def test_switch_for_names_redirects_to_the_same_page(client, page, module, enrolment, class_of_three):
    content = page("?toon=nog-te-lezen&klas=SW1A").content.decode()
    assert 'value="verborgen"' in content
    back = f"/modules/{module.pk}/voortgang/?klas=SW1A&toon=nog-te-lezen"
    assert f'value="{back.replace("&", "&amp;")}"' in content
    assert client.post(f"/modules/{module.pk}/leeswijze/", {"names": "verborgen", "terug": back}).url == back
    assert "Aylin" not in text_of(page("?klas=SW1A"))


# --- Polling for changes ---


@pytest.fixture
def poll(client, page, module):
    """Return a function that polls as the script does, with the token of the page or of the last reply."""
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
def poll_again(class_of_three, poll):
    assert poll()["rows"] == {}
    assert poll() is None
    return poll


def test_poll_returns_changed_rows_once(poll_again, assignment, class_of_three):
    aylin, _bram, chaima = class_of_three
    hand_in(assignment, chaima, 1)
    reply = poll_again()
    assert reply["rows"] == {chaima.tag: {"states": ["leeg", "ingeleverd"], "handed_in": 1, "waiting": 1}}
    assert reply["columns"] == [[2, 2], [2, 1]]
    assert reply["totals"] == {"handed_in": 4, "waiting": 3, "unreleased": 0}
    assert reply["states"]["ingeleverd"] == 3
    assert poll_again() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda assignment, aylin: write(assignment, aylin, 1),
        lambda assignment, aylin: answering.take_back(submission=Submission.objects.get(answer__student=aylin.user)),
        lambda assignment, aylin: create_feedback(Submission.objects.get(answer__student=aylin.user)),
        lambda assignment, aylin: create_feedback(Submission.objects.get(answer__student=aylin.user), released_at=NOW),
    ],
    ids=["draft", "taken back", "feedback", "released"],
)
def test_poll_reports_every_kind_of_change(poll_again, assignment, class_of_three, change):
    aylin = class_of_three[0]
    change(assignment, aylin)
    assert list(poll_again()["rows"]) == [aylin.tag]
    assert poll_again() is None


def test_poll_reports_changes_of_feedback(assignment, student, poll):
    feedback = create_feedback(hand_in(assignment, student))
    poll()
    for change in ({"released_at": NOW}, {"verdict": Verdict.DONE, "revision": 2}):
        Feedback.objects.update(**change)
        assert list(poll()["rows"]) == [student.tag]
    feedback.delete()
    assert poll()["rows"][student.tag]["states"] == ["ingeleverd", "leeg"]
    assert poll() is None


def test_poll_reports_an_emptied_draft(poll_again, assignment, class_of_three):
    chaima = class_of_three[2]
    write(assignment, chaima, 1, " \n ")
    assert poll_again()["rows"][chaima.tag]["states"] == ["leeg", "leeg"]


def test_poll_reports_a_new_draft_and_an_emptied_one_together(poll_again, assignment, class_of_three):
    aylin, _bram, chaima = class_of_three
    write(assignment, aylin, 1)
    write(assignment, chaima, 1, "")
    assert {tag: row["states"][1] for tag, row in poll_again()["rows"].items()} == {
        aylin.tag: "bezig",
        chaima.tag: "leeg",
    }


def test_poll_does_not_report_a_draft_that_grows(poll_again, assignment, class_of_three):
    write(assignment, class_of_three[2], 1, "Misschien, en dan nog meer.")
    assert poll_again() is None


def test_poll_reports_another_table_after_a_new_enrolment(poll_again, module):
    enrol(module)
    assert poll_again()["is_other_table"] is True
    assert poll_again() is None


def test_poll_reports_another_table_after_names_were_hidden(poll_again, enrolment):
    modules.choose_reading(enrolment=enrolment, hides_names=True)
    assert poll_again()["is_other_table"] is True


def test_choosing_another_group_does_not_change_an_open_page(poll_again, enrolment):
    modules.choose_reading(enrolment=enrolment, group="SW1C")
    assert poll_again()["rows"] == {}


@pytest.mark.parametrize("since", ["", "x", "a.b.c.d", "..", "%00", "é.é.é"])
def test_poll_reports_another_table_for_an_invalid_token(client, page, module, class_of_three, since):
    assert page(f"wijzigingen/?sinds={since}").json()["is_other_table"] is True


def test_poll_without_changes_takes_six_queries(client, page, module, class_of_three, django_assert_num_queries):
    since = page("wijzigingen/").json()["since"]
    with django_assert_num_queries(6):
        assert page(f"wijzigingen/?sinds={since}").status_code == 204


@pytest.mark.parametrize("number", [1, 3])
def test_poll_with_changes_uses_a_fixed_number_of_queries(page, module, django_assert_num_queries, number):
    since = page("wijzigingen/").json()["since"]
    for _each in range(number):
        assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * number))
        for _other in range(number):
            create_feedback(hand_in(assignment, enrol(module), 0))
    with django_assert_num_queries(13):
        assert page(f"wijzigingen/?sinds={since}").status_code == 200


# --- Exports ---


def sheets(response) -> dict[str, list[list]]:
    workbook = openpyxl.load_workbook(io.BytesIO(response.content))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in workbook}


def lines(response) -> list[list[str]]:
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def test_xlsx_and_csv_contain_the_table(page, class_of_three):
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


def test_xlsx_and_csv_contain_the_latest_submissions(page, teacher, module, assignment, student):
    assignment.due_at = timezone.now() - timedelta(days=1)
    assignment.save()
    hand_in(assignment, student, 0, "Eerst dit.")
    submission = hand_in(assignment, student, 0, "Toen dit.")
    create_feedback(submission, teacher, Verdict.AGAIN, text="Bijna.", released_at=timezone.now())
    create_feedback(submission, UserFactory(name="Omar Said"), text="Mooi.")
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


def test_export_has_the_released_and_the_changed_text_of_feedback(page, teacher, assignment, student):
    release = {"released_at": NOW, "released_text": "Bijna.", "released_verdict": Verdict.AGAIN}
    create_feedback(hand_in(assignment, student), teacher, Verdict.DONE, text="Klaar.", **release)
    assert lines(page("export.csv?blad=ingeleverd"))[1][-1] == (
        f"Karin Vos (graag aanvullen, vrijgegeven op {timezone.localtime(NOW):%d-%m-%Y}): Bijna.\n\n"
        "Karin Vos (afgerond, nog niet vrijgegeven): Klaar."
    )


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\t=1+1", '=HYPERLINK("http://elders.example")', "＝1+1"]
DANGEROUS += [
    "\u00a0=1",
    "\u2003 +1",
    "\u200b=1",
    "\ufeff=1",
    "\u00ad-1",
    "\u2800@A1",
    "﹦1",
    "\u200b\t＝1",
    "  \t =1",
    "\n=1",
]


@pytest.mark.parametrize("text", DANGEROUS, ids=ascii)
def test_texts_of_users_are_never_exported_as_formulas(page, module, assignment, text):
    member = enrol(module, UserFactory(name=text.strip()))
    hand_in(assignment, member, 0, text)
    workbook = openpyxl.load_workbook(io.BytesIO(page("export.xlsx").content))
    cells = [cell for sheet in workbook for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert text in {cell.value for cell in cells}
    for path in ("export.csv", "export.csv?blad=ingeleverd"):
        for line in lines(page(path)):
            assert not [value for value in line if value.lstrip(" ").startswith(progress_sheets.FORMULA)]
    assert f"'{text}" in lines(page("export.csv?blad=ingeleverd"))[1]


def test_export_removes_only_characters_that_a_sheet_cannot_contain(page, assignment, student):
    hand_in(assignment, student, 0, 'Een\x07 bel;\nen "meer"')
    assert sheets(page("export.xlsx"))["Ingeleverd"][1][6] == 'Een bel;\nen "meer"'
    assert lines(page("export.csv?blad=ingeleverd"))[1][6] == 'Een bel;\nen "meer"'


@pytest.mark.parametrize("newline", ["\v", "\u2028", "\u2029", "\r\n"], ids=ascii)
def test_a_newline_of_an_earlier_version_divides_two_lines_in_an_export(page, assignment, student, newline):
    submission = hand_in(assignment, student)
    Submission.objects.filter(pk=submission.pk).update(text=f"regel een{newline}regel twee")
    assert sheets(page("export.xlsx"))["Ingeleverd"][1][6] == "regel een\nregel twee"
    assert lines(page("export.csv?blad=ingeleverd"))[1][6] == "regel een\nregel twee"


def test_csv_is_in_the_form_that_excel_opens(page, class_of_three):
    response = page("export.csv")
    assert response.content.startswith(b"\xef\xbb\xbfStudent;Klas;")
    assert response.content.count(b"\r\n") == 4
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_name_of_an_export_has_the_module_and_the_date(page, module, class_of_three):
    module.title = 'Wijk "2B"; één\r\n'
    module.save()
    day = f"{timezone.localdate():%Y-%m-%d}"
    assert (
        page("export.xlsx")["Content-Disposition"] == f'attachment; filename="voortgang-wijk-2b-een-blok-2-{day}.xlsx"'
    )
    assert page("export.csv?klas=SW1A")["Content-Disposition"].endswith(f'-sw1a-{day}.csv"')


@pytest.mark.parametrize("number", [1, 3])
def test_export_uses_a_fixed_number_of_queries(page, module, django_assert_num_queries, number):
    for _each in range(number):
        assignment = AssignmentFactory(module=module)
        for _other in range(number):
            create_feedback(hand_in(assignment, enrol(module)))
    with django_assert_num_queries(12):
        page("export.xlsx")


# --- Reading choices ---


@pytest.fixture
def choose(client, teacher, module):
    client.force_login(teacher)
    return lambda **chosen: client.post(f"/modules/{module.pk}/leeswijze/", chosen)


def test_reading_choice_is_saved_without_changing_the_others(choose, enrolment):
    choose(by="student", group="SW1C")
    choose(names="verborgen")
    choose(size="kort")
    enrolment.refresh_from_db()
    assert enrolment.reading == ReadingChoices(by=ReadBy.STUDENT, group="SW1C", hides_names=True, is_compact=True)
    choose(names="tonen", group="")
    choose(size="ruim")
    enrolment.refresh_from_db()
    assert enrolment.reading == ReadingChoices(by=ReadBy.STUDENT)


def test_reading_choice_of_newer_code_is_ignored(enrolment):
    enrolment.reading_choices = {"by": "student", "font": "groot"}
    assert enrolment.reading == ReadingChoices(by=ReadBy.STUDENT)


def test_reading_choices_belong_to_one_teacher(choose, module):
    colleague = enrol(module, role=Role.TEACHER)
    choose(names="verborgen")
    colleague.refresh_from_db()
    assert colleague.reading == ReadingChoices()


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"by": "klas"},
        {"by": ""},
        {"group": "SW9"},
        {"names": "ja"},
        {"by": "vraag", "names": ""},
        {"size": "klein"},
    ],
)
def test_invalid_reading_choices_return_400_and_change_nothing(choose, enrolment, chosen):
    assert choose(**chosen).status_code == 400
    enrolment.refresh_from_db()
    assert enrolment.reading_choices == {}


@pytest.mark.parametrize(
    "back", ["/modules/1/voortgang/?toon=nog-te-lezen", "/opdrachten/2/feedback/?vraag=a#antwoord-3"]
)
def test_reading_choice_redirects_back_to_its_page(choose, back):
    assert choose(names="verborgen", terug=back).url == back


@pytest.mark.parametrize("back", ["", "https://elders.example/", "//elders.example/", "javascript:alert(1)"])
def test_reading_choice_does_not_redirect_to_other_sites(choose, module, back):
    assert choose(names="verborgen", terug=back).url == f"/modules/{module.pk}/voortgang/"


def test_only_teachers_of_the_module_have_reading_choices(client, module):
    path = f"/modules/{module.pk}/leeswijze/"
    assert client.post(path, {"names": "verborgen"}).url == f"/account/inloggen/?next={path}"
    client.force_login(UserFactory(groups=["Docenten"]))
    assert client.post(path, {"names": "verborgen"}).status_code == 404
    client.force_login(enrol(module).user)
    assert client.post(path, {"names": "verborgen"}).status_code == 403
    assert client.get(path).status_code == 405
