"""Error responses: for requests that reach no view, and for those that a view refuses."""

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.views import defaults

from casebook.lib.http import wants_status
from casebook.unsent_forms import TO_COPY, holds_text, is_of_somebody, returned_form
from questions.views.save_responses import refused
from questions.views.unsaved_texts import everything_sent, rescue_page, texts_sent, wants_page

TOO_BIG = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
UNREADABLE = (BadRequest, MultiPartParserError)  # a body that does not match its Content-Type


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 with X-Reason, on which our own script fetches a fresh token and tries once more."""
    if wants_status(request):
        response: HttpResponse = JsonResponse({"reason": "csrf"}, status=403)
    elif is_own_page(reason) and texts_sent(request):
        why = "csrf" if request.user.is_authenticated else "signed_out"
        response = rescue_page(request, 403, why, everything_sent(request, why))
    elif is_own_page(reason) and is_of_somebody(request) and holds_text(request):
        response = returned_form(request, 403, "csrf" if request.user.is_authenticated else "signed_out")
    else:
        response = render(request, "403_csrf.html", status=403)
    response.headers["X-Reason"] = "csrf"
    response.headers["X-Revision"] = "0"
    return response


def is_own_page(reason: str) -> bool:
    """Return whether only the token was missing or stale.

    A form of another site fails on its origin before that, and its text is not offered to anybody.
    """
    return reason.startswith("CSRF")


def not_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 404, with the texts that were sent to any address, so that their writer does not lose them."""
    if response := _returned_texts(request, 404, "not_here"):
        return response
    is_signed_in = hasattr(request, "user") and request.user.is_authenticated
    return defaults.page_not_found(request, exception, "404_signed_in.html" if is_signed_in else "404.html")


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 403, with the texts that were sent."""
    return _returned_texts(request, 403, "not_allowed") or defaults.permission_denied(request, exception)


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 400, with the texts that were sent; 413 for a request that is too large, of which nothing was read."""
    if isinstance(exception, TOO_BIG) and hasattr(request, "user"):
        return too_big(request)
    return _returned_texts(request, 400, "unreadable") or defaults.bad_request(request, exception)


def too_big(request: HttpRequest) -> HttpResponse:
    """Return 413 for a request that is larger than the limits."""
    if not wants_page(request):
        return refused(request, 413, "too_long")
    response = render(request, "413.html", status=413)
    response.headers["X-Reason"] = "too_big"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _returned_texts(request: HttpRequest, status: int, reason: str) -> HttpResponse | None:
    """Return the texts that were sent, or for our script that they are not stored; None where no text was sent."""
    # A request that was refused for its host passed no middleware, and has no user.
    if request.method != "POST" or not hasattr(request, "user"):
        return None
    try:
        texts = texts_sent(request)
    except TOO_BIG:
        request._mark_post_parse_error()  # as Django does: otherwise reading the form again would raise again
        return too_big(request)
    except UNREADABLE:
        request._mark_post_parse_error()
        return None
    if not texts:
        return _form_to_copy(request, status, reason)
    if wants_page(request) and not any(text.strip() for text in texts.values()):
        return None
    return refused(request, status, reason)


def _form_to_copy(request: HttpRequest, status: int, reason: str) -> HttpResponse | None:
    """Return the text of another form, where a view refused it, so that the token was checked before."""
    if reason not in TO_COPY or request.resolver_match is None or not wants_page(request):
        return None
    return returned_form(request, status, reason) if is_of_somebody(request) and holds_text(request) else None


def too_many(request: HttpRequest) -> HttpResponse:
    """Return 429 for too many attempts. The longest window of these limits ends within five minutes."""
    if wants_status(request):
        response: HttpResponse = JsonResponse({"reason": "too many"}, status=429)
    else:
        response = render(request, "429.html", status=429)
    response.headers["Retry-After"] = "300"
    return response
