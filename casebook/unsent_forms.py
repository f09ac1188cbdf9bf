"""Forms that are returned with their text when the session ended, the token is stale or another user is signed in.

One mechanism for every form that is not saved while users write. Those that are (answers, feedback) use
questions/views/unsaved_texts.py. A form with a text field has its own name and its writer (templates/_writer.html).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext_lazy as _

from questions.views.unsaved_texts import texts_sent, wants_page

OURS = {"csrfmiddlewaretoken", "user", "prose"}
NEVER_BACK = re.compile("csrf|^(?!usable_).*passw|token|^proof$")
SEVERAL_WORDS = re.compile(r"\w\S*\s+\S*\w")
LONG = 60

WORDS = {
    "signed_out": (
        _("Je bent intussen uitgelogd, maar je tekst is er nog"),
        _(
            "Er is nog niets opgeslagen. Alles wat je invulde, staat op deze pagina. Log in een nieuw tabblad in, kom "
            "hier terug en verstuur het opnieuw."
        ),
    ),
    "csrf": (
        _("Dit formulier was verlopen, maar je tekst is er nog"),
        _("Er is nog niets opgeslagen. Alles wat je invulde, staat op deze pagina. Verstuur het opnieuw."),
    ),
    "other_user": (
        _("Hier is nu iemand anders ingelogd"),
        _(
            "Er is niets opgeslagen. Alles wat je invulde, staat op deze pagina. Log eerst uit in een nieuw "
            "tabblad en log daar in als jezelf. Kom dan hier terug en verstuur het opnieuw."
        ),
    ),
    "not_here": (
        _("Niet opgeslagen, maar je tekst is er nog"),
        _(
            "Hier kun je niet (meer) opslaan: wat je bewerkte is weg, of het is niet meer van jou. Opnieuw versturen "
            "helpt niet. Kopieer wat je schreef en bewaar het zelf, bijvoorbeeld in een document."
        ),
    ),
    "not_allowed": (
        _("Niet opgeslagen, maar je tekst is er nog"),
        _(
            "Met dit account mag je dit niet (meer) opslaan. Opnieuw versturen helpt niet. Kopieer wat je schreef en "
            "bewaar het zelf, bijvoorbeeld in een document."
        ),
    ),
}
TO_COPY = {"not_here", "not_allowed"}  # sending it again cannot help


@dataclass(frozen=True)
class Field:
    name: str
    value: str

    @property
    def is_sentence(self) -> bool:
        is_button = self.name.startswith("_")  # such as the buttons of the admin
        return bool(SEVERAL_WORDS.search(self.value)) and not is_button

    @property
    def is_text(self) -> bool:
        """Return whether the field is shown as text. Names, choices, dates and empty fields are hidden inputs."""
        return self.is_sentence or len(self.value) > LONG

    @property
    def rows(self) -> int:
        """Return how many lines the field for this text shows."""
        return 10 if len(self.value) > 200 else 3


class ReturnForms:
    """Middleware that returns forms. It is last, after the check of the token: forms of other sites get nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _leads_to_sign_in(request, response) and wants_page(request) and holds_text(request):
            return returned_form(request, 401, "signed_out")
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple, kwargs: dict
    ) -> HttpResponse | None:
        """Return the form where another user signed in here after it was opened, so that nothing is stored as theirs.

        The text can be nowhere else; it is not returned where a script saved a copy on the device for its writer.
        """
        if request.method != "POST" or not request.user.is_authenticated or not wants_page(request):
            return None
        writer = request.POST.get("user", "")
        is_other = writer not in {"", str(request.user.pk)} and not request.POST.get("device_copy")
        return returned_form(request, 409, "other_user") if is_other and holds_text(request) else None


def _leads_to_sign_in(request: HttpRequest, response: HttpResponse) -> bool:
    if request.method != "POST" or response.status_code != 302 or request.user.is_authenticated:
        return False
    return urlsplit(response.url).path in {resolve_url(settings.LOGIN_URL), resolve_url("admin:login")}


def holds_text(request: HttpRequest) -> bool:
    """Return whether a form has text that was typed, rather than chosen with a button."""
    if texts_sent(request):
        return False  # questions/views/unsaved_texts.py returns those
    fields = [field for field in _fields(request) if field.value]
    return bool(fields) and ("prose" in request.POST or any(field.is_sentence for field in fields))


def is_of_somebody(request: HttpRequest) -> bool:
    """Return whether a user is signed in, or was when the form was opened."""
    return request.user.is_authenticated or "user" in request.POST


def _fields(request: HttpRequest) -> Iterator[Field]:
    for name, values in request.POST.lists():
        if name not in OURS and not NEVER_BACK.search(name):
            yield from (Field(name, value) for value in values)


def returned_form(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    """Return a page with everything that was sent, in a form that can be sent again. Nothing is stored."""
    fields = list(_fields(request))
    title, lead = WORDS[reason]
    context = {
        "reason": reason,
        "is_to_copy": reason in TO_COPY,
        "title": title,
        "lead": lead,
        "texts": [field for field in fields if field.is_text],
        "others": [field for field in fields if not field.is_text],
        "marks": [Field(name, request.POST[name]) for name in ("user", "prose") if name in request.POST],
        "had_files": bool(request.FILES),
    }
    response = render(request, "casebook/form_given_back.html", context, status=status)
    response.headers["X-Reason"] = reason
    response.headers["Cache-Control"] = "private, no-store"
    return response
