"""What everybody sees alike is made once: whole pages for visitors, kept until the library changes."""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from cases.models import Library

MOST_BYTES = 4 * 1024 * 1024  # a process, compressed; the pages that were longest not asked for go first

_pages: OrderedDict[tuple[int, str], tuple[bytes, dict[str, str]]] = OrderedDict()
_lock = Lock()


def for_visitors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view; its pages are kept for whoever has no session and so is nobody in particular.

    A page holds no secret of a visitor (no token, no name), so compressing it gives nothing away.
    """

    @wraps(view)
    def shown(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not _is_nobody(request):
            return view(request, *args, **kwargs)
        version = Library.objects.values_list("version", flat=True).first() or 0
        key = (version, request.get_full_path())
        kept = _pages.get(key)
        if kept is None:
            response = view(request, *args, **kwargs)
            if response.status_code != 200 or response.cookies or "CSRF_COOKIE_NEEDS_UPDATE" in request.META:
                return response
            kept = gzip.compress(response.content, compresslevel=6, mtime=0), dict(response.headers)
            _keep(key, kept)
        return _response(request, *kept)

    return shown


def forget() -> None:
    """Drop the pages that this process keeps. For tests, which roll the library back under them."""
    with _lock:
        _pages.clear()


def _is_nobody(request: HttpRequest) -> bool:
    cookies = {settings.SESSION_COOKIE_NAME, "messages"}
    return request.method == "GET" and not request.htmx and cookies.isdisjoint(request.COOKIES)


def _keep(key: tuple[int, str], kept: tuple[bytes, dict[str, str]]) -> None:
    with _lock:
        _pages[key] = kept
        for other in [other for other in _pages if other[0] != key[0]]:
            del _pages[other]
        while sum(len(body) for body, _ in _pages.values()) > MOST_BYTES and len(_pages) > 1:
            _pages.popitem(last=False)


def _response(request: HttpRequest, body: bytes, headers: dict[str, str]) -> HttpResponse:
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(body, headers={**headers, "Content-Encoding": "gzip"})
    else:
        response = HttpResponse(gzip.decompress(body), headers=headers)
    vary = response.headers.get("Vary", "")
    response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    return response
