"""Tests of invitations for teachers of the site: creating, showing and accepting them."""

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

EMAIL = "karin.vos@example.org"
ADD_URL = "/beheer/questions/teacherinvitation/add/"


@pytest.fixture
def administrator():
    return User.objects.create_superuser("beheer@example.org", "Beheer", "koelkast-op-driehoog")


@pytest.fixture
def invitation_path(administrator):
    """Return the path of an invitation for EMAIL."""
    token = teacher_invitations.invite(invitation=TeacherInvitation(email=EMAIL), by=administrator)
    return reverse("invitation", args=[token])


@pytest.fixture
def karin():
    return UserFactory(name="Karin Vos", email=EMAIL)


def may_teach(user):
    return User.objects.get(pk=user.pk).may_teach


def test_get_shows_an_invitation_and_post_accepts_it(client, karin, invitation_path):
    client.force_login(karin)
    page = client.get(invitation_path)
    assert page.status_code == 200
    assert not may_teach(karin)
    response = client.post(invitation_path, follow=True)
    assert response.redirect_chain == [(invitation_path, 302)]
    assert "Welkom, je bent docent" in response.content.decode()
    assert may_teach(karin)
    assert not karin.may_enter_admin


def test_visitor_sees_the_invited_address_and_links_that_lead_back(client, invitation_path):
    page = client.get(invitation_path).content.decode()
    assert EMAIL in page
    assert f'href="/account/inloggen/?next={invitation_path}"' in page
    assert f'href="/account/aanmelden/?next={invitation_path}&amp;email=karin.vos%40example.org"' in page
    assert 'method="post"' not in page.replace('id="uitloggen" method="post"', "")


def test_visitor_cannot_accept_an_invitation(client, invitation_path):
    assert client.post(invitation_path)["Location"] == f"/account/inloggen/?next={invitation_path}"
    assert TeacherInvitation.objects.get().used_at is None


def test_new_user_can_sign_up_and_then_accept(client, invitation_path):
    form = client.get("/account/aanmelden/", {"next": invitation_path, "email": EMAIL})
    assert form.context["form"]["email"].value() == EMAIL
    data = {"name": "Karin Vos", "email": EMAIL, "password1": "koelkast-op-driehoog", "next": invitation_path}
    assert client.post("/account/aanmelden/", data)["Location"] == invitation_path
    user = User.objects.get(email=EMAIL)
    assert not may_teach(user)
    client.post(invitation_path)
    assert may_teach(user)


def test_user_with_the_invited_address_needs_the_token_to_become_a_teacher(client, karin, invitation_path):
    client.force_login(karin)
    for token in ("", "x", TeacherInvitation.objects.get().token_hash, invitation_path.split("/")[2][:-1]):
        assert client.post(f"/uitnodiging/{token}/").status_code == 404
    assert not may_teach(karin)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("email", ["karin@example.org", "karin.vos@example.org.example", "beheerder@example.org"])
def test_user_with_another_address_gets_403_with_an_explanation(client, invitation_path, method, email):
    other = UserFactory(name="Bram Kuipers", email=email)
    client.force_login(other)
    response = getattr(client, method)(invitation_path)
    assert response.status_code == 403
    sentence = f"Je bent ingelogd als Bram Kuipers ({email}). Log uit, en open deze link opnieuw met het account van"
    assert f"{sentence} {EMAIL}." in response.content.decode()
    assert not may_teach(other)
    assert TeacherInvitation.objects.get().used_at is None


def test_invitation_can_be_accepted_once(client, karin, invitation_path):
    client.force_login(karin)
    client.post(invitation_path)
    used_at = TeacherInvitation.objects.get().used_at
    assert client.post(invitation_path).status_code == 200  # a second click, or the Back button
    assert TeacherInvitation.objects.get().used_at == used_at
    karin.groups.clear()
    response = client.post(invitation_path)
    assert response.status_code == 410
    assert "Ze is al gebruikt" in response.content.decode()
    assert not may_teach(karin)


def test_second_of_two_simultaneous_acceptances_is_refused(karin, invitation_path):
    invitation = TeacherInvitation.objects.get()
    teacher_invitations.accept(invitation=invitation, user=karin)
    with pytest.raises(teacher_invitations.InvitationOverError):
        teacher_invitations.accept(invitation=invitation, user=karin)


@pytest.mark.parametrize(("age", "status"), [(timedelta(days=6, hours=23), 302), (timedelta(days=7, seconds=1), 410)])
def test_invitation_is_valid_for_seven_days(client, karin, invitation_path, age, status):
    TeacherInvitation.objects.update(expires_at=timezone.now() + timedelta(days=7) - age)
    client.force_login(karin)
    response = client.post(invitation_path)
    assert response.status_code == status
    assert may_teach(karin) is (status == 302)


def test_expired_invitation_returns_410_for_every_user(client, invitation_path):
    TeacherInvitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = client.get(invitation_path)
    assert response.status_code == 410
    assert "die week is om" in response.content.decode()


def test_deleted_invitation_returns_404(client, karin, invitation_path):
    TeacherInvitation.objects.all().delete()
    client.force_login(karin)
    assert client.post(invitation_path).status_code == 404


def test_other_methods_return_405(client, invitation_path):
    assert client.put(invitation_path).status_code == 405
    assert client.delete(invitation_path).status_code == 405


def test_page_is_not_cached(client, invitation_path):
    assert "no-store" in client.get(invitation_path)["Cache-Control"]


def test_token_with_invalid_characters_returns_404(client):
    assert client.get("/uitnodiging/%F0%9F%90%84%00/").status_code == 404


# --- Creating an invitation ---


def test_administrator_sees_the_link_only_after_creating_it(client, administrator):
    client.force_login(administrator)
    response = client.post(ADD_URL, {"email": "Karin.Vos@Example.org"})
    assert response.status_code == 200
    link = response.context_data["link"]
    assert link in response.content.decode()
    assert "Deze site stuurt geen mail" in response.content.decode()
    assert mail.outbox == []
    invitation = TeacherInvitation.objects.get()
    assert (invitation.email, invitation.invited_by) == (EMAIL, administrator)
    assert timedelta(days=6, hours=23) < invitation.expires_at - timezone.now() <= timedelta(days=7)
    token = link.removeprefix(f"{live_settings.SITE_URL}/uitnodiging/").removesuffix("/")
    assert teacher_invitations.find(token) == invitation
    for page in (
        reverse("admin:questions_teacherinvitation_changelist"),
        reverse("admin:questions_teacherinvitation_change", args=[invitation.pk]),
    ):
        admin_page = client.get(page)
        assert admin_page.status_code == 200
        assert EMAIL in admin_page.content.decode()
        assert token not in admin_page.content.decode()
        assert invitation.token_hash not in admin_page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_invitation_is_mailed_if_the_site_has_mail(client, administrator, settings):
    settings.HAS_MAIL = True
    client.force_login(administrator)
    response = client.post(ADD_URL, {"email": EMAIL})
    (message,) = mail.outbox
    assert message.to == [EMAIL]
    assert re.search(r"http://\S+/uitnodiging/\S+", message.body)[0] == response.context_data["link"]
    assert "De link is gemaild" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_invitation_is_created_if_the_mail_server_fails(client, administrator, settings):
    settings.HAS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # no server listens on this port
    client.force_login(administrator)
    response = client.post(ADD_URL, {"email": EMAIL})
    assert "Mailen lukte niet" in response.content.decode()
    assert response.context_data["link"] in response.content.decode()
    assert TeacherInvitation.objects.count() == 1


@pytest.mark.parametrize("email", ["", "karin", "karin@", "a@example.org, b@example.org"])
def test_invalid_address_is_not_invited(client, administrator, email):
    client.force_login(administrator)
    assert client.post(ADD_URL, {"email": email}).status_code == 200
    assert not TeacherInvitation.objects.exists()


@pytest.mark.parametrize(("group", "status"), [("Docenten", 302), ("Redactie", 403), ("Eindredactie", 403)])
def test_only_administrators_can_invite_teachers(client, group, status):
    client.force_login(UserFactory(groups=[group]))
    assert client.post(ADD_URL, {"email": EMAIL}).status_code == status
    assert not TeacherInvitation.objects.exists()


def test_visitor_cannot_invite_teachers():
    assert Client().post(ADD_URL, {"email": EMAIL}).status_code == 302
    assert not TeacherInvitation.objects.exists()


def test_invitation_can_be_deleted_but_not_changed(client, administrator, invitation_path):
    client.force_login(administrator)
    pk = TeacherInvitation.objects.get().pk
    change = reverse("admin:questions_teacherinvitation_change", args=[pk])
    assert client.post(change, {"email": "ander@example.org"}).status_code == 403
    client.post(reverse("admin:questions_teacherinvitation_delete", args=[pk]), {"post": "yes"})
    assert not TeacherInvitation.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_invitations_uses_a_fixed_number_of_queries(client, administrator, count, django_assert_num_queries):
    for number in range(count):
        teacher_invitations.invite(invitation=TeacherInvitation(email=f"docent{number}@example.org"), by=administrator)
    client.force_login(administrator)
    client.get(reverse("admin:questions_teacherinvitation_changelist"))
    with django_assert_num_queries(5):
        client.get(reverse("admin:questions_teacherinvitation_changelist"))
