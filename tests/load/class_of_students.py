"""A class that writes and hands in at once: make load, or .venv/bin/python tests/load/class_of_students.py --seconds 20

Starts the real site (gunicorn, 2 workers of 4 threads) in a folder of its own, lets students save every five seconds
and then all hand in within ten, and looks afterwards whether everything that the site acknowledged is there. Ends with
1 where anything was lost, refused or locked. It measures too, but judges no time: machines differ.

With --kills 20 the whole site is killed (SIGKILL) and started again twenty times meanwhile. With DATABASE_URL=postgres://…
it runs on a database that is made in that cluster and dropped afterwards, else on SQLite.
"""

import argparse
import http.client
import json
import os
import random
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from own_site import HOST, PATIENCE, ROOT, Gunicorn, database_of_its_own, free_port, open_session, settle_in

QUESTIONS = 3
SECONDS, SECONDS_PER_KILL = 60, 9  # a site that was killed takes some seconds to start, and has to be used in between
SENTENCES = (
    "Ik bel eerst haar dochter, want die kent de situatie thuis.",
    "Wat mij raakt, is dat niemand haar iets heeft gevraagd.",
    "Volgens de presentietheorie begin je met er zijn, niet met oplossen.",
    "Ik kies ervoor om samen met de wijkverpleegkundige langs te gaan.",
    "Daarna bespreek ik in het team wat wij kunnen laten.",
)


@dataclass
class Student:
    """One person at one open page: what was written, and what the site acknowledged."""

    number: int
    user_id: int
    session: str
    assignment: int
    questions: list[int]
    port: int
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    patience: float = (
        0  # seconds in which a page tries again where the site does not answer; at once, and once, in any case
    )
    texts: dict[int, str] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)  # of the texts, as the page numbers them
    acknowledged: dict[int, list[tuple[int, str]]] = field(default_factory=dict)  # by question; revision and text
    handed_in: dict[int, tuple[int, str]] = field(default_factory=dict)
    saves: list[float] = field(default_factory=list)
    hand_ins: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    turn: int = 0
    written: int = 0
    resent: int = 0

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        self.chance = random.Random(self.number)

    def spend(self, options: argparse.Namespace, start: float) -> None:
        """Write until the time is over, from a moment of one's own, and then hand in at another."""
        end = start + options.seconds
        moment = start + self.chance.uniform(0, options.every)
        try:
            while moment < end:
                wait_until(moment)
                self.save()
                moment = max(moment + options.every, time.monotonic())
            wait_until(end + self.chance.uniform(0, options.hand_in))
            self.submit()
        except (OSError, http.client.HTTPException, ValueError) as reason:
            self.problems.append(f"no answer: {reason!r}")
        finally:
            self.connection.close()

    def save(self) -> None:
        """One more sentence in one of the answers, sent as the page's script sends it."""
        question = self.questions[self.turn % len(self.questions)]
        self.turn += 1
        self.write(question)
        path = f"/vragen/{question}/antwoord/?opdracht={self.assignment}"
        response, body = self.post(
            path, lambda: self.fields_of_save(question), self.saves, lambda: self.go_on(question)
        )
        text = self.texts[question]
        revision, told = response.headers["X-Revision"], response.headers["X-Text-Hash"]
        if response.status == 200 and revision and told == hash_of(text) and json.loads(body)["result"] == "saved":
            self.acknowledged.setdefault(question, []).append((int(revision), text))
        else:
            self.problems.append(f"save refused: {response.status}, revision {revision}, hash {told}")

    def write(self, question: int) -> None:
        self.texts[question] = f"{self.texts.get(question, '')} {SENTENCES[self.written % len(SENTENCES)]}".strip()
        self.written += 1
        self.numbers[question] = self.written

    def go_on(self, question: int) -> None:
        """While the site does not answer, somebody writes on, or does not."""
        if self.chance.random() < 0.5:
            self.write(question)

    def fields_of_save(self, question: int) -> dict[str, object]:
        text = self.texts[question]
        fields = {"text": text, "revision": self.revision_of(question), "seq": self.numbers[question]}
        return fields | {"writer": self.writer, "user": self.user_id, "hash": hash_of(text)}

    def submit(self) -> None:
        path = f"/opdrachten/{self.assignment}/inleveren/"
        response, body = self.post(path, self.fields_of_hand_in, self.hand_ins)
        if response.status != 200 or not response.headers["X-Revision"]:
            self.problems.append(f"hand-in refused: {response.status}")
            return
        results = json.loads(body)["results"]
        for question, text in self.texts.items():
            told = results[str(question)]
            if told["result"] == "submitted" and told["hash"] == hash_of(text):
                self.handed_in[question] = told["revision"], text
            else:
                self.problems.append(f"not handed in: {told['result']}, hash {told['hash']}")

    def fields_of_hand_in(self) -> dict[str, object]:
        fields: dict[str, object] = {"lever": "alles", "writer": self.writer, "user": self.user_id}
        for question, text in self.texts.items():
            fields |= {f"text-{question}": text, f"hash-{question}": hash_of(text)}
            fields |= {f"revision-{question}": self.revision_of(question), f"seq-{question}": self.numbers[question]}
        return fields

    def revision_of(self, question: int) -> int:
        return self.acknowledged[question][-1][0] if question in self.acknowledged else 0

    @property
    def writer(self) -> str:
        return f"load-{self.number}"

    def post(
        self, path: str, fields: Callable[[], dict], took: list[float], between: Callable[[], None] = lambda: None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Once more where the connection was gone: the server ends one that is idle, and may do so as we send. Where
        the site is killed, until it is back; each try sends what `fields` returns by then."""
        begun = time.monotonic()
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._exchange(path, fields())
            except (ConnectionError, http.client.HTTPException):
                self.connection.close()
                if tries > 1 and time.monotonic() - begun > self.patience:
                    raise
            else:
                took.append(time.monotonic() - begun)
                return answer
            self.resent += 1
            if tries > 1:
                time.sleep(self.chance.uniform(0.2, 1))
                between()

    def _exchange(self, path: str, fields: dict) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={self.session}; csrftoken={self.token}",
            "X-CSRFToken": self.token,
            "X-Requested-With": "XMLHttpRequest",
        }
        self.connection.request("POST", path, urlencode(fields), headers)
        response = self.connection.getresponse()
        return response, response.read()


def hash_of(text: str) -> str:
    from casebook.lib.text import text_hash  # not before main() has told Python where the site is

    return text_hash(text)


def wait_until(moment: float) -> None:
    time.sleep(max(0, moment - time.monotonic()))


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# --- The class, and what became of its work. Django is imported here, when the environment is set. ---


def make_class(size: int, port: int, patience: float) -> list[Student]:
    """One module with one assignment; students with a session each, so that no time goes into hashing passwords."""
    from django.db import connections, transaction

    from casebook.models import User
    from cases.models import Case
    from questions.models import Assignment, AssignmentQuestion, Enrolment, Module

    with transaction.atomic():
        case = Case.objects.published().order_by("number").first()
        module = Module.objects.create(title="Een grote klas")
        assignment = Assignment.objects.create(module=module, edition=case.editions.latest())
        questions = list(case.questions.in_library()[:QUESTIONS])
        for position, question in enumerate(questions, start=1):
            AssignmentQuestion.objects.create(assignment=assignment, question=question, position=position)
        students = []
        for number in range(size):
            user = User.objects.create(name=f"Student {number}", email=f"student{number}@example.org", password="!")
            Enrolment.objects.create(module=module, user=user)
            asked = [question.pk for question in questions]
            student = Student(number, user.pk, open_session(user), assignment.pk, asked, port, patience=patience)
            students.append(student)
    connections.close_all()
    return students


@dataclass
class Found:
    """What the database holds of what was acknowledged."""

    saves: int = 0
    submissions: int = 0
    problems: list[str] = field(default_factory=list)


def look_back(students: list[Student]) -> Found:
    """Return what is stored of all that the site acknowledged, with a line for everything that is not as it should."""
    from django.db import connection

    found = Found()
    check_texts(students, found)
    check_rows(found)
    if connection.vendor == "sqlite" and (told := integrity_of(connection)) != "ok":
        found.problems.append(f"the database is damaged: {told}")
    connection.close()
    return found


def check_texts(students: list[Student], found: Found) -> None:
    """Note for every text that was acknowledged whether it is stored."""
    from questions.models import Answer, AnswerVersion, Submission

    stored = {(answer.student_id, answer.question_id): answer for answer in Answer.objects.all()}
    kept = set(AnswerVersion.objects.values_list("answer", "text"))
    submitted = {
        (submission.answer_id, submission.revision): submission.text for submission in Submission.objects.standing()
    }
    for student in students:
        for question, saves in student.acknowledged.items():
            answer = stored.get((student.user_id, question))
            for count, (revision, text) in enumerate(saves, start=1):
                # Each save only adds, so an earlier text begins a later one; and each was a revision of its own.
                is_there = answer and (answer.text.startswith(text) or (answer.pk, text) in kept)
                if is_there and answer.revision >= revision >= count:
                    found.saves += 1
                else:
                    found.problems.append(f"LOST: student {student.number}, question {question}, revision {revision}")
            # A text may be later than that: stored, and the reply lost with the site.
            is_last = (
                answer and answer.text.startswith(saves[-1][1]) and student.texts[question].startswith(answer.text)
            )
            if not is_last:
                found.problems.append(f"student {student.number}, question {question}: not the last text acknowledged")
        for question, (revision, text) in student.handed_in.items():
            answer = stored.get((student.user_id, question))
            if answer and submitted.get((answer.pk, revision)) == text:
                found.submissions += 1
            else:
                found.problems.append(f"LOST: hand-in of student {student.number}, question {question}")


def check_rows(found: Found) -> None:
    """Note conflicts and answers that were handed in twice, of which there should be none."""
    from questions.models import AnswerVersion, Submission

    if conflicts := AnswerVersion.objects.filter(kind=AnswerVersion.Kind.LOST).count():
        found.problems.append(f"{conflicts} texts kept as conflicts, and there was one writer for each answer")
    if twice := Submission.objects.count() - Submission.objects.values("answer").distinct().count():
        found.problems.append(f"{twice} answers handed in twice")


def integrity_of(connection) -> str:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        return cursor.fetchone()[0]


def read_log(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    words = ("locked", "internal server error", "traceback", "worker timeout")
    return [f"server's log: {line}" for line in lines if any(word in line.lower() for word in words)]


# --- The run ---


def in_figures(name: str, seconds: list[float]) -> str:
    if len(seconds) < 2:
        return f"{name:<9} {len(seconds):>6}"
    steps = quantiles(seconds, n=100, method="inclusive")
    p50, p95, p99 = (1000 * steps[place - 1] for place in (50, 95, 99))
    return f"{name:<9} {len(seconds):>6}   {p50:>6.0f}   {p95:>6.0f}   {p99:>6.0f}   {1000 * max(seconds):>6.0f}"


@contextmanager
def killed(gunicorn: Gunicorn, options: argparse.Namespace) -> Iterator[None]:
    """While the block runs, kill the site and start it again, once in each of as many equal parts of the time."""
    chance, start, is_over = random.Random(options.kills), time.monotonic() + 1, threading.Event()
    part = (options.seconds + options.hand_in) / max(options.kills, 1)

    def kill_and_start() -> None:
        for number in range(options.kills):
            if is_over.wait(max(0, start + part * (number + chance.random()) - time.monotonic())):
                return
            gunicorn.kill()
            gunicorn.start()

    thread = threading.Thread(target=kill_and_start, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(timeout=2 * PATIENCE)


def let_them_write(students: list[Student], options: argparse.Namespace) -> None:
    start = time.monotonic() + 1
    threads = [threading.Thread(target=student.spend, args=(options, start), daemon=True) for student in students]
    for thread in threads:
        thread.start()
    deadline = start + options.seconds + options.hand_in + 4 * PATIENCE
    for student, thread in zip(students, threads, strict=True):
        thread.join(timeout=max(0, deadline - time.monotonic()))
        if thread.is_alive():
            student.problems.append("did not come to an end")


def report(students: list[Student], found: Found, problems: list[str], kills: int) -> None:
    acknowledged = sum(len(saves) for student in students for saves in student.acknowledged.values())
    handed_in = sum(len(student.handed_in) for student in students)
    say(f"{'':<9} {'number':>6}   {'p50':>6}   {'p95':>6}   {'p99':>6}   {'max':>6}  (milliseconds)")
    say(in_figures("saves", [took for student in students for took in student.saves]))
    say(in_figures("hand-ins", [took for student in students for took in student.hand_ins]))
    say()
    say(f"found afterwards: {found.saves} of {acknowledged} acknowledged saves")
    say(f"                  {found.submissions} of {handed_in} answers handed in")
    lost = acknowledged - found.saves + handed_in - found.submissions
    say(f"{lost} lost, {kills} kills")
    say(f"sent again after a connection was gone or refused: {sum(student.resent for student in students)}")
    say(f"problems: {len(problems)}")
    for problem in problems[:20]:
        say(f"  {problem}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A class that writes and hands in at once.")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument(
        "--seconds",
        type=float,
        help=f"how long they write: {SECONDS}, or {SECONDS_PER_KILL} for each kill if that is more",
    )
    parser.add_argument("--every", type=float, default=5, help="seconds between two saves of a student")
    parser.add_argument("--hand-in", type=float, default=10, help="seconds in which all hand in")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4, help="of each worker")
    parser.add_argument("--kills", type=int, default=0, help="how often the site is killed and started again meanwhile")
    options = parser.parse_args()
    if options.seconds is None:
        options.seconds = max(SECONDS, SECONDS_PER_KILL * options.kills)
    return options


def main() -> int:
    options = read_options()
    given = os.environ.get("DATABASE_URL", "")
    with tempfile.TemporaryDirectory(prefix="casebook-load-") as name, database_of_its_own(given) as database:
        folder, port = Path(name), free_port()
        settle_in(folder, port, database)
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        students = make_class(options.students, port, patience=2 * PATIENCE if options.kills else 0)
        say(
            f"{options.students} students save every {options.every:g} s for {options.seconds:g} s and hand in within"
            f" {options.hand_in:g} s; {options.workers} workers of {options.threads} threads,"
            f" {'PostgreSQL' if database else 'SQLite'}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"
        )
        gunicorn = Gunicorn(port, folder / "server.log", workers=options.workers, threads=options.threads)
        with gunicorn.running(), killed(gunicorn, options):
            let_them_write(students, options)
        found = look_back(students)
        told = [f"student {student.number}: {problem}" for student in students for problem in student.problems]
        problems = [*found.problems, *told, *read_log(folder / "server.log")]
        if gunicorn.kills < options.kills:
            problems.append(f"only {gunicorn.kills} kills: a site that was killed did not start again")
    report(students, found, problems, gunicorn.kills)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
