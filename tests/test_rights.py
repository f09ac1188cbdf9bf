"""Who may see and do what, tried at every address of the site."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponse
from pytest_django import DjangoDbBlocker

from questions import models as questions_models
from questions.actions.modules import choose_reading
from tests.world import World, routes, words

pytestmark = pytest.mark.django_db

ROLES = ("visitor", "stranger", "student", "left", "teacher", "other_teacher", "editor", "administrator")

# What each address answers these people: to a GET | to a POST; one number where it is the same for all. Not signed in:
# 302 to sign-in (401 for what our script sends); no relation: 404; related without this right: 403; not this way: 405.
# `left` was a student of the module until yesterday. Bodies of the POSTs stand in World.bodies.
TABLE = """
home                                  200                             | 405
about                                 200                             | 405
health                                200                             | 405
offline                               200                             | 405
offline_worker                        200                             | 405
own_data                              302 200 200 200 200 200 200 200 | 302 400 400 400 400 400 400 400
own_data_json                         302 200 200 200 200 200 200 200 | 405
own_data_code                         405                             | 302
own_data_leave                        302 200 200 200 200 200 200 200 | 302 200 200 200 200 200 200 200
own_data_goodbye                      200                             | 405
account_login                         200 302 302 302 302 302 302 302 | 200 302 302 302 302 302 302 302
account_request_login_code            200 302 302 302 302 302 302 302 | 200 302 302 302 302 302 302 302
account_confirm_login_code            302                             | 302
account_logout                        302 200 200 200 200 200 200 200 | 302
account_signup                        200 302 302 302 302 302 302 302 | 200 302 302 302 302 302 302 302
account_inactive                      200                             | 405
account_change_password               302 200 200 200 200 200 200 200 | 302 200 200 200 200 200 200 200
account_set_password                  302                             | 302
account_reset_password                200                             | 200
account_reset_password_done           200                             | 405
account_reset_password_from_key       302 403 302 403 403 403 403 403 | 302 403 302 403 403 403 403 403
account_reset_password_from_key_done  200                             | 405
demo_sign_in                          404                             | 404
who                                   200                             | 405
invitation                            200 200 403 403 403 403 403 403 | 302 302 403 403 403 403 403 403
cases:catalogue                       200                             | 405
cases:case                            200                             | 405
questions:save_answer                 405                             | 401 404 200 200 403 404 404 404
questions:save_answers                405                             | 401 302 302 302 302 302 302 302
questions:assignment                  302 404 200 404 200 404 404 404 | 405
questions:assignment_as_student       302 404 403 404 200 404 404 404 | 405
questions:hand_in                     405                             | 401 404 200 404 403 404 404 404
questions:take_back                   405                             | 302 404 302 404 403 404 404 404
questions:adopt                       405                             | 302 404 302 404 403 404 404 404
questions:shared                      302 404 200 404 403 404 404 404 | 302 404 302 404 403 404 404 404
questions:join_by_code                200                             | 405
questions:join                        200 200 302 200 200 200 200 200 | 302
questions:modules                     302 200 200 200 200 200 200 200 | 405
questions:module_new                  302 403 403 403 200 200 403 200 | 302 403 403 403 200 200 403 200
questions:case_to_assign              302 403 403 403 200 200 403 200 | 405
questions:module                      302 404 200 404 200 404 404 404 | 405
questions:module_as_student           302 404 403 404 200 404 404 404 | 405
questions:module_edit                 302 404 403 404 200 404 404 404 | 302 404 403 404 200 404 404 404
questions:module_screen               302 404 403 404 200 404 404 404 | 405
questions:module_copy                 302 404 403 404 200 404 404 404 | 302 404 403 404 200 404 404 404
questions:module_code                 405                             | 302 404 403 404 302 404 404 404
questions:module_code_closing         405                             | 302 404 403 404 302 404 404 404
questions:module_archive              405                             | 302 404 403 404 302 404 404 404
questions:module_return               405                             | 302 404 403 404 302 404 404 404
questions:module_deletion             405                             | 302 404 403 404 302 404 404 404
questions:module_teachers             302 404 403 404 200 404 404 404 | 302 404 403 404 302 404 404 404
questions:co_teacher_withdrawal       405                             | 302 404 403 404 302 404 404 404
questions:co_teacher                  200                             | 302 302 200 200 200 302 302 302
questions:progress                    302 404 403 404 200 404 404 404 | 405
questions:progress_changes            302 404 403 404 200 404 404 404 | 405
questions:progress_xlsx               302 404 403 404 200 404 404 404 | 405
questions:progress_csv                302 404 403 404 200 404 404 404 | 405
questions:progress_answer             302 404 403 404 302 404 404 404 | 405
questions:reading_choices             405                             | 302 404 403 404 302 404 404 404
questions:module_person               302 404 403 404 200 404 404 404 | 405
questions:person_group                405                             | 302 404 403 404 302 404 404 404
questions:person_departure            405                             | 302 404 403 404 302 404 404 404
questions:person_return               405                             | 302 404 403 404 302 404 404 404
questions:assignment_new              302 404 403 404 200 404 404 404 | 302 404 403 404 200 404 404 404
questions:assignment_edit             302 404 403 404 200 404 404 404 | 302 404 403 404 200 404 404 404
questions:assignment_edition          302 404 403 404 200 404 404 404 | 302 404 403 404 302 404 404 404
questions:assignment_feedback         302 404 403 404 200 404 404 404 | 405
questions:assignment_story            302 404 403 404 200 404 404 404 | 405
questions:submission_changes          302 404 403 404 200 404 404 404 | 405
questions:feedback_now                302 404 403 404 200 404 404 404 | 405
questions:save_feedback               405                             | 401 404 403 404 200 404 404 404
questions:undo_feedback               405                             | 302 404 403 404 302 404 404 404
questions:mark_selection              405                             | 302 404 403 404 302 404 404 404
questions:undo_selection              405                             | 302 404 403 404 302 404 404 404
questions:release_feedback            405                             | 302 404 403 404 302 404 404 404
questions:comments                    302 403 403 403 200 200 403 200 | 401 403 403 403 302 302 403 302
questions:comment_sharing             405                             | 302 404 404 404 302 404 404 404
questions:comment_deletion            405                             | 302 404 404 404 302 404 404 404
questions:overview                    302 404 403 404 200 404 404 404 | 405
questions:overview_screen             302 404 403 404 200 404 404 404 | 405
questions:pin_answer                  405                             | 302 404 403 404 302 404 404 404
questions:not_begun                   302 404 403 404 200 404 404 404 | 405
questions:assignment_place            405                             | 302 404 403 404 302 404 404 404
questions:assignment_closing          405                             | 302 404 403 404 302 404 404 404
questions:assignment_reopening        405                             | 302 404 403 404 302 404 404 404
questions:assignment_deletion         405                             | 302 404 403 404 302 404 404 404
questions:assignment_extensions       302 404 403 404 200 404 404 404 | 302 404 403 404 200 404 404 404
questions:extension_withdrawal        405                             | 302 404 403 404 302 404 404 404
questions:answers                     302 200 200 200 200 200 200 200 | 405
questions:answers_docx                302 200 200 200 200 200 200 200 | 405
questions:answers_json                302 200 200 200 200 200 200 200 | 405
questions:feedback_seen               405                             | 302
questions:feedback_taken_up           405                             | 302 404 302 404 404 404 404 404
questions:answer_versions             302 404 200 404 404 404 404 404 | 405
admin:index                           302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 200 200
admin:login                           302 403 403 403 403 403 302 302 | 302 403 403 403 403 403 302 302
admin:logout                          302 302 302 302 302 302 405 405 | 302
admin:casebook_user_reset_link        302 302 302 302 302 302 405 405 | 302 302 302 302 302 302 403 200
admin:casebook_user_changelist        302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 200
admin:casebook_user_delete            302 302 302 302 302 302 403 403 | 302 302 302 302 302 302 403 403
admin:casebook_user_change            302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 200
admin:cases_case_working_copy         302 302 302 302 302 302 403 403 | 302
admin:cases_case_publish              302 302 302 302 302 302 403 403 | 302 302 302 302 302 302 403 302
admin:cases_case_send_in              302 302 302 302 302 302 403 403 | 302
admin:cases_case_recall               302 302 302 302 302 302 404 404 | 302 302 302 302 302 302 404 404
admin:cases_case_archive              302 302 302 302 302 302 403 403 | 302 302 302 302 302 302 403 302
admin:cases_case_withdraw             302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 200
admin:cases_case_put_back             302 302 302 302 302 302 404 404 | 302 302 302 302 302 302 404 404
admin:cases_case_difference           302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 200 200
admin:cases_case_restore              302 302 302 302 302 302 403 403 | 302
admin:cases_case_history              302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 200 200
admin:cases_case_import               302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 200 200
admin:cases_case_import_confirm       302 302 302 302 302 302 200 302 | 302 302 302 302 302 302 200 302
admin:cases_case_export               302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 405 405
admin:cases_case_changelist           302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 200 200
admin:cases_case_change               302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 200 200
admin:cases_case_as_student           302 404 404 404 404 404 200 200 | 405
admin:cases_case_text_preview         302 404 404 404 404 404 200 200 | 302 404 404 404 404 404 200 200
admin:cases_case_name_check           302 404 404 404 404 404 200 200 | 405
admin:cases_case_guide                302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 405 405
admin:cases_keyword_merge             302 302 302 302 302 302 403 302 | 302 302 302 302 302 302 403 302
admin:cases_actor_merge               302 302 302 302 302 302 403 302 | 302 302 302 302 302 302 403 302
admin:cases_edition_change            302 302 302 302 302 302 200 200 | 302 302 302 302 302 302 403 403
admin:questions_module_changelist     302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 200
admin:questions_module_change         302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 403
admin:questions_enrolment_changelist  302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 200
admin:questions_assignment_change     302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 403
admin:questions_teacherinvitation_add 302 302 302 302 302 302 403 200 | 302 302 302 302 302 302 403 200
"""

# Everything else in the admin is for who may enter it; all others are sent to sign in. What an editor and an
# administrator may do there is Django's own, and tested with each model's admin.
OUTSIDERS = ROLES[:6]

# What of the planted words somebody finds who opens everything that there is: these, and no other. Feedback of a
# colleague is for teachers to read, also before it is released.
FINDS = {
    "visitor": set(),
    "stranger": set(),
    "student": {
        words.DRAFT,
        words.CHANGED,
        words.OWN_STUDY,
        words.WITHDRAWN,
        words.LOST_VERSION,
        words.SUBMITTED,
        words.RELEASED,
        words.CLASSMATES_SHARED,
        words.OWN_QUESTION,
    },
    "classmate": {
        words.CLASSMATES_NAME,
        words.CLASSMATES_ADDRESS,
        words.CLASSMATES_ANSWER,
        words.CLASSMATES_DRAFT,
        words.CLASSMATES_REASON,  # among what the site knows about oneself
        words.CLASSMATES_SHARED,
        words.OWN_QUESTION,
    },
    "left": {words.LEFT_BEFORE, words.LEFT_AFTER},
    "colleague": {
        words.SUBMITTED,
        words.RELEASED,
        words.CLASSMATES_NAME,
        words.CLASSMATES_ADDRESS,
        words.CLASSMATES_ANSWER,
        words.CLASSMATES_REASON,
        words.CLASSMATES_SHARED,
        words.LEFT_BEFORE,
        words.NOT_YET_OPEN,
        words.OWN_QUESTION,
        words.UNRELEASED,
        words.RELEASED_AND_CHANGED,
        words.SHARED_COMMENT,
    },
    "other_teacher": {words.OTHER_MODULE},
    "editor": {words.CONCEPT, words.WORKING_COPY},
    "administrator": {
        words.CONCEPT,
        words.WORKING_COPY,
        words.CLASSMATES_NAME,
        words.CLASSMATES_ADDRESS,
        words.NOT_YET_OPEN,
        words.OTHER_MODULE,
    },
}
# Where a teacher who keeps names hidden finds them all the same: a class has to be managed.
SHOWS_NAMES = {"questions:module", "questions:module_person", "questions:assignment_extensions"}
SHOWS_NAMES |= {"/modules/…/", "/modules/…/mensen/…/"}  # the same, of other modules and people

FINDS["teacher"] = FINDS["colleague"] | {words.OWN_COMMENT, words.UNDONE_FEEDBACK}

# Of what people write and do in modules, this may be looked at in the admin.
IN_ADMIN = {"Module", "Enrolment", "Assignment", "TeacherInvitation", "Question"}


def read_table() -> dict[str, dict[str, dict[str, int]]]:
    """By address and method, the status that each role gets."""
    table: dict[str, dict[str, dict[str, int]]] = {}
    for line in TABLE.strip().splitlines():
        name, cells = line.split(None, 1)
        assert name not in table, f"{name} has two rows"
        table[name] = {method: read_cells(part) for method, part in zip(("GET", "POST"), cells.split("|"), strict=True)}
    return table


def read_cells(text: str) -> dict[str, int]:
    numbers = [int(number) for number in text.split()]
    return dict(zip(ROLES, numbers * len(ROLES) if len(numbers) == 1 else numbers, strict=len(numbers) > 1))


ROWS = read_table()
SITE = [name for name in ROWS if not name.startswith("admin:")]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """One world for all these tests; each request that changes it is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def site_with_mail(settings) -> None:
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(world: World, role: str, method: str, name: str, **headers) -> HttpResponse:
    """One request of somebody who did nothing before; what it changes is taken back."""
    body = world.bodies.get(name, {}) if method == "POST" else None
    with taken_back():
        return getattr(world.client(role), method.lower())(world.addresses[name], body, headers=headers)


# --- Statuses ---


def test_every_address_has_a_row():
    names = set(routes())
    assert set(ROWS) - names == set(), "rows of addresses that are no more"
    assert {name for name in names if not name.startswith("admin:")} - set(SITE) == set(), "addresses without a row"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ROWS)
def test_everybody_gets_what_the_table_says(world, name, method):
    found = {role: ask(world, role, method, name).status_code for role in ROLES}
    assert found == ROWS[name][method]


@pytest.mark.parametrize("role", OUTSIDERS)
def test_the_admin_is_closed_to_who_may_not_enter(world, role):
    for name in sorted(name for name in set(routes()) - set(ROWS) if name.startswith("admin:")):
        for method in ("GET", "POST"):
            response = ask(world, role, method, name)
            assert response.status_code == 302, (name, method)
            assert response["Location"].startswith("/beheer/login/?next="), (name, method)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_signed_out_is_sent_to_sign_in_and_back(world, method):
    for name in SITE:
        if ROWS[name][method]["visitor"] == 302 and not name.startswith("account_"):
            there = ask(world, "visitor", method, name)["Location"]
            assert there.startswith("/account/inloggen/?next=/"), name


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("header", [{"X-Requested-With": "XMLHttpRequest"}, {"HX-Request": "true"}])
def test_a_script_of_who_is_signed_out_is_told_so(world, method, header):
    for name in SITE:
        is_ours = name.startswith(("questions:", "own_data")) and name != "questions:join"  # which no script sends
        if is_ours and ROWS[name][method]["visitor"] == 302:
            assert ask(world, "visitor", method, name, **header).status_code == 401, name


@pytest.mark.parametrize("role", ["visitor", "teacher"])
def test_nothing_is_done_without_the_token_of_our_own_forms(world, role):
    for name in SITE:
        with taken_back():
            client = world.client(role, enforce_csrf_checks=True)
            response = client.post(world.addresses[name], world.bodies.get(name, {}))
        refused = (404, None) if name == "demo_sign_in" else (403, "csrf")  # no such address, with a token or without
        assert (response.status_code, response.get("X-Reason")) == refused, name


@pytest.mark.parametrize("role", ["visitor", "student", "teacher"])
def test_no_address_knows_another_method(world, role):
    found = {name: ask(world, role, "DELETE", name).status_code for name in SITE}
    nowhere = {"demo_sign_in": 404}  # does not exist for whatever method, but with DEMO=1
    assert {name: status for name, status in found.items() if status != 405} == nowhere


# --- Words ---


def everything_said(response: HttpResponse) -> bytes:
    """All bytes that went out: headers, cookies and body, of a Word file what stands in it."""
    body = response.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"\n".join(archive.read(name) for name in archive.namelist())
    return b"\n".join([str(response.headers).encode(), response.cookies.output().encode(), body])


@pytest.mark.parametrize("role", FINDS)
def test_nobody_finds_a_word_that_is_not_for_them(world, role):
    addresses = dict.fromkeys([*world.addresses.values(), *world.variants()])
    asked = [("GET", address, None) for address in addresses]
    asked += [("POST", address, world.bodies.get(name, {})) for name, address in world.addresses.items()]
    found: dict[str, str] = {}
    for method, address, body in asked:
        with taken_back():
            said = everything_said(getattr(world.client(role), method.lower())(address, body))
        for word in vars(words).values():
            if word.encode() in said:
                found.setdefault(word, f"{method} {address}")
    unseen = FINDS[role] - set(found)
    leaked = {word: where for word, where in found.items() if word not in FINDS[role]}
    assert (leaked, unseen) == ({}, set())


def test_hidden_names_are_where_people_are_managed_and_nowhere_else(world):
    """What one reads says nothing of who wrote it; but a class has to be managed."""
    names = [person.name for role, person in world.people.items() if role in {"student", "classmate", "left"}]
    names += [person.email for role, person in world.people.items() if role in {"student", "classmate", "left"}]
    addresses = [*world.addresses.items(), *((address, address) for address in world.variants())]
    shown = set()
    with taken_back():
        for place in world.people["teacher"].enrolments.all():
            choose_reading(enrolment=place, hides_names=True)
        for name, address in addresses:
            with taken_back():
                said = everything_said(world.client("teacher").get(address))
            if any(each.encode() in said for each in names):
                shown.add(re.sub("/[0-9a-f]+/", "/…/", name))
    assert shown == SHOWS_NAMES


def test_what_people_write_in_modules_is_not_in_the_admin():
    shown, waiting = set(), list(admin.site._registry.values())
    while waiting:
        panel = waiting.pop()
        shown.add(panel.model)
        waiting.extend(getattr(panel, "inlines", ()))
    of_questions = {model.__name__ for model in shown if model._meta.app_label == "questions"}
    assert of_questions == IN_ADMIN
    for secret in ("Answer", "AnswerVersion", "Submission", "Feedback", "FeedbackVersion", "SharedReading"):
        assert getattr(questions_models, secret) not in shown
