"""Addresses of accounts: the views of allauth in use, under its own names, and ours.

The other views of allauth have no address.
"""

from collections.abc import Callable

from allauth.account import views as allauth_views
from django.urls import URLPattern, path, re_path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from casebook.accounts import views
from casebook.accounts.views import View, with_mail
from casebook.demo import views as demo_views


def page(route: str, view: View, name: str, make: Callable[..., URLPattern] = path) -> URLPattern:
    """Return the route of a page with a form, which is never cached."""
    return make(route, never_cache(require_http_methods(["GET", "HEAD", "POST"])(view)), name=name)


urlpatterns = [
    page("account/inloggen/", allauth_views.login, "account_login"),
    page(
        "account/inloggen/code/",
        with_mail(allauth_views.request_login_code),
        "account_request_login_code",
    ),
    page("account/inloggen/code/typen/", with_mail(allauth_views.confirm_login_code), "account_confirm_login_code"),
    page("account/uitloggen/", allauth_views.logout, "account_logout"),
    page("account/aanmelden/", allauth_views.signup, "account_signup"),
    page("account/uitgezet/", allauth_views.account_inactive, "account_inactive"),
    page("account/wachtwoord/wijzigen/", allauth_views.password_change, "account_change_password"),
    page(
        "account/wachtwoord/kiezen/",
        demo_views.not_in_demonstration(allauth_views.password_set),
        "account_set_password",
    ),
    page("account/wachtwoord/vergeten/", views.ask_reset, "account_reset_password"),
    page("account/wachtwoord/onderweg/", with_mail(allauth_views.password_reset_done), "account_reset_password_done"),
    page(
        r"^account/wachtwoord/nieuw/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.reset_password,
        "account_reset_password_from_key",
        re_path,
    ),
    page(
        "account/wachtwoord/nieuw/klaar/",
        allauth_views.password_reset_from_key_done,
        "account_reset_password_from_key_done",
    ),
    path("account/rondkijken/", demo_views.sign_in, name="demo_sign_in"),
    path("account/wie/", views.who, name="who"),
    path("uitnodiging/<str:token>/", views.invitation, name="invitation"),
]
