"""The context of the page of a case: the same for readers and for an editor who sees a preview."""

from collections import Counter
from collections.abc import Iterable

from cases.library import actor_map, search
from cases.models import Case, Keyword
from questions.models import ring


def page_of(case: Case) -> dict:
    """Return the texts and figures of a case for its template. Expects a case that was fetched `for_reading`."""
    questions = [question for question in case.questions.all() if not question.retired and question.module_id is None]
    lines = case.case_actors.all()
    return {
        "case": case,
        "keywords": by_name(case.keywords.all()),
        "questions": questions,
        "ring": ring(Counter(question.kolb for question in questions)),
        "map": actor_map.actor_map(lines),
        "spheres": actor_map.spheres(lines),
    }


def by_name(keywords: Iterable[Keyword]) -> list[Keyword]:
    """Return these in the order of a dictionary, unlike that of a database: Wmo comes after wijkteam."""
    return sorted(keywords, key=lambda keyword: search.fold(keyword.name))
