"""The order of people in a list."""

import pytest

from casebook.lib.sort_names import LONGEST, folded, sort_name_of

SORTED = {
    "Petra van der Berg": "berg petra",
    "Petra Van Der Berg": "berg petra",
    "Noor Rahimi": "rahimi noor",
    "Chaima el Idrissi": "idrissi chaima",
    "Anna Maria de Vries": "vries anna maria",
    "Jan Peter Balkenende": "peter balkenende jan",
    "J. P. Balkenende": "balkenende j p",
    "J.P. M.R. de Wit": "wit jp mr",
    "Anna B. Jansen": "jansen anna b",
    "J. P.": "p j",
    "Piet Jansen-van den Heuvel": "jansen heuvel piet",
    "Anne-Marie Bos": "bos anne marie",
    "Wim ’t Hart": "hart wim",
    "Wim 't Hart": "hart wim",
    "Gerard in 't Veld": "veld gerard",
    "Els d’Hondt": "hondt els",
    "Jeanne l'Ami": "ami jeanne",
    "Sean O'Brien": "obrien sean",
    "Élodie Ångström": "angstrom elodie",
    "Łukasz Żak": "zak lukasz",
    "Søren Ærø": "aero soren",
    "Şule Yıldız": "yildiz sule",
    "Hans Groß": "gross hans",
    "IJsbrand IJzer": "ijzer ijsbrand",
    "Ĳsbrand Ĳzer": "ijzer ijsbrand",
    "Madonna": "madonna",
    "Jan ℝijk": "rijk jan",
    "de": "de",
    "Anna de": "anna",
    "Student 10": "10 student",
    "": "",
    "سميرة نور": "نور سميرة",
}


@pytest.mark.parametrize(("name", "sorted_as"), SORTED.items(), ids=SORTED)
def test_a_name_is_sorted_by_surname(name, sorted_as):
    assert sort_name_of(name) == sorted_as
    assert folded(sorted_as) == sorted_as


def test_a_sort_name_fits_in_its_column():
    assert len(sort_name_of("ß" * 120)) == LONGEST
    assert sort_name_of(" ".join(["a"] * 60))
