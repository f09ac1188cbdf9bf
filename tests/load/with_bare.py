"""The addresses of the casebook and a bare page, for measuring with a test client in one process."""

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import path

from casebook.urls import *  # noqa: F403
from casebook.urls import urlpatterns as casebook_addresses

TEMPLATE = Engine().from_string("<!doctype html><title>Bare</title><p>{{ request.user.email }}</p>")


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TEMPLATE.render(Context({"request": request})))


urlpatterns = [path("bare/", page), *casebook_addresses]
