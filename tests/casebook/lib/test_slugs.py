"""The generation of unique slugs."""

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
def test_first_free_returns_the_first_slug_that_is_not_taken(taken, free):
    assert first_free("wonen", taken) == free
