"""The admin of parts, kinds of actor and keywords, of which each change is on readers' pages at once."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from casebook.lib.ids import read_ids
from casebook.lib.text import read_line
from cases.files.reader import DocumentError
from cases.models import Actor, Case, Keyword, Part
from cases.publishing import editions, vocabulary


class LibraryAdmin(admin.ModelAdmin):
    """An admin of rows of which each change is on readers' pages at once."""

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        editions.renew_library()

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        super().delete_model(request, obj)
        editions.renew_library()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().delete_queryset(request, queryset)
        editions.renew_library()


@admin.register(Part)
class PartAdmin(LibraryAdmin):
    list_display = ["number", "title"]
    list_display_links = ["title"]
    search_fields = ["title"]
    prepopulated_fields = {"slug": ["title"]}


class WordForm(forms.ModelForm):
    """A form that refuses the former name or web name of another word, since old files and links use it."""

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if word := self._taken_by(name=name):
            raise forms.ValidationError(
                _("«%(old)s» heet nu «%(now)s». Kies een andere naam.") % {"old": name, "now": word}
            )
        return name

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if word := self._taken_by(slug=slug):
            raise forms.ValidationError(_("Dit was het adres van wat nu «%s» heet. Kies een andere webnaam.") % word)
        return slug

    def _taken_by(self, **called: str) -> Actor | Keyword | None:
        former = vocabulary.KINDS[self._meta.model].former.objects.filter(**called).exclude(now=self.instance.pk)
        found = former.select_related("now").first()
        return found.now if found else None


class ActorForm(WordForm):
    class Meta:
        model = Actor
        fields = ["name", "slug", "sphere"]


class KeywordForm(WordForm):
    synonyms = forms.CharField(
        label=gettext_lazy("synoniemen"),
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("Woorden waarmee je dit sleutelwoord ook vindt, met komma’s ertussen."),
    )

    class Meta:
        model = Keyword
        fields = ["name", "slug", "synonyms", "is_filter"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["synonyms"] = ", ".join(self.instance.synonyms)

    def clean_synonyms(self) -> list[str]:
        return [word for part in self.cleaned_data["synonyms"].split(",") if (word := read_line(part))]


class MergeForm(forms.Form):
    """The choice of the word that the others become."""

    into = forms.ModelChoiceField(None, widget=forms.RadioSelect, empty_label=None)

    def __init__(self, *args: Any, rows: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = rows


class WordAdmin(LibraryAdmin):
    """The admin of words that are in cases. A change of a name updates the cases; old files and links remain valid."""

    change_form_template = "admin/cases/word_change_form.html"
    actions = ["merge_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(used=Count("cases", distinct=True))

    @admin.display(description=gettext_lazy("casussen"), ordering="used")
    def case_count(self, row: Actor | Keyword) -> int:
        return row.used

    def has_merge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"cases.merge_{self.opts.model_name}")

    def get_readonly_fields(self, request: HttpRequest, obj: Actor | Keyword | None = None) -> list[str]:
        """Return name and web name for words in published cases, which only users who can publish rename."""
        return [] if obj is None or self.has_merge_permission(request) or not _is_read(obj) else ["name", "slug"]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Actor | Keyword | None = None) -> dict:
        return {} if obj else {"slug": ["name"]}

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, obj: Actor | Keyword | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Return the form page with the cases that have the word."""
        if obj:
            context |= {"used_in": vocabulary.cases_with([obj]), "may_rename": self.has_merge_permission(request)}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_model(self, request: HttpRequest, obj: Actor | Keyword, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if {"name", "slug"} & set(form.changed_data) and change:
            before = {name: form.initial[name] for name in ("name", "slug")}
            vocabulary.renamed(row=obj, **before, by=request.user)
        else:
            editions.index_again(vocabulary.cases_with([obj]).published())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.merge)
        return [path("samenvoegen/", view, name=f"cases_{self.opts.model_name}_merge"), *super().get_urls()]

    @admin.action(description=gettext_lazy("Voeg de gekozen woorden samen"), permissions=["merge"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        if len(queryset) < 2:
            self.message_user(request, _("Kies er minstens twee om samen te voegen."), messages.WARNING)
            return None
        chosen = urlencode({"id": [row.pk for row in queryset]}, doseq=True)
        return HttpResponseRedirect(f"{self._address('merge')}?{chosen}")

    def merge(self, request: HttpRequest) -> HttpResponse:
        """Show the effects of a merge, and merge after confirmation."""
        if not self.has_merge_permission(request):
            raise PermissionDenied
        rows = self.model.objects.filter(pk__in=read_ids(request.GET.getlist("id")))
        if len(rows) < 2:
            self.message_user(request, _("Die woorden zijn er niet meer allemaal. Kies opnieuw."), messages.WARNING)
            return HttpResponseRedirect(self._address("changelist"))
        form = MergeForm(request.POST, rows=rows) if request.method == "POST" else MergeForm(rows=rows)
        if form.is_valid():
            try:
                return self._merged(request, form.cleaned_data["into"], rows)
            except DocumentError as error:
                message = _("Er is niets samengevoegd: van een casus is geen nieuwe editie te maken. %s")
                self.message_user(request, message % error, messages.ERROR)
                return HttpResponseRedirect(request.get_full_path())
        context = self.admin_site.each_context(request) | {
            "title": _("Samenvoegen"),
            "opts": self.opts,
            "form": form,
            "candidates": _candidates(rows),
            "chosen": request.POST.get("into", ""),
        }
        return TemplateResponse(request, "admin/cases/word_merge.html", context)

    @transaction.atomic
    def _merged(self, request: HttpRequest, into: Actor | Keyword, rows: QuerySet) -> HttpResponse:
        gone = [row for row in rows if row != into]
        self.log_deletions(request, gone)
        cases = vocabulary.merge(into=into, gone=gone, by=request.user)
        names = ", ".join(row.name for row in gone)
        self.log_change(request, into, _("Samengevoegd met %s.") % names)
        message = ngettext(
            "«%(gone)s» is opgegaan in «%(into)s». Er volgde %(count)s casus.",
            "«%(gone)s» is opgegaan in «%(into)s». Er volgden %(count)s casussen.",
            len(cases),
        )
        self.message_user(request, message % {"gone": names, "into": into.name, "count": len(cases)})
        return HttpResponseRedirect(self._address("change", into.pk))

    def _address(self, page: str, *args: Any) -> str:
        return reverse(f"admin:cases_{self.opts.model_name}_{page}", args=args)


def _is_read(row: Actor | Keyword) -> bool:
    return vocabulary.cases_with([row]).filter(editions__isnull=False).exists()


def _candidates(rows: QuerySet) -> list[tuple[Actor | Keyword, list[Case]]]:
    """Return each word with the cases that have it."""
    kind = vocabulary.KINDS[rows.model]
    used: dict[int, dict[int, Case]] = {row.pk: {} for row in rows}
    for line in kind.lines.objects.filter(**{f"{kind.field}__in": rows}).select_related("case"):
        used[getattr(line, f"{kind.field}_id")][line.case_id] = line.case
    return [(row, sorted(used[row.pk].values(), key=lambda case: (case.number, case.pk))) for row in rows]


@admin.register(Actor)
class ActorAdmin(WordAdmin):
    form = ActorForm
    list_display = ["name", "sphere", "case_count"]
    list_filter = ["sphere"]
    search_fields = ["name"]


@admin.register(Keyword)
class KeywordAdmin(WordAdmin):
    form = KeywordForm
    list_display = ["name", "is_filter", "shown_synonyms", "case_count"]
    list_filter = ["is_filter"]
    search_fields = ["name", "synonyms"]

    @admin.display(description=gettext_lazy("synoniemen"))
    def shown_synonyms(self, keyword: Keyword) -> str:
        return ", ".join(keyword.synonyms)
