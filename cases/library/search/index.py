"""The search index: the words of each published case, and the list of all words that are in one."""

from collections.abc import Iterable

from cases.files import fields
from cases.files.fields import Kind
from cases.library.markdown import plain_text
from cases.library.search.engines import PLACES, engine
from cases.library.search.query import words_of
from cases.models import Case, SearchWord


def index_all(cases: Iterable[Case]) -> None:
    """Index each of these cases."""
    for case in cases:
        index_case(case)


def index_case(case: Case) -> None:
    """Index the words of this case, and replace those it had."""
    words = {place: words_of(text) for place, text in searchable(case).items()}
    engine().store(case.pk, words)
    fresh = {word for place in words.values() for word in place if len(word) > 2 and not word.isdigit()}
    SearchWord.objects.bulk_create([SearchWord(word=word) for word in sorted(fresh)], ignore_conflicts=True)


def forget_case(case: Case) -> None:
    """Remove this case from the index, with the words that are in no other case."""
    engine().remove(case.pk)
    forget_words()


def forget_words() -> None:
    """Delete the words that are in no case any more, such as the name of a person in a withdrawn case."""
    engine().forget_words()


def searchable(case: Case) -> dict[str, str]:
    """Return the text of a case by place. Each part is on a line of its own."""
    found: dict[str, list[str]] = {place: [] for place in PLACES}
    for field in fields.FIELDS:
        if field.search and not field.is_list:
            text = getattr(case, field.name)
            found[field.search].append(plain_text(text) if field.kind is Kind.SECTION else text)
    for name, texts_of in _texts_of_list.items():
        found[fields.by_name(name).search] += texts_of(case)
    return {place: "\n".join(texts) for place, texts in found.items()}


def _keyword_texts(case: Case) -> list[str]:
    return [word for keyword in case.keywords.all() for word in (keyword.name, *keyword.synonyms)]


def _actor_texts(case: Case) -> list[str]:
    return [name for line in case.case_actors.select_related("actor") for name in (line.actor.name, line.person)]


def _reference_texts(case: Case) -> list[str]:
    return [reference.text for reference in case.references.all()]


def _question_texts(case: Case) -> list[str]:
    return [plain_text(question.text) for question in case.questions.in_library()]


# The lists that are searched, by the name of the field. The order matters, since PostgreSQL ranks by position too.
_texts_of_list = {
    "keywords": _keyword_texts,
    "actors": _actor_texts,
    "questions": _question_texts,
    "references": _reference_texts,
}
