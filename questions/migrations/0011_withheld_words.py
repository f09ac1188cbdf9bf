from django.db import migrations, models
from django.db.models import F


def withhold(apps, schema_editor):
    """What cases asked that are withdrawn by now."""
    using = schema_editor.connection.alias
    cases = apps.get_model("cases", "Case").objects.using(using).filter(status="withdrawn").order_by()
    questions = apps.get_model("questions", "Question").objects.using(using)
    questions.filter(case__in=cases).update(withheld_text=F("text"), text="")
    handed_in = apps.get_model("questions", "Submission").objects.using(using)
    handed_in.filter(answer__question__case__in=cases).update(withheld_text=F("question_text"), question_text="")


def give_back(apps, schema_editor):
    using = schema_editor.connection.alias
    questions = apps.get_model("questions", "Question").objects.using(using)
    questions.filter(withheld_text__isnull=False).update(text=F("withheld_text"))
    handed_in = apps.get_model("questions", "Submission").objects.using(using)
    handed_in.filter(withheld_text__isnull=False).update(question_text=F("withheld_text"))


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_withdrawn_copy"),
        ("questions", "0010_co_teacher_invitations"),
    ]

    operations = [
        migrations.AddField("question", "withheld_text", models.TextField(editable=False, null=True)),
        migrations.AddField("submission", "withheld_text", models.TextField(editable=False, null=True)),
        migrations.RunPython(withhold, give_back),
    ]
