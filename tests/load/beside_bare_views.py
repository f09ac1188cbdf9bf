"""How many pages and saves the casebook serves beside a site with nothing in it: the first part of make bench.

Both are up at once under gunicorn with 2 workers of 4 threads, on SQLite in a temporary folder. Eight clients that keep
their connections ask them in turn. The clients share the processors with the server and so hold both sites back;
what a request costs the server itself is read from the system (Linux). Every client asks for gzip, as browsers do.
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
from own_site import HOST, PATIENCE, ROOT, free_port, open_session, served, settle_in

PYTHON_PATH = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
CLIENTS, WORKERS, THREADS = 8, 2, 4
WARM_UP, BARE_SECONDS, SECONDS = 0.7, 0.7, 1.0
TICKS = os.sysconf("SC_CLK_TCK")
SYSTEM_TELLS_CPU = Path("/proc/self/stat").exists()
# The least of a bare view's throughput, or of its CPU ratio, that each page has to reach.
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
class Asked:
    """One kind of request. Each client has a session of its own; what is sent may differ from time to time."""

    name: str
    path: Callable[[int], str]
    sessions: list[str]
    fields: Callable[[int, int], dict] | None = None
    remember: Callable[[int, http.client.HTTPResponse], None] | None = None  # what the next request of a client needs


@dataclass(frozen=True)
class Site:
    port: int
    gunicorn: int


def measure_rows(words: list[str]) -> list[Row]:
    if not any(is_chosen(name, words) for name in BUDGETS):
        return []
    with tempfile.TemporaryDirectory(prefix="casebook-bench-") as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        settle_in(folder, port)
        page, save, bare = stack.enter_context(bare_site(folder))
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        asked = [each for each in requests() if is_chosen(each.name, words)]
        gunicorn = stack.enter_context(
            served_at_depths(port, folder / "site.log", MEASURED_SITE="casebook.wsgi.application")
        )
        rows = measure_in_turn(asked, page, save, bare, Site(port, gunicorn))
        if not words:  # else some pages were not asked for, and take no memory yet
            print_memory(bare.gunicorn, gunicorn)
    return rows


def served_at_depths(port: int, log: Path, **variables: str) -> AbstractContextManager[int]:
    """Serve the site that these variables name, each request at another stack depth."""
    variables = {"PYTHONPATH": PYTHON_PATH, **variables}
    return served(port, log, workers=WORKERS, threads=THREADS, site="at_depths", **variables)


def measure_in_turn(asked: list[Asked], page: Asked, save: Asked, bare: Site, site: Site) -> list[Row]:
    print_head(f"{CLIENTS} clients, gunicorn {WORKERS} × {THREADS}", "KB", "budget")
    ask_for(page, bare.port, WARM_UP)
    ask_for(save, bare.port, WARM_UP)
    rows = []
    for each in asked:
        count, size = ask_for(each, site.port, WARM_UP)  # templates and pages are read by then
        row = measure(
            each.name,
            lambda beside=save if each.fields else page: slice_of_site(beside, bare, BARE_SECONDS),
            lambda each=each: slice_of_site(each, site, SECONDS),
        )
        print_row(row, f"{size / count / 1024:.1f}", budget_of(row))
        rows.append(row)
    return rows


def budget_of(row: Row) -> str:
    """The budget, with a mark where the row does not reach it."""
    kind, least = BUDGETS[row.name]
    measured = row.ratio if kind == "ratio" else row.cpu_ratio
    return f"{kind} {least:.2f}{'!' if measured is not None and measured < least else ''}"


def print_memory(bare: int, site: int) -> None:
    if SYSTEM_TELLS_CPU:
        ours, least = memory_of(site), memory_of(bare)
        print(f"memory of the workers together: {ours:.0f} MB, bare {least:.0f} MB: {ours / least:.2f} (1.6 at most)")


@contextmanager
def bare_site(folder: Path) -> Iterator[tuple[Asked, Asked, Site]]:
    """Serve the site with nothing in it; give its page, its save, and where it is."""
    port = free_port()
    variables = {
        "DJANGO_SETTINGS_MODULE": "bare",
        "PYTHONPATH": PYTHON_PATH,
        "DATABASE_URL": f"sqlite:///{folder / 'bare.sqlite3'}",
    }
    made = subprocess.run(
        [sys.executable, "-c", MAKE_BARE, str(CLIENTS)],
        cwd=ROOT, env={**os.environ, **variables}, check=True, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    sessions = made.stdout.split()
    page = Asked("bare page", lambda client: "/", sessions)
    save = Asked("bare save", lambda client: "/save/", sessions, lambda client, turn: {"text": text_of(turn)})
    with served_at_depths(port, folder / "bare.log", **variables) as gunicorn:
        check_signed_in(page, port)
        yield page, save, Site(port, gunicorn)


def check_signed_in(page: Asked, port: int) -> None:
    """A bare page for nobody would cost less, and every ratio would look worse than it is."""
    for client, session in enumerate(page.sessions):
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        connection.request("GET", page.path(client), headers={"Cookie": f"sessionid={session}"})
        body = connection.getresponse().read().decode()
        connection.close()
        if f"somebody{client}" not in body:
            raise RuntimeError(f"client {client} is not signed in on the bare site")


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

    from casebook.lib.text import text_hash
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

    revisions = [answer.revision if answer else 0 for answer in written]

    def fields(client: int, turn: int) -> dict:
        """What static/js/outbox.js posts."""
        text = text_of(turn)
        fields = {"text": text, "hash": text_hash(text), "revision": revisions[client], "writer": f"bench-{client}"}
        return fields | {"seq": turn + 1, "user": students[client].pk}

    def remember(client: int, response: http.client.HTTPResponse) -> None:
        if "X-Revision" not in response.headers:
            raise RuntimeError("a save is answered without the stored revision")
        revisions[client] = int(response.headers["X-Revision"])

    def save(client: int) -> str:
        question = written[client].question_id if written[client] else assignment.questions.first().pk
        return f"/vragen/{question}/antwoord/?opdracht={assignment.pk}"

    def at(path: str) -> Callable[[int], str]:
        return lambda client: path

    nobody = [""] * CLIENTS
    return [
        Asked("home, visitor", at("/"), nobody),
        Asked("catalogue, visitor", at("/casussen/"), nobody),
        Asked("case, visitor", at(case), nobody),
        Asked("home, student", at("/"), learning),
        Asked("catalogue, student", at("/casussen/"), learning),
        Asked("case, student", at(case), learning),
        Asked("desk of a student", at(desk), learning),
        Asked("module, teacher", at(module_page), teaching),
        Asked("desk of a teacher, 25 answers", at(f"{desk}feedback/"), teaching),
        Asked("progress, 25 × 12", at(f"{module_page}voortgang/"), teaching),
        Asked("poll of progress, unchanged", at(f"{poll}?{urlencode({'sinds': since})}"), teaching),
        Asked("save an answer", save, learning, fields, remember),
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


def slice_of_site(asked: Asked, site: Site, seconds: float) -> Slice:
    before, begun = cpu_of(site.gunicorn), time.monotonic()
    count, _ = ask_for(asked, site.port, seconds)
    took, spent = time.monotonic() - begun, cpu_of(site.gunicorn) - before
    return Slice(count / took, 1000 * spent / count if SYSTEM_TELLS_CPU else None)


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
            "X-Requested-With": "XMLHttpRequest",
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
        if asked.remember:
            asked.remember(client, response)
    connection.close()
    results.append((count, size))


def workers_of(gunicorn: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{gunicorn}/task/{gunicorn}/children").read_text().split()]


def cpu_of(gunicorn: int) -> float:
    """Seconds that the workers had of a processor until now."""
    spent = 0
    for worker in workers_of(gunicorn) if SYSTEM_TELLS_CPU else []:
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
