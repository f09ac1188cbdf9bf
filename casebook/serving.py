"""The gunicorn configuration: gunicorn -c python:casebook.serving casebook.wsgi --bind 127.0.0.1:8000

gunicorn manages the processes: it restarts them, and stops them in order. In each of them waitress handles the clients:
a thread gets a request once it is complete, and a response is sent as fast as its client reads it. So a client that
sends or reads one byte a second uses a connection, and nothing that others need.
"""

import os
import resource
import socket
import sys
import time

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask

worker_class = "casebook.serving.WaitressWorker"
workers = 2
threads = 4
preload_app = True
reuse_port = True  # otherwise one of the workers often gets every persistent connection
worker_connections = 1_000  # of one worker
keepalive = 30  # seconds: a page in which a user writes saves every few seconds, on the same connection
graceful_timeout = 10  # a worker that is told to stop while it starts can miss that; then a stop takes this long
control_socket_disable = True
loglevel = "warning"

# The time to receive a request, and to send a response: so many seconds, plus the bytes divided by a rate.
REQUEST_SECONDS, BYTES_A_SECOND = float(os.environ.get("REQUEST_SECONDS") or 60), 256
MARGIN = 100  # connections beyond worker_connections, for the time it takes to close others
LARGEST_BODY = 64 * 1024 * 1024  # more than 50 MB, for which an import has its own error (cases/files/archives.py)
LARGEST_HEAD = 64 * 1024
MORE_THAN_ANY_ANSWER = 1024 * 1024 * 1024
BYTES_READ_A_SECOND = 4 * 1024
OPEN_FILES = 4_096


class Task(WSGITask):
    """A response that does not end the connection where it has no body (204, 304).

    waitress ends the connection after a response without Content-Length; a page that polls would connect again each
    time.
    """

    def set_close_on_finish(self) -> None:
        asked = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or asked or self.version != "1.1":
            super().set_close_on_finish()


class Channel(HTTPChannel):
    """A connection that closes on pipelined requests and on requests of unknown length.

    Browsers and proxies send neither; another client could queue responses or work with them.
    """

    task_class = Task

    def received(self, data: bytes) -> bool:
        is_read = super().received(data)
        if len(self.requests) > 1 or (self.request is not None and self.request.chunked):
            self.will_close = True
        return is_read


class WaitressWorker(Worker):
    """A process of gunicorn in which waitress serves."""

    def init_process(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        super().init_process()

    def run(self) -> None:
        server = create_server(
            self.wsgi,
            sockets=[listener.sock for listener in self.sockets],
            threads=self.cfg.threads,
            connection_limit=self.cfg.worker_connections + MARGIN,
            channel_timeout=self.cfg.keepalive,
            cleanup_interval=5,
            max_request_body_size=LARGEST_BODY,
            max_request_header_size=LARGEST_HEAD,
            outbuf_high_watermark=MORE_THAN_ANY_ANSWER,  # otherwise a thread would wait for a client that does not read
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,  # settings.TRUSTED_PROXIES decides which of them count
            log_socket_errors=False,  # clients that disconnect are normal
            ident=None,
        )
        server.channel_class = Channel
        begun: dict[HTTPChannel, float] = {}  # since when the server waits for a client
        while self.alive and self.ppid == os.getppid():
            self.turn(server)
            channels = list(server.active_channels.values())
            close_slow(channels, begun, time.monotonic())
            make_room(channels, self.cfg.worker_connections)
        self.stop(server)

    def turn(self, server: BaseWSGIServer) -> None:
        self.notify()
        wasyncore.loop(timeout=1, use_poll=True, map=server._map, count=1)

    def stop(self, server: BaseWSGIServer) -> None:
        """Answer the requests that were received, and close."""
        until = time.monotonic() + self.cfg.graceful_timeout
        server.accepting = False
        while time.monotonic() < until and any(is_busy(channel) for channel in server.active_channels.values()):
            self.turn(server)
        server.task_dispatcher.shutdown(timeout=1)


def on_starting(arbiter: Arbiter) -> None:
    """Exit where the port is in use: with reuse_port a second site would share it without an error."""
    for address in arbiter.cfg.address:
        if isinstance(address, tuple):
            with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(address)
                except OSError as reason:
                    sys.exit(f"{address[0]}:{address[1]} cannot be used: {reason.strerror}")


def is_busy(channel: HTTPChannel) -> bool:
    """Return whether a request or a response of this connection is unfinished."""
    return bool(channel.requests or channel.total_outbufs_len)


def make_room(channels: list[HTTPChannel], most: int) -> None:
    """Close the idle connections above this number, those that were unused for longest first."""
    if len(channels) > most:
        waiting = sorted(
            (channel for channel in channels if not is_busy(channel)), key=lambda channel: channel.last_activity
        )
        for channel in waiting[: len(channels) - most]:
            channel.will_close = True


def close_slow(channels: list[HTTPChannel], begun: dict[HTTPChannel, float], now: float) -> None:
    """Close the connections that send a request or read a response too slowly.

    Otherwise a client could occupy a thousand of them.
    """
    expected = {
        channel
        for channel in channels
        if not channel.requests and (channel.request is not None or channel.total_outbufs_len)
    }
    for channel in begun.keys() - expected:
        del begun[channel]
    for channel in expected:
        seconds = now - begun.setdefault(channel, now)
        if seconds > REQUEST_SECONDS + seconds_for(channel):
            channel.will_close = True


def seconds_for(channel: HTTPChannel) -> float:
    """Return the extra time for the bytes of a request that were received, or of a response that are not sent yet."""
    if channel.request is None:
        return channel.total_outbufs_len / BYTES_READ_A_SECOND
    return (channel.request.body_bytes_received + channel.request.header_bytes_received) / BYTES_A_SECOND
