"""Unpacking uploads: a hostile zip is refused with a message and within the memory that one file may take."""

import zipfile

import pytest

from cases.files import archives
from cases.files.reader import DocumentError
from tests.cases.packing import saved, with_false_sizes, with_flag, word_case, zipped, zipped_link

pytestmark = pytest.mark.once

KINDS = frozenset({".md", ".docx", archives.VOCABULARY_FILE})
OUTSIDE = "wijst naar een plek buiten de zip; maak de zip opnieuw"
BAD_NAME = "in de zip kan niet; gebruik letters, cijfers en streepjes"
KIND = "kan niet mee; alleen .md en casebook.yaml, los of in een .zip, en losse Word-bestanden (.docx)"


def refusal(name: str, content: bytes) -> str:
    found, [problem] = archives.unpack([(name, content)], KINDS)
    assert found == []
    return str(problem)


def unpacked(*files: tuple[str, bytes]) -> list[archives.Packed]:
    found, problems = archives.unpack(files, KINDS)
    assert problems == []
    return found


def test_separate_files_and_zips_are_unpacked_with_the_vocabulary_first():
    archive = zipped({"cases/": b"", "cases/01-x.md": b"een", "casebook.yaml": b"parts: []"})
    files = unpacked(("los.md", b"twee"), ("bundel.zip", archive))
    assert [(file.name, file.content) for file in files] == [
        ("casebook.yaml", b"parts: []"),
        ("los.md", b"twee"),
        ("cases/01-x.md", b"een"),
    ]


def test_files_that_macos_adds_are_ignored():
    archive = zipped({"__MACOSX/._01-x.md": b"\0", "01-x.md": b"een", ".DS_Store": b"\0"})
    assert [file.name for file in unpacked(("b.zip", archive))] == ["01-x.md"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../x.md", OUTSIDE),
        ("cases/../../x.md", OUTSIDE),
        ("/etc/x.md", OUTSIDE),
        ("cases//x.md", OUTSIDE),
        ("..\\x.md", BAD_NAME),
        ("C:/x.md", BAD_NAME),
        ("a\x1bb.md", BAD_NAME),
        ("foto.png", KIND),
        ("x.md.exe", KIND),
        ("cases/binnen.zip", "is zelf ingepakt; haal het eruit en kies het los"),
        ("cases/binnen.docx", "is zelf ingepakt; haal het eruit en kies het los"),
    ],
)
def test_a_file_name_that_is_not_allowed_is_refused(name, message):
    assert refusal("bundel.zip", zipped({name: b"x"})) == f"bundel.zip: {sentence(name, message)}"


def sentence(name: str, message: str) -> str:
    return f"de naam «{name}» {message}" if message == BAD_NAME else f"«{name}» {message}"


def test_a_zip_with_the_extension_of_a_case_file_is_refused():
    inner = zipped({"x.md": b"x"})
    assert refusal("b.zip", zipped({"x.md": inner})) == "b.zip: «x.md» is zelf ingepakt; haal het eruit en kies het los"


def test_a_symbolic_link_is_refused():
    message = refusal("b.zip", zipped_link("x.md", "/etc/passwd"))
    assert message == "b.zip: «x.md» is een verwijzing naar een ander bestand; doe het bestand zelf in de zip"


@pytest.mark.parametrize("size", [10, 2**31])
def test_the_sizes_in_the_directory_of_a_zip_are_not_trusted(size):
    """The zip has a little more than five megabytes of one letter, packed in a few kilobytes."""
    bomb = zipped({"x.md": b"a" * (archives.MAX_FILE + 1)})
    message = refusal("b.zip", with_false_sizes(bomb, size))
    assert message in {f"b.zip: {archives.TOO_BIG}", f"b.zip: {archives.BROKEN}"}


def test_a_zip_bomb_is_refused_while_it_is_unpacked():
    bomb = zipped({"x.md": b"\0" * (60 * archives.MEGABYTE)})
    assert len(bomb) < 100_000
    assert refusal("b.zip", bomb) == "b.zip: dit bestand is groter dan 5 MB, de grens voor één bestand"


def test_files_that_are_too_large_together_are_refused():
    one = b"\0" * (4 * archives.MEGABYTE)
    archive = zipped({f"{n}.md": one for n in range(13)})
    message = "alles samen is uitgepakt meer dan 50 MB; verdeel het over een paar keer"
    assert refusal("b.zip", archive) == f"b.zip: {message}"


def test_the_limit_of_size_counts_all_files_of_an_upload():
    archive = zipped({f"{n}.md": b"\0" * (4 * archives.MEGABYTE) for n in range(7)})
    found, problems = archives.unpack([("a.zip", archive), ("b.zip", archive)], KINDS)
    assert (len(found), [problem.file for problem in problems]) == (7, ["b.zip"])


def test_an_upload_has_at_most_five_hundred_files():
    assert len(unpacked(("b.zip", zipped({f"{n}.md": b"" for n in range(500)})))) == 500
    message = "dit zijn er meer dan 500; verdeel het over een paar keer"
    assert refusal("b.zip", zipped({f"{n}.md": b"" for n in range(501)})) == f"b.zip: {message}"
    assert refusal("b.zip", b"PK\x01\x02" * 1_000_000) == f"b.zip: {message}"


def test_a_separate_file_over_five_megabytes_is_refused():
    assert refusal("x.md", b"a" * (archives.MAX_FILE + 1)) == f"x.md: {archives.TOO_BIG}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"geen zip",
        zipped({"x.md": b"tekst" * 100})[:-30],
        zipped({"x.md": b"tekst"}, zipfile.ZIP_STORED).replace(b"tekst", b"ander"),
    ],
    ids=["empty", "no zip", "cut off", "another content"],
)
def test_a_broken_zip_is_refused(content):
    assert refusal("b.zip", content) == "b.zip: dit bestand is beschadigd of geen zip; maak het opnieuw"


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_expands_in_one_step_is_refused(compression):
    message = refusal("b.zip", zipped({"x.md": b"x" * 1000}, compression))
    assert message == "b.zip: «x.md» is ingepakt op een manier die hier niet kan; maak een gewone zip"


def test_a_zip_with_a_password_is_refused():
    message = refusal("b.zip", with_flag(zipped({"x.md": b"x"}), 0x1))
    assert message == "b.zip: deze zip heeft een wachtwoord; maak hem zonder"


def test_a_word_file_has_the_limits_of_a_zip():
    assert [file.name for file in unpacked(("a.docx", saved(word_case())))] == ["a.docx"]
    bomb = zipped({"word/document.xml": b" " * (60 * archives.MEGABYTE)})
    assert refusal("a.docx", bomb) == f"a.docx: {archives.TOO_BIG}"
    assert refusal("a.docx", b"geen Word") == f"a.docx: {archives.BROKEN}"


def test_every_refused_file_is_reported():
    found, problems = archives.unpack([("a.png", b""), ("b.zip", b"x"), ("c.md", b"goed")], KINDS)
    assert [problem.file for problem in problems] == ["a.png", "b.zip"]
    assert [packed.name for packed in found] == ["c.md"]


def test_an_invalid_byte_is_reported_with_its_line():
    with pytest.raises(DocumentError, match="x.md:2: dit bestand is geen UTF-8; sla het op als UTF-8"):
        archives.decode(archives.Packed("x.md", b"---\ntitle: \xff"))
