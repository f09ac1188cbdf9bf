"""The command manage.py prepare: update database, cases and static files, only as needed, without overwriting."""

import fcntl
import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from casebook.demo import content, guard
from cases.library import search
from cases.models import Case


class Command(BaseCommand):
    help = "Migrate, load the cases into an empty library, make the demonstration, collect static files: where needed."
    requires_system_checks = []  # the tests and CI run them; a start would take longer

    def handle(self, *args: Any, **options: Any) -> None:
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        with stoppable(), one_at_a_time(settings.VAR_DIR):
            if is_new_file(database := connection.settings_dict["NAME"]):
                self.build_database(Path(database))
            else:
                self.bring_up_to_date()
            if not settings.DEBUG:
                self.collect_static()

    def build_database(self, file: Path) -> None:
        """Create the database.

        It has another name until it is complete, so that a failure or a power cut leaves no unfinished database.
        """
        unfinished = file.with_name(f"{file.name}.unfinished")
        refuse_orphaned_journal(file)
        remove_database(unfinished)
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o600))  # it will have the texts of students
        connection.close()
        connection.settings_dict["NAME"] = str(unfinished)
        try:
            self.bring_up_to_date()
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()  # the last connection to close removes the write-ahead log
            unfinished.rename(file)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = str(file)
            remove_database(unfinished)
        self.stdout.write(f"The database is {file}.")

    def bring_up_to_date(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)
            search.index_all(Case.objects.published())  # a new version can find other words
        if not Case.objects.exists():
            call_command("load_cases", stdout=self.stdout)
        if reason := guard.why_not_in_public():
            raise CommandError(reason)
        if settings.DEMO:
            self.make_demonstration()
        call_command("tidy", stdout=self.stdout, stderr=self.stderr)  # for a site without a nightly task

    def make_demonstration(self) -> None:
        """Create the demonstration where there is none.

        One that users changed or removed accounts from stays as it is. A library with other cases does not prevent a
        start.
        """
        try:
            content.make()
        except content.DemonstrationError as reason:
            self.stderr.write(f"There is no demonstration: {reason}.")

    def collect_static(self) -> None:
        stamp, now = settings.VAR_DIR / "static.stamp", static_fingerprint()
        if settings.STATIC_ROOT.is_dir() and stamp.is_file() and stamp.read_text() == now:
            return
        is_first = not settings.STATIC_ROOT.exists()
        try:
            call_command("collectstatic", interactive=False, verbosity=0)
        except BaseException:
            if is_first:
                shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
            raise
        stamp.write_text(now)


def is_new_file(database: str) -> bool:
    """Return True for a SQLite file that does not exist yet."""
    return connection.vendor == "sqlite" and not connection.is_in_memory_db() and not Path(database).exists()


def refuse_orphaned_journal(file: Path) -> None:
    """Raise an error for a journal without its database.

    SQLite would write the journal of a lost database into the new one; and it can have the last texts of users.
    """
    journal = file.with_name(f"{file.name}-wal")
    if journal.exists():
        raise CommandError(
            f"{journal} is there but {file.name} is not: put the database back, or keep the log elsewhere."
        )


def remove_database(file: Path) -> None:
    """Delete the database file with its journals."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def static_fingerprint() -> str:
    """Return a hash that changes with the static files, and with the way in which they are stored."""
    files = [
        (name, (found := Path(storage.path(name)).stat()).st_mtime_ns, found.st_size)
        for finder in get_finders()
        for name, storage in finder.list([])
    ]
    return hashlib.sha256(repr((settings.STORAGES["staticfiles"], sorted(files))).encode()).hexdigest()


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Lock the folder, so that two starts at the same moment prepare one after the other."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def stoppable() -> Iterator[None]:
    """End the work by an exception on Ctrl+C and SIGTERM, so that everything unfinished is removed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise CommandError("Stopped before the site was ready.", returncode=130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
