"""Tests of what a visitor and other sites get from the page of a case: card, reference, structured data, sitemap."""

import html
import json
import re

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from casebook.lib.json_ld import json_ld
from cases.models import Case, Edition
from cases.publishing import editions
from tests.factories import ConceptFactory, UserFactory, publish, published_case

pytestmark = pytest.mark.django_db
SITE = "https://casus.example.nl"


@pytest.fixture(autouse=True)
def site(settings) -> None:
    settings.SITE_URL = SITE


@pytest.fixture
def case():
    return published_case(
        title='Piet "de Kei" & co',
        slug="piet",
        summary="Over geld.",
        keyword_names=["wonen", "schulden"],
    )


@pytest.fixture
def page(client, case):
    return lambda: client.get(case.get_absolute_url()).content.decode()


def meta_of(text: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', text)
    return {name: html.unescape(content) for name, content in found}


def data_of(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)[1])


def test_head_has_a_card_with_a_picture_of_the_site(page, case):
    meta = meta_of(page())
    assert meta["og:title"] == case.title
    assert meta["og:description"] == meta["description"] == "Over geld."
    assert meta["og:url"] == f"{SITE}/casussen/piet/"
    assert meta["og:image"].startswith(f"{SITE}/static/img/card")


def test_canonical_link_has_no_query(client, case):
    text = client.get(f"{case.get_absolute_url()}?utm_source=x").content.decode()
    assert f'<link rel="canonical" href="{SITE}/casussen/piet/">' in text


def test_structured_data_is_a_learning_resource_without_a_licence(page, case):
    data = data_of(page())
    assert (data["@context"], data["@type"], data["name"]) == ("https://schema.org", "LearningResource", case.title)
    assert data["keywords"] == ["schulden", "wonen"]
    assert data["url"] == f"{SITE}/casussen/piet/"
    assert data["version"] == "1"
    assert not {"license", "copyrightHolder", "author"} & set(data)


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!-- <script>", "a & b", "é\u2028"])
def test_no_text_ends_the_block_of_structured_data(text):
    block = json_ld({"name": text})
    assert (block.count("<"), block.count(">"), "&" in block) == (2, 2, False)
    assert data_of(block)["name"] == text


def test_title_with_markup_cannot_leave_the_block_of_structured_data(client):
    title = "</script><script>alert(1)</script>"
    text = client.get(published_case(title=title).get_absolute_url()).content.decode()
    assert "<script>alert" not in text
    assert data_of(text)["name"] == title


def test_reference_has_the_edition_and_its_date(page, case):
    text = re.search(r'<p class="sharing__reference">(.*?)</p>', page(), re.DOTALL)[1]
    day = timezone.localdate(case.editions.get().published_at)
    written = date_format(day, "j F Y")
    assert " ".join(html.unescape(text).split()) == (
        f"Casusboek. ({day.year}). <cite>{case.title}</cite> (casus {case.number}, editie 1 van {written}). "
        f"{SITE}/casussen/piet/"
    )


def test_reference_and_data_are_those_of_the_next_edition_once_it_is_published(page, case):
    assert "editie 1 van" in page()
    copy = editions.start_working_copy(case=case)
    copy.summary = "Over schuld."
    copy.save()
    editions.publish(case=copy)
    assert Edition.objects.filter(case=case).count() == 2
    assert ("editie 2 van" in page(), data_of(page())["version"], meta_of(page())["og:description"]) == (
        True,
        "2",
        "Over schuld.",
    )


def test_visitor_can_make_an_account_and_return_to_the_questions(client, page, case):
    link = '<a class="btn" href="/account/aanmelden/?next=/casussen/piet/%23vragen">'
    assert link in page()
    client.force_login(UserFactory())
    assert "Maak een account en antwoord" not in page()


def test_visitor_who_makes_an_account_from_a_case_arrives_at_its_questions(client, page):
    form = {"name": "Noor", "email": "noor@example.org", "password1": "koelkast-op-driehoog"}
    address = html.unescape(re.search(r'href="(/account/aanmelden/[^"]+)"', page())[1])
    response = client.post(address, form | {"next": "/casussen/piet/#vragen"})
    assert response.url == "/casussen/piet/#vragen"


def test_withdrawn_case_has_no_card_and_no_data(client, case):
    Case.objects.filter(pk=case.pk).update(status="withdrawn")
    text = client.get(case.get_absolute_url()).content.decode()
    assert not [part for part in ("og:", "ld+json", "canonical", "Over geld.") if part in text]


def test_preview_of_a_concept_cannot_be_shared(client):
    concept = ConceptFactory()
    client.force_login(UserFactory(groups=["Redactie"]))
    text = client.get(f"/beheer/cases/case/{concept.pk}/voorbeeld/").content.decode()
    assert "Voorbeeld." in text
    assert not [part for part in ("og:", "ld+json", "canonical", 'id="delen"') if part in text]


# --- For search engines ---


def test_sitemap_has_the_published_cases_only(client, case):
    ConceptFactory(slug="concept")
    archived = publish(ConceptFactory(slug="archief"))
    Case.objects.filter(pk=archived.pk).update(status="archived")
    response = client.get("/sitemap.xml")
    assert response["Content-Type"].startswith("application/xml")
    assert re.findall(r"<loc>([^<]+)</loc>", response.content.decode()) == [
        f"{SITE}/",
        f"{SITE}/casussen/",
        f"{SITE}/over/",
        f"{SITE}/casussen/piet/",
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_sitemap_takes_a_fixed_number_of_queries(client, django_assert_num_queries, count):
    for _each in range(count):
        published_case()
    with django_assert_num_queries(2):  # the version of the library and the cases
        client.get("/sitemap.xml")


def test_robots_file_names_the_sitemap(client):
    assert client.get("/robots.txt").content.decode() == (
        f"User-agent: *\nDisallow: /beheer/\nSitemap: {SITE}/sitemap.xml\n"
    )
