"""Invitations to teach: on the site, and in one module."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from questions.models.modules import Module


class TeacherInvitationQuerySet(models.QuerySet):
    """Invitations by the user they are about, for data exports and deletion."""

    def about(self, user: AbstractBaseUser) -> "TeacherInvitationQuerySet":
        """Return the invitations to any address that this user has, or had when they were sent or used."""
        return self.filter(Q(person=user) | Q(email__in={user.email, user.proven_email} - {""}))

    def of_nobody(self) -> "TeacherInvitationQuerySet":
        """Return the invitations to addresses without an account that were used, or expired a month ago."""
        accounts = get_user_model().objects.all()
        month_ago = timezone.now() - timedelta(days=30)
        return self.filter(
            ~Exists(accounts.filter(Q(email=OuterRef("email")) | Q(proven_email=OuterRef("email")))),
            Q(used_at__isnull=False) | Q(expires_at__lt=month_ago),
            person=None,
        )


class TeacherInvitation(models.Model):
    """An invitation to become a teacher on the site. It is valid once, for this address, until it expires."""

    email = models.EmailField(_("e-mailadres"))
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("geldig tot"))
    used_at = models.DateTimeField(_("gebruikt op"), null=True, blank=True)
    # The user who used it, or who had this address before changing it: it is deleted with that user's account.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )

    token: str | None = None  # of the link, right after the invitation is made; only its hash is stored

    objects = TeacherInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("uitnodiging voor een docent")
        verbose_name_plural = _("uitnodigingen voor docenten")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.email


class CoTeacherInvitation(models.Model):
    """A link that makes one colleague a teacher of this module: the first user who opens it."""

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
