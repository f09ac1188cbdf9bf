"""Small readers of the environment. Each raises ImproperlyConfigured on a value that it cannot mean."""

import os
import secrets
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in YES:
        return True
    if value.lower() in NO:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no; write 1 or 0.")


def site_url(debug: bool) -> str:
    """SITE_URL without a trailing slash. Plain http is accepted on the loopback only, unless DEBUG is on."""
    value = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"SITE_URL={value!r} is no address; write https://casusboek.example.nl")
    if parts.scheme == "http" and not debug and not is_loopback(parts.hostname):
        raise ImproperlyConfigured(
            f"SITE_URL={value!r} is plain http. Passwords would travel in the open; write https://, or use 127.0.0.1."
        )
    return value


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1; False for anything that is not such an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def secret_key(kept_in: Path) -> str:
    """SECRET_KEY, or else the secret kept in this file, which is made (readable by its owner only) at first use."""
    if value := os.environ.get("SECRET_KEY"):
        if len(value) < 40:
            raise ImproperlyConfigured("SECRET_KEY is too short to be secret; use at least 40 random characters.")
        return value
    if not kept_in.exists():
        kept_in.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept_in.with_name(f"{kept_in.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(fresh, kept_in)  # whoever comes first sets the secret; two processes never keep two
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return kept_in.read_text().strip()
