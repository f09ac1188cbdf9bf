"""The forms of allauth with our own texts: signing up and in, passwords, and codes by mail."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import unstash_login
from allauth.core import context
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from casebook import error_views
from casebook.accounts import deletion, reauthentication
from casebook.accounts.reauthentication import ProofMixin
from casebook.lib import ratelimit
from casebook.lib.fields import LineFormField
from casebook.lib.ratelimit import Count
from casebook.models import User, UserManager, stored_email


def set_texts(form: forms.Form, **words: tuple) -> None:
    """Set the label, the error for an empty value and the hint of each field.

    There are no placeholders, which disappear while users type.
    """
    form.label_suffix = ""
    for name, (label, when_empty, *hint) in words.items():
        field = form.fields[name]
        field.label, field.help_text = label, hint[0] if hint else ""
        field.error_messages["required"] = when_empty
        field.widget.attrs.pop("placeholder", None)


EMAIL = (_("E-mailadres"), _("Vul je e-mailadres in."))
PASSWORD = (_("Wachtwoord"), _("Vul je wachtwoord in."))
NEW_PASSWORD = (_("Nieuw wachtwoord"), _("Kies een nieuw wachtwoord."), _("Minstens 8 tekens, en niet te makkelijk."))
AGAIN = (_("Nog een keer"), _("Typ je nieuwe wachtwoord nog een keer."))
REMEMBER = (_("Onthoud mij op dit apparaat"), "", _("Niet doen op een computer van een ander of van school."))


def remember_field() -> forms.BooleanField:
    """Return the checkbox «onthoud mij»."""
    return forms.BooleanField(required=False)


class SignInForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_texts(self, login=EMAIL, password=PASSWORD, remember=REMEMBER)
        self.fields["login"].widget.attrs["autocomplete"] = "username"

    def clean_login(self) -> str:
        return UserManager.normalize_email(self.cleaned_data["login"])


class SignUpForm(allauth_forms.SignupForm):
    """The form for name, address and password.

    Users who have an account already and know its password are signed in; a double click on the button has the same
    effect.
    """

    name = LineFormField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    remember = remember_field()
    field_order = ["name", "email", "password1", "remember"]
    known: User | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_texts(
            self,
            name=(_("Naam"), _("Vul je naam in."), _("Zo ziet je docent wie je bent.")),
            email=EMAIL,
            password1=(_("Wachtwoord"), _("Kies een wachtwoord."), NEW_PASSWORD[2]),
            remember=REMEMBER,
        )

    def clean_email(self) -> str:
        return stored_email(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("email"):
            deletion.erase_if_due(data["email"])
        # Only with a password, which is counted as an attempt: otherwise anybody could find out who has an account.
        if data.get("email") and data.get("password1") and User.objects.filter(email=data["email"]).exists():
            self.known = self.authenticated_user()
            if self.known is None:
                self.add_error("email", get_adapter().error_messages["email_taken"])
        return data

    def authenticated_user(self) -> User | None:
        """Return the user with this address and password, counted as an attempt to sign in against guessing."""
        email, password = self.cleaned_data["email"], self.cleaned_data["password1"]
        return get_adapter().authenticate(context.request, email=email, password=password)

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        if self.known is not None:
            return self.known, None
        made = Count(ratelimit.SIGN_UPS, ratelimit.network_address(request))
        try:
            with ratelimit.attempt(made):
                return self.make_account(), None
        except ratelimit.LimitReachedError:
            return None, error_views.too_many(request)
        except IntegrityError:  # the same form was sent twice at the same time
            user = self.authenticated_user()
            return user, None if user else HttpResponseRedirect(reverse("account_login"))

    def make_account(self) -> User:
        user = User(email=self.cleaned_data["email"], name=self.cleaned_data["name"])
        user.set_password(self.cleaned_data["password1"])  # takes half a second: not while the database is locked
        with transaction.atomic():
            user.save()
        return user


class AskResetForm(allauth_forms.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_texts(self, email=EMAIL)


class ResetForm(allauth_forms.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_texts(self, password1=NEW_PASSWORD, password2=AGAIN)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = (_("Huidig wachtwoord"), _("Vul je huidige wachtwoord in."))
        set_texts(self, oldpassword=current, password1=NEW_PASSWORD, password2=AGAIN)

    def clean_oldpassword(self) -> str:
        """Return the current password, counted as an attempt to sign in against guessing."""
        password = self.cleaned_data["oldpassword"]
        if get_adapter().authenticate(context.request, email=self.user.email, password=password) != self.user:
            raise get_adapter().validation_error("enter_current_password")
        return password


class SetPasswordForm(ProofMixin, allauth_forms.SetPasswordForm):
    """The form for a first password, with a code by mail unless this session began with one just now.

    From then on, the password proves who the user is.
    """

    field_order = ["proof", "password1", "password2"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = context.request
        set_texts(self, password1=NEW_PASSWORD, password2=AGAIN)
        if reauthentication.signed_in_by_code(self.request):
            del self.fields["proof"]
        else:
            self.ask_for_proof()

    def save(self) -> None:
        super().save()
        reauthentication.invalidate_code(self.request)


class AskCodeForm(allauth_forms.RequestLoginCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_texts(self, email=EMAIL)


class CodeForm(allauth_forms.ConfirmLoginCodeForm):
    remember = remember_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_texts(self, code=(_("Code"), _("Typ de code uit je mail over.")), remember=REMEMBER)
        self.fields["code"].widget.attrs["autocapitalize"] = "characters"

    def clean_code(self) -> str:
        """Count the attempts outside the session, in which allauth counts simultaneous attempts once."""
        tries = Count(ratelimit.TYPED_CODES, f"sign-in {context.request.session.session_key} {self.expected_code}")
        try:
            ratelimit.take(tries)
        except ratelimit.LimitReachedError as reason:
            raise get_adapter().validation_error("incorrect_code") from reason
        code = super().clean_code()
        login = unstash_login(context.request, peek=True)
        if login is None or login.user is None:  # the account was deleted in the meantime
            raise get_adapter().validation_error("incorrect_code")
        tries.take_back()
        return code
