"""What was handed in, as a teacher reads it: everyone's answer to one question, or all answers of one student.

Drafts are never read here: only submissions that teachers may read, of each answer the latest.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.utils import timezone

import cases.access
from cases.access import Difference
from questions.access import Desk
from questions.models import (
    Assignment,
    Comment,
    Enrolment,
    Extension,
    Feedback,
    FeedbackVersion,
    PinnedAnswer,
    Question,
    ReadBy,
    Submission,
)
from questions.pages import feedback_status

PER_PAGE = 25


@dataclass(frozen=True)
class Wanted:
    """What the address asks for. `since` is when this sitting began: what one reads in it, stays in its place."""

    key: str = ""
    tag: str = ""
    submission: int | None = None
    page: int = 1
    since: datetime = field(default_factory=timezone.now)
    group: str | None = None


@dataclass(frozen=True)
class Tab:
    """A question, with how many students handed in an answer and how many of those nobody has read."""

    question: Question
    wording: str
    number: int
    handed_in: int
    waiting: int


@dataclass(frozen=True)
class Earlier:
    """A version that was handed in before, what came back on it, and what the next version changed."""

    submission: Submission
    version: int
    given: list[Feedback]
    changes: Difference | None  # none where it was not compared for this page


@dataclass(frozen=True)
class Reply:
    """The latest version that one student handed in."""

    submission: Submission
    enrolment: Enrolment
    label: str
    tab: Tab
    earlier: list[Earlier]
    is_waiting: bool
    is_late: bool
    asked_otherwise: bool
    is_pinned: bool
    own: Feedback | None
    of_colleagues: list[Feedback]
    kept: list[FeedbackVersion]

    @property
    def student(self):
        return self.enrolment.user

    @property
    def version(self) -> int:
        return len(self.earlier) + 1

    @property
    def is_taken_up(self) -> bool:
        """The student said to go on with feedback on this or the version before."""
        given = [*self.of_colleagues, *([self.own] if self.own else []), *(f for e in self.earlier for f in e.given)]
        return any(feedback.taken_up_at for feedback in given)


@dataclass(frozen=True)
class Person:
    """A student with work to read, for choosing the next one."""

    label: str
    tag: str
    waiting: int


@dataclass(frozen=True)
class View:
    assignment: Assignment
    by: str
    hides_names: bool
    group: str
    groups: list[str]
    tabs: list[Tab]
    here: Tab | None
    person: Person | None
    people: list[Person]
    replies: list[Reply]
    page: int
    pages: int
    total: int
    since: datetime
    made: datetime
    own_group: str | None  # the group that the address asks for, rather than the one that is remembered
    students: int
    ready: feedback_status.Ready
    comments: list[Comment]
    batch: tuple[str, int] | None

    @property
    def is_by_student(self) -> bool:
        return self.by == ReadBy.STUDENT

    @property
    def waiting(self) -> int:
        return sum(tab.waiting for tab in self.tabs)

    @property
    def not_handed_in(self) -> int:
        """How many of who are in the module now have not handed in this question."""
        return self.students - (self.here.handed_in if self.here else 0)

    @property
    def next_person(self) -> Person | None:
        return self._beside(1)

    @property
    def previous_person(self) -> Person | None:
        return self._beside(-1)

    @property
    def address(self) -> str:
        """This very page, also when more was read by then. Without it a page opens where something waits."""
        return self._address(**self._place, pagina=self.page)

    @property
    def address_of_any_group(self) -> str:
        """Where to go on after choosing a group: what the address asks for would overrule that choice."""
        return f"?{urlencode({**self._place, 'sinds': self.since.isoformat()})}"

    @property
    def elsewhere(self) -> str:
        """What every link within this sitting takes along."""
        return self._address()[1:]

    @property
    def _place(self) -> dict[str, str]:
        if self.person:
            return {"student": self.person.tag}
        return {"vraag": self.here.question.key} if self.here else {}

    def _address(self, **query) -> str:
        group = {} if self.own_group is None else {"klas": self.own_group}
        return f"?{urlencode({**query, **group, 'sinds': self.since.isoformat()})}"

    def _beside(self, step: int) -> Person | None:
        at = self.people.index(self.person) + step if self.person else -1
        return self.people[at] if 0 <= at < len(self.people) else None


@dataclass(frozen=True)
class _Line:
    """The latest version of an answer, without its text: enough to count and to put in order."""

    submission: int
    answer: int
    question: int
    student: int
    is_waiting: bool  # nobody has given feedback on it
    was_waiting: bool  # when this sitting began
    is_revised: bool


def gather(desk: Desk, wanted: Wanted) -> View:
    """One page of answers, in a fixed number of queries."""
    made = timezone.now()
    assignment, choices = desk.assignment, desk.enrolment.reading
    people = {e.user_id: e for e in Enrolment.objects.filter(module=assignment.module_id).select_related("user")}
    groups = assignment.module.groups
    group = choices.group if wanted.group is None else wanted.group
    group = group if group in groups else ""
    in_group = {pk for pk, person in people.items() if group in {"", person.group}}
    lines = [line for line in _lines(assignment, wanted.since) if line.student in in_group]
    labels = {pk: person.label(hides_names=choices.hides_names) for pk, person in people.items()}
    tabs = _tabs(assignment, lines, people)
    asked_for = next((line for line in lines if line.submission == wanted.submission), None)
    by = _by(wanted, choices.by)
    here = None if by == ReadBy.STUDENT else _tab(tabs, lines, wanted, asked_for)
    persons = _persons(lines, people, labels)
    person = _person(persons, wanted, asked_for, people) if by == ReadBy.STUDENT else None
    chosen = _of_person(lines, person, tabs, people) if person else _of_question(lines, here)
    if person:
        page, pages, shown = 1, 1, chosen
    else:
        chosen.sort(key=_order(people, labels, choices.hides_names))
        page, pages, shown = _page(chosen, wanted, asked_for)
    return View(
        assignment=assignment,
        by=by,
        hides_names=choices.hides_names,
        group=group,
        groups=groups,
        tabs=tabs,
        here=here,
        person=person,
        people=persons,
        replies=_replies(desk, shown, tabs, people, labels),
        page=page,
        pages=pages,
        total=len(chosen),
        since=wanted.since,
        made=made,
        own_group=wanted.group,
        students=sum(people[pk].is_current_student for pk in in_group),
        ready=feedback_status.ready_at(
            desk, people, in_group, here.question if here else None, person.tag if person else ""
        ),
        comments=list(Comment.objects.usable_by(desk.enrolment.user_id, assignment.module).select_related("owner")),
        batch=feedback_status.last_batch(desk),
    )


def _by(wanted: Wanted, remembered: str) -> str:
    if wanted.tag:
        return ReadBy.STUDENT
    return ReadBy.QUESTION if wanted.key else remembered


def _lines(assignment: Assignment, since: datetime) -> list[_Line]:
    """Of every answer the latest version, in two queries that read no text."""
    readable = Submission.objects.readable_for_teachers().filter(answer__assignment=assignment)
    earlier = readable.filter(answer=OuterRef("answer"), revision__lt=OuterRef("revision"))
    rows = readable.latest_of_each_answer().with_is_to_read().annotate(is_revised=Exists(earlier.order_by()))
    rows = rows.order_by().values_list(
        "pk", "answer", "answer__question", "answer__student", "is_to_read", "is_revised"
    )
    before = Feedback.objects.filter(submission__answer__assignment=assignment, created_at__lte=since).order_by()
    had_feedback = set(before.values_list("submission", flat=True))
    return [
        _Line(
            submission,
            answer,
            question,
            student,
            is_waiting=is_to_read,
            was_waiting=submission not in had_feedback,
            is_revised=is_revised,
        )
        for submission, answer, question, student, is_to_read, is_revised in rows
    ]


def _tabs(assignment: Assignment, lines: list[_Line], people: dict[int, Enrolment]) -> list[Tab]:
    wording = cases.access.wording(assignment.edition)
    handed_in = Counter(line.question for line in lines if not people[line.student].has_left)
    waiting = Counter(line.question for line in lines if line.is_waiting)
    asked = Question.objects.ever_asked_in(assignment)
    return [
        Tab(question, question.worded(wording), number, handed_in[question.pk], waiting[question.pk])
        for number, question in enumerate(asked, start=1)
    ]


def _tab(tabs: list[Tab], lines: list[_Line], wanted: Wanted, asked_for: _Line | None) -> Tab | None:
    """The question that is asked for; else the first with something to read, else the first."""
    if asked_for and not wanted.key:
        return next((tab for tab in tabs if tab.question.pk == asked_for.question), None)
    named = next((tab for tab in tabs if tab.question.key == wanted.key), None)
    return named or next((tab for tab in tabs if tab.waiting), tabs[0] if tabs else None)


def _persons(lines: list[_Line], people: dict[int, Enrolment], labels: dict[int, str]) -> list[Person]:
    """Who handed in anything, who waits first: by name, or where names are hidden by tag."""
    waiting, was_waiting = Counter(), Counter()
    for line in lines:
        waiting[line.student] += line.is_waiting
        was_waiting[line.student] += line.was_waiting
    found = sorted(waiting, key=lambda pk: (not was_waiting[pk], labels[pk].casefold(), people[pk].tag))
    return [Person(labels[pk], people[pk].tag, waiting[pk]) for pk in found]


def _person(persons: list[Person], wanted: Wanted, asked_for: _Line | None, people: dict) -> Person | None:
    tag = people[asked_for.student].tag if asked_for and not wanted.tag else wanted.tag
    return next((person for person in persons if person.tag == tag), persons[0] if persons else None)


def _of_person(lines: list[_Line], person: Person, tabs: list[Tab], people: dict[int, Enrolment]) -> list[_Line]:
    """All of one student, in the order of the questions."""
    numbers = {tab.question.pk: tab.number for tab in tabs}
    chosen = [line for line in lines if people[line.student].tag == person.tag]
    return sorted(chosen, key=lambda line: numbers[line.question])


def _of_question(lines: list[_Line], here: Tab | None) -> list[_Line]:
    return [line for line in lines if here and line.question == here.question.pk]


def _order(people: dict[int, Enrolment], labels: dict[int, str], hides_names: bool):
    """What was waiting when the sitting began comes first, and of that what a student wrote anew."""

    def key(line: _Line) -> tuple:
        person = people[line.student]
        name = person.tag if hides_names else labels[line.student].casefold()
        return not line.was_waiting, not (line.was_waiting and line.is_revised), person.group, name, person.tag

    return key


def _page(chosen: list[_Line], wanted: Wanted, asked_for: _Line | None) -> tuple[int, int, list[_Line]]:
    pages = max(1, -(-len(chosen) // PER_PAGE))
    page = chosen.index(asked_for) // PER_PAGE + 1 if asked_for in chosen else wanted.page
    page = min(max(1, page), pages)
    return page, pages, chosen[(page - 1) * PER_PAGE : page * PER_PAGE]


def _replies(desk: Desk, lines: list[_Line], tabs: list[Tab], people: dict, labels: dict) -> list[Reply]:
    """With all texts and feedback of just these answers."""
    answers = [line.answer for line in lines]
    versions: dict[int, list[Submission]] = defaultdict(list)
    for submission in Submission.objects.readable_for_teachers().filter(answer__in=answers).order_by("revision"):
        versions[submission.answer_id].append(submission)
    given: dict[int, list[Feedback]] = defaultdict(list)
    feedback = Feedback.objects.filter(submission__answer__in=answers).select_related("author")
    for each in feedback.order_by("created_at", "pk"):
        given[each.submission_id].append(each)
    me = desk.enrolment.user_id
    kept: dict[int, list[FeedbackVersion]] = defaultdict(list)
    for version in FeedbackVersion.objects.filter(submission__answer__in=answers, author=me).exclude(text=""):
        kept[version.submission_id].append(version)
    pinned = set(PinnedAnswer.objects.filter(submission__answer__in=answers).values_list("submission", flat=True))
    extensions = {e.enrolment_id: e for e in Extension.objects.filter(assignment=desk.assignment)}
    by_question = {tab.question.pk: tab for tab in tabs}
    # Comparing can be slow, so that it is done for one pair of a page; the others are a click away.
    compared = next((line.answer for line in lines if len(versions[line.answer]) > 1), None)
    replies = []
    for line in lines:
        *before, latest = versions[line.answer]
        enrolment, tab = people[line.student], by_question[line.question]
        mine = next((each for each in given[latest.pk] if each.author_id == me), None)
        replies.append(
            Reply(
                submission=latest,
                enrolment=enrolment,
                label=labels[line.student],
                tab=tab,
                earlier=_earlier(versions[line.answer], given, compares_newest=line.answer == compared),
                is_waiting=line.is_waiting,
                is_late=desk.assignment.is_late(latest.submitted_at, extensions.get(enrolment.pk)),
                asked_otherwise=latest.asked.strip() != tab.wording.strip(),
                is_pinned=latest.pk in pinned,
                own=mine,
                of_colleagues=[each for each in given[latest.pk] if each is not mine],
                kept=kept[latest.pk],
            )
        )
    return replies


def _earlier(versions: list[Submission], given: dict[int, list[Feedback]], *, compares_newest: bool) -> list[Earlier]:
    """The versions before the latest, the newest first."""
    found = []
    for number, (old, new) in enumerate(zip(versions, versions[1:], strict=False), start=1):
        compare = compares_newest and number == len(versions) - 1
        changes = (cases.access.difference if compare else cases.access.known_difference)(old.text, new.text)
        found.append(Earlier(old, number, given[old.pk], changes))
    return found[::-1]


@dataclass(frozen=True)
class Step:
    """A version that was handed in and what the next one changed, if there is a next one."""

    submission: Submission
    version: int
    latest: Submission
    changes: Difference | None


def step_from(submission: Submission) -> Step | None:
    """None where teachers may not, or no longer, read this version."""
    versions = list(Submission.objects.readable_for_teachers().filter(answer=submission.answer_id).order_by("revision"))
    if submission not in versions:
        return None
    at = versions.index(submission)
    following = versions[at + 1] if at + 1 < len(versions) else None
    changes = cases.access.difference(submission.text, following.text) if following else None
    return Step(submission, at + 1, versions[-1], changes)
