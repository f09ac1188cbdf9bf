"""No address shows the story or the questions of a withdrawn case to any role, until the withdrawal is undone.

A case is withdrawn because it describes a person who can be recognised; questions can name that person too.
"""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from cases.library import page_cache, search
from cases.models import Case, Edition, SearchWord
from cases.publishing import editions
from cases.transfer import sync
from questions.models import Answer, AssignmentQuestion, Question, Submission
from tests.questions.factories import hand_in
from tests.test_rights import response_bytes, rolled_back
from tests.world import World, markers, only_once, story_markers

pytestmark = [pytest.mark.django_db, pytest.mark.long]

ROLES = ("visitor", "stranger", "student", "classmate", "left", "teacher", "colleague", "other_teacher", "editor")
ROLES += ("administrator",)
EACH_LEG = {"visitor", "student", "teacher", "administrator"}
WALKS = [only_once(role, unless=EACH_LEG) for role in ROLES]
question_markers = SimpleNamespace(
    LIBRARY="roerdompvraag",  # in the latest edition, and in the row
    OWN="velduilvraag",  # added by a teacher for one module
    RETIRED="waterhoenvraag",  # from an earlier edition, and answered
    EARLIER="houtduifvraag",  # the text at the time of handing in
)
STORY_MARKERS = set(vars(story_markers).values())
QUESTION_MARKERS = set(vars(question_markers).values())
MARKERS = STORY_MARKERS | QUESTION_MARKERS | {markers.WORKING_COPY}
# The questions that each role finds while the case is published: answered ones are shown to students and teachers.
VISIBLE_QUESTIONS = {
    "student": QUESTION_MARKERS,
    "teacher": QUESTION_MARKERS,
    "colleague": QUESTION_MARKERS,
    "visitor": {question_markers.LIBRARY},
}


def add_markers(world: World) -> None:
    """Put each marker in the text of one question."""
    library = world.case.questions.in_library().order_by("position")
    first = library.first()
    text = f"Wat zegt mevrouw {question_markers.LIBRARY}?"
    edition = Edition.objects.get(case=world.case)
    Edition.objects.filter(pk=edition.pk).update(text=edition.text.replace(first.text, text, 1))
    Question.objects.filter(pk=first.pk).update(text=text)
    Question.objects.filter(case=world.case, module=world.module).update(text=f"Belt u {question_markers.OWN}?")
    text = f"En {question_markers.RETIRED} dan?"
    retired = Question.objects.create(case=world.case, key="toen", position=99, kolb="denker", text=text, retired=True)
    AssignmentQuestion.objects.create(assignment=world.assignment, question=retired, position=99, dropped=True)
    answers = {"student": world.users["student"], "question": retired, "text": "Dat weet ik nog niet."}
    world.retired = Answer.objects.create(assignment=world.assignment, **answers)
    Answer.objects.create(**answers)
    Submission.objects.create(
        answer=world.retired, revision=1, question_text=retired.text, text="Dat weet ik.", submitted_at=world.now
    )
    Submission.objects.filter(pk=world.submission.pk).update(question_text=f"Wat zei {question_markers.EARLIER}?")
    search.index_case(Case.objects.get(pk=world.case.pk))
    editions.renew_library()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = World()
        add_markers(world)
        world.found_before = {role: set(find_markers(world, role, only_read=True)) for role in VISIBLE_QUESTIONS}
        world.indexed_before = {"roerdompvraag", "appelvink"} & set(SearchWord.objects.values_list("word", flat=True))
        editions.withdraw(case=world.case, reason="Ze herkende zich.")
        yield world
        transaction.set_rollback(True)
        page_cache.forget()


def find_markers(world: World, role: str, *, only_read: bool = False) -> dict[str, str]:
    """Return every marker that this role finds at any address of the site, with the first request that shows it."""
    requests = [("GET", address, None) for address in [*world.addresses.values(), *world.variants()]]
    if not only_read:
        requests += [("POST", address, world.bodies.get(name, {})) for name, address in world.addresses.items()]
    found: dict[str, str] = {}
    for method, address, body in requests:
        if "intrekken" in address or "terugzetten" in address:
            continue
        with rolled_back():
            content = response_bytes(getattr(world.client(role), method.lower())(address, body))
        for marker in MARKERS:
            if marker.encode() in content:
                found.setdefault(marker, f"{method} {address}")
    return found


@pytest.mark.parametrize("role", WALKS)
def test_no_address_shows_the_story_or_questions_of_a_withdrawn_case(world, role):
    assert find_markers(world, role) == {}


@pytest.mark.parametrize("role", VISIBLE_QUESTIONS)
def test_same_addresses_show_the_case_before_its_withdrawal(world, role):
    assert world.found_before[role] >= STORY_MARKERS
    assert world.found_before[role] & QUESTION_MARKERS == VISIBLE_QUESTIONS[role]


def test_search_for_words_of_a_withdrawn_case_finds_nothing(world):
    for role in ("visitor", "editor", "administrator"):
        for address in ("/casussen/", "/beheer/cases/case/", "/beheer/cases/edition/"):
            for marker in MARKERS:
                content = world.client(role).get(address, {"q": marker}).content.decode()
                assert world.case.title not in content, (role, address, marker)


def test_answers_and_feedback_about_a_withdrawn_case_remain_visible(world):
    content = {
        role: response_bytes(world.client(role).get(world.addresses[name]))
        for role, name in {"student": "questions:answers_json", "teacher": "questions:assignment_feedback"}.items()
    }
    assert markers.SUBMITTED.encode() in content["student"]
    assert markers.RELEASED.encode() in content["student"]
    assert markers.SUBMITTED.encode() in content["teacher"]


def test_withdrawn_case_is_not_exported(world):
    files = "\n".join(sync.export().values())
    assert [marker for marker in MARKERS if marker in files] == []


def test_address_of_a_withdrawn_case_is_410_for_every_role(world):
    for role in ROLES:
        assert world.client(role).get(world.case.get_absolute_url()).status_code == 410, role


def test_answers_to_a_withdrawn_case_remain_in_exports_and_portfolio(world):
    client = world.client("student")
    for address in ("/antwoorden/", "/antwoorden/export.json", "/antwoorden/export.docx", "/mijn-gegevens/export.json"):
        content = response_bytes(client.get(address))
        assert markers.SUBMITTED.encode() in content, address
    assert markers.SUBMITTED.encode() in response_bytes(
        world.client("teacher").get(world.addresses["questions:assignment_feedback"])
    )


def test_words_of_a_withdrawn_case_are_removed_from_the_search_index(world):
    assert world.indexed_before == {"roerdompvraag", "appelvink"}
    indexed = set(SearchWord.objects.values_list("word", flat=True))
    assert {marker for marker in indexed if marker.startswith(("roerdomp", "appelvink"))} == set()
    assert "lofbetuigingen" in indexed, "words of other cases remain"


def test_tidy_removes_search_words_of_withdrawn_cases(world):
    with rolled_back():
        SearchWord.objects.get_or_create(word="roerdompvraag")
        call_command("tidy")
        assert not SearchWord.objects.filter(word="roerdompvraag").exists()


def test_tidy_removes_question_texts_stored_during_the_withdrawal(world):
    with rolled_back():
        Submission.objects.create(
            answer=world.retired,
            revision=2,
            question_text=f"En {question_markers.RETIRED}?",
            text="Nee.",
            submitted_at=world.now,
        )
        call_command("tidy")
        assert find_markers(world, "student", only_read=True) == {}


def test_case_is_complete_again_after_its_withdrawal_is_undone(world):
    with rolled_back():
        editions.put_back(case=Case.objects.get(pk=world.case.pk))
        page_cache.forget()
        for role in ("teacher", "visitor"):
            found = set(find_markers(world, role, only_read=True))
            assert found & QUESTION_MARKERS == VISIBLE_QUESTIONS[role]
            assert found >= STORY_MARKERS
        assert (
            set(SearchWord.objects.filter(word__in=world.indexed_before).values_list("word", flat=True))
            == world.indexed_before
        )
    page_cache.forget()


def test_submission_during_the_withdrawal_gets_its_question_text_afterwards(world):
    with rolled_back():
        submission = hand_in(world.assignment, world.student, 2, "Toch wel.")
        assert submission.question_text == ""
        assert find_markers(world, "teacher", only_read=True) == {}
        editions.put_back(case=Case.objects.get(pk=world.case.pk))
        submission.refresh_from_db()
        assert submission.question_text == "Wat doe je als eerste?"
    page_cache.forget()


def test_teacher_can_change_other_fields_of_an_assignment_with_a_withdrawn_case(world):
    client, address = world.client("teacher"), world.addresses["questions:assignment_edit"]
    own = Question.objects.get(case=world.case, module=world.module)
    data = {
        "questions": [question.pk for question in world.assignment.questions.all()],
        "instructions": "Nu zonder verhaal.",
        "own-TOTAL_FORMS": 0,
        "own-INITIAL_FORMS": 0,
    }
    with rolled_back():
        assert client.post(address, data).status_code == 302
        world.assignment.refresh_from_db()
        assert world.assignment.instructions == "Nu zonder verhaal."
        added = {"own-TOTAL_FORMS": 1, "own-0-text": "Wat vind jij?", "own-0-kolb": "denker"}
        response = client.post(address, data | added)
        assert response.status_code == 200
        assert "Deze casus is ingetrokken." in response.content.decode()
        assert "Wat vind jij?" in response.content.decode(), "the typed text is shown, to be copied"
        editions.put_back(case=Case.objects.get(pk=world.case.pk))
        own.refresh_from_db()
        assert question_markers.OWN in own.text
    page_cache.forget()
