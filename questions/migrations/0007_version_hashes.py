"""A hash on every kept version, by which the next migration lets each text be there once."""

from django.db import migrations, models
from django.db.models import Count, Func, Max, Min


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


def merge_answer_versions(apps, schema_editor):
    versions = apps.get_model("questions", "AnswerVersion").objects.using(schema_editor.connection.alias)
    delete_all_but_the_oldest(versions, ["answer", "kind", "text_hash"])


def merge_feedback_versions(apps, schema_editor):
    versions = apps.get_model("questions", "FeedbackVersion").objects.using(schema_editor.connection.alias)
    same = ["submission", "author", "kind", "text_hash"]
    repeated = versions.order_by().values(*same).annotate(n=Count("pk"), oldest=Min("pk"), last=Max("revision"))
    for each in repeated.filter(n__gt=1).values("oldest", "last").iterator():
        # A revision never comes back: the one that stays goes on from the highest.
        versions.filter(pk=each["oldest"], revision__lt=each["last"]).update(revision=each["last"])
    delete_all_but_the_oldest(versions, same)


def delete_all_but_the_oldest(versions, same):
    oldest = versions.order_by().values(*same).annotate(oldest=Min("pk")).values("oldest")
    versions.exclude(pk__in=oldest).delete()


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
        migrations.RunPython(merge_answer_versions, migrations.RunPython.noop),
        migrations.RunPython(merge_feedback_versions, migrations.RunPython.noop),
    ]
