"""What `manage.py check --deploy` looks at beside Django's own list."""

from django.core.checks import Error, Tags, register

from casebook.demo import guard


@register(Tags.security, deploy=True)
def no_demonstration_in_public(**kwargs) -> list[Error]:
    reason = guard.why_not_in_public()
    return [Error(reason, id="casebook.E001")] if reason else []
