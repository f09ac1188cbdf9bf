"""Texts that people write: one way to spell them, and a hash by which the page and the server name the same text.

The page does the same in JavaScript (static/js). `tests/casebook/lib/text_vectors.json` has the cases that both must
agree on.
"""

import re
import unicodedata
from hashlib import sha256

NEWLINE = re.compile("\r\n|[\r\v\u2028\u2029]")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# Two safe primes. Their product is below 2**53, so that JavaScript can compute with it exactly; and 256 generates a
# large group modulo each, so that bytes of a text that change places change both remainders.
P1, P2 = 94905947, 94905803


def normalise(text: str) -> str:
    r"""Only \n as newline, and nothing that a database cannot store: NUL and lone surrogates are dropped."""
    return UNSTORABLE.sub("", NEWLINE.sub("\n", text))


def fold(text: str) -> str:
    """The text in lower case without accents, to compare with: «Coördinatie» becomes «coordinatie»."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def text_hash(text: str) -> str:
    """A 53-bit hash of a normalised text, as a decimal number. It tells texts apart; it keeps nothing secret."""
    # The first byte makes texts differ that begin with other numbers of zero bytes.
    number = int.from_bytes(b"\x01" + text.encode("utf-8"), "big")
    return str(number % P1 * P2 + number % P2)


def version_hash(text: str) -> str:
    """SHA-256 in hexadecimal digits: of two texts with the same one only one is kept, so it must never collide."""
    return sha256(text.encode("utf-8")).hexdigest()


def read_line(text: str) -> str:
    """What a field says in one line: NUL is left out, which PostgreSQL cannot store or look for, and so are spaces at
    both ends and in rows."""
    return " ".join(text.replace("\0", "").split())
