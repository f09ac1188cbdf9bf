"""The command manage.py tidy: delete accounts whose seven days are over, and other data that is no longer used."""

import re
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import connection
from django.utils import timezone

from casebook.accounts import deletion
from casebook.lib import once, ratelimit
from casebook.models import User, UserManager
from cases.library import search
from cases.models import KeptUpload
from cases.publishing import editions
from questions.models import TeacherInvitation

_address = re.compile(r"[^\s\"'<>:,;]+@[^\s\"'<>:,;]+")


class Command(BaseCommand):
    help = "Delete due accounts, old sessions and old uploads. Meant for every night; doing it twice does no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--forget", metavar="EMAIL", help="delete this one account now, for somebody who cannot sign in any more"
        )

    def handle(self, *args: Any, forget: str | None = None, **options: Any) -> None:
        if forget:
            orphaned = deletion.erase(user=self.person(forget))
            self.stdout.write(f"The account of {forget} is deleted.")
        else:
            orphaned = deletion.erase_due()
        TeacherInvitation.objects.of_nobody().delete()
        call_command("clearsessions")
        delete_sessions_of_nobody()
        delete_expired_counts()
        KeptUpload.objects.expired().delete()
        ratelimit.tidy()
        once.tidy()
        editions.withhold_questions()
        search.forget_words()
        for title in orphaned:
            self.stderr.write(f"The module «{title}» has no teacher any more; give it one in the admin.")
        if not empty_log_of_sqlite():
            self.stderr.write(
                "Another program is reading the database, so its write-ahead log still has what was deleted. "
                "Run tidy again when that program is done."
            )

    def person(self, email: str) -> User:
        user = User.objects.filter(email=UserManager.normalize_email(email)).first()
        if user is None:
            raise CommandError(f"There is no account with the address {email}.")
        return user


def delete_sessions_of_nobody() -> None:
    """Delete sessions of deleted accounts, and those of visitors with an address without an account.

    A visitor has asked for a code with that address.
    """
    found = [(session.pk, *_whose(session.get_decoded())) for session in Session.objects.iterator()]
    # Accounts are read after sessions; otherwise a user who signs up in between would count as deleted.
    users = {str(pk): email for pk, email in User.objects.order_by().values_list("pk", "email")}
    known = set(users.values())
    gone = [pk for pk, user, addresses in found if (user and user not in users) or addresses - known]
    for start in range(0, len(gone), 500):
        Session.objects.filter(pk__in=gone[start : start + 500]).delete()


def _whose(data: dict) -> tuple[str | None, set[str]]:
    """Return the id of the account of a session, or else the addresses in it."""
    user = data.get("_auth_user_id")
    return user, set() if user else {address.lower() for address in _address.findall(str(data))}


def delete_expired_counts() -> None:
    """Delete expired counts from the cache.

    The cache deletes expired values only when they are requested again; counts of an earlier version have network
    addresses.
    """
    quote = connection.ops.quote_name
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        table = quote(settings.CACHES["default"]["LOCATION"])
        cursor.execute(f"DELETE FROM {table} WHERE {quote('expires')} < %s", [now])  # noqa: S608


def empty_log_of_sqlite() -> bool:
    """Write everything into the database file: the log of SQLite has earlier contents until it is overwritten.

    Returns False where a reader prevents that.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return True
    with connection.cursor() as cursor:
        is_busy, _pages, _done = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy
