"""Names, titles and groups are stored as one visible line, whichever page or command they come from."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from casebook.lib.text import read_line
from casebook.models import TEACHERS, User, check_email
from cases.models import Actor, Keyword
from questions.models import Enrolment, Module
from tests.factories import ActorFactory, KeywordFactory, UserFactory
from tests.questions.factories import ModuleFactory, enrol

pytestmark = pytest.mark.django_db

TYPED, STORED = "Zoe\u0308 \u202eVan\u00ad Dijk\u200b", "Zoë Van Dijk"
INVISIBLE = ["\u200b\u200b\u200b", "\u2800", "\u3164", "\u00ad", "\u202e\u202c"]
ADDRESS, PASSWORD = "zoe@example.org", "koelkast-op-driehoog"  # noqa: S105


def administrator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD))
    return client


def sign_up(name: str) -> None:
    Client().post(reverse("account_signup"), {"name": name, "email": ADDRESS, "password1": PASSWORD})


def change_own_name(name: str) -> None:
    client = Client()
    client.force_login(UserFactory(name="Zo heet ik al", email=ADDRESS))
    client.post(reverse("own_data"), {"form": "naam", "name": name})


def add_in_admin(name: str) -> None:
    sent = {"email": ADDRESS, "name": name, "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    administrator().post(reverse("admin:casebook_user_add"), sent)


def change_in_admin(name: str) -> None:
    user = UserFactory(name="Zo heet ik al", email=ADDRESS)
    sent = {"email": user.email, "name": name, "is_active": "on"}
    administrator().post(reverse("admin:casebook_user_change", args=[user.pk]), sent)


def create_by_command(name: str) -> None:
    options = {"email": ADDRESS, "name": name, "interactive": False, "verbosity": 0}
    try:
        call_command("createsuperuser", **options)
    except (CommandError, ValidationError):
        return


ENTRIES = [sign_up, change_own_name, add_in_admin, change_in_admin, create_by_command]


@pytest.mark.parametrize("enter", ENTRIES)
def test_a_name_is_stored_as_one_visible_line(enter):
    enter(TYPED)
    assert User.objects.get(email=ADDRESS).name == STORED


PERSIAN, SINHALA = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0dc1\u0dca\u200d\u0dbb\u0dd3"  # Ali-Reza, Shri
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize("name", [PERSIAN, SINHALA, f"{FAMILY} thuis", "\u2764\ufe0f\u200d\U0001f525"], ids=ascii)
def test_joiners_that_are_part_of_a_name_stay(name):
    assert UserFactory(name=name).name == name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Zo\u200de", "Zoe"),
        ("e\u200c\u0301en", "\u00e9en"),
        ("\u200cAli\u200d", "Ali"),
        ("\u0639\u200c\u200c\u0644\u200c", "\u0639\u200c\u0644"),
        ("\u200d\u200c", ""),
        ("\u0dca\u200d", ""),
        ("\u0634\u064e\u200c\u0634\u200d\u064e", "\u0634\u064e\u200c\u0634\u064e"),
        ("\u0d28\u0654\u0d4d\u200d", "\u0d28\u0d4d\u0654\u200d"),
    ],
    ids=ascii,
)
def test_joiners_that_show_nothing_are_left_out(typed, name):
    assert read_line(typed) == name
    assert read_line(name) == name


@pytest.mark.parametrize("name", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("enter", ENTRIES)
def test_an_invisible_name_is_refused(enter, name):
    enter(name)
    assert list(User.objects.filter(email=ADDRESS).values_list("name", flat=True)) in ([], ["Zo heet ik al"])


def test_the_form_says_that_an_invisible_name_is_missing():
    response = Client().post(reverse("account_signup"), {"name": "\u3164", "email": ADDRESS, "password1": PASSWORD})
    assert response.context["form"].errors == {"name": ["Vul je naam in."]}


def test_code_that_creates_a_user_stores_the_same_line():
    user = User.objects.create_user(ADDRESS, TYPED)
    assert user.name == STORED
    assert User.objects.get(name=TYPED) == user


def test_titles_periods_and_groups_of_modules_are_lines(client):
    client.force_login(UserFactory(groups=[TEACHERS]))
    sent = {"title": f"A{TYPED}", "period": "blok\u200b 2", "groups": "SW\u00ad1A\nSW1A\ne\u0301e\u0301n\n\u200b"}
    client.post(reverse("questions:module_new"), sent)
    module = Module.objects.get()
    assert (module.title, module.period, module.groups) == (f"A{STORED}", "blok 2", ["SW1A", "één"])


def test_names_of_the_vocabulary_are_lines_and_are_found_in_either_form():
    client = administrator()
    client.post(
        reverse("admin:cases_actor_add"), {"name": "Clie\u0308nt\u200b", "slug": "client", "sphere": "informal"}
    )
    sent = {"name": "financie\u0308n", "slug": "financien", "synonyms": "schul\u00adden, \u200b, cre\u0301dit"}
    client.post(reverse("admin:cases_keyword_add"), sent)
    assert Actor.objects.get(name="Clie\u0308nt").name == "Cliënt"
    assert Keyword.objects.get().name == "financiën"
    assert Keyword.objects.get().synonyms == ["schulden", "crédit"]


IMPOSSIBLE = ["İbrahim@example.org", "ıris@example.org", "ſam@example.org", "an@İnfo.nl"]


@pytest.mark.parametrize("address", IMPOSSIBLE, ids=ascii)
def test_an_address_that_cannot_exist_is_refused_at_sign_up_and_in_the_admin(address):
    sentence = "Dit e-mailadres kan niet bestaan: er staat een letter in die daar niet kan. Typ het adres opnieuw."
    sent = {"name": "Ibrahim", "email": address, "password1": PASSWORD}
    response = Client().post(reverse("account_signup"), sent)
    assert response.context["form"].errors == {"email": [sentence]}
    client = administrator()
    for page in ("admin:casebook_user_add", "admin:questions_teacherinvitation_add"):
        response = client.post(reverse(page), sent | {"usable_password": "true", "password2": PASSWORD})
        assert response.context["adminform"].form.errors["email"] == [sentence]
    assert not User.objects.exclude(email="beheer@example.org").exists()


@pytest.mark.parametrize(
    "address", ["Sanne+1@Example.ORG", "an@bücher.nl", " petra@example.org ", "\u212aarin@example.org"]
)
def test_an_address_that_can_exist_is_accepted(address):
    check_email(address)


def test_an_address_is_stored_without_invisible_characters():
    assert User.objects.create_user("sanne@exam\u200bple.org").email == "sanne@example.org"


# The migrations


def run(name: str) -> None:
    """Run the function of a data migration."""
    app, module, function = name.split(" ")
    migration = import_module(f"{app}.migrations.{module}")
    with connection.schema_editor(atomic=False) if connection.vendor == "postgresql" else _Editor() as editor:
        getattr(migration, function)(apps, editor)


class _Editor:
    """What a data migration reads of a schema editor; that of SQLite does not start in a transaction."""

    connection = connection

    def __enter__(self) -> "_Editor":
        return self

    def __exit__(self, *problem: object) -> None:
        return None


def store(row: object, **values: object) -> None:
    """Store values as earlier versions of the site did, without their present form."""
    table, columns = row._meta.db_table, ", ".join(f'"{name}" = %s' for name in values)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {columns} WHERE id = %s", [*values.values(), row.pk])  # noqa: S608


def test_stored_names_of_users_are_migrated():
    named, nameless = UserFactory(), UserFactory(email="zonder@example.org")
    store(named, name=TYPED)
    store(nameless, name="\u3164")
    run("casebook 0011_visible_names clean_names")
    named.refresh_from_db()
    nameless.refresh_from_db()
    assert (named.name, str(nameless)) == (STORED, "zonder@example.org")


def test_stored_groups_are_migrated_with_their_students():
    module = ModuleFactory(groups=["een\u0301", "SW1A"])
    student = enrol(module, UserFactory())
    store(student, group="een\u0301")
    run("questions 0012_group_names clean_lines")
    module.refresh_from_db()
    assert module.groups == ["eeń", "SW1A"]
    assert Enrolment.objects.get(group="eeń") == student


def test_stored_names_of_the_vocabulary_are_migrated_and_none_is_deleted():
    word, twin, actor = KeywordFactory(name="krediet"), KeywordFactory(name="oud"), ActorFactory(name="Cliënt")
    store(word, name="financie\u0308n")
    store(twin, name="finan\u00adcie\u0308n")
    store(actor, name="Clie\u0308nt")
    run("cases 0006_line_names clean_names")
    for row in (word, twin, actor):
        row.refresh_from_db()
    assert (word.name, twin.name, actor.name) == ("financiën", "finan\u00adcie\u0308n", "Cliënt")


def test_stored_users_get_a_sort_name():
    user = UserFactory(name="Petra van der Berg")
    store(user, sort_name="")
    run("casebook 0012_sort_name fill_in")
    user.refresh_from_db()
    assert user.sort_name == "berg petra"
