"""What the feedback desk sends, read strictly: people cannot get these wrong, so nonsense is tampering and gets 400."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from questions.forms.answering import read_number, read_save
from questions.models import Verdict
from questions.reading import Wanted
from questions.saving import Draft

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class FeedbackSave:
    draft: Draft
    verdict: Verdict | None
    is_released: bool


def read_feedback(data: QueryDict) -> FeedbackSave:
    """Text and verdict of one feedback; without a verdict the stored one stays."""
    verdict = data.get("verdict", "")
    if verdict not in {"", *Verdict.values}:
        raise BadRequest("unknown verdict")
    return FeedbackSave(read_save(data), Verdict(verdict) if verdict else None, bool(data.get("vrij")))


def read_wanted(request: HttpRequest) -> Wanted:
    """The address of a page to read. What makes no sense there is passed over: links get mangled in mail."""
    query = request.GET
    return Wanted(
        key=query.get("vraag", ""),
        tag=query.get("student", ""),
        submission=_number_or_none(query.get("antwoord", "")),
        page=_number_or_none(query.get("pagina", "")) or 1,
        since=_moment(query.get("sinds", "")) or timezone.now(),
        group=query.get("klas"),
    )


def read_selection(data: QueryDict) -> list[int]:
    chosen = data.getlist("antwoord")
    if len(chosen) > MOST_AT_ONCE:
        raise BadRequest("too many at once")
    return [read_number(pk) for pk in chosen]


def _number_or_none(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
