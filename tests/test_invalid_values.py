"""Invalid numbers, moments and other values in requests: each has a proper response, and none causes a server error."""

import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import resolve, reverse

from cases.files.archives import Packed
from cases.library import markdown
from cases.models import Case
from cases.transfer import imports, sync
from questions.models import Assignment, Module, Submission
from tests.cases.admin.test_case import form_of
from tests.factories import ConceptFactory, KeywordFactory, UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in
from tests.test_rights import ROWS
from tests.world import World, routes

pytestmark = pytest.mark.django_db

TOO_LARGE = ["9" * 19, str(2**63), "9" * 400]
INVALID_IDS = ["0", "9" * 19, "9" * 20, "9" * 400, str(2**63), "9" * 5_000, "-1", "٣", "²", "1.5", "x"]


@pytest.fixture
def quiet_client(client: Client) -> Client:
    client.raise_request_exception = False
    return client


@pytest.fixture
def teacher(quiet_client):
    teacher = UserFactory(groups=["Docenten"])
    quiet_client.force_login(teacher)
    return teacher


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher)


@pytest.fixture
def assignment(module):
    return AssignmentFactory(module=module)


@pytest.fixture
def student(assignment, quiet_client):
    enrolment = enrol(assignment.module)
    quiet_client.force_login(enrolment.user)
    return enrolment


@pytest.fixture
def administrator(quiet_client):
    administrator = UserFactory(is_superuser=True)
    quiet_client.force_login(administrator)
    return administrator


# --- Ids in addresses ---


def test_invalid_id_in_an_address_never_causes_a_server_error():
    """Replace every id in every address in turn, as a user who may request that address."""
    world, failures = World(), []
    for name in sorted(set(ROWS) | set(routes())):
        path = world.addresses[name].partition("?")[0]
        tag = resolve(path).kwargs.get("tag")  # a tag may consist of digits
        ids = [part for part in path.split("/") if part.isdecimal() and part != tag]
        for role in ("student", "teacher", "administrator"):
            for number in ids:
                for odd in TOO_LARGE:
                    changed = re.sub(rf"(?<=/){number}(?=/)", odd, path, count=1)
                    for method in ("get", "post"):
                        status = getattr(world.client(role), method)(changed, world.bodies.get(name, {})).status_code
                        if status >= 500 or (not name.startswith("admin:") and status not in {404, 405}):
                            failures.append(f"{name} {role} {method} {odd[:30]}: {status}")
    assert failures[:20] == []


# --- Ids in parameters and fields ---


@pytest.mark.parametrize("number", ["", *INVALID_IDS])
def test_taking_back_an_invalid_submission_id_is_404(quiet_client, student, assignment, number):
    handed_in = hand_in(assignment, student)
    address = reverse("questions:take_back", args=[assignment.pk])
    assert quiet_client.post(address, {"versie": number}).status_code == 404
    assert Submission.objects.get(pk=handed_in.pk).withdrawn_at is None


@pytest.mark.parametrize("number", ["", *INVALID_IDS])
def test_adopting_an_answer_for_an_invalid_question_id_is_404(quiet_client, student, assignment, number):
    address = reverse("questions:adopt", args=[assignment.pk])
    assert quiet_client.post(address, {"vraag": number}).status_code == 404


@pytest.mark.parametrize("number", INVALID_IDS)
def test_invalid_id_of_a_comment_module_or_answer_is_no_server_error(quiet_client, assignment, number):
    marking = reverse("questions:mark_selection", args=[assignment.pk])
    assert quiet_client.post(marking, {"zin": number}).status_code == 404
    assert quiet_client.post(marking, {"antwoord": [number]}).status_code in {302, 400}
    assert quiet_client.post("/zinnen/", {"text": "Een zin.", "module": number}).status_code == 400
    feedback = reverse("questions:assignment_feedback", args=[assignment.pk])
    for parameter in ("antwoord", "pagina", "vraag", "student", "klas"):
        assert quiet_client.get(feedback, {parameter: number}).status_code == 200, parameter


# --- Moments ---

INVALID_MOMENTS = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1999-12-30T00:00:00+00:00",
    "2101-01-02T00:00:00+00:00",
    "2026-11-30T12:00:00",
    "x",
    "",
]


@pytest.mark.parametrize("moment", INVALID_MOMENTS)
def test_invalid_moment_in_an_address_is_ignored(quiet_client, assignment, moment):
    for page in ("assignment_feedback", "feedback_now"):
        address = reverse(f"questions:{page}", args=[assignment.pk])
        assert quiet_client.get(address, {"sinds": moment}).status_code == 200, page


@pytest.mark.parametrize("moment", INVALID_MOMENTS)
def test_invalid_moment_from_a_script_of_the_site_is_400(quiet_client, student, moment):
    assert quiet_client.post("/antwoorden/gezien/", {"tot": moment}).status_code == 400


def test_moment_in_any_time_zone_is_accepted(quiet_client, student):
    assert quiet_client.post("/antwoorden/gezien/", {"tot": "2026-11-30T12:00:00+23:59"}).status_code == 302


@pytest.fixture
def send_assignment(quiet_client, module):
    """Return a function that posts the form of a new assignment with these moments."""
    case = published_case()

    def send(**moments: str):
        sent = {"questions": [case.questions.get().pk], "own-TOTAL_FORMS": 0, "own-INITIAL_FORMS": 0}
        sent |= {"instructions": "Dit schreef ik.", **moments}
        return quiet_client.post(f"/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}", sent)

    return send


OUT_OF_RANGE = "Dit jaartal kan niet kloppen. Kies een dag in de jaren 2000 tot en met 2100."


@pytest.mark.parametrize("field", ["opens_at", "due_at"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "1999-12-30T23:59", "2101-01-02T00:00", "9999-12-31T23:59"])
def test_year_outside_2000_to_2100_is_a_form_error(send_assignment, field, moment):
    response = send_assignment(**{field: moment})
    assert response.status_code == 200
    assert OUT_OF_RANGE in response.text
    assert "Dit schreef ik." in response.text
    assert not Assignment.objects.exists()


def test_first_and_last_day_are_accepted(send_assignment):
    assert send_assignment(opens_at="2000-01-01T00:00", due_at="2100-12-31T23:59").status_code == 302
    assert Assignment.objects.get().opens_at == datetime(1999, 12, 31, 23, 0, tzinfo=UTC)


def test_year_of_an_extension_has_the_same_limits(quiet_client, assignment):
    Assignment.objects.filter(pk=assignment.pk).update(due_at=datetime(2026, 12, 1, tzinfo=UTC))
    student = enrol(assignment.module)
    sent = {"student": student.tag, "due_at": "9999-12-31T23:59", "reason": "Ziek."}
    response = quiet_client.post(reverse("questions:assignment_extensions", args=[assignment.pk]), sent)
    assert response.status_code == 200
    assert OUT_OF_RANGE in response.text
    assert not assignment.extensions.exists()


@pytest.mark.parametrize("year", [2100, 9999])
def test_copy_of_a_module_with_a_date_after_2100_is_a_form_error(quiet_client, assignment, year):
    Assignment.objects.filter(pk=assignment.pk).update(due_at=datetime(year, 12, 31, 22, 59, tzinfo=UTC))
    address = reverse("questions:module_copy", args=[assignment.module_id])
    assert quiet_client.get(address).status_code == 200
    response = quiet_client.post(address, {"title": "Kopie", "weeks": 260})
    assert response.status_code == 200
    assert "Een datum van deze module komt dan na het jaar 2100." in response.text
    assert Module.objects.count() == 1


# --- Subheadings ---


def test_thousand_equal_subheadings_have_different_ids(quiet_client):
    quiet_client.force_login(UserFactory(groups=["Redactie"]))
    response = quiet_client.post("/beheer/cases/case/opmaak/", {"text": "### Kop\n\n" * 1_100})
    assert response.status_code == 413  # the preview of the form has a limit
    headings = markdown.render("### Kop\n\n" * 1_100).headings
    assert len({heading.id for heading in headings}) == 1_100


# --- The admin ---


@pytest.mark.parametrize("query", ["_to_field=", "_to_field=&_popup=1", "_to_field=bestaatniet"])
def test_invalid_to_field_in_the_admin_is_400(quiet_client, administrator, query):
    address = reverse("admin:casebook_user_change", args=[administrator.pk])
    assert quiet_client.get(f"{address}?{query}").status_code == 400
    assert quiet_client.post(address, dict(pair.split("=") for pair in query.split("&"))).status_code == 400


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("cases_case", f"id__in={'9' * 20}"),
        ("cases_case", f"part={'9' * 20}"),
        ("cases_case", "title__regex=("),
        ("cases_case", "title__range=1"),
        ("cases_case", "sent_in_at__in=9999-12-31T23:59:59-14:00"),
        ("casebook_user", f"date_joined__year={2**63}"),
        ("casebook_user", f"groups__id__exact={'9' * 20}"),
        ("questions_module", "groups__contains=x"),
        ("cases_edition", f"published_at__year={2**63 - 1}"),
    ],
)
def test_invalid_filter_of_an_admin_list_is_no_server_error(quiet_client, administrator, page, query):
    response = quiet_client.get(f"{reverse(f'admin:{page}_changelist')}?{query}", follow=True)
    assert response.status_code == 200


def test_search_of_an_admin_list_that_is_too_long_shows_a_message(quiet_client, administrator):
    response = quiet_client.get(reverse("admin:cases_part_changelist"), {"q": "a " * 3_000})
    assert response.status_code == 200
    assert "200" in "".join(map(str, response.context["messages"]))


@pytest.mark.parametrize("chosen", ["x", "9" * 20, "", "٣"])
def test_admin_action_on_an_invalid_id_is_400(quiet_client, administrator, chosen):
    sent = {"action": "export_selected", "_selected_action": [chosen]}
    assert quiet_client.post(reverse("admin:cases_case_changelist"), sent).status_code == 400


@pytest.mark.parametrize("chosen", [str(2**63), "9" * 20, "x"])
def test_choice_with_an_invalid_id_is_an_error_of_its_field(quiet_client, administrator, chosen):
    group = Group.objects.create(name="Groep")
    group.permissions.add(Permission.objects.first())
    response = quiet_client.post(
        reverse("admin:auth_group_change", args=[group.pk]), {"name": "Groep", "permissions": [chosen]}
    )
    assert response.status_code == 200
    assert "permissions" in response.context["adminform"].form.errors
    assert group.permissions.count() == 1


def test_row_that_another_editor_added_too_is_an_error_of_the_row(quiet_client):
    """The form does not have that row if it is saved a second time, after both versions were shown."""
    quiet_client.force_login(UserFactory(groups=["Redactie"]))
    case = ConceptFactory(keyword_names=[])
    keyword = KeywordFactory(name="schulden")
    sent = form_of(case) | {"case_keywords-TOTAL_FORMS": 1, "case_keywords-0-keyword_name": "schulden"}
    case.case_keywords.create(keyword=keyword, position=1)
    response = quiet_client.post(reverse("admin:cases_case_change", args=[case.pk]), sent)
    assert response.status_code == 200
    assert "Dit staat er al. Haal één van de twee weg." in response.text
    assert Case.objects.get(pk=case.pk).case_keywords.count() == 1


@pytest.mark.parametrize("number", ["0" * 9 + "1" + "0" * 5_000, "00000000199999", "٣"])
def test_case_file_with_a_number_that_no_column_can_store_is_no_server_error(quiet_client, number):
    editor = UserFactory(groups=["Redactie"])
    quiet_client.force_login(editor)
    published_case()
    files = sync.export()
    name = next(name for name in files if name.startswith("cases/") or re.match(r"\d\d-", name))
    text = re.sub(r"^nummer: .*$", f"nummer: {number}", files[name], flags=re.MULTILINE)
    upload = imports.keep(files=[Packed(name, text.encode())], owner=editor)
    response = quiet_client.get(reverse("admin:cases_case_import_confirm", args=[upload.pk]))
    assert response.status_code == 200


# --- Headers, cookies and bodies ---


@pytest.mark.parametrize("address", ["http://[x/?q=1", "http://[::1/?%00", "//[", "\x00"])
def test_invalid_address_in_a_header_is_ignored(quiet_client, assignment, address):
    Client.logout(quiet_client)
    assert quiet_client.post("/zinnen/", headers={"referer": address}).status_code in {302, 401}
    take_back = reverse("questions:take_back", args=[assignment.pk])
    assert quiet_client.post(take_back, headers={"referer": address, "accept": "text/html"}).status_code == 302
    headers = {"hx-request": "true", "hx-current-url": address}
    assert quiet_client.get("/casussen/?q=a", headers=headers).status_code == 200


@pytest.mark.parametrize("address", ["/bestaat-niet/", "/modules/x/", "/opdrachten/999999/bewerken/", "/zinnen/"])
def test_body_that_does_not_match_its_content_type_is_no_server_error(quiet_client, teacher, address):
    for accept in ("text/html", "*/*"):
        response = quiet_client.post(address, b"text=a", content_type="multipart/form-data", headers={"accept": accept})
        assert response.status_code in {400, 404}


def test_invalid_session_cookie_is_ignored(quiet_client):
    quiet_client.cookies[settings.SESSION_COOKIE_NAME] = ""
    quiet_client.cookies[settings.SESSION_COOKIE_NAME].set("sessionid", "x", '"abcdefgh\\000ijkl"')
    assert quiet_client.get("/mijn-gegevens/").status_code == 302
    assert quiet_client.get("/").status_code == 200


@pytest.mark.parametrize("address", ["/uitnodiging/a%00b/", "/meedoen/a%00b/", "/beheer/cases/case/a%00b/change/"])
def test_nul_in_a_path_is_404(quiet_client, administrator, address):
    assert quiet_client.get(address).status_code == 404


NUL_IN_QUERIES = ["casus=a%00b", "casus=a%0%000b", "vraag=%00", "klas=%00", "q=%00&deel=%00&actor=a%00"]


@pytest.mark.parametrize("query", NUL_IN_QUERIES)
def test_nul_in_a_query_is_no_server_error(quiet_client, assignment, query):
    for address in ("/casussen/", reverse("questions:assignment_feedback", args=[assignment.pk]), "/antwoorden/"):
        assert quiet_client.get(f"{address}?{query}").status_code == 200, address


@pytest.mark.parametrize("field", ["klas", "vraag", "student"])
def test_nul_in_a_release_of_feedback_matches_nothing(quiet_client, assignment, field):
    sent = {"wat": "klas" if field == "klas" else "hier", field: "a\0b"}
    assert quiet_client.post(reverse("questions:release_feedback", args=[assignment.pk]), sent).status_code == 302


def test_nul_in_the_undo_of_a_selection_matches_nothing(quiet_client, assignment):
    assert (
        quiet_client.post(reverse("questions:undo_selection", args=[assignment.pk]), {"actie": "a\0b"}).status_code
        == 302
    )


def test_nul_in_the_reason_of_a_withdrawal_is_removed(quiet_client, administrator):
    case = published_case()
    sent = {"reason": "Her\0kend.", "title": "Iets\0 anders"}
    assert quiet_client.post(reverse("admin:cases_case_withdraw", args=[case.pk]), sent).status_code == 302
    assert Case.objects.get(pk=case.pk).title == "Iets anders"


# --- One place for checks ---

# Modules that test for digits in values that do not come from a request, with the reason.
OTHER_DIGITS = {
    "cases/library/search/index.py": "whether a word is a number",
}


def test_numbers_and_moments_are_read_in_one_place():
    pattern = re.compile(r"\.(?:isdigit|isdecimal|isnumeric)\(|<int:|fromisoformat\(|\bint\([^)]*(?:GET|POST|request)")
    found = set()
    for app in ("casebook", "cases", "questions"):
        for file in sorted((settings.BASE_DIR / app).rglob("*.py")):
            name = str(file.relative_to(settings.BASE_DIR))
            if not name.startswith("casebook/lib/") and pattern.search(file.read_text(encoding="utf-8")):
                found.add(name)
    assert found == set(OTHER_DIGITS)
