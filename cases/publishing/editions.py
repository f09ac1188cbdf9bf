"""Actions on a case as a whole: publishing, archiving, withdrawing. Readers see the latest edition."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casebook.lib.errors import RefusedError
from casebook.lib.slugs import first_free
from casebook.models import User
from cases.files.document import parse_case, write_case
from cases.files.fields import CaseDocument, count_words
from cases.files.reader import DocumentError, Problem, plain_newlines
from cases.library import search
from cases.models import Case, Edition, Library, Status
from cases.publishing import mapping
from questions.models import Question, Submission

CHANGED_MEANWHILE = gettext_lazy("Er is intussen iets met deze casus gebeurd. Kijk eerst hoe hij er nu voor staat.")


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a case file, by which a file that was loaded before is recognised."""
    return sha256(plain_newlines(text).encode()).hexdigest()


def renew_library() -> None:
    """Raise the version of the library, since what readers see has changed."""
    if not Library.objects.update(version=F("version") + 1):
        Library.objects.create()


def _lock_case(case: Case, *statuses: Status) -> None:
    """Lock the case until the transaction ends, and refresh it from the database.

    Raises RefusedError where its status is none of these, so that a second click does nothing.
    """
    status = Case.objects.select_for_update().filter(pk=case.pk).values_list("status", flat=True).first()
    if status not in statuses:
        raise RefusedError(CHANGED_MEANWHILE)
    case.refresh_from_db()


@transaction.atomic
def publish(*, case: Case, by: User | None = None, note: str = "", from_file: bool = False) -> Edition:
    """Write the next edition; a working copy replaces its case and is deleted.

    Raises DocumentError when the text cannot be stored as a case file (a subhead of a wrong level, say), RefusedError
    for a working copy of a case that was archived or withdrawn (publishing would restore it by accident), and for what
    was changed, published or deleted since it was fetched.
    """
    target = Case.objects.select_for_update().get(pk=case.revises_id) if case.revises_id else case
    if target.status in {Status.ARCHIVED, Status.WITHDRAWN}:
        raise RefusedError(_("De casus zelf is niet meer gepubliceerd. Zet die eerst terug."))
    version = case.version
    _lock_case(case, Status.CONCEPT, *([Status.PUBLISHED] if from_file else []))
    if case.version != version:
        raise RefusedError(CHANGED_MEANWHILE)
    document = mapping.document_of(case)
    text = write_case(document)
    check_round_trip(text, document)
    if case.revises:
        mapping.apply_document(document, target)
        case.delete()
    _open(target)
    edition = _next_edition(target, text, from_file=from_file, published_by=by, note=note)
    search.index_case(target)
    renew_library()
    return edition


@transaction.atomic
def publish_after_rename(*, case: Case, by: User | None = None, note: str) -> Edition:
    """Write the next edition of a published case in whose rows a keyword or an actor was renamed.

    Neither its status nor whether it counts as loaded from a file changes.
    """
    document, latest = mapping.document_of(case), case.editions.latest()
    text = write_case(document)
    check_round_trip(text, document)
    Case.objects.filter(pk=case.pk).update(version=F("version") + 1)
    return _next_edition(case, text, from_file=latest.from_file, published_by=by, note=note)


def _next_edition(case: Case, text: str, **values: Any) -> Edition:
    latest = case.editions.order_by("-number").first()
    number = latest.number + 1 if latest else 1
    return case.editions.create(number=number, text=text, source_hash=fingerprint(text), **values)


def _open(case: Case) -> None:
    case.status = Status.PUBLISHED
    case.word_count = count_words(case)
    case.sent_in_at = case.sent_in_by = case.sent_in_version = None
    case.version += 1
    case.save(
        update_fields=["status", "word_count", "sent_in_at", "sent_in_by", "sent_in_version", "version"],
    )


def check_round_trip(text: str, document: CaseDocument) -> None:
    """Check that a written text is read as the same document. Raises DocumentError where it is not."""
    try:
        problems = (
            [] if parse_case(text) == document else [Problem(document.slug, 1, "de tekst verandert bij het lezen")]
        )
    except DocumentError as error:
        problems = error.problems
    if problems:
        advice = "gebruik in het verhaal alleen tussenkopjes met ###, en geen afbeeldingen"
        raise DocumentError([*problems, Problem(document.slug, 1, advice)])


@transaction.atomic
def start_working_copy(*, case: Case) -> Case:
    """Return the working copy of a published case, and create it where there is none."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if case.status in {Status.ARCHIVED, Status.WITHDRAWN}:
        raise RefusedError(_("Deze casus is niet meer gepubliceerd. Zet die eerst terug."))
    if copy := Case.objects.filter(revises=case).first():
        return copy
    copy = Case(revises=case, number=case.number, slug=case.slug, status=Status.CONCEPT)
    mapping.apply_document(mapping.document_of(case), copy)
    return copy


@transaction.atomic
def restore(*, edition: Edition) -> tuple[Case, list[str]]:
    """Create a working copy with the text of this edition. Returns it and the names that the library no longer has.

    Raises RefusedError where there is a working copy, since its text would be lost.
    """
    case = Case.objects.select_for_update().get(pk=edition.case_id)
    if Case.objects.filter(revises=case).exists():
        raise RefusedError(_("Er is al een werkversie. Publiceer of verwijder die eerst."))
    copy = start_working_copy(case=case)
    document, left_out = mapping.with_present_names(parse_case(edition.text), case)
    mapping.apply_document(document, copy)
    return copy, left_out


def send_in(*, case: Case, by: User) -> None:
    """Ask for publication. The case is not locked: later changes are shown with their editor."""
    case.sent_in_at, case.sent_in_by, case.sent_in_version = timezone.now(), by, case.version
    case.save(update_fields=["sent_in_at", "sent_in_by", "sent_in_version"])


def recall(*, case: Case) -> None:
    """Undo sending in: the case is not finished."""
    case.sent_in_at = case.sent_in_by = case.sent_in_version = None
    case.save(update_fields=["sent_in_at", "sent_in_by", "sent_in_version"])


@transaction.atomic
def archive(*, case: Case) -> None:
    """Archive the case: it is neither found nor assigned any more. Assignments that have it continue."""
    _lock_case(case, Status.PUBLISHED)
    case.status = Status.ARCHIVED
    case.save(update_fields=["status"])
    search.forget_case(case)
    renew_library()


@transaction.atomic
def unarchive(*, case: Case) -> None:
    """Publish an archived case again, as its latest edition has it."""
    _lock_case(case, Status.ARCHIVED)
    case.status = Status.PUBLISHED
    case.save(update_fields=["status"])
    search.index_case(case)
    renew_library()


@transaction.atomic
def withdraw(*, case: Case, reason: str, title: str = "") -> None:
    """Withdraw the case, since a person was recognised: no page shows the text of any edition from now on.

    The rows of the case are emptied; its editions still store the text, which cases.access alone reads and does not
    return while the case is withdrawn. Questions stay without their texts, since users answered them; so do the
    wordings of submissions. A title that names a person can be replaced. An open working copy has the same text: it is
    stored as a document, so that no page shows its rows, and put_back restores it.
    """
    _lock_case(case, Status.PUBLISHED, Status.ARCHIVED)
    if copy := Case.objects.select_for_update().filter(revises=case).first():
        case.withdrawn_copy = mapping.packed(copy)
        copy.delete()
    case.status, case.withdrawn_reason, case.title = Status.WITHDRAWN, reason, title or case.title
    mapping.withhold(case)
    case.word_count = 0
    case.version += 1
    case.save()
    withhold_questions()
    search.forget_case(case)
    renew_library()


def withhold_questions() -> None:
    """Hide the questions of withdrawn cases, also their wordings in assignments and submissions.

    A user who writes at the same moment can still store a wording; the next `manage.py tidy` hides it.
    """
    withdrawn = Case.objects.filter(status=Status.WITHDRAWN).order_by()
    questions = Question.objects.filter(case__in=withdrawn, withheld_text=None)
    questions.update(withheld_text=F("text"), text="")
    handed_in = Submission.objects.filter(answer__question__case__in=withdrawn, withheld_text=None)
    handed_in.update(withheld_text=F("question_text"), question_text="")


def _give_questions_back(case: Case) -> None:
    questions = Question.objects.filter(case=case, withheld_text__isnull=False)
    questions.update(text=F("withheld_text"), withheld_text=None)
    handed_in = Submission.objects.filter(answer__question__case=case, withheld_text__isnull=False)
    handed_in.update(question_text=F("withheld_text"), withheld_text=None)


@transaction.atomic
def put_back(*, case: Case) -> list[str]:
    """Undo a withdrawal: the case equals its latest edition, and readers see it again.

    Returns the names that the library no longer has.
    """
    _lock_case(case, Status.WITHDRAWN)
    document, left_out = mapping.with_present_names(parse_case(case.editions.latest().text), case)
    packed, case.withdrawn_reason, case.withdrawn_copy = case.withdrawn_copy, "", None
    _give_questions_back(case)
    mapping.apply_document(document, case)
    _open(case)
    if packed:
        document, lost = mapping.with_present_names(mapping.unpacked(packed), case)
        mapping.apply_document(document, start_working_copy(case=case))
        left_out = list(dict.fromkeys([*left_out, *lost]))
    search.index_case(case)
    renew_library()
    return left_out


def proposed_slug(title: str) -> str:
    """Return a web name for a title that no other case has."""
    base = slug_base(title)
    return first_free(base, set(Case.objects.filter(slug__startswith=base).values_list("slug", flat=True)))


def slug_base(title: str) -> str:
    """Return the web name of a title, short enough for a number of nine digits after it."""
    return slugify(title)[:90].strip("-") or "casus"


def index_again(cases: Iterable[Case]) -> None:
    """Index these cases again, since words that belong to them changed."""
    search.index_all(cases)
