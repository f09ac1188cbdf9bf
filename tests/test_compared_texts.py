"""The amount of work of comparing two texts is limited, whatever the texts are and on whichever page.

The steps that are counted are those of difflib: for each token of one text, its number of occurrences in the other.
"""

import difflib
import random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F

from cases.files.document import write_case
from cases.models import Case
from cases.publishing import editions, mapping
from questions.models import Submission
from tests.cases.admin.test_case import form_of
from tests.factories import ConceptFactory, UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

pytestmark = pytest.mark.django_db

MOST_STEPS = 700_000  # for one pair of texts, including the rows of tokens
MOST_STEPS_OF_PAGE = 2_500_000  # for all comparisons on one page of an editor


class Counter:
    steps = pairs = 0


@pytest.fixture
def step_count(monkeypatch):
    """Return the count of steps from now on. Far too many steps fail the test, which would otherwise take minutes."""
    count, find = Counter(), difflib.SequenceMatcher.find_longest_match

    def counted(self, alo=0, ahi=None, blo=0, bhi=None):
        count.steps += sum(1 + len(self.b2j.get(token, ())) for token in self.a[alo:ahi])
        assert count.steps < 4 * MOST_STEPS_OF_PAGE, "comparing takes far too much work"
        return find(self, alo, ahi, blo, bhi)

    monkeypatch.setattr(difflib.SequenceMatcher, "find_longest_match", counted)
    return count


def random_text(tokens: list[str], seed: int, count: int = 3_990) -> str:
    return "".join(random.Random(seed).choices(tokens, k=count))


# Versions of an answer, each a text that a student can write.
HOSTILE = {
    "lines of one letter": [random_text(["a\n", "b\n"], n) for n in range(5)],
    "few lines of one letter": [random_text(["a\n", "b\n"], n, 600) for n in range(5)],
    "words of one letter": [random_text(["a ", "b "], n) for n in range(5)],
    "words in another order": [random_text([f"woord{k} " for k in range(60)], n, 2_000) for n in range(5)],
    "every other word": [" ".join(f"w{k} v{n}-{k}" for k in range(1_500)) for n in range(5)],
    "empty lines": [f"{n}" + "\n" * (3_990 + n) + random_text(["x\n\n", "y\n"], n, 300) for n in range(5)],
    "spaces": [f"{n}" + " " * (9_000 + n) + f"{n}" + "\t" * 9_000 for n in range(5)],
    "punctuation marks": [random_text(["!", "?", "("], n) for n in range(5)],
}


@pytest.fixture
def teacher():
    return UserFactory(name="Karin Vos", groups=["Docenten"])


@pytest.fixture
def assignment(teacher):
    return AssignmentFactory(module=ModuleFactory(teacher=teacher), case=published_case(kolbs=["doener", "denker"]))


@pytest.mark.parametrize("kind", HOSTILE)
def test_feedback_page_compares_at_most_one_pair_of_texts_within_the_limit(
    client, step_count, teacher, assignment, kind
):
    student = enrol(assignment.module)
    for text in HOSTILE[kind]:
        hand_in(assignment, student, text=text)
    client.force_login(teacher)
    for query in ({"student": student.tag}, {"vraag": assignment.questions.first().key}):
        step_count.steps = 0
        assert client.get(f"/opdrachten/{assignment.pk}/feedback/", query).status_code == 200
        assert step_count.steps <= MOST_STEPS


def test_comparing_texts_of_several_students_stays_within_the_limit_of_one(client, step_count, teacher, assignment):
    for seed in range(6):
        student = enrol(assignment.module)
        for version in range(2):
            hand_in(assignment, student, text=random_text(["a\n", "b\n"], 10 * seed + version, 600))
    client.force_login(teacher)
    client.get(f"/opdrachten/{assignment.pk}/feedback/")
    assert step_count.steps <= MOST_STEPS


def test_page_that_is_opened_again_repeats_no_comparison(client, step_count, teacher, assignment):
    student = enrol(assignment.module)
    for text in HOSTILE["few lines of one letter"]:
        hand_in(assignment, student, text=text)
    client.force_login(teacher)
    address = f"/opdrachten/{assignment.pk}/feedback/?student={student.tag}"
    first = client.get(address).content
    step_count.steps = 0
    assert client.get(address).content.count(b"<del>") == first.count(b"<del>") > 0
    assert step_count.steps == 0


def test_every_earlier_version_is_compared_on_demand(client, step_count, teacher, assignment):
    student = enrol(assignment.module)
    handed_in = [hand_in(assignment, student, text=text) for text in HOSTILE["few lines of one letter"]]
    client.force_login(teacher)
    page = client.get(f"/opdrachten/{assignment.pk}/feedback/?student={student.tag}").content.decode()
    for old in handed_in[:-2]:
        address = f"/ingeleverd/{old.pk}/wijzigingen/"
        assert f'href="{address}"' in page
        step_count.steps = 0
        shown = client.get(address).content.decode()
        assert step_count.steps <= MOST_STEPS
        assert "<del>" in shown
        assert "<ins>" in shown


def test_version_that_was_taken_back_is_not_compared(client, teacher, assignment):
    student = enrol(assignment.module)
    old, _ = hand_in(assignment, student, text="Eerst."), hand_in(assignment, student, text="Daarna.")
    client.force_login(teacher)
    assert client.get(f"/ingeleverd/{old.pk}/wijzigingen/").status_code == 200
    Submission.objects.filter(pk=old.pk).update(withdrawn_at=F("submitted_at"))
    assert client.get(f"/ingeleverd/{old.pk}/wijzigingen/").status_code == 404


def test_page_of_the_latest_version_says_that_no_version_follows(client, teacher, assignment):
    only = hand_in(assignment, enrol(assignment.module), text="Dit is alles.")
    client.force_login(teacher)
    shown = client.get(f"/ingeleverd/{only.pk}/wijzigingen/").content.decode()
    assert "er is daarna niets meer ingeleverd" in shown
    assert "Dit is alles." in shown


def test_feedback_page_says_that_two_texts_differ_too_much_to_compare(client, teacher, assignment):
    student = enrol(assignment.module)
    for text in HOSTILE["lines of one letter"][:2]:
        hand_in(assignment, student, text=text)
    client.force_login(teacher)
    shown = client.get(f"/opdrachten/{assignment.pk}/feedback/").content.decode()
    assert "verschillen te veel om ze helemaal woord voor woord te vergelijken" in shown


# --- Editors ---


def slow_texts(seed: int) -> dict[str, str]:
    """Return the texts of a case, each designed to be slow to compare with those of another seed."""
    return {
        name: random_text(["a\n\n", "b\n\n"], seed + n, 600).strip()
        for n, name in enumerate(("introduction", "body", "closing"))
    }


@pytest.fixture
def case():
    case = published_case(title="De lange casus", **slow_texts(1))
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(**slow_texts(11))
    return case


@pytest.fixture
def chief(client):
    chief = UserFactory(groups=["Redactie", "Eindredactie"])
    client.force_login(chief)
    return chief


def test_working_copy_is_compared_within_the_limit(client, step_count, chief, case):
    shown = client.get(f"/beheer/cases/case/{case.pk}/verschil/").content.decode()
    assert "<del>" in shown
    assert "verschillen te veel" in shown
    assert step_count.steps <= MOST_STEPS_OF_PAGE


def test_edition_upgrade_of_an_assignment_is_compared_within_the_limit(client, step_count, teacher, case):
    assignment = AssignmentFactory(module=ModuleFactory(teacher=teacher), case=case)
    editions.publish(case=Case.objects.get(revises=case))
    client.force_login(teacher)
    shown = client.get(f"/opdrachten/{assignment.pk}/editie/").content.decode()
    assert "<del>" in shown
    assert step_count.steps <= MOST_STEPS_OF_PAGE


def test_changes_of_an_import_are_compared_within_the_limit(client, step_count, chief):
    """The limit holds for all files of an import together."""
    cases = [published_case(title=f"Casus {n}", slug=f"casus-{n}", **slow_texts(n)) for n in range(4)]
    for n, case in enumerate(cases):
        Case.objects.filter(pk=case.pk).update(**slow_texts(50 + n))
    texts = [write_case(mapping.document_of(Case.objects.get(pk=case.pk))) for case in cases]
    for n, case in enumerate(cases):
        Case.objects.filter(pk=case.pk).update(**slow_texts(n))
    files = [SimpleUploadedFile(f"{n}.md", text.encode()) for n, text in enumerate(texts)]
    page = client.post("/beheer/cases/case/importeren/", {"files": files}, follow=True)
    assert page.content.decode().count("<del>") > 4
    assert step_count.steps <= MOST_STEPS_OF_PAGE


def test_edit_conflict_of_two_editors_is_compared_within_the_limit(client, step_count, chief):
    concept = ConceptFactory(**slow_texts(1))
    own_form = form_of(concept, **slow_texts(11))
    address = f"/beheer/cases/case/{concept.pk}/change/"
    assert client.post(address, form_of(concept, title="Hun begin")).status_code == 302
    shown = client.post(address, own_form)
    assert "Iemand anders heeft deze casus opgeslagen" in shown.content.decode()
    assert "<del>" in shown.content.decode()
    assert step_count.steps <= MOST_STEPS_OF_PAGE
