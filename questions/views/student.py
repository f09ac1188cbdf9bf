"""What a student does with an assignment: read, answer, hand in, take back; and answering for oneself."""

from collections import Counter

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from questions import access, answering, desk
from questions.answering import HandedIn, Result
from questions.forms.answering import read_desk, read_fields, read_save, read_user
from questions.models import Answer, SharedReading, Submission
from questions.saving import Outcome, Saved
from questions.views.replies import STATUS, refused, reply, save_reply
from questions.views.rescue import rescue_page, wants_page

NOT_STORED = {Result.STALE, Result.OVERTAKEN, Result.DAMAGED, Result.TOO_LONG}
NOT_DONE = {*NOT_STORED, Result.CLOSED}


@require_safe
@access.signed_in
def assignment(request: HttpRequest, pk: int) -> HttpResponse:
    """The desk of a student. A teacher gets it as any student of the module would."""
    place = access.assignment_for_member(request, pk)
    if place.enrolment.is_teacher:
        return _desk_page(request, desk.gather(place, None))
    view = desk.gather(place, request.user)
    for item in view.items:
        item.is_reopened = request.GET.get("bewerk") == str(item.question.pk)
    return _desk_page(request, view)


@require_safe
@access.signed_in
def assignment_as_student(request: HttpRequest, pk: int) -> HttpResponse:
    """«Bekijk als student»: nothing can be stored from it, and nothing of any student is on it."""
    return _desk_page(request, desk.gather(access.desk_of_teacher(request, pk), None))


def _desk_page(request: HttpRequest, view: desk.View, status: int = 200) -> HttpResponse:
    context = {"view": view, "is_preview": view.desk.enrolment.is_teacher}
    return render(request, "questions/assignment.html", context, status=status)


@require_POST
def save_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Save one answer. Answers with a status and the stored revision; a browser without script gets a page."""
    if not request.user.is_authenticated:
        return refused(request, 401, "signed_out")
    sent = read_save(request.POST)
    if sent.user_id not in {None, request.user.pk}:
        return refused(request, 409, "other_user")
    assignment_id = _assignment_id(request)
    question = access.question_to_answer(request, pk, assignment_id)
    saved = answering.save(student=request.user, question=question, assignment_id=assignment_id, draft=sent.draft)
    if wants_page(request):
        return _page_after_save(request, question, saved, sent.draft.text)
    return save_reply(saved)


def _assignment_id(request: HttpRequest) -> int | None:
    value = request.GET.get("opdracht", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def _page_after_save(request: HttpRequest, question, saved: Saved, text: str) -> HttpResponse:
    if saved.outcome is not Outcome.SAVED:
        return rescue_page(request, STATUS[saved.outcome], saved.outcome.value, saved)
    messages.success(request, _("Je antwoord is opgeslagen."))
    return redirect(f"{question.case.get_absolute_url()}#vraag-{question.key}")


@require_POST
def save_answers(request: HttpRequest) -> HttpResponse:
    """All answers of a case that somebody writes for themselves, from a browser without our script."""
    if not request.user.is_authenticated:
        return refused(request, 401, "signed_out")
    if read_user(request.POST) not in {None, request.user.pk}:
        return refused(request, 409, "other_user")
    question, unsaved = None, None
    for pk, draft in read_fields(request.POST).items():
        question = access.question_to_answer(request, pk, None)
        saved = answering.save(student=request.user, question=question, assignment_id=None, draft=draft)
        unsaved = unsaved or (saved if saved.outcome is not Outcome.SAVED else None)
    if unsaved is not None:
        return rescue_page(request, STATUS[unsaved.outcome], unsaved.outcome.value, unsaved)
    messages.success(request, _("Opgeslagen. Alleen jij leest dit."))
    return redirect(question.case if question else "cases:catalogue")


@require_POST
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what the form holds and hand in what the button said: one question, all of them, or none."""
    if not request.user.is_authenticated:
        return refused(request, 401, "signed_out")
    if read_user(request.POST) not in {None, request.user.pk}:
        return refused(request, 409, "other_user")
    place = access.assignment_for_student(request, pk)
    questions = {question.pk: question for question in place.assignment.questions.all()}
    drafts = read_desk(request.POST, list(questions))
    wanted = request.POST.get("lever", "")
    done = [
        answering.take_in(
            student=request.user,
            assignment=place.assignment,
            question=questions[question_id],
            draft=draft,
            is_final=wanted in {"alles", str(question_id)},
        )
        for question_id, draft in drafts.items()
    ]
    return _page_after_hand_in(request, place, done, drafts) if wants_page(request) else _hand_in_reply(request, done)


def _hand_in_reply(request: HttpRequest, done: list[HandedIn]) -> JsonResponse:
    """200 where everything went well, 409 or 413 where something did not; per question what became of it."""
    results = {
        str(each.question.pk): {
            "result": each.result.value,
            "revision": each.saved.revision,
            "hash": each.saved.text_hash,
            "stored": each.saved.other_text,
        }
        for each in done
    }
    said = {each.result for each in done}
    status = 413 if Result.TOO_LONG in said else 409 if said & NOT_DONE else 200
    if status == 200:
        _say(request, done)  # on the page that our script fetches next
    if len(done) == 1:
        return reply({"results": results}, status, done[0].saved.revision, done[0].saved.text_hash)
    return reply({"results": results}, status, 0)


def _say(request: HttpRequest, done: list[HandedIn]) -> None:
    """What became of it, in sentences for the next page."""
    counts = Counter(each.result for each in done)
    if count := counts[Result.SUBMITTED]:
        text = ngettext("%(count)s antwoord ingeleverd.", "%(count)s antwoorden ingeleverd.", count)
        messages.success(request, text % {"count": count})
    if count := counts[Result.EMPTY]:
        text = ngettext(
            "%(count)s vraag is nog leeg en dus overgeslagen.",
            "%(count)s vragen zijn nog leeg en dus overgeslagen.",
            count,
        )
        messages.info(request, text % {"count": count})
    if counts[Result.CLOSED]:
        messages.warning(request, _("De opdracht is gesloten: je tekst is bewaard, maar niet ingeleverd."))
    if set(counts) == {Result.SAVED}:
        messages.success(request, _("Opgeslagen."))


def _page_after_hand_in(request: HttpRequest, place: access.Desk, done: list[HandedIn], drafts: dict) -> HttpResponse:
    _say(request, done)
    unsaved = {each.question.pk: each.result for each in done if each.result in NOT_STORED}
    if not unsaved:
        return redirect(place.assignment)
    view = desk.gather(place, request.user)
    for item in view.items:
        if item.question.pk in unsaved:
            item.posted = drafts[item.question.pk].text
            item.problem = unsaved[item.question.pk].value
    return _desk_page(request, view, 413 if Result.TOO_LONG in unsaved.values() else 409)


@require_POST
@access.signed_in
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    place = access.assignment_for_student(request, pk)
    submission = get_object_or_404(
        Submission.objects.standing(),
        pk=request.POST.get("versie") if request.POST.get("versie", "").isdecimal() else 0,
        answer__assignment=place.assignment,
        answer__student=request.user,
    )
    if answering.take_back(submission=submission):
        messages.success(request, _("Teruggenomen. Je tekst staat er nog, als concept: je docent ziet hem niet meer."))
    else:
        # The same sentence whatever the reason: that a teacher has begun to write is told as little as can be.
        messages.error(
            request,
            _("Terugnemen kan niet meer. Wat je inleverde blijft staan. Je kunt wel verder aan een nieuwe versie."),
        )
    question = submission.answer.question
    return redirect(f"{place.assignment.get_absolute_url()}#vraag-{question.key}")


@require_POST
@access.signed_in
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Copy what one wrote for oneself into the assignment, where nothing stands yet."""
    place = access.assignment_for_student(request, pk)
    question_id = request.POST.get("vraag", "")
    question = get_object_or_404(place.assignment.questions, pk=question_id if question_id.isdecimal() else 0)
    own = get_object_or_404(Answer, student=request.user, question=question, assignment=None)
    saved = answering.save(student=request.user, question=question, assignment_id=pk, draft=answering.Draft(own.text))
    if saved.outcome is Outcome.SAVED:
        messages.success(request, _("Overgenomen. Je eigen versie blijft ook bij de casus staan."))
    else:
        messages.error(
            request, _("Hier staat al een antwoord. Je eigen tekst vind je bij Antwoorden, onder Eerdere versies.")
        )
    return redirect(f"{place.assignment.get_absolute_url()}#vraag-{question.key}")


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def shared(request: HttpRequest, pk: int) -> HttpResponse:
    """What others wrote. Asking for it is a POST, since who has read it can no longer take an own answer back."""
    place = access.assignment_for_student(request, pk)
    view = desk.gather(place, request.user)
    if request.method == "POST" and view.may_share and desk.shared_answers(place, request.user) is not None:
        SharedReading.objects.get_or_create(assignment=place.assignment, student=request.user)
        return redirect("questions:shared", pk)
    if not view.has_read_shared:
        return redirect(place.assignment.get_absolute_url())
    answers = desk.shared_answers(place, request.user)
    return render(request, "questions/shared.html", {"view": view, "answers": answers})
