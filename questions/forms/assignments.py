"""Forms of assignments with their own questions, and of extensions for one student."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casebook.lib.datetimes import MomentField
from casebook.lib.ids import read_ids, read_number
from questions.actions.assignments import OwnQuestion, Plan, in_order
from questions.forms.plain import PlainForm
from questions.models import Assignment, Enrolment, Kolb, Question, Ring, ring

MAX_OWN = 10
MAX_QUESTION = 2000


@dataclass(frozen=True)
class Row:
    """A question in the form of an assignment, with its fields for position and text."""

    question: Question
    wording: str
    is_ticked: bool
    is_fixed: bool
    place: forms.BoundField
    words: forms.BoundField | None


class AssignmentForm(PlainForm):
    """The form of an assignment with its choice of questions. `asked` are the questions that it has already."""

    instructions = forms.CharField(
        label=gettext_lazy("Toelichting"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Wat studenten moeten weten voor ze beginnen."),
    )
    opens_at = MomentField(
        label=gettext_lazy("Gaat open op"),
        required=False,
        help_text=gettext_lazy("Laat leeg: dan kan iedereen meteen beginnen."),
    )
    due_at = MomentField(
        label=gettext_lazy("Inleveren voor"),
        required=False,
        help_text=gettext_lazy("Wie later inlevert, kan dat nog. Jij ziet dan dat het later was."),
    )
    share = forms.BooleanField(label=gettext_lazy("Deel antwoorden na inleveren"), required=False)

    def __init__(
        self,
        *args: Any,
        choices: dict[Question, str],
        asked: list[Question] | None = None,
        is_answered: bool = False,
        is_new: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.choices, self.is_new = choices, is_new
        self.asked = list(choices) if asked is None else asked
        self.fixed = {question.pk for question in self.asked} if is_answered else set()
        for place, question in enumerate(self.in_order_asked, start=1):
            self._add_fields(question, place)

    def _add_fields(self, question: Question, place: int) -> None:
        label = _("Plaats van vraag %(place)s") % {"place": place}
        number = forms.NumberInput(attrs={"aria-label": label, "inputmode": "numeric"})
        self.fields[f"place-{question.pk}"] = forms.IntegerField(
            required=False, min_value=1, max_value=999, initial=place, widget=number
        )
        is_readable = question.withheld_text is None or f"words-{question.pk}" in self.data
        if question.module_id and question.pk not in self.fixed and is_readable:
            words = forms.Textarea(attrs={"rows": 2, "aria-label": _("Tekst van je eigen vraag")})
            self.fields[f"words-{question.pk}"] = forms.CharField(
                required=False, max_length=MAX_QUESTION, initial=question.text, widget=words
            )

    @property
    def in_order_asked(self) -> list[Question]:
        """Return the questions that are asked in their order, followed by the other ones to choose from."""
        asked = [question.pk for question in self.asked]
        return sorted(self.choices, key=lambda q: asked.index(q.pk) if q.pk in asked else len(asked))

    @cached_property
    def ticked(self) -> set[int]:
        """Return the ids of the chosen questions: as sent, as typed before a quick pick, or as saved."""
        known = {question.pk for question in self.choices}
        if self.is_bound:
            return (set(read_ids(self.data.getlist("questions"))) & known) | self.fixed
        if "questions" in self.initial:
            return (set(self.initial["questions"]) & known) | self.fixed
        return {question.pk for question in self.asked}

    @property
    def rows(self) -> list[Row]:
        return [
            Row(
                question,
                self.choices[question],
                question.pk in self.ticked,
                question.pk in self.fixed,
                self[f"place-{question.pk}"],
                self[f"words-{question.pk}"] if f"words-{question.pk}" in self.fields else None,
            )
            for question in self.in_order_asked
        ]

    @property
    def picks(self) -> list[tuple[Kolb, int, bool]]:
        """Return the lenses of the questions, each with their number and whether all of them are ticked."""
        found = [(kolb, [q.pk for q in self.choices if q.kolb == kolb]) for kolb in Kolb]
        return [(kolb, len(pks), self.ticked.issuperset(pks)) for kolb, pks in found if pks]

    def clean(self) -> dict:
        """Add errors for wrong dates and for chosen own questions without a text."""
        data = super().clean()
        opens, due = data.get("opens_at"), data.get("due_at")
        if opens and due and due <= opens:
            self.add_error("due_at", _("Dit is vóór het moment waarop de opdracht open gaat. Kies een latere tijd."))
        elif self.is_new and due and due < timezone.now():
            self.add_error("due_at", _("Deze tijd is al voorbij. Klopt de datum?"))
        for question in self.choices:
            if question.pk in self.ticked and data.get(f"words-{question.pk}") == "":
                self.add_error(f"words-{question.pk}", _("Schrijf hier je vraag, of haal het vinkje weg."))
        return data

    def plan(self, own: list[OwnQuestion]) -> Plan:
        """Return the values of a valid form for creating or changing the assignment."""
        data = self.cleaned_data
        chosen = [question for question in self.in_order_asked if question.pk in self.ticked]
        words = [(question, data.get(f"words-{question.pk}")) for question in chosen]
        return Plan(
            questions=in_order(chosen, {question.pk: data.get(f"place-{question.pk}") for question in chosen}),
            own=tuple(own),
            reworded=tuple((question, text) for question, text in words if text),
            instructions=data["instructions"],
            opens_at=data["opens_at"],
            due_at=data["due_at"],
            share=data["share"],
        )

    @staticmethod
    def initial_of(assignment: Assignment) -> dict:
        """Return the initial values for changing this assignment."""
        return {
            "instructions": assignment.instructions,
            "opens_at": assignment.opens_at,
            "due_at": assignment.due_at,
            "share": assignment.share,
        }


class OwnQuestionForm(PlainForm):
    """The form of a new own question, which may be empty."""

    text = forms.CharField(
        label=gettext_lazy("Je vraag"),
        required=False,
        max_length=MAX_QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    kolb = forms.ChoiceField(
        label=gettext_lazy("Door welke bril?"),
        required=False,
        choices=lambda: [("", _("Kies een bril")), *((kolb.value, f"{kolb.label}: {kolb.asks_for}") for kolb in Kolb)],
    )

    def clean(self) -> dict:
        data = super().clean()
        if data.get("text") and not data.get("kolb"):
            self.add_error("kolb", _("Kies de bril die bij je vraag past."))
        return data


OwnQuestions = forms.formset_factory(
    OwnQuestionForm, extra=0, max_num=MAX_OWN, absolute_max=MAX_OWN, validate_max=False
)
OWN_PREFIX = "own"


def own_questions_in(formset: forms.BaseFormSet) -> list[OwnQuestion]:
    """Return the rows of a valid formset that have a text."""
    filled = [form.cleaned_data for form in formset if form.cleaned_data.get("text")]
    return [OwnQuestion(data["text"], data["kolb"]) for data in filled]


def picked(pick: str, ticked: set[int], choices: Iterable[Question]) -> set[int]:
    """Return the ids that are chosen after a quick pick of all questions, none, or those of one lens on or off."""
    if pick == "alle":
        return {question.pk for question in choices}
    if pick == "geen":
        return set()
    of_lens = {question.pk for question in choices if question.kolb == pick}
    return ticked - of_lens if of_lens <= ticked else ticked | of_lens


def typed_so_far(data: QueryDict, pick: str, choices: Iterable[Question]) -> tuple[dict, list[dict]]:
    """Return the initial values of the form and the rows of own questions after a quick pick, without validation."""
    initial = {name: data[name] for name in data if name not in {"questions", "pick", "csrfmiddlewaretoken"}}
    initial["questions"] = picked(pick, set(read_ids(data.getlist("questions"))), choices)
    count = min(read_number(data.get(f"{OWN_PREFIX}-TOTAL_FORMS")) or 0, MAX_OWN)
    own = [{name: data.get(f"{OWN_PREFIX}-{n}-{name}", "") for name in ("text", "kolb")} for n in range(count)]
    if pick == "eigen" and count < MAX_OWN:
        own.append({})
    return initial, own


def coverage_of(form: AssignmentForm, own: list[str]) -> Ring:
    """Return the ring of the ticked questions and the new own questions."""
    return ring(Counter([q.kolb for q in form.choices if q.pk in form.ticked] + [kolb for kolb in own if kolb in Kolb]))


class StudentField(forms.ModelChoiceField):
    """A choice of students, with their group in the label."""

    def label_from_instance(self, enrolment: Enrolment) -> str:
        return f"{enrolment.user} ({enrolment.group})" if enrolment.group else str(enrolment.user)


class ExtensionForm(PlainForm):
    """The form for giving a student of the module a later due date."""

    student = StudentField(
        queryset=Enrolment.objects.none(),
        label=gettext_lazy("Student"),
        to_field_name="tag",
        empty_label=gettext_lazy("Kies een student"),
    )
    due_at = MomentField(label=gettext_lazy("Inleveren voor"))
    reason = forms.CharField(
        label=gettext_lazy("Reden"),
        max_length=200,
        help_text=gettext_lazy("Alleen docenten van deze module lezen dit. Houd het kort; noem geen medische details."),
    )

    def __init__(self, *args: Any, assignment: Assignment, **options: Any) -> None:
        super().__init__(*args, **options)
        self.assignment = assignment
        students = Enrolment.objects.current().students().filter(module=assignment.module_id)
        self.fields["student"].queryset = students.select_related("user").order_by("user__sort_name", "pk")

    def clean_due_at(self) -> datetime:
        due = self.cleaned_data["due_at"]
        if self.assignment.due_at and due <= self.assignment.due_at:
            raise forms.ValidationError(_("Kies een datum na de inleverdatum van iedereen."))
        return due
