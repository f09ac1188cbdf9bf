"""The command manage.py demo: create the demonstration, or remove it."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from casebook.demo import content, guard


class Command(BaseCommand):
    help = "Make a teacher, an editor and a class that were made up, to look around with. Twice does no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--remove", action="store_true", help="take them away, with their modules and all they wrote, nothing else"
        )

    def handle(self, *args: Any, remove: bool, **options: Any) -> None:
        if remove:
            self.remove()
        else:
            self.make()

    def make(self) -> None:
        try:
            module = content.make()
        except content.DemonstrationError as reason:
            raise CommandError(f"The demonstration was not made: {reason}.") from None
        if module is None:
            self.stdout.write(f"There is a demonstration already. To start again, first run: {guard.REMOVING}")
        else:
            self.stdout.write(f"The demonstration is ready: the module «{module}». Sign-in offers it where DEMO=1.")

    def remove(self) -> None:
        count = guard.people().count()
        for what in content.remove():
            self.stdout.write(f"What stays: {what}.")
        self.stdout.write(f"{count} accounts of the demonstration were removed." if count else "There was none.")
        if count:
            self.stdout.write("make run makes a new one; DEMO=0 make run does not.")
