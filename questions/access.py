"""Access to modules, assignments and answers: each function fetches a row and checks the rights of the user.

Visitors who are not signed in get a redirect to the sign-in page (401 for a save or htmx), users without a relation to
the row 404, and users with a relation but without this right 403.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from casebook.lib.http import read_address, wants_status
from casebook.models import User
from cases.models import Case, Status
from questions.models import (
    Answer,
    Assignment,
    Comment,
    Enrolment,
    Extension,
    Feedback,
    Module,
    Question,
    Role,
    Submission,
    current_enrolment,
)


@dataclass(frozen=True)
class Desk:
    """An assignment with the enrolment of the user who opened it, and the extension of that user."""

    assignment: Assignment
    enrolment: Enrolment
    extension: Extension | None = None

    @property
    def due_at(self) -> datetime | None:
        return self.assignment.due_for(self.extension)

    @property
    def has_left(self) -> bool:
        return self.enrolment.has_left

    @property
    def is_student_there(self) -> bool:
        """Return whether this student can open the page: the student is in the module and the assignment has opened."""
        return not self.has_left and self.assignment.is_open


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return the view for users who are signed in. No cache may store its pages."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            if wants_status(request):
                return HttpResponse(status=401)
            return redirect_to_login(_way_back(request))
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return guarded


def _way_back(request: HttpRequest) -> str:
    """Return the address to go to after signing in: this page, or for a POST the page that sent it, if it is ours."""
    page = read_address(request.headers.get("Referer", ""))
    if request.method in {"GET", "HEAD"} or page.netloc != request.get_host():
        return request.get_full_path()
    return f"{page.path}?{page.query}".rstrip("?")


def enrolment_in(request: HttpRequest, module_id: int) -> Enrolment:
    """Return the enrolment of this user in a module, or raise 404 if the user is not in it now."""
    return get_object_or_404(Enrolment.objects.current().select_related("module"), module=module_id, user=request.user)


def module_for_teacher(request: HttpRequest, module_id: int) -> Module:
    """Return a module that this user teaches. 403 for its students."""
    return enrolment_of_teacher(request, module_id).module


def enrolment_of_teacher(request: HttpRequest, module_id: int) -> Enrolment:
    """Return the enrolment of this teacher in a module. 403 for its students."""
    enrolment = enrolment_in(request, module_id)
    if not enrolment.is_teacher:
        raise PermissionDenied
    return enrolment


def assignment_for_teacher(request: HttpRequest, assignment_id: int) -> Assignment:
    """Return an assignment of a module that this user teaches. 403 for the students of the module."""
    return desk_of_teacher(request, assignment_id).assignment


def desk_of_teacher(request: HttpRequest, assignment_id: int) -> Desk:
    """Return an assignment with the enrolment of this teacher of its module. 403 for the students of the module."""
    desk = _desk(request, assignment_id)
    if not desk.enrolment.is_teacher:
        raise PermissionDenied
    return desk


def submission_for_teacher(request: HttpRequest, submission_id: int) -> Submission:
    """Return a submission in a module that this user teaches. 404 for strangers, 403 for students of the module.

    A submission that was taken back is returned too, so that a teacher who was writing feedback on it is told so.
    """
    submission = get_object_or_404(
        Submission.objects.select_related("answer__assignment__module", "answer__question"),
        pk=submission_id,
        answer__assignment__isnull=False,
    )
    enrolment_of_teacher(request, submission.answer.assignment.module_id)
    is_readable = Submission.objects.readable_for_teachers().filter(pk=submission.pk).exists()
    if submission.withdrawn_at is None and not is_readable:
        raise Http404
    return submission


def comment_of(request: HttpRequest, comment_id: int) -> Comment:
    """Return a comment of this user. 404 for comments of other users."""
    return get_object_or_404(Comment, pk=comment_id, owner=request.user)


def assignment_for_member(request: HttpRequest, assignment_id: int) -> Desk:
    """Return an assignment for the students of its module, once it is open, or for its teachers at any time."""
    desk = _desk(request, assignment_id)
    if not desk.enrolment.is_teacher and not desk.assignment.is_open:
        raise PermissionDenied("not open yet")
    return desk


def assignment_for_student(request: HttpRequest, assignment_id: int) -> Desk:
    """Return an assignment for a student of its module. 403 for its teachers, whose texts are never answers."""
    desk = assignment_for_member(request, assignment_id)
    if desk.enrolment.is_teacher:
        raise PermissionDenied
    return desk


def desk_for_writing(request: HttpRequest, assignment_id: int) -> Desk:
    """Return an assignment for current and former students of its module, also before it opens. 403 for its teachers.

    The texts of these students are stored, as in question_to_answer(); reading and handing in have stricter rules.
    """
    desk = _desk(request, assignment_id, module__enrolments__user=request.user)
    if desk.enrolment.is_teacher:
        raise PermissionDenied
    return desk


def questions_to_write(desk: Desk, question_ids: Iterable[int]) -> dict[int, Question]:
    """Return those of these questions that the assignment asks, or set aside when it took over another edition."""
    questions = {question.pk: question for question in desk.assignment.questions.all()}
    left = {pk for pk, _position in desk.assignment.set_aside} & set(question_ids) - set(questions)
    return questions | (Question.objects.in_bulk(left) if left else {})


def feedback_for_student(request: HttpRequest, feedback_id: int) -> Feedback:
    """Return feedback that was released to this user. 404 for all other users, so that its existence stays hidden."""
    return get_object_or_404(
        Feedback.objects.released().select_related("submission__answer__question", "submission__answer__assignment"),
        pk=feedback_id,
        submission__answer__student=request.user,
    )


def is_in_module(user: User, module_id: int) -> bool:
    """Return whether this user is in the module now."""
    return Enrolment.objects.current().filter(module=module_id, user=user).exists()


def question_to_answer(request: HttpRequest, question_id: int, assignment_id: int | None) -> Question:
    """Return a question that this user may write an answer to.

    For an assignment, that is one of its questions, for current and former students of the module. Closing, archiving
    and leaving never stop a save, and neither does an edition upgrade that removes the question, since the text may
    have been written before it. Without an assignment, it is any question of a published case, or one that this user
    answered before.
    """
    if assignment_id is None:
        library = Question.objects.filter(module=None).select_related("case")
        question = get_object_or_404(library, pk=question_id)
        is_readable = question.case.status == Status.PUBLISHED
        if not is_readable and not question.answers.filter(student=request.user, assignment=None).exists():
            raise Http404
        return question
    lookups = {"asked_in__assignment": assignment_id, "asked_in__assignment__module__enrolments__user": request.user}
    asked = Question.objects.order_by().filter(pk=question_id, **lookups)
    question = asked.annotate(role=F("asked_in__assignment__module__enrolments__role")).first()
    role = question.role if question else None
    if question is None:
        question, role = _set_aside(request.user, question_id, assignment_id)
    if role == Role.TEACHER:
        raise PermissionDenied
    return question


def _set_aside(user: User, question_id: int, assignment_id: int) -> tuple[Question, str]:
    """Return a question that an edition upgrade set aside, with the role of this user in the module."""
    enrolments = Enrolment.objects.order_by().filter(user=user, module__assignments=assignment_id)
    role, left = enrolments.values_list("role", "module__assignments__set_aside").first() or (None, None)
    if not any(pk == question_id for pk, _position in left or []):
        raise Http404
    return get_object_or_404(Question, pk=question_id), role


@dataclass(frozen=True)
class OwnStudy:
    """A user's answers for own study on one case, and the assignment on that case that the user can do, if any."""

    answers: dict[int, Answer]
    assignment: Assignment | None


def own_study(user: User, case: Case) -> OwnStudy:
    """Return the user's own answers on a case by question, and an assignment on it that takes work of this student."""
    answers = Answer.objects.visible_to(user).filter(question__case=case, assignment=None)
    assignment = (
        Assignment.objects.open()
        .taking_work()
        .filter(edition__case=case)
        .filter(**current_enrolment("module__enrolments", user=user, role=Role.STUDENT))
        .first()
    )
    return OwnStudy({answer.question_id: answer for answer in answers}, assignment)


def _desk(request: HttpRequest, assignment_id: int, **conditions: object) -> Desk:
    """Return the assignment for a user who is in its module now, or for whom these other conditions hold."""
    assignment = get_object_or_404(
        Assignment.objects.select_related("module", "edition__case__part").with_newest_edition(),
        pk=assignment_id,
        **(conditions or current_enrolment("module__enrolments", user=request.user)),
    )
    enrolment = Enrolment.objects.get(module=assignment.module, user=request.user)
    extension = None
    if not enrolment.is_teacher:
        extension = Extension.objects.filter(assignment=assignment, enrolment=enrolment).order_by().first()
    return Desk(assignment, enrolment, extension)


def check_may_make_modules(request: HttpRequest) -> None:
    """Raise 403 for users without the right to make modules. In an existing module, the role decides."""
    if not request.user.may_teach:
        raise PermissionDenied


def person_in_module(request: HttpRequest, module_id: int, tag: str) -> Enrolment:
    """Return the enrolment of a current or former member of a module, for its teachers. 403 for its students."""
    module = module_for_teacher(request, module_id)
    return get_object_or_404(Enrolment.objects.select_related("user", "module"), module=module, tag=tag)
