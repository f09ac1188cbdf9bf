"""{% icon "klok" %}, {% desk_icon "vink" %}, {% lens question.lens %} and the like: see casebook/lib/icons.py."""

from django import template

from casebook.lib import icons

register = template.Library()

for function in (
    icons.icon,
    icons.desk_icon,
    icons.lens_icon,
    icons.lens,
    icons.badge,
    icons.brand_mark,
    icons.state_mark,
):
    register.simple_tag(function)
