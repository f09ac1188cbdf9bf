"""Forms to change the name or the address, and to delete the account. Each asks for proof where it is needed."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casebook.accounts import deletion, reauthentication
from casebook.accounts.reauthentication import ProofMixin
from casebook.lib import ratelimit
from casebook.lib.fields import LineFormField
from casebook.lib.ratelimit import Count
from casebook.lib.sort_names import LONGEST
from casebook.models import User, stored_email


class NameForm(forms.Form):
    name = LineFormField(
        label=_("Naam"),
        max_length=120,
        help_text=_("Zo zien je docenten wie je bent."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Vul je naam in."), "max_length": _("Kies een naam van hoogstens 120 tekens.")},
    )
    sort_name = LineFormField(
        label=_("Sorteer mijn naam onder"),
        max_length=LONGEST,
        required=False,
        help_text=_("Zo sta je in lijsten van je klas, achternaam eerst. Laat leeg: dan maken we het van je naam."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        initial = {"name": user.name, "sort_name": user.sort_name}
        super().__init__(*args, initial=initial, label_suffix="", **kwargs)
        self.user = user

    def save(self) -> bool:
        self.user.rename(self.cleaned_data["name"], self.cleaned_data["sort_name"])
        self.user.save(update_fields=["name", "sort_name"])
        return True

    def done(self) -> str:
        return gettext("Je naam is veranderd.")


class ProofForm(ProofMixin):
    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.request, self.user = request, request.user
        self.ask_for_proof()


class AddressForm(ProofForm):
    email = forms.EmailField(
        label=_("Nieuw e-mailadres"),
        max_length=254,
        help_text=_("Hiermee log je voortaan in."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Vul je nieuwe e-mailadres in."),
            "invalid": _("Dit is geen e-mailadres. Kijk of er een @ en een punt in staan."),
        },
    )
    field_order = ["email", "proof"]
    too_often = _(
        "Je probeerde dit vijf keer kort na elkaar. Er is niets veranderd. Wacht een uur en probeer het dan opnieuw."
    )
    session_is_over = _(
        "Je account is intussen op een ander apparaat veranderd. Er is niets opgeslagen. Log opnieuw in."
    )
    taken = _("Er is al een account met dit e-mailadres. Kies een ander adres.")

    def clean_email(self) -> str:
        return stored_email(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("proof") and data.get("email"):
            try:
                ratelimit.take(Count(ratelimit.ADDRESS_CHANGES, f"user {self.user.pk}"))
            except ratelimit.LimitReachedError as reason:
                raise forms.ValidationError(self.too_often) from reason
            deletion.erase_if_due(data["email"])
            if User.objects.filter(email=data["email"]).exclude(pk=self.user.pk).exists():
                self.add_error("email", self.taken)
        return data

    def save(self) -> bool:
        """Store the new address, which is not proven yet. Returns False where another user took it in the meantime."""
        old = self.user.email
        if self.cleaned_data["email"] == old:
            return True
        try:
            with transaction.atomic():
                # Only if the password did not change during this request: the owner of the address can have proven it.
                found = User.objects.filter(pk=self.user.pk, email=old, password=self.user.password)
                if not found.update(email=self.cleaned_data["email"], proven_email=""):
                    self.add_error(None, self.session_is_over)
                    return False
                deletion.remember_address(user=self.user, address=old)
        except IntegrityError:
            self.add_error("email", self.taken)
            return False
        self.user.email = self.cleaned_data["email"]
        reauthentication.invalidate_code(self.request)
        tell_old_address(self.user, old)
        return True

    def done(self) -> str:
        return gettext("Je e-mailadres is veranderd. Log voortaan in met %(email)s.") % {"email": self.user.email}


def tell_old_address(user: User, old: str) -> None:
    """Mail the old address about the change, in case the user did not ask for it. A failed mail undoes nothing."""
    if settings.HAS_MAIL:
        text = gettext(
            "Hallo %(name)s,\n\nHet e-mailadres van je account bij het Casusboek is veranderd. Met dit adres kun je er "
            "niet meer inloggen.\n\nWas jij dat niet? Vraag dan meteen de beheerder van de site om hulp: %(site)s\n"
        ) % {"name": user.name, "site": settings.SITE_URL}
        send_mail(gettext("Je e-mailadres is veranderd"), text, None, [old], fail_silently=True)


class LeavingForm(ProofForm):
    pass
