"""Parts, actor types and keywords: what changes here is on readers' pages at once."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from cases import editions
from cases.models import Actor, Case, Keyword, Part


class RenewsLibrary(admin.ModelAdmin):
    """What changes here is on readers' pages at once."""

    def save_model(self, request: HttpRequest, obj, form, change: bool) -> None:
        super().save_model(request, obj, form, change)
        editions.renew_library()

    def delete_model(self, request: HttpRequest, obj) -> None:
        super().delete_model(request, obj)
        editions.renew_library()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().delete_queryset(request, queryset)
        editions.renew_library()


@admin.register(Part)
class PartAdmin(RenewsLibrary):
    list_display = ["number", "title"]
    list_display_links = ["title"]
    search_fields = ["title"]
    prepopulated_fields = {"slug": ["title"]}


@admin.register(Actor)
class ActorAdmin(RenewsLibrary):
    list_display = ["name", "sphere"]
    list_filter = ["sphere"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


class KeywordForm(forms.ModelForm):
    synonyms = forms.CharField(
        label=gettext_lazy("synoniemen"),
        required=False,
        help_text=gettext_lazy("Woorden waarmee je dit sleutelwoord ook vindt, met komma’s ertussen."),
    )

    class Meta:
        model = Keyword
        fields = ["name", "slug", "synonyms", "is_filter"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["synonyms"] = ", ".join(self.instance.synonyms)

    def clean_synonyms(self) -> list[str]:
        return [word for part in self.cleaned_data["synonyms"].split(",") if (word := part.strip())]


@admin.register(Keyword)
class KeywordAdmin(RenewsLibrary):
    form = KeywordForm
    list_display = ["name", "is_filter", "shown_synonyms"]
    list_filter = ["is_filter"]
    search_fields = ["name", "synonyms"]
    prepopulated_fields = {"slug": ["name"]}

    def save_model(self, request: HttpRequest, obj: Keyword, form, change: bool) -> None:
        super().save_model(request, obj, form, change)
        editions.index_again(Case.objects.published().filter(keywords=obj))

    @admin.display(description=gettext_lazy("synoniemen"))
    def shown_synonyms(self, keyword: Keyword) -> str:
        return ", ".join(keyword.synonyms)
