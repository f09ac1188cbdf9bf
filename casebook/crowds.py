"""What one network address may ask of us. A school is one address, so it is much: hundreds come when lessons start.

allauth can limit addresses too, but it takes a lock in the cache for it, and when a class signs up at once some wait
for that lock so long that they are refused. Here a race counts one too few; nobody within the limit is ever refused.
"""

from collections.abc import Callable
from functools import wraps
from time import time

from allauth.core.internal.ratelimit import get_ip
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from casebook import failures

PER_ADDRESS = 300
WINDOW = 300  # seconds


def _key(request: HttpRequest, what: str) -> str:
    return f"crowd:{what}:{get_ip(request)}:{int(time()) // WINDOW}"


def is_full(request: HttpRequest, what: str) -> bool:
    return cache.get(_key(request, what), 0) >= PER_ADDRESS


def note(request: HttpRequest, what: str) -> None:
    key = _key(request, what)
    cache.set(key, cache.get(key, 0) + 1, WINDOW)


def limited(view: Callable[..., HttpResponse], what: str) -> Callable[..., HttpResponse]:
    """The view, with its POSTs counted."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.method == "POST":
            if is_full(request, what):
                return failures.too_many(request)
            note(request, what)
        return view(request, *args, **kwargs)

    return guarded
