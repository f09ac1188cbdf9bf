"""The pages and actions of teachers for assignments."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casebook.lib.errors import RefusedError
from casebook.lib.once import once
from cases.access import shortened_query
from cases.models import Case, Edition
from questions import access
from questions.actions import assignments, edition_upgrades
from questions.actions.assignments import Plan
from questions.forms.assignments import (
    OWN_PREFIX,
    AssignmentForm,
    ExtensionForm,
    OwnQuestions,
    coverage_of,
    own_questions_in,
    typed_so_far,
)
from questions.models import Assignment, Module, Question
from questions.pages import modules as module_pages
from questions.views.post_actions import carry_out, post_action

form_page = require_http_methods(["GET", "HEAD", "POST"])
MOST_WORDS = 12  # words of a search in titles
CASES_TO_CHOOSE = 60  # cases that are listed; in a larger library teachers search


@form_page
@access.signed_in
@once
def assignment_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a case and then its questions for a new assignment."""
    module = access.module_for_teacher(request, pk)
    if "casus" not in request.GET:
        return _choose_case(request, module)
    case = get_object_or_404(Case.objects.published(), slug=request.GET["casus"])
    edition = case.editions.latest()
    options = {"choices": assignments.questions_to_choose(module=module, edition=edition), "is_new": True}
    options["asked"] = [question for question in options["choices"] if question.module_id is None]

    def save(plan: Plan) -> Assignment:
        return assignments.create_assignment(module=module, edition=edition, plan=plan)

    return _assignment_form(request, {"module": module, "case": case, "edition": edition}, options, {}, save)


def _choose_case(request: HttpRequest, module: Module) -> HttpResponse:
    query, was_cut = shortened_query(request.GET.get("zoek", ""))
    found = Case.objects.published().select_related("part").order_by("number")
    for word in query.split()[:MOST_WORDS]:
        found = found.filter(title__icontains=word)
    cases = list(found[: CASES_TO_CHOOSE + 1])
    context = {
        "module": module,
        "query": query,
        "was_cut": was_cut,
        "cases": cases[:CASES_TO_CHOOSE],
        "are_more": len(cases) > CASES_TO_CHOOSE,
        "given": set(module.assignments.values_list("edition__case", flat=True)),
    }
    return render(request, "questions/assignment_case.html", context)


@form_page
@access.signed_in
def assignment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an assignment."""
    assignment = access.assignment_for_teacher(request, pk)
    module, edition = assignment.module, assignment.edition
    options = {
        "choices": assignments.questions_to_choose(module=module, edition=edition, assignment=assignment),
        "asked": list(Question.objects.asked_in_assignment(assignment)),
        "is_answered": assignments.is_answered(assignment),
    }

    def save(plan: Plan) -> Assignment:
        return assignments.change_assignment(assignment=assignment, plan=plan)

    context = {"module": module, "case": edition.case, "edition": edition, "assignment": assignment}
    return _assignment_form(request, context, options, AssignmentForm.initial_of(assignment), save)


def _assignment_form(
    request: HttpRequest, context: dict, options: dict, initial: dict, save: Callable[[Plan], Assignment]
) -> HttpResponse:
    """Return the form of an assignment: as saved, as typed before a quick pick, or as sent with its errors."""
    form, own = AssignmentForm(initial=initial, **options), OwnQuestions(initial=[], prefix=OWN_PREFIX)
    if request.method == "POST" and "pick" in request.POST:
        typed, rows = typed_so_far(request.POST, request.POST["pick"], options["choices"])
        form, own = AssignmentForm(initial=typed, **options), OwnQuestions(initial=rows, prefix=OWN_PREFIX)
    elif request.method == "POST":
        form, own = AssignmentForm(request.POST, **options), OwnQuestions(request.POST, prefix=OWN_PREFIX)
        if form.is_valid() & own.is_valid() and (done := _save(request, form, own, save)):
            return redirect(done.module)
    ring = coverage_of(form, [row["kolb"].value() or "" for row in own])
    template = "assignment_edit" if "assignment" in context else "assignment_new"
    return render(request, f"questions/{template}.html", {**context, "form": form, "own": own, "ring": ring})


def _save(
    request: HttpRequest, form: AssignmentForm, own: BaseFormSet, save: Callable[[Plan], Assignment]
) -> Assignment | None:
    """Return the assignment that was saved, or None if that was refused."""
    try:
        assignment = save(form.plan(own_questions_in(own)))
    except RefusedError as refused:
        form.add_error(None, refused.sentence)
        return None
    messages.success(request, _("De opdracht staat klaar.") if form.is_new else _("De opdracht is bijgewerkt."))
    return assignment


# --- Another edition ---


@form_page
@access.signed_in
def assignment_edition(request: HttpRequest, pk: int) -> HttpResponse:
    """The changes in another edition of the case, by default the newest; a POST takes it over."""
    assignment = access.assignment_for_teacher(request, pk)
    rows = list(assignment.edition.case.editions.select_related("case").defer("text"))
    number = (request.POST if request.method == "POST" else request.GET).get("editie", str(rows[0].number))
    edition = next((row for row in rows if str(row.number) == number), None)
    if edition is None:
        raise Http404
    if request.method == "POST":
        return _take_over(request, assignment, edition)
    context = {
        "assignment": assignment,
        "module": assignment.module,
        "edition": edition,
        "editions": [] if edition.case.is_withdrawn else rows,
        "is_other": edition.pk != assignment.edition_id and not edition.case.is_withdrawn,
        "preview": edition_upgrades.preview(assignment, edition),
    }
    return render(request, "questions/assignment_edition.html", context)


def _take_over(request: HttpRequest, assignment: Assignment, edition: Edition) -> HttpResponse:
    done = _("De opdracht gebruikt nu editie %(number)s. Wat studenten schreven, is niet veranderd.")
    done %= {"number": edition.number}
    carry_out(request, done, edition_upgrades.take_over, assignment=assignment, edition=edition)
    return redirect("questions:assignment_edition", assignment.pk)


# --- Actions ---


@post_action
def assignment_closing(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an assignment."""
    assignment = access.assignment_for_teacher(request, pk)
    done = _("De opdracht is gesloten. Studenten kunnen nog schrijven en lezen, niet inleveren.")
    carry_out(request, done, assignments.close_assignment, assignment=assignment)
    return redirect(assignment.module)


@post_action
def assignment_reopening(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed assignment again."""
    assignment = access.assignment_for_teacher(request, pk)
    done = _("De opdracht is weer open: studenten kunnen inleveren.")
    carry_out(request, done, assignments.reopen_assignment, assignment=assignment)
    return redirect(assignment.module)


@post_action
def assignment_place(request: HttpRequest, pk: int) -> HttpResponse:
    """Move an assignment one position up or down in its module."""
    assignment = access.assignment_for_teacher(request, pk)
    earlier = request.POST.get("direction") == "earlier"
    position, size = assignments.move_assignment(assignment=assignment, earlier=earlier)
    place = {"title": assignment.edition.case.title, "position": position, "size": size}
    messages.success(request, _("«%(title)s» staat nu op plaats %(position)d van %(size)d.") % place)
    return redirect(f"{assignment.module.get_absolute_url()}#opdrachten")


@post_action
def assignment_deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an assignment without answers."""
    assignment = access.assignment_for_teacher(request, pk)
    done = _("De opdracht is verwijderd.")
    is_gone = carry_out(request, done, assignments.delete_assignment, assignment=assignment)
    return redirect(assignment.module) if is_gone else redirect("questions:assignment_edit", pk)


@form_page
@access.signed_in
def assignment_extensions(request: HttpRequest, pk: int) -> HttpResponse:
    """The extensions of an assignment; a POST adds one."""
    assignment = access.assignment_for_teacher(request, pk)
    form = ExtensionForm(request.POST or None, assignment=assignment)
    if form.is_valid():
        student = form.cleaned_data["student"]
        try:
            assignments.extend(
                assignment=assignment,
                enrolment=student,
                due_at=form.cleaned_data["due_at"],
                reason=form.cleaned_data["reason"],
            )
        except RefusedError as refused:
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("%(name)s heeft een eigen inleverdatum.") % {"name": student.user})
            return redirect("questions:assignment_extensions", pk)
    extensions = assignment.extensions.select_related("enrolment__user").order_by(
        "due_at", "enrolment__user__sort_name", "pk"
    )
    context = {"assignment": assignment, "module": assignment.module, "form": form, "extensions": extensions}
    return render(request, "questions/assignment_extensions.html", context)


@post_action
def extension_withdrawal(request: HttpRequest, pk: int, tag: str) -> HttpResponse:
    """Delete the extension of a student."""
    assignment = access.assignment_for_teacher(request, pk)
    extension = get_object_or_404(assignment.extensions.select_related("enrolment__user"), enrolment__tag=tag)
    done = _("Voor %(name)s geldt weer de gewone datum.") % {"name": extension.enrolment.user}
    carry_out(request, done, assignments.withdraw_extension, extension=extension)
    return redirect("questions:assignment_extensions", pk)


# --- Students who have not begun ---


@require_safe
@access.signed_in
def assignment_not_begun(request: HttpRequest, pk: int) -> HttpResponse:
    """The students who have written nothing yet, by name, or by label if this teacher hides names in the module."""
    desk = access.desk_of_teacher(request, pk)
    hides_names = desk.enrolment.reading.hides_names
    people = module_pages.not_begun(desk.assignment, hides_names=hides_names) if desk.assignment.is_open else []
    context = {
        "assignment": desk.assignment,
        "people": people,
        "hides_names": hides_names,
        "has_students": bool(people) or module_pages.has_students(desk.assignment.module),
    }
    return render(request, "questions/assignment_not_begun.html", context)


# --- From the page of a case ---


@require_safe
@access.signed_in
def case_to_assign(request: HttpRequest) -> HttpResponse:
    """The choice of a module for a new assignment on this case."""
    case = get_object_or_404(Case.objects.published(), slug=request.GET.get("casus", ""))
    modules = list(Module.objects.taught_by(request.user).filter(archived_at=None))
    if not modules and not request.user.may_teach:
        raise PermissionDenied
    return render(request, "questions/assignment_module.html", {"case": case, "modules": modules})
