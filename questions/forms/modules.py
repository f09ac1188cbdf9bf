"""Forms for creating, changing, copying and joining a module."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casebook.lib.fields import LineFormField
from casebook.lib.text import read_line
from questions.forms.plain import PlainForm
from questions.models import Module

MAX_GROUPS = 30
MAX_GROUP_NAME = 40
MAX_WEEKS = 260


class ModuleForm(PlainForm):
    """The form for creating and changing a module."""

    title = LineFormField(label=gettext_lazy("Titel"), max_length=120)
    period = LineFormField(
        label=gettext_lazy("Periode"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Bijvoorbeeld: blok 2, 2026–2027."),
    )
    description = forms.CharField(
        label=gettext_lazy("Omschrijving"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Studenten lezen dit bovenaan de module."),
    )
    groups = forms.CharField(
        label=gettext_lazy("Klassen"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Eén per regel, bijvoorbeeld SW1A. Studenten kiezen hun klas als ze meedoen. Laat leeg als er maar één is."
        ),
    )

    def clean_groups(self) -> list[str]:
        """Return the names as they were typed, each once without regard to case."""
        names: dict[str, str] = {}
        for line in self.cleaned_data["groups"].replace(",", "\n").splitlines():
            if name := read_line(line):
                names.setdefault(name.casefold(), name)
        if len(names) > MAX_GROUPS:
            raise forms.ValidationError(_("Een module heeft hoogstens %(most)s klassen.") % {"most": MAX_GROUPS})
        if long := next((name for name in names.values() if len(name) > MAX_GROUP_NAME), None):
            text = _("“%(name)s” is te lang: een klas heeft hoogstens %(most)s tekens.")
            raise forms.ValidationError(text % {"name": long, "most": MAX_GROUP_NAME})
        return list(names.values())

    @staticmethod
    def initial_of(module: Module) -> dict:
        """Return the initial values for changing this module."""
        return {
            "title": module.title,
            "period": module.period,
            "description": module.description,
            "groups": "\n".join(module.groups),
        }


class CopyForm(PlainForm):
    """The form for copying a module."""

    title = LineFormField(label=gettext_lazy("Titel"), max_length=120)
    period = LineFormField(label=gettext_lazy("Periode"), max_length=60, required=False)
    weeks = forms.IntegerField(
        label=gettext_lazy("Aantal weken later"),
        min_value=0,
        max_value=MAX_WEEKS,
        help_text=gettext_lazy("Alle datums schuiven zoveel weken op: zelfde weekdag, zelfde tijd. 52 is een jaar."),
    )


class JoinForm(PlainForm):
    """The form for joining a module. It asks for a group if the module has groups."""

    group = forms.ChoiceField(
        label=gettext_lazy("In welke klas zit je?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Kies je klas.")},
    )

    def __init__(self, *args: Any, module: Module, **options: Any) -> None:
        super().__init__(*args, **options)
        if module.groups:
            self.fields["group"].choices = [(name, name) for name in module.groups]
        else:
            del self.fields["group"]
