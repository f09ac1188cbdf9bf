"""Tests of the exports of the portfolio: a DOCX document, and JSON with all texts."""

import io
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from docx import Document

from questions.models import Answer, AnswerVersion, Enrolment, Feedback, Verdict
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, enrol
from tests.questions.pages.test_portfolio import first_question, hand_in, react, write

pytestmark = pytest.mark.django_db

TIME_ZONE = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def student():
    return UserFactory(name="Noor Rahimi", email="noor@example.org")


@pytest.fixture
def assignment(student):
    assignment = AssignmentFactory(case=published_case(title="De koelkast", kolbs=["doener", "denker"]))
    enrol(assignment.module, student)
    return assignment


@pytest.fixture
def document(client, student):
    client.force_login(student)

    def fetch(**params):
        response = client.get(reverse("questions:answers_docx"), params)
        assert response.status_code == 200
        return Document(io.BytesIO(response.content))

    return fetch


@pytest.fixture
def data(client, student):
    client.force_login(student)

    def fetch(**params):
        response = client.get(reverse("questions:answers_json"), params)
        assert response.status_code == 200
        return json.loads(response.content)

    return fetch


def text_of(document) -> str:
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


# --- The document ---


def test_document_uses_heading_styles(document, student, assignment):
    write(student, first_question(assignment), assignment=assignment)
    headings = [(p.style.name, p.text) for p in document().paragraphs if p.style.name.startswith(("Title", "Heading"))]
    number = assignment.edition.case.number
    assert headings == [
        ("Title", "Mijn antwoorden"),
        ("Heading 1", assignment.module.full_title),
        ("Heading 2", f"Casus {number}: De koelkast"),
        ("Heading 3", "Wat doe je als eerste?"),
    ]


def test_document_has_submissions_with_their_feedback(document, student, assignment):
    when = datetime(2026, 11, 3, 14, 3, tzinfo=TIME_ZONE)
    submission = hand_in(student, assignment, first_question(assignment), "Ik bel Hans.\n\nEn dan?\nDat weet ik niet.")
    type(submission).objects.update(submitted_at=when)
    feedback = react(submission, UserFactory(name="Karin Vos"), text="Waar zie je dat?", verdict=Verdict.AGAIN)
    Feedback.objects.filter(pk=feedback.pk).update(released_at=when)
    text = text_of(document())
    assert "Ik bel Hans.\nEn dan?\nDat weet ik niet." in text
    assert "Ingeleverd op dinsdag 3 november 2026 om 14:03" in text
    assert "Feedback van Karin Vos · graag aanvullen · dinsdag 3 november 2026 om 14:03" in text
    assert "Waar zie je dat?" in text
    assert "bril: doener" in text


def test_document_has_every_submission(document, student, assignment):
    hand_in(student, assignment, first_question(assignment), "Eerst dit.")
    hand_in(student, assignment, first_question(assignment), "Later dat, en meer.", revision=1)
    text = text_of(document())
    assert "Eerst dit." in text
    assert text.count("Later dat, en meer.") == 1


def test_document_and_json_exclude_unreleased_feedback(document, data, student, assignment):
    react(hand_in(student, assignment, first_question(assignment)), text="Nog niet af.", is_released=False)
    assert "Nog niet af." not in text_of(document())
    assert "Nog niet af." not in json.dumps(data())


@pytest.mark.parametrize(
    "text",
    [
        "Een \x0b tab \x0c van \x1b vroeger.",
        "\x01\x02\x08",
        "\ufffe en \uffff",
        "Emoji 🧊 en \U000e0001",
        "]]>&<b>",
        "\t",
    ],
    ids=["control", "only control", "noncharacters", "beyond the plane", "markup", "blank"],
)
def test_document_accepts_every_character(document, student, assignment, text):
    question = first_question(assignment)
    Answer.objects.create(student=student, question=question, assignment=assignment, text=f"Voor {text} na")
    student.name = "Noor\x0bRahimi"
    student.save()
    assert "Voor" in text_of(document())


def test_document_has_the_emphasis_in_a_question(document, student):
    case = published_case()
    question = case.questions.get()
    type(question).objects.update(text="Lees *De Groene* en **kies**.")
    write(student, question)
    heading = next(p for p in document().paragraphs if p.style.name == "Heading 3")
    assert heading.text == "Lees De Groene en kies."
    assert [run.text for run in heading.runs if run.italic] == ["De Groene"]


def test_document_is_a4_in_dutch_with_author_and_date(client, student, assignment):
    client.force_login(student)
    response = client.get(reverse("questions:answers_docx"))
    document = Document(io.BytesIO(response.content))
    assert round(document.sections[0].page_width.cm, 1) == 21.0
    assert (document.core_properties.author, document.core_properties.language) == ("Noor Rahimi", "nl-NL")
    today = timezone.localdate().isoformat()
    assert response["Content-Disposition"] == f'attachment; filename="mijn-antwoorden-{today}.docx"'


def test_document_without_answers_contains_a_message(document):
    assert "Je hebt nog niets geschreven." in text_of(document())


def test_feedback_of_a_deleted_account_has_no_author(document, data, student, assignment):
    react(hand_in(student, assignment, first_question(assignment)))
    assert "Feedback van een docent · gelezen" in text_of(document())
    (answer,) = data()["modules"][0]["assignments"][0]["answers"]
    assert answer["handed_in"][0]["feedback"][0]["author"] is None


# --- JSON ---


def test_json_explains_each_kind_of_version(data):
    explanation = data()["explanation"]["versions"]
    for kind in AnswerVersion.Kind:
        assert f"{kind.value} ({kind.label})" in explanation


def test_json_has_all_texts_of_the_user(data, student, assignment):
    question = first_question(assignment)
    handed_in = hand_in(student, assignment, question, "Ik bel Hans, een cliënt, en daarna nog iemand.")
    react(handed_in, UserFactory(name="Karin Vos"), text="Waar zie je dat?")
    write(student, question, "Kort.", assignment, revision=1)
    write(student, question, "Voor mij alleen.")
    content = data()
    assert content["person"] == {"name": "Noor Rahimi", "email": "noor@example.org"}
    (module,) = content["modules"]
    assert (module["title"], module["left"]) == (assignment.module.title, False)
    (answer,) = module["assignments"][0]["answers"]
    assert (answer["text"], answer["state"], answer["lens"]) == ("Kort.", "gelezen", "doener")
    assert {version["kind"] for version in answer["versions"]} == {"handed_in", "shrunk"}
    (submission,) = answer["handed_in"]
    assert submission["text"] == "Ik bel Hans, een cliënt, en daarna nog iemand."
    assert (submission["feedback"][0]["author"], submission["feedback"][0]["verdict"]) == ("Karin Vos", "gelezen")
    assert content["own_study"][0]["answers"][0]["text"] == "Voor mij alleen."


def test_json_is_indented_and_not_escaped(client, student):
    client.force_login(student)
    write(student, published_case().questions.get(), "Eén cliënt.")
    content = client.get(reverse("questions:answers_json")).content.decode()
    assert "Eén cliënt." in content
    assert '\n  "person": {\n' in content


def test_json_explains_its_keys(data, student, assignment):
    hand_in(student, assignment, first_question(assignment))
    content = data()
    (answer,) = content["modules"][0]["assignments"][0]["answers"]
    explanation = " ".join([*content["explanation"], *content["explanation"].values(), "…_at"])
    unexplained = {key for key in answer if key not in explanation and not key.endswith("_at")}
    assert unexplained == set()


def test_times_have_a_time_zone(data, student, assignment):
    hand_in(student, assignment, first_question(assignment))
    (answer,) = data()["modules"][0]["assignments"][0]["answers"]
    assert datetime.fromisoformat(answer["handed_in"][0]["submitted_at"]).utcoffset() is not None


# --- One module ---


def test_export_can_be_limited_to_one_module(document, data, student, assignment):
    other = AssignmentFactory(case=assignment.edition.case)
    enrol(other.module, student)
    write(student, first_question(assignment), "Van de eerste.", assignment)
    write(student, first_question(other), "Van de andere.", other)
    write(student, first_question(other), "Voor mijzelf.")
    assert "Van de andere." not in text_of(document(module=assignment.module.pk))
    content = data(module=assignment.module.pk)
    assert [module["title"] for module in content["modules"]] == [assignment.module.title]
    assert content["own_study"] == []


def test_export_is_possible_for_a_left_and_archived_module(data, student, assignment):
    write(student, first_question(assignment), "Van toen.", assignment)
    Enrolment.objects.filter(user=student).update(left_at=timezone.now())
    assignment.module.archived_at = timezone.now()
    assignment.module.save()
    (module,) = data(module=assignment.module.pk)["modules"]
    assert module["left"] is True
    assert module["archived_at"] is not None


@pytest.mark.parametrize("name", ["answers_docx", "answers_json"])
@pytest.mark.parametrize("module", ["0", "999999", "x", "", "-1", "9" * 30, "١"])
def test_invalid_module_returns_404(client, student, name, module):
    client.force_login(student)
    assert client.get(reverse(f"questions:{name}"), {"module": module}).status_code == 404


def test_module_of_other_users_returns_404(client, assignment):
    client.force_login(UserFactory())
    assert client.get(reverse("questions:answers_docx"), {"module": assignment.module.pk}).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", ["answers_docx", "answers_json"])
def test_exports_use_a_fixed_number_of_queries(client, student, count, name):
    client.force_login(student)
    for _number in range(count):
        assignment = AssignmentFactory(case=published_case())
        enrol(assignment.module, student)
        react(hand_in(student, assignment, first_question(assignment)), UserFactory())
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse(f"questions:{name}"))
    assert len(queries) == 8


@pytest.mark.parametrize("newline", ["\v", "\u2028", "\u2029"], ids=ascii)
def test_a_newline_of_an_earlier_version_divides_two_lines_in_a_document(document, student, assignment, newline):
    answer = write(student, first_question(assignment), "tekst", assignment)
    Answer.objects.filter(pk=answer.pk).update(text=f"regel een{newline}regel twee")
    assert any("regel een\nregel twee" in paragraph.text for paragraph in document().paragraphs)
