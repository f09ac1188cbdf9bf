"""Tests of join codes: finding and joining a module, returning, and the limit of wrong codes."""

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from questions.actions import join_codes, modules
from questions.actions.modules import Joining
from questions.models import Enrolment, Module, Role
from tests.factories import UserFactory
from tests.questions.factories import ModuleFactory, enrol

pytestmark = pytest.mark.django_db
UNKNOWN_CODE = "ZZZZZ9"


@pytest.fixture
def module():
    return ModuleFactory(title="Sociaal werk in de wijk", period="Blok 2", code="ABC234")


@pytest.fixture
def student(client):
    user = UserFactory(name="Bram Kuipers")
    client.force_login(user)
    return user


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# --- The code ---


@pytest.mark.parametrize("typed", ["ABC234", "abc234", " abc 234 ", "abc-234", "a.b.c.2.3.4", "ABC–234"])
def test_join_code_is_recognised_however_it_is_typed(module, typed):
    assert join_codes.module_with(typed) == module


@pytest.mark.parametrize("typed", ["", " ", "ABC23", "ABC2345", "ABC235", "АВС234"])
def test_invalid_code_finds_no_module(module, typed):
    assert join_codes.module_with(typed) is None


def test_link_uses_the_address_of_the_site(module, settings):
    settings.SITE_URL = "https://casusboek.example"
    assert join_codes.link_of(module) == "https://casusboek.example/meedoen/ABC234/"


@pytest.mark.parametrize(
    ("url", "is_only_here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("https://casusboek.example", False),
        ("https://10.1.2.3", False),
    ],
)
def test_site_on_a_loopback_address_is_detected(settings, url, is_only_here):
    settings.SITE_URL = url
    assert join_codes.is_only_here() is is_only_here


def test_qr_code_contains_the_link():
    """Compare the strokes of the path, drawn on a grid, with the matrix of the QR library."""
    import re

    import segno

    link = "https://casusboek.example/meedoen/ABC234/"
    qr_code = join_codes.picture_of(link)
    drawn = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", qr_code.path):
        drawn |= {(int(x) + step, int(y)) for step in range(int(length))}
    rows = segno.make(link, micro=False, error="m").matrix
    margin = join_codes.MARGIN
    assert drawn == {(x + margin, y + margin) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}
    assert qr_code.size == len(rows) + 2 * margin


# --- The field for a code ---


def test_field_for_a_code_redirects_to_the_page_of_the_code(client, module):
    response = client.get(reverse("questions:join_by_code"), {"code": "abc 234"})
    assert response.status_code == 302
    assert response.url == "/meedoen/ABC234/"


def test_page_without_a_code_asks_for_one(client):
    response = client.get("/meedoen/")
    assert response.status_code == 200
    assert "Meedoen met een code" in text_of(response)


@pytest.mark.parametrize("code", ["", "  ", "--"])
def test_empty_code_shows_an_error(client, code):
    response = client.get("/meedoen/", {"code": code})
    assert response.status_code == 200
    assert "Je vulde nog geen code in." in text_of(response)


def test_post_without_a_code_returns_405(client):
    assert client.post("/meedoen/").status_code == 405


# --- Joining ---


def test_get_request_does_not_enrol_the_user(client, module, student):
    response = client.get("/meedoen/ABC234/")
    assert response.status_code == 200
    assert "Sociaal werk in de wijk" in text_of(response)
    assert not Enrolment.objects.filter(user=student).exists()


def test_post_request_enrols_the_user_and_redirects_to_the_module(client, module, student):
    response = client.post("/meedoen/abc-234/")
    assert response.url == f"/modules/{module.pk}/"
    assert client.get(response.url).status_code == 200
    enrolment = Enrolment.objects.get(user=student)
    assert (enrolment.module, enrolment.role, enrolment.group) == (module, Role.STUDENT, "")


def test_visitor_sees_the_module_with_links_to_sign_up_and_sign_in(client, module):
    page = text_of(client.get("/meedoen/ABC234/"))
    assert "Sociaal werk in de wijk" in page
    assert "Blok 2" in page
    assert f"{reverse('account_signup')}?next=/meedoen/ABC234/" in page
    assert f"{reverse('account_login')}?next=/meedoen/ABC234/" in page


def test_visitor_does_not_see_the_names_of_teachers(client, module):
    name = str(Enrolment.objects.get(module=module).user)
    assert name not in text_of(client.get("/meedoen/ABC234/"))


def test_post_request_of_a_visitor_redirects_to_sign_in_and_back(client, module):
    response = client.post("/meedoen/ABC234/")
    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next=/meedoen/ABC234/"
    assert Enrolment.objects.filter(role=Role.STUDENT).count() == 0


def test_signing_up_leads_back_to_the_module(client, module):
    address = f"{reverse('account_signup')}?next=/meedoen/ABC234/"
    assert client.get(address).status_code == 200
    account = {"name": "Noor Rahimi", "email": "noor@example.org", "password1": "wandelen-langs-het-water"}
    response = client.post(address, {**account, "next": "/meedoen/ABC234/"})
    assert response.url == "/meedoen/ABC234/"
    assert client.post("/meedoen/ABC234/").url == f"/modules/{module.pk}/"


def test_student_must_choose_a_group_if_the_module_has_groups(client, module, student):
    Module.objects.update(groups=["SW1A", "SW1C"])
    assert "SW1C" in text_of(client.get("/meedoen/ABC234/"))
    response = client.post("/meedoen/ABC234/")
    assert response.status_code == 200
    assert "Kies je klas." in text_of(response)
    assert not Enrolment.objects.filter(user=student).exists()
    client.post("/meedoen/ABC234/", {"group": "SW1C"})
    assert Enrolment.objects.get(user=student).group == "SW1C"


def test_unknown_group_is_refused(client, module, student):
    Module.objects.update(groups=["SW1A"])
    assert client.post("/meedoen/ABC234/", {"group": "SW9Z"}).status_code == 200
    assert not Enrolment.objects.filter(user=student).exists()


def test_enrolled_user_is_redirected_to_the_module_even_with_a_closed_code(client, module, student):
    enrol(module, student, group="SW1A")
    modules.close_code(module=module)
    for response in (client.get("/meedoen/ABC234/"), client.post("/meedoen/ABC234/")):
        assert response.url == f"/modules/{module.pk}/"
    assert Enrolment.objects.get(user=student).group == "SW1A"


def test_joining_twice_creates_one_enrolment(module):
    user = UserFactory()
    assert modules.join(module=module, user=user) is Joining.JOINED
    assert modules.join(module=module, user=user) is Joining.ALREADY
    assert Enrolment.objects.filter(user=user).count() == 1


def test_teacher_sees_the_page_as_a_preview_and_remains_a_teacher(client, module):
    teacher = Enrolment.objects.get(module=module).user
    client.force_login(teacher)
    page = text_of(client.get("/meedoen/ABC234/"))
    assert "Zo zien studenten deze pagina" in page
    assert client.post("/meedoen/ABC234/").url == f"/modules/{module.pk}/"
    assert Enrolment.objects.get(user=teacher).role == Role.TEACHER


# --- Returning ---


def test_removed_student_can_ask_to_return_and_is_not_enrolled_yet(client, module, student):
    enrolment = enrol(module, student, group="SW1A", left_at=timezone.now())
    assert "Vraag of je terug mag" in text_of(client.get("/meedoen/ABC234/"))
    enrolment.refresh_from_db()
    assert enrolment.asked_back_at is None
    response = client.post("/meedoen/ABC234/", follow=True)
    assert "Je vraag is verstuurd." in text_of(response)
    enrolment.refresh_from_db()
    assert enrolment.has_left
    assert enrolment.asked_back_at is not None
    assert client.get(f"/modules/{module.pk}/").status_code == 404


def test_asking_again_does_not_change_the_moment_of_the_request(module, student):
    enrolment = enrol(module, student, left_at=timezone.now())
    modules.join(module=module, user=student)
    first = Enrolment.objects.get(pk=enrolment.pk).asked_back_at
    modules.join(module=module, user=student)
    assert Enrolment.objects.get(pk=enrolment.pk).asked_back_at == first


# --- Refusals ---


def test_wrong_code_returns_404_with_the_field_for_a_code(client, module):
    response = client.get(f"/meedoen/{UNKNOWN_CODE}/")
    assert response.status_code == 404
    assert "Deze code klopt niet" in text_of(response)
    assert 'name="code"' in text_of(response)


@pytest.mark.parametrize("signed_in", [True, False])
def test_closed_code_returns_410_and_enrols_no_user(client, module, signed_in):
    if signed_in:
        client.force_login(UserFactory())
    modules.close_code(module=module)
    for response in (client.get("/meedoen/ABC234/"), client.post("/meedoen/ABC234/")):
        assert response.status_code == 410
        assert "Deze code is dicht" in text_of(response)
        assert "Sociaal werk in de wijk" not in text_of(response)
    assert Enrolment.objects.filter(role=Role.STUDENT).count() == 0


def test_code_expires(client, module):
    Module.objects.update(code_closes_at=timezone.now())
    assert client.get("/meedoen/ABC234/").status_code == 410


def test_archived_module_cannot_be_joined(client, module, student):
    modules.archive_module(module=module)
    response = client.post("/meedoen/ABC234/")
    assert response.status_code == 410
    assert "Deze module is voorbij" in text_of(response)


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_return_405(client, module, method):
    assert getattr(client, method)("/meedoen/ABC234/").status_code == 405


def test_page_is_not_cached(client, module):
    assert client.get("/meedoen/ABC234/")["Cache-Control"] == "private, no-store"


# --- The limit of wrong codes ---


def try_wrong_codes(client, times: int, **extra) -> list[int]:
    return [client.get(f"/meedoen/{UNKNOWN_CODE}/", **extra).status_code for _time in range(times)]


def test_account_is_blocked_after_ten_wrong_codes_even_for_the_right_code(client, module, student):
    assert try_wrong_codes(client, 11) == [404] * 10 + [429]
    response = client.get("/meedoen/ABC234/")
    assert response.status_code == 429
    assert "Over een kwartier kun je het weer proberen." in text_of(response)
    assert client.post("/meedoen/ABC234/").status_code == 429
    assert client.get("/meedoen/").status_code == 429
    assert not Enrolment.objects.filter(user=student).exists()


def test_other_session_of_a_blocked_account_is_blocked(client, module, student):
    try_wrong_codes(client, 10)
    client.logout()
    client.force_login(student)
    assert client.get("/meedoen/ABC234/").status_code == 429


def test_class_at_one_address_is_not_blocked_by_typing_errors(client_of, module):
    for _student in range(30):
        assert try_wrong_codes(client_of(UserFactory()), 3) == [404] * 3
    assert client_of(UserFactory()).get("/meedoen/ABC234/").status_code == 200


def test_signed_out_class_at_one_address_is_not_blocked_by_typing_errors(client_of, module):
    for _student in range(30):
        assert try_wrong_codes(client_of(), 9) == [404] * 9
    assert client_of().get("/meedoen/ABC234/").status_code == 200


def test_signed_out_browser_is_blocked_alone_after_ten_wrong_codes(client_of, module):
    first = client_of()
    assert try_wrong_codes(first, 12)[-1] == 429
    assert client_of().get("/meedoen/ABC234/").status_code == 200


def test_right_and_closed_codes_are_not_counted_as_wrong(client, module, student):
    modules.close_code(module=module)
    assert [client.get("/meedoen/ABC234/").status_code for _time in range(12)] == [410] * 12
    modules.renew_code(module=module)
    assert client.get(f"/meedoen/{module.code}/").status_code == 200


@pytest.fixture
def client_of():
    """Return a function that returns a new client, signed in as a user if one is passed."""
    from django.test import Client

    def open_browser(user=None) -> Client:
        browser = Client()
        if user is not None:
            browser.force_login(user)
        return browser

    return open_browser


@override_settings(SITE_URL="http://127.0.0.1:8000")
def test_page_of_a_code_uses_a_fixed_number_of_queries(client, student, django_assert_num_queries):
    module = ModuleFactory(code="ABC234")
    for teachers in (1, 3):
        while module.enrolments.count() < teachers:
            enrol(module, role=Role.TEACHER)
        with django_assert_num_queries(9):
            client.get("/meedoen/ABC234/")


@pytest.mark.parametrize(
    "typed",
    [
        "ABC234",
        "abc234",
        " abc 234 ",
        "ABC-234",
        "a b c - 2 3 4",
        "abc–234",
        "Code: ABC 234",
        "code abc-234",
        "https://casus.example.nl/meedoen/ABC234/",
        "https://casus.example.nl/meedoen/abc234",
        "casus.example.nl/meedoen/ABC234/",
        "/meedoen/ABC%20234/",
        "https://casus.example.nl/meedoen/?code=abc-234",
        "https://casus.example.nl/meedoen/ABC234/?ref=teams#top",
        "HTTPS://CASUS.EXAMPLE.NL/MEEDOEN/ABC234/",
    ],
)
def test_code_is_read_however_it_was_typed_or_pasted(client, typed):
    module = ModuleFactory(code="ABC234")
    assert join_codes.read_code(typed) == "ABC234"
    page = client.get("/meedoen/", {"code": typed}, follow=True).content.decode()
    assert module.title in page


@pytest.mark.parametrize(
    ("typed", "code"), [("", ""), (" - ", ""), ("codec", "CODEC"), ("https://casus.example.nl/", "HTTPSCA")]
)
def test_other_texts_are_read_as_they_are(typed, code):
    assert join_codes.read_code(typed) == code
