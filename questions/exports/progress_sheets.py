"""The exports of progress: the table of states, and the submissions with their feedback. Drafts are never exported."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from casebook.lib.text import normalise, read_line, visible
from questions.models import Assignment, Feedback, Submission, WorkState
from questions.pages.progress import WORDS, Column, Progress, Row

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not allowed in a sheet
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")  # a text that begins with one can be run
LONGEST = 32_767  # characters in a cell of Excel


@dataclass(frozen=True)
class Sheet:
    """A table with its title, head and column widths."""

    title: str
    head: list[str]
    widths: list[int]
    rows: list[list[str]]


def states(progress: Progress) -> Sheet:
    """Return the sheet with the table of the page."""
    names, words = [_name_of(progress, column) for column in progress.columns], _words()
    rows = [
        [*_person(row), *(words[state] for state in row.states), str(row.handed_in), str(row.to_read)]
        for row in progress.rows
    ]
    head = [*_person_head(), *names, _("Ingeleverd"), _("Nog te lezen")]
    return Sheet(_("Stand"), head, [26, 12, 16, *(18 for _name in names), 12, 12], rows)


def submissions(progress: Progress) -> Sheet:
    """Return the sheet with the latest submissions, each with the question as it was asked then and the feedback."""
    head = [
        *_person_head(),
        _("Vraag"),
        _("Bril"),
        _("De vraag zoals gesteld"),
        _("Antwoord"),
        _("Ingeleverd op"),
        _("Versie"),
        _("Te laat"),
        _("Stand"),
        _("Feedback"),
    ]
    return Sheet(_("Ingeleverd"), head, [26, 12, 16, 26, 12, 40, 70, 18, 8, 8, 18, 70], list(_answers(progress)))


def _answers(progress: Progress) -> Iterator[list[str]]:
    versions: dict[tuple, list[Submission]] = {}
    rows = Submission.objects.readable_for_teachers().filter(answer__assignment__module=progress.module)
    for submission in rows.select_related("answer").defer("answer__text").order_by("revision"):
        answer = submission.answer
        versions.setdefault((answer.student_id, answer.assignment_id, answer.question_id), []).append(submission)
    feedback: dict[int, list[Feedback]] = {}
    feedback_rows = Feedback.objects.filter(
        submission__answer__assignment__module=progress.module, submission__withdrawn_at=None
    )
    for feedback_row in feedback_rows.select_related("author").order_by("created_at", "pk"):
        feedback.setdefault(feedback_row.submission_id, []).append(feedback_row)
    columns = [
        (column.asked, progress.assignment_of(column), [_name_of(progress, column), str(column.kolb.label)])
        for column in progress.columns
    ]
    words = _words()
    for row in progress.rows:
        person = _person(row)
        for (asked, assignment, question), state in zip(columns, row.states, strict=True):
            if handed := versions.get((row.enrolment.user_id, asked.assignment_id, asked.question_id)):
                texts = [text for given in feedback.get(handed[-1].pk, []) for text in _feedback_texts(given)]
                yield [*person, *question, *_answer(row, assignment, handed), words[state], "\n\n".join(texts)]


def _words() -> dict[WorkState, str]:
    """Return the texts of the states, translated once for all cells."""
    return {state: str(word) for state, word in WORDS.items()}


def _answer(row: Row, assignment: Assignment, handed: list[Submission]) -> list[str]:
    latest = handed[-1]
    extension = next((own for own in row.extensions if own.assignment_id == assignment.pk), None)
    is_late = assignment.is_late(latest.submitted_at, extension)
    moment = f"{timezone.localtime(latest.submitted_at):%d-%m-%Y %H:%M}"
    return [latest.asked, latest.text, moment, str(len(handed)), _("ja") if is_late else _("nee")]


def _feedback_texts(feedback: Feedback) -> list[str]:
    """Return the feedback with whether the student can see it: first the released text, then the unreleased one."""
    parts = []
    if feedback.is_released:
        shown = _("vrijgegeven op %(day)s") % {"day": f"{timezone.localtime(feedback.released_at):%d-%m-%Y}"}
        parts.append((feedback.shown_verdict.label, shown, feedback.shown_text))
    if feedback.waits_for_release:
        parts.append((feedback.get_verdict_display(), _("nog niet vrijgegeven"), feedback.text))
    author = read_line(str(feedback.author)) if feedback.author else _("een docent zonder account")
    return [
        f"{author} ({verdict}, {shown}): {text}" if text else f"{author} ({verdict}, {shown})"
        for verdict, shown, text in parts
    ]


def _person_head() -> list[str]:
    return [_("Student"), _("Klas"), _("In de module")]


def _person(row: Row) -> list[str]:
    return [read_line(row.label), row.enrolment.group, _("niet meer") if row.enrolment.has_left else _("ja")]


def _name_of(progress: Progress, column: Column) -> str:
    title = progress.assignment_of(column).edition.case.title
    return _("%(title)s, vraag %(n)s") % {"title": title, "n": column.number}


# --- As files ---


def file_name(progress: Progress, suffix: str) -> str:
    """Return the name of the file, with module, group and date, and without names of students."""
    parts = [
        _("voortgang"),
        slugify(progress.module.full_title),
        slugify(progress.group),
        f"{timezone.localdate():%Y-%m-%d}",
    ]
    return f"{'-'.join(filter(None, parts))}.{suffix}"


def as_xlsx(sheets: list[Sheet]) -> bytes:
    """Return an Excel file. Every cell is a text, so that no text that a user wrote is run as a formula."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.title)
        page.freeze_panes = "B2"
        for number, width in enumerate(sheet.widths, start=1):
            page.column_dimensions[get_column_letter(number)].width = width
        head, cell = _text_cell(page, Font(bold=True)), _text_cell(page)
        page.append(_filled(head, text) for text in sheet.head)
        for row in sheet.rows:
            page.append(_filled(cell, text) for text in row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _text_cell(page: WriteOnlyWorksheet, font: Font | None = None) -> WriteOnlyCell:
    """Return a cell that is filled for each text in turn, since styling a hundred thousand cells takes seconds."""
    cell = WriteOnlyCell(page)
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    cell.quotePrefix = True  # it stays a text when a user edits the cell
    if font:
        cell.font = font
    return cell


def _filled(cell: WriteOnlyCell, text: str) -> WriteOnlyCell:
    text = _printable(text)
    if len(text) > LONGEST:
        end = _(" […] De rest staat op de site.")
        text = text[: LONGEST - len(end)] + end
    cell.value = text
    cell.data_type = "s"  # openpyxl sets "f" for a text that looks like a formula
    return cell


def as_csv(sheet: Sheet) -> bytes:
    """Return a CSV file as Dutch Excel reads it: UTF-8 with a byte order mark, and semicolons.

    A text that looks like a formula gets an apostrophe before it.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=";", lineterminator="\r\n")
    for row in (sheet.head, *sheet.rows):
        writer.writerow([_harmless(_printable(text)) for text in row])
    return lines.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    """Return the text with an apostrophe before it if a program could take it for a formula.

    Programs skip spaces and invisible characters before the sign, which can also be a wide or a small one, as «＝».
    """
    begins_with = unicodedata.normalize("NFKC", visible(text).lstrip()[:1])
    return f"'{text}" if begins_with in FORMULA or text.startswith(FORMULA) else text


def _printable(text: str) -> str:
    """Return the text as a sheet can contain it. Most cells have one line of printable characters already."""
    return text if text.isprintable() else UNPRINTABLE.sub("", normalise(text))
