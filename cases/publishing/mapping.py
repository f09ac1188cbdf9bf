"""The mapping between case files and the database: documents to rows and rows to documents."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Model, ProtectedError
from django.utils.text import slugify

from casebook.lib.slugs import first_free
from casebook.lib.text import read_line
from cases.files import fields
from cases.files.document import ActorKind, KeywordLine, PartLine, Vocabulary
from cases.files.fields import (
    ActorLine,
    CaseDocument,
    Field,
    Kind,
    QuestionLine,
    ReferenceLine,
    of_kind,
    texts,
)
from cases.files.reader import normal_form
from cases.models import (
    Actor,
    Case,
    CaseActor,
    CaseKeyword,
    CaseQuerySet,
    FormerActor,
    FormerKeyword,
    Keyword,
    Part,
    Reference,
)
from questions.models import Question


@dataclass(frozen=True)
class FormerNames:
    """The former names in old files, each with the present name."""

    actors: dict[str, str]
    keywords: dict[str, str]

    def apply_to(self, document: CaseDocument) -> CaseDocument:
        """Return the document with present names. Two words that were merged are in it once."""
        actors = (replace(line, actor=self.actors.get(line.actor, line.actor)) for line in document.actors)
        keywords = (self.keywords.get(name, name) for name in document.keywords)
        return replace(document, actors=tuple(dict.fromkeys(actors)), keywords=tuple(dict.fromkeys(keywords)))


def former_names() -> FormerNames:
    """Return the present name of each word by its former name. A name that another word has now is no former one."""
    actors = FormerActor.objects.exclude(name="").exclude(name__in=Actor.objects.values("name"))
    keywords = FormerKeyword.objects.exclude(name="").exclude(name__in=Keyword.objects.values("name"))
    return FormerNames(dict(actors.values_list("name", "now__name")), dict(keywords.values_list("name", "now__name")))


@dataclass(frozen=True)
class ListRows:
    """How a list of a case is stored: its rows, the line of a row, and the rows of some lines."""

    related_name: str
    line: Callable[[Any], object]
    rows: Callable[[Case, tuple], list[Model]]
    select_related: str | None = None  # the relation that a line needs besides the row


def _actor_rows(case: Case, lines: tuple[ActorLine, ...]) -> list[CaseActor]:
    actors = Actor.objects.in_bulk([line.actor for line in lines], field_name="name")
    return [
        CaseActor(case=case, actor=actors[line.actor], person=line.person, position=position)
        for position, line in enumerate(lines, start=1)
    ]


def _keyword_rows(case: Case, names: tuple[str, ...]) -> list[CaseKeyword]:
    keywords = Keyword.objects.in_bulk(names, field_name="name")
    return [
        CaseKeyword(case=case, keyword=keywords[name], position=position)
        for position, name in enumerate(names, start=1)
    ]


def _reference_rows(case: Case, lines: tuple[ReferenceLine, ...]) -> list[Reference]:
    return [
        Reference(case=case, text=line.text, url=line.url, position=position)
        for position, line in enumerate(lines, start=1)
    ]


def _actor_line(row: CaseActor) -> ActorLine:
    return ActorLine(read_line(row.actor.name), read_line(row.person))


# By the name of the field. Questions are not here: their rows stay, because answers refer to them.
LIST_ROWS = {
    "actors": ListRows("case_actors", _actor_line, _actor_rows, "actor"),
    "keywords": ListRows("case_keywords", lambda row: read_line(row.keyword.name), _keyword_rows, "keyword"),
    "references": ListRows("references", lambda row: ReferenceLine(normal_form(row.text), row.url), _reference_rows),
}


def document_of(case: Case) -> CaseDocument:
    """Return the rows of this case as the document of a case file, each text in its normal form."""
    lists = {
        name: getattr(case, rows.related_name).select_related(rows.select_related) for name, rows in LIST_ROWS.items()
    }
    return _document(case, lists, case.questions.in_library().order_by("position", "pk"))


def documents_of(cases: CaseQuerySet) -> Iterator[tuple[Case, CaseDocument]]:
    """Yield each of these cases with its document, in a fixed number of queries."""
    for case in cases.for_files():
        lists = {name: getattr(case, rows.related_name).all() for name, rows in LIST_ROWS.items()}
        asked = [question for question in case.questions.all() if not question.retired and question.module_id is None]
        asked.sort(key=lambda question: (question.position, question.pk))
        yield case, _document(case, lists, asked)


def _document(case: Case, lists: dict[str, Iterable[Model]], questions: Iterable[Question]) -> CaseDocument:
    values: dict[str, Any] = {field.name: getattr(case, field.name) for field in of_kind(Kind.IDENTITY)}
    values |= {field.name: _read_text(field, getattr(case, field.name)) for field in texts()}
    values["part"] = case.part.slug if case.part else ""
    for field in of_kind(Kind.LIST):
        values[field.name] = tuple(map(LIST_ROWS[field.name].line, lists[field.name]))
    values["questions"] = tuple(QuestionLine(asked.key, asked.kolb, normal_form(asked.text)) for asked in questions)
    return CaseDocument(**values)


def _read_text(field: Field, text: str) -> str:
    return read_line(text) if field.kind is Kind.LINE else normal_form(text)


@transaction.atomic
def apply_document(document: CaseDocument, case: Case) -> None:
    """Make the rows of this case, new or not, equal to the document. Number and slug stay those of the case."""
    case.part = Part.objects.get(slug=document.part) if document.part else None
    for field in texts():
        setattr(case, field.name, getattr(document, field.name))
    case.version += 1  # a form that shows the older version cannot overwrite this one
    case.save()
    for field in of_kind(Kind.LIST):
        _replace_rows(case, LIST_ROWS[field.name], getattr(document, field.name))
    _apply_questions(document.questions, case)


def _replace_rows(case: Case, list_rows: ListRows, lines: tuple) -> None:
    rows, present = list_rows.rows(case, lines), getattr(case, list_rows.related_name)
    present.all().delete()
    present.bulk_create(rows)


def withhold(case: Case) -> None:
    """Empty the texts and delete the rows that a withdrawal hides. The caller saves the case.

    The case stays in its part, and editions.withhold_questions hides the texts of the questions.
    """
    for field in texts():
        if field.is_withheld:
            setattr(case, field.name, field.empty)
    for field in of_kind(Kind.LIST):
        if field.is_withheld:
            getattr(case, LIST_ROWS[field.name].related_name).all().delete()


def packed(case: Case) -> dict:
    """Return a case, finished or not, as plain values."""
    return asdict(document_of(case))


def unpacked(values: dict) -> CaseDocument:
    """Return the document of plain values that packed() made."""
    lists = {field.name: tuple(_line(field, item) for item in values[field.name]) for field in fields.lists()}
    return CaseDocument(**{**values, **lists})


def _line(field: Field, item: dict | str) -> object:
    return field.line(**item) if isinstance(item, dict) else item


def with_present_names(document: CaseDocument, case: Case) -> tuple[CaseDocument, list[str]]:
    """Return an old document with the present names of the library, and the names that it no longer has.

    A renamed or merged word is found by its former name, a keyword also by its synonyms. A part that no longer exists
    becomes that of the case.
    """
    document = former_names().apply_to(document)
    actors = set(Actor.objects.values_list("name", flat=True))
    names = {synonym: word.name for word in Keyword.objects.all() for synonym in word.synonyms}
    names |= {name: name for name in Keyword.objects.values_list("name", flat=True)}
    left_out = [line.actor for line in document.actors if line.actor not in actors]
    left_out += [name for name in document.keywords if name not in names]
    is_known = Part.objects.filter(slug=document.part).exists()
    fitting = replace(
        document,
        part=document.part if is_known or case.part is None else case.part.slug,
        actors=tuple(line for line in document.actors if line.actor in actors),
        keywords=tuple(dict.fromkeys(names[name] for name in document.keywords if name in names)),
    )
    return fitting, list(dict.fromkeys(left_out))


def _apply_questions(lines: Iterable[QuestionLine], case: Case) -> None:
    """Update the questions by key. A question that is gone is deleted, or retired where it has answers."""
    present = {question.key: question for question in case.questions.filter(module=None)}
    for position, line in enumerate(lines, start=1):
        question = present.pop(line.key, None) or Question(case=case, key=line.key)
        question.position, question.kolb, question.text, question.retired = position, line.kolb, line.text, False
        question.save()
    for question in present.values():
        try:
            with transaction.atomic():
                question.delete()
        except ProtectedError:
            question.retired = True
            question.save(update_fields=["retired"])


def vocabulary_in_database() -> Vocabulary:
    """Return all parts, kinds of actor and keywords."""
    return Vocabulary(
        parts=tuple(PartLine(part.number, part.slug, part.title, part.introduction) for part in Part.objects.all()),
        actors=tuple(ActorKind(actor.name, actor.sphere) for actor in sorted(Actor.objects.all(), key=_by_name)),
        keywords=tuple(
            KeywordLine(word.name, tuple(word.synonyms), word.is_filter)
            for word in sorted(Keyword.objects.all(), key=_by_name)
        ),
    )


def _by_name(row: Actor | Keyword) -> str:
    """Return a sort key that gives the same order on every database, whatever its collation."""
    return row.name.casefold()


@dataclass(frozen=True)
class VocabularyNews:
    """What a vocabulary would add to the database, and the names of what differs from it."""

    new: Vocabulary
    other: tuple[str, ...]


def compare_vocabulary(vocabulary: Vocabulary) -> VocabularyNews:
    """Return what is new in a vocabulary, and what differs. A former name is not new: its word exists."""
    stored, former = vocabulary_in_database(), former_names()
    known = {"parts": {line.slug: line for line in stored.parts}}
    known["actors"] = dict.fromkeys(former.actors) | {line.name: line for line in stored.actors}
    known["keywords"] = dict.fromkeys(former.keywords) | {line.name: line for line in stored.keywords}
    new: dict[str, list] = {kind: [] for kind in known}
    other = []
    for kind, lines in known.items():
        for line in getattr(vocabulary, kind):
            name = line.slug if kind == "parts" else line.name
            if name not in lines:
                new[kind].append(line)
                lines[name] = line
            elif lines[name] not in (None, line):
                other.append(f"Deel {lines[name].number}: {lines[name].title}" if kind == "parts" else name)
    return VocabularyNews(Vocabulary(**{kind: tuple(lines) for kind, lines in new.items()}), tuple(other))


@transaction.atomic
def apply_vocabulary(vocabulary: Vocabulary, *, overwrite: bool = False) -> list[str]:
    """Add what is new; change what differs only with `overwrite`. Returns the names that were not changed."""
    news = compare_vocabulary(vocabulary)
    for line in news.new.parts:
        Part.objects.create(**asdict(line))
    for line in news.new.actors:
        Actor.objects.create(name=line.name, slug=free_slug(Actor, line.name), sphere=line.sphere)
    for line in news.new.keywords:
        Keyword.objects.create(
            name=line.name,
            slug=free_slug(Keyword, line.name),
            synonyms=list(line.synonyms),
            is_filter=line.is_filter,
        )
    if not overwrite:
        return list(news.other)
    for line in vocabulary.parts:
        Part.objects.filter(slug=line.slug).update(**asdict(line))
    for line in vocabulary.actors:
        Actor.objects.filter(name=line.name).update(sphere=line.sphere)
    for line in vocabulary.keywords:
        Keyword.objects.filter(name=line.name).update(synonyms=list(line.synonyms), is_filter=line.is_filter)
    return []


def free_slug(model: type[Model], name: str) -> str:
    """Return a slug that no word has or had: an old address stays valid."""
    base = slugify(name)[:50] or "woord"
    taken = {
        slug
        for rows in (model, model.former.rel.related_model)
        for slug in rows.objects.filter(slug__startswith=base).values_list("slug", flat=True)
    }
    return first_free(base, taken)
