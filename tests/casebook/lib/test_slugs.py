"""Names that have to be unique."""

import pytest

from casebook.lib.slugs import first_free


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        (set(), "wonen"),
        ({"wonen-2"}, "wonen"),
        ({"wonen"}, "wonen-2"),
        ({"wonen", "wonen-2", "wonen-4"}, "wonen-3"),
        ({"wonen", *(f"wonen-{number}" for number in range(2, 12_000))}, "wonen-12000"),
    ],
)
def test_the_first_name_that_nothing_has_is_given(taken, free):
    assert first_free("wonen", taken) == free
