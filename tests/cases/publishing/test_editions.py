"""Publishing, withdrawing and restoring cases, and their working copies."""

from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from cases import access
from cases.files.reader import DocumentError
from cases.library import catalogue_index, search
from cases.models import Case, CaseActor, CaseKeyword, Edition, Keyword, Reference, Status
from cases.publishing import editions, mapping
from tests.factories import ConceptFactory, KeywordFactory, UserFactory, published_case

pytestmark = pytest.mark.django_db


def test_publishing_saves_an_edition_with_a_number_and_an_editor():
    editor = UserFactory()
    edition = editions.publish(case=ConceptFactory(), by=editor, note="De eerste.")
    assert (edition.number, edition.published_by, edition.note) == (1, editor, "De eerste.")
    assert edition.source_hash == editions.fingerprint(edition.text)


def test_readers_see_the_latest_edition_while_a_working_copy_is_edited():
    case = published_case(title="Oud")
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Nieuw")
    assert list(Case.objects.published().values_list("title", flat=True)) == ["Oud"]
    assert search.find(search.parse("Nieuw")) == []


def test_publishing_a_working_copy_updates_the_case_and_deletes_the_copy():
    case = published_case(title="Oud", kolbs=["doener", "denker"])
    question = case.questions.get(key="vraag-2")
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Nieuw")
    copy.questions.filter(key="vraag-1").delete()
    copy.questions.filter(key="vraag-2").update(text="Anders gevraagd?")
    CaseKeyword.objects.create(case=copy, keyword=KeywordFactory(name="sport"), position=2)
    editions.publish(case=Case.objects.get(pk=copy.pk))
    case = Case.objects.get()
    assert (case.title, case.status, case.editions.count()) == ("Nieuw", Status.PUBLISHED, 2)
    assert [(q.pk, q.text) for q in case.questions.all()] == [(question.pk, "Anders gevraagd?")]
    assert [line.keyword.name for line in case.case_keywords.all()] == ["schulden", "sport"]
    assert search.find(search.parse("Nieuw")) == [case.pk]


def test_a_case_has_at_most_one_working_copy():
    case = published_case()
    assert editions.start_working_copy(case=case) == editions.start_working_copy(case=case)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(revises=case, number=case.number, slug=case.slug)


@pytest.mark.parametrize("kind", ["concept", "working copy"])
def test_publishing_twice_simultaneously_creates_one_edition(kind):
    """Both requests read the concept before the first one published it."""
    case = ConceptFactory(kolbs=["doener", "denker"])
    if kind == "working copy":
        editions.publish(case=case)
        case = editions.start_working_copy(case=case)
    first, second = (Case.objects.get(pk=case.pk) for _ in range(2))
    edition = editions.publish(case=first)
    with pytest.raises(editions.RefusedError):
        editions.publish(case=second)
    assert Case.objects.get().editions.latest() == edition
    assert Case.objects.get().questions.count() == 2


def test_a_concept_that_was_saved_meanwhile_is_not_published():
    case = ConceptFactory()
    other = Case.objects.get(pk=case.pk)
    mapping.apply_document(replace(mapping.document_of(other), title="Nog niet af"), other)
    with pytest.raises(editions.RefusedError):
        editions.publish(case=case)
    assert not Edition.objects.exists()


def test_a_case_that_was_withdrawn_meanwhile_cannot_be_archived():
    case = published_case()
    archiving, withdrawing = (Case.objects.get(pk=case.pk) for _ in range(2))
    editions.withdraw(case=withdrawing, reason="Zij herkende zich.")
    for act in (editions.archive, editions.unarchive):
        with pytest.raises(editions.RefusedError):
            act(case=archiving)
    assert Case.objects.get().is_withdrawn


def test_withdrawing_uses_the_stored_case_and_not_the_instance():
    case = published_case(title="Oud")
    withdrawing = Case.objects.get(pk=case.pk)
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Nieuw")
    editions.publish(case=Case.objects.get(pk=copy.pk))
    editions.withdraw(case=withdrawing, reason="Zij herkende zich.")
    case = Case.objects.get()
    assert (case.title, case.is_withdrawn, case.body) == ("Nieuw", True, "")


def test_a_text_that_breaks_the_case_file_is_not_published():
    concept = ConceptFactory(body="Goed\n\n## Slot\n\nniet goed")
    with pytest.raises(DocumentError, match="alleen tussenkopjes met ###"), transaction.atomic():
        editions.publish(case=concept)
    assert Case.objects.get().status == Status.CONCEPT


def test_publishing_invalidates_the_catalogue_index_of_other_processes():
    published_case()
    assert len(catalogue_index.current_index()) == 1
    published_case()
    assert len(catalogue_index.current_index()) == 2


def test_a_proposed_slug_is_not_taken():
    published_case(slug="een-titel")
    assert editions.proposed_slug("Een titel") == "een-titel-2"
    assert editions.proposed_slug("???") == "casus"


# --- Archiving, withdrawing and putting back ---


@pytest.mark.parametrize("act", [editions.archive, lambda *, case: editions.withdraw(case=case, reason="Ach.")])
def test_a_case_that_was_archived_or_withdrawn_is_not_found(act):
    case = published_case(title="Zeldzaamheid")
    catalogue_index.current_index()
    act(case=case)
    assert search.find(search.parse("Zeldzaamheid")) == []
    assert len(catalogue_index.current_index()) == 0


def test_a_case_from_the_archive_is_found_again():
    case = published_case(title="Zeldzaamheid")
    editions.archive(case=case)
    editions.unarchive(case=case)
    assert search.find(search.parse("Zeldzaamheid")) == [case.pk]
    assert Case.objects.get().status == Status.PUBLISHED


def test_withdrawing_empties_the_case_but_not_its_editions_and_questions():
    case = published_case(title="Over Els", kolbs=["doener", "denker"])
    text = case.editions.get().text
    editions.withdraw(case=case, reason="Ze herkende zich.", title="Over een buurvrouw")
    case = Case.objects.get()
    assert (case.status, case.title, case.withdrawn_reason) == ("withdrawn", "Over een buurvrouw", "Ze herkende zich.")
    assert (case.summary, case.introduction, case.body, case.closing, case.word_count) == ("", "", "", "", 0)
    rows = (case.case_actors, case.case_keywords, case.references, case.questions)
    assert [manager.count() for manager in rows] == [0, 0, 0, 2]
    assert case.editions.get().text == text


def test_the_tidy_command_empties_the_questions_of_cases_withdrawn_by_an_older_version():
    case = published_case()
    Case.objects.filter(pk=case.pk).update(status="withdrawn")
    call_command("tidy")
    question = case.questions.get()
    assert (question.text, question.withheld_text) == ("", "Wat doe je als eerste?")
    assert question.worded() == "(Deze vraag is samen met de casus ingetrokken.)"
    editions.put_back(case=Case.objects.get(pk=case.pk))
    question.refresh_from_db()
    assert (question.text, question.withheld_text) == ("Wat doe je als eerste?", None)


def test_readers_of_a_withdrawn_case_see_only_its_number_and_title():
    case = published_case(title="Over Els")
    edition = case.editions.get()
    assert access.read_edition(edition).introduction == "Zo begint het."
    editions.withdraw(case=case, reason="Ach.")
    document = access.read_edition(Edition.objects.get())
    assert (document.title, document.number) == ("Over Els", case.number)
    assert document == replace(
        document,
        part="",
        summary="",
        introduction="",
        body="",
        closing="",
        actors=(),
        keywords=(),
        references=(),
        questions=(),
    )
    assert access.wording(Edition.objects.get()) == {}


def test_putting_back_restores_the_latest_edition():
    case = published_case(title="Over Els", kolbs=["doener", "denker"])
    before, word_count = mapping.document_of(case), case.word_count
    questions = list(case.questions.order_by("pk").values_list("pk", flat=True))
    editions.withdraw(case=case, reason="Ach.", title="Anders")
    assert editions.put_back(case=Case.objects.get()) == []
    case = Case.objects.get()
    assert mapping.document_of(case) == before
    assert (case.status, case.withdrawn_reason, case.word_count) == ("published", "", word_count)
    assert list(case.questions.order_by("pk").values_list("pk", flat=True)) == questions
    assert search.find(search.parse("Els")) == [case.pk]


def test_putting_back_leaves_out_keywords_that_no_longer_exist():
    case = published_case(keyword_names=["geld", "sport", "buurt"])
    editions.withdraw(case=case, reason="Ach.")
    Keyword.objects.filter(name="geld").update(name="geldzorgen", synonyms=["geld"])
    Keyword.objects.filter(name="sport").delete()
    assert editions.put_back(case=Case.objects.get()) == ["sport"]
    assert mapping.document_of(Case.objects.get()).keywords == ("geldzorgen", "buurt")


@pytest.mark.parametrize("status", ["archived", "withdrawn"])
def test_a_working_copy_of_an_archived_or_withdrawn_case_cannot_be_published(status):
    case = published_case()
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=case.pk).update(status=status)
    with pytest.raises(editions.RefusedError):
        editions.publish(case=Case.objects.get(pk=copy.pk))
    with pytest.raises(editions.RefusedError):
        editions.start_working_copy(case=Case.objects.get(pk=case.pk))
    assert Case.objects.get(pk=case.pk).status == status


def test_withdrawing_stores_the_working_copy_until_the_case_is_put_back():
    case = published_case(kolbs=["doener", "denker"])
    copy = editions.start_working_copy(case=case)
    copy.title, copy.closing, copy.part = "Half af", "", None
    copy.save()
    Reference.objects.create(case=copy, text="Jansen (2020).", position=1)
    before = mapping.document_of(copy)
    editions.withdraw(case=case, reason="Ach.")
    assert (list(Case.objects.all()), CaseActor.objects.count(), Reference.objects.count()) == ([case], 0, 0)
    editions.put_back(case=Case.objects.get())
    copy = Case.objects.get(revises=case)
    assert mapping.document_of(copy) == replace(before, part=case.part.slug)
    assert Case.objects.get(revises=None).withdrawn_copy is None


def test_a_working_copy_of_a_withdrawn_case_is_hidden_from_editors():
    case = published_case()
    editions.start_working_copy(case=case)
    Case.objects.filter(pk=case.pk).update(status="withdrawn")
    assert list(Case.objects.for_editors()) == [case]


# --- Sending in ---


def test_a_concept_that_was_sent_in_is_listed_and_later_changes_are_detected():
    editor, concept = UserFactory(), ConceptFactory()
    editions.send_in(case=concept, by=editor)
    assert (list(Case.objects.sent_in()), concept.sent_in_by) == ([concept], editor)
    assert not concept.is_changed_since_sent_in
    mapping.apply_document(replace(mapping.document_of(concept), title="Toch anders"), concept)
    assert concept.is_changed_since_sent_in
    editions.recall(case=concept)
    assert (list(Case.objects.sent_in()), concept.is_changed_since_sent_in) == ([], False)


def test_publishing_a_concept_removes_it_from_those_sent_in():
    concept = ConceptFactory()
    editions.send_in(case=concept, by=UserFactory())
    editions.publish(case=concept)
    concept.refresh_from_db()
    assert (concept.sent_in_at, concept.sent_in_by, concept.sent_in_version) == (None, None, None)


# --- Restoring ---


def test_an_edition_is_restored_as_a_working_copy_that_readers_do_not_see():
    case = published_case(title="Eerst")
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Later")
    editions.publish(case=Case.objects.get(pk=copy.pk))
    copy, left_out = editions.restore(edition=case.editions.get(number=1))
    assert (copy.title, copy.status, copy.revises, left_out) == ("Eerst", Status.CONCEPT, case, [])
    assert Case.objects.published().get().title == "Later"


def test_restoring_does_not_overwrite_a_working_copy():
    case = published_case()
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Half af")
    with pytest.raises(editions.RefusedError, match="al een werkversie"):
        editions.restore(edition=case.editions.get())
    assert Case.objects.get(pk=copy.pk).title == "Half af"


def test_every_change_of_a_case_raises_its_version():
    case = published_case()
    first = case.version
    copy = editions.start_working_copy(case=case)
    editions.publish(case=copy)
    assert Case.objects.get().version > first
