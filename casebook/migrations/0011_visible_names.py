"""Names get the form that they are stored in from now on, and impossible addresses are refused.

A name of which nothing can be seen becomes empty, so that pages show the e-mail address.
"""

from django.db import migrations, models

import casebook.models
from casebook.lib.text import read_line


def clean_names(apps, schema_editor):
    users = apps.get_model("casebook", "User").objects.using(schema_editor.connection.alias)
    changed = []
    for user in users.only("name").iterator():
        name = read_line(user.name)
        if name != user.name:
            user.name = name
            changed.append(user)
    users.bulk_update(changed, ["name"], batch_size=200)


class Migration(migrations.Migration):
    dependencies = [("casebook", "0010_session_backend")]
    operations = [
        migrations.AlterField(
            "user",
            "email",
            models.EmailField(
                max_length=254, unique=True, validators=[casebook.models.check_email], verbose_name="e-mailadres"
            ),
        ),
        migrations.RunPython(clean_names, migrations.RunPython.noop),
    ]
