"""A hash on every kept version, by which the next migration lets each text be there once."""

from django.db import migrations, models
from django.db.models import Func

BATCH = 500  # rows a statement: SQLite takes no longer list of numbers on every machine


class TextHash(Func):
    """SHA-256 of a text in UTF-8, computed by the database: one statement a table, without reading the texts here."""

    output_field = models.CharField()

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, function="SHA256", **context)  # which Django gives to SQLite

    def as_postgresql(self, compiler, connection, **context):
        # Of PostgreSQL itself, since 11; Django's own SHA256 asks for the extension pgcrypto.
        template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
        return self.as_sql(compiler, connection, template=template, **context)


def fill_hashes(apps, schema_editor):
    for name in ("AnswerVersion", "FeedbackVersion"):
        versions = apps.get_model("questions", name).objects.using(schema_editor.connection.alias)
        versions.update(text_hash=TextHash("text"))


def merge_versions(apps, schema_editor):
    using = schema_editor.connection.alias
    merge(apps.get_model("questions", "AnswerVersion").objects.using(using), ["answer", "kind", "text_hash"])
    theirs = apps.get_model("questions", "FeedbackVersion").objects.using(using)
    # A revision never comes back: the version that stays goes on from the highest.
    raise_revisions(theirs, merge(theirs, ["submission", "author", "kind", "text_hash"], number="revision"))


def merge(versions, same, number="pk"):
    """Delete all but the oldest of the versions that are the same. Returns the highest number of each that had others.

    They are found in one sorted reading: an anti-join in the database takes time by the square where the rows do not
    fit in its memory for one.
    """
    repeated, highest, oldest, previous = [], {}, None, None
    for pk, value, *key in versions.order_by(*same, "pk").values_list("pk", number, *same).iterator(2000):
        if key == previous:
            repeated.append(pk)
            highest[oldest] = max(highest.get(oldest, 0), value)
        else:
            oldest, previous = pk, key
    for start in range(0, len(repeated), BATCH):
        versions.filter(pk__in=repeated[start : start + BATCH]).delete()
    return highest


def raise_revisions(versions, highest):
    pks = list(highest)
    for start in range(0, len(pks), BATCH):
        rows = list(versions.filter(pk__in=pks[start : start + BATCH]).only("revision"))
        for row in rows:
            row.revision = max(row.revision, highest[row.pk])
        versions.bulk_update(rows, ["revision"])


class Migration(migrations.Migration):
    dependencies = [
        ("questions", "0006_feedback_revisions"),
    ]

    operations = [
        migrations.AddField(
            model_name="answerversion",
            name="text_hash",
            field=models.CharField(default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="feedbackversion",
            name="text_hash",
            field=models.CharField(default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(fill_hashes, migrations.RunPython.noop),
        migrations.RunPython(merge_versions, migrations.RunPython.noop),
    ]
