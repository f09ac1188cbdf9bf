"""Reading the settings from the environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from casebook.lib import env

pytestmark = pytest.mark.once


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "on"])
def test_a_flag_is_true_in_every_usual_spelling(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    assert env.flag("A_FLAG") is True


@pytest.mark.parametrize("value", ["0", "false", "No", "off", ""])
def test_a_flag_is_false_in_every_usual_spelling(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    assert env.flag("A_FLAG", default=True) is False


@pytest.mark.parametrize("default", [True, False])
def test_a_missing_flag_is_the_default(monkeypatch, default):
    monkeypatch.delenv("A_FLAG", raising=False)
    assert env.flag("A_FLAG", default=default) is default


@pytest.mark.parametrize("value", ["2", "ja", "truee", " "])
def test_an_invalid_flag_raises_an_error_with_its_name(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    with pytest.raises(ImproperlyConfigured, match="A_FLAG"):
        env.flag("A_FLAG")


def test_the_default_site_url_is_this_machine(monkeypatch):
    monkeypatch.delenv("SITE_URL", raising=False)
    assert env.site_url(debug=False) == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://casebook.example", "https://casebook.example"),
        ("https://casebook.example/", "https://casebook.example"),
        ("https://casebook.example:8443", "https://casebook.example:8443"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_a_site_url_loses_its_trailing_slash(monkeypatch, value, expected):
    monkeypatch.setenv("SITE_URL", value)
    assert env.site_url(debug=False) == expected


@pytest.mark.parametrize(
    "value",
    ["", "casebook.example", "ftp://casebook.example", "https://", "https://casebook.example/sub", "https://a/?b"],
)
@pytest.mark.parametrize("debug", [True, False])
def test_an_invalid_site_url_raises(monkeypatch, value, debug):
    monkeypatch.setenv("SITE_URL", value)
    with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
        env.site_url(debug)


@pytest.mark.parametrize("value", ["http://casebook.example", "http://192.168.1.10:8000", "http://0.0.0.0:8000"])
def test_plain_http_raises_for_other_machines(monkeypatch, value):
    monkeypatch.setenv("SITE_URL", value)
    with pytest.raises(ImproperlyConfigured, match="plain http"):
        env.site_url(debug=False)


def test_plain_http_is_allowed_with_debug_on(monkeypatch):
    monkeypatch.setenv("SITE_URL", "http://192.168.1.10:8000")
    assert env.site_url(debug=True) == "http://192.168.1.10:8000"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_loopback_host_is_recognised(host):
    assert env.is_loopback(host)


@pytest.mark.parametrize("host", ["casebook.example", "localhost.example", "10.0.0.1", "0.0.0.0", "::", ""])
def test_another_host_is_not_a_loopback(host):
    assert not env.is_loopback(host)


@pytest.fixture
def no_secret_key(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)


def test_the_secret_key_of_the_environment_is_preferred(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "s" * 40)
    assert env.secret_key(tmp_path / "secret-key") == "s" * 40
    assert list(tmp_path.iterdir()) == []


def test_a_short_secret_key_raises(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "s" * 39)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        env.secret_key(tmp_path / "secret-key")


def test_a_secret_key_is_generated_once_and_readable_by_its_owner_only(no_secret_key, tmp_path):
    file = tmp_path / "var" / "secret-key"
    first = env.secret_key(file)
    assert len(first) >= 64
    assert env.secret_key(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret-key"]


def test_each_site_has_its_own_secret_key(no_secret_key, tmp_path):
    assert env.secret_key(tmp_path / "one") != env.secret_key(tmp_path / "other")


def test_processes_that_start_simultaneously_use_one_secret_key(no_secret_key, tmp_path):
    code = f"from pathlib import Path; from casebook import env; print(env.secret_key(Path({str(tmp_path / 'key')!r})))"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1


SENDER = "casusboek@example.org"


def test_without_email_url_there_is_no_mail_server(monkeypatch):
    for value in (None, ""):
        monkeypatch.setenv("EMAIL_URL", value) if value is not None else monkeypatch.delenv("EMAIL_URL", raising=False)
        assert env.email_url(SENDER) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, "", "", False, False, SENDER)),
        ("smtp://mail.example.org", ("mail.example.org", 25, "", "", False, False, SENDER)),
        ("smtp://ik:geheim@mail.example.org/?tls=1", ("mail.example.org", 587, "ik", "geheim", True, False, SENDER)),
        ("smtp://ik:geheim@mail.example.org:25?tls=on", ("mail.example.org", 25, "ik", "geheim", True, False, SENDER)),
        ("smtps://ik:geheim@mail.example.org", ("mail.example.org", 465, "ik", "geheim", False, True, SENDER)),
        ("smtp://ik:geheim@localhost", ("localhost", 25, "ik", "geheim", False, False, SENDER)),
        (
            "smtps://ik%40example.org:p%2F%3A%40d@mail.example.org",
            ("mail.example.org", 465, "ik@example.org", "p/:@d", False, True, "ik@example.org"),
        ),
        (
            "smtps://ik%40example.org:geheim@mail.example.org/?from=bundel@school.example",
            ("mail.example.org", 465, "ik@example.org", "geheim", False, True, "bundel@school.example"),
        ),
    ],
)
def test_a_mail_server_is_parsed_from_email_url(monkeypatch, value, expected):
    monkeypatch.setenv("EMAIL_URL", value)
    assert env.email_url(SENDER) == expected


@pytest.mark.parametrize(
    "value",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:veel",
        "smtp://mail.example.org:70000",
        "smtp://mail.example.org/box",
        "smtp://mail.example.org/#1",
        "smtp://mail.example.org/?tls",
        "smtp://mail.example.org/?tls=misschien",
        "smtp://mail.example.org/?ssl=1",
        "smtps://mail.example.org/?tls=1",
        "smtp://ik@mail.example.org/?tls=1",
        "smtps://:geheim@mail.example.org",
        "smtp://ik:geheim@mail.example.org",
        "smtp://mail.example.org/?from=niemand",
    ],
)
def test_an_invalid_email_url_raises_without_showing_the_password(monkeypatch, value):
    monkeypatch.setenv("EMAIL_URL", value)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as caught:
        env.email_url(SENDER)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_a_database_in_a_network_folder_raises(tmp_path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/home {tmp_path}/net {kind} rw 0 0\n")
    with pytest.raises(ImproperlyConfigured, match="network folder"):
        env.local_folder(tmp_path / "net" / "casebook.sqlite3", mounts)


def test_a_database_next_to_a_network_folder_is_accepted(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/ / nfs rw 0 0\n/dev/sdb1 {tmp_path} ext4 rw 0 0\n")
    assert env.local_folder(tmp_path / "casebook.sqlite3", mounts) == tmp_path / "casebook.sqlite3"


def test_a_folder_is_accepted_if_the_mounts_cannot_be_read(tmp_path):
    assert env.local_folder(tmp_path, tmp_path / "nothing") == tmp_path


@pytest.mark.parametrize(
    ("environment", "hops"),
    [
        ({}, 0),
        ({"BEHIND_PROXY": "1"}, 1),
        ({"BEHIND_PROXY": "0"}, 0),
        ({"TRUSTED_PROXIES": "2"}, 2),
        ({"TRUSTED_PROXIES": "", "BEHIND_PROXY": "1"}, 1),
        ({"TRUSTED_PROXIES": "2", "BEHIND_PROXY": "1"}, 2),
    ],
)
def test_the_number_of_trusted_proxies_is_read_from_the_environment(monkeypatch, environment, hops):
    for name in ("TRUSTED_PROXIES", "BEHIND_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert env.trusted_proxies() == hops


@pytest.mark.parametrize("value", ["yes", "-1", "10", "1.5", "10.0.0.1", "²"])
def test_an_invalid_number_of_proxies_raises(monkeypatch, value):
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        env.trusted_proxies()


def test_contradictory_proxy_settings_raise(monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "0")
    monkeypatch.setenv("BEHIND_PROXY", "1")
    with pytest.raises(ImproperlyConfigured, match="contradict"):
        env.trusted_proxies()


# --- The sender of mail, in a new process ---


def run_with_settings(tmp_path, code: str = "print(settings.DEFAULT_FROM_EMAIL)", **environment: str):
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BEHIND_PROXY", "DEMO"}
    }
    return subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings; {code}"],
        cwd=Path(__file__).resolve().parents[3],
        env=inherited | {"DJANGO_SETTINGS_MODULE": "casebook.settings", "VAR_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.0.0.2", "localhost:8001", "[::1]:8000"])
def test_a_site_on_this_machine_sends_mail_from_the_default_sender(tmp_path, host):
    done = run_with_settings(tmp_path, SITE_URL=f"http://{host}", EMAIL_URL="smtp://127.0.0.1:1025")
    assert (done.returncode, done.stdout.strip()) == (0, "casusboek@example.org"), done.stderr[-500:]


def test_email_url_can_set_the_sender(tmp_path):
    url = "smtp://127.0.0.1:1025/?from=bundel@school.example"
    done = run_with_settings(tmp_path, SITE_URL="http://127.0.0.1:8000", EMAIL_URL=url)
    assert done.stdout.strip() == "bundel@school.example"


def test_a_site_on_an_ip_address_requires_a_sender(tmp_path):
    done = run_with_settings(tmp_path, SITE_URL="https://10.0.0.5", EMAIL_URL="smtp://127.0.0.1:1025")
    assert done.returncode != 0
    assert "?from=" in done.stderr
