"""Invitations to teach on the site. The link is shown once; only the hash of its token is stored."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from casebook.models import TEACHERS, User, UserManager
from questions.models import TeacherInvitation

OPEN_FOR = timedelta(days=7)


class InvitationOverError(Exception):
    """Raised when an invitation was used, has expired, or is for another address."""


def digest(token: str) -> str:
    """Return the hash under which a token is stored."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find(token: str) -> TeacherInvitation | None:
    """Return the invitation of a token, or None."""
    return TeacherInvitation.objects.filter(token_hash=digest(token)).first()


def is_open(invitation: TeacherInvitation) -> bool:
    """Return whether the invitation can be used."""
    return invitation.used_at is None and timezone.now() < invitation.expires_at


@transaction.atomic
def invite(*, invitation: TeacherInvitation, by: User) -> str:
    """Save this invitation and return its token, which is not stored."""
    token = secrets.token_urlsafe(32)
    invitation.email = UserManager.normalize_email(invitation.email)
    invitation.token_hash = digest(token)
    invitation.invited_by = by
    invitation.expires_at = timezone.now() + OPEN_FOR
    invitation.save()
    return token


@transaction.atomic
def accept(*, invitation: TeacherInvitation, user: User) -> User:
    """Make this user a teacher. Raises InvitationOverError.

    The condition is in the UPDATE, so that an invitation cannot be used twice at the same time.
    """
    now = timezone.now()
    usable = TeacherInvitation.objects.filter(pk=invitation.pk, email=user.email, used_at=None, expires_at__gt=now)
    if not usable.update(used_at=now, person=user):
        raise InvitationOverError
    user.groups.add(Group.objects.get(name=TEACHERS))
    return user
