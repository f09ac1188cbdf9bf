"""The invented class of the demonstration: created from a file, and removed again.

Its accounts are marked by a field that no form has. The address is no mark: users change theirs, and anybody could sign
up with a similar one: that user would be removed as well, or prevent an https site from starting. The addresses end in
.invalid (RFC 2606), so that no mail for them ever reaches a person.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from casebook.demo.guard import people
from casebook.lib import env
from casebook.models import CHIEF_EDITORS, EDITORS, TEACHERS, User
from cases.models import Case, Edition
from questions.actions import answering, assignments, modules
from questions.actions import feedback as feedback_actions
from questions.actions.saving import Draft
from questions.models import (
    Answer,
    AnswerVersion,
    Assignment,
    Enrolment,
    Feedback,
    Module,
    Question,
    Submission,
    TeacherInvitation,
    Verdict,
)

FILE = settings.BASE_DIR / "fixtures" / "demonstration.yaml"
DOMAIN = "demo.invalid"


class DemonstrationError(Exception):
    """The demonstration cannot be created here; the message says why."""


# --- Removal ---


@transaction.atomic
def remove() -> list[str]:
    """Delete the accounts, their modules and what they wrote. Returns what stays because others use it too.

    A module stays where a real user teaches or has answered, and what was released to a real student stays with that
    student, as with any account deletion. Cases belong to the library, whoever edited them.
    """
    published = Edition.objects.filter(published_by__is_demo=True).select_related("case")
    stays = [f"edition {edition.number} of «{edition.case}», which the editor published" for edition in published]
    Answer.objects.filter(student__is_demo=True).delete()
    Feedback.objects.filter(author__is_demo=True, released_at=None).delete()
    for module in _modules():
        if module.is_shared:
            stays.append(f"the module «{module}», in which others teach or answered")
        else:
            module.assignments.all().delete()
            module.delete()
    _forget_traces()
    people().delete()
    return stays


def _forget_traces() -> None:
    """Delete what has the names of these users without a relation, and the invitations they left open."""
    emails = list(people().values_list("email", flat=True))
    keys = [str(key) for key in people().values_list("pk", flat=True)]
    TeacherInvitation.objects.filter(Q(email__in=emails) | Q(invited_by__is_demo=True, used_at=None)).delete()
    accounts = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=accounts, object_id__in=keys).delete()


def _modules() -> QuerySet[Module]:
    """Return the modules of the demonstration's teachers, with is_shared: whether others use them too."""
    places = Enrolment.objects.teachers().filter(module=OuterRef("pk"))
    answers = Answer.objects.filter(assignment__module=OuterRef("pk"), student__is_demo=False)
    return Module.objects.filter(Exists(places.filter(user__is_demo=True))).annotate(
        is_shared=Exists(places.filter(user__is_demo=False)) | Exists(answers)
    )


# --- Creation ---


@transaction.atomic
def make(*, file: Path = FILE) -> Module | None:
    """Create all of it, with the functions of the site; returns None where there is one already, in any state."""
    if not env.is_local(settings.SITE_URL):
        raise DemonstrationError(f"a site at {settings.SITE_URL} is open to others; it is for one's own computer")
    if people().exists():
        return None
    return _Maker(yaml.safe_load(file.read_text(encoding="utf-8"))).make()


class _Maker:
    """The content of the file, with the rows that were created by their short names."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        self.people: dict[str, User] = {}
        self.assignments: dict[str, Assignment] = {}
        self.own: dict[tuple[Assignment, str], Question] = {}

    def make(self) -> Module:
        for kind, groups in (("teachers", [TEACHERS]), ("editors", [EDITORS, CHIEF_EDITORS]), ("students", [])):
            for person in self.data[kind]:
                self.people[person["key"]] = self.person(person, groups)
        module = self.module()
        for assignment in self.data["assignments"]:
            self.assignments[assignment["key"]] = self.assignment(module, assignment)
        for answer in self.data["answers"]:
            self.answer(answer)
        return module

    def at(self, text: str) -> datetime:
        """Return the time of «-12 19:40»: twelve days ago, at that time of the day."""
        days, clock = text.split()
        hours, minutes = clock.split(":")
        return timezone.make_aware(
            self.midnight + timedelta(days=int(days)) + timedelta(hours=int(hours), minutes=int(minutes))
        )

    def person(self, data: dict[str, str], groups: list[str]) -> User:
        email = f"{data['key']}@{DOMAIN}"
        if User.objects.filter(email=email).exists():
            raise DemonstrationError(f"{email} is the address of an account that is no part of it")
        user = User.objects.create_user(email, data["name"], is_demo=True)
        user.groups.set(Group.objects.filter(name__in=groups))
        return user

    def module(self) -> Module:
        data = self.data["module"]
        first, *others = self.data["teachers"]
        module = modules.create_module(
            teacher=self.people[first["key"]],
            **{name: data[name] for name in ("title", "period", "description", "groups")},
        )
        for teacher in others:
            modules.make_teacher(module=module, user=self.people[teacher["key"]])
        for student in self.data["students"]:
            modules.join(module=module, user=self.people[student["key"]], group=student["group"])
        opened = self.at(data["opened"])
        Module.objects.filter(pk=module.pk).update(created_at=opened)
        module.enrolments.update(joined_at=opened)
        return module

    def case(self, slug: str) -> Case:
        case = Case.objects.published().filter(slug=slug).first()
        if case is None:
            raise DemonstrationError(f"the case {slug} is not in this library")
        return case

    def assignment(self, module: Module, data: dict[str, Any]) -> Assignment:
        edition = self.case(data["case"]).editions.latest()
        choice = {
            question.key: question for question in assignments.questions_to_choose(module=module, edition=edition)
        }
        if missing := set(data["questions"]) - set(choice):
            raise DemonstrationError(f"the case {data['case']} has no question {sorted(missing)[0]} any more")
        own = data.get("own", [])
        plan = assignments.Plan(
            questions=tuple(choice[key] for key in data["questions"]),
            own=tuple(assignments.OwnQuestion(question["text"], question["kolb"]) for question in own),
            instructions=data["instructions"],
            opens_at=self.at(data["opens"]),
            due_at=self.at(data["due"]),
            share=data.get("share", False),
        )
        assignment = assignments.create_assignment(module=module, edition=edition, plan=plan)
        for question in own:
            self.own[assignment, question["key"]] = module.own_questions.get(text=question["text"])
        for later in data.get("extensions", []):
            assignments.extend(
                assignment=assignment,
                enrolment=module.enrolments.get(user=self.people[later["student"]]),
                due_at=self.at(later["due"]),
                reason=later["reason"],
            )
        return assignment

    def answer(self, data: dict[str, Any]) -> None:
        assignment = self.assignments[data["assignment"]] if "assignment" in data else None
        case = assignment.edition.case if assignment else self.case(data["case"])
        question = self.own.get((assignment, data["question"])) or case.questions.get(key=data["question"])
        whose = {"student": self.people[data["student"]], "question": question}
        for step in data["steps"]:
            if "feedback" in step:
                self.feedback(Answer.objects.get(**whose, assignment=assignment), step)
            elif "take_back" in step:
                self.take_back(Answer.objects.get(**whose, assignment=assignment), step)
            else:
                self.write(whose, assignment, step)

    def write(self, whose: dict[str, Any], assignment: Assignment | None, step: dict[str, Any]) -> None:
        """Write an answer, hand it in if the file says so, and move it to its time."""
        at, answers = self.at(step["at"]), Answer.objects.filter(**whose, assignment=assignment)
        really, is_new = timezone.now(), not answers.exists()
        revision = 0 if is_new else answers.get().revision
        draft = Draft(step.get("hand_in") or step["write"], revision=revision)
        if "hand_in" in step:
            answering.hand_in(**whose, assignment=assignment, draft=draft)
            Submission.objects.filter(answer__in=answers, revision=F("answer__revision")).update(submitted_at=at)
        else:
            answering.save(**whose, assignment_id=assignment and assignment.pk, draft=draft)
        answers.update(updated_at=at, version_at=at, **({"created_at": at} if is_new else {}))
        AnswerVersion.objects.filter(answer__in=answers, created_at__gte=really).update(created_at=at)

    def take_back(self, answer: Answer, step: dict[str, Any]) -> None:
        submission = answer.submissions.latest("revision")
        answering.take_back(submission=submission)
        Submission.objects.filter(pk=submission.pk).update(withdrawn_at=self.at(step["take_back"]))

    def feedback(self, answer: Answer, step: dict[str, Any]) -> None:
        """Write feedback, release it if the file says so, and move it to its time."""
        at = self.at(step["at"])
        saved = feedback_actions.save(
            author=self.people[step["by"]],
            submission=answer.submissions.latest("revision"),
            draft=Draft(step["feedback"]),
            verdict=Verdict(step["verdict"]),
        )
        given = Feedback.objects.filter(pk=saved.row.pk)
        given.update(created_at=at, updated_at=at)
        if step.get("released", True):
            feedback_actions.release(feedback=given)
            given.update(released_at=at, seen_at=self.at(step["seen"]) if "seen" in step else None)
