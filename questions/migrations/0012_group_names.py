"""Titles, periods and groups of modules get the form that they are stored in from now on.

Enrolments are ordered by the sort name of their user.
"""

from django.db import migrations

from casebook.lib.text import read_line


def clean(rows, *names):
    changed = []
    for row in rows.only(*names).iterator():
        values = {name: getattr(row, name) for name in names}
        lines = {name: _line(value) for name, value in values.items()}
        if lines != values:
            for name, line in lines.items():
                setattr(row, name, line)
            changed.append(row)
    rows.bulk_update(changed, names, batch_size=200)


def _line(value):
    if isinstance(value, list):
        return list(dict.fromkeys(line for group in value if (line := read_line(group))))
    return read_line(value)


def clean_lines(apps, schema_editor):
    alias = schema_editor.connection.alias
    clean(apps.get_model("questions", "Module").objects.using(alias), "title", "period", "groups")
    clean(apps.get_model("questions", "Enrolment").objects.using(alias), "group")


class Migration(migrations.Migration):
    dependencies = [("questions", "0011_privacy")]
    operations = [
        migrations.RunPython(clean_lines, migrations.RunPython.noop),
        migrations.AlterModelOptions(
            "enrolment",
            options={
                "ordering": ["module", "group", "user__sort_name", "pk"],
                "verbose_name": "deelname",
                "verbose_name_plural": "deelnames",
            },
        ),
    ]
