"""The pages and saves of the assignment desk, and saving answers for own study."""

from collections import Counter
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casebook.lib.ids import read_id
from questions import access
from questions.actions import answering
from questions.actions.answering import HandedIn, Result
from questions.actions.saving import Draft, Outcome, Saved
from questions.forms.answers import read_fields, read_save, read_writer
from questions.models import Answer, Question, SharedReading, Submission
from questions.pages.assignment_desk import AssignmentDesk, assignment_desk, shared_answers
from questions.views.post_actions import post_action
from questions.views.save_responses import SaveResponse, page_of_unsaved, refused, reply, save_endpoint, save_reply
from questions.views.unsaved_texts import Unsaved, rescue_page, status_of_form

NOT_STORED = {Result.STALE, Result.OVERTAKEN, Result.DAMAGED, Result.TOO_LONG, Result.FULL}
WHY_ONLY_SAVED = {
    Result.CLOSED: gettext_lazy("De opdracht is gesloten: je tekst is bewaard, maar niet ingeleverd."),
    Result.NOT_OPEN: gettext_lazy("De opdracht is nog niet open: je tekst is bewaard, maar niet ingeleverd."),
    Result.LEFT: gettext_lazy(
        "Je zit niet meer in deze module: je tekst is bewaard bij Antwoorden, maar niet ingeleverd."
    ),
    Result.TOO_OFTEN: gettext_lazy(
        "Je leverde dit antwoord al 100 keer in; daarna kan het niet meer. Je tekst is bewaard, en je docent leest wat "
        "je het laatst inleverde."
    ),
}
NOT_DONE = {*NOT_STORED, *WHY_ONLY_SAVED}


@require_safe
@access.signed_in
def assignment(request: HttpRequest, pk: int) -> HttpResponse:
    """The assignment desk of a student. Teachers see it as a student without answers would."""
    desk = access.assignment_for_member(request, pk)
    if desk.enrolment.is_teacher:
        return _desk_page(request, assignment_desk(desk, None))
    view = assignment_desk(desk, request.user)
    for item in view.items:
        item.is_reopened = request.GET.get("bewerk") == str(item.question.pk)
    return _desk_page(request, view)


@require_safe
@access.signed_in
def assignment_as_student(request: HttpRequest, pk: int) -> HttpResponse:
    """«Bekijk als student»: the desk without answers of students, from which nothing can be saved."""
    return _desk_page(request, assignment_desk(access.desk_of_teacher(request, pk), None))


def _desk_page(request: HttpRequest, view: AssignmentDesk, status: int = 200) -> HttpResponse:
    is_preview = view.desk.enrolment.is_teacher
    template = "questions/assignment_preview.html" if is_preview else "questions/assignment.html"
    return render(request, template, {"view": view, "is_preview": is_preview}, status=status)


@require_POST
@save_endpoint
def save_answer(request: HttpRequest, pk: int) -> SaveResponse:
    """Save one answer, for an assignment or for own study."""
    draft = read_save(request.POST)
    assignment_id = _assignment_id(request)
    question = access.question_to_answer(request, pk, assignment_id)
    saved = answering.save(student=request.user, question=question, assignment_id=assignment_id, draft=draft)
    return SaveResponse(page=lambda: _page_after_save(request, question, saved), data=lambda: save_reply(saved, draft))


def _assignment_id(request: HttpRequest) -> int | None:
    return read_id(request.GET.get("opdracht"))


def _page_after_save(request: HttpRequest, question: Question, saved: Saved) -> HttpResponse:
    if saved.outcome is not Outcome.SAVED:
        return page_of_unsaved(request, saved)
    messages.success(request, _("Je antwoord is opgeslagen."))
    return redirect(f"{question.case.get_absolute_url()}#vraag-{question.key}")


@require_POST
@save_endpoint
def save_answers(request: HttpRequest) -> HttpResponse | SaveResponse:
    """Save all answers for own study of a case, from a browser without JavaScript."""
    question, unsaved = None, []
    for pk, draft in read_fields(request.POST).items():
        try:
            question = access.question_to_answer(request, pk, None)
        except Http404:
            # The answers to the other questions are saved all the same.
            unsaved += [Unsaved(f"text-{pk}", draft.text, "not_here")] if draft.text.strip() else []
            continue
        saved = answering.save(student=request.user, question=question, assignment_id=None, draft=draft)
        if saved.outcome is not Outcome.SAVED:
            unsaved.append(Unsaved(f"text-{pk}", draft.text, saved.outcome.value, saved))
    if unsaved:
        return _given_back(request, unsaved)
    messages.success(request, _("Opgeslagen. Alleen jij leest dit."))
    return redirect(question.case if question else "cases:catalogue")


def _given_back(request: HttpRequest, unsaved: list[Unsaved]) -> SaveResponse:
    """Return the response with the texts of a form that were not saved; the most serious reason sets its status."""
    reasons = {text.reason for text in unsaved}
    fallback = "not_here" if reasons == {"not_here"} else "stale"
    worst = next((reason for reason in ("too_long", "full", "refused") if reason in reasons), fallback)
    status = status_of_form(reasons)
    return SaveResponse(
        page=lambda: rescue_page(request, status, worst, unsaved), data=lambda: refused(request, status, worst)
    )


@dataclass(frozen=True)
class SentForm:
    """The results of a form with answers."""

    desk: access.Desk
    done: list[HandedIn]
    strange: dict[int, Draft]  # for questions that the assignment does not ask

    @property
    def status(self) -> int:
        """Return 200 if everything was done, and otherwise 409 or 413."""
        reasons = {handed_in.result.value for handed_in in self.done if handed_in.result in NOT_DONE}
        return status_of_form(reasons | {text.reason for text in self.lost})

    @property
    def unsaved(self) -> list[HandedIn]:
        """Return the answers that were not saved."""
        return [handed_in for handed_in in self.done if handed_in.result in NOT_STORED]

    @property
    def lost(self) -> list[Unsaved]:
        """Return the texts for questions that the assignment does not ask."""
        texts = {question_id: draft.text for question_id, draft in self.strange.items()}
        return [Unsaved(f"text-{pk}", text, "refused") for pk, text in texts.items() if text.strip()]


@require_POST
@save_endpoint
def hand_in(request: HttpRequest, pk: int) -> SaveResponse:
    """Save all answers of the form, and hand in those that the button is for: one question, all of them, or none."""
    drafts = read_fields(request.POST)
    # Texts of former students are saved too, also before the assignment opens; a form without texts has stricter rules.
    desk = access.desk_for_writing(request, pk) if drafts else access.assignment_for_student(request, pk)
    questions = access.questions_to_write(desk, drafts)
    wanted = request.POST.get("lever", "")
    done = [
        answering.save_or_hand_in(
            student=request.user,
            desk=desk,
            question=questions[question_id],
            draft=draft,
            is_final=wanted in {"alles", str(question_id)},
        )
        for question_id, draft in drafts.items()
        if question_id in questions
    ]
    strange = {question_id: draft for question_id, draft in drafts.items() if question_id not in questions}
    form = SentForm(desk, done, strange)
    return SaveResponse(
        page=lambda: _page_after_hand_in(request, form), data=lambda: _data_after_hand_in(request, form, drafts)
    )


def _data_after_hand_in(request: HttpRequest, form: SentForm, drafts: dict[int, Draft]) -> JsonResponse:
    """Return the result for each question."""
    results: dict[str, dict] = {
        str(handed_in.question.pk): {
            "result": handed_in.result.value,
            "revision": handed_in.saved.revision,
            "hash": handed_in.saved.text_hash,
            "stored": handed_in.saved.other_text,
        }
        for handed_in in form.done
    }
    for question_id in form.strange:
        results[str(question_id)] = {"result": "refused", "revision": 0, "hash": None, "stored": None}
    for question_id, draft in drafts.items():
        results[str(question_id)]["seq"] = draft.seq
    if form.status == 200:
        _add_messages(request, form.done)  # for the page that our script fetches next
    notes = [str(WHY_ONLY_SAVED[done.result]) for done in form.done if done.result in WHY_ONLY_SAVED]
    body = {"results": results, "writer": read_writer(request.POST), "note": notes[0] if notes else ""}
    if len(form.done) == 1 and not form.strange:
        saved = form.done[0].saved
        return reply(body, form.status, saved.revision, saved.text_hash)
    return reply(body, form.status, 0)


def _add_messages(request: HttpRequest, done: list[HandedIn]) -> None:
    """Add messages with the results to the next page."""
    counts = Counter(handed_in.result for handed_in in done)
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
    if count := sum(row.result is Result.SET_ASIDE and bool(row.saved.text.strip()) for row in done):
        text = ngettext(
            "%(count)s vraag wordt in deze opdracht niet meer gesteld. Je tekst is bewaard; je vindt hem bij "
            "Antwoorden.",
            "%(count)s vragen worden in deze opdracht niet meer gesteld. Je teksten zijn bewaard; je vindt ze bij "
            "Antwoorden.",
            count,
        )
        messages.info(request, text % {"count": count})
    for result, text in WHY_ONLY_SAVED.items():
        if counts[result]:
            messages.warning(request, text)
    if set(counts) == {Result.SAVED}:
        messages.success(request, _("Opgeslagen."))


def _page_after_hand_in(request: HttpRequest, form: SentForm) -> HttpResponse:
    _add_messages(request, form.done)
    desk, lost = form.desk, form.lost
    if not form.unsaved and not lost:
        return redirect(desk.assignment if desk.is_student_there else "questions:answers")
    if lost or not _can_show_on_desk(desk, form.unsaved):
        lost += [Unsaved(f"text-{e.question.pk}", e.saved.text, e.result.value, e.saved) for e in form.unsaved]
        return _given_back(request, lost).page()
    return _desk_with_problems(request, form)


def _desk_with_problems(request: HttpRequest, form: SentForm) -> HttpResponse:
    """Return the desk with the texts that were not saved in their fields."""
    view = assignment_desk(form.desk, request.user)
    results = {handed_in.question.pk: handed_in for handed_in in form.unsaved}
    for item in view.items:
        if item.question.pk in results:
            item.posted = results[item.question.pk].saved.text
            item.problem = results[item.question.pk].result.value
    messages.error(request, _not_saved([number for number, item in enumerate(view.items, 1) if item.problem]))
    return _desk_page(request, view, form.status)


def _not_saved(numbers: list[int]) -> str:
    """Return the message at the top of the desk; the reasons are shown at the questions."""
    text = ngettext(
        "Je antwoord op vraag %(numbers)s is niet opgeslagen. Bij de vraag staat waarom, en wat je nu kunt doen.",
        "Je antwoorden op de vragen %(numbers)s zijn niet opgeslagen. Bij elke vraag staat waarom, en wat je nu kunt "
        "doen.",
        len(numbers),
    )
    return text % {"numbers": ", ".join(map(str, numbers))}


def _can_show_on_desk(desk: access.Desk, unsaved: list[HandedIn]) -> bool:
    """Return whether this student can open the desk, and it has a field and an error text for each of these answers."""
    if not desk.is_student_there:
        return False
    asked = set(desk.assignment.questions.values_list("pk", flat=True))
    return all(row.question.pk in asked and row.result in {Result.STALE, Result.TOO_LONG} for row in unsaved)


@post_action
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a submission back, unless it is too late."""
    desk = access.assignment_for_student(request, pk)
    submission = get_object_or_404(
        Submission.objects.in_force(),
        pk=read_id(request.POST.get("versie")),
        answer__assignment=desk.assignment,
        answer__student=request.user,
    )
    if answering.take_back(submission=submission):
        messages.success(request, _("Teruggenomen. Je tekst staat er nog, als concept: je docent ziet hem niet meer."))
    else:
        # The message is the same for every reason, so as not to reveal that a teacher has begun to write feedback.
        messages.error(
            request,
            _("Terugnemen kan niet meer. Wat je inleverde blijft staan. Je kunt wel verder aan een nieuwe versie."),
        )
    question = submission.answer.question
    return redirect(f"{desk.assignment.get_absolute_url()}#vraag-{question.key}")


@post_action
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Copy an answer for own study to the assignment, if that has no answer to the question yet."""
    desk = access.assignment_for_student(request, pk)
    question = get_object_or_404(desk.assignment.questions, pk=read_id(request.POST.get("vraag")))
    own = get_object_or_404(Answer, student=request.user, question=question, assignment=None)
    saved = answering.save(student=request.user, question=question, assignment_id=pk, draft=answering.Draft(own.text))
    if saved.outcome is Outcome.SAVED:
        messages.success(request, _("Overgenomen. Je eigen versie blijft ook bij de casus staan."))
    else:
        messages.error(
            request, _("Hier staat al een antwoord. Je eigen tekst vind je bij Antwoorden, onder Eerdere versies.")
        )
    return redirect(f"{desk.assignment.get_absolute_url()}#vraag-{question.key}")


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def shared(request: HttpRequest, pk: int) -> HttpResponse:
    """The shared answers. The first reading is a POST, since a student who has read them can no longer take back."""
    desk = access.assignment_for_student(request, pk)
    view = assignment_desk(desk, request.user)
    if request.method == "POST" and view.may_share and shared_answers(desk, request.user) is not None:
        SharedReading.objects.get_or_create(assignment=desk.assignment, student=request.user)
        return redirect("questions:shared", pk)
    if not view.has_read_shared:
        return redirect(desk.assignment.get_absolute_url())
    answers = shared_answers(desk, request.user)
    return render(request, "questions/shared.html", {"view": view, "answers": answers})
