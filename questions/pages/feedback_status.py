"""The status of the feedback desk: unreleased feedback, the last batch, and colleagues who are writing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from questions.access import Desk
from questions.models import Enrolment, Feedback, Question, Submission

WRITES_NOW = timedelta(seconds=45)  # a colleague who saved in this time is writing now


Revisions = list[tuple[int, int]]  # the id and revision of feedback


def as_shown(feedback: Revisions) -> str:
    """Return feedback as the text "<id>.<revision> <id>.<revision>", which forms.feedback.read_shown() reads."""
    return " ".join(f"{pk}.{revision}" for pk, revision in feedback)


@dataclass(frozen=True)
class Ready:
    """The unreleased feedback that this teacher may release: on this page, in this group and in all.

    The feedback that only colleagues may release is counted by the name of the colleague.
    """

    on_page: Revisions
    in_group: Revisions
    all: Revisions
    of_colleagues: dict[str, int]

    @property
    def total(self) -> int:
        return len(self.all)

    @property
    def sentences(self) -> dict[str, str]:
        """Return the Dutch sentences about no, one and more unreleased feedback; the last has 0 for the number."""
        return {
            "none": _("Er staat geen feedback van jou klaar."),
            "one": _(
                "Bij 1 antwoord van deze opdracht staat feedback klaar die nog niet is vrijgegeven. "
                "Studenten zien er nog niets van."
            ),
            "more": _(
                "Bij 0 antwoorden van deze opdracht staat feedback klaar die nog niet is vrijgegeven. "
                "Studenten zien er nog niets van."
            ),
        }

    @property
    def note(self) -> str:
        """Return the Dutch sentence about the unreleased feedback."""
        if self.total > 1:
            return self.sentences["more"].replace("0", str(self.total))
        return self.sentences["one" if self.total else "none"]


def ready_at(
    desk: Desk, people: dict[int, Enrolment], in_group: set[int], question: Question | None, tag: str
) -> Ready:
    """Return the unreleased feedback; `on_page` is of the question, or else of the student with this tag."""
    assignment, me = desk.assignment, desk.enrolment.user_id
    releasable = set(
        Feedback.objects.releasable_by(me, assignment.module)
        .filter(submission__answer__assignment=assignment)
        .order_by()
        .values_list("pk", flat=True)
    )
    rows = Feedback.objects.waiting_for_release().filter(submission__answer__assignment=assignment)
    ready = Ready([], [], [], {})
    for pk, revision, author, asked, student in rows.order_by("pk").values_list(
        "pk", "revision", "author", "submission__answer__question", "submission__answer__student"
    ):
        if pk not in releasable:
            name = str(people[author].user)
            ready.of_colleagues[name] = ready.of_colleagues.get(name, 0) + 1
            continue
        is_on_page = asked == question.pk if question else people[student].tag == tag
        ready.all.append((pk, revision))
        if student in in_group:
            ready.in_group.append((pk, revision))
            if is_on_page:
                ready.on_page.append((pk, revision))
    return ready


@dataclass(frozen=True)
class LeftOver:
    """Unreleased feedback that a page did not show as it is now."""

    submission: int
    label: str
    number: int
    is_changed: bool

    @property
    def note(self) -> str:
        """Return what became of the feedback after the page was made."""
        return _("veranderd") if self.is_changed else _("nieuw")


@dataclass(frozen=True)
class Rest:
    """The feedback that a release left, by question and student, and the text with which a form releases it."""

    rows: list[LeftOver]
    shown: str

    @property
    def note(self) -> str:
        """Return the Dutch sentences with the numbers of new and of changed feedback."""
        changed = sum(row.is_changed for row in self.rows)
        new = len(self.rows) - changed
        came = ngettext("%(n)s kwam er intussen bij.", "%(n)s kwamen er intussen bij.", new) % {"n": new}
        differs = ngettext("%(n)s is intussen veranderd.", "%(n)s zijn intussen veranderd.", changed) % {"n": changed}
        return " ".join(sentence for number, sentence in ((new, came), (changed, differs)) if number)


def rest_of_release(desk: Desk, feedback: list[int], shown: dict[int, int]) -> Rest:
    """Return the feedback that a release left because it was not, or not so, on the page of the teacher."""
    rows = Feedback.objects.filter(pk__in=feedback).select_related("submission__answer")
    people = Enrolment.objects.filter(module=desk.assignment.module_id).select_related("user")
    names = {person.user_id: person.label(hides_names=desk.enrolment.reading.hides_names) for person in people}
    asked = Question.objects.ever_asked_in(desk.assignment)
    numbers = {question.pk: number for number, question in enumerate(asked, start=1)}
    found, revisions = [], []
    for row in rows.order_by("pk"):
        answer = row.submission.answer
        found.append(
            LeftOver(row.submission_id, names[answer.student_id], numbers[answer.question_id], row.pk in shown)
        )
        revisions.append((row.pk, row.revision))
    return Rest(sorted(found, key=lambda left: (left.number, left.label)), as_shown(revisions))


@dataclass(frozen=True)
class LastRelease:
    """The last release of feedback that can still be taken back, with how many answers it was about."""

    at: datetime
    count: int
    unseen: int

    @property
    def note(self) -> str:
        """Return the Dutch sentence about those who have read it."""
        seen = self.count - self.unseen
        if not seen:
            return _("Nog niemand las die. Ongedaan maken kan tot een uur na het vrijgeven.")
        return ngettext(
            "%(n)s daarvan is al gelezen en blijft vrijgegeven.",
            "%(n)s daarvan zijn al gelezen en blijven vrijgegeven.",
            seen,
        ) % {"n": seen}


def last_release(desk: Desk) -> LastRelease | None:
    """Return the last release of feedback of this teacher, or of former teachers, or None if it is all seen."""
    released = (
        Feedback.objects.in_charge_of(desk.enrolment.user_id, desk.assignment.module)
        .filter(submission__answer__assignment=desk.assignment)
        .released_lately()
    )
    is_unseen = Exists(Feedback.objects.unseen().filter(pk=OuterRef("pk")))
    moments = released.values("released_at").annotate(count=Count("pk"), unseen=Count("pk", filter=is_unseen))
    latest = moments.order_by("-released_at").values_list("released_at", "count", "unseen").first()
    return LastRelease(*latest) if latest and latest[-1] else None


def last_batch(desk: Desk) -> tuple[str, int] | None:
    """Return the token of the last batch of feedback that can be undone, with its number of rows, or None."""
    rows = Feedback.objects.undoable_by(desk.enrolment.user_id).filter(submission__answer__assignment=desk.assignment)
    tokens = list(rows.order_by("-created_at", "-pk").values_list("batch", flat=True))
    return (tokens[0], tokens.count(tokens[0])) if tokens else None


def writing_now(desk: Desk) -> dict[int, str]:
    """Return by submission the name of the colleague who is writing feedback on it now."""
    rows = (
        Feedback.objects.filter(
            submission__answer__assignment=desk.assignment, updated_at__gte=timezone.now() - WRITES_NOW
        )
        .exclude(author=desk.enrolment.user_id)
        .exclude(author=None)
        .exclude(writer="")
        .select_related("author")
    )
    return {row.submission_id: row.author.get_short_name() for row in rows.order_by("updated_at")}


def arrived_since(desk: Desk, since: datetime) -> int:
    """Return how many answers were handed in since this time."""
    rows = Submission.objects.readable_for_teachers().filter(answer__assignment=desk.assignment)
    return rows.filter(submitted_at__gt=since).values("answer").distinct().count()
