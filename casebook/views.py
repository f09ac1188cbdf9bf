"""Pages that belong to no app."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cases.models import Part


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "casebook/home.html", {"parts": Part.objects.all()})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "casebook/about.html")


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """200 «ok» as long as the database answers; its error is the server's 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return HttpResponse("ok", content_type="text/plain")
