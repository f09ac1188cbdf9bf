"""Comparison of two case files: which parts differ, and in which words."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from casebook.lib.text_diff import MOST_STEPS_OF_PAGE, Run, Work, compared, is_changed
from cases.files.fields import CaseDocument, Kind, of_kind

LONG = 400  # characters; the middle of a longer passage that both have is left out
EDGE = 140
OPENING = 60


@dataclass(frozen=True)
class Change:
    """A part of a case that differs, as runs: «same», «gone», «new», or «cut» for a long equal passage."""

    label: str
    runs: list[Run]
    is_coarse: bool = False  # too different to compare all of it word by word

    @property
    def old(self) -> list[Run]:
        return [run for run in self.runs if run.kind != "new"]

    @property
    def new(self) -> list[Run]:
        return [run for run in self.runs if run.kind != "gone"]


def work_of_page() -> Work:
    """Return the limit of comparison for one page, however many texts it has."""
    return Work(MOST_STEPS_OF_PAGE)


def compare(old: CaseDocument, new: CaseDocument, work: Work | None = None) -> list[Change]:
    """Return the differences in the order of a case. Questions are the same if their keys are equal."""
    work = work or work_of_page()
    return [
        change
        for label, before, after in [*_texts(old, new), *_questions(old, new), *_lists(old, new)]
        if (change := changed(label, before, after, work))
    ]


def changed(label: str, before: str, after: str, work: Work) -> Change | None:
    """Return the change of one part; None where both texts are equal."""
    made = compared(before, after, work)
    if not is_changed(made.runs):
        return None
    return Change(label, [piece for run in made.runs for piece in _shortened(run)], made.is_coarse)


def _texts(old: CaseDocument, new: CaseDocument) -> Iterator[tuple[str, str, str]]:
    for field in of_kind(Kind.LINE, Kind.NAME, Kind.PARAGRAPH, Kind.SECTION):
        yield str(field.label), getattr(old, field.name), getattr(new, field.name)


def _questions(old: CaseDocument, new: CaseDocument) -> Iterator[tuple[str, str, str]]:
    before = {question.key: question for question in old.questions}
    after = {question.key: question for question in new.questions}
    for number, (key, question) in enumerate(after.items(), start=1):
        then = before.get(key)
        what = _("Vraag %(number)s") if then else _("Vraag %(number)s, nieuw")
        yield what % {"number": number}, then.text if then else "", question.text
        if then:
            yield _("Bril van vraag %(number)s") % {"number": number}, then.kolb, question.kolb
    for number, (key, question) in enumerate(before.items(), start=1):
        if key not in after:
            yield _("Vraag %(number)s, vervallen") % {"number": number}, question.text, ""
    both = [
        [question.key for question in found if question.key in before and question.key in after]
        for found in (old.questions, new.questions)
    ]
    if both[0] != both[1]:
        orders = ["\n".join(before[key].text[:OPENING] for key in keys) for keys in both]
        yield _("Volgorde van de vragen"), *orders


def _lists(old: CaseDocument, new: CaseDocument) -> Iterator[tuple[str, str, str]]:
    """Return the other lists, with a line for each of their items."""
    for field in of_kind(Kind.LIST):
        before, after = ("\n".join(map(str, getattr(document, field.name))) for document in (old, new))
        yield str(field.label), before, after


def _shortened(run: Run) -> Iterator[Run]:
    if run.kind != "same" or len(run.text) <= LONG:
        yield run
        return
    yield Run("same", run.text[:EDGE].rsplit(" ", 1)[0] + " ")
    yield Run("cut", "…")
    yield Run("same", " " + run.text[-EDGE:].split(" ", 1)[-1])
