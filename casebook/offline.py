"""The page that browsers show when the site cannot be reached, and the service worker that stores it."""

import json
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

FILES = (
    "css/casebook.css",
    "css/offline.css",
    "js/offline.js",
    "js/device.js",
    "fonts/newsreader.woff2",
    "fonts/figtree.woff2",
    "img/icons.svg",
    "img/favicon.svg",
)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Return the offline page, equal for everybody; its script finds the texts on the device."""
    return HttpResponse(render_to_string("casebook/offline.html"))


@require_safe
@never_cache
def worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker, which browsers request again on each visit.

    Where OFFLINE_PAGE is off, it is one that unregisters itself, so that no browser continues with an earlier one.
    """
    if not settings.OFFLINE_PAGE:
        return _script("offline_worker_off.js")
    files = [static(name) for name in FILES]
    shown = render_to_string("casebook/offline.html")
    version = sha256(json.dumps([shown, files]).encode()).hexdigest()[:12]
    return _script("offline_worker.js", version=version, page=reverse("offline"), files=files)


def _script(name: str, **constants: object) -> HttpResponse:
    """Return a script of casebook/workers, after a line with its settings."""
    code = (settings.BASE_DIR / "casebook" / "workers" / name).read_text(encoding="utf-8")
    return HttpResponse(f"const constants = {json.dumps(constants)};\n{code}", content_type="text/javascript")
