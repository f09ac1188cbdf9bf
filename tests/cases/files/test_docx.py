"""Converting a Word file to a case, and reporting the parts that are lost."""

import re

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from cases.files.archives import Packed, parts_of
from cases.files.document import QuestionLine, ReferenceLine
from cases.files.docx import WordCase, read_word
from cases.files.reader import DocumentError
from cases.library.markdown import render
from tests.cases.packing import saved, word_case, zipped

pytestmark = pytest.mark.once


def read(word) -> WordCase:
    return read_word(Packed("casus.docx", saved(word)))


def story(*paragraphs: str, style: str | None = None) -> str:
    """Return the introduction that is read from these paragraphs."""
    word = Document()
    word.add_heading("Titel", 0)
    for text in paragraphs:
        word.add_paragraph(text, style=style)
    return read(word).document.introduction


def refusal(content: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        read_word(Packed("casus.docx", content))
    return str(caught.value)


def test_headings_define_the_fields_of_the_case():
    document = read(word_case()).document
    assert document.title == "Een stoel te weinig"
    assert document.introduction == "Het was **druk** in het buurthuis, *heel druk*."
    assert document.body == "### De eerste avond\n\nFarida zet de stoelen klaar.\n\n- koffie\n- thee"
    assert document.closing == "Er blijft iemand staan."
    assert document.questions == (
        QuestionLine("doe-eerste", "doener", "Wat doe je als eerste?"),
        QuestionLine("blijft-staan", "", "Waarom blijft hij staan?"),
    )
    assert document.references == (ReferenceLine("Bos, E. (2019). Zitten.", "https://example.org/zitten"),)
    assert (document.number, document.slug, document.part) == (0, "", "")


def test_lost_tables_and_pictures_are_reported_with_their_heading():
    assert read(word_case()).lost == (
        "Een tabel onder «De eerste avond», die begint met «Uur Stoelen». Zet wat erin staat in een lijst of in gewone "
        "tekst.",
        "Een afbeelding onder «De eerste avond». Beschrijf in de tekst wat erop staat.",
    )


def test_other_headings_define_an_introduction_and_a_body():
    word = Document()
    word.add_heading("De titel", 1)
    word.add_paragraph("Zo begint het.")
    word.add_heading("Later", 2)
    word.add_paragraph("Zo gaat het verder.")
    document = read(word).document
    assert (document.title, document.introduction) == ("De titel", "Zo begint het.")
    assert (document.body, document.closing) == ("### Later\n\nZo gaat het verder.", "")


@pytest.mark.parametrize(
    ("text", "lens", "question"),
    [
        ("Doener: Wat doe je?", "doener", "Wat doe je?"),
        ("beslisser – Wat kies je?", "beslisser", "Wat kies je?"),
        ("Hoe komt dat? (denker)", "denker", "Hoe komt dat?"),
        ("Wat raakt je?", "", "Wat raakt je?"),
        ("Denker zijn, wat is dat?", "", "Denker zijn, wat is dat?"),
    ],
)
def test_the_lens_of_a_question_is_read_only_if_it_is_named(text, lens, question):
    word = Document()
    word.add_heading("Titel", 0)
    word.add_heading("Vragen", 1)
    word.add_paragraph(text)
    [parsed] = read(word).document.questions
    assert (parsed.kolb, parsed.text) == (lens, question)


def test_a_heading_can_name_the_lens_of_the_questions_below_it():
    word = Document()
    word.add_heading("Titel", 0)
    word.add_heading("Verdiepingsvragen", 1)
    for lens in ("Doener", "Denker"):
        word.add_heading(lens, 2)
        word.add_paragraph("Wat nu?")
    questions = read(word).document.questions
    assert [(question.key, question.kolb) for question in questions] == [("nu", "doener"), ("nu-2", "denker")]


@pytest.mark.parametrize(
    "text",
    [
        "*geen nadruk* en _ook niet_ en **niet vet**",
        "<script>alert(1)</script>",
        "[klik](javascript:alert)",
        "![foto](https://example.org/x.png)",
        "# geen kop",
        "- geen lijst",
        "1. geen lijst",
        "> geen citaat",
        "---",
        "`geen code`",
        "a &lt; b &amp; c",
        "\\*",
        "naam_met_streepjes",
        "~~~",
    ],
)
def test_markup_that_was_typed_as_text_stays_text(text):
    """The page shows the same characters as Word, without any meaning in Markdown."""
    html = render(story(text)).html
    shown = re.sub("<[^>]*>", "", html).strip()
    for code, letter in {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}.items():
        shown = shown.replace(code, letter)
    assert shown == text
    assert re.findall("<[a-z]+", html) == ["<p"]


def test_numbered_and_bulleted_lists_are_converted():
    assert story("een", "twee", style="List Number") == "1. een\n2. twee"
    assert story("een", "twee", style="List Bullet") == "- een\n- twee"


def test_an_unknown_heading_after_the_questions_is_reported_with_its_text():
    word = word_case()
    word.add_heading("Bijlage", 1)
    word.add_paragraph("Iets over stoelen.")
    assert [sentence[:24] for sentence in read(word).lost[2:]] == [
        "Het kopje «Bijlage» en w",
        "Tekst die nergens bij ho",
    ]


def test_comments_and_text_boxes_are_reported():
    word = word_case()
    word.add_comment(word.paragraphs[1].runs, text="klopt dit?", author="Els", initials="EB")
    box = (
        f"<w:r {nsdecls('w')} xmlns:v='urn:schemas-microsoft-com:vml'><w:pict><v:textbox><w:txbxContent><w:p><w:r>"
        "<w:t>Los kader</w:t></w:r></w:p></w:txbxContent></v:textbox></w:pict></w:r>"
    )
    word.paragraphs[2]._p.append(parse_xml(box))
    lost = read(word).lost
    assert lost[0] == "Opmerkingen in de kantlijn: 1."
    assert lost[1].startswith("Een tekstvak: de tekst eruit staat nu tussen de andere.")
    assert "klopt dit" not in str(read(word).document)


def test_a_footnote_is_reported_with_its_text():
    parts = {name: content.decode("latin-1") for name, content in parts_of(saved(word_case())).items()}
    note = "<w:footnote w:id='2'><w:p><w:r><w:t>Uit het dagboek.</w:t></w:r></w:p></w:footnote>"
    parts["word/footnotes.xml"] = f"<w:footnotes {nsdecls('w')}>{note}</w:footnotes>"
    parts["word/document.xml"] = parts["word/document.xml"].replace(
        "Farida zet", "Farida</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:t xml:space='preserve'> zet"
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
        "</Relationships>", f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>'
    )
    word = read_word(Packed("casus.docx", zipped({name: text.encode("latin-1") for name, text in parts.items()})))
    assert "Een voetnoot: «Uit het dagboek.». Zet hem in de tekst of in de literatuur." in word.lost
    assert "Farida zet" in word.document.body
    assert "dagboek" not in str(word.document)


def test_a_file_without_a_title_is_refused():
    word = Document()
    word.add_paragraph("Zomaar tekst.")
    assert refusal(saved(word)) == "casus.docx: er is geen titel; geef de titel in Word de stijl Titel of Kop 1"


def broken(name: str, content: bytes) -> bytes:
    return zipped({**parts_of(saved(word_case())), name: content})


@pytest.mark.parametrize(
    "content",
    [
        zipped({"iets.txt": b"geen Word"}),
        broken("word/document.xml", b"<w:document"),
        broken("word/document.xml", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'),
        broken(
            "word/document.xml", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'.encode("utf-16")
        ),
        broken("word/document.xml", b"<x>" * 40_000 + b"</x>" * 40_000),
        broken("[Content_Types].xml", b""),
    ],
    ids=["not Word", "truncated", "expanding entities", "a file of the server", "too deep", "no types"],
)
def test_a_broken_or_hostile_file_is_refused_with_a_message(content):
    message = refusal(content)
    assert message == "casus.docx: dit Word-bestand is niet te lezen; open het in Word en sla het opnieuw op als .docx"
