"""Modules: what teachers do with them and with the people in them, and the pages for it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

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

pytestmark = pytest.mark.django_db
HOME = ZoneInfo("Europe/Amsterdam")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HOME)


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, title="Sociaal werk in de wijk", groups=["SW1A", "SW1C"])


def teachers_of(module: Module) -> set[str]:
    found = module.enrolments.filter(role=Role.TEACHER, left_at=None)
    return set(found.values_list("user__name", flat=True))


# --- Making, changing, deleting ---


def test_who_makes_a_module_teaches_it_and_nobody_else_is_in_it(teacher):
    module = modules.create_module(teacher=teacher, title="Wijkwerk", groups=["SW1A"])
    assert teachers_of(module) == {"Karin Vos"}
    assert module.enrolments.count() == 1
    assert module.code_is_open
    assert len(module.code) == 6


def test_a_group_with_people_in_it_stays(module):
    enrol(module, group="SW1C")
    with pytest.raises(RefusedError) as refused:
        modules.change_module(module=module, title="X", period="", description="", groups=["SW1A"])
    assert refused.value.sentence == "In klas SW1C zitten nog studenten. Zet hen eerst in een andere klas."
    module.refresh_from_db()
    assert (module.title, module.groups) == ("Sociaal werk in de wijk", ["SW1A", "SW1C"])


def test_a_group_without_people_goes(module):
    enrol(module, group="SW1C", left_at=timezone.now())
    modules.change_module(module=module, title="X", period="", description="", groups=["SW1A"])
    assert Module.objects.get().groups == ["SW1A"]


def test_a_module_in_which_nobody_wrote_is_deleted_with_its_assignments_and_own_questions(module):
    case = published_case()
    own = OwnQuestionFactory(module=module, case=case)
    AssignmentFactory(module=module, case=case, questions=[case.questions.first(), own])
    enrol(module)
    modules.delete_module(module=module)
    assert not Module.objects.exists()
    assert not Assignment.objects.exists()
    assert list(case.questions.values_list("key", flat=True)) == ["vraag-1"]


def test_a_module_in_which_someone_wrote_one_word_stays(module):
    assignment = AssignmentFactory(module=module)
    Answer.objects.create(
        student=enrol(module).user, question=assignment.questions.get(), assignment=assignment, text="a"
    )
    with pytest.raises(RefusedError, match="al geantwoord"):
        modules.delete_module(module=module)
    assert Assignment.objects.get() == assignment


def test_archiving_keeps_the_first_date_and_can_be_undone(module):
    modules.archive_module(module=module)
    first = module.archived_at
    modules.archive_module(module=module)
    assert module.archived_at == first
    assert not module.code_is_open
    modules.unarchive_module(module=module)
    assert Module.objects.get().archived_at is None


# --- The code ---


def test_renewing_gives_another_code_for_two_weeks_and_the_old_one_leads_nowhere(module):
    old = module.code
    Module.objects.update(code_closes_at=timezone.now())
    modules.renew_code(module=module)
    assert module.code != old
    assert not Module.objects.filter(code=old).exists()
    assert timedelta(days=13, hours=23) < module.code_closes_at - timezone.now() < timedelta(days=14, hours=1)


def test_closing_the_code_is_at_once(module):
    modules.close_code(module=module)
    assert not Module.objects.get().code_is_open


def test_an_archived_module_gets_no_new_code(module):
    modules.archive_module(module=module)
    with pytest.raises(RefusedError, match="gearchiveerd"):
        modules.renew_code(module=module)


# --- People ---


def test_the_last_teacher_cannot_leave(module, teacher):
    with pytest.raises(RefusedError, match="altijd een docent"):
        modules.remove_teacher(enrolment=Enrolment.objects.get(user=teacher))
    assert teachers_of(module) == {"Karin Vos"}


def test_a_teacher_who_has_left_already_does_not_count_as_another_one(module, teacher):
    enrol(module, role=Role.TEACHER, left_at=timezone.now())
    with pytest.raises(RefusedError):
        modules.remove_teacher(enrolment=Enrolment.objects.get(user=teacher))


def test_with_a_colleague_in_it_a_teacher_can_leave_and_be_added_again(module, teacher):
    enrol(module, UserFactory(name="Omar"), role=Role.TEACHER)
    modules.remove_teacher(enrolment=Enrolment.objects.get(user=teacher))
    assert teachers_of(module) == {"Omar"}
    modules.make_teacher(module=module, user=teacher)
    assert teachers_of(module) == {"Omar", "Karin Vos"}


def test_removing_a_student_keeps_the_row_and_the_first_date(module):
    student = enrol(module)
    modules.remove_student(enrolment=student)
    first = student.left_at
    modules.remove_student(enrolment=student)
    assert Enrolment.objects.get(pk=student.pk).left_at == first


def test_a_teacher_is_not_removed_as_if_she_were_a_student(module, teacher):
    with pytest.raises(RefusedError):
        modules.remove_student(enrolment=Enrolment.objects.get(user=teacher))


def test_let_back_is_in_again_and_asks_nothing_any_more(module):
    student = enrol(module, left_at=timezone.now(), asked_back_at=timezone.now())
    modules.restore_enrolment(enrolment=student)
    student.refresh_from_db()
    assert (student.left_at, student.asked_back_at) == (None, None)


def test_turned_down_stays_out_and_may_ask_again(module):
    student = enrol(module, left_at=timezone.now(), asked_back_at=timezone.now())
    modules.decline_return(enrolment=student)
    student.refresh_from_db()
    assert student.has_left
    assert student.asked_back_at is None
    assert modules.join(module=module, user=student.user) is modules.Joining.ASKED_BACK


def test_a_student_moves_only_to_a_group_of_the_module(module):
    student = enrol(module)
    modules.move_to_group(enrolment=student, group="SW1C")
    assert Enrolment.objects.get(pk=student.pk).group == "SW1C"
    with pytest.raises(RefusedError):
        modules.move_to_group(enrolment=student, group="SW9Z")


# --- Copying ---


def copy(module: Module, teacher, weeks: int = 52) -> Module:
    return modules.copy_module(module=module, teacher=teacher, title="Nieuw", period="Blok 1", weeks=weeks)


def test_a_copy_has_the_assignments_and_only_the_teacher_who_made_it(module, teacher):
    enrol(module, group="SW1A")
    enrol(module, role=Role.TEACHER)
    module.description = "Over de wijk."
    module.save()
    AssignmentFactory(module=module, instructions="Lees eerst.", share=True, shared_from=timezone.now())
    made = copy(module, teacher)
    assert made.enrolments.count() == 1
    assert teachers_of(made) == {"Karin Vos"}
    assert (made.description, made.groups) == ("Over de wijk.", ["SW1A", "SW1C"])
    assert made.code != module.code
    assignment = made.assignments.get()
    assert (assignment.instructions, assignment.share, assignment.shared_from) == ("Lees eerst.", True, None)
    assert [q.key for q in assignment.questions.all()] == ["vraag-1"]


def test_dates_move_by_whole_weeks_and_stay_at_the_same_time_on_the_clock(module, teacher):
    AssignmentFactory(
        module=module, opens_at=at("2026-03-23 09:00"), due_at=at("2026-10-20 17:00"), closed_at=timezone.now()
    )
    assignment = copy(module, teacher, weeks=1).assignments.get()
    assert assignment.opens_at == at("2026-03-30 09:00")  # summer time began on the 29th
    assert assignment.due_at == at("2026-10-27 17:00")  # and ended on the 25th
    assert assignment.closed_at is None


def test_a_year_later_it_is_the_same_weekday(module, teacher):
    AssignmentFactory(module=module, due_at=at("2026-10-20 17:00"))
    due = copy(module, teacher).assignments.get().due_at
    assert due == at("2027-10-19 17:00")
    assert due.astimezone(HOME).weekday() == at("2026-10-20 17:00").weekday()


def test_dates_that_are_not_set_stay_so(module, teacher):
    AssignmentFactory(module=module)
    assignment = copy(module, teacher).assignments.get()
    assert (assignment.opens_at, assignment.due_at) == (None, None)


def test_a_copy_takes_the_latest_edition_without_what_that_no_longer_asks(module, teacher):
    case = published_case(kolbs=["doener", "denker"])
    AssignmentFactory(module=module, case=case)
    working = editions.start_working_copy(case=case)
    working.questions.get(key="vraag-1").delete()
    editions.publish(case=working)
    assignment = copy(module, teacher).assignments.get()
    assert assignment.edition.number == 2
    assert [q.key for q in assignment.questions.all()] == ["vraag-2"]


@pytest.mark.parametrize("status", ["archived", "withdrawn"])
def test_a_copy_goes_without_a_case_that_is_no_longer_published(module, teacher, status):
    case = published_case(title="Uit de bundel")
    AssignmentFactory(module=module, case=case)
    case.status = status
    case.save()
    assert copy(module, teacher).assignments.count() == 0
    assert modules.not_copied(module) == ["Uit de bundel"]


def test_own_questions_go_along_once_each_and_become_the_copys_own(module, teacher):
    case = published_case()
    own = OwnQuestionFactory(module=module, case=case, text="En jij?", kolb=Kolb.BESLISSER)
    for _time in range(2):
        AssignmentFactory(module=module, case=case, questions=[own])
    made = copy(module, teacher)
    copied = made.own_questions.get()
    assert (copied.text, copied.kolb, copied.case) == ("En jij?", "beslisser", case)
    assert copied.key != own.key
    assert [list(a.questions.all()) for a in made.assignments.all()] == [[copied], [copied]]


def test_own_questions_get_keys_that_the_case_never_had(module):
    case = published_case()
    keys = [modules.add_own_question(module=module, case=case, text="?", kolb=Kolb.DENKER).key for _time in range(2)]
    assert keys == ["eigen-1", "eigen-2"]


def test_a_new_edition_leaves_a_teachers_own_questions_alone(module):
    case = published_case()
    own = modules.add_own_question(module=module, case=case, text="En jij?", kolb=Kolb.DENKER)
    editions.publish(case=editions.start_working_copy(case=case))
    own.refresh_from_db()
    assert not own.retired
    assert Question.objects.in_library().filter(case=case).count() == 1


# --- Pages: who gets in ---


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def addresses(module: Module) -> dict[str, tuple[str, str]]:
    """Each address of a module by name: its path and the method that it is for."""
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


NAMES = (
    ["edit", "save", "screen", "copy page", "copy", "code", "close code", "archive", "return", "delete"]
    + ["teachers", "person", "group", "departure", "back"]
)  # fmt: skip


@pytest.fixture
def student(module):
    return enrol(module, UserFactory(name="Bram Kuipers"), group="SW1A")


@pytest.mark.parametrize("name", NAMES)
def test_only_teachers_of_the_module_get_in(client, module, student, name):
    path, method = addresses(module)[name]
    ask = getattr(client, method)
    response = ask(path)
    assert response.status_code == 302
    assert response.url.startswith("/account/inloggen/?next=")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert ask(path).status_code == 404
    client.force_login(student.user)
    assert ask(path).status_code == 403
    gone = enrol(module, role=Role.TEACHER, left_at=timezone.now())
    client.force_login(gone.user)
    assert ask(path).status_code == 404
    before = Module.objects.filter(pk=module.pk).values().get()
    assert before["archived_at"] is None
    assert Module.objects.count() == 1


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in {"edit", "save", "copy", "copy page", "teachers"}]
)
def test_each_address_is_for_one_method(client, module, student, teacher, name):
    client.force_login(teacher)
    path, method = addresses(module)[name]
    assert getattr(client, "post" if method == "get" else "get")(path).status_code == 405
    assert client.delete(path).status_code == 405


@pytest.mark.parametrize("path", ["/modules/", "/modules/nieuw/", "/modules/kiezen/"])
def test_pages_of_ones_own_ask_to_sign_in(client, path):
    assert client.get(path).url == f"/account/inloggen/?next={path}"
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 401


def test_a_module_that_does_not_exist_is_as_one_that_is_not_mine(client, teacher):
    client.force_login(teacher)
    assert client.get("/modules/999999/").status_code == 404


# --- My modules ---


def test_my_modules_stand_by_role_and_others_do_not(client, module, teacher):
    other = ModuleFactory(title="Andermans module")
    archived = ModuleFactory(teacher=teacher, title="Vorig jaar", archived_at=timezone.now())
    enrol(ModuleFactory(title="Waar ik leer"), teacher)
    enrol(ModuleFactory(title="Waar ik uit ben"), teacher, left_at=timezone.now())
    client.force_login(teacher)
    places = client.get("/modules/").context["modules"]
    assert [place.module for place in places.teaching] == [module]
    assert [place.module.title for place in places.learning] == ["Waar ik leer"]
    assert [place.module for place in places.archived] == [archived]
    assert other.title not in text_of(client.get("/modules/"))


def test_without_modules_a_student_is_told_how_to_join(client):
    client.force_login(UserFactory())
    page = text_of(client.get("/modules/"))
    assert "Nog geen module" in page
    assert 'name="code"' in page
    assert "Nieuwe module" not in page


def test_without_modules_a_teacher_is_told_how_to_begin(client):
    client.force_login(UserFactory(groups=["Docenten"]))
    page = text_of(client.get("/modules/"))
    assert "Maak je eerste module" in page
    assert "/modules/nieuw/" in page


def test_the_next_date_is_ones_own(client, module, teacher, student):
    soon, later = timezone.now() + timedelta(days=2), timezone.now() + timedelta(days=9)
    assignment = AssignmentFactory(module=module, due_at=soon)
    extend(assignment, student, later)
    client.force_login(student.user)
    assert client.get("/modules/").context["modules"].learning[0].next_due == later
    client.force_login(teacher)
    assert client.get("/modules/").context["modules"].teaching[0].next_due == soon


def test_students_do_not_see_how_many_others_there_are(client, module, student):
    for _other in range(4):
        enrol(module)
    client.force_login(student.user)
    assert "5 studenten" not in text_of(client.get("/modules/"))
    assert "5 studenten" not in text_of(client.get(f"/modules/{module.pk}/"))


@pytest.mark.parametrize("number", [1, 3])
def test_my_modules_cost_the_same_however_many(client, django_assert_num_queries, number):
    user = UserFactory(groups=["Docenten"])
    for _each in range(number):
        AssignmentFactory(module=ModuleFactory(teacher=user), due_at=timezone.now() + timedelta(days=1))
        enrol(AssignmentFactory().module, user)
    client.force_login(user)
    with django_assert_num_queries(7):
        client.get("/modules/")


# --- Making and changing ---


def test_a_teacher_makes_a_module(client, teacher):
    client.force_login(teacher)
    assert client.get("/modules/nieuw/").status_code == 200
    groups = "SW1A\r\n sw1a \r\nSW1C, SW1D\r\n\r\n"
    response = client.post("/modules/nieuw/", {"title": " Wijkwerk ", "period": "Blok 2", "groups": groups})
    module = Module.objects.get()
    assert response.url == f"/modules/{module.pk}/"
    assert (module.title, module.period, module.groups) == ("Wijkwerk", "Blok 2", ["SW1A", "SW1C", "SW1D"])
    assert teachers_of(module) == {"Karin Vos"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_no_teacher_makes_no_module(client, method):
    client.force_login(UserFactory(groups=["Redactie"]))
    assert getattr(client, method)("/modules/nieuw/", {"title": "X"}).status_code == 403
    assert not Module.objects.exists()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"title": ""}, "verplicht"),
        ({"title": "x" * 121}, "121"),
        ({"title": "X", "groups": "y" * 41}, "hoogstens 40 tekens"),
        ({"title": "X", "groups": "\n".join(f"k{n}" for n in range(31))}, "hoogstens 30 klassen"),
    ],
)
def test_mistakes_are_said_beside_what_was_typed(client, teacher, sent, sentence):
    client.force_login(teacher)
    response = client.post("/modules/nieuw/", {"description": "Bewaar mij.", **sent})
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert "Bewaar mij." in text_of(response)
    assert not Module.objects.exists()


def test_a_teacher_changes_a_module(client, module, teacher):
    client.force_login(teacher)
    assert "SW1A" in text_of(client.get(f"/modules/{module.pk}/bewerken/"))
    sent = {"title": "Wijkwerk", "period": "Blok 3", "description": "D", "groups": "SW2A"}
    assert client.post(f"/modules/{module.pk}/bewerken/", sent).url == f"/modules/{module.pk}/"
    module.refresh_from_db()
    assert (module.title, module.period, module.description, module.groups) == ("Wijkwerk", "Blok 3", "D", ["SW2A"])


def test_taking_away_a_group_with_people_is_said_at_the_field(client, module, teacher, student):
    client.force_login(teacher)
    response = client.post(f"/modules/{module.pk}/bewerken/", {"title": "X", "groups": "SW1C"})
    assert "In klas SW1A zitten nog studenten." in text_of(response)


# --- The page of a module ---


def test_its_teacher_sees_code_link_qr_people_and_assignments(client, module, teacher, student, settings):
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


def test_on_a_loopback_site_it_says_that_phones_cannot_reach_it(client, module, teacher, settings):
    settings.SITE_URL = "http://127.0.0.1:8000"
    client.force_login(teacher)
    assert "Telefoons kunnen er niet bij" in text_of(client.get(f"/modules/{module.pk}/"))
    assert "telefoons kunnen er niet bij" in text_of(client.get(f"/modules/{module.pk}/scherm/"))


def test_the_screen_shows_a_code_only_while_it_works(client, module, teacher):
    client.force_login(teacher)
    assert 'class="qr"' in text_of(client.get(f"/modules/{module.pk}/scherm/"))
    modules.close_code(module=module)
    page = text_of(client.get(f"/modules/{module.pk}/scherm/"))
    assert 'class="qr"' not in page
    assert "De code is dicht." in page


def test_students_see_their_assignments_and_nothing_of_others(client, module, student):
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


def test_a_students_states_are_counted_one_by_one(client, module, student):
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


def test_an_assignment_that_is_not_open_is_announced_without_a_link(client, module, student):
    assignment = AssignmentFactory(module=module, opens_at=timezone.now() + timedelta(days=1))
    client.force_login(student.user)
    page = text_of(client.get(f"/modules/{module.pk}/"))
    assert "gaat open morgen om" in page
    assert f"/opdrachten/{assignment.pk}/" not in page


def test_an_own_date_is_said_to_be_so(client, module, student):
    assignment = AssignmentFactory(module=module, due_at=timezone.now() - timedelta(days=3))
    client.force_login(student.user)
    assert "inleveren was voor" in text_of(client.get(f"/modules/{module.pk}/"))
    extend(assignment, student, timezone.now() + timedelta(days=1))
    page = text_of(client.get(f"/modules/{module.pk}/"))
    assert "inleveren voor morgen om" in page
    assert "(jouw eigen datum)" in page


@pytest.mark.parametrize(("days", "said"), [(1, "inleveren voor morgen om"), (-1, "inleveren was voor gisteren om")])
def test_its_teacher_is_told_that_a_date_is_over(client, module, teacher, student, days, said):
    assignment = AssignmentFactory(module=module, due_at=timezone.now() + timedelta(days=days))
    client.force_login(teacher)
    for page in (f"modules/{module.pk}", *(f"opdrachten/{assignment.pk}/{name}" for name in ("feedback", "overzicht"))):
        assert said in text_of(client.get(f"/{page}/"))
    assert said.removeprefix("inleveren ") in text_of(client.get(f"/modules/{module.pk}/voortgang/"))


def test_an_empty_module_says_what_comes(client, module, teacher, student):
    client.force_login(student.user)
    assert "Er zijn nog geen opdrachten." in text_of(client.get(f"/modules/{module.pk}/"))
    student.delete()
    client.force_login(teacher)
    page = text_of(client.get(f"/modules/{module.pk}/"))
    assert "Nog geen opdrachten." in page
    assert "Er doet nog niemand mee." in page


@pytest.mark.parametrize("number", [1, 3])
def test_a_teachers_page_costs_the_same_however_full(client, module, teacher, django_assert_num_queries, number):
    for each in range(number):
        assignment = AssignmentFactory(module=module)
        hand_in(assignment, enrol(module, group=f"K{each}"), 0)
        enrol(module, role=Role.TEACHER)
    client.force_login(teacher)
    with django_assert_num_queries(9):
        client.get(f"/modules/{module.pk}/")


@pytest.mark.parametrize("number", [1, 3])
def test_a_students_page_costs_the_same_however_full(client, module, student, django_assert_num_queries, number):
    for _each in range(number):
        hand_in(AssignmentFactory(module=module), student, 0)
        enrol(module, role=Role.TEACHER)
    client.force_login(student.user)
    with django_assert_num_queries(7):
        client.get(f"/modules/{module.pk}/")


# --- Acts on the page ---


@pytest.fixture
def at_work(client, teacher):
    client.force_login(teacher)
    return client


def test_code_and_archive_have_their_buttons(at_work, module):
    old = module.code
    assert "Er is een nieuwe code" in text_of(at_work.post(f"/modules/{module.pk}/code/", follow=True))
    module.refresh_from_db()
    assert module.code != old
    at_work.post(f"/modules/{module.pk}/code/sluiting/")
    module.refresh_from_db()
    assert not module.code_is_open
    at_work.post(f"/modules/{module.pk}/archief/")
    assert Module.objects.get().is_archived
    assert "Haal de module eerst terug" in text_of(at_work.post(f"/modules/{module.pk}/code/", follow=True))
    at_work.post(f"/modules/{module.pk}/terugkeer/")
    assert not Module.objects.get().is_archived


def test_deleting_leads_to_ones_modules_and_a_refusal_back_to_the_form(at_work, module, student):
    assignment = AssignmentFactory(module=module)
    hand_in(assignment, student, 0)
    response = at_work.post(f"/modules/{module.pk}/verwijdering/", follow=True)
    assert "al geantwoord" in text_of(response)
    assert response.redirect_chain[-1][0] == f"/modules/{module.pk}/bewerken/"
    empty = ModuleFactory(teacher=Enrolment.objects.get(role=Role.TEACHER).user)
    assert at_work.post(f"/modules/{empty.pk}/verwijdering/").url == "/modules/"
    assert list(Module.objects.all()) == [module]


def test_a_copy_is_made_by_who_may_make_modules(at_work, module, student):
    AssignmentFactory(module=module, due_at=at("2026-10-20 17:00"))
    page = text_of(at_work.get(f"/modules/{module.pk}/kopie/"))
    assert "dinsdag 20 oktober 2026 om 17:00; 52 weken later is dat dinsdag 19 oktober 2027 om 17:00" in page
    response = at_work.post(f"/modules/{module.pk}/kopie/", {"title": "Nieuw", "period": "", "weeks": "52"})
    copied = Module.objects.exclude(pk=module.pk).get()
    assert response.url == f"/modules/{copied.pk}/"
    assert copied.assignments.get().due_at == at("2027-10-19 17:00")


def test_a_colleague_without_the_right_to_make_modules_cannot_copy(client, module):
    client.force_login(enrol(module, role=Role.TEACHER).user)
    assert client.get(f"/modules/{module.pk}/kopie/").status_code == 403
    assert client.get(f"/modules/{module.pk}/bewerken/").status_code == 200


@pytest.mark.parametrize("weeks", ["", "-1", "1.5", "261", "een"])
def test_only_whole_weeks_within_five_years(at_work, module, weeks):
    assert at_work.post(f"/modules/{module.pk}/kopie/", {"title": "X", "weeks": weeks}).status_code == 200
    assert Module.objects.count() == 1


def test_a_student_is_moved_removed_and_let_back(at_work, module, student):
    base = f"/modules/{module.pk}/mensen/{student.tag}/"
    assert "Bram Kuipers" in text_of(at_work.get(base))
    at_work.post(f"{base}klas/", {"group": "SW1C"})
    student.refresh_from_db()
    assert student.group == "SW1C"
    response = at_work.post(f"{base}vertrek/", follow=True)
    assert "Wat al was ingeleverd, kun je blijven lezen." in text_of(response)
    student.refresh_from_db()
    assert student.has_left
    modules.join(module=module, user=student.user)
    assert "Wil terug" in text_of(at_work.get(f"/modules/{module.pk}/"))
    at_work.post(f"{base}terugkeer/", {"answer": "no"})
    student.refresh_from_db()
    assert (student.has_left, student.asked_back_at) == (True, None)
    assert "Laat terug" in text_of(at_work.get(base))
    at_work.post(f"{base}terugkeer/", {"answer": "yes"})
    student.refresh_from_db()
    assert not student.has_left


def test_a_group_that_is_none_of_the_modules_is_refused(at_work, module, student):
    response = at_work.post(f"/modules/{module.pk}/mensen/{student.tag}/klas/", {"group": "SW9Z"}, follow=True)
    assert "Deze module heeft geen klas SW9Z." in text_of(response)


def test_somebody_of_another_module_is_not_found(at_work, module, student):
    stranger = enrol(ModuleFactory())
    assert at_work.post(f"/modules/{module.pk}/mensen/{stranger.tag}/vertrek/").status_code == 404
    stranger.refresh_from_db()
    assert not stranger.has_left


def test_a_teacher_leaves_only_when_someone_stays(at_work, module, teacher):
    me = Enrolment.objects.get(user=teacher)
    response = at_work.post(f"/modules/{module.pk}/mensen/{me.tag}/vertrek/", follow=True)
    assert "Een module heeft altijd een docent." in text_of(response)
    enrol(module, role=Role.TEACHER)
    assert at_work.post(f"/modules/{module.pk}/mensen/{me.tag}/vertrek/").url == "/modules/"
    assert at_work.get(f"/modules/{module.pk}/").status_code == 404


def test_the_reading_pages_write_nothing(at_work, module, student):
    for path, method in addresses(module).values():
        if method == "get":
            with CaptureQueriesContext(connection) as queries:
                at_work.get(path)
            assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
