"""A text is kept once a kind, however many saves arrive at the same moment."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

from questions.actions import feedback
from questions.actions.saving import Draft
from questions.models import Answer, AnswerVersion, FeedbackVersion
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, enrol, hand_in

PARALLEL = 30


def at_once(posts: list[Callable[[], int]]) -> list[int]:
    """The statuses of saves that are all sent at one moment, each over a connection of its own."""
    start = Barrier(len(posts))

    def send(post: Callable[[], int]) -> int:
        start.wait()
        try:
            return post()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(posts)) as pool:
        return list(pool.map(send, posts))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["answer", "feedback"])
def test_thirty_stale_saves_at_once_keep_each_text_once_and_block_nothing(what):
    assignment = AssignmentFactory()
    student = enrol(assignment.module)
    if what == "answer":
        versions, writer = AnswerVersion, student.user
        address = reverse("questions:save_answer", args=[assignment.questions.get().pk]) + f"?opdracht={assignment.pk}"
    else:
        versions, writer = FeedbackVersion, assignment.module.people.get(enrolments__role="teacher")
        address = reverse("questions:save_feedback", args=[hand_in(assignment, student).pk])

    def save(text: str, page: str) -> Callable[[], int]:
        client = Client(raise_request_exception=False)
        client.force_login(writer)
        values = {"text": text, "revision": 0, "seq": 1, "writer": page}
        return lambda: client.post(address, values).status_code

    def kept() -> list[str]:
        return sorted(versions.objects.filter(kind="conflict").values_list("text", flat=True))

    assert save("wat er staat", "eerst")() == 200
    posts = [save(f"van elders {number % 3}", f"pagina-{number}") for number in range(PARALLEL)]
    assert at_once(posts) == [409] * PARALLEL
    assert kept() == ["van elders 0", "van elders 1", "van elders 2", "wat er staat"]
    assert save("nog een", "later")() == 409
    assert kept() == ["nog een", "van elders 0", "van elders 1", "van elders 2", "wat er staat"]


@pytest.mark.django_db
def test_the_database_keeps_a_text_once_a_kind():
    answer = Answer.objects.create(student=UserFactory(), question=AssignmentFactory().questions.get(), text="x")
    for kind in ("conflict", "shrunk"):
        AnswerVersion.objects.create(answer=answer, text="een", base_revision=1, kind=kind)
    with pytest.raises(IntegrityError), transaction.atomic():
        AnswerVersion.objects.create(answer=answer, text="een", base_revision=2, kind="conflict")
    AnswerVersion.objects.create(answer=answer, text="twee", base_revision=2, kind="conflict")


@pytest.mark.django_db
def test_undoing_the_same_text_twice_goes_on_counting():
    assignment = AssignmentFactory()
    teacher, submission = assignment.module.people.get(), hand_in(assignment, enrol(assignment.module))
    for text in ("Mooi.", "Toch anders.", "Mooi."):
        feedback.save(author=teacher, submission=submission, draft=Draft(text))
        feedback.undo(author=teacher, submission=submission)
    assert dict(FeedbackVersion.objects.values_list("text", "revision")) == {"Mooi.": 3, "Toch anders.": 2}
    assert feedback.save(author=teacher, submission=submission, draft=Draft("Mooi.")).revision == 4


# --- The migration of what is kept already ---

BEFORE, AFTER = [("questions", "0006_feedback_revisions")], [("questions", "0008_versions_once")]


@pytest.fixture
def older_site(transactional_db) -> Iterator[type]:
    """The models of before; afterwards the database is as new again."""
    yield MigrationExecutor(connection).migrate(BEFORE).apps.get_model
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
def test_migrating_merges_what_was_kept_twice(older_site):
    get = older_site
    answer, author = _an_answer_of_before(get)
    submission = get("questions", "Submission").objects.create(
        answer=answer, revision=1, question_text="?", text="a", submitted_at=answer.created_at
    )
    texts = [("a", "conflict"), ("caf\u00e9", "conflict"), ("a", "shrunk"), ("a", "conflict"), ("a", "conflict")]
    mine = get("questions", "AnswerVersion").objects
    first = [mine.create(answer=answer, text=text, kind=kind, base_revision=1).pk for text, kind in texts]
    theirs = get("questions", "FeedbackVersion").objects
    given = [("u", 3), ("v", 7), ("u", 5), ("", 1), ("u", 4), ("", 2)]
    common = {"submission": submission, "author": author, "kind": "undone"}
    second = [theirs.create(text=text, revision=revision, **common).pk for text, revision in given]

    MigrationExecutor(connection).migrate(AFTER)

    assert list(AnswerVersion.objects.order_by("pk").values_list("pk", flat=True)) == first[:3]
    kept = FeedbackVersion.objects.order_by("pk").values_list("pk", "text", "revision")
    assert list(kept) == [(second[0], "u", 5), (second[1], "v", 7), (second[3], "", 2)]
    # The database computed the hashes as Python does, or the same text would be kept once more.
    for versions in (AnswerVersion, FeedbackVersion):
        for version in versions.objects.all():
            there = version.text_hash
            version.save()
            assert version.text_hash == there

    get("questions", "Answer").objects.update(created_at=answer.created_at - timedelta(days=9))
    MigrationExecutor(connection).migrate([("questions", "0009_version_times")])
    assert Answer.objects.get().version_at == answer.created_at - timedelta(days=9)  # the next save keeps the text

    MigrationExecutor(connection).migrate(BEFORE)
    assert get("questions", "AnswerVersion").objects.count() == 3


def _an_answer_of_before(get) -> tuple:
    user = get("casebook", "User").objects.create(email="iemand@example.org", name="Iemand")
    part = get("cases", "Part").objects.create(number=1, title="Deel", slug="deel")
    case = get("cases", "Case").objects.create(number=1, title="Casus", slug="casus", part=part)
    question = get("questions", "Question").objects.create(case=case, key="a", position=1, text="?", kolb="doener")
    return get("questions", "Answer").objects.create(student=user, question=question, text="x"), user
