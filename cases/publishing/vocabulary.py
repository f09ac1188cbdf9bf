"""Renaming and merging of keywords and kinds of actor.

Cases follow, also concepts and working copies. The rows of a published case must equal its latest edition, so each such
case gets a next edition with the new words; earlier editions do not change and are read through the former name. Files
and addresses with the old name also find the new word by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from casebook.models import User
from cases.files.reader import shortened
from cases.models import Actor, Case, CaseActor, CaseKeyword, FormerActor, FormerKeyword, Keyword
from cases.publishing import editions

LONGEST_NOTE = 200


@dataclass(frozen=True)
class Kind:
    """How a kind of word is related to cases."""

    lines: type[CaseActor] | type[CaseKeyword]
    field: str
    former: type[FormerActor] | type[FormerKeyword]
    called: str


KINDS = {
    Actor: Kind(CaseActor, "actor", FormerActor, "actor"),
    Keyword: Kind(CaseKeyword, "keyword", FormerKeyword, "sleutelwoord"),
}


@transaction.atomic
def merge(*, into: Actor | Keyword, gone: Iterable[Actor | Keyword], by: User | None = None) -> list[Case]:
    """Replace the other words by one, and delete them. Returns the cases that were changed."""
    kind, gone = KINDS[type(into)], list(gone)
    cases = list(cases_with(gone))
    for case in cases:
        _follow(case, kind, into, gone)
    names = [row.name for row in gone]
    kind.former.objects.filter(now__in=gone).update(now=into)
    for row in gone:
        _remember(into, row.name, row.slug)
    if isinstance(into, Keyword):
        into.synonyms = _synonyms(into, gone)
        into.save(update_fields=["synonyms"])
    type(into).objects.filter(pk__in=[row.pk for row in gone]).delete()
    note = _("Samengevoegd: %(kind)s %(gone)s heet nu %(into)s.")
    _publish_again(cases, by, note % {"kind": kind.called, "gone": ", ".join(names), "into": into.name})
    editions.index_again(cases_with([into]).published())
    editions.renew_library()
    return cases


@transaction.atomic
def renamed(*, row: Actor | Keyword, name: str, slug: str, by: User | None = None) -> list[Case]:
    """Update the cases after a word got another name or web name; these are the former ones. Returns the cases."""
    kind = KINDS[type(row)]
    _remember(row, name if name != row.name else "", slug if slug != row.slug else "")
    cases = list(cases_with([row])) if name != row.name else []
    note = _("Hernoemd: %(kind)s %(old)s heet nu %(new)s.")
    _publish_again(cases, by, note % {"kind": kind.called, "old": name, "new": row.name})
    editions.index_again(cases_with([row]).published())
    editions.renew_library()
    return cases


def cases_with(rows: Iterable[Actor | Keyword]) -> QuerySet[Case]:
    """Return the cases that have one of these words, also working copies."""
    rows = list(rows)
    if not rows:
        return Case.objects.none()
    kind = KINDS[type(rows[0])]
    used = kind.lines.objects.filter(**{f"{kind.field}__in": rows}).values("case")
    return Case.objects.filter(pk__in=used).order_by("number", "pk")


def _follow(case: Case, kind: Kind, into: Actor | Keyword, gone: list) -> None:
    """Replace the words in the lines of this case. Lines that become equal are stored once."""
    lines = kind.lines.objects.filter(case=case, **{f"{kind.field}__in": [into, *gone]}).order_by("position", "pk")
    seen, spare = set(), []
    for line in lines:
        person = getattr(line, "person", "")
        if person in seen:
            spare.append(line.pk)
        seen.add(person)
    kind.lines.objects.filter(pk__in=spare).delete()
    lines.update(**{f"{kind.field}": into})
    if case.is_concept:
        Case.objects.filter(pk=case.pk).update(version=F("version") + 1)  # an open form then gets both versions


def _remember(row: Actor | Keyword, name: str, slug: str) -> None:
    """Store these as former names of a word. Its present name is no former name of any word."""
    former = KINDS[type(row)].former.objects
    former.filter(name__in=[name, row.name]).exclude(name="").update(name="")
    former.filter(slug__in=[slug, row.slug]).exclude(slug="").update(slug="")
    if name or slug:
        former.create(now=row, name=name, slug=slug)
    former.filter(name="", slug="").delete()


def _synonyms(into: Keyword, gone: list[Keyword]) -> list[str]:
    words = [*into.synonyms, *(word for row in gone for word in (row.name, *row.synonyms))]
    by_fold = {word.casefold(): word for word in reversed(words)}
    return [word for word in dict.fromkeys(by_fold[word.casefold()] for word in words) if word != into.name]


def _publish_again(cases: list[Case], by: User | None, note: str) -> None:
    for case in cases:
        if case.editions.exists():
            editions.publish_after_rename(
                case=Case.objects.get(pk=case.pk), by=by, note=shortened(note, LONGEST_NOTE - 1)
            )
