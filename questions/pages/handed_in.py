"""The answers that the students of a teacher handed in, in counts by module and assignment."""

from dataclasses import dataclass

from django.db.models import F

from casebook.models import User
from questions.models import Assignment, Module
from questions.pages.workload import Workload, workload_by_assignment


@dataclass(frozen=True)
class HandedInAssignment:
    """An assignment with answers, or with feedback to release."""

    assignment: Assignment
    workload: Workload

    @property
    def waits(self) -> bool:
        """Return whether there are answers to read or feedback to release."""
        return bool(self.workload.to_read or self.workload.all_ready)


@dataclass(frozen=True)
class HandedInModule:
    """A module with the assignments in which something was handed in, those with something that waits first."""

    module: Module
    assignments: list[HandedInAssignment]

    @property
    def waits(self) -> bool:
        return any(line.waits for line in self.assignments)


def handed_in(teacher: User) -> list[HandedInModule]:
    """Return the modules of this teacher in which something was handed in, those with something that waits first.

    Archived modules are included while something waits in them.
    """
    modules = list(Module.objects.taught_by(teacher))
    ids = [module.pk for module in modules]
    workloads = workload_by_assignment(teacher, ids) if ids else {}
    rows = Assignment.objects.filter(pk__in=workloads).annotate(case_title=F("edition__case__title"))
    lines: dict[int, list[HandedInAssignment]] = {}
    for row in rows.only("module").order_by("position", "pk") if workloads else []:
        line = HandedInAssignment(row, workloads[row.pk])
        if line.workload.handed_in or line.waits:
            lines.setdefault(row.module_id, []).append(line)
    found = [HandedInModule(module, _waiting_first(lines.get(module.pk, []))) for module in modules]
    shown = [each for each in found if each.waits or (each.assignments and not each.module.is_archived)]
    return sorted(shown, key=lambda each: not each.waits)


def _waiting_first(lines: list[HandedInAssignment]) -> list[HandedInAssignment]:
    return sorted(lines, key=lambda line: not line.waits)
