"""Importing cases from files, and merging two keywords, in a real browser."""

import pytest

from cases.models import Case, Keyword
from cases.transfer import sync
from tests.cases.files.test_document import TEXT
from tests.cases.packing import saved, word_case
from tests.cases.transfer.test_sync import VOCABULARY
from tests.factories import KeywordFactory, UserFactory, published_case


def file(name: str, content: str | bytes) -> dict:
    return {
        "name": name,
        "mimeType": "application/octet-stream",
        "buffer": content if isinstance(content, bytes) else content.encode(),
    }


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.each_database), "dark"])
def test_editor_previews_an_import_and_confirms_it(open_page, assert_accessible, scheme):
    sync.load([sync.Source("casebook.yaml", VOCABULARY), sync.Source("x.md", TEXT)])
    page = open_page(user=UserFactory(groups=["Redactie"]), scheme=scheme)
    page.goto("/beheer/cases/case/")
    page.click("text=Importeren")
    page.set_input_files("input[type=file]", [file("x.md", TEXT.replace("doener", "voeler")), file("y.png", b"x")])
    page.click("text=Bekijk wat er zou gebeuren")
    page.wait_for_selector("text=onbekende vraagsoort")
    assert_accessible(page)
    changed = TEXT.replace("title: Opgeruimd?", "title: Netjes?")
    page.set_input_files("input[type=file]", [file("x.md", changed), file("stoel.docx", saved(word_case()))])
    page.click("text=Bekijk wat er zou gebeuren")
    page.wait_for_selector("text=Een tabel onder «De eerste avond»")
    assert page.inner_text("del") == "Opgeruimd"
    assert_accessible(page)
    assert Case.objects.count() == 1
    page.select_option("select", "denker")
    page.click("text=Importeer als concept")
    page.wait_for_selector("text=2 casussen staan klaar als concept.")
    assert Case.objects.get(revises__slug="opgeruimd").title == "Netjes?"
    assert Case.objects.get(slug="een-stoel-te-weinig").questions.get(kolb="denker").text == "Waarom blijft hij staan?"


@pytest.mark.each_database
def test_chief_editor_merges_two_keywords(open_page, assert_accessible):
    published_case(keyword_names=["schuld"])
    KeywordFactory(name="schulden")
    page = open_page(user=UserFactory(groups=["Eindredactie"]), width=320)
    page.goto("/beheer/cases/keyword/")
    for name in ("schuld", "schulden"):
        page.check(f"tr:has(th a:text-is('{name}')) input[name=_selected_action]")
    page.select_option("select[name=action]", "merge_selected")
    page.click("button[name=index]")
    page.wait_for_selector("text=niet met één klik terug te draaien")
    assert_accessible(page)
    page.check("label:has-text('schulden') input")
    page.click("text=Voeg samen")
    page.wait_for_selector("text=«schuld» is opgegaan in «schulden»")
    assert [word.name for word in Keyword.objects.all()] == ["schulden"]
