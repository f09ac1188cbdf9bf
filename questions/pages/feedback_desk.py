"""The feedback desk: everyone's submissions for one question, or all submissions of one student.

Drafts are never read here, only the submissions that teachers may read, and of each answer the latest.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

import cases.access
from casebook.lib import text_diff
from casebook.lib.dates import moment
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
    Verdict,
)
from questions.pages import feedback_status

PER_PAGE = 25


@dataclass(frozen=True)
class PageRequest:
    """The query string of a request. `since` is when the teacher began to read; it keeps the order stable."""

    key: str = ""
    tag: str = ""
    submission: int | None = None
    page: int = 1
    since: datetime = field(default_factory=timezone.now)
    group: str | None = None


@dataclass(frozen=True)
class Tab:
    """A question, with the number of students who handed in an answer and the number of unread answers."""

    question: Question
    wording: str
    number: int
    feedback_label: str
    handed_in: int
    to_read: int

    @property
    def label(self) -> str:
        """Return the question by its number."""
        return _("Vraag %(n)s") % {"n": self.number}


@dataclass(frozen=True)
class Fact:
    """A short note on the page about an answer."""

    text: str
    css_class: str = ""


@dataclass(frozen=True)
class PastSubmission:
    """An earlier submission, the feedback on it, and what the next submission changed."""

    submission: Submission
    version: int
    feedback: list[Feedback]
    changes: text_diff.Difference | None  # None if the texts were not compared for this page


@dataclass(frozen=True)
class Panel:
    """What the panel for feedback contains: what this teacher wrote, or nothing yet."""

    text: str = ""
    revision: int = 0
    may_undo: bool = False
    waits_for_release: bool = False


@dataclass(frozen=True)
class ReleaseButton:
    """A button that releases feedback, with the ids and revisions of that feedback."""

    which: str
    label: str
    feedback: feedback_status.Revisions
    is_shown: bool

    @property
    def count(self) -> int:
        return len(self.feedback)

    @property
    def shown(self) -> str:
        """Return the feedback as the form sends it."""
        return feedback_status.as_shown(self.feedback)


@dataclass(frozen=True)
class Onward:
    """A link after the last answer."""

    rel: str
    address: str
    label: str


@dataclass(frozen=True)
class Reply:
    """The latest submission of one student for one question."""

    submission: Submission
    enrolment: Enrolment
    label: str
    tab: Tab
    earlier: list[PastSubmission]
    is_to_read: bool
    is_late: bool
    asked_otherwise: bool
    is_pinned: bool
    own: Feedback | None
    of_colleagues: list[Feedback]
    versions: list[FeedbackVersion]
    verdict_field: SafeString

    @property
    def pk(self) -> str:
        """Return the id of the submission as a text, since templates localize every number that they render."""
        return str(self.submission.pk)

    @property
    def pick_label(self) -> str:
        """Return the label of the check box that selects this answer."""
        return _("Kies %(name)s, vraag %(n)s") % {"name": self.label, "n": self.tab.number}

    @property
    def panel_label(self) -> str:
        """Return the label of the form for feedback."""
        return _("Feedback voor %(name)s, vraag %(n)s") % {"name": self.label, "n": self.tab.number}

    @property
    def version(self) -> int:
        return len(self.earlier) + 1

    @property
    def facts(self) -> list[Fact]:
        """Return the notes that are shown above this answer."""
        found = [
            Fact(self.enrolment.group),
            Fact(_("ingeleverd %(when)s") % {"when": moment(self.submission.submitted_at)}),
            Fact(_("na de inleverdatum") if self.is_late else "", css_class="late"),
            Fact(_("versie %(n)s") % {"n": self.version} if self.version > 1 else ""),
            Fact(_("niet meer in de module") if self.enrolment.has_left else ""),
            Fact(_("gaat met je feedback verder") if self.is_taken_up else ""),
        ]
        return [fact for fact in found if fact.text]

    @property
    def to_read_label(self) -> str:
        """Return the label of this answer while no teacher has read it."""
        return _("opnieuw ingeleverd") if self.version > 1 else _("nog te lezen")

    @property
    def panel(self) -> Panel:
        """Return the contents of the panel; a template that looks up fields of no feedback takes much longer."""
        if self.own is None:
            return Panel()
        waits = self.own.waits_for_release
        return Panel(
            self.own.text,
            self.own.revision,
            waits or self.own.may_be_taken_back,
            waits_for_release=waits,
        )

    @property
    def is_taken_up(self) -> bool:
        """Return whether the student has taken up feedback on this answer."""
        every = [*self.of_colleagues, *([self.own] if self.own else []), *(f for e in self.earlier for f in e.feedback)]
        return any(feedback.taken_up_at for feedback in every)


@dataclass(frozen=True)
class Person:
    """A student in the list of students who handed in answers."""

    label: str
    tag: str
    to_read: int

    @property
    def choice(self) -> str:
        """Return the label of this student in the list."""
        if not self.to_read:
            return self.label
        return f"{self.label} ({_('%(n)s nog te lezen') % {'n': self.to_read}})"


class _Line(NamedTuple):
    """The latest submission of an answer, without its text, for counting and ordering.

    It is a tuple, since a desk makes a thousand of these, and a frozen dataclass would take three times as long.
    """

    submission: int
    answer: int
    question: int
    student: int
    is_to_read: bool  # no teacher has written feedback
    was_to_read: bool  # no teacher had written feedback at the time `since`
    is_revised: bool


class FeedbackDesk:
    """One page of the feedback desk of an assignment, in a fixed number of queries."""

    def __init__(self, desk: Desk, page_request: PageRequest) -> None:
        self.made = timezone.now()
        self.since = page_request.since
        self.assignment = desk.assignment
        self.groups: list[str] = desk.assignment.module.groups
        self.own_group = page_request.group  # from the query string, rather than the teacher's last choice
        self._desk, self._page_request = desk, page_request
        choices = desk.enrolment.reading
        self.hides_names, self.is_compact = choices.hides_names, choices.is_compact
        group = choices.group if page_request.group is None else page_request.group
        self.group = group if group in self.groups else ""
        self.by = _by(page_request, choices.by)
        # These properties have queries; running them while the page is rendered makes it a tenth slower.
        self.replies = self._replies()
        self.ready = self._ready()
        self.comments = self._comments()
        self.batch = feedback_status.last_batch(desk)
        self.last_release = feedback_status.last_release(desk)

    # --- Students and questions ---

    @cached_property
    def _enrolments(self) -> dict[int, Enrolment]:
        """Return all enrolments in the module by user, including those of users who left."""
        rows = Enrolment.objects.filter(module=self.assignment.module_id).select_related("user").order_by()
        named = rows.only("user", "role", "group", "tag", "left_at", "user__name", "user__email", "user__sort_name")
        return {enrolment.user_id: enrolment for enrolment in named}

    @cached_property
    def _labels(self) -> dict[int, str]:
        return {pk: person.label(hides_names=self.hides_names) for pk, person in self._enrolments.items()}

    @cached_property
    def _in_group(self) -> set[int]:
        return {pk for pk, person in self._enrolments.items() if self.group in {"", person.group}}

    @cached_property
    def students(self) -> int:
        """Return how many students of this group are in the module now."""
        return sum(self._enrolments[pk].is_current_student for pk in self._in_group)

    @cached_property
    def _lines(self) -> list[_Line]:
        return [line for line in _lines(self.assignment, self.since) if line.student in self._in_group]

    @cached_property
    def tabs(self) -> list[Tab]:
        """Return the questions of the assignment with their counts."""
        wording = cases.access.wording(self.assignment.edition)
        handed_in = Counter(line.question for line in self._lines if not self._enrolments[line.student].has_left)
        to_read = Counter(line.question for line in self._lines if line.is_to_read)
        asked = Question.objects.ever_asked_in(self.assignment)
        label, title = _("Feedback bij vraag %(n)s van %(title)s"), self.assignment.edition.case.title
        return [
            Tab(
                question,
                question.worded(wording),
                number,
                label % {"n": number, "title": title},
                handed_in[question.pk],
                to_read[question.pk],
            )
            for number, question in enumerate(asked, start=1)
        ]

    @cached_property
    def people(self) -> list[Person]:
        """Return the students who handed in an answer, those with unread answers first, by name or by tag."""
        to_read, was_to_read = Counter(), Counter()
        for line in self._lines:
            to_read[line.student] += line.is_to_read
            was_to_read[line.student] += line.was_to_read
        people, labels = self._enrolments, self._labels
        found = sorted(to_read, key=lambda pk: (not was_to_read[pk], self._sort_name(people[pk]), people[pk].tag))
        return [Person(labels[pk], people[pk].tag, to_read[pk]) for pk in found]

    @property
    def to_read(self) -> int:
        return sum(tab.to_read for tab in self.tabs)

    # --- The answers on this page ---

    @property
    def is_by_student(self) -> bool:
        return self.by == ReadBy.STUDENT

    @cached_property
    def _asked_for(self) -> _Line | None:
        """Return the answer that the query string names, or None."""
        return next((line for line in self._lines if line.submission == self._page_request.submission), None)

    @cached_property
    def current_tab(self) -> Tab | None:
        """Return the question in the query string, or else the first with unread answers, or else the first."""
        if self.is_by_student:
            return None
        if self._asked_for and not self._page_request.key:
            return self._first_tab(lambda tab: tab.question.pk == self._asked_for.question)
        return (
            self._first_tab(lambda tab: tab.question.key == self._page_request.key)
            or self._first_tab(lambda tab: tab.to_read > 0)
            or self._first_tab(lambda tab: True)
        )

    def _first_tab(self, condition: Callable[[Tab], bool]) -> Tab | None:
        return next(filter(condition, self.tabs), None)

    @cached_property
    def person(self) -> Person | None:
        """Return the student in the query string, or else the first."""
        if not self.is_by_student:
            return None
        tag = self._page_request.tag
        if self._asked_for and not tag:
            tag = self._enrolments[self._asked_for.student].tag
        first = self.people[0] if self.people else None
        return next((person for person in self.people if person.tag == tag), first)

    @cached_property
    def _chosen(self) -> list[_Line]:
        """Return the answers to read: those of a student by question, or those to a question by student."""
        if self.person:
            numbers = {tab.question.pk: tab.number for tab in self.tabs}
            chosen = [line for line in self._lines if self._enrolments[line.student].tag == self.person.tag]
            return sorted(chosen, key=lambda line: numbers[line.question])
        chosen = [line for line in self._lines if self.current_tab and line.question == self.current_tab.question.pk]
        return sorted(chosen, key=self._place_of)

    def _place_of(self, line: _Line) -> tuple:
        """Return the sort key of an answer: unread at the time `since` comes first, and of those revised ones."""
        person = self._enrolments[line.student]
        name = self._sort_name(person)
        return not line.was_to_read, not (line.was_to_read and line.is_revised), person.group, name, person.tag

    def _sort_name(self, person: Enrolment) -> str:
        return person.tag if self.hides_names else person.user.sort_name

    @property
    def total(self) -> int:
        return len(self._chosen)

    @property
    def pages(self) -> int:
        """Return the number of pages; all answers of one student are on one page."""
        return 1 if self.person else max(1, -(-self.total // PER_PAGE))

    @cached_property
    def page(self) -> int:
        if self.person:
            return 1
        if self._asked_for in self._chosen:
            return self._chosen.index(self._asked_for) // PER_PAGE + 1
        return min(max(1, self._page_request.page), self.pages)

    def _replies(self) -> list[Reply]:
        """Return the answers on this page with the feedback on them."""
        shown = self._chosen if self.person else self._chosen[(self.page - 1) * PER_PAGE : self.page * PER_PAGE]
        tabs = {tab.question.pk: tab for tab in self.tabs}
        texts = _Texts(self._desk, shown)
        return [
            texts.reply(line, self._enrolments[line.student], self._labels[line.student], tabs[line.question])
            for line in shown
        ]

    # --- Counts ---

    @property
    def read(self) -> int:
        """Return how many answers to this question, or of this student, have been read."""
        return sum(not line.is_to_read for line in self._chosen)

    @property
    def not_handed_in(self) -> int:
        """Return how many students who are in the module now have not handed in this question."""
        return self.students - (self.current_tab.handed_in if self.current_tab else 0)

    def _ready(self) -> feedback_status.Ready:
        """Return how much feedback can be released."""
        question, tag = self.current_tab.question if self.current_tab else None, self.person.tag if self.person else ""
        return feedback_status.ready_at(self._desk, self._enrolments, self._in_group, question, tag)

    def _comments(self) -> list[Comment]:
        usable = Comment.objects.usable_by(self._desk.enrolment.user_id, self.assignment.module)
        return list(usable.select_related("owner"))

    # --- Links ---

    @property
    def some_not_handed_in(self) -> bool:
        """Return whether some students have handed in this question and others have not."""
        return bool(self.current_tab and self.replies) and self.not_handed_in > 0

    @property
    def ready_here(self) -> str:
        """Return the unreleased feedback of this page as the form for ticked answers sends it."""
        return feedback_status.as_shown(self.ready.on_page)

    @property
    def release_buttons(self) -> list[ReleaseButton]:
        """Return the buttons that release the feedback of this page, of this group, and all feedback."""
        ready = self.ready
        question = _("vraag %(number)s") % {"number": self.current_tab.number} if self.current_tab else ""
        here = _("Van %(what)s") % {"what": self.person.label if self.person else question}
        group = _("Van klas %(group)s") % {"group": self.group}
        is_part = 0 < len(ready.on_page) < len(ready.all)
        found = [
            ReleaseButton("hier", here, ready.on_page, is_part),
            ReleaseButton("klas", group, ready.in_group, bool(ready.in_group)),
            ReleaseButton("alles", _("Geef alles vrij"), ready.all, bool(ready.all)),
        ]
        return found if self.group else [found[0], found[2]]

    @property
    def onward(self) -> Onward | None:
        """Return where to go on after the last answer: to the next question, the next student, or the release."""
        if not self.replies or self.page < self.pages:
            return None
        if tab := self._next_tab:
            label = _("Naar vraag %(number)s (%(n)s te lezen)") % {"number": tab.number, "n": tab.to_read}
            return Onward("next", f"?vraag={tab.question.key}&{self.elsewhere}", label)
        if person := self.next_person:
            label = _("Volgende: %(name)s") % {"name": person.choice}
            return Onward("next", f"?student={person.tag}&{self.elsewhere}", label)
        return Onward("", "#vrijgeven", _("Dit was de laatste. Naar het vrijgeven"))

    @property
    def _next_tab(self) -> Tab | None:
        """Return the next question with unread answers, or None if there is none."""
        if self.current_tab is None:
            return None
        at = self.tabs.index(self.current_tab)
        return next((tab for tab in self.tabs[at + 1 :] + self.tabs[:at] if tab.to_read), None)

    @property
    def next_person(self) -> Person | None:
        return self._beside(1)

    @property
    def previous_person(self) -> Person | None:
        return self._beside(-1)

    @property
    def address(self) -> str:
        """Return the query string of this page, which shows the same answers after some have been read."""
        return self._address(**self._place, pagina=self.page)

    @property
    def address_of_any_group(self) -> str:
        """Return the query string without a group, so that it does not override the group that the teacher chooses."""
        return f"?{urlencode({**self._place, 'sinds': self.since.isoformat()})}"

    @property
    def elsewhere(self) -> str:
        """Return the part of the query string that all links on the page share."""
        return self._address()[1:]

    @property
    def _place(self) -> dict[str, str]:
        if self.person:
            return {"student": self.person.tag}
        return {"vraag": self.current_tab.question.key} if self.current_tab else {}

    def _address(self, **query: object) -> str:
        group = {} if self.own_group is None else {"klas": self.own_group}
        return f"?{urlencode({**query, **group, 'sinds': self.since.isoformat()})}"

    def _beside(self, step: int) -> Person | None:
        at = self.people.index(self.person) + step if self.person else -1
        return self.people[at] if 0 <= at < len(self.people) else None


def _by(page_request: PageRequest, remembered: str) -> str:
    if page_request.tag:
        return ReadBy.STUDENT
    return ReadBy.QUESTION if page_request.key else remembered


def _lines(assignment: Assignment, since: datetime) -> list[_Line]:
    """Return the latest submission of each answer, in two queries that read no text."""
    early = Feedback.objects.filter(submission=OuterRef("submission"), created_at__lte=since)
    late = Feedback.objects.filter(submission__answer__assignment=assignment, created_at__gt=since)
    read_since = set(late.filter(~Exists(early)).order_by().values_list("submission", flat=True))
    # Finding the latest here takes less time than comparing submissions in the database.
    readable = Submission.objects.readable_for_teachers().filter(answer__assignment=assignment).with_is_to_read()
    rows = readable.order_by("revision")
    rows = rows.values_list("answer", "pk", "answer__question", "answer__student", "is_to_read")
    latest: dict[int, _Line] = {}
    for answer, submission, question, student, is_to_read in rows:
        was_to_read, is_revised = is_to_read or submission in read_since, answer in latest
        latest[answer] = _Line(submission, answer, question, student, is_to_read, was_to_read, is_revised)
    return list(latest.values())


def verdict_field(chosen: str) -> SafeString:
    """Return the radio buttons for the verdict, of which the chosen one is checked."""
    return render_to_string("questions/_verdict_field.html", {"verdicts": Verdict, "chosen": chosen})


class _Texts:
    """The submissions of the answers on a page, with the feedback on them."""

    def __init__(self, desk: Desk, lines: list[_Line]) -> None:
        self._assignment, self._me = desk.assignment, desk.enrolment.user_id
        answers = [line.answer for line in lines]
        self._submissions: dict[int, list[Submission]] = defaultdict(list)
        for submission in Submission.objects.readable_for_teachers().filter(answer__in=answers).order_by("revision"):
            self._submissions[submission.answer_id].append(submission)
        self._feedback: dict[int, list[Feedback]] = defaultdict(list)
        feedback = Feedback.objects.filter(submission__answer__in=answers).select_related("author")
        for row in feedback.order_by("created_at", "pk"):
            self._feedback[row.submission_id].append(row)
        self._versions: dict[int, list[FeedbackVersion]] = defaultdict(list)
        versions = FeedbackVersion.objects.filter(submission__answer__in=answers, author=self._me)
        for version in versions.exclude(text="").order_by("-created_at", "-pk"):
            self._versions[version.submission_id].append(version)
        pinned = PinnedAnswer.objects.filter(submission__answer__in=answers).order_by()
        self._pinned = set(pinned.values_list("submission", flat=True))
        extensions = Extension.objects.filter(assignment=desk.assignment).order_by()
        self._extensions = {extension.enrolment_id: extension for extension in extensions}
        # The radio buttons are the same for all answers with a verdict, so they are rendered once for each verdict.
        self._verdict_field = cache(verdict_field)
        # Comparing texts can be slow, so a page compares one pair; the other pairs have a page of their own.
        self._compared = next((line.answer for line in lines if len(self._submissions[line.answer]) > 1), None)

    def reply(self, line: _Line, enrolment: Enrolment, label: str, tab: Tab) -> Reply:
        """Return the latest submission of this answer with its earlier submissions and feedback."""
        submissions = self._submissions[line.answer]
        latest = submissions[-1]
        feedback = self._feedback[latest.pk]
        own = next((row for row in feedback if row.author_id == self._me), None)
        return Reply(
            submission=latest,
            enrolment=enrolment,
            label=label,
            tab=tab,
            earlier=_earlier(submissions, self._feedback, compares_newest=line.answer == self._compared),
            is_to_read=line.is_to_read,
            is_late=self._assignment.is_late(latest.submitted_at, self._extensions.get(enrolment.pk)),
            asked_otherwise=latest.asked.strip() != tab.wording.strip(),
            is_pinned=latest.pk in self._pinned,
            own=own,
            of_colleagues=[row for row in feedback if row is not own],
            versions=self._versions[latest.pk],
            verdict_field=self._verdict_field(own.verdict if own else ""),
        )


def _earlier(
    submissions: list[Submission], feedback: dict[int, list[Feedback]], *, compares_newest: bool
) -> list[PastSubmission]:
    """Return the submissions before the latest, newest first."""
    found = []
    for number, (old, new) in enumerate(pairwise(submissions), start=1):
        compare = compares_newest and number == len(submissions) - 1
        changes = (text_diff.cache.make if compare else text_diff.cache.get)(old.text, new.text)
        found.append(PastSubmission(old, number, feedback[old.pk], changes))
    return found[::-1]


@dataclass(frozen=True)
class Step:
    """A submission and what the next submission changed, if there is one."""

    submission: Submission
    version: int
    latest: Submission
    changes: text_diff.Difference | None


def step_from(submission: Submission) -> Step | None:
    """Return a submission with what the next one changed, or None if teachers may not read it."""
    versions = list(Submission.objects.readable_for_teachers().filter(answer=submission.answer_id).order_by("revision"))
    if submission not in versions:
        return None
    at = versions.index(submission)
    following = versions[at + 1] if at + 1 < len(versions) else None
    changes = text_diff.cache.make(submission.text, following.text) if following else None
    return Step(submission, at + 1, versions[-1], changes)
