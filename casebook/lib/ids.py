"""Numbers in addresses, parameters and forms: the one place that turns what a client sent into a number.

A column of a row id holds 19 digits at most, and not all of those; a database raises an error for a larger number. No
row here comes near 18 digits, so a longer number is no id, like one in the digits of another script.
"""

import re
from collections.abc import Iterable

from django.core.exceptions import BadRequest

DIGITS = "[0-9]{1,18}"
LARGEST_INTEGER = 2**31 - 1  # of an IntegerField on PostgreSQL; SQLite holds more


class IdConverter:
    """<id:pk> in a route. Every address with an id has it instead of Django's <int:pk>, which knows no limit."""

    regex = DIGITS

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


def read_number(text: object, *, most: int = 10**18 - 1) -> int | None:
    """The whole number that a parameter or field says, or None where it says none or more than `most`."""
    if not isinstance(text, str) or not re.fullmatch(DIGITS, text) or int(text) > most:
        return None
    return int(text)


def read_id(text: object) -> int | None:
    """The id that a parameter or field names, or None."""
    return read_number(text)


def read_ids(texts: Iterable[str]) -> list[int]:
    """The ids among these; what is none is left out."""
    return [number for number in map(read_id, texts) if number is not None]


def require_number(text: object, *, most: int = 10**18 - 1) -> int:
    """The number that our own page or script sent. Nonsense is tampering: BadRequest, which answers 400."""
    number = read_number(text, most=most)
    if number is None:
        raise BadRequest(f"{str(text)[:20]!r} is no number here")
    return number


def require_ids(texts: Iterable[str]) -> list[int]:
    return [require_number(text) for text in texts]


def is_whole_number(text: object) -> bool:
    """Whether a text has digits only, however many: a number that may be too large for any column."""
    return isinstance(text, str) and re.fullmatch("[0-9]+", text) is not None
