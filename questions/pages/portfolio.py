"""The portfolio: everything that a user wrote, by module and case, for /antwoorden/ and for exports."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Left
from django.utils.translation import gettext as _

import cases.access
from casebook.lib.text import fold
from casebook.models import User
from cases.models import Status
from questions.models import (
    Answer,
    AnswerState,
    AnswerVersion,
    Assignment,
    AssignmentQuestion,
    Enrolment,
    Feedback,
    Kolb,
    Module,
    Submission,
)

OPENING = 240  # characters of an earlier version that the list shows


@dataclass(frozen=True)
class SubmissionEntry:
    """A submission with its released feedback."""

    submission: Submission
    feedback: list[Feedback]
    is_current: bool  # has the same text as the answer has now


@dataclass(frozen=True)
class Entry:
    """A question with the answer of this user."""

    answer: Answer
    wording: str
    href: str
    handed: list[SubmissionEntry]
    versions: list[AnswerVersion]

    @property
    def lens(self) -> Kolb:
        return Kolb(self.answer.question.kolb)

    @property
    def state(self) -> AnswerState:
        return self.answer.state

    @property
    def link_text(self) -> str:
        """Return the text of the link to the answer."""
        return _("Open in de opdracht") if self.answer.assignment_id else _("Open bij de casus")

    @property
    def is_written(self) -> bool:
        return bool(self.answer.text.strip())

    @property
    def is_unseen_by_teacher(self) -> bool:
        """Return whether the answer is for an assignment and its current text was not handed in."""
        return self.answer.assignment_id is not None and self.answer.progress.is_unseen_by_teachers

    @property
    def earlier(self) -> list[AnswerVersion]:
        """Return the versions except submissions, which are shown separately."""
        return [version for version in self.versions if version.kind != AnswerVersion.Kind.HANDED_IN]

    @cached_property
    def folded(self) -> str:
        """Return the folded text of question, answer, submissions and feedback, for searching."""
        submissions = (handed.submission.text for handed in self.handed)
        feedback = (row.shown_text for handed in self.handed for row in handed.feedback)
        return fold(" ".join([self.wording, self.answer.text, *submissions, *feedback]))


@dataclass(frozen=True)
class Chapter:
    """The answers on one case: for one assignment, or for own study."""

    number: int
    title: str
    assignment: Assignment | None
    href: str
    entries: list[Entry]

    @property
    def anchor(self) -> str:
        return f"opdracht-{self.assignment.pk}" if self.assignment else f"casus-{self.number}"


@dataclass(frozen=True)
class Section:
    """The answers in a module, or without a module the answers for own study."""

    module: Module | None
    has_left: bool
    chapters: list[Chapter]

    @property
    def anchor(self) -> str:
        return f"module-{self.module.pk}" if self.module else "voor-jezelf"

    @property
    def size(self) -> int:
        return sum(len(chapter.entries) for chapter in self.chapters)


@dataclass(frozen=True)
class Portfolio:
    """All answers of one user."""

    sections: list[Section] = field(default_factory=list)

    @property
    def entries(self) -> Iterator[Entry]:
        return (entry for section in self.sections for chapter in section.chapters for entry in chapter.entries)

    @cached_property
    def size(self) -> int:
        """Return the number of answers."""
        return sum(1 for _entry in self.entries)

    @cached_property
    def lenses(self) -> Counter[str]:
        """Return by kind of question how many answers have a text."""
        return Counter(entry.answer.question.kolb for entry in self.entries if entry.is_written)

    @property
    def lens_counts(self) -> list[tuple[Kolb, int]]:
        return [(kolb, self.lenses[kolb.value]) for kolb in Kolb]

    @property
    def skipped(self) -> list[Kolb]:
        """Return the kinds of question without a written answer."""
        return [kolb for kolb, count in self.lens_counts if not count]

    @property
    def skipped_in_words(self) -> str:
        """Return the kinds of question without answers, such as «de denker of de beslisser»."""
        return _(" of ").join(_("de %(lens)s") % {"lens": kolb.label} for kolb in self.skipped)

    @cached_property
    def unseen_by_teacher(self) -> int:
        return sum(entry.is_unseen_by_teacher for entry in self.entries)

    def with_words(self, words: list[str], versions: set[int] = frozenset()) -> "Portfolio":
        """Return the answers that have every word: in the text, question, feedback, module or case.

        `versions` are the ids of answers that are included because an earlier version has the words.
        """

        def has_words(section: Section, chapter: Chapter, entry: Entry) -> bool:
            names = fold(f"{section.module or ''} {chapter.title}")
            return entry.answer.pk in versions or all(word in entry.folded or word in names for word in words)

        return self._only(has_words)

    def unseen(self) -> "Portfolio":
        """Return the answers whose current text no teacher can see."""
        return self._only(lambda section, chapter, entry: entry.is_unseen_by_teacher)

    def _only(self, keep: Callable[[Section, Chapter, Entry], bool]) -> "Portfolio":
        """Return the portfolio with only these answers, without empty chapters and sections."""
        sections = []
        for section in self.sections:
            chapters = []
            for chapter in section.chapters:
                entries = [entry for entry in chapter.entries if keep(section, chapter, entry)]
                if entries:
                    chapters.append(Chapter(chapter.number, chapter.title, chapter.assignment, chapter.href, entries))
            if chapters:
                sections.append(Section(section.module, section.has_left, chapters))
        return Portfolio(sections)


def portfolio_of(user: User, *, module_id: int | None = None, whole_versions: bool = False) -> Portfolio:
    """Return all answers of this user, including those in archived and former modules, in a fixed number of queries.

    Earlier versions have only their opening characters, unless whole_versions is set.
    """
    answers = list(_answers(user, module_id, whole_versions=whole_versions))
    assignments = {
        assignment.pk: assignment
        for assignment in Assignment.objects.filter(pk__in={a.assignment_id for a in answers} - {None})
        .select_related("module", "edition__case")
        .defer("edition__case__introduction", "edition__case__body", "edition__case__closing")
    }
    current = set(Enrolment.objects.current().filter(user=user).values_list("module", flat=True))
    chapters: dict[tuple, list[Answer]] = {}
    for answer in answers:
        chapters.setdefault((answer.assignment_id, answer.question.case_id), []).append(answer)
    sections: dict[int | None, Section] = {}
    for (assignment_id, _case), members in chapters.items():
        assignment = assignments.get(assignment_id)
        module = assignment.module if assignment else None
        is_member = module is not None and module.pk in current
        key = module.pk if module else None
        section = sections.setdefault(key, Section(module, module is not None and not is_member, []))
        section.chapters.append(_chapter(assignment, members, is_member=is_member))
    return Portfolio(_in_order(sections.values()))


def _answers(user: User, module_id: int | None, *, whole_versions: bool) -> QuerySet[Answer]:
    """Return the answers with everything that the portfolio shows."""
    versions = AnswerVersion.objects.annotate(opening=Left("text", OPENING))
    asked = AssignmentQuestion.objects.filter(assignment=OuterRef("assignment"), question=OuterRef("question"))
    answers = (
        Answer.objects.visible_to(user)
        .with_state()
        .annotate(asked_position=Subquery(asked.values("position")[:1]))
        .select_related("question__case")
        .defer("question__case__introduction", "question__case__body", "question__case__closing")
        .prefetch_related(
            "submissions",
            Prefetch(
                "submissions__feedback",
                Feedback.objects.released().select_related("author").order_by("released_at", "pk"),
                to_attr="released",
            ),
            Prefetch("versions", versions if whole_versions else versions.defer("text")),
        )
        .order_by(F("asked_position").asc(nulls_last=True), "question__case__number", "question__position", "pk")
    )
    return answers if module_id is None else answers.filter(assignment__module=module_id)


def _chapter(assignment: Assignment | None, answers: list[Answer], *, is_member: bool) -> Chapter:
    case = assignment.edition.case if assignment else answers[0].question.case
    story = cases.access.read_edition(assignment.edition) if assignment else None
    wording = _wording(assignment)
    if assignment:
        href = assignment.get_absolute_url() if is_member else ""
    else:
        href = case.get_absolute_url() if case.status == Status.PUBLISHED else ""
    entries = [
        Entry(
            answer=answer,
            wording=answer.question.worded(wording),
            href=f"{href}#vraag-{answer.question.key}" if href else "",
            handed=[
                SubmissionEntry(submission, submission.released, submission.text == answer.text)
                for submission in answer.submissions.all()
            ],
            versions=list(answer.versions.all()),
        )
        for answer in answers
    ]
    return Chapter(case.number, story.title if story else case.title, assignment, href, entries)


def _in_order(sections: Iterable[Section]) -> list[Section]:
    """Return the sections with the newest module first and own study last."""
    ordered = sorted(
        sections,
        key=lambda section: (section.module is None, -section.module.created_at.timestamp() if section.module else 0),
    )
    for section in ordered:
        section.chapters.sort(
            key=lambda chapter: (
                (chapter.assignment.position, chapter.assignment.pk) if chapter.assignment else (chapter.number, 0)
            )
        )
    return ordered


def search(portfolio: Portfolio, query: str, user: User) -> Portfolio:
    """Return the answers with all words of the query, without regard to case and accents, also in earlier versions."""
    words = fold(query).split()
    if not words:
        return portfolio
    found = {
        answer
        for answer, text in AnswerVersion.objects.filter(answer__student=user).values_list("answer", "text")
        if all(word in fold(text) for word in words)
    }
    return portfolio.with_words(words, found)


def module_of(user: User, module_id: int) -> Module | None:
    """Return a module in which this user is or was enrolled or has an answer, or None."""
    return (
        Module.objects.filter(pk=module_id, enrolments__user=user).first()
        or Module.objects.filter(pk=module_id, assignments__answers__student=user).first()
    )


def wording_of(answer: Answer) -> str:
    """Return the question as its assignment words it, or for own study as the case words it now."""
    return answer.question.worded(_wording(answer.assignment))


def _wording(assignment: Assignment | None) -> dict[str, str]:
    return cases.access.wording(assignment.edition) if assignment else {}
