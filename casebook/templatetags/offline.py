"""{% offline_worker %}: the address of the worker for the offline page."""

from django import template
from django.conf import settings
from django.urls import reverse

register = template.Library()


@register.simple_tag
def offline_worker() -> str:
    """Return the address of the service worker; "" where OFFLINE_PAGE is off."""
    return reverse("offline_worker") if settings.OFFLINE_PAGE else ""
