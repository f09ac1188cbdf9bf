"""The permissions of every role, tested at every address of the site."""

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
from tests.world import World, markers, only_once, routes

pytestmark = pytest.mark.django_db

ROLES = ("visitor", "stranger", "student", "left", "teacher", "other_teacher", "editor", "administrator")

# The status of each address for these roles: of a GET | of a POST; one number if it is the same for all. Not signed in:
# 302 to sign-in (401 for requests of a script); no relation: 404; related without this right: 403; other method: 405.
# `left` was a student of the module until yesterday. The data of the POSTs is in World.bodies.
TABLE = """
home                                  200                             | 405
about                                 200                             | 405
health                                200                             | 405
sitemap                               200                             | 405
robots                                200                             | 405
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
questions:release_feedback            405                             | 302 404 403 404 200 404 404 404
questions:undo_release                405                             | 302 404 403 404 302 404 404 404
questions:handed_in                   302 200 200 200 200 200 200 200 | 405
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

# All other addresses of the admin redirect these roles to sign-in. The rights of editors and administrators there are
# those of Django, and are tested with the admin of each model.
ROLES_OUTSIDE_ADMIN = ROLES[:6]

# The markers that each role finds by opening every address: these, and no others. Teachers may read feedback of a
# colleague, even before it is released.
VISIBLE_MARKERS = {
    "visitor": set(),
    "stranger": set(),
    "student": {
        markers.DRAFT,
        markers.CHANGED,
        markers.OWN_STUDY,
        markers.WITHDRAWN,
        markers.LOST_VERSION,
        markers.SUBMITTED,
        markers.RELEASED,
        markers.CLASSMATES_SHARED,
        markers.OWN_QUESTION,
    },
    "classmate": {
        markers.CLASSMATES_NAME,
        markers.CLASSMATES_ADDRESS,
        markers.CLASSMATES_ANSWER,
        markers.CLASSMATES_DRAFT,
        markers.CLASSMATES_REASON,  # in the user's own data
        markers.CLASSMATES_SHARED,
        markers.OWN_QUESTION,
    },
    "left": {markers.LEFT_BEFORE, markers.LEFT_AFTER},
    "colleague": {
        markers.SUBMITTED,
        markers.RELEASED,
        markers.CLASSMATES_NAME,
        markers.CLASSMATES_ADDRESS,
        markers.CLASSMATES_ANSWER,
        markers.CLASSMATES_REASON,
        markers.CLASSMATES_SHARED,
        markers.LEFT_BEFORE,
        markers.NOT_YET_OPEN,
        markers.OWN_QUESTION,
        markers.UNRELEASED,
        markers.RELEASED_AND_CHANGED,
        markers.SHARED_COMMENT,
    },
    "other_teacher": {markers.OTHER_MODULE},
    "editor": {markers.CONCEPT, markers.WORKING_COPY},
    "administrator": {
        markers.CONCEPT,
        markers.WORKING_COPY,
        markers.CLASSMATES_NAME,
        markers.CLASSMATES_ADDRESS,
        markers.NOT_YET_OPEN,
        markers.OTHER_MODULE,
    },
}
# The pages that show names to a teacher who hides names elsewhere, since they manage a class.
SHOWS_NAMES = {"questions:module", "questions:module_person", "questions:assignment_extensions"}
SHOWS_NAMES |= {"/modules/…/", "/modules/…/mensen/…/"}  # the same pages of other modules and users

VISIBLE_MARKERS["teacher"] = VISIBLE_MARKERS["colleague"] | {markers.OWN_COMMENT, markers.UNDONE_FEEDBACK}
EACH_LEG = {"visitor", "student", "teacher"}

# The models of questions that are in the admin.
MODELS_IN_ADMIN = {"Module", "Enrolment", "Assignment", "TeacherInvitation", "Question"}


def read_table() -> dict[str, dict[str, dict[str, int]]]:
    """Return the expected status for each address, method and role."""
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
    """Yield one world for all these tests; each request that changes it is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def site_with_mail(settings) -> None:
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def request_as(world: World, role: str, method: str, name: str, **headers) -> HttpResponse:
    """Return the response to one request of a new client with this role; its changes are rolled back."""
    body = world.bodies.get(name, {}) if method == "POST" else None
    with rolled_back():
        return getattr(world.client(role), method.lower())(world.addresses[name], body, headers=headers)


# --- Statuses ---


def test_every_address_has_a_row_in_the_table():
    names = set(routes())
    assert set(ROWS) - names == set(), "rows of addresses that do not exist"
    assert {name for name in names if not name.startswith("admin:")} - set(SITE) == set(), "addresses without a row"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ROWS)
def test_address_has_the_status_of_the_table_for_every_role(world, name, method):
    found = {role: request_as(world, role, method, name).status_code for role in ROLES}
    assert found == ROWS[name][method]


@pytest.mark.parametrize("role", ROLES_OUTSIDE_ADMIN)
def test_admin_redirects_other_roles_to_its_sign_in(world, role):
    for name in sorted(name for name in set(routes()) - set(ROWS) if name.startswith("admin:")):
        for method in ("GET", "POST"):
            response = request_as(world, role, method, name)
            assert response.status_code == 302, (name, method)
            assert response["Location"].startswith("/beheer/login/?next="), (name, method)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_visitor_is_redirected_to_sign_in_with_a_return_address(world, method):
    for name in SITE:
        if ROWS[name][method]["visitor"] == 302 and not name.startswith("account_"):
            location = request_as(world, "visitor", method, name)["Location"]
            assert location.startswith("/account/inloggen/?next=/"), name


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("header", [{"X-Requested-With": "XMLHttpRequest"}, {"HX-Request": "true"}])
def test_script_of_a_signed_out_user_gets_401(world, method, header):
    for name in SITE:
        is_ours = name.startswith(("questions:", "own_data")) and name != "questions:join"  # no script sends this one
        if is_ours and ROWS[name][method]["visitor"] == 302:
            assert request_as(world, "visitor", method, name, **header).status_code == 401, name


@pytest.mark.parametrize("role", ["visitor", "teacher"])
def test_post_without_a_csrf_token_is_refused(world, role):
    for name in SITE:
        with rolled_back():
            client = world.client(role, enforce_csrf_checks=True)
            response = client.post(world.addresses[name], world.bodies.get(name, {}))
        refused = (404, None) if name == "demo_sign_in" else (403, "csrf")  # demo_sign_in exists with DEMO=1 only
        assert (response.status_code, response.get("X-Reason")) == refused, name


@pytest.mark.parametrize("role", ["visitor", "student", "teacher"])
def test_delete_is_not_allowed_at_any_address(world, role):
    found = {name: request_as(world, role, "DELETE", name).status_code for name in SITE}
    missing = {"demo_sign_in": 404}  # exists with DEMO=1 only
    assert {name: status for name, status in found.items() if status != 405} == missing


# --- Texts ---


def response_bytes(response: HttpResponse) -> bytes:
    """Return the headers, cookies and body of a response; of a Word file, its unpacked content."""
    body = response.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"\n".join(archive.read(name) for name in archive.namelist())
    return b"\n".join([str(response.headers).encode(), response.cookies.output().encode(), body])


@pytest.mark.long
@pytest.mark.parametrize("role", [only_once(role, unless=EACH_LEG) for role in VISIBLE_MARKERS])
def test_role_finds_exactly_the_texts_that_it_may_read(world, role):
    addresses = dict.fromkeys([*world.addresses.values(), *world.variants()])
    requests = [("GET", address, None) for address in addresses]
    requests += [("POST", address, world.bodies.get(name, {})) for name, address in world.addresses.items()]
    found: dict[str, str] = {}
    for method, address, body in requests:
        with rolled_back():
            content = response_bytes(getattr(world.client(role), method.lower())(address, body))
        for marker in vars(markers).values():
            if marker.encode() in content:
                found.setdefault(marker, f"{method} {address}")
    missing = VISIBLE_MARKERS[role] - set(found)
    leaked = {marker: request for marker, request in found.items() if marker not in VISIBLE_MARKERS[role]}
    assert (leaked, missing) == ({}, set())


def test_hidden_names_are_only_on_pages_that_manage_a_class(world):
    """A teacher who hides names reads answers without names, but can manage the class."""
    names = [user.name for role, user in world.users.items() if role in {"student", "classmate", "left"}]
    names += [user.email for role, user in world.users.items() if role in {"student", "classmate", "left"}]
    addresses = [*world.addresses.items(), *((address, address) for address in world.variants())]
    pages = set()
    with rolled_back():
        for enrolment in world.users["teacher"].enrolments.all():
            choose_reading(enrolment=enrolment, hides_names=True)
        for name, address in addresses:
            with rolled_back():
                content = response_bytes(world.client("teacher").get(address))
            if any(each.encode() in content for each in names):
                pages.add(re.sub("/[0-9a-f]+/", "/…/", name))
    assert pages == SHOWS_NAMES


def test_admin_does_not_show_answers_or_feedback():
    models, panels = set(), list(admin.site._registry.values())
    while panels:
        panel = panels.pop()
        models.add(panel.model)
        panels.extend(getattr(panel, "inlines", ()))
    of_questions = {model.__name__ for model in models if model._meta.app_label == "questions"}
    assert of_questions == MODELS_IN_ADMIN
    for secret in ("Answer", "AnswerVersion", "Submission", "Feedback", "FeedbackVersion", "SharedReading"):
        assert getattr(questions_models, secret) not in models
