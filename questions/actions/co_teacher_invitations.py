"""Invitations to teach a module: a link, which belongs to the account that opens it first.

An invitation by e-mail address would not be safe, since users can sign up with the address of another person. The link
is signed and not stored, so the teachers of the module can look it up for as long as it is open.
"""

from enum import Enum

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from casebook.lib.errors import RefusedError
from casebook.models import User
from questions.actions.modules import make_teacher
from questions.actions.teacher_invitations import OPEN_FOR
from questions.models import CoTeacherInvitation, Enrolment, Module, Role, current_enrolment

MOST_OPEN = 20  # open links of one module
signer = Signer(salt="questions.colleagues", sep=".")


class LinkState(Enum):
    """The meaning of a link for the user who opens it."""

    OPEN = "open"
    OVER = "over"
    TAKEN = "taken"  # another user opened it first
    TEACHER = "teacher"  # this user is a teacher of the module already


@transaction.atomic
def invite(*, module: Module, by: User) -> CoTeacherInvitation:
    """Create an invitation to teach this module. Raises RefusedError if the module has too many open ones."""
    Module.objects.select_for_update().get(pk=module.pk)
    if open_in(module).count() >= MOST_OPEN:
        raise RefusedError(
            _("Er staan al %(most)s links open. Trek er eerst een in; dan kun je een nieuwe maken.")
            % {"most": MOST_OPEN}
        )
    return CoTeacherInvitation.objects.create(module=module, invited_by=by, expires_at=timezone.now() + OPEN_FOR)


def open_in(module: Module) -> QuerySet[CoTeacherInvitation]:
    """Return the open invitations of a module, newest first."""
    return (
        CoTeacherInvitation.objects.filter(module=module, used_at=None, expires_at__gt=timezone.now())
        .filter(invited_by__in=_teachers(module))
        .select_related("invited_by", "opened_by")
    )


def _teachers(module: Module) -> QuerySet[User]:
    """Return the teachers whose links work: those who are in the module and whose account will not be deleted."""
    return User.objects.filter(
        is_active=True,
        deletion_due_at=None,
        **current_enrolment("enrolments", module=module, role=Role.TEACHER),
    )


def link_of(invitation: CoTeacherInvitation) -> str:
    """Return the full address of the link."""
    return f"{settings.SITE_URL}{path_of(invitation)}"


def path_of(invitation: CoTeacherInvitation) -> str:
    """Return the signed path of the link."""
    return reverse("questions:co_teacher", args=[signer.sign(invitation.pk)])


def find(token: str) -> CoTeacherInvitation | None:
    """Return the invitation of a signed token, or None if the signature is wrong or the row is gone."""
    try:
        pk = signer.unsign(token)
    except BadSignature:
        return None
    return CoTeacherInvitation.objects.select_related("module", "invited_by").filter(pk=pk).first()


def open_link(*, invitation: CoTeacherInvitation, user: User) -> LinkState:
    """Bind the link to this user unless it is bound to another, and return what the link is for this user.

    The condition is in the UPDATE, so that only one of two users who open the link at the same time gets it.
    """
    if _is_teacher(invitation.module_id, user):
        return LinkState.TEACHER
    gone = Enrolment.objects.filter(module=invitation.module_id, user=user, left_at__gte=invitation.created_at)
    if not is_open(invitation) or gone.exists():  # teachers who were removed cannot return with an older link
        return LinkState.OVER
    theirs = CoTeacherInvitation.objects.filter(pk=invitation.pk).filter(Q(opened_by=None) | Q(opened_by=user))
    return LinkState.OPEN if theirs.update(opened_by=user) else LinkState.TAKEN


def is_open(invitation: CoTeacherInvitation) -> bool:
    """Return whether the link can be used."""
    return open_in(invitation.module).filter(pk=invitation.pk).exists()


def _is_teacher(module_id: int, user: User) -> bool:
    return Enrolment.objects.current().teachers().filter(module=module_id, user=user).exists()


@transaction.atomic
def accept(*, invitation: CoTeacherInvitation, user: User) -> LinkState:
    """Make this user a teacher of the module and return what the link was for this user.

    Raises RefusedError if the user cannot be a teacher; the link then stays bound to the user.
    """
    Module.objects.select_for_update().get(pk=invitation.module_id)
    state = open_link(invitation=invitation, user=user)
    if state is LinkState.OPEN:
        make_teacher(module=invitation.module, user=user)
        CoTeacherInvitation.objects.filter(pk=invitation.pk).update(used_at=timezone.now())
    return state


@transaction.atomic
def withdraw(*, module: Module, invitation_id: int) -> None:
    """Delete an invitation of this module. Raises RefusedError if a colleague has used it."""
    Module.objects.select_for_update().get(pk=module.pk)
    found = CoTeacherInvitation.objects.filter(module=module, pk=invitation_id)
    if found.filter(used_at__isnull=False).exists():
        raise RefusedError(_("Deze link is al gebruikt: je collega is nu docent van deze module."))
    found.delete()
