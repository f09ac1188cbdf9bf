"""The pages of /mijn-gegevens/: reading, changing and exporting the user's own data, and deleting the account."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import BadRequest
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casebook import error_views
from casebook.accounts import data_export, deletion, reauthentication
from casebook.accounts.profile_forms import AddressForm, LeavingForm, NameForm
from casebook.lib import http, ratelimit
from casebook.lib.dates import in_full
from casebook.lib.ratelimit import Count
from casebook.models import User
from questions.access import signed_in

ASK_FOR_PROOF = ("own_data", "own_data_leave", "account_set_password")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_post_parameters("proof")
def own_data(request: HttpRequest) -> HttpResponse:
    """Show and handle two forms on one address, so that reloading or signing in again returns to an existing page."""
    name_form, address_form = NameForm(user=request.user), AddressForm(request=request)
    if request.method == "POST":
        if request.POST.get("form") == "naam":
            form = name_form = NameForm(request.POST, user=request.user)
        elif request.POST.get("form") == "adres":
            form = address_form = AddressForm(request.POST, request=request)
        else:
            raise BadRequest("which form?")
        if form.is_valid() and form.save():
            messages.success(request, form.done())
            return redirect("own_data")
    return render(request, "casebook/own_data.html", {"name_form": name_form, "address_form": address_form})


@require_POST
@signed_in
def mail_code(request: HttpRequest) -> HttpResponse:
    """Mail a code to an account without a password, and return to the form in which it is typed."""
    if not settings.HAS_MAIL:
        raise Http404
    reauthentication.send_code(request)
    messages.success(request, _("We mailden een code naar %s. Hij is een kwartier geldig.") % request.user.email)
    back = request.POST.get("next", "")
    return redirect(back if back in {reverse(name) for name in ASK_FOR_PROOF} else "own_data")


@require_safe
@signed_in
def download(request: HttpRequest) -> HttpResponse:
    """Return everything that the site has about this user, as JSON."""
    name = f"mijn-gegevens-{timezone.localdate():%Y-%m-%d}.json"
    return http.download(data_export.as_json(request.user), name=name, content_type="application/json")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_post_parameters("proof")
def leave(request: HttpRequest) -> HttpResponse:
    """Show what is deleted and what stays; then, with proof, delete the account in seven days."""
    form = LeavingForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_valid() and not is_within(ratelimit.LEAVING, request):
        return error_views.too_many(request)
    if form.is_valid() and (due_at := deletion.request_deletion(user=request.user)):
        reauthentication.invalidate_code(request)
        _mail_about_deletion(request.user, due_at)
        logout(request)
        messages.info(request, _("Je account wordt gewist op %s. Je bent nu uitgelogd.") % in_full(due_at))
        return redirect("own_data_goodbye")
    context = {"form": form, "farewell": deletion.deletion_summary(request.user)}
    return render(request, "casebook/own_data_leave.html", context)


def is_within(limit: ratelimit.Limit, request: HttpRequest) -> bool:
    """Count one attempt of this account, and return whether it is within the limit."""
    try:
        ratelimit.take(Count(limit, f"user {request.user.pk}"))
    except ratelimit.LimitReachedError:
        return False
    return True


def _mail_about_deletion(user: User, due_at: datetime) -> None:
    """Mail the user about the deletion, so that users who did not ask for it can prevent it."""
    if settings.HAS_MAIL:
        text = _(
            "Hallo %(name)s,\n\nJe account van het Casusboek wordt gewist op %(when)s, met alles wat je schreef. "
            "Wil je dat niet, of heb je hier niet om gevraagd? Log dan voor die tijd in: %(site)s\n"
        ) % {"name": user.name, "when": in_full(due_at), "site": settings.SITE_URL}
        send_mail(_("Je account wordt gewist"), text, None, [user.email], fail_silently=True)


@require_safe
def goodbye(request: HttpRequest) -> HttpResponse:
    """Show the page after the request for deletion."""
    return render(request, "casebook/own_data_goodbye.html")
