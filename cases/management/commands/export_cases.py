"""The command manage.py export_cases DIR."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cases.transfer import sync


class Command(BaseCommand):
    help = "Write every published case and the vocabulary as files that load_cases reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *, folder: Path, **options: Any) -> None:
        if folder.is_file():
            raise CommandError(f"{folder} is een bestand; noem een map.")
        files = sync.export()
        (folder / "cases").mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
        self.stdout.write(f"{len(files) - 1} casussen en {sync.VOCABULARY_FILE} geschreven in {folder}")
