"""Cases as an editor works on them: concepts and working copies; what is published is only read."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import editions
from cases.located import DocumentError
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

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/werkversie/", view(self.start_working_copy), name="cases_case_working_copy"),
            path("<int:pk>/publiceren/", view(self.publish), name="cases_case_publish"),
            *super().get_urls(),
        ]

    def start_working_copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        case = get_object_or_404(Case.objects.published(), pk=pk)
        if request.method != "POST" or not request.user.has_perm("cases.change_case"):
            raise PermissionDenied
        copy = editions.start_working_copy(case=case)
        self.log_addition(request, copy, _("Werkversie gemaakt van editie %s.") % case.editions.latest().number)
        return _to_case(copy)

    def publish(self, request: HttpRequest, pk: int) -> HttpResponse:
        case = get_object_or_404(Case.objects.filter(status=Status.CONCEPT), pk=pk)
        if request.method != "POST" or not request.user.has_perm("cases.publish_case"):
            raise PermissionDenied
        if problems := _missing(case):
            self.message_user(request, _("Nog niet gepubliceerd. %s") % " ".join(problems), messages.ERROR)
            return _to_case(case)
        try:
            edition = editions.publish(case=case, by=request.user, note=request.POST.get("note", "")[:200])
        except DocumentError as error:
            said = " ".join(problem.message for problem in error.problems)
            self.message_user(request, _("Nog niet gepubliceerd: %s.") % said, messages.ERROR)
            return _to_case(case)
        self.log_change(request, edition.case, _("Gepubliceerd als editie %s.") % edition.number)
        link = format_html('<a href="{}">{}</a>', edition.case.get_absolute_url(), edition.case.title)
        self.message_user(request, format_html(_("Gepubliceerd als editie {}: {}."), edition.number, link))
        return _to_case(edition.case)


def _to_case(case: Case) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:cases_case_change", args=[case.pk]))


def _missing(case: Case) -> list[str]:
    """What a case cannot do without, in sentences."""
    checks = [
        (case.title, _("Geef de casus een titel.")),
        (case.part_id, _("Kies een deel.")),
        (case.summary, _("Schrijf een omschrijving.")),
        (case.introduction, _("Schrijf een inleiding.")),
        (case.body, _("Schrijf het middenstuk.")),
        (case.closing, _("Schrijf een slot.")),
        (case.questions.in_library().exists(), _("Stel minstens één vraag.")),
    ]
    return [sentence for present, sentence in checks if not present]
