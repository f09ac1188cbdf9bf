"""The demonstration: signing in as an invented user, which works only on one's own computer."""

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from casebook import bootstrap
from casebook.accounts import deletion
from casebook.accounts.adapter import reset_link
from casebook.demo import checks, content, guard
from casebook.lib import env
from casebook.models import CHIEF_EDITORS, EDITORS, TEACHERS, User
from cases.models import Case
from questions.actions import modules, teacher_invitations
from questions.models import (
    Answer,
    AnswerState,
    AnswerVersion,
    Assignment,
    Enrolment,
    Extension,
    Feedback,
    Module,
    Question,
    Role,
    Submission,
    TeacherInvitation,
    Verdict,
)
from tests.casebook.sites import Site
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

pytestmark = pytest.mark.once

ADDRESS, SIGN_IN = "/account/rondkijken/", "/account/inloggen/"
ROLES = ["student", "docent", "redacteur"]
CONTENT = yaml.safe_load(content.FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def module_demonstration(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Create the three cases of the demonstration, and the demonstration, in a transaction around these tests."""
    fixtures = settings.BASE_DIR / "fixtures"
    files = [next((fixtures / "cases").glob(f"{number:02}-*.md")) for number in (1, 5, 12)]
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_cases", fixtures / "casebook.yaml", *files, stdout=io.StringIO())
        assert content.make() is not None
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demonstration(module_demonstration, db) -> Module:
    return Module.objects.get()


@pytest.fixture
def library(demonstration) -> None:
    """Set up a site with the three cases and without users."""
    content.remove()
    assert not User.objects.exists()


@pytest.fixture
def offered(demonstration, settings) -> Module:
    settings.DEMO = True
    return demonstration


def open_demonstration(client: Client, role: str = "student", **more):
    return client.post(ADDRESS, {"rol": role, **more.pop("data", {})}, **more)


def signed_in_user(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id")).first()


def state_of(student: str, question: str, assignment: str = "opgeruimd-staat-netjes") -> AnswerState:
    answers = Answer.objects.with_state().filter(assignment__edition__case__slug=assignment)
    return answers.get(student__email=f"{student}@{content.DOMAIN}", question__key=question).state


# The content


def test_the_demonstration_has_twelve_students_two_teachers_and_an_editor(demonstration):
    roles = demonstration.enrolments.values_list("role", flat=True).order_by()
    assert sorted(roles) == [Role.STUDENT] * 12 + [Role.TEACHER] * 2
    assert set(demonstration.enrolments.filter(role=Role.STUDENT).values_list("group", flat=True)) == {"SW1A", "SW1B"}
    assert guard.find("docent").group_names == {TEACHERS}
    assert guard.find("redacteur").group_names == {EDITORS, CHIEF_EDITORS}
    assert guard.find("student").name == CONTENT["students"][0]["name"]
    assert guard.people().count() == 15


def test_invented_users_have_no_password_and_no_reachable_address(demonstration):
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert not User.objects.exclude(email__endswith="@demo.invalid").exists()


def test_answers_are_in_every_state(demonstration):
    assert {answer.state for answer in Answer.objects.with_state()} == set(AnswerState) - {AnswerState.EMPTY}
    assert state_of("daan", "eerste-actie") == AnswerState.DONE
    assert state_of("daan", "gastvrijheid") == AnswerState.AGAIN
    assert state_of("daan", "wie-aan-tafel") == AnswerState.READ
    assert state_of("daan", "eigen-kracht") == AnswerState.DRAFT
    assert state_of("ayse", "eigen-kracht") == AnswerState.SUBMITTED  # its feedback is not released
    assert not Answer.objects.filter(student__name="Dyron Rosario").exists()  # one student has not written anything


def test_some_submissions_are_late_repeated_or_taken_back(demonstration):
    past = Assignment.objects.get(edition__case__slug="opgeruimd-staat-netjes")
    extensions = {extension.enrolment.user_id: extension for extension in past.extensions.all()}
    late = [
        submission.answer.student.name
        for submission in Submission.objects.filter(answer__assignment=past).select_related("answer__student")
        if past.is_late(submission.submitted_at, extensions.get(submission.answer.student_id))
    ]
    assert sorted(late) == ["Fatima El Amrani", "Sanne de Boer", "Sanne de Boer"]  # Łukasz has a later date
    assert Submission.objects.filter(withdrawn_at__isnull=False).count() == 2
    repeated = Submission.objects.filter(answer__student__name="Thijs Hoekstra", answer__question__key="gastvrijheid")
    assert [submission.feedback.count() for submission in repeated] == [0, 1]  # the latest first
    assert [answer.student.name for answer in Answer.objects.with_state() if answer.has_unsubmitted_changes] == [
        "Mohammed Bouazza"
    ]


def test_some_feedback_is_seen_some_is_not_and_some_is_unreleased(demonstration):
    feedback = Feedback.objects.all()
    assert set(feedback.values_list("verdict", flat=True).order_by()) == set(Verdict.values)
    assert feedback.filter(released_at=None).count() == 2
    assert feedback.released().filter(seen_at=None).count() == 1
    assert not feedback.filter(seen_at__isnull=False, released_at=None).exists()
    assert {row.author.name for row in feedback} == {"Marloes de Wit", "Hakan Demir"}


def test_one_assignment_is_past_one_is_current_and_one_opens_later(demonstration):
    now = timezone.now()
    past, current, later = demonstration.assignments.all()
    assert past.due_at < now < current.due_at
    assert (past.is_open, current.is_open, later.is_open) == (True, True, False)
    assert (past.share, current.share, later.share) == (True, False, False)
    assert [extension.reason for extension in Extension.objects.all()] == [
        "Twee weken ziek geweest; samen nieuwe datum afgesproken."
    ]
    assert demonstration.own_questions.count() == 1


def test_moments_are_in_order_and_before_today(demonstration):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for submission in Submission.objects.select_related("answer__assignment"):
        assert submission.answer.assignment.opens_at < submission.submitted_at < midnight
        assert submission.answer.created_at <= submission.submitted_at <= submission.answer.updated_at
        for feedback in submission.feedback.all():
            assert submission.submitted_at < feedback.updated_at <= (feedback.seen_at or midnight)
    assert not Answer.objects.filter(updated_at__gte=midnight).exists()
    assert not AnswerVersion.objects.filter(created_at__gte=midnight).exists()


def test_one_answer_is_own_study(demonstration):
    own = Answer.objects.get(assignment=None)
    assert own.student == guard.find("student")


def test_the_lengths_of_the_answers_are_realistic(demonstration):
    lengths = sorted(len(text.split()) for text in Submission.objects.values_list("text", flat=True))
    assert lengths[0] < 20
    assert 30 < lengths[len(lengths) // 2] < 80
    assert lengths[-1] < 150


# Creating the demonstration


def test_creating_the_demonstration_twice_changes_nothing(demonstration):
    before = [list(model.objects.order_by("pk").values()) for model in (User, Module, Answer, Submission, Feedback)]
    assert content.make() is None
    after = [list(model.objects.order_by("pk").values()) for model in (User, Module, Answer, Submission, Feedback)]
    assert after == before


def test_creating_the_demonstration_again_does_not_restore_changes(demonstration):
    student = guard.find("student")
    deletion.erase(user=student)
    Module.objects.update(title="Anders genoemd")
    assert content.make() is None
    assert guard.people().count() == 14
    assert Module.objects.get().title == "Anders genoemd"
    assert guard.find("student").name == CONTENT["students"][1]["name"]  # the next student replaces the deleted one


def test_the_demonstration_is_not_created_without_its_cases(library):
    Case.objects.filter(number=1).update(status="withdrawn")
    with pytest.raises(content.DemonstrationError, match="opgeruimd-staat-netjes"):
        content.make()
    assert not User.objects.exists()
    assert not Module.objects.exists()


def test_a_question_that_the_case_no_longer_has_is_reported(library, tmp_path):
    changed = tmp_path / "demonstration.yaml"
    changed.write_text(content.FILE.read_text(encoding="utf-8").replace("oud-opbouwwerk", "oud-werk"))
    with pytest.raises(content.DemonstrationError, match="no question oud-werk"):
        content.make(file=changed)
    assert not User.objects.exists()


def test_the_demonstration_does_not_take_over_an_existing_account(library):
    mine = UserFactory(email=f"linh@{content.DOMAIN}")
    with pytest.raises(content.DemonstrationError, match="no part of it"):
        content.make()
    assert list(User.objects.all()) == [mine]


@pytest.mark.parametrize("url", ["https://casebook.example", "https://127.0.0.1", "http://192.168.1.5:8000"])
def test_the_demonstration_is_not_created_on_a_public_site(library, settings, url):
    settings.SITE_URL = url
    with pytest.raises(content.DemonstrationError, match="open to others"):
        content.make()
    with pytest.raises(CommandError, match="open to others"):
        call_command("demo")
    assert not User.objects.exists()


def test_the_command_reports_what_it_did(library, capsys):
    for _ in range(2):
        call_command("demo")
    call_command("demo", "--remove")
    call_command("demo", "--remove")
    assert [line.split(",")[0].split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "The demonstration is ready",
        "There is a demonstration already. To start again",
        "15 accounts of the demonstration were removed.",
        "make run makes a new one; DEMO=0 make run does not.",
        "There was none.",
    ]


# Removing the demonstration


def test_removing_the_demonstration_leaves_only_the_library(demonstration):
    cases, questions = Case.objects.count(), Question.objects.filter(module=None).count()
    assert content.remove() == []
    models = [User, Module, Enrolment, Assignment, Answer, AnswerVersion, Submission, Feedback, Extension]
    assert [model.objects.count() for model in models] == [0] * 9
    assert (Case.objects.count(), Question.objects.count()) == (cases, questions)


def test_removing_the_demonstration_leaves_the_work_of_real_users(demonstration):
    teacher, student = UserFactory(groups=[TEACHERS]), UserFactory()
    module = ModuleFactory(teacher=teacher)
    assignment = AssignmentFactory(module=module, case=Case.objects.get(number=1))
    submission = hand_in(assignment, enrol(module, student), text="Van een ander.")
    Feedback.objects.create(submission=submission, author=teacher, text="Mooi.", released_at=timezone.now())
    own = Answer.objects.create(student=student, question=assignment.questions.first(), text="Voor mijzelf.")
    visitor = guard.find("student")
    hand_in(assignment, enrol(module, visitor), text="Van iemand die niet bestaat.")
    assert content.remove() == []
    assert set(User.objects.all()) == {teacher, student}
    assert list(Module.objects.all()) == [module]
    assert set(Answer.objects.all()) == {submission.answer, own}
    assert list(Submission.objects.all()) == [submission]
    assert Feedback.objects.get().text == "Mooi."


def test_the_module_is_not_removed_if_a_real_student_answered(demonstration):
    student = UserFactory()
    enrolment = enrol(demonstration, student, group="SW1A")
    submission = hand_in(demonstration.assignments.first(), enrolment, text="Ik besta.")
    marloes = guard.find("docent")
    Feedback.objects.create(submission=submission, author=marloes, text="Vrijgegeven.", released_at=timezone.now())
    hakan = marloes.modules.get().people.get(name="Hakan Demir")
    Feedback.objects.create(submission=submission, author=hakan, text="Nog niet.")
    assert content.remove() == ["the module «Sociaal werk in de wijk (Blok 2)», in which others teach or answered"]
    assert list(demonstration.people.all()) == [student]
    assert list(Submission.objects.all()) == [submission]
    assert list(Feedback.objects.values_list("author", "text")) == [(None, "Vrijgegeven.")]


def test_the_module_is_not_removed_if_a_real_teacher_is_in_it(demonstration):
    colleague = UserFactory(groups=[TEACHERS])
    modules.make_teacher(module=demonstration, user=colleague)
    assert len(content.remove()) == 1
    assert list(demonstration.people.all()) == [colleague]
    assert demonstration.assignments.count() == 3
    assert not Answer.objects.exists()


def test_the_module_is_removed_if_a_real_user_only_joined(demonstration):
    modules.join(module=demonstration, user=(joined := UserFactory()), group="SW1A")
    assert content.remove() == []
    assert list(User.objects.all()) == [joined]
    assert not Module.objects.exists()


def test_every_module_of_the_invented_teacher_is_removed(demonstration):
    marloes = guard.find("docent")
    modules.copy_module(module=demonstration, teacher=marloes, title="Volgend jaar", period="", weeks=52)
    assert Module.objects.count() == 2
    assert content.remove() == []
    assert not Module.objects.exists()


def test_a_real_user_with_an_address_of_the_domain_is_not_removed(demonstration):
    lookalike = UserFactory(email=f"iemand@{content.DOMAIN}")
    content.remove()
    assert list(User.objects.all()) == [lookalike]


def test_an_invented_user_with_another_address_is_removed(demonstration):
    User.objects.filter(pk=guard.find("docent").pk).update(email="marloes@example.org")
    content.remove()
    assert not User.objects.exists()


def test_editions_of_the_invented_editor_stay_and_are_reported(demonstration):
    editor, edition = guard.find("redacteur"), Case.objects.get(number=5).editions.latest()
    type(edition).objects.filter(pk=edition.pk).update(published_by=editor)
    assert content.remove() == [f"edition 1 of «{edition.case}», which the editor published"]
    edition.refresh_from_db()
    assert edition.published_by is None


def test_invitations_and_log_entries_of_invented_users_are_removed(demonstration):
    editor, admin = guard.find("redacteur"), UserFactory(is_superuser=True)
    for by, email in ((editor, "iemand@example.org"), (admin, editor.email), (admin, "noor@example.org")):
        teacher_invitations.invite(invitation=TeacherInvitation(email=email), by=by)
    for user, about in ((admin, editor), (editor, admin), (admin, admin)):
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(User),
            object_id=about.pk,
            object_repr=str(about),
            action_flag=CHANGE,
        )
    content.remove()
    assert [invitation.email for invitation in TeacherInvitation.objects.all()] == ["noor@example.org"]
    assert [entry.object_repr for entry in LogEntry.objects.all()] == [str(admin)]


# Signing in as an invented user


@pytest.mark.parametrize(("role", "landing"), [("student", "/"), ("docent", "/"), ("redacteur", "/beheer/")])
def test_a_visitor_can_sign_in_in_each_role(client, offered, role, landing):
    response = open_demonstration(client, role)
    assert (response.status_code, response["Location"]) == (302, landing)
    assert signed_in_user(client) == guard.find(role)
    assert client.session.get_expire_at_browser_close()
    page = client.get(landing)
    assert f"Je kijkt nu rond als {signed_in_user(client)}." in page.content.decode()


def test_an_invented_user_sees_the_work_of_the_demonstration(client, offered):
    open_demonstration(client, "student")
    assert "Toen was alles juist opgeruimd" in client.get("/antwoorden/").content.decode()
    open_demonstration(other := Client(), "docent")
    past = offered.assignments.first()
    assert "Toen was alles juist opgeruimd" in other.get(f"/opdrachten/{past.pk}/feedback/").content.decode()


def test_a_visitor_is_redirected_to_next(client, offered):
    assert open_demonstration(client, data={"next": "/casussen/?q=koelkast"})["Location"] == "/casussen/?q=koelkast"


def test_a_visitor_is_not_redirected_to_another_site(client, offered):
    for path in ("https://elsewhere.example/", "//elsewhere.example/", "http://127.0.0.1:9/"):
        assert open_demonstration(client, data={"next": path})["Location"] == "/"


def is_offered(**meta: str) -> bool:
    return guard.is_offered(RequestFactory(**meta).post(ADDRESS))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1"])
def test_the_demonstration_is_offered_to_every_loopback_address(settings, peer):
    settings.DEMO = True
    assert is_offered(REMOTE_ADDR=peer)


@pytest.mark.parametrize("peer", ["192.168.1.7", "10.0.0.1", "203.0.113.9", "::2", "", "unix:", "localhost.example"])
def test_the_demonstration_is_not_offered_to_another_computer(settings, peer):
    settings.DEMO = True
    assert not is_offered(REMOTE_ADDR=peer)


@pytest.mark.parametrize("header", ["X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP", "VIA"])
@pytest.mark.parametrize("value", ["203.0.113.9", "127.0.0.1", ""])
def test_the_demonstration_is_not_offered_through_a_proxy(settings, header, value):
    settings.DEMO = True
    assert not is_offered(**{f"HTTP_{header}": value})


@pytest.mark.parametrize("url", ["https://casebook.example", "https://127.0.0.1:8000", "http://192.168.1.5:8000"])
def test_the_demonstration_is_not_offered_on_a_public_site(settings, url):
    settings.DEMO, settings.SITE_URL = True, url
    assert not is_offered()


def test_the_address_is_a_404_where_the_demonstration_is_not_offered(client, offered, settings):
    for extra in ({"REMOTE_ADDR": "192.168.1.7"}, {"headers": {"X-Forwarded-For": "127.0.0.1"}}):
        assert open_demonstration(client, **extra).status_code == 404
        assert client.get(ADDRESS, **extra).status_code == 404
    settings.SITE_URL = "https://casebook.example"
    assert open_demonstration(client).status_code == 404
    assert signed_in_user(client) is None


def test_the_address_is_a_404_without_the_flag(client, demonstration):
    assert settings.DEMO is False
    for method in ("get", "post", "put", "delete"):
        assert getattr(client, method)(ADDRESS).status_code == 404


def test_the_address_allows_only_post(client, offered):
    for method in ("get", "head", "put", "delete"):
        assert getattr(client, method)(ADDRESS).status_code == 405
    assert signed_in_user(client) is None


def test_signing_in_requires_a_csrf_token(offered):
    client = Client(enforce_csrf_checks=True)
    assert open_demonstration(client).status_code == 403
    assert open_demonstration(client, REMOTE_ADDR="192.168.1.7").status_code == 404  # with or without a token
    assert signed_in_user(client) is None
    page = client.get(SIGN_IN)
    assert open_demonstration(client, data={"csrfmiddlewaretoken": page.context["csrf_token"]}).status_code == 302
    assert signed_in_user(client) == guard.find("student")


def test_an_unknown_role_is_refused(client, offered):
    for role in ("", "beheerder", "Student", "student ", "\0"):
        assert open_demonstration(client, role).status_code == 400
    assert client.post(ADDRESS).status_code == 400
    assert signed_in_user(client) is None


def test_a_real_user_is_never_signed_in(client, offered):
    real = UserFactory(name="Aaltje", groups=[TEACHERS, CHIEF_EDITORS])
    guard.people().delete()
    for role in ROLES:
        response = open_demonstration(client, role)
        assert (response.status_code, response["Location"]) == (302, SIGN_IN)
        assert signed_in_user(client) is None
    page = client.get(SIGN_IN).content.decode()
    assert "Dit account is er niet meer." in page
    assert "python manage.py demo --remove" in page
    assert list(User.objects.all()) == [real]


def test_a_user_who_is_signed_in_has_to_sign_out_first(client, offered):
    client.force_login(real := UserFactory(name="Noor Echt"))
    response = open_demonstration(client)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert "In deze browser is Noor Echt ingelogd." in client.get("/").content.decode()
    assert signed_in_user(client) == real


def test_a_double_click_signs_in_once(client, offered):
    open_demonstration(client)
    assert open_demonstration(client).status_code == 302
    assert signed_in_user(client) == guard.find("student")


def test_signing_in_cancels_the_deletion_of_the_invented_user(client, offered):
    deletion.request_deletion(user=(student := guard.find("student")))
    open_demonstration(client)
    student.refresh_from_db()
    assert student.deletion_due_at is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"deletion_due_at": timezone.now() - timedelta(days=1)}])
def test_the_next_user_replaces_one_that_cannot_sign_in(client, offered, change):
    User.objects.filter(pk=guard.find("student").pk).update(**change)
    assert open_demonstration(client).status_code == 302
    assert signed_in_user(client).name == CONTENT["students"][1]["name"]


# The sign-in page


def test_the_sign_in_page_offers_the_demonstration(client, offered, django_assert_num_queries):
    with django_assert_num_queries(3):
        page = client.get(f"{SIGN_IN}?next=/over/").content.decode()
    assert [f"Kijk rond als {role}" in page for role in ROLES] == [True] * 3
    assert f'action="{ADDRESS}"' in page
    assert '<input type="hidden" name="next" value="/over/">' in page


def test_the_sign_in_page_does_not_offer_the_demonstration_elsewhere(
    client, offered, settings, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert ADDRESS not in client.get(SIGN_IN, REMOTE_ADDR="192.168.1.7").content.decode()
    settings.DEMO = False
    with django_assert_num_queries(0):
        assert ADDRESS not in client.get(SIGN_IN).content.decode()


# Passwords


def test_an_invented_user_cannot_get_a_password(client, offered):
    open_demonstration(client)
    for path in ("/account/wachtwoord/kiezen/", "/account/wachtwoord/wijzigen/"):
        data = {"password1": "koelkast-op-driehoog", "password2": "koelkast-op-driehoog"}
        assert client.post(path, data, follow=True).redirect_chain[-1][0] == "/mijn-gegevens/"
    student = guard.find("student")
    Client().post(reset_link(student), {"password1": "koelkast-op-driehoog", "password2": "koelkast-op-driehoog"})
    student.set_password("koelkast-op-driehoog")
    student.save()
    assert not User.objects.get(pk=student.pk).has_usable_password()
    assert not Client().login(email=student.email, password="koelkast-op-driehoog")


def test_a_real_user_can_choose_a_password(client, offered, settings):
    settings.HAS_MAIL = True
    real = User.objects.create_user("noor@example.org", "Noor Echt")
    client.force_login(real)
    client.post("/mijn-gegevens/code/")
    chosen = {"password1": "koelkast-op-drie", "password2": "koelkast-op-drie"}
    code = re.search(r"[A-Z]{4}-[A-Z]{4}", mail.outbox[-1].body)[0]
    client.post("/account/wachtwoord/kiezen/", {"proof": code, **chosen})
    real.refresh_from_db()
    assert real.check_password("koelkast-op-drie")


# Public sites


@pytest.mark.parametrize("url", ["https://casebook.example", "https://localhost", "http://192.168.1.5:8000"])
def test_a_public_site_does_not_start_with_invented_users(demonstration, settings, url):
    settings.SITE_URL = url
    sentence = (
        f"This database holds 15 accounts of the demonstration, and a site at {url} is open to others. Remove them"
        " first: python manage.py demo --remove"
    )
    with pytest.raises(ImproperlyConfigured) as refused:
        guard.refuse_in_public()
    assert str(refused.value) == sentence
    assert [error.msg for error in checks.no_demonstration_in_public()] == [sentence]
    content.remove()
    guard.refuse_in_public()
    assert checks.no_demonstration_in_public() == []


def test_a_site_on_this_computer_can_have_invented_users(demonstration, django_assert_num_queries):
    with django_assert_num_queries(0):
        guard.refuse_in_public()
        assert checks.no_demonstration_in_public() == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8001"])
def test_the_flag_works_on_a_loopback_address(monkeypatch, url):
    monkeypatch.setenv("DEMO", "1")
    assert env.demonstration(url) is True
    monkeypatch.setenv("DEMO", "0")
    assert env.demonstration(url) is False
    monkeypatch.delenv("DEMO")
    assert env.demonstration(url) is False


@pytest.mark.parametrize("url", ["https://casebook.example", "https://127.0.0.1", "http://10.0.0.2:8000"])
def test_the_flag_raises_on_a_public_site(monkeypatch, url):
    monkeypatch.setenv("DEMO", "1")
    with pytest.raises(ImproperlyConfigured, match="open to others"):
        env.demonstration(url)
    monkeypatch.setenv("DEMO", "0")
    assert env.demonstration(url) is False


# Separate processes


@pytest.fixture(scope="module")
def with_demonstration(prepared: Path, tmp_path_factory) -> Path:
    """Return the var folder of a site that was prepared with DEMO=1, as a source for copies."""
    site = Site(bootstrap.ROOT, tmp_path_factory.mktemp("demonstration") / "var")
    shutil.copytree(prepared, site.var)
    done = site.prepare(DEMO="1")
    assert (done.returncode, done.stderr) == (0, "")
    return site.var


@pytest.fixture
def site(with_demonstration: Path, tmp_path: Path) -> Site:
    shutil.copytree(with_demonstration, tmp_path / "var")
    return Site(bootstrap.ROOT, tmp_path / "var")


def demo_accounts(site: Site) -> int:
    return site.query("SELECT count(*) FROM casebook_user WHERE is_demo")[0]


def gunicorn(site: Site, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "gunicorn", "casebook.wsgi", "--workers", "2", "--threads", "4"]
    serving = ["--bind", "127.0.0.1:0", "--no-control-socket", "--log-level", "warning"]
    return subprocess.run(
        [*command, *serving, *arguments],
        cwd=site.code,
        env=site.environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
    )


PUBLIC = {"SITE_URL": "https://casebook.example"}


def test_a_start_creates_the_demonstration_once(site):
    assert demo_accounts(site) == 15
    site.query("DELETE FROM casebook_user_groups")
    site.query("UPDATE casebook_user SET name = 'Anders' WHERE email = 'daan@demo.invalid'")
    done = site.prepare(DEMO="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert demo_accounts(site) == 15
    assert site.query("SELECT name FROM casebook_user WHERE email = 'daan@demo.invalid'") == ("Anders",)


def test_a_start_without_the_flag_does_not_create_the_demonstration(site):
    assert site.manage("demo", "--remove").returncode == 0
    assert site.prepare().returncode == 0
    assert demo_accounts(site) == 0
    assert site.prepare(DEMO="1").returncode == 0
    assert demo_accounts(site) == 15


def test_a_site_without_the_cases_starts_without_the_demonstration(site):
    site.manage("demo", "--remove")
    site.query("UPDATE cases_case SET status = 'withdrawn' WHERE number = 5")
    done = site.prepare(DEMO="1")
    assert done.returncode == 0
    assert done.stderr == (
        "There is no demonstration: the case formulierenbrigade-in-de-mcdonalds is not in this library.\n"
    )


def test_an_https_site_with_invented_users_does_not_start(site):
    refusals = [
        gunicorn(site, **PUBLIC),
        gunicorn(site, "--preload", **PUBLIC),
        site.prepare(**PUBLIC),
        site.manage("check", "--deploy", **PUBLIC),
    ]
    for done in refusals:
        assert done.returncode != 0, done.args
        assert "holds 15 accounts of the demonstration" in done.stderr, done.args
        assert "Remove them first: python manage.py demo --remove" in done.stderr, done.args
    assert demo_accounts(site) == 15  # nothing is removed automatically


def test_an_https_site_starts_after_the_demonstration_is_removed(site):
    done = site.manage("demo", "--remove", **PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")
    assert demo_accounts(site) == 0
    for done in (gunicorn(site, "--check-config", **PUBLIC), site.prepare(**PUBLIC)):
        assert (done.returncode, done.stderr) == (0, "")
    assert "casebook.E001" not in site.manage("check", "--deploy", **PUBLIC).stderr


def test_an_https_site_without_a_database_passes_the_check(tmp_path):
    fresh = Site(bootstrap.ROOT, tmp_path / "fresh")
    (fresh.var / "static").mkdir(parents=True)
    done = gunicorn(fresh, "--check-config", **PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_site_on_this_computer_starts_with_the_demonstration(site):
    done = gunicorn(site, "--check-config", DEMO="1")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_https_site_with_the_flag_is_refused_first(site):
    done = site.prepare(DEMO="1", **PUBLIC)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].endswith(
        "DEMO=1 lets anybody in, and a site at https://casebook.example is open to others. Set DEMO=0, or SITE_URL to"
        " http://127.0.0.1:8000."
    )
