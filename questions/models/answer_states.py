"""The state of an answer, derived from its submissions and feedback, and whether it can still be taken back."""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """A teacher's verdict on a submission, in the order in which the feedback desk offers them.

    This is the only list of verdicts. Buttons, keys, colours, icons and states are derived from it, in templates and
    scripts too. The first verdict is the default; it means only that a teacher read the answer.
    """

    READ = "gelezen", _("gelezen")
    AGAIN = "aanvullen", _("graag aanvullen")
    DONE = "afgerond", _("afgerond")

    @property
    def key(self) -> str:
        """Return the key that chooses this verdict at the feedback desk."""
        return str(Verdict.values.index(self.value) + 1)

    @property
    def look(self) -> str:
        """Return the name of the colours of this verdict in the style sheets, and of its symbol in img/desk.svg."""
        return self.value if self in {Verdict.AGAIN, Verdict.DONE} else Verdict.READ.value

    @property
    def asks_for_new_version(self) -> bool:
        """Return whether the student is asked to hand in again."""
        return self == Verdict.AGAIN


def look_of(state: models.TextChoices) -> str:
    """Return the look of a state: that of the verdict, or its own."""
    return Verdict(state.value).look if state.value in Verdict.values else state.value


class AnswerState(models.TextChoices):
    """The state of an answer as its student sees it: one of three, or a verdict. It is derived, never stored."""

    _ignore_ = ("members", "verdict")

    EMPTY = "leeg", _("nog leeg")
    DRAFT = "concept", _("concept")
    SUBMITTED = "ingeleverd", _("ingeleverd")
    members = vars()
    for verdict in Verdict:
        members[verdict.name] = verdict.value, verdict.label

    @property
    def look(self) -> str:
        """Return the name of the colours of this state in the style sheets, and of its symbol in img/desk.svg."""
        return look_of(self)

    @property
    def is_handed_in(self) -> bool:
        return self not in {AnswerState.EMPTY, AnswerState.DRAFT}

    @property
    def asks_for_new_version(self) -> bool:
        """Return whether the verdict asks the student to hand in again."""
        return self.value in Verdict.values and Verdict(self.value).asks_for_new_version


class WorkState(models.TextChoices):
    """The state of an answer as teachers see it: one of four, or a verdict. It is derived, never stored.

    A draft shows only that it exists.
    """

    _ignore_ = ("members", "verdict")

    EMPTY = "leeg", _("nog leeg")
    BUSY = "bezig", _("bezig")
    SUBMITTED = "ingeleverd", _("nog te lezen")
    READY = "klaar", _("feedback klaar, niet vrijgegeven")
    members = vars()
    for verdict in Verdict:
        members[verdict.name] = verdict.value, verdict.label

    @property
    def look(self) -> str:
        """Return the name of the colours and the symbol of this state in the style sheets."""
        return look_of(self)

    @property
    def is_handed_in(self) -> bool:
        return self not in {WorkState.EMPTY, WorkState.BUSY}


@dataclass(frozen=True, slots=True)
class AnswerProgress:
    """The progress of an answer. The states that students and teachers see are derived here and nowhere else."""

    is_written: bool  # the text is more than white space
    is_handed_in: bool = False  # there is a submission in force; the fields below are about the latest one
    is_changed: bool = False  # the text differs from the submitted one
    is_to_read: bool = False  # no teacher has written feedback
    verdict: str | None = None  # of the feedback that was released last

    @property
    def is_finished(self) -> bool:
        """Return whether the student has nothing to do: it is handed in as it is, and no new version is asked for."""
        return self.is_handed_in and not self.is_changed and not self.for_student.asks_for_new_version

    @property
    def for_student(self) -> AnswerState:
        """Return the state that the student sees."""
        if not self.is_handed_in:
            return AnswerState.DRAFT if self.is_written else AnswerState.EMPTY
        return AnswerState(self.verdict) if self.verdict else AnswerState.SUBMITTED

    @property
    def for_teacher(self) -> WorkState:
        """Return the state that teachers see."""
        if not self.is_handed_in:
            return WorkState.BUSY if self.is_written else WorkState.EMPTY
        if self.is_to_read:
            return WorkState.SUBMITTED
        return WorkState(self.verdict) if self.verdict else WorkState.READY

    @property
    def has_unsubmitted_changes(self) -> bool:
        """Return whether the answer was handed in before and has changed since."""
        return self.is_handed_in and self.is_changed

    @property
    def is_unseen_by_teachers(self) -> bool:
        """Return whether the current text was not handed in."""
        return self.has_unsubmitted_changes if self.is_handed_in else self.is_written


class TooLate(StrEnum):
    """Why a submission can no longer be taken back."""

    FEEDBACK = "feedback"
    SHARED = "shared"
    CLOSED = "closed"


def why_not_take_back(*, has_feedback: bool, has_read_shared: bool, takes_work: bool) -> TooLate | None:
    """Return the reason why a submission can no longer be taken back, or None if it can.

    Feedback that is not released counts when a student takes an answer back, but no page may show that it exists.
    """
    if has_feedback:
        return TooLate.FEEDBACK
    if has_read_shared:
        return TooLate.SHARED
    return None if takes_work else TooLate.CLOSED
