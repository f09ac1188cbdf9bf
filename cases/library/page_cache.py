"""The page cache: whole pages for visitors, and for signed-in users the parts that are the same for everybody.

Each process has its own, and its content is used until the version of the library changes.
"""

import gzip
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from cases.models import Library

PAGES, PARTS = "pages", "page_parts"  # in settings.CACHES
VERSION = "library-version"  # the key of the version to which the values in a cache belong
Page = tuple[bytes, dict[str, str]]  # compressed, and its headers


def for_visitors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Cache the pages of this view for visitors, who have no session.

    A page has no secret of a visitor (no token, no name), so compressing it reveals nothing.
    """

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _is_nobody(request):
            return view(request, *args, **kwargs)
        version = Library.objects.values_list("version", flat=True).first() or 0
        page: Page | None = _get(PAGES, version, request.get_full_path())
        if page is None:
            response = view(request, *args, **kwargs)
            if response.status_code != 200 or response.cookies or "CSRF_COOKIE_NEEDS_UPDATE" in request.META:
                return response
            page = gzip.compress(response.content, compresslevel=6, mtime=0), dict(response.headers)
            _store(PAGES, version, request.get_full_path(), page)
        return _response(request, *page)

    return shown


def part(version: int, name: str, template: str, context: Callable[[], dict]) -> SafeString:
    """Return a part of a page that is the same for everybody. The context is only computed if it is not cached.

    The template gets no request, so the part cannot depend on the user. The name has all on which the part depends
    besides the version of the library.
    """
    name = f"{template} {name}"
    html: SafeString | None = _get(PARTS, version, name)
    if html is None:
        html = render_to_string(template, context())
        _store(PARTS, version, name, html)
    return html


def forget() -> None:
    """Clear the page cache of this process. For tests, which roll the library back."""
    caches[PAGES].clear()
    caches[PARTS].clear()


def _get(alias: str, version: int, name: str) -> Any:
    return caches[alias].get(_key(name), version=version)


def _store(alias: str, version: int, name: str, value: Any) -> None:
    """Cache this value, and delete values of another version, so that a withdrawn text leaves the memory."""
    cache = caches[alias]
    if cache.get(VERSION) != version:
        cache.clear()
        cache.set(VERSION, version)
    cache.set(_key(name), value, version=version)


def _key(name: str) -> str:
    """Return a short key: an address can be too long for a cache, and Django checks each character of a key."""
    return blake2b(name.encode(), digest_size=16).hexdigest()


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
