"""The pages of the library: their content, their queries, their caching, and invalid parameters."""

import gzip
import re

import pytest
from django.core.cache import caches
from django.urls import reverse

from cases.library import page_cache
from cases.models import Case, Keyword, Library
from cases.publishing import editions
from tests.factories import ConceptFactory, UserFactory, published_case

pytestmark = pytest.mark.django_db
CATALOGUE = "/casussen/"


def text_of(response) -> str:
    body = response.content
    return (gzip.decompress(body) if response.get("Content-Encoding") == "gzip" else body).decode()


def without_token(response) -> str:
    return re.sub('name="csrfmiddlewaretoken" value="[^"]+"', "", text_of(response))


def test_the_catalogue_shows_published_cases_by_part(client):
    published_case(title="Eerste", part__number=1)
    published_case(title="Tweede", part__number=2)
    ConceptFactory(title="Nog geheim")
    page = text_of(client.get(CATALOGUE))
    assert page.index('id="deel-1"') < page.index("Eerste") < page.index('id="deel-2"') < page.index("Tweede")
    assert "Nog geheim" not in page


def test_the_pages_of_an_empty_library_can_be_opened(client):
    assert client.get(CATALOGUE).status_code == 200
    assert client.get("/").status_code == 200


def test_values_of_one_filter_are_combined_with_or_and_filters_with_and(client):
    published_case(title="Aap", keyword_names=["sport"], kolbs=["doener"])
    published_case(title="Noot", keyword_names=["geld"], kolbs=["doener"])
    published_case(title="Mies", keyword_names=["geld"], kolbs=["denker"])
    either = text_of(client.get(f"{CATALOGUE}?trefwoord=sport&trefwoord=geld"))
    both = text_of(client.get(f"{CATALOGUE}?trefwoord=geld&bril=denker"))
    assert all(title in either for title in ("Aap", "Noot", "Mies"))
    assert "Mies" in both
    assert "Noot" not in both


def test_unknown_values_are_reported_and_ignored(client):
    published_case(title="Aap")
    page = text_of(client.get(f"{CATALOGUE}?bril=voeler&deel=<b>9</b>&volgorde=kleur"))
    assert "Aap" in page
    assert "voeler" in page
    assert "&lt;b&gt;9&lt;/b&gt;" in page


def test_an_empty_result_suggests_filters_to_remove(client):
    published_case(keyword_names=["sport"], kolbs=["doener"])
    published_case(keyword_names=["geld"], kolbs=["denker"])
    page = text_of(client.get(f"{CATALOGUE}?trefwoord=sport&bril=denker"))
    assert "<b>0</b> van de 2 casussen" in page
    assert "?bril=denker" in page
    assert "?trefwoord=sport" in page


@pytest.mark.parametrize("page", ["0", "-1", "999999999999", "abc", ""])
def test_an_invalid_page_number_is_no_error(client, page):
    published_case(title="Aap")
    assert "Aap" in text_of(client.get(CATALOGUE, {"pagina": page}))


def test_a_page_of_the_catalogue_has_twenty_four_cases(client):
    for _ in range(25):
        published_case()
    first, second = text_of(client.get(CATALOGUE)), text_of(client.get(f"{CATALOGUE}?pagina=2"))
    assert first.count('<li class="card"') == 24
    assert second.count('<li class="card"') == 1


def test_htmx_gets_a_fragment_and_an_address_to_push(client):
    published_case(title="Aap")
    response = client.get(f"{CATALOGUE}?q=aap", headers={"HX-Request": "true"})
    assert "<html" not in text_of(response)
    assert response["HX-Push-Url"] == "/casussen/?q=aap"
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("page", ["/", CATALOGUE, "/over/", "/casussen/casus-1/"])
def test_a_page_is_read_only(client, page):
    published_case(slug="casus-1")
    assert client.get(page).status_code == 200
    assert client.head(page).status_code == 200
    assert client.post(page).status_code == 405


def test_a_concept_and_an_unknown_case_are_a_404(client):
    concept = ConceptFactory()
    assert client.get(concept.get_absolute_url()).status_code == 404
    assert client.get("/casussen/bestaat-niet/").status_code == 404


def test_every_question_has_its_own_anchor(client):
    case = published_case(kolbs=["doener", "denker"])
    page = text_of(client.get(case.get_absolute_url()))
    assert 'id="vraag-vraag-1"' in page
    assert 'id="vraag-vraag-2"' in page


def test_a_keyword_that_is_not_a_filter_links_to_a_search(client):
    Keyword.objects.create(name="Turks", slug="turks", is_filter=False)
    case = published_case(keyword_names=["Turks"])
    assert 'href="/casussen/?q=turks"' in text_of(client.get(case.get_absolute_url()))
    assert 'value="turks"' not in text_of(client.get(CATALOGUE))
    assert case.title in text_of(client.get(f"{CATALOGUE}?q=turks"))


@pytest.mark.parametrize(
    ("count", "page"), [(n, page) for n in (3, 30) for page in ("/", CATALOGUE, f"{CATALOGUE}?q=gebeurt", "case")]
)
def test_the_number_of_queries_does_not_depend_on_the_number_of_cases(client, django_assert_num_queries, count, page):
    cases = [published_case(kolbs=["doener", "denker"]) for _ in range(count)]
    address = cases[0].get_absolute_url() if page == "case" else page
    client.force_login(UserFactory())
    client.get(address)  # the first visit builds the index
    page_cache.forget()
    first, later = {"/": (6, 6), CATALOGUE: (6, 3), f"{CATALOGUE}?q=gebeurt": (7, 7), "case": (15, 8)}[page]
    with django_assert_num_queries(first):
        page_text = without_token(client.get(address))
    with django_assert_num_queries(later):
        assert without_token(client.get(address)) == page_text


@pytest.mark.parametrize("page", ["/", CATALOGUE, "/over/", "case"])
def test_a_visitor_gets_a_cached_page_with_one_query(client, django_assert_num_queries, page):
    case = published_case()
    address = case.get_absolute_url() if page == "case" else page
    first = text_of(client.get(address))
    with django_assert_num_queries(1):
        assert text_of(client.get(address)) == first


def test_a_cached_page_is_rendered_again_when_the_library_changes(client):
    case = published_case(title="Oude titel")
    client.get(CATALOGUE)
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Nieuwe titel")
    editions.publish(case=Case.objects.get(pk=copy.pk))
    assert "Nieuwe titel" in text_of(client.get(CATALOGUE))


@pytest.mark.parametrize("page", ["/", CATALOGUE, "case"])
def test_cached_fragments_are_rendered_again_when_the_library_changes(client, page):
    case = published_case(title="Oude titel")
    address = case.get_absolute_url() if page == "case" else page
    client.force_login(UserFactory())
    assert "Oude titel" in text_of(client.get(address))
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Nieuwe titel", body="Een nieuw verhaal.")
    editions.publish(case=Case.objects.get(pk=copy.pk))
    rendered = text_of(client.get(address))
    assert "Nieuwe titel" in rendered
    assert "Oude titel" not in rendered


def test_the_cached_fragment_of_a_case_depends_on_the_right_to_assign_it(client):
    case = published_case()
    student, teacher = UserFactory(), UserFactory(groups=["Docenten"])
    for user, may_assign in [(student, False), (teacher, True), (student, False), (None, False)]:
        client.force_login(user) if user else client.logout()
        assert ("Geef als opdracht" in text_of(client.get(case.get_absolute_url()))) is may_assign


def test_visitors_and_signed_in_users_never_get_each_others_cached_page(client):
    case = published_case()
    client.get(case.get_absolute_url())
    client.force_login(UserFactory(name="Noor Rahimi"))
    assert "Noor Rahimi" in text_of(client.get(case.get_absolute_url()))
    client.logout()
    assert "Noor Rahimi" not in text_of(client.get(case.get_absolute_url()))


def test_the_number_of_cached_pages_is_limited(client, monkeypatch):
    pages = caches[page_cache.PAGES]
    monkeypatch.setattr(pages, "_max_entries", 10)
    published_case()
    for number in range(30):
        client.get(f"{CATALOGUE}?q=woord{number}")
    assert 0 < len(pages._cache) <= 10


def test_pages_of_an_earlier_version_of_the_library_are_removed_from_the_cache(client):
    case = published_case(title="Oude titel")
    for _ in range(2):
        client.get(CATALOGUE)
        client.get(case.get_absolute_url())
    editions.withdraw(case=case, reason="Iemand herkende zich.")
    client.get(CATALOGUE)
    for alias in (page_cache.PAGES, page_cache.PARTS):
        assert len(caches[alias]._cache) == 2, alias  # the current catalogue, and the version of the library


def test_a_browser_without_gzip_gets_uncompressed_pages(client):
    published_case(title="Aap")
    assert "Content-Encoding" not in client.get(CATALOGUE).headers
    assert client.get(CATALOGUE, headers={"Accept-Encoding": "gzip"})["Content-Encoding"] == "gzip"


def test_the_health_check_queries_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = client.get("/gezond/")
    assert (response.status_code, response.content) == (200, b"ok")


def test_the_addresses_are_dutch():
    assert reverse("cases:catalogue") == "/casussen/"
    assert reverse("cases:case", args=["x"]) == "/casussen/x/"
    assert Library.objects.count() == 1


# A second try, where no case has all words


def test_where_no_case_has_all_words_the_catalogue_shows_those_with_some_and_says_so(client):
    cold, bingo = published_case(body="Een koelkast."), published_case(body="Zij speelt bingo.")
    published_case(title="Iets anders")
    page = text_of(client.get(f"{CATALOGUE}?q=koelkast+bingo"))
    assert "In geen enkele casus staat alles van ‘koelkast bingo’. Hier staat een deel ervan in." in page
    assert cold.title in page
    assert bingo.title in page
    assert "Iets anders" not in page
    assert "Niets gevonden" not in page


def test_a_second_try_that_finds_nothing_says_that_nothing_is_found(client):
    published_case()
    page = text_of(client.get(f"{CATALOGUE}?q=olifant+giraf"))
    assert "In geen enkele casus staat ‘olifant giraf’." in page
    assert "een deel ervan" not in page


def test_a_second_try_still_suggests_a_known_spelling(client):
    published_case(body="De koelkast lekt.")
    page = client.get(f"{CATALOGUE}?q=koelkast+lekkt").content.decode()
    assert '<a href="/casussen/?q=koelkast+lekt">koelkast lekt</a>?' in page
    assert "een deel ervan" in page


def test_suggestion_of_another_word_is_in_the_status_of_the_results(client):
    published_case(title="Een lekkende koelkast", body="Bij Omar lekt de koelkast.")
    content = client.get("/casussen/", {"q": "koelkats"}).content.decode()
    status = re.search(r'<p id="gevonden" role="status">(.*?)</p>', content, re.DOTALL)[1]
    assert "Bedoelde je koelkast?" in status
