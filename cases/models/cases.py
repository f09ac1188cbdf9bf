"""The library: parts, cases with their actors, keywords and literature, and the editions that were published."""

import math
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KEPT_FOR = timedelta(days=1)  # an upload that was not confirmed by then is thrown away
WORDS_PER_MINUTE = 180  # unhurried reading on a screen; the length in minutes is rounded up


class Status(models.TextChoices):
    CONCEPT = "concept", _("concept")
    PUBLISHED = "published", _("gepubliceerd")
    ARCHIVED = "archived", _("gearchiveerd")
    WITHDRAWN = "withdrawn", _("ingetrokken")


class Sphere(models.TextChoices):
    """The yin-and-yang axis of the book."""

    INFORMAL = "informal", _("informeel")
    HYBRID = "hybrid", _("ertussenin")
    FORMAL = "formal", _("formeel")


class Library(models.Model):
    """One row. Its version goes up with everything that changes what readers see, so that caches know."""

    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "library"

    def __str__(self) -> str:
        return f"version {self.version}"


class Part(models.Model):
    number = models.PositiveSmallIntegerField(_("nummer"), unique=True)
    title = models.CharField(_("titel"), max_length=120)
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
    """A kind of person or institution that has a part in a case."""

    name = models.CharField(_("naam"), max_length=80, unique=True)
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
    name = models.CharField(_("sleutelwoord"), max_length=60, unique=True)
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
        """The catalogue with this keyword: as a filter, or as a search where it is no filter."""
        return f"{reverse('cases:catalogue')}?{'trefwoord' if self.is_filter else 'q'}={self.slug}"


class FormerName(models.Model):
    """What a word was called before it was renamed or merged, so that old files and old addresses still find it.
    Empty where only the other of the two changed."""

    name = models.CharField(max_length=80, blank=True)
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


class CaseQuerySet(models.QuerySet):
    def published(self) -> "CaseQuerySet":
        return self.filter(status=Status.PUBLISHED)

    def for_editors(self) -> "CaseQuerySet":
        """All but a working copy of a case that was withdrawn, which tells the same story."""
        return self.exclude(revises__status=Status.WITHDRAWN)

    def sent_in(self) -> "CaseQuerySet":
        """What waits for publication."""
        return self.for_editors().filter(status=Status.CONCEPT, sent_in_at__isnull=False)

    def for_files(self) -> "CaseQuerySet":
        """With all that a case file says, in a fixed number of queries."""
        return self.select_related("part").prefetch_related(
            models.Prefetch("case_actors", CaseActor.objects.select_related("actor")),
            models.Prefetch("case_keywords", CaseKeyword.objects.select_related("keyword")),
            "references",
            "questions",
        )

    def for_cards(self) -> "CaseQuerySet":
        """With all that a card in the catalogue shows, in a fixed number of queries."""
        return self.select_related("part").prefetch_related("keywords", "actors")

    def for_reading(self) -> "CaseQuerySet":
        """With all that the page of a case shows, in a fixed number of queries."""
        return self.select_related("part").prefetch_related(
            "keywords",
            models.Prefetch("case_actors", CaseActor.objects.select_related("actor")),
            "references",
            "questions",
        )


class Case(models.Model):
    """A practice case (casus). The rows of a published case always say what its latest edition says."""

    number = models.PositiveSmallIntegerField(_("nummer"))
    slug = models.SlugField(_("webnaam"), max_length=100)
    title = models.CharField(_("titel"), max_length=200)
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
    version = models.PositiveIntegerField(_("versie"), default=1, editable=False)  # goes up with every change in a form
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
    withdrawn_copy = models.JSONField(null=True, editable=False)  # the working copy that was open then, as a document

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
        """How long reading takes, in whole minutes."""
        return max(1, math.ceil(self.word_count / WORDS_PER_MINUTE))

    @property
    def is_working_copy(self) -> bool:
        return self.revises_id is not None

    @property
    def is_concept(self) -> bool:
        return self.status == Status.CONCEPT

    @property
    def is_archived(self) -> bool:
        return self.status == Status.ARCHIVED

    @property
    def is_withdrawn(self) -> bool:
        """Someone recognised herself: of no edition may any text be shown."""
        return self.status == Status.WITHDRAWN

    @property
    def is_changed_since_sent_in(self) -> bool:
        return self.sent_in_at is not None and self.sent_in_version != self.version


class CaseActor(models.Model):
    case = models.ForeignKey(Case, models.CASCADE, related_name="case_actors")
    actor = models.ForeignKey(Actor, models.PROTECT, related_name="case_actors", verbose_name=_("actor"))
    person = models.CharField(_("naam in het verhaal"), max_length=120, blank=True)
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
    """A work from the literature list, in APA."""

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


class Edition(models.Model):
    """A case as it was published: the whole case file, numbered and dated. Never changed afterwards."""

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


class KeptUploadQuerySet(models.QuerySet):
    def expired(self) -> "KeptUploadQuerySet":
        return self.filter(created_at__lt=timezone.now() - KEPT_FOR)


class KeptUpload(models.Model):
    """Files that an editor sent and has looked at, but not confirmed yet. Here, and not on a disk, so that any process
    can go on with them."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = KeptUploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"upload {self.pk}"


class SearchWord(models.Model):
    """A folded word that stands in a case: what a misspelt word is compared with."""

    word = models.CharField(max_length=60, primary_key=True)

    def __str__(self) -> str:
        return self.word
