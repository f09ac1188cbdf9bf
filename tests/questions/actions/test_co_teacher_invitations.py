"""How a colleague becomes a teacher of a module: by a link, and by nothing else."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from casebook.models import User
from questions.models import Answer, Enrolment, Module, Role
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol

pytestmark = pytest.mark.django_db
PASSWORD = "een lang wachtwoord"


@pytest.fixture
def module():
    return ModuleFactory(title="Schulden in de wijk", teacher=UserFactory(name="Karin Vos", email="karin@example.org"))


@pytest.fixture
def page(module):
    return f"/modules/{module.pk}/docenten/"


@pytest.fixture
def karin(module):
    return browser_of(User.objects.get(email="karin@example.org"))


def browser_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def teachers_of(module: Module) -> set[str]:
    rows = Enrolment.objects.filter(module=module, role=Role.TEACHER, left_at=None)
    return set(rows.values_list("user__name", flat=True))


def make_link(browser: Client, page: str) -> str:
    """What a teacher copies from the page."""
    found = re.search(r'value="https?://[^/"]+(/uitnodiging/collega/[^"]+)"', text_of(browser.post(page, follow=True)))
    assert found, "there is no link on the page"
    return found[1]


@pytest.mark.parametrize("has_mail", [False, True])
@pytest.mark.parametrize("known_as", ["nobody", "teacher", "proven", "changed"])
def test_whoever_has_the_address_of_a_colleague_gets_nothing_by_it(settings, karin, module, page, has_mail, known_as):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = has_mail
    person = UserFactory(email="eerst@example.org", groups=["Docenten"] if known_as == "teacher" else [])
    User.objects.filter(pk=person.pk).update(
        email="collega@example.org",
        proven_email={"proven": "collega@example.org", "changed": "eerst@example.org"}.get(known_as, ""),
    )
    karin.post(page, {"email": "collega@example.org"})
    assert teachers_of(module) == {"Karin Vos"}
    assert browser_of(person).get(f"/modules/{module.pk}/").status_code == 404


def test_a_link_makes_whoever_opens_it_a_teacher_here_and_nowhere_else(karin, module, page):
    omar = UserFactory(name="Omar Said", email="omar@example.org")
    link, browser = make_link(karin, page), browser_of(omar)
    said = text_of(browser.get(link))
    assert "Karin Vos nodigt je uit om samen Schulden in de wijk te geven." in said
    assert teachers_of(module) == {"Karin Vos"}  # looking is not yet saying yes
    response = browser.post(link, follow=True)
    assert "Je bent nu docent van deze module." in text_of(response)
    assert teachers_of(module) == {"Karin Vos", "Omar Said"}
    assert not omar.may_teach
    assert list(Module.objects.taught_by(omar)) == [module]


def test_a_link_works_once(karin, module, page):
    link = make_link(karin, page)
    browser_of(UserFactory(name="Omar")).post(link)
    late = browser_of(UserFactory(name="Lotte"))
    for response in (late.get(link), late.post(link), Client().get(link)):
        assert response.status_code == 410
        assert "Vraag Karin Vos om een nieuwe link." in text_of(response)
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_a_link_belongs_to_the_account_that_opened_it(karin, module, page):
    omar, thief = UserFactory(name="Omar", email="omar@example.org"), browser_of(UserFactory(name="Dief"))
    link = make_link(karin, page)
    browser_of(omar).get(link)
    for response in (thief.get(link), thief.post(link)):
        assert response.status_code == 403
        assert "Een ander account opende deze link eerder" in text_of(response)
        assert "omar@example.org" not in text_of(response)
    assert "Geopend door Omar (omar@example.org)" in text_of(karin.get(page))
    assert browser_of(omar).post(link).status_code == 302
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_a_link_that_was_opened_dies_with_that_account(karin, module, page):
    omar = UserFactory(name="Omar")
    link = make_link(karin, page)
    browser_of(omar).get(link)
    omar.delete()
    assert browser_of(UserFactory(name="Dief")).post(link).status_code == 404


def test_looking_at_it_signed_out_or_as_a_teacher_of_the_module_binds_nothing(karin, module, page):
    link = make_link(karin, page)
    said = text_of(Client().get(link))
    assert f"/account/inloggen/?next={link}" in said
    assert "Karin Vos" in said
    assert Client().head(link).status_code == 200
    assert "Je bent hier al docent" in text_of(karin.get(link))
    assert "Je bent hier al docent" in text_of(karin.post(link))
    assert browser_of(UserFactory(name="Omar")).post(link).status_code == 302


def test_signed_out_a_yes_leads_to_signing_in_and_back(karin, page):
    link = make_link(karin, page)
    assert Client().post(link)["Location"] == f"/account/inloggen/?next={link}"


@pytest.mark.parametrize(("age", "status"), [(timedelta(days=6, hours=23), 200), (timedelta(days=7, minutes=1), 410)])
def test_a_link_is_good_for_a_week(karin, page, monkeypatch, age, status):
    link, now = make_link(karin, page), timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + age)
    assert Client().get(link).status_code == status


def test_a_link_is_withdrawn(karin, module, page):
    link = make_link(karin, page)
    (address,) = re.findall(r'action="(/modules/\d+/docenten/\d+/intrekking/)"', text_of(karin.get(page)))
    assert karin.post(address, follow=True).status_code == 200
    assert Client().get(link).status_code == 404
    assert karin.post(address).status_code == 302  # twice is not a mistake
    assert "intrekking" not in text_of(karin.get(page))


def test_a_link_that_was_used_is_not_said_to_be_withdrawn(karin, module, page):
    link = make_link(karin, page)
    (address,) = re.findall(r'action="(/modules/\d+/docenten/\d+/intrekking/)"', text_of(karin.get(page)))
    browser_of(UserFactory(name="Omar")).post(link)
    assert "Deze link is al gebruikt: je collega is nu docent" in text_of(karin.post(address, follow=True))


def test_a_link_of_another_module_is_not_withdrawn(karin, module, page):
    link = make_link(karin, page)
    (address,) = re.findall(r'action="(/modules/\d+/docenten/\d+/intrekking/)"', text_of(karin.get(page)))
    other = ModuleFactory()
    stranger = browser_of(enrol(other, role=Role.TEACHER).user)
    stranger.post(address.replace(f"/{module.pk}/", f"/{other.pk}/", 1))
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize("gone", ["left", "leaves", "inactive"])
def test_a_link_of_who_teaches_here_no_more_is_worth_nothing(karin, module, page, gone):
    enrol(module, UserFactory(name="Omar"), role=Role.TEACHER)
    link, maker = make_link(karin, page), User.objects.get(email="karin@example.org")
    if gone == "left":
        Enrolment.objects.filter(user=maker).update(left_at=timezone.now())
    elif gone == "leaves":
        User.objects.filter(pk=maker.pk).update(deletion_due_at=timezone.now() + timedelta(days=7))
    else:
        User.objects.filter(pk=maker.pk).update(is_active=False)
    assert browser_of(UserFactory(name="Dief")).post(link).status_code == 410
    assert "Dief" not in teachers_of(module)


@pytest.mark.parametrize("token", ["1", "1.", "1.x", ".", "%00", "1.ééé", "99999999999999999999.x", "x" * 300])
def test_a_made_up_link_opens_nothing(karin, page, token):
    make_link(karin, page)
    assert Client().get(f"/uitnodiging/collega/{token}/").status_code == 404


def test_a_link_with_another_number_in_it_opens_nothing(karin, page):
    first, second = make_link(karin, page), make_link(karin, page)
    number, signature = second.split("/")[3].split(".")
    assert Client().get(f"/uitnodiging/collega/{int(number) - 1}.{signature}/").status_code == 404
    assert first != second


def test_who_is_a_student_and_wrote_nothing_becomes_a_teacher(karin, module, page):
    student = enrol(module, UserFactory(name="Bram"), group="SW1A")
    browser_of(student.user).post(make_link(karin, page))
    student.refresh_from_db()
    assert (student.role, student.group) == (Role.TEACHER, "")


def test_who_wrote_answers_here_stays_a_student(karin, module, page):
    student = enrol(module, UserFactory(name="Bram"))
    assignment = AssignmentFactory(module=module)
    Answer.objects.create(student=student.user, question=assignment.questions.get(), assignment=assignment, text="a")
    response = browser_of(student.user).post(make_link(karin, page))
    assert "Bram heeft hier als student antwoorden geschreven" in text_of(response)
    assert teachers_of(module) == {"Karin Vos"}


def test_who_left_comes_back(karin, module, page):
    gone = enrol(module, UserFactory(name="Omar"), role=Role.TEACHER, left_at=timezone.now())
    browser_of(gone.user).post(make_link(karin, page))
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_who_was_taken_out_does_not_come_back_by_a_link_that_lay_about(karin, module, page):
    omar = enrol(module, UserFactory(name="Omar"), role=Role.TEACHER)
    before = make_link(karin, page)
    karin.post(f"/modules/{module.pk}/mensen/{omar.tag}/vertrek/")
    browser = browser_of(omar.user)
    assert [browser.get(before).status_code, browser.post(before).status_code] == [410, 410]
    assert browser.post(make_link(karin, page)).status_code == 302
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_a_look_ahead_of_a_browser_binds_nothing(karin, page):
    link = make_link(karin, page)
    browser_of(UserFactory()).head(link)
    assert "Geopend door" not in text_of(karin.get(page))


def test_there_are_at_most_twenty_links_at_a_time(karin, page):
    for _ in range(20):
        make_link(karin, page)
    assert "Er staan al 20 links open." in text_of(karin.post(page, follow=True))
    assert text_of(karin.get(page)).count("Trek in") == 20


@pytest.mark.parametrize("links", [1, 3])
def test_the_page_asks_as_much_for_three_as_for_one(karin, page, links, django_assert_num_queries):
    for _ in range(links):
        browser_of(UserFactory()).get(make_link(karin, page))
    with django_assert_num_queries(5):
        karin.get(page)
