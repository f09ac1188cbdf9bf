import re
from datetime import timedelta

import pytest
from django.conf import settings as live_settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casebook.models import User
from questions.actions import teacher_invitations
from questions.models import TeacherInvitation
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ADDRESS = "karin.vos@example.org"
ADD = "/beheer/questions/teacherinvitation/add/"


@pytest.fixture
def administrator():
    return User.objects.create_superuser("beheer@example.org", "Beheer", "koelkast-op-driehoog")


@pytest.fixture
def invited(administrator):
    """The path of an invitation for ADDRESS."""
    token = teacher_invitations.invite(invitation=TeacherInvitation(email=ADDRESS), by=administrator)
    return reverse("invitation", args=[token])


@pytest.fixture
def karin():
    return UserFactory(name="Karin Vos", email=ADDRESS)


def may_teach(user):
    return User.objects.get(pk=user.pk).may_teach


def test_an_invitation_is_read_by_get_and_used_by_post(client, karin, invited):
    client.force_login(karin)
    page = client.get(invited)
    assert page.status_code == 200
    assert not may_teach(karin)
    response = client.post(invited, follow=True)
    assert response.redirect_chain == [(invited, 302)]
    assert "Welkom, je bent docent" in response.content.decode()
    assert may_teach(karin)
    assert not karin.may_enter_admin


def test_a_visitor_reads_for_whom_it_is_and_keeps_the_way_back(client, invited):
    page = client.get(invited).content.decode()
    assert ADDRESS in page
    assert f'href="/account/inloggen/?next={invited}"' in page
    assert f'href="/account/aanmelden/?next={invited}&amp;email=karin.vos%40example.org"' in page
    assert 'method="post"' not in page.replace('id="uitloggen" method="post"', "")


def test_a_visitor_cannot_use_it(client, invited):
    assert client.post(invited)["Location"] == f"/account/inloggen/?next={invited}"
    assert TeacherInvitation.objects.get().used_at is None


def test_somebody_new_signs_up_on_the_way_and_says_yes(client, invited):
    form = client.get("/account/aanmelden/", {"next": invited, "email": ADDRESS})
    assert form.context["form"]["email"].value() == ADDRESS
    data = {"name": "Karin Vos", "email": ADDRESS, "password1": "koelkast-op-driehoog", "next": invited}
    assert client.post("/account/aanmelden/", data)["Location"] == invited
    user = User.objects.get(email=ADDRESS)
    assert not may_teach(user)
    client.post(invited)
    assert may_teach(user)


def test_whoever_merely_signs_up_with_the_address_is_no_teacher(client, karin, invited):
    client.force_login(karin)
    for token in ("", "x", TeacherInvitation.objects.get().token_hash, invited.split("/")[2][:-1]):
        assert client.post(f"/uitnodiging/{token}/").status_code == 404
    assert not may_teach(karin)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("email", ["karin@example.org", "karin.vos@example.org.example", "beheerder@example.org"])
def test_somebody_else_is_told_what_to_do(client, invited, method, email):
    other = UserFactory(name="Bram Kuipers", email=email)
    client.force_login(other)
    response = getattr(client, method)(invited)
    assert response.status_code == 403
    sentence = f"Je bent ingelogd als Bram Kuipers ({email}). Log uit, en open deze link opnieuw met het account van"
    assert f"{sentence} {ADDRESS}." in response.content.decode()
    assert not may_teach(other)
    assert TeacherInvitation.objects.get().used_at is None


def test_it_works_once(client, karin, invited):
    client.force_login(karin)
    client.post(invited)
    used_at = TeacherInvitation.objects.get().used_at
    assert client.post(invited).status_code == 200  # a second click, or Back
    assert TeacherInvitation.objects.get().used_at == used_at
    karin.groups.clear()
    response = client.post(invited)
    assert response.status_code == 410
    assert "Ze is al gebruikt" in response.content.decode()
    assert not may_teach(karin)


def test_of_two_that_come_at_once_one_is_the_first(karin, invited):
    invitation = TeacherInvitation.objects.get()
    teacher_invitations.accept(invitation=invitation, user=karin)
    with pytest.raises(teacher_invitations.InvitationOverError):
        teacher_invitations.accept(invitation=invitation, user=karin)


@pytest.mark.parametrize(("age", "status"), [(timedelta(days=6, hours=23), 302), (timedelta(days=7, seconds=1), 410)])
def test_it_works_for_seven_days(client, karin, invited, age, status):
    TeacherInvitation.objects.update(expires_at=timezone.now() + timedelta(days=7) - age)
    client.force_login(karin)
    response = client.post(invited)
    assert response.status_code == status
    assert may_teach(karin) is (status == 302)


def test_one_that_was_too_old_says_so_to_everyone(client, invited):
    TeacherInvitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = client.get(invited)
    assert response.status_code == 410
    assert "die week is om" in response.content.decode()


def test_one_that_was_taken_back_does_not_exist(client, karin, invited):
    TeacherInvitation.objects.all().delete()
    client.force_login(karin)
    assert client.post(invited).status_code == 404


def test_other_methods_are_refused(client, invited):
    assert client.put(invited).status_code == 405
    assert client.delete(invited).status_code == 405


def test_the_page_is_kept_by_no_cache(client, invited):
    assert "no-store" in client.get(invited)["Cache-Control"]


def test_a_token_with_odd_characters_is_a_page_that_does_not_exist(client):
    assert client.get("/uitnodiging/%F0%9F%90%84%00/").status_code == 404


# Making one


def test_an_administrator_sees_the_link_once(client, administrator):
    client.force_login(administrator)
    response = client.post(ADD, {"email": "Karin.Vos@Example.org"})
    assert response.status_code == 200
    link = response.context_data["link"]
    assert link in response.content.decode()
    assert "Deze site stuurt geen mail" in response.content.decode()
    assert mail.outbox == []
    invitation = TeacherInvitation.objects.get()
    assert (invitation.email, invitation.invited_by) == (ADDRESS, administrator)
    assert timedelta(days=6, hours=23) < invitation.expires_at - timezone.now() <= timedelta(days=7)
    token = link.removeprefix(f"{live_settings.SITE_URL}/uitnodiging/").removesuffix("/")
    assert teacher_invitations.find(token) == invitation
    for page in (
        reverse("admin:questions_teacherinvitation_changelist"),
        reverse("admin:questions_teacherinvitation_change", args=[invitation.pk]),
    ):
        shown = client.get(page)
        assert shown.status_code == 200
        assert ADDRESS in shown.content.decode()
        assert token not in shown.content.decode()
        assert invitation.token_hash not in shown.content.decode()


@pytest.mark.django_db(transaction=True)
def test_it_is_mailed_where_there_is_mail(client, administrator, settings):
    settings.HAS_MAIL = True
    client.force_login(administrator)
    response = client.post(ADD, {"email": ADDRESS})
    (message,) = mail.outbox
    assert message.to == [ADDRESS]
    assert re.search(r"http://\S+/uitnodiging/\S+", message.body)[0] == response.context_data["link"]
    assert "De link is gemaild" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_is_out_loses_no_invitation(client, administrator, settings):
    settings.HAS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    client.force_login(administrator)
    response = client.post(ADD, {"email": ADDRESS})
    assert "Mailen lukte niet" in response.content.decode()
    assert response.context_data["link"] in response.content.decode()
    assert TeacherInvitation.objects.count() == 1


@pytest.mark.parametrize("email", ["", "karin", "karin@", "a@example.org, b@example.org"])
def test_a_wrong_address_is_not_invited(client, administrator, email):
    client.force_login(administrator)
    assert client.post(ADD, {"email": email}).status_code == 200
    assert not TeacherInvitation.objects.exists()


@pytest.mark.parametrize(("group", "status"), [("Docenten", 302), ("Redactie", 403), ("Eindredactie", 403)])
def test_only_administrators_invite(client, group, status):
    client.force_login(UserFactory(groups=[group]))
    assert client.post(ADD, {"email": ADDRESS}).status_code == status
    assert not TeacherInvitation.objects.exists()


def test_a_visitor_invites_nobody():
    assert Client().post(ADD, {"email": ADDRESS}).status_code == 302
    assert not TeacherInvitation.objects.exists()


def test_an_invitation_is_never_changed_but_can_be_taken_back(client, administrator, invited):
    client.force_login(administrator)
    pk = TeacherInvitation.objects.get().pk
    change = reverse("admin:questions_teacherinvitation_change", args=[pk])
    assert client.post(change, {"email": "ander@example.org"}).status_code == 403
    client.post(reverse("admin:questions_teacherinvitation_delete", args=[pk]), {"post": "yes"})
    assert not TeacherInvitation.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_much_for_three_as_for_one(client, administrator, count, django_assert_num_queries):
    for number in range(count):
        teacher_invitations.invite(invitation=TeacherInvitation(email=f"docent{number}@example.org"), by=administrator)
    client.force_login(administrator)
    client.get(reverse("admin:questions_teacherinvitation_changelist"))
    with django_assert_num_queries(5):
        client.get(reverse("admin:questions_teacherinvitation_changelist"))
