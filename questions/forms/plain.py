"""The base class of the forms of this app."""

from typing import Any

from django import forms


class PlainForm(forms.Form):
    """A form with labels without a colon, as all forms of the site."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
