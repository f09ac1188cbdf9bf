"""Between case files and the database: documents to rows and rows to documents."""

from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.text import slugify

from cases.document import (
    ActorKind,
    ActorLine,
    CaseDocument,
    KeywordLine,
    PartLine,
    QuestionLine,
    ReferenceLine,
    Vocabulary,
)
from cases.models import Actor, Case, CaseActor, CaseKeyword, Keyword, Part, Reference
from questions.models import Question


def document_of(case: Case) -> CaseDocument:
    """What the rows of this case say, as a case file would."""
    return CaseDocument(
        number=case.number,
        slug=case.slug,
        title=case.title,
        part=case.part.slug if case.part else "",
        summary=case.summary,
        actors=tuple(ActorLine(line.actor.name, line.person) for line in case.case_actors.select_related("actor")),
        keywords=tuple(line.keyword.name for line in case.case_keywords.select_related("keyword")),
        references=tuple(ReferenceLine(line.text, line.url) for line in case.references.all()),
        questions=tuple(
            QuestionLine(question.key, question.kolb, question.text)
            for question in case.questions.in_library().order_by("position", "pk")
        ),
        introduction=case.introduction,
        body=case.body,
        closing=case.closing,
    )


@transaction.atomic
def apply_document(document: CaseDocument, case: Case) -> None:
    """Make the rows of this case, new or not, say what the document says. Number and slug stay those of the case."""
    case.part = Part.objects.get(slug=document.part)
    for name in ("title", "summary", "introduction", "body", "closing"):
        setattr(case, name, getattr(document, name))
    case.version += 1  # a form that shows the case as it was before is not to be saved over this
    case.save()
    actors = Actor.objects.in_bulk([line.actor for line in document.actors], field_name="name")
    keywords = Keyword.objects.in_bulk(document.keywords, field_name="name")
    case.case_actors.all().delete()
    CaseActor.objects.bulk_create(
        CaseActor(case=case, actor=actors[line.actor], person=line.person, position=position)
        for position, line in enumerate(document.actors, start=1)
    )
    case.case_keywords.all().delete()
    CaseKeyword.objects.bulk_create(
        CaseKeyword(case=case, keyword=keywords[name], position=position)
        for position, name in enumerate(document.keywords, start=1)
    )
    case.references.all().delete()
    Reference.objects.bulk_create(
        Reference(case=case, text=line.text, url=line.url, position=position)
        for position, line in enumerate(document.references, start=1)
    )
    _apply_questions(document.questions, case)


def in_words_of_today(document: CaseDocument, case: Case) -> tuple[CaseDocument, list[str]]:
    """An old document in the names that the library has now, and what it has no longer.

    A keyword that was renamed or merged is found by its synonym; the part, where it is gone, is that of the case.
    """
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
    """Match by key. A question that is gone is deleted, or retired where someone has answered it."""
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
    return Vocabulary(
        parts=tuple(PartLine(part.number, part.slug, part.title, part.introduction) for part in Part.objects.all()),
        actors=tuple(ActorKind(actor.name, actor.sphere) for actor in sorted(Actor.objects.all(), key=_by_name)),
        keywords=tuple(
            KeywordLine(word.name, tuple(word.synonyms), word.is_filter)
            for word in sorted(Keyword.objects.all(), key=_by_name)
        ),
    )


def _by_name(row: Actor | Keyword) -> str:
    """The same order on every database, whatever its collation."""
    return row.name.casefold()


@transaction.atomic
def apply_vocabulary(vocabulary: Vocabulary, *, overwrite: bool = False) -> list[str]:
    """Add what the database has not; change what differs only with overwrite. Returns the names that were left."""
    left = []
    for line in vocabulary.parts:
        values = {"number": line.number, "title": line.title, "introduction": line.introduction}
        left += _upsert(Part, {"slug": line.slug}, values, overwrite)
    for line in vocabulary.actors:
        left += _upsert(Actor, {"name": line.name}, {"sphere": line.sphere}, overwrite)
    for line in vocabulary.keywords:
        values = {"synonyms": list(line.synonyms), "is_filter": line.is_filter}
        left += _upsert(Keyword, {"name": line.name}, values, overwrite)
    return left


def _upsert(model, key: dict, values: dict, overwrite: bool) -> list[str]:
    row = model.objects.filter(**key).first()
    if row is None:
        slug = {} if "slug" in key else {"slug": free_slug(model, key["name"])}
        model.objects.create(**key, **slug, **values)
    elif any(getattr(row, name) != value for name, value in values.items()):
        if not overwrite:
            return [str(row)]
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    return []


def free_slug(model, name: str) -> str:
    """A web name for an actor or a keyword that no other has."""
    base = slugify(name)[:50] or "woord"
    taken = set(model.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10000))) if slug not in taken)
