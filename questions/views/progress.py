"""The pages of the progress of a module, its exports, and a teacher's choices for reading."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from casebook.lib.http import download, redirect_back
from questions import access
from questions.actions import modules
from questions.forms.reading_preferences import ReadingForm
from questions.models import AssignmentQuestion, Enrolment, Submission
from questions.pages import progress as progress_of
from questions.views.post_actions import post_action

TO_READ = "nog-te-lezen"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@access.signed_in
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The table of progress. ?klas= shows one group, by default the last chosen one; ?toon= only unread answers."""
    enrolment = access.enrolment_of_teacher(request, pk)
    shown = _asked_for(request, enrolment)
    choices = {name: request.GET[name] for name in ("klas", "toon") if name in request.GET}
    context = {
        "module": enrolment.module,
        "view": shown,
        "width": len(shown.columns) + 3,
        "since": progress_of.token(shown),
        "fixed": urlencode({"klas": shown.group} | ({"toon": TO_READ} if shown.only_to_read else {})),
        "address": f"{request.path}?{urlencode(choices)}".rstrip("?"),
        "address_of_any_group": f"{request.path}?toon={TO_READ}" if shown.only_to_read else request.path,
        "everyone": f"{request.path}?{urlencode(choices | {'toon': ''})}",
        "to_read": f"{request.path}?{urlencode(choices | {'toon': TO_READ})}",
    }
    return render(request, "questions/progress.html", context)


def _asked_for(request: HttpRequest, enrolment: Enrolment) -> progress_of.Progress:
    return progress_of.module_progress(
        enrolment.module, enrolment, group=request.GET.get("klas"), only_to_read=request.GET.get("toon") == TO_READ
    )


@require_safe
@access.signed_in
def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the changes since ?sinds= as JSON for the script of the page, or 204 if there are none."""
    enrolment = access.enrolment_of_teacher(request, pk)
    since, fingerprint = request.GET.get("sinds", ""), progress_of.state_fingerprint(enrolment.module, enrolment)
    if since.partition(".")[0] == fingerprint:
        return HttpResponse(status=204)
    shown = _asked_for(request, enrolment)
    return JsonResponse(progress_of.changes(shown, since, progress_of.token(shown, fingerprint)))


@require_safe
@access.signed_in
def answer(request: HttpRequest, pk: int, tag: str, asked: int) -> HttpResponse:
    """Redirect from a cell of the table to the latest submission, also if that is newer than the table."""
    enrolment = access.enrolment_of_teacher(request, pk)
    asked = get_object_or_404(AssignmentQuestion.objects.select_related("question"), pk=asked, assignment__module=pk)
    student = get_object_or_404(Enrolment, module=enrolment.module, tag=tag)
    newest = (
        Submission.objects.readable_for_teachers()
        .filter(answer__assignment=asked.assignment_id, answer__question=asked.question_id)
        .filter(answer__student=student.user_id)
        .order_by("revision")
        .last()
    )
    page, query = reverse("questions:assignment_feedback", args=[asked.assignment_id]), {"vraag": asked.question.key}
    if newest is None:
        messages.info(
            request, _("Dit antwoord is intussen teruggenomen. Je ziet het weer als het opnieuw is ingeleverd.")
        )
        return redirect(f"{page}?{urlencode(query)}")
    return redirect(f"{page}?{urlencode(query | {'antwoord': newest.pk})}#antwoord-{newest.pk}")


@post_action
def reading_choices(request: HttpRequest, pk: int) -> HttpResponse:
    """Save this teacher's choices for reading: by question or by student, which group, hidden names, and the size."""
    enrolment = access.enrolment_of_teacher(request, pk)
    form = ReadingForm(request.POST, module=enrolment.module)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    modules.choose_reading(enrolment=enrolment, **form.choices)
    return redirect_back(request, reverse("questions:progress", args=[pk]))


# --- Exports ---


@require_safe
@access.signed_in
def progress_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """Download the table and the submissions as an Excel file."""
    from questions.exports import progress_sheets  # it imports much and is rarely needed

    shown = _asked_for(request, access.enrolment_of_teacher(request, pk))
    sheets = [progress_sheets.states(shown), progress_sheets.submissions(shown)]
    return download(progress_sheets.as_xlsx(sheets), name=progress_sheets.file_name(shown, "xlsx"), content_type=XLSX)


@require_safe
@access.signed_in
def progress_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Download the table, or with ?blad=ingeleverd the submissions, as a CSV file."""
    from questions.exports import progress_sheets

    shown = _asked_for(request, access.enrolment_of_teacher(request, pk))
    is_answers = request.GET.get("blad") == "ingeleverd"
    sheet = progress_sheets.submissions(shown) if is_answers else progress_sheets.states(shown)
    name = progress_sheets.file_name(shown, "csv")
    return download(progress_sheets.as_csv(sheet), name=name, content_type="text/csv; charset=utf-8")
