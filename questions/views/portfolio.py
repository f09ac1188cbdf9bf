"""The portfolio of a user: its pages, its exports, and receipts of feedback."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

import cases.access
from casebook.lib.datetimes import require_moment
from casebook.lib.http import download, is_script, redirect_back
from casebook.lib.ids import read_id, require_ids
from casebook.models import User
from questions import access
from questions.actions import feedback_receipts
from questions.exports import portfolio_json
from questions.models import Answer, Feedback, Module
from questions.pages import portfolio
from questions.views.post_actions import post_action

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
GOES_ON, NOT_AFTER_ALL = "ja", "nee"


@require_safe
@access.signed_in
def answers(request: HttpRequest) -> HttpResponse:
    """The portfolio. ?q= searches in it, and ?stand=concept shows only texts that no teacher can see."""
    query, was_cut = cases.access.shortened_query(request.GET.get("q", ""))
    everything = portfolio.portfolio_of(request.user)
    only_unseen = request.GET.get("stand") == "concept"
    shown = portfolio.search(everything.unseen() if only_unseen else everything, query, request.user)
    context = {
        "everything": everything,
        "shown": shown,
        "query": query,
        "was_cut": was_cut,
        "only_unseen": only_unseen,
        "opening": portfolio.OPENING,
    }
    return render(request, "questions/answers.html", context)


@require_safe
@access.signed_in
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """All earlier versions of one answer in full."""
    answer = get_object_or_404(
        Answer.objects.visible_to(request.user).with_state().select_related("question__case", "assignment__edition"),
        pk=pk,
    )
    context = {"answer": answer, "wording": portfolio.wording_of(answer)}
    return render(request, "questions/answer_versions.html", context)


@require_safe
@access.signed_in
def answers_docx(request: HttpRequest) -> HttpResponse:
    """Download the portfolio, or the part of one module, as a Word document."""
    module = _chosen_module(request)
    from questions.exports import portfolio_docx  # it imports much and is rarely needed

    own_portfolio = portfolio.portfolio_of(request.user, module_id=module.pk if module else None)
    return download(portfolio_docx.as_docx(request.user, own_portfolio), name=_file_name("docx"), content_type=DOCX)


@require_safe
@access.signed_in
def answers_json(request: HttpRequest) -> HttpResponse:
    """Download the portfolio, or the part of one module, as JSON."""
    module = _chosen_module(request)
    own_portfolio = portfolio.portfolio_of(request.user, module_id=module.pk if module else None, whole_versions=True)
    content = portfolio_json.as_json(request.user, own_portfolio)
    return download(content, name=_file_name("json"), content_type="application/json")


@post_action
def feedback_seen(request: HttpRequest) -> HttpResponse:
    """Mark feedback as seen: the rows that our script names, or all that was released when the page was made."""
    until = require_moment(request.POST.get("tot", ""))
    ids = require_ids(request.POST.getlist("feedback")) if "feedback" in request.POST else None
    feedback_receipts.see(student=request.user, until=until, ids=ids)
    if is_script(request):
        return HttpResponse(status=204)
    return redirect_back(request, reverse("questions:answers"))


@post_action
def feedback_taken_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Take feedback up or undo that, and go to the answer, with its field open if the verdict asks for more."""
    feedback = access.feedback_for_student(request, pk)
    chosen = request.POST.get("verder", "")
    if chosen not in {GOES_ON, NOT_AFTER_ALL}:
        raise BadRequest("verder is neither ja nor nee")
    until = require_moment(request.POST.get("tot", ""))
    is_read = feedback_receipts.take_up(feedback=feedback, goes_on=chosen == GOES_ON, until=until)
    if not is_read:
        messages.warning(request, _("Deze feedback is net veranderd. Lees hem eerst nog een keer."))
    goes_on = is_read and chosen == GOES_ON
    return HttpResponseRedirect(_address_to_go_on(request.user, feedback, goes_on=goes_on))


def _address_to_go_on(user: User, feedback: Feedback, *, goes_on: bool) -> str:
    """Return the address of the answer: on the assignment desk, or in the portfolio after leaving the module."""
    answer = feedback.submission.answer
    if not access.is_in_module(user, answer.assignment.module_id):
        return f"{reverse('questions:answers')}#antwoord-{answer.pk}"
    query = f"?bewerk={answer.question_id}" if goes_on and feedback.shown_verdict.asks_for_new_version else ""
    return f"{answer.assignment.get_absolute_url()}{query}#vraag-{answer.question.key}"


def _chosen_module(request: HttpRequest) -> Module | None:
    """Return the module of ?module=<id>, including archived and former modules. 404 for modules of other users."""
    value = request.GET.get("module")
    if value is None:
        return None
    module_id = read_id(value)
    module = None if module_id is None else portfolio.module_of(request.user, module_id)
    if module is None:
        raise Http404
    return module


def _file_name(suffix: str) -> str:
    return f"mijn-antwoorden-{timezone.localdate():%Y-%m-%d}.{suffix}"
