"""The addresses of the casebook and a bare page, for measuring with a test client in one process.

The bare page has the middleware of `bare.py` and reads its user as Django does by itself, so that a change of the
middleware or of the accounts of the casebook does not change what its pages are compared with.
"""

from collections.abc import Callable

from bare import MIDDLEWARE
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.test import Client, override_settings
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from casebook.urls import *  # noqa: F403
from casebook.urls import urlpatterns as casebook_addresses

TEMPLATE = Engine().from_string("<!doctype html><title>Bare</title><p>{{ request.user.email }}</p>")
DJANGO_USER = {"django.contrib.auth.middleware.AuthenticationMiddleware": "with_bare.user_of_django"}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TEMPLATE.render(Context({"request": request})))


def user_of_django(get_response: Callable) -> Callable:
    """Set `request.user` as AuthenticationMiddleware does with Django's own backend, which the casebook replaces."""
    backend = ModelBackend()

    def read_user(session):
        user = backend.get_user(get_user_model()._meta.pk.to_python(session[SESSION_KEY]))
        if not constant_time_compare(session[HASH_SESSION_KEY], user.get_session_auth_hash()):
            raise RuntimeError("the session is not that of this user")
        return user

    def middleware(request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: read_user(request.session))
        return get_response(request)

    return middleware


def bare_client(signed_in: Client) -> Client:
    """Return a client for the bare page with the session of this client."""
    client = Client(headers={"accept-encoding": "gzip"})
    client.cookies = signed_in.cookies
    with override_settings(MIDDLEWARE=[DJANGO_USER.get(name, name) for name in MIDDLEWARE]):
        client.handler.load_middleware()
    return client


urlpatterns = [path("bare/", page), *casebook_addresses]
