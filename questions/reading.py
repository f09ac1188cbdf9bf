"""What was handed in, question by question, for the teachers of a module."""

from dataclasses import dataclass

from django.db.models import Count

import cases.access
from questions.models import Assignment, Enrolment, Extension, Question, Role, Submission


@dataclass(frozen=True)
class Tab:
    """A question with how many students have handed in an answer."""

    question: Question
    wording: str
    handed_in: int


@dataclass(frozen=True)
class Reply:
    """The latest version that one student handed in."""

    submission: Submission
    enrolment: Enrolment
    version: int
    is_late: bool
    asked_otherwise: bool

    @property
    def student(self):
        return self.submission.answer.student


@dataclass(frozen=True)
class View:
    assignment: Assignment
    tabs: list[Tab]
    here: Tab | None
    replies: list[Reply]
    students: int

    @property
    def number(self) -> int:
        return self.tabs.index(self.here) + 1

    @property
    def waiting_for(self) -> int:
        """How many of who are in the module now have not handed in this one."""
        present = sum(not reply.enrolment.has_left for reply in self.replies)
        return self.students - present


def gather(assignment: Assignment, key: str = "") -> View:
    """The page of one question, the first where none is named, in a fixed number of queries.

    Drafts are never read here: only submissions that teachers may read, of each answer the latest.
    """
    readable = Submission.objects.readable_for_teachers().filter(answer__assignment=assignment)
    tabs = _tabs(assignment, readable)
    here = next((tab for tab in tabs if tab.question.key == key), tabs[0] if tabs else None)
    people = {e.user_id: e for e in Enrolment.objects.filter(module=assignment.module_id)}
    students = sum(e.role == Role.STUDENT and not e.has_left for e in people.values())
    replies = _replies(assignment, readable, here, people) if here else []
    return View(assignment, tabs, here, replies, students)


def _tabs(assignment: Assignment, readable) -> list[Tab]:
    wording = cases.access.wording(assignment.edition)
    counts = dict(readable.order_by().values_list("answer__question").annotate(students=Count("answer", distinct=True)))
    asked = Question.objects.filter(asked_in__assignment=assignment).order_by("asked_in__position", "pk")
    return [Tab(q, wording.get(q.key, q.text), counts.get(q.pk, 0)) for q in asked]


def _replies(assignment: Assignment, readable, here: Tab, people: dict[int, Enrolment]) -> list[Reply]:
    extensions = {e.enrolment_id: e for e in Extension.objects.filter(assignment=assignment)}
    versions: dict[int, list[Submission]] = {}
    rows = readable.filter(answer__question=here.question).select_related("answer__student").order_by("revision")
    for submission in rows:
        versions.setdefault(submission.answer_id, []).append(submission)
    replies = []
    for handed_in in versions.values():
        latest = handed_in[-1]
        enrolment = people[latest.answer.student_id]
        is_late = assignment.is_late(latest.submitted_at, extensions.get(enrolment.pk))
        asked_otherwise = latest.question_text.strip() != here.wording.strip()
        replies.append(Reply(latest, enrolment, len(handed_in), is_late, asked_otherwise))
    return sorted(replies, key=lambda reply: (reply.enrolment.group, str(reply.student).casefold()))
