"""A copy of everything that the site knows about one person, in a form that programs read too."""

from django.utils import timezone

from casebook.models import User
from cases.models import Edition
from questions import portfolio, takeaway
from questions.models import Enrolment, Extension, Feedback, SharedReading, TeacherInvitation
from questions.takeaway import iso

EXPLANATION = {
    "account": "Wie je bent voor de site. groups: Docenten mag modules maken, Redactie en Eindredactie de casussen.",
    "enrolments": "De modules waar je in zit of zat, met je rol en je klas.",
    "extensions": "Latere inleverdatums die je kreeg, met de reden.",
    "answers": "Alles wat je schreef.",
    "feedback_given": "Wat je als docent schreef, met de vraag. Van wie het antwoord was, staat er niet bij. "
    "released is wat de student leest, en null zolang er niets is vrijgegeven.",
    "shared_readings": "Wanneer je in een opdracht antwoorden van anderen las.",
    "invitations": "Uitnodigingen aan jouw e-mailadres om docent te worden.",
    "published_editions": "Casussen die je als redacteur publiceerde.",
}


def as_json(user: User) -> bytes:
    return takeaway.dump(
        {
            "format": "casusboek-mijn-gegevens",
            "version": takeaway.FORMAT_VERSION,
            "exported_at": iso(timezone.now()),
            "explanation": EXPLANATION | takeaway.EXPLANATION,
            "account": _account(user),
            "enrolments": _enrolments(user),
            "extensions": _extensions(user),
            "answers": takeaway.describe(portfolio.gather(user, whole_versions=True)),
            "feedback_given": _feedback_given(user),
            "shared_readings": [
                {"module": reading.assignment.module.title, "read_at": iso(reading.read_at)}
                for reading in SharedReading.objects.filter(student=user).select_related("assignment__module")
            ],
            "invitations": [
                {"created_at": iso(each.created_at), "used_at": iso(each.used_at)}
                for each in TeacherInvitation.objects.filter(email=user.email)
            ],
            "published_editions": [
                {"case": edition.case.title, "edition": edition.number, "published_at": iso(edition.published_at)}
                for edition in Edition.objects.filter(published_by=user).select_related("case").defer("text")
            ],
        }
    )


def _account(user: User) -> dict:
    return {
        "name": user.name,
        "email": user.email,
        "date_joined": iso(user.date_joined),
        "last_login": iso(user.last_login),
        "groups": sorted(user.group_names),
        "is_superuser": user.is_superuser,
    }


def _enrolments(user: User) -> list[dict]:
    return [
        {
            "module": enrolment.module.title,
            "role": enrolment.role,
            "group": enrolment.group,
            "joined_at": iso(enrolment.joined_at),
            "left_at": iso(enrolment.left_at),
        }
        for enrolment in Enrolment.objects.filter(user=user).select_related("module").order_by("joined_at")
    ]


def _extensions(user: User) -> list[dict]:
    mine = Extension.objects.filter(enrolment__user=user).select_related("enrolment__module")
    return [{"module": each.enrolment.module.title, "due_at": iso(each.due_at), "reason": each.reason} for each in mine]


def _feedback_given(user: User) -> list[dict]:
    given = Feedback.objects.filter(author=user).select_related("submission__answer__assignment__module")
    return [
        {
            "module": feedback.submission.answer.assignment.module.title,
            "question": feedback.submission.asked,
            "updated_at": iso(feedback.updated_at),
            "verdict": feedback.verdict,
            "text": feedback.text,
            "released": takeaway.describe_feedback(feedback) if feedback.is_released else None,
        }
        for feedback in given.order_by("updated_at")
    ]
