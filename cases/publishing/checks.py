"""The checks before publication: errors, which block it, and advice, which does not.

They check a document and use no database.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cases.files import fields
from cases.files.fields import KOLB, CaseDocument, Field, Kind, of_kind
from cases.files.reader import markdown_problems

LONGEST_SUMMARY = 40  # words; more does not fit on a card in the catalogue
MOST_ASKED = 2  # questions in one question of a case that students still answer completely

_wide_heading = re.compile(r"^#{1,2}\s+\S", re.MULTILINE)
_year = re.compile(r"\b(?:1[5-9]|20)\d\d\b|\b(?:z\.\s?[dj]|n\.\s?d)\.|\bin (?:druk|voorbereiding)\b", re.IGNORECASE)
_quoted = re.compile(r"\*[^*\n]+\*|‘[^’\n]*’|“[^”\n]*”|\"[^\"\n]*\"")
_address = re.compile(r"https?://\S+")
_email = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_phone = re.compile(r"(?<![\d.,-])(?:(?:\+|00)31[\s.-]?(?:\(0\)[\s.-]?)?|0)[1-9](?:[\s.-]{0,3}\d){8}(?!\d)")
_nine_digits = re.compile(r"(?<![\d.,-])\d(?:[. ]?\d){8}(?![\d]|[.,]\d)")


@dataclass(frozen=True)
class Finding:
    """An error or advice: the field of the admin's form that it is about, and a sentence."""

    field: str
    message: str
    blocks: bool = False

    @property
    def anchor(self) -> str:
        """Return the id of that field, or of the group of rows, on the page."""
        return (
            f"{self.field}-group" if self.field in {"questions", "case_keywords", "references"} else f"id_{self.field}"
        )


def check(document: CaseDocument) -> list[Finding]:
    """Return all errors and then all advice on this case, in the order of the form."""
    return [*_errors(document), *_advice(document)]


def errors(document: CaseDocument) -> list[Finding]:
    """Return the errors that block the publication of this case."""
    return list(_errors(document))


def _errors(document: CaseDocument) -> Iterator[Finding]:
    needed = [field for field in fields.FIELDS if field.if_empty]
    yield from _empty(document, [field for field in needed if not field.is_list])
    for field in fields.sections():
        yield from _unfit_text(field.name, getattr(document, field.name))
    yield from _empty(document, [field for field in needed if field.is_list])
    yield from _unfit_questions(document)


def _empty(document: CaseDocument, needed: list[Field]) -> Iterator[Finding]:
    for field in needed:
        value = getattr(document, field.name)
        if not (value if field.is_list else value.strip()):
            yield Finding(field.name, str(field.if_empty), blocks=True)


def _unfit_questions(document: CaseDocument) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, question in enumerate(document.questions):
        where = {"number": index + 1, "key": question.key}
        if question.kolb not in KOLB:
            sentence = _("Kies bij vraag %(number)s een bril: doener, beschouwer, denker of beslisser.")
            yield Finding(f"questions-{index}-kolb", sentence % where, blocks=True)
        if not question.text.strip():
            yield Finding(f"questions-{index}-text", _("Vraag %(number)s is leeg.") % where, blocks=True)
        if question.key in seen:
            sentence = _("Vraag %(number)s heeft de sleutel «%(key)s» van een andere vraag; geef een eigen sleutel.")
            yield Finding(f"questions-{index}-key", sentence % where, blocks=True)
        seen.add(question.key)


def _unfit_text(field: str, text: str) -> Iterator[Finding]:
    """Yield what a case file cannot contain: headings with ##, and images."""
    if _wide_heading.search(text):
        yield Finding(field, _("Begin een tussenkopje met ###, niet met # of ##."), blocks=True)
    for problem in dict.fromkeys(message for _line, message in markdown_problems(text)):
        yield Finding(field, f"{problem[:1].upper()}{problem[1:]}.", blocks=True)


def _advice(document: CaseDocument) -> Iterator[Finding]:
    words = len(document.summary.split())
    if words > LONGEST_SUMMARY:
        sentence = _("De omschrijving telt %(words)s woorden. Met hoogstens %(most)s past ze op een kaartje.")
        yield Finding("summary", sentence % {"words": words, "most": LONGEST_SUMMARY})
    yield from _personal_data(document)
    if not document.keywords:
        yield Finding("case_keywords", _("Er is nog geen sleutelwoord; daarmee vinden lezers deze casus."))
    lenses = {question.kolb for question in document.questions}
    if len(lenses) == 1 and lenses <= set(KOLB):
        sentence = _("Alle vragen gaan door één bril (%(lens)s). Vraag ook eens iets door een andere.")
        yield Finding("questions", sentence % {"lens": lenses.pop()})
    for index, question in enumerate(document.questions):
        if (asked := asks(question.text)) > MOST_ASKED:
            sentence = _("Vraag %(number)s vraagt %(asked)s dingen tegelijk. Splits de vraag, of laat iets weg.")
            yield Finding(f"questions-{index}-text", sentence % {"number": index + 1, "asked": asked})
    for index, line in enumerate(document.references):
        if not _year.search(_address.sub("", line.text)):
            sentence = _(
                "Bij werk %(number)s in de literatuur staat geen jaartal. Is het niet bekend, schrijf dan (z.d.)."
            )
            yield Finding(f"references-{index}-text", sentence % {"number": index + 1})


def asks(text: str) -> int:
    """Return the number of questions in a text, without those in titles or quotes."""
    return len(re.findall(r"\?+", _quoted.sub("", text)))


def _personal_data(document: CaseDocument) -> Iterator[Finding]:
    texts = {field.name: getattr(document, field.name) for field in of_kind(Kind.PARAGRAPH, Kind.SECTION)}
    texts |= {f"questions-{index}-text": question.text for index, question in enumerate(document.questions)}
    for field, text in texts.items():
        for kind, found in personal_data(text):
            sentence = _("«%(found)s» lijkt %(kind)s. Is het echt, haal het dan weg: niemand mag herkenbaar zijn.")
            yield Finding(field, sentence % {"found": found, "kind": kind})


def personal_data(text: str) -> Iterator[tuple[str, str]]:
    """Return what looks like a real e-mail address, phone number or burgerservicenummer: (kind, text)."""
    text = _address.sub(" ", text)
    for match in _email.finditer(text):
        yield _("een e-mailadres"), match[0]
    for match in _phone.finditer(text):
        yield _("een telefoonnummer"), match[0].strip()
    for match in _nine_digits.finditer(text):
        if is_bsn(re.sub(r"\D", "", match[0])):
            yield _("een burgerservicenummer"), match[0]


def is_bsn(digits: str) -> bool:
    """Return whether nine digits pass the test of eleven: weighed 9 to 2 and -1, their sum is a multiple of eleven."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return digits != "000000000" and sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11 == 0
