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
    Role,
    Submission,
    current_enrolment,
)
from questions.pages.workload import Workload, workload_by_assignment

MOST_DUE = 3  # assignments of a module; the page of the module has all of them
MOST_NEWS = 3  # feedback that is shown; the rest is counted, and /antwoorden/ has all of it
MOST_MODULES = 3  # modules with their assignments; the others are named, with what waits


@dataclass(frozen=True)
class Due:
    """An unfinished assignment, with the numbers of the questions that are not handed in or ask for more."""

    assignment: Assignment
    extension: Extension | None
    missing: list[int]
    again: list[int]
    size: int
    next_key: str  # of the first question that is not handed in, or asks for more

    @property
    def due_at(self) -> datetime | None:
        return self.assignment.due_for(self.extension)

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
class Studied:
    """A module in which this user is a student: what is due, the soonest first, and the next assignment to open."""

    enrolment: Enrolment
    due: list[Due]
    opening: Assignment | None
    is_asked: bool  # whether an assignment is open and takes work

    @property
    def module(self) -> Module:
        return self.enrolment.module

    @property
    def shown_due(self) -> list[Due]:
        return self.due[:MOST_DUE]

    @property
    def more(self) -> int:
        return len(self.due) - len(self.shown_due)

    @property
    def nothing_due(self) -> str:
        """Return a sentence for the student to whom nothing is due in this module."""
        return _("Alles ingeleverd.") if self.is_asked else _("Er staat nu niets open.")


@dataclass(frozen=True)
class GoOn:
    """The answer to go on with, or the next question of its assignment if it is handed in."""

    case_title: str
    updated_at: datetime
    href: str


@dataclass(frozen=True)
class Coming:
    """An assignment that students work on now, with the number of students who have not begun."""

    assignment: Assignment
    not_begun: int


@dataclass(frozen=True)
class FirstStep:
    """A sentence about what a module lacks, and the link to add it."""

    sentence: str
    href: str
    link: str


@dataclass(frozen=True)
class Taught:
    """A module that this user teaches, in counts."""

    module: Module
    students: int
    workload: Workload
    coming: list[Coming] = field(default_factory=list)
    opening: list[Assignment] = field(default_factory=list)
    fullest: int | None = None  # the assignment with most feedback to release; None if there are no assignments
    more: int = 0  # assignments that students work on and that are not in `coming`

    @property
    def first_steps(self) -> list[FirstStep]:
        """Return the first steps of a teacher whose module has no assignments or no students yet."""
        new_assignment = reverse("questions:assignment_new", args=[self.module.pk])
        steps = [
            (self.fullest is None, FirstStep(_("Nog geen opdrachten."), new_assignment, _("Geef een opdracht"))),
            (
                not self.students,
                FirstStep(_("Er doet nog niemand mee."), self.module.get_absolute_url(), _("Deel de code")),
            ),
        ]
        return [step for is_lacking, step in steps if is_lacking and not self.module.is_archived]

    @property
    def waits(self) -> bool:
        """Return whether something waits for this teacher: answers to read, or feedback to release."""
        return bool(self.workload.to_read or self.workload.all_ready)

    @property
    def rank(self) -> tuple:
        """Return the sort key: modules that run now or in which something waits come first, by their next due date."""
        due = [line.assignment.due_at for line in self.coming if not line.assignment.is_past_due]
        runs = bool(due) or (self.waits and not self.module.is_archived)
        dated = [when for when in due if when is not None]
        first = min(dated, default=None) or 0
        return not runs, self.module.is_archived, not dated, first, not self.opening, -self.module.pk

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
    last: GoOn | None = None
    studied: list[Studied] = field(default_factory=list)
    taught: list[Taught] = field(default_factory=list)
    is_in_a_module: bool = False
    known_cases: list[int] = field(default_factory=list)  # answered, assigned or given, the latest first
    now: datetime = field(default_factory=timezone.now)

    @property
    def shown_news(self) -> list[NewFeedback]:
        return self.news[:MOST_NEWS]

    @property
    def more_news(self) -> int:
        return len(self.news) - len(self.shown_news)

    @property
    def shown_studied(self) -> list[Studied]:
        return self.studied[:MOST_MODULES]

    @property
    def other_studied(self) -> list[Studied]:
        return self.studied[MOST_MODULES:]

    @property
    def shown_taught(self) -> list[Taught]:
        return self.taught[:MOST_MODULES]

    @property
    def other_taught(self) -> list[Taught]:
        return self.taught[MOST_MODULES:]


def for_you(user: User) -> Today:
    """Return the contents of the home page of this user.

    The number of queries is fixed and each is simple, since users open this page at every visit.
    """
    enrolments = _Enrolments(user)
    answers = list(
        Answer.objects.visible_to(user)
        .annotate(
            module=F("assignment__module"),
            case=F("question__case"),
            case_title=F("question__case__title"),
            slug=F("question__case__slug"),
            status=F("question__case__status"),
            key=F("question__key"),
        )
        .only("text", "updated_at", "assignment", "question")
        .order_by("-updated_at", "-pk")
    )
    feedback = _feedback(user) if answers else []
    progress = _progress(user, answers, feedback) if answers else {}
    asked = _asked(enrolments.studied)
    due = _due(user, asked, answers, progress)
    taught, given = _taught(user, enrolments.taught)
    return Today(
        due=due,
        news=_news(feedback, enrolments.modules),
        drafts=_count_drafts(answers, enrolments.studied, progress),
        last=_last(answers, progress, asked, due),
        studied=_studied(enrolments, asked, due),
        taught=taught,
        is_in_a_module=enrolments.is_in_a_module,
        known_cases=list(dict.fromkeys([*(answer.case for answer in answers), *(row.case for row in asked), *given])),
    )


class _Enrolments:
    """The modules that a user is in now, in one query."""

    def __init__(self, user: User) -> None:
        rows = Enrolment.objects.current().filter(user=user).select_related("module")
        of_module = ("title", "period", "archived_at")
        self._rows = list(rows.only("user", "role", "group", *(f"module__{name}" for name in of_module)))
        self.modules = {enrolment.module_id for enrolment in self._rows}
        self.taught = [enrolment.module_id for enrolment in self._rows if enrolment.is_teacher]
        self.as_student = [row for row in self._rows if not row.is_teacher and not row.module.is_archived]
        self.is_in_a_module = any(not enrolment.module.is_archived for enrolment in self._rows)

    @property
    def studied(self) -> list[int]:
        """Return the modules in which this user is a student and that are not archived."""
        return [enrolment.module_id for enrolment in self.as_student]


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


def _last(
    answers: list[Answer], progress: dict[int, AnswerProgress], asked: list[Assignment], due: list[Due]
) -> GoOn | None:
    """Return where this user goes on: the answer that was changed last, unless that and its assignment are finished.

    If only the answer is finished, it is the first question of the assignment that is not. The answers are the latest
    first.
    """
    desks = {assignment.pk: assignment.get_absolute_url() for assignment in asked if assignment.is_open}
    next_keys = {row.assignment.pk: row.next_key for row in due}
    for answer in answers:
        page, key = desks.get(answer.assignment_id), answer.key
        if answer.assignment_id is None and answer.status == Status.PUBLISHED:
            page = reverse("cases:case", args=[answer.slug])
        elif page and progress[answer.pk].is_finished:
            key = next_keys.get(answer.assignment_id)
        if page and key:
            return GoOn(answer.case_title, answer.updated_at, f"{page}#vraag-{key}")
    return None


def _asked(studied: list[int]) -> list[Assignment]:
    """Return the assignments of these modules that take work, including those that have not opened."""
    if not studied:
        return []
    assignments = Assignment.objects.taking_work().filter(module__in=studied)
    with_case = assignments.annotate(case_title=F("edition__case__title"), case=F("edition__case"))
    return list(with_case.only("module", "opens_at", "due_at").order_by("pk"))


def _studied(enrolments: _Enrolments, asked: list[Assignment], due: list[Due]) -> list[Studied]:
    """Return the modules in which this user is a student, those with the soonest due date first."""
    found = []
    for enrolment in enrolments.as_student:
        own = [assignment for assignment in asked if assignment.module_id == enrolment.module_id]
        opening = [assignment for assignment in own if not assignment.is_open]
        found.append(
            Studied(
                enrolment=enrolment,
                due=[row for row in due if row.assignment.module_id == enrolment.module_id],
                opening=min(opening, key=lambda assignment: assignment.opens_at, default=None),
                is_asked=len(opening) < len(own),
            )
        )
    order = {row.assignment.module_id: position for position, row in reversed(list(enumerate(due)))}
    return sorted(found, key=lambda studied: (order.get(studied.module.pk, len(due)), studied.opening is None))


def _due(user: User, asked: list[Assignment], answers: list[Answer], progress: dict[int, AnswerProgress]) -> list[Due]:
    """Return the open assignments that are not finished, the soonest first."""
    assignments = [assignment for assignment in asked if assignment.is_open]
    if not assignments:
        return []
    own = Extension.objects.filter(enrolment__user=user, assignment__in=assignments)
    extensions = {extension.assignment_id: extension for extension in own.only("assignment", "due_at")}
    questions: dict[int, list[tuple[int, str]]] = {}
    rows = AssignmentQuestion.objects.filter(assignment__in=assignments, dropped=False)
    for assignment_id, question_id, key in rows.values_list("assignment", "question", "question__key"):
        questions.setdefault(assignment_id, []).append((question_id, key))
    states = {(answer.assignment_id, answer.question_id): progress[answer.pk].for_student for answer in answers}
    found = [
        _due_of(assignment, extensions.get(assignment.pk), questions.get(assignment.pk, []), states)
        for assignment in assignments
    ]
    unfinished = [due for due in found if due.missing or due.again]
    return sorted(unfinished, key=lambda due: (due.due_at is None, due.due_at or timezone.now(), due.assignment.pk))


def _due_of(
    assignment: Assignment, extension: Extension | None, asked: list[tuple[int, str]], states: dict[tuple, AnswerState]
) -> Due:
    numbered = [
        (number, key, states.get((assignment.pk, question), AnswerState.EMPTY))
        for number, (question, key) in enumerate(asked, start=1)
    ]
    unfinished = [key for _number, key, state in numbered if not state.is_handed_in or state.asks_for_new_version]
    return Due(
        assignment=assignment,
        extension=extension,
        missing=[number for number, _key, state in numbered if not state.is_handed_in],
        again=[number for number, _key, state in numbered if state.asks_for_new_version],
        size=len(asked),
        next_key=next(iter(unfinished), ""),
    )


def _taught(teacher: User, module_ids: list[int]) -> tuple[list[Taught], list[int]]:
    """Return the modules in counts, without any text of students, and the cases that are given in them.

    An archived module is included only while it has feedback to release.
    """
    if not module_ids:
        return [], []
    students = Count("enrolments", filter=Q(**current_enrolment("enrolments", role=Role.STUDENT)))
    modules = Module.objects.filter(pk__in=module_ids).annotate(students=students)
    by_assignment = workload_by_assignment(teacher, module_ids)
    assignments: dict[int, list[Assignment]] = {}
    rows = Assignment.objects.filter(module__in=module_ids)
    rows = rows.annotate(case_title=F("edition__case__title"), case=F("edition__case"))
    for assignment in rows.only("module", "opens_at", "due_at", "closed_at").order_by("position", "pk"):
        assignments.setdefault(assignment.module_id, []).append(assignment)
    found = [_taught_in(module, assignments.get(module.pk, []), by_assignment) for module in modules]
    shown = [taught for taught in found if not taught.module.is_archived or taught.workload.all_ready]
    given = [assignment.case for rows in assignments.values() for assignment in reversed(rows)]
    return sorted(shown, key=lambda taught: taught.rank), given


def _taught_in(module: Module, assignments: list[Assignment], by_assignment: dict[int, Workload]) -> Taught:
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
