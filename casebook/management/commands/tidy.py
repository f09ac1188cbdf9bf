"""Do what has come due: delete accounts whose seven days are over, and throw away old sessions and uploads."""

from django.core.management import BaseCommand, CommandError, CommandParser, call_command

from casebook import leaving
from casebook.lib import ratelimit
from casebook.models import User, UserManager
from cases import editions, search
from cases.models import KeptUpload


class Command(BaseCommand):
    help = "Delete due accounts, old sessions and old uploads. Meant for every night; doing it twice does no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--forget", metavar="EMAIL", help="delete this one account now, for somebody who cannot sign in any more"
        )

    def handle(self, *args, forget: str | None = None, **options) -> None:
        if forget:
            orphaned = leaving.erase(user=self.person(forget))
            self.stdout.write(f"The account of {forget} is deleted.")
        else:
            orphaned = leaving.erase_due()
        call_command("clearsessions")
        KeptUpload.objects.expired().delete()
        ratelimit.tidy()
        editions.withhold_questions()
        search.forget_words()
        for title in orphaned:
            self.stderr.write(f"The module «{title}» has no teacher any more; give it one in the admin.")

    def person(self, email: str) -> User:
        user = User.objects.filter(email=UserManager.normalize_email(email)).first()
        if user is None:
            raise CommandError(f"There is no account with the address {email}.")
        return user
