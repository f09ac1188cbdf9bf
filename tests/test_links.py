"""Every link on every page is a web address or a page of this site, whatever addresses are in the database."""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from cases.library import page_cache
from cases.library.markdown import render
from cases.models import Case, Reference
from cases.publishing import editions
from questions.models import Question
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.long, pytest.mark.once]

ROLES = ("visitor", "student", "teacher", "editor", "administrator")
HOSTILE = (
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "javascript://example.org/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "http:",
    "https://[",
    "//elders.example/",
    "blob:https://example.org/1",
)
LINK_ATTRIBUTES = {"href", "src", "action", "formaction", "xlink:href", "hx-get", "hx-post", "poster", "data", "srcset"}


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in LINK_ATTRIBUTES]


def links_of(response) -> list[str]:
    if not response.get("Content-Type", "").startswith("text/html"):
        return []
    page = Links()
    page.feed(response.content.decode())
    return page.links


def is_web_link(link: str) -> bool:
    """Return whether a browser, which ignores white space and control characters, opens a web page with this link."""
    plain = "".join(letter for letter in link if letter > " ")
    try:
        parts = urlsplit(plain)
    except ValueError:
        return False
    if not parts.scheme:
        return not plain.startswith("//")
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Yield the test world, with hostile addresses and texts in its cases that no form would accept."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = World()
        for case in Case.objects.all():
            for number, url in enumerate(HOSTILE):
                Reference.objects.create(case=case, text=f"Werk {number}.", url=url, position=number)
            Reference.objects.create(case=case, text="Goed werk.", url="https://www.goed.example/werk", position=99)
        hostile_text = " ".join(f"[klik]({url})" for url in HOSTILE)
        Case.objects.update(introduction=hostile_text, body=hostile_text, closing=hostile_text, summary=hostile_text)
        Question.objects.update(text=hostile_text)
        editions.renew_library()
        page_cache.forget()
        yield world
        transaction.set_rollback(True)
        page_cache.forget()


@pytest.mark.parametrize("role", ROLES)
def test_pages_only_have_links_to_web_addresses(world, role):
    wrong_by_address, count = {}, 0
    for address in dict.fromkeys([*world.addresses.values(), *world.variants()]):
        with transaction.atomic():
            response = world.client(role).get(address)
            transaction.set_rollback(True)
        assert response.status_code < 500, address
        links = links_of(response)
        count += len(links)
        if wrong := [link for link in links if not is_web_link(link)]:
            wrong_by_address[address] = wrong
    assert wrong_by_address == {}
    assert count > 100


def test_link_within_the_site_is_rendered():
    assert 'href="/casussen/?q=a#b"' in render("[hier](/casussen/?q=a#b)").html
    assert 'href="#kop-eerst"' in render("[hier](#kop-eerst)").html


def test_web_address_is_a_link_and_other_address_is_plain_text(world):
    page = world.client("visitor").get(world.addresses["cases:case"]).content.decode()
    assert 'href="https://www.goed.example/werk" rel="noopener noreferrer">goed.example</a>' in page
    assert "Werk 0." in page
    assert "javascript:alert(1)" in page
