"""What is done with a case as a whole: starting a working copy, publishing."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from cases import checking, editions, exchange
from cases.located import DocumentError
from cases.models import Case

LONGEST_NOTE = 200


def addresses(panel: ModelAdmin) -> list[URLPattern]:
    """The addresses of these acts, for the admin of cases to put before its own."""

    def act(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        @wraps(view)
        def acting(request: HttpRequest, pk: int) -> HttpResponse:
            return view(panel, request, pk)

        return path(f"<int:pk>/{route}/", panel.admin_site.admin_view(acting), name=f"cases_case_{name}")

    return [
        act("werkversie", start_working_copy, "working_copy"),
        act("publiceren", publish, "publish"),
    ]


def check_act(request: HttpRequest, permission: str) -> None:
    """An act is a POST of who may."""
    if request.method != "POST" or not request.user.has_perm(permission):
        raise PermissionDenied


def to_case(case: Case) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:cases_case_change", args=[case.pk]))


def start_working_copy(panel: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    case = get_object_or_404(Case.objects.published(), pk=pk)
    check_act(request, "cases.change_case")
    copy = editions.start_working_copy(case=case)
    panel.log_addition(request, copy, _("Werkversie gemaakt van editie %s.") % case.editions.latest().number)
    return to_case(copy)


def publish(panel: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    case = get_object_or_404(Case.objects.for_editors().filter(status="concept"), pk=pk)
    check_act(request, "cases.publish_case")
    if problems := checking.errors(exchange.document_of(case)):
        said = " ".join(problem.message for problem in problems)
        panel.message_user(request, _("Nog niet gepubliceerd. %s") % said, messages.ERROR)
        return to_case(case)
    try:
        edition = editions.publish(case=case, by=request.user, note=request.POST.get("note", "")[:LONGEST_NOTE])
    except DocumentError as error:
        said = " ".join(problem.message for problem in error.problems)
        panel.message_user(request, _("Nog niet gepubliceerd: %s.") % said, messages.ERROR)
        return to_case(case)
    panel.log_change(request, edition.case, _("Gepubliceerd als editie %s.") % edition.number)
    link = format_html('<a href="{}">{}</a>', edition.case.get_absolute_url(), edition.case.title)
    panel.message_user(request, format_html(_("Gepubliceerd als editie {}: {}."), edition.number, link))
    return to_case(edition.case)
