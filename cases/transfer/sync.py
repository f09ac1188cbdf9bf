"""Reading and writing of case files: everything is read and checked before anything is written."""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePath

from django.db import transaction
from django.utils.translation import gettext as _

from casebook.models import User
from cases.files import archives
from cases.files.archives import VOCABULARY_FILE
from cases.files.document import (
    ActorKind,
    KeywordLine,
    Vocabulary,
    parse_case,
    parse_vocabulary,
    write_case,
    write_vocabulary,
)
from cases.files.fields import CaseDocument
from cases.files.reader import DocumentError, Problem
from cases.models import Case, CaseQuerySet, Part, Status
from cases.publishing import editions, mapping

FILES = frozenset({".md", VOCABULARY_FILE})


@dataclass(frozen=True)
class Source:
    """An uploaded or stored file: its name for messages, and its text."""

    name: str
    text: str

    @property
    def is_vocabulary(self) -> bool:
        return PurePath(self.name).name.lower() == VOCABULARY_FILE


@dataclass
class Outcome:
    """The cases that were loaded, or with a dry run would be, by what happens to them."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    taken_down: dict[str, str] = field(default_factory=dict)  # the status of those in left_alone that no file restores


@dataclass(frozen=True)
class Bundle:
    """The content of files with present names: the vocabulary, and each case with the file that it is in."""

    vocabulary: Vocabulary = Vocabulary()
    cases: tuple[tuple[Source, CaseDocument], ...] = ()


def read_paths(paths: Iterable[Path]) -> list[Source]:
    """Return the files at these paths, the vocabulary first.

    A folder stands for its casebook.yaml and its case files, a zip for its content. Raises DocumentError for a path
    that does not exist and for files that cannot be read.
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
    try:
        sources = read([(file.name, file.read_bytes()) for file in files])
    except DocumentError as error:
        raise DocumentError([*problems, *error.problems]) from error
    if problems:
        raise DocumentError(problems)
    return sources


def read(files: Iterable[tuple[str, bytes]]) -> list[Source]:
    """Return these files, and those in zips among them, as text. Raises DocumentError with all unreadable files."""
    found, refused = archives.unpack(files, FILES)
    sources, problems = decoded(found)
    if refused or problems:
        raise DocumentError([*refused, *problems])
    return sources


def decoded(files: Iterable[archives.Packed]) -> tuple[list[Source], list[Problem]]:
    """Return these files as text, and the problems of those that are no text."""
    sources, problems = [], []
    for packed in files:
        try:
            sources.append(Source(packed.name, archives.decode(packed)))
        except DocumentError as error:
            problems += error.problems
    return sources, problems


def parse_sources(sources: Iterable[Source]) -> Bundle:
    """Return the content of these files. Raises DocumentError with every problem of every file."""
    vocabularies, others, problems = [], [], []
    for source in sources:
        try:
            if source.is_vocabulary:
                vocabularies.append(parse_vocabulary(source.text, source.name))
            else:
                others.append(source)
        except DocumentError as error:
            problems += error.problems
    vocabulary = _joined(vocabularies)
    former = mapping.former_names()
    former_words = Vocabulary(
        actors=tuple(ActorKind(name, "") for name in former.actors),
        keywords=tuple(KeywordLine(name) for name in former.keywords),
    )
    known = _joined([mapping.vocabulary_in_database(), vocabulary, former_words])
    parsed = []
    for source in others:
        try:
            parsed.append((source, former.apply_to(parse_case(source.text, source.name, known))))
        except DocumentError as error:
            problems += error.problems
    problems += [*_clashes_of_parts(vocabulary), *_clashes(parsed)]
    if problems:
        raise DocumentError(problems)
    return Bundle(vocabulary, tuple(parsed))


@transaction.atomic
def load(sources: list[Source], *, overwrite: bool = False, dry_run: bool = False, by: User | None = None) -> Outcome:
    """Load the vocabulary, then the cases.

    All of it is loaded or nothing: raises DocumentError with every problem of every file.
    """
    bundle = parse_sources(sources)
    outcome = Outcome()
    outcome.left_alone += mapping.apply_vocabulary(bundle.vocabulary, overwrite=overwrite)
    for source, document in bundle.cases:
        _load_one(source, document, outcome, overwrite=overwrite, by=by)
    if dry_run:
        transaction.set_rollback(True)
    return outcome


def export(cases: CaseQuerySet | None = None) -> dict[str, str]:
    """Return these cases, or all published ones, and the vocabulary as canonical files, by their path in an export."""
    files = {VOCABULARY_FILE: write_vocabulary(mapping.vocabulary_in_database())}
    for case, document in mapping.documents_of(Case.objects.published() if cases is None else cases):
        files[f"cases/{case.number:02}-{case.slug}.md"] = write_case(document)
    return files


def not_exportable(cases: CaseQuerySet) -> list[str]:
    """Return why these cases cannot be exported together, in sentences."""
    documents = list(mapping.documents_of(cases))
    copied = {case.revises_id for case, _document in documents}
    sentences = []
    for case, document in documents:
        if case.status == Status.WITHDRAWN:
            sentences.append(_("«%s» is ingetrokken en gaat niet meer naar buiten.") % case.title)
        elif case.pk in copied:
            sentences.append(_("Kies van «%s» de casus of de werkversie, niet allebei.") % case.title)
        elif not document.part:
            sentences.append(_("«%s» heeft nog geen deel; kies dat eerst.") % case.title)
        elif not _has_round_trip(document):
            sentences.append(
                _("«%s» past nog niet in een casusbestand; bekijk op haar pagina wat er moet veranderen.") % case
            )
    return sentences


def _has_round_trip(document: CaseDocument) -> bool:
    try:
        editions.check_round_trip(write_case(document), document)
    except DocumentError:
        return False
    return True


def as_zip(files: dict[str, str]) -> bytes:
    """Return these files as a zip; the same files give the same bytes."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _joined(vocabularies: list[Vocabulary]) -> Vocabulary:
    return Vocabulary(
        *(
            tuple(line for vocabulary in vocabularies for line in getattr(vocabulary, kind))
            for kind in ("parts", "actors", "keywords")
        )
    )


def _clashes_of_parts(vocabulary: Vocabulary) -> Iterator[Problem]:
    """Yield a problem for each new part with the number of another part."""
    slugs = dict(Part.objects.values_list("number", "slug"))
    for part in mapping.compare_vocabulary(vocabulary).new.parts:
        if slugs.setdefault(part.number, part.slug) != part.slug:
            other = slugs[part.number]
            yield Problem(VOCABULARY_FILE, 0, f"deel «{part.slug}» heeft nummer {part.number}, en dat is van «{other}»")


def _clashes(parsed: list[tuple[Source, CaseDocument]]) -> list[Problem]:
    """Return a problem for each number or slug that two cases have, in these files or in the library."""
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


def _load_one(source: Source, document: CaseDocument, outcome: Outcome, *, overwrite: bool, by: User | None) -> None:
    name = f"{document.number}. {document.title}"
    case = Case.objects.filter(slug=document.slug, revises=None).first()
    if case is None:
        case = Case(number=document.number, slug=document.slug)
        mapping.apply_document(document, case)
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
        mapping.apply_document(document, case)
        editions.publish(case=case, by=by, from_file=True)
        outcome.changed.append(name)


def _was_loaded(source: Source, document: CaseDocument, case: Case, *, latest_only: bool) -> bool:
    """Return whether an edition (with `latest_only`, the latest one) has this file or its canonical form."""
    hashes = {editions.fingerprint(source.text), editions.fingerprint(write_case(document))}
    past = case.editions.order_by("-number").values_list("source_hash", flat=True)
    return not hashes.isdisjoint(past[:1] if latest_only else past)


def _was_changed_here(case: Case) -> bool:
    """Return whether the case was changed on the site since a file of it was last loaded."""
    latest = case.editions.order_by("-number").first()
    return Case.objects.filter(revises=case).exists() or latest is None or not latest.from_file
