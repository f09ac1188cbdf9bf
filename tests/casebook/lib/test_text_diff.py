"""The differences between two texts."""

import pytest

from casebook.lib.text_diff import Run, difference, is_changed

pytestmark = pytest.mark.once


def old_and_new(runs: list[Run]) -> tuple[str, str]:
    return (
        "".join(run.text for run in runs if run.kind != "new"),
        "".join(run.text for run in runs if run.kind != "gone"),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("", "Nieuw."),
        ("Weg.", ""),
        ("Ik bel haar morgen.", "Ik bel haar zus vanmiddag."),
        ("Eén\ntwee\n", "Eén\ndrie\n\ntwee"),
        ("a b c d", "d c b a"),
        ("Zelfde regel.\n\nOud eind", "Zelfde regel.\n\nNieuw eind, met meer."),
    ],
)
def test_the_runs_contain_both_texts(old, new):
    assert old_and_new(difference(old, new)) == (old, new)


def test_differences_are_marked_by_word():
    assert difference("Ik bel haar morgen.", "Ik bel haar vanmiddag.") == [
        Run("same", "Ik bel haar "),
        Run("gone", "morgen"),
        Run("new", "vanmiddag"),
        Run("same", "."),
    ]


def test_a_replaced_phrase_is_one_run():
    assert difference("Zij wil nu niet.", "Zij gaat straks niet.") == [
        Run("same", "Zij "),
        Run("gone", "wil nu"),
        Run("new", "gaat straks"),
        Run("same", " niet."),
    ]


def test_a_short_common_word_does_not_split_a_phrase():
    assert difference("Zij bel ik nu.", "Hij loopt ik weg.") == [
        Run("gone", "Zij bel ik nu"),
        Run("new", "Hij loopt ik weg"),
        Run("same", "."),
    ]


def test_equal_texts_have_no_differences():
    assert difference("Zo.", "Zo.") == [Run("same", "Zo.")]
    assert not is_changed(difference("Zo.", "Zo."))
    assert is_changed(difference("Zo.", "Zo!"))


def test_a_very_long_line_is_replaced_as_a_whole():
    old, new = "een " * 5_000, "twee " * 5_000
    assert difference(old, new) == [Run("gone", old), Run("new", new)]


def test_a_text_of_very_many_lines_is_replaced_as_a_whole():
    """A comparison line by line takes quadratic time."""
    old, new = "a\n" * 100_000, "a\n" * 99_999 + "b\n"
    assert difference(old, new) == [Run("gone", old), Run("new", new)]
    assert difference(old, old) == [Run("same", old)]
