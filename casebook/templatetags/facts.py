"""{% fact module.period %}: an item of a line of facts, or nothing where the text is empty."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def fact(text: str, css_class: str = "") -> SafeString:
    """Return the text in an element of its own; nothing where there is no text."""
    if not text:
        return SafeString()
    if css_class:
        return format_html('<span class="{}">{}</span>', css_class, text)
    return format_html("<span>{}</span>", text)
