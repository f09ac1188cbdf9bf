"""Signing in as a user of the demonstration."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.utils import get_next_redirect_url, perform_login
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from casebook.demo import guard

LANDINGS = {"student": "home", "docent": "home", "redacteur": "admin:index"}


def where_offered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Restrict a view to the computer that runs the site; elsewhere it is a 404, for every method."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not guard.is_offered(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def not_in_demonstration(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Restrict the page for choosing a password to users who can have one (User.set_password)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and request.user.is_demo:
            messages.info(request, _("Een verzonnen persoon krijgt geen wachtwoord. Maak daarvoor zelf een account."))
            return redirect("own_data")
        return view(request, *args, **kwargs)

    return guarded


@csrf_exempt  # without an offer the response is 404 and not 403; where it is offered, csrf_protect checks the token
@where_offered
@require_POST
@never_cache
@csrf_protect
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as the user of the demonstration with the role that was chosen."""
    role = request.POST.get("rol", "")
    if role not in guard.ROLES:
        return HttpResponseBadRequest()
    person = guard.find(role)
    if request.user.is_authenticated and request.user != person:  # perhaps with texts that are not sent yet
        text = _("In deze browser is %(name)s ingelogd. Log eerst uit; dan kun je als iemand anders rondkijken.")
        messages.error(request, text % {"name": request.user})
        return redirect("home")
    if person is None:
        messages.error(request, _("Dit account is er niet meer. Hoe je opnieuw begint, staat op deze pagina."))
        return redirect("account_login")
    messages.info(request, _("Je kijkt nu rond als %(name)s. Deze persoon is verzonnen.") % {"name": person})
    there = get_next_redirect_url(request) or reverse(LANDINGS[role])
    return perform_login(request, person, redirect_url=there)
