"""Tests of «Bekijk als student», the previews of the student pages for teachers.

Previews store nothing and contain no data of students.
"""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from questions.models import Answer, Enrolment, Feedback, SharedReading, Submission
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, extend, hand_in

pytestmark = pytest.mark.django_db
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, title="Sociaal werk in de wijk")


@pytest.fixture
def assignment(module):
    case = published_case(title="De koelkast", kolbs=["doener", "denker"])
    return AssignmentFactory(module=module, case=case, instructions="Lees eerst.", share=True)


@pytest.fixture
def get_preview(client, teacher):
    client.force_login(teacher)
    return lambda row: " ".join(client.get(f"{row.get_absolute_url()}als-student/").content.decode().split())


def main_content(page: str) -> str:
    return page.split("<main")[1].split("</main>")[0]


def visible_text(page: str) -> str:
    """Return the visible text of the main part of a page, in which dates, names and tokens of one user do not occur."""
    return " ".join(re.sub(r"<[^>]+>", " ", main_content(page)).split())


def without_place(page: str) -> str:
    """Return the page without breadcrumbs, heading and the links to the other pages of the teacher."""
    return re.sub(r'<p class="[^"]*crumbs">.*?</p>|<h1>[^<]*</h1>|<nav class="page-tabs".*?</nav>', "", page)


# --- An assignment ---


def test_preview_of_an_assignment_has_the_text_of_the_page_for_students(client, get_preview, assignment, module):
    preview = visible_text(without_place(get_preview(assignment)))
    client.force_login(enrol(module).user)
    page = without_place(" ".join(client.get(assignment.get_absolute_url()).content.decode().split()))
    page = re.sub(r'<div id="schrijven".*?</dialog>|<p [^>]*data-without-script>.*?</p>', "", page)
    note = "Zo ziet een student dit. Er wordt niets bewaard. Terug naar je module als docent "
    assert preview.count("Opslaan") == 0
    without_saving = re.sub("Opslaan(: vraag [0-9]+)?", " ", visible_text(page).replace("Opslaan :", "Opslaan:"))
    assert preview.replace(note, "") == " ".join(without_saving.split())


def test_fields_and_buttons_of_the_preview_are_disabled(get_preview, assignment):
    page = main_content(get_preview(assignment))
    assert page.count("<textarea") == 2
    assert len(re.findall(r"<textarea[^>]* disabled>", page)) == 2
    buttons = re.findall(r"<button[^>]*>", page)
    assert len(buttons) == 3  # hand in one, the other, all
    assert all('type="button" disabled' in button for button in buttons)
    for fragment in ("<form", "data-save=", "data-revision", "csrfmiddlewaretoken", 'name="user"'):
        assert fragment not in page
    assert "js/writing.js" not in get_preview(assignment)
    assert "js/seen.js" not in get_preview(assignment)


def test_preview_links_back_to_the_module(get_preview, assignment, module):
    page = get_preview(assignment)
    assert f'<a href="{module.get_absolute_url()}">Terug naar je module als docent</a>' in page


def test_teacher_sees_the_preview_at_the_address_for_students(client, get_preview, teacher, assignment):
    page = " ".join(client.get(assignment.get_absolute_url()).content.decode().split())
    assert visible_text(page) == visible_text(get_preview(assignment))


def test_preview_contains_no_data_of_students_or_of_the_teacher(get_preview, module, teacher, assignment):
    student = enrol(module, UserFactory(name="Bram Wielewaal"), group="SW9Z")
    extend(assignment, student, timezone.now() + timedelta(days=9), reason="kneureden")
    submission = hand_in(assignment, student, 0, "putteringeleverd")
    Feedback.objects.create(submission=submission, author=teacher, text="merelfeedback", released_at=timezone.now())
    question = assignment.questions.get(key="vraag-2")
    Answer.objects.create(student=student.user, question=question, assignment=assignment, text="sijsconcept")
    Answer.objects.create(student=teacher, question=question, text="winterkoningvoormezelf")
    for page in (get_preview(assignment), get_preview(module)):
        for word in ("Wielewaal", "SW9Z", "kneureden", "putter", "merel", "sijs", "winterkoning", student.tag):
            assert word not in page


def test_preview_stores_nothing(client, get_preview, teacher, assignment, module):
    """This includes the first request and the session, which is a row as well."""
    with CaptureQueriesContext(connection) as queries:
        get_preview(assignment)
        get_preview(module)
        client.get(assignment.get_absolute_url())
    assert not [q["sql"] for q in queries if q["sql"].startswith(WRITES)]


def test_requests_of_the_student_page_are_refused_for_a_teacher(client, teacher, assignment):
    client.force_login(teacher)
    question = assignment.questions.first()
    desk = assignment.get_absolute_url()
    assert client.post(f"{desk}als-student/", {"text": "Toch."}).status_code == 405
    save = f"{reverse('questions:save_answer', args=[question.pk])}?opdracht={assignment.pk}"
    script = {"X-Requested-With": "XMLHttpRequest"}
    assert client.post(save, {"text": "Toch."}, headers=script).status_code == 403
    for act in ("inleveren/", "terugnemen/", "overnemen/", "gedeeld/"):
        assert client.post(f"{desk}{act}", {f"text-{question.pk}": "Toch.", "lever": "alles"}).status_code == 403
    for model in (Answer, Submission, SharedReading):
        assert not model.objects.exists()


def test_preview_before_opening_has_a_note_and_the_content(get_preview, assignment):
    assert "gaat open" not in get_preview(assignment)
    assignment.opens_at = timezone.now() + timedelta(days=1)
    assignment.save()
    page = get_preview(assignment)
    assert "De opdracht gaat open morgen om" in page
    assert "tot dan zien studenten in de module alleen de titel en die datum." in page
    assert "Lees eerst." in page


def test_preview_of_a_closed_assignment_has_a_note(get_preview, assignment):
    assignment.closed_at = timezone.now() - timedelta(hours=1)
    assignment.save()
    page = main_content(get_preview(assignment))
    assert "Gesloten: inleveren kan niet meer." in page
    assert "<button" not in page


# --- A module ---


def test_preview_of_a_module_has_the_text_of_the_page_for_students(client, get_preview, module, assignment):
    AssignmentFactory(module=module, case=assignment.edition.case, opens_at=timezone.now() + timedelta(days=1))
    preview = get_preview(module)
    client.force_login(enrol(module).user)
    page = " ".join(client.get(module.get_absolute_url()).content.decode().split())
    note = "Zo ziet een student dit. Er wordt niets bewaard. Terug naar je module als docent "
    assert visible_text(preview).replace(note, "") == visible_text(page)
    assert "0 van 2 vragen ingeleverd" in visible_text(preview)


def test_preview_of_a_module_links_to_previews_of_open_assignments_only(get_preview, module, assignment):
    later = AssignmentFactory(module=module, case=assignment.edition.case, opens_at=timezone.now() + timedelta(days=1))
    page = main_content(get_preview(module))
    assert f'href="/opdrachten/{assignment.pk}/als-student/"' in page
    assert f"/opdrachten/{later.pk}/" not in page
    assert "gaat open morgen om" in page


def test_module_page_of_a_teacher_links_to_both_previews(client, teacher, module, assignment):
    client.force_login(teacher)
    page = client.get(module.get_absolute_url()).content.decode()
    assert f'href="{module.get_absolute_url()}als-student/"' in page
    assert f'href="{assignment.get_absolute_url()}als-student/"' in page


# --- Access and queries ---


def test_only_teachers_of_the_module_can_open_a_preview(client, module, assignment):
    student = enrol(module).user
    for row in (module, assignment):
        address = f"{row.get_absolute_url()}als-student/"
        client.logout()
        assert client.get(address).url == f"/account/inloggen/?next={address}"
        for user, status in [(student, 403), (UserFactory(groups=["Docenten"]), 404)]:
            client.force_login(user)
            assert client.get(address).status_code == status


def test_preview_does_not_enrol_the_teacher_as_a_student(get_preview, module, assignment):
    get_preview(assignment)
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_previews_use_a_fixed_number_of_queries(get_preview, module, count):
    for _each in range(count):
        assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * count))
        hand_in(assignment, enrol(module), 0)
    with CaptureQueriesContext(connection) as queries:
        get_preview(assignment)
    assert len(queries) == 9
    with CaptureQueriesContext(connection) as queries:
        get_preview(module)
    assert len(queries) == 5
