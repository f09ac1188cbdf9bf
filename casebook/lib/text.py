"""Texts of users: one normal form, and a hash by which the page and the server identify the same text.

The page does the same in JavaScript (static/js). `tests/casebook/lib/text_vectors.json` has the cases on which both
must agree.
"""

import re
import unicodedata
from hashlib import sha256

NEWLINE = re.compile("\r\n|[\r\v\u2028\u2029]")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# Two safe primes. Their product is below 2**53, so that JavaScript can compute with it exactly; and 256 generates a
# large group modulo each, so that swapped bytes of a text change both remainders.
P1, P2 = 94905947, 94905803


def normalise(text: str) -> str:
    r"""Return the text with only \n as newline, without what a database cannot store: NUL and lone surrogates."""
    return UNSTORABLE.sub("", NEWLINE.sub("\n", text))


def fold(text: str) -> str:
    """Return the text in lower case without accents, for comparison: «Coördinatie» becomes «coordinatie»."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def text_hash(text: str) -> str:
    """Return a 53-bit hash of a normalised text, as a decimal number. It tells texts apart; it protects no secret."""
    # The first byte makes texts differ that begin with different numbers of zero bytes.
    number = int.from_bytes(b"\x01" + text.encode("utf-8"), "big")
    return str(number % P1 * P2 + number % P2)


def version_hash(text: str) -> str:
    """Return the SHA-256 in hexadecimal digits: only one of two texts with the same hash is stored."""
    return sha256(text.encode("utf-8")).hexdigest()


def read_line(text: str) -> str:
    """Return the text of a field as one line.

    NUL, which PostgreSQL can neither store nor look for, is left out, and so are repeated spaces and those at both
    ends.
    """
    return " ".join(text.replace("\0", "").split())
