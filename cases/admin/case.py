"""Cases as an editor works on them: concepts and working copies; what is published is only read."""

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import checking, exchange
from cases.admin import acts
from cases.models import Case, CaseActor, CaseKeyword, Reference, Status
from questions.models import Question


class CaseActorInline(admin.TabularInline):
    model = CaseActor
    extra = 0
    autocomplete_fields = ["actor"]
    fields = ["actor", "person", "position"]


class CaseKeywordInline(admin.TabularInline):
    model = CaseKeyword
    extra = 0
    autocomplete_fields = ["keyword"]
    fields = ["keyword", "position"]


class QuestionInline(admin.StackedInline):
    model = Question
    extra = 0
    fields = ["text", "kolb", "key", "position"]
    verbose_name_plural = gettext_lazy("verdiepingsvragen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return super().get_queryset(request).in_library()


class ReferenceInline(admin.TabularInline):
    model = Reference
    extra = 0
    fields = ["text", "url", "position"]

    def formfield_for_dbfield(self, db_field, request: HttpRequest, **kwargs):
        if db_field.name == "url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class CaseForm(forms.ModelForm):
    """Slug and number of a working copy stay those of the case it revises."""

    class Meta:
        model = Case
        fields = ["title", "part", "summary", "introduction", "body", "closing", "number", "slug"]
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 3}),
            "introduction": forms.Textarea(attrs={"rows": 8}),
            "body": forms.Textarea(attrs={"rows": 24}),
            "closing": forms.Textarea(attrs={"rows": 8}),
        }


@admin.register(Case)
class CaseAdmin(admin.ModelAdmin):
    form = CaseForm
    list_display = ["number", "title", "part", "status", "which_version", "question_count"]
    list_display_links = ["title"]
    list_filter = ["status", "part", "keywords"]
    search_fields = ["title", "summary", "introduction", "body", "closing"]
    list_select_related = ["part", "revises"]
    inlines = [CaseActorInline, CaseKeywordInline, QuestionInline, ReferenceInline]
    save_on_top = True
    change_form_template = "admin/cases/case/change_form.html"
    fieldsets = [
        (None, {"fields": ["title", "part", "summary"]}),
        (gettext_lazy("Het verhaal"), {"fields": ["introduction", "body", "closing"]}),
        (gettext_lazy("Technisch"), {"fields": ["number", "slug"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return super().get_queryset(request).annotate(asked=Count("questions"))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        last = Case.objects.order_by("-number").values_list("number", flat=True).first() or 0
        return {"number": last + 1, **super().get_changeform_initial_data(request)}

    def get_readonly_fields(self, request: HttpRequest, obj: Case | None = None) -> list[str]:
        return ["number", "slug"] if obj and obj.is_working_copy else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Case | None = None) -> dict:
        return {} if obj else {"slug": ["title"]}

    def has_change_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        """What readers see changes through a working copy only."""
        return super().has_change_permission(request, obj) and (obj is None or obj.status == Status.CONCEPT)

    def has_delete_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        """A concept may go; what was ever published stays."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Status.CONCEPT)

    def get_actions(self, request: HttpRequest) -> dict:
        """No deleting by the handful: the list holds published cases too."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    @admin.display(description=gettext_lazy("versie"))
    def which_version(self, case: Case) -> str:
        return _("werkversie van nummer %(number)s") % {"number": case.number} if case.is_working_copy else ""

    @admin.display(description=gettext_lazy("vragen"), ordering="asked")
    def question_count(self, case: Case) -> int:
        return case.asked

    def render_change_form(self, request: HttpRequest, context: dict, *args, obj: Case | None = None, **kwargs):
        """With what stands between a concept and its readers, as far as it was saved."""
        if obj and obj.is_concept:
            context["findings"] = checking.check(exchange.document_of(obj))
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        return [*acts.addresses(self), *super().get_urls()]
