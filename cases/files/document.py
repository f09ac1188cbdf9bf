"""Case files: text to a frozen dataclass and back, without the database.

README.md describes the format. Reading collects every problem with its file and line; writing gives the canonical form,
so that canonical files that were loaded are exported as the same bytes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from cases.files import fields
from cases.files.fields import KOLB, ActorLine, CaseDocument, Field, Kind, QuestionLine, ReferenceLine
from cases.files.reader import (
    LONGEST_ACTOR,
    LONGEST_NAME,
    MOST_HEADINGS,
    MOST_TEXT,
    Reader,
    count_headings,
    normal_form,
    plain_newlines,
    shortened,
)

SPHERES = ("informal", "hybrid", "formal")
LINE_WIDTH = 100
MAX_QUESTIONS = 60
MAX_STORY = 200_000  # characters, thirty times the longest of the sixteen cases

_heading = re.compile(r"(#{1,6})[ \t]+(.*)")


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
    """The content of casebook.yaml: the parts, the kinds of actor and the keywords that cases refer to."""

    parts: tuple[PartLine, ...] = ()
    actors: tuple[ActorKind, ...] = ()
    keywords: tuple[KeywordLine, ...] = ()

    def known(self) -> dict[str, list[str]]:
        """Return the names that a case can use, by kind."""
        return {
            "deel": [part.slug for part in self.parts],
            "actor": [kind.name for kind in self.actors],
            "sleutelwoord": [word.name for word in self.keywords],
        }


def parse_case(text: str, file: str = "casus.md", vocabulary: Vocabulary | None = None) -> CaseDocument:
    """Return the case file as a dataclass. Raises DocumentError with all its problems.

    With a vocabulary, a part, actor or keyword that is not in it is a problem too.
    """
    reader = Reader(file, known=vocabulary.known() if vocabulary else {})
    text = normal_form(plain_newlines(text))
    front, story, story_line = _split(text, reader)
    mapping = reader.mapping(reader.compose(front, first_line=2), "het begin van het bestand")
    values = {field.name: _read(reader, field, mapping.take(field.name)) for field in _front_matter()}
    values |= _sections(reader, story, story_line)
    mapping.refuse_the_rest()
    reader.check_markdown(text)
    reader.raise_problems()
    return CaseDocument(**values)


def parse_vocabulary(text: str, file: str = "casebook.yaml") -> Vocabulary:
    """Return the parts, actors and keywords of casebook.yaml. Raises DocumentError with all its problems."""
    reader = Reader(file)
    text = normal_form(plain_newlines(text))
    mapping = reader.mapping(reader.compose(text, first_line=1), "het bestand")
    vocabulary = Vocabulary(
        parts=tuple(_part_lines(reader, mapping.take("parts"))),
        actors=tuple(_actor_kinds(reader, mapping.take("actors"))),
        keywords=tuple(_keyword_lines(reader, mapping.take("keywords"))),
    )
    mapping.refuse_the_rest()
    reader.raise_problems()
    return vocabulary


def write_case(document: CaseDocument) -> str:
    """Return the canonical case file."""
    front = {field.name: _written(field, getattr(document, field.name)) for field in _front_matter()}
    story = "\n\n".join(f"## {field.heading}\n\n{getattr(document, field.name)}" for field in fields.sections())
    return f"---\n{_yaml(_node(front))}---\n\n{story}\n"


def write_vocabulary(vocabulary: Vocabulary) -> str:
    """Return the canonical casebook.yaml."""
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


def _split(text: str, reader: Reader) -> tuple[str, str, int]:
    """Return the front matter, the story, and the line on which the story starts."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        reader.problem(1, "het bestand moet met een regel «---» beginnen; daarna komen titel, deel en vragen")
        reader.raise_problems()
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:index]) + "\n", "\n".join(lines[index + 1 :]), index + 2
    reader.problem(1, "de tweede regel «---» ontbreekt; die sluit het begin van het bestand af")
    raise reader.error()


def _front_matter() -> list[Field]:
    return [field for field in fields.FIELDS if field.kind is not Kind.SECTION]


def _read(reader: Reader, field: Field, node: yaml.Node | None) -> Any:
    """Return the value of a field in the front matter: plain text, unless the field has a reader of its own."""
    if read := _readers.get(field.name):
        return read(reader, node)
    read_text = reader.line if field.kind is Kind.LINE else reader.text
    return read_text(node, field.longest or MOST_TEXT)


def _sections(reader: Reader, story: str, first_line: int) -> dict[str, str]:
    """Return the texts under the headings of the story, by the name of the field."""
    if len(story) > MAX_STORY:
        reader.problem(first_line, f"het verhaal telt {len(story)} tekens; {MAX_STORY} is de grens")
        reader.raise_problems()
    lines = _lines_of_sections(reader, story, first_line)
    for field in fields.sections():
        if field.name not in lines:
            reader.problem(first_line, f"het kopje «## {field.heading}» ontbreekt")
    texts = {field.name: "\n".join(lines.get(field.name, [])).strip("\n") for field in fields.sections()}
    for field in fields.sections():
        if (count := count_headings(texts[field.name])) > MOST_HEADINGS:
            message = f"onder «## {field.heading}» staan {count} kopjes; {MOST_HEADINGS} is de grens"
            reader.problem(first_line, message)
    return texts


def _lines_of_sections(reader: Reader, story: str, first_line: int) -> dict[str, list[str]]:
    """Return the lines under each heading, by the name of the field; under "" those of unknown headings."""
    found: dict[str, list[str]] = {}
    current = None
    for number, line in enumerate(story.split("\n"), start=first_line):
        heading = _heading.fullmatch(line)
        if heading and len(heading[1]) <= 2:
            current = _section_under(reader, number, heading[2].strip().rstrip("#").rstrip(), found)
            found.setdefault(current, [])
        elif current is not None:
            found[current].append(line.rstrip())
        elif line.strip():
            reader.problem(number, f"tekst vóór het kopje ## {fields.sections()[0].heading}; zet hem eronder")
            current = ""
            found.setdefault("", [])
    return found


def _section_under(reader: Reader, number: int, title: str, found: dict[str, list[str]]) -> str:
    """Return the name of the field with this heading, or "" for an unknown heading. Adds its problems to the reader."""
    names = {field.heading: field.name for field in fields.sections()}
    headings = [f"## {heading}" for heading in names]
    name = names.get(title, "")
    if not name:
        known = f"{', '.join(headings[:-1])} of {headings[-1]}"
        reader.problem(number, f"onbekend kopje «{shortened(title)}»; kies {known}")
    elif name in found:
        reader.problem(number, f"het kopje «{title}» staat er twee keer")
    elif list(names).index(title) < len(found):
        reader.problem(number, f"de volgorde is {', '.join(headings)}")
    return name


def _actor_lines(reader: Reader, node: yaml.Node | None) -> Iterator[ActorLine]:
    seen = set()
    for item in reader.items(node):
        mapping = reader.mapping(item, "een actor")
        line = ActorLine(
            reader.known_name(mapping.take("actor"), "actor"), reader.line(mapping.take("person", required=False), 120)
        )
        mapping.refuse_the_rest()
        if line in seen:
            reader.problem(item.start_mark.line, f"«{line.person or line.actor}» staat er twee keer", marked=True)
        seen.add(line)
        yield line


def _reference_lines(reader: Reader, node: yaml.Node | None) -> Iterator[ReferenceLine]:
    for item in reader.items(node):
        mapping = reader.mapping(item, "een verwijzing")
        yield ReferenceLine(reader.text(mapping.take("text")), reader.web_address(mapping.take("url", required=False)))
        mapping.refuse_the_rest()


def _question_lines(reader: Reader, node: yaml.Node | None) -> Iterator[QuestionLine]:
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
        mapping = reader.mapping(item, "een vraag")
        key = mapping.take("key")
        line = QuestionLine(
            reader.key(key), reader.choice(mapping.take("kolb"), KOLB, "vraagsoort"), reader.text(mapping.take("text"))
        )
        mapping.refuse_the_rest()
        if key is not None and line.key and line.key in keys:
            reader.problem(key.start_mark.line, f"de sleutel «{line.key}» is al van een andere vraag", marked=True)
        keys.add(line.key)
        yield line


def _part_lines(reader: Reader, node: yaml.Node | None) -> Iterator[PartLine]:
    for item in reader.unique(node, "slug"):
        mapping = reader.mapping(item, "een deel")
        yield PartLine(
            reader.whole_number(mapping.take("number")),
            reader.slug(mapping.take("slug")),
            reader.line(mapping.take("title"), 120),
            reader.text(mapping.take("introduction", required=False)),
        )
        mapping.refuse_the_rest()


def _actor_kinds(reader: Reader, node: yaml.Node | None) -> Iterator[ActorKind]:
    for item in reader.unique(node, "name"):
        mapping = reader.mapping(item, "een actor")
        yield ActorKind(
            reader.line(mapping.take("name"), LONGEST_ACTOR),
            reader.choice(mapping.take("sphere"), SPHERES, "soort actor"),
        )
        mapping.refuse_the_rest()


def _keyword_lines(reader: Reader, node: yaml.Node | None) -> Iterator[KeywordLine]:
    for item in reader.unique(node, "name"):
        mapping = reader.mapping(item, "een sleutelwoord")
        yield KeywordLine(
            reader.line(mapping.take("name"), LONGEST_NAME),
            tuple(reader.names(mapping.take("synonyms", required=False))),
            reader.yes_or_no(mapping.take("is_filter", required=False), default=True),
        )
        mapping.refuse_the_rest()


_readers: dict[str, Callable[[Reader, yaml.Node | None], Any]] = {
    "number": lambda reader, node: reader.whole_number(node),
    "slug": lambda reader, node: reader.slug(node, 100),
    "part": lambda reader, node: reader.known_name(node, "deel"),
    "actors": lambda reader, node: tuple(_actor_lines(reader, node)),
    "keywords": lambda reader, node: tuple(reader.names(node, "sleutelwoord")),
    "references": lambda reader, node: tuple(_reference_lines(reader, node)),
    "questions": lambda reader, node: tuple(_question_lines(reader, node)),
}


# Writing


class _Folded(str):
    """Text that is written as a folded block, in which each line is a paragraph."""


@dataclass(frozen=True)
class _Flow:
    """A list or mapping that is written on one line."""

    value: Any


def _written(field: Field, value: Any) -> Any:
    """Return the value of a field in the front matter, in the style of the canonical form."""
    if write := _writers.get(field.name):
        return write(value)
    return _Folded(value) if field.kind is Kind.PARAGRAPH else value


def _written_actor(line: ActorLine) -> Any:
    return _Flow({"actor": line.actor} | ({"person": line.person} if line.person else {}))


def _written_reference(line: ReferenceLine) -> Any:
    return {"text": _Folded(line.text)} | ({"url": line.url} if line.url else {})


def _written_question(line: QuestionLine) -> Any:
    return {"key": line.key, "kolb": line.kolb, "text": _Folded(line.text)}


_writers: dict[str, Callable[[Any], Any]] = {
    "actors": lambda lines: [_written_actor(line) for line in lines],
    "keywords": _Flow,
    "references": lambda lines: [_written_reference(line) for line in lines],
    "questions": lambda lines: [_written_question(line) for line in lines],
}


def _node(value: Any, flow: bool = False) -> yaml.Node:
    """Return the YAML node of a plain value, in the style of the canonical form."""
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
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists under their key, which is easier to read."""
        super().increase_indent(flow, False)
