"""The order of people in a list: by surname, as on a Dutch class list.

A sort name is stored with each user and is compared as plain characters, so that every list on every database has the
same order.
"""

import re
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from casebook.lib.text import fold, read_line

LONGEST = 160

_particles = (
    "aan af al bij d da dal das de del della den der des di do dos du el het in la las le les lo los onder op over s t"
    " te ten ter tot uit van vanden vander vom von voor y zu zum zur"
)
PARTICLES = frozenset(_particles.split())  # words before a surname, by which no Dutch list is sorted
# Letters that have no accent to leave out, and that no Dutch keyboard has.
LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n"}
)
ELIDED = re.compile(r"^(?:[dl]|'?[st])'(?=\w)|^'[st]$")
INITIAL = re.compile(r"(?:[^\W\d_]{1,2}\.)+")
NO_LETTER = re.compile(r"[^\w ]+|_")


def folded(text: str) -> str:
    """Return the text as sort names are stored: lower case, without accents and punctuation; «Łukasz» is «lukasz»."""
    small = fold(read_line(text)).casefold()  # again: «ℝ» only has a small letter once it is folded
    plain = small.translate(LETTERS).replace("-", " ").replace("/", " ")
    return " ".join(NO_LETTER.sub("", plain).split())[:LONGEST].rstrip()


def sort_name_of(name: str) -> str:
    """Return the sort name of a name: «Petra van der Berg» is sorted as «berg petra».

    The surname begins after the first word and the initials that follow it, or where more first names come before a
    particle, at that particle.
    """
    first, *rest = read_line(name).replace("’", "'").split(" ")
    parts = [re.split("[-–/]", part) for part in rest]
    initials = next((place for place, word in enumerate(rest) if not INITIAL.fullmatch(word)), 0)
    start = next((place for place, words in enumerate(parts) if any(map(_is_particle, words))), initials)
    surname = [ELIDED.sub("", word) for words in parts[start:] for word in words if folded(word) not in PARTICLES]
    return folded(" ".join([*surname, first, *rest[:start]]))


def _is_particle(word: str) -> bool:
    return folded(word) in PARTICLES or ELIDED.match(word.casefold()) is not None


class SortNameField(models.CharField):
    """The sort name of a row with a `name`. An empty one is stored as that of the name.

    PostgreSQL compares this column character by character, as SQLite does; its usual order depends on the language.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        return parameters | {"collation": "C"} if connection.vendor == "postgresql" else parameters

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = folded(super().pre_save(model_instance, add) or "") or sort_name_of(model_instance.name)
        setattr(model_instance, self.attname, value)
        return value
