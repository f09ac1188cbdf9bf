"""The export of all data that the site has about one user, in a format that programs can read too."""

import json

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db.models import QuerySet
from django.utils import timezone

from casebook.accounts import deletion
from casebook.models import User
from cases.models import Case, Edition, KeptUpload
from cases.transfer import imports
from questions.exports import portfolio_json
from questions.exports.portfolio_json import iso
from questions.models import (
    Comment,
    CoTeacherInvitation,
    Enrolment,
    Extension,
    Feedback,
    FeedbackVersion,
    PinnedAnswer,
    SharedReading,
    TeacherInvitation,
)
from questions.pages import portfolio

EXPLANATION = {
    "account": "Wie je bent voor de site. groups: Docenten mag modules maken, Redactie en Eindredactie de casussen. "
    "proven_email: het adres waarop je een code ontving en overtypte. permissions: wat je los daarvan mag.",
    "enrolments": "De modules waar je in zit of zat, met je rol en je klas. asked_back_at: wanneer je vroeg om terug "
    "te mogen. tag: wat er in plaats van je naam staat waar een docent namen verbergt. reading_choices: hoe je als "
    "docent het laatst las (by: per vraag of per student; is_compact: kort of ruim).",
    "extensions": "Latere inleverdatums die je kreeg, met de reden.",
    "answers": "Alles wat je schreef.",
    "feedback_given": "Wat je als docent schreef, met de vraag. Van wie het antwoord was, staat er niet bij. "
    "released is wat de student leest, en null zolang er niets is vrijgegeven; before_release is wat de student "
    "daarvoor las, zolang je die vrijgave nog ongedaan kunt maken.",
    "feedback_versions": "Eerdere teksten van feedback die je als docent schreef. kind: conflict (tegelijk geschreven, "
    "niet gekozen), shrunk (vóór je veel tekst weghaalde), earlier (eerder, voor je verder schreef), undone (ongedaan "
    "gemaakt).",
    "comments": "De zinnen in je zinnenbank. shared_in: de module waarin collega's de zin ook zien, of null.",
    "shared_readings": "Wanneer je in een opdracht antwoorden van anderen las.",
    "pinned": "Ingeleverde antwoorden die je als docent vastzette om in de les te tonen. De tekst is van een ander.",
    "own_answers_pinned": "Antwoorden van jou die een docent vastzette om in de les te tonen, zonder je naam.",
    "invitations": "Uitnodigingen om docent te worden, aan een e-mailadres dat je hebt of had.",
    "invitations_sent": "Uitnodigingen die je zelf verstuurde. Het adres is van een ander en staat er niet bij.",
    "co_teacher_links": "Links om een collega docent van een module te maken. Wie ze opende, staat er niet bij.",
    "co_teacher_links_opened": "Zulke links van een collega, die jij opende.",
    "uploads": "Bestanden met casussen die je een dag geleden of korter naar de redactie stuurde en nog niet "
    "bevestigde. De inhoud heb je zelf al.",
    "cases_sent_in": "Casussen die je instuurde en die nog op publicatie wachten.",
    "published_editions": "Casussen die je als redacteur publiceerde, met wat je erbij schreef.",
    "log_by_you": "Wat het logboek van de redactie bewaart van wat je daar deed. changes: wat je veranderde, zonder de "
    "tekst zelf.",
    "log_about_you": "Wat beheerders met je account of je uitnodiging deden.",
}
ACTIONS = {ADDITION: "toegevoegd", CHANGE: "veranderd", DELETION: "verwijderd"}


def as_json(user: User) -> bytes:
    """Return everything that the site has about this user, as JSON."""
    return portfolio_json.dump(
        {
            "format": "casusboek-mijn-gegevens",
            "version": portfolio_json.FORMAT_VERSION,
            "exported_at": iso(timezone.now()),
            "explanation": EXPLANATION | portfolio_json.EXPLANATION,
            "account": _account(user),
            "enrolments": _enrolments(user),
            "extensions": _extensions(user),
            "answers": portfolio_json.describe(portfolio.portfolio_of(user, whole_versions=True)),
            "feedback_given": _feedback_given(user),
            "feedback_versions": _feedback_versions(user),
            "comments": [
                {
                    "text": comment.text,
                    "shared_in": comment.module.full_title if comment.module else None,
                    "created_at": iso(comment.created_at),
                }
                for comment in Comment.objects.filter(owner=user).select_related("module").order_by("created_at", "pk")
            ],
            "shared_readings": [
                {"module": reading.assignment.module.full_title, "read_at": iso(reading.read_at)}
                for reading in SharedReading.objects.filter(student=user).select_related("assignment__module")
            ],
            "pinned": _pinned(PinnedAnswer.objects.filter(pinned_by=user)),
            "own_answers_pinned": _pinned(PinnedAnswer.objects.filter(submission__answer__student=user)),
            "invitations": [
                {
                    "email": invitation.email,
                    "created_at": iso(invitation.created_at),
                    "expires_at": iso(invitation.expires_at),
                    "used_at": iso(invitation.used_at),
                }
                for invitation in TeacherInvitation.objects.about(user)
            ],
            "invitations_sent": [
                {"created_at": iso(invitation.created_at), "used_at": iso(invitation.used_at)}
                for invitation in TeacherInvitation.objects.filter(invited_by=user)
            ],
            "co_teacher_links": _links(CoTeacherInvitation.objects.filter(invited_by=user)),
            "co_teacher_links_opened": _links(CoTeacherInvitation.objects.filter(opened_by=user)),
            "uploads": [
                {"created_at": iso(upload.created_at), "files": imports.names_of(upload)}
                for upload in KeptUpload.objects.filter(owner=user)
            ],
            "cases_sent_in": [
                {"case": title, "sent_in_at": iso(when)}
                for title, when in Case.objects.filter(sent_in_by=user).values_list("title", "sent_in_at")
            ],
            "published_editions": _published_editions(user),
            "log_by_you": [_log_line(entry) for entry in _in_order(LogEntry.objects.filter(user=user))],
            "log_about_you": [_log_line(entry) for entry in _in_order(deletion.log_about(user))],
        }
    )


def _account(user: User) -> dict:
    return {
        "name": user.name,
        "sort_name": user.sort_name,
        "email": user.email,
        "date_joined": iso(user.date_joined),
        "last_login": iso(user.last_login),
        "proven_email": user.proven_email,
        "deletion_due_at": iso(user.deletion_due_at),
        "is_active": user.is_active,
        "groups": sorted(user.group_names),
        "permissions": sorted(user.user_permissions.values_list("codename", flat=True)),
        "is_superuser": user.is_superuser,
    }


def _enrolments(user: User) -> list[dict]:
    return [
        {
            "module": enrolment.module.full_title,
            "role": enrolment.role,
            "group": enrolment.group,
            "joined_at": iso(enrolment.joined_at),
            "left_at": iso(enrolment.left_at),
            "asked_back_at": iso(enrolment.asked_back_at),
            "tag": enrolment.tag,
            "reading_choices": enrolment.reading_choices,
        }
        for enrolment in Enrolment.objects.filter(user=user).select_related("module").order_by("joined_at")
    ]


def _extensions(user: User) -> list[dict]:
    mine = Extension.objects.filter(enrolment__user=user).select_related("enrolment__module")
    return [
        {"module": extension.enrolment.module.full_title, "due_at": iso(extension.due_at), "reason": extension.reason}
        for extension in mine
    ]


def _feedback_given(user: User) -> list[dict]:
    given = Feedback.objects.filter(author=user).select_related("submission__answer__assignment__module")
    return [
        {
            "module": feedback.submission.answer.assignment.module.full_title,
            "question": feedback.submission.asked,
            "updated_at": iso(feedback.updated_at),
            "verdict": feedback.verdict,
            "text": feedback.text,
            "released": portfolio_json.describe_feedback(feedback) if feedback.is_released else None,
            "before_release": feedback.before_release,
        }
        for feedback in given.order_by("updated_at")
    ]


def _feedback_versions(user: User) -> list[dict]:
    versions = FeedbackVersion.objects.filter(author=user).exclude(text="").order_by("created_at", "pk")
    return [
        {
            "module": version.submission.answer.assignment.module.full_title,
            "question": version.submission.asked,
            "kind": version.kind,
            "text": version.text,
            "created_at": iso(version.created_at),
        }
        for version in versions.select_related("submission__answer__assignment__module")
    ]


def _links(invitations: QuerySet[CoTeacherInvitation]) -> list[dict]:
    return [
        {
            "module": invitation.module.full_title,
            "created_at": iso(invitation.created_at),
            "expires_at": iso(invitation.expires_at),
            "used_at": iso(invitation.used_at),
        }
        for invitation in invitations.select_related("module")
    ]


def _pinned(pins: QuerySet[PinnedAnswer]) -> list[dict]:
    return [
        {
            "module": pin.submission.answer.assignment.module.full_title,
            "question": pin.submission.asked,
            "pinned_at": iso(pin.pinned_at),
        }
        for pin in pins.select_related("submission__answer__assignment__module")
    ]


def _published_editions(user: User) -> list[dict]:
    """Return the published editions, without the note where the case was withdrawn, since it can reveal the content."""
    editions = Edition.objects.filter(published_by=user).select_related("case").defer("text")
    return [
        {
            "case": edition.case.title,
            "edition": edition.number,
            "published_at": iso(edition.published_at),
            "note": "" if edition.case.is_withdrawn else edition.note,
        }
        for edition in editions
    ]


def _in_order(log: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
    return log.select_related("content_type").order_by("action_time", "pk")


def _log_line(entry: LogEntry) -> dict:
    """Return a line of the log without the name of its object.

    That is the name of another user, or the text of a question that can be withdrawn now.
    """
    message, changes = entry.change_message, []
    if message.startswith("["):
        message, changes = "", [_without_objects(change) for change in json.loads(message)]
    return {
        "at": iso(entry.action_time),
        "action": ACTIONS[entry.action_flag],
        "kind": entry.content_type.name if entry.content_type else None,
        "message": message,
        "changes": changes,
    }


def _without_objects(change: dict[str, dict]) -> dict[str, dict]:
    return {what: {name: value for name, value in of.items() if name != "object"} for what, of in change.items()}
