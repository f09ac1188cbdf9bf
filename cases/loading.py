"""Case files in and out: read everything, stop at any problem, and only then write."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from cases import editions, exchange
from cases.document import (
    CaseDocument,
    Vocabulary,
    parse_case,
    parse_vocabulary,
    write_case,
    write_vocabulary,
)
from cases.located import DocumentError, Problem
from cases.models import Case, Status

VOCABULARY_FILE = "casebook.yaml"


@dataclass(frozen=True)
class Source:
    """A file as it came: its name for messages, and its text."""

    name: str
    text: str


@dataclass
class Outcome:
    """What loading did, or with a dry run would do, by case."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    taken_down: dict[str, str] = field(default_factory=dict)  # of those, what no file brings back, with its status


def read_paths(paths: Iterable[Path]) -> list[Source]:
    """The files at these paths, the vocabulary first. A folder stands for its casebook.yaml and its case files.

    Raises DocumentError for a path that is not there and for a file that is not UTF-8.
    """
    files: list[Path] = []
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir():
            files += [*path.glob(VOCABULARY_FILE), *sorted(path.glob("*.md")), *sorted(path.glob("cases/*.md"))]
        elif path.is_file():
            files.append(path)
        else:
            problems.append(Problem(str(path), 1, "dit bestand of deze map bestaat niet"))
    sources = []
    for file in files:
        try:
            sources.append(Source(file.name, file.read_bytes().decode("utf-8")))
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            problems.append(Problem(file.name, line, "dit bestand is geen UTF-8; sla het op als UTF-8"))
    if problems:
        raise DocumentError(problems)
    return sorted(sources, key=lambda source: source.name != VOCABULARY_FILE)


@transaction.atomic
def load(sources: list[Source], *, overwrite: bool = False, dry_run: bool = False, by=None) -> Outcome:
    """Load the vocabulary, then the cases. All or nothing: raises DocumentError with every problem of every file."""
    vocabularies = [parse_vocabulary(s.text, s.name) for s in sources if s.name == VOCABULARY_FILE]
    known = _joined([exchange.vocabulary_in_database(), *vocabularies])
    parsed = _parse_all([s for s in sources if s.name != VOCABULARY_FILE], known)
    outcome = Outcome()
    for vocabulary in vocabularies:
        outcome.left_alone += exchange.apply_vocabulary(vocabulary, overwrite=overwrite)
    for source, document in parsed:
        _load_one(source, document, outcome, overwrite=overwrite, by=by)
    if dry_run:
        transaction.set_rollback(True)
    return outcome


def export() -> dict[str, str]:
    """Every published case and the vocabulary as canonical files, by their path in an export."""
    files = {VOCABULARY_FILE: write_vocabulary(exchange.vocabulary_in_database())}
    for case in Case.objects.published().select_related("part"):
        files[f"cases/{case.number:02}-{case.slug}.md"] = write_case(exchange.document_of(case))
    return files


def _joined(vocabularies: list[Vocabulary]) -> Vocabulary:
    return Vocabulary(
        *(tuple(line for v in vocabularies for line in getattr(v, kind)) for kind in ("parts", "actors", "keywords"))
    )


def _parse_all(sources: list[Source], known: Vocabulary) -> list[tuple[Source, CaseDocument]]:
    parsed, problems = [], []
    for source in sources:
        try:
            parsed.append((source, parse_case(source.text, source.name, known)))
        except DocumentError as error:
            problems += error.problems
    problems += _clashes(parsed)
    if problems:
        raise DocumentError(problems)
    return parsed


def _clashes(parsed: list[tuple[Source, CaseDocument]]) -> list[Problem]:
    """Two cases cannot share a number or a slug, in these files or with what the library has."""
    problems = []
    numbers = dict(Case.objects.filter(revises=None).values_list("number", "slug"))
    slugs: set[str] = set()
    for source, document in parsed:
        if document.slug in slugs:
            problems.append(Problem(source.name, 3, f"de webnaam «{document.slug}» is al van een ander bestand"))
        slugs.add(document.slug)
        if numbers.setdefault(document.number, document.slug) != document.slug:
            other = numbers[document.number]
            problems.append(Problem(source.name, 2, f"nummer {document.number} is al van de casus «{other}»"))
    return problems


def _load_one(source: Source, document: CaseDocument, outcome: Outcome, *, overwrite: bool, by) -> None:
    name = f"{document.number}. {document.title}"
    case = Case.objects.filter(slug=document.slug, revises=None).first()
    if case is None:
        case = Case(number=document.number, slug=document.slug)
        exchange.apply_document(document, case)
        editions.publish(case=case, by=by, from_file=True)
        outcome.new.append(name)
    elif case.status in {Status.ARCHIVED, Status.WITHDRAWN}:
        outcome.left_alone.append(name)
        outcome.taken_down[name] = case.get_status_display()
    elif _was_loaded(source, document, case, latest_only=overwrite):
        outcome.unchanged.append(name)
    elif _was_changed_here(case) and not overwrite:
        outcome.left_alone.append(name)
    else:
        Case.objects.filter(revises=case).delete()
        exchange.apply_document(document, case)
        editions.publish(case=case, by=by, from_file=True)
        outcome.changed.append(name)


def _was_loaded(source: Source, document: CaseDocument, case: Case, *, latest_only: bool) -> bool:
    """An edition (or the latest, where the file is to win) has this very file, or what it says in canonical form."""
    hashes = {editions.fingerprint(source.text), editions.fingerprint(write_case(document))}
    past = case.editions.order_by("-number").values_list("source_hash", flat=True)
    return not hashes.isdisjoint(past[:1] if latest_only else past)


def _was_changed_here(case: Case) -> bool:
    """Whether people changed the case on the site since a file of it was last loaded."""
    latest = case.editions.order_by("-number").first()
    return Case.objects.filter(revises=case).exists() or latest is None or not latest.from_file
