import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from casebook.lib import env

pytestmark = pytest.mark.once


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "on"])
def test_yes_in_each_way_that_people_write_it(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    assert env.flag("A_FLAG") is True


@pytest.mark.parametrize("value", ["0", "false", "No", "off", ""])
def test_no_in_each_way_that_people_write_it(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    assert env.flag("A_FLAG", default=True) is False


@pytest.mark.parametrize("default", [True, False])
def test_a_flag_that_is_not_there_is_the_default(monkeypatch, default):
    monkeypatch.delenv("A_FLAG", raising=False)
    assert env.flag("A_FLAG", default=default) is default


@pytest.mark.parametrize("value", ["2", "ja", "truee", " "])
def test_a_flag_that_is_neither_is_refused_by_name(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    with pytest.raises(ImproperlyConfigured, match="A_FLAG"):
        env.flag("A_FLAG")


def test_without_a_site_url_the_site_is_on_this_machine(monkeypatch):
    monkeypatch.delenv("SITE_URL", raising=False)
    assert env.site_url(debug=False) == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("https://casebook.example", "https://casebook.example"),
        ("https://casebook.example/", "https://casebook.example"),
        ("https://casebook.example:8443", "https://casebook.example:8443"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_a_site_url_is_taken_without_its_last_slash(monkeypatch, value, meant):
    monkeypatch.setenv("SITE_URL", value)
    assert env.site_url(debug=False) == meant


@pytest.mark.parametrize(
    "value",
    ["", "casebook.example", "ftp://casebook.example", "https://", "https://casebook.example/sub", "https://a/?b"],
)
@pytest.mark.parametrize("debug", [True, False])
def test_a_site_url_that_is_no_address_is_refused(monkeypatch, value, debug):
    monkeypatch.setenv("SITE_URL", value)
    with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
        env.site_url(debug)


@pytest.mark.parametrize("value", ["http://casebook.example", "http://192.168.1.10:8000", "http://0.0.0.0:8000"])
def test_passwords_never_travel_in_the_open(monkeypatch, value):
    monkeypatch.setenv("SITE_URL", value)
    with pytest.raises(ImproperlyConfigured, match="plain http"):
        env.site_url(debug=False)


def test_with_debug_on_plain_http_is_the_makers_own_choice(monkeypatch):
    monkeypatch.setenv("SITE_URL", "http://192.168.1.10:8000")
    assert env.site_url(debug=True) == "http://192.168.1.10:8000"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_loopback_is_recognised(host):
    assert env.is_loopback(host)


@pytest.mark.parametrize("host", ["casebook.example", "localhost.example", "10.0.0.1", "0.0.0.0", "::", ""])
def test_anything_else_is_no_loopback(host):
    assert not env.is_loopback(host)


@pytest.fixture
def no_secret_key(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)


def test_the_secret_key_of_the_environment_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "s" * 40)
    assert env.secret_key(tmp_path / "secret-key") == "s" * 40
    assert list(tmp_path.iterdir()) == []


def test_a_short_secret_key_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "s" * 39)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        env.secret_key(tmp_path / "secret-key")


def test_a_secret_key_is_made_once_and_kept_from_others(no_secret_key, tmp_path):
    file = tmp_path / "var" / "secret-key"
    first = env.secret_key(file)
    assert len(first) >= 64
    assert env.secret_key(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret-key"]


def test_each_site_has_its_own_secret_key(no_secret_key, tmp_path):
    assert env.secret_key(tmp_path / "one") != env.secret_key(tmp_path / "other")


def test_processes_that_start_together_keep_one_secret_key(no_secret_key, tmp_path):
    code = f"from pathlib import Path; from casebook import env; print(env.secret_key(Path({str(tmp_path / 'key')!r})))"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1


SENDER = "casusboek@example.org"


def test_without_email_url_there_is_no_mail_server(monkeypatch):
    for value in (None, ""):
        monkeypatch.setenv("EMAIL_URL", value) if value is not None else monkeypatch.delenv("EMAIL_URL", raising=False)
        assert env.email_url(SENDER) is None


@pytest.mark.parametrize(
    ("value", "meant"),
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
def test_a_mail_server_is_read_from_its_address(monkeypatch, value, meant):
    monkeypatch.setenv("EMAIL_URL", value)
    assert env.email_url(SENDER) == meant


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
def test_a_mail_server_that_cannot_be_meant_is_refused_without_its_password(monkeypatch, value):
    monkeypatch.setenv("EMAIL_URL", value)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as caught:
        env.email_url(SENDER)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_a_database_on_a_network_folder_is_refused(tmp_path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/home {tmp_path}/net {kind} rw 0 0\n")
    with pytest.raises(ImproperlyConfigured, match="network folder"):
        env.local_folder(tmp_path / "net" / "casebook.sqlite3", mounts)


def test_a_database_beside_a_network_folder_is_fine(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/ / nfs rw 0 0\n/dev/sdb1 {tmp_path} ext4 rw 0 0\n")
    assert env.local_folder(tmp_path / "casebook.sqlite3", mounts) == tmp_path / "casebook.sqlite3"


def test_where_mounts_cannot_be_read_the_folder_is_taken_on_trust(tmp_path):
    assert env.local_folder(tmp_path, tmp_path / "nothing") == tmp_path


@pytest.mark.parametrize(
    ("said", "hops"),
    [
        ({}, 0),
        ({"BEHIND_PROXY": "1"}, 1),
        ({"BEHIND_PROXY": "0"}, 0),
        ({"TRUSTED_PROXIES": "2"}, 2),
        ({"TRUSTED_PROXIES": "", "BEHIND_PROXY": "1"}, 1),
        ({"TRUSTED_PROXIES": "2", "BEHIND_PROXY": "1"}, 2),
    ],
)
def test_the_number_of_trusted_proxies(monkeypatch, said, hops):
    for name in ("TRUSTED_PROXIES", "BEHIND_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert env.trusted_proxies() == hops


@pytest.mark.parametrize("value", ["yes", "-1", "10", "1.5", "10.0.0.1", "²"])
def test_what_is_no_number_of_proxies_is_refused(monkeypatch, value):
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        env.trusted_proxies()


def test_two_settings_that_contradict_each_other_are_refused(monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "0")
    monkeypatch.setenv("BEHIND_PROXY", "1")
    with pytest.raises(ImproperlyConfigured, match="contradict"):
        env.trusted_proxies()


# --- the sender of mail, in a process that starts ---


def settings_with(tmp_path, code: str = "print(settings.DEFAULT_FROM_EMAIL)", **environment: str):
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BEHIND_PROXY", "DEMO"}}
    return subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings; {code}"],
        cwd=Path(__file__).resolve().parents[3],
        env=kept | {"DJANGO_SETTINGS_MODULE": "casebook.settings", "VAR_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.0.0.2", "localhost:8001", "[::1]:8000"])
def test_a_site_for_this_machine_alone_sends_mail_without_further_ado(tmp_path, host):
    done = settings_with(tmp_path, SITE_URL=f"http://{host}", EMAIL_URL="smtp://127.0.0.1:1025")
    assert (done.returncode, done.stdout.strip()) == (0, "casusboek@example.org"), done.stderr[-500:]


def test_whom_mail_is_from_can_always_be_said(tmp_path):
    url = "smtp://127.0.0.1:1025/?from=bundel@school.example"
    done = settings_with(tmp_path, SITE_URL="http://127.0.0.1:8000", EMAIL_URL=url)
    assert done.stdout.strip() == "bundel@school.example"


def test_a_host_that_is_no_name_is_told_to_say_whom_mail_is_from(tmp_path):
    done = settings_with(tmp_path, SITE_URL="https://10.0.0.5", EMAIL_URL="smtp://127.0.0.1:1025")
    assert done.returncode != 0
    assert "?from=" in done.stderr
