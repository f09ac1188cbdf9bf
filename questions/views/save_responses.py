"""What a save answers to our script: a status and the stored revision. A browser without it gets a page instead."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from questions.actions.saving import Draft, Saved
from questions.forms.answers import read_user
from questions.views.unsaved_texts import STATUS, everything_sent, rescue_page, wants_page


def save_reply(saved: Saved, draft: Draft, **more: object) -> JsonResponse:
    """What became of this draft: writer and seq tell the page that no earlier reply came in place of this one."""
    body = {"result": saved.outcome.value, "revision": saved.revision, "writer": draft.writer, "seq": draft.seq, **more}
    if saved.row:
        body["saved_at"] = saved.row.updated_at.isoformat()
    if saved.other_text is not None:
        body["stored"] = saved.other_text
    return reply(body, STATUS[saved.outcome], saved.revision, saved.text_hash)


def reply(body: dict, status: int, revision: int, text_hash: str | None = None) -> JsonResponse:
    """A reply that our script knows for ours: it names the stored revision, and the stored text where it may."""
    response = JsonResponse(body, status=status)
    response.headers["X-Revision"] = str(revision)
    if text_hash is not None:
        response.headers["X-Text-Hash"] = text_hash
    response.headers["Cache-Control"] = "private, no-store"
    return response


def refused(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    """Nothing was stored. Without a script the page gives back every text that was sent."""
    if wants_page(request):
        return rescue_page(request, status, reason, everything_sent(request, reason))
    response = reply({"result": reason, "revision": 0}, status, 0)
    response.headers["X-Reason"] = reason
    return response


def page_of_unsaved(request: HttpRequest, saved: Saved) -> HttpResponse:
    """For a browser without a script: the one text of the form, and what is stored in its place."""
    reason, status = saved.outcome.value, STATUS[saved.outcome]
    status = 409 if status == 200 else status  # our script is told in a 200 that it was overtaken; a page has no script
    return rescue_page(request, status, reason, everything_sent(request, reason, saved))


def takes_text(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return the view; a user who is signed out, or somebody else by now, gets the text back instead."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        if not request.user.is_authenticated:
            return refused(request, 401, "signed_out")
        if read_user(request.POST) not in {None, request.user.pk}:
            return refused(request, 409, "other_user")
        return view(request, *args, **kwargs)

    return guarded


def by_who_opened_the_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The act, unless somebody else is signed in since the page was opened: nothing is done in another's name."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.method != "POST" or read_user(request.POST) in {None, request.user.pk}:
            return view(request, *args, **kwargs)
        if not wants_page(request):
            return refused(request, 409, "other_user")
        messages.error(request, _("Die bladzijde was van wie hier eerst was ingelogd. Er is niets gedaan."))
        return redirect("questions:modules")

    return guarded
