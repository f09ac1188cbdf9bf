"""Users get a name to be sorted by, made of their name."""

from django.db import migrations

import casebook.lib.sort_names
from casebook.lib.sort_names import sort_name_of


def fill_in(apps, schema_editor):
    users = apps.get_model("casebook", "User").objects.using(schema_editor.connection.alias)
    changed = []
    for user in users.only("name").iterator():
        user.sort_name = sort_name_of(user.name)
        changed.append(user)
    users.bulk_update(changed, ["sort_name"], batch_size=200)


class Migration(migrations.Migration):
    dependencies = [("casebook", "0011_visible_names")]
    operations = [
        migrations.AddField(
            "user",
            "sort_name",
            casebook.lib.sort_names.SortNameField(
                blank=True,
                default="",
                help_text="Leeg laten kan: dan volgt dit uit de naam.",
                max_length=160,
                verbose_name="sorteren onder",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
        migrations.AlterModelOptions(
            "user",
            options={
                "ordering": ["sort_name", "email"],
                "verbose_name": "gebruiker",
                "verbose_name_plural": "gebruikers",
            },
        ),
    ]
