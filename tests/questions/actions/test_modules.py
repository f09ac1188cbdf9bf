"""Tests of the actions on modules and their members, and of the pages of modules."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from casebook.lib.errors import RefusedError
from cases.publishing import editions
from questions.actions import modules
from questions.models import Answer, Assignment, Enrolment, Feedback, Kolb, Module, Question, Role
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, OwnQuestionFactory, enrol, extend, hand_in
from tests.questions.templatetags.test_dates import TIME_ZONE, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, title="Sociaal werk in de wijk", groups=["SW1A", "SW1C"])


def teachers_of(module: Module) -> set[str]:
    rows = module.enrolments.filter(role=Role.TEACHER, left_at=None)
    return set(rows.values_list("user__name", flat=True))


# --- Creating, changing, deleting ---


def test_new_module_has_its_creator_as_only_member(teacher):
    module = modules.create_module(teacher=teacher, title="Wijkwerk", groups=["SW1A"])
    assert teachers_of(module) == {"Karin Vos"}
    assert module.enrolments.count() == 1
    assert module.code_is_open
    assert len(module.code) == 6


def test_group_with_students_cannot_be_removed(module):
    enrol(module, group="SW1C")
    with pytest.raises(RefusedError) as error:
        modules.change_module(module=module, title="X", period="", description="", groups=["SW1A"])
    assert error.value.sentence == "In klas SW1C zitten nog studenten. Zet hen eerst in een andere klas."
    module.refresh_from_db()
    assert (module.title, module.groups) == ("Sociaal werk in de wijk", ["SW1A", "SW1C"])


def test_group_without_current_students_can_be_removed(module):
    enrol(module, group="SW1C", left_at=timezone.now())
    modules.change_module(module=module, title="X", period="", description="", groups=["SW1A"])
    assert Module.objects.get().groups == ["SW1A"]


def test_module_without_answers_is_deleted_with_assignments_and_own_questions(module):
    case = published_case()
    own = OwnQuestionFactory(module=module, case=case)
    AssignmentFactory(module=module, case=case, questions=[case.questions.first(), own])
    enrol(module)
    modules.delete_module(module=module)
    assert not Module.objects.exists()
    assert not Assignment.objects.exists()
    assert list(case.questions.values_list("key", flat=True)) == ["vraag-1"]


def test_module_with_an_answer_cannot_be_deleted(module):
    assignment = AssignmentFactory(module=module)
    Answer.objects.create(
        student=enrol(module).user, question=assignment.questions.get(), assignment=assignment, text="a"
    )
    with pytest.raises(RefusedError, match="al geantwoord"):
        modules.delete_module(module=module)
    assert Assignment.objects.get() == assignment


def test_archiving_twice_does_not_change_the_date_and_can_be_undone(module):
    modules.archive_module(module=module)
    first = module.archived_at
    modules.archive_module(module=module)
    assert module.archived_at == first
    assert not module.code_is_open
    modules.unarchive_module(module=module)
    assert Module.objects.get().archived_at is None


# --- The join code ---


def test_renewed_join_code_is_open_for_two_weeks_and_replaces_the_old_one(module):
    old_code = module.code
    Module.objects.update(code_closes_at=timezone.now())
    modules.renew_code(module=module)
    assert module.code != old_code
    assert not Module.objects.filter(code=old_code).exists()
    assert timedelta(days=13, hours=23) < module.code_closes_at - timezone.now() < timedelta(days=14, hours=1)


def test_join_code_can_be_closed(module):
    modules.close_code(module=module)
    assert not Module.objects.get().code_is_open


def test_join_code_of_an_archived_module_cannot_be_renewed(module):
    modules.archive_module(module=module)
    with pytest.raises(RefusedError, match="gearchiveerd"):
        modules.renew_code(module=module)


# --- Members ---


def test_last_teacher_cannot_leave(module, teacher):
    with pytest.raises(RefusedError, match="altijd een docent"):
        modules.remove_teacher(enrolment=Enrolment.objects.get(user=teacher))
    assert teachers_of(module) == {"Karin Vos"}


def test_teacher_cannot_leave_if_the_only_colleague_has_left(module, teacher):
    enrol(module, role=Role.TEACHER, left_at=timezone.now())
    with pytest.raises(RefusedError):
        modules.remove_teacher(enrolment=Enrolment.objects.get(user=teacher))


def test_teacher_with_a_colleague_can_leave_and_be_added_again(module, teacher):
    enrol(module, UserFactory(name="Omar"), role=Role.TEACHER)
    modules.remove_teacher(enrolment=Enrolment.objects.get(user=teacher))
    assert teachers_of(module) == {"Omar"}
    modules.make_teacher(module=module, user=teacher)
    assert teachers_of(module) == {"Omar", "Karin Vos"}


def test_removing_a_student_twice_does_not_change_the_date(module):
    student = enrol(module)
    modules.remove_student(enrolment=student)
    first = student.left_at
    modules.remove_student(enrolment=student)
    assert Enrolment.objects.get(pk=student.pk).left_at == first


def test_teacher_cannot_be_removed_as_a_student(module, teacher):
    with pytest.raises(RefusedError):
        modules.remove_student(enrolment=Enrolment.objects.get(user=teacher))


def test_restored_student_is_enrolled_without_a_pending_request(module):
    student = enrol(module, left_at=timezone.now(), asked_back_at=timezone.now())
    modules.restore_enrolment(enrolment=student)
    student.refresh_from_db()
    assert (student.left_at, student.asked_back_at) == (None, None)


def test_declined_student_can_ask_again(module):
    student = enrol(module, left_at=timezone.now(), asked_back_at=timezone.now())
    modules.decline_return(enrolment=student)
    student.refresh_from_db()
    assert student.has_left
    assert student.asked_back_at is None
    assert modules.join(module=module, user=student.user) is modules.Joining.ASKED_BACK


def test_student_can_be_moved_only_to_a_group_of_the_module(module):
    student = enrol(module)
    modules.move_to_group(enrolment=student, group="SW1C")
    assert Enrolment.objects.get(pk=student.pk).group == "SW1C"
    with pytest.raises(RefusedError):
        modules.move_to_group(enrolment=student, group="SW9Z")


# --- Copying ---


def copy(module: Module, teacher, weeks: int = 52) -> Module:
    return modules.copy_module(module=module, teacher=teacher, title="Nieuw", period="Blok 1", weeks=weeks)


def test_copy_has_the_assignments_and_only_its_creator_as_a_member(module, teacher):
    enrol(module, group="SW1A")
    enrol(module, role=Role.TEACHER)
    module.description = "Over de wijk."
    module.save()
    AssignmentFactory(module=module, instructions="Lees eerst.", share=True, shared_from=timezone.now())
    created = copy(module, teacher)
    assert created.enrolments.count() == 1
    assert teachers_of(created) == {"Karin Vos"}
    assert (created.description, created.groups) == ("Over de wijk.", ["SW1A", "SW1C"])
    assert created.code != module.code
    assignment = created.assignments.get()
    assert (assignment.instructions, assignment.share, assignment.shared_from) == ("Lees eerst.", True, None)
    assert [q.key for q in assignment.questions.all()] == ["vraag-1"]


def test_dates_of_a_copy_move_by_whole_weeks_at_the_same_local_time(module, teacher):
    AssignmentFactory(
        module=module, opens_at=at("2026-03-23 09:00"), due_at=at("2026-10-20 17:00"), closed_at=timezone.now()
    )
    assignment = copy(module, teacher, weeks=1).assignments.get()
    assert assignment.opens_at == at("2026-03-30 09:00")  # summer time began on the 29th
    assert assignment.due_at == at("2026-10-27 17:00")  # and ended on the 25th
    assert assignment.closed_at is None


def test_date_moved_by_a_year_is_on_the_same_weekday(module, teacher):
    AssignmentFactory(module=module, due_at=at("2026-10-20 17:00"))
    due = copy(module, teacher).assignments.get().due_at
    assert due == at("2027-10-19 17:00")
    assert due.astimezone(TIME_ZONE).weekday() == at("2026-10-20 17:00").weekday()


def test_empty_dates_are_empty_in_a_copy(module, teacher):
    AssignmentFactory(module=module)
    assignment = copy(module, teacher).assignments.get()
    assert (assignment.opens_at, assignment.due_at) == (None, None)


def test_copy_uses_the_latest_edition_without_its_retired_questions(module, teacher):
    case = published_case(kolbs=["doener", "denker"])
    AssignmentFactory(module=module, case=case)
    working = editions.start_working_copy(case=case)
    working.questions.get(key="vraag-1").delete()
    editions.publish(case=working)
    assignment = copy(module, teacher).assignments.get()
    assert assignment.edition.number == 2
    assert [q.key for q in assignment.questions.all()] == ["vraag-2"]


@pytest.mark.parametrize("status", ["archived", "withdrawn"])
def test_copy_excludes_cases_that_are_no_longer_published(module, teacher, status):
    case = published_case(title="Uit de bundel")
    AssignmentFactory(module=module, case=case)
    case.status = status
    case.save()
    assert copy(module, teacher).assignments.count() == 0
    assert modules.not_copied(module) == ["Uit de bundel"]


def test_each_own_question_is_copied_once_to_the_new_module(module, teacher):
    case = published_case()
    own = OwnQuestionFactory(module=module, case=case, text="En jij?", kolb=Kolb.BESLISSER)
    for _time in range(2):
        AssignmentFactory(module=module, case=case, questions=[own])
    created = copy(module, teacher)
    copied = created.own_questions.get()
    assert (copied.text, copied.kolb, copied.case) == ("En jij?", "beslisser", case)
    assert copied.key != own.key
    assert [list(a.questions.all()) for a in created.assignments.all()] == [[copied], [copied]]


def test_own_questions_get_keys_that_were_never_used(module):
    case = published_case()
    keys = [modules.add_own_question(module=module, case=case, text="?", kolb=Kolb.DENKER).key for _time in range(2)]
    assert keys == ["eigen-1", "eigen-2"]


def test_new_edition_does_not_retire_own_questions(module):
    case = published_case()
    own = modules.add_own_question(module=module, case=case, text="En jij?", kolb=Kolb.DENKER)
    editions.publish(case=editions.start_working_copy(case=case))
    own.refresh_from_db()
    assert not own.retired
    assert Question.objects.in_library().filter(case=case).count() == 1


# --- Pages: access ---


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def addresses(module: Module) -> dict[str, tuple[str, str]]:
    """Return the path and the method of each address of a module, by name."""
    person = module.enrolments.filter(role=Role.STUDENT).order_by("pk").first()
    base = f"/modules/{module.pk}/"
    return {
        "edit": (f"{base}bewerken/", "get"),
        "save": (f"{base}bewerken/", "post"),
        "screen": (f"{base}scherm/", "get"),
        "copy page": (f"{base}kopie/", "get"),
        "copy": (f"{base}kopie/", "post"),
        "code": (f"{base}code/", "post"),
        "close code": (f"{base}code/sluiting/", "post"),
        "archive": (f"{base}archief/", "post"),
        "return": (f"{base}terugkeer/", "post"),
        "delete": (f"{base}verwijdering/", "post"),
        "teachers": (f"{base}docenten/", "post"),
        "person": (f"{base}mensen/{person.tag}/", "get"),
        "group": (f"{base}mensen/{person.tag}/klas/", "post"),
        "departure": (f"{base}mensen/{person.tag}/vertrek/", "post"),
        "back": (f"{base}mensen/{person.tag}/terugkeer/", "post"),
    }


ADDRESS_NAMES = (
    ["edit", "save", "screen", "copy page", "copy", "code", "close code", "archive", "return", "delete"]
    + ["teachers", "person", "group", "departure", "back"]
)  # fmt: skip


@pytest.fixture
def student(module):
    return enrol(module, UserFactory(name="Bram Kuipers"), group="SW1A")


@pytest.mark.parametrize("name", ADDRESS_NAMES)
def test_only_teachers_of_the_module_have_access(client, module, student, name):
    path, method = addresses(module)[name]
    send_request = getattr(client, method)
    response = send_request(path)
    assert response.status_code == 302
    assert response.url.startswith("/account/inloggen/?next=")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert send_request(path).status_code == 404
    client.force_login(student.user)
    assert send_request(path).status_code == 403
    former_teacher = enrol(module, role=Role.TEACHER, left_at=timezone.now())
    client.force_login(former_teacher.user)
    assert send_request(path).status_code == 404
    before = Module.objects.filter(pk=module.pk).values().get()
    assert before["archived_at"] is None
    assert Module.objects.count() == 1


@pytest.mark.parametrize(
    "name", [name for name in ADDRESS_NAMES if name not in {"edit", "save", "copy", "copy page", "teachers"}]
)
def test_each_address_allows_one_method(client, module, student, teacher, name):
    client.force_login(teacher)
    path, method = addresses(module)[name]
    assert getattr(client, "post" if method == "get" else "get")(path).status_code == 405
    assert client.delete(path).status_code == 405


@pytest.mark.parametrize("path", ["/modules/", "/modules/nieuw/", "/modules/kiezen/"])
def test_personal_pages_require_signing_in(client, path):
    assert client.get(path).url == f"/account/inloggen/?next={path}"
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 401


def test_module_that_does_not_exist_returns_404(client, teacher):
    client.force_login(teacher)
    assert client.get("/modules/999999/").status_code == 404


# --- The list of modules ---


def test_own_modules_are_listed_by_role_without_other_modules(client, module, teacher):
    other = ModuleFactory(title="Andermans module")
    archived = ModuleFactory(teacher=teacher, title="Vorig jaar", archived_at=timezone.now())
    enrol(ModuleFactory(title="Waar ik leer"), teacher)
    enrol(ModuleFactory(title="Waar ik uit ben"), teacher, left_at=timezone.now())
    client.force_login(teacher)
    lists = client.get("/modules/").context["modules"]
    assert [entry.module for entry in lists.teaching] == [module]
    assert [entry.module.title for entry in lists.learning] == ["Waar ik leer"]
    assert [entry.module for entry in lists.archived] == [archived]
    assert other.title not in text_of(client.get("/modules/"))


def test_student_without_modules_sees_how_to_join(client):
    client.force_login(UserFactory())
    page = text_of(client.get("/modules/"))
    assert "Nog geen module" in page
    assert 'name="code"' in page
    assert "Nieuwe module" not in page


def test_teacher_without_modules_sees_how_to_create_one(client):
    client.force_login(UserFactory(groups=["Docenten"]))
    page = text_of(client.get("/modules/"))
    assert "Maak je eerste module" in page
    assert "/modules/nieuw/" in page


def test_next_due_date_of_a_student_includes_the_extension(client, module, teacher, student):
    soon, later = timezone.now() + timedelta(days=2), timezone.now() + timedelta(days=9)
    assignment = AssignmentFactory(module=module, due_at=soon)
    extend(assignment, student, later)
    client.force_login(student.user)
    assert client.get("/modules/").context["modules"].learning[0].next_due == later
    client.force_login(teacher)
    assert client.get("/modules/").context["modules"].teaching[0].next_due == soon


def test_students_do_not_see_the_number_of_students(client, module, student):
    for _other in range(4):
        enrol(module)
    client.force_login(student.user)
    assert "5 studenten" not in text_of(client.get("/modules/"))
    assert "5 studenten" not in text_of(client.get(f"/modules/{module.pk}/"))


@pytest.mark.parametrize("number", [1, 3])
def test_list_of_modules_uses_a_fixed_number_of_queries(client, django_assert_num_queries, number):
    user = UserFactory(groups=["Docenten"])
    for _each in range(number):
        AssignmentFactory(module=ModuleFactory(teacher=user), due_at=timezone.now() + timedelta(days=1))
        enrol(AssignmentFactory().module, user)
    client.force_login(user)
    with django_assert_num_queries(7):
        client.get("/modules/")


# --- The form of a module ---


def test_teacher_can_create_a_module(client, teacher):
    client.force_login(teacher)
    assert client.get("/modules/nieuw/").status_code == 200
    groups = "SW1A\r\n sw1a \r\nSW1C, SW1D\r\n\r\n"
    response = client.post("/modules/nieuw/", {"title": " Wijkwerk ", "period": "Blok 2", "groups": groups})
    module = Module.objects.get()
    assert response.url == f"/modules/{module.pk}/"
    assert (module.title, module.period, module.groups) == ("Wijkwerk", "Blok 2", ["SW1A", "SW1C", "SW1D"])
    assert teachers_of(module) == {"Karin Vos"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_user_outside_the_teachers_cannot_create_a_module(client, method):
    client.force_login(UserFactory(groups=["Redactie"]))
    assert getattr(client, method)("/modules/nieuw/", {"title": "X"}).status_code == 403
    assert not Module.objects.exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"title": ""}, "verplicht"),
        ({"title": "x" * 121}, "121"),
        ({"title": "X", "groups": "y" * 41}, "hoogstens 40 tekens"),
        ({"title": "X", "groups": "\n".join(f"k{n}" for n in range(31))}, "hoogstens 30 klassen"),
    ],
)
def test_form_with_mistakes_shows_errors_and_the_typed_values(client, teacher, values, sentence):
    client.force_login(teacher)
    response = client.post("/modules/nieuw/", {"description": "Bewaar mij.", **values})
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert "Bewaar mij." in text_of(response)
    assert not Module.objects.exists()


def test_teacher_can_change_a_module(client, module, teacher):
    client.force_login(teacher)
    assert "SW1A" in text_of(client.get(f"/modules/{module.pk}/bewerken/"))
    values = {"title": "Wijkwerk", "period": "Blok 3", "description": "D", "groups": "SW2A"}
    assert client.post(f"/modules/{module.pk}/bewerken/", values).url == f"/modules/{module.pk}/"
    module.refresh_from_db()
    assert (module.title, module.period, module.description, module.groups) == ("Wijkwerk", "Blok 3", "D", ["SW2A"])


def test_removing_a_group_with_students_shows_an_error(client, module, teacher, student):
    client.force_login(teacher)
    response = client.post(f"/modules/{module.pk}/bewerken/", {"title": "X", "groups": "SW1C"})
    assert "In klas SW1A zitten nog studenten." in text_of(response)


# --- The page of a module ---


def test_teacher_sees_join_code_link_members_and_assignments(client, module, teacher, student, settings):
    settings.SITE_URL = "https://casusboek.example"
    AssignmentFactory(module=module, due_at=timezone.now() + timedelta(days=1))
    client.force_login(teacher)
    page = text_of(client.get(f"/modules/{module.pk}/"))
    assert f"{module.code[:3]} {module.code[3:]}" in page
    assert f"https://casusboek.example/meedoen/{module.code}/" in page
    assert 'class="qr"' in page
    assert "Bram Kuipers" in page
    assert "van 1 student leverde in" in page
    assert "Telefoons kunnen er niet bij" not in page
    assert "style=" not in page


def test_site_on_a_loopback_address_warns_that_phones_cannot_reach_it(client, module, teacher, settings):
    settings.SITE_URL = "http://127.0.0.1:8000"
    client.force_login(teacher)
    assert "Telefoons kunnen er niet bij" in text_of(client.get(f"/modules/{module.pk}/"))
    assert "telefoons kunnen er niet bij" in text_of(client.get(f"/modules/{module.pk}/scherm/"))


def test_screen_shows_the_join_code_only_while_it_is_open(client, module, teacher):
    client.force_login(teacher)
    assert 'class="qr"' in text_of(client.get(f"/modules/{module.pk}/scherm/"))
    modules.close_code(module=module)
    page = text_of(client.get(f"/modules/{module.pk}/scherm/"))
    assert 'class="qr"' not in page
    assert "De code is dicht." in page


def test_students_see_their_assignments_and_no_data_of_others(client, module, student):
    other = enrol(module, UserFactory(name="Fenna de Jong"))
    case = published_case(kolbs=["doener", "denker"])
    assignment = AssignmentFactory(module=module, case=case, due_at=timezone.now() + timedelta(days=1))
    hand_in(assignment, other, 0)
    hand_in(assignment, student, 1)
    client.force_login(student.user)
    response = client.get(f"/modules/{module.pk}/")
    page = text_of(response)
    assert "inleveren voor morgen om" in page
    assert response.context["assignments"][0].handed_in == 1
    assert "van 2 vragen ingeleverd" in page
    assert "Fenna de Jong" not in page
    assert module.code not in page


def test_student_sees_a_count_for_each_answer_state(client, module, student):
    case = published_case(kolbs=["doener", "denker", "beslisser"])
    assignment = AssignmentFactory(module=module, case=case)
    submission = hand_in(assignment, student, 0)
    Feedback.objects.create(submission=submission, verdict="aanvullen", released_at=timezone.now())
    hand_in(assignment, student, 1)
    Answer.objects.create(
        student=student.user, assignment=assignment, question=assignment.questions.get(key="vraag-3"), text="concept"
    )
    client.force_login(student.user)
    (own,) = client.get(f"/modules/{module.pk}/").context["assignments"]
    assert own.shown_states == [("concept", 1), ("ingeleverd", 1), ("aanvullen", 1)]
    assert (own.handed_in, own.total) == (2, 3)


def test_assignment_that_is_not_open_is_shown_without_a_link(client, module, student):
    assignment = AssignmentFactory(module=module, opens_at=timezone.now() + timedelta(days=1))
    client.force_login(student.user)
    page = text_of(client.get(f"/modules/{module.pk}/"))
    assert "gaat open morgen om" in page
    assert f"/opdrachten/{assignment.pk}/" not in page


def test_extension_is_marked_as_the_own_date_of_the_student(client, module, student):
    assignment = AssignmentFactory(module=module, due_at=timezone.now() - timedelta(days=3))
    client.force_login(student.user)
    assert "inleveren was voor" in text_of(client.get(f"/modules/{module.pk}/"))
    extend(assignment, student, timezone.now() + timedelta(days=1))
    page = text_of(client.get(f"/modules/{module.pk}/"))
    assert "inleveren voor morgen om" in page
    assert "(jouw eigen datum)" in page


@pytest.mark.parametrize(("days", "note"), [(1, "inleveren voor morgen om"), (-1, "inleveren was voor gisteren om")])
def test_teacher_sees_whether_the_due_date_has_passed(client, module, teacher, student, days, note):
    assignment = AssignmentFactory(module=module, due_at=timezone.now() + timedelta(days=days))
    client.force_login(teacher)
    for page in (f"modules/{module.pk}", *(f"opdrachten/{assignment.pk}/{name}" for name in ("feedback", "overzicht"))):
        assert note in text_of(client.get(f"/{page}/"))
    assert note.removeprefix("inleveren ") in text_of(client.get(f"/modules/{module.pk}/voortgang/"))


def test_module_without_assignments_shows_a_message(client, module, teacher, student):
    client.force_login(student.user)
    assert "Er zijn nog geen opdrachten." in text_of(client.get(f"/modules/{module.pk}/"))
    student.delete()
    client.force_login(teacher)
    page = text_of(client.get(f"/modules/{module.pk}/"))
    assert "Nog geen opdrachten." in page
    assert "Er doet nog niemand mee." in page


@pytest.mark.parametrize("number", [1, 3])
def test_module_page_of_a_teacher_uses_a_fixed_number_of_queries(
    client, module, teacher, django_assert_num_queries, number
):
    for each in range(number):
        assignment = AssignmentFactory(module=module)
        hand_in(assignment, enrol(module, group=f"K{each}"), 0)
        enrol(module, role=Role.TEACHER)
    client.force_login(teacher)
    with django_assert_num_queries(9):
        client.get(f"/modules/{module.pk}/")


@pytest.mark.parametrize("number", [1, 3])
def test_module_page_of_a_student_uses_a_fixed_number_of_queries(
    client, module, student, django_assert_num_queries, number
):
    for _each in range(number):
        hand_in(AssignmentFactory(module=module), student, 0)
        enrol(module, role=Role.TEACHER)
    client.force_login(student.user)
    with django_assert_num_queries(7):
        client.get(f"/modules/{module.pk}/")


# --- Actions on the page ---


@pytest.fixture
def teacher_client(client, teacher):
    client.force_login(teacher)
    return client


def test_module_page_has_actions_for_the_join_code_and_the_archive(teacher_client, module):
    old_code = module.code
    assert "Er is een nieuwe code" in text_of(teacher_client.post(f"/modules/{module.pk}/code/", follow=True))
    module.refresh_from_db()
    assert module.code != old_code
    teacher_client.post(f"/modules/{module.pk}/code/sluiting/")
    module.refresh_from_db()
    assert not module.code_is_open
    teacher_client.post(f"/modules/{module.pk}/archief/")
    assert Module.objects.get().is_archived
    assert "Haal de module eerst terug" in text_of(teacher_client.post(f"/modules/{module.pk}/code/", follow=True))
    teacher_client.post(f"/modules/{module.pk}/terugkeer/")
    assert not Module.objects.get().is_archived


def test_deletion_redirects_to_the_modules_and_a_refusal_to_the_form(teacher_client, module, student):
    assignment = AssignmentFactory(module=module)
    hand_in(assignment, student, 0)
    response = teacher_client.post(f"/modules/{module.pk}/verwijdering/", follow=True)
    assert "al geantwoord" in text_of(response)
    assert response.redirect_chain[-1][0] == f"/modules/{module.pk}/bewerken/"
    empty = ModuleFactory(teacher=Enrolment.objects.get(role=Role.TEACHER).user)
    assert teacher_client.post(f"/modules/{empty.pk}/verwijdering/").url == "/modules/"
    assert list(Module.objects.all()) == [module]


def test_teacher_can_copy_a_module(teacher_client, module, student):
    AssignmentFactory(module=module, due_at=at("2026-10-20 17:00"))
    page = text_of(teacher_client.get(f"/modules/{module.pk}/kopie/"))
    assert "dinsdag 20 oktober 2026 om 17:00; 52 weken later is dat dinsdag 19 oktober 2027 om 17:00" in page
    response = teacher_client.post(f"/modules/{module.pk}/kopie/", {"title": "Nieuw", "period": "", "weeks": "52"})
    copied = Module.objects.exclude(pk=module.pk).get()
    assert response.url == f"/modules/{copied.pk}/"
    assert copied.assignments.get().due_at == at("2027-10-19 17:00")


def test_teacher_without_the_right_to_create_modules_cannot_copy_one(client, module):
    client.force_login(enrol(module, role=Role.TEACHER).user)
    assert client.get(f"/modules/{module.pk}/kopie/").status_code == 403
    assert client.get(f"/modules/{module.pk}/bewerken/").status_code == 200


@pytest.mark.parametrize("weeks", ["", "-1", "1.5", "261", "een"])
def test_copy_can_move_dates_only_by_whole_weeks_within_five_years(teacher_client, module, weeks):
    assert teacher_client.post(f"/modules/{module.pk}/kopie/", {"title": "X", "weeks": weeks}).status_code == 200
    assert Module.objects.count() == 1


def test_student_can_be_moved_removed_and_restored(teacher_client, module, student):
    base = f"/modules/{module.pk}/mensen/{student.tag}/"
    assert "Bram Kuipers" in text_of(teacher_client.get(base))
    teacher_client.post(f"{base}klas/", {"group": "SW1C"})
    student.refresh_from_db()
    assert student.group == "SW1C"
    response = teacher_client.post(f"{base}vertrek/", follow=True)
    assert "Wat al was ingeleverd, kun je blijven lezen." in text_of(response)
    student.refresh_from_db()
    assert student.has_left
    modules.join(module=module, user=student.user)
    assert "Wil terug" in text_of(teacher_client.get(f"/modules/{module.pk}/"))
    teacher_client.post(f"{base}terugkeer/", {"answer": "no"})
    student.refresh_from_db()
    assert (student.has_left, student.asked_back_at) == (True, None)
    assert "Laat terug" in text_of(teacher_client.get(base))
    teacher_client.post(f"{base}terugkeer/", {"answer": "yes"})
    student.refresh_from_db()
    assert not student.has_left


def test_student_cannot_be_moved_to_a_group_of_another_module(teacher_client, module, student):
    response = teacher_client.post(f"/modules/{module.pk}/mensen/{student.tag}/klas/", {"group": "SW9Z"}, follow=True)
    assert "Deze module heeft geen klas SW9Z." in text_of(response)


def test_member_of_another_module_returns_404(teacher_client, module, student):
    stranger = enrol(ModuleFactory())
    assert teacher_client.post(f"/modules/{module.pk}/mensen/{stranger.tag}/vertrek/").status_code == 404
    stranger.refresh_from_db()
    assert not stranger.has_left


def test_teacher_can_leave_only_if_another_teacher_remains(teacher_client, module, teacher):
    enrolment = Enrolment.objects.get(user=teacher)
    response = teacher_client.post(f"/modules/{module.pk}/mensen/{enrolment.tag}/vertrek/", follow=True)
    assert "Een module heeft altijd een docent." in text_of(response)
    enrol(module, role=Role.TEACHER)
    assert teacher_client.post(f"/modules/{module.pk}/mensen/{enrolment.tag}/vertrek/").url == "/modules/"
    assert teacher_client.get(f"/modules/{module.pk}/").status_code == 404


def test_get_requests_write_nothing(teacher_client, module, student):
    for path, method in addresses(module).values():
        if method == "get":
            with CaptureQueriesContext(connection) as queries:
                teacher_client.get(path)
            assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
