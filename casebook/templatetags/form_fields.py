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
def label_of(field: BoundField) -> SafeString:
    """Return the label, with a word after it if the field is required. Radio buttons have a legend in a fieldset."""
    if not field.use_fieldset:
        return format_html("{}{}", field.label_tag() if field.label else "", _need(field))
    described = {"aria-describedby": field.aria_describedby} if field.aria_describedby else {}
    return format_html("<fieldset{}>{}{}", flatatt(described), field.legend_tag() if field.label else "", _need(field))


def _need(field: BoundField) -> SafeString:
    """Return the word for required. Screen readers know it from the attribute of the field."""
    if not field.field.required or not field.label:
        return SafeString()
    return format_html(' <span class="need" aria-hidden="true">{}</span>', _("verplicht"))


@register.simple_tag
def help_of(field: BoundField) -> SafeString:
    """Return the help text; nothing where there is none."""
    if not field.help_text:
        return SafeString()
    identity = {"id": f"{field.auto_id}_helptext"} if field.auto_id else {}
    return format_html('<div class="helptext"{}>{}</div>', flatatt(identity), field.help_text)


@register.simple_tag
def end_of(field: BoundField) -> SafeString:
    """Return the end of the fieldset of radio buttons."""
    return SafeString("</fieldset>" if field.use_fieldset else "")


@register.simple_tag
def digits_field(widget: dict) -> SafeString:
    """Return the input of a number: a text field, since the mouse wheel changes a number field that has focus."""
    attributes = {name: value for name, value in widget["attrs"].items() if name not in OF_A_NUMBER_FIELD}
    value = {} if widget["value"] is None else {"value": widget["value"]}
    first = {"type": "text", "inputmode": "numeric", "name": widget["name"], **value}
    return format_html("<input{}{}>", flatatt(first), flatatt(attributes))
