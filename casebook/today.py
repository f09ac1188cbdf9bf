"""What awaits one person: the part of the home page for who is signed in."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.utils import timezone

from casebook.models import User
from questions.models import (
    Answer,
    AnswerState,
    Assignment,
    AssignmentQuestion,
    Enrolment,
    Extension,
    Feedback,
    Module,
    Role,
    Submission,
)

MOST_NEWS = 5  # the rest is counted; /antwoorden/ has it all


@dataclass(frozen=True)
class Due:
    """An assignment that is not finished: which questions are not handed in, and which came back for more."""

    assignment: Assignment
    due_at: datetime | None
    missing: list[int]
    again: list[int]
    size: int

    @property
    def is_late(self) -> bool:
        return self.due_at is not None and self.due_at < timezone.now()

    @property
    def is_untouched(self) -> bool:
        return len(self.missing) == self.size


@dataclass(frozen=True)
class Taught:
    """A module that this person teaches, in counts."""

    module: Module
    students: int
    handed_in: int
    waiting: int


@dataclass(frozen=True)
class Today:
    due: list[Due] = field(default_factory=list)
    news: list[Feedback] = field(default_factory=list)
    drafts: int = 0
    last: Answer | None = None
    taught: list[Taught] = field(default_factory=list)
    is_in_a_module: bool = False
    now: datetime = field(default_factory=timezone.now)

    @property
    def shown_news(self) -> list[Feedback]:
        return self.news[:MOST_NEWS]

    @property
    def more_news(self) -> int:
        return len(self.news) - len(self.shown_news)

    @property
    def last_href(self) -> str:
        place = self.last.assignment or self.last.question.case
        return f"{place.get_absolute_url()}#vraag-{self.last.question.key}"


def for_you(user: User) -> Today:
    """In at most eight queries, whatever there is to say."""
    enrolments = list(Enrolment.objects.filter(user=user, left_at=None, module__archived_at=None))
    studied = [each.module_id for each in enrolments if each.role == Role.STUDENT]
    taught = [each.module_id for each in enrolments if each.role == Role.TEACHER]
    answers = list(_answers(user))
    return Today(
        due=_due(user, studied, answers) if studied else [],
        news=list(_news(user)) if any(answer.handed_in for answer in answers) else [],
        drafts=sum(_is_draft(answer, studied) for answer in answers),
        last=_last(answers),
        taught=_taught(taught) if taught else [],
        is_in_a_module=bool(enrolments),
    )


def _answers(user: User):
    """Without the texts that only a page of answers needs."""
    member = Enrolment.objects.filter(user=user, module=OuterRef("assignment__module"), left_at=None)
    return (
        Answer.objects.visible_to(user)
        .with_state()
        .annotate(is_member=Exists(member))
        .select_related("assignment", "question__case")
        .only(
            "text",
            "updated_at",
            "question__key",
            "question__case__slug",
            "question__case__title",
            "question__case__status",
            "assignment__module",
        )
    )


def _is_draft(answer: Answer, studied: list[int]) -> bool:
    if answer.assignment is None or answer.assignment.module_id not in studied:
        return False
    return answer.state == AnswerState.DRAFT or answer.has_unsubmitted_changes


def _last(answers: list[Answer]) -> Answer | None:
    """The answer that this person wrote on last, as far as it can still be opened."""
    reachable = [
        answer
        for answer in answers
        if (answer.is_member if answer.assignment else answer.question.case.status == "published")
    ]
    return max(reachable, key=lambda answer: answer.updated_at, default=None)


def _due(user: User, studied: list[int], answers: list[Answer]) -> list[Due]:
    extensions = Extension.objects.filter(assignment=OuterRef("pk"), enrolment__user=user)
    now = timezone.now()
    assignments = (
        Assignment.objects.open()
        .filter(Q(closed_at=None) | Q(closed_at__gt=now), module__in=studied)
        .annotate(own_due_at=Subquery(extensions.values("due_at")[:1]))
        .select_related("module", "edition__case")
        .only("due_at", "module__title", "edition__case__title")
        .order_by("pk")
    )
    asked: dict[int, list[int]] = {}
    for assignment_id, question_id in AssignmentQuestion.objects.filter(assignment__module__in=studied).values_list(
        "assignment", "question"
    ):
        asked.setdefault(assignment_id, []).append(question_id)
    states = {(answer.assignment_id, answer.question_id): answer.state for answer in answers}
    found = [_due_of(assignment, asked.get(assignment.pk, []), states) for assignment in assignments]
    unfinished = [due for due in found if due.missing or due.again]
    return sorted(unfinished, key=lambda due: (due.due_at is None, due.due_at or now, due.assignment.pk))


def _due_of(assignment: Assignment, asked: list[int], states: dict[tuple, AnswerState]) -> Due:
    numbered = [(number, states.get((assignment.pk, question))) for number, question in enumerate(asked, start=1)]
    due_at = assignment.due_at
    if due_at and assignment.own_due_at:
        due_at = max(due_at, assignment.own_due_at)
    return Due(
        assignment=assignment,
        due_at=due_at,
        missing=[number for number, state in numbered if state in {None, AnswerState.EMPTY, AnswerState.DRAFT}],
        again=[number for number, state in numbered if state == AnswerState.AGAIN],
        size=len(asked),
    )


def _news(user: User):
    return (
        Feedback.objects.released()
        .filter(submission__answer__student=user, seen_at=None)
        .select_related("author", "submission__answer__question", "submission__answer__assignment__edition__case")
        .defer("submission__answer__assignment__edition__text")
        .order_by("-released_at", "-pk")
    )


def _taught(module_ids: list[int]) -> list[Taught]:
    """How much there is to read, in counts: nothing of what was written."""
    students = Count("enrolments", filter=Q(enrolments__role=Role.STUDENT, enrolments__left_at=None))
    modules = Module.objects.filter(pk__in=module_ids).annotate(students=students)
    later = Submission.objects.standing().filter(answer=OuterRef("answer"), revision__gt=OuterRef("revision"))
    latest = (
        Submission.objects.readable_for_teachers()
        .filter(~Exists(later), answer__assignment__module__in=module_ids)
        .order_by()
        .values(module=F("answer__assignment__module"))
        .annotate(
            handed_in=Count("pk"),
            waiting=Count("pk", filter=~Exists(Feedback.objects.filter(submission=OuterRef("pk")))),
        )
    )
    counts = {row["module"]: row for row in latest}
    nothing = {"handed_in": 0, "waiting": 0}
    return [
        Taught(module, module.students, (row := counts.get(module.pk, nothing))["handed_in"], row["waiting"])
        for module in modules
    ]
