"""The command manage.py load_cases [PATH …] [--dry-run] [--overwrite]."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cases.files.reader import DocumentError
from cases.transfer import sync


class Command(BaseCommand):
    help = "Load case files and their vocabulary; without a path, those in fixtures/. All or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "paths", nargs="*", type=Path, metavar="PATH", help="a case file, a folder of them, or a zip"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, write nothing")
        parser.add_argument("--overwrite", action="store_true", help="also replace what was changed on the site")

    def handle(self, *, paths: list[Path], dry_run: bool, overwrite: bool, **options: Any) -> None:
        try:
            sources = sync.read_paths(paths or [settings.BASE_DIR / "fixtures"])
            outcome = sync.load(sources, overwrite=overwrite, dry_run=dry_run)
        except DocumentError as error:
            raise CommandError(f"{error}\n\nEr is niets geladen. Verbeter dit en probeer het opnieuw.") from error
        for name in outcome.left_alone:
            self.stdout.write(f"Overgeslagen, want {_why(outcome, name)}")
        counts = {
            "nieuw": outcome.new,
            "gewijzigd": outcome.changed,
            "ongewijzigd": outcome.unchanged,
            "overgeslagen": outcome.left_alone,
        }
        message = ", ".join(f"{len(names)} {what}" for what, names in counts.items())
        self.stdout.write(f"{'Proef, er is niets geschreven: ' if dry_run else ''}{message}")


def _why(outcome: sync.Outcome, name: str) -> str:
    if status := outcome.taken_down.get(name):
        return f"hier {status}: {name} (zet de casus eerst terug in het beheer)"
    return f"hier veranderd: {name} (met --overwrite wint het bestand)"
