"""The environment of sites that tests start in processes of their own."""

import os
import socket

from casebook.bootstrap import SITE_VARIABLES


def clean_environment(**extra: str) -> dict[str, str]:
    """Return the environment of this process without the variables of the site, and with these."""
    return {name: value for name, value in os.environ.items() if name not in SITE_VARIABLES} | extra


def free_port() -> int:
    """Return a port of this machine that no program uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
