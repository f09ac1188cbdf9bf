"""Copying the link to a case."""

import pytest

from tests.factories import published_case

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def address(transactional_db, live_server, settings):
    settings.SITE_URL = live_server.url
    return published_case(slug="piet").get_absolute_url()


def test_button_copies_the_address_of_the_case(open_page, address, live_server):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(address)
    page.get_by_role("button", name="Kopieer de link").click()
    expect(page.get_by_role("status").filter(has_text="De link is gekopieerd.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{live_server.url}/casussen/piet/"


def test_address_is_selected_if_the_browser_refuses_to_copy(open_page, address, live_server):
    page = open_page()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(address)
    page.get_by_role("button", name="Kopieer de link").click()
    expect(page.get_by_role("status").filter(has_text="De link is geselecteerd")).to_be_visible()
    assert page.evaluate("getSelection().toString().trim()") == f"{live_server.url}/casussen/piet/"


def test_without_javascript_the_address_is_there_without_a_button(open_page, address, live_server):
    page = open_page(javascript=False)
    page.goto(address)
    expect(page.locator("#adres")).to_have_text(f"{live_server.url}/casussen/piet/")
    expect(page.get_by_role("button", name="Kopieer de link")).to_have_count(0)
