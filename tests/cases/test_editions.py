"""Publishing and working copies."""

import pytest
from django.db import IntegrityError, transaction

from cases import catalogue, editions, search
from cases.located import DocumentError
from cases.models import Case, CaseKeyword, Status
from tests.factories import ConceptFactory, KeywordFactory, UserFactory, published_case

pytestmark = pytest.mark.django_db


def test_publishing_signs_and_numbers_the_edition():
    editor = UserFactory()
    edition = editions.publish(case=ConceptFactory(), by=editor, note="De eerste.")
    assert (edition.number, edition.published_by, edition.note) == (1, editor, "De eerste.")
    assert edition.source_hash == editions.fingerprint(edition.text)


def test_readers_keep_seeing_the_latest_edition_while_a_working_copy_is_edited():
    case = published_case(title="Oud")
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Nieuw")
    assert list(Case.objects.published().values_list("title", flat=True)) == ["Oud"]
    assert search.find(search.parse("Nieuw")) == []


def test_publishing_a_working_copy_carries_it_back_and_drops_it():
    case = published_case(title="Oud", kolbs=["doener", "denker"])
    kept = case.questions.get(key="vraag-2")
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Nieuw")
    copy.questions.filter(key="vraag-1").delete()
    copy.questions.filter(key="vraag-2").update(text="Anders gevraagd?")
    CaseKeyword.objects.create(case=copy, keyword=KeywordFactory(name="sport"), position=2)
    editions.publish(case=Case.objects.get(pk=copy.pk))
    case = Case.objects.get()
    assert (case.title, case.status, case.editions.count()) == ("Nieuw", Status.PUBLISHED, 2)
    assert [(q.pk, q.text) for q in case.questions.all()] == [(kept.pk, "Anders gevraagd?")]
    assert [line.keyword.name for line in case.case_keywords.all()] == ["schulden", "sport"]
    assert search.find(search.parse("Nieuw")) == [case.pk]


def test_there_is_one_working_copy_of_a_case():
    case = published_case()
    assert editions.start_working_copy(case=case) == editions.start_working_copy(case=case)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(revises=case, number=case.number, slug=case.slug)


def test_a_text_that_would_break_the_case_file_is_not_published():
    concept = ConceptFactory(body="Goed\n\n## Slot\n\nniet goed")
    with pytest.raises(DocumentError, match="alleen tussenkopjes met ###"), transaction.atomic():
        editions.publish(case=concept)
    assert Case.objects.get().status == Status.CONCEPT


def test_publishing_renews_what_other_processes_keep():
    published_case()
    assert len(catalogue.shelf()) == 1
    published_case()
    assert len(catalogue.shelf()) == 2


def test_a_proposed_web_name_is_not_taken():
    published_case(slug="een-titel")
    assert editions.proposed_slug("Een titel") == "een-titel-2"
    assert editions.proposed_slug("???") == "casus"
