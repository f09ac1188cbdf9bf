"""Tests of invitations for teachers of a module: only a link makes a user a teacher."""

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
def page_address(module):
    return f"/modules/{module.pk}/docenten/"


@pytest.fixture
def karin(module):
    return client_of(User.objects.get(email="karin@example.org"))


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def teachers_of(module: Module) -> set[str]:
    rows = Enrolment.objects.filter(module=module, role=Role.TEACHER, left_at=None)
    return set(rows.values_list("user__name", flat=True))


def make_link(client: Client, page_address: str) -> str:
    """Return the path of a new link, as it is shown on the page."""
    match = re.search(
        r'value="https?://[^/"]+(/uitnodiging/collega/[^"]+)"', text_of(client.post(page_address, follow=True))
    )
    assert match, "there is no link on the page"
    return match[1]


@pytest.mark.parametrize("has_mail", [False, True])
@pytest.mark.parametrize("known_as", ["unproven", "teacher", "proven", "changed"])
def test_adding_a_mail_address_makes_no_user_a_teacher(settings, karin, module, page_address, has_mail, known_as):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = has_mail
    person = UserFactory(email="eerst@example.org", groups=["Docenten"] if known_as == "teacher" else [])
    User.objects.filter(pk=person.pk).update(
        email="collega@example.org",
        proven_email={"proven": "collega@example.org", "changed": "eerst@example.org"}.get(known_as, ""),
    )
    karin.post(page_address, {"email": "collega@example.org"})
    assert teachers_of(module) == {"Karin Vos"}
    assert client_of(person).get(f"/modules/{module.pk}/").status_code == 404


def test_link_makes_its_user_a_teacher_of_this_module_only(karin, module, page_address):
    omar = UserFactory(name="Omar Said", email="omar@example.org")
    link, client = make_link(karin, page_address), client_of(omar)
    invitation_page = text_of(client.get(link))
    assert "Karin Vos nodigt je uit om samen Schulden in de wijk (Blok 2) te geven." in invitation_page
    assert teachers_of(module) == {"Karin Vos"}  # opening the link is not accepting it
    response = client.post(link, follow=True)
    assert "Je bent nu docent van deze module." in text_of(response)
    assert teachers_of(module) == {"Karin Vos", "Omar Said"}
    assert not omar.may_teach
    assert list(Module.objects.taught_by(omar)) == [module]


def test_link_can_be_accepted_once(karin, module, page_address):
    link = make_link(karin, page_address)
    client_of(UserFactory(name="Omar")).post(link)
    second_user = client_of(UserFactory(name="Lotte"))
    for response in (second_user.get(link), second_user.post(link), Client().get(link)):
        assert response.status_code == 410
        assert "Vraag Karin Vos om een nieuwe link." in text_of(response)
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_link_is_bound_to_the_account_that_opened_it(karin, module, page_address):
    omar, thief = UserFactory(name="Omar", email="omar@example.org"), client_of(UserFactory(name="Dief"))
    link = make_link(karin, page_address)
    client_of(omar).get(link)
    for response in (thief.get(link), thief.post(link)):
        assert response.status_code == 403
        assert "Een ander account opende deze link eerder" in text_of(response)
        assert "omar@example.org" not in text_of(response)
    assert "Geopend door Omar (omar@example.org)" in text_of(karin.get(page_address))
    assert client_of(omar).post(link).status_code == 302
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_opened_link_is_deleted_with_the_account(karin, module, page_address):
    omar = UserFactory(name="Omar")
    link = make_link(karin, page_address)
    client_of(omar).get(link)
    omar.delete()
    assert client_of(UserFactory(name="Dief")).post(link).status_code == 404


def test_link_is_not_bound_by_visitors_or_teachers_of_the_module(karin, module, page_address):
    link = make_link(karin, page_address)
    invitation_page = text_of(Client().get(link))
    assert f"/account/inloggen/?next={link}" in invitation_page
    assert "Karin Vos" in invitation_page
    assert Client().head(link).status_code == 200
    assert "Je bent hier al docent" in text_of(karin.get(link))
    assert "Je bent hier al docent" in text_of(karin.post(link))
    assert client_of(UserFactory(name="Omar")).post(link).status_code == 302


def test_visitor_who_accepts_is_redirected_to_sign_in_and_back(karin, page_address):
    link = make_link(karin, page_address)
    assert Client().post(link)["Location"] == f"/account/inloggen/?next={link}"


@pytest.mark.parametrize(("age", "status"), [(timedelta(days=6, hours=23), 200), (timedelta(days=7, minutes=1), 410)])
def test_link_is_valid_for_seven_days(karin, page_address, monkeypatch, age, status):
    link, now = make_link(karin, page_address), timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + age)
    assert Client().get(link).status_code == status


def test_link_can_be_withdrawn(karin, module, page_address):
    link = make_link(karin, page_address)
    (withdrawal_address,) = re.findall(
        r'action="(/modules/\d+/docenten/\d+/intrekking/)"', text_of(karin.get(page_address))
    )
    assert karin.post(withdrawal_address, follow=True).status_code == 200
    assert Client().get(link).status_code == 404
    assert karin.post(withdrawal_address).status_code == 302  # withdrawing twice is no error
    assert "intrekking" not in text_of(karin.get(page_address))


def test_withdrawal_of_a_used_link_reports_that_it_was_used(karin, module, page_address):
    link = make_link(karin, page_address)
    (withdrawal_address,) = re.findall(
        r'action="(/modules/\d+/docenten/\d+/intrekking/)"', text_of(karin.get(page_address))
    )
    client_of(UserFactory(name="Omar")).post(link)
    assert "Deze link is al gebruikt: je collega is nu docent" in text_of(karin.post(withdrawal_address, follow=True))


def test_link_of_another_module_cannot_be_withdrawn(karin, module, page_address):
    link = make_link(karin, page_address)
    (withdrawal_address,) = re.findall(
        r'action="(/modules/\d+/docenten/\d+/intrekking/)"', text_of(karin.get(page_address))
    )
    other = ModuleFactory()
    stranger = client_of(enrol(other, role=Role.TEACHER).user)
    stranger.post(withdrawal_address.replace(f"/{module.pk}/", f"/{other.pk}/", 1))
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize("status", ["left", "deletion due", "inactive"])
def test_link_is_invalid_once_its_inviter_no_longer_teaches_the_module(karin, module, page_address, status):
    enrol(module, UserFactory(name="Omar"), role=Role.TEACHER)
    link, inviter = make_link(karin, page_address), User.objects.get(email="karin@example.org")
    if status == "left":
        Enrolment.objects.filter(user=inviter).update(left_at=timezone.now())
    elif status == "deletion due":
        User.objects.filter(pk=inviter.pk).update(deletion_due_at=timezone.now() + timedelta(days=7))
    else:
        User.objects.filter(pk=inviter.pk).update(is_active=False)
    assert client_of(UserFactory(name="Dief")).post(link).status_code == 410
    assert "Dief" not in teachers_of(module)


@pytest.mark.parametrize("token", ["1", "1.", "1.x", ".", "%00", "1.ééé", "99999999999999999999.x", "x" * 300])
def test_invented_token_returns_404(karin, page_address, token):
    make_link(karin, page_address)
    assert Client().get(f"/uitnodiging/collega/{token}/").status_code == 404


def test_token_with_another_id_returns_404(karin, page_address):
    first, second = make_link(karin, page_address), make_link(karin, page_address)
    number, signature = second.split("/")[3].split(".")
    assert Client().get(f"/uitnodiging/collega/{int(number) - 1}.{signature}/").status_code == 404
    assert first != second


def test_student_without_answers_can_become_a_teacher(karin, module, page_address):
    student = enrol(module, UserFactory(name="Bram"), group="SW1A")
    client_of(student.user).post(make_link(karin, page_address))
    student.refresh_from_db()
    assert (student.role, student.group) == (Role.TEACHER, "")


def test_student_with_answers_remains_a_student(karin, module, page_address):
    student = enrol(module, UserFactory(name="Bram"))
    assignment = AssignmentFactory(module=module)
    Answer.objects.create(student=student.user, question=assignment.questions.get(), assignment=assignment, text="a")
    response = client_of(student.user).post(make_link(karin, page_address))
    assert "Bram heeft hier als student antwoorden geschreven" in text_of(response)
    assert teachers_of(module) == {"Karin Vos"}


def test_former_teacher_can_return_by_a_link(karin, module, page_address):
    enrolment = enrol(module, UserFactory(name="Omar"), role=Role.TEACHER, left_at=timezone.now())
    client_of(enrolment.user).post(make_link(karin, page_address))
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_removed_teacher_cannot_return_by_an_earlier_link(karin, module, page_address):
    omar = enrol(module, UserFactory(name="Omar"), role=Role.TEACHER)
    earlier_link = make_link(karin, page_address)
    karin.post(f"/modules/{module.pk}/mensen/{omar.tag}/vertrek/")
    client = client_of(omar.user)
    assert [client.get(earlier_link).status_code, client.post(earlier_link).status_code] == [410, 410]
    assert client.post(make_link(karin, page_address)).status_code == 302
    assert teachers_of(module) == {"Karin Vos", "Omar"}


def test_head_request_does_not_bind_a_link(karin, page_address):
    link = make_link(karin, page_address)
    client_of(UserFactory()).head(link)
    assert "Geopend door" not in text_of(karin.get(page_address))


def test_module_has_at_most_twenty_open_links(karin, page_address):
    for _ in range(20):
        make_link(karin, page_address)
    assert "Er staan al 20 links open." in text_of(karin.post(page_address, follow=True))
    assert text_of(karin.get(page_address)).count("Trek in") == 20


@pytest.mark.parametrize("links", [1, 3])
def test_page_uses_a_fixed_number_of_queries(karin, page_address, links, django_assert_num_queries):
    for _ in range(links):
        client_of(UserFactory()).get(make_link(karin, page_address))
    with django_assert_num_queries(5):
        karin.get(page_address)
