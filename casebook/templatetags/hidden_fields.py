"""Tags for the hidden inputs of a form.

{% hidden_fields user=request.user.pk terug=back %}   a field for each
{% field_if_set "next" sign_out_next %}               nothing where there is no value
{% request_key %}                                     in a form that makes something, see casebook.lib.once
"""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from casebook.lib import once

register = template.Library()


@register.simple_tag
def hidden_fields(**fields: object) -> SafeString:
    """Return a hidden field for each name, with its value."""
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', fields.items())


@register.simple_tag
def field_if_set(name: str, value: object) -> SafeString:
    """Return a hidden field with the value; nothing where there is none."""
    return hidden_fields(**{name: value}) if value else SafeString()


@register.simple_tag
def request_key() -> SafeString:
    """Return a hidden field with a new key. Without autocomplete, since Firefox restores values after a reload."""
    return format_html('<input type="hidden" name="{}" value="{}" autocomplete="off">', once.FIELD, once.new_key())
