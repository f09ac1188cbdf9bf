"""The app of the site itself."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _


class CasebookConfig(AppConfig):
    name = "casebook"
    verbose_name = _("Mensen")

    def ready(self) -> None:
        from casebook.accounts import deletion, known_browsers
        from casebook.demo import checks  # noqa: F401
        from casebook.lib.ids import IdConverter

        register_converter(IdConverter, "id")  # for <id:pk> in the routes of every app

        # The only signal of the site. There are several ways to sign in (password, code, a new password, demo), and a
        # way without this call would delete the account of a user who returned.
        user_logged_in.connect(deletion.cancel_deletion, dispatch_uid="cancel_deletion")
        user_logged_in.connect(known_browsers.note, dispatch_uid="note")
