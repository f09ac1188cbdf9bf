"""Modules, the enrolments of teachers and students, and assignments."""

import secrets
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casebook.lib.fields import LineField

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without characters that look alike on a projector
CODE_LENGTH = 6
CODE_OPEN_FOR = timedelta(days=14)
GRACE = timedelta(minutes=2)  # for saves that were queued on a phone without a connection


def new_code() -> str:
    """Return a random join code of six letters and digits that do not look alike."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def new_tag() -> str:
    """Return a random tag, which identifies a student where names are hidden."""
    return secrets.token_hex(4)


def code_closing_time() -> datetime:
    """Return the time at which a join code that is made now stops working."""
    return timezone.now() + CODE_OPEN_FOR


def full_title(title: str, period: str) -> str:
    """Return the title of a module with its period in brackets, if it has one."""
    return f"{title} ({period})" if period else title


class Role(models.TextChoices):
    """The roles of a user in a module."""

    STUDENT = "student", _("student")
    TEACHER = "teacher", _("docent")


def current_enrolment(relation: str = "", **lookups: object) -> dict[str, object]:
    """Return the lookups of an enrolment that has not ended, with these other lookups on the same enrolment.

    The relation is the path to enrolments, such as "module__enrolments". All lookups belong in one filter() or Q: a
    second filter() would accept another enrolment of the same module.
    """
    prefix = f"{relation}__" if relation else ""
    return {f"{prefix}{name}": value for name, value in {**lookups, "left_at": None}.items()}


class ModuleQuerySet(models.QuerySet):
    """Modules by the users who are in them now."""

    def of(self, user: AbstractBaseUser) -> "ModuleQuerySet":
        """Return the modules that this user is in, as a student or as a teacher."""
        return self.filter(**current_enrolment("enrolments", user=user))

    def taught_by(self, user: AbstractBaseUser) -> "ModuleQuerySet":
        """Return the modules that this user teaches."""
        return self.filter(**current_enrolment("enrolments", user=user, role=Role.TEACHER))


class Module(models.Model):
    """A course in which a class answers questions together («module of blok»)."""

    title = LineField(_("titel"), max_length=120)
    period = LineField(_("periode"), max_length=60, blank=True)
    description = models.TextField(_("omschrijving"), blank=True)
    groups = models.JSONField(_("klassen"), default=list, blank=True)
    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True, default=new_code)
    code_closes_at = models.DateTimeField(_("code geldig tot"), default=code_closing_time)
    archived_at = models.DateTimeField(_("gearchiveerd op"), null=True, blank=True)
    retain_until = models.DateField(_("bewaren tot"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Enrolment", related_name="modules")

    objects = ModuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("module")
        verbose_name_plural = _("modules")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.full_title

    def get_absolute_url(self) -> str:
        return reverse("questions:module", args=[self.pk])

    @property
    def full_title(self) -> str:
        """Return the title with the period, which tells modules with the same title apart."""
        return full_title(self.title, self.period)

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def code_is_open(self) -> bool:
        """Return whether users can join with the code now."""
        return not self.is_archived and timezone.now() < self.code_closes_at


class ReadBy(models.TextChoices):
    """The order of the feedback desk: everyone's answers to one question, or all answers of one student."""

    QUESTION = "vraag", _("per vraag")
    STUDENT = "student", _("per student")


@dataclass(frozen=True)
class ReadingChoices:
    """A teacher's last choices for reading in a module: order, group, hidden names, and many answers on a screen."""

    by: str = ReadBy.QUESTION
    group: str = ""
    hides_names: bool = False
    is_compact: bool = False


class EnrolmentQuerySet(models.QuerySet):
    """Enrolments by role, and by whether they are current."""

    def current(self) -> "EnrolmentQuerySet":
        """Return the enrolments of users who are in the module now."""
        return self.filter(**current_enrolment())

    def students(self) -> "EnrolmentQuerySet":
        """Return the enrolments of students, including those who left."""
        return self.filter(role=Role.STUDENT)

    def teachers(self) -> "EnrolmentQuerySet":
        """Return the enrolments of teachers, including those who left."""
        return self.filter(role=Role.TEACHER)

    def with_lasting_account(self) -> "EnrolmentQuerySet":
        """Return the enrolments of users whose account is active and will not be deleted."""
        return self.filter(user__is_active=True, user__deletion_due_at=None)


class Enrolment(models.Model):
    """A user in a module. The row stays when the user leaves, so that earlier submissions stay readable."""

    module = models.ForeignKey(Module, models.CASCADE, related_name="enrolments", verbose_name=_("module"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrolments", verbose_name=_("persoon")
    )
    role = models.CharField(_("rol"), max_length=8, choices=Role.choices, default=Role.STUDENT)
    group = LineField(_("klas"), max_length=40, blank=True)
    tag = models.CharField(_("label"), max_length=16, default=new_tag, editable=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(_("vertrokken op"), null=True, blank=True)
    asked_back_at = models.DateTimeField(_("wil terug sinds"), null=True, blank=True)
    reading_choices = models.JSONField(default=dict, blank=True, editable=False)  # the fields of ReadingChoices

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("deelname")
        verbose_name_plural = _("deelnames")
        ordering = ["module", "group", "user__sort_name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["module", "user"], name="enrolment_once"),
            models.UniqueConstraint(fields=["module", "tag"], name="enrolment_tag_unique_in_module"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="enrolment_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.module}"

    @property
    def is_teacher(self) -> bool:
        return self.role == Role.TEACHER

    @property
    def has_left(self) -> bool:
        return self.left_at is not None

    @property
    def is_current_student(self) -> bool:
        """Return whether this is a student who is in the module now."""
        return self.role == Role.STUDENT and not self.has_left

    @property
    def is_current_teacher(self) -> bool:
        """Return whether this is a teacher who is in the module now."""
        return self.is_teacher and not self.has_left

    @property
    def asks_to_return(self) -> bool:
        """Return whether this user left and asks to come back."""
        return self.has_left and self.asked_back_at is not None

    @property
    def alias(self) -> str:
        """Return the text that replaces the name where names are hidden."""
        return _("Student %(tag)s") % {"tag": self.tag[:6].upper()}

    def label(self, *, hides_names: bool) -> str:
        """Return the name, or the alias where names are hidden. Only the name needs the related user."""
        return self.alias if hides_names else str(self.user)

    @property
    def reading(self) -> ReadingChoices:
        """Return this teacher's last choices for reading in the module."""
        # During an upgrade, a process with the new code can store a choice that this code does not know.
        known = {field.name for field in fields(ReadingChoices)}
        return ReadingChoices(**{name: value for name, value in self.reading_choices.items() if name in known})


class AssignmentQuerySet(models.QuerySet):
    """Assignments by whether they are open and take work."""

    def open(self) -> "AssignmentQuerySet":
        """Return the assignments that have opened, so that students can see them."""
        return self.filter(Q(opens_at=None) | Q(opens_at__lte=timezone.now()))

    def taking_work(self) -> "AssignmentQuerySet":
        """Return the assignments in which handing in is still possible, once they are open."""
        return self.filter(Q(closed_at=None) | Q(closed_at__gt=timezone.now()), module__archived_at=None)

    def with_newest_edition(self) -> "AssignmentQuerySet":
        """Annotate newest_edition: the number of the latest edition of the case."""
        editions = self.model._meta.get_field("edition").related_model.objects
        newest = editions.filter(case=OuterRef("edition__case")).order_by("-number").values("number")[:1]
        return self.annotate(newest_edition=Subquery(newest))


class Assignment(models.Model):
    """A case in one edition, with the questions that the students of a module are asked about it (opdracht)."""

    module = models.ForeignKey(Module, models.CASCADE, related_name="assignments", verbose_name=_("module"))
    edition = models.ForeignKey("cases.Edition", models.PROTECT, related_name="assignments", verbose_name=_("editie"))
    instructions = models.TextField(_("toelichting"), blank=True)
    opens_at = models.DateTimeField(_("gaat open op"), null=True, blank=True)
    due_at = models.DateTimeField(_("inleveren voor"), null=True, blank=True)
    closed_at = models.DateTimeField(_("gesloten op"), null=True, blank=True)
    share = models.BooleanField(_("deel antwoorden na inleveren"), default=False)
    shared_from = models.DateTimeField(_("gedeeld vanaf"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("volgorde"), default=0)
    set_aside = models.JSONField(
        default=list, blank=True, editable=False
    )  # [question, position]: see questions.actions.edition_upgrades
    questions = models.ManyToManyField("questions.Question", through="AssignmentQuestion", related_name="assignments")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("opdracht")
        verbose_name_plural = _("opdrachten")
        ordering = ["module", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.edition.case.title}, {self.module}"

    def get_absolute_url(self) -> str:
        return reverse("questions:assignment", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Return whether the assignment has opened, so that students can see it."""
        return self.opens_at is None or self.opens_at <= timezone.now()

    @property
    def is_behind(self) -> bool:
        """Return whether there is a newer edition that its teacher could take over. Requires with_newest_edition()."""
        return self.newest_edition > self.edition.number and not self.edition.case.is_withdrawn

    @property
    def is_closed(self) -> bool:
        """Return whether handing in has ended."""
        return self.closed_at is not None and self.closed_at <= timezone.now()

    @property
    def takes_work(self) -> bool:
        """Return whether handing in is still possible. Saving and reading always are."""
        return not self.is_closed and not self.module.is_archived

    @property
    def is_past_due(self) -> bool:
        """Return whether the common due date has passed."""
        return self.is_past_due_for(None)

    def is_past_due_for(self, extension: "Extension | None") -> bool:
        """Return whether the due date of a student with this extension has passed, without the grace period."""
        due = self.due_for(extension)
        return due is not None and due < timezone.now()

    def due_for(self, extension: "Extension | None") -> datetime | None:
        """Return the later of the common due date and the one of this extension."""
        if self.due_at is None or extension is None:
            return self.due_at
        return max(self.due_at, extension.due_at)

    def is_late(self, submitted_at: datetime, extension: "Extension | None" = None) -> bool:
        """Return whether a submission at this time was late, which is after the due date and the grace period."""
        due = self.due_for(extension)
        return due is not None and submitted_at > due + GRACE


class AssignmentQuestion(models.Model):
    """A question in an assignment. It is dropped if the edition no longer asks it, but a student had answered it."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="asked")
    question = models.ForeignKey("questions.Question", models.PROTECT, related_name="asked_in")
    position = models.PositiveSmallIntegerField(_("volgorde"), default=0)
    dropped = models.BooleanField(_("vervallen"), default=False)

    class Meta:
        ordering = ["assignment", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "question"], name="assignment_question_once"),
        ]

    def __str__(self) -> str:
        return f"{self.question} in {self.assignment}"


class Extension(models.Model):
    """A later due date for one student."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="extensions")
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="extensions")
    due_at = models.DateTimeField(_("inleveren voor"))
    reason = models.CharField(_("reden"), max_length=200)

    class Meta:
        ordering = ["assignment", "due_at"]
        constraints = [models.UniqueConstraint(fields=["assignment", "enrolment"], name="extension_once")]

    def __str__(self) -> str:
        return f"{self.enrolment.user}: {self.due_at:%d-%m-%Y %H:%M}"
