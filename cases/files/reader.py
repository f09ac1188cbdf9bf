"""Read YAML and Markdown with line numbers, so that every problem has its line."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from casebook.lib.ids import read_number
from casebook.lib.text import read_line
from cases.files.keys import is_key, is_teachers_key

_web_address = re.compile(r"https?://[^\s<>\"]+\.[^\s<>\"]+")
_closes_image = re.compile(r"\]\s{0,9}[\[(]")
_link = re.compile(r"\]\(\s{0,9}<?([^)\]\s>]*)")  # without the text before it, so that a line of brackets takes no time
_heading = re.compile(r"^ {0,3}#{1,6}(?:\s|$)|^ {0,3}(?:=+|-+)[ \t]*$", re.MULTILINE)
_control = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


LONGEST_ADDRESS = 500  # characters, as in the database
LONGEST_NAME = 60  # a part's slug, a keyword, the key of a question, as in the database
LONGEST_ACTOR = 80
LARGEST_PLACE = 32_767  # of a number, as in PostgreSQL
MOST_TEXT = 20_000
MOST_ITEMS = 200  # in a list of a case
MOST_WORDS = 20_000  # in a list of the vocabulary
MOST_HINTS = 20  # after so many problems no similar names are looked up: the cause is another one
MOST_HEADINGS = 300  # subheads of one text
MOST_YAML = 500_000  # characters; the longest front matter of the sixteen cases is under 10,000


@dataclass(frozen=True, order=True)
class Problem:
    """A problem, with its file and line. Line 0 is the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class DocumentError(Exception):
    """The file cannot be used. Has every problem that was found in it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


def plain_newlines(text: str) -> str:
    r"""Return the text of a file without a byte order mark, with \n as the only newline.

    Unlike casebook.lib.text.normalise it leaves every other character as it is: a case file that is read and written
    again has the same bytes, and characters that a case cannot contain are reported with their line.
    """
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def normal_form(text: str) -> str:
    """Return the text in NFC, in which every letter with an accent is one character: a Mac can write two."""
    return unicodedata.normalize("NFC", text)


class _Loader(yaml.SafeLoader):
    """A loader that refuses aliases: a few lines of them can grow to gigabytes, and no case file needs one."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "een verwijzing (*naam) mag hier niet; schrijf het uit", mark)
        return super().compose_node(parent, index)


class Fields:
    """The keys of one mapping. Keys that are never taken are unknown ones."""

    def __init__(self, reader: "Reader", node: yaml.Node, values: dict[str, yaml.Node], called: str) -> None:
        self.reader, self.node, self.values, self.called = reader, node, values, called

    def take(self, key: str, required: bool = True) -> yaml.Node | None:
        value = self.values.pop(key, None)
        if value is None and required:
            self.reader.problem(self.node.start_mark.line, f"«{key}» ontbreekt in {self.called}", marked=True)
        return value

    def refuse_the_rest(self) -> None:
        for key, value in self.values.items():
            self.reader.problem(
                value.start_mark.line, f"onbekend veld «{shortened(key)}» in {self.called}", marked=True
            )


class Reader:
    """Reads the YAML nodes of one file and collects every problem with its line."""

    def __init__(self, file: str, known: dict[str, list[str]] | None = None) -> None:
        self.file = file
        self.known = known or {}
        self.problems: list[Problem] = []
        self.first_line = 1

    def problem(self, line: int, message: str, marked: bool = False) -> None:
        """Add a problem. A marked line is that of a YAML mark: it counts from 0, within the front matter."""
        self.problems.append(Problem(self.file, line + self.first_line if marked else line, message))

    def raise_problems(self) -> None:
        """Raise DocumentError where there is a problem."""
        if self.problems:
            raise self.error()

    def error(self) -> DocumentError:
        """Return the error with all problems found until now."""
        return DocumentError(self.problems)

    def compose(self, text: str, first_line: int) -> yaml.Node | None:
        self.first_line = first_line
        if len(text) > MOST_YAML:
            self.problem(0, f"dit deel telt {len(text)} tekens; {MOST_YAML} is de grens", marked=True)
            self.raise_problems()
        try:
            return yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problem(mark.line if mark else 0, f"geen geldige YAML: {error.problem}", marked=True)
        except yaml.YAMLError as error:
            self.problem(0, f"geen geldige YAML: {error}", marked=True)
        except RecursionError:
            self.problem(0, "de YAML is te diep genest", marked=True)
        raise self.error()

    def mapping(self, node: yaml.Node | None, called: str) -> Fields:
        if not isinstance(node, yaml.MappingNode):
            line = node.start_mark.line if node else 0
            self.problem(line, f"hier hoort {called} met velden te staan («naam: waarde»)", marked=True)
            raise self.error()
        values: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in values:
                self.problem(key.start_mark.line, f"«{shortened(name)}» staat er twee keer", marked=True)
            values[name] = value
        return Fields(self, node, values, called)

    def items(self, node: yaml.Node | None, most: int | None = MOST_ITEMS) -> list[yaml.Node]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node.start_mark.line, "hier hoort een lijst te staan", marked=True)
            return []
        if most is not None and len(node.value) > most:
            message = f"deze lijst telt {len(node.value)} regels; {most} is de grens"
            self.problem(node.value[most].start_mark.line, message, marked=True)
            return []
        return node.value

    def unique(self, node: yaml.Node | None, key: str) -> list[yaml.Node]:
        """Return the items of a list of mappings, and add a problem for each duplicate value of this key."""
        items, seen = self.items(node, MOST_WORDS), set()
        for item in items:
            pairs = item.value if isinstance(item, yaml.MappingNode) else []
            for name, value in pairs:
                if name.value == key and isinstance(value, yaml.ScalarNode):
                    line = read_line(value.value)
                    if line.casefold() in seen:
                        self.problem(value.start_mark.line, f"«{line}» staat er twee keer", marked=True)
                    seen.add(line.casefold())
        return items

    def text(self, node: yaml.Node | None, most: int = MOST_TEXT) -> str:
        """Return plain text of at most `most` characters."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or node.tag.startswith("tag:yaml.org,2002:python"):
            self.problem(node.start_mark.line, "hier hoort gewone tekst te staan", marked=True)
            return ""
        value = normal_form(node.value).strip()  # again, since YAML can write a character as an escape
        if any(ord(c) < 32 and c not in "\n\t" for c in value):
            self.problem(node.start_mark.line, "er staat een onzichtbaar stuurteken in de tekst", marked=True)
        if len(value) > most:
            message = f"«{shortened(value)}» telt {len(value)} tekens; {most} is de grens"
            self.problem(node.start_mark.line, message, marked=True)
        return value

    def line(self, node: yaml.Node | None, most: int = MOST_TEXT) -> str:
        """Return a name or a title: one line without invisible characters."""
        return read_line(self.text(node, most))

    def known_name(self, node: yaml.Node | None, kind: str) -> str:
        """Return a name of the vocabulary; any name where there is no vocabulary."""
        name = self.line(node, LONGEST_ACTOR if kind == "actor" else LONGEST_NAME)
        known = self.known.get(kind, [name])
        if node is not None and name not in known:
            near = difflib.get_close_matches(name, known, n=1) if len(self.problems) < MOST_HINTS else []
            hint = f'bedoel je "{near[0]}"?' if near else "zet het eerst in casebook.yaml"
            self.problem(node.start_mark.line, f'{kind} "{shortened(name)}" is onbekend; {hint}', marked=True)
        return name

    def names(self, node: yaml.Node | None, kind: str = "") -> Iterator[str]:
        seen = set()
        for item in self.items(node):
            name = self.known_name(item, kind)
            if name.casefold() in seen:
                self.problem(item.start_mark.line, f"«{name}» staat er twee keer", marked=True)
            seen.add(name.casefold())
            if name:
                yield name

    def slug(self, node: yaml.Node | None, most: int = LONGEST_NAME) -> str:
        value = self.text(node, most)
        if node is not None and not is_key(value):
            self.problem(
                node.start_mark.line,
                f"«{shortened(value)}» kan niet; gebruik kleine letters, cijfers en streepjes",
                marked=True,
            )
        return value

    def key(self, node: yaml.Node | None) -> str:
        """Return the key of a question. eigen-1 and so on are keys of questions that teachers add themselves."""
        value = self.slug(node, LONGEST_NAME)
        if node is not None and is_teachers_key(value):
            self.problem(node.start_mark.line, f"«{value}» kan niet; zo heten vragen van docenten", marked=True)
        return value

    def whole_number(self, node: yaml.Node | None) -> int:
        value = self.text(node)
        if number := read_number(value, most=LARGEST_PLACE):
            return number
        if node is not None:
            self.problem(node.start_mark.line, f"«{shortened(value)}» is geen nummer vanaf 1", marked=True)
        return 0

    def yes_or_no(self, node: yaml.Node | None, default: bool) -> bool:
        value = self.text(node)
        if node is not None and value not in {"true", "false"}:
            self.problem(node.start_mark.line, f"«{shortened(value)}» kan niet; kies true of false", marked=True)
        return default if node is None else value == "true"

    def choice(self, node: yaml.Node | None, choices: tuple[str, ...], called: str) -> str:
        value = self.text(node)
        if node is not None and value not in choices:
            known = f"{', '.join(choices[:-1])} of {choices[-1]}"
            self.problem(node.start_mark.line, f'onbekende {called} "{shortened(value)}"; kies {known}', marked=True)
        return value

    def web_address(self, node: yaml.Node | None) -> str:
        value = self.text(node, LONGEST_ADDRESS)
        if node is not None and value and len(value) <= LONGEST_ADDRESS and not _web_address.fullmatch(value):
            self.problem(
                node.start_mark.line, f"«{shortened(value)}» is geen webadres dat met https:// begint", marked=True
            )
        return value

    def check_markdown(self, text: str) -> None:
        for line, message in markdown_problems(text):
            self.problem(line, message)


def count_headings(text: str) -> int:
    """Return at least the number of subheads that Markdown finds; rules are counted too."""
    return sum(1 for _ in _heading.finditer(text))


def markdown_problems(text: str) -> Iterator[tuple[int, str]]:
    """Return what a case cannot contain of this Markdown: (line, problem)."""
    for number, line in enumerate(text.split("\n"), start=1):
        if _control.search(line):
            yield number, "er staat een onzichtbaar stuurteken in de tekst"
        start = line.find("![")
        if start >= 0 and _closes_image.search(line, start):
            yield number, "afbeeldingen kunnen niet in een casus; beschrijf wat erop staat"
            continue
        for target in _link.findall(line):
            if len(target) > LONGEST_ADDRESS or not _web_address.fullmatch(target):
                yield number, f"de link «{shortened(target)}» begint niet met https:// of http://"


def shortened(text: str, most: int = 60) -> str:
    """Return an uploaded text, short enough to repeat in a sentence."""
    return text if len(text) <= most else f"{text[:most]}…"
