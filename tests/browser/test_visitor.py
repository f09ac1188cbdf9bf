"""A visitor finds a case and prints it, with and without JavaScript, on a narrow and on a wide screen."""

from io import StringIO

import pytest
from django.core.management import call_command

from cases.library import catalogue_index, page_cache
from tests.factories import published_case

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture(autouse=True)
def expect_aborted_requests(expected_problems):
    """If two filters are ticked in quick succession, htmx aborts the first request (hx-sync) with a console message."""
    expected_problems.append("console: htmx:(sendAbort|afterRequest), ")


@pytest.fixture
def sixteen_cases(transactional_db):
    call_command("load_cases", stdout=StringIO())
    catalogue_index.forget()
    page_cache.forget()


def choose(page, *names: str, javascript: bool) -> None:
    """Tick filters; on a narrow screen, open them first."""
    if page.viewport_size["width"] < 900:
        page.locator(".filters > summary").click()
    for name in names:
        box = page.get_by_role("checkbox", name=name).first
        if not box.is_visible():
            page.get_by_text("tonen").first.click()
        box.check()
    if not javascript:
        page.get_by_role("button", name="Toon de casussen").click()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
def test_visitor_filters_searches_reads_and_prints(
    open_page, sixteen_cases, assert_accessible, width, scheme, javascript
):
    page = open_page(width=width, scheme=scheme, javascript=javascript)
    check = assert_accessible if javascript else (lambda page: None)  # axe itself is a script
    page.goto("/")
    check(page)
    page.goto("/casussen/")
    expect(page.locator("#gevonden")).to_have_text("16 casussen")
    check(page)

    choose(page, "schulden", "doener", javascript=javascript)
    expect(page.locator("#gevonden")).to_have_text("2 van de 16 casussen")
    assert "trefwoord=schulden" in page.url
    assert "bril=doener" in page.url
    check(page)

    page.goto("/casussen/")
    search = page.get_by_role("searchbox")
    search.fill("hiusuitzetting")
    if not javascript:
        search.press("Enter")
    suggestion = page.get_by_role("link", name="huisuitzetting")
    expect(suggestion).to_be_visible()
    suggestion.click()
    page.get_by_role("link", name="Meer instanties, minder oplossingen?").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Meer instanties, minder oplossingen?")
    check(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("[id^=vraag-]")).to_have_count(9)

    page.emulate_media(media="print")
    expect(page.get_by_role("navigation").first).to_be_hidden()
    expect(page.locator("[id^=vraag-]").first).to_be_visible()


def test_back_and_reload_preserve_the_search(open_page, sixteen_cases):
    page = open_page()
    page.goto("/casussen/")
    page.get_by_role("searchbox").fill("koelkast")
    expect(page.locator("#gevonden")).to_have_text("1 van de 16 casussen")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("koelkast")
    page.get_by_role("link", name="Langer thuis").first.click()
    page.wait_for_url("**/casussen/*/")
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("koelkast")
    expect(page.locator("#gevonden")).to_have_text("1 van de 16 casussen")


def test_page_for_an_unknown_address_is_accessible(open_page, transactional_db, expected_problems, assert_accessible):
    expected_problems.append("404")
    published_case()
    page = open_page(width=320)
    page.goto("/casussen/bestaat-niet/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert_accessible(page)


def test_keyboard_reaches_the_found_cases_without_passing_all_filters(open_page, sixteen_cases):
    page = open_page()
    page.goto("/casussen/")
    page.get_by_role("button", name="Zoek").focus()
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Naar de gevonden casussen")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#resultaten a").first).to_be_focused()


def test_focus_moves_to_the_results_when_the_filters_close(open_page, sixteen_cases):
    page = open_page(width=390)
    page.goto("/casussen/")
    page.locator(".filters > summary").click()
    page.get_by_role("button", name="Toon de casussen").click()
    expect(page.locator("#resultaten")).to_be_focused()
