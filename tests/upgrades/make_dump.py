"""Make a dump of a site that the code of this commit creates, for test_upgrades.py. Run manually; see README.md.

    python tests/upgrades/make_dump.py                                     of SQLite
    DATABASE_URL=postgres://… python tests/upgrades/make_dump.py           of PostgreSQL, beside that database
    … make_dump.py --dry-run                                               only check that every table gets a row

The site has users in every role, work in every state and at least one row in every table; an empty table is an error.
All texts are different, and have characters that often cause problems.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.upgrades import databases

if TYPE_CHECKING:
    from casebook.models import User

FAR = datetime(2099, 12, 31, 11, 0, tzinfo=UTC)  # still in the future when a dump is restored years later
INVITATION = "een-uitnodiging-die-in-de-dump-openstaat"
PASSWORD = "koelkast-op-driehoog"

SENTENCES = (
    "Ik zou eerst bij haar op de koffie gaan en vragen hoe het vandaag is, zonder map onder mijn arm.",
    "“Waarom moet ik dit wéér vertellen?” vroeg hij, en eerlijk gezegd wist ik geen antwoord. 😔",
    "Wat mij raakt: de buurvrouw heeft een sleutel, het wijkteam heeft een protocol.\n\nWie is er dan dichterbij?",
    "   Drie dingen vallen op:\n\t1. de post ligt ongeopend;\n\t2. niemand belt terug;\n\t3. de koelkast lekt nog.",
    "Volgens mij is het 'eigen kracht' zolang het goed gaat & 'zorgmijding' zodra het misgaat <en dat wringt>.",
    "Coördinatie klinkt fijn, maar één gezin met zeven hulpverleners heeft vooral een agenda nodig… 🗓️",
    'Ik twijfel. Bellen kan, langsgaan is beter, afwachten 100% niet; \'k denk aan \\ en % en _ en """ in één zin.',
    "Ze zegt dat het gaat.\nSET geduld = 'op';\nSELECT iets FROM iemand; -- zo stond het op het briefje",
    "Een crèche, een café en een naïeve wethouder: daar begint het plan mee, schreef İbrahim op 12–3. 👩🏽‍🤝‍👩🏻",
    "Eerst luisteren, dan pas regelen. Met z’n allen aan tafel, ook opa, die nooit iets zegt.\n\n\n",
    "\\restrict stond er op de deur van het buurthuis, en toch was iedereen welkom. ✅",
    "Mijn keuze: ik leg de twee belangen naast elkaar en vraag wie er vannacht het slechtst van slaapt.",
)
LONGEST = 20_000


class TextGenerator:
    """A generator of unique texts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, length: int = 0) -> str:
        """Return a new text, of exactly this length unless it is 0."""
        self.count += 1
        text = f"{SENTENCES[self.count % len(SENTENCES)]} Dit schreef ik als {self.count}e."
        if length:
            text = (text + " " + " ".join(SENTENCES) * 40)[: length - 1] + "!"
        return text


# --- The site. Imports are in the functions, since they require the settings. ---


class Site:
    """A school with three modules, created mostly by the actions of the site."""

    def __init__(self) -> None:
        from django.core.management import call_command

        from casebook.lib import ratelimit

        self.text = TextGenerator()
        call_command("migrate", verbosity=0)
        call_command("load_cases", verbosity=0)
        call_command("demo", verbosity=0)
        self.create_users()
        self.create_cases()
        self.create_modules()
        self.create_answers()
        self.create_own_study()
        self.create_feedback()
        self.create_comments_and_invitations()
        self.delete_accounts()
        ratelimit.Count(ratelimit.PASSWORDS, "email docent@example.org").add()
        self.send_a_form()
        self.change_vocabulary()
        self.archive_and_withdraw_cases()
        self.create_sessions_and_logs()

    def send_a_form(self) -> None:
        """Create a module as a browser does."""
        from django.test import Client
        from django.urls import reverse

        client = Client(headers={"host": "localhost"})
        client.force_login(self.teacher)
        sent = {"request_key": "a" * 32, "user": self.teacher.pk, "title": "Uit een formulier"}
        if client.post(reverse("questions:module_new"), sent).status_code != 302:
            raise RuntimeError("the form was refused")

    def create_user(self, key: str, name: str, *groups: str, **fields) -> "User":
        from django.contrib.auth.models import Group

        from casebook.models import User

        user = User.objects.create_user(f"{key}@example.org", name, **fields)
        user.groups.set(Group.objects.filter(name__in=groups))
        return user

    def create_users(self) -> None:
        from django.contrib.auth.models import Permission

        from casebook.models import User

        self.administrator = User.objects.create_superuser("beheer@example.org", "Beheer", PASSWORD)
        self.editor = self.create_user("redactie", "Els Bos", "Redactie")
        self.chief = self.create_user("eindredactie", "Zoë d'Hondt", "Redactie", "Eindredactie")
        self.teacher = self.create_user("docent", "Karin Vos", "Docenten", proven_email="docent@example.org")
        self.colleague = self.create_user("collega", "Ömer Şahin")
        self.other_teacher = self.create_user("andere-docent", "Ria Smit", "Docenten")
        self.deleted_teacher = self.create_user("oud-docent", "Wim Kok-Jansen", "Docenten")
        self.student = self.create_user("student", "Chaima el Idrissi")
        self.classmate = self.create_user("klasgenoot", "Bram “de Beer” Wielewaal")
        self.former_student = self.create_user("vertrokken", "Yusuf Aydın")
        self.deleted_student = self.create_user("gewist", "Iemand Die Weggaat")
        self.stranger = self.create_user("vreemde", "Daan de Wit")
        self.leaving_student = self.create_user("gaat-weg", "Noor 't Hart", deletion_due_at=FAR)
        self.inactive_user = self.create_user("uitgezet", "Uit Gezet", is_active=False)
        self.editor.user_permissions.add(Permission.objects.get(codename="view_user"))

    def create_cases(self) -> None:
        """Create cases of editors: a concept, one that was sent in, one that gets a next edition, some with a working
        copy, one to archive, one to withdraw, and an upload that is not confirmed."""
        from cases.files.archives import Packed
        from cases.models import Case, Reference
        from cases.publishing import editions
        from cases.transfer import imports
        from tests.factories import ConceptFactory, publish

        def concept(slug: str, title: str, **fields) -> Case:
            texts = {"summary": self.story_text(), "introduction": self.story_text(), "closing": self.story_text()}
            body = f"### Op de trap\n\n{self.story_text()}\n\n> {self.story_text()}"
            return ConceptFactory(slug=slug, title=title, **texts, body=body, **fields)

        four = ["doener", "beschouwer", "denker", "beslisser"]
        self.case = concept("wachten-op-de-trap", "Wachten op de trap", kolbs=four)
        Reference.objects.create(case=self.case, text="Van Ewijk, H. (2014). Omgaan met wat blijft.", position=1)
        self.case = publish(self.case)
        self.copied = publish(concept("de-sleutel", "De sleutel van nummer 9", kolbs=four[:2]))
        self.archived = publish(concept("het-oude-loket", "Het oude loket", kolbs=four[:2]))
        self.to_withdraw = publish(concept("te-herkenbaar", "Te herkenbaar", kolbs=four[:2]))
        self.concept = concept("nog-niet-af", "Nog niet af: één zin ontbreekt")
        sent_in = concept("ingestuurd", "Ingestuurd bij de eindredactie")
        editions.send_in(case=sent_in, by=self.editor)
        for case in (self.copied, self.to_withdraw):
            copy = editions.start_working_copy(case=case)
            copy.body, copy.summary = f"### Herschreven\n\n{self.story_text()}", self.story_text()
            copy.save()
        book = Case.objects.published().get(number=3)  # a case of the book with a local change
        copy = editions.start_working_copy(case=book)
        copy.closing += f"\n\n{self.story_text()}"
        copy.save()
        editions.publish(case=copy, by=self.chief, note="Het slot is hier aangevuld; zie het «verslag».")
        file = self.case.editions.latest().text.encode()
        imports.keep(files=[Packed("wachten-op-de-trap.md", file)], owner=self.editor)

    def story_text(self) -> str:
        """Return a text for a story: one line without Markdown."""
        return " ".join(self.text().replace("<", "«").replace(">", "»").replace("_", "-").replace("\\", "/").split())

    def publish_next_edition(self) -> None:
        """Publish an edition with two questions removed, one added and one changed."""
        from cases.publishing import editions
        from tests.factories import QuestionFactory

        copy = editions.start_working_copy(case=self.case)
        copy.body += f"\n\n### Een week later\n\n{self.story_text()}"
        copy.save()
        copy.questions.filter(key__in=["vraag-2", "vraag-3"]).delete()
        copy.questions.filter(key="vraag-1").update(text=f"Anders gevraagd: {self.story_text()}")
        QuestionFactory(
            case=copy, key="vraag-5", position=5, kolb="denker", text=f"Nieuw gevraagd: {self.story_text()}"
        )
        editions.publish(case=copy, by=self.chief, note="Vraag twee en drie vervallen, vraag vijf is nieuw.")

    def create_modules(self) -> None:
        from django.utils import timezone

        from cases.models import Case
        from questions.actions import modules as module_actions
        from questions.models import Module, Role
        from tests.questions.factories import AssignmentFactory, OwnQuestionFactory, enrol, extend

        def module(teacher: "User", title: str, **fields) -> Module:
            created = module_actions.create_module(
                teacher=teacher, title=title, period="Blok 2", description=self.text(), groups=["SW1A", "SW1C"]
            )
            Module.objects.filter(pk=created.pk).update(code_closes_at=FAR, **fields)
            created.refresh_from_db()
            return created

        now = timezone.now()
        self.module = module(self.teacher, "Sociaal werk “in de wijk” – één")
        self.last_year = module(self.teacher, "Sociaal werk, vorig jaar", archived_at=now, retain_until=FAR.date())
        self.other_module = module(self.other_teacher, "Beleid & bestuur")
        for teacher in (self.colleague, self.deleted_teacher):
            enrol(self.module, teacher, role=Role.TEACHER)
        module_actions.choose_reading(enrolment=self.module.enrolments.get(user=self.colleague), hides_names=True)
        self.enrolments = {
            user.pk: enrol(self.module, user, group="SW1C")
            for user in (self.student, self.classmate, self.former_student, self.deleted_student)
        }
        self.last_year_enrolment = enrol(self.last_year, self.student)
        enrol(self.other_module, self.leaving_student)
        own = [
            OwnQuestionFactory(module=self.module, case=self.case, text=f"Eigen vraag: {self.text()}") for _ in range(2)
        ]
        self.assignment = AssignmentFactory(
            module=self.module,
            case=self.case,
            questions=[*self.case.questions.in_library(), *own],
            instructions=self.text(),
            due_at=now - timedelta(days=2),
        )
        shared = {"share": True, "shared_from": now - timedelta(days=9)}
        self.shared = AssignmentFactory(module=self.module, case=self.copied, instructions=self.text(), **shared)
        AssignmentFactory(module=self.module, case=self.copied, instructions=self.text(), opens_at=FAR)
        self.on_archived = AssignmentFactory(module=self.module, case=self.archived, instructions=self.text())
        self.on_withdrawn = AssignmentFactory(module=self.module, case=self.to_withdraw, instructions=self.text())
        self.on_book = AssignmentFactory(
            module=self.module, case=Case.objects.get(number=5), instructions=self.text(), closed_at=now
        )
        self.last_year_assignment = AssignmentFactory(module=self.last_year, case=self.case, instructions=self.text())
        AssignmentFactory(module=self.other_module, case=self.case, instructions=self.text())
        for user in (self.student, self.classmate):
            extend(self.assignment, self.enrolments[user.pk], FAR, reason=self.text()[:200])

    def create_answers(self) -> None:
        """Create answers that were handed in once or twice, taken back or only drafted, with versions of every kind."""
        from django.utils import timezone

        from questions.actions import answering
        from questions.models import SharedReading
        from tests.questions.factories import enrol, hand_in

        enrolment = self.enrolments[self.student.pk]
        self.submissions = [hand_in(self.assignment, enrolment, number, self.text()) for number in range(3)]
        draft = answering.Draft(self.text(), revision=1)
        question = self.assignment.questions.order_by("asked_in__position").first()
        answering.hand_in(student=self.student, assignment=self.assignment, question=question, draft=draft)
        taken_back = hand_in(self.assignment, enrolment, 3, self.text(LONGEST))
        answering.take_back(submission=taken_back)
        self.create_versions(taken_back.answer)
        self.draft = self.save_answer(self.student, self.assignment, 4, self.text())
        self.save_answer(self.student, self.assignment, 4, "Kort.")  # saves the replaced text as a version
        for user in (self.classmate, self.former_student, self.deleted_student):
            self.submissions += [hand_in(self.assignment, self.enrolments[user.pk], n, self.text()) for n in range(2)]
        for assignment in (self.shared, self.on_archived, self.on_withdrawn):
            self.submissions.append(hand_in(assignment, enrolment, 0, self.text()))
            hand_in(assignment, self.enrolments[self.classmate.pk], 0, self.text())
        self.save_answer(self.student, self.on_book, 0, self.text())
        self.save_answer(self.student, self.last_year_assignment, 0, self.text())
        for _ in range(2):
            hand_in(self.shared, enrol(self.module, group="SW1A"), 0, self.text())
        SharedReading.objects.create(assignment=self.shared, student=self.student)
        type(enrolment).objects.filter(user=self.former_student).update(
            left_at=timezone.now(), asked_back_at=timezone.now()
        )

    def save_answer(self, student: "User", assignment, number: int, text: str):
        from questions.actions import answering
        from questions.models import Answer

        question = assignment.questions.order_by("asked_in__position")[number]
        stored = Answer.objects.filter(student=student, question=question, assignment=assignment).first()
        draft = answering.Draft(text, revision=stored.revision if stored else 0, writer="tabblad-een", seq=3)
        saved = answering.save(student=student, question=question, assignment_id=assignment.pk, draft=draft)
        return saved.row

    def create_versions(self, answer) -> None:
        """Create two versions of every kind. The dump of e1333d5 also has one of each that a race stored twice."""
        from questions.models import AnswerVersion

        for kind in AnswerVersion.Kind.values:
            values = {"answer": answer, "kind": kind, "base_revision": 1, "writer": "tabblad-twee"}
            for _ in range(2):
                AnswerVersion.objects.create(text=self.text(), **values)

    def create_own_study(self) -> None:
        from cases.models import Case
        from questions.actions import answering

        for number in (1, 3, 16):
            question = Case.objects.published().get(number=number).questions.in_library().first()
            draft = answering.Draft(self.text())
            answering.save(student=self.student, question=question, assignment_id=None, draft=draft)
        question = self.to_withdraw.questions.first()
        draft = answering.Draft(self.text())
        answering.save(student=self.stranger, question=question, assignment_id=None, draft=draft)

    def create_feedback(self) -> None:
        """Create feedback that is unreleased, released, seen, taken up, changed after release, undone, given to several
        submissions, or from a teacher whose account is deleted."""
        from django.utils import timezone

        from questions.actions import feedback as feedback_actions
        from questions.actions import pins
        from questions.models import Feedback, FeedbackVersion, Verdict

        def give(submission, author: "User", verdict: Verdict = Verdict.READ, *, released: bool = True):
            revision = Feedback.objects.filter(submission=submission, author=author).values_list("revision", flat=True)
            draft = feedback_actions.Draft(self.text(), revision=next(iter(revision), 0))
            row = feedback_actions.save(author=author, submission=submission, draft=draft, verdict=verdict).row
            if released:
                feedback_actions.release(feedback=Feedback.objects.filter(pk=row.pk))
            return Feedback.objects.filter(pk=row.pk)

        first, second, third, *others = self.submissions
        now = timezone.now()
        give(first, self.teacher, Verdict.AGAIN).update(seen_at=now, taken_up_at=now)
        give(first, self.colleague, released=False)
        give(second, self.teacher, Verdict.DONE)
        give(second, self.teacher, Verdict.AGAIN, released=False)  # changed after release
        give(third, self.teacher, released=False)
        feedback_actions.undo(author=self.teacher, submission=third)
        give(third, self.deleted_teacher, Verdict.DONE)
        give(third, self.deleted_teacher, Verdict.AGAIN, released=False)
        feedback_actions.save_in_bulk(
            author=self.teacher, submissions=others[:3], text=self.text(), verdict=Verdict.READ
        )
        give(others[-1], self.teacher, Verdict.DONE).update(seen_at=now)
        for kind in FeedbackVersion.Kind.values:
            values = {"submission": first, "author": self.teacher, "kind": kind}
            for revision in range(2):
                FeedbackVersion.objects.create(text=self.text(), revision=revision, **values)
        pins.pin(submission=first, teacher=self.teacher)
        pins.pin(submission=others[0], teacher=self.colleague)

    def create_comments_and_invitations(self) -> None:
        """Create comments and invitations, and upgrade assignments to the next edition."""
        from questions.actions import edition_upgrades, teacher_invitations
        from questions.models import Assignment, Comment, CoTeacherInvitation, TeacherInvitation

        Comment.objects.create(owner=self.teacher, text=self.text())
        Comment.objects.create(owner=self.colleague, module=self.module, text=self.text())
        invitation = TeacherInvitation(email=self.stranger.email)
        teacher_invitations.invite(invitation=invitation, by=self.administrator)
        open_values = {"token_hash": teacher_invitations.digest(INVITATION), "expires_at": FAR}
        TeacherInvitation.objects.filter(pk=invitation.pk).update(**open_values)
        for teacher, opened_by in ((self.teacher, None), (self.colleague, self.stranger)):
            CoTeacherInvitation.objects.create(
                module=self.module, invited_by=teacher, opened_by=opened_by, expires_at=FAR
            )
        self.publish_next_edition()
        edition_upgrades.take_over(assignment=self.assignment, edition=self.case.editions.latest())
        other = Assignment.objects.get(module=self.other_module)
        edition_upgrades.take_over(assignment=other, edition=self.case.editions.latest())
        assert other.asked.exists()

    def delete_accounts(self) -> None:
        """Delete the accounts of a student and a teacher."""
        from casebook.accounts import deletion

        for user in (self.deleted_student, self.deleted_teacher):
            deletion.erase(user=user)

    def change_vocabulary(self) -> None:
        """Merge and rename a keyword and an actor."""
        from cases.models import Actor, Keyword
        from cases.publishing import vocabulary

        for model, into in ((Keyword, "armoede"), (Actor, "Bewoner")):
            target, *others = (model.objects.filter(name=into).first(), *model.objects.exclude(name=into)[:1])
            vocabulary.merge(into=target or model.objects.last(), gone=others, by=self.chief)
            row = model.objects.order_by("-name").first()
            name, slug = row.name, row.slug
            row.name, row.slug = f"{name} (nieuw)", f"{slug}-nieuw"
            row.save()
            vocabulary.renamed(row=row, name=name, slug=slug, by=self.chief)

    def archive_and_withdraw_cases(self) -> None:
        """Archive a case and withdraw another one, which has a working copy; both have answers."""
        from cases.publishing import editions

        editions.archive(case=self.archived)
        editions.withdraw(case=self.to_withdraw, reason=f"Iemand herkende zichzelf. {self.text()}")

    def create_sessions_and_logs(self) -> None:
        """Create the rows of sessions, addresses, the log of the admin and the cache."""
        from allauth.account.models import EmailAddress, EmailConfirmation
        from django.contrib.admin.models import CHANGE, LogEntry
        from django.contrib.contenttypes.models import ContentType
        from django.core.cache import cache
        from django.test import Client

        for user in (self.student, self.teacher, self.administrator):
            Client().force_login(user)
        address = EmailAddress.objects.create(user=self.student, email=self.student.email, verified=False)
        EmailConfirmation.create(address).save()
        LogEntry.objects.create(
            user=self.editor,
            content_type=ContentType.objects.get_for_model(self.concept),
            object_id=self.concept.pk,
            object_repr=str(self.concept),
            action_flag=CHANGE,
            change_message=self.text(),
        )
        cache.set("aanmelden", 3, timeout=None)


def empty_tables() -> list[str]:
    """Return the tables without rows, including those without a model (the cache and the search table)."""
    from django.apps import apps
    from django.db import connection

    models = [model._meta for model in apps.get_models(include_auto_created=True)]
    expected = {meta.db_table for meta in models if meta.managed and not meta.proxy}
    with connection.cursor() as cursor:
        present = expected | set(connection.introspection.table_names(cursor))
        found = []
        for table in sorted(present):
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")
            if cursor.fetchone() is None:
                found.append(table)
    return found


def make(url: str) -> None:
    """Fill this empty database. Exits if a table is still empty."""
    import django

    django.setup()
    from django.db import connection

    Site()
    if empty := empty_tables():
        sys.exit(f"make_dump.py makes no row in: {', '.join(empty)}. Let Site make one.")
    connection.close()


def commit() -> str:
    """Return the short hash of the commit. Exits if files of the site differ from it."""
    git = ["git", "-C", str(databases.ROOT)]
    changed = subprocess.run(
        [*git, "status", "--porcelain", "casebook", "cases", "questions", "fixtures"], capture_output=True, check=True
    )
    if changed.stdout:
        sys.exit("A dump is named after the commit that made it. Commit first what you changed in the site.")
    return subprocess.run([*git, "rev-parse", "--short=7", "HEAD"], capture_output=True, check=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="create the site and delete it")
    parser.add_argument("--name", help="the commit to name the dump after, if only tests changed since")
    options = parser.parse_args()
    server = os.environ.get("DATABASE_URL", "sqlite:///")
    with tempfile.TemporaryDirectory() as folder, databases.temporary_database(server, Path(folder)) as url:
        os.environ.update(databases.environment(url, Path(folder)))
        for name in ("EMAIL_URL", "BEHIND_PROXY", "TRUSTED_PROXIES", "DEMO", "DEBUG", "SITE_URL"):
            os.environ.pop(name, None)
        make(url)
        if not options.dry_run:
            name = f"{options.name or commit().strip()}{databases.SUFFIXES[databases.vendor_of(url)]}"
            (databases.FOLDER / name).write_bytes(databases.dump(url))


if __name__ == "__main__":
    main()
