import ast
import importlib.metadata
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tomllib
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from casebook import bootstrap
from tests.environment import clean_environment, free_port

pytestmark = pytest.mark.once

ROOT = bootstrap.ROOT
PYPROJECT = """
[project]
name = "small"
dependencies = ["pip"]
[project.optional-dependencies]
postgres = []
test = []
"""
# Takes the place of .venv/bin/python: notes what it was asked, in which environment, and fails where it is told to.
STAND_IN = """#!/bin/sh
folder=$(dirname "$0")/../..
echo "$*" >>"$folder/calls"
env >"$folder/environment"
case "$*" in *"$FAILS_AT"*) [ -z "$FAILS_AT" ] || exit 3;; esac
"""


class Tree:
    """A folder with bootstrap.py and next to nothing else."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "casebook").mkdir(parents=True)
        shutil.copy(bootstrap.__file__, folder / "casebook" / "bootstrap.py")
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "requirements.lock").write_text("")
        (folder / "manage.py").write_text("")
        self.venv = folder / ".venv"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "casebook" / "bootstrap.py"), *arguments]

    def start(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments),
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def environment(self) -> dict[str, str]:
        lines = (self.folder / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def stamp(self) -> dict:
        return json.loads((self.venv / bootstrap.STAMP.name).read_text())


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "a folder")


def put_pip_in(venv: Path) -> None:
    """Create the file that shows that creating this .venv was not interrupted."""
    pip = venv / "lib" / "python3.11" / "site-packages" / "pip"
    pip.mkdir(parents=True)
    (pip / "__main__.py").touch()


@pytest.fixture
def ready(tree, monkeypatch):
    """A tree whose .venv needs nothing more, with the stand-in for its Python."""
    (tree.venv / "bin").mkdir(parents=True)
    (tree.venv / "pyvenv.cfg").write_text("")
    put_pip_in(tree.venv)
    python = tree.venv / "bin" / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    for name, path in {"ROOT": tree.folder, "VENV": tree.venv, "LOCK": tree.folder / "requirements.lock"}.items():
        monkeypatch.setattr(bootstrap, name, path)
    stamp = {"fingerprint": bootstrap.fingerprint(), "extras": ["test"]}
    (tree.venv / bootstrap.STAMP.name).write_text(json.dumps(stamp))
    return tree


@pytest.fixture
def site_port():
    return str(free_port())


@pytest.fixture
def taken_port():
    """Taken by a server that would share it, as gunicorn's --reuse-port does."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield str(server.getsockname()[1])


# Which Python


def test_an_old_python_can_read_the_file_that_sends_it_away():
    ast.parse(Path(bootstrap.__file__).read_text(), feature_version=(3, 8))


def start_with_pretence(tree, pretence: str, **environment: str) -> subprocess.CompletedProcess:
    """Run bootstrap.py in a process that pretends something about its Python first."""
    go_on = "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    code = f"import runpy, sys; {pretence}; {go_on}"
    command = tree.command("run")
    return subprocess.run(
        [command[0], "-c", code, *command[1:]], env=environment, capture_output=True, text=True, timeout=60
    )


OLD = "sys.version_info = (3, 8, 10, 'final', 0); sys.executable = '/bin/false'"


def test_without_a_newer_python_one_sentence_says_what_to_install(tree, tmp_path):
    done = start_with_pretence(tree, OLD, PATH=str(tmp_path), HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The casebook needs Python 3.11 or newer and this is 3.8; "
        "install one, on Debian or Ubuntu with: sudo apt install python3 python3-venv\n"
    )


def test_without_venv_one_sentence_says_what_to_install(tree, tmp_path):
    pretence = "sys.modules['ensurepip'] = None; sys.executable = '/bin/false'"
    done = start_with_pretence(tree, pretence, PATH=str(tmp_path), HOME=str(tmp_path))
    version = "{}.{}".format(*sys.version_info)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Python's venv module is missing; on Debian or Ubuntu install it with: sudo apt install python{version}-venv\n"
    )


def test_a_newer_python_is_found_by_running_it_and_goes_on(tree, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    dead, living = programs / "python3.13", programs / "python3.12"
    dead.write_text("#!/bin/sh\nexit 127\n")  # what pyenv leaves on PATH for a version that is not switched on
    living.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec "{sys.executable}" "$@"\necho "$*"\n')
    for program in (dead, living):
        program.chmod(0o755)
    done = start_with_pretence(tree, OLD, PATH=str(programs), HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tree.folder / 'casebook' / 'bootstrap.py'} run\n"


# Which port


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", " 80", "8000.0", "٨٠٠٠"])
def test_a_nonsense_port_is_one_sentence_and_nothing_is_made(tree, port):
    done = tree.start("run", PORT=port)
    assert done.returncode == 1
    assert done.stderr == (f"PORT={port} is no port number; choose one from 1024 to 65535, as in: make run PORT=8001\n")
    assert not tree.venv.exists()


@pytest.mark.parametrize("action", ["run", "dev"])
def test_a_taken_port_is_one_sentence_and_nothing_is_made(tree, taken_port, action):
    done = tree.start(action, PORT=taken_port)
    assert done.returncode == 1
    assert re.fullmatch(rf"Port {taken_port} is taken already; choose another: make run PORT=\d+\n", done.stderr)
    assert not tree.venv.exists()


# What to do


@pytest.mark.parametrize("arguments", [[], ["walk"], ["run", "fast"]])
def test_an_unknown_action_gets_the_list(tree, arguments):
    done = tree.start(*arguments)
    assert (done.returncode, done.stderr) == (1, bootstrap.USAGE + "\n")


def test_run_prepares_the_site_then_serves_it_on_this_machine_only(ready, site_port):
    done = ready.start("run", PORT=site_port, DEBUG="1")
    assert done.returncode == 0
    assert ready.calls() == [
        "manage.py prepare",
        f"-m gunicorn -c python:casebook.serving casebook.wsgi --bind 127.0.0.1:{site_port}",
    ]
    assert ready.environment()["DEBUG"] == "0"
    assert ready.environment()["SITE_URL"] == f"http://127.0.0.1:{site_port}"


def test_run_says_where_the_site_is_and_how_to_sign_in(ready, site_port):
    address = f"http://127.0.0.1:{site_port}/"
    assert ready.start("run", PORT=site_port).stderr == (
        f"The casebook is at {address} (Ctrl+C stops it).\n"
        "To look around, open it and choose Inloggen, then Kijk rond als student, docent or redacteur.\n"
        "For an account of your own that may do everything: make admin, in another terminal.\n"
    )
    assert ready.start("run", PORT=site_port, DEMO="0").stderr.splitlines()[1:] == [
        f"Sign in at {address}beheer/; no account yet? In another terminal, make admin makes one."
    ]


@pytest.mark.parametrize("url", [None, "http://localhost:9000", "http://[::1]:9000/"])
def test_on_this_computer_run_brings_the_demonstration(ready, site_port, url):
    ready.start("run", PORT=site_port, **({"SITE_URL": url} if url else {}))
    assert ready.environment()["DEMO"] == "1"


@pytest.mark.parametrize("url", ["https://casebook.example", "https://localhost", "http://127.0.0.1.example"])
def test_a_site_for_others_gets_no_demonstration(ready, site_port, url):
    ready.start("run", PORT=site_port, SITE_URL=url)
    assert "DEMO" not in ready.environment()


def test_whoever_wants_no_demonstration_gets_none(ready, site_port):
    ready.start("run", PORT=site_port, DEMO="0")
    assert ready.environment()["DEMO"] == "0"


def test_setting_up_a_server_brings_no_demonstration(ready):
    ready.start("setup")
    assert "DEMO" not in ready.environment()


def test_a_site_behind_a_proxy_keeps_its_own_address(ready, site_port):
    done = ready.start("run", PORT=site_port, SITE_URL="https://casebook.example/")
    assert ready.environment()["SITE_URL"] == "https://casebook.example/"
    assert done.stderr.startswith(f"The casebook is at https://casebook.example/, served on 127.0.0.1:{site_port} (")


def test_dev_serves_with_debug_on_and_reloads(ready, site_port):
    ready.start("dev", PORT=site_port)
    assert ready.calls() == ["manage.py prepare", f"manage.py runserver 127.0.0.1:{site_port}"]
    assert ready.environment()["DEBUG"] == "1"


def test_admin_makes_an_account_on_a_prepared_site(ready):
    ready.start("admin")
    assert ready.calls() == ["manage.py prepare", "manage.py createsuperuser"]


def test_nothing_is_served_when_the_site_cannot_be_prepared(ready, site_port):
    done = ready.start("run", PORT=site_port, FAILS_AT="prepare")
    assert done.returncode == 1
    assert ready.calls() == ["manage.py prepare"]
    assert "The site could not be prepared" in done.stderr


def test_test_runs_the_suite_away_from_the_site(ready):
    done = ready.start(
        "test", "-k", "two words", SITE_URL="https://casebook.example", DEBUG="1", VAR_DIR="/kept", DEMO="1"
    )
    assert (done.returncode, ready.calls()) == (0, ["-m pytest -n 2 -k two words"])
    seen = ready.environment()
    assert not {"SITE_URL", "DEBUG", "DEMO"} & set(seen)
    assert seen["VAR_DIR"] != "/kept"
    assert not Path(seen["VAR_DIR"]).exists()  # it is gone afterwards


def test_test_ends_as_the_suite_ends(ready):
    assert ready.start("test", FAILS_AT="pytest").returncode == 3


@pytest.mark.parametrize("arguments", [["-n4"], ["-n", "0"], ["--pdb"], ["-s"]])
def test_arguments_may_choose_the_number_of_processes(arguments):
    assert bootstrap.pytest_arguments(arguments) == arguments


# What is installed


def test_a_database_on_postgresql_brings_its_driver(ready):
    ready.start("setup", DATABASE_URL="postgres://localhost/casebook")
    assert ready.calls()[0].startswith("-m pip install ")
    assert ready.stamp()["extras"] == ["postgres", "test"]


def test_readme_lists_the_variables_of_the_site():
    table = re.findall("^\\| `([A-Z_]+)` \\|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {*table, "BEHIND_PROXY"} == set(bootstrap.SITE_VARIABLES)


def test_an_unknown_extra_is_named(ready):
    done = ready.start("setup", "speed")
    assert (done.returncode, done.stderr) == (1, "pyproject.toml has no extra 'speed'; it has postgres, test\n")


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.lock"])
def test_changed_requirements_are_installed_once(ready, file):
    with (ready.folder / file).open("a") as changed:
        changed.write("# changed\n")
    for _ in range(2):
        ready.start("setup")
    kinds = ["install" if "pip install" in call else "prepare" for call in ready.calls()]
    assert kinds == ["install", "prepare", "prepare"]


def test_an_update_that_fails_is_tried_again_and_spoils_nothing(ready):
    with (ready.folder / "requirements.lock").open("a") as changed:
        changed.write("# changed\n")
    before = ready.stamp()
    assert ready.start("setup", FAILS_AT="pip install").returncode == 1
    assert ready.stamp() == before
    assert ready.start("setup").returncode == 0
    assert ready.stamp() != before


def test_a_fresh_folder_gets_a_venv_once(tree):
    assert tree.start("setup").returncode == 0
    assert tree.stamp()["extras"] == []
    made = (tree.venv / bootstrap.STAMP.name).stat().st_mtime_ns
    second = tree.start("setup")
    assert (second.returncode, second.stderr) == (0, "")
    assert (tree.venv / bootstrap.STAMP.name).stat().st_mtime_ns == made


@pytest.mark.parametrize(("has_python", "has_pip"), [(True, False), (False, True), (False, False)])
def test_an_incomplete_venv_is_created_again(tree, has_python, has_pip):
    (tree.venv / "bin").mkdir(parents=True)
    (tree.venv / "left over").touch()
    if has_python:
        (tree.venv / "bin" / "python").symlink_to(sys.executable)
    if has_pip:
        put_pip_in(tree.venv)
    assert tree.start("setup").returncode == 0
    assert not (tree.venv / "left over").exists()
    assert tree.stamp()["extras"] == []


def test_a_link_to_no_venv_is_not_emptied(tree, tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "mine").touch()
    tree.venv.symlink_to(target)
    done = tree.start("setup")
    assert (done.returncode, done.stderr) == (
        1,
        ".venv is a link that leads to no working Python; remove the link and start again\n",
    )
    assert (target / "mine").exists()


def test_a_venv_that_somebody_made_by_hand_is_used_as_it_is(ready):
    (ready.venv / bootstrap.STAMP.name).unlink()
    (ready.venv / "mine").touch()
    assert ready.start("setup").returncode == 0
    assert (ready.venv / "mine").exists()


def test_a_package_that_cannot_be_had_leaves_nothing_half_made(tree):
    (tree.folder / "pyproject.toml").write_text(PYPROJECT.replace('"pip"', '"no-such-package-anywhere"'))
    done = tree.start("setup", PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "The packages could not be installed; pip says why above, and it needs the internet."
        " Unfinished parts were removed."
    )
    assert not tree.venv.exists()


def lock_in(tree: Tree, source: Path, files: dict[str, str]) -> None:
    """Make a source archive of these files, and a lock that knows it by its hash."""
    with tarfile.open(source, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"slow-1/{name}")
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    known = sha256(source.read_bytes()).hexdigest()
    (tree.folder / "requirements.lock").write_text(
        f"# needed by: run\nslow @ {source.as_uri()} \\\n    --hash=sha256:{known}\n"
    )
    (tree.folder / "pyproject.toml").write_text(PYPROJECT.replace('"pip"', f'"slow @ {source.as_uri()}"'))


def test_a_file_with_another_hash_is_not_installed(tree, tmp_path):
    source = tmp_path / "slow-1.tar.gz"
    lock_in(tree, source, {"pyproject.toml": "", "slow.py": ""})
    source.write_bytes(source.read_bytes() + b"and more")
    done = tree.start("setup")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not tree.venv.exists()


def test_what_the_lock_does_not_have_is_not_installed(tree):
    (tree.folder / "pyproject.toml").write_text(PYPROJECT.replace('"pip"', '"segno"'))
    done = tree.start("setup")
    assert done.returncode == 1
    assert "--require-hashes" in done.stderr
    assert not tree.venv.exists()


def test_being_stopped_while_installing_leaves_nothing_half_made(tree, tmp_path):
    """A package whose build opens a pipe tells when pip is at work, without guessing how long that takes."""
    pipe, source = tmp_path / "pipe", tmp_path / "slow-1.tar.gz"
    os.mkfifo(pipe)
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n',
        "slow.py": f"import signal\nsignal.alarm(60)  # pip leaves this process behind\n"
        f"open({str(pipe)!r}, 'w').close()\nsignal.pause()\ndef build_wheel(*arguments): pass\n",
    }
    lock_in(tree, source, files)
    with subprocess.Popen(tree.command("setup"), env=clean_environment(), stderr=subprocess.DEVNULL) as process:
        pipe.read_text()  # returns when the build has begun
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert not tree.venv.exists()


# The real thing


def test_the_site_starts_serves_and_stops(tmp_path, site_port):
    if bootstrap.installed_extras() is None:
        pytest.skip("this .venv was not set up by bootstrap.py; make test does")
    environment = clean_environment(VAR_DIR=str(tmp_path / "var"), PORT=site_port)
    command = [sys.executable, bootstrap.__file__, "run"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr.readline() == f"The casebook is at http://127.0.0.1:{site_port}/ (Ctrl+C stops it).\n"
            health = first_answer(process, f"http://127.0.0.1:{site_port}/gezond/")
            assert health == b"ok"
        finally:
            process.terminate()
        assert process.wait(timeout=30) == 0
    made = {path.name for path in (tmp_path / "var").iterdir()}
    assert made == {"casebook.sqlite3", "secret-key", "static", "static.stamp"}


def first_answer(process: subprocess.Popen, url: str) -> bytes:
    """What the server says as soon as it listens, which is a moment after it said where."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return response.read()
        except urllib.error.URLError:
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            break
    raise AssertionError(f"no answer from {url}")


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_without_python_is_one_sentence():
    done = subprocess.run(["make", "run", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.splitlines()[0] == (
        "The casebook needs Python 3.11 or newer, and there is no no-such-python here; "
        "on Debian or Ubuntu install it with: sudo apt install python3 python3-venv"
    )


# The pins


def pins() -> dict[str, str]:
    return pins_of(bootstrap.LOCK.read_text())


def pins_of(lock: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ \n]+)", lock, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def needed(requirement: str, found: set[str]) -> None:
    """Add this distribution and, of those installed here, all that it needs."""
    parsed = Requirement(requirement)
    name = canonicalize_name(parsed.name)
    wanted_here = parsed.marker is None or any(
        parsed.marker.evaluate({"extra": extra}) for extra in parsed.extras or {""}
    )
    if name in found or not wanted_here:
        return
    found.add(name)
    for requires in importlib.metadata.requires(name) or []:
        inner = Requirement(requires)
        if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in {"", *parsed.extras}):
            needed(f"{inner.name}{'[' + ','.join(inner.extras) + ']' if inner.extras else ''}", found)


def test_everything_that_is_installed_has_an_exact_pin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = set()
    for requirement in bootstrap.requirements(sorted(project["optional-dependencies"])):
        needed(requirement, found)
    assert found - set(pins()) == set()
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in pins().values())


# The lock


NEWER = ROOT / ".ci" / "newer-django.lock"
LINE = re.compile(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]* \\|    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.mark.parametrize("lock", [bootstrap.LOCK, NEWER], ids=lambda path: path.name)
def test_every_line_of_a_lock_is_a_pin_or_a_hash_and_every_pin_has_hashes(lock):
    text = lock.read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    blocks = [block.splitlines() for block in text.strip().split("\n\n") if "==" in block]
    assert len(blocks) == len(pins_of(text))
    for head, pin, *hashes in blocks:
        assert head.startswith("# needed by: ")
        assert pin.endswith(" \\")
        assert hashes, pin
        assert [line.endswith("\\") for line in hashes] == [True] * (len(hashes) - 1) + [False], pin


@pytest.mark.parametrize("lock", [bootstrap.LOCK, NEWER], ids=lambda path: path.name)
def test_a_lock_names_no_server(lock):
    assert "://" not in lock.read_text()
    assert "index-url" not in lock.read_text()


@pytest.mark.parametrize("extras", [[], ["postgres"], ["test"], ["postgres", "test"]], ids="+".join)
def test_the_part_for_some_extras_has_what_they_need_and_nothing_else(extras):
    found: set[str] = set()
    for requirement in bootstrap.requirements(extras):
        needed(requirement, found)
    assert set(pins_of(bootstrap.locked(extras))) == found


@pytest.mark.parametrize("extra", ["", "postgres", "test"])
def test_a_pin_is_within_what_the_project_asks_for(extra):
    for requirement in bootstrap.requirements([extra] if extra else []):
        parsed = Requirement(requirement)
        assert parsed.specifier.contains(pins()[canonicalize_name(parsed.name)]), requirement


def test_the_next_allauth_is_not_taken_unseen():
    (allauth,) = (Requirement(line) for line in bootstrap.requirements([]) if line.startswith("django-allauth"))
    assert not allauth.specifier.contains("999")


def test_the_set_up_refuses_a_file_without_a_known_hash(ready):
    blocks = ["# needed by: run\na==1 \\\n    --hash=sha256:1", "# needed by: test\nb==2 \\\n    --hash=sha256:2"]
    blocks += ["# needed by: postgres\nc==3 \\\n    --hash=sha256:3"]
    (ready.folder / "requirements.lock").write_text("\n\n".join(blocks) + "\n")
    assert ready.start("setup", "test").returncode == 0
    assert "--require-hashes -r " in ready.calls()[0]
    wanted = (ready.venv / bootstrap.WANTED.name).read_text()
    assert wanted == "\n\n".join([*blocks[:2], "pip"]) + "\n"


def test_the_newer_django_takes_the_place_of_the_other():
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lock.py", "--newer"], capture_output=True, text=True, check=True
    )
    django = re.search(r"NEWER_DJANGO=(\S+)", (ROOT / ".ci" / "run").read_text())[1]
    assert pins_of(done.stdout) == pins_of(bootstrap.locked(["test"])) | {"django": django}
    assert "--require-hashes" in (ROOT / ".ci" / "run").read_text()
