"""Invitations to teach: on the site, and in one module."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from questions.models.modules import Module


class TeacherInvitationQuerySet(models.QuerySet):
    def about(self, user) -> "TeacherInvitationQuerySet":
        """To any address that this person has, or had when it was sent or used."""
        return self.filter(Q(person=user) | Q(email__in={user.email, user.proven_email} - {""}))

    def of_nobody(self) -> "TeacherInvitationQuerySet":
        """Without further use, to an address of nobody who has an account: used, or over for a month."""
        accounts = get_user_model().objects.all()
        month_ago = timezone.now() - timedelta(days=30)
        return self.filter(
            ~Exists(accounts.filter(Q(email=OuterRef("email")) | Q(proven_email=OuterRef("email")))),
            Q(used_at__isnull=False) | Q(expires_at__lt=month_ago),
            person=None,
        )


class TeacherInvitation(models.Model):
    """One person may become a teacher: the one with this very address, once, before it expires."""

    email = models.EmailField(_("e-mailadres"))
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("geldig tot"))
    used_at = models.DateTimeField(_("gebruikt op"), null=True, blank=True)
    # Who used it, or whose address it was until they changed it: what they have deleted with their account.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )

    token: str | None = None  # of the link, while it is made: stored as a hash only

    objects = TeacherInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("uitnodiging voor een docent")
        verbose_name_plural = _("uitnodigingen voor docenten")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.email


class CoTeacherInvitation(models.Model):
    """A link that makes one colleague a teacher of this module; of whoever opens it first."""

    module = models.ForeignKey(Module, models.CASCADE, related_name="co_teacher_invitations")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.module} ({self.invited_by})"
