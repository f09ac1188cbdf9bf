"""The library as a whole: its version, and the words that are in its cases."""

from django.db import models


class Library(models.Model):
    """The version of the library, in one row.

    Every change in what readers see raises it, which makes cached values stale.
    """

    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "library"

    def __str__(self) -> str:
        return f"version {self.version}"


class SearchWord(models.Model):
    """A folded word that is in a published case: suggestions for misspelt words come from these."""

    word = models.CharField(max_length=60, primary_key=True)

    def __str__(self) -> str:
        return self.word
