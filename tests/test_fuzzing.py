"""No request causes a server error: odd values for every address, role, parameter, field and header.

Each test is one role. The requests are generated from a seed, so that a failure can be reproduced:

    ODD_SEED=7 pytest tests/test_fuzzing.py      other values
    ODD_TIMES=20 pytest tests/test_fuzzing.py    twenty times as many requests
"""

import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import transaction
from pytest_django import DjangoDbBlocker

from cases.library import catalogue_index, page_cache
from tests.test_rights import ROWS
from tests.world import World, only_once, routes

pytestmark = [pytest.mark.django_db, pytest.mark.long]

SEED = os.environ.get("ODD_SEED", "casusboek")
REPEATS = int(os.environ.get("ODD_TIMES", "1"))

# The number of odd requests for each address and method: if the role is refused, and if it is allowed.
REQUESTS_IF_REFUSED, REQUESTS_IF_ALLOWED = 1, 2

ROLES = ("visitor", "stranger", "student", "left", "teacher", "colleague", "other_teacher", "editor", "administrator")
EACH_LEG = {"student", "teacher", "editor", "administrator"}

NUMBERS = [
    "0",
    "-1",
    "1",
    "00",
    "+1",
    "1.5",
    "1e400",
    "-0",
    "nan",
    "inf",
    "999",
    "32768",
    "2147483647",
    "2147483648",
    "3000000000",
    "999999999999999",
    "1000000000000000000",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "1_000",
    "0x10",
    "٣",
    "²",
    "१२",
    "߁",
    "１",
    "Ⅷ",
]
MOMENTS = [
    "0001-01-01T00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00",
    "2027-03-28T02:30",
    "2026-10-25T02:30",
    "2100-12-31T23:59",
    "2026-11-30",
    "24:00",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "00:00",
    "2026-11-30T12:00:00+00:00",
    "2026-11-30T12:00:00Z",
    "2026-W48-1",
    "2026-11-30T12:00:00.9999999999+23:59",
    "٢٠٢٦-١١-٣٠T١٢:٠٠",
]
WORDS = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\ufffe",
    "\u2028",
    "\r\nX: y",
    "\x1b",
    "é",
    "e\u0301",
    "🙂" * 20,
]
WORDS += [
    "'",
    '"',
    "%",
    "%00",
    "%s",
    "\\",
    "(",
    "[",
    "*",
    "a{99999}",
    "../..",
    "//evil.example",
    "javascript:1",
    "{{ 7 }}",
]
WORDS += [
    "<b>",
    "None",
    "null",
    "true",
    "[]",
    "{}",
    "x" * 300,
    "x" * 5000,
    "9" * 400,
    "9" * 5000,
    "### a\n\n" * 1100,
    "ja",
]
ODD = [*NUMBERS, *MOMENTS, *WORDS]

HEADERS: list[dict[str, str]] = [
    {},
    {},
    {"accept": "text/html"},
    {"x-requested-with": "XMLHttpRequest"},
    {"hx-request": "true", "hx-current-url": "http://[x/?q=%ff&pagina=9"},
    {"hx-request": "true", "hx-history-restore-request": "true"},
    {"hx-request": "true", "hx-current-url": "http://testserver/casussen/?q=a%00", "hx-target": "\xff"},
    {"referer": "http://[::1/?%00", "accept": "text/html"},
    {"referer": "http://testserver/opdrachten/99999999999999999999/?a=%00#b"},
    {"accept-language": "x" * 300 + ", nl;q=9e999, *;q=nan"},
    {"accept-encoding": "gzip;q=nan, br, \xff"},
    {"range": "bytes=9-1", "if-modified-since": "Thu, 01 Jan 0001 00:00:00 GMT", "if-none-match": '"'},
    {
        "script-name": "/elders",
        "x-forwarded-for": "\xff, 999.1.1.1",
        "forwarded": 'for="_x',
        "x-forwarded-proto": "https",
    },
    {"x-csrftoken": "\xff" * 64, "origin": "null"},
]
COOKIES: list[dict[str, str]] = [
    *[{}] * 6,
    {"csrftoken": "x", "gebruiker": "9" * 30, "django_language": "\\000"},
    {"messages": "x:y:z", "gebruiker": "\xff"},
]
# Session cookies that only a visitor sends; the other roles have a session.
SESSIONS = ["x", "x" * 32, "x" * 5000, '"abcdefgh\\000ijkl"', '"\\377\\200abcdefgh"']
TYPES = [
    "application/json",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=bestaat-niet",
    "\xff",
]
BODIES = [
    b"",
    b"\xff\xfe",
    b"{",
    b"[" * 2000,
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na',
    b"a=%ED%A0%80&=&&%=%",
]
LOOKUPS = [
    "exact",
    "in",
    "gt",
    "lt",
    "range",
    "isnull",
    "regex",
    "iregex",
    "contains",
    "year",
    "date",
    "week_day",
    "hour",
    "time",
    "id",
    "pk",
    "bestaatniet",
]


# --- Parameters, fields and forms ---


def names_in_source() -> list[str]:
    """Return the parameters and fields that the code reads by name."""
    reading = re.compile(r"""(?:GET|POST|query|data|sent)(?:\.get|\.getlist)?[(\[]\s*"([\w-]+)["]""")
    asking = re.compile(r""""([\w-]+)" (?:not )?in (?:request\.)?(?:GET|POST|data|query)\b""")
    names: set[str] = set()
    for app in ("casebook", "cases", "questions"):
        for file in sorted((settings.BASE_DIR / app).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            names |= {*reading.findall(source), *asking.findall(source)}
    return sorted(names | {"next", "page", "q", "text", "revision", "writer", "seq", "hash", "base", "user"})


def names_in_admin() -> dict[str, list[str]]:
    """Return the parameters that each list of the admin can be filtered by, by the name of its address."""
    parameters = {}
    for model, panel in sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label):
        fields = [f.name for f in model._meta.get_fields() if not f.auto_created or f.concrete]
        names = ["q", "p", "o", "ot", "all", "e", "_to_field", "_popup", "_changelist_filters", "_facets", *fields]
        names += [f"{name}__{lookup}" for name in fields for lookup in LOOKUPS]
        names += [f"{panel.date_hierarchy}__{part}" for part in ("year", "month", "day") if panel.date_hierarchy]
        parameters[f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"] = names
    return parameters


@dataclass
class Form:
    """A form on a page: its address, and the values that a browser would send without changes."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class Forms(HTMLParser):
    """A parser that collects the forms of a page, and its links that have a query string."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms, self.links = page, [], []
        self.select = self.textarea = None

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in pairs}
        name, value = attributes.get("name", ""), attributes.get("value", "")
        links = {attributes.get(key, "") for key in ("href", "data-url", "hx-get")}
        self.links += [link for link in sorted(links) if link.startswith("/") and "?" in link]
        if tag == "form":
            action = attributes.get("action") or self.page
            self.forms.append(Form(action, attributes.get("method", "get").upper()))
        elif not self.forms:
            return
        elif tag == "input":
            self._input(attributes.get("type", "text"), name, value, "checked" in attributes)
        elif tag == "button" and name:
            self.forms[-1].buttons.append((name, value))
        elif tag == "select":
            self.select, self.chosen = name, None
        elif tag == "option" and self.select and (self.chosen is None or "selected" in attributes):
            self.chosen = value
        elif tag == "textarea":
            self.textarea = [name, ""]

    def _input(self, kind: str, name: str, value: str, is_checked: bool) -> None:
        if kind == "file":
            self.forms[-1].files.append(name)
        elif kind in {"submit", "button"} and name:
            self.forms[-1].buttons.append((name, value))
        elif name and name != "csrfmiddlewaretoken" and (kind not in {"checkbox", "radio"} or is_checked):
            self.forms[-1].fields.append((name, value))

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.textarea[1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.textarea and self.forms:
            self.forms[-1].fields.append(tuple(self.textarea))
            self.textarea = None
        elif tag == "select" and self.select and self.forms:
            self.forms[-1].fields.append((self.select, self.chosen or ""))
            self.select = None


# --- Requests ---


@dataclass(frozen=True)
class OddRequest:
    """A request; its repr() is enough to send it again."""

    name: str
    role: str
    method: str
    address: str
    body: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    raw: tuple[bytes, str] | None = None
    files: tuple[tuple[str, str, bytes], ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.role} {self.method} {_short(self.address)}"]
        optional = {
            "body": self.body,
            "files": self.files,
            "raw": self.raw,
            "headers": self.headers,
            "cookies": self.cookies,
        }
        parts += [f"{name}={_short(repr(value))}" for name, value in optional.items() if value]
        return f"{self.name}: {' '.join(parts)}"


def _short(text: str) -> str:
    return ascii(text)[1:-1] if len(text) < 1500 else f"{ascii(text[:1500])[1:-1]}… ({len(text)} characters)"


class Sender:
    """Sends requests of one role, each in a transaction that is rolled back."""

    def __init__(self, world: World, role: str) -> None:
        self.world, self.role = world, role
        self.raised: list[str] = []

    def send(self, sent: OddRequest):
        client = self.world.client(self.role)
        for name, value in sent.cookies:
            client.cookies.load({})  # a cookie jar refuses some values that a client can send
            client.cookies[name] = ""
            client.cookies[name].set(name, value, value)
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.headers}
        if "HTTP_SCRIPT_NAME" in headers:
            headers["SCRIPT_NAME"] = headers["HTTP_SCRIPT_NAME"]
        with rolled_back():
            if sent.method in {"GET", "HEAD"} or (sent.method != "POST" and not sent.raw):
                response = client.generic(sent.method, sent.address, **headers)
            elif sent.raw:
                response = client.generic(sent.method, sent.address, *sent.raw, **headers)
            elif sent.files:
                data: dict[str, list] = {}
                for name, value in sent.body:
                    data.setdefault(name, []).append(value.encode("utf-8", "replace").decode("utf-8"))
                for name, filename, content in sent.files:
                    data.setdefault(name, []).append(SimpleUploadedFile(filename, content))
                response = client.post(sent.address, data, **headers)
            else:
                encoded = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sent.body)
                kind = "application/x-www-form-urlencoded"
                response = client.generic("POST", sent.address, encoded.encode("ascii"), kind, **headers)
            if response.streaming:
                b"".join(response.streaming_content)
            return response


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    catalogue_index.forget()
    page_cache.forget()


def variable_parts(name: str, route: str, address: str) -> list[int]:
    """Return the positions, between slashes, of the parts of an address that a client can choose."""
    parts = zip(route.split("/"), address.partition("?")[0].removeprefix("/").split("/"), strict=True)
    return [index for index, (route_part, address_part) in enumerate(parts) if "<" in route_part]


class RequestMaker:
    """Generates odd requests from ordinary ones."""

    def __init__(self, sender: Sender, random: Random) -> None:
        self.world, self.role, self.random = sender.world, sender.role, random
        self.routes = routes()
        self.code_names, self.list_names = names_in_source(), names_in_admin()
        self.forms: dict[str, list[Form]] = {}
        self.links: dict[str, list[str]] = {}

    def learn(self, address: str, page: str) -> None:
        """Store the forms and links of a page by the path that they lead to."""
        parser = Forms(address)
        parser.feed(page)
        for form in parser.forms:
            for method_path in {f"{form.method} {urlsplit(form.action).path}"}:
                stored = self.forms.setdefault(method_path, [])
                if len(stored) < 6:
                    stored.append(form)
        for link in parser.links:
            stored = self.links.setdefault(urlsplit(link).path, [])
            if len(stored) < 12 and link not in stored:
                stored.append(link)

    def odd(self, name: str, method: str) -> OddRequest:
        address = self._address(name)
        body, files, raw = self._body(name, address) if method == "POST" else ((), (), None)
        headers = self.random.choice(HEADERS)
        cookies = dict(self.random.choice(COOKIES))
        if self.role == "visitor" and self.random.random() < 0.15:
            cookies[settings.SESSION_COOKIE_NAME] = self.random.choice(SESSIONS)
        return OddRequest(
            name,
            self.role,
            method,
            address,
            body,
            tuple(sorted(headers.items())),
            tuple(sorted(cookies.items())),
            raw,
            files,
        )

    def _address(self, name: str) -> str:
        path, _, query = self.world.addresses[name].partition("?")
        links = self.links.get(path, [])
        if links and self.random.random() < 0.5:
            query = urlsplit(self.random.choice(links)).query
        parts = variable_parts(name, self.routes[name], path)
        if parts and self.random.random() < 0.3:
            index = self.random.choice(parts)
            steps = path.removeprefix("/").split("/")
            odd = self._value() or "0"
            steps[index] = quote(odd[:800].encode("utf-8", "surrogatepass"), safe="")
            path = "/" + "/".join(steps)
        if self.random.random() < 0.6 or query:
            query = self._query(name, query)
        return f"{path}?{query}" if query else path

    def _query(self, name: str, query: str) -> str:
        if self.random.random() < 0.05:
            return self.random.choice(
                ["%00", "%ED%A0%80=%FF", "&&=&=x&%", "a=" + "b" * 6000, "x[]=1&x[0]=2", "=%00&%00="]
            )
        pairs = parse_qsl(query, keep_blank_values=True)
        names = [key for key, _value in pairs] + self.list_names.get(name, self.code_names) + ["_to_field", "_popup"]
        for _ in range(self.random.choice([1, 1, 2])):
            chosen = self.random.choice(names[: len(pairs)] if pairs and self.random.random() < 0.5 else names)
            pairs = self._changed(pairs, chosen)
        return "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)

    def _changed(self, pairs: list[tuple[str, str]], name: str) -> list[tuple[str, str]]:
        """Return these pairs with another value, two values, or no value for one field."""
        other_pairs = [(key, value) for key, value in pairs if key != name]
        kind = self.random.random()
        if kind < 0.1:
            return other_pairs
        if kind < 0.2:
            return [*pairs, (name, self._value()), (name, self._value())]
        if kind < 0.25:
            return [*other_pairs, (f"{name}[]", self._value()), (f"{name}-99999999999999999999", self._value())]
        return [*other_pairs, (name, self._value())]

    def _value(self) -> str:
        return self.random.choice(self.random.choice([NUMBERS, MOMENTS, WORDS]))

    def _body(self, name: str, address: str) -> tuple[tuple, tuple, tuple | None]:
        if self.random.random() < 0.04:
            return (), (), (self.random.choice(BODIES), self.random.choice(TYPES))
        path = self.world.addresses[name].partition("?")[0]
        forms = self.forms.get(f"POST {path}", [])
        files = []
        if forms and self.random.random() < 0.9:
            form = self.random.choice(forms)
            pairs = list(form.fields)
            if form.buttons and self.random.random() < 0.8:
                pairs.append(self.random.choice(form.buttons))
            files = [(each, *self._file()) for each in form.files]
        else:
            pairs = [(key, str(value)) for key, value in self.world.bodies.get(name, {}).items()]
        form_names = [key for key, _value in pairs]
        for _ in range(self.random.choice([1, 1, 2, 3])):
            names = form_names if form_names and self.random.random() < 0.8 else self.code_names
            pairs = self._changed(pairs, self.random.choice(names))
        return tuple(pairs), tuple(files), None

    def _file(self) -> tuple[str, bytes]:
        filename = self.random.choice(["a.md", "a.zip", "a.docx", "a.yaml", "x" * 300 + ".md", "é\u202e.zip", "zonder"])
        content = [
            b"",
            b"\xff\xfe\x00",
            b"PK\x03\x04",
            b"---\ntitel: [\n---\n",
            b"---\nnummer: " + b"9" * 30 + b"\n---\n",
        ]
        return filename, self.random.choice(content)


# --- The tests ---


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def site_with_mail(settings) -> None:
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


@pytest.fixture
def raised() -> Iterator[list[str]]:
    """Yield the last lines of the traceback of each exception that a view raised, newest last."""
    exceptions: list[str] = []

    def record(sender, **_about) -> None:
        exceptions.append("".join(traceback.format_exc().splitlines(keepends=True)[-7:]))

    got_request_exception.connect(record)
    yield exceptions
    got_request_exception.disconnect(record)


@pytest.mark.parametrize("role", [only_once(role, unless=EACH_LEG) for role in ROLES])
def test_no_request_of_this_role_causes_a_server_error(world, role, raised):
    sender = Sender(world, role)
    maker = RequestMaker(sender, Random(f"{SEED} {role}"))
    visited, failures, allowed = set(), [], set()

    def send(sent: OddRequest) -> None:
        response = sender.send(sent)
        visited.add((sent.name, sent.method))
        if response.status_code >= 500:
            failures.append(f"{sent}\n{raised[-1] if raised else response.content[:300]}")
        elif response.status_code == 200 and (sent.method == "GET" or sent.name in ROWS):
            allowed.add((sent.name, sent.method))
        is_page = "text/html" in response.get("Content-Type", "") and "Content-Encoding" not in response
        if sent.method == "GET" and is_page:
            maker.learn(sent.address, response.text)

    for name in sorted(world.addresses):
        send(OddRequest(name, role, "GET", world.addresses[name]))
    for name in sorted(world.addresses):
        send(OddRequest(name, role, "POST", world.addresses[name], _plain(world, name)))
    for name in sorted(world.addresses):
        path = world.addresses[name].partition("?")[0]
        for method in ("GET", "POST"):
            is_allowed = (name, method) in allowed or f"{method} {path}" in maker.forms
            for _ in range((REQUESTS_IF_ALLOWED if is_allowed else REQUESTS_IF_REFUSED) * REPEATS):
                send(maker.odd(name, method))
    assert not failures, f"{len(failures)} answers of 500\n\n" + "\n\n".join(failures[:40])
    all_requests = {(name, method) for name in {*ROWS, *routes()} for method in ("GET", "POST")}
    assert visited == all_requests


def _plain(world: World, name: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, str(value)) for key, value in world.bodies.get(name, {}).items())
