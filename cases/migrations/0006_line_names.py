"""Names in the vocabulary get the form that they are stored in from now on.

A name that another row already has in that form stays as it is: no row is deleted here. Cases that use it are written
with the name of the other row.
"""

from django.db import migrations

from casebook.lib.text import read_line


def clean_names(apps, schema_editor):
    for kind in ("Actor", "Keyword", "FormerActor", "FormerKeyword"):
        rows = apps.get_model("cases", kind).objects.using(schema_editor.connection.alias)
        for row in rows.only("name").order_by("pk"):
            name = read_line(row.name)
            if name and name != row.name and not rows.filter(name=name).exists():
                rows.filter(pk=row.pk).update(name=name)
    parts = apps.get_model("cases", "Part").objects.using(schema_editor.connection.alias)
    for part in parts.only("title"):
        if (title := read_line(part.title)) and title != part.title:
            parts.filter(pk=part.pk).update(title=title)
    keywords = apps.get_model("cases", "Keyword").objects.using(schema_editor.connection.alias)
    for keyword in keywords.only("synonyms"):
        synonyms = [line for word in keyword.synonyms if (line := read_line(word))]
        if synonyms != keyword.synonyms:
            keywords.filter(pk=keyword.pk).update(synonyms=synonyms)


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_withdrawn_copy")]
    operations = [migrations.RunPython(clean_names, migrations.RunPython.noop)]
