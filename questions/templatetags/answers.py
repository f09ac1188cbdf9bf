"""The data of an answer field, and of feedback that the student has not seen."""

from dataclasses import dataclass
from datetime import datetime

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from questions.access import OwnStudy
from questions.models import Feedback, Question

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


@register.simple_tag
def unseen(feedback: Feedback) -> SafeString:
    """Return the attributes with which seen.js marks this feedback as seen; nothing if the student has seen it."""
    if feedback.seen_at:
        return SafeString()
    return format_html('data-new="{}" data-released="{}"', feedback.pk, feedback.released_at.isoformat())
