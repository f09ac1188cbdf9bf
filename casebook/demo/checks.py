"""The check that `manage.py check --deploy` runs besides Django's own list."""

from typing import Any

from django.core.checks import Error, Tags, register

from casebook.demo import guard


@register(Tags.security, deploy=True)
def no_demonstration_in_public(**kwargs: Any) -> list[Error]:
    """Return an error where the database of a public site has demonstration accounts."""
    reason = guard.why_not_in_public()
    return [Error(reason, id="casebook.E001")] if reason else []
