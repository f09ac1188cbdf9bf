"""The pages of modules, each in a fixed number of queries."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from casebook.models import User
from questions.models import (
    Answer,
    AnswerState,
    Assignment,
    AssignmentQuestion,
    Enrolment,
    Extension,
    Module,
    Ring,
    Role,
    current_enrolment,
    ring,
)
from questions.pages.workload import Workload, workload_by_assignment


@dataclass(frozen=True)
class ModuleSummary:
    """A module of one user, with its counts and the next due date."""

    enrolment: Enrolment
    students: int
    asking_back: int
    assignments: int
    next_due: datetime | None

    @property
    def module(self) -> Module:
        return self.enrolment.module


@dataclass(frozen=True)
class OwnModules:
    """The modules of one user, by role."""

    every: list[ModuleSummary]

    @property
    def teaching(self) -> list[ModuleSummary]:
        return [summary for summary in self.every if summary.enrolment.is_teacher and not summary.module.is_archived]

    @property
    def learning(self) -> list[ModuleSummary]:
        return [
            summary for summary in self.every if not summary.enrolment.is_teacher and not summary.module.is_archived
        ]

    @property
    def archived(self) -> list[ModuleSummary]:
        return [summary for summary in self.every if summary.module.is_archived]


def modules_of(user: User) -> OwnModules:
    """Return the modules that this user is in, the newest first."""
    rows = Enrolment.objects.current().filter(user=user).select_related("module")
    enrolments = list(rows.order_by("-module__created_at", "-module"))
    modules = [enrolment.module_id for enrolment in enrolments]
    people = _counts_of_people(modules)
    assignments: dict[int, list[Assignment]] = {}
    for assignment in Assignment.objects.filter(module__in=modules):
        assignments.setdefault(assignment.module_id, []).append(assignment)
    extensions = Extension.objects.filter(enrolment__in=enrolments).only("assignment", "due_at")
    own = {extension.assignment_id: extension for extension in extensions}
    return OwnModules(
        [_summary(e, people.get(e.module_id, (0, 0)), assignments.get(e.module_id, []), own) for e in enrolments]
    )


def _counts_of_people(modules: list[int]) -> dict[int, tuple[int, int]]:
    """Return by module the number of students and the number of requests to return."""
    rows = Enrolment.objects.filter(module__in=modules).order_by().values("module")
    counted = rows.annotate(
        students=Count("pk", filter=Q(**current_enrolment(role=Role.STUDENT))),
        asking=Count("pk", filter=Q(left_at__isnull=False, asked_back_at__isnull=False)),
    )
    return {row["module"]: (row["students"], row["asking"]) for row in counted}


def _summary(
    enrolment: Enrolment, people: tuple[int, int], assignments: list[Assignment], own: dict[int, Extension]
) -> ModuleSummary:
    if not enrolment.is_teacher:
        assignments = [assignment for assignment in assignments if assignment.is_open]
    dues = [assignment.due_for(own.get(assignment.pk)) for assignment in assignments if not assignment.is_closed]
    upcoming = [due for due in dues if due and due > timezone.now()]
    return ModuleSummary(enrolment, *people, len(assignments), min(upcoming, default=None))


# --- The page of a module for its teachers ---


@dataclass(frozen=True)
class Group:
    """A group of the module with its students."""

    name: str
    students: list[Enrolment]


@dataclass(frozen=True)
class TaughtAssignment:
    """An assignment with its workload and the number of students who have not begun."""

    assignment: Assignment
    workload: Workload
    not_begun: int  # of the students in the module now


@dataclass(frozen=True)
class TaughtModule:
    """The contents of the page of a module for its teachers."""

    module: Module
    groups: list[Group]
    teachers: list[Enrolment]
    asking_back: list[Enrolment]
    gone: list[Enrolment]
    assignments: list[TaughtAssignment]
    ring: Ring

    @property
    def students(self) -> int:
        return sum(len(group.students) for group in self.groups)

    @property
    def without_class(self) -> str:
        """Return the heading for the students who are in no group."""
        return _("Nog geen klas") if len(self.groups) > 1 else _("Iedereen")


def module_for_its_teacher(module: Module, teacher: User) -> TaughtModule:
    """Return the contents of the page of a module for this teacher."""
    people = list(module.enrolments.select_related("user").order_by("user__sort_name", "pk"))
    students = [enrolment for enrolment in people if enrolment.is_current_student]
    return TaughtModule(
        module=module,
        groups=_groups(module, students),
        teachers=[enrolment for enrolment in people if enrolment.is_current_teacher],
        asking_back=[enrolment for enrolment in people if enrolment.asks_to_return],
        gone=[enrolment for enrolment in people if enrolment.has_left and not enrolment.asks_to_return],
        assignments=_taught_assignments(module, teacher, len(students)),
        ring=_ring_of(module),
    )


def _groups(module: Module, students: list[Enrolment]) -> list[Group]:
    """Return the groups of the module in their own order, and last the students who are in none."""
    names = [*module.groups, *sorted({student.group for student in students} - {"", *module.groups}), ""]
    groups = [Group(name, [student for student in students if student.group == name]) for name in names]
    return [group for group in groups if group.name or group.students]


def _taught_assignments(module: Module, teacher: User, students: int) -> list[TaughtAssignment]:
    found = workload_by_assignment(teacher, [module.pk])
    rows = module.assignments.select_related("edition__case").with_newest_edition()
    rows = rows.annotate(
        question_count=Count("asked", filter=Q(asked__dropped=False)),
        is_answered=Exists(Answer.objects.filter(assignment=OuterRef("pk"))),
    )
    taught = []
    for assignment in rows:
        assignment.module = module
        workload = found.get(assignment.pk, Workload())
        taught.append(TaughtAssignment(assignment, workload, max(0, students - workload.begun)))
    return taught


def _ring_of(module: Module) -> Ring:
    """Return the ring of all questions that the assignments of this module ask."""
    asked = AssignmentQuestion.objects.filter(assignment__module=module, dropped=False).order_by()
    return ring(dict(asked.values_list("question__kolb").annotate(questions=Count("pk"))))


def not_begun(assignment: Assignment, *, hides_names: bool) -> list[Enrolment]:
    """Return the students in the module who have written nothing for this assignment, ordered by group.

    Within a group they are ordered by name, or by tag where names are hidden, since the order would reveal names.
    """
    begun = Answer.objects.begun().filter(assignment=assignment, student=OuterRef("user"))
    people = assignment.module.enrolments.current().students().filter(~Exists(begun))
    return list(people.select_related("user").order_by("group", "tag" if hides_names else "user__sort_name", "pk"))


def has_students(module: Module) -> bool:
    """Return whether a student is in the module now."""
    return module.enrolments.current().students().exists()


# --- The page of a module for its students ---


@dataclass
class OwnAssignment:
    """An assignment with the states of this student's answers."""

    assignment: Assignment
    extension: Extension | None = None
    states: Counter = field(default_factory=Counter)

    @property
    def due_at(self) -> datetime | None:
        return self.assignment.due_for(self.extension)

    @property
    def due_remark(self) -> str:
        """Return the note after a due date that applies to this student only."""
        return _("(jouw eigen datum)") if self.extension else ""

    @property
    def total(self) -> int:
        return self.assignment.question_count

    @property
    def handed_in(self) -> int:
        return sum(count for state, count in self.states.items() if state.is_handed_in)

    @property
    def is_overdue(self) -> bool:
        """Return whether the due date has passed and not every question is handed in."""
        return self.assignment.is_past_due_for(self.extension) and self.handed_in < self.total

    @property
    def shown_states(self) -> list[tuple[AnswerState, int]]:
        """Return the counts of the states that occur, except empty, in the order that answers go through them."""
        return [
            (state, self.states[state]) for state in AnswerState if state != AnswerState.EMPTY and self.states[state]
        ]


def assignments_for_student(enrolment: Enrolment) -> list[OwnAssignment]:
    """Return the assignments of the module with this student's states, including those that have not opened."""
    found = assignments_for_newcomer(enrolment.module)
    own = {own_assignment.assignment.pk: own_assignment for own_assignment in found}
    for extension in Extension.objects.filter(enrolment=enrolment):
        own[extension.assignment_id].extension = extension
    dropped = AssignmentQuestion.objects.filter(
        assignment=OuterRef("assignment"), question=OuterRef("question"), dropped=True
    )
    answers = Answer.objects.filter(~Exists(dropped), assignment__in=own, student=enrolment.user_id).with_state()
    for answer in answers:
        own[answer.assignment_id].states[answer.state] += 1
    return found


def assignments_for_newcomer(module: Module) -> list[OwnAssignment]:
    """Return the assignments of the module for a student without answers and extensions."""
    rows = module.assignments.select_related("edition__case").annotate(
        question_count=Count("asked", filter=Q(asked__dropped=False))
    )
    for assignment in (assignments := list(rows)):
        assignment.module = module
    return [OwnAssignment(assignment) for assignment in assignments]


def teachers_of(module: Module) -> list[str]:
    """Return the names of the teachers of the module."""
    return [str(enrolment.user) for enrolment in enrolments_of_teachers(module)]


def enrolments_of_teachers(module: Module) -> QuerySet[Enrolment]:
    """Return the enrolments of the teachers of the module, ordered by name."""
    return module.enrolments.current().teachers().select_related("user").order_by("user__sort_name", "pk")
