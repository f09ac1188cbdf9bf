"""The attribute of the choice that was made, among all choices.

<option{% selected group view.group %}>            ` selected` where both are equal
<input type="radio"{% checked verdict own.verdict %}>
<button{% pressed group view.group %}>             ` aria-pressed="true"`
<a{% current view.only_to_read True %}>            ` aria-current="true"`, or the kind that is named last
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def selected(choice: object, chosen: object) -> str:
    """Return the attribute of the option that is chosen; nothing for the others."""
    return " selected" if choice == chosen else ""


@register.simple_tag
def checked(choice: object, chosen: object) -> str:
    """Return the attribute of the radio button that is chosen; nothing for the others."""
    return " checked" if choice == chosen else ""


@register.simple_tag
def pressed(choice: object, chosen: object) -> SafeString:
    """Return the attribute of the button for what is shown now; nothing for the others."""
    return format_html(' aria-pressed="{}"', "true") if choice == chosen else SafeString()


@register.simple_tag
def current(choice: object, chosen: object, kind: str = "true") -> SafeString:
    """Return the attribute of the link to what is shown now; nothing for the others."""
    return format_html(' aria-current="{}"', kind) if choice == chosen else SafeString()
