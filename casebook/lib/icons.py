"""The icons and lenses of the site as markup, so that the markup of each is in one place.

The drawings are in two files: img/icons.svg for the whole site, img/desk.svg for what is done with answers.
"""

from functools import lru_cache

from django.db.models import TextChoices
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

SITE, DESK = "img/icons.svg", "img/desk.svg"


def icon(name: str) -> SafeString:
    """Return an icon of the site: icon("klok")."""
    return _drawing("icon", static(SITE), f"i-{name}")


def desk_icon(name: str, css_class: str = "") -> SafeString:
    """Return an icon for what is done with answers, such as the one of a state: desk_icon("ingeleverd")."""
    return _drawing(f"icon {css_class}" if css_class else "icon", static(DESK), name)


def lens_icon(lens: str) -> SafeString:
    """Return the icon of a kind of question in its colour."""
    return format_html('<span class="bril bril--{}">{}</span>', lens, icon(lens))


def lens(lens: TextChoices, label: str = "") -> SafeString:
    """Return the icon and the name of a kind of question; the label is that of the lens where none is given."""
    return format_html('<span class="bril bril--{}">{}{}</span>', lens, icon(lens), label or lens.label)


def badge(lens: str) -> SafeString:
    """Return the large round picture of a kind of question."""
    return _drawing(f"badge bril--{lens}", static(SITE), f"bril-{lens}")


def brand_mark(css_class: str = "mark") -> SafeString:
    """Return the book that is the logo of the site."""
    return _drawing(css_class, static(SITE), "merk")


def state_mark(state: str, label: str) -> SafeString:
    """Return the state of an answer, or the verdict on it: its icon and its name in its colour."""
    return format_html('<span class="state state--{}">{}{}</span>', state, desk_icon(state), label)


@lru_cache
def _drawing(css_class: str, sheet: str, name: str) -> SafeString:
    """Return the markup of a drawing, cached since a desk has the same few icons hundreds of times."""
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css_class, sheet, name)
