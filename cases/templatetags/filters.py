"""{% option_label "bril" option %}: the label of an option in a filter of the catalogue."""

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from casebook.lib import icons
from cases.library.facets import Option

register = template.Library()


@register.simple_tag
def option_label(facet: str, option: Option) -> SafeString:
    """Return the name of the option, with an icon if it is a kind of question and with a mark if it is a sphere."""
    if facet == "bril":
        return icons.lens(option.slug, option.label)
    if facet == "sfeer":
        return format_html('<span class="dot--{}">{}</span>', option.slug, option.label)
    return conditional_escape(option.label)
