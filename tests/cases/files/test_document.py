"""Parsing case files into dataclasses and writing them."""

from dataclasses import replace

import pytest

from casebook.lib.text import read_line
from cases.files.document import (
    ActorKind,
    ActorLine,
    CaseDocument,
    KeywordLine,
    PartLine,
    QuestionLine,
    ReferenceLine,
    Vocabulary,
    parse_case,
    parse_vocabulary,
    write_case,
    write_vocabulary,
)
from cases.files.reader import DocumentError

TEXT = """---
number: 1
slug: opgeruimd
title: Opgeruimd?
part: bewoners
summary: >-
  Een vrouw ruimt op.
actors:
  - {actor: Bewoner, person: mevrouw Uysal}
keywords: [bewoners, Wmo]
references:
  - text: >-
      Van Hees, S. (2018). Keukentafel.
    url: https://example.org/keukentafel
questions:
  - key: eerste-actie
    kolb: doener
    text: >-
      Wat doe je als eerste?
---

## Inleiding

Zo begint het.

## Casus

### Een kopje

Hier gebeurt het.

## Slot

Zo loopt het af.
"""
DOCUMENT = CaseDocument(
    number=1,
    slug="opgeruimd",
    title="Opgeruimd?",
    part="bewoners",
    summary="Een vrouw ruimt op.",
    actors=(ActorLine("Bewoner", "mevrouw Uysal"),),
    keywords=("bewoners", "Wmo"),
    references=(ReferenceLine("Van Hees, S. (2018). Keukentafel.", "https://example.org/keukentafel"),),
    questions=(QuestionLine("eerste-actie", "doener", "Wat doe je als eerste?"),),
    introduction="Zo begint het.",
    body="### Een kopje\n\nHier gebeurt het.",
    closing="Zo loopt het af.",
)


def problems(text: str, vocabulary: Vocabulary | None = None) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse_case(text, "01-x.md", vocabulary)
    return [str(problem) for problem in caught.value.problems]


def test_a_case_file_is_parsed_into_a_document():
    assert parse_case(TEXT) == DOCUMENT


def test_a_document_is_written_as_a_canonical_file():
    assert write_case(DOCUMENT) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "met: dubbele punt",
        "# hekje",
        "- streepje",
        "true",
        "12",
        "'aanhaling'",
        '"dubbel" en \\ schuin',
        "{krul}",
        "*ster* & anker",
        "lang " * 60 + "einde",
        "eerste alinea\ntweede alinea\n\nderde",
        "twee  spaties   en drie",
        "émoji 😀 en ş",
        "@apestaart",
        "%procent",
        "> groter",
        "| streep",
        "tab\tin het midden",
        "  begint met spaties".strip(),
        "woord" * 60,
    ],
)
def test_any_text_is_unchanged_after_writing_and_parsing(text):
    name = read_line(text[:60])  # a name is one line, of at most so many characters in the database
    document = replace(
        DOCUMENT,
        title=name,
        summary=text,
        keywords=(name,),
        actors=(ActorLine(name, name),),
        references=(ReferenceLine(text),),
        questions=(QuestionLine("k", "denker", text),),
    )
    assert parse_case(write_case(document)) == document


def test_an_empty_case_is_unchanged_after_writing_and_parsing():
    document = replace(DOCUMENT, summary="", actors=(), keywords=(), references=(), questions=(), body="", closing="")
    written = write_case(document)
    assert "required" not in written
    assert parse_case(written) == document


def test_windows_newlines_and_a_byte_order_mark_are_ignored():
    assert parse_case("\ufeff" + TEXT.replace("\n", "\r\n")) == DOCUMENT


def test_every_problem_is_reported_with_its_line():
    broken = TEXT.replace("kolb: doener", 'kolb: "voeler"').replace("number: 1", "number: nul")
    assert problems(broken) == [
        "01-x.md:2: «nul» is geen nummer vanaf 1",
        '01-x.md:17: onbekende vraagsoort "voeler"; kies doener, beschouwer, denker of beslisser',
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("---\nnumber", "number", "01-x.md:1: het bestand moet met een regel «---» beginnen"),
        ("---\n\n## Inl", "\n## Inl", "01-x.md:1: de tweede regel «---» ontbreekt"),
        ("slug: opgeruimd\n", "", "01-x.md:2: «slug» ontbreekt in het begin van het bestand"),
        ("title: Opgeruimd?", "title: a\ntitle: b", "01-x.md:5: «title» staat er twee keer"),
        ("title: Opgeruimd?", "title: [a", "geen geldige YAML"),
        (
            "title: Opgeruimd?",
            "title: &a x\nextra: *a",
            "01-x.md:5: geen geldige YAML: een verwijzing (*naam) mag hier niet",
        ),
        ("title: Opgeruimd?", "title: !!python/object:os.system x", "01-x.md:4: hier hoort gewone tekst te staan"),
        ("title: Opgeruimd?", 'title: "a\\0b"', "01-x.md:4: er staat een onzichtbaar stuurteken in de tekst"),
        ("title: Opgeruimd?", "kleur: rood\ntitle: a", "01-x.md:4: onbekend veld «kleur» in het begin van het bestand"),
        ("slug: opgeruimd", "slug: Op Geruimd", "01-x.md:3: «Op Geruimd» kan niet"),
        ("keywords: [bewoners, Wmo]", "keywords: bewoners", "01-x.md:10: hier hoort een lijst te staan"),
        ("keywords: [bewoners, Wmo]", "keywords: [a, A]", "01-x.md:10: «A» staat er twee keer"),
        ("https://example.org/keukentafel", "ftp://x.nl/a", "01-x.md:14: «ftp://x.nl/a» is geen webadres"),
        ("Zo begint het.", "![foto](https://x.nl/a.png)", "01-x.md:24: afbeeldingen kunnen niet in een casus"),
        ("Zo begint het.", "[klik](javascript:alert(1))", "01-x.md:24: de link «javascript:alert(1» begint niet met"),
        ("key: eerste-actie", "key: eigen-1", "zo heten vragen van docenten"),
        ("## Slot", "## Einde", "01-x.md:32: onbekend kopje «Einde»"),
        ("## Inleiding\n\nZo begint het.\n\n", "", "het kopje «## Inleiding» ontbreekt"),
        ("## Inleiding", "Losse tekst\n\n## Inleiding", "01-x.md:22: tekst vóór het kopje ## Inleiding"),
        ("## Slot", "## Casus", "01-x.md:32: het kopje «Casus» staat er twee keer"),
        (
            "  - key: eerste-actie\n",
            "  - key: a\n    kolb: denker\n    text: b\n  - key: a\n",
            "is al van een andere vraag",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line(old, new, problem):
    assert old in TEXT
    assert any(problem in found for found in problems(TEXT.replace(old, new, 1)))


def test_unknown_names_are_reported_with_the_most_similar_known_name():
    vocabulary = Vocabulary(
        parts=(PartLine(1, "bewoners", "Bewoners"),),
        actors=(ActorKind("Buurvrouw", "informal"),),
        keywords=(KeywordLine("bewoner"), KeywordLine("Wmo")),
    )
    assert problems(TEXT, vocabulary) == [
        '01-x.md:9: actor "Bewoner" is onbekend; zet het eerst in casebook.yaml',
        '01-x.md:10: sleutelwoord "bewoners" is onbekend; bedoel je "bewoner"?',
    ]


def test_ten_thousand_questions_are_one_problem():
    many = "".join(f"  - {{key: k{n}, kolb: doener, text: x}}\n" for n in range(10_000))
    text = TEXT[: TEXT.index("  - key")] + many + TEXT[TEXT.index("---\n\n## Inl") :]
    assert problems(text) == ["01-x.md:76: 10000 vragen is te veel voor één casus; 60 is de grens"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title: Opgeruimd?", f"title: {'x' * 201}", f"01-x.md:4: «{'x' * 60}…» telt 201 tekens; 200 is de grens"),
        ("slug: opgeruimd", f"slug: {'x' * 101}", f"01-x.md:3: «{'x' * 60}…» telt 101 tekens; 100 is de grens"),
        ("key: eerste-actie", f"key: {'x' * 61}", f"01-x.md:16: «{'x' * 60}…» telt 61 tekens; 60 is de grens"),
        ("Wmo]", f"{'x' * 61}]", f"01-x.md:10: «{'x' * 60}…» telt 61 tekens; 60 is de grens"),
        ("mevrouw Uysal", "x" * 121, f"01-x.md:9: «{'x' * 60}…» telt 121 tekens; 120 is de grens"),
        ("example.org/", f"example.org/{'x' * 480}", "telt 511 tekens; 500 is de grens"),
        ("Hier gebeurt het.", "x" * 200_001, "01-x.md:21: het verhaal telt"),
        ("Hier gebeurt het.", "Hier\x00 gebeurt het.", "01-x.md:30: er staat een onzichtbaar stuurteken in de tekst"),
        ("Hier gebeurt het.", "![[a]](x)", "01-x.md:30: afbeeldingen kunnen niet"),
        ("Hier gebeurt het.", "[a [b] c](javascript:x)", "01-x.md:30: de link «javascript:x» begint niet met"),
    ],
)
def test_text_that_the_database_cannot_store_is_a_problem(old, new, problem):
    assert [problem in message for message in problems(TEXT.replace(old, new))] == [True]


@pytest.mark.parametrize("line", ["![", "[](", "](", "# a" + " " * 1000 + "b", "*", "<", "`", "[a](http://."])
def test_a_hostile_line_is_parsed_in_linear_time(line):
    """Time is not measured: a parser that takes quadratic time would not finish."""
    with pytest.raises(DocumentError):
        parse_case(TEXT.replace("Hier gebeurt het.", line * (190_000 // len(line)) + "\n## nergens"))


def test_deeply_nested_yaml_is_refused():
    assert "te diep genest" in problems(TEXT.replace("title: Opgeruimd?", f"title: {'[' * 5000}{']' * 5000}"))[0]


def test_the_vocabulary_is_unchanged_after_writing_and_parsing():
    vocabulary = Vocabulary(
        parts=(PartLine(1, "bewoners", "Bewoners", "Een inleiding: lang. " * 20 + "x"),),
        actors=(ActorKind("Wmo-consulent", "formal"),),
        keywords=(KeywordLine("schulden", ("schuld", "geld")), KeywordLine("Turks", (), is_filter=False)),
    )
    assert parse_vocabulary(write_vocabulary(vocabulary)) == vocabulary


def test_mistakes_in_the_vocabulary_are_reported_with_their_line():
    with pytest.raises(DocumentError) as caught:
        parse_vocabulary(
            "parts: []\nactors:\n  - {name: A, sphere: warm}\nkeywords:\n  - {name: b}\n  - {name: B, is_filter: x}\n"
        )
    assert [str(problem) for problem in caught.value.problems] == [
        'casebook.yaml:3: onbekende soort actor "warm"; kies informal, hybrid of formal',
        "casebook.yaml:6: «B» staat er twee keer",
        "casebook.yaml:6: «x» kan niet; kies true of false",
    ]
