"""Open the pages of the site in DATABASE_URL and print the results as JSON.

    open_every_page.py pages    every page for every kind of user: {user: {name of the route: {address: status}}}
    open_every_page.py desks    the text of the page of each assignment: {assignment: text}

A user is an email address or "visitor". A status is a number, or the exception that was raised. test_upgrades.py runs
this on a restored dump, so it uses the current code only and makes no assumptions about the rows.
"""

import json
import logging
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.db.models import Model, Q  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils.html import strip_tags  # noqa: E402

from casebook.accounts.adapter import reset_link  # noqa: E402
from casebook.models import User  # noqa: E402
from cases.models import Case, Edition, FormerActor, FormerKeyword, KeptUpload  # noqa: E402
from questions.actions import co_teacher_invitations  # noqa: E402
from questions.models import (  # noqa: E402
    Answer,
    Assignment,
    AssignmentQuestion,
    Comment,
    CoTeacherInvitation,
    Enrolment,
    Extension,
    Feedback,
    Module,
    Question,
    Role,
    Submission,
)
from tests.upgrades.make_dump import INVITATION  # noqa: E402
from tests.world import routes  # noqa: E402

sys.path.append(str(Path(__file__).parents[1] / "load"))  # scripts in that folder import each other by name
from own_site import open_session  # noqa: E402

VARIABLE = re.compile(r"<[^>]+>|\^.*")
IN_ADMIN = re.compile(r"beheer/(\w+)/(\w+)/(?:<path:object_id>|<id:pk>|<id>)/")
MOST_IN_ADMIN = 6  # rows of a model; cases and editions are all opened, since they differ most
# After this number of successive refusals the other rows are skipped. The rows that a user can probably open are first:
# those of the user, and in the admin a case in each state.
REFUSALS, REFUSALS_IN_ADMIN = 4, 8


# --- Values for the variable parts of an address ---


@dataclass(frozen=True)
class Rows:
    """Rows of a model as the values of an address, with those of the user first."""

    model: type[Model]
    fields: tuple[str, ...] = ("pk",)
    owner: str = ""  # the lookup from a row to its user
    condition: Q = Q()

    def values(self, user: User | None) -> list[tuple]:
        found = self.model.objects.filter(self.condition).order_by("pk").values_list(*self.fields)
        own = list(found.filter(**{self.owner: user})) if user and self.owner else []
        return list(dict.fromkeys([*own, *found]))


@dataclass(frozen=True)
class Literal:
    """Values from a function instead of rows."""

    find: Callable[[], list[tuple]]

    def values(self, user: User | None) -> list[tuple]:
        return self.find()


def answered(user: User | None) -> list[tuple]:
    """Return the module, the tag of the student and the asked question of each answer in an assignment."""
    tags = {(module, user): tag for module, user, tag in Rows(Enrolment, ("module", "user", "tag")).values(None)}
    asked = {
        (work, question): pk
        for work, question, pk in Rows(AssignmentQuestion, ("assignment", "question", "pk")).values(None)
    }
    fields = ("assignment__module", "student", "assignment", "question")
    answers = Rows(Answer, fields, "assignment__module__people", Q(assignment__isnull=False)).values(user)
    return [(module, tags[module, student], asked[work, question]) for module, student, work, question in answers]


class Answered:
    values = staticmethod(answered)


def reset_links() -> list[tuple]:
    links = [reset_link(user) for user in User.objects.filter(is_active=True)[:2]]
    return [(link[link.index("account/") :],) for link in links]


def co_teacher_links() -> list[tuple]:
    return [(co_teacher_invitations.signer.sign(invitation.pk),) for invitation in CoTeacherInvitation.objects.all()]


def admin_redirects() -> list[tuple]:
    kind = ContentType.objects.get_for_model(Case)
    return [(kind.pk, case.pk) for case in Case.objects.filter(revises=None)]


# The values for each beginning of a route; the first match is used.
URL_VALUES = {
    "casussen/<slug:slug>": Rows(Case, ("slug",)),
    "vragen/<id:pk>": Rows(Question),
    "opdrachten/<id:pk>/uitstel/<slug:tag>": Rows(Extension, ("assignment", "enrolment__tag")),
    "opdrachten/<id:pk>": Rows(Assignment, owner="module__people"),
    "meedoen/<str:code>": Rows(Module, ("code",), "people"),
    "modules/<id:pk>/voortgang/<slug:tag>/<id:asked>": Answered,
    "modules/<id:pk>/docenten/<id:invitation>": Rows(CoTeacherInvitation, ("module", "pk"), "module__people"),
    "modules/<id:pk>/mensen/<slug:tag>": Rows(Enrolment, ("module", "tag"), "module__people"),
    "modules/<id:pk>": Rows(Module, owner="people"),
    "ingeleverd/<id:pk>": Rows(Submission),
    "zinnen/<id:pk>": Rows(Comment, owner="owner"),
    "antwoorden/feedback/<id:pk>": Rows(Feedback, owner="submission__answer__student"),
    "antwoorden/<id:pk>": Rows(Answer, owner="student"),
    "uitnodiging/collega/<str:token>": Literal(co_teacher_links),
    "uitnodiging/<str:token>": Literal(lambda: [(INVITATION,)]),
    "beheer/cases/case/importeren/<id:pk>": Rows(KeptUpload, owner="owner"),
    "beheer/r/<path:content_type_id>/<path:object_id>": Literal(admin_redirects),
    "beheer/^(?P<app_label>": Literal(lambda: [(f"{label}/",) for label in ("auth", "casebook", "cases", "questions")]),
    "^account/wachtwoord/nieuw/": Literal(reset_links),
}


def addresses_of(route: str, user: User | None) -> list[str]:
    """Return every address of this route, with those of the user first."""
    if not VARIABLE.search(route):
        return [f"/{route}"]
    found = []
    for values in values_for(route, user):
        parts = iter(values)
        found.append("/" + VARIABLE.sub(lambda _match, parts=parts: str(next(parts)), route))
    return found


def values_for(route: str, user: User | None) -> list[tuple]:
    for beginning, values in URL_VALUES.items():
        if route.startswith(beginning):
            return values.values(user)
    if not (match := IN_ADMIN.match(route)):
        raise LookupError(f"Say in open_every_page.URL_VALUES what the variable parts of {route} stand for")
    model = apps.get_model(match[1], match[2])
    found = Rows(model).values(None)
    if model is Case:
        return list(dict.fromkeys([*cases_in_each_state(), *found]))
    return found if model is Edition else found[:: -(-len(found) // MOST_IN_ADMIN) or 1]


def cases_in_each_state() -> list[tuple]:
    cases = Case.objects.order_by("pk").values_list("status", "revises", "working_copy", "sent_in_at", "pk")
    found = {(status, bool(revised), bool(copy), bool(sent)): pk for status, revised, copy, sent, pk in cases}
    return [(pk,) for pk in found.values()]


# --- Query strings and fragments ---

QUERIES = {
    "cases:catalogue": ["q=koelkast", "q=schulden&bril=doener", "sfeer=formal"],
    "questions:answers": ["stand=concept", "stand=ingeleverd", "q=ik"],
    "questions:assignment_new": ["casus=wachten-op-de-trap"],
    "questions:progress": ["toon=nog-te-lezen", "klas=SW1C"],
    "questions:progress_csv": ["blad=ingeleverd"],
    "admin:cases_case_changelist": ["q=koelkast", "status__exact=withdrawn", "status__exact=concept"],
    "admin:cases_case_name_check": ["soort=actor&naam=Bewoner"],
    "admin:cases_case_difference": ["van=1&naar=2", "van=1&naar=werkversie"],
    "admin:cases_keyword_merge": [f"id={number}&id={number + 1}" for number in range(5, 9)],
    "admin:cases_actor_merge": [f"id={number}&id={number + 1}" for number in range(5, 9)],
    "questions:assignment_edition": ["editie=1", "editie=2"],
    "admin:casebook_user_changelist": ["q=student"],
}
FRAGMENTS = {"questions:progress_changes", "questions:feedback_now"}
PAGES_BY_QUESTION = {"questions:assignment_feedback", "questions:assignment_story", "questions:overview_screen"}


def queries(name: str, address: str) -> list[str]:
    """Return the query strings to try on an address that the user can open."""
    if name == "cases:catalogue":
        former = [slug for model in (FormerActor, FormerKeyword) for (slug,) in Rows(model, ("slug",)).values(None)]
        return QUERIES[name] + [f"{kind}={slug}" for slug in former for kind in ("actor", "trefwoord")]
    if name == "questions:case_to_assign":
        return [f"casus={slug}" for slug in Case.objects.published().values_list("slug", flat=True)]
    if name in PAGES_BY_QUESTION:
        assignment = Assignment.objects.get(pk=re.search(r"\d+", address)[0])
        found = [f"vraag={key}" for key in assignment.questions.values_list("key", flat=True)]
        if name == "questions:assignment_feedback":
            students = assignment.module.enrolments.filter(role=Role.STUDENT)
            found += [f"student={tag}" for tag in students.values_list("tag", flat=True)[:3]]
        return found
    return QUERIES.get(name, [])


# --- Opening pages ---


def representative_users() -> dict[str, User | None]:
    """Return a visitor, and one user for each combination of rights and enrolments."""
    found: dict[tuple, User] = {}
    for user in User.objects.order_by("is_demo", "pk").prefetch_related("groups", "enrolments"):
        roles = frozenset((enrolment.role, enrolment.left_at is None) for enrolment in user.enrolments.all())
        groups = frozenset(group.name for group in user.groups.all())
        state = (user.is_superuser, user.is_active, user.is_demo and bool(roles), user.deletion_due_at is None)
        found.setdefault((state, groups, roles), user)
    return {"visitor": None} | {user.email: user for user in found.values()}


def client_of(user: User | None) -> Client:
    """Return a client with an older session of the user, since signing in now would cancel a requested deletion."""
    client = Client()
    if user is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = open_session(user)
    return client


def pages() -> dict[str, dict[str, dict[str, int | str]]]:
    return {name: open_all(user) for name, user in representative_users().items()}


def open_all(user: User | None) -> dict[str, dict[str, int | str]]:
    """Return the status of each address for the user, by the name of the route."""
    client = client_of(user)
    return {name: open_route(client, user, name, route) for name, route in sorted(routes().items())}


def open_route(client: Client, user: User | None, name: str, route: str) -> dict[str, int | str]:
    """Return the status of each address of this route. Stops at a 405 or a redirect to sign in, which all rows have."""
    found: dict[str, int | str] = {}
    refusals, most = 0, REFUSALS_IN_ADMIN if name.startswith("admin:") else REFUSALS
    for address in addresses_of(route, user):
        found[address], location = get(client, address)
        if found[address] == 405 or location.startswith(("/beheer/login/", "/account/inloggen/?next=")):
            break
        refusals = refusals + 1 if found[address] in {403, 404} else 0
        if refusals == most:
            break
        if not refusals or name == "questions:case_to_assign":  # a 404 without a case
            for query in queries(name, address):
                found[f"{address}?{query}"], _ = get(client, f"{address}?{query}")
        if name in FRAGMENTS:
            found[f"{address} by htmx"], _ = get(client, address, {"HX-Request": "true"})
    return found


def get(client: Client, address: str, headers: dict[str, str] | None = None) -> tuple[int | str, str]:
    try:
        response = client.get(address, headers=headers)
        b"".join(response.streaming_content if response.streaming else [response.content])
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{error!r} in {where.name}, {Path(where.filename).name}:{where.lineno}", ""
    return response.status_code, response.get("Location", "")


def desks() -> dict[str, str]:
    """Return the text that each assignment shows to a student, or to a teacher if it has no students."""
    found = {}
    for assignment in Assignment.objects.open():
        present = assignment.module.enrolments.filter(left_at=None, user__deletion_due_at=None).order_by("role")
        student = present.filter(role=Role.STUDENT).first()
        page = f"/opdrachten/{assignment.pk}/" if student else f"/opdrachten/{assignment.pk}/als-student/"
        response = client_of((student or present.first()).user).get(page)
        assert response.status_code == 200, (page, response.status_code)
        text = strip_tags(re.sub(r"<(?=(?:p|h[1-6]|li|br|blockquote)\b)", " <", response.content.decode()))
        found[str(assignment.pk)] = " ".join(unescape(text).split())
    return found


def main() -> None:
    warnings.simplefilter("ignore")  # about the empty folder of static files
    logging.disable()  # refusals are expected, and exceptions are in the result
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    json.dump({"pages": pages, "desks": desks}[sys.argv[1]](), sys.stdout)


if __name__ == "__main__":
    main()
