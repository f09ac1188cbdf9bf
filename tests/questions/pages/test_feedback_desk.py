"""The page on which a teacher reads what was handed in."""

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
def read(client, teacher, assignment):
    client.force_login(teacher)
    return lambda **query: client.get(f"/opdrachten/{assignment.pk}/feedback/", query)


def names(response) -> list[str]:
    return [str(reply.enrolment.user) for reply in response.context["view"].replies]


def test_only_teachers_of_the_module_get_in(client, assignment, student):
    path = f"/opdrachten/{assignment.pk}/feedback/"
    assert client.get(path).url == f"/account/inloggen/?next={path}"
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 401
    client.force_login(UserFactory(groups=["Docenten"]))
    assert client.get(path).status_code == 404
    client.force_login(student.user)
    assert client.get(path).status_code == 403


def test_a_colleague_of_the_module_reads_too(client, assignment, module):
    client.force_login(enrol(module, role=Role.TEACHER).user)
    assert client.get(f"/opdrachten/{assignment.pk}/feedback/").status_code == 200


def test_it_is_for_reading(client, teacher, assignment):
    client.force_login(teacher)
    assert client.post(f"/opdrachten/{assignment.pk}/feedback/").status_code == 405


def test_one_question_at_a_time_with_name_group_and_moment(read, assignment, student):
    hand_in(assignment, student, 0, "Ik bel eerst.\n\nEn dan loop ik langs.")
    hand_in(assignment, student, 1, "Iets heel anders.")
    page = text_of(read())
    assert "Bram Kuipers" in page
    assert "SW1C" in page
    assert "ingeleverd " in page
    assert "<p>Ik bel eerst.</p>" in page
    assert "Iets heel anders." not in page
    assert "Iets heel anders." in text_of(read(vraag="vraag-2"))


def test_an_unknown_question_shows_the_first(read, assignment, student):
    hand_in(assignment, student, 0, "Ik bel eerst.")
    assert "Ik bel eerst." in text_of(read(vraag="bestaat-niet"))


def test_drafts_are_never_there(read, assignment, student):
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=student.user, assignment=assignment, question=question, text="Nog geheim.")
    hand_in(assignment, student, 1)
    page = text_of(read(vraag="vraag-1"))
    assert "Nog geheim." not in page
    assert "Op deze vraag is nog niets ingeleverd." in page


def test_what_was_changed_after_handing_in_is_not_there(read, assignment, student):
    submission = hand_in(assignment, student, 0, "Ingeleverd.")
    answering.save(
        student=student.user,
        question=submission.answer.question,
        assignment_id=assignment.pk,
        draft=answering.Draft("Daarna veranderd.", revision=submission.revision),
    )
    page = text_of(read())
    assert "Ingeleverd." in page
    assert "Daarna veranderd." not in page


def test_what_was_taken_back_is_gone_and_the_version_before_stands(read, assignment, student):
    hand_in(assignment, student, 0, "Eerste versie.")
    second = hand_in(assignment, student, 0, "Tweede versie.")
    page = text_of(read())
    assert "Tweede versie." in page
    assert "Eerste versie." not in page
    assert "versie 2" in page
    answering.take_back(submission=second)
    page = text_of(read())
    assert "Eerste versie." in page
    assert "Tweede versie." not in page


def test_own_study_on_the_same_question_is_not_there(read, assignment, student):
    question = assignment.questions.get(key="vraag-1")
    Answer.objects.create(student=student.user, question=question, text="Voor mezelf.")
    assert "Voor mezelf." not in text_of(read())


def test_another_assignment_on_the_same_case_is_not_there(read, assignment, module, student):
    again = AssignmentFactory(module=module, case=assignment.edition.case)
    hand_in(again, student, 0, "Elders.")
    assert "Elders." not in text_of(read())


def test_late_is_said_after_two_minutes_of_grace_and_by_ones_own_date(read, assignment, student):
    submission = hand_in(assignment, student, 0)
    for late, is_late in ((timedelta(seconds=110), False), (timedelta(seconds=130), True)):
        assignment.due_at = submission.submitted_at - late
        assignment.save()
        assert ("na de inleverdatum" in text_of(read())) is is_late
    extend(assignment, student, submission.submitted_at)
    assert "na de inleverdatum" not in text_of(read())


def test_work_of_before_someone_left_stays_and_later_work_does_not(read, assignment, student):
    hand_in(assignment, student, 0, "Van ervoor.")
    modules.remove_student(enrolment=student)
    page = text_of(read())
    assert "Van ervoor." in page
    assert "niet meer in de module" in page
    Submission.objects.update(submitted_at=student.left_at + timedelta(seconds=1))
    assert "Van ervoor." not in text_of(read())


def test_students_stand_by_group_and_name(read, assignment, module):
    for name, group in (("Zeynep", "SW1A"), ("aylin", "SW1C"), ("Bram", "SW1C"), ("Émile", "")):
        hand_in(assignment, enrol(module, UserFactory(name=name), group=group))
    assert names(read()) == ["Émile", "Zeynep", "aylin", "Bram"]


def test_the_tabs_count_what_there_is_to_read(read, assignment, module, student):
    hand_in(assignment, student, 0)
    hand_in(assignment, student, 0, "Nog een versie.")
    hand_in(assignment, enrol(module), 0)
    assert [tab.handed_in for tab in read().context["view"].tabs] == [2, 0]


def test_who_did_not_hand_in_is_a_number_without_names(read, assignment, module, student):
    hand_in(assignment, student, 0)
    enrol(module, UserFactory(name="Fenna de Jong"))
    enrol(module, left_at=timezone.now())
    page = text_of(read())
    assert "1 student heeft deze vraag nog niet ingeleverd." in page
    assert "Fenna de Jong" not in page


def test_an_answer_goes_with_the_question_as_it_was_put(read, assignment, module, student):
    own = OwnQuestionFactory(module=module, case=assignment.edition.case, text="Nu zo?")
    assignment.asked.create(question=own, position=9)
    submission = hand_in(assignment, student, 2)
    assert "De vraag luidde toen:" not in text_of(read(vraag=own.key))
    Submission.objects.filter(pk=submission.pk).update(question_text="Toen zo?")
    assert "De vraag luidde toen: Toen zo?" in text_of(read(vraag=own.key))


def test_what_students_write_is_text_and_no_html(read, assignment, student):
    hand_in(assignment, student, 0, "<script>alert(1)</script> *sterren* & <b>")
    page = text_of(read())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; *sterren* &amp; &lt;b&gt;" in page


def test_without_students_it_says_how_they_come(read):
    assert "Er doet nog niemand mee in deze module." in text_of(read())


def test_before_it_opens_it_says_when(read, assignment, student):
    assignment.opens_at = timezone.now() + timedelta(days=1)
    assignment.save()
    assert "De opdracht gaat open morgen om" in text_of(read())


def test_without_questions_it_says_so(client, teacher, module):
    empty = AssignmentFactory(module=module, questions=[])
    client.force_login(teacher)
    assert "Deze opdracht heeft geen vragen." in text_of(client.get(f"/opdrachten/{empty.pk}/feedback/"))


@pytest.mark.parametrize("number", [1, 3])
def test_it_costs_the_same_however_much_was_handed_in(read, assignment, module, django_assert_num_queries, number):
    for _each in range(number):
        someone = enrol(module)
        for version in range(number):
            hand_in(assignment, someone, 0, f"Versie {version}.")
        hand_in(assignment, someone, 1)
    with django_assert_num_queries(18):
        read()


def test_reading_writes_nothing(read, assignment, student):
    hand_in(assignment, student, 0)
    with CaptureQueriesContext(connection) as queries:
        read()
    assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_it_is_kept_by_no_cache(read):
    assert read()["Cache-Control"] == "private, no-store"


def test_people_of_whom_only_the_work_is_left_are_not_waited_for(read, assignment, student):
    hand_in(assignment, student, 0)
    modules.remove_student(enrolment=student)
    assert read().context["view"].not_handed_in == 0


def test_links_keep_the_group_of_the_address_and_a_choice_overrules_it(client, teacher, module, assignment, read):
    module.groups = ["SW1A", "SW1B"]
    module.save()
    for _each in range(26):
        hand_in(assignment, enrol(module, group="SW1A"))
    page = read(klas="SW1A", vraag="vraag-1")
    assert b"klas=SW1A&amp;sinds=" in page.content.partition(b'rel="next"')[2].partition(b">")[0]
    chosen = page.content.decode().partition('id="klas"')[0].rpartition('name="terug" value="')[2].partition('"')[0]
    assert "klas" not in chosen
    assert "vraag=vraag-" in chosen


def test_nothing_is_done_in_the_name_of_who_signed_in_since(client, teacher, module, assignment, student, read):
    submission = hand_in(assignment, student)
    assert f'name="user" value="{teacher.pk}"' in read().content.decode().partition('id="selectie"')[2][:600]
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
    given = Feedback.objects.get()
    assert (given.text, given.released_at) == ("Nog niet af", None)
    assert not Comment.objects.exists()


def test_releasing_a_group_needs_to_know_which(client, teacher, assignment, student):
    feedback.save(author=teacher, submission=hand_in(assignment, student), draft=Draft("Mooi."))
    client.force_login(teacher)
    assert client.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", {"wat": "klas"}).status_code == 400
    assert not Feedback.objects.released().exists()
