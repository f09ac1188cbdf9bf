"""The admin of the library, one module for each kind of row or page."""

from cases.admin import case, edition, vocabulary

__all__ = ["case", "edition", "vocabulary"]
