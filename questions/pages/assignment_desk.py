"""The student's desk: an assignment's questions with everything the student has to do with each."""

import random
from dataclasses import dataclass, field

import cases.access
from cases.access import CaseDocument
from questions.access import Desk
from questions.models import (
    Answer,
    AnswerState,
    Feedback,
    Kolb,
    Question,
    SharedReading,
    Submission,
    TooLate,
    why_not_take_back,
)

SHARED_FROM = 3  # so many others must have handed in, before anyone's words are shown without a name


@dataclass
class Item:
    """One question on the desk."""

    question: Question
    wording: str
    answer: Answer | None = None
    own_text: str = ""
    submissions: list[Submission] = field(default_factory=list)
    why_not_back: TooLate | None = None
    is_late: bool = False
    posted: str | None = None
    problem: str = ""
    is_reopened: bool = False  # the student asked to go on with a new version
    is_dropped: bool = False  # the assignment took over an edition that asks it no more; who answered keeps it

    @property
    def lens(self) -> Kolb:
        return Kolb(self.question.kolb)

    @property
    def text(self) -> str:
        """What stands in the field: what was just sent in and not stored, else what is stored."""
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
        """Read-only until the student takes it back or goes on with a new version."""
        is_same = self.is_handed_in and not self.answer.has_unsubmitted_changes
        return is_same and self.posted is None and not self.is_reopened

    @property
    def standing(self) -> Submission | None:
        return next((submission for submission in self.submissions if submission.withdrawn_at is None), None)


@dataclass(frozen=True)
class View:
    """All that the page of a desk shows."""

    desk: Desk
    story: CaseDocument
    items: list[Item]
    may_share: bool
    has_read_shared: bool

    @property
    def handed_in(self) -> int:
        return sum(item.is_handed_in for item in self.standing)

    @property
    def standing(self) -> list[Item]:
        """What the assignment asks now."""
        return [item for item in self.items if not item.is_dropped]

    @property
    def drafts(self) -> int:
        return sum(item.state == AnswerState.DRAFT for item in self.items)

    @property
    def has_news(self) -> bool:
        """Whether there is feedback that this student has not seen."""
        return any(given.seen_at is None for item in self.items for handed in item.submissions for given in handed.seen)

    @property
    def is_worth_handing_in(self) -> bool:
        """Whether one button for everything would do more than the button of a single question."""
        return len(self.items) > 1 and not all(item.is_locked for item in self.items)

    @property
    def takes_work(self) -> bool:
        return self.desk.assignment.takes_work


def gather(desk: Desk, student) -> View:
    """The desk of this student, or of one who did nothing yet (None), in a fixed number of queries."""
    assignment = desk.assignment
    story = cases.access.read_edition(assignment.edition)
    wording = {question.key: question.text for question in story.questions}
    asked = list(Question.objects.ever_asked_in(assignment))
    answers = {a.question_id: a for a in Answer.objects.filter(assignment=assignment, student=student).with_state()}
    own = dict(
        Answer.objects.filter(student=student, assignment=None, question__in=asked).values_list("question", "text")
    )
    submissions = _submissions(assignment, student)
    has_read = SharedReading.objects.filter(assignment=assignment, student=student).exists()
    items = []
    for question in asked:
        answer = answers.get(question.pk)
        if question.is_dropped and answer is None:
            continue
        item = Item(question, question.worded(wording), answer, own.get(question.pk, ""))
        item.is_dropped = question.is_dropped
        item.submissions = submissions.get(answer.pk, []) if answer else []
        if item.standing:
            item.is_late = assignment.is_late(item.standing.submitted_at, desk.extension)
            item.why_not_back = _why_not_back(item.standing, has_read, takes_work=assignment.takes_work)
        items.append(item)
    return View(desk, story, items, _may_share(desk, [i for i in items if not i.is_dropped]), has_read)


def _submissions(assignment, student) -> dict[int, list[Submission]]:
    """By answer, newest first; each with .seen, the released feedback on it."""
    found: dict[int, list[Submission]] = {}
    rows = Submission.objects.filter(answer__assignment=assignment, answer__student=student).order_by("-revision")
    by_id = {}
    for submission in rows:
        submission.seen = []
        by_id[submission.pk] = submission
        found.setdefault(submission.answer_id, []).append(submission)
    for feedback in Feedback.objects.released().filter(submission__in=by_id).select_related("author").order_by("pk"):
        by_id[feedback.submission_id].seen.append(feedback)
    return found


def _why_not_back(submission: Submission, has_read_shared: bool, *, takes_work: bool) -> TooLate | None:
    """Why it cannot be taken back, as far as a student may know: that a teacher has begun shows when one tries."""
    return why_not_take_back(has_feedback=bool(submission.seen), has_read_shared=has_read_shared, takes_work=takes_work)


def _may_share(desk: Desk, items: list[Item]) -> bool:
    """Whether this student may ask for what others wrote: sharing is on, and everything asked is handed in."""
    return desk.assignment.share and bool(items) and all(item.is_handed_in for item in items)


@dataclass(frozen=True)
class SharedQuestion:
    wording: str
    lens: Kolb
    texts: list[str]


def shared_answers(desk: Desk, student) -> list[SharedQuestion] | None:
    """What others handed in, by question, without names and in random order; None with fewer than three others."""
    assignment = desk.assignment
    rows = Submission.objects.readable_for_teachers().filter(answer__assignment=assignment)
    if assignment.shared_from:
        rows = rows.filter(submitted_at__gte=assignment.shared_from)
    of_others = rows.exclude(answer__student=student).latest_of_each_answer().order_by()
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
