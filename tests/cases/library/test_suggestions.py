"""Tests of the cases that home suggests to read."""

import pytest

from cases.library.catalogue_index import current_index
from cases.library.suggestions import suggestions
from tests.factories import published_case

pytestmark = pytest.mark.django_db


def case_about(*keywords: str, **fields):
    return published_case(keyword_names=list(keywords), **fields)


def titles(known=(), count=3) -> list[str]:
    return [case.title for case in suggestions(current_index(), list(known), count)]


def test_case_that_shares_a_keyword_comes_before_others():
    seed = case_about("schulden", title="Zaad")
    case_about("wonen", title="Eerste")
    case_about("schulden", title="Verwant")
    assert titles([seed.pk])[0] == "Verwant"
    assert suggestions(current_index(), [seed.pk])[0].reason == "Gaat ook over schulden, net als ‘Zaad’."


def test_known_cases_are_never_suggested():
    cases = [case_about("schulden", title=f"Casus {n}") for n in range(4)]
    assert titles([case.pk for case in cases[1:]]) == ["Casus 0"]
    assert titles([case.pk for case in cases]) == []


def test_each_of_the_latest_cases_gives_one_before_any_gives_two():
    debts, homes = case_about("schulden", title="Zaad"), case_about("wonen", title="Zaad twee")
    for n in range(2):
        case_about("schulden", title=f"Schulden {n}")
        case_about("wonen", title=f"Wonen {n}")
    assert titles([debts.pk, homes.pk]) == ["Schulden 0", "Wonen 0", "Schulden 1"]


def test_user_without_known_cases_gets_cases_to_begin_with():
    published_case(title="Eerste", kolbs=["doener"], body=("woord " * 400).strip())
    published_case(title="Kort", kolbs=["doener"], body="kort")
    published_case(title="Vragen", kolbs=["doener", "denker", "denker"], body=("woord " * 400).strip())
    assert [(case.title, case.reason) for case in suggestions(current_index(), [])] == [
        ("Eerste", "Hiermee begint de bundel."),
        ("Kort", "Het kortste verhaal van de bundel."),
        ("Vragen", "Over dit verhaal zijn de meeste vragen."),
    ]


def test_case_that_left_the_library_is_no_reason():
    published_case(title="Eerste")
    assert titles([987_654]) == ["Eerste"]


def test_library_without_cases_suggests_nothing():
    assert titles() == []
