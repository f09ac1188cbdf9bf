"""Who may do what with modules, assignments and answers: fetching and checking are one call.

Not signed in: 302 to the sign-in page (401 for a save or htmx). Signed in without relation: 404. Related without this
right: 403.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from casebook.lib.http import read_address, wants_status
from cases.models import Status
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
    """An assignment and the person before it."""

    assignment: Assignment
    enrolment: Enrolment
    extension: Extension | None = None

    @property
    def due_at(self):
        return self.assignment.due_for(self.extension)

    @property
    def has_left(self) -> bool:
        return self.enrolment.has_left

    @property
    def is_student_there(self) -> bool:
        """Whether its page opens for this student: in the module, and the assignment open."""
        return not self.has_left and self.assignment.is_open


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view, for people with an account; its pages are never kept by a cache between us and them."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            if wants_status(request):
                return HttpResponse(status=401)
            return redirect_to_login(_way_back(request))
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return guarded


def _way_back(request: HttpRequest) -> str:
    """Where to go after signing in: this page, or for an act the page that it was on, since most acts have none."""
    page = read_address(request.headers.get("Referer", ""))
    if request.method in {"GET", "HEAD"} or page.netloc != request.get_host():
        return request.get_full_path()
    return f"{page.path}?{page.query}".rstrip("?")


def enrolment_in(request: HttpRequest, module_id: int) -> Enrolment:
    """This person's place in a module, as student or teacher. 404 for whoever is not, or no longer, in it."""
    return get_object_or_404(Enrolment.objects.current().select_related("module"), module=module_id, user=request.user)


def module_for_teacher(request: HttpRequest, module_id: int) -> Module:
    """A module that this person teaches. 403 for its students."""
    return place_of_teacher(request, module_id).module


def place_of_teacher(request: HttpRequest, module_id: int) -> Enrolment:
    """This teacher's own place in a module, with how they chose to read. 403 for its students."""
    enrolment = enrolment_in(request, module_id)
    if not enrolment.is_teacher:
        raise PermissionDenied
    return enrolment


def assignment_for_teacher(request: HttpRequest, assignment_id: int) -> Assignment:
    """An assignment in a module that this person teaches. 403 for its students."""
    return desk_of_teacher(request, assignment_id).assignment


def desk_of_teacher(request: HttpRequest, assignment_id: int) -> Desk:
    """An assignment with the place of a teacher of its module. 403 for its students."""
    desk = _desk(request, assignment_id)
    if not desk.enrolment.is_teacher:
        raise PermissionDenied
    return desk


def submission_for_teacher(request: HttpRequest, submission_id: int) -> Submission:
    """What was handed in in a module that this person teaches. 404 for strangers, 403 for students of the module.

    One that was taken back is found too: whoever was writing feedback on it has to hear that it is gone.
    """
    submission = get_object_or_404(
        Submission.objects.select_related("answer__assignment__module", "answer__question"),
        pk=submission_id,
        answer__assignment__isnull=False,
    )
    place_of_teacher(request, submission.answer.assignment.module_id)
    is_readable = Submission.objects.readable_for_teachers().filter(pk=submission.pk).exists()
    if submission.withdrawn_at is None and not is_readable:
        raise Http404
    return submission


def comment_of(request: HttpRequest, comment_id: int) -> Comment:
    """A sentence of one's own comment bank. 404 for anybody else's."""
    return get_object_or_404(Comment, pk=comment_id, owner=request.user)


def assignment_for_member(request: HttpRequest, assignment_id: int) -> Desk:
    """An assignment for a student of its module, once it is open, or for its teachers, who see what students see."""
    desk = _desk(request, assignment_id)
    if not desk.enrolment.is_teacher and not desk.assignment.is_open:
        raise PermissionDenied("not open yet")
    return desk


def assignment_for_student(request: HttpRequest, assignment_id: int) -> Desk:
    """An assignment for who has to do it. 403 for its teachers: nothing of theirs is stored as a student's."""
    desk = assignment_for_member(request, assignment_id)
    if desk.enrolment.is_teacher:
        raise PermissionDenied
    return desk


def desk_to_write_at(request: HttpRequest, assignment_id: int) -> Desk:
    """An assignment for whoever is or was a student of its module, also before it opens. 403 for its teachers.

    Their texts are stored, as question_to_answer() says; reading and handing in have rules of their own.
    """
    desk = _desk(request, assignment_id, module__enrolments__user=request.user)
    if desk.enrolment.is_teacher:
        raise PermissionDenied
    return desk


def questions_to_write(desk: Desk, question_ids: Iterable[int]) -> dict[int, Question]:
    """Those of these questions that belong to the assignment: asked, or set aside when it took another edition over."""
    questions = {question.pk: question for question in desk.assignment.questions.all()}
    left = {pk for pk, _position in desk.assignment.set_aside} & set(question_ids) - set(questions)
    return questions | (Question.objects.in_bulk(left) if left else {})


def feedback_for_student(request: HttpRequest, feedback_id: int) -> Feedback:
    """Feedback that was released to this person. 404 for everybody else: not even that it is there is theirs."""
    return get_object_or_404(
        Feedback.objects.released().select_related("submission__answer__question", "submission__answer__assignment"),
        pk=feedback_id,
        submission__answer__student=request.user,
    )


def is_in_module(user, module_id: int) -> bool:
    """Return whether this user is in the module now."""
    return Enrolment.objects.current().filter(module=module_id, user=user).exists()


def question_to_answer(request: HttpRequest, question_id: int, assignment_id: int | None) -> Question:
    """A question that this person may write an answer to.

    For an assignment: one of its questions, for whoever is or was a student of the module (closing, archiving or
    leaving never stops a save; nor does an edition that asks it no more, since a text may be on its way). Without:
    any question of a published case, or one that was answered before.
    """
    if assignment_id is None:
        library = Question.objects.filter(module=None).select_related("case")
        question = get_object_or_404(library, pk=question_id)
        is_readable = question.case.status == Status.PUBLISHED
        if not is_readable and not question.answers.filter(student=request.user, assignment=None).exists():
            raise Http404
        return question
    place = {"asked_in__assignment": assignment_id, "asked_in__assignment__module__enrolments__user": request.user}
    asked = Question.objects.order_by().filter(pk=question_id, **place)
    question = asked.annotate(role=F("asked_in__assignment__module__enrolments__role")).first()
    role = question.role if question else None
    if question is None:
        question, role = _set_aside(request.user, question_id, assignment_id)
    if role == Role.TEACHER:
        raise PermissionDenied
    return question


def _set_aside(user, question_id: int, assignment_id: int) -> tuple[Question, str]:
    """A question that the assignment set aside when it took another edition over, with the role of this user."""
    place = Enrolment.objects.order_by().filter(user=user, module__assignments=assignment_id)
    role, left = place.values_list("role", "module__assignments__set_aside").first() or (None, None)
    if not any(pk == question_id for pk, _position in left or []):
        raise Http404
    return get_object_or_404(Question, pk=question_id), role


@dataclass(frozen=True)
class OwnStudy:
    """What somebody writes at a case for themselves alone, and the assignment that asks the same of them, if any."""

    answers: dict[int, Answer]
    assignment: Assignment | None


def own_study(user, case) -> OwnStudy:
    """For the page of a case: own answers by question, and an assignment on it that is still open to this student."""
    answers = Answer.objects.visible_to(user).filter(question__case=case, assignment=None)
    assignment = (
        Assignment.objects.open()
        .taking_work()
        .filter(edition__case=case)
        .filter(**current_enrolment("module__enrolments", user=user, role=Role.STUDENT))
        .first()
    )
    return OwnStudy({answer.question_id: answer for answer in answers}, assignment)


def _desk(request: HttpRequest, assignment_id: int, **whose) -> Desk:
    """For who is in its module, or who is related to it as these conditions say."""
    assignment = get_object_or_404(
        Assignment.objects.select_related("module", "edition__case__part").with_newest_edition(),
        pk=assignment_id,
        **(whose or current_enrolment("module__enrolments", user=request.user)),
    )
    enrolment = Enrolment.objects.get(module=assignment.module, user=request.user)
    extension = Extension.objects.filter(assignment=assignment, enrolment=enrolment).first()
    return Desk(assignment, enrolment, extension)


def check_may_make_modules(request: HttpRequest) -> None:
    """403 for whoever has no right to make modules. What one may do in an existing module is a role in that module."""
    if not request.user.may_teach:
        raise PermissionDenied


def person_in_module(request: HttpRequest, module_id: int, tag: str) -> Enrolment:
    """Someone who is or was in a module, for its teachers. 403 for its students."""
    module = module_for_teacher(request, module_id)
    return get_object_or_404(Enrolment.objects.select_related("user", "module"), module=module, tag=tag)
