"""A class that writes and hands in at once: make load, or .venv/bin/python tests/load/class_of_students.py --seconds 20

Starts the real site (gunicorn, 2 workers of 4 threads, SQLite) in a folder of its own, lets students save every five
seconds and then all hand in within ten, and looks afterwards whether everything that the site acknowledged is there.
Ends with 1 where anything was lost, refused or locked. It measures too, but judges no time: machines differ.
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
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from own_site import HOST, PATIENCE, ROOT, free_port, open_session, served, settle_in

QUESTIONS = 3
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
    texts: dict[int, str] = field(default_factory=dict)
    acknowledged: dict[int, list[tuple[int, str]]] = field(default_factory=dict)  # by question; revision and text
    handed_in: dict[int, tuple[int, str]] = field(default_factory=dict)
    saves: list[float] = field(default_factory=list)
    hand_ins: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    sent: int = 0
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
        question = self.questions[self.sent % len(self.questions)]
        text = f"{self.texts.get(question, '')} {SENTENCES[self.sent % len(SENTENCES)]}".strip()
        self.texts[question] = text
        self.sent += 1
        fields = {"text": text, "revision": self.revision_of(question), "seq": self.sent}
        fields |= {"writer": self.writer, "user": self.user_id}
        response, _ = self.post(f"/vragen/{question}/antwoord/?opdracht={self.assignment}", fields, self.saves)
        if response.status == 200:
            self.acknowledged.setdefault(question, []).append((int(response.headers["X-Revision"]), text))
        else:
            self.problems.append(f"save refused: {response.status}")

    def submit(self) -> None:
        fields: dict[str, object] = {"lever": "alles", "writer": self.writer, "user": self.user_id}
        for question, text in self.texts.items():
            self.sent += 1
            fields |= {f"text-{question}": text, f"seq-{question}": self.sent}
            fields[f"revision-{question}"] = self.revision_of(question)
        response, body = self.post(f"/opdrachten/{self.assignment}/inleveren/", fields, self.hand_ins)
        if response.status != 200:
            self.problems.append(f"hand-in refused: {response.status}")
            return
        for question, told in json.loads(body)["results"].items():
            if told["result"] == "submitted":
                self.handed_in[int(question)] = told["revision"], self.texts[int(question)]
            else:
                self.problems.append(f"not handed in: {told['result']}")

    def revision_of(self, question: int) -> int:
        return self.acknowledged[question][-1][0] if question in self.acknowledged else 0

    @property
    def writer(self) -> str:
        return f"load-{self.number}"

    def post(self, path: str, fields: dict, took: list[float]) -> tuple[http.client.HTTPResponse, bytes]:
        """Once more where the connection was gone: the server ends one that is idle, and may do so as we send."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={self.session}; csrftoken={self.token}",
            "X-CSRFToken": self.token,
            "X-Requested-With": "XMLHttpRequest",
        }
        begun = time.monotonic()
        try:
            answer = self._exchange(path, fields, headers)
        except (ConnectionError, http.client.HTTPException):
            self.resent += 1
            self.connection.close()
            answer = self._exchange(path, fields, headers)
        took.append(time.monotonic() - begun)
        return answer

    def _exchange(self, path: str, fields: dict, headers: dict) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request("POST", path, urlencode(fields), headers)
        response = self.connection.getresponse()
        return response, response.read()


def wait_until(moment: float) -> None:
    time.sleep(max(0, moment - time.monotonic()))


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# --- The class, and what became of its work. Django is imported here, when the environment is set. ---


def make_class(size: int, port: int) -> list[Student]:
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
            students.append(Student(number, user.pk, open_session(user), assignment.pk, asked, port))
    connections.close_all()
    return students


@dataclass
class Found:
    """What the database holds of what was acknowledged."""

    saves: int = 0
    submissions: int = 0
    problems: list[str] = field(default_factory=list)


def look_back(students: list[Student]) -> Found:
    from django.db import connection

    from questions.models import Answer, AnswerVersion, Submission

    found = Found()
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
            if answer and answer.text != saves[-1][1]:
                found.problems.append(f"student {student.number}, question {question}: not the last text acknowledged")
        for question, (revision, text) in student.handed_in.items():
            answer = stored.get((student.user_id, question))
            if answer and submitted.get((answer.pk, revision)) == text:
                found.submissions += 1
            else:
                found.problems.append(f"LOST: hand-in of student {student.number}, question {question}")
    if conflicts := AnswerVersion.objects.filter(kind=AnswerVersion.Kind.LOST).count():
        found.problems.append(f"{conflicts} texts kept as conflicts, and there was one writer for each answer")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        if (told := cursor.fetchone()[0]) != "ok":
            found.problems.append(f"the database is damaged: {told}")
    connection.close()
    return found


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


def report(students: list[Student], found: Found, problems: list[str]) -> None:
    acknowledged = sum(len(saves) for student in students for saves in student.acknowledged.values())
    handed_in = sum(len(student.handed_in) for student in students)
    say(f"{'':<9} {'number':>6}   {'p50':>6}   {'p95':>6}   {'p99':>6}   {'max':>6}  (milliseconds)")
    say(in_figures("saves", [took for student in students for took in student.saves]))
    say(in_figures("hand-ins", [took for student in students for took in student.hand_ins]))
    say()
    say(f"found afterwards: {found.saves} of {acknowledged} acknowledged saves")
    say(f"                  {found.submissions} of {handed_in} answers handed in")
    say(f"sent again after an idle connection was gone: {sum(student.resent for student in students)}")
    say(f"problems: {len(problems)}")
    for problem in problems[:20]:
        say(f"  {problem}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A class that writes and hands in at once, on SQLite.")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60, help="how long they write")
    parser.add_argument("--every", type=float, default=5, help="seconds between two saves of a student")
    parser.add_argument("--hand-in", type=float, default=10, help="seconds in which all hand in")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4, help="of each worker")
    return parser.parse_args()


def main() -> int:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="casebook-load-") as name:
        folder, port = Path(name), free_port()
        settle_in(folder, port)
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        students = make_class(options.students, port)
        say(
            f"{options.students} students save every {options.every:g} s for {options.seconds:g} s and hand in within"
            f" {options.hand_in:g} s; {options.workers} workers of {options.threads} threads, {os.cpu_count()} cores,"
            f" load average {os.getloadavg()[0]:.1f}"
        )
        with served(port, folder / "server.log", workers=options.workers, threads=options.threads):
            let_them_write(students, options)
        found = look_back(students)
        told = [f"student {student.number}: {problem}" for student in students for problem in student.problems]
        problems = [*found.problems, *told, *read_log(folder / "server.log")]
    report(students, found, problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
