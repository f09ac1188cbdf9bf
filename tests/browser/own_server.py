"""The site in processes of its own, on the test database, so that they can be killed. Imported by conftest.py."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from django.conf import settings
from django.db import connection


@pytest.fixture
def own_server(transactional_db, tmp_path):
    """The site in processes of its own, on the test database, so that they can be killed; served as it really is, with
    collected files and no DEBUG."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = []
    environment = {
        **os.environ,
        "DATABASE_URL": address_of_database(),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": settings.SECRET_KEY,
        "VAR_DIR": str(tmp_path),
        "DEBUG": "0",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, cwd=settings.BASE_DIR, env=environment, check=True)

    def start(*more: str):
        options = ["-c", "python:casebook.serving", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
        command = [sys.executable, "-m", "gunicorn", "casebook.wsgi", *options, *more]
        processes.append(
            subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
            )
        )
        wait_for(f"http://127.0.0.1:{port}/gezond/")

    def kill():
        os.killpg(processes[-1].pid, signal.SIGKILL)
        processes[-1].wait()

    start.kill, start.url = kill, f"http://127.0.0.1:{port}"
    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def address_of_database() -> str:
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{place['NAME']}"
    names = {"USER": "PGUSER", "PASSWORD": "PGPASSWORD", "HOST": "PGHOST", "PORT": "PGPORT"}
    known = {name: place[name] or os.environ[variable] for name, variable in names.items()}
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**known) + place["NAME"]


def wait_for(address: str) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:  # not there yet, or too busy to answer in time
            time.sleep(0.05)
    raise TimeoutError(f"{address} does not answer")
