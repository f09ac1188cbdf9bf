from django.db import migrations, models
from django.utils import timezone

KINDS_OF_ANSWERS = [
    ("conflict", "tegelijk geschreven, niet gekozen"),
    ("chosen", "vervangen toen je een andere tekst koos"),
    ("shrunk", "vóór je veel tekst weghaalde"),
    ("earlier", "eerder, voor je verder schreef"),
    ("handed_in", "ingeleverd"),
]
KINDS_OF_FEEDBACK = [
    ("conflict", "tegelijk geschreven, niet gekozen"),
    ("shrunk", "vóór je veel tekst weghaalde"),
    ("earlier", "eerder, voor je verder schreef"),
    ("undone", "ongedaan gemaakt"),
]


def date_by_creation(apps, schema_editor):
    """Of what was written before, the next save that changes it keeps the text as it is now."""
    for name in ("Answer", "Feedback"):
        rows = apps.get_model("questions", name).objects.using(schema_editor.connection.alias)
        rows.update(version_at=models.F("created_at"))


def at_and_removed(model):
    return [
        migrations.AddField(model, "version_at", models.DateTimeField(default=timezone.now, editable=False)),
        migrations.AddField(model, "removed", models.PositiveIntegerField(default=0, editable=False)),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("questions", "0008_versions_once"),
    ]

    operations = [
        *at_and_removed("answer"),
        *at_and_removed("feedback"),
        migrations.AlterField("answerversion", "kind", models.CharField(choices=KINDS_OF_ANSWERS, max_length=10)),
        migrations.AlterField("feedbackversion", "kind", models.CharField(choices=KINDS_OF_FEEDBACK, max_length=10)),
        migrations.RunPython(date_by_creation, migrations.RunPython.noop),
    ]
