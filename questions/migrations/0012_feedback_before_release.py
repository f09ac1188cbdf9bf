from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("questions", "0011_privacy")]

    operations = [
        migrations.AddField("feedback", "before_release", models.JSONField(blank=True, editable=False, null=True)),
    ]
