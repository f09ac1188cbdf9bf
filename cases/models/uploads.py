"""Files that editors uploaded and have not confirmed yet."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

KEPT_FOR = timedelta(days=1)  # an upload that is not confirmed within this time is deleted


class KeptUploadQuerySet(models.QuerySet):
    def expired(self) -> "KeptUploadQuerySet":
        return self.filter(created_at__lt=timezone.now() - KEPT_FOR)


class KeptUpload(models.Model):
    """Files that an editor uploaded and has not confirmed yet.

    They are in the database and not on a disk, so that the next request can be for any process.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = KeptUploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"upload {self.pk}"
