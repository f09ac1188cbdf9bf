"""The addresses of the feedback desk: order, pages, hiding names, releasing, the comment bank."""

from datetime import timedelta

import pytest
from django.utils import timezone

from questions.actions import feedback, modules
from questions.actions.saving import Draft
from questions.models import Comment, Feedback, Role, Verdict
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def teacher(client):
    teacher = UserFactory(name="Karin Vos", groups=["Docenten"])
    client.force_login(teacher)
    return teacher


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, groups=["SW1A", "SW1C"])


@pytest.fixture
def page(client, assignment):
    return lambda **query: client.get(f"/opdrachten/{assignment.pk}/feedback/", query)


@pytest.fixture
def save(client):
    def save(submission, text="Mooi.", **fields):
        return client.post(f"/ingeleverd/{submission.pk}/feedback/", {"text": text, **fields}, headers=SCRIPT)

    return save


def student(module, name: str, group: str = "SW1C"):
    return enrol(module, UserFactory(name=name), group=group)


def labels(response) -> list[str]:
    return [reply.label for reply in response.context["view"].replies]


# --- Order and pages ---


def test_what_nobody_read_comes_first_and_of_that_what_was_revised(page, teacher, assignment, module):
    read, new, revised = (student(module, name) for name in ("Aylin", "Bram", "Zeynep"))
    for person in (read, new, revised):
        hand_in(assignment, person)
    second = hand_in(assignment, revised, text="Nog eens.")
    feedback.save_in_bulk(author=teacher, submissions=[read.user.answers.get().submissions.get()])
    assert labels(page()) == ["Zeynep", "Bram", "Aylin"]
    feedback.save_in_bulk(author=teacher, submissions=[second])
    assert labels(page()) == ["Bram", "Aylin", "Zeynep"]


def test_within_a_sitting_nothing_moves_and_no_answer_is_passed_over(page, teacher, assignment, module):
    people = [student(module, f"Student {number:02}") for number in range(30)]
    submissions = [hand_in(assignment, person) for person in people]
    first = page()
    view = first.context["view"]
    assert (len(view.replies), view.pages, view.total) == (25, 2, 30)
    feedback.save_in_bulk(author=teacher, submissions=submissions[:25])
    since = view.since.isoformat()
    assert labels(page(pagina="2", sinds=since)) == [f"Student {number:02}" for number in range(25, 30)]
    assert labels(page(sinds=since)) == labels(first)
    assert labels(page())[:5] == [f"Student {number:02}" for number in range(25, 30)]


def test_a_link_to_one_answer_opens_the_page_it_is_on(page, assignment, module):
    submissions = [hand_in(assignment, student(module, f"Student {number:02}")) for number in range(30)]
    view = page(antwoord=str(submissions[28].pk)).context["view"]
    assert view.page == 2
    assert submissions[28] in [reply.submission for reply in view.replies]


def test_it_opens_at_the_first_question_with_something_to_read(page, teacher, assignment, module):
    person = student(module, "Bram")
    first = hand_in(assignment, person, 0)
    hand_in(assignment, person, 1)
    assert page().context["view"].here.number == 1
    feedback.save_in_bulk(author=teacher, submissions=[first])
    assert page().context["view"].here.number == 2


def test_one_student_after_another(page, assignment, module):
    for name in ("Aylin", "Bram"):
        person = student(module, name)
        hand_in(assignment, person, 1, f"Tweede van {name}.")
        hand_in(assignment, person, 0, f"Eerste van {name}.")
    view = page(student=person.tag).context["view"]
    assert [reply.submission.text for reply in view.replies] == ["Eerste van Bram.", "Tweede van Bram."]
    assert (view.previous_person.label, view.next_person) == ("Aylin", None)


@pytest.mark.parametrize("query", [{"pagina": "99"}, {"pagina": "x"}, {"sinds": "gisteren"}, {"student": "geen"}])
@pytest.mark.parametrize("more", [{"antwoord": "x"}, {"antwoord": "999999"}, {"klas": "Bestaat niet"}])
def test_an_address_that_was_mangled_still_opens(page, assignment, module, query, more):
    hand_in(assignment, student(module, "Bram"))
    assert labels(page(**query, **more)) == (["Bram"] if "student" not in query else ["Bram"])


def test_a_class_can_be_chosen_and_is_remembered(client, page, assignment, module):
    hand_in(assignment, student(module, "Aylin", "SW1A"))
    hand_in(assignment, student(module, "Bram", "SW1C"))
    assert labels(page(klas="SW1A")) == ["Aylin"]
    assert len(labels(page())) == 2
    client.post(f"/modules/{module.pk}/leeswijze/", {"group": "SW1C"})
    assert labels(page()) == ["Bram"]
    client.post(f"/modules/{module.pk}/leeswijze/", {"by": "student"})
    assert page().context["view"].person.label == "Bram"


def test_an_earlier_version_stands_under_the_new_one_with_what_changed(page, teacher, assignment, module):
    person = student(module, "Bram")
    first = hand_in(assignment, person, text="Ik bel haar morgen.")
    feedback.save(author=teacher, submission=first, draft=Draft("Waarom morgen?"), verdict=Verdict.AGAIN)
    hand_in(assignment, person, text="Ik bel haar vandaag.")
    said = text_of(page())
    assert "Ik bel haar <del>morgen</del><ins>vandaag</ins>." in said
    assert "Waarom morgen?" in said
    assert "opnieuw ingeleverd" in said


# --- Names ---


def test_hidden_names_are_nowhere(client, page, teacher, assignment, module):
    people = [student(module, name) for name in ("Wielewaal", "Aalscholver")]
    for person in people:
        submission = hand_in(assignment, person)
        feedback.save(author=teacher, submission=submission, draft=Draft("Mooi."))
        hand_in(assignment, person, text="Opnieuw.")
        hand_in(assignment, person, 1)
        Feedback.objects.update(released_at=timezone.now(), released_text="Anders.")
    assert b"Wielewaal" in page().content
    client.post(f"/modules/{module.pk}/leeswijze/", {"names": "verborgen"})
    pages = [page(), page(vraag="vraag-2"), *(page(student=person.tag) for person in people)]
    pages.append(client.get(f"/opdrachten/{assignment.pk}/feedback/nu/"))
    pages.append(client.get(f"/opdrachten/{assignment.pk}/verhaal/"))
    submission = people[0].user.answers.first().submissions.latest("revision")
    url = f"/ingeleverd/{submission.pk}/feedback/"
    pages.append(client.post(url, {"text": "Mooi."}, headers=SCRIPT))
    pages.append(client.post(url, {"text": "Anders."}, headers={"Accept": "text/html"}))
    pages.append(client.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", {"wat": "alles"}, follow=True))
    for response in pages:
        said = str(response.headers).encode() + response.content
        for person in people:
            assert person.user.name.encode() not in said
            assert person.user.email.encode() not in said
    by_tag = [person.alias for person in sorted(people, key=lambda person: person.tag)]
    assert labels(page(vraag="vraag-2")) == by_tag


# --- Saving, releasing, undoing ---


def test_a_save_answers_with_the_revision_and_what_the_student_sees(save, assignment, module):
    submission = hand_in(assignment, student(module, "Bram"))
    reply = save(submission, "Mooi.", verdict="aanvullen", writer="laptop", seq="1")
    assert (reply.status_code, reply["X-Revision"], reply["Cache-Control"]) == (200, "1", "private, no-store")
    assert {name: reply.json()[name] for name in ("result", "note", "verdict")} == {
        "result": "saved",
        "note": "nog niet vrijgegeven",
        "verdict": "aanvullen",
    }
    assert save(submission, "Mooi.", revision="1", vrij="1").json()["note"] == "vrijgegeven"
    assert save(submission, "Mooi zo.", revision="1").json()["note"] == "wijziging nog niet vrijgegeven"


def test_only_what_was_sent_is_released(save, assignment, module):
    submission = hand_in(assignment, student(module, "Bram"))
    save(submission, "Half af", verdict="gelezen", writer="laptop", seq="2")
    reply = save(submission, "Af.", verdict="gelezen", revision="1", writer="laptop", seq="1", vrij="1")
    assert reply.json()["note"] == "nog niet vrijgegeven"
    reply = save(submission, "Half af", verdict="afgerond", revision="9", writer="telefoon", seq="1", vrij="1")
    assert reply.status_code == 409
    assert not Feedback.objects.released().exists()


@pytest.mark.parametrize("fields", [{"verdict": "onvoldoende"}, {"revision": "x"}, {"seq": "-1"}, {"user": "ik"}])
def test_nonsense_is_refused(save, assignment, module, fields):
    assert save(hand_in(assignment, student(module, "Bram")), **fields).status_code == 400
    assert not Feedback.objects.exists()


def test_a_save_of_somebody_else_is_not_stored(save, assignment, module):
    person = student(module, "Bram")
    reply = save(hand_in(assignment, person), user=str(person.user_id))
    assert (reply.status_code, reply["X-Reason"]) == (409, "other_user")
    assert not Feedback.objects.exists()


def test_a_conflict_says_what_is_stored(save, assignment, module):
    submission = hand_in(assignment, student(module, "Bram"))
    save(submission, "Van de laptop.", verdict="afgerond", writer="laptop", seq="1")
    reply = save(submission, "Van de telefoon.", writer="telefoon", seq="1")
    assert (reply.status_code, reply["X-Revision"]) == (409, "1")
    assert (reply.json()["stored"], reply.json()["verdict"]) == ("Van de laptop.", "afgerond")


@pytest.mark.django_db(transaction=True)
def test_saving_takes_few_queries(save, assignment, module, django_assert_max_num_queries):
    submission = hand_in(assignment, student(module, "Bram"))
    save(submission, "Mooi gezien, dit.", writer="laptop", seq="1")
    with django_assert_max_num_queries(13):
        save(submission, "Mooi gezien, dit en dat.", revision="1", writer="laptop", seq="2")


def test_releasing_per_question_student_class_choice_and_all(client, teacher, assignment, module):
    aylin, bram = student(module, "Aylin", "SW1A"), student(module, "Bram", "SW1C")
    submissions = {(p, n): hand_in(assignment, p, n) for p in (aylin, bram) for n in (0, 1)}
    feedback.save_in_bulk(author=teacher, submissions=submissions.values())
    url = f"/opdrachten/{assignment.pk}/feedback/vrijgave/"

    def released(**fields) -> set:
        Feedback.objects.update(released_at=None)
        assert client.post(url, fields).status_code == 302
        return set(Feedback.objects.released().values_list("submission", flat=True))

    def of(*keys) -> set:
        return {submissions[key].pk for key in keys}

    assert released(wat="hier", vraag="vraag-1", klas="") == of((aylin, 0), (bram, 0))
    assert released(wat="hier", vraag="vraag-1", klas="SW1A") == of((aylin, 0))
    assert released(wat="hier", student=bram.tag) == of((bram, 0), (bram, 1))
    assert released(wat="klas", klas="SW1C") == of((bram, 0), (bram, 1))
    assert released(wat="keuze", antwoord=[submissions[aylin, 1].pk]) == of((aylin, 1))
    assert released(wat="keuze") == set()
    assert released(wat="alles") == of(*submissions)


@pytest.mark.parametrize("fields", [{}, {"wat": "iets"}, {"wat": "hier"}, {"wat": "keuze", "antwoord": "x"}])
def test_a_release_that_does_not_say_what_is_refused(client, teacher, assignment, fields):
    assert client.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", fields).status_code == 400


def test_what_is_not_released_is_counted_also_of_colleagues(page, teacher, assignment, module):
    colleague = enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    submissions = [hand_in(assignment, student(module, name)) for name in ("Aylin", "Bram")]
    feedback.save_in_bulk(author=teacher, submissions=submissions)
    feedback.save_in_bulk(author=colleague, submissions=submissions[:1])
    said = text_of(page())
    assert "Bij 2 antwoorden van deze opdracht staat feedback klaar" in said
    assert "Van Hakan Demir is er nog 1 niet vrijgegeven." in said


def test_a_selection_is_of_this_assignment_only(client, teacher, assignment, module):
    elsewhere = hand_in(AssignmentFactory(), enrol(ModuleFactory()))
    here = hand_in(assignment, student(module, "Bram"))
    url = f"/opdrachten/{assignment.pk}/feedback/keuze/"
    client.post(url, {"antwoord": [here.pk, elsewhere.pk], "oordeel": "gelezen"})
    assert list(Feedback.objects.values_list("submission", flat=True)) == [here.pk]


def test_a_comment_for_a_selection_comes_from_a_bank_one_may_use(client, teacher, assignment, module):
    own = Comment.objects.create(owner=teacher, text="Goed gezien.")
    private = Comment.objects.create(owner=enrol(module, role=Role.TEACHER).user, text="Van een ander.")
    submission = hand_in(assignment, student(module, "Bram"))
    url = f"/opdrachten/{assignment.pk}/feedback/keuze/"
    assert client.post(url, {"antwoord": submission.pk, "zin": private.pk}).status_code == 404
    assert client.post(url, {"antwoord": submission.pk, "zin": own.pk, "oordeel": "afgerond"}).status_code == 302
    assert Feedback.objects.values_list("text", "verdict").get() == ("Goed gezien.", "afgerond")
    assert client.post(url, {"antwoord": submission.pk, "oordeel": "goed"}).status_code == 400


def test_back_is_only_ever_back_on_this_site(client, teacher, assignment):
    url = f"/opdrachten/{assignment.pk}/feedback/vrijgave/"
    assert client.post(url, {"wat": "alles", "terug": "//elders.example/"}).url.startswith("/opdrachten/")
    assert client.post(url, {"wat": "alles", "terug": "https://elders.example/"}).url.startswith("/opdrachten/")


def test_undoing_from_the_page(client, save, assignment, module):
    submission = hand_in(assignment, student(module, "Bram"))
    save(submission)
    assert client.post(f"/ingeleverd/{submission.pk}/feedback/ongedaan/").status_code == 302
    assert not Feedback.objects.exists()


def test_who_is_no_longer_a_teacher_here_stores_nothing(save, teacher, assignment, module):
    enrol(module, role=Role.TEACHER)
    submission = hand_in(assignment, student(module, "Bram"))
    modules.remove_teacher(enrolment=module.enrolments.get(user=teacher))
    assert save(submission).status_code == 404
    assert not Feedback.objects.exists()


# --- Who else ---


def test_a_colleague_at_work_is_named_for_a_while(client, teacher, assignment, module):
    colleague = enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    submission = hand_in(assignment, student(module, "Bram"))
    feedback.save(author=colleague, submission=submission, draft=Draft("Ik", writer="laptop", seq=1))
    feedback.save(author=teacher, submission=submission, draft=Draft("Ook ik", writer="tafel", seq=1))
    url = f"/opdrachten/{assignment.pk}/feedback/nu/"
    assert client.get(url).json()["writing"] == {str(submission.pk): "Hakan"}
    Feedback.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    assert client.get(url).json()["writing"] == {}


def test_what_came_in_since_is_counted(client, teacher, assignment, module):
    url = f"/opdrachten/{assignment.pk}/feedback/nu/"
    before = timezone.now()
    hand_in(assignment, student(module, "Bram"))
    assert client.get(url, {"sinds": before.isoformat()}).json()["arrived"] == 1
    assert client.get(url, {"sinds": timezone.now().isoformat()}).json()["arrived"] == 0


@pytest.mark.parametrize("number", [1, 3])
def test_looking_around_costs_the_same(client, teacher, assignment, module, django_assert_num_queries, number):
    for each in range(number):
        colleague = enrol(module, role=Role.TEACHER).user
        feedback.save(
            author=colleague, submission=hand_in(assignment, student(module, f"S{each}")), draft=Draft("Ik", writer="x")
        )
    with django_assert_num_queries(7):
        client.get(f"/opdrachten/{assignment.pk}/feedback/nu/")


# --- The comment bank ---


def test_keeping_sharing_and_throwing_away(client, teacher, module):
    assert client.post("/zinnen/", {"text": " Waar zie je dat? "}).status_code == 302
    comment = Comment.objects.get()
    assert (comment.text, comment.module) == ("Waar zie je dat?", None)
    assert "alleen voor jou" in text_of(client.get("/zinnen/"))
    client.post(f"/zinnen/{comment.pk}/delen/", {"module": module.pk})
    assert "gedeeld in" in text_of(client.get("/zinnen/"))
    client.post(f"/zinnen/{comment.pk}/delen/", {"module": ""})
    assert "alleen voor jou" in text_of(client.get("/zinnen/"))
    client.post(f"/zinnen/{comment.pk}/verwijdering/")
    assert not Comment.objects.exists()


@pytest.mark.parametrize("text", ["", "  ", "x" * 1001])
def test_a_sentence_that_cannot_be_kept_comes_back(client, teacher, module, text):
    response = client.post("/zinnen/", {"text": text})
    assert response.status_code == 400
    assert text.strip() in response.content.decode()
    assert client.post("/zinnen/", {"text": text}, headers=SCRIPT).status_code == 400
    assert not Comment.objects.exists()


def test_a_sentence_is_shared_only_where_one_teaches(client, teacher, module):
    assert client.post("/zinnen/", {"text": "Waar zie je dat?", "module": ModuleFactory().pk}).status_code == 400
    assert not Comment.objects.exists()


def test_the_bank_of_a_colleague_is_closed_but_for_what_is_shared(client, teacher, module):
    colleague = enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    Comment.objects.create(owner=colleague, text="Alleen van Hakan.")
    shared = Comment.objects.create(owner=colleague, text="Van ons allemaal.", module=module)
    said = text_of(client.get("/zinnen/"))
    assert "Alleen van Hakan." not in said
    assert "Van ons allemaal." in said
    assert client.post(f"/zinnen/{shared.pk}/verwijdering/").status_code == 404
