"""Dates and times as Dutch text, in the time zone of the site. None becomes an empty text."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

TIME = "G:i"


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


def in_full(when: datetime | None) -> str:
    """Return the full date and time, for documents in which «vandaag» would soon be wrong."""
    if not when:
        return ""
    local, _days = _local(when)
    return _("%(day)s om %(time)s") % {"day": date_format(local, "l j F Y"), "time": date_format(local, TIME)}


def in_a_row(things: Iterable[object]) -> str:
    """Return the items as one text, such as «2, 3 en 5»."""
    *first, last = [str(thing) for thing in things] or [""]
    return _("%(first)s en %(last)s") % {"first": ", ".join(first), "last": last} if first else last


def _local(when: datetime) -> tuple[datetime, int]:
    """Return the time in the time zone of the site, and how many midnights it is away."""
    local = timezone.localtime(when)
    return local, (local.date() - timezone.localdate()).days


def _day(local: datetime) -> str:
    return "j F" if _is_this_year(local) else "j F Y"


def _is_this_year(local: datetime) -> bool:
    return local.year == timezone.localdate().year
