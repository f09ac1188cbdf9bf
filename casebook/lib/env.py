"""Readers of environment variables. Each raises ImproperlyConfigured for an invalid value."""

import os
import secrets
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "ncp",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "fuse.sshfs",
    "fuse.glusterfs",
    "davfs",
    "9p",
)
YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


class MailServer(NamedTuple):
    host: str
    port: int
    user: str
    password: str
    use_tls: bool
    use_ssl: bool
    sender: str


def flag(name: str, default: bool = False) -> bool:
    """Return the boolean value of an environment variable."""
    value = os.environ.get(name)
    return default if value is None else yes_or_no(name, value)


def yes_or_no(name: str, value: str) -> bool:
    """Return the boolean that this value of a variable means."""
    if value.lower() in YES:
        return True
    if value.lower() in NO:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no; write 1 or 0.")


def trusted_proxies() -> int:
    """Return TRUSTED_PROXIES: the number of our proxies, each of which adds an address to X-Forwarded-For.

    BEHIND_PROXY=1, its older name, means one.
    """
    behind_proxy = flag("BEHIND_PROXY")
    value = os.environ.get("TRUSTED_PROXIES") or str(int(behind_proxy))
    if value not in set("0123456789"):
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES={value!r} is no number of proxies; write 0 without a proxy, 1 with one."
        )
    if behind_proxy and value == "0":
        raise ImproperlyConfigured("BEHIND_PROXY=1 and TRUSTED_PROXIES=0 contradict each other; write only the second.")
    return int(value)


def site_url(debug: bool) -> str:
    """Return SITE_URL without a trailing slash. Plain http is accepted on the loopback only, unless DEBUG is on."""
    value = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"SITE_URL={value!r} is no address; write https://casusboek.example.nl")
    if parts.scheme == "http" and not debug and not is_loopback(parts.hostname):
        raise ImproperlyConfigured(
            f"SITE_URL={value!r} is plain http. Passwords would travel in the open; write https://, or use 127.0.0.1."
        )
    return value


def is_local(site_url: str) -> bool:
    """Return True for a site that only this computer can reach: plain http on the loopback."""
    parts = urlsplit(site_url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def demonstration(site_url: str) -> bool:
    """Return DEMO: whether visitors can sign in as an invented user. Refused where others can reach the site."""
    wanted = flag("DEMO")
    if wanted and not is_local(site_url):
        raise ImproperlyConfigured(
            f"DEMO=1 lets anybody in, and a site at {site_url} is open to others. Set DEMO=0, or SITE_URL to"
            " http://127.0.0.1:8000."
        )
    return wanted


def local_folder(path: Path, mounts: Path = Path("/proc/self/mounts")) -> Path:
    """Return the path if it is on a disk of this machine.

    SQLite's locks do not work on a network folder, so a confirmed change could be lost there. Where the mounts cannot
    be read (not Linux) the path is trusted.
    """
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return path
    folder = path.resolve()
    points = [(Path(line[1].replace("\\040", " ")), line[2]) for line in lines if len(line) > 2]
    around = [(point, kind) for point, kind in points if folder.is_relative_to(point)]
    kind = max(around, key=lambda mount: len(mount[0].parts))[1] if around else ""
    if kind.startswith(NETWORK):
        raise ImproperlyConfigured(
            f"The database {path} is on a network folder ({kind}), where SQLite can lose answers. Set VAR_DIR or"
            " DATABASE_URL to a disk of this machine, or use PostgreSQL."
        )
    return path


def is_loopback(host: str) -> bool:
    """Return True for localhost, 127.0.0.0/8 and ::1; False for anything that is not such an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def secret_key(kept_in: Path) -> str:
    """Return SECRET_KEY, or the secret in this file, which is created (readable by its owner only) at first use."""
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
            os.link(fresh, kept_in)  # the first process sets the secret; two processes never store two
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return kept_in.read_text().strip()


def sender_of(host: str) -> str:
    """Return the sender of mail where EMAIL_URL has none. A site for this machine alone has no name for one."""
    return f"casusboek@{host}" if "." in host and not is_loopback(host) else "casusboek@example.org"


def email_url(sender: str) -> MailServer | None:
    """Return EMAIL_URL: smtp://user:password@host:587/?tls=1&from=address, or smtps://…; None where there is none.

    User and password are percent-encoded where needed. Mail comes from the user if that is an address, or else from
    `sender`. Errors do not show the value, since it contains a password.
    """
    value = os.environ.get("EMAIL_URL", "")
    if not value:
        return None
    parts, host, port, options = _parts_of_email_url(value)
    ssl, tls = parts.scheme == "smtps", yes_or_no("EMAIL_URL's tls", options.get("tls", ""))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    _check_encryption(host, user, password, ssl=ssl, tls=tls)
    sender = options.get("from") or (user if "@" in user else sender)
    _check_sender(sender)
    port = port or (465 if ssl else 587 if tls else 25)
    return MailServer(host, port, user, password, tls, ssl, sender)


def _parts_of_email_url(value: str) -> tuple[SplitResult, str, int | None, dict[str, str]]:
    try:
        parts = urlsplit(value)
        port = parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as reason:
        raise ImproperlyConfigured("EMAIL_URL is no address; write smtp://user:password@host:587/?tls=1") from reason
    host = parts.hostname
    if parts.scheme not in {"smtp", "smtps"} or not host or parts.path not in {"", "/"} or parts.fragment:
        raise ImproperlyConfigured("EMAIL_URL is no address; write smtp://user:password@host:587/?tls=1")
    if unknown := sorted(set(options) - {"tls", "from"}):
        raise ImproperlyConfigured(f"EMAIL_URL has an option {unknown[0]!r}; it knows tls and from.")
    return parts, host, port, options


def _check_encryption(host: str, user: str, password: str, *, ssl: bool, tls: bool) -> None:
    if ssl and tls:
        raise ImproperlyConfigured("EMAIL_URL is smtps:// with tls=1; the first encrypts already, so drop the second.")
    if bool(user) != bool(password):
        raise ImproperlyConfigured("EMAIL_URL has a user without a password, or the reverse; write both or neither.")
    if password and not (ssl or tls or is_loopback(host)):
        raise ImproperlyConfigured("EMAIL_URL would send its password in the open; add ?tls=1 or write smtps://")


def _check_sender(sender: str) -> None:
    try:
        validate_email(sender)
    except ValidationError as reason:
        raise ImproperlyConfigured(
            f"Mail would come from {sender!r}, which is no address. Say in EMAIL_URL whom it is from, by ending it with"
            " ?from=casusboek@school.example (&from=… after another option)."
        ) from reason
