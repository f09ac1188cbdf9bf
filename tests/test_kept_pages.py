"""What is made for one request and kept for everybody says nothing of that request.

Each kept page and part is asked for in an odd way while nothing is kept yet. What people get afterwards is, byte for
byte, what they get from a site that was never asked such a thing.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO

import pytest
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.cache import caches
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import set_script_prefix

from casebook.lib.wsgi import plain_http
from cases.library import catalogue_index, page_cache
from tests.factories import UserFactory, published_case

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SLUG = "opgeruimd-staat-netjes"
# Every function that makes a page or a part to keep, with the addresses that show it. A page is kept for visitors, a
# part for everybody.
KEPT = {
    "casebook/views.py home": ["/"],
    "casebook/views.py about": ["/over/"],
    "cases/views.py case_list": ["/casussen/", "/casussen/?bril=doener", "/casussen/?q=caf%C3%A9"],
    "cases/views.py _catalogue": ["/casussen/", "/casussen/?bril=doener"],
    "cases/views.py case_detail": [f"/casussen/{SLUG}/"],
    "cases/views.py _parts": [f"/casussen/{SLUG}/"],
}
KEPT_AS_A_PAGE_ONLY = {"/over/", "/casussen/?q=caf%C3%A9"}
ADDRESSES = sorted({address for addresses in KEPT.values() for address in addresses})
# Functions whose results are kept by their arguments: of each, what those are. None of them is given a request.
REMEMBERED = {
    "casebook/lib/icons.py _drawing": "names of an icon, its sheet and its class",
    "questions/pages/progress.py _state": "facts about one answer; a state and no text",
    "cases/access.py _parsed": "the text of an edition",
    "cases/views.py page": "nothing; made anew at each call",
    "cases/library/markdown.py render": "a text",
    "cases/library/search/query.py fold": "a word",
    "cases/library/search/query.py stem": "a word",
    "questions/actions/answering.py standing": "nothing; made anew at each call",
    "questions/actions/feedback.py last_revision": "nothing; made anew at each call",
    "questions/templatetags/progress.py _kinds": "a language; words and no links",
}

ODD: dict[str, dict[str, str]] = {
    "nothing odd": {},
    "a path before the site": {"SCRIPT_NAME": "/kapot"},
    "another site before the path": {"SCRIPT_NAME": "//evil.example"},
    "a path before the site, in a header": {"HTTP_SCRIPT_NAME": "/kapot", "SCRIPT_NAME": "/kapot"},
    "a header only": {"HTTP_SCRIPT_NAME": "/kapot"},
    "the path of a rewriting server": {"SCRIPT_URL": "/kapot/casussen/", "REDIRECT_URL": "/kapot/casussen/"},
    "another name of this host": {"HTTP_HOST": "localhost:8123", "SERVER_NAME": "evil.example", "SERVER_PORT": "81"},
    "another host": {"HTTP_HOST": "evil.example"},
    "a proxy's host": {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_PORT": "81"},
    "a proxy's scheme": {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_SSL": "on", "wsgi.url_scheme": "https"},
    "a proxy's prefix": {"HTTP_X_FORWARDED_PREFIX": "/kapot", "HTTP_X_SCRIPT_NAME": "/kapot"},
    "a proxy's address": {"HTTP_X_FORWARDED_FOR": "203.0.113.9", "HTTP_FORWARDED": "for=203.0.113.9;host=evil.example"},
    "a proxy's path": {"HTTP_X_ORIGINAL_URL": "/kapot/", "HTTP_X_REWRITE_URL": "/kapot/"},
    "another language": {"HTTP_ACCEPT_LANGUAGE": "en-GB,ar;q=0.9"},
    "another form of body": {"HTTP_ACCEPT_ENCODING": "gzip, br"},
    "no form of body at all": {"HTTP_ACCEPT_ENCODING": "identity;q=0, *;q=0"},
    "another kind of page": {"HTTP_ACCEPT": "application/json"},
    "a part for a script": {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://evil.example/casussen/?q=x"},
    "a whole page for a script": {"HTTP_HX_REQUEST": "true", "HTTP_HX_HISTORY_RESTORE_REQUEST": "true"},
    "our own script": {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"},
    "a page from elsewhere": {"HTTP_REFERER": "https://evil.example/", "HTTP_ORIGIN": "https://evil.example"},
    "a saved page": {"HTTP_IF_NONE_MATCH": "*", "HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"},
    "a piece of a page": {"HTTP_RANGE": "bytes=0-9"},
    "another charset": {"CONTENT_TYPE": "text/plain; charset=latin-1"},
    "a charset that is none": {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=rot13"},
    "a browser of its own": {"HTTP_USER_AGENT": "<b>kapot</b>", "HTTP_SAVE_DATA": "on", "HTTP_DNT": "1"},
}
COOKIES = {
    "a language": {"django_language": "en"},
    "somebody else's token": {"csrftoken": "k" * 32},
    "no session": {"sessionid": "k" * 32},
    "a message that was not signed": {"messages": "kapot"},
    "an id": {"gebruiker": "1"},
    "all sorts": {"thema": "kapot", "theme": "kapot", "hide": "kapot"},
}
QUERIES = ["?script=kapot", "?q=kapot", "?next=//evil.example", "?pagina=9&volgorde=kapot"]
QUERIES += ["?lang=en", "?utm_source=kapot"]


@pytest.fixture(autouse=True)
def library() -> None:
    published_case(title="Opgeruimd staat netjes", slug=SLUG, kolbs=["doener", "denker"], keyword_names=["wonen"])
    published_case(title="Achter de voordeur", kolbs=["doener"], keyword_names=["wonen"])


@dataclass
class Browser:
    """Asks as a server does. Django's test client leaves out what a handler makes of SCRIPT_NAME."""

    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, address: str, method: str = "GET", **environ: str) -> tuple[int, dict[str, str], bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        environ |= RequestFactory().generic(method, address, HTTP_COOKIE=cookies).environ | environ
        told: list = []
        response = plain_http(WSGIHandler())(environ, lambda *head: told.extend(head))
        body = b"".join(response)
        if hasattr(response, "close"):
            response.close()
        headers = {name: value for name, value in told[1] if name != "Set-Cookie"}
        return int(told[0].split()[0]), headers, body


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The handler of a server ends a connection that it finds in a transaction, as it is in a test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def people() -> Iterator[dict[str, Browser]]:
    """A visitor, a student, and a teacher, to whom a case offers more."""
    people = {"visitor": Browser()}
    for name, groups in (("student", []), ("teacher", ["Docenten"])):
        user, client = UserFactory(name=f"De {name}", groups=groups), Client()
        client.force_login(user)
        people[name] = Browser({name: cookie.value for name, cookie in client.cookies.items()})
    yield people
    set_script_prefix("/")


def nothing_kept() -> None:
    page_cache.forget()
    catalogue_index.forget()


def what_people_get(people: dict[str, Browser]) -> dict[str, tuple]:
    """Each address as each of these people has it at a second visit, when it certainly comes from what is kept.

    All of the answer counts but the token of a form, which differs each time.
    """
    shown = {}
    for _visit in range(2):
        for role, browser in people.items():
            for address in ADDRESSES:
                status, headers, body = browser.ask(address)
                body = re.sub(rb'(name="csrfmiddlewaretoken" value=")\w{64}"', rb'\1..."', body)
                shown[f"{role} {address}"] = status, headers, body
    return shown


def check(people: dict[str, Browser], ask: Callable[[Browser, str], object]) -> None:
    """Have one of these people ask for all addresses in an odd way while nothing is kept; then look what all get."""
    nothing_kept()
    clean = what_people_get(people)
    assert all(status == 200 for status, _headers, _body in clean.values())
    for asker in ("visitor", "student"):
        nothing_kept()
        for address in ADDRESSES:
            ask(Browser(dict(people[asker].cookies)), address)
        found = what_people_get(people)
        assert [where for where in clean if found[where] != clean[where]] == [], f"changed by the {asker}"


@pytest.mark.parametrize("what", ODD)
def test_the_headers_of_one_request_are_on_nobody_elses_page(people, what):
    check(people, lambda browser, address: browser.ask(address, **ODD[what]))


@pytest.mark.parametrize("what", COOKIES)
def test_the_cookies_of_one_request_are_on_nobody_elses_page(people, what):
    def ask(browser: Browser, address: str) -> None:
        browser.cookies = COOKIES[what] | browser.cookies  # a session stays whose it is
        browser.ask(address)

    check(people, ask)


def test_a_message_for_one_person_is_on_nobody_elses_page(people):
    response, storage = HttpResponse(), CookieStorage(HttpRequest())
    storage.add(20, "Kapot")
    storage.update(response)

    def ask(browser: Browser, address: str) -> None:
        browser.cookies["messages"] = response.cookies["messages"].coded_value
        assert b"Kapot" in browser.ask(address)[2]

    check(people, ask)


@pytest.mark.parametrize("query", QUERIES)
def test_the_query_of_one_request_is_on_nobody_elses_page(people, query):
    check(people, lambda browser, address: browser.ask(address.partition("?")[0] + query))


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE"])
def test_another_method_is_on_nobody_elses_page(people, method):
    check(people, lambda browser, address: browser.ask(address, method))


def test_links_begin_at_the_root_of_the_site_whatever_a_request_says(people):
    for browser in people.values():
        nothing_kept()
        for address in ADDRESSES:
            status, _headers, page = browser.ask(address, SCRIPT_NAME="/kapot", HTTP_SCRIPT_NAME="/kapot")
            assert (status, b"/kapot" in page) == (200, False), address


# --- Nothing kept is forgotten here ---


def functions() -> dict[str, ast.FunctionDef]:
    found = {}
    for app in ("casebook", "cases", "questions"):
        for file in sorted((settings.BASE_DIR / app).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            name = file.relative_to(settings.BASE_DIR)
            found |= {f"{name} {node.name}": node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found


def test_every_page_and_part_that_is_kept_is_tried_here():
    keeps = {
        name
        for name, function in functions().items()
        if "for_visitors" in map(ast.unparse, function.decorator_list)
        or {"page_cache.part"} & {ast.unparse(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}
    }
    assert keeps == set(KEPT)


def test_every_function_whose_results_are_kept_is_known_here():
    decorated = {
        name: {ast.unparse(each).partition("(")[0].rpartition(".")[2] for each in function.decorator_list}
        for name, function in functions().items()
    }
    assert {name for name, by in decorated.items() if by & {"cache", "lru_cache"}} == set(REMEMBERED)


@pytest.mark.parametrize("who", ["visitor", "student"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_these_addresses_keep_something_at_their_first_visit(people, who, address):
    """Or what is tried above would try nothing."""
    nothing_kept()
    people[who].ask(address)
    cache = caches[page_cache.PAGES if who == "visitor" else page_cache.PARTS]
    assert bool(cache._cache) is (who == "visitor" or address not in KEPT_AS_A_PAGE_ONLY)


# --- The charset of a request ---


CHARSETS = ["latin-1", "utf-7", "unicode_escape", "rot13", "hex", "undefined", "idna", "utf-16", '"utf-7"', ""]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("query", ["q=%41", "q=%2B2AA-", "q=%5Cud800", "q=%C3%A9"])
def test_what_a_request_says_of_its_charset_is_not_believed(charset, query):
    address = f"/casussen/?{query}"
    wanted = Browser().ask(address)
    assert wanted[0] == 200
    nothing_kept()
    assert Browser().ask(address, CONTENT_TYPE=f"text/plain; Charset={charset}; x=y") == wanted


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_nor_is_that_of_a_form(settings, charset, kind):
    sent = b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\n\xc3\xa9+2AA-\r\n--x--\r\n'
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name]
    body = sent if "multipart" in kind else b"login=%C3%A9%2B2AA-"
    said = {"CONTENT_TYPE": f"{kind}; charset={charset}", "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    status, _headers, page = Browser().ask("/account/inloggen/", "POST", **said)
    assert (status, 'value="é+2AA-"' in page.decode()) == (200, True)
