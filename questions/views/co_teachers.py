"""The pages of the teachers of a module and of invitations to teach it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from casebook.lib.errors import RefusedError
from casebook.lib.once import once
from questions import access
from questions.actions import co_teacher_invitations
from questions.actions.co_teacher_invitations import LinkState
from questions.models import CoTeacherInvitation
from questions.pages import modules
from questions.views.post_actions import carry_out, post_action


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
@once
def module_teachers(request: HttpRequest, pk: int) -> HttpResponse:
    """The teachers and the open invitations of a module; a POST adds an invitation."""
    module = access.module_for_teacher(request, pk)
    if request.method == "POST":
        done = _("De link staat klaar. Geef hem alleen aan je collega.")
        if carry_out(request, done, co_teacher_invitations.invite, module=module, by=request.user):
            return redirect("questions:module_teachers", pk)  # only then `once` remembers the form
    links = [
        (invitation, co_teacher_invitations.link_of(invitation))
        for invitation in co_teacher_invitations.open_in(module)
    ]
    context = {"module": module, "teachers": modules.enrolments_of_teachers(module), "links": links}
    return render(request, "questions/module_teachers.html", context)


@post_action
def co_teacher_withdrawal(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    """Delete an invitation to teach a module."""
    module = access.module_for_teacher(request, pk)
    done = _("De link werkt niet meer.")
    carry_out(request, done, co_teacher_invitations.withdraw, module=module, invitation_id=invitation)
    return redirect("questions:module_teachers", pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def co_teacher(request: HttpRequest, token: str) -> HttpResponse:
    """The page of an invitation to teach a module. Opening it binds the link to the account; a POST accepts it."""
    invitation = co_teacher_invitations.find(token)
    if invitation is None:
        raise Http404
    if request.method == "POST":
        return _accept(request, invitation)
    if request.user.is_authenticated and request.method == "GET":
        return _page(request, invitation, co_teacher_invitations.open_link(invitation=invitation, user=request.user))
    return _page(request, invitation, LinkState.OPEN if co_teacher_invitations.is_open(invitation) else LinkState.OVER)


@access.signed_in
def _accept(request: HttpRequest, invitation: CoTeacherInvitation) -> HttpResponse:
    try:
        state = co_teacher_invitations.accept(invitation=invitation, user=request.user)
    except RefusedError as refused:
        return _page(request, invitation, LinkState.OPEN, refused.sentence)
    if state is not LinkState.OPEN:
        return _page(request, invitation, state)
    messages.success(request, _("Welkom! Je bent nu docent van deze module."))
    return redirect(invitation.module)


def _page(request: HttpRequest, invitation: CoTeacherInvitation, state: LinkState, refused: str = "") -> HttpResponse:
    status = {LinkState.OVER: 410, LinkState.TAKEN: 403}.get(state, 200)
    context = {"invited": invitation, "refused": refused}
    return render(request, f"questions/co_teacher_{state.value}.html", context, status=status)
