"""The users of the site."""

import unicodedata
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from casebook.lib.fields import LineField
from casebook.lib.sort_names import LONGEST, SortNameField, folded, sort_name_of
from casebook.lib.text import isolated, read_line

TEACHERS, EDITORS, CHIEF_EDITORS = "Docenten", "Redactie", "Eindredactie"


def check_email(typed: str) -> None:
    """Raise ValidationError for an address that cannot exist.

    Django's own check takes İ, ı and ſ for letters from a to z, because it ignores case.
    """
    local_part, _at, domain = UserManager.normalize_email(typed).rpartition("@")
    letters = read_line(typed).rpartition("@")[0] + local_part
    if not letters.isascii() or any(unicodedata.combining(letter) for letter in domain):
        raise ValidationError(
            _("Dit e-mailadres kan niet bestaan: er staat een letter in die daar niet kan. Typ het adres opnieuw."),
            code="invalid",
        )


def stored_email(typed: str) -> str:
    """Return an address in its stored form. Raises ValidationError for one that is too long or cannot exist."""
    check_email(typed)
    email = UserManager.normalize_email(typed)
    if len(email) > User._meta.get_field("email").max_length:
        raise ValidationError(_("Dit e-mailadres is te lang. Kies een ander adres."))
    return email


class UserManager(BaseUserManager):
    def create_user(self, email: str, name: str = "", password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), name=name, **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, name: str = "", password: str | None = None) -> "User":
        return self.create_user(email, name, password, is_superuser=True)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return read_line(email or "").lower()

    def get_with_roles(self, pk: int) -> "User | None":
        """Return the user with the roles that the menu depends on, so that these take no queries of their own.

        The query is compiled once, since each request of a signed-in user needs it and compiling takes longer than
        running it.
        """
        sql, parameters = _query_with_roles()
        return next(iter(self.raw(sql, (*parameters, pk))), None)

    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email=self.normalize_email(email))


@cache
def _query_with_roles() -> tuple[str, tuple]:
    """Return the query of one user with roles, and its parameters except the last, which is the id of the user."""
    groups = Group.objects.filter(user=OuterRef("pk"), name__in=[EDITORS, CHIEF_EDITORS])
    enrolments = apps.get_model("questions.Enrolment").objects.order_by()
    teaching = enrolments.current().teachers().filter(user=OuterRef("pk"))
    users = User.objects.annotate(is_editor=Exists(groups), is_teaching=Exists(teaching)).order_by()
    sql, parameters = users.filter(pk=0).query.sql_with_params()
    return sql, tuple(parameters[:-1])


class User(AbstractBaseUser, PermissionsMixin):
    """A user with an account. The e-mail address, stored in lower case, is the name to sign in with."""

    email = models.EmailField(_("e-mailadres"), unique=True, validators=[check_email])
    name = LineField(_("naam"), max_length=120)
    sort_name = SortNameField(
        _("sorteren onder"), max_length=LONGEST, blank=True, help_text=_("Leeg laten kan: dan volgt dit uit de naam.")
    )
    is_active = models.BooleanField(_("actief"), default=True)
    date_joined = models.DateTimeField(_("sinds"), auto_now_add=True)
    proven_email = models.EmailField(editable=False, blank=True)  # the address that was proven by a mailed code
    deletion_due_at = models.DateTimeField(_("wordt gewist op"), null=True, blank=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)  # an invented user, see casebook.demo

    objects = UserManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("gebruiker")
        verbose_name_plural = _("gebruikers")
        ordering = ["sort_name", "email"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_in_lower_case"),
        ]

    def __str__(self) -> str:
        return self.shown_name or self.email

    @property
    def shown_name(self) -> str:
        """Return the name as pages print it. A name from right to left does not change the order of the text around it.

        The marks for that do what <bdi> does, and also work in an attribute, a title, an option and a mail.
        """
        return isolated(self.name)

    def clean(self) -> None:
        super().clean()
        self.email = stored_email(self.email)
        self.name = read_line(self.name)

    def rename(self, name: str, sort_name: str) -> None:
        """Set the name, and the sort name that was typed with it. A sort name that was that of the name stays so."""
        was_own = folded(sort_name) != self.sort_name or self.sort_name != sort_name_of(self.name)
        self.name, self.sort_name = name, sort_name if was_own else ""

    def set_password(self, raw_password: str | None) -> None:
        """Set the password; an account of the demonstration never gets one, which only signs in by guard.is_offered."""
        super().set_password(None if self.is_demo else raw_password)

    def check_password(self, raw_password: str) -> bool:
        """Check the password as Django does, and hash it again when the hasher has changed.

        The new hash only replaces the one that was read: the owner of the address can have ended this password in the
        meantime (adapter.prove_address).
        """
        read = self.password

        def upgrade(raw_password: str) -> None:
            self.set_password(raw_password)
            type(self).objects.filter(pk=self.pk, password=read).update(password=self.password)

        return check_password(raw_password, read, upgrade)

    def get_short_name(self) -> str:
        return isolated(self.name.split(" ")[0]) or self.email

    @cached_property
    def group_names(self) -> frozenset[str]:
        return frozenset(self.groups.values_list("name", flat=True))

    @cached_property
    def is_editor(self) -> bool:
        return not self.group_names.isdisjoint({EDITORS, CHIEF_EDITORS})

    @cached_property
    def is_teaching(self) -> bool:
        """Return whether the user is a teacher of a module now, which may be archived."""
        return self.enrolments.current().teachers().exists()

    @property
    def may_enter_admin(self) -> bool:
        return self.is_active and (self.is_superuser or self.is_editor)

    @property
    def may_teach(self) -> bool:
        """Return whether the user can create modules. Teaching in one module is a role in that module."""
        return self.is_active and (self.is_superuser or TEACHERS in self.group_names)

    @property
    def may_publish(self) -> bool:
        return self.is_active and (self.is_superuser or CHIEF_EDITORS in self.group_names)

    @property
    def is_staff(self) -> bool:
        """Return what Django's own admin forms need; the site has no such field."""
        return self.may_enter_admin


class AttemptCount(models.Model):
    """The number of attempts in the window that ends then. Only lib/ratelimit.py reads and writes it."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class SentForm(models.Model):
    """A form that made something, and the address to which its request was redirected. Only lib/once.py uses it."""

    key = models.CharField(max_length=64, primary_key=True)
    location = models.TextField(blank=True)  # as long as the address in a form can be
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.location}"
