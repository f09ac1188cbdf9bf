"""Where a class is: every student's answer to every question of a module, as a state. No text is read for it."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from django.db.models import Count, Exists, Max, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from questions.models import (
    Answer,
    AnswerProgress,
    Assignment,
    AssignmentQuestion,
    DepartedWork,
    Enrolment,
    Extension,
    Feedback,
    Kolb,
    Module,
    Submission,
    WorkState,
    is_written,
)

MOST_COLUMNS_WITH_WORDS, MOST_COLUMNS_IN_PAGE = 6, 15

NOT_HANDED_IN = {WorkState.EMPTY, WorkState.BUSY}

# What a cell says, in less room than elsewhere.
WORDS = {state: state.label for state in WorkState} | {WorkState.READY: _("feedback klaar")}


@dataclass(frozen=True)
class Column:
    """A question of an assignment."""

    asked: AssignmentQuestion
    number: int

    @property
    def kolb(self) -> Kolb:
        return Kolb(self.asked.question.kolb)


@dataclass(frozen=True)
class Block:
    """An assignment with its questions."""

    assignment: Assignment
    columns: list[Column]
    departed: DepartedWork | None  # of students whose account is gone, and who are in no row


@dataclass
class Row:
    """A student with the state of every answer, in the order of the columns."""

    enrolment: Enrolment
    label: str
    states: list[WorkState]
    extensions: list[Extension]
    page: str  # where this student's answers stand, those that wait first

    @property
    def tag(self) -> str:
        return self.enrolment.tag

    @cached_property
    def handed_in(self) -> int:
        return sum(state not in NOT_HANDED_IN for state in self.states)

    @cached_property
    def waiting(self) -> int:
        return self.states.count(WorkState.SUBMITTED)


@dataclass(frozen=True)
class Section:
    """Students of one class, or those who left."""

    name: str
    rows: list[Row]
    has_left: bool = False


@dataclass(frozen=True)
class Progress:
    module: Module
    blocks: list[Block]
    sections: list[Section]  # whom the page shows
    everyone: list[Row]  # with whom only_waiting leaves out
    group: str
    hides_names: bool
    only_waiting: bool
    unreleased: int  # texts of feedback that nobody but teachers can see yet

    @cached_property
    def columns(self) -> list[Column]:
        return [column for block in self.blocks for column in block.columns]

    @cached_property
    def asked_blocks(self) -> list[Block]:
        """The assignments that ask anything."""
        return [block for block in self.blocks if block.columns]

    @property
    def blocks_with_departed(self) -> list[Block]:
        """The assignments with answers of students whose account is gone."""
        return [block for block in self.blocks if block.departed]

    @cached_property
    def has_several_blocks(self) -> bool:
        """Whether the number of a question does not say of which assignment it is."""
        return len(self.blocks) > 1

    @property
    def has_table(self) -> bool:
        """Whether there are both questions and students."""
        return bool(self.columns and self.everyone)

    @property
    def has_icons_only(self) -> bool:
        """Whether there are too many questions for words in the cells."""
        return len(self.columns) > MOST_COLUMNS_WITH_WORDS

    @property
    def is_wide(self) -> bool:
        """Whether there are too many questions for the width of the page."""
        return len(self.columns) > MOST_COLUMNS_IN_PAGE

    def assignment_of(self, column: Column) -> Assignment:
        return next(block.assignment for block in self.blocks if block.assignment.pk == column.asked.assignment_id)

    @cached_property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]

    @property
    def students(self) -> int:
        return sum(not row.enrolment.has_left for row in self.everyone)

    @property
    def left_out(self) -> int:
        return len(self.everyone) - len(self.rows)

    @property
    def states(self) -> list[tuple[WorkState, int]]:
        """How many answers are in each state; who left is not expected to begin."""
        counts = Counter(state for row in self.everyone for state in row.states)
        return [(state, counts[state]) for state in WorkState]

    @property
    def waiting(self) -> int:
        return sum(row.waiting for row in self.everyone)

    @property
    def handed_in(self) -> int:
        return sum(row.handed_in for row in self.everyone)

    @cached_property
    def counts(self) -> list[tuple[int, int]]:
        """Per column how many are handed in, and how many of those wait to be read."""
        per_column = list(zip(*(row.states for row in self.everyone), strict=True)) or [()] * len(self.columns)
        return [
            (sum(state not in NOT_HANDED_IN for state in states), states.count(WorkState.SUBMITTED))
            for states in per_column
        ]


def module_progress(
    module: Module, place: Enrolment, *, group: str | None = None, only_waiting: bool = False
) -> Progress:
    """Return what a teacher sees of a module, or of the class that is asked for or was chosen.

    A fixed number of queries.
    """
    reading = place.reading
    group = reading.group if group is None else group
    group = group if group in module.groups else ""
    blocks = _blocks(module)
    table = _States(module)
    everyone, sections = [], []
    for section in _sections(module, blocks, table, group=group, hides_names=reading.hides_names):
        everyone += section.rows
        shown = [row for row in section.rows if row.waiting] if only_waiting else section.rows
        if shown:
            sections.append(Section(section.name, shown, section.has_left))
    return Progress(
        module=module,
        blocks=blocks,
        sections=sections,
        everyone=everyone,
        group=group,
        hides_names=reading.hides_names,
        only_waiting=only_waiting,
        unreleased=sum(table.unreleased[row.enrolment.user_id] for row in everyone),
    )


def _blocks(module: Module) -> list[Block]:
    columns: dict[int, list[Column]] = {}
    asked_in = AssignmentQuestion.objects.filter(assignment__module=module).select_related("question")
    for asked in asked_in.defer("question__text").order_by("assignment", "position", "pk"):
        block = columns.setdefault(asked.assignment_id, [])
        block.append(Column(asked, len(block) + 1))
    assignments = list(module.assignments.select_related("edition__case", "departed").defer("edition__text"))
    blocks = []
    for assignment in assignments:
        assignment.module = module
        departed = getattr(assignment, "departed", None)  # which is an error where there is none
        blocks.append(Block(assignment, columns.get(assignment.pk, []), departed))
    return blocks


class _States:
    """The state of every answer in a module, by student, assignment and question."""

    def __init__(self, module: Module) -> None:
        where = "student", "assignment", "question"
        rows = Submission.objects.latest_for_teachers().filter(answer__assignment__module=module).order_by()
        found = rows.values_list(*(f"answer__{name}" for name in where), "pk")
        self.latest = {tuple(key): submission for *key, submission in found}
        standing = Submission.objects.standing().filter(answer=OuterRef("pk"))
        busy = Answer.objects.filter(~Exists(standing), is_written(), assignment__module=module)
        self.busy = set(busy.order_by().values_list(*where))
        self._read_feedback(module)

    def _read_feedback(self, module: Module) -> None:
        """By submission the verdict that was released last; and how much feedback is not released."""
        self.verdicts: dict[int, str] = {}
        self.with_feedback: set[int] = set()
        self.unreleased: Counter[int] = Counter()  # by student
        rows = Feedback.objects.filter(submission__answer__assignment__module=module, submission__withdrawn_at=None)
        shown = rows.order_by("released_at", "pk").annotate(
            shown=Coalesce("released_verdict", "verdict"), is_changed=Q(released_text__isnull=False)
        )
        readable = set(self.latest.values())
        for submission, student, released_at, verdict, is_changed in shown.values_list(
            "submission", "submission__answer__student", "released_at", "shown", "is_changed"
        ):
            self.with_feedback.add(submission)
            if released_at:
                self.verdicts[submission] = verdict
            if submission in readable:
                self.unreleased[student] += released_at is None or is_changed

    def of(self, student: int, column: Column, *, has_left: bool) -> WorkState:
        key = student, column.asked.assignment_id, column.asked.question_id
        submission = self.latest.get(key)
        return _state(
            key in self.busy and not has_left,
            submission is not None,
            submission not in self.with_feedback,
            self.verdicts.get(submission),
        )


@cache
def _state(is_written: bool, is_handed_in: bool, is_to_read: bool, verdict: str | None) -> WorkState:
    """Made once for each of the few combinations, since a table may have nine thousand cells."""
    return AnswerProgress(
        is_written=is_written, is_handed_in=is_handed_in, is_to_read=is_to_read, verdict=verdict
    ).for_teacher


def _sections(
    module: Module, blocks: list[Block], table: _States, *, group: str, hides_names: bool
) -> Iterable[Section]:
    """The groups in the order its teacher gave them, who is in none, and last who left after handing in."""
    rows = _rows(module, blocks, table, group=group, hides_names=hides_names)
    by_group: dict[str, list[Row]] = {}
    for row in rows:
        if not row.enrolment.has_left:
            by_group.setdefault(row.enrolment.group, []).append(row)
    others = sorted(by_group.keys() - {"", *module.groups})
    for name in (*module.groups, *others, ""):
        if name in by_group:
            yield Section(name, by_group[name])
    if gone := [row for row in rows if row.enrolment.has_left and row.handed_in]:
        yield Section("", gone, has_left=True)


def _rows(module: Module, blocks: list[Block], table: _States, *, group: str, hides_names: bool) -> list[Row]:
    """Every student of the module or of this group, by name, or where names are hidden by tag."""
    people = module.enrolments.students().order_by()
    people = people.filter(group=group) if group else people
    extensions = _extensions(module, blocks)
    columns = [column for block in blocks for column in block.columns]
    rows = []
    for person in people if hides_names else people.select_related("user"):
        states = [table.of(person.user_id, column, has_left=person.has_left) for column in columns]
        label, page = person.label(hides_names=hides_names), _page_of(person, columns, states)
        rows.append(Row(person, label, states, extensions.get(person.pk, []), page))
    return sorted(rows, key=lambda row: row.tag if hides_names else (row.label.casefold(), row.enrolment.pk))


def _extensions(module: Module, blocks: list[Block]) -> dict[int, list[Extension]]:
    """By enrolment the dates of one student, the first that comes first."""
    found: dict[int, list[Extension]] = {}
    assignments = {block.assignment.pk: block.assignment for block in blocks}
    for extension in Extension.objects.filter(assignment__module=module).order_by("due_at"):
        extension.assignment = assignments[extension.assignment_id]
        found.setdefault(extension.enrolment_id, []).append(extension)
    return found


def _page_of(person: Enrolment, columns: list[Column], states: list[WorkState]) -> str:
    """A student's answers in the first assignment with something unread; else in the last that has any, or at all."""
    handed_in = [column for column, state in zip(columns, states, strict=True) if state not in NOT_HANDED_IN]
    unread = [column for column, state in zip(columns, states, strict=True) if state == WorkState.SUBMITTED]
    column = next(iter(unread[:1] or handed_in[-1:] or columns[-1:]), None)
    if column is None:
        return ""
    page = reverse("questions:assignment_feedback", args=[column.asked.assignment_id])
    return f"{page}?student={person.tag}"


# --- What changed meanwhile ---


def facts(module: Module, place: Enrolment) -> str:
    """Another text as soon as a state may be another one. For whoever asks again and again: it costs few queries."""
    answers = Answer.objects.filter(assignment__module=module).order_by()
    not_in = Q(submissions=None) | Q(submissions__withdrawn_at__isnull=False)
    # Rows count once for each row joined to them; that is no number to show, but as good to see a change by.
    work = answers.aggregate(
        busy=Count("pk", filter=not_in & is_written()),
        who_is_busy=Sum("pk", filter=not_in & is_written()),  # one may begin while another empties a field
        standing=Count("submissions", filter=Q(submissions__withdrawn_at=None)),
        newest=Max("submissions"),
        feedback=Count("submissions__feedback"),
        newest_feedback=Max("submissions__feedback"),
        revisions=Sum("submissions__feedback__revision"),
        changed_at=Max("submissions__feedback__updated_at"),
        released=Count("submissions__feedback__released_at"),
        released_at=Max("submissions__feedback__released_at"),
        changed_again=Count("submissions__feedback__released_text"),
    )
    people = module.enrolments.order_by("group", "role").values_list("group", "role")
    people = list(people.annotate(people=Count("pk"), left=Count("left_at"), newest=Max("pk")))
    asked = AssignmentQuestion.objects.filter(assignment__module=module)
    asked = asked.aggregate(count=Count("pk"), newest=Max("pk"), places=Sum("position"))
    return _hash([work, people, asked, place.reading], 9)


def token(progress: Progress, facts: str = "") -> str:
    """What a page shows, to ask later what became different. Without facts the first to ask has the table compared."""
    people = [
        (section.name, section.has_left, row.tag, row.label) for section in progress.sections for row in section.rows
    ]
    shape = _hash([people, [column.asked.pk for column in progress.columns], progress.hides_names], 6)
    return ".".join([facts, shape, "".join(_hash(row.states, 3) for row in progress.rows)])


def _hash(thing: object, length: int) -> str:
    """Four letters for three bytes, fit for an address."""
    return base64.urlsafe_b64encode(hashlib.blake2b(repr(thing).encode(), digest_size=length).digest()).decode()


def changes(progress: Progress, since: str, now: str) -> dict:
    """The rows of which a state changed between two tokens; or that other people or questions are in the table."""
    (_facts, old_shape, old_rows), (_facts, shape, rows) = (_parts(since), _parts(now))
    if old_shape != shape or len(old_rows) != len(rows):
        return {"since": now, "is_other_table": True}
    changed = [row for row, old, new in zip(progress.rows, old_rows, rows, strict=True) if old != new]
    return {
        "since": now,
        "rows": {
            row.tag: {"states": row.states, "handed_in": row.handed_in, "waiting": row.waiting} for row in changed
        },
        "columns": progress.counts,
        "states": dict(progress.states),
        "totals": {"handed_in": progress.handed_in, "waiting": progress.waiting, "unreleased": progress.unreleased},
    }


def _parts(text: str) -> tuple[str, str, list[str]]:
    before, shape, rows = [*text.split("."), "", "", ""][:3]
    return before, shape, [rows[start : start + 4] for start in range(0, len(rows), 4)]
