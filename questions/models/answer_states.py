"""What follows from an answer, its submissions and its feedback: its state, and whether it may still be taken back."""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """What a teacher thinks of a version that was handed in, in the order in which a teacher chooses from them.

    What a verdict looks like and leads to is defined here; templates and pages ask a verdict or a state for it.
    """

    READ = "gelezen", _("gelezen")
    AGAIN = "aanvullen", _("graag aanvullen")
    DONE = "afgerond", _("afgerond")

    @property
    def key(self) -> str:
        """The key that chooses it at the feedback desk."""
        return str(Verdict.values.index(self.value) + 1)

    @property
    def icon(self) -> str:
        """The name of its symbol in img/desk.svg."""
        return self.value

    @property
    def css_class(self) -> str:
        """The class that gives it its colour."""
        return f"state--{self.value}"

    @property
    def asks_for_new_version(self) -> bool:
        """Whether the student is asked to hand in again."""
        return self == Verdict.AGAIN


class AnswerState(models.TextChoices):
    """What a student sees of an answer. Derived, never stored."""

    EMPTY = "leeg", _("nog leeg")
    DRAFT = "concept", _("concept")
    SUBMITTED = "ingeleverd", _("ingeleverd")
    READ = Verdict.READ.value, Verdict.READ.label
    AGAIN = Verdict.AGAIN.value, Verdict.AGAIN.label
    DONE = Verdict.DONE.value, Verdict.DONE.label

    @property
    def is_handed_in(self) -> bool:
        return self not in {AnswerState.EMPTY, AnswerState.DRAFT}

    @property
    def asks_for_new_version(self) -> bool:
        """Whether the verdict asks the student to hand in again."""
        return self.value in Verdict.values and Verdict(self.value).asks_for_new_version


class WorkState(models.TextChoices):
    """What a teacher sees of an answer. Derived, never stored; of a draft only that it is there."""

    EMPTY = "leeg", _("nog leeg")
    BUSY = "bezig", _("bezig")
    SUBMITTED = "ingeleverd", _("nog te lezen")
    READY = "klaar", _("feedback klaar, niet vrijgegeven")
    READ = Verdict.READ.value, Verdict.READ.label
    AGAIN = Verdict.AGAIN.value, Verdict.AGAIN.label
    DONE = Verdict.DONE.value, Verdict.DONE.label

    @property
    def is_handed_in(self) -> bool:
        return self not in {WorkState.EMPTY, WorkState.BUSY}


@dataclass(frozen=True, slots=True)
class AnswerProgress:
    """How far an answer is. The states that students and teachers see are derived here and nowhere else."""

    is_written: bool  # there is more in it than white space
    is_handed_in: bool = False  # a submission stands; all that follows is about the latest one
    is_changed: bool = False  # the text is not the one that was handed in
    is_to_read: bool = False  # no teacher has given feedback
    verdict: str | None = None  # of the feedback that was released last

    @property
    def for_student(self) -> AnswerState:
        """The state that the student sees."""
        if not self.is_handed_in:
            return AnswerState.DRAFT if self.is_written else AnswerState.EMPTY
        return AnswerState(self.verdict) if self.verdict else AnswerState.SUBMITTED

    @property
    def for_teacher(self) -> WorkState:
        """The state that teachers see."""
        if not self.is_handed_in:
            return WorkState.BUSY if self.is_written else WorkState.EMPTY
        if self.is_to_read:
            return WorkState.SUBMITTED
        return WorkState(self.verdict) if self.verdict else WorkState.READY

    @property
    def has_unsubmitted_changes(self) -> bool:
        """Whether it was handed in before, and changed since."""
        return self.is_handed_in and self.is_changed

    @property
    def is_unseen_by_teachers(self) -> bool:
        """Whether there is a text that was not handed in as it is."""
        return self.has_unsubmitted_changes if self.is_handed_in else self.is_written


class TooLate(StrEnum):
    """Why a submission can no longer be taken back."""

    FEEDBACK = "feedback"
    SHARED = "shared"
    CLOSED = "closed"


def why_not_take_back(*, has_feedback: bool, has_read_shared: bool, takes_work: bool) -> TooLate | None:
    """Return why a submission can no longer be taken back; None while it can.

    Feedback that is not released counts when a student takes an answer back, but no page may show that it exists.
    """
    if has_feedback:
        return TooLate.FEEDBACK
    if has_read_shared:
        return TooLate.SHARED
    return None if takes_work else TooLate.CLOSED
