"""{% demonstration %}: the buttons to sign in as an invented user, on the computer that runs the site only."""

from typing import Any

from allauth.account.utils import get_next_redirect_url
from django import template
from django.template import Context

from casebook.demo import guard

register = template.Library()


@register.inclusion_tag("account/_demonstration.html", takes_context=True)
def demonstration(context: Context) -> dict[str, Any]:
    """Return the context of these buttons; without roles where the demonstration is not offered."""
    request = context["request"]
    if not guard.is_offered(request):
        return {"is_offered": False}
    people = {role: guard.find(role) for role in guard.ROLES}
    return {
        "is_offered": True,
        "people": {role: person for role, person in people.items() if person},
        "is_whole": all(people.values()),
        "next": get_next_redirect_url(request),
        "remove": guard.REMOVING,
    }
