"""What an answer field needs to know."""

from dataclasses import dataclass
from datetime import datetime

from django import template
from django.urls import reverse

from questions.access import OwnStudy
from questions.models import Question

register = template.Library()


@dataclass(frozen=True)
class OwnAnswer:
    place: str
    save_url: str
    text: str
    revision: int
    saved_at: datetime | None


@register.simple_tag
def own_answer(own: OwnStudy, question: Question) -> OwnAnswer:
    """The field for a question that somebody answers for themselves alone."""
    answer = own.answers.get(question.pk)
    return OwnAnswer(
        place=f"eigen:{question.pk}",
        save_url=reverse("questions:save_answer", args=[question.pk]),
        text=answer.text if answer else "",
        revision=answer.revision if answer else 0,
        saved_at=answer.updated_at if answer else None,
    )
