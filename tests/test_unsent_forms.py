"""Text typed in a form survives an expired session, at every address that takes typed text."""

import re
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from django.apps import apps
from django.core import serializers
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone
from lxml import html

from casebook.unsent_forms import NEVER_BACK
from cases.models import Actor, Keyword, Part
from cases.publishing import editions
from tests.factories import published_case
from tests.world import World, markers

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# For the address that a form is posted to: the role that has it, and the page that it is on, if that is another one.
TABLE = {
    "own_data": ("student", ""),
    "questions:module_new": ("teacher", ""),
    "questions:module_edit": ("teacher", ""),
    "questions:module_copy": ("teacher", ""),
    "questions:assignment_new": ("teacher", "casus"),
    "questions:assignment_edit": ("teacher", ""),
    "questions:assignment_extensions": ("teacher", ""),
    "admin:casebook_user_add": ("administrator", ""),
    "admin:casebook_user_change": ("administrator", ""),
    "admin:auth_group_add": ("administrator", ""),
    "admin:auth_group_change": ("administrator", ""),
    "admin:cases_part_add": ("administrator", ""),
    "admin:cases_part_change": ("administrator", ""),
    "admin:cases_keyword_add": ("administrator", ""),
    "admin:cases_keyword_change": ("administrator", ""),
    "admin:cases_actor_add": ("administrator", ""),
    "admin:cases_actor_change": ("administrator", ""),
    "admin:cases_case_add": ("administrator", ""),
    "admin:cases_case_change": ("administrator", ""),
    "admin:cases_case_publish": ("administrator", "copy"),
    "admin:cases_case_withdraw": ("administrator", ""),
    "admin:cases_case_put_back": ("administrator", "withdrawn"),
    "admin:questions_teacherinvitation_add": ("administrator", ""),
}
# Text that is saved while users write, and has another page for signed-out users (questions/views/unsaved_texts.py).
SAVED_WHILE_TYPING = {
    "questions:save_answers",
    "questions:hand_in",
    "questions:save_feedback",
    "questions:comments",
}
# In these forms only an address and passwords are typed.
WITHOUT_TYPED_TEXT = {"own_data_leave", "account_change_password", "account_login", "admin:auth_user_password_change"}
TEXT_TYPES = "textarea", "text", "email", "url"


class Site(World):
    """The test world, with a withdrawn case and the form of a new assignment."""

    def __init__(self) -> None:
        super().__init__()
        self.withdrawn_case = published_case(title="Ingetrokken", slug="ingetrokken")
        editions.withdraw(case=self.withdrawn_case, title=self.withdrawn_case.title, reason="Herkenbaar geworden")
        self.pages = {
            "casus": f"/modules/{self.module.pk}/opdrachten/nieuw/?casus={self.other_case.slug}",
            "copy": f"/beheer/cases/case/{self.working_copy.pk}/change/",
            "withdrawn": f"/beheer/cases/case/{self.withdrawn_case.pk}/history/",
            **self.addresses,
        }
        for model in (Part, Keyword, Actor):  # their ids depend on other tests
            name = f"admin:cases_{model._meta.model_name}_change"
            self.pages[name] = reverse(name, args=[model.objects.first().pk])

    def browser(self, role: str, **options) -> Client:
        """Return a client that sends the headers of a browser without JavaScript."""
        return self.client(role, headers={"accept": "text/html"}, **options)


@pytest.fixture
def site():
    return Site()


def forms_at(client: Client, address: str) -> list:
    """Return the forms of a page that are sent by POST and have a text field."""
    response = client.get(address)
    if response.status_code != 200 or not response["Content-Type"].startswith("text/html"):
        return []
    page = html.fromstring(response.content.decode())
    posted = [form for form in page.forms if form.method == "POST"]
    for form in posted:
        target = urlsplit(urljoin(f"http://testserver{address}", form.action or address))
        form.action = target._replace(scheme="", netloc="", fragment="").geturl()
    return [form for form in posted if typed_fields(form)]


def typed_fields(form) -> list:
    found = [each for each in form.inputs if each.name and each.get("inputmode") != "numeric"]
    return [each for each in found if (each.get("type") or each.tag) in (*TEXT_TYPES, "input")]


def name_of(form) -> str:
    return resolve(urlsplit(form.action).path).view_name


def submitted_data(form) -> dict[str, list[str]]:
    """Return the values that a browser would submit, without the first newline of a textarea, which is not text."""
    data: dict[str, list[str]] = {}
    for key, value in form.form_values():
        data.setdefault(key, []).append(value.removeprefix("\n"))
    return data


def form_of(site: Site, name: str):
    role, page = TABLE[name]
    address = site.pages[page or name]
    return next(form for form in forms_at(site.browser(role), address) if name_of(form) == name)


UNCHANGED_FIELDS = re.compile("slug$|number$|position$|key$|_name$|url$|sphere$|__prefix__|^place-|username")
FIXED_VALUES = {
    "sphere": "formal",
    "usable_password": "false",
    "own-0-text": "Wat zou jij hier zeggen?",
    "own-0-kolb": "denker",
}


def filled_form(site: Site, form, name: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return the values that a browser would submit after typing, and the typed texts, which are unique."""
    data, typed = submitted_data(form), []
    for number, field in enumerate(typed_fields(form)):
        is_empty_row = re.search(r"-\d+-", field.name) and not field.value
        has_classes = field.name == "groups" and field.value  # students are in them
        if (
            UNCHANGED_FIELDS.search(field.name)
            or has_classes
            or is_empty_row
            or field.get("readonly")
            or "vTime" in field.get("class", "")
        ):
            continue
        marker = f"zandloper{number}"
        is_address = field.get("type") == "email" or field.name == "email"
        value = f"{marker}@example.org" if is_address else f"Een {marker} erbij"
        data[field.name] = [value]
        typed.append(value)
    for field in form.inputs:
        if field.name in FIXED_VALUES:
            data[field.name] = [FIXED_VALUES[field.name]]
        if field.name == "slug" and not field.value:
            data["slug"] = ["zandloper"]
    data |= {key: [value] for key, value in required_values(site, name).items()}
    return data, typed


def required_values(site: Site, name: str) -> dict[str, str]:
    """Return the values that a form requires besides texts."""
    if name == "questions:assignment_extensions":
        due = timezone.localtime(site.now + timedelta(days=20))
        return {"student": site.student.tag, "due_at": f"{due:%Y-%m-%dT%H:%M}"}
    if name.startswith("admin:cases_part"):
        return {"number": "40"}
    if name.startswith("admin:cases_case"):
        return {"questions-0-kolb": "doener", "questions-1-kolb": "denker"}
    return {}


def comparable(data: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the sorted values of each name, without secrets, which are not returned."""
    return {name: sorted(values) for name, values in data.items() if not NEVER_BACK.search(name)}


def stored_rows() -> str:
    """Return all rows of the database except sessions, as text."""
    models = [model for model in apps.get_models() if model._meta.label not in {"sessions.Session"}]
    return "\n".join(
        serializers.serialize("jsonl", model.objects.order_by("pk"), ensure_ascii=False) for model in models
    )


def test_every_form_with_typed_text_is_in_the_table(site):
    found = set()
    for role in ("student", "left", "teacher", "administrator"):
        for address in {*site.pages.values(), *site.variants()}:
            if not address.startswith("/account/"):
                found |= {name_of(form) for form in forms_at(site.browser(role), address)}
    assert found - SAVED_WHILE_TYPING - WITHOUT_TYPED_TEXT == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_typed_text_is_returned_when_signed_out_and_stored_after_signing_in(site, name):
    role, _page = TABLE[name]
    form = form_of(site, name)
    data, typed = filled_form(site, form, name)
    assert typed
    before = stored_rows()
    response = site.browser("visitor").post(form.action, data)
    assert response.status_code == 401
    returned_form = html.fromstring(response.content.decode()).forms[-1]
    returned_data = submitted_data(returned_form)
    assert set(typed) <= set(sum(returned_data.values(), []))
    assert comparable(returned_data) == comparable(data), "emptied fields too, or their old text would stay"
    assert (returned_form.method, returned_form.action) == ("POST", form.action)
    assert "no-store" in response["Cache-Control"]
    assert stored_rows() == before
    assert site.browser(role).post(returned_form.action, returned_data).status_code in {200, 302}
    stored = stored_rows()
    assert stored != before
    assert [value for value in typed if value.removeprefix("Een ").removesuffix(" erbij") not in stored] == []


@pytest.mark.parametrize("name", TABLE)
def test_text_of_another_user_is_not_stored_but_returned(site, name):
    role, _page = TABLE[name]
    form = form_of(site, name)
    data, typed = filled_form(site, form, name)
    other = next(each for each in ("teacher", "administrator") if each != role)
    before = stored_rows()
    response = site.browser(other).post(form.action, data)
    assert response.status_code == 409
    assert all(value in response.content.decode() for value in typed)
    assert stored_rows() == before


@pytest.mark.parametrize("name", TABLE)
def test_typed_text_is_returned_after_a_stale_csrf_token(site, name):
    role, _page = TABLE[name]
    form = form_of(site, name)
    data, typed = filled_form(site, form, name)
    client = site.browser(role, enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "x" * 32
    response = client.post(form.action, data)
    page = html.fromstring(response.content.decode())
    assert (response.status_code, response["X-Reason"]) == (403, "csrf")
    assert all(value in response.content.decode() for value in typed)
    token = dict(page.forms[-1].form_values())["csrfmiddlewaretoken"]
    assert token
    assert client.post(form.action, data | {"csrfmiddlewaretoken": token}).status_code in {200, 302}


@pytest.mark.parametrize("name", ["questions:module_edit", "questions:assignment_edit", "admin:cases_part_change"])
def test_typed_text_of_a_user_without_permission_is_returned_without_a_button(site, name):
    form = form_of(site, name)
    data, typed = filled_form(site, form, name)
    data.pop("user")
    before = stored_rows()
    response = site.browser("editor" if name.startswith("admin") else "stranger").post(form.action, data)
    page = html.fromstring(response.content.decode())
    assert response.status_code in {403, 404}
    assert [value for value in typed if value not in sum(submitted_data(page.forms[-1]).values(), [])] == []
    assert not page.forms[-1].xpath(".//button")
    assert stored_rows() == before


@pytest.mark.parametrize("address", ["/modules/1/bewerken/", "/nergens/"])
def test_error_page_does_not_show_text_posted_by_another_site(site, address):
    client = site.browser("student", enforce_csrf_checks=True)
    data = {"prose": "1", "title": "Een zin van elders."}
    response = client.post(address, data, headers={"origin": "https://elders.example"})
    assert response.status_code in {403, 404}
    assert "van elders" not in response.content.decode()


def test_refused_form_does_not_show_text_posted_by_another_site(site):
    form = form_of(site, "questions:module_new")
    data, typed = filled_form(site, form, "questions:module_new")
    client = site.browser("teacher", enforce_csrf_checks=True)
    response = client.post(form.action, data, headers={"origin": "https://elders.example"})
    assert response.status_code == 403
    assert not any(value in response.content.decode() for value in typed)


def test_secrets_are_never_returned(site):
    secrets = {"proof": "mijn-geheim", "password1": "mijn-geheim", "oldpassword": "mijn-geheim", "token": "mijn-geheim"}
    data = {"form": "adres", "email": "een ander", "prose": "1", **secrets}
    response = site.browser("visitor").post("/mijn-gegevens/", data)
    assert response.status_code == 401
    assert "een ander" in response.content.decode()
    assert "mijn-geheim" not in response.content.decode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("questions:module_archive", {}),
        ("questions:pin_answer", {"vast": "ja", "terug": "/modules/"}),
        ("questions:mark_selection", {"user": "7", "wat": "keuze", "terug": "/modules/"}),
        ("questions:assignment_closing", {}),
        ("admin:cases_case_archive", {}),
        ("questions:module_new", {"user": "7", "prose": "1", "title": "", "description": ""}),
    ],
)
def test_form_without_typed_text_redirects_a_visitor_to_sign_in(site, name, data):
    response = site.browser("visitor").post(site.addresses[name], data)
    assert response.status_code == 302
    assert response["Location"].startswith(("/account/inloggen/", "/beheer/login/"))


def test_form_without_the_prose_field_is_recognised_by_a_sentence(site):
    response = site.browser("visitor").post("/modules/nieuw/", {"description": markers.DRAFT + " en meer"})
    assert response.status_code == 401
    assert markers.DRAFT in response.content.decode()
