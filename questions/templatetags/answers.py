"""The data of an answer field."""

from dataclasses import dataclass
from datetime import datetime

from django import template
from django.urls import reverse

from questions.access import OwnStudy
from questions.models import Question

register = template.Library()


@dataclass(frozen=True)
class OwnAnswer:
    """The data of the field for an answer for own study."""

    place: str
    save_url: str
    text: str
    revision: int
    saved_at: datetime | None


@register.simple_tag
def own_answer(own: OwnStudy, question: Question) -> OwnAnswer:
    """Return the data of the field for an answer for own study."""
    answer = own.answers.get(question.pk)
    return OwnAnswer(
        place=f"eigen:{question.pk}",
        save_url=reverse("questions:save_answer", args=[question.pk]),
        text=answer.text if answer else "",
        revision=answer.revision if answer else 0,
        saved_at=answer.updated_at if answer else None,
    )
