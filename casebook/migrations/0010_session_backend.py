from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations

BEFORE, AFTER = "casebook.leaving.Backend", "casebook.accounts.backends.Backend"


def replace_backend(apps, old: str, new: str) -> None:
    """Write the new path of the authentication backend in every session that has the old one.

    Django ends a session whose backend is not in AUTHENTICATION_BACKENDS, so without this an upgrade would sign
    everybody out. A session that cannot be decoded becomes empty, as it would at the next request; it is left alone.
    """
    sessions, store = apps.get_model("sessions", "Session").objects, SessionStore()
    for key, stored in sessions.values_list("session_key", "session_data").iterator():
        data = store.decode(stored)
        if data.get(BACKEND_SESSION_KEY) == old:
            sessions.filter(session_key=key).update(session_data=store.encode(data | {BACKEND_SESSION_KEY: new}))


def forwards(apps, schema_editor) -> None:
    replace_backend(apps, BEFORE, AFTER)


def backwards(apps, schema_editor) -> None:
    replace_backend(apps, AFTER, BEFORE)


class Migration(migrations.Migration):
    dependencies = [
        ("casebook", "0009_attempt_counts"),
        ("sessions", "0001_initial"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
