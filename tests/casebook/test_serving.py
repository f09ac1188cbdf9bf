"""Clients that send or read very slowly, over real sockets, to a site started as README says: nobody else waits."""

import contextlib
import http.client
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from casebook import bootstrap
from tests.environment import clean_environment, free_port

pytestmark = pytest.mark.once

PATIENCE = 4  # seconds that somebody waits for a page
ENOUGH = 2  # seconds in which a request has to come in, here
ROOM = 200  # connections of one worker, here
HEAD = "POST /account/inloggen/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"


def command_of_readme(port: int) -> list[str]:
    line = re.search(r"^ +\.venv/bin/(gunicorn .*)$", (bootstrap.ROOT / "README.md").read_text(), re.MULTILINE)[1]
    return [sys.executable, "-m", *shlex.split(line.replace(":8000", f":{port}")), "--worker-connections", f"{ROOM}"]


class Site:
    """The site in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.environment = clean_environment(
            VAR_DIR=str(folder / "var"),
            SITE_URL=f"http://127.0.0.1:{self.port}",
            REQUEST_SECONDS=str(ENOUGH),
        )
        prepare = [sys.executable, "manage.py", "prepare"]
        subprocess.run(prepare, cwd=bootstrap.ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL)
        self.begin()

    def begin(self) -> None:
        self.process = subprocess.Popen(
            command_of_readme(self.port), cwd=bootstrap.ROOT, env=self.environment, start_new_session=True
        )
        until = time.monotonic() + 40
        while self.ask() != 200 or len(self.workers()) < 2:
            assert time.monotonic() < until, "the site does not start"
            time.sleep(0.1)

    def ask(self, path: str = "/gezond/") -> int | None:
        """The status of a request on a new connection; None where none came in time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def connect(self, sent: bytes = b"", buffer: int = 0) -> socket.socket:
        client = socket.socket()
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(PATIENCE + ENOUGH)
        client.connect(("127.0.0.1", self.port))
        client.sendall(sent)
        return client

    def workers(self) -> list[int]:
        told = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [int(pid) for pid in told.stdout.split()]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    if site.process.poll() is None:
        os.killpg(site.process.pid, signal.SIGKILL)
        site.process.wait()


@contextlib.contextmanager
def many(site: Site, count: int, sent: bytes, buffer: int = 0) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(site.connect(sent, buffer)) for _ in range(count)]


def answer(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    got = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while piece := client.recv(65536):
            got += piece
    return got


def one_response(client: socket.socket) -> int | None:
    """The status of the next response; its body is read, and the connection left open."""
    response = http.client.HTTPResponse(client)
    try:
        response.begin()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return None


SLOW_BODY = (HEAD.format(100_000) + "\r\n").encode() + b"a"
SLOW_HEAD = HEAD.format(10).encode()
GET = b"GET /gezond/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize("count", [24, 100])
@pytest.mark.parametrize("sent", [SLOW_BODY, SLOW_HEAD], ids=["body", "head"])
def test_slow_requests_keep_nobody_waiting(site, sent, count):
    with many(site, count, sent) as clients:
        for _ in range(3):
            for client in clients:
                with contextlib.suppress(OSError):  # on a slow machine it has been cut off by now
                    client.sendall(b"a")
            assert [site.ask(), site.ask("/casussen/")] == [200, 200]


def test_slow_readers_keep_nobody_waiting(site):
    """Each asks for a file that is larger than what fits on the way, and reads nothing."""
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=PATIENCE) as page:
        font = re.search(r'href="(/static/fonts/[^"]+woff2)"', page.read().decode())[1]
    wanted = f"GET {font} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with many(site, 24, wanted, buffer=4096):
        for _ in range(30):  # until nothing more fits between the site and them
            assert site.ask() == 200
            time.sleep(0.1)


def test_a_slow_request_is_cut_off_in_the_end(site):
    """The one that comes in fast enough is not, however long it takes."""
    with many(site, 3, SLOW_BODY) as clients, site.connect(SLOW_BODY) as fast:
        for _ in range(8):
            fast.sendall(b"a" * 1000)
            time.sleep(0.5)
        assert [answer(client) for client in clients] == [b""] * 3
        fast.settimeout(0.1)
        with pytest.raises(TimeoutError):
            fast.recv(1)


def test_a_connection_is_kept_while_somebody_thinks(site):
    with site.connect(GET) as client:
        assert one_response(client) == 200
        time.sleep(3)  # longer than gunicorn keeps one by default
        client.sendall(GET)
        assert one_response(client) == 200
    assert import_module("casebook.serving").keepalive >= 15


def test_a_connection_is_kept_after_an_answer_without_a_body(site):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=PATIENCE) as page:
        sheet = re.search(r'href="(/static/css/[^"]+css)"', page.read().decode())[1]
    known = f"GET {sheet} HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n"
    with site.connect(known.encode()) as client:
        assert one_response(client) == 304
        client.sendall(GET)
        assert one_response(client) == 200


def test_hundreds_of_idle_phones_keep_nobody_waiting(site):
    with many(site, 300, GET) as clients:
        assert {one_response(client) for client in clients} == {200}
        assert [site.ask() for _ in range(3)] == [200, 200, 200]
        clients[0].sendall(GET)
        assert one_response(clients[0]) == 200


def test_making_room_among_busy_connections_ends_no_worker(site):
    """Those that are pushed out had sent something in the same moment."""
    before = site.workers()
    with many(site, 380, GET) as clients, contextlib.ExitStack() as more:
        for client in clients:
            with contextlib.suppress(OSError):
                one_response(client)
        for client in clients:
            with contextlib.suppress(OSError):
                client.sendall(GET)
            if client.fileno() % 2:
                more.enter_context(site.connect())
        assert [site.ask() for _ in range(5)] == [200] * 5
    assert site.workers() == before


def test_more_connections_than_there_is_room_for_push_out_the_idle_ones(site):
    with many(site, 3 * ROOM, b""):
        assert [site.ask() for _ in range(5)] == [200] * 5


def test_the_longest_request_line_gets_a_page(site):
    line = "GET /casussen/?q={} HTTP/1.1\r\n"
    path = "/casussen/?q=" + "w" * (8_190 - len(line.format("")))
    assert site.ask(path) == 200


def test_who_asks_for_much_at_once_and_reads_nothing_keeps_nobody_waiting(site):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=PATIENCE) as page:
        sheet = re.search(r'href="(/static/css/[^"]+css)"', page.read().decode())[1]
    wanted = f"GET {sheet} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with many(site, 16, wanted * (8_000 // len(wanted)), buffer=4096):
        for _ in range(10):
            assert site.ask() == 200
            time.sleep(0.1)


@pytest.mark.parametrize("pieces", [[b"1;" + b"a" * 60_000], [b"1\r\na\r\n"] * 20, [b"0\r\n" + b"a" * 60_000]])
def test_who_sends_a_body_of_unknown_length_is_let_go(site, pieces):
    head = b"POST /account/inloggen/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with site.connect(head) as client:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
                time.sleep(0.05)
        assert answer(client) == b""


def test_a_second_site_on_the_port_is_refused_in_a_sentence(site):
    second = subprocess.run(
        command_of_readme(site.port),
        cwd=bootstrap.ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode != 0
    assert f"127.0.0.1:{site.port} cannot be used: Address already in use" in second.stderr


def test_head_is_answered_without_a_body(site):
    with site.connect(b"HEAD /casussen/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as client:
        time.sleep(1)
        got = client.recv(100_000)
        assert got.startswith(b"HTTP/1.1 200 OK")
        assert got.endswith(b"\r\n\r\n")
        client.sendall(GET)
        assert one_response(client) == 200


@pytest.mark.parametrize("expects", [True, False])
def test_a_large_body_comes_in_whole(site, expects):
    """Refused by Django, for want of a token; the next request on the connection finds its beginning."""
    body = b"x" * 3_000_000
    head = HEAD.format(len(body)) + ("Expect: 100-continue\r\n" if expects else "") + "\r\n"
    with site.connect(head.encode()) as client:
        if expects:
            assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert one_response(client) == 403


def test_a_body_of_hopeless_length_is_refused_at_once(site):
    with site.connect(HEAD.format(10**9).encode() + b"\r\n") as client:
        assert answer(client).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("nonsense", [b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00" * 20_000])
def test_what_is_no_http_is_refused(site, nonsense):
    with site.connect() as client:
        with contextlib.suppress(OSError):  # it may be refused before all of it is sent
            client.sendall(nonsense)
            client.shutdown(socket.SHUT_WR)
        got = answer(client)
        assert not got or re.match(rb"HTTP/1.[01] 4", got)
    assert site.ask() == 200


def test_a_worker_that_is_killed_is_replaced(site):
    before = site.workers()
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    until = time.monotonic() + 30
    while before[0] in site.workers() or len(site.workers()) < 2:
        assert time.monotonic() < until, "no worker came in its place"
        time.sleep(0.1)
    assert [site.ask() for _ in range(4)].count(200) >= 3  # one connection may have been the dead one's


def test_a_stop_does_not_wait_for_slow_clients(site):
    """The last test here: the site is gone afterwards."""
    with many(site, 24, SLOW_BODY), site.connect(GET) as idle:
        assert one_response(idle) == 200
        site.process.terminate()
        site.process.wait(timeout=10 + ENOUGH)
    assert site.process.returncode == 0
