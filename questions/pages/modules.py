"""What the pages of modules show, each gathered in a fixed number of queries."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

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
class Place:
    """One of my modules, with what there is to see in it."""

    enrolment: Enrolment
    students: int
    asking_back: int
    assignments: int
    next_due: datetime | None

    @property
    def module(self) -> Module:
        return self.enrolment.module


@dataclass(frozen=True)
class Places:
    """The modules of one user."""

    every: list[Place]

    @property
    def teaching(self) -> list[Place]:
        return [place for place in self.every if place.enrolment.is_teacher and not place.module.is_archived]

    @property
    def learning(self) -> list[Place]:
        return [place for place in self.every if not place.enrolment.is_teacher and not place.module.is_archived]

    @property
    def archived(self) -> list[Place]:
        return [place for place in self.every if place.module.is_archived]


def places_of(user) -> Places:
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
    return Places(
        [_place(e, people.get(e.module_id, (0, 0)), assignments.get(e.module_id, []), own) for e in enrolments]
    )


def _counts_of_people(modules: list[int]) -> dict[int, tuple[int, int]]:
    """Per module how many students are in it, and how many people ask to come back."""
    rows = Enrolment.objects.filter(module__in=modules).order_by().values("module")
    counted = rows.annotate(
        students=Count("pk", filter=Q(**current_enrolment(role=Role.STUDENT))),
        asking=Count("pk", filter=Q(left_at__isnull=False, asked_back_at__isnull=False)),
    )
    return {row["module"]: (row["students"], row["asking"]) for row in counted}


def _place(
    enrolment: Enrolment, people: tuple[int, int], assignments: list[Assignment], own: dict[int, Extension]
) -> Place:
    if not enrolment.is_teacher:
        assignments = [assignment for assignment in assignments if assignment.is_open]
    dues = [each.due_for(own.get(each.pk)) for each in assignments if not each.is_closed]
    upcoming = [due for due in dues if due and due > timezone.now()]
    return Place(enrolment, *people, len(assignments), min(upcoming, default=None))


# --- A module as its teacher sees it ---


@dataclass(frozen=True)
class Group:
    name: str
    students: list[Enrolment]


@dataclass(frozen=True)
class TaughtAssignment:
    assignment: Assignment
    pile: Workload
    not_begun: int  # students in the module now


@dataclass(frozen=True)
class TaughtModule:
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
        """What the students who are in no class are called together."""
        return _("Nog geen klas") if len(self.groups) > 1 else _("Iedereen")


def module_for_its_teacher(module: Module, teacher) -> TaughtModule:
    people = list(module.enrolments.select_related("user").order_by("user__name", "pk"))
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
    """The groups of the module in the order its teacher gave them, and then who is in none."""
    names = [*module.groups, *sorted({student.group for student in students} - {"", *module.groups}), ""]
    groups = [Group(name, [student for student in students if student.group == name]) for name in names]
    return [group for group in groups if group.name or group.students]


def _taught_assignments(module: Module, teacher, students: int) -> list[TaughtAssignment]:
    found = workload_by_assignment(teacher, [module.pk])
    rows = module.assignments.select_related("edition__case").with_newest_edition()
    rows = rows.annotate(
        question_count=Count("asked", filter=Q(asked__dropped=False)),
        is_answered=Exists(Answer.objects.filter(assignment=OuterRef("pk"))),
    )
    taught = []
    for assignment in rows:
        assignment.module = module
        pile = found.get(assignment.pk, Workload())
        taught.append(TaughtAssignment(assignment, pile, max(0, students - pile.begun)))
    return taught


def _ring_of(module: Module) -> Ring:
    """Which kinds of question the assignments of this module ask, all together."""
    asked = AssignmentQuestion.objects.filter(assignment__module=module, dropped=False).order_by()
    return ring(dict(asked.values_list("question__kolb").annotate(questions=Count("pk"))))


def not_begun(assignment: Assignment, *, hides_names: bool) -> list[Enrolment]:
    """The students in the module now who wrote nothing for this assignment yet, by group; then by name, or by label
    where an order of names would say too much."""
    begun = Answer.objects.begun().filter(assignment=assignment, student=OuterRef("user"))
    people = assignment.module.enrolments.current().students().filter(~Exists(begun))
    return list(people.select_related("user").order_by("group", "tag" if hides_names else "user__name", "pk"))


def has_students(module: Module) -> bool:
    """Return whether a student is in the module now."""
    return module.enrolments.current().students().exists()


# --- A module as its student sees it ---


@dataclass
class OwnAssignment:
    """An assignment with how far this student is."""

    assignment: Assignment
    extension: Extension | None = None
    states: Counter = field(default_factory=Counter)

    @property
    def due_at(self) -> datetime | None:
        return self.assignment.due_for(self.extension)

    @property
    def due_remark(self) -> str:
        """What to say beside the date where it is not that of the class."""
        return _("(jouw eigen datum)") if self.extension else ""

    @property
    def total(self) -> int:
        return self.assignment.question_count

    @property
    def handed_in(self) -> int:
        return sum(count for state, count in self.states.items() if state.is_handed_in)

    @property
    def is_overdue(self) -> bool:
        """Whether the date is over and not everything is handed in."""
        return self.assignment.is_past_due_for(self.extension) and self.handed_in < self.total

    @property
    def shown_states(self) -> list[tuple[AnswerState, int]]:
        """What there is, in the order of the road that an answer goes; what is empty needs no mention."""
        return [
            (state, self.states[state]) for state in AnswerState if state != AnswerState.EMPTY and self.states[state]
        ]


def assignments_for_student(enrolment: Enrolment) -> list[OwnAssignment]:
    """Also the ones that are not open yet: those are announced. Nothing here is about anybody else."""
    found = assignments_for_newcomer(enrolment.module)
    own = {each.assignment.pk: each for each in found}
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
    """The same for a student who did nothing yet and has no date of their own."""
    rows = module.assignments.select_related("edition__case").annotate(
        question_count=Count("asked", filter=Q(asked__dropped=False))
    )
    for assignment in (assignments := list(rows)):
        assignment.module = module
    return [OwnAssignment(assignment) for assignment in assignments]


def teachers_of(module: Module) -> list[str]:
    return [str(enrolment.user) for enrolment in enrolments_of_teachers(module)]


def enrolments_of_teachers(module: Module) -> QuerySet[Enrolment]:
    """Return the enrolments of the teachers of the module by name."""
    return module.enrolments.current().teachers().select_related("user").order_by("user__name")
