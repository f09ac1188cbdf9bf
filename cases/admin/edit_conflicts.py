"""Edit conflicts: a save based on an older version is refused and shows both versions; a second save is accepted."""

import re
from collections.abc import Iterator

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from casebook.lib.ids import is_whole_number, read_id, read_ids
from cases.models import Case
from cases.publishing.comparison import Change, changed, work_of_page

IGNORED_FIELDS = {"id", "case", "DELETE", "position", "is_new", "sphere"}


class GuardedForm(forms.ModelForm):
    """A form of a case with the version that it shows. A save that is based on an older version stores nothing.

    The version is a hidden input outside the fields (templates/admin/cases/case/_two_editors.html). Every save raises
    it, also one that only changes rows of the case (questions, actors).
    """

    is_stale = False
    stored_version: int | None = None

    @property
    def shown_version(self) -> int:
        """Return the version on which a page with this form is based: the latest one once both versions were shown."""
        return self.stored_version or self.instance.version

    def clean(self) -> dict:
        cleaned = super().clean()
        if self.instance.pk:
            rows = Case.objects.select_for_update().filter(pk=self.instance.pk)
            self.stored_version = rows.values_list("version", flat=True).get()
            self.is_stale = self.data.get("version") != str(self.stored_version)
            self.instance.version = self.stored_version + 1
        if self.is_stale:
            message = _(
                "Iemand anders heeft deze casus opgeslagen terwijl jij schreef. Er is nog niets van jou opgeslagen."
            )
            self.add_error(None, message)
        return cleaned


def show_both(request: HttpRequest, context: dict) -> dict:
    """Return the context of a stale form: the stored and the typed text of each part; empty for other forms."""
    form = context["adminform"].form
    if not getattr(form, "is_stale", False):
        return {}
    stored = Case.objects.get(pk=form.instance.pk)
    pairs = [*_fields(form, type(form)(instance=stored))]
    for inline in context["inline_admin_formsets"]:
        now = type(inline.formset)(
            instance=stored, prefix=inline.formset.prefix, queryset=inline.opts.get_queryset(request)
        )
        label = str(inline.opts.verbose_name_plural).capitalize()
        pairs.append((label, _rows(now.initial_forms), _rows(inline.formset.forms)))
    return {"both_versions": _changes(pairs)}


def _changes(pairs: list[tuple[str, str, str]]) -> list[Change]:
    work = work_of_page()
    return [change for label, stored, typed in pairs if (change := changed(label, _plain(stored), _plain(typed), work))]


def _plain(text: str) -> str:
    """Return the text without differences that a browser makes: line ends, and space at the end."""
    return text.replace("\r\n", "\n").strip()


def _fields(typed: forms.ModelForm, stored: forms.ModelForm) -> Iterator[tuple[str, str, str]]:
    for name, field in typed.fields.items():
        if not typed[name].is_hidden:
            yield str(field.label).capitalize(), _shown(stored[name]), _shown(typed[name])


def _rows(rows: list[forms.ModelForm]) -> str:
    """Return a line for each row, with the values of its fields."""
    lines = []
    for row in rows:
        is_deleted = "DELETE" in row.fields and row["DELETE"].value() in {True, "on"}
        shown = [_plain(_shown(row[name])) for name in row.fields if name not in IGNORED_FIELDS]
        if any(shown) and not is_deleted:
            lines.append(" · ".join(value for value in shown if value))
    return "\n".join(lines)


def _shown(field: forms.BoundField) -> str:
    value = field.value()
    if isinstance(field.field, forms.ModelMultipleChoiceField):
        return "\n".join(str(row) for row in field.field.queryset.filter(pk__in=read_ids(map(str, value or []))))
    if isinstance(field.field, forms.ModelChoiceField):
        return str(field.field.queryset.filter(pk=read_id(str(value or ""))).first() or "")
    return "" if value is None else str(value)


def with_deleted_rows(kwargs: dict, case: Case) -> dict:
    """Return the arguments of a formset in which a row that another editor deleted is a new row.

    Saving it a second time restores the row.
    """
    prefix = kwargs["prefix"]
    if "data" in kwargs and case.pk and is_whole_number(kwargs["data"].get(f"{prefix}-INITIAL_FORMS")):
        kwargs["data"] = kwargs["data"].copy()
        _renumber_rows(kwargs["data"], prefix, {str(pk) for pk in getattr(case, prefix).values_list("pk", flat=True)})
    return kwargs


def _renumber_rows(posted: QueryDict, prefix: str, present: set[str]) -> None:
    rows: dict[int, dict[str, list[str]]] = {}
    for key in list(posted):
        if found := re.fullmatch(rf"{prefix}-(\d{{1,4}})-(\w+)", key):
            rows.setdefault(int(found[1]), {})[found[2]] = posted.pop(key)
    there = [row for _index, row in sorted(rows.items()) if row.get("id", [""])[0] in present]
    others = [row for _index, row in sorted(rows.items()) if row.get("id", [""])[0] not in present]
    others = [row for row in others if not (row.get("id", [""])[0] and "DELETE" in row)]
    for index, row in enumerate([*there, *others]):
        if index >= len(there):
            row["id"] = [""]
        for name, values in row.items():
            posted.setlist(f"{prefix}-{index}-{name}", values)
    posted[f"{prefix}-TOTAL_FORMS"], posted[f"{prefix}-INITIAL_FORMS"] = str(len(there) + len(others)), str(len(there))


def too_late(model_admin: ModelAdmin, request: HttpRequest, case: Case | None) -> HttpResponse:
    """Return the page with what was typed for a case that another editor published or deleted in the meantime."""
    typed = [(name, value) for name, value in request.POST.items() if not name.startswith(("csrf", "_", "device_copy"))]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Niet opgeslagen"),
        "opts": model_admin.opts,
        "case": case,
        "typed": [(_label(name), value) for name, value in typed if value and not is_whole_number(value)],
    }
    return TemplateResponse(request, "admin/cases/case/too_late.html", context, status=409)


def _label(name: str) -> str:
    """Return the label of a field of the form, or the name and number of a row."""
    names = {field.name: str(field.verbose_name).capitalize() for field in Case._meta.fields}
    return names.get(name) or name.replace("-", " ")
