"""The home page of users who are signed in."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casebook.lib.dates import from_now, in_a_row
from casebook.models import User
from cases.models import Status
from questions.models import (
    Answer,
    AnswerProgress,
    AnswerState,
    Assignment,
    AssignmentQuestion,
    Enrolment,
    Extension,
    Feedback,
    Module,
    Ring,
    Role,
    Submission,
    current_enrolment,
    full_title,
    ring,
)
from questions.pages.workload import Workload, workload_by_assignment

MOST_DUE = 3  # assignments of a module; the page of the module has all of them
MOST_NEWS = 5  # feedback that is shown; the rest is counted, and /antwoorden/ has all of it


@dataclass(frozen=True)
class Due:
    """An unfinished assignment, with the numbers of the questions that are not handed in or ask for more."""

    assignment: Assignment
    extension: Extension | None
    missing: list[int]
    again: list[int]
    size: int

    @property
    def due_at(self) -> datetime | None:
        return self.assignment.due_for(self.extension)

    @property
    def module_title(self) -> str:
        return full_title(self.assignment.title, self.assignment.period)

    @property
    def is_past_due(self) -> bool:
        return self.assignment.is_past_due_for(self.extension)

    @property
    def is_untouched(self) -> bool:
        return len(self.missing) == self.size

    @property
    def how_far_away(self) -> str:
        """Return the text after the due date: that it has passed, or how many days are left, unless 0 or 1."""
        if self.is_past_due:
            return f", {_('al voorbij; inleveren kan nog')}"
        away = from_now(self.due_at)
        return f", {away}" if " " in away else ""

    @property
    def left_to_do(self) -> str:
        """Return sentences with the questions that are not handed in and those that ask for more."""
        sentences = []
        if self.missing:
            numbers = {"numbers": in_a_row(self.missing)}
            not_all = ngettext(
                "Nog niet ingeleverd: vraag %(numbers)s", "Nog niet ingeleverd: vraag %(numbers)s", len(self.missing)
            )
            sentences.append(_("Nog niets ingeleverd") if self.is_untouched else not_all % numbers)
        if self.again:
            sentences.append(_("Graag aanvullen: vraag %(numbers)s") % {"numbers": in_a_row(self.again)})
        return ". ".join(sentences)


@dataclass(frozen=True)
class Coming:
    """An assignment that students work on now, with the number of students who have not begun."""

    assignment: Assignment
    not_begun: int


@dataclass(frozen=True)
class Taught:
    """A module that this user teaches, in counts."""

    module: Module
    students: int
    workload: Workload
    ring: Ring
    coming: list[Coming] = field(default_factory=list)
    opening: list[Assignment] = field(default_factory=list)
    fullest: int | None = None  # the assignment with most feedback to release; None if there are no assignments
    more: int = 0  # assignments that students work on and that are not in `coming`

    @property
    def has_no_assignments(self) -> bool:
        return self.fullest is None

    @property
    def reading_href(self) -> str:
        """Return the address of the unread answers of all groups, since the counts are of all groups."""
        return f"{reverse('questions:progress', args=[self.module.pk])}?klas=&toon=nog-te-lezen"


@dataclass(frozen=True)
class NewFeedback:
    """Released feedback that its student has not seen, with the address to read it at."""

    feedback: Feedback
    href: str


@dataclass(frozen=True)
class Today:
    """The contents of the home page of a user who is signed in."""

    due: list[Due] = field(default_factory=list)
    news: list[NewFeedback] = field(default_factory=list)
    drafts: int = 0
    last: Answer | None = None
    taught: list[Taught] = field(default_factory=list)
    is_in_a_module: bool = False
    now: datetime = field(default_factory=timezone.now)

    @property
    def shown_news(self) -> list[NewFeedback]:
        return self.news[:MOST_NEWS]

    @property
    def more_news(self) -> int:
        return len(self.news) - len(self.shown_news)

    @property
    def last_href(self) -> str:
        """Return the address of the answer that was changed last."""
        page = self.last.assignment or self.last.question.case
        return f"{page.get_absolute_url()}#vraag-{self.last.question.key}"


def for_you(user: User) -> Today:
    """Return the contents of the home page of this user.

    The number of queries is fixed and each is simple, since users open this page at every visit.
    """
    enrolments = _Enrolments(user)
    answers = list(
        Answer.objects.visible_to(user)
        .annotate(module=F("assignment__module"), status=F("question__case__status"))
        .only("text", "updated_at", "assignment", "question")
    )
    feedback = _feedback(user) if answers else []
    progress = _progress(user, answers, feedback) if answers else {}
    return Today(
        due=_due(user, enrolments.studied, answers, progress),
        news=_news(feedback, enrolments.modules),
        drafts=_count_drafts(answers, enrolments.studied, progress),
        last=_last(answers, enrolments.modules),
        taught=_taught(user, enrolments.taught),
        is_in_a_module=enrolments.is_in_a_module,
    )


class _Enrolments:
    """The modules that a user is in now, in one query."""

    def __init__(self, user: User) -> None:
        rows = Enrolment.objects.current().filter(user=user).select_related("module")
        self._rows = list(rows.only("user", "role", "module", "module__archived_at"))
        self.modules = {enrolment.module_id for enrolment in self._rows}
        self.taught = [enrolment.module_id for enrolment in self._rows if enrolment.is_teacher]
        self.is_in_a_module = any(not enrolment.module.is_archived for enrolment in self._rows)

    @property
    def studied(self) -> list[int]:
        """Return the modules in which this user is a student and that are not archived."""
        students = [enrolment for enrolment in self._rows if not enrolment.is_teacher]
        return [enrolment.module_id for enrolment in students if not enrolment.module.is_archived]


def _count_drafts(answers: list[Answer], studied: list[int], progress: dict[int, AnswerProgress]) -> int:
    return sum(answer.module in studied and progress[answer.pk].is_unseen_by_teachers for answer in answers)


def _feedback(user: User) -> list[Feedback]:
    """Return the feedback that was released to this user, newest first."""
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
        )
        .order_by("-released_at", "-pk")
    )


def _news(feedback: list[Feedback], current: set[int]) -> list[NewFeedback]:
    """Return the feedback that this user has not seen, with the address to read it at.

    That is the assignment desk, or the page of answers if the user is no longer in the module.
    """
    news = []
    for row in feedback:
        if row.seen_at is None:
            desk = reverse("questions:assignment", args=[row.assignment])
            answers = f"{reverse('questions:answers')}#antwoord-{row.submission.answer_id}"
            news.append(NewFeedback(row, f"{desk}#vraag-{row.key}" if row.module in current else answers))
    return news


def _progress(user: User, answers: list[Answer], feedback: list[Feedback]) -> dict[int, AnswerProgress]:
    """Return the progress of each answer, as Answer.progress does.

    The five subqueries of AnswerQuerySet.with_state() take more time than the rest of the page.
    """
    in_force = Submission.objects.latest_in_force().filter(answer__student=user).order_by()
    latest = {answer: (pk, text) for pk, answer, text in in_force.values_list("pk", "answer", "text")}
    verdicts = {row.submission_id: row.shown_verdict for row in reversed(feedback)}
    progress = {}
    for answer in answers:
        submission, text = latest.get(answer.pk, (None, ""))
        progress[answer.pk] = AnswerProgress(
            is_written=bool(answer.text.strip()),
            is_handed_in=submission is not None,
            is_changed=answer.text != text,
            verdict=verdicts.get(submission),
        )
    return progress


def _last(answers: list[Answer], current: set[int]) -> Answer | None:
    """Return the last changed answer among those that this user can still open, or None."""
    reachable = [
        answer
        for answer in answers
        if (answer.module in current if answer.assignment_id else answer.status == Status.PUBLISHED)
    ]
    last = max(reachable, key=lambda answer: answer.updated_at, default=None)
    if last is None:
        return None
    with_place = Answer.objects.select_related("assignment", "question__case")
    return with_place.only(
        "updated_at", "assignment__id", "question__key", "question__case__slug", "question__case__title"
    ).get(pk=last.pk)


def _due(user: User, studied: list[int], answers: list[Answer], progress: dict[int, AnswerProgress]) -> list[Due]:
    if not studied:
        return []
    assignments = (
        Assignment.objects.open()
        .taking_work()
        .filter(module__in=studied)
        .annotate(case_title=F("edition__case__title"), title=F("module__title"), period=F("module__period"))
        .only("due_at")
        .order_by("pk")
    )
    own = Extension.objects.filter(enrolment__user=user, assignment__module__in=studied)
    extensions = {extension.assignment_id: extension for extension in own.only("assignment", "due_at")}
    asked: dict[int, list[int]] = {}
    questions = AssignmentQuestion.objects.filter(assignment__module__in=studied, dropped=False)
    for assignment_id, question_id in questions.values_list("assignment", "question"):
        asked.setdefault(assignment_id, []).append(question_id)
    states = {(answer.assignment_id, answer.question_id): progress[answer.pk].for_student for answer in answers}
    found = [
        _due_of(assignment, extensions.get(assignment.pk), asked.get(assignment.pk, []), states)
        for assignment in assignments
    ]
    unfinished = [due for due in found if due.missing or due.again]
    return sorted(unfinished, key=lambda due: (due.due_at is None, due.due_at or timezone.now(), due.assignment.pk))


def _due_of(
    assignment: Assignment, extension: Extension | None, asked: list[int], states: dict[tuple, AnswerState]
) -> Due:
    numbered = [
        (number, states.get((assignment.pk, question), AnswerState.EMPTY))
        for number, question in enumerate(asked, start=1)
    ]
    return Due(
        assignment=assignment,
        extension=extension,
        missing=[number for number, state in numbered if not state.is_handed_in],
        again=[number for number, state in numbered if state.asks_for_new_version],
        size=len(asked),
    )


def _taught(teacher: User, module_ids: list[int]) -> list[Taught]:
    """Return the modules in counts, without any text of students.

    An archived module is included only while it has feedback to release.
    """
    if not module_ids:
        return []
    students = Count("enrolments", filter=Q(**current_enrolment("enrolments", role=Role.STUDENT)))
    modules = Module.objects.filter(pk__in=module_ids).annotate(students=students)
    by_assignment = workload_by_assignment(teacher, module_ids)
    lenses: dict[int, dict[str, int]] = {}
    asked = AssignmentQuestion.objects.filter(assignment__module__in=module_ids, dropped=False).order_by()
    for module, kolb, count in asked.values_list("assignment__module", "question__kolb").annotate(n=Count("pk")):
        lenses.setdefault(module, {})[kolb] = count
    assignments: dict[int, list[Assignment]] = {}
    rows = Assignment.objects.filter(module__in=module_ids).annotate(case_title=F("edition__case__title"))
    for assignment in rows.only("module", "opens_at", "due_at", "closed_at").order_by("position", "pk"):
        assignments.setdefault(assignment.module_id, []).append(assignment)
    found = [
        _taught_in(module, assignments.get(module.pk, []), by_assignment, ring(lenses.get(module.pk, {})))
        for module in modules
    ]
    return [taught for taught in found if not taught.module.is_archived or taught.workload.all_ready]


def _taught_in(
    module: Module, assignments: list[Assignment], by_assignment: dict[int, Workload], asked: Ring
) -> Taught:
    workload = Workload()
    for assignment in assignments:
        assignment.module = module
        workload.add(by_assignment.get(assignment.pk, Workload()))
    fullest = max(assignments, key=lambda row: by_assignment.get(row.pk, Workload()).all_ready, default=None)
    at_work = [assignment for assignment in assignments if assignment.is_open and assignment.takes_work]
    at_work.sort(key=_when_due)
    coming = [
        Coming(assignment, max(0, module.students - by_assignment.get(assignment.pk, Workload()).begun))
        for assignment in at_work[:MOST_DUE]
    ]
    opening = [assignment for assignment in assignments if not assignment.is_open and assignment.takes_work]
    return Taught(
        module=module,
        students=module.students,
        workload=workload,
        ring=asked,
        coming=coming,
        opening=sorted(opening, key=lambda assignment: assignment.opens_at)[:1],
        fullest=fullest.pk if fullest else None,
        more=len(at_work) - len(coming),
    )


def _when_due(assignment: Assignment) -> tuple:
    """Return the sort key: the first due date comes first, then no date, then past dates with the latest first."""
    now = timezone.now()
    if assignment.due_at is None:
        return 1, 0.0
    seconds = (assignment.due_at - now).total_seconds()
    return (0, seconds) if seconds >= 0 else (2, -seconds)
