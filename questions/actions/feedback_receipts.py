"""Recording that a student has seen feedback, or goes on with it.

Both apply to released feedback of the student only. Neither is a save of the feedback: its revision and its time of
change stay the same.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from casebook.models import User
from questions.models import Feedback


def own_feedback(student: User) -> QuerySet[Feedback]:
    """Return all feedback that was released to this student."""
    return Feedback.objects.released().filter(submission__answer__student=student)


def see(*, student: User, until: datetime, ids: Iterable[int] | None = None) -> int:
    """Mark feedback as seen and return how many rows changed: all of it, or only the rows with these ids.

    Only feedback that was released before `until` counts, which is when the page was made.
    """
    news = own_feedback(student).filter(seen_at=None, released_at__lte=until)
    return (news if ids is None else news.filter(pk__in=ids)).update(seen_at=timezone.now(), before_release=None)


def take_up(*, feedback: Feedback, goes_on: bool, until: datetime) -> bool:
    """Record that the student goes on with this feedback, or no longer does, and that the student has seen it.

    The operation is idempotent. Return False if the feedback was released again after `until`, when the page was made,
    since the student has not read the present text.
    """
    now = timezone.now()
    taken_up_at = Coalesce("taken_up_at", now) if goes_on else None
    read = Feedback.objects.filter(pk=feedback.pk, released_at__lte=until)
    return bool(read.update(seen_at=Coalesce("seen_at", now), taken_up_at=taken_up_at, before_release=None))
