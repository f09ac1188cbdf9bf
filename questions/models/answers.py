"""What students write, what they hand in, and what they hear back."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casebook.lib.text import version_hash
from questions.models.answer_states import AnswerProgress, AnswerState, Verdict
from questions.models.modules import Enrolment, current_enrolment
from questions.models.questions import WITHHELD

MAX_LENGTH = 20_000  # code points, counted after normalising, here and in the browser
WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))  # all that Python takes for it


class Stripped(Func):
    """A text without the white space around it, as str.strip() takes it off; the text itself stays in the database."""

    function = "TRIM"
    output_field = models.TextField()

    def __init__(self, text: str, **extra) -> None:
        super().__init__(text, Value(WHITE_SPACE), **extra)

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, function="BTRIM", **context)


def is_written() -> Q:
    """A condition on answers: with more in it than white space. What it says is not read for that."""
    return ~Q(Exact(Stripped("text"), Value("")))


class AnswerQuerySet(models.QuerySet):
    def visible_to(self, user) -> "AnswerQuerySet":
        """A draft is its writer's alone, so an answer as such is visible to nobody else."""
        return self.filter(student=user)

    def begun(self) -> "AnswerQuerySet":
        """On which something was written or handed in. To tell teachers that it is so, never what."""
        return self.filter(is_written() | Exists(Submission.objects.filter(answer=OuterRef("pk"))))

    def with_state(self) -> "AnswerQuerySet":
        """With handed_in (the revision that counts), handed_in_at and verdict (the latest released on it)."""
        latest = Submission.objects.standing().filter(answer=OuterRef("pk")).order_by("-revision")
        released = (
            Feedback.objects.released()
            .filter(submission__answer=OuterRef("pk"), submission__withdrawn_at=None)
            .order_by("-submission__revision", "-released_at", "-pk")
        )
        return self.annotate(
            handed_in=Subquery(latest.values("revision")[:1]),
            handed_in_at=Subquery(latest.values("submitted_at")[:1]),
            handed_in_text=Subquery(latest.values("text")[:1]),
            verdict=Subquery(released.annotate(shown=Coalesce("released_verdict", "verdict")).values("shown")[:1]),
            verdict_on=Subquery(released.values("submission__revision")[:1]),
        )


class Answer(models.Model):
    """A student's own text on a question: for an assignment, or (without one) for themselves."""

    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="answers", verbose_name=_("student")
    )
    question = models.ForeignKey("questions.Question", models.PROTECT, related_name="answers", verbose_name=_("vraag"))
    assignment = models.ForeignKey(
        "questions.Assignment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="answers",
        verbose_name=_("opdracht"),
    )
    text = models.TextField(_("antwoord"), blank=True)
    revision = models.PositiveIntegerField(_("revisie"), default=1)
    writer = models.CharField(max_length=40, blank=True)
    writer_seq = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # When the text was last kept as a version, at first when it was begun; and how many characters went since.
    version_at = models.DateTimeField(default=timezone.now, editable=False)
    removed = models.PositiveIntegerField(default=0, editable=False)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("antwoord")
        verbose_name_plural = _("antwoorden")
        ordering = ["student", "assignment", "question"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "question", "assignment"],
                condition=Q(assignment__isnull=False),
                name="answer_once_in_assignment",
            ),
            models.UniqueConstraint(
                fields=["student", "question"], condition=Q(assignment__isnull=True), name="answer_once_in_own_study"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student}, vraag {self.question_id}"

    @property
    def progress(self) -> AnswerProgress:
        """How far it is, as its student may know. Needs with_state()."""
        return AnswerProgress(
            is_written=bool(self.text.strip()),
            is_handed_in=self.handed_in is not None,
            is_changed=self.text != self.handed_in_text,
            verdict=self.verdict if self.verdict_on == self.handed_in else None,
        )

    @property
    def state(self) -> AnswerState:
        """What the student sees. Needs with_state()."""
        return self.progress.for_student

    @property
    def has_unsubmitted_changes(self) -> bool:
        """Handed in before, and changed since. Needs with_state()."""
        return self.progress.has_unsubmitted_changes


class TextHashField(models.CharField):
    """The hash of the text of the same row, computed whenever the row is stored. A text itself is too long to index."""

    def __init__(self, **options) -> None:
        super().__init__(**options | {"max_length": 64, "editable": False})

    def deconstruct(self):
        """A plain field for migrations, which compute the hash in their own way."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options

    def pre_save(self, instance: models.Model, add: bool) -> str:
        setattr(instance, self.attname, version_hash(instance.text))
        return super().pre_save(instance, add)


class AnswerVersion(models.Model):
    """A text that would otherwise be gone. The writer finds it under «Eerdere versies»."""

    class Kind(models.TextChoices):
        LOST = "conflict", _("tegelijk geschreven, niet gekozen")
        CHOSEN = "chosen", _("vervangen toen je een andere tekst koos")
        SHRUNK = "shrunk", _("vóór je veel tekst weghaalde")
        EARLIER = "earlier", _("eerder, voor je verder schreef")
        HANDED_IN = "handed_in", _("ingeleverd")

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="versions")
    text = models.TextField()
    writer = models.CharField(max_length=40, blank=True)
    base_revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text_hash = TextHashField()

    class Meta:
        ordering = ["answer", "-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "kind", "text_hash"], name="answer_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.created_at:%d-%m-%Y %H:%M})"


class SubmissionQuerySet(models.QuerySet):
    def standing(self) -> "SubmissionQuerySet":
        """Handed in and not taken back."""
        return self.filter(withdrawn_at=None)

    def readable_for_teachers(self) -> "SubmissionQuerySet":
        """Standing, and handed in while the student was in the module."""
        return self.standing().filter(
            Q(**current_enrolment("answer__assignment__module__enrolments"))
            | Q(answer__assignment__module__enrolments__left_at__gte=F("submitted_at")),
            answer__assignment__module__enrolments__user=F("answer__student"),
        )

    def latest_standing(self) -> "SubmissionQuerySet":
        """Return the submission of each answer that was handed in last and not taken back."""
        return self.standing().filter(~Exists(_later()))

    def latest_for_teachers(self) -> "SubmissionQuerySet":
        """Return the last submission of each answer that teachers may read.

        Later submissions are compared with the enrolment that is joined already, which takes half the time of joining
        it again for each of them.
        """
        left_at = OuterRef("left_at")
        later = _later().filter(Q(IsNull(left_at, True)) | Q(submitted_at__lte=left_at))
        return (
            self.readable_for_teachers()
            .alias(left_at=F("answer__assignment__module__enrolments__left_at"))
            .filter(~Exists(later))
        )

    def with_is_to_read(self) -> "SubmissionQuerySet":
        """Return the submissions with is_to_read: whether no teacher has given feedback on it."""
        return self.annotate(is_to_read=~Exists(Feedback.objects.filter(submission=OuterRef("pk"))))


def _later() -> SubmissionQuerySet:
    """What was handed in of the same answer after the submission of the outer query, and not taken back."""
    same_answer = Submission.objects.standing().filter(answer=OuterRef("answer"))
    return same_answer.filter(revision__gt=OuterRef("revision")).order_by()


class Submission(models.Model):
    """An answer as it was handed in (ingeleverde versie). Nothing of it ever changes, but that it can be taken back,
    and that a withdrawn case hides how it asked."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="submissions", verbose_name=_("antwoord"))
    revision = models.PositiveIntegerField(_("revisie"))
    question_text = models.TextField(_("vraag zoals gesteld"))
    withheld_text = models.TextField(null=True, editable=False)  # noqa: DJ001 (as of a question)
    text = models.TextField(_("tekst"))
    submitted_at = models.DateTimeField(_("ingeleverd op"))
    withdrawn_at = models.DateTimeField(_("teruggenomen op"), null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("ingeleverde versie")
        verbose_name_plural = _("ingeleverde versies")
        ordering = ["answer", "-revision"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "revision"], name="submission_once_a_revision"),
        ]

    def __str__(self) -> str:
        return f"{self.answer}, versie {self.revision}"

    @property
    def asked(self) -> str:
        """The question as it was asked then; of a withdrawn case only that it was asked."""
        return str(WITHHELD) if self.withheld_text is not None else self.question_text


class FeedbackQuerySet(models.QuerySet):
    def released(self) -> "FeedbackQuerySet":
        """What students may see."""
        return self.filter(released_at__isnull=False)

    def waiting_for_release(self) -> "FeedbackQuerySet":
        """Never released, or changed since. (The other way round a released row is what its student sees.)"""
        return self.filter(Q(released_at=None) | Q(released_text__isnull=False))

    def releasable_by(self, author, module) -> "FeedbackQuerySet":
        """What this teacher may release in a module: own feedback, and that of authors who teach there no longer.

        A colleague may be in the middle of a sentence, so feedback of other teachers is released by themselves.
        """
        teachers = Enrolment.objects.current().teachers().filter(module=module).values("user")
        return (
            self.waiting_for_release()
            .filter(submission__answer__assignment__module=module)
            .filter(Q(author=author) | Q(author=None) | ~Q(author__in=teachers))
        )

    def undoable_by(self, author) -> "FeedbackQuerySet":
        """What one act gave to a selection and nobody changed or released since: it can be undone as a whole."""
        return self.filter(author=author, released_at=None).exclude(batch="")


class Feedback(models.Model):
    """What one teacher writes back. The student sees it once it is released."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="feedback")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="feedback_given")
    text = models.TextField(_("feedback"), blank=True)
    verdict = models.CharField(_("oordeel"), max_length=10, choices=Verdict.choices, default=Verdict.READ)
    revision = models.PositiveIntegerField(default=1)
    writer = models.CharField(max_length=40, blank=True)
    writer_seq = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    version_at = models.DateTimeField(default=timezone.now, editable=False)  # as of an answer
    removed = models.PositiveIntegerField(default=0, editable=False)
    released_at = models.DateTimeField(_("vrijgegeven op"), null=True, blank=True)
    # What the student goes on seeing while released feedback is being changed; null when that is text and verdict.
    released_text = models.TextField(null=True, blank=True)  # noqa: DJ001 (null is not the same as empty here)
    released_verdict = models.CharField(max_length=10, choices=Verdict.choices, null=True, blank=True)  # noqa: DJ001
    seen_at = models.DateTimeField(_("gezien op"), null=True, blank=True)
    taken_up_at = models.DateTimeField(_("student gaat hiermee verder sinds"), null=True, blank=True)
    batch = models.CharField(max_length=16, blank=True)  # rows that one act made for a selection, to undo together

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["submission", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "author"], name="feedback_once_an_author"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="feedback_verdict_known"),
        ]

    def __str__(self) -> str:
        return f"{self.author} over {self.submission}"

    @property
    def shown_text(self) -> str:
        """What the student reads, of released feedback."""
        return self.text if self.released_text is None else self.released_text

    @property
    def shown_verdict(self) -> Verdict:
        """What the student sees as verdict, of released feedback."""
        return Verdict(self.released_verdict or self.verdict)

    @property
    def is_released(self) -> bool:
        return self.released_at is not None

    @property
    def waits_for_release(self) -> bool:
        """Never released, or changed since."""
        return self.released_at is None or self.released_text is not None

    @property
    def release_note(self) -> str:
        """How much of this the student may see, in words."""
        if not self.is_released:
            return gettext("nog niet vrijgegeven")
        return gettext("wijziging nog niet vrijgegeven") if self.waits_for_release else gettext("vrijgegeven")

    @property
    def receipt_note(self) -> str:
        """What the student did with it, in words; "" where that is nothing."""
        if self.taken_up_at:
            return gettext("de student gaat hiermee verder")
        return gettext("gezien") if self.seen_at else ""


class FeedbackVersion(models.Model):
    """A text of a teacher that would otherwise be gone. Its writer finds it under the feedback."""

    class Kind(models.TextChoices):
        LOST = "conflict", _("tegelijk geschreven, niet gekozen")
        SHRUNK = "shrunk", _("vóór je veel tekst weghaalde")
        EARLIER = "earlier", _("eerder, voor je verder schreef")
        UNDONE = "undone", _("ongedaan gemaakt")

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="feedback_versions")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    text = models.TextField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Of feedback that was undone: where the next one on this version goes on counting. A revision never comes back, or
    # a page from before the undoing would take its own for the one that is stored.
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    text_hash = TextHashField()

    class Meta:
        ordering = ["submission", "-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "author", "kind", "text_hash"], name="feedback_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.created_at:%d-%m-%Y %H:%M})"


class PinnedAnswer(models.Model):
    """An answer that a teacher wants to show in class, without a name."""

    submission = models.OneToOneField(Submission, models.CASCADE, related_name="pin")
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    pinned_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pinned_at", "pk"]

    def __str__(self) -> str:
        return f"vastgezet: {self.submission}"


class SharedReading(models.Model):
    """Who has read classmates' answers in an assignment, and so can no longer take back an own one."""

    assignment = models.ForeignKey("questions.Assignment", models.CASCADE, related_name="shared_readings")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["assignment", "read_at"]
        constraints = [models.UniqueConstraint(fields=["assignment", "student"], name="shared_reading_once")]

    def __str__(self) -> str:
        return f"{self.student} las in {self.assignment}"


class DepartedWork(models.Model):
    """What is left in an assignment of students whose account was deleted: how many, and how much. No name, no text."""

    assignment = models.OneToOneField("questions.Assignment", models.CASCADE, related_name="departed")
    students = models.PositiveIntegerField(default=0)
    answers = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["assignment"]

    def __str__(self) -> str:
        return f"{self.assignment}: {self.answers} van {self.students}"
