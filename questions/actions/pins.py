"""Pinning answers, which the projector then shows without names."""

from casebook.models import User
from questions.models import PinnedAnswer, Submission


def pin(*, submission: Submission, teacher: User) -> PinnedAnswer:
    """Pin an answer unless it is pinned already, and return the pin."""
    return PinnedAnswer.objects.get_or_create(submission=submission, defaults={"pinned_by": teacher})[0]


def unpin(*, submission: Submission) -> None:
    """Remove the pin of an answer, if there is one."""
    PinnedAnswer.objects.filter(submission=submission).delete()
