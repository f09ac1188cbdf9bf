"""Join codes: reading what users type, the link and QR code of a module, and limiting guesses."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import groupby
from urllib.parse import unquote, urlsplit

import segno
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from casebook.lib import ratelimit
from casebook.lib.env import is_loopback
from casebook.lib.ratelimit import Count
from questions.models import Module
from questions.models.modules import CODE_LENGTH

MARGIN = 4  # the quiet zone that the QR standard requires, in squares


# The code in a link: after /meedoen/, or in the query of the page for typing a code.
IN_LINK = re.compile(r"meedoen/(?:\?code=)?([^/?#&]+)", re.IGNORECASE)
WORD_BEFORE = re.compile(r"^\s*code\b[\s:]*", re.IGNORECASE)


@dataclass(frozen=True)
class Picture:
    """A QR code as one SVG path."""

    size: int
    path: str


def read_code(typed: str) -> str:
    """Return a typed code as it is stored: in capitals, without spaces and dashes.

    The text may also be the link of a module, as users copy it, or have the word «code» before it.
    """
    typed = unquote(typed)
    if in_link := IN_LINK.search(typed):
        typed = in_link[1]
    typed = WORD_BEFORE.sub("", typed)
    return "".join(letter for letter in typed.upper() if letter.isalnum())[: CODE_LENGTH + 1]


def module_with(code: str) -> Module | None:
    """Return the module with this code, as it was typed, or None."""
    return Module.objects.filter(code=read_code(code)).first()


def link_of(module: Module) -> str:
    """Return the full address for joining this module."""
    return f"{settings.SITE_URL.rstrip('/')}{reverse('questions:join', args=[module.code])}"


def place_to_type_codes() -> str:
    """Return the short address for typing a code, as users type it."""
    return read_aloud(f"{settings.SITE_URL.rstrip('/')}{reverse('questions:join_by_code')}")


def read_aloud(link: str) -> str:
    """Return the link as users type it: without the scheme, which browsers add."""
    return link.split("://", 1)[1].rstrip("/")


@lru_cache(maxsize=256)
def picture_of(link: str) -> Picture:
    """Return the QR code of a link. Each run of dark squares is one stroke, which takes a third of the path.

    It is cached, since making it takes a sixth of the time of the page of a module.
    """
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
    """Return whether the address of the site works on this computer only, so that a phone cannot open the link."""
    return is_loopback(urlsplit(settings.SITE_URL).hostname or "")


class Gate(Enum):
    """The answer to whether a visitor may try a code now."""

    OPEN = "open"
    SIGN_IN = "sign in"
    SLOW = "slow"


def gate(request: HttpRequest) -> Gate:
    """Return whether this visitor may try a code now.

    At a network address with too many wrong codes, visitors must sign in first, since each account has its own limit.
    """
    own, of_address = _counts(request)
    own_tries, address_tries = ratelimit.so_far(own, of_address)
    is_busy = address_tries >= of_address.limit.most
    if is_busy and not request.user.is_authenticated:
        return Gate.SIGN_IN
    most = ratelimit.CODES_AT_A_BUSY_ADDRESS if is_busy else own.limit.most
    return Gate.SLOW if own_tries >= most else Gate.OPEN


def try_code(request: HttpRequest, code: str) -> Module | None:
    """Return the module with this code, or None. Raises LimitReachedError.

    The attempt is counted before the code is looked up and taken back if it is right, so that simultaneous requests
    cannot exceed the limit.
    """
    own, of_address = _counts(request)
    ratelimit.take(own)
    module = module_with(code)
    if module is not None:
        own.take_back()
    elif own != of_address:
        ratelimit.take(of_address)
    return module


def _counts(request: HttpRequest) -> tuple[Count, Count]:
    """Return the counts of the account, or of the browser if signed out, and of the network address.

    The address counts too, since a visitor can get a new session at any time.
    """
    address = ratelimit.network_address(request)
    of_address = Count(ratelimit.CODES_OF_ADDRESS, address)
    if request.user.is_authenticated:
        return Count(ratelimit.CODES, f"user {request.user.pk}"), of_address
    browser = request.session.session_key or request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")[:64]
    return (Count(ratelimit.CODES, f"browser {address} {browser}") if browser else of_address), of_address
