"""An empty Django site to compare the casebook with: settings, addresses and views in one module.

It has the same Django, middleware and settings of the database. Its page shows the name of the signed-in user; its
save updates one row.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST

from casebook import settings as casebook_settings

SECRET_KEY, ALLOWED_HOSTS, DATABASES = (
    casebook_settings.SECRET_KEY,
    casebook_settings.ALLOWED_HOSTS,
    casebook_settings.DATABASES,
)
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
INSTALLED_APPS += ["django.contrib.messages", "allauth.account", "django_htmx"]
# The middleware of the casebook itself is excluded, so that its cost counts as a cost of the casebook.
MIDDLEWARE = [name for name in casebook_settings.MIDDLEWARE if not name.startswith("casebook.")]
STATIC_ROOT, STATIC_URL = casebook_settings.STATIC_ROOT, casebook_settings.STATIC_URL
DEFAULT_AUTO_FIELD, USE_TZ, TIME_ZONE = casebook_settings.DEFAULT_AUTO_FIELD, True, casebook_settings.TIME_ZONE
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
    from django.contrib.auth.models import User  # only possible once the settings in this module are read

    changed = User.objects.filter(pk=request.user.pk).update(first_name=request.POST["text"][:150])
    return JsonResponse({"changed": changed})


urlpatterns = [path("", page), path("gezond/", page), path("save/", save)]
