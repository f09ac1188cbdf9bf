"""The sixteen case files of the book: complete, in canonical form, and in the order of the book."""

import pytest
from django.conf import settings

from cases.files.document import CaseDocument, parse_case, parse_vocabulary, write_case, write_vocabulary
from cases.library import search
from cases.transfer import sync

FIXTURES = settings.BASE_DIR / "fixtures"
VOCABULARY = parse_vocabulary((FIXTURES / "casebook.yaml").read_text(encoding="utf-8"))
FILES = sorted((FIXTURES / "cases").glob("*.md"))
CASES = [parse_case(file.read_text(encoding="utf-8"), file.name, VOCABULARY) for file in FILES]
QUESTIONS = [6, 5, 4, 5, 5, 5, 4, 9, 7, 6, 4, 4, 4, 6, 6, 6]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)


def test_there_are_sixteen_cases_in_four_parts():
    assert [case.number for case in CASES] == list(range(1, 17))
    parts = [part.slug for part in VOCABULARY.parts]
    assert [case.part for case in CASES] == [slug for slug in parts for _ in range(4)]


def test_the_cases_have_the_eighty_six_questions_of_the_book():
    assert [len(case.questions) for case in CASES] == QUESTIONS
    assert sum(QUESTIONS) == 86


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_case_file_has_the_canonical_name_and_form(file):
    text = file.read_text(encoding="utf-8")
    case = parse_case(text, file.name, VOCABULARY)
    assert file.name == f"{case.number:02}-{case.slug}.md"
    assert write_case(case) == text


def test_the_vocabulary_is_in_canonical_form_without_unused_words():
    assert write_vocabulary(VOCABULARY) == (FIXTURES / "casebook.yaml").read_text(encoding="utf-8")
    assert {word.name for word in VOCABULARY.keywords} == {name for case in CASES for name in case.keywords}
    assert {kind.name for kind in VOCABULARY.actors} == {line.actor for case in CASES for line in case.actors}


def test_every_part_has_an_introduction():
    assert all(len(part.introduction.split()) >= 60 for part in VOCABULARY.parts)


def test_a_keyword_for_an_ethnic_origin_is_not_a_filter():
    assert [word.name for word in VOCABULARY.keywords if not word.is_filter] == ["Turks"]


@each_case
def test_a_case_is_complete(case: CaseDocument):
    assert case.introduction
    assert case.closing
    assert case.body.count("### ") >= 2
    assert case.keywords
    assert len(case.actors) >= 3
    assert all(line.person for line in case.actors)
    assert 8 <= len(case.summary.split()) <= 40


@each_case
def test_the_questions_of_a_case_use_at_least_two_lenses(case: CaseDocument):
    assert len({question.kolb for question in case.questions}) >= 2


@each_case
def test_quotes_and_dashes_are_dutch(case: CaseDocument):
    text = write_case(case).split("---\n", 2)[2]
    assert not {'"', "“", "”", "—", "'"} & set(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    ["dakloos", "daklozen", "eenzame ouderen", "armoede", "dementie", "bejaarden", "clie\u0308nt", "Hilhorst"],
)
def test_a_word_that_readers_look_for_finds_a_case(typed):
    sync.load(sync.read_paths([FIXTURES]))
    assert search.find(search.parse(typed))
