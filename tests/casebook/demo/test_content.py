"""Looking around as somebody who was made up: on one's own computer, and nowhere else."""

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
from tests.casebook.management.test_prepare import Site
from tests.factories import UserFactory
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

ADDRESS, SIGN_IN = "/account/rondkijken/", "/account/inloggen/"
ROLES = ["student", "docent", "redacteur"]
TOLD = yaml.safe_load(content.FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made_once(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The three cases that the demonstration is about, and it, in a transaction round those of the tests."""
    fixtures = settings.BASE_DIR / "fixtures"
    files = [next((fixtures / "cases").glob(f"{number:02}-*.md")) for number in (1, 5, 12)]
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_cases", fixtures / "casebook.yaml", *files, stdout=io.StringIO())
        assert content.make() is not None
        yield
        transaction.set_rollback(True)


@pytest.fixture
def made(made_once, db) -> Module:
    return Module.objects.get()


@pytest.fixture
def library(made) -> None:
    """A site with those cases, and nobody."""
    content.remove()
    assert not User.objects.exists()


@pytest.fixture
def offered(made, settings) -> Module:
    settings.DEMO = True
    return made


def look_around(client: Client, role: str = "student", **more):
    return client.post(ADDRESS, {"rol": role, **more.pop("data", {})}, **more)


def who(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id")).first()


def state_of(student: str, question: str, assignment: str = "opgeruimd-staat-netjes") -> AnswerState:
    answers = Answer.objects.with_state().filter(assignment__edition__case__slug=assignment)
    return answers.get(student__email=f"{student}@{content.DOMAIN}", question__key=question).state


# What there is


def test_there_is_a_class_of_twelve_with_two_teachers_and_an_editor(made):
    roles = made.enrolments.values_list("role", flat=True).order_by()
    assert sorted(roles) == [Role.STUDENT] * 12 + [Role.TEACHER] * 2
    assert set(made.enrolments.filter(role=Role.STUDENT).values_list("group", flat=True)) == {"SW1A", "SW1B"}
    assert guard.find("docent").group_names == {TEACHERS}
    assert guard.find("redacteur").group_names == {EDITORS, CHIEF_EDITORS}
    assert guard.find("student").name == TOLD["students"][0]["name"]
    assert guard.people().count() == 15


def test_nobody_of_them_has_a_password_or_an_address_that_mail_can_reach(made):
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert not User.objects.exclude(email__endswith="@demo.invalid").exists()


def test_answers_are_in_every_state(made):
    assert {answer.state for answer in Answer.objects.with_state()} == set(AnswerState) - {AnswerState.EMPTY}
    assert state_of("daan", "eerste-actie") == AnswerState.DONE
    assert state_of("daan", "gastvrijheid") == AnswerState.AGAIN
    assert state_of("daan", "wie-aan-tafel") == AnswerState.READ
    assert state_of("daan", "eigen-kracht") == AnswerState.DRAFT
    assert state_of("ayse", "eigen-kracht") == AnswerState.SUBMITTED  # its feedback is not released
    assert not Answer.objects.filter(student__name="Dyron Rosario").exists()  # and somebody wrote nothing yet


def test_something_was_handed_in_late_again_and_taken_back(made):
    trap = Assignment.objects.get(edition__case__slug="opgeruimd-staat-netjes")
    extensions = {extension.enrolment.user_id: extension for extension in trap.extensions.all()}
    late = [
        submission.answer.student.name
        for submission in Submission.objects.filter(answer__assignment=trap).select_related("answer__student")
        if trap.is_late(submission.submitted_at, extensions.get(submission.answer.student_id))
    ]
    assert sorted(late) == ["Fatima El Amrani", "Sanne de Boer", "Sanne de Boer"]  # Łukasz has a later date
    assert Submission.objects.filter(withdrawn_at__isnull=False).count() == 2
    again = Submission.objects.filter(answer__student__name="Thijs Hoekstra", answer__question__key="gastvrijheid")
    assert [submission.feedback.count() for submission in again] == [0, 1]  # the latest first
    assert [answer.student.name for answer in Answer.objects.with_state() if answer.has_unsubmitted_changes] == [
        "Mohammed Bouazza"
    ]


def test_feedback_is_read_unread_and_not_released(made):
    given = Feedback.objects.all()
    assert set(given.values_list("verdict", flat=True).order_by()) == set(Verdict.values)
    assert given.filter(released_at=None).count() == 2
    assert given.released().filter(seen_at=None).count() == 1
    assert not given.filter(seen_at__isnull=False, released_at=None).exists()
    assert {feedback.author.name for feedback in given} == {"Marloes de Wit", "Hakan Demir"}


def test_one_assignment_is_past_one_goes_on_and_one_opens_later(made):
    now = timezone.now()
    past, current, later = made.assignments.all()
    assert past.due_at < now < current.due_at
    assert (past.is_open, current.is_open, later.is_open) == (True, True, False)
    assert (past.share, current.share, later.share) == (True, False, False)
    assert [extension.reason for extension in Extension.objects.all()] == [
        "Twee weken ziek geweest; samen nieuwe datum afgesproken."
    ]
    assert made.own_questions.count() == 1


def test_nothing_was_done_today_or_before_it_could_be(made):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for submission in Submission.objects.select_related("answer__assignment"):
        assert submission.answer.assignment.opens_at < submission.submitted_at < midnight
        assert submission.answer.created_at <= submission.submitted_at <= submission.answer.updated_at
        for feedback in submission.feedback.all():
            assert submission.submitted_at < feedback.updated_at <= (feedback.seen_at or midnight)
    assert not Answer.objects.filter(updated_at__gte=midnight).exists()
    assert not AnswerVersion.objects.filter(created_at__gte=midnight).exists()


def test_one_answer_is_for_its_writer_alone(made):
    own = Answer.objects.get(assignment=None)
    assert own.student == guard.find("student")


def test_answers_are_as_short_and_as_long_as_students_write_them(made):
    lengths = sorted(len(text.split()) for text in Submission.objects.values_list("text", flat=True))
    assert lengths[0] < 20
    assert 30 < lengths[len(lengths) // 2] < 80
    assert lengths[-1] < 150


# Making it


def test_making_it_twice_changes_nothing(made):
    before = [list(model.objects.order_by("pk").values()) for model in (User, Module, Answer, Submission, Feedback)]
    assert content.make() is None
    after = [list(model.objects.order_by("pk").values()) for model in (User, Module, Answer, Submission, Feedback)]
    assert after == before


def test_what_a_visitor_changed_or_deleted_does_not_come_back(made):
    student = guard.find("student")
    deletion.erase(user=student)
    Module.objects.update(title="Anders genoemd")
    assert content.make() is None
    assert guard.people().count() == 14
    assert Module.objects.get().title == "Anders genoemd"
    assert guard.find("student").name == TOLD["students"][1]["name"]  # the next one takes the place


def test_without_the_cases_there_is_none_and_nothing_is_left_of_it(library):
    Case.objects.filter(number=1).update(status="withdrawn")
    with pytest.raises(content.DemonstrationError, match="opgeruimd-staat-netjes"):
        content.make()
    assert not User.objects.exists()
    assert not Module.objects.exists()


def test_a_case_that_asks_something_else_by_now_is_named(library, tmp_path):
    changed = tmp_path / "demonstration.yaml"
    changed.write_text(content.FILE.read_text(encoding="utf-8").replace("oud-opbouwwerk", "oud-werk"))
    with pytest.raises(content.DemonstrationError, match="no question oud-werk"):
        content.make(file=changed)
    assert not User.objects.exists()


def test_an_address_that_somebody_else_has_is_theirs(library):
    mine = UserFactory(email=f"linh@{content.DOMAIN}")
    with pytest.raises(content.DemonstrationError, match="no part of it"):
        content.make()
    assert list(User.objects.all()) == [mine]


@pytest.mark.parametrize("url", ["https://casebook.example", "https://127.0.0.1", "http://192.168.1.5:8000"])
def test_a_site_that_others_can_reach_gets_none(library, settings, url):
    settings.SITE_URL = url
    with pytest.raises(content.DemonstrationError, match="open to others"):
        content.make()
    with pytest.raises(CommandError, match="open to others"):
        call_command("demo")
    assert not User.objects.exists()


def test_the_command_says_what_it_did(library, capsys):
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


# Taking it away


def test_removing_it_leaves_a_library_and_nothing_else(made):
    cases, questions = Case.objects.count(), Question.objects.filter(module=None).count()
    assert content.remove() == []
    left = [User, Module, Enrolment, Assignment, Answer, AnswerVersion, Submission, Feedback, Extension]
    assert [model.objects.count() for model in left] == [0] * 9
    assert (Case.objects.count(), Question.objects.count()) == (cases, questions)


def test_removing_it_leaves_other_peoples_work(made):
    teacher, student = UserFactory(groups=[TEACHERS]), UserFactory()
    module = ModuleFactory(teacher=teacher)
    assignment = AssignmentFactory(module=module, case=Case.objects.get(number=1))
    kept = hand_in(assignment, enrol(module, student), text="Van een ander.")
    Feedback.objects.create(submission=kept, author=teacher, text="Mooi.", released_at=timezone.now())
    own = Answer.objects.create(student=student, question=assignment.questions.first(), text="Voor mijzelf.")
    visitor = guard.find("student")
    hand_in(assignment, enrol(module, visitor), text="Van iemand die niet bestaat.")
    assert content.remove() == []
    assert set(User.objects.all()) == {teacher, student}
    assert list(Module.objects.all()) == [module]
    assert set(Answer.objects.all()) == {kept.answer, own}
    assert list(Submission.objects.all()) == [kept]
    assert Feedback.objects.get().text == "Mooi."


def test_their_module_stays_where_a_real_student_answered(made):
    student = UserFactory()
    enrolment = enrol(made, student, group="SW1A")
    kept = hand_in(made.assignments.first(), enrolment, text="Ik besta.")
    marloes = guard.find("docent")
    Feedback.objects.create(submission=kept, author=marloes, text="Vrijgegeven.", released_at=timezone.now())
    hakan = marloes.modules.get().people.get(name="Hakan Demir")
    Feedback.objects.create(submission=kept, author=hakan, text="Nog niet.")
    assert content.remove() == ["the module «Sociaal werk in de wijk», in which others teach or answered"]
    assert list(made.people.all()) == [student]
    assert list(Submission.objects.all()) == [kept]
    assert list(Feedback.objects.values_list("author", "text")) == [(None, "Vrijgegeven.")]


def test_their_module_stays_where_a_real_person_teaches(made):
    colleague = UserFactory(groups=[TEACHERS])
    modules.make_teacher(module=made, user=colleague)
    assert len(content.remove()) == 1
    assert list(made.people.all()) == [colleague]
    assert made.assignments.count() == 3
    assert not Answer.objects.exists()


def test_their_module_goes_where_somebody_only_joined(made):
    modules.join(module=made, user=(joined := UserFactory()), group="SW1A")
    assert content.remove() == []
    assert list(User.objects.all()) == [joined]
    assert not Module.objects.exists()


def test_every_module_that_their_teacher_made_goes(made):
    marloes = guard.find("docent")
    modules.copy_module(module=made, teacher=marloes, title="Volgend jaar", period="", weeks=52)
    assert Module.objects.count() == 2
    assert content.remove() == []
    assert not Module.objects.exists()


def test_who_signed_up_with_such_an_address_stays(made):
    lookalike = UserFactory(email=f"iemand@{content.DOMAIN}")
    content.remove()
    assert list(User.objects.all()) == [lookalike]


def test_who_took_another_address_goes(made):
    User.objects.filter(pk=guard.find("docent").pk).update(email="marloes@example.org")
    content.remove()
    assert not User.objects.exists()


def test_what_the_editor_published_stays_and_is_named(made):
    editor, edition = guard.find("redacteur"), Case.objects.get(number=5).editions.latest()
    type(edition).objects.filter(pk=edition.pk).update(published_by=editor)
    assert content.remove() == [f"edition 1 of «{edition.case}», which the editor published"]
    edition.refresh_from_db()
    assert edition.published_by is None


def test_no_invitation_or_log_of_theirs_is_left(made):
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


# Looking around


@pytest.mark.parametrize(("role", "landing"), [("student", "/"), ("docent", "/"), ("redacteur", "/beheer/")])
def test_somebody_looks_around(client, offered, role, landing):
    response = look_around(client, role)
    assert (response.status_code, response["Location"]) == (302, landing)
    assert who(client) == guard.find(role)
    assert client.session.get_expire_at_browser_close()
    page = client.get(landing)
    assert f"Je kijkt nu rond als {who(client)}." in page.content.decode()


def test_they_find_their_own_work(client, offered):
    look_around(client, "student")
    assert "Toen was alles juist opgeruimd" in client.get("/antwoorden/").content.decode()
    look_around(other := Client(), "docent")
    past = offered.assignments.first()
    assert "Toen was alles juist opgeruimd" in other.get(f"/opdrachten/{past.pk}/feedback/").content.decode()


def test_somebody_who_was_on_the_way_is_sent_on(client, offered):
    assert look_around(client, data={"next": "/casussen/?q=koelkast"})["Location"] == "/casussen/?q=koelkast"


def test_nobody_is_sent_elsewhere(client, offered):
    for there in ("https://elsewhere.example/", "//elsewhere.example/", "http://127.0.0.1:9/"):
        assert look_around(client, data={"next": there})["Location"] == "/"


def is_offered(**meta: str) -> bool:
    return guard.is_offered(RequestFactory(**meta).post(ADDRESS))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1"])
def test_it_is_offered_to_every_address_of_this_computer(settings, peer):
    settings.DEMO = True
    assert is_offered(REMOTE_ADDR=peer)


@pytest.mark.parametrize("peer", ["192.168.1.7", "10.0.0.1", "203.0.113.9", "::2", "", "unix:", "localhost.example"])
def test_it_is_not_offered_to_another_computer(settings, peer):
    settings.DEMO = True
    assert not is_offered(REMOTE_ADDR=peer)


@pytest.mark.parametrize("header", ["X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP", "VIA"])
@pytest.mark.parametrize("value", ["203.0.113.9", "127.0.0.1", ""])
def test_it_is_not_offered_through_a_proxy(settings, header, value):
    settings.DEMO = True
    assert not is_offered(**{f"HTTP_{header}": value})


@pytest.mark.parametrize("url", ["https://casebook.example", "https://127.0.0.1:8000", "http://192.168.1.5:8000"])
def test_it_is_not_offered_on_a_site_that_others_can_reach(settings, url):
    settings.DEMO, settings.SITE_URL = True, url
    assert not is_offered()


def test_where_it_is_not_offered_there_is_no_such_address(client, offered, settings):
    for away in ({"REMOTE_ADDR": "192.168.1.7"}, {"headers": {"X-Forwarded-For": "127.0.0.1"}}):
        assert look_around(client, **away).status_code == 404
        assert client.get(ADDRESS, **away).status_code == 404
    settings.SITE_URL = "https://casebook.example"
    assert look_around(client).status_code == 404
    assert who(client) is None


def test_without_the_flag_there_is_no_such_address(client, made):
    assert settings.DEMO is False
    for method in ("get", "post", "put", "delete"):
        assert getattr(client, method)(ADDRESS).status_code == 404


def test_it_is_a_post(client, offered):
    for method in ("get", "head", "put", "delete"):
        assert getattr(client, method)(ADDRESS).status_code == 405
    assert who(client) is None


def test_it_needs_the_token_of_our_own_form(offered):
    client = Client(enforce_csrf_checks=True)
    assert look_around(client).status_code == 403
    assert look_around(client, REMOTE_ADDR="192.168.1.7").status_code == 404  # no such address, with or without it
    assert who(client) is None
    page = client.get(SIGN_IN)
    assert look_around(client, data={"csrfmiddlewaretoken": page.context["csrf_token"]}).status_code == 302
    assert who(client) == guard.find("student")


def test_a_role_that_is_none_is_refused(client, offered):
    for role in ("", "beheerder", "Student", "student ", "\0"):
        assert look_around(client, role).status_code == 400
    assert client.post(ADDRESS).status_code == 400
    assert who(client) is None


def test_nobody_real_is_ever_picked(client, offered):
    real = UserFactory(name="Aaltje", groups=[TEACHERS, CHIEF_EDITORS])
    guard.people().delete()
    for role in ROLES:
        response = look_around(client, role)
        assert (response.status_code, response["Location"]) == (302, SIGN_IN)
        assert who(client) is None
    page = client.get(SIGN_IN).content.decode()
    assert "Dit account is er niet meer." in page
    assert "python manage.py demo --remove" in page
    assert list(User.objects.all()) == [real]


def test_whoever_is_signed_in_signs_out_first(client, offered):
    client.force_login(real := UserFactory(name="Noor Echt"))
    response = look_around(client)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert "In deze browser is Noor Echt ingelogd." in client.get("/").content.decode()
    assert who(client) == real


def test_a_double_click_is_one_click(client, offered):
    look_around(client)
    assert look_around(client).status_code == 302
    assert who(client) == guard.find("student")


def test_looking_around_calls_off_that_one_was_leaving(client, offered):
    deletion.request_deletion(user=(student := guard.find("student")))
    look_around(client)
    student.refresh_from_db()
    assert student.deletion_due_at is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"deletion_due_at": timezone.now() - timedelta(days=1)}])
def test_who_is_gone_gives_way_to_the_next(client, offered, change):
    User.objects.filter(pk=guard.find("student").pk).update(**change)
    assert look_around(client).status_code == 302
    assert who(client).name == TOLD["students"][1]["name"]


# The sign-in page


def test_the_sign_in_page_offers_it(client, offered, django_assert_num_queries):
    with django_assert_num_queries(3):
        page = client.get(f"{SIGN_IN}?next=/over/").content.decode()
    assert [f"Kijk rond als {role}" in page for role in ROLES] == [True] * 3
    assert f'action="{ADDRESS}"' in page
    assert '<input type="hidden" name="next" value="/over/">' in page


def test_elsewhere_the_sign_in_page_says_nothing_of_it(client, offered, settings, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ADDRESS not in client.get(SIGN_IN, REMOTE_ADDR="192.168.1.7").content.decode()
    settings.DEMO = False
    with django_assert_num_queries(0):
        assert ADDRESS not in client.get(SIGN_IN).content.decode()


# No passwords


def test_nobody_gives_them_a_password(client, offered):
    look_around(client)
    for path in ("/account/wachtwoord/kiezen/", "/account/wachtwoord/wijzigen/"):
        data = {"password1": "koelkast-op-driehoog", "password2": "koelkast-op-driehoog"}
        assert client.post(path, data, follow=True).redirect_chain[-1][0] == "/mijn-gegevens/"
    student = guard.find("student")
    Client().post(reset_link(student), {"password1": "koelkast-op-driehoog", "password2": "koelkast-op-driehoog"})
    student.set_password("koelkast-op-driehoog")
    student.save()
    assert not User.objects.get(pk=student.pk).has_usable_password()
    assert not Client().login(email=student.email, password="koelkast-op-driehoog")


def test_real_people_still_choose_one(client, offered, settings):
    settings.HAS_MAIL = True
    real = User.objects.create_user("noor@example.org", "Noor Echt")
    client.force_login(real)
    client.post("/mijn-gegevens/code/")
    chosen = {"password1": "koelkast-op-drie", "password2": "koelkast-op-drie"}
    code = re.search(r"[A-Z]{4}-[A-Z]{4}", mail.outbox[-1].body)[0]
    client.post("/account/wachtwoord/kiezen/", {"proof": code, **chosen})
    real.refresh_from_db()
    assert real.check_password("koelkast-op-drie")


# In public


@pytest.mark.parametrize("url", ["https://casebook.example", "https://localhost", "http://192.168.1.5:8000"])
def test_a_site_that_others_can_reach_refuses_them(made, settings, url):
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


def test_on_ones_own_computer_they_may_be(made, django_assert_num_queries):
    with django_assert_num_queries(0):
        guard.refuse_in_public()
        assert checks.no_demonstration_in_public() == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8001"])
def test_the_flag_is_for_ones_own_computer(monkeypatch, url):
    monkeypatch.setenv("DEMO", "1")
    assert env.demonstration(url) is True
    monkeypatch.setenv("DEMO", "0")
    assert env.demonstration(url) is False
    monkeypatch.delenv("DEMO")
    assert env.demonstration(url) is False


@pytest.mark.parametrize("url", ["https://casebook.example", "https://127.0.0.1", "http://10.0.0.2:8000"])
def test_the_flag_is_refused_where_others_come(monkeypatch, url):
    monkeypatch.setenv("DEMO", "1")
    with pytest.raises(ImproperlyConfigured, match="open to others"):
        env.demonstration(url)
    monkeypatch.setenv("DEMO", "0")
    assert env.demonstration(url) is False


# In processes of their own


@pytest.fixture(scope="module")
def with_people(tmp_path_factory) -> Path:
    """The var folder of a site that was prepared with DEMO=1, to copy from."""
    site = Site(bootstrap.ROOT, tmp_path_factory.mktemp("demonstration") / "var")
    done = site.prepare(DEMO="1")
    assert (done.returncode, done.stderr) == (0, "")
    return site.var


@pytest.fixture
def site(with_people, tmp_path) -> Site:
    shutil.copytree(with_people, tmp_path / "var")
    return Site(bootstrap.ROOT, tmp_path / "var")


def demo_accounts(site: Site) -> int:
    return site.ask("SELECT count(*) FROM casebook_user WHERE is_demo")[0]


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


def test_a_start_makes_it_once_and_never_again(site):
    assert demo_accounts(site) == 15
    site.ask("DELETE FROM casebook_user_groups")
    site.ask("UPDATE casebook_user SET name = 'Anders' WHERE email = 'daan@demo.invalid'")
    done = site.prepare(DEMO="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert demo_accounts(site) == 15
    assert site.ask("SELECT name FROM casebook_user WHERE email = 'daan@demo.invalid'") == ("Anders",)


def test_a_start_without_the_flag_makes_none(site):
    assert site.manage("demo", "--remove").returncode == 0
    assert site.prepare().returncode == 0
    assert demo_accounts(site) == 0
    assert site.prepare(DEMO="1").returncode == 0
    assert demo_accounts(site) == 15


def test_a_library_with_other_cases_starts_without_it(site):
    site.manage("demo", "--remove")
    site.ask("UPDATE cases_case SET status = 'withdrawn' WHERE number = 5")
    done = site.prepare(DEMO="1")
    assert done.returncode == 0
    assert done.stderr == (
        "There is no demonstration: the case formulierenbrigade-in-de-mcdonalds is not in this library.\n"
    )


def test_an_https_site_does_not_start_with_it_and_says_what_to_do(site):
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
    assert demo_accounts(site) == 15  # nothing is removed unasked


def test_once_it_is_removed_the_https_site_starts(site):
    done = site.manage("demo", "--remove", **PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")
    assert demo_accounts(site) == 0
    for done in (gunicorn(site, "--check-config", **PUBLIC), site.prepare(**PUBLIC)):
        assert (done.returncode, done.stderr) == (0, "")
    assert "casebook.E001" not in site.manage("check", "--deploy", **PUBLIC).stderr


def test_a_database_that_is_not_there_yet_is_no_reason_to_refuse(tmp_path):
    fresh = Site(bootstrap.ROOT, tmp_path / "fresh")
    (fresh.var / "static").mkdir(parents=True)
    done = gunicorn(fresh, "--check-config", **PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_site_on_this_computer_starts_with_it(site):
    done = gunicorn(site, "--check-config", DEMO="1")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_https_site_with_the_flag_is_refused_before_all_else(site):
    done = site.prepare(DEMO="1", **PUBLIC)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].endswith(
        "DEMO=1 lets anybody in, and a site at https://casebook.example is open to others. Set DEMO=0, or SITE_URL to"
        " http://127.0.0.1:8000."
    )
