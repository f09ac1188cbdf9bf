"""The reflection questions of a case."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from questions.models.modules import Assignment

WITHHELD = _("(Deze vraag is samen met de casus ingetrokken.)")  # shown instead of the text of the question


class Kolb(models.TextChoices):
    """The four lenses: kinds of question, after Kolb's learning cycle. They never describe a person."""

    DOENER = "doener", _("doener")
    BESCHOUWER = "beschouwer", _("beschouwer")
    DENKER = "denker", _("denker")
    BESLISSER = "beslisser", _("beslisser")

    @property
    def asks_for(self) -> str:
        """Return one Dutch line that says what this kind of question asks for."""
        return ASKS_FOR[self]


ASKS_FOR = {
    Kolb.DOENER: _("Een eerste stap: wat ga je doen of uitproberen?"),
    Kolb.BESCHOUWER: _("Kijk van meer kanten: wat raakt je, en waarom doet iemand zo?"),
    Kolb.DENKER: _("Leg uit: met een begrip, een model of onderzoek."),
    Kolb.BESLISSER: _("Weeg af en kies: wat past hier, en waarom?"),
}


class QuestionQuerySet(models.QuerySet):
    """Questions of the library and of assignments."""

    def in_library(self) -> "QuestionQuerySet":
        """Return the questions of cases that are not retired and not added by a teacher for one module."""
        return self.filter(retired=False, module=None)

    def asked_in_assignment(self, assignment: Assignment) -> "QuestionQuerySet":
        """Return the questions that an assignment asks now, in its order."""
        asked = self.filter(asked_in__assignment=assignment, asked_in__dropped=False)
        return asked.order_by("asked_in__position", "pk")

    def ever_asked_in(self, assignment: Assignment) -> "QuestionQuerySet":
        """Return the questions of an assignment, including dropped ones, which have is_dropped set."""
        asked = self.filter(asked_in__assignment=assignment).annotate(is_dropped=models.F("asked_in__dropped"))
        return asked.order_by("asked_in__position", "pk")


class Question(models.Model):
    """A reflection question (verdiepingsvraag). Its key is unique in the case and is never used again."""

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="questions", verbose_name=_("casus"))
    key = models.SlugField(_("sleutel"), max_length=60)
    position = models.PositiveSmallIntegerField(_("volgorde"), default=0)
    text = models.TextField(_("vraag"))
    # While the case is withdrawn, the text of the question is here and the field `text` is empty. No page reads it.
    withheld_text = models.TextField(null=True, editable=False)  # noqa: DJ001 (null: not withheld)
    kolb = models.CharField(_("bril"), max_length=10, choices=Kolb.choices)
    retired = models.BooleanField(_("vervallen"), default=False)
    module = models.ForeignKey(
        "questions.Module",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="own_questions",
        verbose_name=_("alleen voor deze module"),
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("verdiepingsvraag")
        verbose_name_plural = _("verdiepingsvragen")
        ordering = ["case", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "key"], name="question_key_unique_in_case"),
            models.CheckConstraint(condition=models.Q(kolb__in=Kolb.values), name="question_kolb_known"),
        ]

    def __str__(self) -> str:
        return self.text

    def worded(self, wording: Mapping[str, str] | None = None) -> str:
        """Return the text of the question, as an edition words it if given, or a fixed sentence if it is withheld.

        The wording maps the keys of questions to texts.
        """
        if self.withheld_text is not None:
            return str(WITHHELD)
        return (wording or {}).get(self.key, self.text)

    @property
    def lens(self) -> Kolb:
        return Kolb(self.kolb)
