"""Modules, people in them and assignments on cases that were really published.

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
    """A module with one teacher: a new one, or the given one. teacher=False leaves it without."""

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
    """The latest edition of a case, with all its library questions or the given ones. Open, without a due date."""

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
    """Puts a person (a new one by default) in a module."""
    return EnrolmentFactory(module=module, user=user or UserFactory(), role=role, group=group, **fields)


def extend(assignment: Assignment, enrolment: Enrolment, due_at, reason: str = "ziek geweest") -> Extension:
    return Extension.objects.create(assignment=assignment, enrolment=enrolment, due_at=due_at, reason=reason)


def hand_in(assignment: Assignment, enrolment: Enrolment, number: int = 0, text: str = "Mijn antwoord.") -> Submission:
    """Hands in an answer on the question at this place (the first is 0), through the one way there is."""
    question = assignment.questions.order_by("asked_in__position")[number]
    stored = Answer.objects.filter(student=enrolment.user, question=question, assignment=assignment).first()
    draft = answering.Draft(text, revision=stored.revision if stored else 0)
    answering.hand_in(student=enrolment.user, assignment=assignment, question=question, draft=draft)
    return Submission.objects.filter(answer__student=enrolment.user, answer__question=question).latest("revision")
