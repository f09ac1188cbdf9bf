"""Every module that uses FIELDS handles every field of a case, and any field that is added to the list."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import fields as attributes_of

import pytest
from django.contrib import admin
from django.db import connection, models

from cases.access import read_edition
from cases.admin.case import CaseAdmin
from cases.files import fields
from cases.files.document import parse_case, write_case
from cases.files.fields import FIELDS, ActorLine, CaseDocument, Field, Kind, QuestionLine, ReferenceLine
from cases.library import search
from cases.models import Case, Edition
from cases.publishing import checks, editions, mapping
from cases.publishing.comparison import compare
from questions.models import Question
from tests.factories import ActorFactory, KeywordFactory, PartFactory, UserFactory

pytestmark = pytest.mark.django_db

# The fields that the tests add to FIELDS: one of each kind that is a text of the case itself.
ADDED = [
    Field("setting", Kind.LINE, label="Decor", longest=80, search="labels", if_empty="Kies een decor."),
    Field("setting", Kind.PARAGRAPH, label="Decor", search="asked", if_empty="Kies een decor.", rows=2),
    Field("setting", Kind.SECTION, label="Decor", heading="Decor", search="story", if_empty="Kies een decor."),
]


@dataclass(frozen=True)
class LongerDocument(CaseDocument):
    setting: str


@pytest.fixture(params=[*FIELDS, *ADDED], ids=lambda field: f"{field.name}-{field.kind.name.lower()}")
def field(request, monkeypatch) -> Iterator[Field]:
    """Yield each field of FIELDS and ADDED; one of ADDED is in FIELDS, the document and the table during the test."""
    if request.param in FIELDS:
        yield request.param
        return
    monkeypatch.setattr(fields, "FIELDS", (*FIELDS, request.param))
    for module in list(sys.modules.values()):
        if module.__name__.startswith("cases.") and getattr(module, "CaseDocument", None) is CaseDocument:
            monkeypatch.setattr(module, "CaseDocument", LongerDocument)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cases_case ADD COLUMN setting text NOT NULL DEFAULT ''")
    column = models.TextField(blank=True)
    column.contribute_to_class(Case, "setting")
    yield request.param
    Case._meta.local_fields.remove(column)
    Case._meta._expire_cache()
    del Case.setting


WORDS = {field.name: f"zoek{field.name}" for field in [*FIELDS, *ADDED]}  # none of these words is in another field
LIST_ITEMS = {
    "actors": lambda word: ActorLine("Bewoner", word),
    "keywords": lambda word: word,
    "references": lambda word: ReferenceLine(word, "https://example.org/boek"),
    "questions": lambda word: QuestionLine("eerste-stap", "doener", word),
}


def value_of(field: Field, word: str):
    """Return a value of this field that has this word in it."""
    if field.name == "number":
        return len(word)
    return (LIST_ITEMS[field.name](word),) if field.is_list else word


def full_document() -> CaseDocument:
    """Return a document with a different word in each field."""
    kind = LongerDocument if "setting" in fields.names(fields.FIELDS) else CaseDocument
    return kind(**{field.name: value_of(field, WORDS[field.name]) for field in fields.FIELDS})


def concept() -> Case:
    """Return a case whose rows have the content of the full document."""
    PartFactory(slug=WORDS["part"])
    ActorFactory(name="Bewoner")
    KeywordFactory(name=WORDS["keywords"])
    document = full_document()
    case = Case(number=document.number, slug=document.slug)
    mapping.apply_document(document, case)
    return Case.objects.get(pk=case.pk)


def published() -> Edition:
    return editions.publish(case=concept())


def stored_texts(case: Case) -> str:
    """Return the stored texts of a case, except for its editions and the withheld texts."""
    rows = [Case.objects.filter(pk=case.pk), case.case_actors, case.case_keywords, case.references]
    rows += [Question.objects.filter(case=case).defer("withheld_text")]
    columns = [
        [field.name for field in queryset.model._meta.fields if field.name != "withheld_text"] for queryset in rows
    ]
    texts = [row for queryset, names in zip(rows, columns, strict=True) for row in queryset.values(*names)]
    texts += case.case_keywords.values("keyword__name")
    return repr(texts)


def test_the_document_has_the_fields_of_fields():
    assert [attribute.name for attribute in attributes_of(CaseDocument)] == fields.names(FIELDS)


def test_a_case_file_is_written_and_parsed_with_this_field(field):
    text = write_case(full_document())
    value = getattr(parse_case(text), field.name)
    assert value == value_of(field, WORDS[field.name])
    without = write_case(replace(full_document(), **{field.name: value_of(field, "anders")}))
    assert text != without


def test_the_rows_of_a_case_have_this_field(field):
    case, value = concept(), value_of(field, WORDS[field.name])
    assert getattr(mapping.document_of(case), field.name) == value
    [(_case, document)] = mapping.documents_of(Case.objects.filter(pk=case.pk))
    assert getattr(document, field.name) == value
    assert getattr(mapping.unpacked(mapping.packed(case)), field.name) == value


def test_applying_a_document_changes_this_field(field):
    case = concept()
    PartFactory(number=2, slug="anders")
    KeywordFactory(name="anders")
    other = replace(full_document(), **{field.name: value_of(field, "anders")})
    mapping.apply_document(other, case)
    is_fixed = field.kind is Kind.IDENTITY
    assert getattr(mapping.document_of(Case.objects.get(pk=case.pk)), field.name) == value_of(
        field, WORDS[field.name] if is_fixed else "anders"
    )


def test_an_edition_has_this_field(field):
    assert getattr(read_edition(published()), field.name) == value_of(field, WORDS[field.name])


def test_a_withdrawal_hides_this_field(field):
    case = published().case
    case.refresh_from_db()
    assert WORDS[field.name] in stored_texts(case) or field.name in {"number", "part"}
    editions.withdraw(case=case, reason="Iemand herkende zich.")
    shown = getattr(read_edition(case.editions.latest()), field.name)
    assert shown == (field.empty if field.is_withheld else value_of(field, WORDS[field.name]))
    assert (WORDS[field.name] in stored_texts(case)) is (field.name in {"slug", "title"})
    assert search.find(search.parse(WORDS[field.name])) == []


def test_a_change_of_this_field_is_shown(field):
    """Number and slug cannot change once a case is published."""
    document = full_document()
    changes = compare(document, replace(document, **{field.name: value_of(field, "anders")}))
    new = ["".join(run.text for run in change.runs if run.kind == "new") for change in changes]
    assert [text.partition(" ")[0] for text in new] == ([] if field.kind is Kind.IDENTITY else ["anders"])


def test_the_checks_block_publication_if_this_field_is_required_and_empty(field):
    empty = replace(full_document(), **{field.name: 0 if field.name == "number" else field.empty})
    blocked = {finding.field: finding.message for finding in checks.errors(empty)}
    assert blocked == ({field.name: str(field.if_empty)} if field.if_empty else {})


def test_the_checks_find_personal_data_in_this_field_if_it_is_a_text(field):
    document = replace(full_document(), **{field.name: value_of(field, "Mail jan@example.org.")})
    found = [finding.field for finding in checks.check(document) if "jan@example.org" in finding.message]
    is_checked = field.kind in {Kind.PARAGRAPH, Kind.SECTION, Kind.QUESTIONS}
    assert found == (["questions-0-text" if field.is_list else field.name] if is_checked else [])


def test_search_finds_this_field_if_it_is_searchable(field):
    case = published().case
    assert search.find(search.parse(WORDS[field.name])) == ([case.pk] if field.search else [])


def test_the_form_has_this_field(field, rf):
    request = rf.get("/")
    request.user = UserFactory(is_superuser=True)
    case_admin = CaseAdmin(Case, admin.site)
    if field.is_list:
        related = {name: rows.related_name for name, rows in mapping.LIST_ROWS.items()} | {"questions": "questions"}
        formsets = [formset for formset, _inline in case_admin.get_formsets_with_inlines(request)]
        assert [formset.get_default_prefix() for formset in formsets].count(related[field.name]) == 1
        return
    form = case_admin.get_form(request)()
    assert form.fields[field.name].help_text == field.help_text
    if field.kind in {Kind.PARAGRAPH, Kind.SECTION}:
        assert form.fields[field.name].widget.attrs["rows"] == field.rows


def test_the_word_count_of_a_case_counts_its_sections(field):
    sections = [each for each in fields.FIELDS if each.kind is Kind.SECTION]
    assert published().case.word_count == len(sections)
    assert (WORDS[field.name] in fields.story_of(full_document())) is (field.kind is Kind.SECTION)
