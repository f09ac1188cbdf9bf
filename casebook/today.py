"""What awaits one person: the part of the home page for who is signed in."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from casebook.models import User
from cases.models import Status
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
    """In a fixed number of queries, each as plain as can be: this stands before every visit of who is signed in."""
    places = Enrolment.objects.filter(user=user, left_at=None).values_list("module", "role", "module__archived_at")
    open_now = [(module, role) for module, role, archived_at in places if archived_at is None]
    studied = [module for module, role in open_now if role == Role.STUDENT]
    taught = [module for module, role in open_now if role == Role.TEACHER]
    answers = list(
        Answer.objects.visible_to(user)
        .annotate(module=F("assignment__module"), status=F("question__case__status"))
        .only("text", "updated_at", "assignment", "question")
    )
    feedback = _feedback(user) if answers else []
    _set_states(answers, user, feedback)
    return Today(
        due=_due(user, studied, answers) if studied else [],
        news=_news(feedback, {module for module, _role, _archived in places}),
        drafts=sum(_is_draft(answer, studied) for answer in answers),
        last=_last(answers, {module for module, _role, _archived in places}),
        taught=_taught(taught) if taught else [],
        is_in_a_module=bool(open_now),
    )


def _feedback(user: User) -> list[Feedback]:
    """All that was released to this person, newest first."""
    answer = "submission__answer__"
    return list(
        Feedback.objects.released()
        .filter(submission__answer__student=user)
        .annotate(
            case_title=F(f"{answer}question__case__title"),
            key=F(f"{answer}question__key"),
            assignment=F(f"{answer}assignment"),
            module=F(f"{answer}assignment__module"),
        )
        .select_related("author", "submission")
        .only(
            "verdict",
            "released_verdict",
            "released_at",
            "seen_at",
            "author__name",
            "author__email",
            "submission__answer",
            "submission__revision",
            "submission__withdrawn_at",
        )
        .order_by("-released_at", "-pk")
    )


def _news(feedback: list[Feedback], places: set[int]) -> list[Feedback]:
    """What was not seen, with where to read it: on the desk, or where that is closed to this person by now, at home."""
    news = [given for given in feedback if given.seen_at is None]
    for given in news:
        desk = reverse("questions:assignment", args=[given.assignment])
        answers = f"{reverse('questions:answers')}#antwoord-{given.submission.answer_id}"
        given.href = f"{desk}#vraag-{given.key}" if given.module in places else answers
    return news


def _set_states(answers: list[Answer], user: User, feedback: list[Feedback]) -> None:
    """What AnswerQuerySet.with_state() gives, from what is at hand: its five subqueries cost more than all the rest."""
    standing = Submission.objects.standing().filter(answer__student=user) if answers else Submission.objects.none()
    latest = {row[0]: row[1:] for row in standing.order_by("revision").values_list("answer", "revision", "text")}
    verdicts: dict[int, tuple[int, str]] = {}
    for given in reversed(feedback):
        submission = given.submission
        if submission.withdrawn_at is None and submission.revision >= verdicts.get(submission.answer_id, (0, ""))[0]:
            verdicts[submission.answer_id] = (submission.revision, given.shown_verdict)
    for answer in answers:
        answer.handed_in, answer.handed_in_text = latest.get(answer.pk, (None, None))
        answer.verdict_on, answer.verdict = verdicts.get(answer.pk, (None, None))


def _is_draft(answer: Answer, studied: list[int]) -> bool:
    return answer.module in studied and (answer.state == AnswerState.DRAFT or answer.has_unsubmitted_changes)


def _last(answers: list[Answer], places: set[int]) -> Answer | None:
    """The answer that this person wrote on last, as far as it can still be opened."""
    reachable = [
        answer
        for answer in answers
        if (answer.module in places if answer.assignment_id else answer.status == Status.PUBLISHED)
    ]
    last = max(reachable, key=lambda answer: answer.updated_at, default=None)
    if last is None:
        return None
    with_place = Answer.objects.select_related("assignment", "question__case")
    return with_place.only(
        "updated_at", "assignment__id", "question__key", "question__case__slug", "question__case__title"
    ).get(pk=last.pk)


def _due(user: User, studied: list[int], answers: list[Answer]) -> list[Due]:
    now = timezone.now()
    assignments = (
        Assignment.objects.open()
        .filter(Q(closed_at=None) | Q(closed_at__gt=now), module__in=studied)
        .annotate(case_title=F("edition__case__title"), module_title=F("module__title"))
        .only("due_at")
        .order_by("pk")
    )
    extensions = dict(
        Extension.objects.filter(enrolment__user=user, assignment__module__in=studied).values_list(
            "assignment", "due_at"
        )
    )
    asked: dict[int, list[int]] = {}
    questions = AssignmentQuestion.objects.filter(assignment__module__in=studied)
    for assignment_id, question_id in questions.values_list("assignment", "question"):
        asked.setdefault(assignment_id, []).append(question_id)
    states = {(answer.assignment_id, answer.question_id): answer.state for answer in answers}
    found = [
        _due_of(assignment, extensions.get(assignment.pk), asked.get(assignment.pk, []), states)
        for assignment in assignments
    ]
    unfinished = [due for due in found if due.missing or due.again]
    return sorted(unfinished, key=lambda due: (due.due_at is None, due.due_at or now, due.assignment.pk))


def _due_of(
    assignment: Assignment, extended: datetime | None, asked: list[int], states: dict[tuple, AnswerState]
) -> Due:
    numbered = [(number, states.get((assignment.pk, question))) for number, question in enumerate(asked, start=1)]
    return Due(
        assignment=assignment,
        due_at=max(assignment.due_at, extended) if assignment.due_at and extended else assignment.due_at,
        missing=[number for number, state in numbered if state in {None, AnswerState.EMPTY, AnswerState.DRAFT}],
        again=[number for number, state in numbered if state == AnswerState.AGAIN],
        size=len(asked),
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
