"""Browsers that signed in before, recognised by a signed cookie, so that others cannot use up their attempts.

Anybody can type wrong passwords for the address of another user, and so block that account for a while for all unknown
browsers. A browser that signed in to the account before has a count of its own.
"""

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from casebook.lib import ratelimit
from casebook.lib.ratelimit import Count, Limit
from casebook.models import User

Handler = Callable[[HttpRequest], HttpResponse]
COOKIE = "bekend"
SALT = "casebook.known_browsers"
KEPT_FOR = 60 * 60 * 24 * 365  # seconds
STATE_LENGTH = 12
MOST_ACCOUNTS = 10  # enough for a tablet of a class; the account that signed in longest ago is dropped first


class Browser(NamedTuple):
    """The name of a browser, and the state of each account at the time it was signed in to, by user id."""

    name: str
    states: dict[int, str]

    def knows(self, user: User) -> bool:
        return constant_time_compare(self.states.get(user.pk, ""), state_of(user))


def state_of(user: User) -> str:
    """Return a value that differs after each change of the password, so that earlier browsers become unknown."""
    return salted_hmac(SALT, user.password).hexdigest()[:STATE_LENGTH]


def read(request: HttpRequest) -> Browser | None:
    """Return the content of our cookie; None without one, and for a cookie that is forged or too old."""
    try:
        name, states = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return None
    return Browser(name, dict(states))


def counts(request: HttpRequest, email: str, limit: Limit, of_address: Limit) -> list[Count]:
    """Return the counts for an attempt with the account of this address in this browser."""
    if request.user.is_authenticated and request.user.email == email:
        return [Count(limit, f"user {request.user.pk}")]
    browser = read(request)
    user = User.objects.filter(email=email, pk__in=browser.states).only("password").first() if browser else None
    if user is not None and browser.knows(user):
        return [Count(limit, _of_browser(browser, user))]
    return [Count(of_address, ratelimit.network_address(request)), Count(limit, f"email {email}")]


def all_counts(request: HttpRequest, user: User, limit: Limit) -> list[Count]:
    """Return every count of this account that a browser of its owner can have used up."""
    names = [f"email {user.email}", f"user {user.pk}"]
    browser = read(request)
    return [Count(limit, name) for name in (*names, *([_of_browser(browser, user)] if browser else []))]


def _of_browser(browser: Browser, user: User) -> str:
    return f"browser {browser.name} user {user.pk}"


def note(sender: type, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Store in the request that the user signed in, for the middleware `remember`."""
    request.signed_in_here = user


def remember(get_response: Handler) -> Handler:
    """Set the cookie after signing in, in any way."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if user := getattr(request, "signed_in_here", None):
            browser = read(request) or Browser(secrets.token_urlsafe(12), {})
            others = [(pk, state) for pk, state in browser.states.items() if pk != user.pk][-MOST_ACCOUNTS + 1 :]
            value = signing.dumps([browser.name, [*others, (user.pk, state_of(user))]], salt=SALT)
            response.set_cookie(
                COOKIE, value, KEPT_FOR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
            )
        return response

    return middleware
