"""Versions of answers and feedback: texts that another text replaced."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from casebook.lib.text import version_hash
from questions.models.answers import Answer, Submission


class TextHashField(models.CharField):
    """The hash of the text of the same row, computed at each save, since the text itself is too long to index."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"max_length": 64, "editable": False})

    def deconstruct(self) -> tuple[str, str, list, dict]:
        """Return a plain CharField for migrations, which compute the hash in their own way."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options

    def pre_save(self, instance: models.Model, add: bool) -> str:
        setattr(instance, self.attname, version_hash(instance.text))
        return super().pre_save(instance, add)


class AnswerVersion(models.Model):
    """A text of an answer that another text replaced. The student finds it under «Eerdere versies»."""

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


class FeedbackVersion(models.Model):
    """A text of feedback that another text replaced. The teacher finds it below the feedback."""

    class Kind(models.TextChoices):
        LOST = "conflict", _("tegelijk geschreven, niet gekozen")
        SHRUNK = "shrunk", _("vóór je veel tekst weghaalde")
        EARLIER = "earlier", _("eerder, voor je verder schreef")
        UNDONE = "undone", _("ongedaan gemaakt")

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="feedback_versions")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    text = models.TextField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # The revision of feedback that was undone; the next feedback on this submission counts on from it. If a revision
    # were used twice, a page opened before the undo would overwrite the new text.
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
