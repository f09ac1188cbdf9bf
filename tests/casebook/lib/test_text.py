"""How texts are spelled and told apart, by cases that static/js has to agree with."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from casebook.lib.text import P1, P2, normalise, text_hash

VECTORS = json.loads(Path(__file__).with_name("text_vectors.json").read_text(encoding="ascii"))
STORIES = sorted((settings.BASE_DIR / "fixtures" / "cases").glob("*.md"))


def whole(text: str | dict) -> str:
    return text if isinstance(text, str) else text["of"] * text["repeat"]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_each_shared_case_is_normalised_and_hashed_as_written_down(vector):
    text = normalise(whole(vector["sent"]))
    assert text == whole(vector["normalised"])
    assert text_hash(text) == vector["hash"]


def test_the_shared_cases_have_a_hash_each_that_is_only_theirs():
    texts = {whole(vector["normalised"]) for vector in VECTORS}
    assert len({vector["hash"] for vector in VECTORS}) == len(texts)
    assert all(int(vector["hash"]) < 2**53 for vector in VECTORS)


def test_the_hash_is_what_its_definition_says():
    assert P1 * P2 < 2**53
    assert text_hash("") == str(P2 + 1)
    assert text_hash("a") == str(0x161 * P2 + 0x161)


def small_changes(text: str) -> Iterator[str]:
    """Neighbours swapped, paragraphs swapped, a letter changed, left out or doubled."""
    for place in range(0, len(text) - 1, 17):
        first, second, rest = text[place], text[place + 1], text[place + 2 :]
        yield text[:place] + second + first + rest
        yield text[:place] + ("x" if first != "x" else "y") + second + rest
        yield text[:place] + second + rest
        yield text[:place] + first + first + second + rest
    paragraphs = text.split("\n\n")
    for place in range(len(paragraphs) - 1):
        first, second = paragraphs[place : place + 2]
        yield "\n\n".join([*paragraphs[:place], second, first, *paragraphs[place + 2 :]])


def test_small_changes_in_real_texts_never_have_the_same_hash():
    assert len(STORIES) == 16
    for story in STORIES:
        text = normalise(story.read_text(encoding="utf-8"))
        variants = {text, *small_changes(text)}
        assert len({text_hash(variant) for variant in variants}) == len(variants), story.name
