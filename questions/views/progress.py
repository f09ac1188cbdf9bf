"""Where a class is, and how its teacher wants to read."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from questions import access, teaching
from questions.forms.reading import ReadingForm


@require_POST
@access.signed_in
def reading_choices(request: HttpRequest, pk: int) -> HttpResponse:
    """By question or by student, which class, and whether names are hidden: as it was last chosen, on every page."""
    place = access.place_of_teacher(request, pk)
    form = ReadingForm(request.POST, module=place.module)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    teaching.choose_reading(enrolment=place, **form.choices)
    back = request.POST.get("terug", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = place.module.get_absolute_url()
    return HttpResponseRedirect(back)
