"""The case file: pure text to a frozen dataclass and back. Knows nothing of the database.

The format stands in README.md. Reading collects every problem with its file and line; writing gives the canonical
form, so that what was loaded from canonical files is exported as the very same bytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from cases.files.reader import (
    LONGEST_ACTOR,
    LONGEST_NAME,
    MOST_HEADINGS,
    Reader,
    count_headings,
    plain_newlines,
    shortened,
)

KOLB = ("doener", "beschouwer", "denker", "beslisser")
SPHERES = ("informal", "hybrid", "formal")
SECTIONS = {"Inleiding": "introduction", "Casus": "body", "Slot": "closing"}
LINE_WIDTH = 100
MAX_QUESTIONS = 60
MAX_STORY = 200_000  # characters, thirty times the longest of the sixteen

_heading = re.compile(r"(#{1,6})[ \t]+(.*)")


@dataclass(frozen=True)
class ActorLine:
    actor: str
    person: str = ""


@dataclass(frozen=True)
class ReferenceLine:
    text: str
    url: str = ""


@dataclass(frozen=True)
class QuestionLine:
    key: str
    kolb: str
    text: str


@dataclass(frozen=True)
class CaseDocument:
    number: int
    slug: str
    title: str
    part: str
    summary: str
    actors: tuple[ActorLine, ...]
    keywords: tuple[str, ...]
    references: tuple[ReferenceLine, ...]
    questions: tuple[QuestionLine, ...]
    introduction: str
    body: str
    closing: str


@dataclass(frozen=True)
class PartLine:
    number: int
    slug: str
    title: str
    introduction: str = ""


@dataclass(frozen=True)
class ActorKind:
    name: str
    sphere: str


@dataclass(frozen=True)
class KeywordLine:
    name: str
    synonyms: tuple[str, ...] = ()
    is_filter: bool = True


@dataclass(frozen=True)
class Vocabulary:
    """What casebook.yaml holds: the parts, the kinds of actor and the keywords that cases refer to."""

    parts: tuple[PartLine, ...] = ()
    actors: tuple[ActorKind, ...] = ()
    keywords: tuple[KeywordLine, ...] = ()

    def known(self) -> dict[str, list[str]]:
        """Per kind of name, the names that a case may use."""
        return {
            "deel": [part.slug for part in self.parts],
            "actor": [kind.name for kind in self.actors],
            "sleutelwoord": [word.name for word in self.keywords],
        }


def parse_case(text: str, file: str = "casus.md", vocabulary: Vocabulary | None = None) -> CaseDocument:
    """The case file as a dataclass. Raises DocumentError with all its problems.

    With a vocabulary, a part, actor or keyword that it does not hold is a problem too.
    """
    reader = Reader(file, known=vocabulary.known() if vocabulary else {})
    text = plain_newlines(text)
    front, story, story_line = _split(text, reader)
    fields = reader.mapping(reader.compose(front, first_line=2), "het begin van het bestand")
    values = {
        "number": reader.whole_number(fields.take("number")),
        "slug": reader.slug(fields.take("slug"), 100),
        "title": reader.text(fields.take("title"), 200),
        "part": reader.known_name(fields.take("part"), "deel"),
        "summary": reader.text(fields.take("summary")),
        "actors": tuple(_actor_lines(reader, fields.take("actors"))),
        "keywords": tuple(reader.names(fields.take("keywords"), "sleutelwoord")),
        "references": tuple(_reference_lines(reader, fields.take("references"))),
        "questions": tuple(_question_lines(reader, fields.take("questions"))),
        **_sections(reader, story, story_line),
    }
    fields.refuse_the_rest()
    reader.check_markdown(text)
    reader.raise_problems()
    return CaseDocument(**values)


def parse_vocabulary(text: str, file: str = "casebook.yaml") -> Vocabulary:
    """The parts, actors and keywords of casebook.yaml. Raises DocumentError with all its problems."""
    reader = Reader(file)
    text = plain_newlines(text)
    fields = reader.mapping(reader.compose(text, first_line=1), "het bestand")
    vocabulary = Vocabulary(
        parts=tuple(_part_lines(reader, fields.take("parts"))),
        actors=tuple(_actor_kinds(reader, fields.take("actors"))),
        keywords=tuple(_keyword_lines(reader, fields.take("keywords"))),
    )
    fields.refuse_the_rest()
    reader.raise_problems()
    return vocabulary


def write_case(document: CaseDocument) -> str:
    """The canonical case file."""
    front = _node(
        {
            "number": document.number,
            "slug": document.slug,
            "title": document.title,
            "part": document.part,
            "summary": _Folded(document.summary),
            "actors": [
                _Flow({"actor": line.actor} | ({"person": line.person} if line.person else {}))
                for line in document.actors
            ],
            "keywords": _Flow(document.keywords),
            "references": [
                {"text": _Folded(line.text)} | ({"url": line.url} if line.url else {}) for line in document.references
            ],
            "questions": [
                {"key": line.key, "kolb": line.kolb, "text": _Folded(line.text)} for line in document.questions
            ],
        }
    )
    story = "\n\n".join(f"## {heading}\n\n{getattr(document, name)}" for heading, name in SECTIONS.items())
    return f"---\n{_yaml(front)}---\n\n{story}\n"


def write_vocabulary(vocabulary: Vocabulary) -> str:
    """The canonical casebook.yaml."""
    return _yaml(
        _node(
            {
                "parts": [
                    {"number": part.number, "slug": part.slug, "title": part.title}
                    | ({"introduction": _Folded(part.introduction)} if part.introduction else {})
                    for part in vocabulary.parts
                ],
                "actors": [_Flow({"name": kind.name, "sphere": kind.sphere}) for kind in vocabulary.actors],
                "keywords": [
                    _Flow(
                        {"name": word.name}
                        | ({"synonyms": list(word.synonyms)} if word.synonyms else {})
                        | ({} if word.is_filter else {"is_filter": False})
                    )
                    for word in vocabulary.keywords
                ],
            }
        )
    )


# Reading


def _split(text: str, reader: "Reader") -> tuple[str, str, int]:
    """Front matter, story, and the line that the story starts on."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        reader.problem(1, "het bestand moet met een regel «---» beginnen; daarna komen titel, deel en vragen")
        reader.raise_problems()
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:index]) + "\n", "\n".join(lines[index + 1 :]), index + 2
    reader.problem(1, "de tweede regel «---» ontbreekt; die sluit het begin van het bestand af")
    return reader.raise_problems()


def _sections(reader: "Reader", story: str, first_line: int) -> dict[str, str]:
    if len(story) > MAX_STORY:
        reader.problem(first_line, f"het verhaal telt {len(story)} tekens; {MAX_STORY} is de grens")
        reader.raise_problems()
    found: dict[str, list[str]] = {}
    current = None
    for number, line in enumerate(story.split("\n"), start=first_line):
        heading = _heading.fullmatch(line)
        if heading and len(heading[1]) <= 2:
            title = heading[2].strip().rstrip("#").rstrip()
            current = SECTIONS.get(title)
            if current is None:
                reader.problem(number, f"onbekend kopje «{shortened(title)}»; kies ## Inleiding, ## Casus of ## Slot")
                current = ""
            elif current in found:
                reader.problem(number, f"het kopje «{title}» staat er twee keer")
            elif list(SECTIONS.values()).index(current) < len(found):
                reader.problem(number, "de volgorde is ## Inleiding, ## Casus, ## Slot")
            found.setdefault(current, [])
        elif current is not None:
            found[current].append(line.rstrip())
        elif line.strip():
            reader.problem(number, "tekst vóór het kopje ## Inleiding; zet hem eronder")
            current = ""
            found.setdefault("", [])
    for heading, name in SECTIONS.items():
        if name not in found:
            reader.problem(first_line, f"het kopje «## {heading}» ontbreekt")
    texts = {name: "\n".join(found.get(name, [])).strip("\n") for name in SECTIONS.values()}
    for heading, name in SECTIONS.items():
        if (count := count_headings(texts[name])) > MOST_HEADINGS:
            said = f"onder «## {heading}» staan {count} kopjes; {MOST_HEADINGS} is de grens"
            reader.problem(first_line, said)
    return texts


def _actor_lines(reader: "Reader", node: yaml.Node | None) -> Iterator[ActorLine]:
    seen = set()
    for item in reader.items(node):
        fields = reader.mapping(item, "een actor")
        line = ActorLine(
            reader.known_name(fields.take("actor"), "actor"), reader.text(fields.take("person", required=False), 120)
        )
        fields.refuse_the_rest()
        if line in seen:
            reader.problem(item.start_mark.line, f"«{line.person or line.actor}» staat er twee keer", marked=True)
        seen.add(line)
        yield line


def _reference_lines(reader: "Reader", node: yaml.Node | None) -> Iterator[ReferenceLine]:
    for item in reader.items(node):
        fields = reader.mapping(item, "een verwijzing")
        yield ReferenceLine(reader.text(fields.take("text")), reader.web_address(fields.take("url", required=False)))
        fields.refuse_the_rest()


def _question_lines(reader: "Reader", node: yaml.Node | None) -> Iterator[QuestionLine]:
    keys = set()
    items = reader.items(node, None)
    if len(items) > MAX_QUESTIONS:
        reader.problem(
            items[MAX_QUESTIONS].start_mark.line,
            f"{len(items)} vragen is te veel voor één casus; {MAX_QUESTIONS} is de grens",
            marked=True,
        )
        items = []
    for item in items:
        fields = reader.mapping(item, "een vraag")
        key = fields.take("key")
        line = QuestionLine(
            reader.key(key), reader.choice(fields.take("kolb"), KOLB, "vraagsoort"), reader.text(fields.take("text"))
        )
        fields.refuse_the_rest()
        if line.key and line.key in keys:
            reader.problem(key.start_mark.line, f"de sleutel «{line.key}» is al van een andere vraag", marked=True)
        keys.add(line.key)
        yield line


def _part_lines(reader: "Reader", node: yaml.Node | None) -> Iterator[PartLine]:
    for item in reader.unique(node, "slug"):
        fields = reader.mapping(item, "een deel")
        yield PartLine(
            reader.whole_number(fields.take("number")),
            reader.slug(fields.take("slug")),
            reader.text(fields.take("title"), 120),
            reader.text(fields.take("introduction", required=False)),
        )
        fields.refuse_the_rest()


def _actor_kinds(reader: "Reader", node: yaml.Node | None) -> Iterator[ActorKind]:
    for item in reader.unique(node, "name"):
        fields = reader.mapping(item, "een actor")
        yield ActorKind(
            reader.text(fields.take("name"), LONGEST_ACTOR),
            reader.choice(fields.take("sphere"), SPHERES, "soort actor"),
        )
        fields.refuse_the_rest()


def _keyword_lines(reader: "Reader", node: yaml.Node | None) -> Iterator[KeywordLine]:
    for item in reader.unique(node, "name"):
        fields = reader.mapping(item, "een sleutelwoord")
        yield KeywordLine(
            reader.text(fields.take("name"), LONGEST_NAME),
            tuple(reader.names(fields.take("synonyms", required=False))),
            reader.yes_or_no(fields.take("is_filter", required=False), default=True),
        )
        fields.refuse_the_rest()


# Writing


class _Folded(str):
    """Text that is written as a folded block, one paragraph a line in the reader's mind."""


@dataclass(frozen=True)
class _Flow:
    """A list or mapping that is written on one line."""

    value: Any


def _node(value: Any, flow: bool = False) -> yaml.Node:
    """The YAML node for a plain value, with the style that the canonical form gives it."""
    if isinstance(value, _Flow):
        return _node(value.value, flow=True)
    if isinstance(value, dict):
        pairs = [(_node(key), _node(item, flow)) for key, item in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=flow)
    if isinstance(value, (list, tuple)):
        return yaml.SequenceNode(
            "tag:yaml.org,2002:seq", [_node(item, flow) for item in value], flow_style=flow or not value
        )
    node = yaml.SafeDumper("").represent_data(str(value) if isinstance(value, str) else value)
    if isinstance(value, _Folded) and value:
        node.style = ">"
    return node


def _yaml(node: yaml.Node) -> str:
    return yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=LINE_WIDTH)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False):
        """Lists are indented under their key, which people read more easily."""
        return super().increase_indent(flow, False)
