"""The adapter of allauth: signing up and in with our own texts, and where the site differs from allauth.

The only address of a user is User.email; allauth's table of addresses is empty, so that an address that a user gave up
can never open the account to which it once belonged.
"""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import clear_authentication_records, get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.forms import PasswordInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import int_to_base36, url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _

from casebook import error_views
from casebook.accounts import known_browsers
from casebook.lib import ratelimit
from casebook.models import User, UserManager

log = logging.getLogger(__name__)


class AddressChangedError(Exception):
    """A code was mailed to an address that is not, or no longer, the one of the account."""


@transaction.atomic
def prove_address(*, user: User, email: str) -> bool:
    """Store that the user of this account reads the mail of this address, to which a code was sent.

    Returns True where that removed the password of the account. Raises AddressChangedError where the account has
    another address now.

    Anybody can sign up with the address of another person, and wait until that person comes. So the first time that its
    owner proves the address, a password that was chosen before is removed, which ends every open session.
    """
    stored = User.objects.select_for_update().get(pk=user.pk)  # other changes of the address wait for this lock
    if UserManager.normalize_email(email) != stored.email:
        raise AddressChangedError
    user.password = stored.password  # the session that begins belongs to the stored password
    if stored.proven_email == stored.email:
        return False
    had_password = stored.has_usable_password()
    stored.proven_email = user.proven_email = stored.email
    stored.set_unusable_password()
    stored.save(update_fields=["proven_email", "password"])
    user.password = stored.password
    return had_password


def reset_link(user: User) -> str:
    """Return the link with which this user can choose a new password, once, within PASSWORD_RESET_TIMEOUT."""
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
        """Return whether the URL is on this site: not on another port or host of ALLOWED_HOSTS either."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign the user in, for every way of signing in. Without «onthoud mij» the session ends with the browser."""
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

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        if not self.lost_password:
            return response
        query = urlencode({REDIRECT_FIELD_NAME: response["Location"]})
        return HttpResponseRedirect(f"{reverse('account_set_password')}?{query}")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before the password is checked; right passwords are not counted in the end."""
        email = UserManager.normalize_email(credentials.get("email"))
        self.counts = known_browsers.counts(request, email, ratelimit.PASSWORDS, ratelimit.PASSWORDS_OF_ADDRESS)
        try:
            ratelimit.take(*self.counts)
        except ratelimit.LimitReachedError as reason:
            raise self.validation_error("too_many_login_attempts") from reason

    def _rollback_login_failed_rl_usage(self) -> None:
        """Undo the count; allauth calls this when the password was right."""
        for count in self.counts:
            count.take_back()

    def set_password(self, user: User, password: str) -> None:
        """Replace the password, unless it changed since the start of this request, and no other field of the row.

        The owner can have proven the address in the meantime, which ends all other sessions. A new password also
        deletes the counts of wrong ones.
        """
        before = user.password
        user.set_password(password)
        if not User.objects.filter(pk=user.pk, password=before).update(password=user.password):
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        self.request.signed_in_here = user  # so that this browser stays known (known_browsers.remember)
        for count in known_browsers.all_counts(self.request, user, ratelimit.PASSWORDS):
            count.forget()

    def ajax_response(self, request: HttpRequest, response: HttpResponse, **kwargs: Any) -> HttpResponse:
        """Return a refusal unchanged, since allauth makes a 200 of every response to a valid form."""
        return response if response.status_code >= 400 else super().ajax_response(request, response, **kwargs)

    def ajax_response_form(self, form: forms.Form) -> dict[str, Any]:
        """Return allauth's description of the form, without the passwords that were typed."""
        spec = super().ajax_response_form(form)
        for field in form:
            if isinstance(field.field.widget, PasswordInput):
                spec["fields"][field.html_name]["value"] = None
        return spec

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address of the client; allauth's own function raises on a malformed X-Forwarded-For."""
        return ratelimit.network_address(request)

    def send_password_reset_mail(self, user: User, email: str, context: dict) -> None:
        super().send_password_reset_mail(user, email, context | {"password_reset_url": reset_link(user)})

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Count and send a mail. A failing mail server gives a page that says so instead of an error."""
        whose = UserManager.normalize_email(email)
        counts = known_browsers.counts(self.request, whose, ratelimit.MAILS, ratelimit.MAILS_OF_ADDRESS)
        try:
            with ratelimit.attempt(*counts):
                super().send_mail(template_prefix, email, context | {"site_url": settings.SITE_URL})
        except ratelimit.LimitReachedError as reason:
            raise ImmediateHttpResponse(error_views.too_many(self.request)) from reason
        except (OSError, SMTPException) as reason:
            log.error("mail could not be sent: %s", type(reason).__name__)  # the message has the address
            page = render(self.request, "account/mail_failed.html", status=503)
            raise ImmediateHttpResponse(page) from reason
