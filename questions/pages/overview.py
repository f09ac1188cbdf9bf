"""The overview of an assignment for showing in class: figures for each question, and pinned answers without names.

No names are read here, only submissions, and the ids of students to count them.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from statistics import median

from django.db.models import QuerySet

import cases.access
from questions.models import Assignment, Enrolment, Question, Submission

MOST_BARS = 60  # of more answers, an even selection is drawn
WIDTH, HEIGHT = 600, 72  # of the picture, in SVG units
WIDEST_BAR = 18


@dataclass(frozen=True)
class Pinned:
    """A pinned submission."""

    submission: int
    text: str
    has_newer: bool


@dataclass
class QuestionFigures:
    """A question with figures about its answers."""

    number: int
    question: Question
    wording: str
    students: int  # in the module now, or left after handing in an answer
    lengths: list[int] = field(default_factory=list)  # in words, from short to long
    pinned: list[Pinned] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return len(self.lengths)

    @property
    def median(self) -> int:
        return round(median(self.lengths))

    @property
    def shortest(self) -> int:
        return self.lengths[0]

    @property
    def longest(self) -> int:
        return self.lengths[-1]

    @property
    def bars(self) -> str:
        """Return the lengths as one SVG path: a bar for each answer, as high as the answer is long."""
        return _bars(_at_most(self.lengths, MOST_BARS))


@dataclass(frozen=True)
class Overview:
    """The contents of the overview of an assignment."""

    assignment: Assignment
    questions: list[QuestionFigures]
    students: int

    def at(self, key: str) -> QuestionFigures | None:
        """Return the question with this key, or else the first with pinned answers, or else the first."""
        chosen = next((asked for asked in self.questions if asked.question.key == key), None)
        to_show = next((asked for asked in self.questions if asked.pinned), None)
        return chosen or to_show or next(iter(self.questions), None)

    def beside(self, asked: QuestionFigures) -> tuple[QuestionFigures | None, QuestionFigures | None]:
        """Return the question before and the question after this one."""
        index = self.questions.index(asked)
        before = self.questions[index - 1] if index else None
        return before, next(iter(self.questions[index + 1 :]), None)


def assignment_overview(assignment: Assignment) -> Overview:
    """Return the figures for each question, in a fixed number of queries, none of which reads a name."""
    present = Enrolment.objects.current().students().filter(module=assignment.module_id)
    students = set(present.values_list("user", flat=True))
    readable = Submission.objects.readable_for_teachers().filter(answer__assignment=assignment)
    rows = Submission.objects.latest_for_teachers().filter(answer__assignment=assignment).order_by()
    latest = list(rows.values_list("pk", "answer__question", "answer__student", "text"))
    students.update(student for _pk, _question, student, _text in latest)
    wording = cases.access.wording(assignment.edition)
    questions = Question.objects.filter(asked_in__assignment=assignment).order_by("asked_in__position", "pk")
    found = {
        question.pk: QuestionFigures(number, question, question.worded(wording), len(students))
        for number, question in enumerate(questions, start=1)
    }
    for _pk, question, _student, text in latest:
        if question in found:
            found[question].lengths.append(len(text.split()))
    for asked in found.values():
        asked.lengths.sort()
    _set_pinned(found, readable, {pk for pk, *_rest in latest})
    return Overview(assignment, list(found.values()), len(students))


def _set_pinned(found: dict[int, QuestionFigures], readable: QuerySet[Submission], latest: set[int]) -> None:
    """Add the pinned answers that teachers may read to their questions.

    They are ordered by a hash of their id: the order is stable, and reveals neither writers nor times.
    """
    pinned = readable.filter(pin__isnull=False).values_list("pk", "answer__question", "text")
    for pk, question, text in sorted(pinned, key=lambda row: sha256(str(row[0]).encode()).digest()):
        if question in found:
            found[question].pinned.append(Pinned(pk, text, has_newer=pk not in latest))


def _at_most(lengths: list[int], most: int) -> list[int]:
    """Return an even selection of this many lengths, including the shortest and the longest."""
    if len(lengths) <= most:
        return lengths
    return [lengths[round(index * (len(lengths) - 1) / (most - 1))] for index in range(most)]


def _bars(lengths: list[int]) -> str:
    if not lengths:
        return ""
    step = min(WIDEST_BAR, WIDTH / len(lengths))
    longest = max(lengths[-1], 1)
    bars = []
    for index, length in enumerate(lengths):
        height = max(2, round(length / longest * HEIGHT))
        bars.append(f"M{index * step:.1f} {HEIGHT}v-{height}h{step * 0.8:.1f}v{height}z")
    return "".join(bars)
