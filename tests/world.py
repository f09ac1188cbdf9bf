"""A small set of test data with every kind of row, for tests that open every address as every role.

world = World()
world.client("student").get(world.addresses["questions:module"]), markers.DRAFT
"""

from collections.abc import Container, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from casebook.accounts.adapter import reset_link
from casebook.models import User
from cases.files.archives import Packed
from cases.models import Reference
from cases.publishing import editions
from cases.transfer import imports, sync
from questions.actions import answering, co_teacher_invitations, pins, teacher_invitations
from questions.models import (
    Answer,
    AnswerVersion,
    Comment,
    Enrolment,
    Feedback,
    FeedbackVersion,
    Kolb,
    Module,
    Question,
    Role,
    SharedReading,
    Submission,
    TeacherInvitation,
    Verdict,
)
from tests.factories import ConceptFactory, UserFactory, publish, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, OwnQuestionFactory, enrol, extend, hand_in

# Words that are in one text only; they consist of plain letters, which no output format escapes.
markers = SimpleNamespace(
    DRAFT="kwikstaartconcept",
    CHANGED="roodborstwijziging",
    OWN_STUDY="winterkoningzelfstudie",
    WITHDRAWN="boomkruiperteruggenomen",
    LOST_VERSION="goudhaanversie",
    SUBMITTED="ijsvogelingeleverd",
    RELEASED="merelvrijgegeven",
    UNRELEASED="spreeuwnietvrijgegeven",
    RELEASED_AND_CHANGED="lijsterveranderd",
    UNDONE_FEEDBACK="pimpelmeesongedaan",
    OWN_COMMENT="appelvinkzin",
    SHARED_COMMENT="groenlinggedeeldezin",
    CLASSMATES_NAME="Wielewaal",
    CLASSMATES_ADDRESS="baardmannetje",
    CLASSMATES_ANSWER="putterklasgenoot",
    CLASSMATES_DRAFT="sijsklasgenoot",
    CLASSMATES_REASON="kneureden",
    CLASSMATES_SHARED="vinkgedeeld",
    LEFT_BEFORE="grutovoorvertrek",
    LEFT_AFTER="wulpnavertrek",
    NOT_YET_OPEN="tureluurnogdicht",
    OWN_QUESTION="kievitdocentvraag",
    CONCEPT="scholeksterconcept",
    WORKING_COPY="kluutwerkversie",
    OTHER_MODULE="zwaluwanderemodule",
)

# Words that are in one part of the story of world.case only, which all users may read until it is withdrawn.
story_markers = SimpleNamespace(
    SUMMARY="patrijsomschrijving",
    INTRODUCTION="kwartelinleiding",
    BODY="fazantmiddenstuk",
    CLOSING="korhoenslot",
    PERSON="Appelvink",
    REFERENCE="notenkrakerliteratuur",
)

FOUR = [kolb.value for kolb in Kolb]
CODE = "ABC234"


class World:
    """A module with teachers and students in every state, another module, and users in neither of them."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self._library()
        self._users()
        self._assignments()
        self._answers()
        self._comments()
        self.sessions = {role: self._sign_in(user) for role, user in self.users.items() if user}
        self.bodies = self._bodies()
        self.addresses = self._addresses()  # after signing in, which invalidates links for a new password

    def _library(self) -> None:
        concept = ConceptFactory(
            title="Een lekkende koelkast",
            slug="koelkast",
            kolbs=FOUR,
            summary=f"Over {story_markers.SUMMARY}.",
            introduction=f"Zo begint het: {story_markers.INTRODUCTION}.",
            body=f"### Een kopje\n\nHier gebeurt het: {story_markers.BODY}.",
            closing=f"Zo loopt het af: {story_markers.CLOSING}.",
            actor_lines=[("Bewoner", "informal", f"mevrouw {story_markers.PERSON}")],
        )
        Reference.objects.create(case=concept, text=f"Jansen (2020). {story_markers.REFERENCE}.", position=1)
        self.case = publish(concept)
        self.other_case = published_case(title="Ongemakkelijke lofbetuigingen", slug="lof", kolbs=FOUR[:2])
        self.concept = ConceptFactory(title=f"Nog niet af: {markers.CONCEPT}", slug="nog-niet-af", body=markers.CONCEPT)
        self.working_copy = editions.start_working_copy(case=self.case)
        self.working_copy.body = markers.WORKING_COPY
        self.working_copy.save()

    def _users(self) -> None:
        self.users = {
            "visitor": None,
            "stranger": UserFactory(name="Daan de Wit", email="daan@example.org"),
            "student": UserFactory(name="Chaima el Idrissi", email="chaima@example.org"),
            "classmate": UserFactory(
                name=f"Bram {markers.CLASSMATES_NAME}", email=f"{markers.CLASSMATES_ADDRESS}@example.org"
            ),
            "left": UserFactory(name="Yusuf Aydin", email="yusuf@example.org"),
            "teacher": UserFactory(name="Karin Vos", email="karin@example.org", groups=["Docenten"]),
            "colleague": UserFactory(name="Omar Said", email="omar@example.org"),
            "other_teacher": UserFactory(name="Ria Smit", email="ria@example.org", groups=["Docenten"]),
            "editor": UserFactory(name="Els Bos", email="els@example.org", groups=["Redactie"]),
            "administrator": User.objects.create_superuser("beheer@example.org", "Beheer", "koelkast-op-driehoog"),
        }
        users = self.users
        self.upload = imports.keep(
            files=[Packed(name, text.encode()) for name, text in sync.export().items()], owner=users["editor"]
        )
        self.module = ModuleFactory(
            teacher=users["teacher"],
            title="Sociaal werk in de wijk",
            description="Over werken in de wijk.",
            code=CODE,
            groups=["SW1A", "SW1C"],
        )
        enrol(self.module, users["colleague"], role=Role.TEACHER)
        self.student = enrol(self.module, users["student"], group="SW1C")
        self.classmate = enrol(self.module, users["classmate"], group="SW1C")
        self.left = enrol(self.module, users["left"], group="SW1A", left_at=self.now - timedelta(days=1))
        self.others = [enrol(self.module, UserFactory(name=f"Student {n}"), group="SW1A") for n in range(2)]
        self.last_year = ModuleFactory(
            teacher=users["teacher"], title=self.module.title, archived_at=self.now - timedelta(days=300)
        )
        self.last_year_enrolment = enrol(self.last_year, users["student"])
        self.other_module = ModuleFactory(teacher=users["other_teacher"], title=f"Beleid, {markers.OTHER_MODULE}")

    def _assignments(self) -> None:
        own = OwnQuestionFactory(module=self.module, case=self.case, text=f"Eigen vraag: {markers.OWN_QUESTION}?")
        library = list(self.case.questions.in_library())
        self.assignment = AssignmentFactory(
            module=self.module,
            case=self.case,
            questions=[*library, own],
            instructions="Lees eerst het verhaal.",
            due_at=self.now + timedelta(days=3),
        )
        self.shared = AssignmentFactory(
            module=self.module,
            case=self.other_case,
            questions=[self.other_case.questions.first()],
            share=True,
            shared_from=self.now - timedelta(days=9),
        )
        self.unopened = AssignmentFactory(
            module=self.module,
            case=self.other_case,
            instructions=markers.NOT_YET_OPEN,
            opens_at=self.now + timedelta(days=1),
        )
        self.last_year_assignment = AssignmentFactory(module=self.last_year, case=self.case)
        self.other_assignment = AssignmentFactory(
            module=self.other_module, case=self.case, instructions=markers.OTHER_MODULE
        )
        extend(self.assignment, self.classmate, self.now + timedelta(days=9), reason=markers.CLASSMATES_REASON)

    def _answers(self) -> None:
        first, second, third, fourth = (q for q in self.assignment.questions.order_by("asked_in__position")[:4])
        self.submission = hand_in(self.assignment, self.student, 0, f"Ik bel haar: {markers.SUBMITTED}.")
        release = {"released_at": self.now, "released_text": markers.RELEASED, "released_verdict": Verdict.AGAIN}
        self.released = self._feedback(self.submission, markers.RELEASED_AND_CHANGED, Verdict.DONE, **release)
        pins.pin(submission=self.submission, teacher=self.users["teacher"])
        self.write(self.student, first, f"Ik ga langs: {markers.CHANGED}.")
        self._feedback(hand_in(self.assignment, self.student, 1, "Zij is moe."), markers.UNRELEASED, Verdict.DONE)
        self.draft = self.write(self.student, third, f"Misschien {markers.DRAFT}.")
        AnswerVersion.objects.create(answer=self.draft, text=markers.LOST_VERSION, base_revision=1, kind="conflict")
        taken_back = hand_in(self.assignment, self.student, 3, f"Te vroeg: {markers.WITHDRAWN}.")
        answering.take_back(submission=taken_back)
        self.write(self.student, fourth, "Beter zo.")
        self.write(self.student, first, f"Voor mezelf: {markers.OWN_STUDY}.", assignment=None)
        hand_in(self.assignment, self.classmate, 0, f"Ik wacht: {markers.CLASSMATES_ANSWER}.")
        self.write(self.classmate, third, markers.CLASSMATES_DRAFT)
        self._left_work(first, second)
        self.write(self.last_year_enrolment, first, "Vorig jaar dacht ik er anders over.", self.last_year_assignment)
        hand_in(self.shared, self.student)
        hand_in(self.shared, self.classmate, text=markers.CLASSMATES_SHARED)
        for other in self.others:
            hand_in(self.shared, other)
        SharedReading.objects.create(assignment=self.shared, student=self.student.user)

    def _comments(self) -> None:
        teacher, module = self.users["teacher"], self.module
        self.comment = Comment.objects.create(owner=teacher, text=f"{markers.OWN_COMMENT}: waarom?")
        Comment.objects.create(owner=teacher, module=module, text=f"{markers.SHARED_COMMENT}: hoe dan?")
        undone = {"author": teacher, "kind": FeedbackVersion.Kind.UNDONE, "text": markers.UNDONE_FEEDBACK}
        FeedbackVersion.objects.create(submission=self.submission, **undone)

    def _left_work(self, first: Question, second: Question) -> None:
        before = hand_in(self.assignment, self.left, 0, markers.LEFT_BEFORE)
        Submission.objects.filter(pk=before.pk).update(submitted_at=self.now - timedelta(days=2))
        hand_in(self.assignment, self.left, 1, markers.LEFT_AFTER)

    def _feedback(self, submission: Submission, text: str, verdict: str, **fields) -> Feedback:
        return Feedback.objects.create(
            submission=submission, author=self.users["teacher"], text=text, verdict=verdict, **fields
        )

    def write(self, enrolment: Enrolment, question: Question, text: str, assignment=...) -> Answer:
        """Save a text as this student, replacing the stored text; assignment=None is own study."""
        assignment_id = self.assignment.pk if assignment is ... else assignment and assignment.pk
        stored = Answer.objects.filter(student=enrolment.user, question=question, assignment=assignment_id).first()
        draft = answering.Draft(text, revision=stored.revision if stored else 0)
        return answering.save(student=enrolment.user, question=question, assignment_id=assignment_id, draft=draft).row

    @staticmethod
    def _sign_in(user: User) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def client(self, role: str, **options) -> Client:
        """Return a new test client with the session of this role."""
        client = Client(raise_request_exception=False, **options)
        if role in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    def _route_values(self) -> dict[str, str]:
        """Return the replacement of each variable part of a route.

        These are the module, its assignment and the student's work; routes about a user have the classmate.
        """
        invitation = TeacherInvitation(email=self.users["stranger"].email)
        token = teacher_invitations.invite(invitation=invitation, by=self.users["administrator"])
        link = reset_link(self.users["student"])
        co_teacher = co_teacher_invitations.invite(module=self.module, by=self.users["teacher"])
        return {
            "opdrachten/<id:pk>/gedeeld": f"opdrachten/{self.shared.pk}/gedeeld",
            "opdrachten/<id:pk>": f"opdrachten/{self.assignment.pk}",
            "modules/<id:pk>": f"modules/{self.module.pk}",
            "vragen/<id:pk>": f"vragen/{self.assignment.questions.get(module=self.module).pk}",  # not answered yet
            "antwoorden/feedback/<id:pk>": f"antwoorden/feedback/{self.released.pk}",
            "antwoorden/<id:pk>": f"antwoorden/{self.draft.pk}",
            "ingeleverd/<id:pk>": f"ingeleverd/{self.submission.pk}",
            "zinnen/<id:pk>": f"zinnen/{self.comment.pk}",
            "<slug:tag>": self.classmate.tag,
            "<id:asked>": str(self.assignment.asked.order_by("position").first().pk),
            "meedoen/<str:code>": f"meedoen/{CODE}",
            "casussen/<slug:slug>": f"casussen/{self.case.slug}",
            "uitnodiging/<str:token>": f"uitnodiging/{token}",
            "uitnodiging/collega/<str:token>": co_teacher_invitations.path_of(co_teacher).strip("/"),
            "<id:invitation>": str(co_teacher.pk),
            "^account/wachtwoord/nieuw/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": link[link.index("account/") :],
            "beheer/cases/case/importeren/<id:pk>": f"beheer/cases/case/importeren/{self.upload.pk}",
            "beheer/cases/case/<id:pk>/werkversie": f"beheer/cases/case/{self.case.pk}/werkversie",
            **{
                f"beheer/cases/case/<id:pk>/{act}": f"beheer/cases/case/{self.case.pk}/{act}"
                for act in ("archiveren", "intrekken", "terugzetten", "verschil", "herstellen")
            },
            "beheer/cases/case/<id:pk>": f"beheer/cases/case/{self.concept.pk}",
            "beheer/cases/case/<path:object_id>": f"beheer/cases/case/{self.concept.pk}",
            "user/<id:pk>": f"user/{self.classmate.user_id}",
            "user/<id>": f"user/{self.classmate.user_id}",
            "user/<path:object_id>": f"user/{self.classmate.user_id}",
            "module/<path:object_id>": f"module/{self.module.pk}",
            "enrolment/<path:object_id>": f"enrolment/{self.classmate.pk}",
            "assignment/<path:object_id>": f"assignment/{self.unopened.pk}",
            "edition/<path:object_id>": f"edition/{self.assignment.edition_id}",
            "teacherinvitation/<path:object_id>": f"teacherinvitation/{invitation.pk}",
            "r/<path:content_type_id>/<path:object_id>": self._view_on_site_path(self.case),
            "<path:object_id>": "1",
            "^(?P<app_label>auth|casebook|cases|questions)/$": "cases/",
        }

    @staticmethod
    def _view_on_site_path(row) -> str:
        return f"r/{ContentType.objects.get_for_model(row).pk}/{row.pk}"

    def _addresses(self) -> dict[str, str]:
        """Return every address of the site by its name, with a query string if the page requires one."""
        queries = {
            "questions:save_answer": f"?opdracht={self.assignment.pk}",
            "questions:case_to_assign": f"?casus={self.case.slug}",
            "admin:cases_case_name_check": "?soort=actor&naam=Bewoner",
        }
        route_values, addresses = self._route_values(), {}
        for name, route in routes().items():
            for part, value in route_values.items():
                route = route.replace(part, value)
            if set(route) & set("<^$"):
                raise LookupError(f"Add the variable part of {name} to World._route_values: {route}")
            addresses[name] = f"/{route}{queries.get(name, '')}"
        return addresses

    def _bodies(self) -> dict[str, dict]:
        """Return the data that a POST to an address needs to reach the check of rights, by the name of the address."""
        answered = self.assignment.questions.order_by("asked_in__position").first()
        return {
            "questions:save_answer": {"text": "Ik bel haar."},
            "questions:take_back": {"versie": self.submission.pk},
            "questions:adopt": {"vraag": answered.pk},
            "questions:join": {"group": "SW1A"},
            "questions:save_feedback": {"text": "Mooi.", "revision": 1},
            "questions:release_feedback": {"wat": "alles"},
            "questions:undo_release": {"op": self.now.isoformat()},
            "questions:comments": {"text": "Waar zie je dat?"},
            "questions:reading_choices": {"names": "verborgen"},
            "admin:cases_case_restore": {"editie": "1"},
            "questions:pin_answer": {"vast": "ja"},
            "questions:feedback_taken_up": {"verder": "ja", "tot": self.now.isoformat()},
            "questions:feedback_seen": {"tot": self.now.isoformat()},
        }

    def variants(self) -> list[str]:
        """Return the addresses of all other rows: every module, assignment, enrolment, answer and question."""
        questions = list(self.assignment.questions.all())
        found = []
        for module in Module.objects.all():
            pages = ("", "?toon=nog-te-lezen", "?klas=SW1C", "wijzigingen/", "export.xlsx", "export.csv")
            found += [f"/modules/{module.pk}/voortgang/{page}" for page in (*pages, "export.csv?blad=ingeleverd")]
            found += [f"/modules/{module.pk}/{page}" for page in ("", "als-student/", "bewerken/", "scherm/", "kopie/")]
            found += [f"/modules/{module.pk}/opdrachten/nieuw/?casus={self.case.slug}"]
            found += [f"/antwoorden/export.{kind}?module={module.pk}" for kind in ("docx", "json")]
        for assignment in (self.shared, self.unopened, self.last_year_assignment, self.other_assignment):
            pages = (
                "",
                "als-student/",
                "bewerken/",
                "feedback/",
                "overzicht/",
                "overzicht/scherm/",
                "niet-begonnen/",
                "uitstel/",
                "gedeeld/",
            )
            found += [f"/opdrachten/{assignment.pk}/{page}" for page in pages]
        found += [f"/opdrachten/{self.assignment.pk}/?bewerk={question.pk}" for question in questions]
        found += [f"/opdrachten/{self.assignment.pk}/feedback/?vraag={question.key}" for question in questions]
        found += [f"/opdrachten/{self.assignment.pk}/verhaal/?vraag={question.key}" for question in questions]
        found += [f"/opdrachten/{self.assignment.pk}/feedback/?student={e.tag}" for e in self.module.enrolments.all()]
        found += [f"/modules/{enrolment.module_id}/mensen/{enrolment.tag}/" for enrolment in Enrolment.objects.all()]
        found += [f"/antwoorden/{answer.pk}/versies/" for answer in Answer.objects.all()]
        found += [f"/casussen/{slug}/" for slug in (self.other_case.slug, self.concept.slug)]
        found += ["/antwoorden/?stand=concept", "/antwoorden/?q=ik", "/casussen/?q=koelkast", "/casussen/?bril=doener"]
        return [
            *found,
            f"/beheer/cases/case/{self.working_copy.pk}/change/",
            f"/beheer/cases/case/{self.case.pk}/change/",
        ]


def only_once(role: str, *, unless: Container[str]) -> object:
    """Return this role as a parameter of a walk over all pages, which CI repeats in other legs for a few roles only."""
    return pytest.param(role, marks=[] if role in unless else pytest.mark.once)


def routes() -> dict[str, str]:
    """Return the route of every named address of the site, from the resolver. Only the admin has unnamed ones."""
    return dict(_walk(get_resolver()))


def _walk(resolver, namespace: str = "", prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace, route)
        elif pattern.name:
            yield f"{namespace}{pattern.name}", route
        elif namespace != "admin:":
            raise LookupError(f"/{route} has no name, so no test can have a row for it")
