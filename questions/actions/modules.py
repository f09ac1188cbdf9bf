"""Creating, changing and copying modules, and adding and removing their members."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from casebook.lib.datetimes import is_usable
from casebook.lib.errors import RefusedError
from casebook.lib.ids import read_ids
from casebook.models import User
from cases.models import Case, Status
from questions.actions import row_limits
from questions.models import Answer, Assignment, AssignmentQuestion, Enrolment, Module, Question, ReadingChoices, Role
from questions.models.modules import code_closing_time, new_code

OWN_KEY = "eigen-"


class Joining(Enum):
    """The result of joining a module."""

    JOINED = "joined"
    ALREADY = "already"
    ASKED_BACK = "asked back"


# --- The module ---


@transaction.atomic
def create_module(
    *, teacher: User, title: str, period: str = "", description: str = "", groups: Iterable[str] = ()
) -> Module:
    """Create a module with this teacher in it. Raises RefusedError if the teacher has reached a limit."""
    _check_room_for_module(teacher)
    module = Module.objects.create(
        title=title, period=period, description=description, groups=list(groups), code=_unused_code()
    )
    Enrolment.objects.create(module=module, user=teacher, role=Role.TEACHER)
    return module


def _check_room_for_module(teacher: User) -> None:
    if Module.objects.taught_by(teacher).filter(archived_at=None).count() >= row_limits.MODULES:
        raise RefusedError(
            _("Je hebt al %(most)s modules. Archiveer er een die voorbij is; dan kun je weer een nieuwe maken.")
            % {"most": row_limits.MODULES}
        )
    own = Module.objects.filter(enrolments__user=teacher, enrolments__role=Role.TEACHER)
    if own.filter(created_at__gt=timezone.now() - row_limits.TIME).count() >= row_limits.MODULES_IN_TIME:
        raise RefusedError(
            _("Je maakte vandaag al %(most)s modules. Morgen kun je er weer meer maken.")
            % {"most": row_limits.MODULES_IN_TIME}
        )


@transaction.atomic
def change_module(*, module: Module, title: str, period: str, description: str, groups: Iterable[str]) -> Module:
    """Change the fields of a module. Raises RefusedError if this removes a group that has students."""
    groups = list(groups)
    students = module.enrolments.current().exclude(group="").order_by()
    if gone := sorted(set(students.values_list("group", flat=True)) & set(module.groups) - set(groups)):
        raise RefusedError(
            _("In klas %(group)s zitten nog studenten. Zet hen eerst in een andere klas.") % {"group": gone[0]}
        )
    module.title, module.period, module.description, module.groups = title, period, description, groups
    module.save(update_fields=["title", "period", "description", "groups"])
    return module


def archive_module(*, module: Module) -> Module:
    """Archive the module: everything stays readable, but no user can hand in or join."""
    if not module.is_archived:
        module.archived_at = timezone.now()
        module.save(update_fields=["archived_at"])
    return module


def unarchive_module(*, module: Module) -> Module:
    """Restore a module from the archive."""
    module.archived_at = None
    module.save(update_fields=["archived_at"])
    return module


@transaction.atomic
def delete_module(*, module: Module) -> None:
    """Delete a module with its assignments. Raises RefusedError if a student has written an answer in it."""
    assignments = Assignment.objects.select_for_update().filter(module=module)
    if Answer.objects.filter(assignment__in=list(assignments)).exists():
        raise RefusedError(
            _("In deze module is al geantwoord. Daarom kun je de module niet verwijderen; archiveren kan wel.")
        )
    module.assignments.all().delete()
    module.delete()


@transaction.atomic
def copy_module(*, module: Module, teacher: User, title: str, period: str, weeks: int) -> Module:
    """Copy a module for a next class: its assignments with dates that are this many weeks later, and only this teacher.

    Each assignment gets the latest edition of its case, without the questions that this edition no longer asks.
    Assignments on archived or withdrawn cases are not copied.
    """
    copy = create_module(
        teacher=teacher, title=title, period=period, description=module.description, groups=module.groups
    )
    own: dict[int, Question] = {}
    for assignment in _to_copy(module).select_related("edition__case"):
        case, old = assignment.edition.case, assignment.edition
        asked = list(Question.objects.asked_in_assignment(assignment))
        current = [question for question in asked if not question.retired]
        is_renewable = bool(current)
        repeated = Assignment.objects.create(
            module=copy,
            edition=case.editions.latest() if is_renewable else old,
            instructions=assignment.instructions,
            opens_at=weeks_later(assignment.opens_at, weeks),
            due_at=weeks_later(assignment.due_at, weeks),
            share=assignment.share,
            position=assignment.position,
        )
        _ask_again(current if is_renewable else asked, repeated, own)
    return copy


def _to_copy(module: Module) -> QuerySet[Assignment]:
    return module.assignments.filter(edition__case__status=Status.PUBLISHED)


def not_copied(module: Module) -> list[str]:
    """Return the titles of the cases that a copy of this module will not have."""
    return list(module.assignments.exclude(pk__in=_to_copy(module)).values_list("edition__case__title", flat=True))


def _ask_again(questions: list[Question], assignment: Assignment, own: dict[int, Question]) -> None:
    """Add the questions to an assignment of another module. Own questions are copied to that module, each once."""
    for position, question in enumerate(questions, start=1):
        if question.module_id and question.pk not in own:
            own[question.pk] = add_own_question(
                module=assignment.module, case=question.case, text=question.text, kolb=question.kolb
            )
        AssignmentQuestion.objects.create(
            assignment=assignment, question=own.get(question.pk, question), position=position
        )


@transaction.atomic
def add_own_question(*, module: Module, case: Case, text: str, kolb: str) -> Question:
    """Add a question that is asked in this module only. Raises RefusedError if the module has too many."""
    type(case).objects.select_for_update().get(pk=case.pk)  # two requests at once would otherwise use the same key
    if Question.objects.filter(module=module).count() >= row_limits.OWN_QUESTIONS:
        raise RefusedError(
            _("Deze module heeft al %(most)s eigen vragen, en daar past er geen meer bij. Kies een vraag die er al is.")
            % {"most": row_limits.OWN_QUESTIONS}
        )
    keys = Question.objects.filter(case=case, key__startswith=OWN_KEY).values_list("key", flat=True)
    numbers = read_ids(key.removeprefix(OWN_KEY) for key in keys)
    number = max(numbers, default=0) + 1
    return Question.objects.create(
        case=case, key=f"{OWN_KEY}{number}", text=text, kolb=kolb, module=module, position=1000 + number
    )


def weeks_later(moment: datetime | None, weeks: int) -> datetime | None:
    """Return the same weekday and local time this many weeks later, also across a change of summer time.

    Raises RefusedError if the result is outside the years that the site supports.
    """
    if moment is None:
        return None
    if is_usable(moment) and is_usable(moment + timedelta(weeks=weeks)):
        local_time = timezone.localtime(moment).replace(tzinfo=None)
        return timezone.make_aware(local_time + timedelta(weeks=weeks))
    raise RefusedError(
        _("Een datum van deze module komt dan na het jaar 2100. Kies minder weken, of verander eerst die datum.")
    )


# --- The join code ---


def _unused_code() -> str:
    return next(code for code in iter(new_code, None) if not Module.objects.filter(code=code).exists())


def renew_code(*, module: Module) -> Module:
    """Replace the join code by a new one, which works for two weeks. Raises RefusedError if the module is archived."""
    if module.is_archived:
        raise RefusedError(
            _("Deze module is gearchiveerd. Haal de module eerst terug; dan kun je weer een code geven.")
        )
    module.code, module.code_closes_at = _unused_code(), code_closing_time()
    module.save(update_fields=["code", "code_closes_at"])
    return module


def close_code(*, module: Module) -> Module:
    """Close the join code now."""
    module.code_closes_at = timezone.now()
    module.save(update_fields=["code_closes_at"])
    return module


# --- The members ---


@transaction.atomic
def join(*, module: Module, user: User, group: str = "") -> Joining:
    """Enrol a user as a student. For a user who left, record a request to return; for a current member, do nothing."""
    enrolment, is_new = Enrolment.objects.get_or_create(module=module, user=user, defaults={"group": group})
    if is_new:
        return Joining.JOINED
    if not enrolment.has_left:
        return Joining.ALREADY
    if enrolment.asked_back_at is None:
        enrolment.asked_back_at = timezone.now()
        enrolment.save(update_fields=["asked_back_at"])
    return Joining.ASKED_BACK


def restore_enrolment(*, enrolment: Enrolment) -> Enrolment:
    """Restore the enrolment of a user who left."""
    enrolment.left_at = enrolment.asked_back_at = None
    enrolment.save(update_fields=["left_at", "asked_back_at"])
    return enrolment


def decline_return(*, enrolment: Enrolment) -> Enrolment:
    """Decline a request to return. A user with the join code can ask again."""
    enrolment.asked_back_at = None
    enrolment.save(update_fields=["asked_back_at"])
    return enrolment


def remove_student(*, enrolment: Enrolment) -> Enrolment:
    """Remove a student from the module. Submissions stay readable, and a teacher has to approve a return.

    Raises RefusedError for a teacher.
    """
    if enrolment.is_teacher:
        raise RefusedError(_("%(name)s is docent in deze module.") % {"name": enrolment.user})
    return _leave(enrolment)


@transaction.atomic
def remove_teacher(*, enrolment: Enrolment) -> Enrolment:
    """Remove a teacher from the module. Raises RefusedError for the last teacher with a lasting account."""
    Module.objects.select_for_update().get(pk=enrolment.module_id)  # two teachers may remove each other at once
    others = Enrolment.objects.current().teachers().with_lasting_account().filter(module=enrolment.module_id)
    if not others.exclude(pk=enrolment.pk).exists():
        raise RefusedError(_("Een module heeft altijd een docent. Voeg eerst een collega toe; daarna kun jij eruit."))
    return _leave(enrolment)


def _leave(enrolment: Enrolment) -> Enrolment:
    if not enrolment.has_left:
        enrolment.left_at, enrolment.asked_back_at = timezone.now(), None
        enrolment.save(update_fields=["left_at", "asked_back_at"])
    return enrolment


def move_to_group(*, enrolment: Enrolment, group: str) -> Enrolment:
    """Move a student to a group of the module, or to none. Raises RefusedError for an unknown group."""
    if group and group not in enrolment.module.groups:
        raise RefusedError(_("Deze module heeft geen klas %(group)s.") % {"group": group})
    enrolment.group = group
    enrolment.save(update_fields=["group"])
    return enrolment


@transaction.atomic
def choose_reading(*, enrolment: Enrolment, **chosen: str | bool) -> ReadingChoices:
    """Save and return this teacher's choices for reading in this module; other choices stay as they were."""
    stored = Enrolment.objects.select_for_update().get(
        pk=enrolment.pk
    )  # simultaneous requests must not undo each other
    enrolment.reading_choices = asdict(replace(stored.reading, **chosen))
    enrolment.save(update_fields=["reading_choices"])
    return enrolment.reading


@transaction.atomic
def make_teacher(*, module: Module, user: User) -> Enrolment:
    """Make this user a teacher of this module, also if the user left it before.

    Raises RefusedError for a student of the module who wrote answers.
    """
    enrolment, is_new = Enrolment.objects.get_or_create(module=module, user=user, defaults={"role": Role.TEACHER})
    if not is_new and not enrolment.is_teacher:
        _make_teacher_of_student(enrolment)
    return restore_enrolment(enrolment=enrolment) if enrolment.has_left else enrolment


def _make_teacher_of_student(enrolment: Enrolment) -> None:
    """Change a student into a teacher. Raises RefusedError if the student wrote answers, since teachers have none."""
    if Answer.objects.filter(assignment__module=enrolment.module_id, student=enrolment.user_id).exists():
        raise RefusedError(
            _("%(name)s heeft hier als student antwoorden geschreven en kan daarom geen docent van deze module worden.")
            % {"name": enrolment.user}
        )
    enrolment.role, enrolment.group = Role.TEACHER, ""
    enrolment.save(update_fields=["role", "group"])
