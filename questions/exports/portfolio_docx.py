"""The export of a portfolio as a Word document, without feedback that is not released.

python-docx takes 15 MB of memory, so this module is imported only when a document is requested.
"""

import io
import re

from django.utils import timezone
from django.utils.translation import gettext as _
from docx import Document
from docx.document import Document as DocumentObject
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph
from markdown_it import MarkdownIt

from casebook.lib.dates import in_full
from casebook.lib.text import normalise
from casebook.models import User
from questions.exports.portfolio_json import author_name
from questions.pages.portfolio import Entry, Portfolio, Section, SubmissionEntry

INK, SOFT = RGBColor(0x23, 0x1D, 0x17), RGBColor(0x5F, 0x56, 0x4B)
SIZES = {"Title": 26, "Heading 1": 19, "Heading 2": 15, "Heading 3": 12, "Heading 4": 11}
NOTE, FEEDBACK = "Bij een antwoord", "Feedback"

# Characters that XML 1.0 does not allow: a document that has one does not open.
_unfit = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_markdown = MarkdownIt("commonmark", {"html": False}).disable("image")


def as_docx(user: User, portfolio: Portfolio) -> bytes:
    """Return the portfolio of this user as a Word document."""
    document = _blank(user)
    document.add_heading(_("Mijn antwoorden"), 0)
    written_on = _("%(name)s, %(date)s") % {"name": user.name or user.email, "date": in_full(timezone.now())}
    document.add_paragraph(fit(written_on), NOTE)
    if not portfolio.sections:
        document.add_paragraph(_("Je hebt nog niets geschreven."))
    for section in portfolio.sections:
        _write_section(document, section)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def fit(text: str) -> str:
    """Return the text in its normal form, without characters that are not allowed in a document."""
    return _unfit.sub("", normalise(text))


def _write_section(document: DocumentObject, section: Section) -> None:
    module = section.module
    document.add_heading(fit(str(module) if module else _("Voor jezelf")), 1)
    notes = []
    if module is None:
        notes.append(_("Geen docent ziet dit."))
    elif module.is_archived:
        notes.append(_("gearchiveerd"))
    if section.has_left:
        notes.append(_("je zit niet meer in deze module"))
    if notes:
        document.add_paragraph(fit(" · ".join(notes)), NOTE)
    for chapter in section.chapters:
        title = _("Casus %(number)s: %(title)s") % {"number": chapter.number, "title": chapter.title}
        document.add_heading(fit(title), 2)
        for entry in chapter.entries:
            _write_entry(document, entry)


def _write_entry(document: DocumentObject, entry: Entry) -> None:
    _write_wording(document.add_heading(level=3), entry.wording)
    facts = [_("bril: %(lens)s") % {"lens": entry.lens.label}, str(entry.state.label)]
    facts.append(_("laatst veranderd op %(when)s") % {"when": in_full(entry.answer.updated_at)})
    document.add_paragraph(" · ".join(facts), NOTE)
    _write_text(document, entry.answer.text or _("Hier staat nu niets."))
    if entry.is_unseen_by_teacher and entry.handed:
        document.add_paragraph(_("Veranderd na het inleveren; je docent ziet deze tekst niet."), NOTE)
    for handed in entry.handed:
        _write_handed(document, handed)


def _write_handed(document: DocumentObject, handed: SubmissionEntry) -> None:
    submission = handed.submission
    document.add_heading(_("Ingeleverd op %(when)s") % {"when": in_full(submission.submitted_at)}, 4)
    if submission.withdrawn_at:
        withdrawn = _("Teruggenomen op %(when)s.") % {"when": in_full(submission.withdrawn_at)}
        document.add_paragraph(withdrawn, NOTE)
    if handed.is_current:
        document.add_paragraph(_("Dezelfde tekst als hierboven."), NOTE)
    else:
        _write_text(document, submission.text)
    for feedback in handed.feedback:
        head = document.add_paragraph(style=FEEDBACK)
        author = author_name(feedback) or _("een docent")
        head.add_run(fit(_("Feedback van %(author)s") % {"author": author})).bold = True
        head.add_run(f" · {feedback.shown_verdict.label} · {in_full(feedback.released_at)}").font.color.rgb = SOFT
        head.paragraph_format.keep_with_next = bool(feedback.shown_text.strip())
        _write_text(document, feedback.shown_text, FEEDBACK)


def _write_text(document: DocumentObject, text: str, style: str | None = None) -> None:
    """Add a paragraph for each block of text between blank lines; a single newline stays a line break."""
    for paragraph in re.split(r"\n[ \t]*\n", fit(text)):
        if paragraph.strip():
            document.add_paragraph(paragraph.strip("\n"), style)


def _write_wording(paragraph: Paragraph, wording: str) -> None:
    """Add the wording of a question, which is Markdown, with its emphasis."""
    is_strong = is_italic = False
    for token in _markdown.parseInline(fit(wording))[0].children:
        if token.type in {"strong_open", "strong_close"}:
            is_strong = token.type == "strong_open"
        elif token.type in {"em_open", "em_close"}:
            is_italic = token.type == "em_open"
        elif text := " " if "break" in token.type else token.content:
            run = paragraph.add_run(text)
            run.italic, run.underline = is_italic or None, is_strong or None


def _blank(user: User) -> DocumentObject:
    """Return an empty A4 document in Dutch, with a footer that has the name and the page number."""
    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.5)
    page.top_margin, page.bottom_margin = Cm(2.2), Cm(2.2)
    _set_styles(document)
    properties = document.core_properties
    properties.title, properties.author = _("Mijn antwoorden"), fit(str(user))
    properties.language, properties.comments = "nl-NL", ""
    foot = page.footer.paragraphs[0]
    foot.style = document.styles[NOTE]
    foot.add_run(fit(_("Casusboek · antwoorden van %(name)s · bladzijde ") % {"name": user.name or user.email}))
    _add_page_number(foot)
    return document


def _set_styles(document: DocumentObject) -> None:
    styles = document.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(11)
    normal.paragraph_format.space_after, normal.paragraph_format.line_spacing = Pt(8), 1.2
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "nl-NL")
    normal.element.get_or_add_rPr().append(language)
    for name, size in SIZES.items():
        style = styles[name]
        style.font.size, style.font.color.rgb, style.font.bold, style.font.italic = Pt(size), INK, size < 15, False
        _set_face(style, "Georgia" if size >= 12 else "Calibri")
        style.paragraph_format.space_before = Pt(size)
        style.paragraph_format.space_after = Pt(4)
    for border in styles["Title"].element.xpath("./w:pPr/w:pBdr"):
        border.getparent().remove(border)
    note = styles.add_style(NOTE, 1)
    note.base_style, note.font.size, note.font.color.rgb = normal, Pt(9.5), SOFT
    feedback = styles.add_style(FEEDBACK, 1)
    feedback.base_style, feedback.paragraph_format.left_indent = normal, Cm(1)


def _set_face(style: ParagraphStyle, face: str) -> None:
    """Set the font of a heading, without the references to the theme of the template, which would override it."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    style.font.name = face


def _add_page_number(paragraph: Paragraph) -> None:
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = paragraph.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._r.append(mark)
