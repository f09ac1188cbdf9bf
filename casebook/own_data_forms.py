"""Changing one's name or address, and deleting one's account. Each proves who is asking, as far as is needed."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casebook import leaving
from casebook.models import User, UserManager


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Naam"),
        max_length=120,
        help_text=_("Zo zien je docenten wie je bent."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Vul je naam in."), "max_length": _("Kies een naam van hoogstens 120 tekens.")},
    )

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, initial={"name": user.name}, label_suffix="", **kwargs)
        self.user = user

    def save(self) -> bool:
        self.user.name = self.cleaned_data["name"]
        self.user.save(update_fields=["name"])
        return True

    def done(self) -> str:
        return gettext("Je naam is veranderd.")


class ProofForm(forms.Form):
    """Asks for the password; of an account without one, for the address that it has now."""

    proof = forms.CharField(strip=False, error_messages={"required": _("Vul dit in, zo weten we dat jij het bent.")})

    def __init__(self, *args, request: HttpRequest, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.request, self.user = request, request.user
        proof = self.fields["proof"]
        if self.user.has_usable_password():
            proof.label = _("Je wachtwoord")
            proof.widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        else:
            proof.label = _("Je e-mailadres zoals het nu is")
            proof.widget = forms.EmailInput(attrs={"autocomplete": "off"})

    def clean_proof(self) -> str:
        proof = self.cleaned_data["proof"]
        if not self.user.has_usable_password():
            if UserManager.normalize_email(proof) != self.user.email:
                raise forms.ValidationError(_("Dit is niet het e-mailadres van je account."))
        # allauth's way counts it as an attempt to sign in, or this would be the place to guess passwords.
        elif get_adapter().authenticate(self.request, email=self.user.email, password=proof) != self.user:
            raise forms.ValidationError(_("Dit is niet je wachtwoord. Er is niets veranderd."))
        return proof


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
    taken = _("Er is al een account met dit e-mailadres. Kies een ander adres.")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("proof") and data.get("email"):
            data["email"] = UserManager.normalize_email(data["email"])
            leaving.make_room(data["email"])
            if User.objects.filter(email=data["email"]).exclude(pk=self.user.pk).exists():
                self.add_error("email", self.taken)
        return data

    def save(self) -> bool:
        """False where somebody took the address in the meantime."""
        self.user.email = self.cleaned_data["email"]
        try:
            with transaction.atomic():
                self.user.save(update_fields=["email"])
        except IntegrityError:
            self.user.refresh_from_db(fields=["email"])
            self.add_error("email", self.taken)
        return self.is_valid()

    def done(self) -> str:
        return gettext("Je e-mailadres is veranderd. Log voortaan in met %(email)s.") % {"email": self.user.email}


class LeavingForm(ProofForm):
    pass
