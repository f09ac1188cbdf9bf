"""Read uploaded files and zips safely: the unpacked size is counted while reading, and refused files are named.

Every file becomes a `Packed` with its bytes, or a problem in a sentence. The sizes and names in the header of a zip are
not trusted.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from cases.files.reader import DocumentError, Problem, shortened

VOCABULARY_FILE = "casebook.yaml"
MEGABYTE = 1024 * 1024
MAX_FILE = 5 * MEGABYTE
MAX_TOTAL = 50 * MEGABYTE  # all files of one import together, unpacked
MAX_FILES = 500
PIECE = 64 * 1024

BROKEN = "dit bestand is beschadigd of geen zip; maak het opnieuw"
TOO_BIG = f"dit bestand is groter dan {MAX_FILE // MEGABYTE} MB, de grens voor één bestand"
TOO_MUCH = f"alles samen is uitgepakt meer dan {MAX_TOTAL // MEGABYTE} MB; verdeel het over een paar keer"
TOO_MANY = f"dit zijn er meer dan {MAX_FILES}; verdeel het over een paar keer"


@dataclass(frozen=True)
class Packed:
    """A file as it was uploaded."""

    name: str
    content: bytes

    @property
    def kind(self) -> str:
        """Return the extension of the file; of the vocabulary, its name."""
        path = PurePosixPath(self.name.lower())
        return VOCABULARY_FILE if path.name == VOCABULARY_FILE else path.suffix


class UnopenedError(Exception):
    """The reason why a file is not opened."""


class Budget:
    """The number of bytes that can still be unpacked."""

    def __init__(self) -> None:
        self.left = MAX_TOTAL

    def read(self, stream: IO[bytes], most: int = MAX_FILE) -> bytes:
        """Return the content of the stream. It is read in pieces, so that no more than `most` is ever in memory."""
        pieces = []
        while piece := stream.read(PIECE):
            most -= len(piece)
            self.left -= len(piece)
            if self.left < 0:
                raise UnopenedError(TOO_MUCH)
            if most < 0:
                raise UnopenedError(TOO_BIG)
            pieces.append(piece)
        return b"".join(pieces)


def unpack(files: Iterable[tuple[str, bytes]], kinds: frozenset[str]) -> tuple[list[Packed], list[Problem]]:
    """Return these files and those in zips among them, the vocabulary first, and the problems of refused files."""
    found: list[Packed] = []
    problems: list[Problem] = []
    budget = Budget()
    for name, content in files:
        try:
            if len(content) > (MAX_TOTAL if name.lower().endswith(".zip") else MAX_FILE):
                raise UnopenedError(TOO_BIG)
            inside = [*_inside(content, budget)] if name.lower().endswith(".zip") else [_loose(name, content, budget)]
            for packed in inside:
                _check_kind(packed, kinds)
            if len(found) + len(inside) > MAX_FILES:
                raise UnopenedError(TOO_MANY)
            found += inside
        except UnopenedError as refusal:
            problems.append(Problem(name, 0, str(refusal)))
    return sorted(found, key=lambda packed: packed.kind != VOCABULARY_FILE), problems


def _loose(name: str, content: bytes, budget: Budget) -> Packed:
    packed = Packed(name, content)
    if packed.kind == ".docx":
        for _part in _parts(content, budget):  # a Word file is a zip too: its size is checked here, docx.py opens it
            pass
    else:
        budget.read(io.BytesIO(content))
    return packed


def _check_kind(packed: Packed, kinds: frozenset[str]) -> None:
    if packed.kind not in kinds:
        shown = shortened(packed.name)
        word = ", en losse Word-bestanden (.docx)" if ".docx" in kinds else ""
        raise UnopenedError(f"«{shown}» kan niet mee; alleen .md en casebook.yaml, los of in een .zip{word}")


def _inside(content: bytes, budget: Budget) -> Iterable[Packed]:
    """Return the files in this zip, without those that macOS adds."""
    for name, data in _parts(content, budget):
        path = PurePosixPath(name)
        if path.parts[0] == "__MACOSX" or path.name.startswith("."):
            continue
        if path.suffix.lower() in {".zip", ".docx"} or data.startswith(b"PK\x03\x04"):
            raise UnopenedError(f"«{shortened(name)}» is zelf ingepakt; haal het eruit en kies het los")
        yield Packed(name, data)


def parts_of(content: bytes) -> dict[str, bytes]:
    """Return the files in a zip, the size of which was checked before, by name."""
    return dict(_parts(content, Budget()))


def _parts(content: bytes, budget: Budget) -> Iterable[tuple[str, bytes]]:
    if content.count(b"PK\x01\x02") > MAX_FILES:  # before Python reads what can be a million entries
        raise UnopenedError(TOO_MANY)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > MAX_FILES:
                raise UnopenedError(TOO_MANY)
            for entry in archive.infolist():
                _check_entry(entry)
                if not entry.is_dir():
                    with archive.open(entry) as stream:
                        yield entry.filename, budget.read(stream)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise UnopenedError(BROKEN) from error


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Raise UnopenedError for an entry with an unsafe name, a link, a password or another compression."""
    name = entry.orig_filename
    shown = shortened(name)
    parts = name.removesuffix("/").split("/")
    if "\\" in name or "\0" in name or ":" in name or not name.isprintable():
        raise UnopenedError(f"de naam «{shown}» in de zip kan niet; gebruik letters, cijfers en streepjes")
    if name.startswith("/") or ".." in parts or "" in parts:
        raise UnopenedError(f"«{shown}» wijst naar een plek buiten de zip; maak de zip opnieuw")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnopenedError(f"«{shown}» is een verwijzing naar een ander bestand; doe het bestand zelf in de zip")
    if entry.flag_bits & 0x1:
        raise UnopenedError("deze zip heeft een wachtwoord; maak hem zonder")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise UnopenedError(f"«{shown}» is ingepakt op een manier die hier niet kan; maak een gewone zip")


def decode(packed: Packed) -> str:
    """Return the text of a file. Raises DocumentError where it is not UTF-8."""
    try:
        return packed.content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DocumentError([Problem(packed.name, line, "dit bestand is geen UTF-8; sla het op als UTF-8")]) from error
