"""The problems of the forms of a page, for the summary on top of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.formsets import BaseFormSet


@dataclass(frozen=True)
class Problem:
    """A problem of a form: the id and the label of its field, which are empty where it belongs to the whole form."""

    text: str
    field: str = ""
    label: str = ""

    @property
    def address(self) -> str:
        """Return the link to the field; empty where there is none."""
        return f"#{self.field}" if self.field else ""

    @property
    def words(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text


def forms_in(values: Iterable[Any]) -> Iterator[forms.BaseForm]:
    """Yield the forms that were sent with problems among the values of a context.

    The type is compared without isinstance, which would compute lazy values, as that of the CSRF token.
    """
    seen = set()
    for value in values:
        found = list(value) if issubclass(type(value), BaseFormSet) and value.is_bound else [value]
        for form in found:
            if issubclass(type(form), forms.BaseForm) and form.is_bound and form.errors and id(form) not in seen:
                seen.add(id(form))
                yield form


def problems_of(form: forms.BaseForm) -> list[Problem]:
    """Return the problems of a form: first those of the whole form, then those of its fields, in their order."""
    found = [Problem(str(text)) for text in form.non_field_errors()]
    for bound in form:
        for text in form.errors.get(bound.name, ()):
            found.append(Problem(str(text), "" if bound.is_hidden else _id_of(bound), _label_of(bound)))
    return found


def has_password(form: forms.BaseForm) -> bool:
    """Return whether the form has a field that is sent back empty."""
    return any(issubclass(type(bound.field.widget), forms.PasswordInput) for bound in form)


def _id_of(bound: forms.BoundField) -> str:
    """Return the id of the control; of radio buttons, the id of the first."""
    return bound.id_for_label or f"{bound.auto_id}_0"


def _label_of(bound: forms.BoundField) -> str:
    return str(bound.field.widget.attrs.get("aria-label") or bound.label or "")
