"""A site with nothing in it, to measure the casebook beside: settings, addresses and views in one module.

The same Django, the same middleware, and a database that is kept as carefully. Its page says who is signed in; its save
updates one row.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST

from casebook import settings as careful

SECRET_KEY, ALLOWED_HOSTS, DATABASES = careful.SECRET_KEY, careful.ALLOWED_HOSTS, careful.DATABASES
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
INSTALLED_APPS += ["django.contrib.messages", "allauth.account", "django_htmx"]
# Without what is the casebook's own: what it costs counts against the casebook.
OURS = {
    "casebook.accounts.known_browsers.remember",
    "casebook.middleware.RemoveNul",
    "casebook.middleware.shorten_redirects",
    "casebook.middleware.user_cookie",
    "casebook.unsent_forms.ReturnForms",
}
MIDDLEWARE = [name for name in careful.MIDDLEWARE if name not in OURS]
STATIC_ROOT, STATIC_URL = careful.STATIC_ROOT, careful.STATIC_URL
DEFAULT_AUTO_FIELD, USE_TZ, TIME_ZONE = careful.DEFAULT_AUTO_FIELD, True, careful.TIME_ZONE
ROOT_URLCONF = __name__
PAGE = "<!doctype html><title>Bare</title><p>{{ request.user.username }}</p>"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [("django.template.loaders.locmem.Loader", {"page.html": PAGE})],
                )
            ],
        },
    }
]


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "page.html")


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth.models import User  # not before the settings in this very module were read

    changed = User.objects.filter(pk=request.user.pk).update(first_name=request.POST["text"][:150])
    return JsonResponse({"changed": changed})


urlpatterns = [path("", page), path("gezond/", page), path("save/", save)]
