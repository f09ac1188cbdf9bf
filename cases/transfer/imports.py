"""Import of files as concepts, in two steps: a plan, and after confirmation all of it or nothing.

Published cases do not change. A new case becomes a concept; a change in a published case becomes its working copy.
Unfinished work is only replaced if the editor chooses that.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from django.db import transaction

from casebook.lib.slugs import first_free
from casebook.lib.text_diff import Work
from casebook.models import User
from cases.files.archives import Packed, unpack
from cases.files.document import parse_case, write_case
from cases.files.docx import MOST_TAGS, WordCase, count_tags, read_word
from cases.files.fields import KOLB, CaseDocument
from cases.files.reader import DocumentError, Problem
from cases.models import Case, KeptUpload, Keyword, Status
from cases.publishing import checks, comparison, editions, mapping
from cases.publishing.comparison import Change
from cases.publishing.mapping import VocabularyNews
from cases.transfer import sync
from cases.transfer.sync import Source

WORD = ".docx"
KINDS = sync.FILES | {WORD}
MOST_KEPT = 5  # imports of one editor that are not confirmed yet
MOST_TAGS_OF_IMPORT = 4 * MOST_TAGS
MOST_TEXT_OF_IMPORT = 8_000_000  # bytes of case files; five hundred cases as long as those of the book are half of it
TOO_MANY_WORDS = "deze Word-bestanden zijn samen te groot om in één keer te lezen; kies er minder tegelijk"
TOO_MUCH_TEXT = "deze bestanden zijn samen te groot om in één keer te lezen; verdeel ze over een paar keer"
NEW, CHANGED, UNCHANGED = "new", "changed", "unchanged"
RIGHTS = {
    "parts": ("cases.add_part", "deel"),
    "actors": ("cases.add_actor", "actor"),
    "keywords": ("cases.add_keyword", "sleutelwoord"),
}


@dataclass(frozen=True)
class Item:
    """A case in the files, with the case in the database."""

    file: str
    document: CaseDocument
    status: str
    case: Case | None = None
    before: CaseDocument | None = None
    lost: tuple[str, ...] = ()

    @property
    def replaces_work(self) -> bool:
        """Return whether a concept or a working copy exists, which the import would replace."""
        return self.status == CHANGED and self.case.status == Status.CONCEPT

    @property
    def without_lens(self) -> list[int]:
        """Return the positions of the questions without a lens in the file."""
        return [place for place, question in enumerate(self.document.questions) if not question.kolb]

    @property
    def still_to_do(self) -> list[str]:
        """Return the errors that would block publication, without missing lenses, for which the page has fields."""
        found = checks.errors(self.document) if self.status != UNCHANGED else []
        return [finding.message for finding in found if not finding.field.endswith("-kolb")]

    def changes(self, work: Work | None = None) -> list[Change]:
        return comparison.compare(self.before, self.document, work) if self.status == CHANGED else []


@dataclass(frozen=True)
class Plan:
    """The effects of an import of these files on the present database."""

    items: tuple[Item, ...]
    bundle: sync.Bundle
    news: VocabularyNews

    @property
    def has_news(self) -> bool:
        return any(vars(self.news.new).values())

    @property
    def does_something(self) -> bool:
        return self.has_news or any(item.status != UNCHANGED for item in self.items)

    @property
    def fingerprint(self) -> str:
        """Return a fingerprint of the plan, to check at the confirmation that it has not changed."""
        facts = [
            (item.file, item.status, item.case and item.case.pk, item.document, item.before) for item in self.items
        ]
        return sha256(repr((facts, self.news)).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """The concepts that were created or changed, and the names of skipped cases."""

    added: list[Case]
    changed: list[Case]
    skipped: list[str]


def unpacked(files: Iterable[tuple[str, bytes]], *, user: User) -> list[Packed]:
    """Return the uploaded files, unzipped, if all of them can be used.

    Raises DocumentError with every problem of every file. Where a zip or the vocabulary is refused it has only that
    problem, since other files can depend on their content.
    """
    found, problems = unpack(files, KINDS)
    if not any(problem.file.lower().endswith((".zip", ".yaml")) for problem in problems):
        try:
            plan(found, user=user)
        except DocumentError as error:
            problems += error.problems
    if problems:
        raise DocumentError(problems)
    return found


def plan(files: Iterable[Packed], *, user: User, lock: bool = False) -> Plan:
    """Return the effects of importing these files. Raises DocumentError with every problem of every file.

    Writes nothing. With `lock` the rows that were read are locked until the transaction ends.
    """
    files, bundle = list(files), sync.Bundle()
    texts = [file for file in files if file.kind != WORD]
    if sum(len(file.content) for file in texts) > MOST_TEXT_OF_IMPORT:
        raise DocumentError([Problem(texts[0].name, 0, TOO_MUCH_TEXT)])
    sources, problems = sync.decoded(texts)
    try:
        bundle = sync.parse_sources(sources)
    except DocumentError as error:
        problems += error.problems
    words = []
    for file in _not_too_many(files, problems):
        try:
            words.append((file.name, read_word(file)))
        except DocumentError as error:
            problems += error.problems
    if lock:
        _lock([document.slug for _source, document in bundle.cases])
    try:
        items = [*_known(bundle), *_from_word(words, bundle)]
    except DocumentError as error:
        problems += error.problems
    news = mapping.compare_vocabulary(bundle.vocabulary)
    problems += _not_permitted(news, user)
    if problems:
        raise DocumentError(problems)
    return Plan(tuple(items), bundle, news)


def _not_too_many(files: list[Packed], problems: list[Problem]) -> Iterator[Packed]:
    """Yield the Word files that can be read at once, and add a problem for the others."""
    left = MOST_TAGS_OF_IMPORT
    for file in (file for file in files if file.kind == WORD):
        left -= count_tags(file)
        if left < 0:
            problems.append(Problem(file.name, 0, TOO_MANY_WORDS))
        else:
            yield file


def _lock(slugs: list[str]) -> None:
    list(Case.objects.select_for_update().filter(slug__in=slugs).order_by("pk"))


def _known(bundle: sync.Bundle) -> list[Item]:
    """Return an item for each case of the bundle, with the stored case of that web name or its working copy."""
    slugs = [document.slug for _source, document in bundle.cases]
    rows = list(mapping.documents_of(Case.objects.filter(slug__in=slugs)))
    cases = {case.slug: (case, document) for case, document in rows if not case.is_working_copy}
    copies = {case.revises_id: (case, document) for case, document in rows if case.is_working_copy}
    items, problems = [], []
    for source, document in bundle.cases:
        case, now = cases.get(document.slug, (None, None))
        copy, draft = copies.get(case.pk if case else None, (None, None))
        if case and (problem := _refusal(source, case, document, now)):
            problems.append(problem)
        elif case:
            document = replace(document, number=case.number)
            status = UNCHANGED if document in (now, draft) else CHANGED
            items.append(Item(source.name, document, status, copy or case, draft or now))
        else:
            items.append(Item(source.name, document, NEW))
    if problems:
        raise DocumentError(problems)
    return items


def _refusal(source: Source, case: Case, document: CaseDocument, now: CaseDocument) -> Problem | None:
    if case.status == Status.WITHDRAWN:
        message = f"de casus «{case.slug}» is ingetrokken en komt niet met een bestand terug; haal dit bestand eruit"
        return Problem(source.name, 0, message)
    if case.status == Status.ARCHIVED and replace(document, number=case.number) != now:
        message = f"de casus «{case.slug}» is gearchiveerd en verandert niet meer; haal dit bestand eruit"
        return Problem(source.name, 0, message)
    return None


def _from_word(words: list[tuple[str, WordCase]], bundle: sync.Bundle) -> list[Item]:
    """Return the items of Word files. Each is a new case, since it has no web name by which to find an older one."""
    existing = [*Case.objects.values_list("number", "title", "slug")] if words else []
    existing += [(document.number, document.title, document.slug) for _source, document in bundle.cases]
    titles, slugs = (
        {title.casefold() for _number, title, _slug in existing},
        {slug for _number, _title, slug in existing},
    )
    number = max((number for number, _title, _slug in existing), default=0)
    known = {name.casefold(): name for name in Keyword.objects.values_list("name", flat=True)} if words else {}
    items, problems = [], []
    for file, word in words:
        title, number = word.document.title, number + 1
        if title.casefold() in titles:
            message = f"er is al een casus «{title}»; verander die in een werkversie, of geef deze een andere titel"
            problems.append(Problem(file, 0, message))
            continue
        document, lost = _with_known_keywords(word, known)
        document = replace(document, number=number, slug=first_free(editions.slug_base(title), slugs))
        titles.add(title.casefold())
        slugs.add(document.slug)
        problems += _unfit(file, document)
        items.append(Item(file, document, NEW, lost=lost))
    if problems:
        raise DocumentError(problems)
    return items


def _with_known_keywords(word: WordCase, known: dict[str, str]) -> tuple[CaseDocument, tuple[str, ...]]:
    """Return the case with its known keywords, and the names of the others."""
    names = word.document.keywords
    strange = [name for name in names if name.casefold() not in known]
    keywords = dict.fromkeys(known[name.casefold()] for name in names if name not in strange)
    lost = (f"Sleutelwoord «{name}»: dat is er nog niet. Voeg het later zelf toe." for name in strange)
    return replace(word.document, keywords=tuple(keywords)), (*word.lost, *lost)


def _unfit(file: str, document: CaseDocument) -> list[Problem]:
    """Return what a case cannot contain of this Word file, such as a text that is too long, without lines."""
    lenses = (replace(question, kolb=question.kolb or KOLB[0]) for question in document.questions)
    try:
        parse_case(write_case(replace(document, part="deel", questions=tuple(lenses))), file)
    except DocumentError as error:
        return [replace(problem, line=0) for problem in error.problems]
    return []


def _not_permitted(news: VocabularyNews, user: User) -> list[Problem]:
    return [
        Problem(
            sync.VOCABULARY_FILE,
            0,
            f"{called} «{getattr(line, 'title', None) or line.name}» is hier nieuw, en jij mag dat niet toevoegen; "
            "vraag het aan de eindredactie",
        )
        for kind, (right, called) in RIGHTS.items()
        if not user.has_perm(right)
        for line in getattr(news.new, kind)
    ]


@transaction.atomic
def carry_out(*, plan: Plan, replacing: set[str], lenses: dict[tuple[str, int], str]) -> Outcome:
    """Carry out the plan. Of cases with unfinished work only those whose file is in `replacing` are changed.

    `lenses` has the lens of each question without one in the file, by file and position.
    """
    mapping.apply_vocabulary(plan.bundle.vocabulary)
    outcome = Outcome([], [], [])
    for item in plan.items:
        if item.status == UNCHANGED:
            continue
        if item.replaces_work and item.file not in replacing:
            outcome.skipped.append(item.document.title)
            continue
        document = replace(
            item.document,
            questions=tuple(
                replace(question, kolb=question.kolb or lenses[item.file, place])
                for place, question in enumerate(item.document.questions)
            ),
        )
        concept = _concept_for(item)
        mapping.apply_document(document, concept)
        (outcome.added if item.status == NEW else outcome.changed).append(concept)
    if plan.has_news:
        editions.renew_library()
    return outcome


def _concept_for(item: Item) -> Case:
    if item.status == NEW:
        return Case(number=item.document.number, slug=item.document.slug)
    return item.case if item.case.status == Status.CONCEPT else editions.start_working_copy(case=item.case)


def keep(*, files: list[Packed], owner: User) -> KeptUpload:
    """Store these files until their owner confirms the import; only the last few imports of an owner are stored."""
    older = KeptUpload.objects.filter(owner=owner).order_by("-created_at", "-pk")[MOST_KEPT - 1 :]
    KeptUpload.objects.filter(pk__in=[upload.pk for upload in older.only("pk")]).delete()
    pairs = [(file.name, base64.b64encode(file.content).decode()) for file in files]
    return KeptUpload.objects.create(owner=owner, content=zlib.compress(json.dumps(pairs).encode()))


def names_of(upload: KeptUpload) -> list[str]:
    """Return the names of the files of an upload; none where it cannot be read."""
    try:
        return [name for name, _content in json.loads(zlib.decompress(bytes(upload.content)))]
    except (zlib.error, ValueError):
        return []


def kept_files(upload: KeptUpload) -> list[Packed]:
    """Return the files of an upload."""
    pairs = json.loads(zlib.decompress(bytes(upload.content)))
    return [Packed(name, base64.b64decode(content)) for name, content in pairs]
