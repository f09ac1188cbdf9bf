"""The editions of a case: its case file as it was published."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.cases import Case


class Edition(models.Model):
    """A case as it was published: the whole case file, numbered and dated. It never changes."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="editions", verbose_name=_("casus"))
    number = models.PositiveIntegerField(_("editie"))
    text = models.TextField(_("casusbestand"))
    source_hash = models.CharField(_("vingerafdruk"), max_length=64, db_index=True)
    from_file = models.BooleanField(_("uit een bestand"), default=False)
    published_at = models.DateTimeField(_("gepubliceerd op"), auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("gepubliceerd door"),
    )
    note = models.CharField(_("toelichting"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("editie")
        verbose_name_plural = _("edities")
        ordering = ["case", "-number"]
        get_latest_by = "number"
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="edition_number_unique_in_case")]

    def __str__(self) -> str:
        return f"{self.case}, editie {self.number}"
