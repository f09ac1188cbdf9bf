"""Slugs and other names that have to be unique."""

from collections.abc import Container
from itertools import count


def first_free(base: str, taken: Container[str]) -> str:
    """Return the name itself where it is free, else the name with the first number from 2 that is free."""
    if base not in taken:
        return base
    return next(name for number in count(2) if (name := f"{base}-{number}") not in taken)
