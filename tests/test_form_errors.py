"""What a page says of a form that was refused: its title, a summary with links, and which fields are required."""

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from lxml import html

from casebook.lib.form_errors import forms_in, problems_of
from casebook.models import User
from tests.test_rights import TABLE as RIGHTS
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.once]

KEPT = "Wat je invulde, staat er nog."

# The page, the role that sends its form, what is sent, the field with the first problem ("" is the form as a whole),
# and whether what was typed is still there.
FORMS = {
    "sign in": ("account_login", "visitor", {"login": "", "password": ""}, "id_login", False),
    "wrong password": ("account_login", "visitor", {"login": "a@example.org", "password": "x"}, "", False),
    "sign up": ("account_signup", "visitor", {"name": "\u200b"}, "id_name", False),
    "forgotten password": ("account_reset_password", "visitor", {"email": "geen adres"}, "id_email", True),
    "ask for a code": ("account_request_login_code", "visitor", {"email": ""}, "id_email", True),
    "change password": ("account_change_password", "student", {"oldpassword": "x"}, "id_oldpassword", False),
    "own name": ("own_data", "student", {"form": "naam", "name": ""}, "id_name", True),
    "own address": ("own_data", "student", {"form": "adres", "email": "geen adres"}, "id_email", False),
    "leave": ("own_data_leave", "student", {}, "id_proof", False),
    "new module": ("questions:module_new", "teacher", {"title": ""}, "id_title", True),
    "change a module": ("questions:module_edit", "teacher", {"title": ""}, "id_title", True),
    "copy a module": ("questions:module_copy", "teacher", {"title": "A", "weeks": "veel"}, "id_weeks", True),
    "change an assignment": ("questions:assignment_edit", "teacher", {"due_at": "ooit"}, "id_due_at", True),
    "extension": ("questions:assignment_extensions", "teacher", {"due_at": "ooit"}, "id_student", True),
    "comment": ("questions:comments", "teacher", {"text": " "}, "text", True),
    "join": ("questions:join", "stranger", {"group": "geen klas"}, "id_group_0", True),
    "user in the admin": ("admin:casebook_user_add", "administrator", {"email": "x"}, "id_email", False),
    "keyword in the admin": ("admin:cases_keyword_add", "administrator", {"name": ""}, "id_name", True),
    "actor in the admin": ("admin:cases_actor_add", "administrator", {"name": ""}, "id_name", True),
    "part in the admin": ("admin:cases_part_add", "administrator", {"title": ""}, "id_number", True),
    "teacher in the admin": (
        "admin:questions_teacherinvitation_add",
        "administrator",
        {"email": "x"},
        "id_email",
        True,
    ),
}


@pytest.fixture
def world(settings):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
    return World()


@pytest.fixture
def refused(world):
    """Return a function that sends the form of this row, and returns the page with its problems."""

    def refused(page: str, role: str, sent: dict) -> html.HtmlElement:
        own = {"own-TOTAL_FORMS": 0, "own-INITIAL_FORMS": 0, "user": getattr(world.users[role], "pk", "")}
        user = world.users[role]
        if user and page == "own_data_leave":
            user.set_password("koelkast-op-driehoog")
            User.objects.filter(pk=user.pk).update(password=user.password)
            client = world.client("visitor")
            client.force_login(user)
        else:
            client = world.client(role)
        response = client.post(world.addresses[page], own | sent)
        assert response.status_code in (200, 400)
        return html.fromstring(response.content.decode())

    return refused


@pytest.mark.parametrize(("page", "role", "sent", "field", "is_kept"), FORMS.values(), ids=FORMS)
def test_a_refused_form_has_a_summary_on_top_that_gets_focus(refused, page, role, sent, field, is_kept):
    document = refused(page, role, sent)
    title = document.findtext(".//title").strip()
    assert title.startswith("Niet gelukt: " if page.startswith("account_") else "Niet opgeslagen: ")
    [summary] = document.find_class("form-problems")
    assert document.xpath("//*[@autofocus]")[0] is summary
    assert summary.get("tabindex") == "-1"
    assert (KEPT in summary.text_content()) is is_kept
    links = [link.get("href").removeprefix("#") for link in summary.iter("a")]
    assert links[:1] == ([field] if field else [])
    for target in links:
        [control] = document.xpath(f"//*[@id='{target}']")
        assert control.tag in ("input", "textarea", "select")
        everything = list(document.iter())
        assert everything.index(summary) < everything.index(control)


@pytest.mark.parametrize(("page", "role"), sorted({(row[0], row[1]) for row in FORMS.values()}))
def test_a_page_whose_form_was_not_sent_has_no_summary(world, page, role):
    text = world.client(role).get(world.addresses[page]).content.decode()
    assert 'class="form-problems"' not in text
    assert "<title>Niet " not in text


def test_every_page_with_a_form_of_django_is_in_the_table(world):
    """A page is in the table if its form has a field that Django renders with a label of its own."""
    pages = {row[0] for row in FORMS.values()}
    missing = set()
    for name in (line.split()[0] for line in RIGHTS.strip().splitlines()):
        for role in ("visitor", "stranger", "student", "teacher"):
            response = world.client(role).get(world.addresses[name])
            if "html" in response.get("Content-Type", "") and 'class="need"' in response.content.decode():
                missing.add(name)
    assert missing - pages == set()


# The parts


class Example(forms.Form):
    name = forms.CharField(label="Naam")
    note = forms.CharField(label="Toelichting", required=False)
    weeks = forms.IntegerField(label="Weken", min_value=0, max_value=9)
    kind = forms.ChoiceField(label="Soort", choices=[("a", "A")], widget=forms.RadioSelect)
    secret = forms.CharField(widget=forms.HiddenInput)


def test_problems_name_their_field_and_hidden_fields_have_no_link():
    form = Example({"weeks": "12"})
    form.add_error(None, "Dit past niet.")
    assert [(problem.field, problem.label) for problem in problems_of(form)] == [
        ("", ""),
        ("id_name", "Naam"),
        ("id_weeks", "Weken"),
        ("id_kind_0", "Soort"),
        ("", "Secret"),
    ]


def test_forms_that_were_not_sent_or_are_correct_have_no_problems():
    rows = forms.formset_factory(Example)
    sent = rows({"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 0, "form-0-name": "A", "form-1-name": ""})
    refused = Example({})
    assert list(forms_in([Example(), refused, refused, object(), None])) == [refused]
    assert list(forms_in([rows()])) == []
    assert list(forms_in([sent])) == [sent.forms[0]]


def test_lazy_values_of_a_context_are_not_computed():
    class Untouched:
        def __getattribute__(self, name):
            raise AssertionError(name)

    assert list(forms_in([Untouched()])) == []


def test_required_fields_say_so_in_words_and_optional_ones_do_not():
    document = html.fromstring(str(Example(label_suffix="")))
    after = {label.get("for"): label.getnext() for label in document.iter("label")}
    assert after["id_name"].text_content() == after["id_weeks"].text_content() == "verplicht"
    assert after["id_note"].tag == "input"
    assert next(document.iter("legend")).getnext().text_content() == "verplicht"


def test_a_number_field_is_a_text_field_for_digits():
    [field] = html.fromstring(str(Example({"weeks": "12"})["weeks"])).xpath("//input")
    assert (field.get("type"), field.get("inputmode"), field.get("value")) == ("text", "numeric", "12")
    assert field.get("min") is field.get("max") is None
    assert field.get("aria-invalid") == "true"


def test_the_title_of_a_page_without_a_request_has_the_usual_word():
    page = Template("{% load form_errors %}{% unsaved %}Naam")
    assert page.render(Context({"form": Example({})})) == "Niet opgeslagen: Naam"
    assert page.render(Context({"form": Example()})) == "Naam"
    assert page.render(Context({"request": RequestFactory().get("/"), "form": None})) == "Naam"
