"""The comment bank of a teacher: adding, sharing and deleting comments."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from casebook.lib.errors import RefusedError
from casebook.lib.form_errors import Problem
from casebook.lib.http import is_script
from casebook.lib.ids import read_id
from casebook.lib.once import once
from casebook.lib.text import normalise
from questions import access
from questions.actions import comment_bank
from questions.models import Comment, Module
from questions.views.post_actions import post_action
from questions.views.save_responses import save_endpoint

MOST = 1_000  # characters of one comment


@require_http_methods(["GET", "HEAD", "POST"])
@save_endpoint
@access.signed_in
@once
def comments(request: HttpRequest) -> HttpResponse:
    """The comment bank; a POST adds a comment."""
    modules = Module.objects.taught_by(request.user)
    if not modules and not request.user.may_teach:
        access.check_may_make_modules(request)
    if request.method == "POST":
        text = normalise(request.POST.get("text", "")).strip()
        if not 0 < len(text) <= MOST:
            return _refused(request, modules, text)
        try:
            comment = comment_bank.save_comment(owner=request.user, text=text, module=_module(request, modules))
        except RefusedError as refused:
            return _refused(request, modules, text, refused.sentence)
        if is_script(request):
            return JsonResponse({"id": comment.pk, "text": comment.text, "shared": comment.module_id is not None})
        messages.success(request, _("De zin staat in je bank."))
        return redirect("questions:comments")
    return _page(request, modules)


def _page(
    request: HttpRequest, modules: QuerySet[Module], text: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    own = Comment.objects.filter(owner=request.user).select_related("module")
    shared = Comment.objects.filter(module__in=modules).exclude(owner=request.user).select_related("module", "owner")
    context = {"own": own, "shared": shared, "modules": modules, "text": text, "most": MOST}
    context["form_problems"] = [Problem(problem, "text", _("Zin"))] if problem else []
    return render(request, "questions/comments.html", context, status=status)


def _refused(request: HttpRequest, modules: QuerySet[Module], text: str, problem: str = "") -> HttpResponse:
    problem = problem or (
        _("Deze zin is langer dan %(most)s tekens en is niet bewaard. Kort hem in.") % {"most": MOST}
        if text
        else _("Er staat nog niets. Schrijf een zin die je vaker wilt gebruiken.")
    )
    if is_script(request):
        return JsonResponse({"problem": problem}, status=400)
    return _page(request, modules, text, problem, status=400)


def _module(request: HttpRequest, modules: QuerySet[Module]) -> Module | None:
    """Return the module to share the comment in, which must be one of these modules, or None."""
    value = request.POST.get("module", "")
    if not value:
        return None
    module = modules.filter(pk=read_id(value)).first()
    if module is None:
        raise BadRequest("no module of this teacher")
    return module


@post_action
def comment_sharing(request: HttpRequest, pk: int) -> HttpResponse:
    """Share a comment in a module, or stop sharing it."""
    comment = access.comment_of(request, pk)
    module = _module(request, Module.objects.taught_by(request.user))
    comment_bank.share_comment(comment=comment, module=module)
    if module:
        messages.success(request, _("Je collega’s in %(module)s kunnen de zin nu ook gebruiken.") % {"module": module})
    else:
        messages.success(request, _("De zin is weer alleen van jou."))
    return redirect("questions:comments")


@post_action
def comment_deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a comment."""
    access.comment_of(request, pk).delete()
    messages.success(request, _("De zin is weg uit je bank. In feedback waar hij al in stond, blijft hij staan."))
    return redirect("questions:comments")
