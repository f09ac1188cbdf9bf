"""The guard of the demonstration: where it is offered, and where a site with its accounts cannot start.

Anybody can sign in as a user of the demonstration. So it is offered only to a browser on the computer that runs the
site (is_offered), and a site that others can reach does not start while the database has such users (refuse_in_public).
The setting DEMO is refused on such a site as well, in casebook.lib.env.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from casebook.lib import env
from casebook.models import CHIEF_EDITORS, TEACHERS, User

REMOVING = "python manage.py demo --remove"
ROLES = {"student": Q(groups=None), "docent": Q(groups__name=TEACHERS), "redacteur": Q(groups__name=CHIEF_EDITORS)}
BY_A_PROXY = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


def is_offered(request: HttpRequest) -> bool:
    """Return whether the browser is on this computer, and the site is for this computer alone."""
    return (
        settings.DEMO
        and env.is_local(settings.SITE_URL)
        and env.is_loopback(request.META.get("REMOTE_ADDR", ""))
        and not any(header in request.META for header in BY_A_PROXY)
    )


def people() -> QuerySet[User]:
    """Return the users of the demonstration."""
    return User.objects.filter(is_demo=True)


def find(role: str) -> User | None:
    """Return the user for this role: the first one who still exists, or None."""
    if role not in ROLES:
        return None
    present = people().filter(is_active=True).exclude(deletion_due_at__lte=timezone.now())
    return present.filter(ROLES[role]).order_by("pk").first()


def why_not_in_public() -> str | None:
    """Return the reason why this site cannot start, or None.

    A database that does not answer, because it does not exist yet or is out of order, is no reason: these accounts have
    no password, and is_offered lets nobody sign in on such a site.
    """
    if env.is_local(settings.SITE_URL):
        return None
    try:
        count = people().count()
    except DatabaseError:
        return None
    if not count:
        return None
    return (
        f"This database holds {count} accounts of the demonstration, and a site at {settings.SITE_URL} is open to"
        f" others. Remove them first: {REMOVING}"
    )


def refuse_in_public() -> None:
    """Raise ImproperlyConfigured where why_not_in_public returns a reason."""
    if reason := why_not_in_public():
        raise ImproperlyConfigured(reason)
