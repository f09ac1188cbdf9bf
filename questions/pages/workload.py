"""What waits for a teacher, counted by assignment: home and the page of a module say the same.

Numbers and the names of colleagues. Nothing of what was written, and no names of students.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, F, Q

from questions.models import Answer, Feedback, Role, Submission, current_enrolment


@dataclass
class Workload:
    """What there is to do in one assignment, or in a whole module."""

    handed_in: int = 0  # answers; the latest version of each
    waiting: int = 0  # of those, without a word from any teacher
    handing_in: int = 0  # students who handed in at least one answer, also who left since
    begun: int = 0  # students in the module now who wrote or handed in something
    ready: int = 0  # own feedback that its student does not see yet, or not as it is now
    by_colleagues: Counter[str] = field(default_factory=Counter)  # theirs, by name

    @property
    def all_ready(self) -> int:
        return self.ready + self.by_colleagues.total()

    @property
    def colleagues(self) -> list[tuple[str, int]]:
        return sorted(self.by_colleagues.items())

    def add(self, other: "Workload") -> None:
        """Whole numbers only: who is in two assignments would be counted twice among the students."""
        self.handed_in += other.handed_in
        self.waiting += other.waiting
        self.ready += other.ready
        self.by_colleagues.update(other.by_colleagues)


def workload_by_assignment(teacher, modules: Iterable[int]) -> dict[int, Workload]:
    """By assignment, of all that has something, in three queries."""
    found: dict[int, Workload] = {}
    for row in _handed_in(modules):
        workload = found.setdefault(row["place"], Workload())
        workload.handed_in, workload.waiting, workload.handing_in = row["handed_in"], row["waiting"], row["students"]
    for assignment, students in _begun(modules):
        found.setdefault(assignment, Workload()).begun = students
    for assignment, author, name, count in _ready(modules):
        workload = found.setdefault(assignment, Workload())
        if author == teacher.pk:
            workload.ready += count
        else:
            workload.by_colleagues[name or ""] += count
    return found


def _handed_in(modules: Iterable[int]):
    return (
        Submission.objects.latest_for_teachers()
        .with_is_to_read()
        .filter(answer__assignment__module__in=modules)
        .order_by()
        .values(place=F("answer__assignment"))
        .annotate(
            handed_in=Count("pk"),
            students=Count("answer__student", distinct=True),
            waiting=Count("pk", filter=Q(is_to_read=True)),
        )
    )


def _begun(modules: Iterable[int]):
    now = current_enrolment("assignment__module__enrolments", user=F("student"), role=Role.STUDENT)
    return (
        Answer.objects.begun()
        .filter(assignment__module__in=modules, **now)
        .order_by()
        .values_list("assignment")
        .annotate(students=Count("student", distinct=True))
    )


def _ready(modules: Iterable[int]):
    """All of it, whatever became of the module or the student since: what is not released is counted somewhere."""
    return (
        Feedback.objects.waiting_for_release()
        .filter(submission__answer__assignment__module__in=modules)
        .order_by()
        .values_list("submission__answer__assignment", "author", "author__name")
        .annotate(rows=Count("pk"))
    )
