"""Reading the data of the feedback desk. Our pages send no wrong values, so a wrong value raises BadRequest."""

from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from casebook.lib.datetimes import read_moment
from casebook.lib.ids import read_id, read_number, require_ids
from casebook.lib.text import read_line
from questions.actions.saving import Draft
from questions.forms.answers import read_save
from questions.models import Verdict
from questions.pages.feedback_desk import PageRequest

MOST_AT_ONCE = 500
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
    """The feedback to release: each field that is set narrows it down, and without any it is all feedback."""

    submissions: list[int] | None = None
    group: str = ""
    key: str = ""
    tag: str = ""


def read_release(data: QueryDict) -> ReleaseScope:
    """Return which feedback the button is for. Raises BadRequest if the button is unknown."""
    what = data.get("wat")
    group, key, tag = (read_line(data.get(name, "")) for name in ("klas", "vraag", "student"))
    if what == "alles":
        return ReleaseScope()
    if what == "keuze":
        return ReleaseScope(submissions=read_selection(data))
    if what == "klas" and group:
        return ReleaseScope(group=group)
    if what == "hier" and (key or tag):
        return ReleaseScope(group=group, key=key, tag=tag)
    raise BadRequest("what to release?")


def read_selection(data: QueryDict) -> list[int]:
    """Return the ids of the selected submissions."""
    chosen = data.getlist("antwoord")
    if len(chosen) > MOST_AT_ONCE:
        raise BadRequest("too many at once")
    return require_ids(chosen)
