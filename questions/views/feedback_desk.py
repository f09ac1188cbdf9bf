"""The pages and saves of the feedback desk: reading submissions, writing feedback and releasing it."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

import cases.access
from casebook.lib.datetimes import require_moment
from casebook.lib.http import is_script, redirect_back
from casebook.lib.ids import read_id
from casebook.lib.once import once
from casebook.lib.text import normalise, read_line
from questions import access
from questions.actions import comment_bank, feedback
from questions.actions.saving import Outcome, Saved
from questions.forms.feedback import (
    FeedbackSave,
    ReleaseScope,
    read_feedback,
    read_page_request,
    read_release,
    read_selection,
)
from questions.models import Assignment, Comment, Feedback, Submission, Verdict
from questions.pages import feedback_status
from questions.pages.feedback_desk import FeedbackDesk, step_from
from questions.views.post_actions import post_action
from questions.views.save_responses import (
    SaveResponse,
    by_who_opened_the_page,
    page_of_unsaved,
    refused,
    save_endpoint,
    save_reply,
)


@require_safe
@access.signed_in
def assignment_feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """The feedback desk of an assignment."""
    desk = access.desk_of_teacher(request, pk)
    view = FeedbackDesk(desk, read_page_request(request))
    context = {"view": view, "assignment": desk.assignment, "verdicts": Verdict}
    return render(request, "questions/assignment_feedback.html", context)


@require_safe
@access.signed_in
def assignment_story(request: HttpRequest, pk: int) -> HttpResponse:
    """The story of the case and one question, as a page, or as a fragment for our script."""
    assignment = access.assignment_for_teacher(request, pk)
    context = {
        "assignment": assignment,
        "story": cases.access.read_edition(assignment.edition),
        "asked": cases.access.wording(assignment.edition).get(request.GET.get("vraag", "")),
    }
    name = "questions/_story.html" if is_script(request) else "questions/assignment_story.html"
    return render(request, name, context)


@require_safe
@access.signed_in
def submission_changes(request: HttpRequest, pk: int) -> HttpResponse:
    """The changes between a submission and the next one, as a page, or as a fragment for our script."""
    submission = access.submission_for_teacher(request, pk)
    step = step_from(submission)
    if step is None:
        raise Http404
    context = {"step": step, "assignment": submission.answer.assignment, "difference": step.changes}
    is_part = is_script(request) and step.changes
    return render(request, f"questions/{'_changes' if is_part else 'submission_changes'}.html", context)


@require_safe
@access.signed_in
def feedback_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Return as JSON which colleagues are writing now, and how many answers were handed in since the page was made."""
    desk = access.desk_of_teacher(request, pk)
    page_request = read_page_request(request)
    return JsonResponse(
        {
            "writing": feedback_status.writing_now(desk),
            "arrived": feedback_status.arrived_since(desk, page_request.since),
        }
    )


@require_POST
@save_endpoint
def save_feedback(request: HttpRequest, pk: int) -> HttpResponse | SaveResponse:
    """Save feedback on a submission, and release it if the button says so."""
    sent = read_feedback(request.POST)
    submission = access.submission_for_teacher(request, pk)
    try:
        saved = feedback.save(author=request.user, submission=submission, draft=sent.draft, verdict=sent.verdict)
    except feedback.TakenBackError:
        return refused(request, 410, "withdrawn")
    if sent.is_released and _is_as_sent(saved, sent):
        # The revision is a condition, so that a later save by another page is not released.
        feedback.release(feedback=Feedback.objects.filter(pk=saved.row.pk, revision=saved.revision))
        saved.row.refresh_from_db()
    return SaveResponse(
        page=lambda: _page_after_save(request, submission, saved, sent),
        data=lambda: _data_after_save(request, submission, saved, sent),
    )


def _is_as_sent(saved: Saved, sent: FeedbackSave) -> bool:
    """Return whether exactly this text and verdict are stored, rather than a later save of the same page."""
    row = saved.row if saved.outcome is Outcome.SAVED else None
    return bool(row) and row.text == normalise(sent.draft.text) and sent.verdict in {None, row.verdict}


def _data_after_save(request: HttpRequest, submission: Submission, saved: Saved, sent: FeedbackSave) -> JsonResponse:
    offer = comment_bank.comment_to_offer(request.user, submission)
    row, more = saved.row, {}
    if row:
        may_undo = row.waits_for_release or row.may_be_taken_back
        more = {"verdict": row.verdict, "feedback": row.pk, "unreleased": row.waits_for_release, "may_undo": may_undo}
    return save_reply(saved, sent.draft, note=_note(saved), offer=offer, **more)


def _note(saved: Saved) -> str:
    """Return the note after «opgeslagen», which says whether the student can see the feedback."""
    if saved.row is None or saved.outcome not in {Outcome.SAVED, Outcome.OVERTAKEN}:
        return ""
    return saved.row.release_note


def _page_after_save(request: HttpRequest, submission: Submission, saved: Saved, sent: FeedbackSave) -> HttpResponse:
    if saved.outcome is not Outcome.SAVED:
        return page_of_unsaved(request, saved)
    if saved.row:
        messages.success(request, _("Opgeslagen, %(note)s.") % {"note": _note(saved)})
        if sent.verdict is None and "?" in saved.row.text:
            asks = _("Je stelt een vraag, en het oordeel is %(verdict)s. Moet de student verder? Kies dan iets anders.")
            messages.info(request, asks % {"verdict": saved.row.current_verdict.label})
    else:
        messages.info(request, _("Er was nog niets om op te slaan."))
    return redirect(_address_of(submission))


def _address_of(submission: Submission) -> str:
    """Return the address of a submission at the feedback desk."""
    page = reverse("questions:assignment_feedback", args=[submission.answer.assignment_id])
    return f"{page}?antwoord={submission.pk}#antwoord-{submission.pk}"


@post_action
@by_who_opened_the_page
@once
def undo_feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo unreleased feedback or changes, with the text saved as a version of its writer; or take back a release.

    A button that is pressed twice does this once: the second time would undo what the first one restored. For the same
    reason `klaar` says what the page showed: "ja" for unreleased feedback, "nee" for a release.
    """
    submission = access.submission_for_teacher(request, pk)
    own = Feedback.objects.filter(author=request.user, submission=submission)
    shown = request.POST.get("klaar", "")
    if shown != "nee" and feedback.undo(author=request.user, submission=submission):
        messages.success(request, _("Ongedaan gemaakt. Je tekst vind je terug onder Eerdere versies."))
    else:
        taken_back = 0 if shown == "ja" else feedback.take_back(feedback=own)
        # After that the row can have an earlier release, which is not what the button was for.
        _add_undo_messages(request, taken_back, Feedback.objects.none() if taken_back else own.released())
    return redirect_back(request, _address_of(submission))


# --- Feedback in bulk ---


@post_action
@by_who_opened_the_page
def mark_selection(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the same verdict and comment for all selected submissions."""
    assignment = access.assignment_for_teacher(request, pk)
    chosen = (
        Submission.objects.readable_for_teachers()
        .filter(answer__assignment=assignment, pk__in=read_selection(request.POST))
        .distinct()
    )
    verdict = request.POST.get("oordeel", Verdict.READ)
    if verdict not in Verdict.values:
        raise BadRequest("unknown verdict")
    text = _comment_for_all(request, assignment)
    batch = feedback.save_in_bulk(author=request.user, submissions=chosen, text=text, verdict=Verdict(verdict))
    _add_batch_messages(request, batch)
    return redirect_back(request, reverse("questions:assignment_feedback", args=[pk]))


def _comment_for_all(request: HttpRequest, assignment: Assignment) -> str:
    """Return the text of the comment that was chosen from the bank, or ""."""
    value = request.POST.get("zin", "")
    if not value:
        return ""
    usable = Comment.objects.usable_by(request.user, assignment.module)
    return get_object_or_404(usable, pk=read_id(value)).text


def _add_batch_messages(request: HttpRequest, batch: feedback.Batch) -> None:
    if not batch.made and not batch.skipped:
        messages.info(request, _("Er was niets aangevinkt. Vink eerst een of meer antwoorden aan."))
        return
    done = ngettext(
        "Bij %(count)s antwoord staat nu feedback klaar.",
        "Bij %(count)s antwoorden staat nu feedback klaar.",
        batch.made,
    )
    messages.success(request, done % {"count": batch.made})
    if batch.skipped:
        left = ngettext(
            "%(count)s antwoord had al feedback van jou; daar is niets veranderd.",
            "%(count)s antwoorden hadden al feedback van jou; daar is niets veranderd.",
            batch.skipped,
        )
        messages.info(request, left % {"count": batch.skipped})


@post_action
@by_who_opened_the_page
def undo_selection(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a batch of feedback."""
    access.assignment_for_teacher(request, pk)
    count = feedback.undo_batch(author=request.user, token=read_line(request.POST.get("actie", "")))
    done = ngettext("Bij %(count)s antwoord ongedaan gemaakt.", "Bij %(count)s antwoorden ongedaan gemaakt.", count)
    messages.success(request, done % {"count": count})
    return redirect_back(request, reverse("questions:assignment_feedback", args=[pk]))


# --- Releasing ---


@post_action
@by_who_opened_the_page
def release_feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """Release feedback: of a question, a student, a group, a selection, or the whole assignment."""
    desk = access.desk_of_teacher(request, pk)
    scope = read_release(request.POST)
    own = Feedback.objects.in_charge_of(request.user, desk.assignment.module)
    own = own.filter(submission__answer__assignment=desk.assignment)
    if scope.submissions is not None:
        own = own.filter(submission__in=scope.submissions)
    release = feedback.release_shown(feedback=own, scope=_in_scope(own, scope), shown=scope.shown)
    _add_release_message(request, release)
    if release.left:
        return _ask_about_the_rest(request, desk, release, scope)
    return redirect_back(request, reverse("questions:assignment_feedback", args=[pk]))


def _add_release_message(request: HttpRequest, release: feedback.Release) -> None:
    if release.released:
        done = ngettext(
            "Vrijgegeven: bij %(count)s antwoord. De student ziet het nu.",
            "Vrijgegeven: bij %(count)s antwoorden. De studenten zien het nu.",
            release.released,
        )
        hint = "" if release.left else " " + _("Ongedaan maken kan onderaan de pagina.")
        messages.success(request, done % {"count": release.released} + hint)
    elif release.already:
        messages.info(request, _("Deze feedback was al vrijgegeven. De studenten zien hem al."))
    elif not release.left:
        messages.info(request, _("Er stond niets klaar om vrij te geven."))


def _ask_about_the_rest(
    request: HttpRequest, desk: access.Desk, release: feedback.Release, scope: ReleaseScope
) -> HttpResponse:
    """Return the page that asks whether to release the feedback that the teacher's page did not show."""
    context = {
        "assignment": desk.assignment,
        "rest": feedback_status.rest_of_release(desk, release.left, scope.shown),
        "which": request.POST["wat"],
        "sent": {name: read_line(request.POST.get(name, "")) for name in ("vraag", "student", "klas")},
        "submissions": scope.submissions or [],
        "back": redirect_back(request, reverse("questions:assignment_feedback", args=[desk.assignment.pk])).url,
    }
    return render(request, "questions/release_rest.html", context)


@post_action
@by_who_opened_the_page
def undo_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the feedback that was released at one moment, except what students have seen."""
    assignment = access.assignment_for_teacher(request, pk)
    released = Feedback.objects.in_charge_of(request.user, assignment.module).filter(
        submission__answer__assignment=assignment, released_at=require_moment(request.POST.get("op", ""))
    )
    taken_back = feedback.take_back(feedback=released)
    _add_undo_messages(request, taken_back, released)
    return redirect_back(request, reverse("questions:assignment_feedback", args=[pk]))


def _add_undo_messages(request: HttpRequest, taken_back: int, left: QuerySet[Feedback]) -> None:
    """Add how many answers have unreleased feedback again, and why the feedback that is left stays released."""
    too_late = left.unseen().count()
    read = left.count() - too_late
    done = ngettext(
        "Teruggenomen bij %(count)s antwoord. De feedback staat weer klaar en de student ziet hem niet.",
        "Teruggenomen bij %(count)s antwoorden. De feedback staat weer klaar en de studenten zien hem niet.",
        taken_back,
    )
    was_read = ngettext(
        "Bij %(count)s antwoord is de feedback al gelezen; die blijft vrijgegeven.",
        "Bij %(count)s antwoorden is de feedback al gelezen; die blijft vrijgegeven.",
        read,
    )
    was_late = ngettext(
        "Bij %(count)s antwoord is de feedback te lang geleden vrijgegeven; die blijft vrijgegeven.",
        "Bij %(count)s antwoorden is de feedback te lang geleden vrijgegeven; die blijft vrijgegeven.",
        too_late,
    )
    found = [
        (messages.SUCCESS, done, taken_back),
        (messages.INFO, was_read, read),
        (messages.INFO, was_late, too_late),
    ]
    for level, text, count in found:
        if count:
            messages.add_message(request, level, text % {"count": count})
    if not taken_back + read + too_late:
        messages.info(request, _("Er was niets om ongedaan te maken."))


def _in_scope(rows: QuerySet[Feedback], scope: ReleaseScope) -> QuerySet[Feedback]:
    if scope.key:
        rows = rows.filter(submission__answer__question__key=scope.key)
    student = {name: value for name, value in (("group", scope.group), ("tag", scope.tag)) if value}
    if student:
        enrolment = "submission__answer__assignment__module__enrolments__"
        student["user"] = F("submission__answer__student")
        rows = rows.filter(**{f"{enrolment}{name}": value for name, value in student.items()})
    return rows
