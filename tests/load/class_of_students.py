"""A load test of a class that writes and hands in at the same time.

    make load
    .venv/bin/python tests/load/class_of_students.py --seconds 20

It starts the real site (gunicorn, 2 workers of 4 threads) in its own folder. Students save every five seconds and then
all hand in within ten. Afterwards it checks that everything the site acknowledged is stored, and exits with 1 if any
text was lost, refused or locked. It also measures times but asserts nothing about them, because machines differ.

With --kills 20 the whole site is killed (SIGKILL) and started again twenty times meanwhile. With
DATABASE_URL=postgres://… it uses a new database in that cluster, which is dropped afterwards; otherwise it uses SQLite.
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

from own_site import HOST, ROOT, TIMEOUT, Gunicorn, free_port, open_session, prepare_site, temporary_database

QUESTIONS = 3
# A killed site takes some seconds to start, and must receive requests between two kills.
SECONDS, SECONDS_PER_KILL = 60, 9
SENTENCES = (
    "Ik bel eerst haar dochter, want die kent de situatie thuis.",
    "Wat mij raakt, is dat niemand haar iets heeft gevraagd.",
    "Volgens de presentietheorie begin je met er zijn, niet met oplossen.",
    "Ik kies ervoor om samen met de wijkverpleegkundige langs te gaan.",
    "Daarna bespreek ik in het team wat wij kunnen laten.",
)


@dataclass
class Student:
    """One student at one open page: the texts that were written, and the saves that the site acknowledged."""

    number: int
    user_id: int
    session: str
    assignment: int
    questions: list[int]
    port: int
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    # For how long a page sends a request again if the site does not answer. One retry, at once, is always made.
    retry_seconds: float = 0
    texts: dict[int, str] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)  # of the saves, by question
    acknowledged: dict[int, list[tuple[int, str]]] = field(default_factory=dict)  # by question; revision and text
    handed_in: dict[int, tuple[int, str]] = field(default_factory=dict)
    saves: list[float] = field(default_factory=list)
    hand_ins: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    turn: int = 0
    written: int = 0
    resent: int = 0

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT)
        self.rng = random.Random(self.number)

    def run(self, options: argparse.Namespace, start: float) -> None:
        """Write from a random moment until the time is over, and then hand in at another random moment."""
        end = start + options.seconds
        moment = start + self.rng.uniform(0, options.every)
        try:
            while moment < end:
                wait_until(moment)
                self.save()
                moment = max(moment + options.every, time.monotonic())
            wait_until(end + self.rng.uniform(0, options.hand_in))
            self.submit()
        except (OSError, http.client.HTTPException, ValueError) as reason:
            self.problems.append(f"no answer: {reason!r}")
        finally:
            self.connection.close()

    def save(self) -> None:
        """Add a sentence to one of the answers and save it as the script of the page does."""
        question = self.questions[self.turn % len(self.questions)]
        self.turn += 1
        self.write(question)
        path = f"/vragen/{question}/antwoord/?opdracht={self.assignment}"
        response, body = self.post(
            path, lambda: self.fields_of_save(question), self.saves, lambda: self.maybe_write(question)
        )
        text = self.texts[question]
        revision, stored_hash = response.headers["X-Revision"], response.headers["X-Text-Hash"]
        if (
            response.status == 200
            and revision
            and stored_hash == hash_of(text)
            and json.loads(body)["result"] == "saved"
        ):
            self.acknowledged.setdefault(question, []).append((int(revision), text))
        else:
            self.problems.append(f"save refused: {response.status}, revision {revision}, hash {stored_hash}")

    def write(self, question: int) -> None:
        """Add a sentence to the text for this question."""
        self.texts[question] = f"{self.texts.get(question, '')} {SENTENCES[self.written % len(SENTENCES)]}".strip()
        self.written += 1
        self.numbers[question] = self.written

    def maybe_write(self, question: int) -> None:
        """Add a sentence or not, at random, as a student may do while the site does not answer."""
        if self.rng.random() < 0.5:
            self.write(question)

    def fields_of_save(self, question: int) -> dict[str, object]:
        text = self.texts[question]
        fields = {"text": text, "revision": self.revision_of(question), "seq": self.numbers[question]}
        return fields | {"writer": self.writer, "user": self.user_id, "hash": hash_of(text)}

    def submit(self) -> None:
        """Hand in all texts and note which the site acknowledged."""
        path = f"/opdrachten/{self.assignment}/inleveren/"
        response, body = self.post(path, self.fields_of_hand_in, self.hand_ins)
        if response.status != 200 or not response.headers["X-Revision"]:
            self.problems.append(f"hand-in refused: {response.status}")
            return
        results = json.loads(body)["results"]
        for question, text in self.texts.items():
            result = results[str(question)]
            if result["result"] == "submitted" and result["hash"] == hash_of(text):
                self.handed_in[question] = result["revision"], text
            else:
                self.problems.append(f"not handed in: {result['result']}, hash {result['hash']}")

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
        self,
        path: str,
        fields: Callable[[], dict],
        durations: list[float],
        before_retry: Callable[[], None] = lambda: None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a POST request, once more if the connection was closed, and return the response with its body.

        The server closes idle connections, and may do so while the request is sent. If the site is killed, the request
        is sent until the site answers; each attempt sends what `fields` returns at that moment.
        """
        started = time.monotonic()
        attempts = 0
        while True:
            attempts += 1
            try:
                answer = self._exchange(path, fields())
            except (ConnectionError, http.client.HTTPException):
                self.connection.close()
                if attempts > 1 and time.monotonic() - started > self.retry_seconds:
                    raise
            else:
                durations.append(time.monotonic() - started)
                return answer
            self.resent += 1
            if attempts > 1:
                time.sleep(self.rng.uniform(0.2, 1))
                before_retry()

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
    from casebook.lib.text import text_hash  # only possible once main() has added the site to sys.path

    return text_hash(text)


def wait_until(moment: float) -> None:
    time.sleep(max(0, moment - time.monotonic()))


def print_line(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# --- The class and its stored work. Django is imported in the functions, once the environment is set. ---


def create_class(size: int, port: int, retry_seconds: float) -> list[Student]:
    """Create a module with one assignment and return its students.

    Each has a session already, so that no time is spent on hashing passwords.
    """
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
            question_ids = [question.pk for question in questions]
            student = Student(
                number, user.pk, open_session(user), assignment.pk, question_ids, port, retry_seconds=retry_seconds
            )
            students.append(student)
    connections.close_all()
    return students


@dataclass
class StoredWork:
    """The numbers of acknowledged saves and submissions that are stored, and the problems that were found."""

    saves: int = 0
    submissions: int = 0
    problems: list[str] = field(default_factory=list)


def check_database(students: list[Student]) -> StoredWork:
    """Return how much of the acknowledged work is stored, with a line for each problem."""
    from django.db import connection

    stored_work = StoredWork()
    check_texts(students, stored_work)
    check_rows(stored_work)
    if connection.vendor == "sqlite" and (integrity := integrity_of(connection)) != "ok":
        stored_work.problems.append(f"the database is damaged: {integrity}")
    connection.close()
    return stored_work


def check_texts(students: list[Student], stored_work: StoredWork) -> None:
    """Count the acknowledged texts that are stored, and add a problem for each of the others."""
    from questions.models import Answer, AnswerVersion, Submission

    answers = {(answer.student_id, answer.question_id): answer for answer in Answer.objects.all()}
    version_texts = set(AnswerVersion.objects.values_list("answer", "text"))
    submitted = {
        (submission.answer_id, submission.revision): submission.text for submission in Submission.objects.in_force()
    }
    for student in students:
        for question, saves in student.acknowledged.items():
            answer = answers.get((student.user_id, question))
            for count, (revision, text) in enumerate(saves, start=1):
                # Each save only appends, so a later text starts with an earlier one; and each is a separate revision.
                is_stored = answer and (answer.text.startswith(text) or (answer.pk, text) in version_texts)
                if is_stored and answer.revision >= revision >= count:
                    stored_work.saves += 1
                else:
                    stored_work.problems.append(
                        f"LOST: student {student.number}, question {question}, revision {revision}"
                    )
            # The stored text may be a later one, whose reply was lost when the site was killed.
            is_last = (
                answer and answer.text.startswith(saves[-1][1]) and student.texts[question].startswith(answer.text)
            )
            if not is_last:
                stored_work.problems.append(
                    f"student {student.number}, question {question}: not the last text acknowledged"
                )
        for question, (revision, text) in student.handed_in.items():
            answer = answers.get((student.user_id, question))
            if answer and submitted.get((answer.pk, revision)) == text:
                stored_work.submissions += 1
            else:
                stored_work.problems.append(f"LOST: hand-in of student {student.number}, question {question}")


def check_rows(stored_work: StoredWork) -> None:
    """Add a problem for conflicts and for answers that were handed in twice; there should be none."""
    from questions.models import AnswerVersion, Submission

    if conflicts := AnswerVersion.objects.filter(kind=AnswerVersion.Kind.LOST).count():
        stored_work.problems.append(f"{conflicts} texts kept as conflicts, and there was one writer for each answer")
    if duplicates := Submission.objects.count() - Submission.objects.values("answer").distinct().count():
        stored_work.problems.append(f"{duplicates} answers handed in twice")


def integrity_of(connection) -> str:
    """Return the result of the integrity check of SQLite, which is 'ok' for a database without errors."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        return cursor.fetchone()[0]


def read_log(log: Path) -> list[str]:
    """Return a problem for each line of the server log that names an error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    error_words = ("locked", "internal server error", "traceback", "worker timeout")
    return [f"server's log: {line}" for line in lines if any(word in line.lower() for word in error_words)]


# --- The run ---


def summary_of(name: str, seconds: list[float]) -> str:
    """Return a line with the number and the percentiles of these times."""
    if len(seconds) < 2:
        return f"{name:<9} {len(seconds):>6}"
    steps = quantiles(seconds, n=100, method="inclusive")
    p50, p95, p99 = (1000 * steps[percentile - 1] for percentile in (50, 95, 99))
    return f"{name:<9} {len(seconds):>6}   {p50:>6.0f}   {p95:>6.0f}   {p99:>6.0f}   {1000 * max(seconds):>6.0f}"


@contextmanager
def repeated_kills(gunicorn: Gunicorn, options: argparse.Namespace) -> Iterator[None]:
    """Kill the site and start it again while the block runs, once in each of options.kills equal parts of the time."""
    rng, start, is_over = random.Random(options.kills), time.monotonic() + 1, threading.Event()
    part = (options.seconds + options.hand_in) / max(options.kills, 1)

    def kill_and_start() -> None:
        for number in range(options.kills):
            if is_over.wait(max(0, start + part * (number + rng.random()) - time.monotonic())):
                return
            gunicorn.kill()
            gunicorn.start()

    thread = threading.Thread(target=kill_and_start, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(timeout=2 * TIMEOUT)


def run_students(students: list[Student], options: argparse.Namespace) -> None:
    """Run each student in a thread until all have handed in."""
    start = time.monotonic() + 1
    threads = [threading.Thread(target=student.run, args=(options, start), daemon=True) for student in students]
    for thread in threads:
        thread.start()
    deadline = start + options.seconds + options.hand_in + 4 * TIMEOUT
    for student, thread in zip(students, threads, strict=True):
        thread.join(timeout=max(0, deadline - time.monotonic()))
        if thread.is_alive():
            student.problems.append("did not come to an end")


def report(students: list[Student], stored_work: StoredWork, problems: list[str], kills: int) -> None:
    acknowledged = sum(len(saves) for student in students for saves in student.acknowledged.values())
    handed_in = sum(len(student.handed_in) for student in students)
    print_line(f"{'':<9} {'number':>6}   {'p50':>6}   {'p95':>6}   {'p99':>6}   {'max':>6}  (milliseconds)")
    print_line(summary_of("saves", [duration for student in students for duration in student.saves]))
    print_line(summary_of("hand-ins", [duration for student in students for duration in student.hand_ins]))
    print_line()
    print_line(f"found afterwards: {stored_work.saves} of {acknowledged} acknowledged saves")
    print_line(f"                  {stored_work.submissions} of {handed_in} answers handed in")
    lost = acknowledged - stored_work.saves + handed_in - stored_work.submissions
    print_line(f"{lost} lost, {kills} kills")
    print_line(f"sent again after a connection was gone or refused: {sum(student.resent for student in students)}")
    print_line(f"problems: {len(problems)}")
    for problem in problems[:20]:
        print_line(f"  {problem}")


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
    database_url = os.environ.get("DATABASE_URL", "")
    with tempfile.TemporaryDirectory(prefix="casebook-load-") as name, temporary_database(database_url) as database:
        folder, port = Path(name), free_port()
        prepare_site(folder, port, database)
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        students = create_class(options.students, port, retry_seconds=2 * TIMEOUT if options.kills else 0)
        print_line(
            f"{options.students} students save every {options.every:g} s for {options.seconds:g} s and hand in within"
            f" {options.hand_in:g} s; {options.workers} workers of {options.threads} threads,"
            f" {'PostgreSQL' if database else 'SQLite'}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"
        )
        gunicorn = Gunicorn(port, folder / "server.log", workers=options.workers, threads=options.threads)
        with gunicorn.running(), repeated_kills(gunicorn, options):
            run_students(students, options)
        stored_work = check_database(students)
        reported = [f"student {student.number}: {problem}" for student in students for problem in student.problems]
        problems = [*stored_work.problems, *reported, *read_log(folder / "server.log")]
        if gunicorn.kills < options.kills:
            problems.append(f"only {gunicorn.kills} kills: a site that was killed did not start again")
    report(students, stored_work, problems, gunicorn.kills)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
