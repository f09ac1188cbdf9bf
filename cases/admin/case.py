"""The admin of cases: editors change concepts and working copies, and read what is published."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Count, Field, Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.admin import edit_conflicts, preview, workflow
from cases.admin import import_export as files
from cases.admin.edit_conflicts import GuardedForm
from cases.admin.inlines import (
    CaseActorInline,
    CaseKeywordInline,
    QuestionInline,
    ReferenceInline,
    ShortText,
    StoryText,
)
from cases.files import fields
from cases.files.fields import Kind
from cases.files.keys import is_key
from cases.models import Actor, Case, Keyword, Status
from cases.publishing import checks, editions, mapping


class CaseForm(GuardedForm):
    """The form of a concept, which needs only a title.

    Number and web name are proposed, and are fixed once the case was published.
    """

    class Meta:
        model = Case
        fields: list[str] = []  # CaseAdmin names them

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"part", "number", "slug"} & set(self.fields):
            self.fields[name].required = False
        if self.instance._state.adding and not self.is_bound:
            self.fields["title"].widget.attrs["autofocus"] = True

    def clean_number(self) -> int:
        number = self.cleaned_data["number"] or _next_number()
        if other := self._others().filter(number=number).first():
            raise forms.ValidationError(_("Dit nummer is al van «%s». Laat leeg voor het volgende.") % other.title)
        return number

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"] or editions.proposed_slug(self.cleaned_data.get("title", ""))
        if not is_key(slug):
            raise forms.ValidationError(_("Gebruik alleen kleine letters, cijfers en streepjes."))
        if other := self._others().filter(slug=slug).first():
            raise forms.ValidationError(_("Deze webnaam is al van «%s». Laat leeg voor een andere.") % other.title)
        return slug

    def _others(self) -> QuerySet[Case]:
        return Case.objects.filter(revises=None).exclude(pk=self.instance.pk)


@admin.register(Case)
class CaseAdmin(admin.ModelAdmin):
    form = CaseForm
    list_display = ["number", "title", "part", "status", "which_version", workflow.sent_in, "question_count"]
    list_display_links = ["title"]
    list_filter = ["status", workflow.SentInFilter, "part", "keywords"]
    search_fields = fields.names(fields.texts())
    list_select_related = ["part", "revises"]
    inlines = [CaseActorInline, CaseKeywordInline, QuestionInline, ReferenceInline]
    actions = ["export_selected"]
    save_on_top = True
    view_on_site = False  # the form has its own links to the page, also for a concept
    change_form_template = "admin/cases/case/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return super().get_queryset(request).for_editors().annotate(asked=Count("questions"))

    def get_fieldsets(self, request: HttpRequest, obj: Case | None = None) -> list:
        """Return the fields in order of use. Number and web name come last, after the rows (change_form.html)."""
        about, story, technical = _("Waar gaat het over?"), _("Het verhaal"), _("Technisch")
        about_fields = fields.names(fields.of_kind(Kind.LINE, Kind.NAME, Kind.PARAGRAPH))
        story_fields = fields.names(fields.sections())
        technical_fields = fields.names(fields.of_kind(Kind.IDENTITY))
        return [
            (about, {"fields": about_fields, "description": _guide_link("titel", about)}),
            (story, {"fields": story_fields, "description": _guide_links_for_story(story)}),
            (technical, {"fields": technical_fields, "classes": ["collapse", "technical"]}),
        ]

    def get_form(
        self, request: HttpRequest, obj: Case | None = None, change: bool = False, **kwargs: Any
    ) -> type[CaseForm]:
        return super().get_form(request, obj, change, **form_options(), **kwargs)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field:
        """Return the form field; that of a part is without links to other pages, which would interrupt the writing."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "part":
            field.widget = field.widget.widget
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        return {"number": _next_number(), **super().get_changeform_initial_data(request)}

    def get_readonly_fields(self, request: HttpRequest, obj: Case | None = None) -> list[str]:
        """Return the number and the web name of a published case, since other sites link to it."""
        return ["number", "slug"] if obj and (obj.is_working_copy or obj.editions.exists()) else []

    def response_add(self, request: HttpRequest, obj: Case, post_url_continue: str | None = None) -> HttpResponse:
        return confirm_device_copies(
            request, self._next(request, obj) or super().response_add(request, obj, post_url_continue)
        )

    def response_change(self, request: HttpRequest, obj: Case) -> HttpResponse:
        return confirm_device_copies(request, self._next(request, obj) or super().response_change(request, obj))

    def _next(self, request: HttpRequest, case: Case) -> HttpResponse | None:
        """Return the response to a save after which the editor continues with the case, else None."""
        if "_preview" in request.POST:
            return HttpResponseRedirect(reverse("admin:cases_case_as_student", args=[case.pk]))
        if "_continue" in request.POST:
            values = {"title": case.title, "time": date_format(timezone.localtime(), "H:i")}
            self.message_user(request, _("«%(title)s» is opgeslagen om %(time)s. Je kunt verder schrijven.") % values)
            return HttpResponseRedirect(reverse("admin:cases_case_change", args=[case.pk]))
        return None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        """Return the form page, or 409 where another user has signed in since the form was opened."""
        if request.method == "POST" and request.POST.get("user", str(request.user.pk)) != str(request.user.pk):
            context = {**self.admin_site.each_context(request), "title": _("Hier is nu iemand anders ingelogd")}
            return render(request, "admin/cases/case/somebody_else.html", context, status=409)
        if object_id and (instead := workflow.instead_of_form(self, request, object_id)):
            return instead
        context = {"all_actors": Actor.objects.all(), "all_keywords": Keyword.objects.all(), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def has_change_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        """Allow changes to concepts and working copies only."""
        return super().has_change_permission(request, obj) and (obj is None or obj.status == Status.CONCEPT)

    def has_delete_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        """Allow the deletion of concepts only."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Status.CONCEPT)

    def get_actions(self, request: HttpRequest) -> dict:
        """Return the actions without the deletion of several rows, since the list has published cases too."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    @admin.action(description=gettext_lazy("Exporteer de gekozen casussen als zip"), permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse | None:
        return files.export_selected(self, request, queryset)

    @admin.display(description=gettext_lazy("versie"))
    def which_version(self, case: Case) -> str:
        return _("werkversie van nummer %(number)s") % {"number": case.number} if case.is_working_copy else ""

    @admin.display(description=gettext_lazy("vragen"), ordering="asked")
    def question_count(self, case: Case) -> int:
        return case.asked

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, obj: Case | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Return the form page with the errors and advice of the checks on the stored concept."""
        if obj and obj.is_concept:
            context["findings"] = checks.check(mapping.document_of(obj))
        both = edit_conflicts.show_both(request, context)
        both |= {"longest_preview": preview.LONGEST_PREVIEW, "too_long_to_preview": preview.TOO_LONG}
        return super().render_change_form(request, {**context, **both}, *args, obj=obj, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        return [
            *preview.addresses(self.admin_site),
            *files.addresses(self),
            *workflow.addresses(self),
            *super().get_urls(),
        ]

    def get_formset_kwargs(self, request: HttpRequest, obj: Case, inline: InlineModelAdmin, prefix: str) -> dict:
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        return edit_conflicts.with_deleted_rows(kwargs, obj)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        history = workflow.history(object_id)
        response = super().history_view(request, object_id, {**history, **(extra_context or {})})
        if history and history["case"].is_withdrawn and isinstance(response, TemplateResponse):
            response.template_name = "admin/cases/case/object_history_withdrawn.html"
        return response


def form_options() -> dict:
    """Return the help texts, classes and widgets of the form fields, by the name of the field."""
    paragraphs, sections = fields.of_kind(Kind.PARAGRAPH), fields.sections()
    widgets = {field.name: forms.Textarea(attrs={"rows": field.rows}) for field in paragraphs}
    for field in sections:
        widgets[field.name] = forms.Textarea(attrs={"rows": field.rows, "data-preview": field.name})
    classes = dict.fromkeys(fields.names(paragraphs), ShortText) | dict.fromkeys(fields.names(sections), StoryText)
    help_texts = {field.name: field.help_text for field in fields.FIELDS if field.help_text}
    return {"help_texts": help_texts, "field_classes": classes, "widgets": widgets}


def confirm_device_copies(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Tell the next page which copies on the device are now in the database (static/js/copies.js)."""
    for copy in request.POST.get("device_copy", "").split()[:5]:
        writer, _dot, seq = copy.partition(".")
        if re.fullmatch(r"[0-9a-f]{16}", writer) and re.fullmatch(r"[0-9]{1,9}", seq):
            name, where = f"casusboek-opgeslagen-{writer}", reverse("admin:index")
            response.set_cookie(name, seq, path=where, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
    return response


def _guide_link(step: str, about: str) -> str:
    return render_to_string("admin/cases/case/_guide_link.html", {"step": step, "about": about})


def _guide_links_for_story(about: str) -> str:
    """Return two links to the guide; the second one is about making people unrecognisable."""
    text = _("Maak iedereen onherkenbaar: zo doe je dat")
    other = render_to_string(
        "admin/cases/case/_guide_link.html", {"step": "onherkenbaar", "about": about, "label": text}
    )
    return _guide_link("verhaal", about) + other


def _next_number() -> int:
    return (Case.objects.aggregate(last=Max("number"))["last"] or 0) + 1
