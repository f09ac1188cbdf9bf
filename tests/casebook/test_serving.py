"""Slow and broken clients over real sockets, to a site that is started as in README."""

import contextlib
import http.client
import os
import re
import shlex
import shutil
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

RESPONSE_TIMEOUT = 4  # seconds before a test client gives up
REQUEST_TIMEOUT = 2  # REQUEST_SECONDS of the site in these tests
WORKER_CONNECTIONS = 200  # the limit of each worker in these tests
HEAD = "POST /account/inloggen/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"


def command_of_readme(port: int) -> list[str]:
    line = re.search(r"^ +\.venv/bin/(gunicorn .*)$", (bootstrap.ROOT / "README.md").read_text(), re.MULTILINE)[1]
    arguments = shlex.split(line.replace(":8000", f":{port}"))
    return [sys.executable, "-m", *arguments, "--worker-connections", str(WORKER_CONNECTIONS)]


class Site:
    """The site under gunicorn, with its own folder for data."""

    def __init__(self, var: Path) -> None:
        self.port = free_port()
        self.environment = clean_environment(
            VAR_DIR=str(var),
            SITE_URL=f"http://127.0.0.1:{self.port}",
            REQUEST_SECONDS=str(REQUEST_TIMEOUT),
        )
        self.start_server()

    def start_server(self) -> None:
        self.process = subprocess.Popen(
            command_of_readme(self.port), cwd=bootstrap.ROOT, env=self.environment, start_new_session=True
        )
        until = time.monotonic() + 40
        while self.get_status() != 200 or len(self.workers()) < 2:
            assert time.monotonic() < until, "the site does not start"
            time.sleep(0.1)

    def get_status(self, path: str = "/gezond/") -> int | None:
        """Return the status of a request on a new connection, or None after the timeout."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=RESPONSE_TIMEOUT)
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
        client.settimeout(RESPONSE_TIMEOUT + REQUEST_TIMEOUT)
        client.connect(("127.0.0.1", self.port))
        client.sendall(sent)
        return client

    def workers(self) -> list[int]:
        result = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [int(pid) for pid in result.stdout.split()]


@pytest.fixture(scope="module")
def site(prepared, tmp_path_factory) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("site") / "var"
    shutil.copytree(prepared, var)
    site = Site(var)
    yield site
    if site.process.poll() is None:
        os.killpg(site.process.pid, signal.SIGKILL)
        site.process.wait()


@contextlib.contextmanager
def open_connections(site: Site, count: int, sent: bytes, buffer: int = 0) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(site.connect(sent, buffer)) for _ in range(count)]


def read_until_closed(client: socket.socket) -> bytes:
    """Return all data until the server closes the connection."""
    received = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while piece := client.recv(65536):
            received += piece
    return received


def response_status(client: socket.socket) -> int | None:
    """Return the status of the next response, read its body and leave the connection open."""
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
def test_slow_requests_do_not_delay_other_clients(site, sent, count):
    with open_connections(site, count, sent) as clients:
        for _ in range(3):
            for client in clients:
                with contextlib.suppress(OSError):  # on a slow machine the server has closed it already
                    client.sendall(b"a")
            assert [site.get_status(), site.get_status("/casussen/")] == [200, 200]


def test_slow_readers_do_not_delay_other_clients(site):
    """Each client requests a file that is larger than the socket buffers, and reads nothing."""
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=RESPONSE_TIMEOUT) as page:
        font = re.search(r'href="(/static/fonts/[^"]+woff2)"', page.read().decode())[1]
    request_bytes = f"GET {font} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with open_connections(site, 24, request_bytes, buffer=4096):
        for _ in range(30):  # until the socket buffers are full
            assert site.get_status() == 200
            time.sleep(0.1)


def test_slow_request_is_closed_after_the_time_limit(site):
    """A request that is received fast enough stays open, regardless of its duration."""
    with open_connections(site, 3, SLOW_BODY) as clients, site.connect(SLOW_BODY) as fast:
        for _ in range(8):
            fast.sendall(b"a" * 1000)
            time.sleep(0.5)
        assert [read_until_closed(client) for client in clients] == [b""] * 3
        fast.settimeout(0.1)
        with pytest.raises(TimeoutError):
            fast.recv(1)


def test_idle_connection_stays_open_for_some_seconds(site):
    with site.connect(GET) as client:
        assert response_status(client) == 200
        time.sleep(3)  # longer than the default keepalive of gunicorn
        client.sendall(GET)
        assert response_status(client) == 200
    assert import_module("casebook.serving").keepalive >= 15


def test_connection_stays_open_after_a_response_without_a_body(site):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=RESPONSE_TIMEOUT) as page:
        sheet = re.search(r'href="(/static/css/[^"]+css)"', page.read().decode())[1]
    known = f"GET {sheet} HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n"
    with site.connect(known.encode()) as client:
        assert response_status(client) == 304
        client.sendall(GET)
        assert response_status(client) == 200


def test_hundreds_of_idle_connections_do_not_delay_other_clients(site):
    with open_connections(site, 300, GET) as clients:
        assert {response_status(client) for client in clients} == {200}
        assert [site.get_status() for _ in range(3)] == [200, 200, 200]
        clients[0].sendall(GET)
        assert response_status(clients[0]) == 200


def test_closing_busy_connections_at_the_limit_ends_no_worker(site):
    """The closed connections sent a request at the same moment."""
    before = site.workers()
    with open_connections(site, 380, GET) as clients, contextlib.ExitStack() as more:
        for client in clients:
            with contextlib.suppress(OSError):
                response_status(client)
        for client in clients:
            with contextlib.suppress(OSError):
                client.sendall(GET)
            if client.fileno() % 2:
                more.enter_context(site.connect())
        assert [site.get_status() for _ in range(5)] == [200] * 5
    assert site.workers() == before


def test_idle_connections_are_closed_above_the_limit_of_connections(site):
    with open_connections(site, 3 * WORKER_CONNECTIONS, b""):
        assert [site.get_status() for _ in range(5)] == [200] * 5


def test_longest_request_line_is_accepted(site):
    line = "GET /casussen/?q={} HTTP/1.1\r\n"
    path = "/casussen/?q=" + "w" * (8_190 - len(line.format("")))
    assert site.get_status(path) == 200


def test_pipelined_requests_without_reading_do_not_delay_other_clients(site):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=RESPONSE_TIMEOUT) as page:
        sheet = re.search(r'href="(/static/css/[^"]+css)"', page.read().decode())[1]
    request_bytes = f"GET {sheet} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with open_connections(site, 16, request_bytes * (8_000 // len(request_bytes)), buffer=4096):
        for _ in range(10):
            assert site.get_status() == 200
            time.sleep(0.1)


@pytest.mark.parametrize("pieces", [[b"1;" + b"a" * 60_000], [b"1\r\na\r\n"] * 20, [b"0\r\n" + b"a" * 60_000]])
def test_request_with_a_body_of_unknown_length_is_closed(site, pieces):
    head = b"POST /account/inloggen/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with site.connect(head) as client:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
                time.sleep(0.05)
        assert read_until_closed(client) == b""


def test_second_site_on_the_same_port_fails_with_one_sentence(site):
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


def test_response_to_head_has_no_body(site):
    with site.connect(b"HEAD /casussen/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as client:
        time.sleep(1)
        received = client.recv(100_000)
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert received.endswith(b"\r\n\r\n")
        client.sendall(GET)
        assert response_status(client) == 200


@pytest.mark.parametrize("expects_continue", [True, False])
def test_large_body_is_read_completely(site, expects_continue):
    """Django refuses the request without a CSRF token, and the connection stays usable."""
    body = b"x" * 3_000_000
    head = HEAD.format(len(body)) + ("Expect: 100-continue\r\n" if expects_continue else "") + "\r\n"
    with site.connect(head.encode()) as client:
        if expects_continue:
            assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert response_status(client) == 403


def test_body_that_is_too_long_is_refused_immediately(site):
    with site.connect(HEAD.format(10**9).encode() + b"\r\n") as client:
        assert read_until_closed(client).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("data", [b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00" * 20_000])
def test_request_that_is_not_http_is_refused(site, data):
    with site.connect() as client:
        with contextlib.suppress(OSError):  # the server may close the connection before all data is sent
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        received = read_until_closed(client)
        assert not received or re.match(rb"HTTP/1.[01] 4", received)
    assert site.get_status() == 200


def test_killed_worker_is_replaced(site):
    before = site.workers()
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    until = time.monotonic() + 30
    while before[0] in site.workers() or len(site.workers()) < 2:
        assert time.monotonic() < until, "no worker came in its place"
        time.sleep(0.1)
    assert [site.get_status() for _ in range(4)].count(200) >= 3  # one connection may be of the killed worker


def test_stop_does_not_wait_for_slow_clients(site):
    """This is the last test of the module, because it stops the site."""
    with open_connections(site, 24, SLOW_BODY), site.connect(GET) as idle:
        assert response_status(idle) == 200
        site.process.terminate()
        site.process.wait(timeout=10 + REQUEST_TIMEOUT)
    assert site.process.returncode == 0
