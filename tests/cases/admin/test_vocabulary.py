"""Keywords and actors in the admin: the cases that use them, renaming and merging."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from cases.models import Actor, Case, Keyword
from cases.publishing import editions, vocabulary
from tests.factories import ActorFactory, ConceptFactory, KeywordFactory, UserFactory, published_case

pytestmark = pytest.mark.django_db

MERGE = "/beheer/cases/keyword/samenvoegen/"


@pytest.fixture
def pair():
    return KeywordFactory(name="schulden"), KeywordFactory(name="schuld")


def merge_page(*rows: Keyword) -> str:
    return f"{MERGE}?{'&'.join(f'id={row.pk}' for row in rows)}"


def text_of(page) -> str:
    return " ".join(page.content.decode().split())


def change(client, word: Keyword, **values):
    sent = {"name": word.name, "slug": word.slug, "synonyms": ", ".join(word.synonyms), "is_filter": "on", **values}
    return client.post(reverse("admin:cases_keyword_change", args=[word.pk]), sent, follow=True)


def test_a_chief_editor_can_merge_selected_keywords_after_a_preview(client, chief, pair):
    debts, debt = pair
    case = published_case(title="De koelkast", keyword_names=["schuld"])
    concept = ConceptFactory(title="Nog niet af", keyword_names=["schuld"])
    selected = {"action": "merge_selected", "_selected_action": [debts.pk, debt.pk]}
    page = client.post(reverse("admin:cases_keyword_changelist"), selected, follow=True)
    assert "Dit is niet met één klik terug te draaien" in text_of(page)
    assert [(row.name, cases) for row, cases in page.context["candidates"]] == [
        ("schuld", [concept, case] if concept.number < case.number else [case, concept]),
        ("schulden", []),
    ]
    assert Keyword.objects.count() == 2
    done = client.post(merge_page(debts, debt), {"into": debts.pk}, follow=True)
    assert "«schuld» is opgegaan in «schulden». Er volgden 2 casussen." in text_of(done)
    assert [word.name for word in Keyword.objects.all()] == ["schulden"]
    assert case.editions.latest().published_by == chief
    assert {(entry.action_flag, entry.object_repr) for entry in LogEntry.objects.all()} == {
        (3, "schuld"),
        (2, "schulden"),
    }


def test_a_chief_editor_can_merge_actors(client, chief):
    rows = [ActorFactory(name="Bewoner"), ActorFactory(name="Buurvrouw")]
    address = f"/beheer/cases/actor/samenvoegen/?id={rows[0].pk}&id={rows[1].pk}"
    assert "informeel" in text_of(client.get(address))
    client.post(address, {"into": rows[1].pk})
    assert [actor.name for actor in Actor.objects.all()] == ["Buurvrouw"]


@pytest.mark.parametrize("into", ["", "0", "nergens"])
def test_keywords_are_not_merged_without_a_valid_choice(client, chief, pair, into):
    page = client.post(merge_page(*pair), {"into": into})
    assert "Kies welk woord blijft." in text_of(page)
    assert Keyword.objects.count() == 2


def test_a_keyword_that_was_not_selected_cannot_be_chosen(client, chief, pair):
    other = KeywordFactory(name="wonen")
    client.post(merge_page(*pair), {"into": other.pk})
    assert Keyword.objects.count() == 3


@pytest.mark.parametrize("query", ["", "?id=1", "?id=x&id=y", "?id=999999999999999999999&id=2"])
def test_the_merge_page_of_fewer_than_two_keywords_redirects_to_the_list(client, chief, query):
    for response in (client.get(MERGE + query, follow=True), client.post(MERGE + query, {"into": 1}, follow=True)):
        assert "Die woorden zijn er niet meer allemaal." in text_of(response)


def test_a_single_keyword_cannot_be_merged(client, chief, pair):
    selected = {"action": "merge_selected", "_selected_action": [pair[0].pk]}
    page = client.post(reverse("admin:cases_keyword_changelist"), selected, follow=True)
    assert "Kies er minstens twee om samen te voegen." in text_of(page)


@pytest.mark.parametrize("model", ["keyword", "actor"])
def test_merging_requires_permission(client, editor, pair, model):
    address = f"/beheer/cases/{model}/samenvoegen/"
    assert client.get(address).status_code == 403
    assert client.post(address).status_code == 403
    assert "merge_selected" not in client.get(f"/beheer/cases/{model}/").content.decode()
    client.logout()
    assert client.get(address).url.startswith("/beheer/login/")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert client.get(address, follow=True).status_code == 403


def test_the_number_of_queries_does_not_depend_on_the_number_of_cases(client, chief, pair, django_assert_num_queries):
    for count in (1, 2):
        for _ in range(count):
            published_case(keyword_names=["schuld"])
        with django_assert_num_queries(6):
            client.get(merge_page(*pair))


def test_the_page_of_a_keyword_lists_its_cases(client, editor, pair):
    case = published_case(title="De koelkast", keyword_names=["schuld"])
    editions.start_working_copy(case=case)
    page = client.get(reverse("admin:cases_keyword_change", args=[pair[1].pk]))
    assert "In 2 casussen, concepten en werkversies meegeteld:" in text_of(page)
    assert f'<a href="/beheer/cases/case/{case.pk}/change/">' in text_of(page)
    assert "Nog in geen enkele casus." in text_of(client.get(reverse("admin:cases_keyword_change", args=[pair[0].pk])))
    listed = client.get(reverse("admin:cases_keyword_changelist")).context["cl"].result_list
    assert {word.name: word.used for word in listed} == {"schuld": 2, "schulden": 0}


def test_a_keyword_that_a_chief_editor_renames_changes_in_its_cases(client, chief, pair):
    case = published_case(keyword_names=["schuld"])
    change(client, pair[1], name="geldzorgen", slug="geldzorgen")
    assert [line.keyword.name for line in case.case_keywords.all()] == ["geldzorgen"]
    assert case.editions.latest().note == "Hernoemd: sleutelwoord schuld heet nu geldzorgen."
    assert client.get("/casussen/?trefwoord=schuld")["Location"] == "/casussen/?trefwoord=geldzorgen"


def test_an_editor_can_rename_only_keywords_without_published_cases(client, editor, pair):
    published_case(keyword_names=["schuld"])
    ConceptFactory(keyword_names=["schulden"])
    change(client, pair[1], name="geldzorgen", slug="geldzorgen", synonyms="rood staan")
    change(client, pair[0], name="armoede", slug="armoede")
    assert {(word.name, *word.synonyms) for word in Keyword.objects.all()} == {("schuld", "rood staan"), ("armoede",)}


def test_changing_only_a_synonym_publishes_no_edition(client, chief, pair):
    case = published_case(keyword_names=["schuld"])
    change(client, pair[1], synonyms="rood staan")
    assert case.editions.count() == 1


def test_a_former_name_is_refused_with_the_current_name(client, chief, pair):
    vocabulary.merge(into=pair[0], gone=[pair[1]])
    values = {"name": "schuld", "slug": "schuld", "synonyms": "", "is_filter": "on"}
    page = client.post(reverse("admin:cases_keyword_add"), values)
    assert page.context["adminform"].form.errors == {
        "name": ["«schuld» heet nu «schulden». Kies een andere naam."],
        "slug": ["Dit was het adres van wat nu «schulden» heet. Kies een andere webnaam."],
    }
    assert Keyword.objects.count() == 1


def test_a_chief_editor_can_add_a_keyword_and_an_actor(client, chief):
    values = {"name": "wonen", "slug": "wonen", "synonyms": "huis, thuis", "is_filter": "on"}
    client.post(reverse("admin:cases_keyword_add"), values)
    assert Keyword.objects.get().synonyms == ["huis", "thuis"]
    client.post(reverse("admin:cases_actor_add"), {"name": "Kok", "slug": "kok", "sphere": "formal"})
    assert Actor.objects.get().name == "Kok"


def test_a_merge_that_cannot_be_published_changes_nothing(client, chief, pair):
    """The case has a text that no edition can have, which was saved without the form."""
    case = published_case(keyword_names=["schuld"])
    Case.objects.filter(pk=case.pk).update(body="## Te groot")
    page = client.post(merge_page(*pair), {"into": pair[0].pk}, follow=True)
    assert "Er is niets samengevoegd" in text_of(page)
    assert Keyword.objects.count() == 2
    assert case.editions.count() == 1
