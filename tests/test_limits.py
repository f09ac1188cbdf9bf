"""The limits of what one account may create, and of the length of searches and addresses.

Every refusal is explained on the page and preserves what the user typed.
"""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from cases.models import KeptUpload
from questions.models import (
    Answer,
    Assignment,
    Comment,
    Enrolment,
    Module,
    Question,
    Role,
    Submission,
)
from tests.factories import QuestionFactory, UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in
from tests.world import World, routes

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher(client):
    teacher = UserFactory(groups=["Docenten"])
    client.force_login(teacher)
    return teacher


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher)


def page_text(response) -> str:
    return " ".join(response.content.decode().split())


def modules_of(teacher, count: int, **fields) -> None:
    modules = Module.objects.bulk_create(Module(title=f"M{n}", code=f"Q{n:05}") for n in range(count))
    Enrolment.objects.bulk_create(Enrolment(module=module, user=teacher, role=Role.TEACHER) for module in modules)
    Module.objects.update(**fields)


# --- What one account may create ---


def test_full_comment_bank_is_reported_and_the_sentence_is_returned(client, teacher, module):
    Comment.objects.bulk_create(Comment(owner=teacher, text=f"Zin {n}.") for n in range(299))
    assert client.post("/zinnen/", {"text": "Nummer driehonderd."}).status_code == 302
    refused = client.post("/zinnen/", {"text": "Nummer driehonderdeen."})
    assert "Je bank is vol: er passen 300 zinnen in." in page_text(refused)
    assert "Nummer driehonderdeen." in page_text(refused)
    assert Comment.objects.filter(owner=teacher).count() == 300
    assert client.post("/zinnen/", {"text": "Zin 7."}).status_code == 302  # already in the bank


def test_full_comment_bank_is_reported_to_the_script_too(client, teacher, module):
    Comment.objects.bulk_create(Comment(owner=teacher, text=f"Zin {n}.") for n in range(300))
    refused = client.post("/zinnen/", {"text": "Nog een."}, headers={"X-Requested-With": "XMLHttpRequest"})
    assert (refused.status_code, "Je bank is vol" in refused.json().get("problem", "")) == (400, True)


@pytest.mark.parametrize(
    ("count", "fields", "sentence"),
    [
        (199, {"created_at": timezone.now() - timezone.timedelta(days=3)}, "Je hebt al 200 modules."),
        (49, {"archived_at": timezone.now()}, "Je maakte vandaag al 50 modules."),
    ],
    ids=["in total", "in a day"],
)
@pytest.mark.parametrize("way", ["new", "copy"])
def test_number_of_modules_of_a_teacher_is_limited(client, teacher, way, count, fields, sentence):
    modules_of(teacher, count, **fields)
    last = Module.objects.order_by("pk").last()
    address = "/modules/nieuw/" if way == "new" else f"/modules/{last.pk}/kopie/"
    sent = {"title": "De volgende", "weeks": 52}
    assert client.post(address, sent).status_code == 302
    refused = client.post(address, {"title": "Een te veel", "weeks": 52})
    assert sentence in page_text(refused)
    assert 'value="Een te veel"' in page_text(refused)
    assert not Module.objects.filter(title="Een te veel").exists()


def test_limit_of_modules_does_not_count_students(client, teacher, module):
    students = get_user_model().objects.bulk_create(UserFactory.build() for _ in range(200))
    Enrolment.objects.bulk_create(Enrolment(module=module, user=student) for student in students)
    assert client.post("/modules/nieuw/", {"title": "De tweede"}).status_code == 302


def new_assignment(client, module: Module, case, own: int = 0):
    """Post the form that creates an assignment with all questions of this case and a number of own questions."""
    data = {"instructions": "Lees eerst.", "questions": [q.pk for q in case.questions.in_library()]}
    data |= {"own-TOTAL_FORMS": own, "own-INITIAL_FORMS": 0}
    data |= {f"own-{n}-text": f"Eigen vraag {n}?" for n in range(own)} | {f"own-{n}-kolb": "doener" for n in range(own)}
    return client.post(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}", data)


def test_number_of_assignments_of_a_module_is_limited(client, module):
    case = published_case()
    edition = case.editions.latest()
    Assignment.objects.bulk_create(Assignment(module=module, edition=edition, position=n) for n in range(199))
    assert new_assignment(client, module, case).status_code == 302
    refused = new_assignment(client, module, case)
    assert "Deze module heeft al 200 opdrachten." in page_text(refused)
    assert "Lees eerst." in page_text(refused)
    assert module.assignments.count() == 200


def test_number_of_own_questions_of_a_module_is_limited(client, module):
    case = published_case()
    for n in range(299):
        QuestionFactory(case=case, module=module, key=f"eigen-{n}", retired=False)
    assert new_assignment(client, module, case, own=1).status_code == 302
    refused = new_assignment(client, module, case, own=1)
    assert "Deze module heeft al 300 eigen vragen" in page_text(refused)
    assert "Eigen vraag 0?" in page_text(refused)
    assert Question.objects.filter(module=module).count() == 300


@pytest.fixture
def student(client, module):
    student = enrol(module)
    client.force_login(student.user)
    return student


@pytest.mark.parametrize("script", [True, False])
def test_answer_is_only_saved_after_a_hundred_submissions(client, module, student, script):
    assignment = AssignmentFactory(module=module)
    first = hand_in(assignment, student, text="Eerst.")
    answer = first.answer
    fields = {"answer": answer, "question_text": "Wat?", "submitted_at": timezone.now()}
    Submission.objects.bulk_create(Submission(revision=100 + n, text=f"Versie {n}", **fields) for n in range(98))
    Answer.objects.filter(pk=answer.pk).update(revision=1_000)

    def send(text: str):
        sent = {f"text-{answer.question_id}": text, "lever": answer.question_id}
        sent[f"revision-{answer.question_id}"] = Answer.objects.get(pk=answer.pk).revision
        headers = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"} if script else {}
        return client.post(f"/opdrachten/{assignment.pk}/inleveren/", sent, headers=headers, follow=True)

    assert send("De honderdste.").status_code == 200
    assert answer.submissions.count() == 100
    refused = send("De honderdeerste.")
    message = refused.json()["note"] if script else page_text(refused)
    assert "Je leverde dit antwoord al 100 keer in" in message
    answer.refresh_from_db()
    assert (answer.submissions.count(), answer.text) == (100, "De honderdeerste.")


@pytest.mark.parametrize("script", [True, False])
def test_number_of_own_study_answers_of_a_user_is_limited(client, script):
    user = UserFactory()
    client.force_login(user)
    case = published_case(kolbs=["doener", "denker"])
    first, second = case.questions.in_library()
    other = published_case()
    Question.objects.bulk_create(
        Question(case=other, key=f"v-{n}", text="Wat?", kolb="doener", position=n) for n in range(1_999)
    )
    others = Question.objects.filter(case=other, key__startswith="v-")
    Answer.objects.bulk_create(Answer(student=user, question=question, text="Iets.") for question in others)
    headers = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}
    headers = headers if script else {"Accept": "text/html"}

    def send(question: Question, text: str, revision: int = 0):
        sent = {"text": text, "revision": revision, "writer": "w", "seq": 1 + revision}
        return client.post(f"/vragen/{question.pk}/antwoord/", sent, headers=headers)

    assert send(first, "Nummer tweeduizend.").status_code in {200, 302}
    assert send(first, "Nummer tweeduizend, langer.", 1).status_code in {200, 302}
    refused = send(second, "Een te veel.")
    assert refused.status_code == 413
    assert script or "Een te veel." in page_text(refused)
    assert not Answer.objects.filter(question=second).exists()


def test_only_the_latest_five_unconfirmed_imports_are_stored(client):
    editor = UserFactory(groups=["Redactie"])
    client.force_login(editor)
    from django.core.files.uploadedfile import SimpleUploadedFile

    vocabulary = b"parts: []\nactors: []\nkeywords: []\n"
    for _ in range(7):
        sent = client.post("/beheer/cases/case/importeren/", {"files": SimpleUploadedFile("casebook.yaml", vocabulary)})
        assert sent.status_code == 302
    assert KeptUpload.objects.filter(owner=editor).count() == 5
    assert client.get(sent.url).status_code == 200


# --- The length of a search ---

SEARCHES = {
    "/casussen/?q={}": "visitor",
    "/antwoorden/?q={}": "student",
    "/modules/{module.pk}/opdrachten/nieuw/?zoek={}": "teacher",
    "/beheer/cases/case/?q={}": "editor",
    "/beheer/cases/keyword/?q={}": "editor",
    "/beheer/cases/edition/?q={}": "editor",
    "/beheer/casebook/user/?q={}": "administrator",
    "/beheer/questions/module/?q={}": "administrator",
}


@pytest.mark.parametrize("address", SEARCHES)
def test_search_is_truncated_at_two_hundred_characters_with_a_message(client, address):
    world = World()
    user = world.users[SEARCHES[address]]
    if user:
        client.force_login(user)
    path, name = address.rsplit("{}", 1)[0].format(**vars(world)), "w" * 198
    just = client.get(f"{path}{name}zz")
    assert just.status_code == 200
    assert "Je zoekvraag is te lang" not in page_text(just)
    assert f'value="{name}zz"' in page_text(just)
    more = client.get(f"{path}{name}zzz")
    assert more.status_code == 200
    assert "Je zoekvraag is te lang" in page_text(more)
    assert f'value="{name}zz"' in page_text(more)


# --- The length of an address ---

LONGEST = 8_190 - len("GET  HTTP/1.1\r\n")
LONG_QUERIES = {
    "one long value": "q=" + "w" * 9_000,
    "quotation marks": "q=" + "%22" * 3_000,
    "accented letters": "q=" + "%C3%A9" * 1_500,
    "unknown name": "x" * 9_000,
    "repeated filters": "&".join(["bril=doener", "sfeer=formal", "actor=xyz", "trefwoord=abc", "deel=q"] * 200),
    "many names": "&".join(f"a{n}" for n in range(900)),
    "page": "pagina=" + "9" * 9_000,
    "next": "next=/" + "%C3%A9" * 1_500,
}


@pytest.mark.once
@pytest.mark.parametrize("role", ["visitor", "student", "teacher", "editor"])
def test_every_address_accepts_the_longest_request_line(client, role):
    """No address fails, and no redirect is longer than a server accepts."""
    world = World()
    if user := world.users[role]:
        client.force_login(user)
    client.raise_request_exception = False
    names = {name for name in routes() if name.startswith("admin:") == (role == "editor")}
    addresses = {name: world.addresses[name] for name in names & set(world.addresses) - {"account_logout"}}
    wrong = []
    for kind, value in LONG_QUERIES.items():
        for name, address in addresses.items():
            query = value[: LONGEST - len(address) - 1]
            response = client.get(f"{address}{'&' if '?' in address else '?'}{query}")
            target = response.headers.get("Location", "")
            if response.status_code >= 500 or len(target) > LONGEST:
                wrong.append((kind, name, response.status_code, len(target)))
    assert wrong == []


def test_sign_in_returns_to_the_page_without_a_query_that_is_too_long(client):
    page = reverse("questions:answers")
    short = client.get(f"{page}?q=koelkast")
    assert short.url == f"/account/inloggen/?next={page}%3Fq%3Dkoelkast"
    assert client.get(f"{page}?q={'%C3%A9' * 1_300}").url == f"/account/inloggen/?next={page}"
