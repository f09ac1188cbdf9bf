"""The three groups and what they may do in the admin.

On a fresh database permissions are made after the last migration, so they are made here first.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

WRITES = {
    "case": "add change delete view",
    "caseactor": "add change delete view",
    "casekeyword": "add change delete view",
    "reference": "add change delete view",
    "question": "add change delete view",
    "part": "view",
    "actor": "add change view",
    "keyword": "add change view",
    "edition": "view",
}
PUBLISHES = {
    "case": "publish",
    "part": "add change delete",
    "actor": "delete",
    "keyword": "delete",
}


def make_groups(apps, schema_editor):
    for label in ("cases", "questions"):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    group.objects.get_or_create(name="Docenten")
    editors, _ = group.objects.get_or_create(name="Redactie")
    chiefs, _ = group.objects.get_or_create(name="Eindredactie")
    for table, groups in ((WRITES, (editors, chiefs)), (PUBLISHES, (chiefs,))):
        names = [f"{act}_{model}" for model, acts in table.items() for act in acts.split()]
        found = list(permission.objects.filter(codename__in=names, content_type__app_label__in=("cases", "questions")))
        assert len(found) == len(names), "a permission of the groups is missing"
        for each in groups:
            each.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [("casebook", "0001_initial"), ("cases", "0002_search"), ("questions", "0001_initial")]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
