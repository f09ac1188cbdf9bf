"""The first part of make bench: the pages and saves that the casebook serves, compared with an empty Django site.

Both run at the same time under gunicorn with 2 workers of 4 threads, on SQLite in a temporary folder. Eight clients
with persistent connections send requests to each in turn. The clients use the same processors as the server and so slow
down both sites; the cost of a request for the server itself is read from /proc (Linux). Every client accepts gzip, as
browsers do.
"""

import http.client
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from measuring import Row, Slice, is_chosen, measure, print_head, print_row
from own_site import HOST, ROOT, TIMEOUT, free_port, open_session, prepare_site, served

PYTHON_PATH = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
CLIENTS, WORKERS, THREADS = 8, 2, 4
WARM_UP, BARE_SECONDS, SECONDS = 0.7, 0.7, 1.0
TICKS = os.sysconf("SC_CLK_TCK")
HAS_PROC = Path("/proc/self/stat").exists()
# The least share of the throughput of a bare view, or of its CPU ratio, that each page must reach.
BUDGETS = {
    "home, visitor": ("ratio", 1),
    "catalogue, visitor": ("ratio", 1),
    "case, visitor": ("ratio", 1),
    "home, student": ("CPU", 0.40),
    "catalogue, student": ("CPU", 0.40),
    "case, student": ("CPU", 0.40),
    "desk of a student": ("CPU", 0.20),
    "module, teacher": ("CPU", 0.20),
    "desk of a teacher, 25 answers": ("CPU", 0.09),
    "progress, 25 × 12": ("CPU", 0.15),
    "poll of progress, unchanged": ("CPU", 0.60),
    "save an answer": ("CPU", 0.60),
}


@dataclass(frozen=True)
class RequestKind:
    """One kind of request. Each client has a session; the fields that are sent may differ between requests."""

    name: str
    path: Callable[[int], str]
    sessions: list[str]
    fields: Callable[[int, int], dict] | None = None
    # Stores values of a response for the next request of this client.
    after_response: Callable[[int, http.client.HTTPResponse], None] | None = None


@dataclass(frozen=True)
class Site:
    port: int
    gunicorn: int


def measure_rows(words: list[str]) -> list[Row]:
    """Return the measured rows of requests to gunicorn that have one of the words in their name."""
    if not any(is_chosen(name, words) for name in BUDGETS):
        return []
    with tempfile.TemporaryDirectory(prefix="casebook-bench-") as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        prepare_site(folder, port)
        page, save, bare = stack.enter_context(bare_site(folder))
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        kinds = [kind for kind in requests() if is_chosen(kind.name, words)]
        gunicorn = stack.enter_context(
            served_at_depths(port, folder / "site.log", MEASURED_SITE="casebook.wsgi.application")
        )
        rows = measure_in_turn(kinds, page, save, bare, Site(port, gunicorn))
        if not words:  # otherwise some pages were not requested and use no memory yet
            print_memory(bare.gunicorn, gunicorn)
    return rows


def served_at_depths(port: int, log: Path, **variables: str) -> AbstractContextManager[int]:
    """Serve the site that these variables name, each request at another stack depth."""
    variables = {"PYTHONPATH": PYTHON_PATH, **variables}
    return served(port, log, workers=WORKERS, threads=THREADS, site="at_depths", **variables)


def measure_in_turn(
    kinds: list[RequestKind], page: RequestKind, save: RequestKind, bare: Site, site: Site
) -> list[Row]:
    """Return a row for each kind of request, measured in turn on the bare site and on the casebook."""
    print_head(f"{CLIENTS} clients, gunicorn {WORKERS} × {THREADS}", "KB", "budget")
    send_requests(page, bare.port, WARM_UP)
    send_requests(save, bare.port, WARM_UP)
    rows = []
    for kind in kinds:
        count, size = send_requests(kind, site.port, WARM_UP)  # also loads templates and fills the caches
        row = measure(
            kind.name,
            lambda bare_kind=save if kind.fields else page: slice_of_site(bare_kind, bare, BARE_SECONDS),
            lambda kind=kind: slice_of_site(kind, site, SECONDS),
        )
        print_row(row, f"{size / count / 1024:.1f}", budget_of(row))
        rows.append(row)
    return rows


def budget_of(row: Row) -> str:
    """Return the budget of a row in words, with an exclamation mark if the row does not reach it."""
    kind, least = BUDGETS[row.name]
    measured = row.ratio if kind == "ratio" else row.cpu_ratio
    return f"{kind} {least:.2f}{'!' if measured is not None and measured < least else ''}"


def print_memory(bare: int, site: int) -> None:
    if HAS_PROC:
        mb, bare_mb = memory_of(site), memory_of(bare)
        print(f"memory of the workers together: {mb:.0f} MB, bare {bare_mb:.0f} MB: {mb / bare_mb:.2f} (1.6 at most)")


@contextmanager
def bare_site(folder: Path) -> Iterator[tuple[RequestKind, RequestKind, Site]]:
    """Serve the empty site. Yield its kinds of request, a page and a save, and the site itself."""
    port = free_port()
    variables = {
        "DJANGO_SETTINGS_MODULE": "bare",
        "PYTHONPATH": PYTHON_PATH,
        "DATABASE_URL": f"sqlite:///{folder / 'bare.sqlite3'}",
    }
    result = subprocess.run(
        [sys.executable, "-c", CREATE_BARE_USERS, str(CLIENTS)],
        cwd=ROOT, env={**os.environ, **variables}, check=True, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    sessions = result.stdout.split()
    page = RequestKind("bare page", lambda client: "/", sessions)
    save = RequestKind("bare save", lambda client: "/save/", sessions, lambda client, turn: {"text": text_of(turn)})
    with served_at_depths(port, folder / "bare.log", **variables) as gunicorn:
        check_signed_in(page, port)
        yield page, save, Site(port, gunicorn)


def check_signed_in(page: RequestKind, port: int) -> None:
    """Raise RuntimeError unless each client is signed in; pages for visitors cost less and would falsify the ratios."""
    for client, session in enumerate(page.sessions):
        connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)
        connection.request("GET", page.path(client), headers={"Cookie": f"sessionid={session}"})
        body = connection.getresponse().read().decode()
        connection.close()
        if f"somebody{client}" not in body:
            raise RuntimeError(f"client {client} is not signed in on the bare site")


# Creates the tables of the bare site and a user with a session for each client; prints the keys of the sessions.
CREATE_BARE_USERS = """
import sys, django; django.setup()
from django.core.management import call_command; call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from own_site import open_session
print(*(open_session(User.objects.create(username=f"somebody{n}")) for n in range(int(sys.argv[1]))))
"""


def requests() -> list[RequestKind]:
    """Return the kinds of request to the casebook, for a class of 25 students that is halfway through three cases."""
    from django.db import connections
    from three_hundred_students import create_module

    from casebook.lib.text import text_hash
    from cases.models import Case
    from questions.models import Role

    module, teacher, assignment = create_module(25, 12)
    enrolments = module.enrolments.filter(role=Role.STUDENT).select_related("user")[:CLIENTS]
    students = [enrolment.user for enrolment in enrolments]
    student_sessions = [open_session(student) for student in students]
    teacher_sessions = [open_session(teacher)] * CLIENTS
    case = Case.objects.published().order_by("number").first().get_absolute_url()
    desk, module_page = f"/opdrachten/{assignment.pk}/", f"/modules/{module.pk}/"
    written = [students[client].answers.filter(assignment=assignment).first() for client in range(CLIENTS)]
    poll = f"{module_page}voortgang/wijzigingen/"
    since = since_of(poll, teacher)
    connections.close_all()

    revisions = [answer.revision if answer else 0 for answer in written]

    def fields(client: int, turn: int) -> dict:
        """Return the fields that static/js/outbox.js sends."""
        text = text_of(turn)
        fields = {"text": text, "hash": text_hash(text), "revision": revisions[client], "writer": f"bench-{client}"}
        return fields | {"seq": turn + 1, "user": students[client].pk}

    def after_response(client: int, response: http.client.HTTPResponse) -> None:
        if "X-Revision" not in response.headers:
            raise RuntimeError("a save is answered without the stored revision")
        revisions[client] = int(response.headers["X-Revision"])

    def save(client: int) -> str:
        question = written[client].question_id if written[client] else assignment.questions.first().pk
        return f"/vragen/{question}/antwoord/?opdracht={assignment.pk}"

    def fixed_path(path: str) -> Callable[[int], str]:
        return lambda client: path

    visitor_sessions = [""] * CLIENTS
    return [
        RequestKind("home, visitor", fixed_path("/"), visitor_sessions),
        RequestKind("catalogue, visitor", fixed_path("/casussen/"), visitor_sessions),
        RequestKind("case, visitor", fixed_path(case), visitor_sessions),
        RequestKind("home, student", fixed_path("/"), student_sessions),
        RequestKind("catalogue, student", fixed_path("/casussen/"), student_sessions),
        RequestKind("case, student", fixed_path(case), student_sessions),
        RequestKind("desk of a student", fixed_path(desk), student_sessions),
        RequestKind("module, teacher", fixed_path(module_page), teacher_sessions),
        RequestKind("desk of a teacher, 25 answers", fixed_path(f"{desk}feedback/"), teacher_sessions),
        RequestKind("progress, 25 × 12", fixed_path(f"{module_page}voortgang/"), teacher_sessions),
        RequestKind(
            "poll of progress, unchanged", fixed_path(f"{poll}?{urlencode({'sinds': since})}"), teacher_sessions
        ),
        RequestKind("save an answer", save, student_sessions, fields, after_response),
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


# --- Sending requests and measuring their cost ---


def slice_of_site(kind: RequestKind, site: Site, seconds: float) -> Slice:
    """Return the throughput and the CPU time of one kind of request in this number of seconds."""
    cpu_before, started = cpu_of(site.gunicorn), time.monotonic()
    count, _ = send_requests(kind, site.port, seconds)
    elapsed, seconds_used = time.monotonic() - started, cpu_of(site.gunicorn) - cpu_before
    return Slice(count / elapsed, 1000 * seconds_used / count if HAS_PROC else None)


def send_requests(kind: RequestKind, port: int, seconds: float) -> tuple[int, int]:
    """Return the number of responses and the bytes of their bodies. Raises RuntimeError if a client got no response."""
    results: list[tuple[int, int]] = []
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=run_client, args=(kind, port, n, end, results)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) < CLIENTS:
        raise RuntimeError(f"{kind.name}: not every client was answered")
    return sum(count for count, _ in results), sum(size for _, size in results)


def run_client(kind: RequestKind, port: int, client: int, end: float, results: list) -> None:
    """Send requests until this moment; append the number of responses and their size to the results."""
    token = secrets.token_hex(16)
    headers = {"Accept-Encoding": "gzip"}
    if kind.sessions[client]:
        headers["Cookie"] = f"sessionid={kind.sessions[client]}; csrftoken={token}"
    if kind.fields:
        headers |= {
            "X-CSRFToken": token,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "X-Requested-With": "XMLHttpRequest",
        }
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)
    path, count, size = kind.path(client), 0, 0
    turn = time.monotonic_ns() // 1000  # increases with every measurement, as the numbers of saves do
    while time.monotonic() < end:
        body = urlencode(kind.fields(client, turn + count)) if kind.fields else None
        connection.request("POST" if body else "GET", path, body, headers)
        response = connection.getresponse()
        size += len(response.read())
        count += 1
        if response.status not in {200, 204}:
            raise RuntimeError(f"{path} answers {response.status}")
        if kind.after_response:
            kind.after_response(client, response)
    connection.close()
    results.append((count, size))


def workers_of(gunicorn: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{gunicorn}/task/{gunicorn}/children").read_text().split()]


def cpu_of(gunicorn: int) -> float:
    """Return the seconds of processor time that the workers have used."""
    seconds_used = 0
    for worker in workers_of(gunicorn) if HAS_PROC else []:
        after_name = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        seconds_used += int(after_name[11]) + int(after_name[12])
    return seconds_used / TICKS


def memory_of(gunicorn: int) -> float:
    """Return the memory of the workers in MB; shared memory is divided among the processes that share it."""
    kilobytes = 0
    for worker in workers_of(gunicorn):
        lines = Path(f"/proc/{worker}/smaps_rollup").read_text().splitlines()
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024
