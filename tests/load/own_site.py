"""Sites for load tests and benchmarks, in a temporary folder and without access to the data in var/."""

import http.client
import io
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from measuring import ROOT, Row, measure_at_depths, measure_slice

HOST = "127.0.0.1"
TIMEOUT = 30  # seconds to wait for a response
BARE_SECONDS, PAGE_SECONDS = 0.15, 0.4  # the length of a slice with a test client


def free_port() -> int:
    """Return an unused port: bound without SO_REUSEPORT, with which a used port could be bound too."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def temporary_database(given: str) -> Iterator[str]:
    """Yield the URL of a new PostgreSQL database, dropped when the block ends, or "" for SQLite."""
    if urlsplit(given).scheme not in {"postgres", "postgresql"}:
        yield ""
        return
    import psycopg

    name = f"casebook_load_{secrets.token_hex(6)}"
    with psycopg.connect(given, autocommit=True) as cluster:
        cluster.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(given)._replace(path=f"/{name}").geturl()
        finally:
            cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


def prepare_site(folder: Path, port: int, database: str = "") -> None:
    """Set the environment of this process and of the server, and prepare the database and files of the site."""
    for name in ("DATABASE_URL", "EMAIL_URL", "BEHIND_PROXY", "TRUSTED_PROXIES", "DEMO"):
        os.environ.pop(name, None)
    os.environ |= {
        "VAR_DIR": str(folder / "var"),
        "SITE_URL": f"http://{HOST}:{port}",
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "DJANGO_SETTINGS_MODULE": "casebook.settings",
    }
    if database:
        os.environ["DATABASE_URL"] = database
    subprocess.run([sys.executable, "manage.py", "prepare"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


class Gunicorn:
    """The site under gunicorn with these environment variables, which can be killed and started again."""

    def __init__(
        self, port: int, log: Path, *, workers: int, threads: int, site: str = "casebook.wsgi", **variables: str
    ) -> None:
        self.port, self.log, self.kills = port, log, 0
        self.command = [sys.executable, "-m", "gunicorn", "-c", "python:casebook.serving", site]
        self.command += ["--bind", f"{HOST}:{port}", "--workers", str(workers), "--threads", str(threads)]
        self.environment = {**os.environ, **variables}
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start gunicorn in its own process group, so that its workers are killed with it, and wait for a response."""
        with self.log.open("a") as out:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, stdout=out, stderr=out, env=self.environment, start_new_session=True
            )
        wait_for_answer(self.process, self.port)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            self.start()
            yield
        finally:
            self.stop()


@contextmanager
def served(port: int, log: Path, **options: object) -> Iterator[int]:
    """Serve the site under gunicorn until the block ends, and yield the process id of gunicorn."""
    gunicorn = Gunicorn(port, log, **options)
    with gunicorn.running():
        yield gunicorn.process.pid


def wait_for_answer(server: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/gezond/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError("the site does not start")


def set_up_in_process(folder: Path) -> None:
    """Set up Django, the site and a bare page in this process, for a test client."""
    (folder / "static").mkdir()  # empty, because static files are not collected
    os.environ |= {"DJANGO_SETTINGS_MODULE": "casebook.settings", "VAR_DIR": str(folder), "DEMO": "0"}
    os.environ.pop("DATABASE_URL", None)
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.ROOT_URLCONF = "with_bare"
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    call_command("migrate", verbosity=0)
    call_command("load_cases", verbosity=0, stdout=io.StringIO())


def signed_in_client(user):
    """Return a test client that is signed in as this user and accepts gzip, as browsers do."""
    from django.test import Client

    client = Client(headers={"accept-encoding": "gzip"})
    client.force_login(user)
    return client


def measure_with_client(name: str, client, path: str) -> Row:
    """Measure a page in turn with the bare page for the same user, and return its row."""
    from with_bare import bare_client

    if (status := client.get(path).status_code) not in {200, 204}:
        raise RuntimeError(f"{name} answers {status}")
    bare = bare_client(client)
    if "@" not in bare.get("/bare/").content.decode():
        raise RuntimeError("the bare page does not say who is signed in")
    return measure_at_depths(
        name,
        lambda: measure_slice(lambda: bare.get("/bare/"), BARE_SECONDS),
        lambda: measure_slice(lambda: client.get(path), PAGE_SECONDS),
    )


def open_session(user) -> str:
    """Create a session in which this user is signed in, and return the value of its cookie."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key
