"""Answers for what goes wrong before a view is reached."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from questions.views.rescue import rescue_page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 with X-Reason, by which our own script knows to fetch a fresh token and try once more."""
    if is_script(request):
        response: HttpResponse = JsonResponse({"reason": "csrf"}, status=403)
    elif is_own_page(reason) and any(name == "text" or name.startswith("text-") for name in request.POST):
        response = rescue_page(request, 403, "csrf" if request.user.is_authenticated else "signed_out")
    else:
        response = render(request, "403_csrf.html", status=403)
    response.headers["X-Reason"] = "csrf"
    return response


def is_own_page(reason: str) -> bool:
    """Whether only the token was missing or stale. A form that another site sent fails on its origin before that, and
    what it wants written is not offered to anybody."""
    return reason.startswith("CSRF")


def too_many(request: HttpRequest) -> HttpResponse:
    """429, for who tries something too often. The longest of our limits is over in five minutes."""
    if is_script(request):
        response: HttpResponse = JsonResponse({"reason": "too many"}, status=429)
    else:
        response = render(request, "429.html", status=429)
    response.headers["Retry-After"] = "300"
    return response


def is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "XMLHttpRequest" or "HX-Request" in request.headers
