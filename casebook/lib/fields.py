"""Fields for one line of text: names, titles, and words that users look for.

What is typed and what is stored have one form (casebook.lib.text.read_line), whichever form, admin page or command it
comes from. Texts in which users write what they think are never changed this way.
"""

from typing import Any

from django import forms
from django.db import models

from casebook.lib.text import read_line


class LineFormField(forms.CharField):
    """A text field of a form whose value is one visible line. An invisible text counts as empty."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return text if "\0" in text else read_line(text)  # NUL is refused: no user types it


class LineField(models.CharField):
    """A column whose value is one visible line. In migrations it is a plain CharField, since the column is the same."""

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def to_python(self, value: Any) -> str | None:
        value = super().to_python(value)
        return read_line(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return read_line(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the value that is stored, which the instance has from then on."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = read_line(value)
            setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **kwargs: Any) -> forms.Field:
        return super().formfield(**{"form_class": LineFormField, **kwargs})
