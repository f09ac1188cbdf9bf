"""The admin's front door. Whoever is active and a superuser or an editor may come in; nobody else."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class CasebookAdminConfig(AdminConfig):
    default_site = "casebook.admin_site.CasebookAdminSite"


class CasebookAdminSite(admin.AdminSite):
    site_header = _("Casusboek: redactie en beheer")
    site_title = _("Casusboek beheer")
    index_title = _("Wat wil je doen?")

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.may_enter_admin
