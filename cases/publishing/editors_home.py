"""What an editor sees on the home page: own concepts, and what was sent in for publication."""

from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, OuterRef, Q, Subquery
from django.db.models.functions import Cast

from casebook.models import User
from cases.models import Case, Status

MOST_CONCEPTS = 4  # of each kind; the list in the admin has all of them


@dataclass(frozen=True)
class EditorsHome:
    """The concepts that an editor changed last, and those that others sent in if this editor may publish them."""

    own: list[Case]
    waiting: list[Case]


def editors_home(user: User) -> EditorsHome:
    """Return the concepts of this editor, the latest first, in one query."""
    log = LogEntry.objects.filter(
        user=user,
        content_type=ContentType.objects.get_for_model(Case),
        object_id=Cast(OuterRef("pk"), CharField()),
    )
    worked_on = log.order_by("-action_time").values("action_time")[:1]
    concepts = Case.objects.for_editors().filter(status=Status.CONCEPT).annotate(worked_on_at=Subquery(worked_on))
    concerned = Q(worked_on_at__isnull=False) | Q(sent_in_by=user)
    if user.may_publish:
        concerned |= Q(sent_in_at__isnull=False)
    rows = list(
        concepts.filter(concerned).order_by("-worked_on_at", "-pk").only("title", "revises", "sent_in_at", "sent_in_by")
    )
    own = [case for case in rows if case.worked_on_at is not None or case.sent_in_by_id == user.pk]
    waiting = [case for case in rows if case not in own]
    return EditorsHome(own[:MOST_CONCEPTS], waiting[:MOST_CONCEPTS])
