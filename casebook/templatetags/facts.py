"""Tags that put a text into an element, and give nothing where there is no text.

{% fact module.period %}                              something that a line of facts says
{% paragraphs module.description "opening__lead" %}   what somebody wrote, with its paragraphs
"""

from django import template
from django.template.defaultfilters import linebreaks_filter
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


@register.simple_tag
def paragraphs(text: str, css_class: str) -> SafeString:
    """Return the paragraphs of the text in an element with this class; nothing where there is no text."""
    return format_html('<div class="{}">{}</div>', css_class, linebreaks_filter(text)) if text else SafeString()
