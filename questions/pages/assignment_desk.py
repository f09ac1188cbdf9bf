"""The assignment desk: the questions of an assignment with a student's answers, submissions and feedback."""

import random
from dataclasses import dataclass

from django.db.models import F
from django.utils.translation import gettext as _

import cases.access
from casebook.models import User
from cases.access import CaseDocument
from questions.access import Desk
from questions.models import (
    Answer,
    AnswerState,
    Assignment,
    Feedback,
    Kolb,
    Question,
    SharedReading,
    Submission,
    TooLate,
    why_not_take_back,
)

SHARED_FROM = 3  # other students who must have handed in before answers are shared without names


@dataclass(frozen=True)
class HandedInVersion:
    """A submission with the released feedback on it."""

    submission: Submission
    feedback: list[Feedback]


@dataclass(frozen=True)
class ReleasedFeedback:
    """Feedback that the student may see, with its submission."""

    feedback: Feedback
    submission: Submission
    is_on_version_in_force: bool  # about the submission that is in force

    @property
    def may_be_taken_up(self) -> bool:
        """Return whether the student can take the feedback up, or has done so."""
        return self.is_on_version_in_force or self.feedback.taken_up_at is not None


@dataclass
class Item:
    """One question on the desk."""

    desk: Desk
    question: Question
    wording: str
    answer: Answer | None
    own_text: str
    versions: list[HandedInVersion]
    has_read_shared: bool
    is_dropped: bool  # the edition no longer asks it; students who answered it still see it
    posted: str | None = None
    problem: str = ""
    is_reopened: bool = False  # the student asked to write a new version

    @property
    def lens(self) -> Kolb:
        return Kolb(self.question.kolb)

    @property
    def text(self) -> str:
        """Return the text for the field: a text that was just sent and not saved, or else the stored one."""
        if self.posted is not None:
            return self.posted
        return self.answer.text if self.answer else ""

    @property
    def stored_text(self) -> str:
        return self.answer.text if self.answer else ""

    @property
    def revision(self) -> int:
        return self.answer.revision if self.answer else 0

    @property
    def state(self) -> AnswerState:
        return self.answer.state if self.answer else AnswerState.EMPTY

    @property
    def is_handed_in(self) -> bool:
        return bool(self.answer) and self.answer.handed_in is not None

    @property
    def is_locked(self) -> bool:
        """Return whether the field is read-only until the student takes the answer back or starts a new version."""
        is_same = self.is_handed_in and not self.answer.has_unsubmitted_changes
        return is_same and self.posted is None and not self.is_reopened

    @property
    def version_in_force(self) -> HandedInVersion | None:
        """Return the submission that teachers read: the latest that was not taken back."""
        return next((version for version in self.versions if version.submission.withdrawn_at is None), None)

    @property
    def is_late(self) -> bool:
        """Return whether the submission in force was late."""
        version = self.version_in_force
        return version is not None and self.desk.assignment.is_late(
            version.submission.submitted_at, self.desk.extension
        )

    @property
    def why_not_back(self) -> TooLate | None:
        """Return why the submission in force cannot be taken back, as far as a student may know before trying it."""
        if self.version_in_force is None:
            return None
        return why_not_take_back(
            has_feedback=bool(self.version_in_force.feedback),
            has_read_shared=self.has_read_shared,
            takes_work=self.desk.assignment.takes_work,
        )

    @property
    def released_feedback(self) -> list[ReleasedFeedback]:
        """Return the released feedback, with that on the newest submission first."""
        version_in_force = self.version_in_force
        return [
            ReleasedFeedback(feedback, version.submission, is_on_version_in_force=version is version_in_force)
            for version in self.versions
            for feedback in version.feedback
        ]

    @property
    def feedback_to_take_up(self) -> list[ReleasedFeedback]:
        return [released for released in self.released_feedback if released.may_be_taken_up]

    @property
    def may_adopt(self) -> bool:
        """Return whether the student has an answer for own study, and none for the assignment."""
        return bool(self.own_text) and self.answer is None

    @property
    def has_state(self) -> bool:
        """Return whether the answer is not empty, so that its state is shown."""
        return self.answer is not None and self.state != AnswerState.EMPTY

    @property
    def asks_for_more(self) -> bool:
        return self.state.asks_for_new_version

    @property
    def hand_in_label(self) -> str:
        """Return the label of the button that hands in this answer."""
        return _("Lever nieuwe versie in") if self.is_handed_in else _("Lever in")


@dataclass(frozen=True)
class AssignmentDesk:
    """The contents of the page of an assignment desk."""

    desk: Desk
    story: CaseDocument
    items: list[Item]
    may_share: bool
    has_read_shared: bool

    @property
    def handed_in(self) -> int:
        return sum(item.is_handed_in for item in self.asked_items)

    @property
    def asked_items(self) -> list[Item]:
        """Return the questions that the assignment asks now."""
        return [item for item in self.items if not item.is_dropped]

    @property
    def drafts(self) -> int:
        return sum(item.state == AnswerState.DRAFT for item in self.items)

    @property
    def has_news(self) -> bool:
        """Return whether there is feedback that this student has not seen."""
        return any(row.seen_at is None for item in self.items for version in item.versions for row in version.feedback)

    @property
    def is_worth_handing_in(self) -> bool:
        """Return whether a button for all answers would do more than the button of a single question."""
        return len(self.items) > 1 and not all(item.is_locked for item in self.items)

    @property
    def takes_work(self) -> bool:
        return self.desk.assignment.takes_work


def assignment_desk(desk: Desk, student: User | None) -> AssignmentDesk:
    """Return the desk of this student, or of a student without answers (None), in a fixed number of queries."""
    assignment = desk.assignment
    story = cases.access.read_edition(assignment.edition)
    wording = cases.access.wording(assignment.edition)
    asked = list(Question.objects.ever_asked_in(assignment))
    answers = {a.question_id: a for a in Answer.objects.filter(assignment=assignment, student=student).with_state()}
    own = dict(
        Answer.objects.filter(student=student, assignment=None, question__in=asked).values_list("question", "text")
    )
    versions = _versions(assignment, student)
    has_read = SharedReading.objects.filter(assignment=assignment, student=student).exists()
    items = [
        Item(
            desk=desk,
            question=question,
            wording=question.worded(wording),
            answer=answers.get(question.pk),
            own_text=own.get(question.pk, ""),
            versions=versions.get(question.pk, []),
            has_read_shared=has_read,
            is_dropped=question.is_dropped,
        )
        for question in asked
        if question.pk in answers or not question.is_dropped
    ]
    return AssignmentDesk(desk, story, items, _may_share(desk, [i for i in items if not i.is_dropped]), has_read)


def _versions(assignment: Assignment, student: User | None) -> dict[int, list[HandedInVersion]]:
    """Return the submissions of each question, newest first."""
    rows = Submission.objects.filter(answer__assignment=assignment, answer__student=student).order_by("-revision")
    rows = rows.annotate(question=F("answer__question"))
    versions = {submission.pk: HandedInVersion(submission, []) for submission in rows}
    released = Feedback.objects.released().filter(submission__in=versions)
    for feedback in released.select_related("author").order_by("pk"):
        versions[feedback.submission_id].feedback.append(feedback)
    found: dict[int, list[HandedInVersion]] = {}
    for version in versions.values():
        found.setdefault(version.submission.question, []).append(version)
    return found


def _may_share(desk: Desk, items: list[Item]) -> bool:
    """Return whether this student may read shared answers: sharing is on, and every question is handed in."""
    return desk.assignment.share and bool(items) and all(item.is_handed_in for item in items)


@dataclass(frozen=True)
class SharedQuestion:
    """A question with the answers of other students."""

    wording: str
    lens: Kolb
    texts: list[str]


def shared_answers(desk: Desk, student: User) -> list[SharedQuestion] | None:
    """Return the answers of other students by question, without names and in random order.

    Return None if fewer than SHARED_FROM other students have handed in.
    """
    assignment = desk.assignment
    rows = Submission.objects.latest_for_teachers().filter(answer__assignment=assignment)
    if assignment.shared_from:
        rows = rows.filter(submitted_at__gte=assignment.shared_from)
    of_others = rows.exclude(answer__student=student).order_by()
    latest = list(of_others.values_list("answer__student", "answer__question", "text"))
    if len({writer for writer, _question, _text in latest}) < SHARED_FROM:
        return None
    wording = cases.access.wording(assignment.edition)
    shared = []
    for question in Question.objects.asked_in_assignment(assignment):
        texts = [text for _writer, asked, text in latest if asked == question.pk]
        random.shuffle(texts)
        if len(texts) >= SHARED_FROM:
            shared.append(SharedQuestion(question.worded(wording), Kolb(question.kolb), texts))
    return shared
