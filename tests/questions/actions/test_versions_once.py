"""Tests that a text is stored as a version once for each kind, however many saves arrive at the same moment."""

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


def send_at_once(posts: list[Callable[[], int]]) -> list[int]:
    """Return the status codes of saves that are sent at the same moment, each with its own database connection."""
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
@pytest.mark.parametrize("written", ["answer", "feedback"])
def test_thirty_simultaneous_stale_saves_store_each_text_once_and_block_nothing(written):
    assignment = AssignmentFactory()
    student = enrol(assignment.module)
    if written == "answer":
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

    def conflicting_texts() -> list[str]:
        return sorted(versions.objects.filter(kind="conflict").values_list("text", flat=True))

    assert save("wat er staat", "eerst")() == 200
    posts = [save(f"van elders {number % 3}", f"pagina-{number}") for number in range(PARALLEL)]
    assert send_at_once(posts) == [409] * PARALLEL
    assert conflicting_texts() == ["van elders 0", "van elders 1", "van elders 2", "wat er staat"]
    assert save("nog een", "later")() == 409
    assert conflicting_texts() == ["nog een", "van elders 0", "van elders 1", "van elders 2", "wat er staat"]


@pytest.mark.django_db
def test_database_allows_a_text_once_for_each_kind_of_version():
    answer = Answer.objects.create(student=UserFactory(), question=AssignmentFactory().questions.get(), text="x")
    for kind in ("conflict", "shrunk"):
        AnswerVersion.objects.create(answer=answer, text="een", base_revision=1, kind=kind)
    with pytest.raises(IntegrityError), transaction.atomic():
        AnswerVersion.objects.create(answer=answer, text="een", base_revision=2, kind="conflict")
    AnswerVersion.objects.create(answer=answer, text="twee", base_revision=2, kind="conflict")


@pytest.mark.django_db
def test_undoing_the_same_text_twice_continues_the_numbering():
    assignment = AssignmentFactory()
    teacher, submission = assignment.module.people.get(), hand_in(assignment, enrol(assignment.module))
    for text in ("Mooi.", "Toch anders.", "Mooi."):
        feedback.save(author=teacher, submission=submission, draft=Draft(text))
        feedback.undo(author=teacher, submission=submission)
    assert dict(FeedbackVersion.objects.values_list("text", "revision")) == {"Mooi.": 3, "Toch anders.": 2}
    assert feedback.save(author=teacher, submission=submission, draft=Draft("Mooi.")).revision == 4


# --- The migration of existing versions ---

BEFORE, AFTER = [("questions", "0006_feedback_revisions")], [("questions", "0008_versions_once")]


@pytest.fixture
def old_models(transactional_db) -> Iterator[type]:
    """Migrate the database back and yield a function that returns its models; migrate it forward afterwards."""
    yield MigrationExecutor(connection).migrate(BEFORE).apps.get_model
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
def test_migration_merges_versions_that_were_stored_twice(old_models):
    get_model = old_models
    answer, author = _create_old_answer(get_model)
    submission = get_model("questions", "Submission").objects.create(
        answer=answer, revision=1, question_text="?", text="a", submitted_at=answer.created_at
    )
    texts = [("a", "conflict"), ("caf\u00e9", "conflict"), ("a", "shrunk"), ("a", "conflict"), ("a", "conflict")]
    answer_versions = get_model("questions", "AnswerVersion").objects
    answer_version_ids = [
        answer_versions.create(answer=answer, text=text, kind=kind, base_revision=1).pk for text, kind in texts
    ]
    feedback_versions = get_model("questions", "FeedbackVersion").objects
    undone = [("u", 3), ("v", 7), ("u", 5), ("", 1), ("u", 4), ("", 2)]
    common = {"submission": submission, "author": author, "kind": "undone"}
    feedback_version_ids = [
        feedback_versions.create(text=text, revision=revision, **common).pk for text, revision in undone
    ]

    MigrationExecutor(connection).migrate(AFTER)

    assert list(AnswerVersion.objects.order_by("pk").values_list("pk", flat=True)) == answer_version_ids[:3]
    remaining = FeedbackVersion.objects.order_by("pk").values_list("pk", "text", "revision")
    assert list(remaining) == [
        (feedback_version_ids[0], "u", 5),
        (feedback_version_ids[1], "v", 7),
        (feedback_version_ids[3], "", 2),
    ]
    # The database must compute the same hashes as Python; otherwise the same text would be stored twice.
    for versions in (AnswerVersion, FeedbackVersion):
        for version in versions.objects.all():
            stored_hash = version.text_hash
            version.save()
            assert version.text_hash == stored_hash

    get_model("questions", "Answer").objects.update(created_at=answer.created_at - timedelta(days=9))
    MigrationExecutor(connection).migrate([("questions", "0009_version_times")])
    assert Answer.objects.get().version_at == answer.created_at - timedelta(
        days=9
    )  # the next save stores the text as a version

    MigrationExecutor(connection).migrate(BEFORE)
    assert get_model("questions", "AnswerVersion").objects.count() == 3


def _create_old_answer(get_model) -> tuple:
    user = get_model("casebook", "User").objects.create(email="iemand@example.org", name="Iemand")
    part = get_model("cases", "Part").objects.create(number=1, title="Deel", slug="deel")
    case = get_model("cases", "Case").objects.create(number=1, title="Casus", slug="casus", part=part)
    question = get_model("questions", "Question").objects.create(
        case=case, key="a", position=1, text="?", kolb="doener"
    )
    return get_model("questions", "Answer").objects.create(student=user, question=question, text="x"), user
