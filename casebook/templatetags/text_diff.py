"""{% marked run %}: a piece of a text that was compared with another one."""

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from casebook.lib.text_diff import Run

register = template.Library()


@register.simple_tag
def marked(run: Run) -> SafeString:
    """Return the piece as gone or new, as a place where something unchanged is left out, or as it is."""
    if run.kind == "gone":
        return format_html("<del>{}</del>", run.text)
    if run.kind == "new":
        return format_html("<ins>{}</ins>", run.text)
    if run.kind == "cut":
        hint = format_html('<span class="sr visually-hidden"> {} </span>', _("hier is niets veranderd"))
        return format_html('<span class="difference__cut">{}{}</span>', run.text, hint)
    return conditional_escape(run.text)
