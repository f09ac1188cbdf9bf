"""Actions on a case as a whole: working copy, sending in, publishing, archiving, withdrawing, comparing editions."""

from collections.abc import Callable
from functools import wraps

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casebook.lib.errors import RefusedError
from casebook.lib.ids import LARGEST_INTEGER, read_id, read_number
from casebook.lib.text import read_line
from cases.access import read_edition
from cases.admin import edit_conflicts
from cases.files.fields import CaseDocument
from cases.files.reader import DocumentError
from cases.models import Case, Edition, Status
from cases.publishing import checks, editions, mapping
from cases.publishing.comparison import compare
from questions.models import Assignment

LONGEST_NOTE = 200


def addresses(model_admin: ModelAdmin) -> list[URLPattern]:
    """Return the addresses of these actions, which the admin of cases adds to its own."""

    def act(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        @wraps(view)
        def acting(request: HttpRequest, pk: int) -> HttpResponse:
            try:
                return view(model_admin, request, pk)
            except RefusedError as refused:
                model_admin.message_user(request, refused.sentence, messages.ERROR)
                return HttpResponseRedirect(reverse("admin:cases_case_change", args=[pk]))

        return path(f"<id:pk>/{route}/", model_admin.admin_site.admin_view(acting), name=f"cases_case_{name}")

    return [
        act("werkversie", start_working_copy, "working_copy"),
        act("insturen", send_in, "send_in"),
        act("terughalen", recall, "recall"),
        act("publiceren", publish, "publish"),
        act("archiveren", archive, "archive"),
        act("intrekken", withdraw, "withdraw"),
        act("terugzetten", put_back, "put_back"),
        act("verschil", show_difference, "difference"),
        act("herstellen", restore, "restore"),
    ]


def check_act(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied unless the request is a POST of a user with this permission."""
    if request.method != "POST" or not request.user.has_perm(permission):
        raise PermissionDenied


def to_case(case: Case) -> HttpResponseRedirect:
    """Redirect to the form of this case."""
    return HttpResponseRedirect(reverse("admin:cases_case_change", args=[case.pk]))


def to_history(case: Case) -> HttpResponseRedirect:
    """Redirect to the history of this case."""
    return HttpResponseRedirect(reverse("admin:cases_case_history", args=[case.pk]))


# --- Towards publication ---


def start_working_copy(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Create a working copy of a published case, and open it."""
    case = get_object_or_404(Case.objects.published(), pk=pk)
    check_act(request, "cases.change_case")
    copy = editions.start_working_copy(case=case)
    model_admin.log_addition(request, copy, _("Werkversie gemaakt van editie %s.") % case.editions.latest().number)
    return to_case(copy)


def send_in(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the chief editors to publish the stored version. It can still be changed; the page then says so."""
    case = get_object_or_404(Case.objects.for_editors().filter(status=Status.CONCEPT), pk=pk)
    check_act(request, "cases.change_case")
    if problems := checks.errors(mapping.document_of(case)):
        message = " ".join(problem.message for problem in problems)
        model_admin.message_user(request, _("Nog niet ingestuurd. %s") % message, messages.ERROR)
        return to_case(case)
    editions.send_in(case=case, by=request.user)
    model_admin.log_change(request, case, _("Ingestuurd voor publicatie."))
    model_admin.message_user(request, _("Ingestuurd. De eindredactie ziet nu dat deze versie wacht op publicatie."))
    return to_case(case)


def recall(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Recall a concept that was sent in for publication."""
    case = get_object_or_404(Case.objects.sent_in(), pk=pk)
    check_act(request, "cases.change_case")
    editions.recall(case=case)
    model_admin.log_change(request, case, _("Teruggehaald: nog niet klaar voor publicatie."))
    model_admin.message_user(request, _("Teruggehaald. Deze versie wacht niet meer op publicatie."))
    return to_case(case)


def publish(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a concept or working copy, unless it changed since the page was opened or has errors."""
    check_act(request, "cases.publish_case")
    case = Case.objects.for_editors().filter(status=Status.CONCEPT, pk=pk).first()
    if case is None:  # a second click can arrive after the first one published the case
        model_admin.message_user(request, _("Deze versie is al gepubliceerd, of verwijderd."), messages.WARNING)
        return HttpResponseRedirect(reverse("admin:cases_case_changelist"))
    if request.POST.get("version", str(case.version)) != str(case.version):
        raise RefusedError(
            _("Iemand heeft deze casus opgeslagen sinds jij hem opende. Lees wat er nu staat; publiceer daarna.")
        )
    note = read_line(request.POST.get("note", ""))[:LONGEST_NOTE]
    problems = [problem.message for problem in checks.errors(mapping.document_of(case))]
    if case.is_working_copy and not note:
        problems.append(_("Schrijf in één regel wat er veranderd is."))
    if problems:
        model_admin.message_user(request, _("Nog niet gepubliceerd. %s") % " ".join(problems), messages.ERROR)
        return to_case(case)
    try:
        edition = editions.publish(case=case, by=request.user, note=note or _("Eerste editie."))
    except (DocumentError, RefusedError) as error:
        model_admin.message_user(request, _("Nog niet gepubliceerd. %s") % _in_words(error), messages.ERROR)
        return to_case(case)
    model_admin.log_change(request, edition.case, _("Gepubliceerd als editie %s.") % edition.number)
    link = format_html('<a href="{}">{}</a>', edition.case.get_absolute_url(), edition.case.title)
    model_admin.message_user(request, format_html(_("Gepubliceerd als editie {}: {}."), edition.number, link))
    return to_case(edition.case)


def _in_words(error: DocumentError | RefusedError) -> str:
    if isinstance(error, RefusedError):
        return error.sentence
    return " ".join(f"{capfirst(problem.message)}." for problem in error.problems)


# --- Taking down, and back ---


def archive(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Archive a published case."""
    case = get_object_or_404(Case.objects.published(), pk=pk)
    check_act(request, "cases.archive_case")
    editions.archive(case=case)
    model_admin.log_change(request, case, _("Gearchiveerd."))
    message = _("Gearchiveerd. Niemand vindt de casus nog, en opdrachten die hem al hebben gaan gewoon door.")
    model_admin.message_user(request, message)
    return to_case(case)


def withdraw(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form for the reason, and withdraw the case once there is one."""
    case = get_object_or_404(Case.objects.filter(status__in=[Status.PUBLISHED, Status.ARCHIVED]), pk=pk)
    if not request.user.has_perm("cases.withdraw_case"):
        raise PermissionDenied
    reason, title = (read_line(request.POST.get(name, "")) for name in ("reason", "title"))
    if request.method == "POST" and reason:
        editions.withdraw(case=case, reason=reason, title=title[:200])
        _rename_in_log(case)
        model_admin.log_change(request, case, _("Ingetrokken. Reden: %s") % reason)
        model_admin.message_user(request, _("Ingetrokken. Van geen enkele editie is de tekst nog ergens te lezen."))
        return to_history(case)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Casus intrekken"),
        "opts": model_admin.opts,
        "case": case,
        "typed_title": title or case.title,
        "assignments": Assignment.objects.filter(edition__case=case).count(),
        "problem": request.method == "POST",
    }
    return TemplateResponse(request, "admin/cases/case/withdraw.html", context)


def _rename_in_log(case: Case) -> None:
    """Replace the former title of a case and its working copies in the log."""
    log = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Case))
    log.filter(object_repr__startswith=f"{case.number}. ").update(object_repr=str(case))


def put_back(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Restore an archived case, or a withdrawn one for a reason, which is added to the log."""
    case = get_object_or_404(Case.objects.filter(status__in=[Status.ARCHIVED, Status.WITHDRAWN]), pk=pk)
    check_act(request, "cases.withdraw_case" if case.is_withdrawn else "cases.archive_case")
    if not case.is_withdrawn:
        editions.unarchive(case=case)
        model_admin.log_change(request, case, _("Teruggehaald uit het archief."))
        model_admin.message_user(request, _("De casus staat weer in de bundel."))
        return to_case(case)
    reason = read_line(request.POST.get("reason", ""))
    if not reason:
        model_admin.message_user(request, _("Schrijf waarom de tekst weer gelezen mag worden."), messages.ERROR)
        return to_history(case)
    left_out = editions.put_back(case=case)
    model_admin.log_change(request, case, _("Intrekking ongedaan gemaakt. Reden: %s") % reason)
    model_admin.message_user(request, _("De casus staat weer in de bundel, zoals de laatste editie."))
    _name_left_out(model_admin, request, left_out)
    return to_case(case)


def _name_left_out(model_admin: ModelAdmin, request: HttpRequest, names: list[str]) -> None:
    if names:
        message = _("Deze namen kent de bundel niet meer en zijn weggelaten: %s.") % ", ".join(names)
        model_admin.message_user(request, message, messages.WARNING)


# --- Editions ---


def history(object_id: str) -> dict:
    """Return the context of the history of a case besides the log: its editions, newest first, and an open copy."""
    case = Case.objects.select_related("revises").filter(pk=read_id(object_id)).first()
    if case is None:
        return {}
    case = case.revises or case
    rows = list(case.editions.select_related("published_by").defer("text"))
    copy = Case.objects.for_editors().filter(revises=case).first()
    done = _log_of(case).exclude(change_message__startswith="[") if case.is_withdrawn else None
    compare_from = next(iter(rows[1:2] or rows), None)
    return {"case": case, "editions": rows, "compare_from": compare_from, "copy": copy, "acts_done": done}


def _log_of(case: Case) -> QuerySet[LogEntry]:
    log = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Case))
    return log.filter(object_id=str(case.pk)).select_related("user").order_by("-action_time", "-pk")


def show_difference(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Show the differences of two editions, or of the latest one and the working copy."""
    case = get_object_or_404(Case.objects.exclude(status=Status.WITHDRAWN), pk=pk)
    if not model_admin.has_view_or_change_permission(request, case):
        raise PermissionDenied
    latest = case.editions.order_by("-number").values_list("number", flat=True).first()
    old, new = request.GET.get("van", str(latest)), request.GET.get("naar", "werkversie")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Wat is er anders?"),
        "opts": model_admin.opts,
        "case": case,
        "old": _named(old),
        "new": _named(new),
        "changes": compare(_version(case, old), _version(case, new)),
    }
    return TemplateResponse(request, "admin/cases/case/difference.html", context)


def _version(case: Case, name: str) -> CaseDocument:
    if name == "werkversie":
        copy = get_object_or_404(Case.objects.select_related("part"), revises=case)
        return mapping.document_of(copy)
    return read_edition(_edition(case, name))


def _edition(case: Case, number: str) -> Edition:
    return get_object_or_404(case.editions, number=read_number(number, most=LARGEST_INTEGER))


def _named(name: str) -> str:
    return _("Werkversie") if name == "werkversie" else _("Editie %s") % name


def restore(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Create a working copy with the text of an edition, and open it."""
    case = get_object_or_404(Case.objects.published(), pk=pk)
    check_act(request, "cases.change_case")
    edition = _edition(case, request.POST.get("editie", ""))
    try:
        copy, left_out = editions.restore(edition=edition)
    except RefusedError as refused:
        model_admin.message_user(request, refused.sentence, messages.ERROR)
        return to_history(case)
    model_admin.log_addition(request, copy, _("Werkversie gemaakt van editie %s.") % edition.number)
    message = _("Dit is een werkversie met de tekst van editie %s. Lezers zien hem pas als je publiceert.")
    model_admin.message_user(request, message % edition.number)
    _name_left_out(model_admin, request, left_out)
    return to_case(copy)


# --- In the list ---


@admin.display(description=gettext_lazy("ingestuurd"), ordering="sent_in_at")
def sent_in(case: Case) -> str:
    """Return whether this concept was sent in, and whether it was changed after that."""
    if case.sent_in_at is None:
        return ""
    return _("ja, daarna gewijzigd") if case.is_changed_since_sent_in else _("ja")


class SentInFilter(admin.SimpleListFilter):
    title = gettext_lazy("ingestuurd")
    parameter_name = "ingestuurd"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("ja", _("Wacht op publicatie"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        return queryset.sent_in() if self.value() == "ja" else queryset


# --- Around the form ---


def instead_of_form(model_admin: ModelAdmin, request: HttpRequest, object_id: str) -> HttpResponse | None:
    """Return a page or redirect where the form of a case cannot be shown or saved, else None.

    A withdrawn case has no text to show, and a case that was published or deleted in the meantime cannot be saved here.
    """
    case = Case.objects.for_editors().filter(pk=read_id(object_id)).first()
    if request.method == "POST" and "title" in request.POST and (case is None or case.status != Status.CONCEPT):
        return edit_conflicts.too_late(model_admin, request, case)
    return to_history(case) if case and case.is_withdrawn else None
