"""Numbers in addresses, parameters and forms: the only module that turns input of clients into a number.

A column of a row id has 19 digits at most, and not all of those; a database raises an error for a larger number. No row
has an id near 18 digits, so a longer number is no id, nor is one in the digits of another script.
"""

import re
from collections.abc import Iterable

from django.core.exceptions import BadRequest

DIGITS = "[0-9]{1,18}"
LARGEST_INTEGER = 2**31 - 1  # of an IntegerField on PostgreSQL; SQLite has a higher limit


class IdConverter:
    """The converter <id:pk> of routes. Every address with an id has it, since Django's <int:pk> has no limit."""

    regex = DIGITS

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


def read_number(text: object, *, most: int = 10**18 - 1) -> int | None:
    """Return the whole number of a parameter or field, or None where it is none or more than `most`."""
    if not isinstance(text, str) or not re.fullmatch(DIGITS, text) or int(text) > most:
        return None
    return int(text)


def read_id(text: object) -> int | None:
    """Return the id in a parameter or field, or None."""
    return read_number(text)


def read_ids(texts: Iterable[str]) -> list[int]:
    """Return the ids among these texts, without what is no id."""
    return [number for number in map(read_id, texts) if number is not None]


def require_number(text: object, *, most: int = 10**18 - 1) -> int:
    """Return the number that our own page or script sent. Raises BadRequest, which answers 400, for other input."""
    number = read_number(text, most=most)
    if number is None:
        raise BadRequest(f"{str(text)[:20]!r} is no number here")
    return number


def require_ids(texts: Iterable[str]) -> list[int]:
    """Return the ids that our own page or script sent. Raises BadRequest where one is none."""
    return [require_number(text) for text in texts]


def is_whole_number(text: object) -> bool:
    """Return whether a text has digits only, however many: the number can be too large for any column."""
    return isinstance(text, str) and re.fullmatch("[0-9]+", text) is not None
