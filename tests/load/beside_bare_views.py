"""How many pages and saves the casebook serves beside a site with nothing in it. Prints ratios, asserts nothing.

    make bench, or .venv/bin/python tests/load/beside_bare_views.py save desk: only what has such a word in its name

Both run in turn under gunicorn with 2 workers of 4 threads, on SQLite in a temporary folder, and are asked by eight
clients that keep their connections. The clients share the processors with the server and so hold both sites back; what
a request costs the server itself is read from the system (Linux). Every client asks for gzip, as browsers do.
"""

import http.client
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from own_site import HOST, PATIENCE, ROOT, free_port, open_session, served, settle_in

CLIENTS, SECONDS, WORKERS, THREADS = 8, 4.0, 2, 4
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Asked:
    """One kind of request. Each client has a session of its own; what is sent may differ from time to time."""

    name: str
    path: Callable[[int], str]
    sessions: list[str]
    fields: Callable[[int, int], dict] | None = None
    budget: float = 0  # the least that a bare view's throughput may be multiplied by; 0 where none is set


@dataclass(frozen=True)
class Measured:
    per_second: float
    cpu: float  # milliseconds of processor that the server spent on one
    size: float  # KB of body


def main() -> None:
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, {CLIENTS} clients, {SECONDS:g} s each")
    print(f"{'':36}{'a second':>9}{'CPU ms':>8}{'KB':>7}{'ratio':>8}{'CPU ratio':>11}{'budget':>8}")
    with tempfile.TemporaryDirectory(prefix="casebook-bench-") as name:
        folder, port = Path(name), free_port()
        settle_in(folder, port)
        page, save, bare_memory = measure_bare(folder, port)
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        words = sys.argv[1:]
        asked = [each for each in requests() if not words or any(word in each.name for word in words)]
        with served(port, folder / "site.log", workers=WORKERS, threads=THREADS) as gunicorn:
            for each in asked:
                say(each, measure(each, port, gunicorn), save if each.fields else page)
            memory = memory_of(gunicorn)
    print(
        f"memory of the workers together: {memory:.0f} MB, bare {bare_memory:.0f} MB: "
        f"{memory / bare_memory:.2f} (1.6 at most)"
    )


def measure_bare(folder: Path, port: int) -> tuple[Measured, Measured, float]:
    variables = {
        "DJANGO_SETTINGS_MODULE": "bare",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)]),
        "DATABASE_URL": f"sqlite:///{folder / 'bare.sqlite3'}",
    }
    made = subprocess.run(
        [sys.executable, "-c", MAKE_BARE, str(CLIENTS)],
        cwd=ROOT, env={**os.environ, **variables}, check=True, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    sessions = made.stdout.split()
    site = "django.core.wsgi:get_wsgi_application()"
    with served(port, folder / "bare.log", workers=WORKERS, threads=THREADS, site=site, **variables) as gunicorn:
        page = Asked("bare page", lambda client: "/", sessions)
        save = Asked("bare save", lambda client: "/save/", sessions, lambda client, turn: {"text": text_of(turn)})
        measured = [measure(each, port, gunicorn) for each in (page, save)]
        memory = memory_of(gunicorn)
    for each, figures in zip((page, save), measured, strict=True):
        say(each, figures, figures)
    return *measured, memory


# The tables of the bare site, and for each client somebody with a session; prints what stands in their cookies.
MAKE_BARE = """
import sys, django; django.setup()
from django.core.management import call_command; call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from own_site import open_session
print(*(open_session(User.objects.create(username=f"somebody{n}")) for n in range(int(sys.argv[1]))))
"""


def requests() -> list[Asked]:
    """What is asked of the casebook: a class of 25 that is halfway with three cases."""
    from django.db import connections
    from three_hundred_students import make_module

    from cases.models import Case
    from questions.models import Role

    module, teacher, assignment = make_module(25, 12)
    students = [place.user for place in module.enrolments.filter(role=Role.STUDENT).select_related("user")[:CLIENTS]]
    learning, teaching = [open_session(student) for student in students], [open_session(teacher)] * CLIENTS
    case = Case.objects.published().order_by("number").first().get_absolute_url()
    desk, module_page = f"/opdrachten/{assignment.pk}/", f"/modules/{module.pk}/"
    written = [students[client].answers.filter(assignment=assignment).first() for client in range(CLIENTS)]
    poll = f"{module_page}voortgang/wijzigingen/"
    since = since_of(poll, teacher)
    connections.close_all()

    def fields(client: int, turn: int) -> dict:
        answer = written[client]
        fields = {"text": text_of(turn), "revision": answer.revision if answer else 0, "seq": turn + 1}
        return fields | {"writer": f"bench-{client}", "user": students[client].pk}

    def save(client: int) -> str:
        question = written[client].question_id if written[client] else assignment.questions.first().pk
        return f"/vragen/{question}/antwoord/?opdracht={assignment.pk}"

    def at(path: str) -> Callable[[int], str]:
        return lambda client: path

    nobody = [""] * CLIENTS
    return [
        Asked("home, visitor", at("/"), nobody, budget=1),
        Asked("catalogue, visitor", at("/casussen/"), nobody, budget=1),
        Asked("case, visitor", at(case), nobody, budget=1),
        Asked("home, student", at("/"), learning, budget=0.5),
        Asked("catalogue, student", at("/casussen/"), learning, budget=0.5),
        Asked("case, student", at(case), learning, budget=0.5),
        Asked("desk of a student", at(desk), learning, budget=0.5),
        Asked("module, teacher", at(module_page), teaching, budget=0.5),
        Asked("desk of a teacher, 25 answers", at(f"{desk}feedback/"), teaching, budget=0.5),
        Asked("progress, 25 × 12", at(f"{module_page}voortgang/"), teaching),
        Asked("poll of progress, unchanged", at(f"{poll}?{urlencode({'sinds': since})}"), teaching, budget=0.6),
        Asked("save an answer", save, learning, fields, budget=0.6),
    ]


def since_of(poll: str, teacher) -> str:
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    client = Client()
    client.force_login(teacher)
    return client.get(poll).json()["since"]


def text_of(turn: int) -> str:
    return f"Ik bel eerst haar dochter, want die kent de situatie thuis. Poging {turn}."


# --- Asking, and what it cost ---


def measure(asked: Asked, port: int, gunicorn: int) -> Measured:
    ask_for(asked, port, 0.7)  # templates and pages are read by then
    before, begun = cpu_of(gunicorn), time.monotonic()
    count, size = ask_for(asked, port, SECONDS)
    took, spent = time.monotonic() - begun, cpu_of(gunicorn) - before
    return Measured(count / took, 1000 * spent / count, size / count / 1024)


def ask_for(asked: Asked, port: int, seconds: float) -> tuple[int, int]:
    """How many answers came, and how many bytes of body. Raises where one is no answer to be pleased with."""
    results: list[tuple[int, int]] = []
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=ask, args=(asked, port, n, until, results)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) < CLIENTS:
        raise RuntimeError(f"{asked.name}: not every client was answered")
    return sum(count for count, _ in results), sum(size for _, size in results)


def ask(asked: Asked, port: int, client: int, until: float, results: list) -> None:
    token = secrets.token_hex(16)
    headers = {"Accept-Encoding": "gzip"}
    if asked.sessions[client]:
        headers["Cookie"] = f"sessionid={asked.sessions[client]}; csrftoken={token}"
    if asked.fields:
        headers |= {
            "X-CSRFToken": token,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    path, count, size = asked.path(client), 0, 0
    turn = time.monotonic_ns() // 1000  # goes up from one measurement to the next, as the saves of a page do
    while time.monotonic() < until:
        body = urlencode(asked.fields(client, turn + count)) if asked.fields else None
        connection.request("POST" if body else "GET", path, body, headers)
        response = connection.getresponse()
        size += len(response.read())
        count += 1
        if response.status not in {200, 204}:
            raise RuntimeError(f"{path} answers {response.status}")
    connection.close()
    results.append((count, size))


def workers_of(gunicorn: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{gunicorn}/task/{gunicorn}/children").read_text().split()]


def cpu_of(gunicorn: int) -> float:
    """Seconds that the workers had of a processor until now."""
    spent = 0
    for worker in workers_of(gunicorn):
        after_name = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        spent += int(after_name[11]) + int(after_name[12])
    return spent / TICKS


def memory_of(gunicorn: int) -> float:
    """MB that the workers take, what they share counted in parts."""
    kilobytes = 0
    for worker in workers_of(gunicorn):
        lines = Path(f"/proc/{worker}/smaps_rollup").read_text().splitlines()
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def say(asked: Asked, measured: Measured, bare: Measured) -> None:
    ratio, cpu_ratio = measured.per_second / bare.per_second, bare.cpu / measured.cpu
    budget = f"{asked.budget:.2f}" if asked.budget else ""
    print(
        f"{asked.name:36}{measured.per_second:>9.0f}{measured.cpu:>8.2f}{measured.size:>7.1f}"
        f"{ratio:>8.2f}{cpu_ratio:>11.2f}{budget:>8}",
        flush=True,
    )


if __name__ == "__main__":
    main()
