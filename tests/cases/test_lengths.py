"""Limits on lengths and numbers, which are checked before a file or a form is processed."""

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
    """Upload these files and return the page that follows. No upload is stored."""
    sent = [
        SimpleUploadedFile(name.replace("_", "."), content.encode() if isinstance(content, str) else content)
        for name, content in files.items()
    ]
    page = client.post(IMPORT, {"files": sent}, follow=True).content.decode()
    assert not KeptUpload.objects.exists()
    return page


def word_file_with(body: str) -> bytes:
    """Return a Word file with this XML in its body."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(saved(word_case()))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts["word/document.xml"].decode()
    parts["word/document.xml"] = text.replace("<w:sectPr", body + "<w:sectPr", 1).encode()
    return zipped(parts)


@pytest.mark.parametrize(
    "text", ["![" * 50_001, "w" * 100_001, "### Kop\n\n" * 301], ids=["marks", "words", "headings"]
)
def test_a_preview_of_a_very_long_text_is_refused(client, text):
    response = client.post(PREVIEW, {"text": text})
    assert response.status_code == 413
    assert "te lang om er hier steeds een voorbeeld van te maken" in response.content.decode()


@pytest.mark.parametrize(
    "body",
    ["<w:p/>" * 200_000, "<w:p>" + "<w:r><w:t>a</w:t></w:r>" * 50_000 + "</w:p>"],
    ids=["empty paragraphs", "runs"],
)
def test_a_word_file_with_too_many_elements_is_refused_before_it_is_converted(client, monkeypatch, body):
    read = []
    monkeypatch.setattr(mammoth, "convert_to_html", lambda *args, **options: read.append(args) or pytest.fail("read"))
    page = send(client, x_docx=word_file_with(body))
    assert read == []
    assert "te veel alinea" in page


def test_word_files_of_one_upload_are_converted_up_to_a_limit(client, monkeypatch):
    small = word_file_with("<w:p/>" * 90)
    limit = 4 * docx.count_tags(Packed("w.docx", small))
    monkeypatch.setattr(imports, "MOST_TAGS_OF_IMPORT", limit)
    convert, read = mammoth.convert_to_html, []
    monkeypatch.setattr(
        mammoth, "convert_to_html", lambda *args, **options: read.append(args) or convert(*args, **options)
    )
    page = send(client, **{f"w{n}_docx": small for n in range(8)})
    assert len(read) == 4
    assert "samen te groot om in één keer te lezen" in page


def test_case_files_that_are_too_large_together_are_not_parsed(client, monkeypatch):
    read = []
    monkeypatch.setattr(yaml, "compose", lambda *args, **options: read.append(args) or pytest.fail("read"))
    page = send(client, **{f"c{n}_md": case_file(story="woord " * 700_000) for n in range(2)})
    assert read == []
    assert "samen te groot om in één keer te lezen" in page


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        ({"questions": 61}, "61 vragen is te veel voor één casus; 60 is de grens"),
        ({"keywords": 201}, "deze lijst telt 201 regels; 200 is de grens"),
        ({"story": "### Kop\n\n" * 301}, "staan 301 kopjes; 300 is de grens"),
    ],
    ids=["questions", "keywords", "headings"],
)
def test_a_case_file_with_too_many_items_is_refused_with_the_limit(client, amounts, message):
    assert message in send(client, c_md=case_file(**amounts))


def test_similar_names_are_searched_for_a_few_unknown_names_only(client, monkeypatch):
    import difflib

    searched, find = [], difflib.get_close_matches
    monkeypatch.setattr(
        difflib, "get_close_matches", lambda *args, **options: searched.append(args) or find(*args, **options)
    )
    send(client, c_md=case_file(keywords=150))
    assert len(searched) <= 20


def test_a_text_with_too_many_headings_is_an_error_and_stays_in_the_form(client):
    response = client.post(ADD, new_case(title="Kopjes", body="### Kop\n\n" * 301))
    assert [message for message in errors_of(response) if message.startswith("Dit zijn 301 kopjes.")] != []
    assert response.content.decode().count("### Kop") == 301
    assert not Case.objects.exists()


def test_too_many_questions_are_an_error_and_stay_in_the_form(client):
    questions = [{"text": f"Vraag {n}?", "kolb": "doener"} for n in range(61)]
    response = client.post(ADD, new_case(title="Vragen", questions=questions))
    assert response.status_code == 200
    assert "Hier passen 60 regels." in response.content.decode()
    assert "Vraag 60?" in response.content.decode()
    assert not Case.objects.exists()


def test_a_story_with_a_thousand_equal_headings_can_be_shown(client):
    """Such a story can be older than the limit."""
    concept = ConceptFactory(body="### Kop\n\n" * 1_100)
    client.raise_request_exception = False
    page = client.get(f"/beheer/cases/case/{concept.pk}/voorbeeld/")
    assert page.status_code == 200
    assert page.content.decode().count('id="kop-kop-1100"') == 1
