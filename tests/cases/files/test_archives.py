"""What is sent, opened with care: each hostile zip gets a sentence, and no more memory than a file may take."""

import zipfile

import pytest

from cases.files import archives
from cases.files.reader import DocumentError
from tests.cases.packing import saved, with_flag, with_lying_sizes, word_case, zipped, zipped_link

pytestmark = pytest.mark.once

KINDS = frozenset({".md", ".docx", archives.VOCABULARY_FILE})
OUTSIDE = "wijst naar een plek buiten de zip; maak de zip opnieuw"
BAD_NAME = "in de zip kan niet; gebruik letters, cijfers en streepjes"
KIND = "kan niet mee; alleen .md en casebook.yaml, los of in een .zip, en losse Word-bestanden (.docx)"


def refusal(name: str, content: bytes) -> str:
    found, [problem] = archives.unpack([(name, content)], KINDS)
    assert found == []
    return str(problem)


def opened(*files: tuple[str, bytes]) -> list[archives.Packed]:
    found, problems = archives.unpack(files, KINDS)
    assert problems == []
    return found


def test_loose_files_and_zips_come_out_with_the_vocabulary_first():
    archive = zipped({"cases/": b"", "cases/01-x.md": b"een", "casebook.yaml": b"parts: []"})
    files = opened(("los.md", b"twee"), ("bundel.zip", archive))
    assert [(file.name, file.content) for file in files] == [
        ("casebook.yaml", b"parts: []"),
        ("los.md", b"twee"),
        ("cases/01-x.md", b"een"),
    ]


def test_what_a_mac_puts_in_by_itself_is_passed_by():
    archive = zipped({"__MACOSX/._01-x.md": b"\0", "01-x.md": b"een", ".DS_Store": b"\0"})
    assert [file.name for file in opened(("b.zip", archive))] == ["01-x.md"]


@pytest.mark.parametrize(
    ("name", "said"),
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
def test_a_name_that_plays_tricks_is_refused(name, said):
    assert refusal("bundel.zip", zipped({name: b"x"})) == f"bundel.zip: {sentence(name, said)}"


def sentence(name: str, said: str) -> str:
    return f"de naam «{name}» {said}" if said == BAD_NAME else f"«{name}» {said}"


def test_a_zip_in_disguise_is_refused():
    inner = zipped({"x.md": b"x"})
    assert refusal("b.zip", zipped({"x.md": inner})) == "b.zip: «x.md» is zelf ingepakt; haal het eruit en kies het los"


def test_a_link_out_of_the_zip_is_refused():
    said = refusal("b.zip", zipped_link("x.md", "/etc/passwd"))
    assert said == "b.zip: «x.md» is een verwijzing naar een ander bestand; doe het bestand zelf in de zip"


@pytest.mark.parametrize("size", [10, 2**31])
def test_what_a_zip_says_about_its_sizes_is_not_believed(size):
    """Five megabytes and a little of the same letter, in a few kilobytes."""
    bomb = zipped({"x.md": b"a" * (archives.MAX_FILE + 1)})
    said = refusal("b.zip", with_lying_sizes(bomb, size))
    assert said in {f"b.zip: {archives.TOO_BIG}", f"b.zip: {archives.BROKEN}"}


def test_a_bomb_is_stopped_while_it_is_read():
    bomb = zipped({"x.md": b"\0" * (60 * archives.MEGABYTE)})
    assert len(bomb) < 100_000
    assert refusal("b.zip", bomb) == "b.zip: dit bestand is groter dan 5 MB, de grens voor één bestand"


def test_many_files_that_are_too_much_together_are_stopped():
    one = b"\0" * (4 * archives.MEGABYTE)
    archive = zipped({f"{n}.md": one for n in range(13)})
    said = "alles samen is uitgepakt meer dan 50 MB; verdeel het over een paar keer"
    assert refusal("b.zip", archive) == f"b.zip: {said}"


def test_the_limit_is_for_all_that_is_sent_at_once():
    archive = zipped({f"{n}.md": b"\0" * (4 * archives.MEGABYTE) for n in range(7)})
    found, problems = archives.unpack([("a.zip", archive), ("b.zip", archive)], KINDS)
    assert (len(found), [problem.file for problem in problems]) == (7, ["b.zip"])


def test_five_hundred_files_are_the_limit():
    assert len(opened(("b.zip", zipped({f"{n}.md": b"" for n in range(500)})))) == 500
    said = "dit zijn er meer dan 500; verdeel het over een paar keer"
    assert refusal("b.zip", zipped({f"{n}.md": b"" for n in range(501)})) == f"b.zip: {said}"
    assert refusal("b.zip", b"PK\x01\x02" * 1_000_000) == f"b.zip: {said}"


def test_a_loose_file_over_five_megabytes_is_refused():
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
def test_a_way_of_packing_that_can_explode_in_one_step_is_refused(compression):
    said = refusal("b.zip", zipped({"x.md": b"x" * 1000}, compression))
    assert said == "b.zip: «x.md» is ingepakt op een manier die hier niet kan; maak een gewone zip"


def test_a_zip_with_a_password_is_refused():
    said = refusal("b.zip", with_flag(zipped({"x.md": b"x"}), 0x1))
    assert said == "b.zip: deze zip heeft een wachtwoord; maak hem zonder"


def test_a_word_file_is_counted_like_any_zip():
    assert [file.name for file in opened(("a.docx", saved(word_case())))] == ["a.docx"]
    bomb = zipped({"word/document.xml": b" " * (60 * archives.MEGABYTE)})
    assert refusal("a.docx", bomb) == f"a.docx: {archives.TOO_BIG}"
    assert refusal("a.docx", b"geen Word") == f"a.docx: {archives.BROKEN}"


def test_every_file_that_is_refused_is_named():
    found, problems = archives.unpack([("a.png", b""), ("b.zip", b"x"), ("c.md", b"goed")], KINDS)
    assert [problem.file for problem in problems] == ["a.png", "b.zip"]
    assert [packed.name for packed in found] == ["c.md"]


def test_an_unreadable_letter_is_told_with_its_line():
    with pytest.raises(DocumentError, match="x.md:2: dit bestand is geen UTF-8; sla het op als UTF-8"):
        archives.decode(archives.Packed("x.md", b"---\ntitle: \xff"))
