"""Answers of students, their submissions, and the feedback of teachers."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from questions.models.answer_states import AnswerProgress, AnswerState, Verdict
from questions.models.modules import Enrolment, Module, current_enrolment
from questions.models.questions import WITHHELD

TAKE_BACK_FOR = timedelta(hours=1)  # how long a release of feedback can be undone
MAX_LENGTH = 20_000  # code points, counted after normalising, here and in the browser
WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))  # every character that str.strip() removes


class Stripped(Func):
    """A text without surrounding white space, as str.strip() removes it, computed in the database."""

    function = "TRIM"
    output_field = models.TextField()

    def __init__(self, text: str, **extra: Any) -> None:
        super().__init__(text, Value(WHITE_SPACE), **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, list]:
        """Return the SQL for PostgreSQL, where the function has another name."""
        return self.as_sql(compiler, connection, function="BTRIM", **context)


def is_written() -> Q:
    """Return a condition on answers with more than white space. The texts are not read from the database."""
    return ~Q(Exact(Stripped("text"), Value("")))


class AnswerQuerySet(models.QuerySet):
    """Answers by user and by progress."""

    def visible_to(self, user: AbstractBaseUser) -> "AnswerQuerySet":
        """Return the answers of this user. Other users see submissions only, since an answer may be a draft."""
        return self.filter(student=user)

    def begun(self) -> "AnswerQuerySet":
        """Return the answers on which something was written or handed in. Teachers see only that this is so."""
        return self.filter(is_written() | Exists(Submission.objects.filter(answer=OuterRef("pk"))))

    def with_state(self) -> "AnswerQuerySet":
        """Annotate handed_in (the revision in force), handed_in_at, handed_in_text, verdict and verdict_on.

        The verdict is the last one released on a submission in force; verdict_on is the revision of that submission.
        """
        latest = Submission.objects.in_force().filter(answer=OuterRef("pk")).order_by("-revision")
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
    """A student's text for a question: for an assignment, or for own study if there is no assignment."""

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
    # The time of the last version of the text, or of its creation; and the number of characters removed since then.
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
        """Return the progress of the answer, as far as its student may know it. Requires with_state()."""
        return AnswerProgress(
            is_written=bool(self.text.strip()),
            is_handed_in=self.handed_in is not None,
            is_changed=self.text != self.handed_in_text,
            verdict=self.verdict if self.verdict_on == self.handed_in else None,
        )

    @property
    def state(self) -> AnswerState:
        """Return the state that the student sees. Requires with_state()."""
        return self.progress.for_student

    @property
    def has_unsubmitted_changes(self) -> bool:
        """Return whether the answer was handed in before and has changed since. Requires with_state()."""
        return self.progress.has_unsubmitted_changes


class SubmissionQuerySet(models.QuerySet):
    """Submissions that are in force, and those that teachers may read."""

    def in_force(self) -> "SubmissionQuerySet":
        """Return the submissions that were not taken back."""
        return self.filter(withdrawn_at=None)

    def readable_for_teachers(self) -> "SubmissionQuerySet":
        """Return the submissions that were not taken back and were handed in while the student was in the module."""
        return self.in_force().filter(
            Q(**current_enrolment("answer__assignment__module__enrolments"))
            | Q(answer__assignment__module__enrolments__left_at__gte=F("submitted_at")),
            answer__assignment__module__enrolments__user=F("answer__student"),
        )

    def latest_in_force(self) -> "SubmissionQuerySet":
        """Return the submission of each answer that was handed in last and not taken back."""
        return self.in_force().filter(~Exists(_later()))

    def latest_for_teachers(self) -> "SubmissionQuerySet":
        """Return the last submission of each answer that teachers may read.

        Later submissions are compared with the enrolment that is joined already, which takes half the time of joining
        it again for each of them. Pages that read every answer of an assignment use readable_for_teachers() instead, by
        revision, and keep the last of each answer.
        """
        left_at = OuterRef("left_at")
        later = _later().filter(Q(IsNull(left_at, True)) | Q(submitted_at__lte=left_at))
        return (
            self.readable_for_teachers()
            .alias(left_at=F("answer__assignment__module__enrolments__left_at"))
            .filter(~Exists(later))
        )

    def with_is_to_read(self) -> "SubmissionQuerySet":
        """Annotate is_to_read: whether no teacher has written feedback on the submission."""
        return self.annotate(is_to_read=~Exists(Feedback.objects.filter(submission=OuterRef("pk"))))


def _later() -> SubmissionQuerySet:
    """Return the later submissions, not taken back, of the answer of the submission in the outer query."""
    same_answer = Submission.objects.in_force().filter(answer=OuterRef("answer"))
    return same_answer.filter(revision__gt=OuterRef("revision")).order_by()


class Submission(models.Model):
    """An answer as it was handed in (ingeleverde versie).

    The row is immutable, with two exceptions: the student can take it back, and a withdrawn case hides its question.
    """

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
        """Return the question as it was asked then, or a fixed sentence if its case is withdrawn."""
        return str(WITHHELD) if self.withheld_text is not None else self.question_text


class FeedbackQuerySet(models.QuerySet):
    """Feedback by whether it was released, can be released, or can be undone."""

    def released(self) -> "FeedbackQuerySet":
        """Return the feedback that students may see."""
        return self.filter(released_at__isnull=False)

    def waiting_for_release(self) -> "FeedbackQuerySet":
        """Return the feedback that was never released or has changed since its release."""
        return self.filter(Q(released_at=None) | Q(released_text__isnull=False))

    def releasable_by(self, author: AbstractBaseUser | int, module: Module) -> "FeedbackQuerySet":
        """Return the feedback that this teacher may release in a module.

        That is the teacher's own feedback, and that of authors who no longer teach there. Other teachers release their
        feedback themselves, since it may be unfinished.
        """
        return self.waiting_for_release().in_charge_of(author, module)

    def in_charge_of(self, author: AbstractBaseUser | int, module: Module) -> "FeedbackQuerySet":
        """Return the feedback in a module that this teacher may release, and take back after its release."""
        teachers = Enrolment.objects.current().teachers().filter(module=module).values("user")
        return self.filter(submission__answer__assignment__module=module).filter(
            Q(author=author) | Q(author=None) | ~Q(author__in=teachers)
        )

    def released_lately(self) -> "FeedbackQuerySet":
        """Return the feedback whose last release is so recent that it can be taken back while it is unseen."""
        return self.filter(released_at__gt=timezone.now() - TAKE_BACK_FOR)

    def unseen(self) -> "FeedbackQuerySet":
        """Return the released feedback that its student cannot have read.

        A student who wrote in the answer since then, or handed it in, had the page open, and may have read the feedback
        there.
        """
        untouched = Q(submission__answer__updated_at__lte=F("released_at"))
        handed_in = Submission.objects.filter(
            answer=OuterRef("submission__answer"), submitted_at__gt=OuterRef("released_at")
        )
        return self.released().filter(untouched, ~Exists(handed_in), seen_at=None, taken_up_at=None)

    def undoable_by(self, author: AbstractBaseUser | int) -> "FeedbackQuerySet":
        """Return the feedback that this teacher made in bulk and that has not been changed or released since."""
        return self.filter(author=author, released_at=None).exclude(batch="")


class Feedback(models.Model):
    """The feedback of one teacher on one submission. The student sees it once it is released."""

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
    # The text and verdict that the student sees while released feedback is being changed; null if it is unchanged.
    released_text = models.TextField(null=True, blank=True)  # noqa: DJ001 (null is not the same as empty here)
    released_verdict = models.CharField(max_length=10, choices=Verdict.choices, null=True, blank=True)  # noqa: DJ001
    seen_at = models.DateTimeField(_("gezien op"), null=True, blank=True)
    taken_up_at = models.DateTimeField(_("student gaat hiermee verder sinds"), null=True, blank=True)
    # What the student saw before the last release, until that is seen: text, verdict and the times of the fields above.
    before_release = models.JSONField(null=True, blank=True, editable=False)
    batch = models.CharField(max_length=16, blank=True)  # the same for all rows that were made in bulk, to undo them

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
        """Return the text that the student sees, if the feedback is released."""
        return self.text if self.released_text is None else self.released_text

    @property
    def current_verdict(self) -> Verdict:
        """Return the verdict that was saved last, released or not."""
        return Verdict(self.verdict)

    @property
    def shown_verdict(self) -> Verdict:
        """Return the verdict that the student sees, if the feedback is released."""
        return Verdict(self.released_verdict) if self.released_verdict else self.current_verdict

    @property
    def is_released(self) -> bool:
        return self.released_at is not None

    @property
    def waits_for_release(self) -> bool:
        """Return whether the feedback was never released or has changed since its release."""
        return self.released_at is None or self.released_text is not None

    @property
    def may_be_taken_back(self) -> bool:
        """Return whether this is released feedback that can be taken back, unless its student wrote in the answer."""
        if self.released_at is None or self.seen_at or self.taken_up_at:
            return False
        return self.released_at > timezone.now() - TAKE_BACK_FOR

    @property
    def release_note(self) -> str:
        """Return the Dutch text that says whether the feedback is released."""
        if not self.is_released:
            return gettext("nog niet vrijgegeven")
        return gettext("wijziging nog niet vrijgegeven") if self.waits_for_release else gettext("vrijgegeven")

    @property
    def receipt_note(self) -> str:
        """Return the Dutch text that says what the student did with the feedback, or an empty string."""
        if self.taken_up_at:
            return gettext("de student gaat hiermee verder")
        return gettext("gezien") if self.seen_at else ""


class PinnedAnswer(models.Model):
    """An answer that a teacher pinned to show it in class without a name."""

    submission = models.OneToOneField(Submission, models.CASCADE, related_name="pin")
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    pinned_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pinned_at", "pk"]

    def __str__(self) -> str:
        return f"vastgezet: {self.submission}"


class SharedReading(models.Model):
    """A student who has read shared answers in an assignment, and can therefore no longer take an answer back."""

    assignment = models.ForeignKey("questions.Assignment", models.CASCADE, related_name="shared_readings")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["assignment", "read_at"]
        constraints = [models.UniqueConstraint(fields=["assignment", "student"], name="shared_reading_once")]

    def __str__(self) -> str:
        return f"{self.student} las in {self.assignment}"


class DepartedWork(models.Model):
    """The numbers of students and answers of deleted accounts in an assignment, without names or texts."""

    assignment = models.OneToOneField("questions.Assignment", models.CASCADE, related_name="departed")
    students = models.PositiveIntegerField(default=0)
    answers = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["assignment"]

    def __str__(self) -> str:
        return f"{self.assignment}: {self.answers} van {self.students}"
