"""Eindredactie merges and renames keywords and kinds of actor.

On a fresh database permissions are made after the last migration, so they are made here first.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

ACTS = ["merge_keyword", "merge_actor"]


def permit(apps, schema_editor):
    config = apps.get_app_config("cases")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permission = apps.get_model("auth", "Permission")
    found = list(permission.objects.filter(codename__in=ACTS, content_type__app_label="cases"))
    assert len(found) == len(ACTS), "a permission of the group is missing"
    apps.get_model("auth", "Group").objects.get(name="Eindredactie").permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [("casebook", "0007_chiefs"), ("cases", "0004_vocabulary")]
    operations = [migrations.RunPython(permit, migrations.RunPython.noop)]
