"""Publishing: what readers see is always what the latest edition says."""

from hashlib import sha256

from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from cases import exchange, search
from cases.document import CaseDocument, parse_case, write_case
from cases.located import DocumentError, Problem, normalise
from cases.models import Case, Edition, Library, Status


def fingerprint(text: str) -> str:
    """The SHA-256 of a case file, by which a file that was loaded before is known again."""
    return sha256(normalise(text).encode()).hexdigest()


def renew_library() -> None:
    """Tell every process that what readers see has changed."""
    if not Library.objects.update(version=F("version") + 1):
        Library.objects.create()


@transaction.atomic
def publish(*, case: Case, by=None, note: str = "", from_file: bool = False) -> Edition:
    """Write the next edition; of a working copy, carry it back into its case and drop the copy.

    Raises DocumentError when the text cannot be kept as a case file (a subhead of a wrong level, say).
    """
    document = exchange.document_of(case)
    text = write_case(document)
    check_survives(text, document)
    target = case.revises or case
    if case.revises:
        exchange.apply_document(document, target)
        case.delete()
    target.status = Status.PUBLISHED
    target.word_count = sum(len(part.split()) for part in (target.introduction, target.body, target.closing))
    target.save(update_fields=["status", "word_count"])
    latest = target.editions.order_by("-number").first()
    edition = target.editions.create(
        number=latest.number + 1 if latest else 1,
        text=text,
        source_hash=fingerprint(text),
        from_file=from_file,
        published_by=by,
        note=note,
    )
    search.index_case(target)
    renew_library()
    return edition


def check_survives(text: str, document: CaseDocument) -> None:
    """What is written must read back as the same. Raises DocumentError when something in the text breaks the file."""
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
    """A concept in which a published case can be changed at leisure; the one that is open, where there is one."""
    if copy := Case.objects.filter(revises=case).first():
        return copy
    copy = Case(revises=case, number=case.number, slug=case.slug, status=Status.CONCEPT)
    exchange.apply_document(exchange.document_of(case), copy)
    return copy


def proposed_slug(title: str) -> str:
    """A web name for a title that no other case has."""
    base = slugify(title)[:90] or "casus"
    taken = set(Case.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10000))) if slug not in taken)


def index_again(cases) -> None:
    """Search again in what these cases say, since words that belong to them changed."""
    search.index_all(cases)
