"""The admin of questions: read-only pages of modules, enrolments and assignments, and invitations to teach.

Models with texts of students or feedback are never registered; tests/casebook/accounts/test_adapter.py checks this.
"""

import logging
from collections.abc import Iterable
from smtplib import SMTPException

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casebook.models import stored_email
from questions.actions import teacher_invitations
from questions.models import Assignment, Enrolment, Module, Role, TeacherInvitation, current_enrolment

log = logging.getLogger(__name__)


class ReadOnlyAdmin(admin.ModelAdmin):
    """A read-only admin, for models that teachers change on the site itself."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Module)
class ModuleAdmin(ReadOnlyAdmin):
    """Modules, with the numbers of teachers, students and assignments."""

    list_display = ["title", "period", "teachers", "students", "assignments", "created_at", "archived_at"]
    list_filter = ["archived_at"]
    search_fields = ["title", "period"]
    fields = ["title", "period", "description", "groups", "code_closes_at", "archived_at", "retain_until"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Module]:
        students = Q(**current_enrolment("enrolments", role=Role.STUDENT))
        teachers = Q(**current_enrolment("enrolments", role=Role.TEACHER))
        return (
            super()
            .get_queryset(request)
            .annotate(
                teacher_count=Count("enrolments", teachers, distinct=True),
                student_count=Count("enrolments", students, distinct=True),
                assignment_count=Count("assignments", distinct=True),
            )
        )

    @admin.display(description=gettext_lazy("docenten"), ordering="teacher_count")
    def teachers(self, module: Module) -> int:
        return module.teacher_count

    @admin.display(description=gettext_lazy("studenten"), ordering="student_count")
    def students(self, module: Module) -> int:
        return module.student_count

    @admin.display(description=gettext_lazy("opdrachten"), ordering="assignment_count")
    def assignments(self, module: Module) -> int:
        return module.assignment_count


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    """Enrolments, without the answers of students."""

    list_display = ["user", "module", "role", "group", "joined_at", "left_at"]
    list_filter = ["role", ("left_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "module"]
    search_fields = ["user__name", "user__email", "module__title"]
    fields = ["user", "module", "role", "group", "joined_at", "left_at"]


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    """Assignments, without the answers of students."""

    list_display = ["title", "module", "edition", "opens_at", "due_at", "closed_at"]
    list_select_related = ["module", "edition__case"]
    search_fields = ["module__title", "edition__case__title"]
    fields = ["module", "edition", "instructions", "opens_at", "due_at", "closed_at", "share"]

    @admin.display(description=gettext_lazy("casus"), ordering="edition__case__title")
    def title(self, assignment: Assignment) -> str:
        return assignment.edition.case.title


class InvitationForm(forms.ModelForm):
    """The form for inviting a teacher."""

    class Meta:
        model = TeacherInvitation
        fields = ["email"]
        help_texts = {"email": gettext_lazy("Alleen wie met dit adres is ingelogd, kan de uitnodiging gebruiken.")}

    def clean_email(self) -> str:
        return stored_email(self.cleaned_data["email"])


@admin.register(TeacherInvitation)
class TeacherInvitationAdmin(admin.ModelAdmin):
    """Invitations can be added and deleted, not changed. A link is shown once, and mailed if the site can send mail."""

    form = InvitationForm
    list_display = ["email", "state", "created_at", "expires_at", "used_at", "invited_by"]
    list_select_related = ["invited_by"]
    search_fields = ["email"]

    def get_fields(self, request: HttpRequest, obj: TeacherInvitation | None = None) -> list[str]:
        return ["email"] if obj is None else ["email", "state", "created_at", "expires_at", "used_at", "invited_by"]

    def has_change_permission(self, request: HttpRequest, obj: TeacherInvitation | None = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: TeacherInvitation, message: str | list) -> LogEntry:
        entry = super().log_addition(request, obj, message)
        _name_no_address([obj.pk])
        return entry

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[TeacherInvitation]) -> list[LogEntry]:
        pks = [invitation.pk for invitation in queryset]
        entries = super().log_deletions(request, queryset)
        _name_no_address(pks)
        return entries

    @admin.display(description=gettext_lazy("stand"))
    def state(self, invitation: TeacherInvitation) -> str:
        if invitation.used_at:
            return _("gebruikt")
        return _("open") if teacher_invitations.is_open(invitation) else _("verlopen")

    def save_model(self, request: HttpRequest, obj: TeacherInvitation, form: forms.ModelForm, change: bool) -> None:
        obj.token = teacher_invitations.invite(invitation=obj, by=request.user)

    def response_add(
        self, request: HttpRequest, obj: TeacherInvitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Return the page with the link. It responds to the POST itself, since the link is not stored."""
        link = f"{settings.SITE_URL}{reverse('invitation', args=[obj.token])}"
        context = {"invitation": obj, "link": link, "title": _("De uitnodiging staat klaar"), "opts": self.opts}
        response = TemplateResponse(
            request, "admin/questions/teacherinvitation/made.html", self.admin_site.each_context(request) | context
        )
        if settings.HAS_MAIL:  # after the commit, since a slow mail server must not extend the transaction
            transaction.on_commit(lambda: response.context_data.update(mailed=mail_invitation(obj, link)))
        return response


def _name_no_address(pks: Iterable[int]) -> None:
    """Replace the e-mail address in log entries by a number, since the log remains after an invitation is deleted."""
    kind = ContentType.objects.get_for_model(TeacherInvitation)
    for pk in pks:
        label = _("Uitnodiging %(number)s") % {"number": pk}
        LogEntry.objects.filter(content_type=kind, object_id=str(pk)).update(object_repr=label)


def mail_invitation(invitation: TeacherInvitation, link: str) -> bool:
    """Send the link to the address of the invitation; return whether that succeeded."""
    context = {"link": link, "invitation": invitation, "site_url": settings.SITE_URL}
    subject = _("Uitnodiging om docent te worden in Casusboek")
    body = render_to_string("account/email/invitation_message.txt", context)
    try:
        return bool(send_mail(subject, body, None, [invitation.email]))
    except (OSError, SMTPException):
        log.exception("an invitation could not be mailed")
        return False
