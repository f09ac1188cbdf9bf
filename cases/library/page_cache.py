"""What everybody sees alike is made once, and kept until the library changes: whole pages for visitors, and for who is
signed in the parts of a page that do not know who looks.
"""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Generic, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from cases.models import Library

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Things made of one version of the library. Those of another version go, and beyond `most` what was made first."""

    def __init__(self, size: Callable[[Thing], int], most: int) -> None:
        self.size, self.most = size, most
        self._things: OrderedDict[tuple[int, str], Thing] = OrderedDict()
        self._lock = Lock()

    def get(self, version: int, name: str) -> Thing | None:
        return self._things.get((version, name))

    def put(self, version: int, name: str, thing: Thing) -> None:
        with self._lock:
            self._things[version, name] = thing
            for other in [other for other in self._things if other[0] != version]:
                del self._things[other]
            while self.total() > self.most and len(self._things) > 1:
                self._things.popitem(last=False)

    def total(self) -> int:
        return sum(map(self.size, self._things.values()))

    def clear(self) -> None:
        with self._lock:
            self._things.clear()


Page = tuple[bytes, dict[str, str]]  # compressed, and its headers
_pages: Kept[Page] = Kept(lambda page: len(page[0]), 4 * 1024 * 1024)
_parts: Kept[SafeString] = Kept(len, 4 * 1024 * 1024)


def for_visitors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view; its pages are kept for whoever has no session and so is nobody in particular.

    A page holds no secret of a visitor (no token, no name), so compressing it gives nothing away.
    """

    @wraps(view)
    def shown(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not _is_nobody(request):
            return view(request, *args, **kwargs)
        version = Library.objects.values_list("version", flat=True).first() or 0
        kept = _pages.get(version, request.get_full_path())
        if kept is None:
            response = view(request, *args, **kwargs)
            if response.status_code != 200 or response.cookies or "CSRF_COOKIE_NEEDS_UPDATE" in request.META:
                return response
            kept = gzip.compress(response.content, compresslevel=6, mtime=0), dict(response.headers)
            _pages.put(version, request.get_full_path(), kept)
        return _response(request, *kept)

    return shown


def part(version: int, name: str, template: str, context: Callable[[], dict]) -> SafeString:
    """A part of a page that is the same for everybody. What it shows is only asked for where it is not there yet.

    The template gets no request: it can know nothing of who looks. The name says all on which the part depends besides
    the version of the library.
    """
    name = f"{template} {name}"
    kept = _parts.get(version, name)
    if kept is None:
        kept = render_to_string(template, context())
        _parts.put(version, name, kept)
    return kept


def forget() -> None:
    """Drop all that this process keeps. For tests, which roll the library back under it."""
    _pages.clear()
    _parts.clear()


def _is_nobody(request: HttpRequest) -> bool:
    cookies = {settings.SESSION_COOKIE_NAME, "messages"}
    return request.method == "GET" and not request.htmx and cookies.isdisjoint(request.COOKIES)


def _response(request: HttpRequest, body: bytes, headers: dict[str, str]) -> HttpResponse:
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(body, headers={**headers, "Content-Encoding": "gzip"})
    else:
        response = HttpResponse(gzip.decompress(body), headers=headers)
    vary = response.headers.get("Vary", "")
    response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    return response
