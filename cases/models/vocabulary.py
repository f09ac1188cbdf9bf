"""The words that cases refer to: parts, kinds of actor and keywords, with the former names of these."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from casebook.lib.fields import LineField


class Sphere(models.TextChoices):
    """How formal an actor is: the yin-and-yang axis of the book."""

    INFORMAL = "informal", _("informeel")
    HYBRID = "hybrid", _("ertussenin")
    FORMAL = "formal", _("formeel")


class Part(models.Model):
    number = models.PositiveSmallIntegerField(_("nummer"), unique=True)
    title = LineField(_("titel"), max_length=120)
    slug = models.SlugField(_("webnaam"), max_length=60, unique=True)
    introduction = models.TextField(_("inleiding"), blank=True)

    class Meta:
        verbose_name = _("deel")
        verbose_name_plural = _("delen")
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Deel {self.number}: {self.title}"

    def get_absolute_url(self) -> str:
        return f"{reverse('cases:catalogue')}?deel={self.slug}"


class Actor(models.Model):
    """A kind of person or institution that plays a role in a case."""

    name = LineField(_("naam"), max_length=80, unique=True)
    slug = models.SlugField(_("webnaam"), max_length=80, unique=True)
    sphere = models.CharField(_("informeel of formeel"), max_length=8, choices=Sphere.choices)

    class Meta:
        verbose_name = _("actor")
        verbose_name_plural = _("actoren")
        ordering = ["name"]
        permissions = [("merge_actor", _("Mag actoren samenvoegen en hernoemen"))]
        constraints = [models.CheckConstraint(condition=Q(sphere__in=Sphere.values), name="actor_sphere_known")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('cases:catalogue')}?actor={self.slug}"


class Keyword(models.Model):
    name = LineField(_("sleutelwoord"), max_length=60, unique=True)
    slug = models.SlugField(_("webnaam"), max_length=60, unique=True)
    synonyms = models.JSONField(
        _("synoniemen"), default=list, blank=True, help_text=_("Woorden waarmee je deze ook vindt.")
    )
    is_filter = models.BooleanField(
        _("als filter tonen"),
        default=True,
        help_text=_("Zet uit voor een woord over iemands afkomst: zoeken kan, filteren niet."),
    )

    class Meta:
        verbose_name = _("sleutelwoord")
        verbose_name_plural = _("sleutelwoorden")
        ordering = ["name"]
        permissions = [("merge_keyword", _("Mag sleutelwoorden samenvoegen en hernoemen"))]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the catalogue with this keyword as a filter, or as a search where it is no filter."""
        return f"{reverse('cases:catalogue')}?{'trefwoord' if self.is_filter else 'q'}={self.slug}"


class FormerName(models.Model):
    """A name that a word had before it was renamed or merged, by which old files and addresses still find it.

    The name or the slug is empty where only the other one changed.
    """

    name = LineField(max_length=80, blank=True)
    slug = models.SlugField(max_length=80, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=~Q(name=""), name="%(class)s_name_unique"),
            models.UniqueConstraint(fields=["slug"], condition=~Q(slug=""), name="%(class)s_slug_unique"),
        ]

    def __str__(self) -> str:
        return self.name or self.slug


class FormerActor(FormerName):
    now = models.ForeignKey(Actor, models.CASCADE, related_name="former")


class FormerKeyword(FormerName):
    now = models.ForeignKey(Keyword, models.CASCADE, related_name="former")
