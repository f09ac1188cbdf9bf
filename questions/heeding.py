"""What a student does with feedback: see it, and go on with it.

Only of what is released, and only of one's own. Neither is a save of the feedback: its revision and its moment stay.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from questions.models import Feedback


def own_feedback(student):
    """All that was released to this student."""
    return Feedback.objects.released().filter(submission__answer__student=student)


def see_until(*, student, moment: datetime) -> int:
    """What was there when a page was made is no news any more. Returns how much that was."""
    return own_feedback(student).filter(seen_at=None, released_at__lte=moment).update(seen_at=timezone.now())


def see(*, student, ids: Iterable[int]) -> int:
    """What came into view on the desk is no news any more. Returns how much that was."""
    return own_feedback(student).filter(seen_at=None, pk__in=ids).update(seen_at=timezone.now())


def take_up(*, feedback: Feedback, goes_on: bool) -> None:
    """«Hier ga ik mee verder», or not after all. Who says so has seen it. Saying it twice is saying it once."""
    now = timezone.now()
    feedback.seen_at = feedback.seen_at or now
    feedback.taken_up_at = (feedback.taken_up_at or now) if goes_on else None
    Feedback.objects.filter(pk=feedback.pk).update(seen_at=feedback.seen_at, taken_up_at=feedback.taken_up_at)
