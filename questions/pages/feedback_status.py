"""The status of the feedback desk: unreleased feedback, the last batch, and colleagues who are writing."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from questions.access import Desk
from questions.models import Enrolment, Feedback, Question, Submission

WRITES_NOW = timedelta(seconds=45)  # a colleague who saved in this time is writing now


@dataclass(frozen=True)
class Ready:
    """The numbers of unreleased feedback: what this teacher may release on this page, in this group and in all.

    The feedback that only colleagues may release is counted by the name of the colleague.
    """

    on_page: int
    group: int
    total: int
    of_colleagues: dict[str, int]


def ready_at(
    desk: Desk, people: dict[int, Enrolment], in_group: set[int], question: Question | None, tag: str
) -> Ready:
    """Return the numbers for the assignment; `on_page` is of the question, or else of the student with this tag."""
    assignment, me = desk.assignment, desk.enrolment.user_id
    releasable = set(
        Feedback.objects.releasable_by(me, assignment.module)
        .filter(submission__answer__assignment=assignment)
        .values_list("pk", flat=True)
    )
    rows = Feedback.objects.waiting_for_release().filter(submission__answer__assignment=assignment)
    on_page = group = 0
    of_colleagues: Counter[str] = Counter()
    for pk, author, asked, student in rows.values_list(
        "pk", "author", "submission__answer__question", "submission__answer__student"
    ):
        if pk not in releasable:
            of_colleagues[str(people[author].user)] += 1
            continue
        group += student in in_group
        is_on_page = asked == question.pk if question else people[student].tag == tag
        on_page += is_on_page and student in in_group
    return Ready(on_page, group, len(releasable), dict(of_colleagues))


def last_batch(desk: Desk) -> tuple[str, int] | None:
    """Return the token of the last batch of feedback that can be undone, with its number of rows, or None."""
    rows = Feedback.objects.undoable_by(desk.enrolment.user_id).filter(submission__answer__assignment=desk.assignment)
    tokens = list(rows.order_by("-created_at", "-pk").values_list("batch", flat=True))
    return (tokens[0], tokens.count(tokens[0])) if tokens else None


def writing_now(desk: Desk) -> dict[int, str]:
    """Return by submission the name of the colleague who is writing feedback on it now."""
    rows = (
        Feedback.objects.filter(
            submission__answer__assignment=desk.assignment, updated_at__gte=timezone.now() - WRITES_NOW
        )
        .exclude(author=desk.enrolment.user_id)
        .exclude(author=None)
        .exclude(writer="")
        .select_related("author")
    )
    return {row.submission_id: row.author.get_short_name() for row in rows.order_by("updated_at")}


def arrived_since(desk: Desk, since: datetime) -> int:
    """Return how many answers were handed in since this time."""
    rows = Submission.objects.readable_for_teachers().filter(answer__assignment=desk.assignment)
    return rows.filter(submitted_at__gt=since).values("answer").distinct().count()
