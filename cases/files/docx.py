"""Read a Word file as a case, by its headings; what cannot be part of a case is listed.

mammoth makes HTML of the Word file, _Reader makes blocks of it, and _Sorter sorts these and writes them as Markdown.
The HTML is not stored, and no page shows it.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import mammoth
from lxml.html import HtmlElement, HTMLParser, fragment_fromstring

from cases.files import fields
from cases.files.archives import Packed, UnopenedError, parts_of
from cases.files.fields import KOLB, CaseDocument, Kind, QuestionLine, ReferenceLine
from cases.files.keys import proposed_key
from cases.files.reader import DocumentError, Problem, shortened

HEADINGS = {
    "omschrijving": "summary",
    "samenvatting": "summary",
    "inleiding": "introduction",
    "casus": "body",
    "het verhaal": "body",
    "middenstuk": "body",
    "verhaal": "body",
    "slot": "closing",
    "afsluiting": "closing",
    "verdiepingsvragen": "questions",
    "reflectievragen": "questions",
    "vragen": "questions",
    "literatuur": "references",
    "literatuurlijst": "references",
    "bronnen": "references",
    "sleutelwoorden": "keywords",
    "trefwoorden": "keywords",
}
STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Titel'] => h1:fresh"
MOST_TAGS = 120_000  # in all parts of a Word file; mammoth needs some seconds for this number
TOO_LARGE = (
    "dit Word-bestand heeft te veel alinea's en opmaak voor één casus; plak de casus zonder opmaak in een nieuw bestand"
)
UNREADABLE = "dit Word-bestand is niet te lezen; open het in Word en sla het opnieuw op als .docx"
_lens_before = re.compile(rf"^[*\s]*({'|'.join(KOLB)})[*\s]*[:–—-][*\s]*", re.IGNORECASE)
_lens_after = re.compile(rf"[\s*]*\(({'|'.join(KOLB)})\)[\s*]*$", re.IGNORECASE)
_address_at_end = re.compile(r"\s*(https?://\S+?\.[^\s>]+?)[.>]?\s*$")


@dataclass(frozen=True)
class WordCase:
    """The content of a Word file. It has no number, web name or part, and a question can be without a lens."""

    document: CaseDocument
    lost: tuple[str, ...]


@dataclass
class Run:
    """A piece of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    href: str = ""


@dataclass
class Block:
    """A heading (h1…h6), a paragraph (p), or an item of a list (ul, ol)."""

    kind: str
    depth: int = 0
    number: int = 0
    runs: list[Run] = field(default_factory=list)

    @property
    def is_heading(self) -> bool:
        return self.kind[0] == "h"

    @property
    def plain(self) -> str:
        return " ".join("".join(run.text for run in self.runs).split())


def read_word(packed: Packed) -> WordCase:
    """Return the case in this Word file. Raises DocumentError where there is none."""
    reader = _Reader()
    reader.lost += _lost_outside_the_text(packed)
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(packed.content),
            style_map=STYLES,
            include_embedded_style_map=False,
            convert_image=mammoth.images.img_element(lambda image: {}),  # images are named and never opened
        ).value
        reader.read(html)
    except Exception as error:  # mammoth can raise any error on a broken or hostile file; the file is refused
        raise DocumentError([Problem(packed.name, 0, UNREADABLE)]) from error
    sorter = _Sorter(reader.lost)
    for block in reader.blocks:
        if block.plain:
            sorter.take(block)
    if not sorter.title:
        missing = "er is geen titel; geef de titel in Word de stijl Titel of Kop 1"
        raise DocumentError([Problem(packed.name, 0, missing)])
    return WordCase(sorter.document(), tuple(dict.fromkeys(sorter.lost)))


def _lost_outside_the_text(packed: Packed) -> Iterator[str]:
    """Return what is in a Word file outside its running text. Raises DocumentError for parts that none needs."""
    parts = parts_of(packed.content)
    text = parts.get("word/document.xml")
    xml = _xml(parts)
    if text is None or any(b"<!DOCTYPE" in content.replace(b"\0", b"") for content in xml):
        raise DocumentError([Problem(packed.name, 0, UNREADABLE)])
    if sum(content.count(b"<") for content in xml) > MOST_TAGS:
        raise DocumentError([Problem(packed.name, 0, TOO_LARGE)])
    if comments := parts.get("word/comments.xml", b"").count(b"<w:comment "):
        yield f"Opmerkingen in de kantlijn: {comments}."
    if b"<w:txbxContent" in text:
        yield "Een tekstvak: de tekst eruit staat nu tussen de andere. Kijk of hij daar past, en er één keer staat."
    if b"<w:del " in text:
        yield "Bijgehouden wijzigingen: wat geschrapt was is weg, wat erbij kwam staat er."


def count_tags(packed: Packed) -> int:
    """Return the number of tags in this Word file, a measure of the work of reading; 0 where it cannot be opened."""
    try:
        return sum(content.count(b"<") for content in _xml(parts_of(packed.content)))
    except UnopenedError:
        return 0


def _xml(parts: dict[str, bytes]) -> list[bytes]:
    return [content for name, content in parts.items() if name.endswith((".xml", ".rels"))]


class _Reader:
    """Turns the HTML of mammoth into a list of blocks, and lists what cannot be part of a case."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.lost: list[str] = []
        self.block: Block | None = None
        self.lists: list[Block] = []  # the open lists, each as its latest item
        self.bold = self.italic = 0
        self.href = ""
        self.heading = ""

    def read(self, html: str) -> None:
        """Add the blocks of this HTML."""
        html = html.replace("\r", "&#13;")  # lxml would turn it into a newline
        self._content(fragment_fromstring(html, create_parent="div", parser=HTMLParser(huge_tree=True)))

    def _content(self, element: HtmlElement) -> None:
        self._add(element.text)
        for child in element:
            handle = self.handlers.get(child.tag, _Reader._content)
            handle(self, child)
            self._add(child.tail)

    def _heading(self, element: HtmlElement) -> None:
        self._start(element.tag)
        self._content(element)
        self._end()

    def _paragraph(self, element: HtmlElement) -> None:
        if self.lists:  # it is part of the item that contains it
            self._content(element)
        else:
            self._heading(element)

    def _list(self, element: HtmlElement) -> None:
        self.lists.append(Block(element.tag, len(self.lists) + 1))
        self._content(element)
        self.lists.pop()
        self.block = None

    def _item(self, element: HtmlElement) -> None:
        if element.get("id", "").startswith(("footnote-", "endnote-")):
            words = self._skipped(element)
            self.lost.append(f"Een voetnoot: «{words}». Zet hem in de tekst of in de literatuur.")
            return
        latest = self.lists[-1]
        latest.number += 1
        self._start(latest.kind, latest.depth, latest.number)
        self._content(element)
        self._end()

    def _bold(self, element: HtmlElement) -> None:
        self.bold += 1
        self._content(element)
        self.bold -= 1

    def _italic(self, element: HtmlElement) -> None:
        self.italic += 1
        self._content(element)
        self.italic -= 1

    def _link(self, element: HtmlElement) -> None:
        self.href = element.get("href", "")
        self._content(element)
        self.href = ""

    def _line_break(self, element: HtmlElement) -> None:
        self._add("\n")

    def _struck_out(self, element: HtmlElement) -> None:
        self.lost.append(f"Doorgestreepte tekst{self._where()}: die staat er nu gewoon.")
        self._content(element)

    def _image(self, element: HtmlElement) -> None:
        self.lost.append(f"Een afbeelding{self._where()}. Beschrijf in de tekst wat erop staat.")

    def _table(self, element: HtmlElement) -> None:
        words = self._skipped(element)
        begins = f", die begint met «{words}»" if words else ""
        self.lost.append(f"Een tabel{self._where()}{begins}. Zet wat erin staat in een lijst of in gewone tekst.")

    def _skipped(self, element: HtmlElement) -> str:
        """Return the first words of what is left out. Images in it are listed, as all images are."""
        for image in element.iter("img"):
            self._image(image)
        return shortened(" ".join(" ".join(element.itertext()).replace("↑", "").split()))

    handlers = {
        **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
        "p": _paragraph,
        "ul": _list,
        "ol": _list,
        "li": _item,
        "strong": _bold,
        "em": _italic,
        "a": _link,
        "br": _line_break,
        "s": _struck_out,
        "img": _image,
        "table": _table,
        "sup": _skipped,
    }

    def _start(self, kind: str, depth: int = 0, number: int = 0) -> Block:
        self.block = Block(kind, depth, number)
        self.blocks.append(self.block)
        return self.block

    def _end(self) -> None:
        if self.block and self.block.is_heading:
            self.heading = self.block.plain
        self.block = None

    def _add(self, text: str | None) -> None:
        if not text:
            return
        block = self.block or self._start("p")
        block.runs.append(Run(text, self.bold > 0, self.italic > 0, self.href))

    def _where(self) -> str:
        return f" onder «{shortened(self.heading)}»" if self.heading else ""


class _Sorter:
    """Puts each block in the field that its heading names."""

    def __init__(self, lost: list[str]) -> None:
        self.lost = lost
        self.title = ""
        self.section = "introduction"
        self.was_named = False
        self.lens = ""
        self.parts: dict[str, list[str]] = {field.name: [] for field in fields.of_kind(Kind.PARAGRAPH, Kind.SECTION)}
        self.last_kind = ""
        self.keywords: list[str] = []
        self.references: list[ReferenceLine] = []
        self.questions: list[QuestionLine] = []

    def take(self, block: Block) -> None:
        if block.is_heading:
            self._take_heading(block)
        elif self.section in self.parts:
            self._take_story(block)
        elif self.section in {"questions", "references", "keywords"}:
            take: dict[str, Callable[[Block], None]] = {
                "questions": self._take_question,
                "references": self._take_reference,
                "keywords": self._take_keywords,
            }
            take[self.section](block)
        else:
            self.lost.append(f"Tekst die nergens bij hoort: «{shortened(block.plain)}».")

    def _take_heading(self, block: Block) -> None:
        name = block.plain.rstrip(":").casefold()
        self.last_kind = ""
        if name in HEADINGS:
            self.section, self.was_named, self.lens = HEADINGS[name], True, ""
        elif not self.title and block.kind == "h1":
            self.title = block.plain
        elif self.section == "questions" and name in KOLB:
            self.lens = name
        elif self.section in fields.names(fields.sections()):
            if not self.was_named and self.section == "introduction":
                self.section = "body"  # a first subhead ends the introduction
            self.parts[self.section].append(f"### {escape(block.plain)}")
        else:
            self.section = ""
            self.lost.append(
                f"Het kopje «{shortened(block.plain)}» en wat eronder staat: het past in geen deel van een casus."
            )

    def _take_story(self, block: Block) -> None:
        text = markdown(block)
        if block.kind == "p":
            self.parts[self.section].append(text)
        else:
            mark = "- " if block.kind == "ul" else f"{block.number}. "
            item = f"{'   ' * (block.depth - 1)}{mark}{text}"
            follows = self.last_kind not in {"", "p"} and (block.depth > 1 or block.kind == self.last_kind)
            if follows and self.parts[self.section]:
                self.parts[self.section][-1] += f"\n{item}"
            else:
                self.parts[self.section].append(item)
        self.last_kind = block.kind if block.depth < 2 else self.last_kind

    def _take_question(self, block: Block) -> None:
        text, lens = " ".join(markdown(block).split()), self.lens
        for pattern in (_lens_before, _lens_after):
            if found := pattern.search(text):
                text, lens = pattern.sub("", text), found[1].lower()
        if text:
            key = proposed_key(_lens_before.sub("", block.plain), {question.key for question in self.questions})
            self.questions.append(QuestionLine(key, lens, text))

    def _take_reference(self, block: Block) -> None:
        url, runs = "", [Run(run.text, run.bold, run.italic) for run in block.runs]
        href = next((run.href for run in block.runs if run.href.startswith(("http://", "https://"))), "")
        if runs and (found := _address_at_end.search(runs[-1].text)):
            url, runs[-1].text = found[1], runs[-1].text[: found.start()]
        text = " ".join(markdown(Block("p", runs=runs)).split())
        if text or url:
            self.references.append(ReferenceLine(text or url, href or url))

    def _take_keywords(self, block: Block) -> None:
        self.keywords += [word for part in re.split(r"[,;]", block.plain) if (word := part.strip(" ."))]

    def document(self) -> CaseDocument:
        values = {field.name: field.empty for field in fields.FIELDS}
        values |= {"number": 0, "title": self.title}
        values |= {
            "keywords": tuple(dict.fromkeys(self.keywords)),
            "references": tuple(self.references),
            "questions": tuple(self.questions),
        }
        for name in fields.names(fields.of_kind(Kind.PARAGRAPH)):
            values[name] = " ".join(" ".join(self.parts[name]).split())
        for name in fields.names(fields.sections()):
            values[name] = "\n\n".join(self.parts[name])
        return CaseDocument(**values)


def markdown(block: Block) -> str:
    """Return the runs of a block as Markdown, with all text escaped that Markdown would read as markup."""
    pieces: list[Run] = []
    for run in block.runs:
        style = (run.bold and not block.is_heading, run.italic, run.href)
        if pieces and (pieces[-1].bold, pieces[-1].italic, pieces[-1].href) == style:
            pieces[-1].text += run.text
        else:
            pieces.append(Run(run.text, *style))
    text = "".join(_styled(piece) for piece in pieces).strip()
    lines = [_escape_start(line.strip()) for line in text.split("\n") if line.strip()]
    return "\\\n".join(lines)


def _styled(run: Run) -> str:
    core = run.text.strip()
    if not core:
        return run.text
    before, after = run.text[: run.text.index(core)], run.text[run.text.index(core) + len(core) :]
    mark = "**" * run.bold + "*" * run.italic
    text = f"{mark}{escape(core)}{mark[::-1]}"
    if re.fullmatch(r"https?://[^\s<>()\[\]\"]+\.[^\s<>()\[\]\"]+", run.href) and run.href != core:
        text = f"[{text}]({run.href})"
    return before + text + after


def escape(text: str) -> str:
    """Return the text with the characters escaped that are markup in Markdown."""
    text = re.sub(r"([\\`*\[\]<])|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|(?<=\])\(", lambda found: f"\\{found[0]}", text)
    return re.sub(r"\r\n?", "\n", text)


def _escape_start(line: str) -> str:
    """Escape a line that Markdown would read as the start of a heading, a list, a quote or a rule."""
    line = re.sub(r"^(#{1,6}(?=\s|$)|[-+](?=\s|$)|>|[-=~]{2,})", lambda found: f"\\{found[0]}", line)
    return re.sub(r"^(\d{1,9})([.)])(?=\s|$)", r"\1\\\2", line)
