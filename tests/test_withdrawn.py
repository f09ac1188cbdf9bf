"""Someone recognised herself: of a withdrawn case no address gives away what it told or asked, to nobody.

Until it is put back. Questions name people too.
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
from tests.test_rights import everything_said, taken_back
from tests.world import World, story, words

pytestmark = [pytest.mark.django_db, pytest.mark.long]

ROLES = ("visitor", "stranger", "student", "classmate", "left", "teacher", "colleague", "other_teacher", "editor")
ROLES += ("administrator",)
asked = SimpleNamespace(
    LIBRARY="roerdompvraag",  # in the latest edition, and in the row
    OWN="velduilvraag",  # added by a teacher, for her own module
    RETIRED="waterhoenvraag",  # asked by an earlier edition, and answered
    EARLIER="houtduifvraag",  # as it was asked at the time of handing in
)
STORY = set(vars(story).values())
QUESTIONS = set(vars(asked).values())
TOLD = STORY | QUESTIONS | {words.WORKING_COPY}
# Who comes across which question, before and after: what is answered is read by its students and teachers.
READS = {"student": QUESTIONS, "teacher": QUESTIONS, "colleague": QUESTIONS, "visitor": {asked.LIBRARY}}


def plant(world: World) -> None:
    """Words that are in the wording of one question each."""
    library = world.case.questions.in_library().order_by("position")
    first = library.first()
    text = f"Wat zegt mevrouw {asked.LIBRARY}?"
    edition = Edition.objects.get(case=world.case)
    Edition.objects.filter(pk=edition.pk).update(text=edition.text.replace(first.text, text, 1))
    Question.objects.filter(pk=first.pk).update(text=text)
    Question.objects.filter(case=world.case, module=world.module).update(text=f"Belt u {asked.OWN}?")
    retired = Question.objects.create(
        case=world.case, key="toen", position=99, kolb="denker", text=f"En {asked.RETIRED} dan?", retired=True
    )
    AssignmentQuestion.objects.create(assignment=world.assignment, question=retired, position=99, dropped=True)
    answers = {"student": world.people["student"], "question": retired, "text": "Dat weet ik nog niet."}
    world.retired = Answer.objects.create(assignment=world.assignment, **answers)
    Answer.objects.create(**answers)
    Submission.objects.create(
        answer=world.retired, revision=1, question_text=retired.text, text="Dat weet ik.", submitted_at=world.now
    )
    Submission.objects.filter(pk=world.submission.pk).update(question_text=f"Wat zei {asked.EARLIER}?")
    search.index_case(Case.objects.get(pk=world.case.pk))
    editions.renew_library()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = World()
        plant(world)
        world.read_before = {role: set(found(world, role, only_read=True)) for role in READS}
        world.known_before = {"roerdompvraag", "appelvink"} & set(SearchWord.objects.values_list("word", flat=True))
        editions.withdraw(case=world.case, reason="Ze herkende zich.")
        yield world
        transaction.set_rollback(True)
        page_cache.forget()


def found(world: World, role: str, *, only_read: bool = False) -> dict[str, str]:
    """Every planted word that this person comes across at any address of the site, with where."""
    requests = [("GET", address, None) for address in [*world.addresses.values(), *world.variants()]]
    if not only_read:
        requests += [("POST", address, world.bodies.get(name, {})) for name, address in world.addresses.items()]
    told: dict[str, str] = {}
    for method, address, body in requests:
        if "intrekken" in address or "terugzetten" in address:
            continue
        with taken_back():
            said = everything_said(getattr(world.client(role), method.lower())(address, body))
        for word in TOLD:
            if word.encode() in said:
                told.setdefault(word, f"{method} {address}")
    return told


@pytest.mark.parametrize("role", ROLES)
def test_no_address_gives_away_what_a_withdrawn_case_told_or_asked(world, role):
    assert found(world, role) == {}


@pytest.mark.parametrize("role", READS)
def test_before_it_was_withdrawn_the_same_walk_found_them(world, role):
    assert world.read_before[role] >= STORY
    assert world.read_before[role] & QUESTIONS == READS[role]


def test_searching_for_its_words_finds_nothing(world):
    for role in ("visitor", "editor", "administrator"):
        for address in ("/casussen/", "/beheer/cases/case/", "/beheer/cases/edition/"):
            for word in TOLD:
                said = world.client(role).get(address, {"q": word}).content.decode()
                assert world.case.title not in said, (role, address, word)


def test_what_was_written_about_it_is_still_there(world):
    said = {
        role: everything_said(world.client(role).get(world.addresses[name]))
        for role, name in {"student": "questions:answers_json", "teacher": "questions:assignment_feedback"}.items()
    }
    assert words.SUBMITTED.encode() in said["student"]
    assert words.RELEASED.encode() in said["student"]
    assert words.SUBMITTED.encode() in said["teacher"]


def test_it_is_not_exported(world):
    files = "\n".join(sync.export().values())
    assert [word for word in TOLD if word in files] == []


def test_its_address_is_gone_for_everybody(world):
    for role in ROLES:
        assert world.client(role).get(world.case.get_absolute_url()).status_code == 410, role


def test_what_students_wrote_stays_theirs(world):
    client = world.client("student")
    for address in ("/antwoorden/", "/antwoorden/export.json", "/antwoorden/export.docx", "/mijn-gegevens/export.json"):
        said = everything_said(client.get(address))
        assert words.SUBMITTED.encode() in said, address
    assert words.SUBMITTED.encode() in everything_said(
        world.client("teacher").get(world.addresses["questions:assignment_feedback"])
    )


def test_its_words_are_no_longer_known_to_the_search(world):
    assert world.known_before == {"roerdompvraag", "appelvink"}
    known = set(SearchWord.objects.values_list("word", flat=True))
    assert {word for word in known if word.startswith(("roerdomp", "appelvink"))} == set()
    assert "lofbetuigingen" in known, "a word of another case stays"


def test_words_of_a_case_that_was_withdrawn_before_go_with_the_next_tidying(world):
    with taken_back():
        SearchWord.objects.get_or_create(word="roerdompvraag")
        call_command("tidy")
        assert not SearchWord.objects.filter(word="roerdompvraag").exists()


def test_a_wording_that_was_stored_at_the_very_moment_goes_with_the_next_tidying(world):
    with taken_back():
        Submission.objects.create(
            answer=world.retired, revision=2, question_text=f"En {asked.RETIRED}?", text="Nee.", submitted_at=world.now
        )
        call_command("tidy")
        assert found(world, "student", only_read=True) == {}


def test_put_back_everything_is_there_again(world):
    with taken_back():
        editions.put_back(case=Case.objects.get(pk=world.case.pk))
        page_cache.forget()
        for role in ("teacher", "visitor"):
            told = set(found(world, role, only_read=True))
            assert told & QUESTIONS == READS[role]
            assert told >= STORY
        assert (
            set(SearchWord.objects.filter(word__in=world.known_before).values_list("word", flat=True))
            == world.known_before
        )
    page_cache.forget()


def test_what_is_handed_in_meanwhile_has_its_question_again_afterwards(world):
    with taken_back():
        handed = hand_in(world.assignment, world.student, 2, "Toch wel.")
        assert handed.question_text == ""
        assert found(world, "teacher", only_read=True) == {}
        editions.put_back(case=Case.objects.get(pk=world.case.pk))
        handed.refresh_from_db()
        assert handed.question_text == "Wat doe je als eerste?"
    page_cache.forget()


def test_a_teacher_can_still_change_the_rest_of_the_assignment(world):
    client, address = world.client("teacher"), world.addresses["questions:assignment_edit"]
    own = Question.objects.get(case=world.case, module=world.module)
    sent = {
        "questions": [question.pk for question in world.assignment.questions.all()],
        "instructions": "Nu zonder verhaal.",
        "own-TOTAL_FORMS": 0,
        "own-INITIAL_FORMS": 0,
    }
    with taken_back():
        assert client.post(address, sent).status_code == 302
        world.assignment.refresh_from_db()
        assert world.assignment.instructions == "Nu zonder verhaal."
        added = {"own-TOTAL_FORMS": 1, "own-0-text": "Wat vind jij?", "own-0-kolb": "denker"}
        response = client.post(address, sent | added)
        assert response.status_code == 200
        assert "Deze casus is ingetrokken." in response.content.decode()
        assert "Wat vind jij?" in response.content.decode(), "what was typed is there to copy"
        editions.put_back(case=Case.objects.get(pk=world.case.pk))
        own.refresh_from_db()
        assert asked.OWN in own.text
    page_cache.forget()
