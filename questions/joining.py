"""Finding a module by its code: reading it as people type it, the picture of its link, and slowing down guesses."""

import time
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import groupby
from urllib.parse import urlsplit

import segno
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse

from questions.models import Module
from questions.models.teaching import CODE_LENGTH

# Wrong codes within a quarter of an hour. There are 887 million codes: at this rate an account that guesses day and
# night finds one of a thousand open modules in two years and a half, and a class that mistypes never notices. Who is
# signed out is counted by browser; since browsers can be made anew at will, their address has a limit too, of thirty
# people with ten mistakes each. Whoever signs in is counted by account, and so is not held up by neighbours.
WINDOW = 15 * 60
WRONG_BY_PERSON = 10
WRONG_BY_ADDRESS = 300
MARGIN = 4  # the quiet zone that the QR standard asks for, in modules


@dataclass(frozen=True)
class Picture:
    """A QR code as one path, for a template to draw."""

    size: int
    path: str


def read_code(typed: str) -> str:
    """The code as it is stored: capitals, without the spaces and dashes that people put in."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())[: CODE_LENGTH + 1]


def module_with(code: str) -> Module | None:
    return Module.objects.filter(code=read_code(code)).first()


def link_of(module: Module) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{reverse('questions:join', args=[module.code])}"


def read_aloud(link: str) -> str:
    """The link as one types it over: without what every browser puts before it by itself."""
    return link.split("://", 1)[1].rstrip("/")


def picture_of(link: str) -> Picture:
    """The dark squares of each row as strokes one unit high: a third of what a square for each would take."""
    rows = segno.make(link, micro=False, error="m").matrix
    path = []
    for y, row in enumerate(rows):
        x, steps = 0, []
        for is_dark, run in groupby(row):
            length = len(list(run))
            if is_dark:
                steps.append(f"M{x + MARGIN} {y + MARGIN}.5h{length}")
            x += length
        path.extend(steps)
    return Picture(len(rows) + 2 * MARGIN, "".join(path))


def is_only_here() -> bool:
    """Whether the site's address works on this computer alone, so that a phone that scans it finds nothing."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def has_guessed_too_often(request: HttpRequest) -> bool:
    limits = _limits(request)
    counts = cache.get_many(limits)
    return any(counts.get(key, 0) >= most for key, most in limits.items())


def count_wrong_code(request: HttpRequest) -> None:
    """Counts in the cache only; the database stays as it was, also on a GET."""
    for key in _limits(request):
        cache.set(key, cache.get(key, 0) + 1, WINDOW)


def _limits(request: HttpRequest) -> dict[str, int]:
    """What counts for this person, with how many wrong codes each allows."""
    window = int(time.time() // WINDOW)
    if request.user.is_authenticated:
        return {f"wrong-code:{window}:user:{request.user.pk}": WRONG_BY_PERSON}
    address = _address(request)
    limits = {f"wrong-code:{window}:address:{address}": WRONG_BY_ADDRESS}
    browser = request.session.session_key or request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")[:64]
    if browser:
        limits[f"wrong-code:{window}:browser:{address}:{browser}"] = WRONG_BY_PERSON
    return limits


def _address(request: HttpRequest) -> str:
    """Where the request came from, read as signing in reads it (ALLAUTH_TRUSTED_PROXY_COUNT)."""
    try:
        return get_adapter(request).get_client_ip(request)
    except PermissionDenied:  # a server behind a socket is told no address
        return ""
