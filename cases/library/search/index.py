"""The search index: the words of each published case, and all words that are in one."""

from collections.abc import Iterable

from cases.library.markdown import plain_text
from cases.library.search.engines import engine
from cases.library.search.query import words_of
from cases.models import Case, SearchWord


def index_all(cases: Iterable[Case]) -> None:
    for case in cases:
        index_case(case)


def index_case(case: Case) -> None:
    """Make the words of this case findable, in place of those it had."""
    words = {place: words_of(text) for place, text in searchable(case).items()}
    engine().store(case.pk, words)
    fresh = {word for place in words.values() for word in place if len(word) > 2 and not word.isdigit()}
    SearchWord.objects.bulk_create([SearchWord(word=word) for word in sorted(fresh)], ignore_conflicts=True)


def forget_case(case: Case) -> None:
    engine().remove(case.pk)
    forget_words()


def forget_words() -> None:
    """Drop the words that are in no case any more: the name of somebody in a story that was taken down, for one."""
    engine().forget_words()


def searchable(case: Case) -> dict[str, str]:
    """The text of a case by place. Each part on its own line, so that no phrase runs over the seam."""
    labels = [word for keyword in case.keywords.all() for word in (keyword.name, *keyword.synonyms)]
    labels += [name for line in case.case_actors.select_related("actor") for name in (line.actor.name, line.person)]
    asked = [case.summary, *(plain_text(question.text) for question in case.questions.in_library())]
    story = [plain_text(text) for text in (case.introduction, case.body, case.closing)]
    return {"title": case.title, "labels": "\n".join(labels), "asked": "\n".join(asked), "story": "\n".join(story)}
