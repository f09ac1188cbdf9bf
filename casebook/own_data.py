"""/mijn-gegevens/: seeing, changing and taking along what the site knows about oneself, and leaving."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casebook import leaving, own_copy
from casebook.own_data_forms import AddressForm, LeavingForm, NameForm
from questions.access import signed_in
from questions.templatetags.dates import in_full


@require_safe
@signed_in
def own_data(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, name_form: NameForm | None = None, address_form: AddressForm | None = None):
    forms = {
        "name_form": name_form or NameForm(user=request.user),
        "address_form": address_form or AddressForm(request=request),
    }
    return render(request, "casebook/own_data.html", forms)


@require_POST
@signed_in
def change_name(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, name_form=form)
    form.save()
    messages.success(request, _("Je naam is veranderd."))
    return redirect("own_data")


@require_POST
@signed_in
@sensitive_post_parameters("proof")
def change_address(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST, request=request)
    if not (form.is_valid() and form.save()):
        return _page(request, address_form=form)
    messages.success(request, _("Je e-mailadres is veranderd. Log voortaan in met %s.") % request.user.email)
    return redirect("own_data")


@require_safe
@signed_in
def download(request: HttpRequest) -> HttpResponse:
    """Everything that the site knows about this person, as JSON."""
    name = f"mijn-gegevens-{timezone.localdate():%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(own_copy.as_json(request.user), content_type="application/json", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_post_parameters("proof")
def leave(request: HttpRequest) -> HttpResponse:
    """First what goes and what stays; then, with proof, the deletion in seven days."""
    form = LeavingForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_valid() and (due_at := leaving.ask_to_leave(user=request.user)):
        _write_to(request.user, due_at)
        logout(request)
        messages.info(request, _("Je account wordt gewist op %s. Je bent nu uitgelogd.") % in_full(due_at))
        return redirect("own_data_goodbye")
    context = {"form": form, "farewell": leaving.farewell(request.user)}
    return render(request, "casebook/own_data_leave.html", context)


def _write_to(user, due_at) -> None:
    """So that whoever did not ask for this can still prevent it."""
    if settings.HAS_MAIL:
        text = _(
            "Hallo %(name)s,\n\nJe account van het Casusboek wordt gewist op %(when)s, met alles wat je schreef. "
            "Wil je dat niet, of heb je hier niet om gevraagd? Log dan voor die tijd in: %(site)s\n"
        ) % {"name": user.name, "when": in_full(due_at), "site": settings.SITE_URL}
        send_mail(_("Je account wordt gewist"), text, None, [user.email], fail_silently=True)


@require_safe
def goodbye(request: HttpRequest) -> HttpResponse:
    return render(request, "casebook/own_data_goodbye.html")
