"""What is written in the log of the site."""

import logging
import re

SECRET_PATHS = re.compile(r"(/account/wachtwoord/nieuw/|/uitnodiging/(?:collega/)?)[^/\s]+")


class WithoutSecrets(logging.Filter):
    """Takes links that open something out of what is logged: a request that was refused is logged with its path."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(SECRET_PATHS.sub(r"\1…", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True
