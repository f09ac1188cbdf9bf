"""What a teacher's pages cost in a module of 300 students and 30 questions, and in a class. Prints, asserts nothing.

    make bench

Works in a database of its own in a temporary folder.
"""

import gzip
import random
import statistics
import tempfile
import time
from pathlib import Path

from own_site import in_this_process

TIMES = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        in_this_process(Path(folder))
        print(f"{'page':44}{'queries':>8}{'ms':>8}{'KB gzip':>9}{'KB':>8}   (median of {TIMES})")
        report("what a signed-in teacher's bare page costs", client_of(make_module(0, 0)[1]), "/modules/nieuw/")
        for students, questions in ((30, 12), (300, 30)):
            module, teacher, assignment = make_module(students, questions)
            measure_progress(f"{students} × {questions}", client_of(teacher), module)
            measure_overviews(f"{students} × {questions}", client_of(teacher), assignment)
        for students in (100, 300):
            _module, teacher, assignment = make_module(students, 5)
            measure_feedback(f"{students} answers", client_of(teacher), assignment)


def measure_progress(name: str, client, module) -> None:
    path = f"/modules/{module.pk}/voortgang/"
    report(f"progress, {name}", client, path)
    report(f"progress, {name}, one class", client, f"{path}?klas=SW1A")
    report(f"progress, {name}, what waits", client, f"{path}?toon=nog-te-lezen")
    changes = f"{path}wijzigingen/"
    since = client.get(changes, headers={"accept-encoding": "identity"}).json()["since"]
    report(f"poll, {name}, unchanged", client, changes, {"sinds": since})
    report(f"poll, {name}, something changed", client, changes, {"sinds": since[since.index(".") :]})
    report(f"XLSX, {name}", client, f"{path}export.xlsx")


def measure_overviews(name: str, client, assignment) -> None:
    """What a teacher sees before going in: at home, of the module, and of one assignment per question."""
    report(f"home, {name}", client, "/")
    report(f"module, {name}", client, f"/modules/{assignment.module_id}/")
    report(f"overview, {name}", client, f"/opdrachten/{assignment.pk}/overzicht/")


def measure_feedback(name: str, client, assignment) -> None:
    """The page on which teachers read and give feedback: of one question, and of all of one student."""
    path = f"/opdrachten/{assignment.pk}/feedback/"
    report(f"feedback, {name}", client, path)
    last = assignment.questions.order_by("-asked_in__position").first()
    report(f"feedback, {name}, another question", client, path, {"vraag": last.key})
    student = assignment.module.enrolments.filter(role="student").first()
    report(f"feedback, {name}, one student", client, path, {"student": student.tag})


def client_of(user):
    from django.test import Client

    client = Client(headers={"accept-encoding": "gzip"})
    client.force_login(user)
    return client


def report(name: str, client, path: str, query: dict | None = None) -> None:
    """One line: what this page costs. A page that is not there is said to be so."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        response = client.get(path, query)
    asked = len(queries)  # the next request begins to count anew
    if response.status_code not in {200, 204}:
        print(f"{name:44} answers {response.status_code}")
        return
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        client.get(path, query)
        times.append((time.perf_counter() - started) * 1000)
    body = response.content
    plain = gzip.decompress(body) if response.get("Content-Encoding") == "gzip" else body
    sizes = f"{len(body) / 1024:>9.1f}{len(plain) / 1024:>8.0f}"
    print(f"{name:44}{asked:>8}{statistics.median(times):>8.1f}{sizes}")


def make_module(students: int, questions: int):
    """A module as it is halfway: some answers not begun, some drafts, some waiting, some with feedback.

    Returns the module, its teacher and its first assignment. Rows are made in bulk, past the activities.
    """
    from casebook.models import User
    from questions.models import Enrolment, Module, Role

    number = Module.objects.count()
    module = Module.objects.create(title=f"Sociaal werk {number}", groups=["SW1A", "SW1B", "SW1C"])
    teacher = User.objects.create_user(f"docent{number}@example.org", "Karin Vos")
    teacher.groups.add(*teacher.groups.model.objects.filter(name="Docenten"))
    Enrolment.objects.create(module=module, user=teacher, role=Role.TEACHER)
    people = User.objects.bulk_create(
        User(email=f"student{number}-{n}@example.org", name=f"{chance_of(n).choice(NAMES)} {surname(n)}")
        for n in range(students)
    )
    Enrolment.objects.bulk_create(
        Enrolment(module=module, user=person, group=module.groups[n % 3]) for n, person in enumerate(people)
    )
    assignments = make_assignments(module, questions)
    make_answers(assignments, people, teacher)
    return module, teacher, next(iter(assignments), None)


NAMES = ["Aylin", "Bram", "Chaima", "Daan", "Fenna", "Ilias", "Joëlle", "Lotte", "Mees", "Noor", "Sem", "Zeynep"]


def chance_of(seed: int) -> random.Random:
    return random.Random(seed)


def surname(n: int) -> str:
    return "".join(chance_of(n).choices("abdegiklmnoprstuvz", k=8)).title()


def make_assignments(module, questions: int) -> list:
    from cases.models import Case
    from questions.models import Assignment, AssignmentQuestion

    made = []
    for position, case in enumerate(Case.objects.published().order_by("number")):
        chosen = list(case.questions.in_library())[:questions]
        if not chosen:
            break
        questions -= len(chosen)
        assignment = Assignment.objects.create(module=module, edition=case.editions.latest(), position=position)
        AssignmentQuestion.objects.bulk_create(
            AssignmentQuestion(assignment=assignment, question=question, position=place)
            for place, question in enumerate(chosen)
        )
        made.append(assignment)
    return made


def make_answers(assignments: list, people: list, teacher) -> None:
    from django.utils import timezone

    from questions.models import Answer, Feedback, Submission, Verdict

    chance, now, text = random.Random(3), timezone.now(), "Ik bel eerst de dochter, en vraag wat zij al doet. " * 20
    asked = [(assignment, question) for assignment in assignments for question in assignment.questions.all()]
    pairs = [(person, *one) for person in people for one in asked]
    chance.shuffle(pairs)  # in the order of a lesson, not of the table
    kinds = chance.choices(["empty", "busy", "waiting", "ready", "released"], [15, 10, 30, 10, 35], k=len(pairs))
    answers = Answer.objects.bulk_create(
        Answer(student=person, assignment=assignment, question=question, text=text)
        for (person, assignment, question), kind in zip(pairs, kinds, strict=True)
        if kind != "empty"
    )
    kinds = [kind for kind in kinds if kind != "empty"]
    submissions = Submission.objects.bulk_create(
        Submission(answer=answer, revision=1, question_text="Wat doe je?", text=text, submitted_at=now)
        for answer, kind in zip(answers, kinds, strict=True)
        if kind != "busy"
    )
    kinds = [kind for kind in kinds if kind != "busy"]
    Feedback.objects.bulk_create(
        Feedback(
            submission=submission,
            author=teacher,
            text="Mooi gezien. " * 20,
            verdict=chance.choice(Verdict.values),
            released_at=now if kind == "released" else None,
        )
        for submission, kind in zip(submissions, kinds, strict=True)
        if kind != "waiting"
    )


if __name__ == "__main__":
    main()
