"""Assignments: choosing a case and its questions, changing one, later dates, closing, sharing."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

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

pytestmark = pytest.mark.django_db
HOME = ZoneInfo("Europe/Amsterdam")
FOUR = ["doener", "beschouwer", "denker", "beslisser"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HOME)


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def asked(assignment: Assignment) -> list[str]:
    return [q.key for q in Question.objects.filter(asked_in__assignment=assignment).order_by("asked_in__position")]


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, title="Sociaal werk in de wijk")


@pytest.fixture
def case():
    return published_case(title="Een lekkende koelkast", kolbs=FOUR)


@pytest.fixture
def student(module):
    return enrol(module, UserFactory(name="Bram Kuipers"))


@pytest.fixture
def at_work(client, teacher):
    client.force_login(teacher)
    return client


def write(assignment: Assignment, enrolment, text: str = "concept") -> Answer:
    return Answer.objects.create(
        student=enrolment.user, assignment=assignment, question=assignment.questions.first(), text=text
    )


# --- Giving one ---


def test_an_assignment_keeps_questions_order_and_dates(module, case):
    first, second, third, _fourth = case.questions.all()
    plan = Plan(questions=(third, first), opens_at=at("2026-11-24 09:00"), due_at=at("2026-11-27 17:00"))
    assignment = assignments.create_assignment(module=module, edition=case.editions.latest(), plan=plan)
    assert asked(assignment) == [third.key, first.key]
    assert (assignment.opens_at, assignment.due_at) == (at("2026-11-24 09:00"), at("2026-11-27 17:00"))
    assert assignment.position == 1
    again = assignments.create_assignment(module=module, edition=case.editions.latest(), plan=Plan((second,)))
    assert again.position == 2


def test_own_questions_come_last_and_stay_out_of_the_library(module, case):
    plan = Plan(questions=(case.questions.first(),), own=(OwnQuestion("En jij?", "beslisser"),))
    assignment = assignments.create_assignment(module=module, edition=case.editions.latest(), plan=plan)
    assert asked(assignment) == ["vraag-1", "eigen-1"]
    own = Question.objects.get(key="eigen-1")
    assert (own.text, own.kolb, own.module) == ("En jij?", "beslisser", module)
    assert own not in case.questions.in_library()


def test_without_a_question_there_is_no_assignment(module, case):
    with pytest.raises(RefusedError, match="minstens één vraag"):
        assignments.create_assignment(module=module, edition=case.editions.latest(), plan=Plan(()))
    assert not Assignment.objects.exists()


def test_an_archived_module_gets_no_assignments(module, case):
    modules.archive_module(module=module)
    with pytest.raises(RefusedError, match="gearchiveerd"):
        assignments.create_assignment(
            module=module, edition=case.editions.latest(), plan=Plan((case.questions.first(),))
        )


def test_there_is_choice_among_the_editions_questions_and_ones_own(module, case):
    own = OwnQuestionFactory(module=module, case=case, position=1001)
    OwnQuestionFactory(module=ModuleFactory(), case=case)
    found = assignments.questions_to_choose(module=module, edition=case.editions.latest())
    assert [q.key for q in found] == ["vraag-1", "vraag-2", "vraag-3", "vraag-4", own.key]


def test_an_assignment_keeps_the_wording_of_its_edition(module, case):
    assignment = AssignmentFactory(module=module, case=case)
    working = editions.start_working_copy(case=case)
    working.questions.filter(key="vraag-1").update(text="Heel anders?")
    editions.publish(case=working)
    found = assignments.questions_to_choose(module=module, edition=assignment.edition, assignment=assignment)
    assert next(text for q, text in found.items() if q.key == "vraag-1") == "Wat doe je als eerste?"
    newest = assignments.questions_to_choose(module=module, edition=case.editions.latest())
    assert next(text for q, text in newest.items() if q.key == "vraag-1") == "Heel anders?"


# --- Changing one ---


def test_questions_come_and_go_while_nobody_answered(module, case):
    first, second, *_rest = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first])
    assignments.change_assignment(assignment=assignment, plan=Plan((second,)))
    assert asked(assignment) == [second.key]


def test_once_someone_wrote_a_word_questions_stay_and_may_be_added(module, case, student):
    first, second, third, _fourth = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first, second])
    write(assignment, student, "a")
    with pytest.raises(RefusedError) as refused:
        assignments.change_assignment(assignment=assignment, plan=Plan((first, third), instructions="Nieuw"))
    assert refused.value.sentence == "Er is al geantwoord. Vragen toevoegen kan nog, weghalen niet meer."
    assignment.refresh_from_db()
    assert (asked(assignment), assignment.instructions) == (["vraag-1", "vraag-2"], "")
    assignments.change_assignment(assignment=assignment, plan=Plan((third, first, second)))
    assert asked(assignment) == ["vraag-3", "vraag-1", "vraag-2"]


def test_an_own_question_is_mended_until_it_is_answered(module, case, student):
    own = OwnQuestionFactory(module=module, case=case, text="Wat dnek je?")
    assignment = AssignmentFactory(module=module, case=case, questions=[own])
    plan = Plan((own,), reworded=((own, "Wat denk je?"),))
    assignments.change_assignment(assignment=assignment, plan=plan)
    own.refresh_from_db()
    assert own.text == "Wat denk je?"
    write(assignment, student)
    with pytest.raises(RefusedError):
        assignments.change_assignment(assignment=assignment, plan=Plan((own,), reworded=((own, "Iets anders?"),)))
    own.refresh_from_db()
    assert own.text == "Wat denk je?"


def test_deleting_is_for_what_nobody_answered(module, student):
    assignment = AssignmentFactory(module=module)
    answer = write(assignment, student)
    with pytest.raises(RefusedError, match="al geantwoord"):
        assignments.delete_assignment(assignment=assignment)
    answer.delete()
    assignments.delete_assignment(assignment=assignment)
    assert not Assignment.objects.exists()


def test_closing_keeps_its_moment_and_reopening_takes_it_away(module):
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
def test_the_queryset_and_the_assignment_say_the_same_of_taking_work(module, closed, takes_work, is_archived):
    now = timezone.now()
    if is_archived:
        modules.archive_module(module=module)
    assignment = AssignmentFactory(module=module, closed_at=closed and now + closed)
    assert assignment.takes_work is (takes_work and not is_archived)
    assert Assignment.objects.taking_work().exists() is assignment.takes_work


def test_a_date_is_over_at_once_and_a_hand_in_is_late_after_the_grace(module, student):
    assignment = AssignmentFactory(module=module, due_at=timezone.now() - timedelta(seconds=60))
    assert assignment.is_past_due
    assert not assignment.is_late(timezone.now())
    extension = extend(assignment, student, timezone.now() + timedelta(hours=1))
    assert not assignment.is_past_due_for(extension)
    assert not AssignmentFactory(module=module).is_past_due_for(None)


def test_assignments_change_places_and_stay_put_at_the_ends(module):
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


def share(assignment: Assignment, on: bool, **plan) -> Assignment:
    questions = tuple(assignment.questions.all())
    return assignments.change_assignment(assignment=assignment, plan=Plan(questions, share=on, **plan))


def test_sharing_that_is_set_before_it_opens_holds_for_everything(module):
    soon = timezone.now() + timedelta(days=1)
    assignment = share(AssignmentFactory(module=module, opens_at=soon), True, opens_at=soon)
    assert (assignment.share, assignment.shared_from) == (True, None)


def test_switched_on_later_it_holds_from_then_on(module):
    before = timezone.now()
    assignment = share(AssignmentFactory(module=module), True)
    assert assignment.share
    assert before <= assignment.shared_from <= timezone.now()


def test_left_on_it_keeps_its_moment(module):
    assignment = share(AssignmentFactory(module=module), True)
    first = assignment.shared_from
    assert share(assignment, True).shared_from == first


def test_off_and_on_again_it_holds_from_the_second_time(module):
    assignment = share(AssignmentFactory(module=module, share=True), False)
    assert not assignment.share
    assert share(assignment, True).shared_from is not None


def test_moving_the_opening_to_later_does_not_share_what_was_written_before(module, student):
    assignment = AssignmentFactory(module=module)
    hand_in(assignment, student)
    later = timezone.now() + timedelta(days=1)
    share(assignment, False, opens_at=later)
    assert share(assignment, True, opens_at=later).shared_from is not None


# --- Later dates ---


def test_a_student_gets_a_later_date_and_a_second_takes_the_place_of_the_first(module, student):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    for day, reason in (("2026-11-30 17:00", "ziek"), ("2026-12-04 17:00", "nog ziek")):
        assignments.extend(assignment=assignment, enrolment=student, due_at=at(day), reason=reason)
    extension = Extension.objects.get()
    assert (extension.due_at, extension.reason) == (at("2026-12-04 17:00"), "nog ziek")
    assert assignment.due_for(extension) == at("2026-12-04 17:00")


@pytest.mark.parametrize("due", ["2026-11-27 17:00", "2026-11-20 17:00"])
def test_a_date_that_is_no_later_is_refused(module, student, due):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    with pytest.raises(RefusedError):
        assignments.extend(assignment=assignment, enrolment=student, due_at=at(due), reason="ziek")


def test_without_a_date_there_is_nothing_to_extend(module, student):
    with pytest.raises(RefusedError, match="geen inleverdatum"):
        assignments.extend(
            assignment=AssignmentFactory(module=module), enrolment=student, due_at=at("2027-01-01 09:00"), reason="x"
        )


# --- Pages: who gets in ---

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
def test_only_teachers_of_the_module_get_in(client, module, student, name):
    assignment = AssignmentFactory(module=module, due_at=timezone.now())
    extend(assignment, student, timezone.now() + timedelta(days=1))
    path, method = ADDRESSES[name]
    path = f"/opdrachten/{assignment.pk}/{path.format(tag=student.tag)}"
    ask = getattr(client, method)
    assert ask(path).url.startswith("/account/inloggen/?next=")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert ask(path).status_code == 404
    client.force_login(student.user)
    assert ask(path).status_code == 403
    assert Assignment.objects.get() == assignment
    assert Extension.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_teachers_of_the_module_give_an_assignment(client, module, case, student, method):
    path = f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}"
    ask = getattr(client, method)
    assert ask(path).url.startswith("/account/inloggen/?next=")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert ask(path).status_code == 404
    client.force_login(student.user)
    assert ask(path).status_code == 403
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("name", ["place", "close", "reopen", "delete", "withdraw"])
def test_acts_are_posts(at_work, module, student, name):
    assignment = AssignmentFactory(module=module, due_at=timezone.now())
    extend(assignment, student, timezone.now() + timedelta(days=1))
    path = ADDRESSES[name][0].format(tag=student.tag)
    assert at_work.get(f"/opdrachten/{assignment.pk}/{path}").status_code == 405
    assert at_work.put(f"/opdrachten/{assignment.pk}/bewerken/").status_code == 405


# --- Choosing a case ---


def test_first_one_chooses_a_case(at_work, module, case):
    concept = published_case(title="Ingetrokken")
    concept.status = "withdrawn"
    concept.save()
    page = text_of(at_work.get(f"/modules/{module.pk}/opdrachten/nieuw/"))
    assert f"?casus={case.slug}" in page
    assert "Ingetrokken" not in page


def test_cases_are_found_by_words_of_their_title(at_work, module, case):
    published_case(title="Opgeruimd staat netjes?")
    path = f"/modules/{module.pk}/opdrachten/nieuw/"
    assert at_work.get(path, {"zoek": "koelkast LEKK"}).context["cases"] == [case]
    assert "Geen casus met ‘xyz’ in de titel." in text_of(at_work.get(path, {"zoek": "xyz"}))


@pytest.mark.parametrize("slug", ["bestaat-niet", "", "a' OR 1=1"])
def test_a_case_that_is_not_there_is_not_given(at_work, module, case, slug):
    assert at_work.get(f"/modules/{module.pk}/opdrachten/nieuw/", {"casus": slug}).status_code == 404


def test_from_a_case_one_chooses_a_module_of_ones_own(at_work, module, case, teacher):
    ModuleFactory(title="Andermans module")
    ModuleFactory(title="Vorig jaar", teacher=teacher, archived_at=timezone.now())
    response = at_work.get("/modules/kiezen/", {"casus": case.slug})
    assert response.context["modules"] == [module]
    assert f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}" in text_of(response)
    assert at_work.get("/modules/kiezen/", {"casus": "weg"}).status_code == 404


def test_students_have_no_module_to_give_a_case_in(client, case, student):
    client.force_login(student.user)
    assert client.get("/modules/kiezen/", {"casus": case.slug}).status_code == 403


# --- The form ---


def new(module, case) -> str:
    return f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}"


NAMES = ("text", "kolb")


def filled(*questions: Question, own: tuple = (), **fields) -> dict:
    rows = {f"own-{n}-{name}": value for n, row in enumerate(own) for name, value in zip(NAMES, row, strict=True)}
    return {
        "questions": [q.pk for q in questions],
        "own-TOTAL_FORMS": len(own),
        "own-INITIAL_FORMS": 0,
        **rows,
        **fields,
    }


def test_all_questions_are_ticked_to_begin_with_but_own_ones_of_before_are_not(at_work, module, case):
    OwnQuestionFactory(module=module, case=case)
    form = at_work.get(new(module, case)).context["form"]
    assert [row.is_ticked for row in form.rows] == [True, True, True, True, False]


def test_the_form_makes_an_assignment(at_work, module, case):
    first, second, third, _fourth = case.questions.all()
    sent = filled(first, third, own=[("En jij?", "denker"), ("", "")], instructions="Lees eerst.", share="on")
    sent |= {"opens_at": "2099-11-24T09:00", "due_at": "2099-11-27T17:00", f"place-{third.pk}": 1}
    sent |= {f"place-{first.pk}": 2, f"place-{second.pk}": 1}
    response = at_work.post(new(module, case), sent)
    assert response.url == f"/modules/{module.pk}/"
    assignment = Assignment.objects.get()
    assert asked(assignment) == ["vraag-3", "vraag-1", "eigen-1"]
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
def test_mistakes_are_said_beside_what_was_typed(at_work, module, case, changes, sentence):
    sent = filled(case.questions.first(), instructions="Dit schreef ik.") | changes
    response = at_work.post(new(module, case), sent)
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert ("Dit schreef ik." in text_of(response)) or "instructions" in changes
    assert not Assignment.objects.exists()


def test_questions_of_elsewhere_are_no_choice(at_work, module, case):
    other = OwnQuestionFactory(module=ModuleFactory(), case=case)
    elsewhere = published_case().questions.first()
    at_work.post(new(module, case), filled(case.questions.first(), other, elsewhere) | {"questions": ["x", "-1"]})
    assert not Assignment.objects.exists()
    at_work.post(new(module, case), filled(case.questions.first(), other, elsewhere))
    assert asked(Assignment.objects.get()) == ["vraag-1"]


@pytest.mark.parametrize("bad", [{"own-TOTAL_FORMS": ""}, {"own-TOTAL_FORMS": "9999"}, {"own-INITIAL_FORMS": "x"}])
def test_a_form_that_was_tampered_with_stores_nothing_and_does_not_break(at_work, module, case, bad):
    sent = filled(case.questions.first()) | bad
    assert at_work.post(new(module, case), sent).status_code == 200
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("pick", "ticked", "after"),
    [
        ("alle", [], FOUR),
        ("geen", FOUR, []),
        ("doener", ["denker"], ["doener", "denker"]),
        ("doener", ["doener", "denker"], ["denker"]),
        ("niets", ["denker"], ["denker"]),
        ("onzin", ["denker"], ["denker"]),
    ],
)
def test_quick_picks_tick_without_saving(at_work, module, case, pick, ticked, after):
    chosen = [q for q in case.questions.all() if q.kolb in ticked]
    response = at_work.post(new(module, case), filled(*chosen, pick=pick, instructions="Dit schreef ik."))
    assert [row.question.kolb for row in response.context["form"].rows if row.is_ticked] == after
    assert {part.kolb.value for part in response.context["ring"].slices if part.count} == set(after)
    assert "Dit schreef ik." in text_of(response)
    assert "errorlist" not in text_of(response)
    assert not Assignment.objects.exists()


def test_an_own_question_is_asked_for_one_at_a_time_and_counts_in_the_ring(at_work, module, case):
    sent = filled(own=[("En jij?", "denker")], pick="eigen", due_at="onzin")
    response = at_work.post(new(module, case), sent)
    page = text_of(response)
    assert 'name="own-1-text"' in page
    assert "En jij?" in page
    assert 'name="own-TOTAL_FORMS" value="2"' in page
    assert response.context["ring"].description == "Één vraag: 1 denker"
    full = filled(own=[("?", "denker")] * 10, pick="eigen")
    assert 'name="own-10-text"' not in text_of(at_work.post(new(module, case), full))


def test_the_ring_says_which_bril_is_missing(at_work, module, case):
    response = at_work.post(new(module, case), filled(case.questions.first(), pick="niets"))
    assert "Één vraag: 1 doener" in text_of(response)
    assert [kolb.value for kolb in response.context["ring"].missing] == ["beschouwer", "denker", "beslisser"]


def test_editing_shows_what_there_is(at_work, module, case):
    first, second, third, _fourth = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[third, first], due_at=at("2026-11-27 17:00"))
    response = at_work.get(f"/opdrachten/{assignment.pk}/bewerken/")
    rows = response.context["form"].rows
    assert [(row.question, row.is_ticked) for row in rows][:3] == [(third, True), (first, True), (second, False)]
    assert 'value="2026-11-27T17:00"' in text_of(response)


def test_editing_saves_also_a_date_that_is_past(at_work, module, case):
    first, second, *_rest = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first])
    sent = filled(second, due_at="2026-01-05T17:00", instructions="Nieuw")
    assert at_work.post(f"/opdrachten/{assignment.pk}/bewerken/", sent).url == f"/modules/{module.pk}/"
    assignment.refresh_from_db()
    assert (asked(assignment), assignment.due_at) == (["vraag-2"], at("2026-01-05 17:00"))


def test_answered_questions_stay_whatever_the_form_says(at_work, module, case, student):
    first, second, third, _fourth = case.questions.all()
    assignment = AssignmentFactory(module=module, case=case, questions=[first, second])
    write(assignment, student)
    response = at_work.get(f"/opdrachten/{assignment.pk}/bewerken/")
    assert "Vragen toevoegen kan nog, weghalen niet meer." in text_of(response)
    assert [row.is_fixed for row in response.context["form"].rows] == [True, True, False, False]
    at_work.post(f"/opdrachten/{assignment.pk}/bewerken/", filled(third))
    assert sorted(asked(assignment)) == ["vraag-1", "vraag-2", "vraag-3"]


def test_an_own_question_can_be_mended_in_the_form_and_not_emptied(at_work, module, case):
    own = OwnQuestionFactory(module=module, case=case, text="Wat dnek je?")
    assignment = AssignmentFactory(module=module, case=case, questions=[own])
    path = f"/opdrachten/{assignment.pk}/bewerken/"
    response = at_work.post(path, filled(own, **{f"words-{own.pk}": "  "}))
    assert "Schrijf hier je vraag" in text_of(response)
    at_work.post(path, filled(own, **{f"words-{own.pk}": "Wat denk je?"}))
    own.refresh_from_db()
    assert own.text == "Wat denk je?"


def test_a_question_that_a_later_edition_dropped_stays_where_it_was_given(at_work, module, case):
    assignment = AssignmentFactory(module=module, case=case)
    working = editions.start_working_copy(case=case)
    working.questions.get(key="vraag-1").delete()
    editions.publish(case=working)
    rows = at_work.get(f"/opdrachten/{assignment.pk}/bewerken/").context["form"].rows
    assert [row.question.key for row in rows if row.is_ticked] == ["vraag-1", "vraag-2", "vraag-3", "vraag-4"]
    assert "vraag-1" not in [row.question.key for row in at_work.get(new(module, case)).context["form"].rows]


@pytest.mark.parametrize("number", [1, 3])
def test_the_form_costs_the_same_however_many_questions(at_work, module, django_assert_num_queries, number):
    case = published_case(kolbs=["denker"] * number)
    assignment = AssignmentFactory(module=module, case=case)
    for _each in range(number):
        OwnQuestionFactory(module=module, case=case)
    with django_assert_num_queries(9):
        at_work.get(f"/opdrachten/{assignment.pk}/bewerken/")
    with django_assert_num_queries(6):
        at_work.get(new(module, case))


# --- Acts on pages ---


def test_closing_reopening_moving_and_deleting_have_their_buttons(at_work, module):
    first, second = AssignmentFactory(module=module, position=1), AssignmentFactory(module=module, position=2)
    at_work.post(f"/opdrachten/{second.pk}/sluiting/")
    second.refresh_from_db()
    assert second.closed_at is not None
    at_work.post(f"/opdrachten/{second.pk}/heropening/")
    second.refresh_from_db()
    assert second.closed_at is None
    response = at_work.post(f"/opdrachten/{second.pk}/plaats/", {"direction": "earlier"})
    assert response.url == f"/modules/{module.pk}/#opdrachten"
    assert list(module.assignments.all()) == [second, first]
    assert at_work.post(f"/opdrachten/{second.pk}/verwijdering/").url == f"/modules/{module.pk}/"
    assert list(module.assignments.all()) == [first]


def test_deleting_what_was_answered_says_why_not(at_work, module, student):
    assignment = AssignmentFactory(module=module)
    write(assignment, student)
    response = at_work.post(f"/opdrachten/{assignment.pk}/verwijdering/", follow=True)
    assert "Daarom kun je de opdracht niet verwijderen; sluiten kan wel." in text_of(response)


def test_a_later_date_is_given_and_withdrawn(at_work, module, student):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    path = f"/opdrachten/{assignment.pk}/uitstel/"
    assert "Nog niemand." in text_of(at_work.get(path))
    sent = {"student": student.tag, "due_at": "2026-12-04T17:00", "reason": "ziek geweest"}
    page = text_of(at_work.post(path, sent, follow=True))
    assert "Bram Kuipers heeft een eigen inleverdatum." in page
    assert "ziek geweest" in page
    assert Extension.objects.get().due_at == at("2026-12-04 17:00")
    at_work.post(f"{path}{student.tag}/intrekking/")
    assert not Extension.objects.exists()
    assert at_work.post(f"{path}{student.tag}/intrekking/").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""},
        {"due_at": "2026-11-20T17:00"},
        {"due_at": ""},
        {"student": "weg"},
        {"student": "teacher"},
        {"student": "gone"},
        {"student": "elsewhere"},
    ],
)
def test_a_later_date_is_for_students_of_the_module_and_has_a_reason(at_work, module, student, changes):
    people = {
        "teacher": module.enrolments.get(role=Role.TEACHER),
        "gone": enrol(module, left_at=timezone.now()),
        "elsewhere": enrol(ModuleFactory()),
    }
    if changes.get("student") in people:
        changes = {"student": people[changes["student"]].tag}
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    sent = {"student": student.tag, "due_at": "2026-12-04T17:00", "reason": "ziek"} | changes
    assert at_work.post(f"/opdrachten/{assignment.pk}/uitstel/", sent).status_code == 200
    assert not Extension.objects.exists()


def test_students_do_not_read_why_someone_has_a_later_date(client, module, student):
    assignment = AssignmentFactory(module=module, due_at=at("2026-11-27 17:00"))
    extend(assignment, student, at("2026-12-04 17:00"), reason="privé")
    client.force_login(student.user)
    assert "privé" not in text_of(client.get(f"/modules/{module.pk}/"))
    assert "privé" not in text_of(client.get(f"/opdrachten/{assignment.pk}/"))


def test_the_forms_write_nothing_when_they_are_only_looked_at(at_work, module, case):
    assignment = AssignmentFactory(module=module, case=case, due_at=timezone.now())
    paths = [new(module, case), f"/opdrachten/{assignment.pk}/bewerken/", f"/opdrachten/{assignment.pk}/uitstel/"]
    for path in paths:
        with CaptureQueriesContext(connection) as queries:
            at_work.get(path)
        assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_own_questions_show_on_no_page_of_the_library(client, module, case):
    modules.add_own_question(module=module, case=case, text="Alleen voor ons?", kolb=Kolb.DENKER)
    assert "Alleen voor ons?" not in text_of(client.get(case.get_absolute_url()))


@pytest.mark.parametrize(("groups", "is_offered"), [(["Docenten"], True), (["Redactie"], False), ([], False)])
def test_a_case_offers_to_be_given_to_who_makes_modules(client, case, groups, is_offered):
    client.force_login(UserFactory(groups=groups))
    page = client.get(case.get_absolute_url()).content.decode()
    assert (f'href="/modules/kiezen/?casus={case.slug}"' in page) is is_offered
