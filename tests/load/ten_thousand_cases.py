"""How the catalogue holds up with ten thousand cases, beside sixteen. Prints milliseconds and ratios, asserts nothing.

    make bench

Works in a database of its own in a temporary folder.
"""

import random
import statistics
import tempfile
import time
from pathlib import Path

from own_site import in_this_process

ASKED = {
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        in_this_process(Path(folder))
        few = measure()
        started = time.perf_counter()
        multiply(10_000)
        print(f"made 10,000 cases in {time.perf_counter() - started:.0f} s")
        many = measure()
    print(f"{'asked':24}{'16 cases':>12}{'10,000':>12}{'ratio':>8}   (median ms of 20, signed in, shelf warm)")
    for name in ASKED:
        print(f"{name:24}{few[name]:>12.1f}{many[name]:>12.1f}{many[name] / few[name]:>8.1f}")


def measure() -> dict[str, float]:
    """Milliseconds per page for somebody signed in, so that no kept page is measured."""
    from django.test import Client

    from casebook.models import User

    user, _ = User.objects.get_or_create(email="meter@example.org", defaults={"name": "Meter"})
    client = Client()
    client.force_login(user)
    return {name: median(lambda query=query: client.get(f"/casussen/{query}")) for name, query in ASKED.items()}


def median(ask) -> float:
    ask()
    times = []
    for _ in range(20):
        started = time.perf_counter()
        assert ask().status_code == 200
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def multiply(count: int) -> None:
    """Cases of the same make as the sixteen: their paragraphs, keywords, actors and questions, shuffled."""
    from django.db import transaction

    from cases import editions, search
    from cases.models import Case, CaseActor, CaseKeyword, Keyword, Status
    from questions.models import Question

    chance = random.Random(1)
    models = list(Case.objects.published().for_reading())
    paragraphs = [part for case in models for part in case.body.split("\n\n")]
    keywords = list(Keyword.objects.all())
    actors = [line for case in models for line in case.case_actors.all()]
    asked = [question for case in models for question in case.questions.all()]
    with transaction.atomic():
        for number in range(17, count + 1):
            model = chance.choice(models)
            case = Case.objects.create(
                number=number,
                slug=f"casus-{number}",
                title=f"{model.title} {number}",
                part=model.part,
                summary=model.summary,
                introduction=model.introduction,
                body="\n\n".join(chance.sample(paragraphs, 6)),
                closing=model.closing,
                status=Status.PUBLISHED,
                word_count=chance.randint(300, 3000),
            )
            CaseKeyword.objects.bulk_create(
                CaseKeyword(case=case, keyword=keyword) for keyword in chance.sample(keywords, 6)
            )
            lines = {(line.actor_id, line.person) for line in chance.sample(actors, 5)}
            CaseActor.objects.bulk_create(CaseActor(case=case, actor_id=a, person=person) for a, person in lines)
            Question.objects.bulk_create(
                Question(case=case, key=f"k{n}", text=question.text, kolb=question.kolb)
                for n, question in enumerate(chance.sample(asked, 5))
            )
            search.index_case(case)
        editions.renew_library()


if __name__ == "__main__":
    main()
