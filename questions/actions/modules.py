"""Modules and the people in them: making one, letting people in and out, taking it to a next year."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from casebook.lib.datetimes import is_usable
from casebook.lib.errors import RefusedError
from casebook.lib.ids import read_ids
from cases.models import Status
from questions.actions import row_limits
from questions.models import Answer, Assignment, AssignmentQuestion, Enrolment, Module, Question, ReadingChoices, Role
from questions.models.modules import code_closing_time, new_code

OWN_KEY = "eigen-"


class Joining(Enum):
    """What became of joining a module."""

    JOINED = "joined"
    ALREADY = "already"
    ASKED_BACK = "asked back"


# --- The module ---


@transaction.atomic
def create_module(
    *, teacher, title: str, period: str = "", description: str = "", groups: Iterable[str] = ()
) -> Module:
    """Raises RefusedError where this teacher has very many already."""
    _check_room_for_module(teacher)
    module = Module.objects.create(
        title=title, period=period, description=description, groups=list(groups), code=_unused_code()
    )
    Enrolment.objects.create(module=module, user=teacher, role=Role.TEACHER)
    return module


def _check_room_for_module(teacher) -> None:
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
    """A group that people are in stays: they would otherwise be nowhere."""
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
    """Everything stays readable; nothing can be handed in, and nobody can join."""
    if not module.is_archived:
        module.archived_at = timezone.now()
        module.save(update_fields=["archived_at"])
    return module


def unarchive_module(*, module: Module) -> Module:
    module.archived_at = None
    module.save(update_fields=["archived_at"])
    return module


@transaction.atomic
def delete_module(*, module: Module) -> None:
    """Only while nobody wrote anything in it: what people wrote is never deleted from under them."""
    assignments = Assignment.objects.select_for_update().filter(module=module)
    if Answer.objects.filter(assignment__in=list(assignments)).exists():
        raise RefusedError(
            _("In deze module is al geantwoord. Daarom kun je de module niet verwijderen; archiveren kan wel.")
        )
    module.assignments.all().delete()
    module.delete()


@transaction.atomic
def copy_module(*, module: Module, teacher, title: str, period: str, weeks: int) -> Module:
    """The same module for a next class: assignments with their dates so many weeks later, and only this teacher.

    Each assignment takes the latest edition of its case, without the questions that this edition no longer asks. What
    was archived or withdrawn is not given to another class.
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


def _to_copy(module: Module):
    return module.assignments.filter(edition__case__status=Status.PUBLISHED)


def not_copied(module: Module) -> list[str]:
    """The cases that a copy of this module goes without."""
    return list(module.assignments.exclude(pk__in=_to_copy(module)).values_list("edition__case__title", flat=True))


def _ask_again(questions: list[Question], assignment: Assignment, own: dict[int, Question]) -> None:
    """The same questions in an assignment of another module. A teacher's own ones are copied to it, once."""
    for position, question in enumerate(questions, start=1):
        if question.module_id and question.pk not in own:
            own[question.pk] = add_own_question(
                module=assignment.module, case=question.case, text=question.text, kolb=question.kolb
            )
        AssignmentQuestion.objects.create(
            assignment=assignment, question=own.get(question.pk, question), position=position
        )


@transaction.atomic
def add_own_question(*, module: Module, case, text: str, kolb: str) -> Question:
    """A question that a teacher asks in this module only; never part of the library."""
    type(case).objects.select_for_update().get(pk=case.pk)  # two teachers would otherwise take the same key
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
    """The same weekday at the same time on the clock, also when summer time began or ended in between.

    Raises RefusedError where that would be in a year that the site does not know.
    """
    if moment is None:
        return None
    if is_usable(moment) and is_usable(moment + timedelta(weeks=weeks)):
        on_the_clock = timezone.localtime(moment).replace(tzinfo=None)
        return timezone.make_aware(on_the_clock + timedelta(weeks=weeks))
    raise RefusedError(
        _("Een datum van deze module komt dan na het jaar 2100. Kies minder weken, of verander eerst die datum.")
    )


# --- The code ---


def _unused_code() -> str:
    return next(code for code in iter(new_code, None) if not Module.objects.filter(code=code).exists())


def renew_code(*, module: Module) -> Module:
    """Another code, for two weeks. The one before no longer leads anywhere."""
    if module.is_archived:
        raise RefusedError(
            _("Deze module is gearchiveerd. Haal de module eerst terug; dan kun je weer een code geven.")
        )
    module.code, module.code_closes_at = _unused_code(), code_closing_time()
    module.save(update_fields=["code", "code_closes_at"])
    return module


def close_code(*, module: Module) -> Module:
    module.code_closes_at = timezone.now()
    module.save(update_fields=["code_closes_at"])
    return module


# --- Who is in it ---


@transaction.atomic
def join(*, module: Module, user, group: str = "") -> Joining:
    """Puts a person in a module as a student. Who is in it already stays what they are; who was taken out asks back."""
    enrolment, is_new = Enrolment.objects.get_or_create(module=module, user=user, defaults={"group": group})
    if is_new:
        return Joining.JOINED
    if not enrolment.has_left:
        return Joining.ALREADY
    if enrolment.asked_back_at is None:
        enrolment.asked_back_at = timezone.now()
        enrolment.save(update_fields=["asked_back_at"])
    return Joining.ASKED_BACK


def let_back(*, enrolment: Enrolment) -> Enrolment:
    enrolment.left_at = enrolment.asked_back_at = None
    enrolment.save(update_fields=["left_at", "asked_back_at"])
    return enrolment


def turn_down(*, enrolment: Enrolment) -> Enrolment:
    """Not now. Whoever has the code can ask again."""
    enrolment.asked_back_at = None
    enrolment.save(update_fields=["asked_back_at"])
    return enrolment


def remove_student(*, enrolment: Enrolment) -> Enrolment:
    """What was handed in before stays readable; coming back needs a teacher's yes."""
    if enrolment.is_teacher:
        raise RefusedError(_("%(name)s is docent in deze module.") % {"name": enrolment.user})
    return _leave(enrolment)


@transaction.atomic
def remove_teacher(*, enrolment: Enrolment) -> Enrolment:
    """Takes away the rights in this module. Someone always stays to look after it."""
    Module.objects.select_for_update().get(pk=enrolment.module_id)  # two who remove each other would leave nobody
    # Whoever is about to leave the site for good does not look after anything.
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
    if group and group not in enrolment.module.groups:
        raise RefusedError(_("Deze module heeft geen klas %(group)s.") % {"group": group})
    enrolment.group = group
    enrolment.save(update_fields=["group"])
    return enrolment


@transaction.atomic
def choose_reading(*, enrolment: Enrolment, **chosen: str | bool) -> ReadingChoices:
    """How this teacher reads in this module from now on; what is not given stays as it was."""
    stored = Enrolment.objects.select_for_update().get(pk=enrolment.pk)  # two pages that choose at once both count
    enrolment.reading_choices = asdict(replace(stored.reading, **chosen))
    enrolment.save(update_fields=["reading_choices"])
    return enrolment.reading


@transaction.atomic
def make_teacher(*, module: Module, user) -> Enrolment:
    """Gives this person a teacher's rights, here and nowhere else. Who was in it before, and left, comes back."""
    enrolment, is_new = Enrolment.objects.get_or_create(module=module, user=user, defaults={"role": Role.TEACHER})
    if not is_new and not enrolment.is_teacher:
        _make_teacher_of_student(enrolment)
    return let_back(enrolment=enrolment) if enrolment.has_left else enrolment


def _make_teacher_of_student(enrolment: Enrolment) -> None:
    """A student becomes a colleague, but never over own answers: those would belong to nobody's role any more."""
    if Answer.objects.filter(assignment__module=enrolment.module_id, student=enrolment.user_id).exists():
        raise RefusedError(
            _("%(name)s heeft hier als student antwoorden geschreven en kan daarom geen docent van deze module worden.")
            % {"name": enrolment.user}
        )
    enrolment.role, enrolment.group = Role.TEACHER, ""
    enrolment.save(update_fields=["role", "group"])
