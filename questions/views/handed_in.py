"""The page of teachers with the answers that their students handed in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from questions import access
from questions.pages import handed_in as handed_in_page


@require_safe
@access.signed_in
def handed_in(request: HttpRequest) -> HttpResponse:
    """The answers that were handed in, by module and assignment, those that wait for this teacher first."""
    return render(request, "questions/handed_in.html", {"modules": handed_in_page.handed_in(request.user)})
