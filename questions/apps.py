"""The app for modules, assignments, answers and feedback."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QuestionsConfig(AppConfig):
    """The configuration of the app."""

    name = "questions"
    verbose_name = _("Modules en opdrachten")
