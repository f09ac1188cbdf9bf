import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery


def give_back(apps, schema_editor):
    """The way back. On the way here the next tidying takes these words away: `manage.py prepare` does it at once."""
    using = schema_editor.connection.alias
    questions = apps.get_model("questions", "Question").objects.using(using)
    questions.filter(withheld_text__isnull=False).update(text=F("withheld_text"))
    handed_in = apps.get_model("questions", "Submission").objects.using(using)
    handed_in.filter(withheld_text__isnull=False).update(question_text=F("withheld_text"))


def say_whose_invitations(apps, schema_editor):
    """As far as it is known: who used one has its address, or had proven it."""
    using = schema_editor.connection.alias
    invitations = apps.get_model("questions", "TeacherInvitation").objects.using(using).filter(used_at__isnull=False)
    for field in ("email", "proven_email"):
        users = apps.get_model("casebook", "User").objects.using(using).filter(**{field: OuterRef("email")})
        invitations.filter(person=None).update(person=Subquery(users.order_by("pk").values("pk")[:1]))


def name_no_addresses(apps, schema_editor):
    """The log of the admin called an invitation by the address it was for."""
    using = schema_editor.connection.alias
    log = apps.get_model("admin", "LogEntry").objects.using(using)
    log = log.filter(content_type__app_label="questions", content_type__model="teacherinvitation")
    for number in log.order_by().values_list("object_id", flat=True).distinct():
        log.filter(object_id=number).update(object_repr=f"Uitnodiging {number}")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("casebook", "0008_merging"),
        ("cases", "0005_withdrawn_copy"),
        ("questions", "0010_co_teacher_invitations"),
    ]

    operations = [
        migrations.AddField("question", "withheld_text", models.TextField(editable=False, null=True)),
        migrations.AddField("submission", "withheld_text", models.TextField(editable=False, null=True)),
        migrations.RunPython(migrations.RunPython.noop, give_back),
        migrations.AddField(
            "teacherinvitation",
            "person",
            models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(say_whose_invitations, migrations.RunPython.noop),
        migrations.RunPython(name_no_addresses, migrations.RunPython.noop),
    ]
