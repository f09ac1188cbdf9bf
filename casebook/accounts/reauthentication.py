"""Reauthentication before a change of the address or a deletion: a session is not enough on an unlocked phone.

The password is the proof; for an account without one, a code that was just mailed to its address.
"""

import secrets
import time

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.cryptokit import normalize_user_code
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from casebook.lib import ratelimit
from casebook.lib.ratelimit import Count

KEPT_FOR = 15 * 60  # seconds, equal to codes for signing in
SESSION_KEY = "proof_code"


def send_code(request: HttpRequest) -> None:
    """Mail a code to the address of this account."""
    email = request.user.email
    code, name = get_adapter().generate_login_code(), secrets.token_urlsafe(8)
    get_adapter().send_mail("account/email/proof_code", email, {"code": code})
    request.session[SESSION_KEY] = {"name": name, "digest": _digest(code), "email": email, "at": time.time()}


def is_right_code(request: HttpRequest, typed: str) -> bool:
    """Return whether this is the code that was last mailed to the present address of the account.

    It stays valid until invalidate_code, so that a mistake in another field does not require a new code.
    """
    sent = request.session.get(SESSION_KEY)
    if sent is None or sent["email"] != request.user.email or time.time() - sent["at"] > KEPT_FOR:
        return False
    tries = Count(ratelimit.TYPED_CODES, f"proof {sent['name']}")
    try:
        ratelimit.take(tries)
    except ratelimit.LimitReachedError:
        return False
    is_right = constant_time_compare(_digest(typed), sent["digest"])
    if is_right:
        tries.take_back()
    return is_right


def invalidate_code(request: HttpRequest) -> None:
    """Make the code invalid."""
    request.session.pop(SESSION_KEY, None)


def _digest(code: str) -> str:
    return salted_hmac(SESSION_KEY, normalize_user_code(code)).hexdigest()


def signed_in_by_code(request: HttpRequest) -> bool:
    """Return whether this session began with a code just now, so that another one would prove nothing more."""
    records = get_authentication_records(request, request.user)
    last = records[-1] if records else {}
    return (
        last.get("method") == "code"
        and last.get("email") == request.user.email
        and time.time() - last.get("at", 0) <= KEPT_FOR
    )


class ProofMixin(forms.Form):
    """A form that asks for the password, or for a code by mail where the account has none. Subclasses set `request`."""

    proof = forms.CharField(
        strip=False,
        max_length=4096,
        error_messages={"required": _("Vul dit in, zo weten we dat jij het bent.")},
    )
    wrong_code = _(
        "Deze code klopt niet, of niet meer. Er is niets veranderd. Kijk in je laatste mail, of vraag een nieuwe."
    )
    request: HttpRequest

    def ask_for_proof(self) -> None:
        field = self.fields["proof"]
        if self.request.user.has_usable_password():
            field.label = _("Je wachtwoord")
            field.widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        else:
            field.label = _("Code uit je mail")
            field.widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"})

    @property
    def needs_code(self) -> bool:
        return "proof" in self.fields and not self.request.user.has_usable_password()

    @property
    def cannot_be_proven(self) -> bool:
        """Return whether there is no proof, with neither a password nor mail."""
        return self.needs_code and not settings.HAS_MAIL

    def clean_proof(self) -> str:
        user, proof = self.request.user, self.cleaned_data["proof"]
        if not user.has_usable_password():
            if not settings.HAS_MAIL or not is_right_code(self.request, proof):
                raise forms.ValidationError(self.wrong_code)
        # allauth's authenticate counts it as an attempt to sign in, which prevents guessing.
        elif get_adapter().authenticate(self.request, email=user.email, password=proof) != user:
            raise forms.ValidationError(_("Dit is niet je wachtwoord. Er is niets veranderd."))
        return proof
