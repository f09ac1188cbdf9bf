"""One small school with something of everything: who may see what is tried on it, and every page is opened in it.

    world = World()
    world.people["student"], world.addresses["questions:module"], words.DRAFT
"""

from datetime import timedelta
from types import SimpleNamespace

from django.urls import reverse
from django.utils import timezone

from casebook.accounts import reset_link
from casebook.models import User
from cases import editions
from questions import answering, inviting
from questions.models import (
    Answer,
    AnswerVersion,
    Enrolment,
    Feedback,
    Kolb,
    Module,
    Question,
    Role,
    SharedReading,
    Submission,
    TeacherInvitation,
    Verdict,
)
from tests.factories import ConceptFactory, UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, OwnQuestionFactory, enrol, extend, hand_in

# Words that stand nowhere else, each in one text; plain letters, so that no way of writing a page spells them otherwise.
words = SimpleNamespace(
    DRAFT="kwikstaartconcept",
    CHANGED="roodborstwijziging",
    OWN_STUDY="winterkoningzelfstudie",
    WITHDRAWN="boomkruiperteruggenomen",
    LOST_VERSION="goudhaanversie",
    SUBMITTED="ijsvogelingeleverd",
    RELEASED="merelvrijgegeven",
    UNRELEASED="spreeuwnietvrijgegeven",
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

FOUR = [kolb.value for kolb in Kolb]
CODE = "ABC234"


class World:
    """A module with its teachers and students in every state, another module, and people who belong to neither."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self._library()
        self._people()
        self._assignments()
        self._answers()
        self.addresses = self._addresses()

    def _library(self) -> None:
        self.case = published_case(title="Een lekkende koelkast", slug="koelkast", kolbs=FOUR)
        self.other_case = published_case(title="Ongemakkelijke lofbetuigingen", slug="lof", kolbs=FOUR[:2])
        self.concept = ConceptFactory(title=f"Nog niet af: {words.CONCEPT}", slug="nog-niet-af", body=words.CONCEPT)
        self.copy = editions.start_working_copy(case=self.case)
        self.copy.body = words.WORKING_COPY
        self.copy.save()

    def _people(self) -> None:
        self.people = {
            "visitor": None,
            "stranger": UserFactory(name="Daan de Wit", email="daan@example.org"),
            "student": UserFactory(name="Chaima el Idrissi", email="chaima@example.org"),
            "classmate": UserFactory(
                name=f"Bram {words.CLASSMATES_NAME}", email=f"{words.CLASSMATES_ADDRESS}@example.org"
            ),
            "left": UserFactory(name="Yusuf Aydin", email="yusuf@example.org"),
            "teacher": UserFactory(name="Karin Vos", email="karin@example.org", groups=["Docenten"]),
            "colleague": UserFactory(name="Omar Said", email="omar@example.org"),
            "other_teacher": UserFactory(name="Ria Smit", email="ria@example.org", groups=["Docenten"]),
            "editor": UserFactory(name="Els Bos", email="els@example.org", groups=["Redactie"]),
            "administrator": User.objects.create_superuser("beheer@example.org", "Beheer"),
        }
        people = self.people
        self.module = ModuleFactory(
            teacher=people["teacher"],
            title="Sociaal werk in de wijk",
            description="Over werken in de wijk.",
            code=CODE,
            groups=["SW1A", "SW1C"],
        )
        enrol(self.module, people["colleague"], role=Role.TEACHER)
        self.student = enrol(self.module, people["student"], group="SW1C")
        self.classmate = enrol(self.module, people["classmate"], group="SW1C")
        self.left = enrol(self.module, people["left"], group="SW1A", left_at=self.now - timedelta(days=1))
        self.others = [enrol(self.module, UserFactory(name=f"Student {n}"), group="SW1A") for n in range(2)]
        self.other_module = ModuleFactory(teacher=people["other_teacher"], title=f"Beleid, {words.OTHER_MODULE}")

    def _assignments(self) -> None:
        own = OwnQuestionFactory(module=self.module, case=self.case, text=f"Eigen vraag: {words.OWN_QUESTION}?")
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
        self.later = AssignmentFactory(
            module=self.module,
            case=self.other_case,
            instructions=words.NOT_YET_OPEN,
            opens_at=self.now + timedelta(days=1),
        )
        self.elsewhere = AssignmentFactory(module=self.other_module, case=self.case, instructions=words.OTHER_MODULE)
        extend(self.assignment, self.classmate, self.now + timedelta(days=9), reason=words.CLASSMATES_REASON)

    def _answers(self) -> None:
        first, second, third, fourth = (q for q in self.assignment.questions.order_by("asked_in__position")[:4])
        self.submission = hand_in(self.assignment, self.student, 0, f"Ik bel haar: {words.SUBMITTED}.")
        self._feedback(self.submission, words.RELEASED, Verdict.AGAIN, released_at=self.now)
        self.write(self.student, first, f"Ik ga langs: {words.CHANGED}.")
        self._feedback(hand_in(self.assignment, self.student, 1, "Zij is moe."), words.UNRELEASED, Verdict.DONE)
        self.draft = self.write(self.student, third, f"Misschien {words.DRAFT}.")
        AnswerVersion.objects.create(answer=self.draft, text=words.LOST_VERSION, base_revision=1, kind="conflict")
        taken_back = hand_in(self.assignment, self.student, 3, f"Te vroeg: {words.WITHDRAWN}.")
        answering.take_back(submission=taken_back)
        self.write(self.student, fourth, "Beter zo.")
        self.write(self.student, first, f"Voor mezelf: {words.OWN_STUDY}.", assignment=None)
        hand_in(self.assignment, self.classmate, 0, f"Ik wacht: {words.CLASSMATES_ANSWER}.")
        self.write(self.classmate, third, words.CLASSMATES_DRAFT)
        self._left_work(first, second)
        hand_in(self.shared, self.student)
        hand_in(self.shared, self.classmate, text=words.CLASSMATES_SHARED)
        for other in self.others:
            hand_in(self.shared, other)
        SharedReading.objects.create(assignment=self.shared, student=self.student.user)

    def _left_work(self, first: Question, second: Question) -> None:
        before = hand_in(self.assignment, self.left, 0, words.LEFT_BEFORE)
        Submission.objects.filter(pk=before.pk).update(submitted_at=self.now - timedelta(days=2))
        hand_in(self.assignment, self.left, 1, words.LEFT_AFTER)

    def _feedback(self, submission: Submission, text: str, verdict: str, **fields) -> None:
        Feedback.objects.create(
            submission=submission, author=self.people["teacher"], text=text, verdict=verdict, **fields
        )

    def write(self, enrolment: Enrolment, question: Question, text: str, assignment=...) -> Answer:
        """Saves a text as its writer would, over what is there."""
        where = {"student": enrolment.user, "question": question}
        where["assignment"] = self.assignment if assignment is ... else assignment
        stored = Answer.objects.filter(**where).first()
        draft = answering.Draft(text, revision=stored.revision if stored else 0)
        return answering.save(
            student=enrolment.user,
            question=question,
            assignment_id=where["assignment"] and where["assignment"].pk,
            draft=draft,
        ).answer

    def _addresses(self) -> dict[str, str]:
        """By name, each address with what it is about filled in: the module, its assignment, the student's work, the
        classmate as the person in it; what needs a query string has it."""
        invitation = TeacherInvitation(email=self.people["stranger"].email)
        token = inviting.invite(invitation=invitation, by=self.people["administrator"])
        link = reset_link(self.people["student"])
        module, person = [self.module.pk], [self.module.pk, self.classmate.tag]
        assignment, question = [self.assignment.pk], self.assignment.questions.first()
        of_module = ["module", "module_edit", "module_screen", "module_copy", "module_code", "module_code_closing"]
        of_module += ["module_archive", "module_return", "module_deletion", "module_teachers", "assignment_new"]
        of_person = ["module_person", "person_group", "person_departure", "person_return"]
        of_assignment = ["assignment", "hand_in", "take_back", "adopt", "assignment_edit", "assignment_feedback"]
        of_assignment += ["assignment_place", "assignment_closing", "assignment_reopening", "assignment_deletion"]
        of_assignment += ["assignment_extensions"]
        return {
            "invitation": reverse("invitation", args=[token]),
            "account_reset_password_from_key": link[link.index("/account/") :],
            "cases:case": self.case.get_absolute_url(),
            "questions:save_answer": f"/vragen/{question.pk}/antwoord/?opdracht={self.assignment.pk}",
            "questions:case_to_assign": f"/modules/kiezen/?casus={self.case.slug}",
            "questions:join": reverse("questions:join", args=[CODE]),
            "questions:shared": reverse("questions:shared", args=[self.shared.pk]),
            "questions:answer_versions": reverse("questions:answer_versions", args=[self.draft.pk]),
            "questions:extension_withdrawal": reverse(
                "questions:extension_withdrawal", args=[self.assignment.pk, self.classmate.tag]
            ),
            **{f"questions:{name}": reverse(f"questions:{name}", args=module) for name in of_module},
            **{f"questions:{name}": reverse(f"questions:{name}", args=person) for name in of_person},
            **{f"questions:{name}": reverse(f"questions:{name}", args=assignment) for name in of_assignment},
        }

    def address(self, name: str) -> str:
        return self.addresses.get(name) or reverse(name)

    def variants(self) -> list[str]:
        """The same addresses with everything else that they can be about."""
        modules, assignments = Module.objects.all(), [self.assignment, self.shared, self.later, self.elsewhere]
        one_person = ["module_person"]
        one_assignment = ["assignment", "assignment_edit", "assignment_feedback", "assignment_extensions", "shared"]
        one_module = ["module", "module_edit", "module_screen", "module_copy", "assignment_new"]
        found = [reverse(f"questions:{name}", args=[module.pk]) for module in modules for name in one_module]
        found += [reverse(f"questions:{name}", args=[each.pk]) for each in assignments for name in one_assignment]
        found += [f"/opdrachten/{self.assignment.pk}/?bewerk={q.pk}" for q in self.assignment.questions.all()]
        found += [f"/opdrachten/{self.assignment.pk}/feedback/?vraag={q.key}" for q in self.assignment.questions.all()]
        found += [
            reverse(f"questions:{name}", args=[person.module_id, person.tag])
            for person in Enrolment.objects.all()
            for name in one_person
        ]
        found += [f"/antwoorden/{answer.pk}/versies/" for answer in Answer.objects.all()]
        found += [f"/antwoorden/export.{kind}?module={module.pk}" for kind in ("docx", "json") for module in modules]
        found += ["/antwoorden/?stand=concept", "/antwoorden/?q=ik", "/meedoen/?code=" + CODE]
        found += [f"/modules/{self.module.pk}/opdrachten/nieuw/?casus={self.case.slug}"]
        found += [f"/casussen/{slug}/" for slug in (self.case.slug, self.other_case.slug, self.concept.slug)]
        found += ["/casussen/?q=koelkast", "/casussen/?bril=doener", "/casussen/?trefwoord=schulden"]
        return found
