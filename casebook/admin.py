"""The admin of users and groups."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from casebook.accounts import deletion
from casebook.accounts.adapter import reset_link
from casebook.models import User

admin.site.unregister(EmailAddress)  # always empty: User.email is the only address of a user


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    add_form = NewUserForm
    ordering = ["sort_name", "email"]
    list_display = ["email", "shown_name", "is_active"]
    list_filter = ["groups", "is_active", "is_superuser"]
    search_fields = ["email", "name"]
    filter_horizontal = ["groups"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "sort_name", "password"]}),
        (_("Wat iemand mag"), {"fields": ["is_active", "is_superuser", "groups"]}),
        (_("Wanneer"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]

    @admin.display(description=_("naam"), ordering="sort_name")
    def shown_name(self, user: User) -> str:
        return user.shown_name

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        if change:  # only the changed fields: the user can change the password or prove an address at the same time
            columns = {field.name for field in User._meta.concrete_fields}
            changed = columns.intersection(form.changed_data)
            if "name" in changed:
                name, obj.name, obj.sort_name = obj.name, form.initial["name"], form.initial["sort_name"]
                obj.rename(name, form.cleaned_data["sort_name"])
                changed.add("sort_name")
            obj.save(update_fields=changed)
        else:
            super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            deletion.remember_address(user=obj, address=form.initial["email"])

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return False: users delete their own account, or `manage.py tidy --forget` does (deletion.erase)."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reset_link)
        return [path("<id:pk>/wachtwoordlink/", view, name="casebook_user_reset_link"), *super().get_urls()]

    @method_decorator(require_POST)
    def reset_link(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the link in the response to the POST; it is stored nowhere.

        The link gives access to the account, so it is for superusers only, and the history of the account has who
        created it.
        """
        if not (request.user.is_superuser and self.has_change_permission(request)):
            raise PermissionDenied
        person = get_object_or_404(User, pk=pk)
        self.log_change(request, person, _("Link gemaakt voor een nieuw wachtwoord."))
        until = timezone.localtime() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
        context = {
            "title": _("Link voor een nieuw wachtwoord"),
            "person": person,
            "link": reset_link(person),
            "until": date_format(until, "l j F, H:i"),
            "opts": self.opts,
        }
        page = "admin/casebook/user/reset_link.html"
        response = TemplateResponse(request, page, self.admin_site.each_context(request) | context)
        response.headers["Cache-Control"] = "private, no-store"
        return response
