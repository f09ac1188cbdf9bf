"""Dates far away, and times that the clock skips or repeats, in every form with a date: a sentence and no error."""

import pytest
from django.urls import reverse
from django.utils import timezone

from questions.models import Assignment, Extension
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol
from tests.questions.templatetags.test_dates import at

pytestmark = pytest.mark.django_db

YEAR = "Dit jaartal kan niet kloppen. Kies een dag in de jaren 2000 tot en met 2100."
CLOCK = "In dit uur wordt de klok verzet. Kies een tijd vóór 2:00 of vanaf 3:00."
ODD = {
    "0001-01-01T00:00": YEAR,
    "0001-12-31T23:59": YEAR,
    "1999-12-31T00:00": YEAR,
    "2101-01-02T00:00": YEAR,
    "9999-12-31T23:59": YEAR,
    "2027-03-28T02:30": CLOCK,
    "2027-10-31T02:30": CLOCK,
    "10000-01-01T00:00": "Vul een dag en een tijd in, bijvoorbeeld 24-11-2026 17:00.",
    "2027-02-30T12:00": "Vul een dag en een tijd in, bijvoorbeeld 24-11-2026 17:00.",
}


@pytest.fixture
def teacher(client):
    teacher = UserFactory(groups=["Docenten"])
    client.force_login(teacher)
    return teacher


@pytest.fixture
def send(client, teacher):
    """Return a function that sends one of the forms with this date, and the page that it returns."""
    module, case = ModuleFactory(teacher=teacher), published_case()
    assignment = AssignmentFactory(module=module, case=case, due_at=at("2026-12-01 12:00"))
    values = {"questions": [case.questions.get().pk], "own-TOTAL_FORMS": 0, "own-INITIAL_FORMS": 0}
    values["instructions"] = "Dit schreef ik."
    new, edit = f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}", f"/opdrachten/{assignment.pk}/bewerken/"
    forms = {
        "opens": (new, "opens_at", values),
        "due": (new, "due_at", values),
        "changed": (edit, "due_at", values),
        "extension": (
            f"/opdrachten/{assignment.pk}/uitstel/",
            "due_at",
            {"student": enrol(module).tag, "reason": "Dit schreef ik."},
        ),
    }

    def send(form: str, date: str):
        address, name, sent = forms[form]
        return client.post(address, sent | {name: date})

    return send


@pytest.mark.parametrize("form", ["opens", "due", "changed", "extension"])
@pytest.mark.parametrize(("date", "sentence"), ODD.items(), ids=ODD)
def test_an_odd_date_gets_a_sentence_and_nothing_is_lost(send, form, date, sentence):
    response = send(form, date)
    assert response.status_code == 200
    assert sentence in response.text
    assert "Dit schreef ik." in response.text
    assert Assignment.objects.count() == 1
    assert not Extension.objects.exists()


@pytest.mark.parametrize("weeks", [52, 260])
@pytest.mark.parametrize("due", ["2100-12-31 23:59", "2099-06-01 12:00", "2026-03-29 01:30"])
def test_a_copy_of_a_module_with_late_dates_is_made_or_refused_in_words(client, teacher, due, weeks):
    module = ModuleFactory(teacher=teacher)
    AssignmentFactory(module=module, due_at=at(due))
    sent = {"title": "Kopie", "period": "", "weeks": weeks}
    response = client.post(reverse("questions:module_copy", args=[module.pk]), sent)
    copies = Assignment.objects.exclude(module=module)
    if response.status_code == 302:
        assert timezone.localtime(copies.get().due_at).year <= 2100
    else:
        assert response.status_code == 200
        assert "2100" in response.text
        assert not copies.exists()
