"""Middleware of the whole site."""

from collections.abc import Callable
from urllib.parse import urlsplit
from wsgiref.headers import Headers

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)


# On every response, also static files: a page loads nothing from other sites and nothing inline, asks for no device,
# and no other site uses what we send.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "browsing-topics",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "magnetometer",
            "microphone",
            "midi",
            "payment",
            "usb",
        )
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
}
Handler = Callable[[HttpRequest], HttpResponse]
PERSONAL = "private, no-store"


def safe_headers(get_response: Handler) -> Handler:
    """Set HEADERS on every response, and prevent storing of every response to a client with a session, also an error.

    The cookie shows that there is a session: reading the user would cost a query on pages that do not need it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        session = settings.SESSION_COOKIE_NAME
        if session in request.COOKIES or session in response.cookies:
            response.headers["Cache-Control"] = PERSONAL
        return response

    return middleware


def add_to_static_files(headers: Headers, path: str, url: str) -> None:
    """Set HEADERS on files that WhiteNoise sends, which pass no middleware after its own."""
    for name, value in HEADERS.items():
        headers[name] = value


LONGEST_REDIRECT = 4_000  # characters; servers and proxies accept a request line of 8,190 bytes, some of them less


def shorten_redirects(get_response: Handler) -> Handler:
    """Shorten redirects to sign-in that are too long for a request line.

    The address to return to is part of the query string, in which each special character takes three. Where that
    becomes too long, sign-in continues to the page without its query, or to home.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        location = response.headers.get("Location", "")
        if len(location) > LONGEST_REDIRECT:
            address = urlsplit(location)
            query = QueryDict(address.query, mutable=True)
            if "next" in query:
                query["next"] = urlsplit(query["next"]).path
                if len(query.urlencode(safe="/")) > LONGEST_REDIRECT:
                    del query["next"]
                response.headers["Location"] = address._replace(query=query.urlencode(safe="/")).geturl()
        return response

    return middleware


UNKNOWN_SIGN = "%EF%BF%BD"  # in place of what is removed, so that the text around it does not form a new one


class RemoveNul:
    """Replace NUL by «unknown sign» in the query string, remove it from cookies, and answer 404 where a path has it.

    No row can contain NUL, so it finds nothing; but PostgreSQL raises an error for a query with it. Texts in forms are
    normalised elsewhere (casebook.lib.text.normalise).
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for nul in ("%00", "\0"):  # percent-encoded, and in the form in which some servers pass it
            if nul in request.META["QUERY_STRING"]:
                request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace(nul, UNKNOWN_SIGN)
        for name in [name for name, value in request.COOKIES.items() if "\0" in name + value]:
            del request.COOKIES[name]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        if "\0" in request.path_info:
            raise Http404


USER_COOKIE = "gebruiker"


def user_cookie(get_response: Handler) -> Handler:
    """Set a cookie with the id of the user of the session, for as long as the session lasts.

    The offline page reads it in the browser, where the session is not available: it shows the unsent texts of this user
    only. The server never uses it. Pages set it, and so does any response that changes the session: a script signs in
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
