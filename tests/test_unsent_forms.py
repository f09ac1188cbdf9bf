"""What somebody typed in a form survives an expired session, at every address that takes typed text."""

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

# By the address that a form is sent to: who has the form, and the page that it is on, where that is another one.
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
# Saved while it is written, with a page of its own for users who are signed out (questions/views/unsaved_texts.py).
WRITTEN = {
    "questions:save_answers",
    "questions:hand_in",
    "questions:save_feedback",
    "questions:comments",
}
# Only an address and passwords are typed here.
SECRETS = {"own_data_leave", "account_change_password", "account_login", "admin:auth_user_password_change"}
TYPED = "textarea", "text", "email", "url"


class Site(World):
    """The school, with a case that was withdrawn and a form of a new assignment."""

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
        for model in (Part, Keyword, Actor):  # their numbers go on from those of other tests
            name = f"admin:cases_{model._meta.model_name}_change"
            self.pages[name] = reverse(name, args=[model.objects.first().pk])

    def browser(self, role: str, **options) -> Client:
        """Sends what a browser sends without our script."""
        return self.client(role, headers={"accept": "text/html"}, **options)


@pytest.fixture
def site():
    return Site()


def forms_at(client: Client, address: str) -> list:
    """The forms of a page that are sent by POST and take typed text."""
    response = client.get(address)
    if response.status_code != 200 or not response["Content-Type"].startswith("text/html"):
        return []
    page = html.fromstring(response.content.decode())
    posted = [form for form in page.forms if form.method == "POST"]
    for form in posted:
        sent_to = urlsplit(urljoin(f"http://testserver{address}", form.action or address))
        form.action = sent_to._replace(scheme="", netloc="", fragment="").geturl()
    return [form for form in posted if typed_fields(form)]


def typed_fields(form) -> list:
    return [each for each in form.inputs if each.name and (each.get("type") or each.tag) in (*TYPED, "input")]


def name_of(form) -> str:
    return resolve(urlsplit(form.action).path).view_name


def sent_by(form) -> dict[str, list[str]]:
    """What a browser sends, which does not take the first newline in a textarea for text."""
    data: dict[str, list[str]] = {}
    for key, value in form.form_values():
        data.setdefault(key, []).append(value.removeprefix("\n"))
    return data


def form_of(site: Site, name: str):
    role, page = TABLE[name]
    address = site.pages[page or name]
    return next(form for form in forms_at(site.browser(role), address) if name_of(form) == name)


KEPT = re.compile("slug$|number$|position$|key$|_name$|url$|sphere$|__prefix__|^place-|username")
FILLED = {
    "sphere": "formal",
    "usable_password": "false",
    "own-0-text": "Wat zou jij hier zeggen?",
    "own-0-kolb": "denker",
}


def filled_in(site: Site, form, name: str) -> tuple[dict[str, list[str]], list[str]]:
    """What a browser would send, and what was typed in it: words that are nowhere else."""
    data, typed = sent_by(form), []
    for place, field in enumerate(typed_fields(form)):
        is_empty_row = re.search(r"-\d+-", field.name) and not field.value
        has_classes = field.name == "groups" and field.value  # students are in them
        if (
            KEPT.search(field.name)
            or has_classes
            or is_empty_row
            or field.get("readonly")
            or "vTime" in field.get("class", "")
        ):
            continue
        word = f"zandloper{place}"
        is_address = field.get("type") == "email" or field.name == "email"
        value = f"{word}@example.org" if is_address else f"Een {word} erbij"
        data[field.name] = [value]
        typed.append(value)
    for field in form.inputs:
        if field.name in FILLED:
            data[field.name] = [FILLED[field.name]]
        if field.name == "slug" and not field.value:
            data["slug"] = ["zandloper"]
    data |= {key: [value] for key, value in needed(site, name).items()}
    return data, typed


def needed(site: Site, name: str) -> dict[str, str]:
    """What a form asks besides words."""
    if name == "questions:assignment_extensions":
        due = timezone.localtime(site.now + timedelta(days=20))
        return {"student": site.student.tag, "due_at": f"{due:%Y-%m-%dT%H:%M}"}
    if name.startswith("admin:cases_part"):
        return {"number": "40"}
    if name.startswith("admin:cases_case"):
        return {"questions-0-kolb": "doener", "questions-1-kolb": "denker"}
    return {}


def in_order(data: dict[str, list[str]]) -> dict[str, list[str]]:
    """What was sent under each name, but for secrets, which do not come back."""
    return {name: sorted(values) for name, values in data.items() if not NEVER_BACK.search(name)}


def everything_stored() -> str:
    """All rows of the site but for its sessions."""
    models = [model for model in apps.get_models() if model._meta.label not in {"sessions.Session"}]
    return "\n".join(
        serializers.serialize("jsonl", model.objects.order_by("pk"), ensure_ascii=False) for model in models
    )


def test_every_address_that_takes_typed_text_is_in_the_table(site):
    found = set()
    for role in ("student", "left", "teacher", "administrator"):
        for address in {*site.pages.values(), *site.variants()}:
            if not address.startswith("/account/"):
                found |= {name_of(form) for form in forms_at(site.browser(role), address)}
    assert found - WRITTEN - SECRETS == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_what_was_typed_comes_back_and_is_stored_once_signed_in_again(site, name):
    role, _page = TABLE[name]
    form = form_of(site, name)
    data, typed = filled_in(site, form, name)
    assert typed
    before = everything_stored()
    response = site.browser("visitor").post(form.action, data)
    assert response.status_code == 401
    given = html.fromstring(response.content.decode()).forms[-1]
    sent_again = sent_by(given)
    assert set(typed) <= set(sum(sent_again.values(), []))
    assert in_order(sent_again) == in_order(data), "emptied fields too, or their old text would stay"
    assert (given.method, given.action) == ("POST", form.action)
    assert "no-store" in response["Cache-Control"]
    assert everything_stored() == before
    assert site.browser(role).post(given.action, sent_again).status_code in {200, 302}
    stored = everything_stored()
    assert stored != before
    assert [value for value in typed if value.removeprefix("Een ").removesuffix(" erbij") not in stored] == []


@pytest.mark.parametrize("name", TABLE)
def test_nothing_is_stored_as_the_words_of_who_is_signed_in_by_now(site, name):
    role, _page = TABLE[name]
    form = form_of(site, name)
    data, typed = filled_in(site, form, name)
    other = next(each for each in ("teacher", "administrator") if each != role)
    before = everything_stored()
    response = site.browser(other).post(form.action, data)
    assert response.status_code == 409
    assert all(value in response.content.decode() for value in typed)
    assert everything_stored() == before


@pytest.mark.parametrize("name", TABLE)
def test_a_stale_token_gives_everything_back_too(site, name):
    role, _page = TABLE[name]
    form = form_of(site, name)
    data, typed = filled_in(site, form, name)
    strict = site.browser(role, enforce_csrf_checks=True)
    strict.cookies["csrftoken"] = "x" * 32
    response = strict.post(form.action, data)
    page = html.fromstring(response.content.decode())
    assert (response.status_code, response["X-Reason"]) == (403, "csrf")
    assert all(value in response.content.decode() for value in typed)
    fresh = dict(page.forms[-1].form_values())["csrfmiddlewaretoken"]
    assert fresh
    assert strict.post(form.action, data | {"csrfmiddlewaretoken": fresh}).status_code in {200, 302}


@pytest.mark.parametrize("name", ["questions:module_edit", "questions:assignment_edit", "admin:cases_part_change"])
def test_who_may_not_store_it_any_more_gets_it_back_to_copy(site, name):
    form = form_of(site, name)
    data, typed = filled_in(site, form, name)
    data.pop("user")
    before = everything_stored()
    response = site.browser("editor" if name.startswith("admin") else "stranger").post(form.action, data)
    page = html.fromstring(response.content.decode())
    assert response.status_code in {403, 404}
    assert [value for value in typed if value not in sum(sent_by(page.forms[-1]).values(), [])] == []
    assert not page.forms[-1].xpath(".//button")
    assert everything_stored() == before


@pytest.mark.parametrize("address", ["/modules/1/bewerken/", "/nergens/"])
def test_no_other_site_gets_text_into_a_page_that_refuses_it(site, address):
    strict = site.browser("student", enforce_csrf_checks=True)
    data = {"prose": "1", "title": "Een zin van elders."}
    response = strict.post(address, data, headers={"origin": "https://elders.example"})
    assert response.status_code in {403, 404}
    assert "van elders" not in response.content.decode()


def test_another_site_gets_no_text_into_a_page(site):
    form = form_of(site, "questions:module_new")
    data, typed = filled_in(site, form, "questions:module_new")
    strict = site.browser("teacher", enforce_csrf_checks=True)
    response = strict.post(form.action, data, headers={"origin": "https://elders.example"})
    assert response.status_code == 403
    assert not any(value in response.content.decode() for value in typed)


def test_secrets_never_come_back(site):
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
def test_a_button_alone_leads_to_signing_in_as_before(site, name, data):
    response = site.browser("visitor").post(site.addresses[name], data)
    assert response.status_code == 302
    assert response["Location"].startswith(("/account/inloggen/", "/beheer/login/"))


def test_a_form_without_the_mark_is_known_by_its_sentence(site):
    response = site.browser("visitor").post("/modules/nieuw/", {"description": markers.DRAFT + " en meer"})
    assert response.status_code == 401
    assert markers.DRAFT in response.content.decode()
