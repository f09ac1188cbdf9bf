"""The rows of the case form: actors, keywords, questions and references, each with its position."""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminRadioSelect
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casebook.lib.fields import LineFormField
from cases.admin.lens_help import LENSES, Lens
from cases.files import keys
from cases.files.document import MAX_QUESTIONS
from cases.files.reader import MOST_HEADINGS, count_headings, normal_form, plain_newlines
from cases.library.search import fold
from cases.models import Actor, Case, CaseActor, CaseKeyword, Keyword, Reference, Sphere
from cases.publishing import mapping, similar_names
from questions.models import Question

_invisible = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class StoryText(forms.CharField):
    """A text that a case file can contain, with the newlines of any browser normalised.

    The limit is no `maxlength`, since a browser would cut off pasted text without a message.
    """

    limit = 200_000  # characters; the book's longest story has some 20,000

    def widget_attrs(self, widget: forms.Widget) -> dict:
        return {**super().widget_attrs(widget), "data-limit": str(self.limit)}

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.limit:
            message = _(
                "Dit zijn %(count)s tekens. Er passen er %(limit)s. Kort het in en sla dan opnieuw op; wat je schreef, "
                "staat nog in dit veld."
            )
            raise forms.ValidationError(message % {"count": _in_words(len(value)), "limit": _in_words(self.limit)})
        if (headings := count_headings(value)) > MOST_HEADINGS:
            message = _(
                "Dit zijn %(count)s kopjes. Er passen er %(limit)s. Haal er weg en sla dan opnieuw op; wat je schreef, "
                "staat nog in dit veld."
            )
            raise forms.ValidationError(message % {"count": _in_words(headings), "limit": _in_words(MOST_HEADINGS)})

    def to_python(self, value: str | None) -> str:
        text = normal_form(_invisible.sub("", plain_newlines(super().to_python(value))))
        return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


class ShortText(StoryText):
    """A field for a summary, a question or a reference."""

    limit = 20_000


def _in_words(number: int) -> str:
    return f"{number:,}".replace(",", ".")


class RowForm(forms.ModelForm):
    """A row of a formset that checks what must be unique."""

    in_table = True  # where the heading of a column is no label

    position = forms.IntegerField(
        label=gettext_lazy("Volgorde"),
        required=False,
        min_value=0,
        max_value=32767,
        widget=forms.NumberInput(attrs={"class": "vSmallIntegerField", "placeholder": gettext_lazy("vanzelf")}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial.pop("position", None)
        for field in self.fields.values() if self.in_table else ():
            field.widget.attrs.setdefault("aria-label", capfirst(field.label))

    def validate_constraints(self) -> None:
        """Do nothing: the formset checks what must be unique, with messages for users."""

    def is_row(self) -> bool:
        """Return whether any field was filled in."""
        return bool(self.instance.pk) or self.has_changed()


class OrderedRows(forms.BaseInlineFormSet):
    """Rows with a position. Those without one come after the others, in the order of the form."""

    most = 200

    def clean(self) -> None:
        super().clean()
        if sum(form.is_row() and not self._should_delete_form(form) for form in self.forms) > self.most:
            message = _("Hier passen %(most)s regels. Haal er weg en sla dan opnieuw op; wat je schreef, staat er nog.")
            raise forms.ValidationError(message % {"most": self.most})
        rows = [form for form in self.forms if form.is_row() and form.is_valid() and not self._should_delete_form(form)]
        last = max((form.cleaned_data["position"] or 0 for form in rows), default=0)
        for form in rows:
            if form.cleaned_data["position"] is None:
                last += 1
                form.instance.position = last
        self.check(rows)

    def add_fields(self, form: RowForm, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = capfirst(form.fields["DELETE"].label)

    def validate_unique(self) -> None:
        """Do nothing; see check."""

    def check(self, rows: list[RowForm]) -> None:
        """Add errors to the rows that cannot be stored."""

    def not_in_form(self) -> list[Model]:
        """Return the stored rows that are not in this form: another editor added them after it was opened."""
        known = {form.instance.pk for form in self.forms}
        return [row for row in self.get_queryset() if row.pk not in known] if self.instance.pk else []

    def refuse_duplicates(self, rows: list[RowForm], field: str, message: str) -> None:
        """Add an error to each row that is equal to an earlier one, or to a stored one."""
        seen = {self.form.identity_of(row) for row in self.not_in_form()}
        for form in rows:
            if form.identity in seen:
                form.add_error(field, message)
            seen.add(form.identity)


class NamedRows(OrderedRows):
    """Rows that name words of a vocabulary, which is read once for all of them."""

    def get_form_kwargs(self, index: int | None) -> dict:
        return {**super().get_form_kwargs(index), "look_up": self.look_up}

    @cached_property
    def vocabulary(self) -> list[Model]:
        return list(self.form.vocabulary.objects.all())

    def look_up(self, name: str) -> similar_names.Found:
        return similar_names.look_up(name, self.vocabulary)

    def check(self, rows: list[RowForm]) -> None:
        self.refuse_duplicates(rows, self.form.name_field, _("Dit staat er al. Haal één van de twee weg."))


class NamedRow(RowForm):
    """A row that names a keyword or an actor. A new word is created with the row if the editor ticks «Nieuw?»."""

    vocabulary: type[Model]
    name_field: str
    names: str  # the relation of the row
    new_fields: tuple[str, ...] = ()
    may_add = True

    is_new = forms.BooleanField(label=gettext_lazy("Nieuw?"), required=False)

    def __init__(self, *args: Any, look_up: Callable[[str], similar_names.Found], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.look_up = look_up
        if self.instance.pk:
            self.initial[self.name_field] = getattr(self.instance, self.names).name

    def clean(self) -> dict:
        values = super().clean()
        name = values.get(self.name_field, "")
        found = self.look_up(name)
        self.named = found.same
        if name and found.same is None:
            self.named = self.new(name)
            if message := self.why_not_new(name, found):
                self.add_error(self.name_field, message)
        return values

    def new(self, name: str) -> Model:
        return self.vocabulary(name=name)

    def why_not_new(self, name: str, found: similar_names.Found) -> str:
        if not self.may_add:
            return _("«%s» staat niet in de lijst, en je mag zelf niets aan die lijst toevoegen.") % name
        if self.cleaned_data.get("is_new"):
            return ""
        if found.alike:
            alike = _(" of ").join(f"«{row.name}»" for row in found.alike[:3])
            message = _("«%(name)s» lijkt op %(alike)s. Neem dat, of kies dat dit nieuw is.")
            return message % {"name": name, "alike": alike}
        return _("«%s» staat nog niet in de lijst. Kies een ander, of kies dat dit nieuw is.") % name

    @property
    def identity(self) -> Any:
        """What a row of the same case cannot have as well."""
        return fold(self.named.name)

    @classmethod
    def identity_of(cls, row: Model) -> Any:
        """Return the identity of a stored row."""
        return fold(getattr(row, cls.names).name)

    def save(self, commit: bool = True) -> CaseKeyword | CaseActor:
        if self.named.pk is None:
            fields = {field: getattr(self.named, field) for field in self.new_fields}
            slug = mapping.free_slug(self.vocabulary, self.named.name)
            self.named, _made = self.vocabulary.objects.get_or_create(
                name=self.named.name, defaults={"slug": slug, **fields}
            )
        setattr(self.instance, self.names, self.named)
        return super().save(commit)


class KeywordRow(NamedRow):
    vocabulary, name_field, names = Keyword, "keyword_name", "keyword"

    keyword_name = LineFormField(
        label=gettext_lazy("sleutelwoord"),
        max_length=60,
        widget=forms.TextInput(attrs={"list": "alle-sleutelwoorden", "data-vocabulary": "sleutelwoord"}),
    )


class ActorRow(NamedRow):
    vocabulary, name_field, names = Actor, "actor_name", "actor"
    new_fields = ("sphere",)

    actor_name = LineFormField(
        label=gettext_lazy("actor"),
        max_length=80,
        widget=forms.TextInput(attrs={"list": "alle-actoren", "data-vocabulary": "actor"}),
    )
    sphere = forms.ChoiceField(
        label=gettext_lazy("informeel of formeel"),
        required=False,
        choices=[("", gettext_lazy("vanzelf")), *Sphere.choices],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["sphere"] = self.instance.actor.sphere

    def new(self, name: str) -> Actor:
        return Actor(name=name, sphere=self.cleaned_data.get("sphere", ""))

    def why_not_new(self, name: str, found: similar_names.Found) -> str:
        message = super().why_not_new(name, found)
        if not message and not self.cleaned_data.get("sphere"):
            self.add_error("sphere", _("Kies voor een nieuwe actor of die informeel, formeel of ertussenin is."))
        return message

    @property
    def identity(self) -> tuple[str, str]:
        return fold(self.named.name), self.cleaned_data["person"]

    @classmethod
    def identity_of(cls, row: CaseActor) -> tuple[str, str]:
        return fold(row.actor.name), row.person


class QuestionRow(RowForm):
    in_table = False

    kolb = forms.ChoiceField(label=gettext_lazy("Bril"), widget=AdminRadioSelect(attrs={"class": "radiolist"}))
    key = forms.CharField(label=gettext_lazy("Sleutel"), required=False, max_length=60)

    class Meta:
        field_classes = {"text": ShortText}
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, frozen: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kolb"].choices = [(lens.name, _explained(lens)) for lens in LENSES]
        key = self.fields["key"]
        key.disabled = bool(self.instance.pk) and self.instance.key in frozen
        key.help_text = (
            _("Staat vast sinds de publicatie: antwoorden hangen eraan.")
            if key.disabled
            else _("Laat leeg: dan maken we hem uit de vraag. Kleine letters, cijfers en streepjes.")
        )

    def clean_key(self) -> str:
        key = self.cleaned_data["key"]
        if key and not keys.is_key(key):
            raise forms.ValidationError(_("Gebruik alleen kleine letters, cijfers en streepjes."))
        if keys.is_teachers_key(key):
            raise forms.ValidationError(_("Zo heten vragen die docenten zelf toevoegen. Kies een andere sleutel."))
        return key


class QuestionRows(OrderedRows):
    most = MAX_QUESTIONS

    def get_form_kwargs(self, index: int | None) -> dict:
        return {**super().get_form_kwargs(index), "frozen": self.frozen}

    @cached_property
    def frozen(self) -> frozenset[str]:
        """Return the keys that were published, since answers can refer to them."""
        case = self.instance
        if case.is_working_copy:
            return frozenset(case.revises.questions.values_list("key", flat=True))
        if case.pk and case.editions.exists():
            return frozenset(case.questions.values_list("key", flat=True))
        return frozenset()

    def check(self, rows: list[RowForm]) -> None:
        """Add an error to each key that another question of the case has, also a retired one or one of a teacher."""
        taken = set(self.frozen) | self._out_of_sight() | {row.key for row in self.not_in_form()}
        for form in rows:
            key = form.cleaned_data["key"]
            if form.fields["key"].disabled or not key:
                continue
            if key in taken:
                form.add_error("key", _("De sleutel «%s» is al van een andere vraag van deze casus.") % key)
            taken.add(key)
        for form in rows:
            if form.is_valid() and not form.cleaned_data["key"]:
                form.instance.key = keys.proposed_key(form.cleaned_data["text"], taken)
                taken.add(form.instance.key)

    def _out_of_sight(self) -> set[str]:
        if not self.instance.pk:
            return set()
        return set(self.instance.questions.exclude(retired=False, module=None).values_list("key", flat=True))


def _explained(lens: Lens) -> str:
    html = '<b>{}</b> <span>{}</span> <span class="example">{} {}</span>'
    return format_html(html, capfirst(lens.label), lens.asks_for, _("Bijvoorbeeld:"), lens.example)


class CaseRows:
    """What the four kinds of rows share: empty first rows, also without JavaScript, and a link to the guide."""

    first_rows = 1
    guide_step = ""

    fields_to_read: tuple[str, ...] = ()

    def get_extra(self, request: HttpRequest, obj: Case | None = None, **kwargs: Any) -> int:
        return 1 if obj else self.first_rows

    def get_fields(self, request: HttpRequest, obj: Case | None = None) -> Sequence[str]:
        is_read = obj and not obj.is_concept
        return self.fields_to_read if is_read and self.fields_to_read else super().get_fields(request, obj)


class CaseActorInline(CaseRows, admin.TabularInline):
    model, form, formset = CaseActor, ActorRow, NamedRows
    template = "admin/cases/case/rows_tabular.html"
    fields = ["actor_name", "person", "sphere", "position", "is_new"]
    fields_to_read = ("actor", "person", "position")
    verbose_name, verbose_name_plural = gettext_lazy("actor"), gettext_lazy("actoren")
    first_rows, guide_step = 3, "actoren"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseActor]:
        return super().get_queryset(request).select_related("actor")

    def get_formset(self, request: HttpRequest, obj: Case | None = None, **kwargs: Any) -> type[NamedRows]:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.may_add = request.user.has_perm("cases.add_actor")
        return formset


class CaseKeywordInline(CaseRows, admin.TabularInline):
    model, form, formset = CaseKeyword, KeywordRow, NamedRows
    template = "admin/cases/case/rows_tabular.html"
    fields = ["keyword_name", "position", "is_new"]
    fields_to_read = ("keyword", "position")
    verbose_name, verbose_name_plural = gettext_lazy("sleutelwoord"), gettext_lazy("sleutelwoorden")
    first_rows, guide_step = 3, "sleutelwoorden"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseKeyword]:
        return super().get_queryset(request).select_related("keyword")

    def get_formset(self, request: HttpRequest, obj: Case | None = None, **kwargs: Any) -> type[NamedRows]:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.may_add = request.user.has_perm("cases.add_keyword")
        return formset


class QuestionInline(CaseRows, admin.StackedInline):
    model, form, formset = Question, QuestionRow, QuestionRows
    template = "admin/cases/case/rows_stacked.html"
    verbose_name, verbose_name_plural = gettext_lazy("vraag"), gettext_lazy("verdiepingsvragen")
    fieldsets = [
        (None, {"fields": ["text", "kolb", "position"]}),
        (gettext_lazy("Technisch"), {"fields": ["key"], "classes": ["collapse"]}),
    ]
    guide_step = "vragen"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return super().get_queryset(request).in_library()


class ReferenceForm(RowForm):
    class Meta:
        field_classes = {"text": ShortText}
        widgets = {"text": forms.Textarea(attrs={"rows": 2, "cols": 40})}


class ReferenceInline(CaseRows, admin.TabularInline):
    model, form, formset = Reference, ReferenceForm, OrderedRows
    template = "admin/cases/case/rows_tabular.html"
    fields = ["text", "url", "position"]
    verbose_name, verbose_name_plural = gettext_lazy("werk"), gettext_lazy("literatuur")
    guide_step = "literatuur"

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field:
        if db_field.name == "url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)
