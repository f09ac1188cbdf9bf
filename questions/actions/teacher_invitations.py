"""Inviting somebody to teach. Only the link that is shown once opens an invitation: we keep no more than its hash."""

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
    """Used already, too old, or meant for another address."""


def digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find(token: str) -> TeacherInvitation | None:
    return TeacherInvitation.objects.filter(token_hash=digest(token)).first()


def is_open(invitation: TeacherInvitation) -> bool:
    return invitation.used_at is None and timezone.now() < invitation.expires_at


@transaction.atomic
def invite(*, invitation: TeacherInvitation, by: User) -> str:
    """Save this invitation and return its token, which cannot be found again."""
    token = secrets.token_urlsafe(32)
    invitation.email = UserManager.normalize_email(invitation.email)
    invitation.token_hash = digest(token)
    invitation.invited_by = by
    invitation.expires_at = timezone.now() + OPEN_FOR
    invitation.save()
    return token


@transaction.atomic
def accept(*, invitation: TeacherInvitation, user: User) -> User:
    """Make this person a teacher. The condition stands in the UPDATE, so of two clicks one is the first."""
    now = timezone.now()
    mine = TeacherInvitation.objects.filter(pk=invitation.pk, email=user.email, used_at=None, expires_at__gt=now)
    if not mine.update(used_at=now, person=user):
        raise InvitationOverError
    user.groups.add(Group.objects.get(name=TEACHERS))
    return user
