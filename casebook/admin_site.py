"""The admin's front door. Whoever is active and a superuser or an editor may come in; nobody else."""

from collections.abc import Callable
from functools import wraps

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

SEARCHES = ("q", "term")  # a list, and a field that looks while somebody types


class CasebookAdminConfig(AdminConfig):
    default_site = "casebook.admin_site.CasebookAdminSite"


class CasebookAdminSite(admin.AdminSite):
    site_header = _("Casusboek: redactie en beheer")
    site_title = _("Casusboek beheer")
    index_title = _("Wat wil je doen?")
    enable_nav_sidebar = False  # its width is for the text, and for how that will look beside it

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.may_enter_admin

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """The view; what is searched for in any list has a length, and who asked for more is told so."""

        @wraps(view)
        def searching(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            from cases.search import shortened_query  # no models yet above

            for name in SEARCHES:
                query, was_cut = shortened_query(request.GET.get(name, ""))
                if was_cut:
                    request.GET = request.GET.copy()
                    request.GET[name] = query
                    messages.warning(request, _("Je zoekvraag is te lang. We zochten met de eerste 200 tekens ervan."))
            return view(request, *args, **kwargs)

        return super().admin_view(searching, cacheable)

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
