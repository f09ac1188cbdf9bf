"""The migration of sessions to the new path of the authentication backend."""

from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY

from tests.factories import UserFactory

migration = import_module("casebook.migrations.0010_session_backend")


@pytest.fixture
def old_client(client, db):
    """Return a client that signed in before the backend moved."""
    client.force_login(UserFactory())
    session = client.session
    session[BACKEND_SESSION_KEY] = migration.BEFORE
    session["draft"] = "é"
    session.save()
    return client


def test_the_migration_uses_the_path_of_the_settings():
    assert [migration.AFTER] == settings.AUTHENTICATION_BACKENDS


def test_a_session_with_the_old_path_is_invalid_without_the_migration(old_client):
    assert old_client.get("/mijn-gegevens/").status_code == 302


def test_the_migration_preserves_the_session_and_its_data(old_client):
    migration.forwards(apps, None)
    assert old_client.get("/mijn-gegevens/").status_code == 200
    assert old_client.session["draft"] == "é"


def test_the_migration_can_be_reversed(old_client):
    before = dict(old_client.session)
    migration.forwards(apps, None)
    migration.backwards(apps, None)
    assert dict(old_client.session) == before


def test_the_migration_does_not_change_other_sessions(client, db):
    session = client.session
    session["next"] = "/casussen/"
    session.save()
    stored = apps.get_model("sessions", "Session").objects.get().session_data
    migration.forwards(apps, None)
    assert apps.get_model("sessions", "Session").objects.get().session_data == stored
