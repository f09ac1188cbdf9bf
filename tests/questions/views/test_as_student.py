"""«Bekijk als student»: what a student of the module has, for its teacher; nothing stored, nothing of any student."""

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
def look(client, teacher):
    client.force_login(teacher)
    return lambda row: " ".join(client.get(f"{row.get_absolute_url()}als-student/").content.decode().split())


def main_of(page: str) -> str:
    return page.split("<main")[1].split("</main>")[0]


def as_shown(page: str) -> str:
    """The words of a page, in order, with what hangs on one person's own date, name or token left out."""
    return " ".join(re.sub(r"<[^>]+>", " ", main_of(page)).split())


# --- An assignment ---


def test_it_reads_as_the_page_of_a_student_does(client, look, assignment, module):
    preview = as_shown(look(assignment))
    client.force_login(enrol(module).user)
    page = " ".join(client.get(assignment.get_absolute_url()).content.decode().split())
    page = re.sub(r'<div id="schrijven".*?</dialog>|<p [^>]*data-without-script>.*?</p>', "", page)
    note = "Zo ziet een student dit. Er wordt niets bewaard. Terug naar je module als docent "
    assert preview.count("Opslaan") == 0
    assert preview.replace(note, "") == " ".join(as_shown(page).replace("Opslaan", " ").split())


def test_the_fields_are_there_and_nothing_of_them_is_saved(look, assignment):
    page = main_of(look(assignment))
    assert page.count("<textarea") == 2
    assert len(re.findall(r"<textarea[^>]* disabled>", page)) == 2
    buttons = re.findall(r"<button[^>]*>", page)
    assert len(buttons) == 3  # hand in one, the other, all
    assert all('type="button" disabled' in button for button in buttons)
    for sent in ("<form", "data-save=", "data-revision", "csrfmiddlewaretoken", 'name="user"'):
        assert sent not in page
    assert "js/writing.js" not in look(assignment)
    assert "js/seen.js" not in look(assignment)


def test_there_is_a_way_back(look, assignment, module):
    page = look(assignment)
    assert f'<a href="{module.get_absolute_url()}">Terug naar je module als docent</a>' in page
    assert f'href="{module.get_absolute_url()}als-student/"' in page  # and on, as a student would go


def test_the_students_own_address_is_the_same_to_a_teacher(client, look, teacher, assignment):
    page = " ".join(client.get(assignment.get_absolute_url()).content.decode().split())
    assert as_shown(page) == as_shown(look(assignment))


def test_nothing_of_a_student_or_of_oneself_is_on_it(look, module, teacher, assignment):
    student = enrol(module, UserFactory(name="Bram Wielewaal"), group="SW9Z")
    extend(assignment, student, timezone.now() + timedelta(days=9), reason="kneureden")
    submission = hand_in(assignment, student, 0, "putteringeleverd")
    Feedback.objects.create(submission=submission, author=teacher, text="merelfeedback", released_at=timezone.now())
    question = assignment.questions.get(key="vraag-2")
    Answer.objects.create(student=student.user, question=question, assignment=assignment, text="sijsconcept")
    Answer.objects.create(student=teacher, question=question, text="winterkoningvoormezelf")
    for page in (look(assignment), look(module)):
        for word in ("Wielewaal", "SW9Z", "kneureden", "putter", "merel", "sijs", "winterkoning", student.tag):
            assert word not in page


def test_looking_stores_nothing(client, look, teacher, assignment, module):
    """From the first look on, and not in the session either, which is a row as well."""
    with CaptureQueriesContext(connection) as queries:
        look(assignment)
        look(module)
        client.get(assignment.get_absolute_url())
    assert not [q["sql"] for q in queries if q["sql"].startswith(WRITES)]


def test_what_a_student_sends_is_refused_from_a_teacher(client, teacher, assignment):
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


def test_before_it_opens_that_is_said_above_what_comes(look, assignment):
    assert "gaat open" not in look(assignment)
    assignment.opens_at = timezone.now() + timedelta(days=1)
    assignment.save()
    page = look(assignment)
    assert "De opdracht gaat open morgen om" in page
    assert "tot dan zien studenten in de module alleen de titel en die datum." in page
    assert "Lees eerst." in page


def test_a_closed_assignment_shows_that_it_is(look, assignment):
    assignment.closed_at = timezone.now() - timedelta(hours=1)
    assignment.save()
    page = main_of(look(assignment))
    assert "Gesloten: inleveren kan niet meer." in page
    assert "<button" not in page


# --- A module ---


def test_the_module_reads_as_the_page_of_a_student_does(client, look, module, assignment):
    AssignmentFactory(module=module, case=assignment.edition.case, opens_at=timezone.now() + timedelta(days=1))
    preview = look(module)
    client.force_login(enrol(module).user)
    page = " ".join(client.get(module.get_absolute_url()).content.decode().split())
    note = "Zo ziet een student dit. Er wordt niets bewaard. Terug naar je module als docent "
    assert as_shown(preview).replace(note, "") == as_shown(page)
    assert "0 van 2 vragen ingeleverd" in as_shown(preview)


def test_its_assignments_open_as_a_student_too_and_what_is_announced_does_not(look, module, assignment):
    later = AssignmentFactory(module=module, case=assignment.edition.case, opens_at=timezone.now() + timedelta(days=1))
    page = main_of(look(module))
    assert f'href="/opdrachten/{assignment.pk}/als-student/"' in page
    assert f"/opdrachten/{later.pk}/" not in page
    assert "gaat open morgen om" in page


def test_both_are_offered_on_the_teachers_own_page(client, teacher, module, assignment):
    client.force_login(teacher)
    page = client.get(module.get_absolute_url()).content.decode()
    assert f'href="{module.get_absolute_url()}als-student/"' in page
    assert f'href="{assignment.get_absolute_url()}als-student/"' in page


# --- For whom, and what it costs ---


def test_it_is_for_teachers_of_the_module(client, module, assignment):
    student = enrol(module).user
    for row in (module, assignment):
        address = f"{row.get_absolute_url()}als-student/"
        client.logout()
        assert client.get(address).url == f"/account/inloggen/?next={address}"
        for person, status in [(student, 403), (UserFactory(groups=["Docenten"]), 404)]:
            client.force_login(person)
            assert client.get(address).status_code == status


def test_a_teacher_is_no_student_afterwards(look, module, assignment):
    look(assignment)
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_however_many(look, module, count):
    for _each in range(count):
        assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * count))
        hand_in(assignment, enrol(module), 0)
    with CaptureQueriesContext(connection) as queries:
        look(assignment)
    assert len(queries) == 10
    with CaptureQueriesContext(connection) as queries:
        look(module)
    assert len(queries) == 5
