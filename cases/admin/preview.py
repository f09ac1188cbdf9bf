"""The pages that editors read while they write: previews, the check of names, and the guide. They change nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from casebook.lib.http import is_script
from cases.admin.lens_help import LENSES
from cases.files.fields import count_words
from cases.files.reader import MOST_HEADINGS, count_headings
from cases.library import case_page
from cases.library.markdown import render_uncached
from cases.models import Actor, Case, Keyword, Status
from cases.publishing import similar_names

LONGEST_PREVIEW = 100_000  # characters; rendering more would take seconds, at each pause in typing
TOO_LONG = gettext_lazy(
    "Deze tekst is te lang om er hier steeds een voorbeeld van te maken. Opslaan kan gewoon; bekijk het resultaat "
    "daarna als student."
)
VOCABULARIES = {"sleutelwoord": Keyword, "actor": Actor}
FRAMED_BY_US = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; object-src 'none'"


def for_editors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Restrict a view to users who can see cases in the admin; for other signed-in users it is a 404."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            if is_script(request):
                return HttpResponse(status=401)
            return redirect_to_login(request.get_full_path())
        if not (request.user.may_enter_admin and request.user.has_perm("cases.view_case")):
            raise Http404
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return guarded


@require_safe
@for_editors
def as_student(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the page of a case with its present rows."""
    case = get_object_or_404(Case.objects.for_editors().exclude(status=Status.WITHDRAWN).for_reading(), pk=pk)
    case.word_count = count_words(case)
    return render(request, "cases/case_preview.html", {**case_page.page_of(case), "is_preview": True})


@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_sameorigin
@for_editors
def text_preview(request: HttpRequest) -> HttpResponse:
    """Return the preview of a text as readers will see it, or the page beside a field in which it is shown."""
    if request.method == "POST":
        response = _preview_of(request.POST.get("text", ""))
    else:
        response = render(request, "admin/cases/case/text_preview.html", {"field": request.GET.get("veld")})
    response.headers["Content-Security-Policy"] = FRAMED_BY_US
    return response


def _preview_of(text: str) -> HttpResponse:
    if len(text) > LONGEST_PREVIEW or count_headings(text) > MOST_HEADINGS:
        return HttpResponse(format_html("<p>{}</p>", TOO_LONG), status=413)
    return HttpResponse(render_uncached(text).html)


@require_safe
@for_editors
def name_check(request: HttpRequest) -> HttpResponse:
    """Return whether there is such a keyword or actor, and if not, which ones are similar."""
    vocabulary = VOCABULARIES.get(request.GET.get("soort", ""))
    name = " ".join(request.GET.get("naam", "").split())[:200]
    if vocabulary is None or not name:
        return JsonResponse({"error": "soort en naam"}, status=400)
    found = similar_names.look_up(name, vocabulary.objects.all())
    return JsonResponse(
        {
            "name": name,
            "same": found.same and found.same.name,
            "sphere": getattr(found.same, "sphere", ""),
            "alike": [row.name for row in found.alike[:3]],
        }
    )


@require_safe
def guide(request: HttpRequest, admin_site: AdminSite) -> HttpResponse:
    """Show the guide: a new case in ten steps."""
    context = {"title": _("Een nieuwe casus in tien stappen"), "brillen": list(LENSES)}
    context |= admin_site.each_context(request)
    return TemplateResponse(request, "admin/cases/case/guide.html", context)


def addresses(admin_site: AdminSite) -> list[URLPattern]:
    """Return the addresses of these pages, which the admin of cases adds to its own."""
    return [
        path("<id:pk>/voorbeeld/", as_student, name="cases_case_as_student"),
        path("opmaak/", text_preview, name="cases_case_text_preview"),
        path("bestaat-al/", name_check, name="cases_case_name_check"),
        path("gids/", admin_site.admin_view(guide), {"admin_site": admin_site}, name="cases_case_guide"),
    ]
