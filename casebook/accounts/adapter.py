"""Signing up and in: allauth's forms with our words, and what we do otherwise than allauth.

A person's only address is User.email; allauth's table of addresses stays empty, so that an address that somebody gave
up can never open the account it once belonged to.
"""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.internal.flows.login import clear_authentication_records, get_authentication_records
from allauth.account.internal.stagekit import unstash_login
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.forms import PasswordInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import int_to_base36, url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _

from casebook import error_views
from casebook.accounts import deletion, known_browsers, reauthentication
from casebook.accounts.reauthentication import ProofMixin
from casebook.lib import ratelimit
from casebook.lib.ratelimit import Count
from casebook.models import User, UserManager, one_line, stored_email

log = logging.getLogger(__name__)


class AddressChangedError(Exception):
    """A code came back from an address that is not, or no longer, the one of the account."""


@transaction.atomic
def prove_address(*, user: User, email: str) -> bool:
    """Note that whoever has this account reads the mail of this address, where a code went. True where that took the
    account's password away. Raises AddressChangedError where the account has another address by now.

    Anybody can sign up with somebody else's address, and wait for them to come. So the first time that its owner
    proves the address, a password that was chosen before stops working, and with it every session that was open.
    """
    stored = User.objects.select_for_update().get(pk=user.pk)  # whoever changes the address waits, or was first
    if UserManager.normalize_email(email) != stored.email:
        raise AddressChangedError
    user.password = stored.password  # the session that begins belongs to the one that is there by now
    if stored.proven_email == stored.email:
        return False
    had_password = stored.has_usable_password()
    stored.proven_email = user.proven_email = stored.email
    stored.set_unusable_password()
    stored.save(update_fields=["proven_email", "password"])
    user.password = stored.password
    return had_password


def reset_link(user: User) -> str:
    """Where this person can choose a new password, once, while PASSWORD_RESET_TIMEOUT lasts."""
    token = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": int_to_base36(user.pk), "key": token})
    return f"{settings.SITE_URL}{path}"


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("Dit account staat uit. Vraag je docent of de beheerder om hulp."),
        "email_password_mismatch": _("Dit e-mailadres en wachtwoord horen niet bij elkaar. Probeer het nog eens."),
        "email_taken": _("Er is al een account met dit e-mailadres. Log daarmee in, of kies een nieuw wachtwoord."),
        "enter_current_password": _("Dit is niet je huidige wachtwoord."),
        "incorrect_code": _("Deze code klopt niet. Kijk in je laatste mail en typ hem over."),
        "invalid_password_reset": _("Deze link werkt niet meer."),
        "too_many_login_attempts": _("Dit is te vaak geprobeerd. Wacht vijf minuten en probeer het dan opnieuw."),
        "rate_limited": _("Dit ging te vlug achter elkaar. Wacht even en probeer het dan opnieuw."),
    }

    def is_safe_url(self, url: str) -> bool:
        """Only places on this very site: no other port or host of ALLOWED_HOSTS either."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def login(self, request: HttpRequest, user: User) -> None:
        """Every way in passes here. Without «onthoud mij» the session ends with the browser."""
        records = get_authentication_records(request, user)
        self.lost_password = False
        if records and records[-1]["method"] == "code":
            try:
                self.lost_password = prove_address(user=user, email=records[-1]["email"])
            except AddressChangedError as reason:
                clear_authentication_records(request)
                messages.error(request, _("Het e-mailadres van dit account is veranderd. Vraag een nieuwe code."))
                raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_request_login_code"))) from reason
        super().login(request, user)
        request.session.set_expiry(settings.SESSION_COOKIE_AGE if request.POST.get("remember") else 0)

    def post_login(self, request: HttpRequest, user: User, **kwargs) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        if not self.lost_password:
            return response
        query = urlencode({REDIRECT_FIELD_NAME: response["Location"]})
        return HttpResponseRedirect(f"{reverse('account_set_password')}?{query}")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Every password passes here: counted before it is looked at, and taken back where it was right."""
        email = UserManager.normalize_email(credentials.get("email"))
        self.counts = known_browsers.counts(request, email, ratelimit.PASSWORDS, ratelimit.PASSWORDS_OF_ADDRESS)
        try:
            ratelimit.take(*self.counts)
        except ratelimit.LimitReachedError as reason:
            raise self.validation_error("too_many_login_attempts") from reason

    def _rollback_login_failed_rl_usage(self) -> None:
        """allauth calls this when the password was right."""
        for count in self.counts:
            count.take_back()

    def set_password(self, user: User, password: str) -> None:
        """Only in place of the one that this request found, and nothing else of the row: the owner may have proven the
        address meanwhile, which ends every session but hers. A new password also ends the wait after wrong ones."""
        before = user.password
        user.set_password(password)
        if not User.objects.filter(pk=user.pk, password=before).update(password=user.password):
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        self.request.signed_in_here = user  # so that this browser stays known (known_browsers.remember)
        for count in known_browsers.all_counts(self.request, user, ratelimit.PASSWORDS):
            count.forget()

    def ajax_response(self, request: HttpRequest, response: HttpResponse, **kwargs) -> HttpResponse:
        """allauth makes a 200 of whatever a valid form led to, of a refusal too."""
        return response if response.status_code >= 400 else super().ajax_response(request, response, **kwargs)

    def ajax_response_form(self, form: forms.Form) -> dict[str, Any]:
        """Without what was typed as a password, which allauth would send back."""
        spec = super().ajax_response_form(form)
        for field in form:
            if isinstance(field.field.widget, PasswordInput):
                spec["fields"][field.html_name]["value"] = None
        return spec

    def get_client_ip(self, request: HttpRequest) -> str:
        """allauth's own raises where X-Forwarded-For is nonsense."""
        return ratelimit.network_address(request)

    def send_password_reset_mail(self, user: User, email: str, words: dict) -> None:
        super().send_password_reset_mail(user, email, words | {"password_reset_url": reset_link(user)})

    def send_mail(self, template_prefix: str, email: str, words: dict) -> None:
        """Each is counted. A mail server that is out must not look as if the site were broken."""
        whose = UserManager.normalize_email(email)
        counts = known_browsers.counts(self.request, whose, ratelimit.MAILS, ratelimit.MAILS_OF_ADDRESS)
        try:
            with ratelimit.attempt(*counts):
                super().send_mail(template_prefix, email, words | {"site_url": settings.SITE_URL})
        except ratelimit.LimitReachedError as reason:
            raise ImmediateHttpResponse(error_views.too_many(self.request)) from reason
        except (OSError, SMTPException) as reason:
            log.error("mail could not be sent: %s", type(reason).__name__)  # what it says names the address
            page = render(self.request, "account/mail_failed.html", status=503)
            raise ImmediateHttpResponse(page) from reason


def in_our_words(form: forms.Form, **words: tuple) -> None:
    """Per field a label, what is said when it is empty, and a hint; no placeholders, which go away while you type."""
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
    return forms.BooleanField(required=False)


class SignInForm(allauth_forms.LoginForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self, login=EMAIL, password=PASSWORD, remember=REMEMBER)
        self.fields["login"].widget.attrs["autocomplete"] = "username"

    def clean_login(self) -> str:
        return UserManager.normalize_email(self.cleaned_data["login"])


class SignUpForm(allauth_forms.SignupForm):
    """Name, address, password. Whoever has an account already and knows its password is signed in: that is also what
    a double tap on the button comes down to."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    remember = remember_field()
    field_order = ["name", "email", "password1", "remember"]
    known: User | None = None

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(
            self,
            name=(_("Naam"), _("Vul je naam in."), _("Zo ziet je docent wie je bent.")),
            email=EMAIL,
            password1=(_("Wachtwoord"), _("Kies een wachtwoord."), NEW_PASSWORD[2]),
            remember=REMEMBER,
        )

    def clean_email(self) -> str:
        return stored_email(self.cleaned_data["email"])

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("email"):
            deletion.make_room(data["email"])
        # Only with a password, which is counted as a try: without one this would tell for nothing who has an account.
        if data.get("email") and data.get("password1") and User.objects.filter(email=data["email"]).exists():
            self.known = self.who_knows_the_password()
            if self.known is None:
                self.add_error("email", get_adapter().error_messages["email_taken"])
        return data

    def who_knows_the_password(self) -> User | None:
        """Counted as an attempt to sign in, or this would be the place to guess passwords."""
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
        except IntegrityError:  # the same form came twice, at the same time
            user = self.who_knows_the_password()
            return user, None if user else HttpResponseRedirect(reverse("account_login"))

    def make_account(self) -> User:
        user = User(email=self.cleaned_data["email"], name=self.cleaned_data["name"])
        user.set_password(self.cleaned_data["password1"])  # half a second of work: not with the database locked
        with transaction.atomic():
            user.save()
        return user


class AskResetForm(allauth_forms.ResetPasswordForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self, email=EMAIL)


class ResetForm(allauth_forms.ResetPasswordKeyForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self, password1=NEW_PASSWORD, password2=AGAIN)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        current = (_("Huidig wachtwoord"), _("Vul je huidige wachtwoord in."))
        in_our_words(self, oldpassword=current, password1=NEW_PASSWORD, password2=AGAIN)

    def clean_oldpassword(self) -> str:
        """Counted as an attempt to sign in, or this would be the place to guess passwords."""
        password = self.cleaned_data["oldpassword"]
        if get_adapter().authenticate(context.request, email=self.user.email, password=password) != self.user:
            raise get_adapter().validation_error("enter_current_password")
        return password


class SetPasswordForm(ProofMixin, allauth_forms.SetPasswordForm):
    """With a code by mail, unless this session began with one just now: a password proves who asks from then on."""

    field_order = ["proof", "password1", "password2"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.request = context.request
        in_our_words(self, password1=NEW_PASSWORD, password2=AGAIN)
        if reauthentication.came_by_code(self.request):
            del self.fields["proof"]
        else:
            self.ask_for_proof()

    def save(self) -> None:
        super().save()
        reauthentication.spend_code(self.request)


class AskCodeForm(allauth_forms.RequestLoginCodeForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self, email=EMAIL)


class CodeForm(allauth_forms.ConfirmLoginCodeForm):
    remember = remember_field()

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self, code=(_("Code"), _("Typ de code uit je mail over.")), remember=REMEMBER)
        self.fields["code"].widget.attrs["autocapitalize"] = "characters"

    def clean_code(self) -> str:
        """allauth counts wrong ones in the session, where many at once count as one."""
        tries = Count(ratelimit.TYPED_CODES, f"sign-in {context.request.session.session_key} {self.expected_code}")
        try:
            ratelimit.take(tries)
        except ratelimit.LimitReachedError as reason:
            raise get_adapter().validation_error("incorrect_code") from reason
        code = super().clean_code()
        login = unstash_login(context.request, peek=True)
        if login is None or login.user is None:  # the account was deleted since
            raise get_adapter().validation_error("incorrect_code")
        tries.take_back()
        return code
