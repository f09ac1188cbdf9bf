"""The second part of make bench: the catalogue with ten thousand cases, compared with sixteen.

It uses a database of its own in a temporary folder.
"""

import random
import tempfile
import time
from pathlib import Path

from measuring import Row, is_chosen, print_head, print_row
from own_site import measure_with_client, set_up_in_process, signed_in_client

FEW, MANY = "16 cases", "10,000 cases"
QUERIES = {
    "first page": "",
    "one filter": "?trefwoord=schulden",
    "three filters": "?trefwoord=schulden&bril=denker&sfeer=formeel",
    "search, common word": "?q=bewoner",
    "search, rare word": "?q=koelkast",
    "search with a filter": "?q=schuld&bril=doener",
    "a phrase": "?q=%22wijkteam%22",
    "a typing error": "?q=koelkats",
    "sorted by title": "?volgorde=titel",
}


def measure_rows(words: list[str]) -> list[Row]:
    """Return the measured rows of the catalogue that have one of the words in their name."""
    few, many = queries_of(FEW, words), queries_of(MANY, words)
    if not few and not many:
        return []
    with tempfile.TemporaryDirectory() as folder:
        set_up_in_process(Path(folder))
        rows = measure_queries(FEW, few)
        if many:
            started = time.perf_counter()
            create_cases(10_000)
            print(f"\nmade 10,000 cases in {time.perf_counter() - started:.0f} s", flush=True)
            rows += measure_queries(MANY, many)
    print_growth({row.name: row.ms for row in rows})
    return rows


def queries_of(label: str, words: list[str]) -> dict[str, str]:
    """Return the query of each row to measure, by its name."""
    named = {f"catalogue, {label}: {key}": query for key, query in QUERIES.items()}
    return {name: query for name, query in named.items() if is_chosen(name, words)}


def measure_queries(label: str, queries: dict[str, str]) -> list[Row]:
    """Return the rows of these queries, measured for a signed-in user, for whom pages are not cached as a whole."""
    from casebook.models import User

    user, _ = User.objects.get_or_create(email="meter@example.org", defaults={"name": "Meter"})
    client, rows = signed_in_client(user), []
    print_head(f"{label}, test client", "ms")
    for name, query in queries.items():
        rows.append(measure_with_client(name, client, f"/casussen/{query}"))
        print_row(rows[-1], f"{rows[-1].ms:.1f}")
    return rows


def print_growth(ms: dict[str, float]) -> None:
    """Print how many times as long a page takes with many cases, where both were measured."""
    for key in QUERIES:
        few, many = ms.get(f"catalogue, {FEW}: {key}"), ms.get(f"catalogue, {MANY}: {key}")
        if few and many:
            print(f"{key:24}{many / few:>6.1f} times the milliseconds of {FEW}")


def create_cases(count: int) -> None:
    """Create cases up to this number, from the paragraphs, keywords, actors and questions of the sixteen, shuffled."""
    from django.db import transaction

    from cases.library import search
    from cases.models import Case, CaseActor, CaseKeyword, Keyword, Status
    from cases.publishing import editions
    from questions.models import Question

    rng = random.Random(1)
    models = list(Case.objects.published().for_reading())
    paragraphs = [part for case in models for part in case.body.split("\n\n")]
    keywords = list(Keyword.objects.all())
    actors = [line for case in models for line in case.case_actors.all()]
    questions = [question for case in models for question in case.questions.all()]
    with transaction.atomic():
        for number in range(17, count + 1):
            model = rng.choice(models)
            case = Case.objects.create(
                number=number,
                slug=f"casus-{number}",
                title=f"{model.title} {number}",
                part=model.part,
                summary=model.summary,
                introduction=model.introduction,
                body="\n\n".join(rng.sample(paragraphs, 6)),
                closing=model.closing,
                status=Status.PUBLISHED,
                word_count=rng.randint(300, 3000),
            )
            CaseKeyword.objects.bulk_create(
                CaseKeyword(case=case, keyword=keyword) for keyword in rng.sample(keywords, 6)
            )
            lines = {(line.actor_id, line.person) for line in rng.sample(actors, 5)}
            CaseActor.objects.bulk_create(CaseActor(case=case, actor_id=a, person=person) for a, person in lines)
            Question.objects.bulk_create(
                Question(case=case, key=f"k{n}", text=question.text, kolb=question.kolb)
                for n, question in enumerate(rng.sample(questions, 5))
            )
            search.index_case(case)
        editions.renew_library()
