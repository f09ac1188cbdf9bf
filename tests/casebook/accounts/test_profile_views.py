"""/mijn-gegevens/: taking along, changing, and leaving."""

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casebook.accounts import deletion
from casebook.models import User
from questions.models import (
    Answer,
    AnswerVersion,
    DepartedWork,
    Enrolment,
    Extension,
    Feedback,
    Module,
    Role,
    SharedReading,
    Submission,
    TeacherInvitation,
)
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, EnrolmentFactory, ModuleFactory, enrol, extend
from tests.questions.pages.test_portfolio import first_question, hand_in, react, write

pytestmark = pytest.mark.django_db

PASSWORD = "een lang wachtwoord"
PAGES = ("own_data", "own_data_json", "own_data_leave")
POSTS = ("own_data", "own_data_leave")


@pytest.fixture
def person():
    person = UserFactory(name="Noor Rahimi", email="noor@example.org")
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def assignment(person):
    assignment = AssignmentFactory(case=published_case(kolbs=["doener", "denker"]))
    enrol(assignment.module, person)
    return assignment


@pytest.fixture
def browser_of(person, client):
    client.force_login(person)
    return client


def leave(client, proof=PASSWORD):
    return client.post(reverse("own_data_leave"), {"proof": proof})


def is_signed_in(client) -> bool:
    return client.get(reverse("own_data")).status_code == 200


def sign_in(client, email="noor@example.org", password=PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def let_the_days_pass(person) -> None:
    User.objects.filter(pk=person.pk).update(deletion_due_at=timezone.now() - timedelta(minutes=1))


# --- name and address ---


def test_a_name_is_changed(browser_of, person):
    response = browser_of.post(reverse("own_data"), {"form": "naam", "name": "  Noor van Dam "})
    assert response["Location"] == reverse("own_data")
    person.refresh_from_db()
    assert person.name == "Noor van Dam"


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "Noor\0"])
def test_a_name_that_is_none_is_not_stored(browser_of, person, name):
    response = browser_of.post(reverse("own_data"), {"form": "naam", "name": name})
    assert response.status_code == 200
    assert 'aria-invalid="true"' in response.content.decode()
    person.refresh_from_db()
    assert person.name == "Noor Rahimi"


def test_an_address_is_changed_in_lower_case_and_signs_in_from_then_on(browser_of, person):
    sent = {"form": "adres", "email": " Noor.VanDam@Example.org ", "proof": PASSWORD}
    assert browser_of.post(reverse("own_data"), sent).status_code == 302
    person.refresh_from_db()
    assert person.email == "noor.vandam@example.org"
    assert is_signed_in(browser_of)
    other = Client()
    sign_in(other)
    assert not is_signed_in(other)
    sign_in(other, "noor.vandam@example.org")
    assert is_signed_in(other)


@pytest.mark.parametrize(
    ("email", "proof", "said"),
    [
        ("nieuw@example.org", "verkeerd", "Dit is niet je wachtwoord."),
        ("nieuw@example.org", "", "zo weten we dat jij het bent"),
        ("BEZET@example.org", PASSWORD, "Er is al een account met dit e-mailadres."),
        ("geen adres", PASSWORD, "Dit is geen e-mailadres."),
        ("", PASSWORD, "Vul je nieuwe e-mailadres in."),
        ("nieuw@example.org\0", PASSWORD, "errorlist"),
    ],
    ids=["wrong password", "no password", "taken", "no address", "empty", "null"],
)
def test_an_address_is_not_changed(browser_of, person, email, proof, said):
    UserFactory(email="bezet@example.org")
    response = browser_of.post(reverse("own_data"), {"form": "adres", "email": email, "proof": proof})
    assert response.status_code == 200
    assert said in response.content.decode()
    person.refresh_from_db()
    assert person.email == "noor@example.org"


def test_whether_an_address_is_taken_is_told_only_to_who_knows_the_password(browser_of):
    UserFactory(email="bezet@example.org")
    response = browser_of.post(
        reverse("own_data"), {"form": "adres", "email": "bezet@example.org", "proof": "verkeerd"}
    )
    assert "Er is al een account" not in response.content.decode()


def test_the_password_is_never_sent_back(browser_of):
    response = browser_of.post(reverse("own_data"), {"form": "adres", "email": "", "proof": PASSWORD})
    assert PASSWORD not in response.content.decode()


def test_an_address_of_an_account_whose_day_has_come_is_free(browser_of, person):
    let_the_days_pass(UserFactory(email="weg@example.org"))
    browser_of.post(reverse("own_data"), {"form": "adres", "email": "weg@example.org", "proof": PASSWORD})
    person.refresh_from_db()
    assert person.email == "weg@example.org"


# --- taking along ---


def test_everything_can_be_taken_along(browser_of, person, assignment):
    teacher = UserFactory(name="Karin Vos")
    submission = hand_in(person, assignment, first_question(assignment), "Ik bel Hans.")
    react(submission, teacher, text="Mooi.")
    extend(assignment, Enrolment.objects.get(user=person), timezone.now(), "ziek geweest")
    taught = AssignmentFactory(case=assignment.edition.case)
    enrol(taught.module, person, role=Role.TEACHER)
    react(hand_in(UserFactory(), taught, first_question(taught), "Van een ander."), person, text="Wat ik schreef.")
    TeacherInvitation.objects.create(email=person.email, token_hash="x", expires_at=timezone.now())
    content = browser_of.get(reverse("own_data_json")).content.decode()
    data = json.loads(content)
    assert data["account"]["email"] == "noor@example.org"
    assert {each["role"] for each in data["enrolments"]} == {"student", "teacher"}
    assert data["extensions"][0]["reason"] == "ziek geweest"
    assert data["answers"]["modules"][0]["assignments"][0]["answers"][0]["text"] == "Ik bel Hans."
    assert data["feedback_given"][0]["text"] == "Wat ik schreef."
    assert len(data["invitations"]) == 1
    assert "Van een ander." not in content


def test_feedback_that_is_not_released_is_its_writers_alone(browser_of, person, assignment):
    react(hand_in(person, assignment, first_question(assignment)), text="Nog niet af.", is_released=False)
    assert "Nog niet af." not in browser_of.get(reverse("own_data_json")).content.decode()


def test_the_copy_says_nothing_that_opens_the_account(browser_of, person):
    content = browser_of.get(reverse("own_data_json")).content.decode()
    assert person.password not in content


# --- leaving ---


def test_the_page_says_first_what_goes_and_what_stays(browser_of, person, assignment):
    react(hand_in(person, assignment, first_question(assignment)))
    react(hand_in(UserFactory(), assignment, first_question(assignment)), person)
    content = browser_of.get(reverse("own_data_leave")).content.decode()
    for words in (
        "Wat verdwijnt",
        "1 antwoord, met alle eerdere versies.",
        "De feedback die je kreeg, 1 keer.",
        "Wat blijft",
    ):
        assert words in content
    assert "De feedback die je vrijgaf, 1 keer." in content
    person.refresh_from_db()
    assert person.deletion_due_at is None


def test_leaving_takes_seven_days_and_signs_out_everywhere(browser_of, person):
    phone = Client()
    sign_in(phone)
    assert is_signed_in(phone)
    response = leave(browser_of)
    assert response["Location"] == reverse("own_data_goodbye")
    person.refresh_from_db()
    assert timedelta(days=6, hours=23) < person.deletion_due_at - timezone.now() <= timedelta(days=7)
    assert not is_signed_in(browser_of)
    assert not is_signed_in(phone)
    assert "Je account wordt gewist op" in browser_of.get(reverse("own_data_goodbye")).content.decode()


@pytest.mark.parametrize("proof", ["", "verkeerd", "noor@example.org"])
def test_nobody_leaves_without_proof(browser_of, person, proof):
    assert leave(browser_of, proof).status_code == 200
    person.refresh_from_db()
    assert person.deletion_due_at is None
    assert is_signed_in(browser_of)


def test_signing_in_within_seven_days_calls_it_off_and_says_so(browser_of, person, assignment):
    write(person, first_question(assignment), "Ik bel Hans.", assignment)
    leave(browser_of)
    response = sign_in(browser_of)
    page = browser_of.get(response["Location"]).content.decode()
    assert "Je account wordt niet gewist" in page
    person.refresh_from_db()
    assert person.deletion_due_at is None
    call_command("tidy")
    assert Answer.objects.get(student=person).text == "Ik bel Hans."


def test_any_other_way_in_calls_it_off_too(browser_of, person):
    leave(browser_of)
    browser_of.force_login(person)
    person.refresh_from_db()
    assert person.deletion_due_at is None
    assert is_signed_in(browser_of)


def test_after_seven_days_nobody_signs_in_any_more(browser_of, person):
    leave(browser_of)
    let_the_days_pass(person)
    sign_in(browser_of)
    assert not is_signed_in(browser_of)
    browser_of.force_login(person)
    assert not is_signed_in(browser_of)
    person.refresh_from_db()
    assert person.deletion_due_at is not None


def test_a_session_of_before_is_of_no_use_in_the_meantime(browser_of, person, assignment):
    question = first_question(assignment)
    phone = Client()
    sign_in(phone)
    leave(browser_of)
    address = f"{reverse('questions:save_answer', args=[question.pk])}?opdracht={assignment.pk}"
    sent = {"text": "Nog iets.", "revision": 0, "writer": "w", "seq": 1, "user": person.pk}
    assert phone.post(address, sent, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 401


# --- what goes and what stays ---


def test_a_students_work_goes_and_a_count_stays(browser_of, person, assignment):
    first, second = assignment.questions.order_by("position")
    react(hand_in(person, assignment, first, "Ik bel Hans, en dan ga ik langs bij de buren."))
    write(person, first, "Kort.", assignment, revision=1)
    hand_in(person, assignment, second)
    write(person, second)
    SharedReading.objects.create(assignment=assignment, student=person)
    extend(assignment, Enrolment.objects.get(user=person), timezone.now())
    leave(browser_of)
    let_the_days_pass(person)
    call_command("tidy")
    assert not User.objects.filter(email="noor@example.org").exists()
    for model in (Answer, AnswerVersion, Submission, Feedback, SharedReading, Extension):
        assert not model.objects.exists(), model
    assert not Enrolment.objects.filter(role=Role.STUDENT).exists()
    work = DepartedWork.objects.get(assignment=assignment)
    assert (work.students, work.answers) == (1, 2)


def test_counts_add_up(assignment):
    for _number in range(2):
        student = enrol(assignment.module).user
        hand_in(student, assignment, first_question(assignment))
        deletion.erase(user=student)
    work = DepartedWork.objects.get()
    assert (work.students, work.answers) == (2, 2)


def test_a_student_who_handed_nothing_in_leaves_no_count(person, assignment):
    write(person, first_question(assignment), assignment=assignment)
    submission = hand_in(person, assignment, assignment.questions.order_by("position")[1])
    submission.withdrawn_at = timezone.now()
    submission.save()
    deletion.erase(user=person)
    assert not DepartedWork.objects.exists()


def test_the_work_of_others_stays(person, assignment):
    other = enrol(assignment.module).user
    hand_in(other, assignment, first_question(assignment), "Van een ander.")
    hand_in(person, assignment, first_question(assignment))
    deletion.erase(user=person)
    assert [submission.text for submission in Submission.objects.all()] == ["Van een ander."]


def test_a_teachers_feedback_stays_without_a_name_and_the_unreleased_goes(assignment):
    student = enrol(assignment.module).user
    first, second = assignment.questions.order_by("position")
    submission = hand_in(student, assignment, first)
    teachers = [enrol(assignment.module, role=Role.TEACHER).user for _number in range(2)]
    for teacher in teachers:
        react(submission, teacher, text="Mooi gezien.")
    react(hand_in(student, assignment, second), teachers[0], text="Nog niet af.", is_released=False)
    for teacher in teachers:
        deletion.erase(user=teacher)
    assert [(given.author, given.text) for given in Feedback.objects.all()] == [(None, "Mooi gezien.")] * 2


def test_what_quotes_the_name_or_the_address_goes_too(person):
    LogEntry.objects.create(
        user=UserFactory(),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=str(person),
        action_flag=2,
    )
    TeacherInvitation.objects.create(email=person.email, token_hash="x", expires_at=timezone.now())
    deletion.erase(user=person)
    assert not LogEntry.objects.exists()
    assert not TeacherInvitation.objects.exists()


# --- the last teacher ---


def test_the_last_teacher_of_a_module_hands_over_first(browser_of, person):
    module = ModuleFactory(title="Sociaal werk", teacher=person)
    enrol(module)
    content = leave(browser_of).content.decode()
    assert "Sociaal werk" in content
    assert module.get_absolute_url() in content
    assert "Wis mijn account" not in content
    person.refresh_from_db()
    assert person.deletion_due_at is None


@pytest.mark.parametrize(
    "fields",
    [{"left_at": timezone.now()}, {"user__is_active": False}, {"user__deletion_due_at": timezone.now()}],
    ids=["left", "switched off", "leaving too"],
)
def test_a_colleague_who_is_gone_is_no_one_to_hand_over_to(browser_of, person, fields):
    module = ModuleFactory(teacher=person)
    enrol(module)
    EnrolmentFactory(module=module, role=Role.TEACHER, **fields)
    assert leave(browser_of).status_code == 200
    person.refresh_from_db()
    assert person.deletion_due_at is None


def test_with_a_colleague_one_may_go_and_the_module_stays(browser_of, person):
    module = ModuleFactory(teacher=person)
    enrol(module)
    enrol(module, role=Role.TEACHER)
    assert leave(browser_of).status_code == 302
    let_the_days_pass(person)
    call_command("tidy")
    assert module.enrolments.count() == 2


def test_an_archived_module_waits_for_nobody(browser_of, person):
    module = ModuleFactory(teacher=person, archived_at=timezone.now())
    student = enrol(module).user
    assignment = AssignmentFactory(module=module)
    hand_in(student, assignment, first_question(assignment))
    assert leave(browser_of).status_code == 302
    deletion.erase(user=person)
    assert Module.objects.get() == module
    assert Answer.objects.count() == 1


def test_a_module_where_nobody_else_ever_was_goes_along(browser_of, person):
    AssignmentFactory(module=ModuleFactory(teacher=person))
    assert leave(browser_of).status_code == 302
    let_the_days_pass(person)
    call_command("tidy")
    assert not Module.objects.exists()


def test_a_student_of_a_module_with_one_teacher_may_go(browser_of, person, assignment):
    assert leave(browser_of).status_code == 302


def test_a_module_that_lost_its_other_teacher_in_those_days_is_named(person, capsys):
    module = ModuleFactory(title="Sociaal werk", teacher=person)
    enrol(module)
    let_the_days_pass(person)
    call_command("tidy")
    assert "«Sociaal werk» has no teacher any more" in capsys.readouterr().err
    assert module.enrolments.count() == 1


# --- tidying ---


def test_tidying_leaves_alone_what_is_not_due(person):
    User.objects.filter(pk=person.pk).update(deletion_due_at=timezone.now() + timedelta(minutes=1))
    call_command("tidy")
    assert User.objects.filter(pk=person.pk).exists()


def test_tidying_twice_does_no_harm(person, assignment):
    hand_in(person, assignment, first_question(assignment))
    let_the_days_pass(person)
    call_command("tidy")
    call_command("tidy")
    deletion.erase(user=person)
    assert DepartedWork.objects.get().answers == 1


def test_tidying_throws_old_sessions_away():
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1))
    call_command("tidy")
    assert [session.session_key for session in Session.objects.all()] == ["new"]


def test_an_administrator_can_have_one_account_forgotten(person):
    other = UserFactory()
    call_command("tidy", forget="Noor@example.org")
    assert list(User.objects.all()) == [other]


def test_forgetting_nobody_is_an_error():
    with pytest.raises(CommandError, match="no account"):
        call_command("tidy", forget="niemand@example.org")


def test_the_address_is_free_for_a_new_account_as_soon_as_the_day_has_come(client, person):
    let_the_days_pass(person)
    sent = {"name": "Nieuw", "email": "noor@example.org", "password1": "nog een lang wachtwoord"}
    client.post(reverse("account_signup"), sent)
    assert [user.name for user in User.objects.filter(email="noor@example.org")] == ["Nieuw"]


def test_the_admin_has_no_other_way_to_delete_a_person(client, person):
    client.force_login(UserFactory(is_superuser=True))
    address = reverse("admin:casebook_user_delete", args=[person.pk])
    assert client.get(address).status_code == 403
    assert client.post(address, {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"}
    client.post(reverse("admin:casebook_user_changelist"), chosen)
    assert User.objects.filter(pk=person.pk).exists()


# --- doors ---


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_for_people_with_an_account(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].endswith(f"?next={reverse(name)}")


@pytest.mark.parametrize("name", POSTS)
def test_nothing_is_changed_without_an_account(client, name):
    assert client.post(reverse(name), {"name": "x"}).status_code == 302


@pytest.mark.parametrize("name", PAGES)
def test_nothing_between_us_and_them_keeps_these_pages(browser_of, name):
    assert browser_of.get(reverse(name))["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("name", ["own_data_json", "own_data_goodbye"])
def test_reading_is_no_post(browser_of, name):
    assert browser_of.post(reverse(name)).status_code == 405


@pytest.mark.parametrize("name", ["own_data", "own_data_leave"])
def test_forms_know_no_other_method(browser_of, name):
    assert browser_of.put(reverse(name)).status_code == 405


@pytest.mark.parametrize("form", ["", "iets anders"])
def test_a_form_that_is_not_there_is_refused(browser_of, form):
    assert browser_of.post(reverse("own_data"), {"form": form, "name": "x"}).status_code == 400


def test_goodbye_is_for_who_is_signed_out(client):
    assert client.get(reverse("own_data_goodbye")).status_code == 200
