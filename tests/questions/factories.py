"""Factories for modules, enrolments and assignments. Their cases are published by the code of the site itself.

module = ModuleFactory(teacher=user)
student = enrol(module, UserFactory(), group="SW1C")
assignment = AssignmentFactory(module=module, case=case, questions=[...])
"""

import factory

from questions.actions import answering
from questions.models import (
    Answer,
    Assignment,
    AssignmentQuestion,
    Enrolment,
    Extension,
    Module,
    Role,
    Submission,
)
from tests.factories import QuestionFactory, UserFactory, published_case


class EnrolmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Enrolment

    user = factory.SubFactory(UserFactory)
    role = Role.STUDENT
    group = ""


class ModuleFactory(factory.django.DjangoModelFactory):
    """A module with one teacher: a new user, or the user of the argument `teacher`. With teacher=False it has none."""

    class Meta:
        model = Module
        skip_postgeneration_save = True

    title = factory.Sequence(lambda n: f"Module {n}")
    period = "Blok 2"

    @factory.post_generation
    def teacher(self, create, user, **kwargs):
        if user is not False:
            EnrolmentFactory(module=self, user=user or UserFactory(groups=["Docenten"]), role=Role.TEACHER)


class AssignmentFactory(factory.django.DjangoModelFactory):
    """An open assignment without a due date, on the latest edition of a case.

    It asks the questions of the argument `questions`, or all questions of the case that are in the library.
    """

    class Meta:
        model = Assignment
        skip_postgeneration_save = True
        exclude = ["case"]

    case = factory.LazyFunction(published_case)
    module = factory.SubFactory(ModuleFactory)
    edition = factory.LazyAttribute(lambda assignment: assignment.case.editions.latest())

    @factory.post_generation
    def questions(self, create, chosen, **kwargs):
        chosen = self.edition.case.questions.in_library() if chosen is None else chosen
        for position, question in enumerate(chosen, start=1):
            AssignmentQuestion.objects.create(assignment=self, question=question, position=position)


class OwnQuestionFactory(QuestionFactory):
    """A question that a teacher added for one module."""

    key = factory.Sequence(lambda n: f"eigen-{n + 1}")
    module = factory.SubFactory(ModuleFactory)
    case = factory.LazyFunction(published_case)


def enrol(module: Module, user=None, role: str = Role.STUDENT, group: str = "", **fields) -> Enrolment:
    """Return a new enrolment of the user, or of a new user, in the module."""
    return EnrolmentFactory(module=module, user=user or UserFactory(), role=role, group=group, **fields)


def extend(assignment: Assignment, enrolment: Enrolment, due_at, reason: str = "ziek geweest") -> Extension:
    return Extension.objects.create(assignment=assignment, enrolment=enrolment, due_at=due_at, reason=reason)


def hand_in(assignment: Assignment, enrolment: Enrolment, number: int = 0, text: str = "Mijn antwoord.") -> Submission:
    """Hand in an answer to the question at this position (the first is 0) as the site does. Return the submission."""
    question = assignment.questions.order_by("asked_in__position")[number]
    stored = Answer.objects.filter(student=enrolment.user, question=question, assignment=assignment).first()
    draft = answering.Draft(text, revision=stored.revision if stored else 0)
    answering.hand_in(student=enrolment.user, assignment=assignment, question=question, draft=draft)
    return Submission.objects.filter(answer__student=enrolment.user, answer__question=question).latest("revision")
