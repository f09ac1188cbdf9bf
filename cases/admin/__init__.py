"""The editors' side of the library, one module for each kind of thing that is worked on."""

from cases.admin import case, edition, vocabulary

__all__ = ["case", "edition", "vocabulary"]
