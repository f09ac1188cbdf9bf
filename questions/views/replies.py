"""What a save answers to our script: a status and the stored revision. A browser without it gets a page instead."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from questions.saving import Outcome, Saved
from questions.views.rescue import rescue_page, wants_page

STATUS = {Outcome.SAVED: 200, Outcome.STALE: 409, Outcome.TOO_LONG: 413}


def save_reply(saved: Saved, **more: object) -> JsonResponse:
    body = {"result": saved.outcome.value, "revision": saved.revision, **more}
    if saved.row:
        body["saved_at"] = saved.row.updated_at.isoformat()
    if saved.outcome is Outcome.STALE:
        body["stored"] = saved.row.text
    return reply(body, STATUS[saved.outcome], saved.revision)


def reply(body: dict, status: int, revision: int) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response.headers["X-Revision"] = str(revision)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def refused(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    """Nothing was stored. Without a script the page gives back every text that was sent."""
    if wants_page(request):
        return rescue_page(request, status, reason)
    response = reply({"result": reason, "revision": 0}, status, 0)
    response.headers["X-Reason"] = reason
    return response
