"""{% fixed_part "_signed_in.html" %}: a part that is the same on every page, rendered once by each process.

Unlike {% include %}, it gives the template no context.
"""

from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def fixed_part(name: str) -> SafeString:
    """Return the HTML of the template with this name."""
    return _rendered(name, get_language())


def forget() -> None:
    """Delete the parts of this process. For tests, which change the addresses of static files."""
    _rendered.cache_clear()


@cache
def _rendered(name: str, _language: str) -> SafeString:
    return render_to_string(name)
