"""Where a class is: the table of students and questions, and how its teacher wants to read."""

import pytest

from questions.models import ReadBy, ReadingChoices, Role
from tests.factories import UserFactory
from tests.questions.factories import ModuleFactory, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher():
    return UserFactory(name="Karin Vos", groups=["Docenten"])


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, groups=["SW1A", "SW1C"])


@pytest.fixture
def place(module, teacher):
    return module.enrolments.get(user=teacher)


# --- How one reads ---


@pytest.fixture
def choose(client, teacher, module):
    client.force_login(teacher)
    return lambda **chosen: client.post(f"/modules/{module.pk}/leeswijze/", chosen)


def test_a_choice_is_kept_and_the_others_stay(choose, place):
    choose(by="student", group="SW1C")
    choose(names="verborgen")
    place.refresh_from_db()
    assert place.reading == ReadingChoices(by=ReadBy.STUDENT, group="SW1C", hides_names=True)
    choose(names="tonen", group="")
    place.refresh_from_db()
    assert place.reading == ReadingChoices(by=ReadBy.STUDENT)


def test_a_choice_is_ones_own(choose, module):
    colleague = enrol(module, role=Role.TEACHER)
    choose(names="verborgen")
    colleague.refresh_from_db()
    assert colleague.reading == ReadingChoices()


@pytest.mark.parametrize(
    "chosen", [{}, {"by": "klas"}, {"by": ""}, {"group": "SW9"}, {"names": "ja"}, {"by": "vraag", "names": ""}]
)
def test_what_no_button_of_ours_sends_is_refused_whole(choose, place, chosen):
    assert choose(**chosen).status_code == 400
    place.refresh_from_db()
    assert place.reading_choices == {}


@pytest.mark.parametrize(
    "back", ["/modules/1/voortgang/?toon=nog-te-lezen", "/opdrachten/2/feedback/?vraag=a#antwoord-3"]
)
def test_choosing_leads_back_to_where_it_was_done(choose, back):
    assert choose(names="verborgen", terug=back).url == back


@pytest.mark.parametrize("back", ["", "https://elders.example/", "//elders.example/", "javascript:alert(1)"])
def test_choosing_leads_nowhere_else(choose, module, back):
    assert choose(names="verborgen", terug=back).url == f"/modules/{module.pk}/"


def test_only_a_teacher_of_the_module_chooses(client, module):
    path = f"/modules/{module.pk}/leeswijze/"
    assert client.post(path, {"names": "verborgen"}).url == f"/account/inloggen/?next={path}"
    client.force_login(UserFactory(groups=["Docenten"]))
    assert client.post(path, {"names": "verborgen"}).status_code == 404
    client.force_login(enrol(module).user)
    assert client.post(path, {"names": "verborgen"}).status_code == 403
    assert client.get(path).status_code == 405
