"""Tests of edition upgrades: an assignment takes over another edition of its case, and no work is reset."""

import pytest
from django.urls import reverse

from cases.models import Case
from cases.publishing import editions
from questions.actions import answering, edition_upgrades
from questions.actions import modules as module_actions
from questions.models import Answer, AnswerVersion, Feedback, Question, Submission
from questions.pages import modules
from tests.factories import QuestionFactory, UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, OwnQuestionFactory, enrol, hand_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher(client):
    teacher = UserFactory(name="Karin Vos", groups=["Docenten"])
    client.force_login(teacher)
    return teacher


@pytest.fixture
def case():
    return published_case(title="Een koelkast", kolbs=["doener", "denker", "beslisser"])


@pytest.fixture
def assignment(module, case):
    return AssignmentFactory(module=module, case=case)


def publish_again(case: Case, *, without=(), reworded=None, added=()):
    """Publish the next edition without some questions, with some reworded and some added. Return the edition."""
    copy = editions.start_working_copy(case=case)
    copy.questions.filter(key__in=without).delete()
    for key, text in (reworded or {}).items():
        copy.questions.filter(key=key).update(text=text)
    for key in added:
        QuestionFactory(case=copy, key=key, text=f"Nieuw: {key}?", position=9)
    return editions.publish(case=copy, note="Verbeterd.")


def question_keys(assignment, **filters) -> list[str]:
    return [row.question.key for row in assignment.asked.filter(**filters).select_related("question")]


def edition_address(assignment) -> str:
    return reverse("questions:assignment_edition", args=[assignment.pk])


# --- Taking over ---


def test_assignment_uses_its_edition_until_a_teacher_takes_over_the_new_one(assignment, case):
    newer = publish_again(case)
    assignment.refresh_from_db()
    assert assignment.edition.number == 1
    edition_upgrades.take_over(assignment=assignment, edition=newer)
    assignment.refresh_from_db()
    assert assignment.edition.number == 2


def test_edition_upgrade_changes_no_text_of_users(assignment, case, teacher):
    student = enrol(assignment.module)
    submission = hand_in(assignment, student, text="Zo doe ik dat.")
    Feedback.objects.create(submission=submission, author=teacher, text="Mooi.", verdict="gelezen")
    before = [list(model.objects.order_by("pk").values()) for model in (Answer, AnswerVersion, Submission, Feedback)]
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, reworded={"vraag-1": "Wat doe jij?"}))
    after = [list(model.objects.order_by("pk").values()) for model in (Answer, AnswerVersion, Submission, Feedback)]
    assert after == before
    assert Submission.objects.get().question_text == "Wat doe je als eerste?"


def test_answered_questions_are_marked_as_dropped_and_unanswered_ones_removed(assignment, case):
    hand_in(assignment, enrol(assignment.module), 0)
    newer = publish_again(case, without=["vraag-1", "vraag-2"], added=["extra"])
    upgrade = edition_upgrades.take_over(assignment=assignment, edition=newer)
    assert (question_keys(assignment, dropped=True), question_keys(assignment, dropped=False)) == (
        ["vraag-1"],
        ["vraag-3"],
    )
    groups = (upgrade.asked, upgrade.dropped, upgrade.leaving, upgrade.returning, upgrade.unasked)
    assert [[q.key for q in questions] for questions in groups] == [
        ["vraag-3"],
        ["vraag-1"],
        ["vraag-2"],
        [],
        ["extra"],
    ]


def test_return_to_the_earlier_edition_restores_the_removed_questions(assignment, case):
    first = assignment.edition
    hand_in(assignment, enrol(assignment.module), 0)
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1", "vraag-2"]))
    assignment.refresh_from_db()
    edition_upgrades.take_over(assignment=assignment, edition=first)
    assignment.refresh_from_db()
    assert question_keys(assignment, dropped=False) == ["vraag-1", "vraag-2", "vraag-3"]
    assert (assignment.edition, assignment.set_aside) == (first, [])


def test_own_question_is_in_the_assignment_whatever_the_edition(module, case):
    own = OwnQuestionFactory(module=module, case=case, text="En jij?")
    assignment = AssignmentFactory(module=module, case=case, questions=[case.questions.get(key="vraag-1"), own])
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1"]))
    assert question_keys(assignment) == [own.key]


def test_assignment_that_would_lose_all_questions_gets_those_of_the_edition(module, case):
    assignment = AssignmentFactory(module=module, case=case, questions=[case.questions.get(key="vraag-1")])
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1"]))
    assert question_keys(assignment) == ["vraag-2", "vraag-3"]


def test_taking_over_the_same_edition_twice_changes_nothing(assignment, case):
    newer = publish_again(case, without=["vraag-2"])
    for _time in range(2):
        edition_upgrades.take_over(assignment=assignment, edition=newer)
        assignment.refresh_from_db()
    assert question_keys(assignment) == ["vraag-1", "vraag-3"]


def test_edition_of_a_withdrawn_case_cannot_be_taken_over(assignment, case):
    newer = publish_again(case)
    editions.withdraw(case=case, reason="Ach.")
    newer.refresh_from_db()
    with pytest.raises(module_actions.RefusedError):
        edition_upgrades.take_over(assignment=assignment, edition=newer)


def test_unsent_answer_to_a_removed_question_can_still_be_saved(client, assignment, case):
    student = enrol(assignment.module)
    question = case.questions.get(key="vraag-2")
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-2"]))
    client.force_login(student.user)
    save = f"/vragen/{question.pk}/antwoord/?opdracht={assignment.pk}"
    values = {"text": "Ik was al bezig.", "revision": 0, "user": student.user_id}
    assert client.post(save, values, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 200
    assert "Ik was al bezig." in client.get("/antwoorden/").content.decode()


@pytest.mark.parametrize(("user", "status"), [("teacher", 403), ("student of another module", 404)])
def test_only_students_of_the_module_can_save_answers_to_a_removed_question(
    client, teacher, assignment, case, user, status
):
    question = assignment.questions.get(key="vraag-1")
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1"]))
    client.force_login(teacher if user == "teacher" else enrol(ModuleFactory()).user)
    response = client.post(
        f"{reverse('questions:save_answer', args=[question.pk])}?opdracht={assignment.pk}", {"text": "Mag dit?"}
    )
    assert response.status_code == status
    assert not Answer.objects.exists()


def test_dropped_question_is_shown_only_to_students_who_answered_it(client, assignment, case):
    author, other_student = enrol(assignment.module), enrol(assignment.module)
    hand_in(assignment, author, 0, "Ik bel haar.")
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1"]))
    for student, is_shown in ((author, True), (other_student, False)):
        client.force_login(student.user)
        page = client.get(assignment.get_absolute_url()).content.decode()
        assert ("Vervallen." in page, "Ik bel haar." in page, "0 van 2 ingeleverd" in page) == (
            is_shown,
            is_shown,
            True,
        )
        own = modules.assignments_for_student(student)[0]
        assert (own.handed_in, own.total) == (0, 2)


def test_teachers_see_that_a_question_was_dropped(client, teacher, assignment, case):
    hand_in(assignment, enrol(assignment.module), 0, "Ik bel haar.")
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1"]))
    feedback = reverse("questions:assignment_feedback", args=[assignment.pk])
    page = client.get(f"{feedback}?vraag=vraag-1").content.decode()
    assert ("vervallen" in page, "Ik bel haar." in page) == (True, True)
    assert "vervallen" not in client.get(f"{feedback}?vraag=vraag-3").content.decode()
    assert "vervallen" in client.get(reverse("questions:progress", args=[assignment.module_id])).content.decode()


def test_dropped_question_is_not_due_at_home(client, assignment, case):
    other_student = enrol(assignment.module)
    hand_in(assignment, enrol(assignment.module), 0)
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1"]))
    hand_in(assignment, other_student, 1)
    hand_in(assignment, other_student, 2)
    client.force_login(other_student.user)
    assert client.get("/").context["today"].due == []


def test_form_of_the_assignment_does_not_change_a_dropped_question(client, teacher, assignment, case):
    hand_in(assignment, enrol(assignment.module), 0)
    edition_upgrades.take_over(assignment=assignment, edition=publish_again(case, without=["vraag-1"]))
    page = client.get(reverse("questions:assignment_edit", args=[assignment.pk]))
    assert [question.key for question in page.context["form"].choices] == ["vraag-2", "vraag-3"]
    assert question_keys(assignment, dropped=True) == ["vraag-1"]


# --- The pages ---


def test_teacher_sees_a_newer_edition_and_can_take_it_over(client, teacher, assignment, case):
    pages = [
        assignment.module.get_absolute_url(),
        reverse("questions:assignment_edit", args=[assignment.pk]),
        reverse("questions:assignment_feedback", args=[assignment.pk]),
    ]
    assert ["er editie 2" in client.get(page).content.decode() for page in pages] == [False] * 3
    publish_again(case, reworded={"vraag-1": "Wat doe je als laatste?"})
    assert ["er editie 2" in client.get(page).content.decode() for page in pages] == [True] * 3
    page = client.get(edition_address(assignment)).content.decode()
    assert ("<del>eerste</del>" in page, "<ins>laatste</ins>" in page) == (True, True)
    page = client.post(edition_address(assignment), {"editie": "2"}, follow=True).content.decode()
    assert "gebruikt nu editie 2" in page
    assert ["er editie 2" in client.get(page).content.decode() for page in pages] == [False] * 3


def test_page_shows_the_consequence_for_each_question(client, teacher, assignment, case):
    Question.objects.filter(key="vraag-1").update(text="Beantwoord?")
    Question.objects.filter(key="vraag-2").update(text="Onbeantwoord?")
    hand_in(assignment, enrol(assignment.module), 0)
    publish_again(case, without=["vraag-1", "vraag-2"], added=["extra"])
    page = " ".join(client.get(edition_address(assignment)).content.decode().split())
    assert "blijft staan bij wie al antwoordde: «Beantwoord?»" in page
    assert "niemand antwoordde: «Onbeantwoord?»" in page
    assert "niet in je opdracht (kies je bij Bewerken): «Nieuw: extra?»" in page


def test_teacher_can_return_to_the_earlier_edition(client, teacher, assignment, case):
    publish_again(case)
    client.post(edition_address(assignment), {"editie": "2"})
    assert "Dit is er anders in editie 1" in client.get(edition_address(assignment) + "?editie=1").content.decode()
    client.post(edition_address(assignment), {"editie": "1"})
    assignment.refresh_from_db()
    assert assignment.edition.number == 1


@pytest.mark.parametrize("number", ["", "0", "7", "x", "-1", "1 "])
def test_edition_that_does_not_exist_returns_404(client, teacher, assignment, number):
    assert client.get(edition_address(assignment), {"editie": number}).status_code == 404
    assert client.post(edition_address(assignment), {"editie": number}).status_code == 404


def test_edition_of_another_case_returns_404(client, teacher, assignment):
    other = published_case()
    publish_again(other)
    assert client.post(edition_address(assignment), {"editie": "2"}).status_code == 404


def test_page_of_a_withdrawn_case_offers_no_edition(client, teacher, assignment, case):
    publish_again(case)
    editions.withdraw(case=case, reason="Ach.")
    page = client.get(edition_address(assignment)).content.decode()
    assert ("is ingetrokken" in page, "Neem editie" in page, "editie=" in page) == (True, False, False)
    page = client.post(edition_address(assignment), {"editie": "2"}, follow=True).content.decode()
    assert "Er is geen editie om over te nemen" in page
    assignment.refresh_from_db()
    assert assignment.edition.number == 1


def test_page_uses_a_fixed_number_of_queries(client, teacher, assignment, case, django_assert_num_queries):
    for number in (2, 4):
        while case.editions.count() < number:
            publish_again(case, added=[f"extra-{case.editions.count()}"])
        with django_assert_num_queries(9):
            client.get(edition_address(assignment))


# --- Archived and withdrawn ---


def test_assignment_remains_usable_after_its_case_is_archived(client, assignment, case):
    editions.archive(case=case)
    student = enrol(assignment.module)
    client.force_login(student.user)
    assert "Zo begint het." in client.get(assignment.get_absolute_url()).content.decode()
    hand_in(assignment, student)
    assert Submission.objects.get().question_text == "Wat doe je als eerste?"


def test_archived_case_cannot_be_chosen_for_a_new_assignment(client, teacher, module, case):
    editions.archive(case=case)
    new = reverse("questions:assignment_new", args=[module.pk])
    assert client.get(f"{new}?casus={case.slug}").status_code == 404
    assert case.title not in client.get(new).content.decode()
    assert client.get(f"/modules/kiezen/?casus={case.slug}").status_code == 404


def test_students_can_write_without_the_story_of_a_withdrawn_case(client, assignment, case):
    student = enrol(assignment.module)
    submission = hand_in(assignment, student, 0, "Ik bel haar.")
    editions.withdraw(case=case, reason="Ach.")
    client.force_login(student.user)
    page = client.get(assignment.get_absolute_url()).content.decode()
    assert ("Zo begint het." in page, "Dit verhaal is ingetrokken" in page, "Ik bel haar." in page) == (
        False,
        True,
        True,
    )
    assert ("Wat doe je als eerste?" in page, "Deze vraag is samen met de casus ingetrokken" in page) == (False, True)
    hand_in(assignment, student, 1)
    assert Submission.objects.filter(answer__student=student.user).count() == 2
    assert answering.take_back(submission=submission)


def test_copy_of_a_module_excludes_cases_that_are_no_longer_published(client, teacher, module, assignment, case):
    other = AssignmentFactory(module=module, case=published_case(title="Blijft"))
    editions.archive(case=case)
    values = {"title": "Nog eens", "period": "", "weeks": 52}
    page = client.post(reverse("questions:module_copy", args=[module.pk]), values, follow=True).content.decode()
    copy = type(module).objects.get(title="Nog eens")
    assert [a.edition for a in copy.assignments.all()] == [other.edition]
    assert "Niet meegekopieerd, want niet meer in de bundel: Een koelkast." in page
