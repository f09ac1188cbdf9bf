"""How long or how many something may be is looked at before any work is done for it, and said in words."""

import mammoth
import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile

from cases.files import docx
from cases.files.archives import Packed
from cases.models import Case, KeptUpload
from cases.transfer import imports
from tests.cases.admin.test_inlines import ADD, errors_of, new_case
from tests.cases.packing import saved, word_case, zipped
from tests.factories import ConceptFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PREVIEW = "/beheer/cases/case/opmaak/"
IMPORT = "/beheer/cases/case/importeren/"
CASE = """---
number: 1
slug: een
title: Een
part: bewoners
summary: >-
  Kort.
keywords: [{keywords}]
questions:
{questions}
---

## Inleiding

{story}

## Casus

Zo.

## Slot

Zo.
"""
QUESTION = "  - {{key: vraag-{0}, kolb: doener, text: Wat}}"


@pytest.fixture(autouse=True)
def editor(client):
    editor = UserFactory(groups=["Redactie"])
    client.force_login(editor)
    return editor


def case_file(*, keywords: int = 1, questions: int = 1, story: str = "Zo.") -> str:
    return CASE.format(
        keywords=", ".join(f"woord-{n}" for n in range(keywords)),
        questions="\n".join(QUESTION.format(n) for n in range(questions)),
        story=story,
    )


def send(client, **files: str | bytes) -> str:
    """The page that comes after choosing these files; nothing of them is put by."""
    sent = [
        SimpleUploadedFile(name.replace("_", "."), content.encode() if isinstance(content, str) else content)
        for name, content in files.items()
    ]
    page = client.post(IMPORT, {"files": sent}, follow=True).content.decode()
    assert not KeptUpload.objects.exists()
    return page


def word_with(body: str) -> bytes:
    """A Word file with this in its text, as it would be after «Opslaan als»."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(saved(word_case()))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts["word/document.xml"].decode()
    parts["word/document.xml"] = text.replace("<w:sectPr", body + "<w:sectPr", 1).encode()
    return zipped(parts)


@pytest.mark.parametrize("text", ["![" * 50_001, "w" * 100_001, "### Kop\n\n" * 301], ids=["marks", "words", "heads"])
def test_a_preview_of_a_very_long_text_is_refused_in_words(client, text):
    response = client.post(PREVIEW, {"text": text})
    assert response.status_code == 413
    assert "te lang om er hier steeds een voorbeeld van te maken" in response.content.decode()


@pytest.mark.parametrize(
    "body",
    ["<w:p/>" * 200_000, "<w:p>" + "<w:r><w:t>a</w:t></w:r>" * 50_000 + "</w:p>"],
    ids=["empty paragraphs", "runs"],
)
def test_a_word_file_of_very_many_elements_is_refused_before_it_is_read(client, monkeypatch, body):
    read = []
    monkeypatch.setattr(mammoth, "convert_to_html", lambda *args, **options: read.append(args) or pytest.fail("read"))
    page = send(client, x_docx=word_with(body))
    assert read == []
    assert "te veel alinea" in page


def test_many_word_files_at_once_are_read_up_to_a_limit(client, monkeypatch):
    small = word_with("<w:p/>" * 90)
    limit = 4 * docx.count_tags(Packed("w.docx", small))
    monkeypatch.setattr(imports, "MOST_TAGS_OF_IMPORT", limit)
    convert, read = mammoth.convert_to_html, []
    monkeypatch.setattr(
        mammoth, "convert_to_html", lambda *args, **options: read.append(args) or convert(*args, **options)
    )
    page = send(client, **{f"w{n}_docx": small for n in range(8)})
    assert len(read) == 4
    assert "samen te groot om in één keer te lezen" in page


def test_case_files_that_are_too_much_together_are_not_read(client, monkeypatch):
    read = []
    monkeypatch.setattr(yaml, "compose", lambda *args, **options: read.append(args) or pytest.fail("read"))
    page = send(client, **{f"c{n}_md": case_file(story="woord " * 700_000) for n in range(2)})
    assert read == []
    assert "samen te groot om in één keer te lezen" in page


@pytest.mark.parametrize(
    ("much", "said"),
    [
        ({"questions": 61}, "61 vragen is te veel voor één casus; 60 is de grens"),
        ({"keywords": 201}, "deze lijst telt 201 regels; 200 is de grens"),
        ({"story": "### Kop\n\n" * 301}, "staan 301 kopjes; 300 is de grens"),
    ],
    ids=["questions", "keywords", "heads"],
)
def test_a_case_file_with_far_too_many_of_something_is_told_its_limit(client, much, said):
    assert said in send(client, c_md=case_file(**much))


def test_unknown_names_are_looked_for_a_few_times_only(client, monkeypatch):
    import difflib

    asked, find = [], difflib.get_close_matches
    monkeypatch.setattr(
        difflib, "get_close_matches", lambda *args, **options: asked.append(args) or find(*args, **options)
    )
    send(client, c_md=case_file(keywords=150))
    assert len(asked) <= 20


def test_a_text_with_very_many_heads_is_told_so_and_stays_in_the_form(client):
    response = client.post(ADD, new_case(title="Kopjes", body="### Kop\n\n" * 301))
    assert [said for said in errors_of(response) if said.startswith("Dit zijn 301 kopjes.")] != []
    assert response.content.decode().count("### Kop") == 301
    assert not Case.objects.exists()


def test_a_case_with_very_many_questions_is_told_so_and_keeps_them_in_the_form(client):
    questions = [{"text": f"Vraag {n}?", "kolb": "doener"} for n in range(61)]
    response = client.post(ADD, new_case(title="Vragen", questions=questions))
    assert response.status_code == 200
    assert "Hier passen 60 regels." in response.content.decode()
    assert "Vraag 60?" in response.content.decode()
    assert not Case.objects.exists()


def test_a_story_with_a_thousand_equal_heads_can_be_shown(client):
    """Written before there was a limit."""
    concept = ConceptFactory(body="### Kop\n\n" * 1_100)
    client.raise_request_exception = False
    page = client.get(f"/beheer/cases/case/{concept.pk}/voorbeeld/")
    assert page.status_code == 200
    assert page.content.decode().count('id="kop-kop-1100"') == 1
