"""A server of the site in separate processes, which a test can kill. Imported by conftest.py."""

import os
import shutil
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
def own_server(transactional_db, collected_static_files, tmp_path):
    """Yield a function that starts the site in separate processes, on the test database; its kill() kills them.

    The site is served as in production, with collected files and without DEBUG.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = []
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": settings.SECRET_KEY,
        "VAR_DIR": str(tmp_path),
        "DEBUG": "0",
    }
    shutil.copytree(collected_static_files, tmp_path / "static")

    def start(*extra_options: str):
        options = ["-c", "python:casebook.serving", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
        command = [sys.executable, "-m", "gunicorn", "casebook.wsgi", *options, *extra_options]
        processes.append(
            subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
            )
        )
        wait_until_available(f"http://127.0.0.1:{port}/gezond/")

    def kill():
        os.killpg(processes[-1].pid, signal.SIGKILL)
        processes[-1].wait()

    start.kill, start.url = kill, f"http://127.0.0.1:{port}"
    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    names = {"USER": "PGUSER", "PASSWORD": "PGPASSWORD", "HOST": "PGHOST", "PORT": "PGPORT"}
    values = {name: database[name] or os.environ[variable] for name, variable in names.items()}
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**values) + database["NAME"]


def wait_until_available(address: str) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:  # not started yet, or too busy to respond in time
            time.sleep(0.05)
    raise TimeoutError(f"{address} does not respond")
