"""Views that allauth does not have: who is signed in, choosing a password by a link, and an invitation to teach."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import base36_to_int
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from casebook.models import User
from questions.access import signed_in
from questions.actions import teacher_invitations
from questions.models import TeacherInvitation

View = Callable[..., HttpResponse]


@require_safe
@never_cache
@ensure_csrf_cookie
def who(request: HttpRequest) -> HttpResponse:
    """Return the user of the session and set a fresh CSRF cookie, for pages that were opened in another session."""
    signed = request.user.is_authenticated
    return JsonResponse({"user": request.user.pk, "name": request.user.name if signed else ""})


def with_mail(view: View) -> View:
    """Restrict a view to sites that can send mail; elsewhere it is a 404."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.HAS_MAIL:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def ask_reset(request: HttpRequest) -> HttpResponse:
    """Show the form for a link by mail; on a site without mail, say who can help."""
    if not settings.HAS_MAIL:
        return render(request, "account/password_reset_by_hand.html")
    return allauth_views.password_reset(request)


def reset_password(request: HttpRequest, uidb36: str, key: str) -> HttpResponse:
    """Show the form for a new password, or ask another signed-in user to sign out first.

    allauth would sign that user out on a GET, with texts that are not sent yet.
    """
    if request.user.is_authenticated and not is_about(request.user, uidb36):
        return render(request, "account/somebody_else.html", {"sign_out_next": request.path}, status=403)
    return allauth_views.password_reset_from_key(request, uidb36=uidb36, key=key)


def is_about(user: User, uidb36: str) -> bool:
    """Return whether the link is about this user."""
    try:
        return base36_to_int(uidb36) == user.pk
    except ValueError:
        return False


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation to teach to any user with the link; the user with its address can accept it."""
    invited = teacher_invitations.find(token)
    if invited is None:
        raise Http404
    theirs = request.user.is_authenticated and request.user.email == invited.email
    if theirs and invited.used_at and request.user.may_teach:
        return render(request, "account/invitation_used.html", {"invited": invited})
    if not teacher_invitations.is_open(invited):
        return render(request, "account/invitation_over.html", {"invited": invited}, status=410)
    if request.user.is_authenticated and not theirs:
        context = {"invited": invited, "other": True, "sign_out_next": request.path}
        return render(request, "account/invitation.html", context, status=403)
    if request.method == "POST":
        return accept(request, invited)
    return render(request, "account/invitation.html", {"invited": invited})


@signed_in
def accept(request: HttpRequest, invited: TeacherInvitation) -> HttpResponse:
    """Accept the invitation."""
    try:
        teacher_invitations.accept(invitation=invited, user=request.user)
    except teacher_invitations.InvitationOverError:
        return render(request, "account/invitation_over.html", {"invited": invited}, status=410)
    return redirect(request.path)
