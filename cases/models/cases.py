"""Cases with their actors, keywords and literature."""

import math

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from casebook.lib.fields import LineField
from cases.models.vocabulary import Actor, Keyword, Part

WORDS_PER_MINUTE = 180  # a slow reading pace on a screen; the length in minutes is rounded up


class Status(models.TextChoices):
    CONCEPT = "concept", _("concept")
    PUBLISHED = "published", _("gepubliceerd")
    ARCHIVED = "archived", _("gearchiveerd")
    WITHDRAWN = "withdrawn", _("ingetrokken")


class CaseQuerySet(models.QuerySet):
    def published(self) -> "CaseQuerySet":
        return self.filter(status=Status.PUBLISHED)

    def for_editors(self) -> "CaseQuerySet":
        """Return all cases but the working copies of withdrawn cases, which have the same text."""
        return self.exclude(revises__status=Status.WITHDRAWN)

    def sent_in(self) -> "CaseQuerySet":
        """Return the concepts that were sent in for publication."""
        return self.for_editors().filter(status=Status.CONCEPT, sent_in_at__isnull=False)

    def for_files(self) -> "CaseQuerySet":
        """Fetch all that a case file has, in a fixed number of queries."""
        return self.select_related("part").prefetch_related(
            models.Prefetch("case_actors", CaseActor.objects.select_related("actor")),
            models.Prefetch("case_keywords", CaseKeyword.objects.select_related("keyword")),
            "references",
            "questions",
        )

    def for_cards(self) -> "CaseQuerySet":
        """Fetch all that a card in the catalogue shows, in a fixed number of queries."""
        return self.select_related("part").prefetch_related("keywords", "actors")

    def for_reading(self) -> "CaseQuerySet":
        """Fetch all that the page of a case shows, in a fixed number of queries."""
        return self.select_related("part").prefetch_related(
            "keywords",
            models.Prefetch("case_actors", CaseActor.objects.select_related("actor")),
            "references",
            "questions",
        )


class Case(models.Model):
    """A practice case (casus). The rows of a published case always equal its latest edition."""

    number = models.PositiveSmallIntegerField(_("nummer"))
    slug = models.SlugField(_("webnaam"), max_length=100)
    title = LineField(_("titel"), max_length=200)
    part = models.ForeignKey(Part, models.PROTECT, related_name="cases", verbose_name=_("deel"), null=True)
    summary = models.TextField(_("omschrijving"), blank=True)
    introduction = models.TextField(_("inleiding"), blank=True)
    body = models.TextField(_("middenstuk"), blank=True, help_text=_("Markdown; tussenkopjes beginnen met ###."))
    closing = models.TextField(_("slot"), blank=True)
    actors = models.ManyToManyField(Actor, through="CaseActor", related_name="cases", verbose_name=_("actoren"))
    keywords = models.ManyToManyField(
        Keyword, through="CaseKeyword", related_name="cases", verbose_name=_("sleutelwoorden")
    )
    status = models.CharField(_("stand"), max_length=10, choices=Status.choices, default=Status.CONCEPT)
    revises = models.OneToOneField(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="working_copy",
        verbose_name=_("werkversie van"),
    )
    word_count = models.PositiveIntegerField(_("woorden"), default=0, editable=False)
    version = models.PositiveIntegerField(_("versie"), default=1, editable=False)  # each save of a form raises it
    sent_in_at = models.DateTimeField(_("ingestuurd op"), null=True, blank=True, editable=False)
    sent_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("ingestuurd door"),
    )
    sent_in_version = models.PositiveIntegerField(null=True, blank=True, editable=False)
    withdrawn_reason = models.TextField(_("reden van intrekken"), blank=True, editable=False)
    withdrawn_copy = models.JSONField(null=True, editable=False)  # the working copy of that time, as a document

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("casus")
        verbose_name_plural = _("casussen")
        ordering = ["number", "pk"]
        permissions = [
            ("publish_case", _("Mag casussen publiceren")),
            ("archive_case", _("Mag casussen archiveren")),
            ("withdraw_case", _("Mag casussen intrekken")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number"], condition=Q(revises=None), name="case_number_unique"),
            models.UniqueConstraint(fields=["slug"], condition=Q(revises=None), name="case_slug_unique"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="case_status_known"),
            models.CheckConstraint(
                condition=Q(revises=None) | Q(status=Status.CONCEPT), name="case_working_copy_is_concept"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.PUBLISHED) | Q(part__isnull=False), name="case_published_has_part"
            ),
        ]
        indexes = [models.Index(fields=["status", "number"], name="case_status_number")]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("cases:case", args=[self.slug])

    @property
    def minutes(self) -> int:
        """Return the reading time in whole minutes."""
        return max(1, math.ceil(self.word_count / WORDS_PER_MINUTE))

    @property
    def is_working_copy(self) -> bool:
        return self.revises_id is not None

    @property
    def stage(self) -> str:
        """Return how far a concept is: sent in for publication, or a concept of a new case or of a published one."""
        if self.sent_in_at is not None:
            return _("ingestuurd")
        return _("werkversie") if self.is_working_copy else _("concept")

    @property
    def is_concept(self) -> bool:
        return self.status == Status.CONCEPT

    @property
    def is_published(self) -> bool:
        return self.status == Status.PUBLISHED

    @property
    def is_archived(self) -> bool:
        return self.status == Status.ARCHIVED

    @property
    def is_withdrawn(self) -> bool:
        """Return whether the case was withdrawn, so that the text of none of its editions can be shown."""
        return self.status == Status.WITHDRAWN

    @property
    def is_changed_since_sent_in(self) -> bool:
        return self.sent_in_at is not None and self.sent_in_version != self.version


class CaseActor(models.Model):
    case = models.ForeignKey(Case, models.CASCADE, related_name="case_actors")
    actor = models.ForeignKey(Actor, models.PROTECT, related_name="case_actors", verbose_name=_("actor"))
    person = LineField(_("naam in het verhaal"), max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(_("volgorde"), default=0)

    class Meta:
        verbose_name = _("actor in deze casus")
        verbose_name_plural = _("actoren in deze casus")
        ordering = ["case", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "actor", "person"], name="case_actor_person_once"),
        ]

    def __str__(self) -> str:
        return self.person or self.actor.name


class CaseKeyword(models.Model):
    case = models.ForeignKey(Case, models.CASCADE, related_name="case_keywords")
    keyword = models.ForeignKey(Keyword, models.PROTECT, related_name="case_keywords", verbose_name=_("sleutelwoord"))
    position = models.PositiveSmallIntegerField(_("volgorde"), default=0)

    class Meta:
        verbose_name = _("sleutelwoord bij deze casus")
        verbose_name_plural = _("sleutelwoorden bij deze casus")
        ordering = ["case", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["case", "keyword"], name="case_keyword_once")]

    def __str__(self) -> str:
        return self.keyword.name


class Reference(models.Model):
    """A work of the list of references, in APA style."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="references", verbose_name=_("casus"))
    text = models.TextField(_("verwijzing (APA)"))
    url = models.URLField(_("webadres"), max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(_("volgorde"), default=0)

    class Meta:
        verbose_name = _("literatuur")
        verbose_name_plural = _("literatuur")
        ordering = ["case", "position", "pk"]

    def __str__(self) -> str:
        return self.text
