"""The last part of make bench: the pages of a teacher, with 300 students and 30 questions and with one class.

It uses a database of its own in a temporary folder.
"""

import gzip
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from measuring import Row, is_chosen, print_head, print_row
from own_site import measure_with_client, set_up_in_process, signed_in_client

SMALLEST = {"new module": "/modules/nieuw/"}  # the cost that every page of a teacher has
IN_MODULE = {
    "progress": "/modules/{module}/voortgang/",
    "progress, one class": "/modules/{module}/voortgang/?klas=SW1A",
    "progress, what waits": "/modules/{module}/voortgang/?toon=nog-te-lezen",
    "poll, unchanged": "/modules/{module}/voortgang/wijzigingen/?sinds={since}",
    "poll, something changed": "/modules/{module}/voortgang/wijzigingen/?sinds={changed}",
    "XLSX": "/modules/{module}/voortgang/export.xlsx",
    "home": "/",
    "module": "/modules/{module}/",
    "overview": "/opdrachten/{assignment}/overzicht/",
}
OF_ANSWERS = {
    "feedback": "/opdrachten/{assignment}/feedback/",
    "feedback, another question": "/opdrachten/{assignment}/feedback/?vraag={question}",
    "feedback, one student": "/opdrachten/{assignment}/feedback/?student={student}",
}
OF_VERSIONS = {"feedback, one student": OF_ANSWERS["feedback, one student"]}
# The second may be at most a fifth slower than the first.
ORDINARY, HOSTILE = "five ordinary versions", "five hostile versions"
# The name of the module, its numbers of students and questions, and the pages to request.
MODULES = (
    ("no students", 0, 0, SMALLEST),
    ("30 × 12", 30, 12, IN_MODULE),
    ("300 × 30", 300, 30, IN_MODULE),
    ("100 answers", 100, 5, OF_ANSWERS),
    ("300 answers", 300, 5, OF_ANSWERS),
    (ORDINARY, 100, 5, OF_VERSIONS),
    (HOSTILE, 100, 5, OF_VERSIONS),
)


def measure_rows(words: list[str]) -> list[Row]:
    """Return the measured rows of the pages of a teacher that have one of the words in their name."""
    chosen = [(name, students, questions, pages_of(name, pages, words)) for name, students, questions, pages in MODULES]
    chosen = [module for module in chosen if module[-1]]
    if not chosen:
        return []
    with tempfile.TemporaryDirectory() as folder:
        set_up_in_process(Path(folder))
        print_head("signed in as a teacher, test client", "ms", "queries", "KB gzip", "KB")
        return [row for module in chosen for row in measure_module(*module)]


def pages_of(name: str, pages: dict[str, str], words: list[str]) -> dict[str, str]:
    """Return the path of each page to measure, by the name of its row."""
    named = {f"{name}: {key}": path for key, path in pages.items()}
    return {name: path for name, path in named.items() if is_chosen(name, words)}


def measure_module(name: str, students: int, questions: int, pages: dict[str, str]) -> list[Row]:
    module, teacher, assignment = create_module(students, questions)
    if name in {ORDINARY, HOSTILE}:
        create_versions(assignment, lines_of_words if name == ORDINARY else lines_of_letters)
    client, rows = signed_in_client(teacher), []
    values = values_of(client, module, assignment) if assignment else {}
    for name, pattern in pages.items():
        path = pattern.format(**values)
        queries, *sizes = cost_of(client, path)
        row = measure_with_client(name, client, path)
        print_row(row, f"{row.ms:.1f}", str(queries), *(f"{size / 1024:.1f}" for size in sizes))
        rows.append(row)
    return rows


def values_of(client, module, assignment) -> dict[str, object]:
    """Return the values that the addresses of the pages contain, by name."""
    changes = f"/modules/{module.pk}/voortgang/wijzigingen/"
    since = client.get(changes, headers={"accept-encoding": "identity"}).json()["since"]
    return {
        "module": module.pk,
        "assignment": assignment.pk,
        "since": quote(since),
        "changed": quote(since[since.index(".") :]),
        "question": assignment.questions.order_by("-asked_in__position").first().key,
        "student": module.enrolments.filter(role="student").first().tag,
    }


def cost_of(client, path: str) -> tuple[int, int, int]:
    """Return the number of queries of a page, and its size in bytes with and without gzip."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
    body = response.getvalue()
    plain = gzip.decompress(body) if response.get("Content-Encoding") == "gzip" else body
    return len(queries), len(body), len(plain)


def create_module(students: int, questions: int):
    """Create a module with drafts, unread submissions and feedback. Return it with its teacher and first assignment.

    Some answers are not begun. Rows are created in bulk, without the functions in questions/actions.
    """
    from casebook.models import User
    from questions.models import Enrolment, Module, Role

    number = Module.objects.count()
    module = Module.objects.create(title=f"Sociaal werk {number}", groups=["SW1A", "SW1B", "SW1C"])
    teacher = User.objects.create_user(f"docent{number}@example.org", "Karin Vos")
    teacher.groups.add(*teacher.groups.model.objects.filter(name="Docenten"))
    Enrolment.objects.create(module=module, user=teacher, role=Role.TEACHER)
    users = User.objects.bulk_create(
        User(email=f"student{number}-{n}@example.org", name=f"{rng_of(n).choice(NAMES)} {surname(n)}")
        for n in range(students)
    )
    Enrolment.objects.bulk_create(
        Enrolment(module=module, user=user, group=module.groups[n % 3]) for n, user in enumerate(users)
    )
    assignments = create_assignments(module, questions)
    create_answers(assignments, users, teacher)
    return module, teacher, next(iter(assignments), None)


def create_versions(assignment, make_text: Callable[[int], str]) -> None:
    """Create five versions of the first answer of the student whose page is measured, each with another text."""
    from django.utils import timezone

    from questions.models import Answer, Submission

    student = assignment.module.enrolments.filter(role="student").first().user
    of_student = {"student": student, "assignment": assignment, "question": assignment.questions.first()}
    answer, _ = Answer.objects.get_or_create(**of_student)
    answer.submissions.all().delete()
    Submission.objects.bulk_create(
        Submission(
            answer=answer,
            revision=number,
            question_text="Wat doe je?",
            text=make_text(number),
            submitted_at=timezone.now(),
        )
        for number in range(1, 6)
    )


def lines_of_letters(seed: int) -> str:
    """Return 8 KB of text in which every line occurs thousands of times in the other texts."""
    return "".join(rng_of(seed).choices(["a\n", "b\n"], k=3_990))


def lines_of_words(seed: int) -> str:
    """Return 8 KB of sentences, some of which differ in each version."""
    return "".join(f"{surname(number + (seed * 7 if number % 9 == 0 else 0))} ziet dat.\n" for number in range(445))


NAMES = ["Aylin", "Bram", "Chaima", "Daan", "Fenna", "Ilias", "Joëlle", "Lotte", "Mees", "Noor", "Sem", "Zeynep"]


def rng_of(seed: int) -> random.Random:
    return random.Random(seed)


def surname(n: int) -> str:
    return "".join(rng_of(n).choices("abdegiklmnoprstuvz", k=8)).title()


def create_assignments(module, questions: int) -> list:
    """Create assignments on as many cases as are needed for this number of questions. Return them."""
    from cases.models import Case
    from questions.models import Assignment, AssignmentQuestion

    created = []
    for position, case in enumerate(Case.objects.published().order_by("number")):
        chosen = list(case.questions.in_library())[:questions]
        if not chosen:
            break
        questions -= len(chosen)
        assignment = Assignment.objects.create(module=module, edition=case.editions.latest(), position=position)
        AssignmentQuestion.objects.bulk_create(
            AssignmentQuestion(assignment=assignment, question=question, position=index)
            for index, question in enumerate(chosen)
        )
        created.append(assignment)
    return created


def create_answers(assignments: list, users: list, teacher) -> None:
    """Create answers of these users in all states, with submissions and feedback."""
    from django.utils import timezone

    from questions.models import Answer, Feedback, Submission, Verdict

    rng, now, text = random.Random(3), timezone.now(), "Ik bel eerst de dochter, en vraag wat zij al doet. " * 20
    assignment_questions = [
        (assignment, question) for assignment in assignments for question in assignment.questions.all()
    ]
    to_answer = [(user, *pair) for user in users for pair in assignment_questions]
    rng.shuffle(to_answer)  # students answer at the same time, so the rows of a student are not adjacent
    kinds = rng.choices(["empty", "busy", "waiting", "ready", "released"], [15, 10, 30, 10, 35], k=len(to_answer))
    answers = Answer.objects.bulk_create(
        Answer(student=user, assignment=assignment, question=question, text=text)
        for (user, assignment, question), kind in zip(to_answer, kinds, strict=True)
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
            verdict=rng.choice(Verdict.values),
            released_at=now if kind == "released" else None,
        )
        for submission, kind in zip(submissions, kinds, strict=True)
        if kind != "waiting"
    )
