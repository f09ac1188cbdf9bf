"""The overview of an assignment for showing in class: figures for each question, and pinned answers without names.

No names are read here, only submissions, and the ids of students to count them.
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from statistics import median
from urllib.parse import urlencode

from django.utils.translation import gettext as _

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


SHORT, MEDIUM = 280, 700  # characters of an answer; a longer one is shown in smaller letters


@dataclass(frozen=True)
class Slide:
    """A question on the projector with one pinned answer to it, or None, and the slides beside it."""

    asked: QuestionFigures
    place: int  # among the pinned answers to the question
    answer: Pinned | None
    before: "Slide | None" = None
    after: "Slide | None" = None

    @property
    def size(self) -> str:
        """Return how large the letters are."""
        length = len(self.answer.text) if self.answer else 0
        return "large" if length <= SHORT else "medium" if length <= MEDIUM else "small"

    @property
    def of(self) -> int:
        """Return how many pinned answers the question has."""
        return len(self.asked.pinned)

    @property
    def position(self) -> str:
        """Return the Dutch text with the place of the answer, or "" without an answer."""
        return _("%(place)s van %(of)s") % {"place": self.place, "of": self.of} if self.answer else ""

    @property
    def anchor(self) -> str:
        """Return the place of the question on the overview."""
        return f"#vraag-{self.asked.question.key}"

    @property
    def address(self) -> str:
        """Return the query string of this slide."""
        return f"?{urlencode({'vraag': self.asked.question.key, 'nr': self.place})}"


@dataclass(frozen=True)
class Overview:
    """The contents of the overview of an assignment."""

    assignment: Assignment
    questions: list[QuestionFigures]
    students: int

    def slide(self, key: str, number: int) -> Slide | None:
        """Return the slide with this pinned answer to the question with this key, or None without any question.

        Without that question it is the first with pinned answers, or else the first; without that answer, the first.
        """
        slides = [
            Slide(asked, place, answer)
            for asked in self.questions
            for place, answer in enumerate(asked.pinned or [None], start=1)
        ]
        of_question = [slide for slide in slides if slide.asked.question.key == key]
        with_answers = [slide for slide in slides if slide.answer]
        found = next((slide for slide in of_question if slide.place == number), None)
        shown = found or next(iter(of_question or with_answers or slides), None)
        if shown is None:
            return None
        at = slides.index(shown)
        before = [slide for slide in slides[:at] if slide.answer or not with_answers]
        after = [slide for slide in slides[at + 1 :] if slide.answer or not with_answers]
        return replace(shown, before=next(iter(before[::-1]), None), after=next(iter(after), None))


def assignment_overview(assignment: Assignment) -> Overview:
    """Return the figures for each question, in a fixed number of queries, none of which reads a name."""
    present = Enrolment.objects.current().students().filter(module=assignment.module_id).order_by()
    students = set(present.values_list("user", flat=True))
    readable = Submission.objects.readable_for_teachers().filter(answer__assignment=assignment).order_by("revision")
    rows = list(readable.values_list("pk", "answer", "answer__student", "pin"))
    students.update(student for _pk, _answer, student, _pin in rows)
    latest = set({answer: pk for pk, answer, _student, _pin in rows}.values())  # of an answer, the last one stays
    pinned = {pk for pk, _answer, _student, pin in rows if pin}
    # An answer can have a hundred versions of 20,000 characters, so the others are not read.
    texts = Submission.objects.filter(pk__in=latest | pinned).order_by()
    texts = list(texts.values_list("pk", "answer__question", "text"))
    wording = cases.access.wording(assignment.edition)
    questions = Question.objects.filter(asked_in__assignment=assignment).order_by("asked_in__position", "pk")
    found = {
        question.pk: QuestionFigures(number, question, question.worded(wording), len(students))
        for number, question in enumerate(questions, start=1)
    }
    for pk, question, text in texts:
        if pk in latest and question in found:
            found[question].lengths.append(len(text.split()))
    for asked in found.values():
        asked.lengths.sort()
    _add_pinned(found, [row for row in texts if row[0] in pinned], latest)
    return Overview(assignment, list(found.values()), len(students))


def _add_pinned(found: dict[int, QuestionFigures], pinned: list[tuple[int, int, str]], latest: set[int]) -> None:
    """Add the pinned submissions, each with its question and text, to their questions.

    They are ordered by a hash of their id: the order is stable, and reveals neither writers nor times.
    """
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
