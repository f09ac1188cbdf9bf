"""Dates and times in parameters and forms.

The site accepts the years 2000 to 2100. The first and last days of the calendar, which Python and PostgreSQL cannot
convert to every time zone, are far outside those.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

FIRST = datetime(2000, 1, 1, tzinfo=timezone(timedelta(hours=14)))  # where the year 2000 began first
END = datetime(2101, 1, 1, tzinfo=timezone(timedelta(hours=-12)))  # where the year 2100 ends last


def is_usable(moment: datetime) -> bool:
    """Return whether this aware datetime is in the years that the site accepts."""
    return FIRST <= moment < END


def read_moment(text: str) -> datetime | None:
    """Return the datetime of a parameter in ISO 8601 with a time zone, or None where it has none that is usable."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # In UTC, since PostgreSQL does not accept each time zone that Python has.
    return moment.astimezone(UTC) if moment.tzinfo and is_usable(moment) else None


def require_moment(text: str) -> datetime:
    """Return the datetime that our own page sent. Raises BadRequest, which answers 400, for a malformed one."""
    moment = read_moment(text)
    if moment is None:
        raise BadRequest(f"{text[:40]!r} is no moment with a time zone")
    return moment


class MomentField(forms.DateTimeField):
    """The browser's own field for a date and time, in the time zone of the site."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        invalid = gettext_lazy("Vul een dag en een tijd in, bijvoorbeeld 24-11-2026 17:00.")
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d-%m-%Y %H:%M"]
        super().__init__(widget=widget, input_formats=formats, error_messages={"invalid": invalid}, **options)

    def to_python(self, value: object) -> datetime | None:
        try:
            moment = super().to_python(value)
        except forms.ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
            # Django has the same message for a time that exists twice or not at all, and for a year it cannot convert.
            if not FIRST.year <= error.params["datetime"].year < END.year:
                raise _out_of_range() from error
            sentence = _("In dit uur wordt de klok verzet. Kies een tijd vóór 2:00 of vanaf 3:00.")
            raise forms.ValidationError(sentence, code=error.code) from error
        if moment is not None and not is_usable(moment):
            raise _out_of_range()
        return moment


def _out_of_range() -> forms.ValidationError:
    sentence = _("Dit jaartal kan niet kloppen. Kies een dag in de jaren 2000 tot en met 2100.")
    return forms.ValidationError(sentence, code="out_of_range")
