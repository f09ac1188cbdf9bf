"""Responses to a save: a status and the stored revision for our script, or a page for a browser without JavaScript."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from questions.actions.saving import Draft, Saved
from questions.forms.answers import read_user
from questions.views.unsaved_texts import CONFLICT, STATUS, everything_sent, rescue_page, wants_page


def save_reply(saved: Saved, draft: Draft, **more: object) -> JsonResponse:
    """Return the outcome of this draft as JSON. Its writer and seq let the page recognise replies to earlier saves."""
    body = {"result": saved.outcome.value, "revision": saved.revision, "writer": draft.writer, "seq": draft.seq, **more}
    if saved.row:
        body["saved_at"] = saved.row.updated_at.isoformat()
    if saved.other_text is not None:
        body["stored"] = saved.other_text
    return reply(body, STATUS[saved.outcome], saved.revision, saved.text_hash)


def reply(body: dict, status: int, revision: int, text_hash: str | None = None) -> JsonResponse:
    """Return a JSON response with the headers by which our script recognises it: the stored revision and text hash."""
    response = JsonResponse(body, status=status)
    response.headers["X-Revision"] = str(revision)
    if text_hash is not None:
        response.headers["X-Text-Hash"] = text_hash
    response.headers["Cache-Control"] = "private, no-store"
    return response


def refused(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    """Return the response to a request of which nothing was saved; as a page, it has every text that was sent."""
    if wants_page(request):
        return rescue_page(request, status, reason, everything_sent(request, reason))
    response = reply({"result": reason, "revision": 0}, status, 0)
    response.headers["X-Reason"] = reason
    return response


def page_of_unsaved(request: HttpRequest, saved: Saved) -> HttpResponse:
    """Return the page for a browser without JavaScript, with the text that was not saved and the stored one."""
    reason, status = saved.outcome.value, STATUS[saved.outcome]
    # Our script gets a 200 for an overtaken text, but a page must not be stored as a success.
    status = CONFLICT if status == 200 else status
    return rescue_page(request, status, reason, everything_sent(request, reason, saved))


@dataclass(frozen=True)
class SaveResponse:
    """The response to a save as a page and as data for our script. Only the requested one is made."""

    page: Callable[[], HttpResponse]
    data: Callable[[], HttpResponse]


def save_endpoint(view: Callable[..., HttpResponse | SaveResponse]) -> Callable[..., HttpResponse]:
    """Return the view of a form with texts.

    A user who is signed out (401), or another one than the user who opened the page (409), gets the texts back and
    nothing is stored. A SaveResponse becomes a page for a browser that sent the form itself, and data for our script.
    """

    @wraps(view)
    def endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not request.user.is_authenticated:
            return refused(request, 401, "signed_out")
        if request.method == "POST" and _is_another_user(request):
            return refused(request, CONFLICT, "other_user")
        response = view(request, *args, **kwargs)
        if isinstance(response, SaveResponse):
            return response.page() if wants_page(request) else response.data()
        return response

    return endpoint


def by_who_opened_the_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return the view of an action; it is refused if another user is signed in than the one who opened the page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST" or not _is_another_user(request):
            return view(request, *args, **kwargs)
        if not wants_page(request):
            return refused(request, CONFLICT, "other_user")
        messages.error(request, _("Die bladzijde was van wie hier eerst was ingelogd. Er is niets gedaan."))
        return redirect("questions:modules")

    return guarded


def _is_another_user(request: HttpRequest) -> bool:
    """Return whether another user is signed in than the one who opened the page, if the form has that user."""
    return read_user(request.POST) not in {None, request.user.pk}
