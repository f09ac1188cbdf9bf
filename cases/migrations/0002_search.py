"""The search table, in the way of the database at hand, and the one row that holds the library's version."""

from django.db import migrations

PLACES = ("title", "labels", "asked", "story")


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE TABLE cases_search (case_id bigint PRIMARY KEY REFERENCES cases_case (id) ON DELETE CASCADE"
            " DEFERRABLE INITIALLY DEFERRED, vector tsvector NOT NULL)"
        )
        schema_editor.execute("CREATE INDEX cases_search_vector ON cases_search USING gin (vector)")
    else:
        columns = [f"{place}_{kind}" for kind in ("words", "stems") for place in PLACES]
        schema_editor.execute(
            f"CREATE VIRTUAL TABLE cases_search USING fts5({', '.join(columns)},"
            " tokenize = \"unicode61 remove_diacritics 0\", prefix = '2 3 4')"
        )


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE cases_search")


def open_library(apps, schema_editor):
    apps.get_model("cases", "Library").objects.create()


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [
        migrations.RunPython(create, drop),
        migrations.RunPython(open_library, migrations.RunPython.noop),
    ]
