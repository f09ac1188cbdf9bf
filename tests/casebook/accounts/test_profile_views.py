"""/mijn-gegevens/: changing a profile, exporting data, and deleting an account."""

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
def user_client(person, client):
    client.force_login(person)
    return client


def request_deletion(client, proof=PASSWORD):
    return client.post(reverse("own_data_leave"), {"proof": proof})


def is_signed_in(client) -> bool:
    return client.get(reverse("own_data")).status_code == 200


def sign_in(client, email="noor@example.org", password=PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def make_deletion_due(person) -> None:
    User.objects.filter(pk=person.pk).update(deletion_due_at=timezone.now() - timedelta(minutes=1))


# --- Name and address ---


def test_a_user_can_change_the_name(user_client, person):
    response = user_client.post(reverse("own_data"), {"form": "naam", "name": "  Noor van Dam "})
    assert response["Location"] == reverse("own_data")
    person.refresh_from_db()
    assert person.name == "Noor van Dam"


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "Noor\0"])
def test_an_invalid_name_is_not_saved(user_client, person, name):
    response = user_client.post(reverse("own_data"), {"form": "naam", "name": name})
    assert response.status_code == 200
    assert 'aria-invalid="true"' in response.content.decode()
    person.refresh_from_db()
    assert person.name == "Noor Rahimi"


def test_a_user_can_change_the_address_and_sign_in_with_it(user_client, person):
    sent = {"form": "adres", "email": " Noor.VanDam@Example.org ", "proof": PASSWORD}
    assert user_client.post(reverse("own_data"), sent).status_code == 302
    person.refresh_from_db()
    assert person.email == "noor.vandam@example.org"
    assert is_signed_in(user_client)
    other = Client()
    sign_in(other)
    assert not is_signed_in(other)
    sign_in(other, "noor.vandam@example.org")
    assert is_signed_in(other)


@pytest.mark.parametrize(
    ("email", "proof", "message"),
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
def test_an_invalid_change_of_address_is_not_saved(user_client, person, email, proof, message):
    UserFactory(email="bezet@example.org")
    response = user_client.post(reverse("own_data"), {"form": "adres", "email": email, "proof": proof})
    assert response.status_code == 200
    assert message in response.content.decode()
    person.refresh_from_db()
    assert person.email == "noor@example.org"


def test_a_wrong_password_does_not_reveal_that_an_address_is_taken(user_client):
    UserFactory(email="bezet@example.org")
    response = user_client.post(
        reverse("own_data"), {"form": "adres", "email": "bezet@example.org", "proof": "verkeerd"}
    )
    assert "Er is al een account" not in response.content.decode()


def test_the_password_is_not_in_the_form_that_is_shown_again(user_client):
    response = user_client.post(reverse("own_data"), {"form": "adres", "email": "", "proof": PASSWORD})
    assert PASSWORD not in response.content.decode()


def test_the_address_of_an_account_that_is_due_for_deletion_can_be_used(user_client, person):
    make_deletion_due(UserFactory(email="weg@example.org"))
    user_client.post(reverse("own_data"), {"form": "adres", "email": "weg@example.org", "proof": PASSWORD})
    person.refresh_from_db()
    assert person.email == "weg@example.org"


# --- The data export ---


def test_the_data_export_has_everything_about_the_user(user_client, person, assignment):
    teacher = UserFactory(name="Karin Vos")
    submission = hand_in(person, assignment, first_question(assignment), "Ik bel Hans.")
    react(submission, teacher, text="Mooi.")
    extend(assignment, Enrolment.objects.get(user=person), timezone.now(), "ziek geweest")
    taught = AssignmentFactory(case=assignment.edition.case)
    enrol(taught.module, person, role=Role.TEACHER)
    react(hand_in(UserFactory(), taught, first_question(taught), "Van een ander."), person, text="Wat ik schreef.")
    TeacherInvitation.objects.create(email=person.email, token_hash="x", expires_at=timezone.now())
    content = user_client.get(reverse("own_data_json")).content.decode()
    data = json.loads(content)
    assert data["account"]["email"] == "noor@example.org"
    assert {enrolment["role"] for enrolment in data["enrolments"]} == {"student", "teacher"}
    assert data["extensions"][0]["reason"] == "ziek geweest"
    assert data["answers"]["modules"][0]["assignments"][0]["answers"][0]["text"] == "Ik bel Hans."
    assert data["feedback_given"][0]["text"] == "Wat ik schreef."
    assert len(data["invitations"]) == 1
    assert "Van een ander." not in content


def test_the_data_export_has_no_unreleased_feedback(user_client, person, assignment):
    react(hand_in(person, assignment, first_question(assignment)), text="Nog niet af.", is_released=False)
    assert "Nog niet af." not in user_client.get(reverse("own_data_json")).content.decode()


def test_the_data_export_has_no_password_hash(user_client, person):
    content = user_client.get(reverse("own_data_json")).content.decode()
    assert person.password not in content


# --- A request for account deletion ---


def test_the_form_lists_what_is_deleted_and_what_stays(user_client, person, assignment):
    react(hand_in(person, assignment, first_question(assignment)))
    react(hand_in(UserFactory(), assignment, first_question(assignment)), person)
    content = user_client.get(reverse("own_data_leave")).content.decode()
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


def test_deletion_is_due_after_seven_days_and_all_sessions_end(user_client, person):
    phone = Client()
    sign_in(phone)
    assert is_signed_in(phone)
    response = request_deletion(user_client)
    assert response["Location"] == reverse("own_data_goodbye")
    person.refresh_from_db()
    assert timedelta(days=6, hours=23) < person.deletion_due_at - timezone.now() <= timedelta(days=7)
    assert not is_signed_in(user_client)
    assert not is_signed_in(phone)
    assert "Je account wordt gewist op" in user_client.get(reverse("own_data_goodbye")).content.decode()


@pytest.mark.parametrize("proof", ["", "verkeerd", "noor@example.org"])
def test_deletion_is_not_requested_without_proof(user_client, person, proof):
    assert request_deletion(user_client, proof).status_code == 200
    person.refresh_from_db()
    assert person.deletion_due_at is None
    assert is_signed_in(user_client)


def test_signing_in_within_seven_days_cancels_the_deletion_with_a_message(user_client, person, assignment):
    write(person, first_question(assignment), "Ik bel Hans.", assignment)
    request_deletion(user_client)
    response = sign_in(user_client)
    page = user_client.get(response["Location"]).content.decode()
    assert "Je account wordt niet gewist" in page
    person.refresh_from_db()
    assert person.deletion_due_at is None
    call_command("tidy")
    assert Answer.objects.get(student=person).text == "Ik bel Hans."


def test_any_other_way_to_sign_in_cancels_the_deletion(user_client, person):
    request_deletion(user_client)
    user_client.force_login(person)
    person.refresh_from_db()
    assert person.deletion_due_at is None
    assert is_signed_in(user_client)


def test_a_user_cannot_sign_in_after_seven_days(user_client, person):
    request_deletion(user_client)
    make_deletion_due(person)
    sign_in(user_client)
    assert not is_signed_in(user_client)
    user_client.force_login(person)
    assert not is_signed_in(user_client)
    person.refresh_from_db()
    assert person.deletion_due_at is not None


def test_a_session_from_before_the_request_cannot_save_answers(user_client, person, assignment):
    question = first_question(assignment)
    phone = Client()
    sign_in(phone)
    request_deletion(user_client)
    address = f"{reverse('questions:save_answer', args=[question.pk])}?opdracht={assignment.pk}"
    sent = {"text": "Nog iets.", "revision": 0, "writer": "w", "seq": 1, "user": person.pk}
    assert phone.post(address, sent, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 401


# --- What is deleted and what stays ---


def test_deletion_removes_the_work_of_a_student_except_its_count(user_client, person, assignment):
    first, second = assignment.questions.order_by("position")
    react(hand_in(person, assignment, first, "Ik bel Hans, en dan ga ik langs bij de buren."))
    write(person, first, "Kort.", assignment, revision=1)
    hand_in(person, assignment, second)
    write(person, second)
    SharedReading.objects.create(assignment=assignment, student=person)
    extend(assignment, Enrolment.objects.get(user=person), timezone.now())
    request_deletion(user_client)
    make_deletion_due(person)
    call_command("tidy")
    assert not User.objects.filter(email="noor@example.org").exists()
    for model in (Answer, AnswerVersion, Submission, Feedback, SharedReading, Extension):
        assert not model.objects.exists(), model
    assert not Enrolment.objects.filter(role=Role.STUDENT).exists()
    work = DepartedWork.objects.get(assignment=assignment)
    assert (work.students, work.answers) == (1, 2)


def test_the_counts_of_deleted_students_are_added_up(assignment):
    for _ in range(2):
        student = enrol(assignment.module).user
        hand_in(student, assignment, first_question(assignment))
        deletion.erase(user=student)
    work = DepartedWork.objects.get()
    assert (work.students, work.answers) == (2, 2)


def test_a_student_without_submissions_is_not_counted(person, assignment):
    write(person, first_question(assignment), assignment=assignment)
    submission = hand_in(person, assignment, assignment.questions.order_by("position")[1])
    submission.withdrawn_at = timezone.now()
    submission.save()
    deletion.erase(user=person)
    assert not DepartedWork.objects.exists()


def test_deletion_does_not_change_the_work_of_others(person, assignment):
    other = enrol(assignment.module).user
    hand_in(other, assignment, first_question(assignment), "Van een ander.")
    hand_in(person, assignment, first_question(assignment))
    deletion.erase(user=person)
    assert [submission.text for submission in Submission.objects.all()] == ["Van een ander."]


def test_released_feedback_of_a_teacher_becomes_anonymous_and_the_rest_is_deleted(assignment):
    student = enrol(assignment.module).user
    first, second = assignment.questions.order_by("position")
    submission = hand_in(student, assignment, first)
    teachers = [enrol(assignment.module, role=Role.TEACHER).user for _ in range(2)]
    for teacher in teachers:
        react(submission, teacher, text="Mooi gezien.")
    react(hand_in(student, assignment, second), teachers[0], text="Nog niet af.", is_released=False)
    for teacher in teachers:
        deletion.erase(user=teacher)
    assert [(feedback.author, feedback.text) for feedback in Feedback.objects.all()] == [(None, "Mooi gezien.")] * 2


def test_deletion_removes_log_entries_and_invitations_with_the_name_or_address(person):
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


# --- The last teacher of a module ---


def test_the_last_teacher_of_a_module_has_to_hand_over_first(user_client, person):
    module = ModuleFactory(title="Sociaal werk", teacher=person)
    enrol(module)
    content = request_deletion(user_client).content.decode()
    assert "Sociaal werk" in content
    assert module.get_absolute_url() in content
    assert "Wis mijn account" not in content
    person.refresh_from_db()
    assert person.deletion_due_at is None


@pytest.mark.parametrize(
    "fields",
    [{"left_at": timezone.now()}, {"user__is_active": False}, {"user__deletion_due_at": timezone.now()}],
    ids=["left", "inactive", "deletion requested"],
)
def test_a_module_cannot_be_handed_over_to_a_colleague_who_left(user_client, person, fields):
    module = ModuleFactory(teacher=person)
    enrol(module)
    EnrolmentFactory(module=module, role=Role.TEACHER, **fields)
    assert request_deletion(user_client).status_code == 200
    person.refresh_from_db()
    assert person.deletion_due_at is None


def test_a_teacher_with_a_colleague_can_be_deleted_and_the_module_stays(user_client, person):
    module = ModuleFactory(teacher=person)
    enrol(module)
    enrol(module, role=Role.TEACHER)
    assert request_deletion(user_client).status_code == 302
    make_deletion_due(person)
    call_command("tidy")
    assert module.enrolments.count() == 2


def test_an_archived_module_does_not_have_to_be_handed_over(user_client, person):
    module = ModuleFactory(teacher=person, archived_at=timezone.now())
    student = enrol(module).user
    assignment = AssignmentFactory(module=module)
    hand_in(student, assignment, first_question(assignment))
    assert request_deletion(user_client).status_code == 302
    deletion.erase(user=person)
    assert Module.objects.get() == module
    assert Answer.objects.count() == 1


def test_a_module_without_other_users_is_deleted_with_its_teacher(user_client, person):
    AssignmentFactory(module=ModuleFactory(teacher=person))
    assert request_deletion(user_client).status_code == 302
    make_deletion_due(person)
    call_command("tidy")
    assert not Module.objects.exists()


def test_a_student_of_a_module_with_one_teacher_can_request_deletion(user_client, person, assignment):
    assert request_deletion(user_client).status_code == 302


def test_the_tidy_command_reports_a_module_that_loses_its_last_teacher(person, capsys):
    module = ModuleFactory(title="Sociaal werk", teacher=person)
    enrol(module)
    make_deletion_due(person)
    call_command("tidy")
    assert "«Sociaal werk (Blok 2)» has no teacher any more" in capsys.readouterr().err
    assert module.enrolments.count() == 1


# --- The tidy command ---


def test_the_tidy_command_does_not_delete_an_account_that_is_not_due(person):
    User.objects.filter(pk=person.pk).update(deletion_due_at=timezone.now() + timedelta(minutes=1))
    call_command("tidy")
    assert User.objects.filter(pk=person.pk).exists()


def test_running_the_tidy_command_twice_changes_nothing(person, assignment):
    hand_in(person, assignment, first_question(assignment))
    make_deletion_due(person)
    call_command("tidy")
    call_command("tidy")
    deletion.erase(user=person)
    assert DepartedWork.objects.get().answers == 1


def test_the_tidy_command_deletes_expired_sessions():
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1))
    call_command("tidy")
    assert [session.session_key for session in Session.objects.all()] == ["new"]


def test_the_tidy_command_can_delete_one_account(person):
    other = UserFactory()
    call_command("tidy", forget="Noor@example.org")
    assert list(User.objects.all()) == [other]


def test_deleting_an_unknown_account_raises():
    with pytest.raises(CommandError, match="no account"):
        call_command("tidy", forget="niemand@example.org")


def test_a_new_account_can_use_the_address_of_one_that_is_due_for_deletion(client, person):
    make_deletion_due(person)
    sent = {"name": "Nieuw", "email": "noor@example.org", "password1": "nog een lang wachtwoord"}
    client.post(reverse("account_signup"), sent)
    assert [user.name for user in User.objects.filter(email="noor@example.org")] == ["Nieuw"]


def test_users_cannot_be_deleted_in_the_admin(client, person):
    client.force_login(UserFactory(is_superuser=True))
    address = reverse("admin:casebook_user_delete", args=[person.pk])
    assert client.get(address).status_code == 403
    assert client.post(address, {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"}
    client.post(reverse("admin:casebook_user_changelist"), chosen)
    assert User.objects.filter(pk=person.pk).exists()


# --- Access ---


@pytest.mark.parametrize("name", PAGES)
def test_visitors_are_redirected_to_sign_in(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].endswith(f"?next={reverse(name)}")


@pytest.mark.parametrize("name", POSTS)
def test_posts_of_visitors_are_redirected(client, name):
    assert client.post(reverse(name), {"name": "x"}).status_code == 302


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_are_not_cached(user_client, name):
    assert user_client.get(reverse(name))["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("name", ["own_data_json", "own_data_goodbye"])
def test_read_only_pages_refuse_a_post(user_client, name):
    assert user_client.post(reverse(name)).status_code == 405


@pytest.mark.parametrize("name", ["own_data", "own_data_leave"])
def test_forms_refuse_other_methods(user_client, name):
    assert user_client.put(reverse(name)).status_code == 405


@pytest.mark.parametrize("form", ["", "iets anders"])
def test_an_unknown_form_is_refused(user_client, form):
    assert user_client.post(reverse("own_data"), {"form": form, "name": "x"}).status_code == 400


def test_the_goodbye_page_is_open_to_visitors(client):
    assert client.get(reverse("own_data_goodbye")).status_code == 200
