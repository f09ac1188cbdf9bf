"""Tests of assignments: choosing a case and its questions, changing, closing, sharing and extensions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from casebook.lib.errors import RefusedError
from cases.publishing import editions
from questions.actions import assignments, modules
from questions.actions.assignments import OwnQuestion, Plan
from questions.models import Answer, Assignment, Extension, Kolb, Question, Role
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, OwnQuestionFactory, enrol, extend, hand_in
from tests.questions.templatetags.test_dates import at

pytestmark = pytest.mark.django_db
KOLBS = ["doener", "beschouwer", "denker", "beslisser"]


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def question_keys(assignment: Assignment) -> list[str]:
    return [q.key for q in Question.objects.filter(asked_in__assignment=assignment).order_by("asked_in__position")]


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, title="Sociaal werk in de wijk")


@pytest.fixture
def case():
    return published_case(title="Een lekkende koelkast", kolbs=KOLBS)


@pytest.fixture
def student(module):
    return enrol(module, UserFactory(name="Bram Kuipers"))


@pytest.fixture
def teacher_client(client, teacher):
    client.force_login(teacher)
    return client


def write_answer(assignment: Assignment, enrolment, text: str = "concept") -> Answer:
    return Answer.objects.create(
        student=enrolment.user, assignment=assignment, question=assignment.questions.first(), text=text
    )


# --- Creating ---


def test_assignment_stores_questions_order_and_dates(module, case):
    first, second, third, _fourth = case.questions.all()
    plan = Plan(questions=(third, first), opens_at=at("2026-11-24 09:00"), due_at=at("2026-11-27 17:00"))
    assignment = assignments.create_assignment(module=module, edition=case.editions.latest(), plan=plan)
    assert question_keys(assignment) == [third.key, first.key]
    assert (assignment.opens_at, assignment.due_at) == (at("2026-11-24 09:00"), at("2026-11-27 17:00"))
    assert assignment.position == 1
    next_assignment = assignments.create_assignment(module=module, edition=case.editions.latest(), plan=Plan((second,)))
    assert next_assignment.position == 2


def test_own_questions_come_last_and_are_not_in_the_library(module, case):
    plan = Plan(questions=(case.questions.first(),), own=(OwnQuestion("En jij?", "beslisser"),))
    assignment = assignments.create_assignment(module=module, edition=case.editions.latest(), plan=plan)
    assert question_keys(assignment) == ["vraag-1", "eigen-1"]
    own = Question.objects.get(key="eigen-1")
    assert (own.text, own.kolb, own.module) == ("En jij?", "beslisser", module)
    assert own not in case.questions.in_library()


def test_assignment_without_questions_is_refused(module, case):
    with pytest.raises(RefusedError, match="minstens één vraag"):
        assignments.create_assignment(module=module, edition=case.editions.latest(), plan=Plan(()))
    assert not Assignment.objects.exists()


def test_assignment_in_an_archived_module_is_refused(module, case):
    modules.archive_module(module=module)
    with pytest.raises(RefusedError, match="gearchiveerd"):
        assignments.create_assignment(
            module=module, edition=case.editions.latest(), plan=Plan((case.questions.first(),))
        )


def test_choices_are_the_questions_of_the_edition_and_of_the_module(module, case):
    own = OwnQuestionFactory(module=module, case=case, position=1001)
    OwnQuestionFactory(module=ModuleFactory(), case=case)
    choices = assignments.questions_to_choose(module=module, edition=case.editions.latest())
    assert [q.key for q in choices] == ["vraag-1", "vraag-2", "vraag-3", "vraag-4", own.key]


def test_choices_of_an_assignment_have_the_wording_of_its_edition(module, case):
    assignment = AssignmentFactory(module=module, case=case)
    working = editions.start_working_copy(case=case)
    working.questions.filter(key="vraag-1").update(text="Heel anders?")
    editions.publish(case=working)
    choices = assignments.questions_to_choose(module=module, edition=assignment.edition, assignment=assignment)
    assert next(text for q, text in choices.items() if q.key == "vraag-1") == "Wat doe je als eerste?"
    newest = assignments.questions_to_choose(module=module, edition=case.editions.latest())
    assert next(text for q, text in newest.items() if q.key == "vraag-1") == "Heel anders?"


# --- Changing ---


def test_questions_can_be_replaced_before_the_first_answer(module, case):
    first, second, *_rest = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first])
    assignments.change_assignment(assignment=assignment, plan=Plan((second,)))
    assert question_keys(assignment) == [second.key]


def test_questions_can_only_be_added_after_the_first_answer(module, case, student):
    first, second, third, _fourth = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first, second])
    write_answer(assignment, student, "a")
    with pytest.raises(RefusedError) as error:
        assignments.change_assignment(assignment=assignment, plan=Plan((first, third), instructions="Nieuw"))
    assert error.value.sentence == "Er is al geantwoord. Vragen toevoegen kan nog, weghalen niet meer."
    assignment.refresh_from_db()
    assert (question_keys(assignment), assignment.instructions) == (["vraag-1", "vraag-2"], "")
    assignments.change_assignment(assignment=assignment, plan=Plan((third, first, second)))
    assert question_keys(assignment) == ["vraag-3", "vraag-1", "vraag-2"]


def test_own_question_can_be_reworded_until_it_is_answered(module, case, student):
    own = OwnQuestionFactory(module=module, case=case, text="Wat dnek je?")
    assignment = AssignmentFactory(module=module, case=case, questions=[own])
    plan = Plan((own,), reworded=((own, "Wat denk je?"),))
    assignments.change_assignment(assignment=assignment, plan=plan)
    own.refresh_from_db()
    assert own.text == "Wat denk je?"
    write_answer(assignment, student)
    with pytest.raises(RefusedError):
        assignments.change_assignment(assignment=assignment, plan=Plan((own,), reworded=((own, "Iets anders?"),)))
    own.refresh_from_db()
    assert own.text == "Wat denk je?"


def test_only_an_assignment_without_answers_can_be_deleted(module, student):
    assignment = AssignmentFactory(module=module)
    answer = write_answer(assignment, student)
    with pytest.raises(RefusedError, match="al geantwoord"):
        assignments.delete_assignment(assignment=assignment)
    answer.delete()
    assignments.delete_assignment(assignment=assignment)
    assert not Assignment.objects.exists()


def test_closing_twice_does_not_change_the_moment_and_reopening_clears_it(module):
    assignment = AssignmentFactory(module=module)
    assignments.close_assignment(assignment=assignment)
    first = assignment.closed_at
    assignments.close_assignment(assignment=assignment)
    assert assignment.closed_at == first
    assert not assignment.takes_work
    assignments.reopen_assignment(assignment=assignment)
    assert Assignment.objects.get().takes_work


@pytest.mark.parametrize("is_archived", [False, True])
@pytest.mark.parametrize(
    ("closed", "takes_work"), [(None, True), (timedelta(hours=-1), False), (timedelta(hours=1), True)]
)
def test_queryset_and_property_agree_on_taking_work(module, closed, takes_work, is_archived):
    now = timezone.now()
    if is_archived:
        modules.archive_module(module=module)
    assignment = AssignmentFactory(module=module, closed_at=closed and now + closed)
    assert assignment.takes_work is (takes_work and not is_archived)
    assert Assignment.objects.taking_work().exists() is assignment.takes_work


def test_due_date_passes_at_once_and_work_is_late_after_the_grace_period(module, student):
    assignment = AssignmentFactory(module=module, due_at=timezone.now() - timedelta(seconds=60))
    assert assignment.is_past_due
    assert not assignment.is_late(timezone.now())
    extension = extend(assignment, student, timezone.now() + timedelta(hours=1))
    assert not assignment.is_past_due_for(extension)
    assert not AssignmentFactory(module=module).is_past_due_for(None)


def test_assignments_swap_positions_except_at_the_ends(module):
    a, b, c = (AssignmentFactory(module=module, position=0) for _each in range(3))

    def order() -> list[Assignment]:
        return list(module.assignments.all())

    assignments.move_assignment(assignment=c, earlier=True)
    assert order() == [a, c, b]
    assignments.move_assignment(assignment=a, earlier=True)
    assert order() == [a, c, b]
    assignments.move_assignment(assignment=b, earlier=False)
    assert order() == [a, c, b]
    assignments.move_assignment(assignment=a, earlier=False)
    assert order() == [c, a, b]


# --- Sharing ---


def change_sharing(assignment: Assignment, is_shared: bool, **plan) -> Assignment:
    questions = tuple(assignment.questions.all())
    return assignments.change_assignment(assignment=assignment, plan=Plan(questions, share=is_shared, **plan))


def test_sharing_set_before_opening_includes_all_answers(module):
    soon = timezone.now() + timedelta(days=1)
    assignment = change_sharing(AssignmentFactory(module=module, opens_at=soon), True, opens_at=soon)
    assert (assignment.share, assignment.shared_from) == (True, None)


def test_sharing_set_after_opening_starts_at_that_moment(module):
    before = timezone.now()
    assignment = change_sharing(AssignmentFactory(module=module), True)
    assert assignment.share
    assert before <= assignment.shared_from <= timezone.now()


def test_saving_again_does_not_change_the_start_of_sharing(module):
    assignment = change_sharing(AssignmentFactory(module=module), True)
    first = assignment.shared_from
    assert change_sharing(assignment, True).shared_from == first


def test_sharing_that_is_set_again_starts_at_the_second_moment(module):
    assignment = change_sharing(AssignmentFactory(module=module, share=True), False)
    assert not assignment.share
    assert change_sharing(assignment, True).shared_from is not None


def test_moving_the_opening_does_not_share_earlier_answers(module, student):
    assignment = AssignmentFactory(module=module)
    hand_in(assignment, student)
    later = timezone.now() + timedelta(days=1)
    change_sharing(assignment, False, opens_at=later)
    assert change_sharing(assignment, True, opens_at=later).shared_from is not None


# --- Extensions ---


def test_second_extension_of_a_student_replaces_the_first(module, student):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    for day, reason in (("2026-11-30 17:00", "ziek"), ("2026-12-04 17:00", "nog ziek")):
        assignments.extend(assignment=assignment, enrolment=student, due_at=at(day), reason=reason)
    extension = Extension.objects.get()
    assert (extension.due_at, extension.reason) == (at("2026-12-04 17:00"), "nog ziek")
    assert assignment.due_for(extension) == at("2026-12-04 17:00")


@pytest.mark.parametrize("due", ["2026-11-27 17:00", "2026-11-20 17:00"])
def test_extension_that_is_not_later_than_the_due_date_is_refused(module, student, due):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    with pytest.raises(RefusedError):
        assignments.extend(assignment=assignment, enrolment=student, due_at=at(due), reason="ziek")


def test_extension_without_a_due_date_is_refused(module, student):
    with pytest.raises(RefusedError, match="geen inleverdatum"):
        assignments.extend(
            assignment=AssignmentFactory(module=module), enrolment=student, due_at=at("2027-01-01 09:00"), reason="x"
        )


# --- Pages: access ---

ADDRESSES = {
    "edit": ("bewerken/", "get"),
    "save": ("bewerken/", "post"),
    "place": ("plaats/", "post"),
    "close": ("sluiting/", "post"),
    "reopen": ("heropening/", "post"),
    "delete": ("verwijdering/", "post"),
    "extensions": ("uitstel/", "get"),
    "extend": ("uitstel/", "post"),
    "withdraw": ("uitstel/{tag}/intrekking/", "post"),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_only_teachers_of_the_module_have_access(client, module, student, name):
    assignment = AssignmentFactory(module=module, due_at=timezone.now())
    extend(assignment, student, timezone.now() + timedelta(days=1))
    path, method = ADDRESSES[name]
    path = f"/opdrachten/{assignment.pk}/{path.format(tag=student.tag)}"
    send_request = getattr(client, method)
    assert send_request(path).url.startswith("/account/inloggen/?next=")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert send_request(path).status_code == 404
    client.force_login(student.user)
    assert send_request(path).status_code == 403
    assert Assignment.objects.get() == assignment
    assert Extension.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_teachers_of_the_module_can_create_an_assignment(client, module, case, student, method):
    path = f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}"
    send_request = getattr(client, method)
    assert send_request(path).url.startswith("/account/inloggen/?next=")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert send_request(path).status_code == 404
    client.force_login(student.user)
    assert send_request(path).status_code == 403
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("name", ["place", "close", "reopen", "delete", "withdraw"])
def test_actions_require_post(teacher_client, module, student, name):
    assignment = AssignmentFactory(module=module, due_at=timezone.now())
    extend(assignment, student, timezone.now() + timedelta(days=1))
    path = ADDRESSES[name][0].format(tag=student.tag)
    assert teacher_client.get(f"/opdrachten/{assignment.pk}/{path}").status_code == 405
    assert teacher_client.put(f"/opdrachten/{assignment.pk}/bewerken/").status_code == 405


# --- Choosing a case ---


def test_new_assignment_starts_with_the_choice_of_a_published_case(teacher_client, module, case):
    withdrawn_case = published_case(title="Ingetrokken")
    withdrawn_case.status = "withdrawn"
    withdrawn_case.save()
    page = text_of(teacher_client.get(f"/modules/{module.pk}/opdrachten/nieuw/"))
    assert f"?casus={case.slug}" in page
    assert "Ingetrokken" not in page


def test_cases_can_be_searched_by_title(teacher_client, module, case):
    published_case(title="Opgeruimd staat netjes?")
    path = f"/modules/{module.pk}/opdrachten/nieuw/"
    assert teacher_client.get(path, {"zoek": "koelkast LEKK"}).context["cases"] == [case]
    assert "Geen casus met ‘xyz’ in de titel." in text_of(teacher_client.get(path, {"zoek": "xyz"}))


@pytest.mark.parametrize("slug", ["bestaat-niet", "", "a' OR 1=1"])
def test_unknown_case_returns_404(teacher_client, module, case, slug):
    assert teacher_client.get(f"/modules/{module.pk}/opdrachten/nieuw/", {"casus": slug}).status_code == 404


def test_teacher_can_assign_a_case_to_own_modules_only(teacher_client, module, case, teacher):
    ModuleFactory(title="Andermans module")
    ModuleFactory(title="Vorig jaar", teacher=teacher, archived_at=timezone.now())
    response = teacher_client.get("/modules/kiezen/", {"casus": case.slug})
    assert response.context["modules"] == [module]
    assert f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}" in text_of(response)
    assert teacher_client.get("/modules/kiezen/", {"casus": "weg"}).status_code == 404


def test_student_cannot_assign_a_case(client, case, student):
    client.force_login(student.user)
    assert client.get("/modules/kiezen/", {"casus": case.slug}).status_code == 403


# --- The form ---


def new_address(module, case) -> str:
    return f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}"


OWN_FIELDS = ("text", "kolb")


def form_values(*questions: Question, own: tuple = (), **fields) -> dict:
    rows = {f"own-{n}-{name}": value for n, row in enumerate(own) for name, value in zip(OWN_FIELDS, row, strict=True)}
    return {
        "questions": [q.pk for q in questions],
        "own-TOTAL_FORMS": len(own),
        "own-INITIAL_FORMS": 0,
        **rows,
        **fields,
    }


def test_new_form_selects_all_questions_except_existing_own_questions(teacher_client, module, case):
    OwnQuestionFactory(module=module, case=case)
    form = teacher_client.get(new_address(module, case)).context["form"]
    assert [row.is_ticked for row in form.rows] == [True, True, True, True, False]


def test_form_creates_an_assignment(teacher_client, module, case):
    first, second, third, _fourth = case.questions.all()
    values = form_values(first, third, own=[("En jij?", "denker"), ("", "")], instructions="Lees eerst.", share="on")
    values |= {"opens_at": "2099-11-24T09:00", "due_at": "2099-11-27T17:00", f"place-{third.pk}": 1}
    values |= {f"place-{first.pk}": 2, f"place-{second.pk}": 1}
    response = teacher_client.post(new_address(module, case), values)
    assert response.url == f"/modules/{module.pk}/"
    assignment = Assignment.objects.get()
    assert question_keys(assignment) == ["vraag-3", "vraag-1", "eigen-1"]
    assert (assignment.edition, assignment.instructions) == (case.editions.latest(), "Lees eerst.")
    assert (assignment.opens_at, assignment.due_at) == (at("2099-11-24 09:00"), at("2099-11-27 17:00"))
    assert (assignment.share, assignment.shared_from) == (True, None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"questions": []}, "Kies minstens één vraag"),
        ({"due_at": "2001-01-01T09:00"}, "Deze tijd is al voorbij."),
        ({"opens_at": "2099-02-01T09:00", "due_at": "2099-01-01T09:00"}, "vóór het moment"),
        ({"due_at": "morgen"}, "Vul een dag en een tijd in"),
        ({"due_at": "2099-03-29T02:30"}, "2099"),
        ({"own-TOTAL_FORMS": 1, "own-0-text": "En jij?"}, "Kies de bril die bij je vraag past."),
        ({"own-TOTAL_FORMS": 1, "own-0-text": "x" * 2001, "own-0-kolb": "denker"}, "2001"),
        ({"own-TOTAL_FORMS": 1, "own-0-text": "?", "own-0-kolb": "voeler"}, "voeler"),
        ({"instructions": "Bewaar mij." + "x" * 4000}, "Bewaar mij."),
    ],
)
def test_form_with_mistakes_shows_errors_and_the_typed_values(teacher_client, module, case, changes, sentence):
    values = form_values(case.questions.first(), instructions="Dit schreef ik.") | changes
    response = teacher_client.post(new_address(module, case), values)
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert ("Dit schreef ik." in text_of(response)) or "instructions" in changes
    assert not Assignment.objects.exists()


def test_questions_of_other_modules_and_cases_are_ignored(teacher_client, module, case):
    other = OwnQuestionFactory(module=ModuleFactory(), case=case)
    elsewhere = published_case().questions.first()
    teacher_client.post(
        new_address(module, case), form_values(case.questions.first(), other, elsewhere) | {"questions": ["x", "-1"]}
    )
    assert not Assignment.objects.exists()
    teacher_client.post(new_address(module, case), form_values(case.questions.first(), other, elsewhere))
    assert question_keys(Assignment.objects.get()) == ["vraag-1"]


@pytest.mark.parametrize("tampered", [{"own-TOTAL_FORMS": ""}, {"own-TOTAL_FORMS": "9999"}, {"own-INITIAL_FORMS": "x"}])
def test_form_with_an_invalid_management_form_stores_nothing(teacher_client, module, case, tampered):
    values = form_values(case.questions.first()) | tampered
    assert teacher_client.post(new_address(module, case), values).status_code == 200
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("pick", "ticked", "after"),
    [
        ("alle", [], KOLBS),
        ("geen", KOLBS, []),
        ("doener", ["denker"], ["doener", "denker"]),
        ("doener", ["doener", "denker"], ["denker"]),
        ("niets", ["denker"], ["denker"]),
        ("onzin", ["denker"], ["denker"]),
    ],
)
def test_quick_selection_changes_the_form_without_saving(teacher_client, module, case, pick, ticked, after):
    chosen = [q for q in case.questions.all() if q.kolb in ticked]
    response = teacher_client.post(
        new_address(module, case), form_values(*chosen, pick=pick, instructions="Dit schreef ik.")
    )
    assert [row.question.kolb for row in response.context["form"].rows if row.is_ticked] == after
    assert {part.kolb.value for part in response.context["ring"].slices if part.count} == set(after)
    assert "Dit schreef ik." in text_of(response)
    assert "errorlist" not in text_of(response)
    assert not Assignment.objects.exists()


def test_each_request_adds_one_own_question_that_counts_in_the_ring(teacher_client, module, case):
    values = form_values(own=[("En jij?", "denker")], pick="eigen", due_at="onzin")
    response = teacher_client.post(new_address(module, case), values)
    page = text_of(response)
    assert 'name="own-1-text"' in page
    assert "En jij?" in page
    assert 'name="own-TOTAL_FORMS" value="2"' in page
    assert response.context["ring"].description == "Eén vraag: 1 denker"
    full = form_values(own=[("?", "denker")] * 10, pick="eigen")
    assert 'name="own-10-text"' not in text_of(teacher_client.post(new_address(module, case), full))


def test_ring_names_the_missing_lenses(teacher_client, module, case):
    response = teacher_client.post(new_address(module, case), form_values(case.questions.first(), pick="niets"))
    assert "Eén vraag: 1 doener" in text_of(response)
    assert [kolb.value for kolb in response.context["ring"].missing] == ["beschouwer", "denker", "beslisser"]


def test_edit_form_shows_the_stored_values(teacher_client, module, case):
    first, second, third, _fourth = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[third, first], due_at=at("2026-11-27 17:00"))
    response = teacher_client.get(f"/opdrachten/{assignment.pk}/bewerken/")
    rows = response.context["form"].rows
    assert [(row.question, row.is_ticked) for row in rows][:3] == [(third, True), (first, True), (second, False)]
    assert 'value="2026-11-27T17:00"' in text_of(response)


def test_edit_form_accepts_a_due_date_in_the_past(teacher_client, module, case):
    first, second, *_rest = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first])
    values = form_values(second, due_at="2026-01-05T17:00", instructions="Nieuw")
    assert teacher_client.post(f"/opdrachten/{assignment.pk}/bewerken/", values).url == f"/modules/{module.pk}/"
    assignment.refresh_from_db()
    assert (question_keys(assignment), assignment.due_at) == (["vraag-2"], at("2026-01-05 17:00"))


def test_answered_questions_cannot_be_removed_in_the_form(teacher_client, module, case, student):
    first, second, third, _fourth = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first, second])
    write_answer(assignment, student)
    response = teacher_client.get(f"/opdrachten/{assignment.pk}/bewerken/")
    assert "Vragen toevoegen kan nog, weghalen niet meer." in text_of(response)
    assert [row.is_fixed for row in response.context["form"].rows] == [True, True, False, False]
    teacher_client.post(f"/opdrachten/{assignment.pk}/bewerken/", form_values(third))
    assert sorted(question_keys(assignment)) == ["vraag-1", "vraag-2", "vraag-3"]


def test_own_question_can_be_reworded_in_the_form_but_not_emptied(teacher_client, module, case):
    own = OwnQuestionFactory(module=module, case=case, text="Wat dnek je?")
    assignment = AssignmentFactory(module=module, case=case, questions=[own])
    path = f"/opdrachten/{assignment.pk}/bewerken/"
    response = teacher_client.post(path, form_values(own, **{f"words-{own.pk}": "  "}))
    assert "Schrijf hier je vraag" in text_of(response)
    teacher_client.post(path, form_values(own, **{f"words-{own.pk}": "Wat denk je?"}))
    own.refresh_from_db()
    assert own.text == "Wat denk je?"


def test_question_dropped_by_a_later_edition_remains_in_the_assignment(teacher_client, module, case):
    assignment = AssignmentFactory(module=module, case=case)
    working = editions.start_working_copy(case=case)
    working.questions.get(key="vraag-1").delete()
    editions.publish(case=working)
    rows = teacher_client.get(f"/opdrachten/{assignment.pk}/bewerken/").context["form"].rows
    assert [row.question.key for row in rows if row.is_ticked] == ["vraag-1", "vraag-2", "vraag-3", "vraag-4"]
    assert "vraag-1" not in [
        row.question.key for row in teacher_client.get(new_address(module, case)).context["form"].rows
    ]


@pytest.mark.parametrize("number", [1, 3])
def test_form_uses_a_fixed_number_of_queries(teacher_client, module, django_assert_num_queries, number):
    case = published_case(kolbs=["denker"] * number)
    assignment = AssignmentFactory(module=module, case=case)
    for _each in range(number):
        OwnQuestionFactory(module=module, case=case)
    with django_assert_num_queries(8):
        teacher_client.get(f"/opdrachten/{assignment.pk}/bewerken/")
    with django_assert_num_queries(6):
        teacher_client.get(new_address(module, case))


# --- Actions on pages ---


def test_assignment_can_be_closed_reopened_moved_and_deleted(teacher_client, module):
    first, second = AssignmentFactory(module=module, position=1), AssignmentFactory(module=module, position=2)
    teacher_client.post(f"/opdrachten/{second.pk}/sluiting/")
    second.refresh_from_db()
    assert second.closed_at is not None
    teacher_client.post(f"/opdrachten/{second.pk}/heropening/")
    second.refresh_from_db()
    assert second.closed_at is None
    response = teacher_client.post(f"/opdrachten/{second.pk}/plaats/", {"direction": "earlier"})
    assert response.url == f"/modules/{module.pk}/#opdrachten"
    assert list(module.assignments.all()) == [second, first]
    assert teacher_client.post(f"/opdrachten/{second.pk}/verwijdering/").url == f"/modules/{module.pk}/"
    assert list(module.assignments.all()) == [first]


def test_deleting_an_assignment_with_answers_shows_the_reason_of_the_refusal(teacher_client, module, student):
    assignment = AssignmentFactory(module=module)
    write_answer(assignment, student)
    response = teacher_client.post(f"/opdrachten/{assignment.pk}/verwijdering/", follow=True)
    assert "Daarom kun je de opdracht niet verwijderen; sluiten kan wel." in text_of(response)


def test_extension_can_be_granted_and_withdrawn(teacher_client, module, student):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    path = f"/opdrachten/{assignment.pk}/uitstel/"
    assert "Nog niemand." in text_of(teacher_client.get(path))
    values = {"student": student.tag, "due_at": "2026-12-04T17:00", "reason": "ziek geweest"}
    page = text_of(teacher_client.post(path, values, follow=True))
    assert "Bram Kuipers heeft een eigen inleverdatum." in page
    assert "ziek geweest" in page
    assert Extension.objects.get().due_at == at("2026-12-04 17:00")
    teacher_client.post(f"{path}{student.tag}/intrekking/")
    assert not Extension.objects.exists()
    assert teacher_client.post(f"{path}{student.tag}/intrekking/").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""},
        {"due_at": "2026-11-20T17:00"},
        {"due_at": ""},
        {"student": "weg"},
        {"student": "teacher"},
        {"student": "former student"},
        {"student": "other module"},
    ],
)
def test_extension_needs_a_student_of_the_module_a_later_date_and_a_reason(teacher_client, module, student, changes):
    enrolments = {
        "teacher": module.enrolments.get(role=Role.TEACHER),
        "former student": enrol(module, left_at=timezone.now()),
        "other module": enrol(ModuleFactory()),
    }
    if changes.get("student") in enrolments:
        changes = {"student": enrolments[changes["student"]].tag}
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    values = {"student": student.tag, "due_at": "2026-12-04T17:00", "reason": "ziek"} | changes
    assert teacher_client.post(f"/opdrachten/{assignment.pk}/uitstel/", values).status_code == 200
    assert not Extension.objects.exists()


def test_students_do_not_see_the_reason_of_an_extension(client, module, student):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    extend(assignment, student, at("2026-12-04 17:00"), reason="privé")
    client.force_login(student.user)
    assert "privé" not in text_of(client.get(f"/modules/{module.pk}/"))
    assert "privé" not in text_of(client.get(f"/opdrachten/{assignment.pk}/"))


def test_get_requests_of_the_forms_write_nothing(teacher_client, module, case):
    assignment = AssignmentFactory(module=module, case=case, due_at=timezone.now())
    paths = [
        new_address(module, case),
        f"/opdrachten/{assignment.pk}/bewerken/",
        f"/opdrachten/{assignment.pk}/uitstel/",
    ]
    for path in paths:
        with CaptureQueriesContext(connection) as queries:
            teacher_client.get(path)
        assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_own_questions_are_not_shown_in_the_library(client, module, case):
    modules.add_own_question(module=module, case=case, text="Alleen voor ons?", kolb=Kolb.DENKER)
    assert "Alleen voor ons?" not in text_of(client.get(case.get_absolute_url()))


@pytest.mark.parametrize(("groups", "is_offered"), [(["Docenten"], True), (["Redactie"], False), ([], False)])
def test_case_page_offers_an_assignment_to_users_who_can_create_modules(client, case, groups, is_offered):
    client.force_login(UserFactory(groups=groups))
    page = client.get(case.get_absolute_url()).content.decode()
    assert (f'href="/modules/kiezen/?casus={case.slug}"' in page) is is_offered
