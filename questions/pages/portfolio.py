"""Everything that a person wrote, gathered by module and case: what /antwoorden/ shows and what people take along."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import F, OuterRef, Prefetch, Subquery
from django.db.models.functions import Left
from django.utils.translation import gettext as _

import cases.access
from casebook.lib.text import fold
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

OPENING = 240  # how much of an earlier version the list shows, to know it by


@dataclass(frozen=True)
class Handed:
    """One time that an answer was handed in, with what came back: released feedback and no other."""

    submission: Submission
    feedback: list[Feedback]
    is_current: bool  # says the very same as the answer does now


@dataclass(frozen=True)
class Entry:
    """One question with what this person wrote on it."""

    answer: Answer
    wording: str
    href: str
    handed: list[Handed]
    versions: list[AnswerVersion]

    @property
    def lens(self) -> Kolb:
        return Kolb(self.answer.question.kolb)

    @property
    def state(self) -> AnswerState:
        return self.answer.state

    @property
    def link_text(self) -> str:
        """Where the link leads to."""
        return _("Open in de opdracht") if self.answer.assignment_id else _("Open bij de casus")

    @property
    def is_written(self) -> bool:
        return bool(self.answer.text.strip())

    @property
    def is_unseen_by_teacher(self) -> bool:
        """For an assignment, and not handed in as it stands."""
        return self.answer.assignment_id is not None and self.answer.progress.is_unseen_by_teachers

    @property
    def earlier(self) -> list[AnswerVersion]:
        """The versions that are not shown already, as what was handed in."""
        return [version for version in self.versions if version.kind != AnswerVersion.Kind.HANDED_IN]

    @cached_property
    def folded(self) -> str:
        """All words of question, answer, what was handed in and feedback, made fit for finding."""
        feedback = (given.shown_text for handed in self.handed for given in handed.feedback)
        return fold(
            " ".join([self.wording, self.answer.text, *(each.submission.text for each in self.handed), *feedback])
        )


@dataclass(frozen=True)
class Chapter:
    """The answers on one case: of one assignment, or for oneself."""

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
    """A module; without one: what people wrote for themselves."""

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
    sections: list[Section] = field(default_factory=list)

    @property
    def entries(self) -> Iterator[Entry]:
        return (entry for section in self.sections for chapter in section.chapters for entry in chapter.entries)

    @cached_property
    def size(self) -> int:
        return sum(1 for _entry in self.entries)

    @cached_property
    def lenses(self) -> Counter[str]:
        """How many questions of each kind were written on."""
        return Counter(entry.answer.question.kolb for entry in self.entries if entry.is_written)

    @property
    def lens_counts(self) -> list[tuple[Kolb, int]]:
        return [(kolb, self.lenses[kolb.value]) for kolb in Kolb]

    @property
    def skipped(self) -> list[Kolb]:
        return [kolb for kolb, count in self.lens_counts if not count]

    @property
    def skipped_in_words(self) -> str:
        """«de denker of de beslisser»: kinds of question, not of people."""
        return _(" of ").join(_("de %(lens)s") % {"lens": kolb.label} for kolb in self.skipped)

    @cached_property
    def unseen_by_teacher(self) -> int:
        return sum(entry.is_unseen_by_teacher for entry in self.entries)

    def with_words(self, words: list[str], versions: set[int] = frozenset()) -> "Portfolio":
        """Only what has every word: in the text, the question, the feedback or the names above it. `versions` are
        answers that are in because an earlier version has the words."""

        def has_words(section: Section, chapter: Chapter, entry: Entry) -> bool:
            names = fold(f"{section.module or ''} {chapter.title}")
            return entry.answer.pk in versions or all(word in entry.folded or word in names for word in words)

        return self._only(has_words)

    def unseen(self) -> "Portfolio":
        """Only what a teacher does not see as it stands."""
        return self._only(lambda section, chapter, entry: entry.is_unseen_by_teacher)

    def _only(self, keep) -> "Portfolio":
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


def portfolio_of(user, *, module_id: int | None = None, whole_versions: bool = False) -> Portfolio:
    """Return all answers of this user, also from modules that are archived or left, in a fixed number of queries.

    Earlier versions come with their opening words only, unless they are asked for whole.
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


def _answers(user, module_id: int | None, *, whole_versions: bool):
    """Answers that hold a text, or did once."""
    versions = AnswerVersion.objects.annotate(opening=Left("text", OPENING))
    asked = AssignmentQuestion.objects.filter(assignment=OuterRef("assignment"), question=OuterRef("question"))
    answers = (
        Answer.objects.visible_to(user)
        .with_state()
        .annotate(place=Subquery(asked.values("position")[:1]))
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
        .order_by(F("place").asc(nulls_last=True), "question__case__number", "question__position", "pk")
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
                Handed(submission, submission.released, submission.text == answer.text)
                for submission in answer.submissions.all()
            ],
            versions=list(answer.versions.all()),
        )
        for answer in answers
    ]
    return Chapter(case.number, story.title if story else case.title, assignment, href, entries)


def _in_order(sections) -> list[Section]:
    """The newest module first, and last of all what people wrote for themselves."""
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


def search(portfolio: Portfolio, query: str, user) -> Portfolio:
    """What has all words of the query, whatever capitals and accents; earlier versions are looked through too."""
    words = fold(query).split()
    if not words:
        return portfolio
    found = {
        answer
        for answer, text in AnswerVersion.objects.filter(answer__student=user).values_list("answer", "text")
        if all(word in fold(text) for word in words)
    }
    return portfolio.with_words(words, found)


def module_of(user, module_id: int) -> Module | None:
    """A module in which this person is, was, or wrote something."""
    return (
        Module.objects.filter(pk=module_id, enrolments__user=user).first()
        or Module.objects.filter(pk=module_id, assignments__answers__student=user).first()
    )


def wording_of(answer: Answer) -> str:
    """Return the question as its assignment asks it; for oneself as the case asks it now."""
    return answer.question.worded(_wording(answer.assignment))


def _wording(assignment: Assignment | None) -> dict[str, str]:
    return cases.access.wording(assignment.edition) if assignment else {}
