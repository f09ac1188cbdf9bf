"""Finding a module by its code: reading it as people type it, the picture of its link, and slowing down guesses."""

from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from casebook.lib import ratelimit
from casebook.lib.env import is_loopback
from casebook.lib.ratelimit import Count
from questions.models import Module
from questions.models.modules import CODE_LENGTH

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
    return is_loopback(urlsplit(settings.SITE_URL).hostname or "")


class Gate(Enum):
    """Whether somebody may try a code now."""

    OPEN = "open"
    SIGN_IN = "sign in"
    SLOW = "slow"


def gate(request: HttpRequest) -> Gate:
    """Whether to look at a code at all.

    At an address where people guess codes, visitors have to sign in first: each account has its own limit.
    """
    own, of_address = _counts(request)
    tried, tried_there = ratelimit.so_far(own, of_address)
    is_busy = tried_there >= of_address.limit.most
    if is_busy and not request.user.is_authenticated:
        return Gate.SIGN_IN
    most = ratelimit.CODES_AT_A_BUSY_ADDRESS if is_busy else own.limit.most
    return Gate.SLOW if tried >= most else Gate.OPEN


def try_code(request: HttpRequest, code: str) -> Module | None:
    """The module with this code. Counted before it is looked at, and taken back where it is right, so that of many at
    once no more are tried than the limit says. Raises LimitReachedError for whoever comes too late."""
    own, of_address = _counts(request)
    ratelimit.take(own)
    module = module_with(code)
    if module is not None:
        own.take_back()
    elif own != of_address:
        ratelimit.take(of_address)
    return module


def _counts(request: HttpRequest) -> tuple[Count, Count]:
    """Of an account, or signed out of a browser; and of the address, since browsers can be made anew at will."""
    address = ratelimit.network_address(request)
    of_address = Count(ratelimit.CODES_OF_ADDRESS, address)
    if request.user.is_authenticated:
        return Count(ratelimit.CODES, f"user {request.user.pk}"), of_address
    browser = request.session.session_key or request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")[:64]
    return (Count(ratelimit.CODES, f"browser {address} {browser}") if browser else of_address), of_address
