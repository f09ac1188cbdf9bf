"""Account deletion: asked for by the user, done after seven days, cancelled by signing in.

All answers of a student are deleted, with every version and the feedback on them; a module only has how many there
were. The released feedback of a teacher stays with the students who received it, without a name.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casebook.models import User, UserManager
from questions.models import (
    Answer,
    DepartedWork,
    Enrolment,
    Feedback,
    Module,
    Submission,
    TeacherInvitation,
)

DAYS = 7


@dataclass(frozen=True)
class DeletionSummary:
    """What is deleted and what stays when this user leaves, in numbers."""

    answers: int
    handed_in: int
    feedback_received: int
    feedback_given: int
    feedback_unreleased: int
    to_hand_over: list[Module]
    that_go: list[Module]

    @property
    def goes(self) -> list[str]:
        """Return a sentence for everything of this person that will be deleted, beside the account."""
        found = [self._answers_that_go] if self.answers else []
        if n := self.feedback_received:
            found.append(ngettext("De feedback die je kreeg, %s keer.", "De feedback die je kreeg, %s keer.", n) % n)
        if n := self.feedback_unreleased:
            unseen = ngettext(
                "Feedback die je nog niet vrijgaf, %s keer. De student krijgt die niet meer te zien.",
                "Feedback die je nog niet vrijgaf, %s keer. De studenten krijgen die niet meer te zien.",
                n,
            )
            found.append(unseen % n)
        return found + [_("De module “%s”: daar zit verder niemand in.") % module.full_title for module in self.that_go]

    @property
    def _answers_that_go(self) -> str:
        answers = ngettext(
            "%s antwoord, met alle eerdere versies.", "%s antwoorden, met alle eerdere versies.", self.answers
        )
        sentences = [answers % self.answers]
        if self.handed_in:
            sentences.append(_("Ook wat je inleverde: je docent kan het dan niet meer lezen."))
        return " ".join(sentences)

    @property
    def stays(self) -> list[str]:
        """Return a sentence for everything that has to do with this person and is not deleted."""
        found = []
        if self.handed_in:
            counts = _(
                "Per opdracht een getal: hoeveel antwoorden er waren van studenten die weg zijn. Zonder naam en zonder "
                "tekst."
            )
            found.append(counts)
        if n := self.feedback_given:
            released = ngettext(
                "De feedback die je vrijgaf, %s keer. Die blijft bij wie hem kreeg, zonder jouw naam.",
                "De feedback die je vrijgaf, %s keer. Die blijft bij wie hem kreeg, zonder jouw naam.",
                n,
            )
            found.append(released % n)
        return found or [_("Niets dat met jou te maken heeft.")]


def is_gone(user: User) -> bool:
    """Return whether the account counts as deleted, even if the row still exists until the next `manage.py tidy`."""
    return user.deletion_due_at is not None and user.deletion_due_at <= timezone.now()


def deletion_summary(user: User) -> DeletionSummary:
    """Return what is deleted and what stays when this user leaves."""
    answers = Answer.objects.filter(student=user)
    given = Feedback.objects.filter(author=user).aggregate(
        released=Count("pk", filter=Q(released_at__isnull=False)), unreleased=Count("pk", filter=Q(released_at=None))
    )
    return DeletionSummary(
        answers=answers.count(),
        handed_in=Submission.objects.filter(answer__student=user).count(),
        feedback_received=Feedback.objects.released().filter(submission__answer__student=user).count(),
        feedback_given=given["released"],
        feedback_unreleased=given["unreleased"],
        to_hand_over=list(modules_to_hand_over(user)),
        that_go=list(modules_to_delete(user)),
    )


def modules_to_hand_over(user: User) -> QuerySet[Module]:
    """Return the modules with other users or their work in which this user is the only teacher, unless archived."""
    colleagues = Enrolment.objects.current().teachers().with_lasting_account().filter(module=OuterRef("pk"))
    return (
        Module.objects.taught_by(user)
        .filter(archived_at=None)
        .filter(Exists(_others(user).current()) | Exists(_work_of_others(user)))
        .exclude(Exists(colleagues.exclude(user=user)))
    )


def modules_to_delete(user: User) -> QuerySet[Module]:
    """Return the modules in which there never was another user or work of another user."""
    return Module.objects.taught_by(user).exclude(Exists(_others(user))).exclude(Exists(_work_of_others(user)))


def _others(user: User) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(module=OuterRef("pk")).exclude(user=user)


def _work_of_others(user: User) -> QuerySet[Answer]:
    return Answer.objects.filter(assignment__module=OuterRef("pk")).exclude(student=user)


def request_deletion(*, user: User) -> datetime | None:
    """Return the day on which the account will be deleted; None while a module has to be handed over first."""
    with transaction.atomic():
        if modules_to_hand_over(user).exists():
            return None
        due_at = timezone.now() + timedelta(days=DAYS)
        # Not where the session of this request ended: the owner can have proven the address in the meantime.
        if not User.objects.filter(pk=user.pk, password=user.password).update(deletion_due_at=due_at):
            return None
        user.deletion_due_at = due_at
    return user.deletion_due_at


def cancel_deletion(sender: type, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Cancel the deletion when the user signs in within the seven days; afterwards say that it is too late."""
    user.refresh_from_db(fields=["deletion_due_at"])  # the deletion can have been asked for on another device just now
    if user.deletion_due_at is None:
        return
    if is_gone(user):
        text = _("Dit account is gewist: de zeven dagen zijn voorbij. Je kunt een nieuw account maken.")
        messages.error(request, text, fail_silently=True)
        return
    user.deletion_due_at = None
    user.save(update_fields=["deletion_due_at"])
    text = _("Fijn dat je er weer bent. Je account wordt niet gewist; alles staat er nog.")
    messages.success(request, text, fail_silently=True)


def erase_due(**which: Any) -> list[str]:
    """Delete the accounts that are due: all of them, or those with the given fields.

    Returns the titles of modules that are left without a teacher.
    """
    due = User.objects.filter(deletion_due_at__lte=timezone.now(), **which)
    return [title for user in due for title in erase(user=user)]


def erase_if_due(email: str) -> None:
    """Delete the account with this address now if it is due, so that a new account can have the address."""
    erase_due(email=UserManager.normalize_email(email))


@transaction.atomic
def erase(*, user: User) -> list[str]:
    """Delete the account and what belongs to it, for good. Returns the titles of modules left without a teacher.

    Modules that were not handed over do not delay it: the user asked for it seven days ago.
    """
    if not User.objects.select_for_update().filter(pk=user.pk).exists():
        return []  # another process deleted it first
    orphaned = [module.full_title for module in modules_to_hand_over(user)]
    _keep_counts(user)
    for module in modules_to_delete(user):
        Answer.objects.filter(assignment__module=module).delete()
        module.assignments.all().delete()
        module.delete()
    _leave_feedback_released(user)
    log_about(user).delete()  # it has the name of the user
    TeacherInvitation.objects.about(user).delete()
    user.delete()
    return orphaned


def log_about(user: User) -> QuerySet[LogEntry]:
    """Return the entries of the admin's log about this user: the account, enrolments and invitations."""
    about = {
        User: [user.pk],
        Enrolment: Enrolment.objects.filter(user=user).order_by().values_list("pk", flat=True),
        TeacherInvitation: TeacherInvitation.objects.about(user).order_by().values_list("pk", flat=True),
    }
    entries = Q()
    for model, keys in about.items():
        kind = ContentType.objects.get_for_model(model)
        entries |= Q(content_type=kind, object_id__in=[str(key) for key in keys])
    return LogEntry.objects.filter(entries)


def remember_address(*, user: User, address: str) -> None:
    """Link invitations to the former address to the user, so that they are deleted with the account."""
    TeacherInvitation.objects.filter(email=address, person=None).update(person=user)


def _leave_feedback_released(user: User) -> None:
    """Restore released feedback to the text that students received, and delete unreleased feedback."""
    given = Feedback.objects.filter(author=user)
    given.filter(released_at=None).delete()
    given.exclude(before_release=None).update(before_release=None)
    given.exclude(released_text=None).update(
        text=F("released_text"),
        verdict=Coalesce("released_verdict", "verdict"),
        released_text=None,
        released_verdict=None,
    )


def _keep_counts(user: User) -> None:
    """Count, for each assignment with submissions of this student, one student and the number of answers."""
    handed_in = Submission.objects.in_force().filter(answer__student=user, answer__assignment__isnull=False)
    counts = handed_in.order_by().values_list("answer__assignment").annotate(Count("answer", distinct=True))
    for assignment_id, answers in counts:
        work, _is_new = DepartedWork.objects.get_or_create(assignment_id=assignment_id)
        DepartedWork.objects.filter(pk=work.pk).update(students=F("students") + 1, answers=F("answers") + answers)
