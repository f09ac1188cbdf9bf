"""The progress of a class: the state of every student's answer to every question of a module. No text is read."""

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

# The texts of cells, which are shorter than elsewhere.
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
    departed: DepartedWork | None  # of students whose account was deleted, who are in no row


@dataclass
class Row:
    """A student with the state of every answer, in the order of the columns."""

    enrolment: Enrolment
    label: str
    states: list[WorkState]
    extensions: list[Extension]
    page: str  # the address of the page of this student, or of the answers where names are hidden

    @property
    def tag(self) -> str:
        return self.enrolment.tag

    @cached_property
    def handed_in(self) -> int:
        return sum(state not in NOT_HANDED_IN for state in self.states)

    @cached_property
    def to_read(self) -> int:
        return self.states.count(WorkState.SUBMITTED)


@dataclass(frozen=True)
class Section:
    """The students of one group, or the students who left."""

    name: str
    rows: list[Row]
    has_left: bool = False


@dataclass(frozen=True)
class Progress:
    """The contents of the page of progress."""

    module: Module
    blocks: list[Block]
    sections: list[Section]  # the students that the page shows
    everyone: list[Row]  # including the students that only_to_read leaves out
    group: str
    hides_names: bool
    only_to_read: bool
    unreleased: int  # texts of feedback that only teachers can see

    @cached_property
    def columns(self) -> list[Column]:
        return [column for block in self.blocks for column in block.columns]

    @cached_property
    def asked_blocks(self) -> list[Block]:
        """Return the assignments that have questions."""
        return [block for block in self.blocks if block.columns]

    @property
    def blocks_with_departed(self) -> list[Block]:
        """Return the assignments with answers of students whose account was deleted."""
        return [block for block in self.blocks if block.departed]

    @cached_property
    def has_several_blocks(self) -> bool:
        """Return whether there are several assignments, so that a question needs more than its number."""
        return len(self.blocks) > 1

    @property
    def has_table(self) -> bool:
        """Return whether there are both questions and students."""
        return bool(self.columns and self.everyone)

    @property
    def has_icons_only(self) -> bool:
        """Return whether there are too many questions for texts in the cells."""
        return len(self.columns) > MOST_COLUMNS_WITH_WORDS

    @property
    def is_wide(self) -> bool:
        """Return whether there are too many questions for the width of the page."""
        return len(self.columns) > MOST_COLUMNS_IN_PAGE

    def assignment_of(self, column: Column) -> Assignment:
        """Return the assignment of a column."""
        return next(block.assignment for block in self.blocks if block.assignment.pk == column.asked.assignment_id)

    @cached_property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]

    @property
    def students(self) -> int:
        return sum(not row.enrolment.has_left for row in self.everyone)

    @property
    def left_out(self) -> int:
        """Return how many students only_to_read leaves out."""
        return len(self.everyone) - len(self.rows)

    @property
    def states(self) -> list[tuple[WorkState, int]]:
        """Return how many answers are in each state."""
        counts = Counter(state for row in self.everyone for state in row.states)
        return [(state, counts[state]) for state in WorkState]

    @property
    def to_read(self) -> int:
        return sum(row.to_read for row in self.everyone)

    @property
    def handed_in(self) -> int:
        return sum(row.handed_in for row in self.everyone)

    @cached_property
    def counts(self) -> list[tuple[int, int]]:
        """Return by column how many answers are handed in, and how many of those are unread."""
        per_column = list(zip(*(row.states for row in self.everyone), strict=True)) or [()] * len(self.columns)
        return [
            (sum(state not in NOT_HANDED_IN for state in states), states.count(WorkState.SUBMITTED))
            for states in per_column
        ]


def module_progress(
    module: Module, enrolment: Enrolment, *, group: str | None = None, only_to_read: bool = False
) -> Progress:
    """Return the progress of a module, or of one group: this one, or the one that the teacher chose last.

    The number of queries is fixed.
    """
    reading = enrolment.reading
    group = reading.group if group is None else group
    group = group if group in module.groups else ""
    blocks = blocks_of(module)
    table = States(module)
    everyone, sections = [], []
    for section in _sections(module, blocks, table, group=group, hides_names=reading.hides_names):
        everyone += section.rows
        shown = [row for row in section.rows if row.to_read] if only_to_read else section.rows
        if shown:
            sections.append(Section(section.name, shown, section.has_left))
    return Progress(
        module=module,
        blocks=blocks,
        sections=sections,
        everyone=everyone,
        group=group,
        hides_names=reading.hides_names,
        only_to_read=only_to_read,
        unreleased=sum(table.unreleased[row.enrolment.user_id] for row in everyone),
    )


def blocks_of(module: Module, *, with_texts: bool = False) -> list[Block]:
    """Return the assignments of a module with their questions. Without texts they have only numbers and kinds."""
    columns: dict[int, list[Column]] = {}
    asked_in = AssignmentQuestion.objects.filter(assignment__module=module).select_related("question")
    asked_in = asked_in if with_texts else asked_in.defer("question__text")
    for asked in asked_in.order_by("position", "pk"):
        block = columns.setdefault(asked.assignment_id, [])
        block.append(Column(asked, len(block) + 1))
    assignments = module.assignments.select_related("edition__case", "departed")
    blocks = []
    for assignment in assignments if with_texts else assignments.defer("edition__text"):
        assignment.module = module
        departed = getattr(assignment, "departed", None)  # the relation raises an error if there is no row
        blocks.append(Block(assignment, columns.get(assignment.pk, []), departed))
    return blocks


def _through(relation: str, lookups: dict[str, object]) -> dict[str, object]:
    """Return the lookups of answers as lookups of rows with this relation to answers."""
    return {f"{relation}{name}": value for name, value in lookups.items()}


class States:
    """The state of every answer in a module, or of the answers of one student, by student, assignment and question."""

    def __init__(self, module: Module, student: int | None = None) -> None:
        lookups = {"assignment__module": module} | ({} if student is None else {"student": student})
        where = "student", "assignment", "question"
        rows = Submission.objects.readable_for_teachers().filter(**_through("answer__", lookups)).order_by("revision")
        found = rows.values_list(*(f"answer__{name}" for name in where), "pk")
        self.latest = {tuple(key): submission for *key, submission in found}  # of an answer, the last one stays
        in_force = Submission.objects.in_force().filter(answer=OuterRef("pk"))
        busy = Answer.objects.filter(~Exists(in_force), is_written(), **lookups)
        self.busy = set(busy.order_by().values_list(*where))
        self._read_feedback(_through("submission__answer__", lookups))

    def _read_feedback(self, lookups: dict[str, object]) -> None:
        """Read by submission the verdict that was released last, and by student how much feedback is not released."""
        self.verdicts: dict[int, str] = {}
        self.with_feedback: set[int] = set()
        self.unreleased: Counter[int] = Counter()  # by student
        rows = Feedback.objects.filter(submission__withdrawn_at=None, **lookups)
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
        """Return the state of the answer of this student in this column."""
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
    """Return the state; it is cached for the few combinations, since a table can have nine thousand cells."""
    return AnswerProgress(
        is_written=is_written, is_handed_in=is_handed_in, is_to_read=is_to_read, verdict=verdict
    ).for_teacher


def _sections(
    module: Module, blocks: list[Block], table: States, *, group: str, hides_names: bool
) -> Iterable[Section]:
    """Yield the groups in the order of the module, then students without one, then those who left after handing in."""
    rows = _rows(module, blocks, table, group=group, hides_names=hides_names)
    by_group: dict[str, list[Row]] = {}
    for row in rows:
        if not row.enrolment.has_left:
            by_group.setdefault(row.enrolment.group, []).append(row)
    others = sorted(by_group.keys() - {"", *module.groups})
    for name in (*module.groups, *others, ""):
        if name in by_group:
            yield Section(name, by_group[name])
    if former := [row for row in rows if row.enrolment.has_left and row.handed_in]:
        yield Section("", former, has_left=True)


def _rows(module: Module, blocks: list[Block], table: States, *, group: str, hides_names: bool) -> list[Row]:
    """Return the students of the module or of this group, ordered by name, or by tag where names are hidden."""
    people = module.enrolments.students().order_by()
    people = people.filter(group=group) if group else people
    extensions = _extensions(module, blocks)
    columns = [column for block in blocks for column in block.columns]
    rows = []
    for person in people if hides_names else people.select_related("user"):
        states = [table.of(person.user_id, column, has_left=person.has_left) for column in columns]
        label = person.label(hides_names=hides_names)
        if hides_names:
            page = _page_of(person, columns, states)  # the page of a student has the name
        else:
            page = reverse("questions:module_person", args=[module.pk, person.tag])
        rows.append(Row(person, label, states, extensions.get(person.pk, []), page))
    return sorted(rows, key=lambda row: row.tag if hides_names else (row.enrolment.user.sort_name, row.enrolment.pk))


def _extensions(module: Module, blocks: list[Block]) -> dict[int, list[Extension]]:
    """Return the extensions by enrolment, in order of date."""
    found: dict[int, list[Extension]] = {}
    assignments = {block.assignment.pk: block.assignment for block in blocks}
    for extension in Extension.objects.filter(assignment__module=module).order_by("due_at"):
        extension.assignment = assignments[extension.assignment_id]
        found.setdefault(extension.enrolment_id, []).append(extension)
    return found


def _page_of(person: Enrolment, columns: list[Column], states: list[WorkState]) -> str:
    """Return the address of a student's answers in the first assignment with unread ones, or else in the last.

    Among assignments without unread answers, the last in which the student handed in comes first.
    """
    handed_in = [column for column, state in zip(columns, states, strict=True) if state not in NOT_HANDED_IN]
    unread = [column for column, state in zip(columns, states, strict=True) if state == WorkState.SUBMITTED]
    column = next(iter(unread[:1] or handed_in[-1:] or columns[-1:]), None)
    if column is None:
        return ""
    page = reverse("questions:assignment_feedback", args=[column.asked.assignment_id])
    return f"{page}?student={person.tag}"


# --- Changes since the page was made ---


def state_fingerprint(module: Module, enrolment: Enrolment) -> str:
    """Return a hash that changes whenever a state may have changed. It needs few queries, since pages poll for it."""
    answers = Answer.objects.filter(assignment__module=module).order_by()
    not_in = Q(submissions=None) | Q(submissions__withdrawn_at__isnull=False)
    # The joins count rows more than once, which does not matter for detecting a change.
    work = answers.aggregate(
        busy=Count("pk", filter=not_in & is_written()),
        who_is_busy=Sum("pk", filter=not_in & is_written()),  # a student may begin while another clears a field
        in_force=Count("submissions", filter=Q(submissions__withdrawn_at=None)),
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
    return _hash([work, people, asked, enrolment.reading], 9)


def token(progress: Progress, fingerprint: str = "") -> str:
    """Return a token of the table that a page shows, for asking later what has changed.

    Without a fingerprint, the first request for changes compares the whole table.
    """
    people = [
        (section.name, section.has_left, row.tag, row.label) for section in progress.sections for row in section.rows
    ]
    shape = _hash([people, [column.asked.pk for column in progress.columns], progress.hides_names], 6)
    return ".".join([fingerprint, shape, "".join(_hash(row.states, 3) for row in progress.rows)])


def _hash(value: object, length: int) -> str:
    """Return a hash of this many bytes, as four URL-safe characters for every three bytes."""
    return base64.urlsafe_b64encode(hashlib.blake2b(repr(value).encode(), digest_size=length).digest()).decode()


def changes(progress: Progress, since: str, now: str) -> dict:
    """Return the rows with a changed state between two tokens, or that the table has other students or questions."""
    (_fingerprint, old_shape, old_rows), (_fingerprint, shape, rows) = (_parts(since), _parts(now))
    if old_shape != shape or len(old_rows) != len(rows):
        return {"since": now, "is_other_table": True}
    changed = [row for row, old, new in zip(progress.rows, old_rows, rows, strict=True) if old != new]
    return {
        "since": now,
        "rows": {
            row.tag: {"states": row.states, "handed_in": row.handed_in, "waiting": row.to_read} for row in changed
        },
        "columns": progress.counts,
        "states": dict(progress.states),
        "totals": {"handed_in": progress.handed_in, "waiting": progress.to_read, "unreleased": progress.unreleased},
    }


def _parts(text: str) -> tuple[str, str, list[str]]:
    before, shape, rows = [*text.split("."), "", "", ""][:3]
    return before, shape, [rows[start : start + 4] for start in range(0, len(rows), 4)]
