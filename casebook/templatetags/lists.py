"""{% separator forloop.revcounter _(" en ") %}: what comes behind each of the items of a list in a sentence."""

from django import template

register = template.Library()


@register.simple_tag
def separator(items_left: int, before_last: str) -> str:
    """Return what comes behind this item, where `items_left` counts the item itself: a comma, or the last separator."""
    if items_left > 2:
        return ", "
    return before_last if items_left == 2 else ""
