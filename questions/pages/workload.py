"""The workload of a teacher by assignment, for the home page and the page of a module.

It has numbers and names of colleagues, but no texts and no names of students.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, F, Q, QuerySet

from casebook.lib.text import isolated
from casebook.models import User
from questions.models import Answer, Feedback, Role, Submission, current_enrolment


@dataclass
class Workload:
    """The workload in one assignment, or in a whole module."""

    handed_in: int = 0  # answers
    to_read: int = 0  # answers without feedback on their latest submission
    handing_in: int = 0  # students who handed in at least one answer, including those who left
    begun: int = 0  # students in the module now who wrote or handed in an answer
    ready: int = 0  # own feedback that was not released, or has changed since
    by_colleagues: Counter[str] = field(default_factory=Counter)  # the same of colleagues, by name

    @property
    def all_ready(self) -> int:
        """Return how much feedback can be released, including that of colleagues."""
        return self.ready + self.by_colleagues.total()

    @property
    def colleagues(self) -> list[tuple[str, int]]:
        """Return the colleagues with unreleased feedback and how much they have, by name."""
        return sorted(self.by_colleagues.items())

    def add(self, other: "Workload") -> None:
        """Add the counts of answers and feedback. Students are not added, since one can be in both workloads."""
        self.handed_in += other.handed_in
        self.to_read += other.to_read
        self.ready += other.ready
        self.by_colleagues.update(other.by_colleagues)


def workload_by_assignment(teacher: User, modules: Iterable[int]) -> dict[int, Workload]:
    """Return the workload of each assignment that has any, in three queries."""
    found: dict[int, Workload] = {}
    for row in _handed_in(modules):
        workload = found.setdefault(row["assignment"], Workload())
        workload.handed_in, workload.to_read, workload.handing_in = row["handed_in"], row["to_read"], row["students"]
    for assignment, students in _begun(modules):
        found.setdefault(assignment, Workload()).begun = students
    for assignment, author, name, count in _ready(modules):
        workload = found.setdefault(assignment, Workload())
        if author == teacher.pk:
            workload.ready += count
        else:
            workload.by_colleagues[isolated(name or "")] += count
    return found


def _handed_in(modules: Iterable[int]) -> QuerySet[Submission]:
    return (
        Submission.objects.latest_for_teachers()
        .with_is_to_read()
        .filter(answer__assignment__module__in=modules)
        .order_by()
        .values(assignment=F("answer__assignment"))
        .annotate(
            handed_in=Count("pk"),
            students=Count("answer__student", distinct=True),
            to_read=Count("pk", filter=Q(is_to_read=True)),
        )
    )


def _begun(modules: Iterable[int]) -> QuerySet[Answer]:
    now = current_enrolment("assignment__module__enrolments", user=F("student"), role=Role.STUDENT)
    return (
        Answer.objects.begun()
        .filter(assignment__module__in=modules, **now)
        .order_by()
        .values_list("assignment")
        .annotate(students=Count("student", distinct=True))
    )


def _ready(modules: Iterable[int]) -> QuerySet[Feedback]:
    """Return the counts of unreleased feedback, including that in archived modules and on students who left."""
    return (
        Feedback.objects.waiting_for_release()
        .filter(submission__answer__assignment__module__in=modules)
        .order_by()
        .values_list("submission__answer__assignment", "author", "author__name")
        .annotate(rows=Count("pk"))
    )
