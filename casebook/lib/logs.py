"""Filters of the log of the site."""

import logging
import re

SECRET_PATHS = re.compile(r"(/account/wachtwoord/nieuw/|/uitnodiging/(?:collega/)?)[^/\s]+")


class WithoutSecrets(logging.Filter):
    """A filter that removes links with a secret: a refused request is logged with its path."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(SECRET_PATHS.sub(r"\1…", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True
