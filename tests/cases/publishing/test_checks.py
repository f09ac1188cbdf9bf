"""The checks of a concept before publication."""

from dataclasses import replace

import pytest
from django.conf import settings

from cases.files.document import CaseDocument, QuestionLine, ReferenceLine, parse_case
from cases.publishing import checks
from tests.cases.files.test_document import DOCUMENT

QUESTIONS = (
    QuestionLine("eerste-stap", "doener", "Wat doe je als eerste?"),
    QuestionLine("uitleg", "denker", "Hoe verklaar je dat?"),
)
COMPLETE = replace(DOCUMENT, questions=QUESTIONS)


def findings(**changes) -> list[tuple[str, bool]]:
    """Return the field of each finding in the changed case, and whether it blocks."""
    return [(finding.field, finding.blocks) for finding in checks.check(replace(COMPLETE, **changes))]


def test_a_complete_case_has_no_findings():
    assert checks.check(COMPLETE) == []


def test_the_sixteen_cases_have_no_errors_and_three_warnings():
    """Editors ignore frequent warnings. These three are right: two questions ask three things, a talk has no year."""
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
def test_an_empty_required_field_blocks(field):
    assert findings(**{field: ""}) == [(field, True)]
    assert findings(**{field: " \n"}) == [(field, True)]


def test_a_case_without_questions_blocks():
    assert findings(questions=()) == [("questions", True)]


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (QuestionLine("nieuw", "voeler", "Wat voel je?"), "questions-1-kolb"),
        (QuestionLine("nieuw", "", "Wat voel je?"), "questions-1-kolb"),
        (QuestionLine("eerste-stap", "denker", "Wat denk je?"), "questions-1-key"),
        (QuestionLine("nieuw", "denker", " "), "questions-1-text"),
    ],
)
def test_an_invalid_question_blocks_with_its_field(question, field):
    assert findings(questions=(QUESTIONS[0], question)) == [(field, True)]


@pytest.mark.parametrize("field", ["introduction", "body", "closing"])
@pytest.mark.parametrize(
    "text", ["## Tussenkop", "# Kop", "![een foto](foto.png)", "[hier](javascript:alert)", "a\x00b"]
)
def test_markup_that_case_files_do_not_allow_blocks_with_its_field(field, text):
    assert findings(**{field: f"Een alinea.\n\n{text}"}) == [(field, True)]


def test_two_invalid_links_in_a_field_are_one_finding():
    assert findings(body="[a](x) en [b](x)") == [("body", True)]


def test_a_summary_of_more_than_forty_words_gets_a_warning():
    assert findings(summary="woord " * 40) == []
    assert findings(summary="woord " * 41) == [("summary", False)]


def test_a_case_without_keywords_gets_a_warning():
    assert findings(keywords=()) == [("case_keywords", False)]


def test_one_lens_for_all_questions_gets_a_warning():
    assert findings(questions=(QUESTIONS[0],)) == [("questions", False)]
    assert findings(questions=(QUESTIONS[0], replace(QUESTIONS[1], kolb="doener"))) == [("questions", False)]


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
def test_question_marks_in_titles_and_quotations_are_not_counted(text, count):
    assert checks.asks(text) == count
    assert findings(questions=(QUESTIONS[0], replace(QUESTIONS[1], text=text))) == [("questions-1-text", False)] * (
        count > 2
    )


@pytest.mark.parametrize(
    ("text", "has_year"),
    [
        ("Van Hees, S. (2018). Keukentafel.", True),
        ("Goffman, E. (1959). The presentation of self.", True),
        ("Gemeente Dordrecht. (z.d.). Visie.", True),
        ("Bos, E. (in druk). Nabij zijn.", True),
        ("Smith, E. *There’s more to life* [TED Talk].", False),
        ("Jansen, P. Wet 12345. https://example.org/2018/stuk", False),
    ],
)
def test_a_reference_without_a_year_gets_a_warning(text, has_year):
    assert findings(references=(ReferenceLine(text),)) == ([] if has_year else [("references-0-text", False)])


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
def test_text_that_looks_like_personal_data_gets_a_warning_with_its_field(text, field):
    assert findings(**{field: text}) == [(field, False)]


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
def test_other_numbers_get_no_warning(text):
    assert findings(body=text) == []


def test_personal_data_in_a_question_gets_a_warning_with_its_field():
    asked = replace(QUESTIONS[0], text="Mail je naar els@example.nl?")
    assert findings(questions=(asked, QUESTIONS[1])) == [("questions-0-text", False)]


@pytest.mark.parametrize(
    ("number", "is_valid"), [("111222333", True), ("123456782", True), ("123456789", False), ("000000000", False)]
)
def test_a_citizen_service_number_passes_the_eleven_test(number, is_valid):
    assert checks.is_bsn(number) is is_valid


def test_errors_are_listed_first_and_can_be_listed_alone():
    document = replace(COMPLETE, keywords=(), closing="")
    assert [finding.blocks for finding in checks.check(document)] == [True, False]
    assert [finding.field for finding in checks.errors(document)] == ["closing"]


def test_a_finding_has_the_anchor_of_its_field_or_group_in_the_form():
    assert checks.Finding("questions-2-text", "x").anchor == "id_questions-2-text"
    assert checks.Finding("case_keywords", "x").anchor == "case_keywords-group"


def test_an_empty_case_has_every_error():
    empty = CaseDocument(1, "leeg", "", "", "", (), (), (), (), "", "", "")
    assert len(checks.errors(empty)) == 7
