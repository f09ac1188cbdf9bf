"""The overview of an assignment by question, and pinned answers for the projector, without names of students."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from casebook.lib.http import is_script, redirect_back
from casebook.lib.ids import read_number
from questions import access
from questions.actions import pins
from questions.pages import overview as overview_page
from questions.views.post_actions import post_action

PIN, UNPIN = "ja", "nee"


@require_safe
@access.signed_in
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """The overview of an assignment."""
    view = overview_page.assignment_overview(access.assignment_for_teacher(request, pk))
    return render(request, "questions/overview.html", {"view": view, "assignment": view.assignment})


@require_safe
@access.signed_in
def overview_screen(request: HttpRequest, pk: int) -> HttpResponse:
    """One pinned answer with its question, for the projector: ?vraag=<key>&nr=<place among the pinned answers>."""
    view = overview_page.assignment_overview(access.assignment_for_teacher(request, pk))
    slide = view.slide(request.GET.get("vraag", ""), read_number(request.GET.get("nr")) or 1)
    context = {"assignment": view.assignment, "slide": slide}
    return render(request, "questions/overview_screen.html", context)


@post_action
def pin_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin or unpin an answer, as the field `vast` says. `terug` is the address to return to instead of the overview."""
    submission = access.submission_for_teacher(request, pk)
    if submission.withdrawn_at is not None:
        raise Http404
    chosen = request.POST.get("vast", "")
    if chosen not in {PIN, UNPIN}:
        raise BadRequest("vast is neither ja nor nee")
    if chosen == PIN:
        pins.pin(submission=submission, teacher=request.user)
        done = _("Dit antwoord staat klaar om te laten zien, zonder naam, bij het overzicht van de opdracht.")
    else:
        pins.unpin(submission=submission)
        done = _("Dit antwoord staat niet meer op het scherm.")
    if is_script(request):
        return HttpResponse(status=204)
    messages.success(request, done)
    overview = reverse("questions:overview", args=[submission.answer.assignment_id])
    return redirect_back(request, f"{overview}#vraag-{submission.answer.question.key}")
