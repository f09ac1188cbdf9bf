"""The admin of cases, editions and the vocabulary, for editors and chief editors."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from cases.models import Case, Edition, Keyword, Status
from tests.factories import ConceptFactory, KeywordFactory, PartFactory, UserFactory, published_case

pytestmark = pytest.mark.django_db


def form_of(case: Case, **changed) -> dict:
    """Return the data that the change form of a case posts, with its inlines."""
    values = {
        name: getattr(case, name) for name in ("title", "summary", "introduction", "body", "closing", "number", "slug")
    } | {"part": case.part_id or "", "version": case.version}
    for prefix, rows in {
        "case_actors": case.case_actors.all(),
        "case_keywords": case.case_keywords.all(),
        "questions": case.questions.all(),
        "references": case.references.all(),
    }.items():
        values |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(rows)}
        for index, row in enumerate(rows):
            names = {"id", "case", "position", "actor", "person", "keyword", "text", "kolb", "key", "url"}
            fields = {field.name: field.value_from_object(row) for field in row._meta.fields if field.name in names}
            fields |= {f"{name}_name": getattr(row, name).name for name in ("actor", "keyword") if name in fields}
            values |= {f"{prefix}-{index}-{name}": value for name, value in fields.items()}
    return values | changed


def test_an_editor_changes_a_working_copy_and_a_chief_editor_publishes_it(client, editor):
    case = published_case(title="Een tiepfout")
    client.post(reverse("admin:cases_case_working_copy", args=[case.pk]))
    copy = Case.objects.get(revises=case)
    response = client.post(reverse("admin:cases_case_change", args=[copy.pk]), form_of(copy, title="Een typfout"))
    assert response.status_code == 302
    case.refresh_from_db()
    assert case.title == "Een tiepfout"
    assert client.post(reverse("admin:cases_case_publish", args=[copy.pk])).status_code == 403
    client.force_login(UserFactory(groups=["Eindredactie"]))
    client.post(reverse("admin:cases_case_publish", args=[copy.pk]), {"note": "Typfout."})
    case.refresh_from_db()
    assert (case.title, case.editions.latest().note, Case.objects.count()) == ("Een typfout", "Typfout.", 1)


def test_a_published_case_cannot_be_changed(client, editor):
    case = published_case(title="Staat vast")
    client.post(reverse("admin:cases_case_change", args=[case.pk]), form_of(case, title="Toch anders"))
    assert Case.objects.get().title == "Staat vast"


def test_a_published_case_cannot_be_deleted(client, chief):
    case = published_case()
    assert client.post(reverse("admin:cases_case_delete", args=[case.pk]), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [case.pk], "post": "yes"}
    client.post(reverse("admin:cases_case_changelist"), selected)
    assert Case.objects.count() == 1


def test_the_form_of_a_new_case_proposes_the_next_number(client, editor):
    published_case(number=7)
    page = client.get(reverse("admin:cases_case_add"))
    assert page.context["adminform"].form.initial["number"] == 8


def test_an_incomplete_concept_is_not_published_and_the_missing_fields_are_listed(client, chief):
    concept = ConceptFactory(closing="", kolbs=[])
    page = client.post(reverse("admin:cases_case_publish", args=[concept.pk]), follow=True)
    assert "Schrijf een slot. Stel minstens één vraag." in page.content.decode()
    assert Case.objects.get().status == Status.CONCEPT


def test_the_page_of_a_concept_lists_findings_with_links_to_the_fields(client, editor):
    concept = ConceptFactory(closing="", keyword_names=[], kolbs=["doener", "denker"])
    page = client.get(reverse("admin:cases_case_change", args=[concept.pk]))
    found = [(finding.blocks, finding.anchor) for finding in page.context["findings"]]
    assert found == [(True, "id_closing"), (False, "case_keywords-group")]
    for _blocks, anchor in found:
        assert f'<a href="#{anchor}">' in page.content.decode()
        assert f'id="{anchor}"' in page.content.decode()


def test_the_pages_of_a_published_case_and_of_a_new_case_list_no_findings(client, editor):
    for address in (
        reverse("admin:cases_case_change", args=[published_case(closing="x").pk]),
        reverse("admin:cases_case_add"),
    ):
        assert "casebook-findings" not in client.get(address).content.decode()


def test_a_concept_without_a_part_is_not_published(client, chief):
    concept = ConceptFactory(part=None)
    page = client.post(reverse("admin:cases_case_publish", args=[concept.pk]), follow=True)
    assert "Nog niet gepubliceerd. Kies een deel." in page.content.decode()
    assert '<a href="#id_part">Kies een deel.</a>' in page.content.decode()
    assert not Edition.objects.exists()


def test_a_text_that_breaks_the_case_file_is_not_published(client, chief):
    concept = ConceptFactory(body="## Slot\n\nte groot")
    page = client.post(reverse("admin:cases_case_publish", args=[concept.pk]), follow=True)
    assert "Nog niet gepubliceerd. Begin een tussenkopje met ###" in page.content.decode()
    assert not Edition.objects.exists()


def test_a_text_that_changes_when_it_is_parsed_is_not_published(client, chief):
    concept = ConceptFactory(body="Een regel met spaties aan het eind.  \nEn nog een.")
    page = client.post(reverse("admin:cases_case_publish", args=[concept.pk]), follow=True)
    assert "Nog niet gepubliceerd. De tekst verandert bij het lezen." in page.content.decode()
    assert not Edition.objects.exists()


@pytest.mark.parametrize("name", ["cases_case_working_copy", "cases_case_publish"])
def test_working_copy_and_publish_require_a_post_and_permission(client, name):
    case = published_case() if "working" in name else ConceptFactory()
    address = reverse(f"admin:{name}", args=[case.pk])
    assert client.post(address).status_code == 302
    assert client.post(address).url.startswith("/beheer/login/")
    client.force_login(UserFactory())
    assert client.post(address).status_code in {302, 403}
    client.force_login(UserFactory(groups=["Eindredactie"]))
    assert client.get(address).status_code == 403
    assert Case.objects.count() == 1


def test_editions_can_be_viewed_and_never_changed(client, chief):
    edition = published_case().editions.get()
    address = reverse("admin:cases_edition_change", args=[edition.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"text": "anders"}).status_code == 403
    assert client.get(reverse("admin:cases_edition_add")).status_code == 403
    assert client.post(reverse("admin:cases_edition_delete", args=[edition.pk]), {"post": "yes"}).status_code == 403


def test_a_new_synonym_is_found_immediately(client, chief):
    word = KeywordFactory(name="schulden")
    case = published_case()
    values = {"name": "schulden", "slug": word.slug, "synonyms": "rood staan, krap", "is_filter": "on"}
    client.post(reverse("admin:cases_keyword_change", args=[word.pk]), values)
    assert Keyword.objects.get().synonyms == ["rood staan", "krap"]
    assert case.title in client.get("/casussen/?q=krap").content.decode()


def test_a_renamed_part_is_shown_immediately(client, chief):
    part = PartFactory(title="Oud")
    published_case(part=part)
    client.get("/")
    values = {"number": part.number, "title": "Nieuw", "slug": part.slug, "introduction": ""}
    client.post(reverse("admin:cases_part_change", args=[part.pk]), values)
    client.logout()
    assert "Nieuw" in client.get("/casussen/").content.decode()


@pytest.mark.parametrize("model", ["case", "part", "actor", "keyword", "edition"])
def test_every_list_can_be_opened_and_searched(client, chief, model, django_assert_max_num_queries):
    for _ in range(3):
        published_case()
    with django_assert_max_num_queries(12):
        assert client.get(reverse(f"admin:cases_{model}_changelist"), {"q": "e"}).status_code == 200


def test_the_groups_of_a_new_database_have_their_permissions(client):
    """Django creates permissions after the last migration, so the migration of the groups creates them first."""
    assert Group.objects.get(name="Redactie").permissions.filter(codename="change_case").exists()
    assert not Group.objects.get(name="Redactie").permissions.filter(codename="publish_case").exists()
    assert Group.objects.get(name="Eindredactie").permissions.filter(codename="publish_case").exists()
    client.force_login(UserFactory(groups=["Redactie"]))
    assert client.get(reverse("admin:cases_case_add")).status_code == 200


@pytest.mark.parametrize("groups", [[], ["Docenten"]])
def test_other_users_cannot_open_the_admin(client, groups):
    client.force_login(UserFactory(groups=groups))
    assert client.get("/beheer/", follow=True).status_code == 403


def test_only_chief_editors_can_archive_and_withdraw():
    for name, permissions in {"Redactie": set(), "Eindredactie": {"archive_case", "withdraw_case"}}.items():
        found = Group.objects.get(name=name).permissions.filter(codename__in=["archive_case", "withdraw_case"])
        assert set(found.values_list("codename", flat=True)) == permissions
