"""Filters and tags for dates and times in Dutch, in the time zone of the site. None becomes an empty text.

{{ assignment.due_at|due_in_words }}   vandaag om 17:00 · morgen om 9:00 · vrijdag 27 november om 17:00
{{ assignment.due_at|from_now }}       vandaag · morgen · over 3 dagen · 2 dagen geleden
{{ answer.updated_at|moment }}         14:03 · gisteren 14:03 · 3 november 14:03 · 3 november 2024
{{ feedback.released_at|in_full }}     dinsdag 3 november 2026 om 14:03
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from casebook.lib.dates import due_in_words, from_now, in_a_row, in_full, moment

if TYPE_CHECKING:
    from questions.models import Assignment

register = template.Library()

for text_of in (due_in_words, from_now, in_a_row, in_full, moment):
    register.filter(text_of)


@register.simple_tag
def stage_note(assignment: "Assignment") -> SafeString:
    """Return the note on an assignment in the head of a table: that it is closed, or one of its dates."""
    if assignment.closed_at:
        return format_html('<span class="small late">{}</span>', _("gesloten"))
    if not assignment.is_open:
        opens = _("gaat open %(when)s") % {"when": due_in_words(assignment.opens_at)}
        return format_html('<span class="small soft">{}</span>', opens)
    if assignment.is_past_due:
        was_due = _("was voor %(when)s") % {"when": due_in_words(assignment.due_at)}
        return format_html('<span class="small late">{}</span>', was_due)
    if assignment.due_at:
        due = _("voor %(when)s") % {"when": due_in_words(assignment.due_at)}
        return format_html('<span class="small soft">{}</span>', due)
    return SafeString()


@register.simple_tag
def due_note(due_at: datetime | None, is_over: bool = False, remark: str = "") -> SafeString:
    """Return the due date as a sentence, in the past tense if it is over, or an empty text if there is none."""
    if not due_at:
        return SafeString()
    sentence = _("inleveren was voor %(when)s") if is_over else _("inleveren voor %(when)s")
    text = sentence % {"when": due_in_words(due_at)}
    late = format_html(' class="{}"', "late") if is_over else ""
    return format_html("<span{}>{}{}</span>", late, text, remark and f" {remark}")


@register.simple_tag
def due_or_not(assignment: "Assignment") -> SafeString:
    """Return the due date of an assignment in a list, with a note if it is over, or that there is none."""
    if not assignment.due_at:
        return format_html('<span class="soft">{}</span>', _("geen datum"))
    if assignment.is_past_due:
        return format_html('<span class="today__late">{}, {}</span>', due_in_words(assignment.due_at), _("al voorbij"))
    return format_html("<span>{}</span>", due_in_words(assignment.due_at))


@register.simple_tag
def opening_note(assignment: "Assignment") -> SafeString:
    """Return when an assignment opens, or an empty text if it is open."""
    if assignment.is_open:
        return SafeString()
    return format_html("<span>{}</span>", _("gaat open %(when)s") % {"when": due_in_words(assignment.opens_at)})


@register.simple_tag
def closed_note(assignment: "Assignment", text: str = "") -> SafeString:
    """Return that an assignment is closed, in these words or in one; nothing where it takes work."""
    return format_html('<span class="late">{}</span>', text or _("gesloten")) if assignment.closed_at else SafeString()


@register.simple_tag
def sharing_note(assignment: "Assignment") -> SafeString:
    """Return that students can read the answers of others; nothing where they cannot."""
    return format_html("<span>{}</span>", _("antwoorden worden gedeeld")) if assignment.share else SafeString()
