#!/usr/bin/env python
"""Django's command line for the casebook."""

import os
import sys


def main() -> None:
    """Run the management command of the arguments."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casebook.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
