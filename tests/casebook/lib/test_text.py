"""Normalising and hashing texts, with test vectors that static/js has to match."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from casebook.lib.text import P1, P2, normalise, text_hash

VECTORS = json.loads(Path(__file__).with_name("text_vectors.json").read_text(encoding="ascii"))
STORIES = sorted((settings.BASE_DIR / "fixtures" / "cases").glob("*.md"))


def expand(text: str | dict) -> str:
    return text if isinstance(text, str) else text["of"] * text["repeat"]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_each_vector_is_normalised_and_hashed_as_specified(vector):
    text = normalise(expand(vector["sent"]))
    assert text == expand(vector["normalised"])
    assert text_hash(text) == vector["hash"]


def test_different_vectors_have_different_hashes():
    texts = {expand(vector["normalised"]) for vector in VECTORS}
    assert len({vector["hash"] for vector in VECTORS}) == len(texts)
    assert all(int(vector["hash"]) < 2**53 for vector in VECTORS)


def test_the_hash_matches_its_definition():
    assert P1 * P2 < 2**53
    assert text_hash("") == str(P2 + 1)
    assert text_hash("a") == str(0x161 * P2 + 0x161)


def small_changes(text: str) -> Iterator[str]:
    """Yield variants of the text: letters or paragraphs swapped, a letter changed, removed or doubled."""
    for index in range(0, len(text) - 1, 17):
        first, second, rest = text[index], text[index + 1], text[index + 2 :]
        yield text[:index] + second + first + rest
        yield text[:index] + ("x" if first != "x" else "y") + second + rest
        yield text[:index] + second + rest
        yield text[:index] + first + first + second + rest
    paragraphs = text.split("\n\n")
    for index in range(len(paragraphs) - 1):
        first, second = paragraphs[index : index + 2]
        yield "\n\n".join([*paragraphs[:index], second, first, *paragraphs[index + 2 :]])


def test_small_changes_in_real_texts_never_have_the_same_hash():
    assert len(STORIES) == 16
    for story in STORIES:
        text = normalise(story.read_text(encoding="utf-8"))
        variants = {text, *small_changes(text)}
        assert len({text_hash(variant) for variant in variants}) == len(variants), story.name
