"""Functions that build zips and Word files for tests, some of them hostile."""

import io
import struct
import zipfile
import zlib

from docx import Document
from docx.document import Document as Word
from docx.shared import Inches


def zipped(files: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.filename = name  # unchanged, since ZipInfo normalises its argument
            archive.writestr(entry, content, compression)
    return packed.getvalue()


def zipped_link(name: str, target: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, target)
    return packed.getvalue()


def with_false_sizes(archive: bytes, size: int) -> bytes:
    """Return the zip with this size for every file in its directory."""
    changed, position = bytearray(archive), 0
    while (position := changed.find(b"PK\x01\x02", position)) >= 0:
        changed[position + 24 : position + 28] = struct.pack("<I", size)
        position += 4
    return bytes(changed)


def with_flag(archive: bytes, flag: int) -> bytes:
    """Return the zip with this flag for every file in its directory."""
    changed, position = bytearray(archive), 0
    while (position := changed.find(b"PK\x01\x02", position)) >= 0:
        changed[position + 8 : position + 10] = struct.pack("<H", flag)
        position += 4
    return bytes(changed)


def picture() -> io.BytesIO:
    """Return a PNG of one red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    )


def word_case(title: str = "Een stoel te weinig") -> Word:
    """Return a case in Word, with three headings, a table and a picture."""
    word = Document()
    word.add_heading(title, 0)
    word.add_heading("Inleiding", 1)
    paragraph = word.add_paragraph("Het was ")
    paragraph.add_run("druk ").bold = True
    paragraph.add_run("in het buurthuis, ")
    paragraph.add_run("heel druk").italic = True
    paragraph.add_run(".")
    word.add_heading("Casus", 1)
    word.add_heading("De eerste avond", 2)
    word.add_paragraph("Farida zet de stoelen klaar.")
    for item in ("koffie", "thee"):
        word.add_paragraph(item, style="List Bullet")
    table = word.add_table(2, 2)
    table.cell(0, 0).text, table.cell(1, 1).text = "Uur", "Stoelen"
    word.add_picture(picture(), width=Inches(1))
    word.add_heading("Slot", 1)
    word.add_paragraph("Er blijft iemand staan.")
    word.add_heading("Verdiepingsvragen", 1)
    word.add_paragraph("Doener: Wat doe je als eerste?", style="List Number")
    word.add_paragraph("Waarom blijft hij staan?", style="List Number")
    word.add_heading("Literatuur", 1)
    word.add_paragraph("Bos, E. (2019). Zitten. https://example.org/zitten")
    return word


def saved(word: Word) -> bytes:
    packed = io.BytesIO()
    word.save(packed)
    return packed.getvalue()
