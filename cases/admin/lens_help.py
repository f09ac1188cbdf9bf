"""The help for choosing the lens of a question: what its answer contains, why, and an example."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from questions.models import Kolb


@dataclass(frozen=True)
class Lens:
    kolb: Kolb
    why: Promise
    example: Promise

    @property
    def name(self) -> str:
        return self.kolb.value

    @property
    def label(self) -> str:
        return self.kolb.label

    @property
    def asks_for(self) -> str:
        return self.kolb.asks_for


LENSES = (
    Lens(
        Kolb.DOENER,
        _("Wie iets uitprobeert, merkt wat er echt gebeurt. Vraag om een stap die morgen kan, hoe klein ook."),
        _("Je belt morgen bij haar aan. Wat zeg je als de deur opengaat?"),
    ),
    Lens(
        Kolb.BESCHOUWER,
        _("Wie eerst kijkt en voelt, oordeelt minder snel. Vraag naar andere ogen, naar wat raakt, naar het waarom."),
        _("Hoe kijkt de buurman hiernaar, en hoe de wijkagent? Wie van hen snap je het best?"),
    ),
    Lens(
        Kolb.DENKER,
        _("Met een begrip zie je wat één geval met andere gemeen heeft. Vraag om uitleg, en noem het begrip of model."),
        _("Leg met het begrip presentie uit waarom het tweede gesprek beter liep."),
    ),
    Lens(
        Kolb.BESLISSER,
        _("In het werk moet er gekozen worden, ook zonder zekerheid. Vraag om een keuze voor dit geval, met redenen."),
        _("Jij mag kiezen: wachten of melden. Wat doe je, en wat weegt het zwaarst?"),
    ),
)
