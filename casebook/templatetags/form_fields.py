"""Parts of the fields of forms, for the templates in templates/django/forms/ that replace those of Django."""

from django import template
from django.forms import BoundField
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()
OF_A_NUMBER_FIELD = {"min", "max", "step", "inputmode"}


@register.simple_tag
def need(field: BoundField) -> SafeString:
    """Return the word in the label of a required field. Screen readers know it from the attribute of the field."""
    if not field.field.required:
        return SafeString()
    return format_html(' <span class="need" aria-hidden="true">{}</span>', _("verplicht"))


@register.simple_tag
def digits_field(widget: dict) -> SafeString:
    """Return the input of a number: a text field, since the mouse wheel changes a number field that has focus."""
    attributes = {name: value for name, value in widget["attrs"].items() if name not in OF_A_NUMBER_FIELD}
    value = {} if widget["value"] is None else {"value": widget["value"]}
    first = {"type": "text", "inputmode": "numeric", "name": widget["name"], **value}
    return format_html("<input{}{}>", flatatt(first), flatatt(attributes))
