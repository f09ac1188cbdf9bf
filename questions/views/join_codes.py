"""The pages for joining a module with a typed code or a link. A GET never enrols a user."""

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from casebook.lib.ratelimit import LimitReachedError
from questions.actions import join_codes
from questions.actions import modules as module_actions
from questions.actions.join_codes import Gate
from questions.actions.modules import Joining
from questions.forms.modules import JoinForm
from questions.models import Enrolment, Module
from questions.pages import modules

STATUS = {"wrong": 404, "closed": 410, "archived": 410, "slow": 429}


@require_safe
@cache_control(private=True, no_store=True)
@ensure_csrf_cookie  # it identifies the browsers of visitors who are signed out, for counting wrong codes
def join_by_code(request: HttpRequest) -> HttpResponse:
    """The page for typing a join code."""
    code = join_codes.read_code(request.GET.get("code", ""))
    if code:
        return redirect("questions:join", code)
    if join_codes.gate(request) is Gate.SLOW:
        return _cannot_join(request, "slow")
    return render(request, "questions/join_code.html", {"asked": "code" in request.GET})


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@ensure_csrf_cookie
def join(request: HttpRequest, code: str) -> HttpResponse:
    """The page for joining the module with this code; a POST joins it."""
    gate = join_codes.gate(request)
    if gate is Gate.SIGN_IN:
        messages.info(request, _("Log eerst in of maak een account. Daarna ga je verder met je code."))
        return redirect_to_login(request.get_full_path())
    if gate is Gate.SLOW:
        return _cannot_join(request, "slow")
    try:
        module = join_codes.try_code(request, code)
    except LimitReachedError:
        return _cannot_join(request, "slow")
    return _open_module(request, module, code) if module else _cannot_join(request, "wrong", code)


def _open_module(request: HttpRequest, module: Module, code: str) -> HttpResponse:
    """Return the response to a right code: the module for its members, and the page for joining it for other users."""
    enrolment = _enrolment_in(request, module)
    is_in = enrolment is not None and not enrolment.has_left
    if is_in and (request.method == "POST" or not enrolment.is_teacher):
        messages.info(request, _("Je doet al mee met deze module."))
        return redirect(module)
    if not is_in and not module.code_is_open:
        return _cannot_join(request, "archived" if module.is_archived else "closed", code)
    if request.method == "POST":
        return _join(request, module, enrolment)
    return _join_page(request, module, enrolment, JoinForm(module=module))


def _enrolment_in(request: HttpRequest, module: Module) -> Enrolment | None:
    if not request.user.is_authenticated:
        return None
    return Enrolment.objects.filter(module=module, user=request.user).first()


def _cannot_join(request: HttpRequest, reason: str, code: str = "") -> HttpResponse:
    context = {"code": join_codes.read_code(code)}
    return render(request, f"questions/join_code_{reason}.html", context, status=STATUS[reason])


def _join_page(request: HttpRequest, module: Module, enrolment: Enrolment | None, form: JoinForm) -> HttpResponse:
    context = {"module": module, "enrolment": enrolment, "form": form, "teachers": modules.teachers_of(module)}
    return render(request, "questions/join.html", context)


def _join(request: HttpRequest, module: Module, enrolment: Enrolment | None) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    form = JoinForm(request.POST, module=module)
    if enrolment is None and not form.is_valid():
        return _join_page(request, module, enrolment, form)
    group = "" if enrolment else form.cleaned_data.get("group", "")
    outcome = module_actions.join(module=module, user=request.user, group=group)
    if outcome is Joining.ASKED_BACK:
        return redirect("questions:join", module.code)
    if outcome is Joining.JOINED:
        messages.success(request, _("Welkom! Je doet nu mee."))
    return redirect(module)
