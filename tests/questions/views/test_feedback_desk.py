"""Tests of the views of the feedback desk: order, pages, hidden names, saving, releasing, and the comment bank."""

import re
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
def get_page(client, assignment):
    return lambda **query: client.get(f"/opdrachten/{assignment.pk}/feedback/", query)


@pytest.fixture
def save(client):
    def save(submission, text="Mooi.", **fields):
        return client.post(f"/ingeleverd/{submission.pk}/feedback/", {"text": text, **fields}, headers=SCRIPT)

    return save


def enrol_student(module, name: str, group: str = "SW1C"):
    return enrol(module, UserFactory(name=name), group=group)


def reply_labels(response) -> list[str]:
    return [reply.label for reply in response.context["view"].replies]


# --- Order and pages ---


def test_unread_submissions_come_first_and_revised_ones_before_new_ones(get_page, teacher, assignment, module):
    read, new, revised = (enrol_student(module, name) for name in ("Aylin", "Bram", "Zeynep"))
    for enrolment in (read, new, revised):
        hand_in(assignment, enrolment)
    second = hand_in(assignment, revised, text="Nog eens.")
    feedback.save_in_bulk(author=teacher, submissions=[read.user.answers.get().submissions.get()])
    assert reply_labels(get_page()) == ["Zeynep", "Bram", "Aylin"]
    feedback.save_in_bulk(author=teacher, submissions=[second])
    assert reply_labels(get_page()) == ["Bram", "Aylin", "Zeynep"]


def test_order_does_not_change_during_a_session_and_no_answer_is_skipped(get_page, teacher, assignment, module):
    enrolments = [enrol_student(module, f"Student {number:02}") for number in range(30)]
    submissions = [hand_in(assignment, enrolment) for enrolment in enrolments]
    first = get_page()
    view = first.context["view"]
    assert (len(view.replies), view.pages, view.total) == (25, 2, 30)
    feedback.save_in_bulk(author=teacher, submissions=submissions[:25])
    since = view.since.isoformat()
    assert reply_labels(get_page(pagina="2", sinds=since)) == [f"Student {number:02}" for number in range(25, 30)]
    assert reply_labels(get_page(sinds=since)) == reply_labels(first)
    assert reply_labels(get_page())[:5] == [f"Student {number:02}" for number in range(25, 30)]


def test_link_to_an_answer_opens_its_page(get_page, assignment, module):
    submissions = [hand_in(assignment, enrol_student(module, f"Student {number:02}")) for number in range(30)]
    view = get_page(antwoord=str(submissions[28].pk)).context["view"]
    assert view.page == 2
    assert submissions[28] in [reply.submission for reply in view.replies]


def test_desk_opens_at_the_first_question_with_unread_submissions(get_page, teacher, assignment, module):
    enrolment = enrol_student(module, "Bram")
    first = hand_in(assignment, enrolment, 0)
    hand_in(assignment, enrolment, 1)
    assert get_page().context["view"].current_tab.number == 1
    feedback.save_in_bulk(author=teacher, submissions=[first])
    assert get_page().context["view"].current_tab.number == 2


def test_answers_can_be_read_by_student(get_page, assignment, module):
    for name in ("Aylin", "Bram"):
        enrolment = enrol_student(module, name)
        hand_in(assignment, enrolment, 1, f"Tweede van {name}.")
        hand_in(assignment, enrolment, 0, f"Eerste van {name}.")
    view = get_page(student=enrolment.tag).context["view"]
    assert [reply.submission.text for reply in view.replies] == ["Eerste van Bram.", "Tweede van Bram."]
    assert (view.previous_person.label, view.next_person) == ("Aylin", None)


@pytest.mark.parametrize("query", [{"pagina": "99"}, {"pagina": "x"}, {"sinds": "gisteren"}, {"student": "geen"}])
@pytest.mark.parametrize("more", [{"antwoord": "x"}, {"antwoord": "999999"}, {"klas": "Bestaat niet"}])
def test_invalid_query_parameters_are_ignored(get_page, assignment, module, query, more):
    hand_in(assignment, enrol_student(module, "Bram"))
    assert reply_labels(get_page(**query, **more)) == (["Bram"] if "student" not in query else ["Bram"])


def test_group_can_be_chosen_and_is_remembered(client, get_page, assignment, module):
    hand_in(assignment, enrol_student(module, "Aylin", "SW1A"))
    hand_in(assignment, enrol_student(module, "Bram", "SW1C"))
    assert reply_labels(get_page(klas="SW1A")) == ["Aylin"]
    assert len(reply_labels(get_page())) == 2
    client.post(f"/modules/{module.pk}/leeswijze/", {"group": "SW1C"})
    assert reply_labels(get_page()) == ["Bram"]
    client.post(f"/modules/{module.pk}/leeswijze/", {"by": "student"})
    assert get_page().context["view"].person.label == "Bram"


def test_earlier_version_is_shown_with_the_differences(get_page, teacher, assignment, module):
    enrolment = enrol_student(module, "Bram")
    first = hand_in(assignment, enrolment, text="Ik bel haar morgen.")
    feedback.save(author=teacher, submission=first, draft=Draft("Waarom morgen?"), verdict=Verdict.AGAIN)
    hand_in(assignment, enrolment, text="Ik bel haar vandaag.")
    text = text_of(get_page())
    assert "Ik bel haar <del>morgen</del><ins>vandaag</ins>." in text
    assert "Waarom morgen?" in text
    assert "opnieuw ingeleverd" in text


def test_each_answer_has_its_own_verdict_checked(get_page, teacher, assignment, module):
    verdicts = {"Aylin": Verdict.AGAIN, "Bram": Verdict.DONE, "Chaima": Verdict.AGAIN, "Daan": None}
    for name, verdict in verdicts.items():
        submission = hand_in(assignment, enrol_student(module, name))
        if verdict:
            feedback.save(author=teacher, submission=submission, draft=Draft("Mooi."), verdict=verdict)
    forms = {
        panel.split(",")[0]: re.findall(r'value="(\w+)"[^>]*checked', panel)
        for panel in text_of(get_page()).split('aria-label="Feedback voor ')[1:]
    }
    assert forms == {name: [verdict.value] if verdict else [] for name, verdict in verdicts.items()}


# --- Names ---


def test_hidden_names_are_in_no_response(client, get_page, teacher, assignment, module):
    enrolments = [enrol_student(module, name) for name in ("Wielewaal", "Aalscholver")]
    for enrolment in enrolments:
        submission = hand_in(assignment, enrolment)
        feedback.save(author=teacher, submission=submission, draft=Draft("Mooi."))
        hand_in(assignment, enrolment, text="Opnieuw.")
        hand_in(assignment, enrolment, 1)
        Feedback.objects.update(released_at=timezone.now(), released_text="Anders.")
    assert b"Wielewaal" in get_page().content
    client.post(f"/modules/{module.pk}/leeswijze/", {"names": "verborgen"})
    pages = [get_page(), get_page(vraag="vraag-2"), *(get_page(student=enrolment.tag) for enrolment in enrolments)]
    pages.append(client.get(f"/opdrachten/{assignment.pk}/feedback/nu/"))
    pages.append(client.get(f"/opdrachten/{assignment.pk}/verhaal/"))
    submission = enrolments[0].user.answers.first().submissions.latest("revision")
    url = f"/ingeleverd/{submission.pk}/feedback/"
    pages.append(client.post(url, {"text": "Mooi."}, headers=SCRIPT))
    pages.append(client.post(url, {"text": "Anders."}, headers={"Accept": "text/html"}))
    pages.append(client.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", {"wat": "alles"}, follow=True))
    for response in pages:
        text = str(response.headers).encode() + response.content
        for enrolment in enrolments:
            assert enrolment.user.name.encode() not in text
            assert enrolment.user.email.encode() not in text
    labels_by_tag = [enrolment.alias for enrolment in sorted(enrolments, key=lambda enrolment: enrolment.tag)]
    assert reply_labels(get_page(vraag="vraag-2")) == labels_by_tag


# --- Saving, releasing, undoing ---


def test_response_to_a_save_has_the_revision_and_the_release_state(save, assignment, module):
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    reply = save(submission, "Mooi.", verdict="aanvullen", writer="laptop", seq="1")
    assert (reply.status_code, reply["X-Revision"], reply["Cache-Control"]) == (200, "1", "private, no-store")
    assert {name: reply.json()[name] for name in ("result", "note", "verdict")} == {
        "result": "saved",
        "note": "nog niet vrijgegeven",
        "verdict": "aanvullen",
    }
    assert save(submission, "Mooi.", revision="1", vrij="1").json()["note"] == "vrijgegeven"
    assert save(submission, "Mooi zo.", revision="1").json()["note"] == "wijziging nog niet vrijgegeven"


@pytest.mark.parametrize(
    ("text", "fields", "asks"),
    [("Waarom?", {}, True), ("Mooi.", {}, False), ("Waarom?", {"verdict": "gelezen"}, False)],
)
def test_page_reports_that_a_question_counts_as_read(client, teacher, assignment, module, text, fields, asks):
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    data = {"text": text, "revision": "0", **fields}
    response = client.post(f"/ingeleverd/{submission.pk}/feedback/", data, headers={"Accept": "text/html"}, follow=True)
    assert ("Je stelt een vraag, en het oordeel is gelezen." in text_of(response)) is asks


def test_save_that_was_not_stored_releases_nothing(save, assignment, module):
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    save(submission, "Half af", verdict="gelezen", writer="laptop", seq="2")
    reply = save(submission, "Af.", verdict="gelezen", revision="1", writer="laptop", seq="1", vrij="1")
    assert reply.json()["note"] == "nog niet vrijgegeven"
    reply = save(submission, "Half af", verdict="afgerond", revision="9", writer="telefoon", seq="1", vrij="1")
    assert reply.status_code == 409
    assert not Feedback.objects.released().exists()


@pytest.mark.parametrize("fields", [{"verdict": "onvoldoende"}, {"revision": "x"}, {"seq": "-1"}, {"user": "ik"}])
def test_invalid_values_return_400(save, assignment, module, fields):
    assert save(hand_in(assignment, enrol_student(module, "Bram")), **fields).status_code == 400
    assert not Feedback.objects.exists()


def test_save_from_the_page_of_another_user_is_not_stored(save, assignment, module):
    enrolment = enrol_student(module, "Bram")
    reply = save(hand_in(assignment, enrolment), user=str(enrolment.user_id))
    assert (reply.status_code, reply["X-Reason"]) == (409, "other_user")
    assert not Feedback.objects.exists()


def test_response_to_a_conflict_has_the_stored_text_and_verdict(save, assignment, module):
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    save(submission, "Van de laptop.", verdict="afgerond", writer="laptop", seq="1")
    reply = save(submission, "Van de telefoon.", writer="telefoon", seq="1")
    assert (reply.status_code, reply["X-Revision"]) == (409, "1")
    assert (reply.json()["stored"], reply.json()["verdict"]) == ("Van de laptop.", "afgerond")


@pytest.mark.django_db(transaction=True)
def test_save_takes_at_most_thirteen_queries(save, assignment, module, django_assert_max_num_queries):
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    save(submission, "Mooi gezien, dit.", writer="laptop", seq="1")
    with django_assert_max_num_queries(13):
        save(submission, "Mooi gezien, dit en dat.", revision="1", writer="laptop", seq="2")


def test_feedback_is_released_by_question_student_group_selection_or_all(client, teacher, assignment, module):
    aylin, bram = enrol_student(module, "Aylin", "SW1A"), enrol_student(module, "Bram", "SW1C")
    submissions = {(p, n): hand_in(assignment, p, n) for p in (aylin, bram) for n in (0, 1)}
    feedback.save_in_bulk(author=teacher, submissions=submissions.values())
    url = f"/opdrachten/{assignment.pk}/feedback/vrijgave/"

    def asked_about(**fields) -> set:
        """Return the submissions in the question that a page without any list of feedback gets."""
        response = client.post(url, fields)
        return {row.submission for row in response.context["rest"].rows} if response.status_code == 200 else set()

    def ids_of(*keys) -> set:
        return {submissions[key].pk for key in keys}

    assert asked_about(wat="hier", vraag="vraag-1", klas="") == ids_of((aylin, 0), (bram, 0))
    assert asked_about(wat="hier", vraag="vraag-1", klas="SW1A") == ids_of((aylin, 0))
    assert asked_about(wat="hier", student=bram.tag) == ids_of((bram, 0), (bram, 1))
    assert asked_about(wat="klas", klas="SW1C") == ids_of((bram, 0), (bram, 1))
    assert asked_about(wat="keuze", antwoord=[submissions[aylin, 1].pk]) == ids_of((aylin, 1))
    assert asked_about(wat="keuze") == set()
    assert asked_about(wat="alles") == ids_of(*submissions)
    assert not Feedback.objects.released().exists()


@pytest.mark.parametrize("fields", [{}, {"wat": "iets"}, {"wat": "hier"}, {"wat": "keuze", "antwoord": "x"}])
def test_release_without_a_valid_scope_returns_400(client, teacher, assignment, fields):
    assert client.post(f"/opdrachten/{assignment.pk}/feedback/vrijgave/", fields).status_code == 400


def test_unreleased_feedback_of_colleagues_is_counted(get_page, teacher, assignment, module):
    colleague = enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    submissions = [hand_in(assignment, enrol_student(module, name)) for name in ("Aylin", "Bram")]
    feedback.save_in_bulk(author=teacher, submissions=submissions)
    feedback.save_in_bulk(author=colleague, submissions=submissions[:1])
    text = text_of(get_page())
    assert "Bij 2 antwoorden van deze opdracht staat feedback klaar" in text
    assert "Van Hakan Demir is er nog 1 niet vrijgegeven." in text


def test_selection_ignores_submissions_of_other_assignments(client, teacher, assignment, module):
    other_submission = hand_in(AssignmentFactory(), enrol(ModuleFactory()))
    own_submission = hand_in(assignment, enrol_student(module, "Bram"))
    url = f"/opdrachten/{assignment.pk}/feedback/keuze/"
    client.post(url, {"antwoord": [own_submission.pk, other_submission.pk], "oordeel": "gelezen"})
    assert list(Feedback.objects.values_list("submission", flat=True)) == [own_submission.pk]


def test_selection_accepts_only_comments_that_the_teacher_can_use(client, teacher, assignment, module):
    own = Comment.objects.create(owner=teacher, text="Goed gezien.")
    private = Comment.objects.create(owner=enrol(module, role=Role.TEACHER).user, text="Van een ander.")
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    url = f"/opdrachten/{assignment.pk}/feedback/keuze/"
    assert client.post(url, {"antwoord": submission.pk, "zin": private.pk}).status_code == 404
    assert client.post(url, {"antwoord": submission.pk, "zin": own.pk, "oordeel": "afgerond"}).status_code == 302
    assert Feedback.objects.values_list("text", "verdict").get() == ("Goed gezien.", "afgerond")
    assert client.post(url, {"antwoord": submission.pk, "oordeel": "goed"}).status_code == 400


def test_redirect_back_stays_on_this_site(client, teacher, assignment):
    url = f"/opdrachten/{assignment.pk}/feedback/vrijgave/"
    assert client.post(url, {"wat": "alles", "terug": "//elders.example/"}).url.startswith("/opdrachten/")
    assert client.post(url, {"wat": "alles", "terug": "https://elders.example/"}).url.startswith("/opdrachten/")


def test_feedback_can_be_undone_from_the_page(client, save, assignment, module):
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    save(submission)
    assert client.post(f"/ingeleverd/{submission.pk}/feedback/ongedaan/").status_code == 302
    assert not Feedback.objects.exists()


def test_former_teacher_cannot_save_feedback(save, teacher, assignment, module):
    enrol(module, role=Role.TEACHER)
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    modules.remove_teacher(enrolment=module.enrolments.get(user=teacher))
    assert save(submission).status_code == 404
    assert not Feedback.objects.exists()


# --- Activity of others ---


def test_colleague_who_is_writing_is_named_for_a_short_time(client, teacher, assignment, module):
    colleague = enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    submission = hand_in(assignment, enrol_student(module, "Bram"))
    feedback.save(author=colleague, submission=submission, draft=Draft("Ik", writer="laptop", seq=1))
    feedback.save(author=teacher, submission=submission, draft=Draft("Ook ik", writer="tafel", seq=1))
    url = f"/opdrachten/{assignment.pk}/feedback/nu/"
    assert client.get(url).json()["writing"] == {str(submission.pk): "Hakan"}
    Feedback.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    assert client.get(url).json()["writing"] == {}


def test_submissions_that_arrived_since_a_moment_are_counted(client, teacher, assignment, module):
    url = f"/opdrachten/{assignment.pk}/feedback/nu/"
    before = timezone.now()
    hand_in(assignment, enrol_student(module, "Bram"))
    assert client.get(url, {"sinds": before.isoformat()}).json()["arrived"] == 1
    assert client.get(url, {"sinds": timezone.now().isoformat()}).json()["arrived"] == 0


@pytest.mark.parametrize("number", [1, 3])
def test_current_state_uses_a_fixed_number_of_queries(
    client, teacher, assignment, module, django_assert_num_queries, number
):
    for each in range(number):
        colleague = enrol(module, role=Role.TEACHER).user
        feedback.save(
            author=colleague,
            submission=hand_in(assignment, enrol_student(module, f"S{each}")),
            draft=Draft("Ik", writer="x"),
        )
    with django_assert_num_queries(6):
        client.get(f"/opdrachten/{assignment.pk}/feedback/nu/")


# --- The comment bank ---


def test_comment_can_be_saved_shared_and_deleted(client, teacher, module):
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
def test_invalid_comment_is_shown_again(client, teacher, module, text):
    response = client.post("/zinnen/", {"text": text})
    assert response.status_code == 400
    assert text.strip() in response.content.decode()
    assert client.post("/zinnen/", {"text": text}, headers=SCRIPT).status_code == 400
    assert not Comment.objects.exists()


def test_comment_can_be_shared_only_in_a_module_of_the_teacher(client, teacher, module):
    assert client.post("/zinnen/", {"text": "Waar zie je dat?", "module": ModuleFactory().pk}).status_code == 400
    assert not Comment.objects.exists()


def test_comments_of_a_colleague_are_hidden_unless_shared(client, teacher, module):
    colleague = enrol(module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    Comment.objects.create(owner=colleague, text="Alleen van Hakan.")
    shared = Comment.objects.create(owner=colleague, text="Van ons allemaal.", module=module)
    text = text_of(client.get("/zinnen/"))
    assert "Alleen van Hakan." not in text
    assert "Van ons allemaal." in text
    assert client.post(f"/zinnen/{shared.pk}/verwijdering/").status_code == 404
