"""The comment bank: sentences that teachers use more than once."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from questions.models.modules import Module


class CommentQuerySet(models.QuerySet):
    """Comments by the teachers who can use them."""

    def usable_by(self, user: AbstractBaseUser | int, module: Module) -> "CommentQuerySet":
        """Return the comments of this user, and those that colleagues share in this module."""
        return self.filter(Q(owner=user) | Q(module=module))


class Comment(models.Model):
    """A sentence in a teacher's comment bank."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments")
    module = models.ForeignKey(
        Module,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="comments",
        help_text=_("Leeg: alleen voor jou, in al je modules. Anders ook voor je collega’s in deze module."),
    )
    text = models.TextField(_("tekst"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["text", "pk"]

    def __str__(self) -> str:
        return self.text[:60]
