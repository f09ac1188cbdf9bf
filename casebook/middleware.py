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


# On every answer, static files too: a page loads nothing from elsewhere and nothing inline, asks for no device, and no
# other site uses what we send.
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
PERSONAL = "private, no-store"


def safe_headers(get_response: Callable[[HttpRequest], HttpResponse]):
    """HEADERS on every answer, and on whatever somebody with a session gets, also an error, that nobody stores it.

    A session is known by its cookie: asking who is signed in would cost a query on pages that do not need to know.
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
    """The same for files that WhiteNoise sends, which come past no middleware below its own."""
    for name, value in HEADERS.items():
        headers[name] = value


LONGEST_REDIRECT = 4_000  # characters; servers and proxies take a request line of 8,190 bytes, some of them less


def short_way_back(get_response: Callable[[HttpRequest], HttpResponse]):
    """A redirect whose address is not too long to be asked for.

    Sign-in takes the address along to which to go on, in which each odd character is written as three. Where that
    becomes too long, sign-in goes on to the page without its query, or home.
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


UNKNOWN_SIGN = "%EF%BF%BD"  # in place of what is taken out, so that what stands around it makes no new one


class WithoutNul:
    """Make «unknown sign» of NUL in the query string, take it out of cookies, and know no address that has it.

    No row can have it, so it finds nothing; but PostgreSQL answers a question with NUL in it with an error. Texts in
    forms have rules of their own (casebook.lib.text.normalise).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for nul in ("%00", "\0"):  # as it is written, and as some servers let it through
            if nul in request.META["QUERY_STRING"]:
                request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace(nul, UNKNOWN_SIGN)
        for name in [name for name, value in request.COOKIES.items() if "\0" in name + value]:
            del request.COOKIES[name]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        if "\0" in request.path_info:
            raise Http404


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
