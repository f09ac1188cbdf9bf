"""Keywords and kinds of actor as they change: two become one, or one gets another name.

Cases follow, also in concepts and working copies. Of what was published the rows must say what the latest edition says,
so each such case gets a next edition in the new words; earlier editions stay as they were and are read through the
former name. Files and addresses that still use the old name find the new one by it too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from cases.files.reader import shortened
from cases.models import Actor, Case, CaseActor, CaseKeyword, FormerActor, FormerKeyword, Keyword
from cases.publishing import editions

LONGEST_NOTE = 200


@dataclass(frozen=True)
class Kind:
    """How a kind of word hangs on cases."""

    lines: type[CaseActor] | type[CaseKeyword]
    field: str
    former: type[FormerActor] | type[FormerKeyword]
    called: str


KINDS = {
    Actor: Kind(CaseActor, "actor", FormerActor, "actor"),
    Keyword: Kind(CaseKeyword, "keyword", FormerKeyword, "sleutelwoord"),
}


@transaction.atomic
def merge(*, into: Actor | Keyword, gone: Iterable[Actor | Keyword], by=None) -> list[Case]:
    """Let one word take the place of the others, which are no more. Returns the cases that followed."""
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
def renamed(*, row: Actor | Keyword, name: str, slug: str, by=None) -> list[Case]:
    """After a word got another name or web name: these are the ones it had. Returns the cases that followed."""
    kind = KINDS[type(row)]
    _remember(row, name if name != row.name else "", slug if slug != row.slug else "")
    cases = list(cases_with([row])) if name != row.name else []
    note = _("Hernoemd: %(kind)s %(old)s heet nu %(new)s.")
    _publish_again(cases, by, note % {"kind": kind.called, "old": name, "new": row.name})
    editions.index_again(cases_with([row]).published())
    editions.renew_library()
    return cases


def cases_with(rows: Iterable[Actor | Keyword]) -> QuerySet[Case]:
    """The cases in which one of these stands, working copies among them."""
    rows = list(rows)
    if not rows:
        return Case.objects.none()
    kind = KINDS[type(rows[0])]
    used = kind.lines.objects.filter(**{f"{kind.field}__in": rows}).values("case")
    return Case.objects.filter(pk__in=used).order_by("number", "pk")


def _follow(case: Case, kind: Kind, into, gone: list) -> None:
    """The lines of this case, each with the word that stays; what would stand there twice stands there once."""
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
        Case.objects.filter(pk=case.pk).update(version=F("version") + 1)  # an open form is told that it is behind


def _remember(row: Actor | Keyword, name: str, slug: str) -> None:
    """That this word was called so. What a word is called now, it is not called formerly, by any word."""
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


def _publish_again(cases: list[Case], by, note: str) -> None:
    for case in cases:
        if case.editions.exists():
            editions.follow_words(case=Case.objects.get(pk=case.pk), by=by, note=shortened(note, LONGEST_NOTE - 1))
