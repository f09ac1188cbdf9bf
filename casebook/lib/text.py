"""Texts of users: one normal form, and a hash by which the page and the server identify the same text.

The page does the same in JavaScript (static/js). `tests/casebook/lib/text_vectors.json` has the cases on which both
must agree.
"""

import re
import unicodedata
from hashlib import sha256

NEWLINE = re.compile("\r\n|[\r\v\u2028\u2029]")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# Characters without a shape: controls, soft hyphens, zero-width spaces, direction marks, tags, and the fillers of
# Hangul and Khmer, which Unicode calls letters. White space is none of these.
SHAPELESS = re.compile(
    "[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e007f]"
)
NON_JOINER, JOINER = "\u200c", "\u200d"
VIRAMA = 9  # the combining class of the sign between two consonants, in the scripts of India
EMOJI_PARTS = {"So", "Sk", "Mn"}  # the categories of a picture, a skin tone and a variation selector
MOST_MARKS = 8  # characters before a joiner that are looked at: a letter and its marks
BLANK_BRAILLE = "\u2800"  # as wide as a space
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"

# Two safe primes. Their product is below 2**53, so that JavaScript can compute with it exactly; and 256 generates a
# large group modulo each, so that swapped bytes of a text change both remainders.
P1, P2 = 94905947, 94905803


def normalise(text: str) -> str:
    r"""Return the text with only \n as newline, without what a database cannot store: NUL and lone surrogates."""
    return UNSTORABLE.sub("", NEWLINE.sub("\n", text))


def fold(text: str) -> str:
    """Return the text in lower case without accents and what has no shape: «Coördinatie» becomes «coordinatie»."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    if decomposed.isascii():
        return decomposed
    return "".join(letter for letter in decomposed if letter.isascii() or _is_letter_of_its_own(letter))


def _is_letter_of_its_own(letter: str) -> bool:
    return not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"


def text_hash(text: str) -> str:
    """Return a 53-bit hash of a normalised text, as a decimal number. It tells texts apart; it protects no secret."""
    # The first byte makes texts differ that begin with different numbers of zero bytes.
    number = int.from_bytes(b"\x01" + text.encode("utf-8"), "big")
    return str(number % P1 * P2 + number % P2)


def version_hash(text: str) -> str:
    """Return the SHA-256 in hexadecimal digits: only one of two texts with the same hash is stored."""
    return sha256(text.encode("utf-8")).hexdigest()


def read_line(text: str) -> str:
    """Return the text of a field as one visible line in NFC: a name, a title, a word to look for.

    Left out are soft hyphens, zero-width spaces, direction marks and other characters without a shape, repeated
    spaces and those at both ends. A text of which nothing can be seen is empty.
    """
    line = " ".join(visible(text).split())
    return line if any(unicodedata.category(character)[0] in "LNPS" for character in line) else ""


def visible(text: str) -> str:
    """Return the text in NFC without the characters that have no shape. White space stays as it is."""
    shown = SHAPELESS.sub("", text.replace(BLANK_BRAILLE, " "))
    if NON_JOINER in shown or JOINER in shown:
        shown = _with_joiners_that_show(shown)
    return unicodedata.normalize("NFC", shown)


def _with_joiners_that_show(text: str) -> str:
    """Return the text with only those joiners and non-joiners that change the shape of what is around them.

    They are part of the spelling of Persian names and of names in the scripts of India, and join emoji.
    """
    kept: list[str] = []
    for place, character in enumerate(text):
        is_joiner = character in {NON_JOINER, JOINER}
        if not is_joiner or _shows("".join(kept[-MOST_MARKS:]), character, text[place + 1 : place + 2]):
            kept.append(character)
    return "".join(kept)


def _shows(before: str, joiner: str, after: str) -> bool:
    """Return whether a joiner or non-joiner between these texts changes the shape of a character next to it."""
    letters = before.rstrip("".join(filter(unicodedata.combining, before)))  # without the marks on the last one
    if VIRAMA in map(unicodedata.combining, before[len(letters) :]):
        return True
    if not letters or not after:
        return False
    if unicodedata.bidirectional(letters[-1]) == unicodedata.bidirectional(after) == "AL":
        return True
    is_emoji = unicodedata.category(letters[-1]) in EMOJI_PARTS and unicodedata.category(after) == "So"
    return joiner == JOINER and is_emoji


def has_right_to_left(text: str) -> bool:
    """Return whether the text has characters that are written from right to left, as those of Arabic and Hebrew."""
    return not text.isascii() and any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)


def isolated(name: str) -> str:
    """Return a name for use in a plain sentence, such that its direction changes nothing around it."""
    return f"{FIRST_STRONG_ISOLATE}{name}{POP_ISOLATE}" if has_right_to_left(name) else name
