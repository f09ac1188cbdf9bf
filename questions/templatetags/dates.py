"""Filters and tags for dates and times in Dutch, in the time zone of the site. None becomes an empty text.

{{ assignment.due_at|due_in_words }}   vandaag om 17:00 · morgen om 9:00 · vrijdag 27 november om 17:00
{{ assignment.due_at|from_now }}       vandaag · morgen · over 3 dagen · 2 dagen geleden
{{ answer.updated_at|moment }}         14:03 · gisteren 14:03 · 3 november 14:03 · 3 november 2024
{{ feedback.released_at|in_full }}     dinsdag 3 november 2026 om 14:03
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from questions.models import Assignment

register = template.Library()

TIME = "G:i"


@register.filter
def due_in_words(when: datetime | None) -> str:
    """Return a due date or another date for use in a sentence. It has a year only if that is not this year."""
    if not when:
        return ""
    local, days = _local(when)
    at = {"time": date_format(local, TIME)}
    if days == 0:
        return _("vandaag om %(time)s") % at
    if days == 1:
        return _("morgen om %(time)s") % at
    if days == -1:
        return _("gisteren om %(time)s") % at
    return _("%(day)s om %(time)s") % {"day": date_format(local, f"l {_day(local)}"), **at}


@register.filter
def from_now(when: datetime | None) -> str:
    """Return how many days are left, or have passed, counted by midnights."""
    if not when:
        return ""
    _when, days = _local(when)
    if days == 0:
        return _("vandaag")
    if abs(days) == 1:
        return _("morgen") if days > 0 else _("gisteren")
    if days > 0:
        return ngettext("over %(n)s dag", "over %(n)s dagen", days) % {"n": days}
    return ngettext("%(n)s dag geleden", "%(n)s dagen geleden", -days) % {"n": -days}


@register.filter
def moment(when: datetime | None) -> str:
    """Return when something happened in short form: with the time for this year, and the date before that."""
    if not when:
        return ""
    local, days = _local(when)
    time = date_format(local, TIME)
    if days == 0:
        return time
    if days == -1:
        return _("gisteren %(time)s") % {"time": time}
    if days == 1:
        return _("morgen %(time)s") % {"time": time}
    day = date_format(local, _day(local))
    return f"{day} {time}" if _is_this_year(local) else day


@register.filter
def in_full(when: datetime | None) -> str:
    """Return the full date and time, for documents in which «vandaag» would soon be wrong."""
    if not when:
        return ""
    local, _days = _local(when)
    return _("%(day)s om %(time)s") % {"day": date_format(local, "l j F Y"), "time": date_format(local, TIME)}


@register.filter
def in_a_row(things: list) -> str:
    """Return the items as one text, such as «2, 3 en 5»."""
    *first, last = [str(thing) for thing in things] or [""]
    return _("%(first)s en %(last)s") % {"first": ", ".join(first), "last": last} if first else last


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


def _local(when: datetime) -> tuple[datetime, int]:
    """Return the time in the time zone of the site, and how many midnights it is away."""
    local = timezone.localtime(when)
    return local, (local.date() - timezone.localdate()).days


def _day(local: datetime) -> str:
    return "j F" if _is_this_year(local) else "j F Y"


def _is_this_year(local: datetime) -> bool:
    return local.year == timezone.localdate().year
