"""The library as a whole: its version, and the words that are in it."""

from django.db import models


class Library(models.Model):
    """One row. Its version goes up with everything that changes what readers see, so that caches know."""

    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "library"

    def __str__(self) -> str:
        return f"version {self.version}"


class SearchWord(models.Model):
    """A folded word that stands in a case: what a misspelt word is compared with."""

    word = models.CharField(max_length=60, primary_key=True)

    def __str__(self) -> str:
        return self.word
