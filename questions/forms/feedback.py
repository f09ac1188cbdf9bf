"""Reading the data of the feedback desk. Our pages send no wrong values, so a wrong value raises BadRequest."""

from dataclasses import dataclass, field

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from casebook.lib.datetimes import read_moment
from casebook.lib.ids import LARGEST_INTEGER, read_id, read_number, require_ids, require_number
from casebook.lib.text import read_line
from questions.actions.saving import Draft
from questions.forms.answers import read_save
from questions.models import Verdict
from questions.pages.feedback_desk import PageRequest

MOST_AT_ONCE = 500
MOST_SHOWN = 10_000  # more than a class of 300 students has for 30 questions
LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class FeedbackSave:
    """A text and verdict to save, and whether to release them."""

    draft: Draft
    verdict: Verdict | None
    is_released: bool


def read_feedback(data: QueryDict) -> FeedbackSave:
    """Return the text and verdict of one feedback; without a verdict the stored one stays."""
    verdict = data.get("verdict", "")
    if verdict not in {"", *Verdict.values}:
        raise BadRequest("unknown verdict")
    return FeedbackSave(read_save(data), Verdict(verdict) if verdict else None, bool(data.get("vrij")))


def read_page_request(request: HttpRequest) -> PageRequest:
    """Return what the query string asks for. Wrong values are ignored, since mail programs can damage links."""
    query = request.GET
    return PageRequest(
        key=query.get("vraag", ""),
        tag=query.get("student", ""),
        submission=read_id(query.get("antwoord")),
        page=read_number(query.get("pagina"), most=LAST_PAGE) or 1,
        since=read_moment(query.get("sinds", "")) or timezone.now(),
        group=query.get("klas"),
    )


@dataclass(frozen=True)
class ReleaseScope:
    """The feedback to release: each field that is set narrows it down, and without any it is all feedback.

    `shown` has the revision of all feedback that the button was about when it was pressed, by the id of the feedback.
    """

    shown: dict[int, int] = field(default_factory=dict)
    submissions: list[int] | None = None
    group: str = ""
    key: str = ""
    tag: str = ""


def read_release(data: QueryDict) -> ReleaseScope:
    """Return which feedback the button is for. Raises BadRequest if the button is unknown."""
    what = data.get("wat", "")
    shown = read_shown(data.get(f"klaar-{what}", ""))
    group, key, tag = (read_line(data.get(name, "")) for name in ("klas", "vraag", "student"))
    if what == "alles":
        return ReleaseScope(shown)
    if what == "keuze":
        return ReleaseScope(shown, submissions=read_selection(data))
    if what == "klas" and group:
        return ReleaseScope(shown, group=group)
    if what == "hier" and (key or tag):
        return ReleaseScope(shown, group=group, key=key, tag=tag)
    raise BadRequest("what to release?")


def read_shown(text: str) -> dict[int, int]:
    """Return the revisions by id of the feedback that a page showed, from "<id>.<revision> <id>.<revision>"."""
    pairs = [pair.partition(".") for pair in text.split()]
    if len(pairs) > MOST_SHOWN:
        raise BadRequest("too many at once")
    return {require_number(pk): require_number(revision, most=LARGEST_INTEGER) for pk, _dot, revision in pairs}


def read_selection(data: QueryDict) -> list[int]:
    """Return the ids of the selected submissions."""
    chosen = data.getlist("antwoord")
    if len(chosen) > MOST_AT_ONCE:
        raise BadRequest("too many at once")
    return require_ids(chosen)
