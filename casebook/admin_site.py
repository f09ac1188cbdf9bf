"""The admin's front door. Whoever is active and a superuser or an editor may come in; nobody else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError, NotSupportedError, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from casebook.lib.ids import read_id

SEARCHES = ("q", "term")  # a list, and a field that looks while somebody types
WITHOUT_LIMITS = {"range", "regex", "iregex"}  # lookups that no filter of a list uses, and that raise what they like


class PatientList(ChangeList):
    """A list that is shown without its filter where the database cannot answer that, as Django does with other ones.

    Django builds a query inside a net and runs it outside: a number, year or text that no column can hold is only
    found out there.
    """

    def get_filters_params(self, params: dict | None = None) -> dict:
        wanted = super().get_filters_params(params)
        if any(name.rpartition("__")[2] in WITHOUT_LIMITS for name in wanted):
            raise IncorrectLookupParameters
        return wanted

    def get_filters(self, request: HttpRequest) -> tuple:
        with _as_wrong_parameters():
            return super().get_filters(request)

    def get_results(self, request: HttpRequest) -> None:
        with _as_wrong_parameters():
            super().get_results(request)


@contextmanager
def _as_wrong_parameters() -> Iterator[None]:
    try:
        yield
    except (OverflowError, ValueError, TypeError, DataError, NotSupportedError) as error:
        raise IncorrectLookupParameters from error


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows, of which a form sends the ids."""

    def _check_values(self, value: list | tuple) -> models.QuerySet:
        """A number that no id can be is a choice that is not there."""
        for each in value:
            if read_id(str(each)) is None:
                raise forms.ValidationError(
                    self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": each}
                )
        return super()._check_values(value)


def _check_ids(request: HttpRequest) -> None:
    """Raises BadRequest for what Django takes as it comes: the rows for an action, and the field that they go by."""
    if not all(map(read_id, request.POST.getlist(ACTION_CHECKBOX_NAME))):
        raise BadRequest("an action on what is no row")
    if "" in {data.get(TO_FIELD_VAR) for data in (request.GET, request.POST)}:
        raise BadRequest("no field to go by")


class CasebookAdminConfig(AdminConfig):
    default_site = "casebook.admin_site.CasebookAdminSite"


class CasebookAdminSite(admin.AdminSite):
    site_header = _("Casusboek: redactie en beheer")
    site_title = _("Casusboek beheer")
    index_title = _("Wat wil je doen?")
    enable_nav_sidebar = False  # its width is for the text, and for how that will look beside it

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.may_enter_admin

    def register(self, model_or_iterable, admin_class: type[admin.ModelAdmin] | None = None, **options) -> None:
        """With lists and fields that can stand any value."""
        fields = getattr(admin_class, "formfield_overrides", {})
        options["formfield_overrides"] = {models.ManyToManyField: {"form_class": RowsField}, **fields}
        options["get_changelist"] = lambda panel, request, **kwargs: PatientList
        super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """The view; what is searched for in any list has a length, and who asked for more is told so."""

        @wraps(view)
        def checked(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            from cases.library.search import shortened_query  # no models yet above

            _check_ids(request)
            for name in SEARCHES:
                query, was_cut = shortened_query(request.GET.get(name, ""))
                if was_cut:
                    request.GET = request.GET.copy()
                    request.GET[name] = query
                    messages.warning(request, _("Je zoekvraag is te lang. We zochten met de eerste 200 tekens ervan."))
            return view(request, *args, **kwargs)

        return super().admin_view(checked, cacheable)

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """With how much waits for publication, for who may publish."""
        may_publish = request.user.has_perm("cases.publish_case")
        waiting = apps.get_model("cases.Case").objects.sent_in().count() if may_publish else 0  # no models yet above
        return super().index(request, {"waiting": waiting, **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """There is one place to sign in. Who is signed in already and comes here may not enter; sent on to sign in,
        they would come straight back."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        to = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: to})}")
