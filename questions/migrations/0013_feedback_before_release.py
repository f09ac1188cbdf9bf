from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("questions", "0012_group_names")]

    operations = [
        migrations.AddField("feedback", "before_release", models.JSONField(blank=True, editable=False, null=True)),
    ]
