"""Fixtures for a module with a teacher, a student and an assignment, and for the three fields that users write in."""

from dataclasses import dataclass

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from questions.models import Answer, AnswerVersion, Feedback, FeedbackVersion
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in


@pytest.fixture
def teacher():
    return UserFactory(name="Karin Vos", groups=["Docenten"])


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher)


@pytest.fixture
def student(module):
    return enrol(module, UserFactory(name="Bram Kuipers"), group="SW1C")


@pytest.fixture
def assignment(module):
    return AssignmentFactory(module=module, case=published_case(kolbs=["doener", "denker"]))


@dataclass
class Field:
    """A field on an open page: the address of its saves, and the models that store them."""

    client: Client
    address: str
    rows: type
    versions: type

    def save(self, text: str, revision: int = 0, seq: int = 1, writer: str = "laptop", **more) -> HttpResponse:
        values = {"text": text, "revision": revision, "seq": seq, "writer": writer, **more}
        return self.client.post(self.address, values, headers={"X-Requested-With": "XMLHttpRequest"})

    @property
    def stored(self) -> str:
        """Return the stored text of the latest row."""
        return self.rows.objects.latest("pk").text

    @property
    def conflicting_texts(self) -> list[str]:
        """Return the texts that were saved as versions because of a conflict."""
        return sorted(self.versions.objects.filter(kind="conflict").values_list("text", flat=True))


@pytest.fixture(params=["answer", "own study", "feedback"])
def field(request, client) -> Field:
    if request.param == "own study":
        client.force_login(UserFactory())
        address = reverse("questions:save_answer", args=[published_case().questions.get().pk])
        return Field(client, address, Answer, AnswerVersion)
    assignment = AssignmentFactory()
    student = enrol(assignment.module)
    if request.param == "answer":
        client.force_login(student.user)
        address = reverse("questions:save_answer", args=[assignment.questions.get().pk])
        return Field(client, f"{address}?opdracht={assignment.pk}", Answer, AnswerVersion)
    submission = hand_in(assignment, student)
    client.force_login(assignment.module.people.get(enrolments__role="teacher"))
    return Field(client, reverse("questions:save_feedback", args=[submission.pk]), Feedback, FeedbackVersion)
