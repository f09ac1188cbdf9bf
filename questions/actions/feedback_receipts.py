"""What a student does with feedback: see it, and go on with it.

Only of what is released, and only of one's own. Neither is a save of the feedback: its revision and its moment stay.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models.functions import Coalesce
from django.utils import timezone

from questions.models import Feedback


def own_feedback(student):
    """All that was released to this student."""
    return Feedback.objects.released().filter(submission__answer__student=student)


def see(*, student, until: datetime, ids: Iterable[int] | None = None) -> int:
    """What was there when a page was made is no news any more: all of it, or what came into view of it. Returns how
    much that was. What was released anew since is news again."""
    news = own_feedback(student).filter(seen_at=None, released_at__lte=until)
    return (news if ids is None else news.filter(pk__in=ids)).update(seen_at=timezone.now())


def take_up(*, feedback: Feedback, goes_on: bool, until: datetime) -> bool:
    """«Hier ga ik mee verder», or not after all. Who says so has seen it. Saying it twice is saying it once.

    False where it was released anew since the page was made: then the student has not read what it says now.
    """
    now = timezone.now()
    taken_up_at = Coalesce("taken_up_at", now) if goes_on else None
    read = Feedback.objects.filter(pk=feedback.pk, released_at__lte=until)
    return bool(read.update(seen_at=Coalesce("seen_at", now), taken_up_at=taken_up_at))
