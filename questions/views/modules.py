"""The pages and actions of modules and their members, for teachers and students."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casebook.lib.errors import RefusedError
from casebook.lib.once import once
from questions import access
from questions.actions import join_codes
from questions.actions import modules as module_actions
from questions.forms.modules import CopyForm, ModuleForm
from questions.models import Enrolment, Module
from questions.pages import modules as module_pages
from questions.pages.student_work import student_work
from questions.views.post_actions import carry_out, post_action

form_page = require_http_methods(["GET", "HEAD", "POST"])
A_YEAR = 52


@require_safe
@access.signed_in
def modules(request: HttpRequest) -> HttpResponse:
    """The list of the user's modules."""
    return render(request, "questions/module_list.html", {"modules": module_pages.modules_of(request.user)})


@form_page
@access.signed_in
@once
def module_new(request: HttpRequest) -> HttpResponse:
    """Create a module."""
    access.check_may_make_modules(request)
    form = ModuleForm(request.POST or None)
    if form.is_valid():
        try:
            module = module_actions.create_module(teacher=request.user, **form.cleaned_data)
        except RefusedError as refused:
            form.add_error(None, refused.sentence)
        else:
            messages.success(
                request, _("Je module staat klaar. Deel de code met je studenten, en geef een eerste opdracht.")
            )
            return redirect(module)
    return render(request, "questions/module_new.html", {"form": form})


@require_safe
@access.signed_in
def module(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a module, for its teachers or its students."""
    enrolment = access.enrolment_in(request, pk)
    if enrolment.is_teacher:
        return _teachers_page(request, enrolment.module)
    context = {
        "module": enrolment.module,
        "enrolment": enrolment,
        "assignments": module_pages.assignments_for_student(enrolment),
        "teachers": module_pages.teachers_of(enrolment.module),
    }
    return render(request, "questions/module_student.html", context)


@require_safe
@access.signed_in
def module_as_student(request: HttpRequest, pk: int) -> HttpResponse:
    """«Bekijk als student»: the page of a module as a student without answers sees it."""
    module = access.module_for_teacher(request, pk)
    context = {
        "module": module,
        "assignments": module_pages.assignments_for_newcomer(module),
        "teachers": module_pages.teachers_of(module),
        "is_preview": True,
    }
    return render(request, "questions/module_preview.html", context)


def _teachers_page(request: HttpRequest, module: Module) -> HttpResponse:
    link = join_codes.link_of(module)
    context = {
        "module": module,
        "view": module_pages.module_for_its_teacher(module, request.user),
        "link": link,
        "link_to_type": join_codes.read_aloud(link),
        "picture": join_codes.picture_of(link),
        "is_only_here": join_codes.is_only_here(),
    }
    return render(request, "questions/module_teacher.html", context)


@form_page
@access.signed_in
def module_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a module."""
    module = access.module_for_teacher(request, pk)
    form = ModuleForm(request.POST or None, initial=ModuleForm.initial_of(module))
    if form.is_valid():
        try:
            module_actions.change_module(module=module, **form.cleaned_data)
        except RefusedError as refused:
            form.add_error("groups", refused.sentence)
        else:
            messages.success(request, _("De module is bijgewerkt."))
            return redirect(module)
    return render(request, "questions/module_edit.html", {"form": form, "module": module})


@require_safe
@access.signed_in
def module_screen(request: HttpRequest, pk: int) -> HttpResponse:
    """The join code of a module, for the projector."""
    module = access.module_for_teacher(request, pk)
    link = join_codes.link_of(module)
    context = {
        "module": module,
        "link": link,
        "link_to_type": join_codes.place_to_type_codes(),
        "picture": join_codes.picture_of(link),
        "is_only_here": join_codes.is_only_here(),
    }
    return render(request, "questions/module_screen.html", context)


@form_page
@access.signed_in
@once
def module_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """Copy a module for a next class."""
    module = access.module_for_teacher(request, pk)
    access.check_may_make_modules(request)
    form = CopyForm(request.POST or None, initial={"title": module.title, "weeks": A_YEAR})
    if form.is_valid() and (copy := _copy(request, module, form)):
        return redirect(copy)
    context = {"form": form, "module": module, **_example_of_dates(module)}
    return render(request, "questions/module_copy.html", context)


def _copy(request: HttpRequest, module: Module, form: CopyForm) -> Module | None:
    try:
        copy = module_actions.copy_module(module=module, teacher=request.user, **form.cleaned_data)
    except RefusedError as refused:
        form.add_error(None, refused.sentence)
        return None
    messages.success(request, _("De kopie staat klaar, zonder studenten. Kijk de datums en de vragen nog even na."))
    if titles := module_actions.not_copied(module):
        message = _("Niet meegekopieerd, want niet meer in de bundel: %s.")
        messages.warning(request, message % ", ".join(titles))
    return copy


def _example_of_dates(module: Module) -> dict:
    """Return the context with the first due date of the module and the same date a year later."""
    first = module.assignments.exclude(due_at=None).order_by("due_at").first()
    if first is None:
        return {}
    try:
        return {"first_due": first.due_at, "a_year_later": module_actions.weeks_later(first.due_at, A_YEAR)}
    except RefusedError:
        return {}


@post_action
def module_code(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace the join code by a new one."""
    module = access.module_for_teacher(request, pk)
    carry_out(request, _("Er is een nieuwe code. De oude werkt niet meer."), module_actions.renew_code, module=module)
    return redirect(module)


@post_action
def module_code_closing(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the join code."""
    module = access.module_for_teacher(request, pk)
    carry_out(request, _("De code is dicht: niemand kan er nog bij."), module_actions.close_code, module=module)
    return redirect(module)


@post_action
def module_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive a module."""
    module = access.module_for_teacher(request, pk)
    carry_out(
        request,
        _("De module is gearchiveerd. Alles blijft te lezen; inleveren en meedoen kan niet meer."),
        module_actions.archive_module,
        module=module,
    )
    return redirect(module)


@post_action
def module_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Restore a module from the archive."""
    module = access.module_for_teacher(request, pk)
    carry_out(request, _("De module is terug uit het archief."), module_actions.unarchive_module, module=module)
    return redirect(module)


@post_action
def module_deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a module without answers."""
    module = access.module_for_teacher(request, pk)
    is_gone = carry_out(request, _("De module is verwijderd."), module_actions.delete_module, module=module)
    return redirect("questions:modules") if is_gone else redirect("questions:module_edit", pk)


# --- Members ---


@require_safe
@access.signed_in
def module_person(request: HttpRequest, pk: int, tag: str) -> HttpResponse:
    """The page of a member of a module, for its teachers; where names are hidden, without the work of a student."""
    person = access.person_in_module(request, pk, tag)
    hides_names = access.enrolment_of_teacher(request, pk).reading.hides_names
    context = {
        "module": person.module,
        "person": person,
        "is_me": person.user_id == request.user.pk,
        "work": [] if person.is_teacher or hides_names else student_work(person),
        "hides_work": hides_names and not person.is_teacher,
    }
    return render(request, "questions/module_person.html", context)


@post_action
def person_group(request: HttpRequest, pk: int, tag: str) -> HttpResponse:
    """Move a student to another group."""
    person = access.person_in_module(request, pk, tag)
    group = request.POST.get("group", "")
    done = _("%(name)s staat nu in klas %(group)s.") if group else _("%(name)s staat nu in geen enkele klas.")
    carry_out(
        request,
        done % {"name": person.user, "group": group},
        module_actions.move_to_group,
        enrolment=person,
        group=group,
    )
    return redirect(person.module)


@post_action
def person_departure(request: HttpRequest, pk: int, tag: str) -> HttpResponse:
    """Remove a student or a teacher from a module."""
    person = access.person_in_module(request, pk, tag)
    leave = module_actions.remove_teacher if person.is_teacher else module_actions.remove_student
    if not carry_out(request, _removed_message(person), leave, enrolment=person):
        return redirect(person.module)
    return redirect("questions:modules") if person.user_id == request.user.pk else redirect(person.module)


def _removed_message(person: Enrolment) -> str:
    if person.is_teacher:
        return _("%(name)s is geen docent meer van deze module.") % {"name": person.user}
    return _("%(name)s is uit de module. Wat al was ingeleverd, kun je blijven lezen.") % {"name": person.user}


@post_action
def person_return(request: HttpRequest, pk: int, tag: str) -> HttpResponse:
    """Approve or decline the request of a former member to return."""
    person = access.person_in_module(request, pk, tag)
    if request.POST.get("answer") == "no":
        done = _("%(name)s blijft uit de module.") % {"name": person.user}
        carry_out(request, done, module_actions.decline_return, enrolment=person)
    else:
        done = _("%(name)s doet weer mee.") % {"name": person.user}
        carry_out(request, done, module_actions.restore_enrolment, enrolment=person)
    return redirect(person.module)
