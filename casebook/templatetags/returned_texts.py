"""Tags for the pages that return to users what they typed."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def which_of_several(number: int, total: int) -> str:
    """Return which of several texts this is, to add to its label; nothing where there is one."""
    return _(", tekst %(number)s van %(total)s") % {"number": number, "total": total} if total > 1 else ""
