"""How a teacher wants to read in a module."""

from django import forms
from django.utils.translation import gettext_lazy as _

from questions.models import Module, ReadBy

HIDDEN, SHOWN = "verborgen", "tonen"


class ReadingForm(forms.Form):
    """Only what is sent is chosen. Each value comes from a button or a list of ours, so another one is tampering."""

    by = forms.ChoiceField(choices=ReadBy.choices)
    group = forms.ChoiceField(required=False)
    names = forms.ChoiceField(choices=[(HIDDEN, _("verborgen")), (SHOWN, _("tonen"))])

    def __init__(self, *args, module: Module, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = [("", _("iedereen")), *((name, name) for name in module.groups)]
        for name in [name for name in self.fields if name not in self.data]:
            del self.fields[name]

    def clean(self) -> dict[str, str]:
        if not self.fields:
            raise forms.ValidationError(_("Er is niets gekozen."))
        return self.cleaned_data

    @property
    def choices(self) -> dict[str, str | bool]:
        """As ReadingChoices has them."""
        chosen = dict(self.cleaned_data)
        if "names" in chosen:
            chosen["hides_names"] = chosen.pop("names") == HIDDEN
        return chosen
