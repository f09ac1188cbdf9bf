"""Merging and renaming keywords and actors, and the changes to cases, addresses and files that follow."""

import pytest
from django.conf import settings
from django.http import QueryDict

from cases.files.document import parse_case, parse_vocabulary
from cases.library import catalogue_index, facets
from cases.models import Actor, Case, Edition, FormerActor, FormerKeyword, Keyword, Status
from cases.publishing import editions, mapping
from cases.publishing import vocabulary as vocabulary_actions
from cases.transfer import imports, sync
from tests.cases.files.test_document import TEXT
from tests.cases.packing import zipped
from tests.cases.transfer.test_sync import VOCABULARY
from tests.factories import ActorFactory, ConceptFactory, KeywordFactory, UserFactory, publish, published_case

pytestmark = pytest.mark.django_db


def keywords_of(case: Case) -> list[str]:
    return [line.keyword.name for line in case.case_keywords.select_related("keyword")]


def latest_edition_matches_the_rows(case: Case) -> bool:
    return parse_case(case.editions.latest().text) == mapping.document_of(Case.objects.get(pk=case.pk))


@pytest.fixture
def debts():
    return KeywordFactory(name="schulden", synonyms=["rood staan"])


@pytest.fixture
def debt():
    return KeywordFactory(name="schuld", synonyms=["krap", "Rood staan"])


def test_merging_replaces_the_keyword_in_its_place_without_duplicates(debts, debt):
    one = published_case(keyword_names=["armoede", "schuld", "wonen"])
    both = published_case(keyword_names=["schuld", "armoede", "schulden"])
    other = published_case(keyword_names=["armoede"])
    assert vocabulary_actions.merge(into=debts, gone=[debt]) == [one, both]
    assert keywords_of(one) == ["armoede", "schulden", "wonen"]
    assert keywords_of(both) == ["schulden", "armoede"]
    assert keywords_of(other) == ["armoede"]
    assert not Keyword.objects.filter(name="schuld").exists()


def test_merging_publishes_an_edition_of_every_published_case(debts, debt):
    chief = UserFactory()
    case, unchanged = published_case(keyword_names=["schuld"]), published_case(keyword_names=["schulden"])
    first = case.editions.get()
    vocabulary_actions.merge(into=debts, gone=[debt], by=chief)
    edition = case.editions.latest()
    assert (edition.number, edition.published_by) == (2, chief)
    assert edition.note == "Samengevoegd: sleutelwoord schuld heet nu schulden."
    assert latest_edition_matches_the_rows(case)
    assert Edition.objects.get(pk=first.pk).text == first.text
    assert unchanged.editions.count() == 1


def test_merging_changes_concepts_and_working_copies_and_their_versions(debts, debt):
    case = published_case(keyword_names=["schuld"])
    copy, concept = editions.start_working_copy(case=case), ConceptFactory(keyword_names=["schuld"])
    before = {row.pk: row.version for row in (copy, concept)}
    vocabulary_actions.merge(into=debts, gone=[debt])
    for row in (copy, concept):
        assert keywords_of(row) == ["schulden"]
        row.refresh_from_db()
        assert row.version > before[row.pk]
    assert not concept.editions.exists()
    editions.publish(case=copy)
    assert latest_edition_matches_the_rows(case)


def test_merging_changes_an_archived_case_which_stays_archived(debts, debt):
    case = published_case(keyword_names=["schuld"])
    editions.archive(case=case)
    vocabulary_actions.merge(into=debts, gone=[debt])
    case.refresh_from_db()
    assert (case.status, keywords_of(case)) == (Status.ARCHIVED, ["schulden"])
    assert latest_edition_matches_the_rows(case)


def test_a_withdrawn_case_is_put_back_with_the_merged_keyword(debts, debt):
    case = published_case(keyword_names=["schuld"])
    editions.withdraw(case=case, reason="x")
    assert vocabulary_actions.merge(into=debts, gone=[debt]) == []
    assert editions.put_back(case=Case.objects.get(pk=case.pk)) == []
    assert keywords_of(case) == ["schulden"]


def test_the_old_keyword_and_its_synonyms_become_synonyms_of_the_new_one(client, debts, debt):
    case = published_case(keyword_names=["schuld"], title="Een lekkende koelkast")
    vocabulary_actions.merge(into=debts, gone=[debt])
    debts.refresh_from_db()
    assert debts.synonyms == ["rood staan", "schuld", "krap"]
    for word in ("krap", "schuld"):
        assert case.title in client.get(f"/casussen/?q={word}").content.decode()


def test_the_old_address_redirects_permanently(client, debts, debt):
    published_case(keyword_names=["schuld"])
    vocabulary_actions.merge(into=debts, gone=[debt])
    response = client.get("/casussen/?deel=deel-1&trefwoord=schuld&volgorde=titel")
    assert (response.status_code, response["Location"]) == (
        301,
        "/casussen/?deel=deel-1&trefwoord=schulden&volgorde=titel",
    )
    assert client.get(response["Location"]).status_code == 200
    assert client.get("/casussen/?trefwoord=schuld&trefwoord=schulden")["Location"] == "/casussen/?trefwoord=schulden"


def test_an_address_that_never_existed_is_not_redirected(client, debts):
    published_case(keyword_names=["schulden"])
    assert client.get("/casussen/?trefwoord=schuld").status_code == 200


def test_the_old_address_redirects_to_a_search_if_the_keyword_is_not_a_filter(client, debts, debt):
    Keyword.objects.filter(pk=debts.pk).update(is_filter=False)
    published_case(keyword_names=["schuld"])
    vocabulary_actions.merge(into=debts, gone=[debt])
    assert client.get("/casussen/?trefwoord=schuld")["Location"] == "/casussen/?q=schulden"
    assert client.get("/casussen/?trefwoord=schuld&q=koelkast")["Location"] == "/casussen/?q=koelkast"


def test_addresses_with_known_names_run_no_query(client, debts, django_assert_num_queries):
    published_case(keyword_names=["schulden"])
    index = catalogue_index.current_index()
    with django_assert_num_queries(0):
        assert facets.redirect_for(QueryDict("trefwoord=schulden&actor=bewoner&q=x"), index) is None


def test_merging_twice_redirects_every_old_name(client, debts, debt):
    case = published_case(keyword_names=["schuld"])
    money = KeywordFactory(name="geld")
    vocabulary_actions.merge(into=debts, gone=[debt])
    vocabulary_actions.merge(into=money, gone=[debts])
    assert {(row.name, row.now.name) for row in FormerKeyword.objects.all()} == {
        ("schuld", "geld"),
        ("schulden", "geld"),
    }
    assert client.get("/casussen/?trefwoord=schuld")["Location"] == "/casussen/?trefwoord=geld"
    assert keywords_of(case) == ["geld"]
    assert case.editions.count() == 3


def test_actors_can_be_merged(client):
    neighbour = ActorFactory(name="Buurvrouw")
    resident = ActorFactory(name="Bewoner")
    lines = [("Buurvrouw", "informal", "Ans"), ("Bewoner", "informal", "Ans"), ("Buurvrouw", "informal", "Bep")]
    case = published_case(actor_lines=lines)
    vocabulary_actions.merge(into=resident, gone=[neighbour])
    assert [(line.actor.name, line.person) for line in case.case_actors.all()] == [
        ("Bewoner", "Ans"),
        ("Bewoner", "Bep"),
    ]
    assert latest_edition_matches_the_rows(case)
    assert case.editions.latest().note == "Samengevoegd: actor Buurvrouw heet nu Bewoner."
    assert client.get("/casussen/?actor=buurvrouw")["Location"] == "/casussen/?actor=bewoner"
    assert FormerActor.objects.get().now == resident


# --- Renaming ---


def rename(word, name: str, slug: str) -> list[Case]:
    before = {"name": word.name, "slug": word.slug}
    word.name, word.slug = name, slug
    word.save()
    return vocabulary_actions.renamed(row=word, **before)


def test_renaming_publishes_an_edition_of_every_case(client, debts):
    case = published_case(keyword_names=["schulden"])
    assert rename(debts, "geldzorgen", "geldzorgen") == [case]
    assert case.editions.latest().note == "Hernoemd: sleutelwoord schulden heet nu geldzorgen."
    assert latest_edition_matches_the_rows(case)
    assert client.get("/casussen/?trefwoord=schulden")["Location"] == "/casussen/?trefwoord=geldzorgen"


def test_changing_only_the_slug_changes_no_case(client, debts):
    case = published_case(keyword_names=["schulden"])
    assert rename(debts, "schulden", "rood") == []
    assert case.editions.count() == 1
    assert client.get("/casussen/?trefwoord=schulden")["Location"] == "/casussen/?trefwoord=rood"


def test_restoring_the_old_name_does_not_cause_a_redirect_loop(client, debts):
    published_case(keyword_names=["schulden"])
    rename(debts, "geldzorgen", "geldzorgen")
    rename(debts, "schulden", "schulden")
    assert client.get("/casussen/?trefwoord=schulden").status_code == 200
    assert client.get("/casussen/?trefwoord=geldzorgen")["Location"] == "/casussen/?trefwoord=schulden"
    assert [(row.name, row.slug) for row in FormerKeyword.objects.all()] == [("geldzorgen", "geldzorgen")]


# --- Old editions and old files ---


def test_an_old_edition_is_restored_with_the_merged_keyword(debts, debt):
    case = published_case(keyword_names=["schuld", "schulden"])
    vocabulary_actions.merge(into=debts, gone=[debt])
    copy, left_out = editions.restore(edition=case.editions.get(number=1))
    assert (keywords_of(copy), left_out) == (["schulden"], [])


def test_importing_old_files_does_not_undo_a_merge():
    chief = UserFactory(groups=["Eindredactie"])
    sync.load(sync.read_paths([settings.BASE_DIR / "fixtures"]))
    archive = sync.as_zip(sync.export())
    into, gone = Keyword.objects.get(name="bewoners"), Keyword.objects.get(name="sociaal netwerk")
    changed = vocabulary_actions.merge(into=into, gone=[gone])
    assert changed
    plan = imports.plan(imports.unpacked([("oud.zip", archive)], user=chief), user=chief)
    assert {item.status for item in plan.items} == {imports.UNCHANGED}
    assert not plan.has_news


@pytest.mark.parametrize("overwrite", [False, True])
def test_loading_the_fixtures_again_does_not_undo_a_merge(overwrite):
    fixtures = sync.read_paths([settings.BASE_DIR / "fixtures"])
    sync.load(fixtures)
    into, gone = Keyword.objects.get(name="bewoners"), Keyword.objects.get(name="sociaal netwerk")
    vocabulary_actions.merge(into=into, gone=[gone])
    vocabulary_actions.merge(into=Actor.objects.get(name="Bewoner"), gone=[Actor.objects.get(name="Familie")])
    files, count = sync.export(), Edition.objects.count()
    outcome = sync.load(fixtures, overwrite=overwrite)
    assert (outcome.new, outcome.changed, len(outcome.unchanged)) == ([], [], 16)
    assert not Keyword.objects.filter(name="sociaal netwerk").exists()
    assert not Actor.objects.filter(name="Familie").exists()
    assert Edition.objects.count() == count
    if not overwrite:
        assert sync.export() == files


def test_an_export_after_a_merge_can_be_loaded_without_changes(debts, debt):
    case = published_case(keyword_names=["schuld", "wonen"])
    vocabulary_actions.merge(into=debts, gone=[debt])
    files = sync.export()
    names = [word.name for word in parse_vocabulary(files["casebook.yaml"]).keywords]
    assert names == ["schulden", "wonen"]
    assert parse_case(files[f"cases/{case.number:02}-{case.slug}.md"]).keywords == ("schulden", "wonen")
    outcome = sync.load(sync.read([("b.zip", zipped(files))]))
    assert (outcome.unchanged, outcome.left_alone) == ([f"{case.number}. {case.title}"], [])


def test_a_changed_old_file_is_loaded_with_the_merged_keyword():
    vocabulary = sync.Source("casebook.yaml", VOCABULARY)
    sync.load([vocabulary, sync.Source("x.md", TEXT)])
    vocabulary_actions.merge(into=Keyword.objects.get(name="bewoners"), gone=[Keyword.objects.get(name="Wmo")])
    outcome = sync.load([vocabulary, sync.Source("x.md", TEXT.replace("title: Opgeruimd?", "title: Netjes?"))])
    assert outcome.changed == ["1. Netjes?"]
    case = Case.objects.get()
    assert (case.title, keywords_of(case)) == ("Netjes?", ["bewoners"])


def test_a_new_keyword_with_a_former_name_is_not_replaced(debts, debt):
    vocabulary_actions.merge(into=debts, gone=[debt])
    KeywordFactory(name="schuld", slug="schuld-2")
    case = publish(ConceptFactory(keyword_names=["schuld"]))
    assert mapping.former_names().keywords == {}
    assert keywords_of(case) == ["schuld"]
