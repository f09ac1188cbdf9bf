"""The form for a teacher's choices for reading in a module."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from questions.models import Module, ReadBy

HIDDEN, SHOWN = "verborgen", "tonen"
COMPACT, WIDE = "kort", "ruim"


class ReadingForm(forms.Form):
    """The form has only the fields that were sent. Our pages send no wrong values, so an invalid form is tampering."""

    by = forms.ChoiceField(choices=ReadBy.choices)
    group = forms.ChoiceField(required=False)
    names = forms.ChoiceField(choices=[(HIDDEN, _("verborgen")), (SHOWN, _("tonen"))])
    size = forms.ChoiceField(choices=[(COMPACT, _("kort")), (WIDE, _("ruim"))])

    def __init__(self, *args: Any, module: Module, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = [("", _("iedereen")), *((name, name) for name in module.groups)]
        for name in [name for name in self.fields if name not in self.data]:
            del self.fields[name]

    def clean(self) -> dict[str, str]:
        """Raise ValidationError if no field was sent."""
        if not self.fields:
            raise forms.ValidationError(_("Er is niets gekozen."))
        return self.cleaned_data

    @property
    def choices(self) -> dict[str, str | bool]:
        """Return the chosen values by the field names of ReadingChoices."""
        chosen = dict(self.cleaned_data)
        if "names" in chosen:
            chosen["hides_names"] = chosen.pop("names") == HIDDEN
        if "size" in chosen:
            chosen["is_compact"] = chosen.pop("size") == COMPACT
        return chosen
