"""The behaviour of search, which is the same for both engines."""

import pytest
from django.db import connection

from cases.library import search
from cases.models import Case, Keyword
from cases.publishing import editions
from tests.factories import ConceptFactory, KeywordFactory, publish, published_case

MATCHING = [
    ("schuld", "schulden"),
    ("schulden", "schuld"),
    ("client", "cliënt"),
    ("cliënten", "client"),
    ("gezin", "gezinnen"),
    ("gezinnen", "gezin"),
    ("brief", "brieven"),
    ("brieven", "brief"),
    ("huis", "huizen"),
    ("vrijwilliger", "vrijwilligers"),
    ("bewoner", "bewoners"),
    ("wijkteams", "wijkteam"),
    ("eenzaam", "eenzaamheid"),
    ("gemeenten", "gemeente"),
    ("ambtenaar", "ambtenaren"),
    ("uitkeringen", "uitkering"),
    ("buur", "buren"),
    ("koelk", "koelkast"),
    ("MCDONALDS", "McDonald’s"),
    ("gesprekken", "gesprek"),
    ("uysal", "Uysal"),
    ("een", "één"),
]
NOT_MATCHING = [
    ("gezin", "zin"),
    ("zin", "gezin"),
    ("school", "schulden"),
    ("huis", "thuis"),
    ("wijk", "afwijken"),
    ("buren", "bureau"),
    ("moeder", "moe"),
    ("brief", "brie"),
    ("zorg", "verzorgd"),
    ("raad", "draad"),
    ("man", "manier van doen"),
]


def found_by(text: str) -> list[int]:
    return search.find(search.parse(text))


@pytest.fixture
def story(db):
    """Return a function that publishes a case with a text in its story and returns its id."""

    def make(text: str, **fields) -> int:
        return published_case(body=text, **fields).pk

    return make


@pytest.mark.parametrize(("typed", "written"), MATCHING)
def test_a_word_matches_its_other_forms(story, typed, written):
    case = story(f"Dit gaat over {written} en meer.")
    assert found_by(typed) == [case]


@pytest.mark.parametrize(("typed", "written"), NOT_MATCHING)
def test_a_word_does_not_match_similar_words(story, typed, written):
    case = story(f"Dit gaat over {written} en meer.")
    assert case not in found_by(f"{typed} meer")


def test_a_case_must_contain_every_word(story):
    both, one = story("koelkast en bingo"), story("alleen een koelkast")
    assert found_by("bingo koelkast") == [both]
    assert set(found_by("koelkast")) == {both, one}


def test_only_the_last_word_can_be_a_prefix(story):
    case = story("een lekkende koelkast")
    assert found_by("lekkende koel") == [case]
    assert found_by("lekk koelkast") == []


def test_a_phrase_must_be_in_the_text_in_the_same_order(story):
    case = story("Ze at bruine bonen uit een pot.")
    story("Bonen zijn bruine dingen.")
    assert found_by('"bruine bonen"') == [case]
    assert found_by("“bruine bonen”") == [case]
    assert found_by('"bonen bruine pot"') == []


def test_a_phrase_does_not_match_across_two_fields(db):
    published_case(title="Alles op rood", summary="Wit is ook goed.")
    assert found_by('"rood wit"') == []


def test_a_match_in_a_more_important_field_ranks_higher(db):
    text = " ".join(f"woord{n}" for n in range(40))
    in_story = published_case(body=f"{text} koelkast {text}").pk
    in_question = ConceptFactory(kolbs=[])
    in_question.questions.create(key="k", kolb="denker", text="Wat is een koelkast?", position=1)
    in_question = publish(in_question).pk
    KeywordFactory(name="koelkast")
    in_keyword = published_case(keyword_names=["koelkast"]).pk
    in_title = published_case(title="De koelkast").pk
    assert found_by("koelkast") == [in_title, in_keyword, in_question, in_story]


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("omschreven", {"summary": "Kort omschreven."}),
        ("aanvang", {"introduction": "Bij aanvang."}),
        ("afscheid", {"closing": "Een afscheid."}),
        ("Philomena", {"actor_lines": [("Sociaal ondernemer", "hybrid", "Philomena")]}),
        ("ondernemer", {"actor_lines": [("Sociaal ondernemer", "hybrid", "Philomena")]}),
    ],
)
def test_every_field_of_a_case_is_searched(db, typed, fields):
    case = published_case(**fields)
    published_case()
    assert found_by(typed) == [case.pk]


def test_a_keyword_is_found_by_its_synonym(db):
    Keyword.objects.create(name="lvb", slug="lvb", synonyms=["licht verstandelijke beperking"])
    case = published_case(keyword_names=["lvb"])
    assert found_by("verstandelijke beperking") == [case.pk]


def test_a_concept_is_not_in_the_index(db):
    ConceptFactory(body="koelkast")
    assert found_by("koelkast") == []


def test_publishing_again_replaces_the_words_in_the_index(story):
    case = Case.objects.get(pk=story("koelkast"))
    copy = editions.start_working_copy(case=case)
    copy.body = "fornuis"
    copy.save()
    editions.publish(case=copy)
    assert found_by("koelkast") == []
    assert found_by("fornuis") == [case.pk]


def test_a_case_that_was_removed_from_the_index_is_not_found(story):
    case = story("koelkast")
    search.forget_case(Case.objects.get(pk=case))
    assert found_by("koelkast") == []


@pytest.mark.parametrize(
    "hostile",
    [
        "", " ", '"', "'", '""', "*", "%", "_", "\\", "a AND", "NOT a", "NEAR(a b)", "title_words : a", "a:*", "a & |",
        "<->", "(", ")", "{a}", "\x00", "a\x00b", "😀", "ﬁ", "x" * 10_000, "a " * 5_000, "; DROP TABLE cases_case",
        "=a", "'a' | 'b'", "”", "$1", "%s", "\ud800",
    ],
)  # fmt: skip
def test_no_search_text_raises(story, hostile):
    case = story("koelkast")
    query = search.parse(hostile)
    search.find(query)
    search.suggest(query)
    search.snippet("koelkast", query)
    assert found_by("koelkast") == [case]


def test_a_very_long_search_text_is_cut_and_marked_as_cut():
    query = search.parse("woord " * 100)
    assert len(query.terms) == search.MAX_WORDS
    assert query.was_cut
    assert not search.parse("gewoon").was_cut


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("shculden", "schulden"),
        ("schlden", "schulden"),
        ("schuldeen bewoner", "schulden bewoner"),
        ("keukentafelgesperk", "keukentafelgesprek"),
        ("keukentaflgespek", "keukentafelgesprek"),
        ("schulden", None),
        ("qqqqqq", None),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(story, typed, suggestion):
    story("Een bewoner met schulden heeft een keukentafelgesprek.")
    assert search.suggest(search.parse(typed)) == suggestion


def test_a_snippet_marks_the_match():
    text = "Er was eens een gezin. " * 20 + "Toen kwamen de schulden, en die bleven. " + "Het einde. " * 20
    runs = search.snippet(text, search.parse("schuld"))
    assert [run for run, is_hit in runs if is_hit] == ["schulden"]
    assert "".join(run for run, _ in runs).startswith("… ")
    assert len("".join(run for run, _ in runs)) < 200


def test_a_text_without_a_match_has_no_snippet():
    assert search.snippet("Niets te zien.", search.parse("schuld")) == []


def test_the_engine_depends_on_the_database(db):
    expected = {"sqlite": "Fts5", "postgresql": "Tsvector"}[connection.vendor]
    assert type(search.engine()).__name__ == expected


# Forms of letters, invisible characters, literature, and a second try

FORGIVING = [
    ("cliënt", "clie\u0308nt"),
    ("financie\u0308le", "financiële"),
    ("één", "e\u0301e\u0301n"),
    ("schul\u00adden", "schulden"),
    ("schul\u200bden", "schulden"),
    ("schulden", "schul\u00adden"),
    ("schulden", "schul\u200bden"),
    ("schul\u2060den", "schulden"),
    ("\ufeffschulden", "schulden"),
    ("dakloos", "daklozen"),
    ("daklozen", "dakloos"),
    ("eenzame", "eenzaam"),
    ("eenzaam", "eenzame"),
    ("huizen", "huis"),
    ("oudere", "ouderen"),
    ("vluchteling", "vluchtelingen"),
    ("bejaarden", "bejaard"),
]


@pytest.mark.parametrize(("typed", "written"), FORGIVING, ids=ascii)
def test_a_word_is_found_in_any_spelling_of_its_letters(story, typed, written):
    case = story(f"Dit gaat over {written} en meer.")
    assert found_by(typed) == [case]
    assert found_by(f'"over {typed} en"') == ([case] if search.fold(typed) == search.fold(written) else [])


def test_a_hit_with_invisible_characters_is_marked():
    runs = search.snippet("Zij heeft schul\u00adden bij de clie\u0308nt.", search.parse("schulden cliënt"))
    assert [run for run, is_hit in runs if is_hit] == ["schulden", "cliënt"]


def test_white_space_between_words_divides_them():
    assert search.words_of("een\ttwee\vdrie\nvier\u00a0vijf") == ["een", "twee", "drie", "vier", "vijf"]


def test_a_case_is_found_by_an_author_of_its_literature(db):
    concept = ConceptFactory()
    concept.references.create(text="Hilhorst, P. & Van der Lans, J. (2014). Sociaal doe-het-zelven.", position=1)
    case = publish(concept)
    published_case()
    assert found_by("Hilhorst") == [case.pk]
    assert found_by("van der lans 2014") == [case.pk]


def found_by_any(text: str) -> set[int]:
    return set(search.find(search.parse(text).with_any_term()))


def test_a_second_try_finds_cases_with_any_of_the_words(story):
    cold, bingo = story("Een koelkast."), story("Zij speelt bingo.")
    story("Iets heel anders.")
    assert found_by("koelkast bingo") == []
    assert found_by_any("koelkast bingo") == {cold, bingo}
    assert found_by_any('"een koelkast" bingo') == {cold, bingo}


def test_small_words_find_nothing_in_a_second_try(story):
    cold = story("De koelkast van de buurvrouw.")
    story("De fiets van de buurman.")
    assert found_by_any("de koelkast van de olifant") == {cold}
    assert found_by_any("van de het") == set()


def test_in_a_second_try_a_case_with_more_of_the_words_is_not_below_one_with_fewer(story):
    one, both = story("Een koelkast en een kast."), story("Een koelkast en een bingo.")
    assert search.find(search.parse("koelkast bingo olifant").with_any_term()) == [both, one]
