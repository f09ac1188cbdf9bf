"""Middleware of the whole site."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)


def content_security_policy(get_response: Callable[[HttpRequest], HttpResponse]):
    """Nothing from elsewhere, nothing inline: what a page may load stands in one line (design, section 8)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware


USER_COOKIE = "gebruiker"


def whose_device(get_response: Callable[[HttpRequest], HttpResponse]):
    """A cookie with the id of the user of the session, for as long as the session lasts.

    The offline page reads it in the browser, where the session cannot be asked: it shows the unsent texts of this user
    and of nobody else. The server never believes it. Pages set it, and whatever changes the session: a script signs in
    and out without a page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if not (is_page or request.session.modified):
            return response
        known = request.COOKIES.get(USER_COOKIE)
        has_session = (
            settings.SESSION_COOKIE_NAME in request.COOKIES or settings.SESSION_COOKIE_NAME in response.cookies
        )
        if not (known or has_session):
            return response
        user = str(request.user.pk) if request.user.is_authenticated else None
        if user is None and known:
            response.delete_cookie(USER_COOKIE, samesite="Lax")
        elif user != known:
            ends_with_browser = request.session.get_expire_at_browser_close()
            age = None if ends_with_browser else request.session.get_expiry_age()
            response.set_cookie(USER_COOKIE, user, age, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
        return response

    return middleware
