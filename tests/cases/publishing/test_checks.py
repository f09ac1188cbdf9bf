"""What a concept is told before it is published."""

from dataclasses import replace

import pytest
from django.conf import settings

from cases.files.document import CaseDocument, QuestionLine, ReferenceLine, parse_case
from cases.publishing import checks
from tests.cases.files.test_document import DOCUMENT

ASKED = (
    QuestionLine("eerste-stap", "doener", "Wat doe je als eerste?"),
    QuestionLine("uitleg", "denker", "Hoe verklaar je dat?"),
)
FINE = replace(DOCUMENT, questions=ASKED)


def said(**changes) -> list[tuple[str, bool]]:
    """What is found, by field, and whether it blocks."""
    return [(finding.field, finding.blocks) for finding in checks.check(replace(FINE, **changes))]


def test_nothing_is_said_about_a_case_that_is_complete():
    assert checks.check(FINE) == []


def test_the_sixteen_have_no_errors_and_little_advice():
    """Advice that is given often is not read. These three are true: two questions ask three things, a talk has no
    year."""
    found = {
        (file.name[:2], finding.field, finding.blocks)
        for file in sorted((settings.BASE_DIR / "fixtures/cases").glob("*.md"))
        for finding in checks.check(parse_case(file.read_text(encoding="utf-8")))
    }
    assert found == {
        ("06", "questions-2-text", False),
        ("10", "references-0-text", False),
        ("15", "questions-1-text", False),
    }


@pytest.mark.parametrize("field", ["title", "part", "summary", "introduction", "body", "closing"])
def test_what_a_case_cannot_do_without_blocks(field):
    assert said(**{field: ""}) == [(field, True)]
    assert said(**{field: " \n"}) == [(field, True)]


def test_a_case_without_questions_is_blocked():
    assert said(questions=()) == [("questions", True)]


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (QuestionLine("nieuw", "voeler", "Wat voel je?"), "questions-1-kolb"),
        (QuestionLine("nieuw", "", "Wat voel je?"), "questions-1-kolb"),
        (QuestionLine("eerste-stap", "denker", "Wat denk je?"), "questions-1-key"),
        (QuestionLine("nieuw", "denker", " "), "questions-1-text"),
    ],
)
def test_a_question_that_is_no_question_is_blocked_at_its_field(question, field):
    assert said(questions=(ASKED[0], question)) == [(field, True)]


@pytest.mark.parametrize("field", ["introduction", "body", "closing"])
@pytest.mark.parametrize(
    "text", ["## Tussenkop", "# Kop", "![een foto](foto.png)", "[hier](javascript:alert)", "a\x00b"]
)
def test_what_a_case_file_cannot_hold_is_blocked_at_its_field(field, text):
    assert said(**{field: f"Een alinea.\n\n{text}"}) == [(field, True)]


def test_two_links_of_the_same_kind_are_told_once():
    assert said(body="[a](x) en [b](x)") == [("body", True)]


def test_a_long_summary_is_advised_against_from_the_forty_first_word():
    assert said(summary="woord " * 40) == []
    assert said(summary="woord " * 41) == [("summary", False)]


def test_a_case_without_keywords_is_advised_one():
    assert said(keywords=()) == [("case_keywords", False)]


def test_one_lens_for_all_questions_is_advised_against():
    assert said(questions=(ASKED[0],)) == [("questions", False)]
    assert said(questions=(ASKED[0], replace(ASKED[1], kolb="doener"))) == [("questions", False)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Noem drie dingen die je opvallen.", 0),
        ("Wat doe je? En waarom?", 2),
        ("Wat doe je? Met wie? En waarom?", 3),
        ("Echt waar??", 1),
        ("In *Wie helpt?* en ‘Wie niet?’ staat een antwoord. Welk?", 1),
    ],
)
def test_what_a_question_asks_is_counted_without_titles_and_quotes(text, count):
    assert checks.asks(text) == count
    assert said(questions=(ASKED[0], replace(ASKED[1], text=text))) == [("questions-1-text", False)] * (count > 2)


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("Van Hees, S. (2018). Keukentafel.", True),
        ("Goffman, E. (1959). The presentation of self.", True),
        ("Gemeente Dordrecht. (z.d.). Visie.", True),
        ("Bos, E. (in druk). Nabij zijn.", True),
        ("Smith, E. *There’s more to life* [TED Talk].", False),
        ("Jansen, P. Wet 12345. https://example.org/2018/stuk", False),
    ],
)
def test_literature_without_a_year_is_advised_one(text, is_fine):
    assert said(references=(ReferenceLine(text),)) == ([] if is_fine else [("references-0-text", False)])


@pytest.mark.parametrize(
    "text",
    [
        "mail f.uysal@ziggo.nl maar",
        "bel 06-12345678 dan",
        "bel 06 12 34 56 78 dan",
        "bel 0612345678.",
        "bel +31 6 1234 5678",
        "bel 078-6123456",
        "bel 0031 78 612 34 56",
        "haar BSN is 111222333",
        "haar BSN is 1112.22.333",
        "haar BSN is 123456782",
    ],
)
@pytest.mark.parametrize("field", ["summary", "introduction", "body", "closing"])
def test_what_looks_like_a_real_persons_data_is_named_at_its_field(text, field):
    assert said(**{field: text}) == [(field, False)]


@pytest.mark.parametrize(
    "text",
    [
        "In 2015 kwamen er 120.000.000 euro vrij.",
        "Zij belde 112, en later 14 078.",
        "Zaaknummer 123456789 van de gemeente.",
        "Nummer 000000000 bestaat niet.",
        "Van 1950 tot 2015, met 10 000 bewoners in 12 wijken.",
        "Zie https://example.org/0612345678/111222333.",
        "Op 01-02-2019 om 10.30 uur.",
        "Het kost 0,123456789 cent.",
        "Rekening 1112223334445.",
    ],
)
def test_other_numbers_are_left_in_peace(text):
    assert said(body=text) == []


def test_what_a_question_gives_away_is_named_there():
    asked = replace(ASKED[0], text="Mail je naar els@example.nl?")
    assert said(questions=(asked, ASKED[1])) == [("questions-0-text", False)]


@pytest.mark.parametrize(
    ("number", "passes"), [("111222333", True), ("123456782", True), ("123456789", False), ("000000000", False)]
)
def test_the_test_of_eleven(number, passes):
    assert checks.is_bsn(number) is passes


def test_errors_come_first_and_alone_where_asked():
    document = replace(FINE, keywords=(), closing="")
    assert [finding.blocks for finding in checks.check(document)] == [True, False]
    assert [finding.field for finding in checks.errors(document)] == ["closing"]


def test_a_finding_points_to_its_field_or_group_on_the_form():
    assert checks.Finding("questions-2-text", "x").anchor == "id_questions-2-text"
    assert checks.Finding("case_keywords", "x").anchor == "case_keywords-group"


def test_an_empty_case_is_told_everything_and_nothing_breaks():
    empty = CaseDocument(1, "leeg", "", "", "", (), (), (), (), "", "", "")
    assert len(checks.errors(empty)) == 7
