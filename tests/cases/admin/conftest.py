"""Fixtures for an editor and a chief editor who are signed in."""

import pytest

from tests.factories import UserFactory


@pytest.fixture
def editor(client):
    editor = UserFactory(groups=["Redactie"])
    client.force_login(editor)
    return editor


@pytest.fixture
def chief(client):
    chief = UserFactory(groups=["Eindredactie"])
    client.force_login(chief)
    return chief
