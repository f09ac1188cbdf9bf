"""Tests of the feedback desk, the page on which a teacher reads submissions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from questions.actions import answering, feedback, modules
from questions.actions.saving import Draft
from questions.models import Answer, Comment, Feedback, Role, Submission
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, OwnQuestionFactory, enrol, extend, hand_in

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def get_desk(client, teacher, assignment):
    client.force_login(teacher)
    return lambda **query: client.get(f"/opdrachten/{assignment.pk}/feedback/", query)


def names(response) -> list[str]:
    return [str(reply.enrolment.user) for reply in response.context["view"].replies]


def test_only_teachers_of_the_module_can_open_the_desk(client, assignment, student):
    path = f"/opdrachten/{assignment.pk}/feedback/"
    assert client.get(path).url == f"/account/inloggen/?next={path}"
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 401
    client.force_login(UserFactory(groups=["Docenten"]))
    assert client.get(path).status_code == 404
    client.force_login(student.user)
    assert client.get(path).status_code == 403


def test_second_teacher_of_the_module_can_open_the_desk(client, assignment, module):
    client.force_login(enrol(module, role=Role.TEACHER).user)
    assert client.get(f"/opdrachten/{assignment.pk}/feedback/").status_code == 200


def test_post_request_returns_405(client, teacher, assignment):
    client.force_login(teacher)
    assert client.post(f"/opdrachten/{assignment.pk}/feedback/").status_code == 405


def test_desk_shows_one_question_with_name_group_and_moment(get_desk, assignment, student):
    hand_in(assignment, student, 0, "Ik bel eerst.\n\nEn dan loop ik langs.")
    hand_in(assignment, student, 1, "Iets heel anders.")
    page = text_of(get_desk())
    assert "Bram Kuipers" in page
    assert "SW1C" in page
    assert "ingeleverd " in page
    assert "<p>Ik bel eerst.</p>" in page
    assert "Iets heel anders." not in page
    assert "Iets heel anders." in text_of(get_desk(vraag="vraag-2"))


def test_unknown_question_shows_the_first(get_desk, assignment, student):
    hand_in(assignment, student, 0, "Ik bel eerst.")
    assert "Ik bel eerst." in text_of(get_desk(vraag="bestaat-niet"))


def test_drafts_are_not_shown(get_desk, assignment, student):
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=student.user, assignment=assignment, question=question, text="Nog geheim.")
    hand_in(assignment, student, 1)
    page = text_of(get_desk(vraag="vraag-1"))
    assert "Nog geheim." not in page
    assert "Op deze vraag is nog niets ingeleverd." in page


def test_changes_after_handing_in_are_not_shown(get_desk, assignment, student):
    submission = hand_in(assignment, student, 0, "Ingeleverd.")
    answering.save(
        student=student.user,
        question=submission.answer.question,
        assignment_id=assignment.pk,
        draft=answering.Draft("Daarna veranderd.", revision=submission.revision),
    )
    page = text_of(get_desk())
    assert "Ingeleverd." in page
    assert "Daarna veranderd." not in page


def test_desk_shows_the_earlier_version_after_taking_back(get_desk, assignment, student):
    hand_in(assignment, student, 0, "Eerste versie.")
    second = hand_in(assignment, student, 0, "Tweede versie.")
    page = text_of(get_desk())
    assert "Tweede versie." in page
    assert "Eerste versie." not in page
    assert "versie 2" in page
    answering.take_back(submission=second)
    page = text_of(get_desk())
    assert "Eerste versie." in page
    assert "Tweede versie." not in page


def test_own_study_on_the_same_question_is_not_shown(get_desk, assignment, student):
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=student.user, question=question, text="Voor mezelf.")
    assert "Voor mezelf." not in text_of(get_desk())


def test_submissions_for_another_assignment_on_the_case_are_not_shown(get_desk, assignment, module, student):
    other_assignment = AssignmentFactory(module=module, case=assignment.edition.case)
    hand_in(other_assignment, student, 0, "Elders.")
    assert "Elders." not in text_of(get_desk())


def test_late_mark_depends_on_the_grace_period_and_the_extension(get_desk, assignment, student):
    submission = hand_in(assignment, student, 0)
    for delay, is_late in ((timedelta(seconds=110), False), (timedelta(seconds=130), True)):
        assignment.due_at = submission.submitted_at - delay
        assignment.save()
        assert ("na de inleverdatum" in text_of(get_desk())) is is_late
    extend(assignment, student, submission.submitted_at)
    assert "na de inleverdatum" not in text_of(get_desk())


def test_only_work_from_before_a_student_left_is_shown(get_desk, assignment, student):
    hand_in(assignment, student, 0, "Van ervoor.")
    modules.remove_student(enrolment=student)
    page = text_of(get_desk())
    assert "Van ervoor." in page
    assert "niet meer in de module" in page
    Submission.objects.update(submitted_at=student.left_at + timedelta(seconds=1))
    assert "Van ervoor." not in text_of(get_desk())


def test_students_are_sorted_by_group_and_name(get_desk, assignment, module):
    for name, group in (("Zeynep", "SW1A"), ("aylin", "SW1C"), ("Bram", "SW1C"), ("Émile", "")):
        hand_in(assignment, enrol(module, UserFactory(name=name), group=group))
    assert names(get_desk()) == ["Émile", "Zeynep", "aylin", "Bram"]


def test_tabs_count_the_answers_that_were_handed_in(get_desk, assignment, module, student):
    hand_in(assignment, student, 0)
    hand_in(assignment, student, 0, "Nog een versie.")
    hand_in(assignment, enrol(module), 0)
    assert [tab.handed_in for tab in get_desk().context["view"].tabs] == [2, 0]


def test_number_of_missing_submissions_is_shown_without_names(get_desk, assignment, module, student):
    hand_in(assignment, student, 0)
    enrol(module, UserFactory(name="Fenna de Jong"))
    enrol(module, left_at=timezone.now())
    page = text_of(get_desk())
    assert "1 student heeft deze vraag nog niet ingeleverd." in page
    assert "Fenna de Jong" not in page


def test_submission_is_shown_with_the_question_as_it_was_worded(get_desk, assignment, module, student):
    own = OwnQuestionFactory(module=module, case=assignment.edition.case, text="Nu zo?")
    assignment.asked.create(question=own, position=9)
    submission = hand_in(assignment, student, 2)
    assert "De vraag luidde toen:" not in text_of(get_desk(vraag=own.key))
    Submission.objects.filter(pk=submission.pk).update(question_text="Toen zo?")
    assert "De vraag luidde toen: Toen zo?" in text_of(get_desk(vraag=own.key))


def test_submissions_are_shown_as_text_and_not_as_html(get_desk, assignment, student):
    hand_in(assignment, student, 0, "<script>alert(1)</script> *sterren* & <b>")
    page = text_of(get_desk())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; *sterren* &amp; &lt;b&gt;" in page


def test_desk_without_students_shows_a_message(get_desk):
    assert "Er doet nog niemand mee in deze module." in text_of(get_desk())


def test_desk_shows_when_the_assignment_opens(get_desk, assignment, student):
    assignment.opens_at = timezone.now() + timedelta(days=1)
    assignment.save()
    assert "De opdracht gaat open morgen om" in text_of(get_desk())


def test_desk_without_questions_shows_a_message(client, teacher, module):
    empty_assignment = AssignmentFactory(module=module, questions=[])
    client.force_login(teacher)
    assert "Deze opdracht heeft geen vragen." in text_of(client.get(f"/opdrachten/{empty_assignment.pk}/feedback/"))


@pytest.mark.parametrize("number", [1, 3])
def test_desk_uses_a_fixed_number_of_queries(get_desk, assignment, module, django_assert_num_queries, number):
    for _each in range(number):
        member = enrol(module)
        for version in range(number):
            hand_in(assignment, member, 0, f"Versie {version}.")
        hand_in(assignment, member, 1)
    with django_assert_num_queries(18):
        get_desk()


def test_get_request_writes_nothing(get_desk, assignment, student):
    hand_in(assignment, student, 0)
    with CaptureQueriesContext(connection) as queries:
        get_desk()
    assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_desk_is_not_cached(get_desk):
    assert get_desk()["Cache-Control"] == "private, no-store"


def test_former_students_do_not_count_as_missing_submissions(get_desk, assignment, student):
    hand_in(assignment, student, 0)
    modules.remove_student(enrolment=student)
    assert get_desk().context["view"].not_handed_in == 0


def test_links_contain_the_group_and_the_form_for_groups_does_not(client, teacher, module, assignment, get_desk):
    module.groups = ["SW1A", "SW1B"]
    module.save()
    for _each in range(26):
        hand_in(assignment, enrol(module, group="SW1A"))
    page = get_desk(klas="SW1A", vraag="vraag-1")
    assert b"klas=SW1A&amp;sinds=" in page.content.partition(b'rel="next"')[2].partition(b">")[0]
    chosen = page.content.decode().partition('id="klas"')[0].rpartition('name="terug" value="')[2].partition('"')[0]
    assert "klas" not in chosen
    assert "vraag=vraag-" in chosen


def test_actions_from_the_page_of_another_user_are_refused(client, teacher, module, assignment, student, get_desk):
    submission = hand_in(assignment, student)
    assert f'name="user" value="{teacher.pk}"' in get_desk().content.decode().partition('id="selectie"')[2][:600]
    colleague = enrol(module, UserFactory(), role=Role.TEACHER).user
    feedback.save(author=colleague, submission=submission, draft=Draft("Nog niet af"))
    client.force_login(colleague)
    page = f"/opdrachten/{assignment.pk}/feedback"
    other = hand_in(assignment, enrol(module))
    for path, data in [
        (f"{page}/keuze/", {"antwoord": other.pk, "oordeel": "gelezen"}),
        (f"{page}/vrijgave/", {"wat": "alles"}),
        (f"/ingeleverd/{submission.pk}/feedback/ongedaan/", {}),
        ("/zinnen/", {"text": "Een zin van mij"}),
    ]:
        assert client.post(path, {**data, "user": teacher.pk}).status_code == 409
        response = client.post(path, {**data, "user": teacher.pk}, headers={"Accept": "text/html"})
        assert response.status_code == (409 if "text" in data else 302)
    stored = Feedback.objects.get()
    assert (stored.text, stored.released_at) == ("Nog niet af", None)
    assert not Comment.objects.exists()


def test_release_of_a_group_without_its_name_returns_400(client, teacher, assignment, student):
    feedback.save(author=teacher, submission=hand_in(assignment, student), draft=Draft("Mooi."))
    client.force_login(teacher)
    assert client.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", {"wat": "klas"}).status_code == 400
    assert not Feedback.objects.released().exists()
