"""The pages for import and export of cases, on top of cases.transfer.imports and cases.transfer.sync."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from casebook.lib.http import download
from cases.files import archives
from cases.files.reader import DocumentError, Problem
from cases.models import Case, KeptUpload
from cases.publishing.comparison import Change, work_of_page
from cases.transfer import imports, sync
from cases.transfer.imports import Item, Outcome, Plan
from questions.models import Kolb

IMPORTS = ("cases.add_case", "cases.change_case")
EXPORTS = ("cases.view_case",)
FORM, READ = ("GET", "HEAD", "POST"), ("GET", "HEAD")
SKIP, REPLACE = "overslaan", "vervangen"


def addresses(model_admin: ModelAdmin) -> list[URLPattern]:
    """Return the addresses of these pages, which the admin of cases adds to its own."""

    def page(
        route: str, view: Callable[..., HttpResponse], name: str, rights: tuple[str, ...], methods: tuple[str, ...]
    ) -> URLPattern:
        @wraps(view)
        def shown(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perms(rights):
                raise PermissionDenied
            return (
                view(model_admin, request, **kwargs) if request.method in methods else HttpResponseNotAllowed(methods)
            )

        return path(route, model_admin.admin_site.admin_view(shown), name=f"cases_case_{name}")

    return [
        page("importeren/", upload, "import", IMPORTS, FORM),
        page("importeren/<id:pk>/", confirm, "import_confirm", IMPORTS, FORM),
        page("exporteren/", export_all, "export", EXPORTS, READ),
    ]


@dataclass(frozen=True)
class Row:
    """A case of the plan, with what would change in it and the fields of the form that are about it."""

    item: Item
    changes: list[Change]
    fields: list[forms.BoundField]

    @property
    def explanation(self) -> str:
        """Return what importing this case would do; an empty text where it would do nothing."""
        if self.item.status == imports.NEW:
            count = len(self.item.document.questions)
            made = ngettext("Wordt een nieuw concept, met %s vraag.", "Wordt een nieuw concept, met %s vragen.", count)
            return made % count
        if self.item.status != imports.CHANGED:
            return ""
        if not self.item.replaces_work:
            return _(
                "Wordt een werkversie; lezers houden de gepubliceerde casus. Wat doorgestreept is gaat weg, wat "
                "onderstreept is komt erbij:"
            )
        if self.item.case.is_working_copy:
            return _(
                "Van deze casus is al een werkversie. Dit zou daarin veranderen: wat doorgestreept is gaat weg, wat "
                "onderstreept is komt erbij."
            )
        return _(
            "Deze casus is hier nog een concept. Dit zou daarin veranderen: wat doorgestreept is gaat weg, wat "
            "onderstreept is komt erbij."
        )


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A field for several files, each as its name and its bytes. Files that are too big are refused unread."""

    def clean(self, data: list[UploadedFile] | None, initial: Any = None) -> list[tuple[str, bytes]]:
        files = [super(FilesField, self).clean(file, initial) for file in data or [None]]
        if len(files) > archives.MAX_FILES:
            raise forms.ValidationError(_("Dit zijn te veel bestanden tegelijk; kies er hooguit 500."))
        if sum(file.size for file in files) > archives.MAX_TOTAL:
            raise forms.ValidationError(_("Samen zijn deze bestanden groter dan 50 MB; verdeel ze over een paar keer."))
        return [(file.name, file.read()) for file in files]


class UploadForm(forms.Form):
    files = FilesField(
        label=gettext_lazy("Bestanden"),
        allow_empty_file=True,  # empty files are reported by name, with the other unusable files
        widget=FilesInput(attrs={"accept": ".md,.zip,.docx,.yaml"}),
        help_text=gettext_lazy(
            "Kies er een of meer: .md, .docx, casebook.yaml, of een .zip. Hooguit 5 MB per bestand."
        ),
    )


class ConfirmForm(forms.Form):
    """The confirmation of the plan that was shown, with its open choices: work to replace, and lenses of questions."""

    stand = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, plan: Plan, **kwargs: Any) -> None:
        super().__init__(*args, initial={"stand": plan.fingerprint}, **kwargs)
        self.plan = plan
        choices = [
            (SKIP, _("Overslaan: laat staan wat er is")),
            (REPLACE, _("Vervangen door wat in het bestand staat")),
        ]
        for place, item in enumerate(plan.items):
            if item.replaces_work:
                self.fields[f"work-{place}"] = forms.ChoiceField(
                    label=_("Hier werkt al iemand aan. Wat wil je?"), choices=choices, widget=forms.RadioSelect
                )
            for number in item.without_lens:
                self.fields[f"lens-{place}-{number}"] = forms.ChoiceField(
                    label=_("Bril van vraag %s") % (number + 1),
                    choices=[
                        ("", _("Kies een bril")),
                        *((kolb.value, f"{kolb.label}: {kolb.asks_for}") for kolb in Kolb),
                    ],
                    help_text=item.document.questions[number].text,
                )

    def clean_stand(self) -> str:
        if self.cleaned_data["stand"] != self.plan.fingerprint:
            raise forms.ValidationError(_("changed"))
        return self.cleaned_data["stand"]

    def rows(self) -> list[Row]:
        """Return a row for each case of the plan."""
        work = work_of_page()
        return [
            Row(
                item,
                item.changes(work),
                [self[name] for name in self.fields if name.startswith((f"work-{place}", f"lens-{place}-"))],
            )
            for place, item in enumerate(self.plan.items)
        ]

    def replacing(self) -> set[str]:
        items = enumerate(self.plan.items)
        return {item.file for place, item in items if self.cleaned_data.get(f"work-{place}") == REPLACE}

    def lenses(self) -> dict[tuple[str, int], str]:
        return {
            (item.file, number): self.cleaned_data[f"lens-{place}-{number}"]
            for place, item in enumerate(self.plan.items)
            for number in item.without_lens
        }


def upload(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show the form for files. Unusable files are named and nothing is stored; others are shown on the next page."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    problems: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        try:
            files = imports.unpacked(form.cleaned_data["files"], user=request.user)
        except DocumentError as error:
            problems = error.problems
        else:
            stored_upload = imports.keep(files=files, owner=request.user)
            return HttpResponseRedirect(reverse("admin:cases_case_import_confirm", args=[stored_upload.pk]))
    return _page(model_admin, request, "import.html", _("Casussen importeren"), form=form, problems=problems)


def confirm(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Show the plan of an upload, and carry it out once it is confirmed, unless it changed in the meantime."""
    stored_upload = KeptUpload.objects.filter(pk=pk, owner=request.user).first()
    if stored_upload is None:
        message = _(
            "Deze bestanden staan niet meer klaar: ze zijn al geïmporteerd, je koos ze meer dan een dag geleden, of je "
            "koos daarna nog vijf keer andere. Kies ze opnieuw."
        )
        model_admin.message_user(request, message, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:cases_case_import"))
    try:
        plan, form, outcome = (
            _carried_out(request, stored_upload) if request.method == "POST" else _shown_plan(request, stored_upload)
        )
    except DocumentError as error:  # the library changed since the upload
        context = {"form": UploadForm(), "problems": error.problems}
        return _page(model_admin, request, "import.html", _("Deze bestanden kunnen niet meer zo"), **context)
    except IntegrityError:  # another editor took a number or a web name at the same moment
        return HttpResponseRedirect(request.path)
    if outcome:
        return _done(model_admin, request, outcome)
    context = {"form": form, "plan": plan, "has_changed": "stand" in form.errors}
    if context["has_changed"]:
        context["form"] = ConfirmForm(plan=plan)
    return _page(model_admin, request, "import_confirm.html", _("Dit gaat er gebeuren"), **context)


def _shown_plan(request: HttpRequest, stored_upload: KeptUpload) -> tuple[Plan, ConfirmForm, None]:
    plan = imports.plan(imports.kept_files(stored_upload), user=request.user)
    return plan, ConfirmForm(plan=plan), None


@transaction.atomic
def _carried_out(request: HttpRequest, stored_upload: KeptUpload) -> tuple[Plan, ConfirmForm, Outcome | None]:
    """Return the present plan, its form and the outcome.

    The plan is carried out if the page showed the same one; the outcome is None otherwise.
    """
    plan = imports.plan(imports.kept_files(stored_upload), user=request.user, lock=True)
    form = ConfirmForm(request.POST, plan=plan)
    if not form.is_valid():
        return plan, form, None
    outcome = imports.carry_out(plan=plan, replacing=form.replacing(), lenses=form.lenses())
    stored_upload.delete()
    return plan, form, outcome


def _done(model_admin: ModelAdmin, request: HttpRequest, outcome: Outcome) -> HttpResponse:
    for case in outcome.added:
        model_admin.log_addition(request, case, _("Uit een bestand gehaald."))
    for case in outcome.changed:
        model_admin.log_change(request, case, _("Vervangen door wat in een bestand stond."))
    count = len(outcome.added) + len(outcome.changed)
    message = ngettext(
        "%s casus staat klaar als concept. Lezers zien er niets van tot je publiceert.",
        "%s casussen staan klaar als concept. Lezers zien er niets van tot je publiceert.",
        count,
    )
    model_admin.message_user(request, message % count)
    if outcome.skipped:
        model_admin.message_user(request, _("Overgeslagen: %s.") % ", ".join(outcome.skipped), messages.WARNING)
    return HttpResponseRedirect(f"{reverse('admin:cases_case_changelist')}?status__exact=concept")


def export_all(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Return all published cases and the vocabulary as a zip."""
    return _download(sync.export())


def export_selected(model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse | None:
    """Return these cases and the vocabulary as a zip, or report each case that cannot be exported."""
    cases = Case.objects.filter(pk__in=[case.pk for case in queryset])
    if problems := sync.not_exportable(cases):
        model_admin.message_user(request, _("Er is niets geëxporteerd. %s") % " ".join(problems), messages.ERROR)
        return None
    return _download(sync.export(cases))


def _download(files: dict[str, str]) -> HttpResponse:
    name = f"casusboek-{timezone.localdate():%Y-%m-%d}.zip"
    return download(sync.as_zip(files), name=name, content_type="application/zip")


def _page(model_admin: ModelAdmin, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    shared = model_admin.admin_site.each_context(request) | {"title": title, "opts": model_admin.opts}
    return TemplateResponse(request, f"admin/cases/case/{template}", shared | context)
