"""{% hidden_fields user=request.user.pk terug=back %}: the hidden inputs of a form."""

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def hidden_fields(**fields: object) -> SafeString:
    """Return a hidden field for each name, with its value."""
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', fields.items())
