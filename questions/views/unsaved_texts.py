"""The page that returns texts that could not be saved, for browsers without JavaScript."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from questions.actions.saving import Outcome, Saved
from questions.models import Answer, Feedback

CONFLICT, TOO_LARGE = 409, 413
STATUS = {
    Outcome.SAVED: 200,
    Outcome.OVERTAKEN: 200,
    Outcome.DAMAGED: 400,
    Outcome.STALE: CONFLICT,
    Outcome.TOO_LONG: TOO_LARGE,
    Outcome.FULL: TOO_LARGE,
}

# Fields that are sent again: the button, choices, and the user, so that no text is saved as that of another user.
KEPT = {"lever", "verdict", "user", "module"}

# What happened, what it means for the text, and what to do now: first the reasons for which sending again can help.
SEND_AGAIN = {
    "csrf": _("De pagina stond te lang open, dus er is nog niets opgeslagen. Verstuur je tekst opnieuw."),
    "damaged": _("Je tekst is onderweg beschadigd geraakt en daarom niet opgeslagen. Verstuur hem opnieuw."),
    "other_user": _(
        "Hier is nu iemand anders ingelogd. Log eerst uit in een nieuw tabblad en log daar in als jezelf. Kom dan "
        "hier terug en verstuur je tekst opnieuw."
    ),
    "signed_out": _(
        "Je bent intussen uitgelogd. Log in een nieuw tabblad in, kom hier terug en verstuur je tekst opnieuw."
    ),
    "stale": _(
        "Dit antwoord is ook ergens anders veranderd. Beide teksten zijn bewaard. Wil je verder met wat je net "
        "schreef? Verstuur het dan opnieuw."
    ),
    "overtaken": _(
        "Er is al een nieuwere tekst van deze pagina opgeslagen. Wil je toch verder met de tekst hieronder? "
        "Verstuur hem dan opnieuw."
    ),
    "too_long": _("Je tekst is langer dan 20.000 tekens. Kort hem in en verstuur hem opnieuw."),
}
COPY_IT = {
    "full": _(
        "Hier zijn al 200 eerdere versies bewaard, of je schreef al 2.000 antwoorden voor jezelf, en daar past er geen "
        "meer bij. Daarom is je nieuwe tekst niet opgeslagen; wat er stond is gebleven. Kopieer je tekst hieronder en "
        "bewaar hem zelf, bijvoorbeeld in een document."
    ),
    "not_allowed": _(
        "Met dit account kun je hier niet schrijven, dus je tekst is niet opgeslagen. Opnieuw versturen helpt niet. "
        "Kopieer je tekst hieronder en bewaar hem zelf, bijvoorbeeld in een document."
    ),
    "not_here": _(
        "Hier kun je niet (meer) schrijven: de vraag of opdracht is weg, of je zit niet meer in de module. Je tekst is "
        "niet opgeslagen en opnieuw versturen helpt niet. Kopieer je tekst hieronder en bewaar hem zelf, bijvoorbeeld "
        "in een document."
    ),
    "refused": _(
        "Deze vraag hoort niet bij de opdracht. Je tekst is niet opgeslagen en opnieuw versturen helpt niet. Kopieer "
        "je tekst hieronder en bewaar hem zelf, bijvoorbeeld in een document."
    ),
    "unreadable": _(
        "Er klopte iets niet aan wat je browser stuurde, dus je tekst is niet opgeslagen. Kopieer je tekst hieronder, "
        "open de pagina opnieuw en plak hem daar."
    ),
    "withdrawn": _(
        "De student heeft dit antwoord intussen teruggenomen; er kan geen feedback meer op. Bewaar je tekst zelf als "
        "je hem nog wilt gebruiken."
    ),
}


@dataclass(frozen=True)
class Unsaved:
    """A text that was sent in a field and not saved, with the reason and the stored row."""

    name: str
    text: str
    reason: str
    saved: Saved | None = None

    @property
    def sentence(self) -> str:
        """Return the message to the user."""
        return SEND_AGAIN.get(self.reason) or COPY_IT[self.reason]

    @property
    def can_be_sent(self) -> bool:
        return self.reason in SEND_AGAIN

    @property
    def is_to_copy(self) -> bool:
        """Return whether the user has to copy the text, since sending it again cannot help."""
        return not self.can_be_sent and bool(self.text.strip())

    @property
    def has_something(self) -> bool:
        """Return whether there is a sent or a stored text to show."""
        return bool(self.text.strip() or self.stored)

    @property
    def stored(self) -> Answer | Feedback | None:
        """Return the stored row, which is shown beside the text."""
        return self.saved.row if self.saved else None

    @property
    def revision(self) -> tuple[str, int] | None:
        """Return the name of the revision field of this text with the stored revision, which is shown on the page."""
        if self.stored is None:
            return None
        return self.name.replace("text", "revision", 1), self.saved.revision


def status_of_form(reasons: Collection[str]) -> int:
    """Return the status of a form with several texts, given the reasons for which some were not saved."""
    if not reasons:
        return 200
    if {Outcome.TOO_LONG.value, Outcome.FULL.value} & set(reasons):
        return TOO_LARGE
    return 404 if set(reasons) == {"not_here"} else CONFLICT


def wants_page(request: HttpRequest) -> bool:
    """Return whether a browser sent this form itself, rather than our script or another client."""
    return "text/html" in request.headers.get("Accept", "") and "X-Requested-With" not in request.headers


def texts_sent(request: HttpRequest) -> dict[str, str]:
    """Return the texts of a form by the name of their field."""
    return {name: value for name, value in request.POST.items() if name == "text" or name.startswith("text-")}


def everything_sent(request: HttpRequest, reason: str, saved: Saved | None = None) -> list[Unsaved]:
    """Return all texts of a form as not saved, for this reason."""
    return [Unsaved(name, text, reason, saved) for name, text in texts_sent(request).items()]


def rescue_page(request: HttpRequest, status: int, reason: str, unsaved: Sequence[Unsaved]) -> HttpResponse:
    """Return the page with these texts in a form to send again, or to copy if that cannot help. It saves nothing."""
    reasons = {text.reason for text in unsaved} or {reason}
    context = {
        "reason": reason,
        "lead": (SEND_AGAIN | COPY_IT)[reasons.pop()] if len(reasons) == 1 else "",
        "copied": [text for text in unsaved if text.is_to_copy],
        **_form_to_send_again(request, [text for text in unsaved if text.can_be_sent]),
    }
    response = render(request, "questions/rescue.html", context, status=status)
    response.headers["X-Reason"] = reason
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _form_to_send_again(request: HttpRequest, sent_again: list[Unsaved]) -> dict[str, list]:
    """Return the texts that can be sent again, with the empty ones and all other fields as hidden fields.

    The hidden fields have the stored revision of each text, since the page shows the stored text.
    """
    shown = [text for text in sent_again if text.has_something] or sent_again
    empty = [(text.name, text.text) for text in sent_again if text not in shown]
    revisions = dict(text.revision for text in sent_again if text.revision)
    names = {text.name.replace("text", "revision", 1) for text in sent_again} | KEPT
    hidden = [(name, revisions.get(name, value)) for name, value in request.POST.items() if name in names]
    return {"sent_again": shown, "hidden": hidden + empty}
