"""A page that gives back what someone sent when it could not be stored, for browsers without our script."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from questions.saving import Saved

# What the button said, or the verdict with it; and who wrote it, so that it is never stored as somebody else's.
KEPT = {"lever", "verdict", "user"}


def wants_page(request: HttpRequest) -> bool:
    """Whether a browser itself sent this form, rather than our script or another client."""
    return "text/html" in request.headers.get("Accept", "") and "X-Requested-With" not in request.headers


def rescue_page(request: HttpRequest, status: int, reason: str, saved: Saved | None = None) -> HttpResponse:
    """Every text that was sent, in a form that can be sent again; nothing is stored here."""
    texts = [(name, value) for name, value in request.POST.items() if name == "text" or name.startswith("text-")]
    hidden = [(name, value) for name, value in request.POST.items() if name.startswith("revision") or name in KEPT]
    if saved is not None and saved.row is not None:
        # Sent again, this text is meant to come after the one that is stored.
        stale = {"revision", f"revision-{getattr(saved.row, 'question_id', '')}"}
        hidden = [(name, saved.revision if name in stale else value) for name, value in hidden]
    context = {"reason": reason, "texts": texts, "hidden": hidden, "stored": saved.row if saved else None}
    response = render(request, "questions/rescue.html", context, status=status)
    response.headers["X-Reason"] = reason
    response.headers["Cache-Control"] = "private, no-store"
    return response
