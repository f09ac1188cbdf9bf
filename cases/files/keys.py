"""Keys of questions: which keys are allowed, and which one is proposed for a text."""

import re
from collections.abc import Collection

from django.utils.text import slugify

from casebook.lib.slugs import first_free

KEY_WORDS = 4
MAX_KEY = 50
# Words with which most questions begin, and which do not tell one question from another.
_small_word = re.compile(
    "aan|als|bij|dan|dat|de|deze|die|dit|een|en|er|haar|hem|het|hij|hoe|hun|ik|in|is|je|jij|jou|jouw|kan|kun|met|naar|of|"
    "om|op|over|te|tot|u|uit|van|voor|waar|waarom|wat|we|wel|welk|welke|wie|wij|wil|ze|zich|zij|zijn|zo|zou|zouden"
)
_key = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_teachers_key = re.compile(r"eigen-\d+")


def proposed_key(text: str, taken: Collection[str]) -> str:
    """Return a key for a question with this text that is not among the keys in use."""
    words = slugify(text).split("-")
    telling = [word for word in words if word and not _small_word.fullmatch(word)] or words
    base = "-".join(telling[:KEY_WORDS])[:MAX_KEY].strip("-") or "vraag"
    if is_teachers_key(base):
        base = f"vraag-{base}"
    return first_free(base, taken)


def is_key(key: str) -> bool:
    """Return whether this can be a key or a slug: lower-case letters and digits, with single hyphens between them."""
    return bool(_key.fullmatch(key))


def is_teachers_key(key: str) -> bool:
    """Return whether this is the key of a question that a teacher adds to a module: eigen-1 and so on."""
    return bool(_teachers_key.fullmatch(key))
