"""The admin site. Active users who are superusers or editors can enter it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

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

SEARCHES = ("q", "term")  # a list, and a field that searches while users type
WITHOUT_LIMITS = {"range", "regex", "iregex"}  # lookups that no filter of a list uses, and that can raise any error


class TolerantChangeList(ChangeList):
    """A list that is shown without its filter where the database cannot answer it, as Django does with other filters.

    Django catches errors when it builds a query, but not when it runs it: a number, year or text that no column can
    contain only raises an error then.
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
    """A field for several rows, of which a form sends the ids."""

    def _check_values(self, value: list | tuple) -> models.QuerySet:
        """Treat a number that no id can be as a missing choice."""
        for row in value:
            if read_id(str(row)) is None:
                raise forms.ValidationError(
                    self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": row}
                )
        return super()._check_values(value)


def _check_ids(request: HttpRequest) -> None:
    """Raise BadRequest for ids that Django does not check: the rows of an action, and the field they refer to."""
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
    enable_nav_sidebar = False  # the text and its preview need the width

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.may_enter_admin

    def register(
        self,
        model_or_iterable: type[models.Model] | Iterable[type[models.Model]],
        admin_class: type[admin.ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        """Register models with lists and fields that accept any value."""
        fields = getattr(admin_class, "formfield_overrides", {})
        options["formfield_overrides"] = {models.ManyToManyField: {"form_class": RowsField}, **fields}
        options["get_changelist"] = lambda model_admin, request, **kwargs: TolerantChangeList
        super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """Return the view with a limit on the length of a search, and a message where it was cut."""

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            from cases.library.search import shortened_query  # models are not loaded at import

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
        """Show the index, with the number of concepts sent in for users who can publish."""
        may_publish = request.user.has_perm("cases.publish_case")
        cases = apps.get_model("cases.Case").objects  # models are not loaded at import
        sent_in = cases.sent_in().count() if may_publish else 0
        return super().index(request, {"sent_in": sent_in, **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Redirect to the sign-in page of the site. Signed-in users without access get 403: they would return here."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        to = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: to})}")
