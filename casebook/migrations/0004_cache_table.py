"""The table of the cache, so that nobody has to run another command."""

from django.core.management import call_command
from django.db import migrations


def make_table(apps, schema_editor):
    call_command("createcachetable", "cache", database=schema_editor.connection.alias, verbosity=0)


def drop_table(apps, schema_editor):
    schema_editor.execute("DROP TABLE IF EXISTS cache")


class Migration(migrations.Migration):
    dependencies = [("casebook", "0003_account_deletion")]
    operations = [migrations.RunPython(make_table, drop_table)]
