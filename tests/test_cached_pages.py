"""A page or part that is rendered for one request and cached for all depends on nothing in that request.

Each cached page and part is requested in an unusual way while the caches are empty. The responses to all users
afterwards are, byte for byte, those of a site that never had such a request.
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
from casebook.templatetags import fixed_parts
from cases.library import catalogue_index, page_cache
from tests.factories import UserFactory, published_case

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SLUG = "opgeruimd-staat-netjes"
# Every function that renders a page or part for a cache, with the addresses that show it. Pages are cached for
# visitors, parts for all users.
CACHED = {
    "casebook/views.py home": ["/"],
    "casebook/views.py _reading": ["/"],
    "casebook/views.py about": ["/over/"],
    "casebook/views.py sitemap": ["/sitemap.xml"],
    "cases/views.py case_list": ["/casussen/", "/casussen/?bril=doener", "/casussen/?q=caf%C3%A9"],
    "cases/views.py _catalogue": ["/casussen/", "/casussen/?bril=doener"],
    "cases/views.py case_detail": [f"/casussen/{SLUG}/"],
    "cases/views.py _parts": [f"/casussen/{SLUG}/"],
}
CACHED_AS_A_PAGE_ONLY = {"/over/", "/sitemap.xml", "/casussen/?q=caf%C3%A9"}
WITHOUT_MESSAGES = {"/sitemap.xml"}  # it is for programs
ADDRESSES = sorted({address for addresses in CACHED.values() for address in addresses})
# Functions that are memoized, with what their arguments are. None of them takes a request.
MEMOIZED = {
    "casebook/lib/icons.py _drawing": "names of an icon, its sheet and its class",
    "casebook/models.py _query_with_roles": "nothing; a query without the id of a user",
    "casebook/templatetags/fixed_parts.py _rendered": "a template that gets no context, and a language",
    "questions/actions/join_codes.py picture_of": "the link of a join code; its picture",
    "questions/pages/progress.py _state": "facts about one answer; a state and no text",
    "cases/access.py _parsed": "the text of an edition",
    "cases/views.py page": "nothing; defined again at each call",
    "cases/views.py sharing": "nothing; defined again at each call",
    "cases/library/markdown.py render": "a text",
    "cases/library/search/query.py fold": "a word",
    "cases/library/search/query.py stem": "a word",
    "questions/actions/answering.py texts_in_force": "nothing; defined again at each call",
    "questions/actions/feedback.py last_revision": "nothing; defined again at each call",
    "questions/templatetags/progress.py _kinds": "a language; words and no links",
}

UNUSUAL_HEADERS: dict[str, dict[str, str]] = {
    "nothing unusual": {},
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
    "another encoding": {"HTTP_ACCEPT_ENCODING": "gzip, br"},
    "no encoding at all": {"HTTP_ACCEPT_ENCODING": "identity;q=0, *;q=0"},
    "another content type": {"HTTP_ACCEPT": "application/json"},
    "a fragment for htmx": {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://evil.example/casussen/?q=x"},
    "a whole page for htmx": {"HTTP_HX_REQUEST": "true", "HTTP_HX_HISTORY_RESTORE_REQUEST": "true"},
    "a script of the site": {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"},
    "a page of another site": {"HTTP_REFERER": "https://evil.example/", "HTTP_ORIGIN": "https://evil.example"},
    "a cached page": {"HTTP_IF_NONE_MATCH": "*", "HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"},
    "a range of a page": {"HTTP_RANGE": "bytes=0-9"},
    "another charset": {"CONTENT_TYPE": "text/plain; charset=latin-1"},
    "an invalid charset": {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=rot13"},
    "a hostile user agent": {"HTTP_USER_AGENT": "<b>kapot</b>", "HTTP_SAVE_DATA": "on", "HTTP_DNT": "1"},
}
COOKIES = {
    "a language": {"django_language": "en"},
    "the token of another user": {"csrftoken": "k" * 32},
    "an unknown session": {"sessionid": "k" * 32},
    "an unsigned message": {"messages": "kapot"},
    "an id": {"gebruiker": "1"},
    "several at once": {"thema": "kapot", "theme": "kapot", "hide": "kapot"},
}
QUERIES = ["?script=kapot", "?q=kapot", "?next=//evil.example", "?pagina=9&volgorde=kapot"]
QUERIES += ["?lang=en", "?utm_source=kapot"]


@pytest.fixture(autouse=True)
def library() -> None:
    published_case(title="Opgeruimd staat netjes", slug=SLUG, kolbs=["doener", "denker"], keyword_names=["wonen"])
    published_case(title="Achter de voordeur", kolbs=["doener"], keyword_names=["wonen"])


@dataclass
class Browser:
    """A client that calls the WSGI handler as a server does: Django's test client skips the handling of SCRIPT_NAME."""

    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, address: str, method: str = "GET", **environ: str) -> tuple[int, dict[str, str], bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        environ |= RequestFactory().generic(method, address, HTTP_COOKIE=cookies).environ | environ
        started: list = []
        response = plain_http(WSGIHandler())(environ, lambda *head: started.extend(head))
        body = b"".join(response)
        if hasattr(response, "close"):
            response.close()
        headers = {name: value for name, value in started[1] if name != "Set-Cookie"}
        return int(started[0].split()[0]), headers, body


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Stop the WSGI handler from closing the connection, which is in the transaction of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def browsers() -> Iterator[dict[str, Browser]]:
    """Yield the browsers of a visitor, a student, and a teacher, for whom the page of a case has more links."""
    browsers = {"visitor": Browser()}
    for name, groups in (("student", []), ("teacher", ["Docenten"])):
        user, client = UserFactory(name=f"De {name}", groups=groups), Client()
        client.force_login(user)
        browsers[name] = Browser({name: cookie.value for name, cookie in client.cookies.items()})
    yield browsers
    set_script_prefix("/")


def clear_caches() -> None:
    page_cache.forget()
    catalogue_index.forget()
    fixed_parts.forget()


def responses_by_role(browsers: dict[str, Browser]) -> dict[str, tuple]:
    """Return the response to each role for each address at a second visit, which is certainly from the cache.

    The whole response is compared, except for the token of a form, which is always different.
    """
    responses = {}
    for _visit in range(2):
        for role, browser in browsers.items():
            for address in ADDRESSES:
                status, headers, body = browser.ask(address)
                body = re.sub(rb'(name="csrfmiddlewaretoken" value=")\w{64}"', rb'\1..."', body)
                responses[f"{role} {address}"] = status, headers, body
    return responses


def check_responses_are_unchanged(browsers: dict[str, Browser], ask: Callable[[Browser, str], object]) -> None:
    """Request all addresses in an unusual way while the caches are empty, and compare the responses to all roles."""
    clear_caches()
    before = responses_by_role(browsers)
    assert all(status == 200 for status, _headers, _body in before.values())
    for role in ("visitor", "student"):
        clear_caches()
        for address in ADDRESSES:
            ask(Browser(dict(browsers[role].cookies)), address)
        after = responses_by_role(browsers)
        assert [key for key in before if after[key] != before[key]] == [], f"changed by the {role}"


@pytest.mark.parametrize("case", UNUSUAL_HEADERS)
def test_headers_of_a_request_do_not_affect_cached_pages(browsers, case):
    check_responses_are_unchanged(browsers, lambda browser, address: browser.ask(address, **UNUSUAL_HEADERS[case]))


@pytest.mark.parametrize("case", COOKIES)
def test_cookies_of_a_request_do_not_affect_cached_pages(browsers, case):
    def ask(browser: Browser, address: str) -> None:
        browser.cookies = COOKIES[case] | browser.cookies  # the session is not replaced
        browser.ask(address)

    check_responses_are_unchanged(browsers, ask)


def test_message_for_one_user_is_not_in_cached_pages(browsers):
    response, storage = HttpResponse(), CookieStorage(HttpRequest())
    storage.add(20, "Kapot")
    storage.update(response)

    def ask(browser: Browser, address: str) -> None:
        browser.cookies["messages"] = response.cookies["messages"].coded_value
        assert (b"Kapot" in browser.ask(address)[2]) is (address not in WITHOUT_MESSAGES)

    check_responses_are_unchanged(browsers, ask)


@pytest.mark.parametrize("query", QUERIES)
def test_query_of_a_request_does_not_affect_cached_pages(browsers, query):
    check_responses_are_unchanged(browsers, lambda browser, address: browser.ask(address.partition("?")[0] + query))


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE"])
def test_method_of_a_request_does_not_affect_cached_pages(browsers, method):
    check_responses_are_unchanged(browsers, lambda browser, address: browser.ask(address, method))


def test_links_begin_at_the_root_of_the_site_despite_a_script_name(browsers):
    for browser in browsers.values():
        clear_caches()
        for address in ADDRESSES:
            status, _headers, page = browser.ask(address, SCRIPT_NAME="/kapot", HTTP_SCRIPT_NAME="/kapot")
            assert (status, b"/kapot" in page) == (200, False), address


# --- The tables above are complete ---


def functions_of_apps() -> dict[str, ast.FunctionDef]:
    found = {}
    for app in ("casebook", "cases", "questions"):
        for file in sorted((settings.BASE_DIR / app).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            name = file.relative_to(settings.BASE_DIR)
            found |= {f"{name} {node.name}": node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found


def test_every_cached_page_and_part_is_in_the_table():
    cached = {
        name
        for name, function in functions_of_apps().items()
        if "for_visitors" in map(ast.unparse, function.decorator_list)
        or {"page_cache.part"} & {ast.unparse(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}
    }
    assert cached == set(CACHED)


def test_every_memoized_function_is_in_the_table():
    decorated = {
        name: {ast.unparse(each).partition("(")[0].rpartition(".")[2] for each in function.decorator_list}
        for name, function in functions_of_apps().items()
    }
    assert {name for name, decorators in decorated.items() if decorators & {"cache", "lru_cache"}} == set(MEMOIZED)


@pytest.mark.parametrize("role", ["visitor", "student"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_first_visit_of_every_address_fills_a_cache(browsers, role, address):
    """Otherwise the tests above would not test the cache."""
    clear_caches()
    browsers[role].ask(address)
    cache = caches[page_cache.PAGES if role == "visitor" else page_cache.PARTS]
    assert bool(cache._cache) is (role == "visitor" or address not in CACHED_AS_A_PAGE_ONLY)


# --- The charset of a request ---


CHARSETS = ["latin-1", "utf-7", "unicode_escape", "rot13", "hex", "undefined", "idna", "utf-16", '"utf-7"', ""]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("query", ["q=%41", "q=%2B2AA-", "q=%5Cud800", "q=%C3%A9"])
def test_charset_of_a_get_request_is_ignored(charset, query):
    address = f"/casussen/?{query}"
    expected = Browser().ask(address)
    assert expected[0] == 200
    clear_caches()
    assert Browser().ask(address, CONTENT_TYPE=f"text/plain; Charset={charset}; x=y") == expected


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_charset_of_a_posted_form_is_ignored(settings, charset, kind):
    sent = b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\n\xc3\xa9+2AA-\r\n--x--\r\n'
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name]
    body = sent if "multipart" in kind else b"login=%C3%A9%2B2AA-"
    environ = {
        "CONTENT_TYPE": f"{kind}; charset={charset}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    status, _headers, page = Browser().ask("/account/inloggen/", "POST", **environ)
    assert (status, 'value="é+2AA-"' in page.decode()) == (200, True)
