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

import pip
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
# A replacement for .venv/bin/python that records its arguments and environment, and fails at the step in FAILS_AT.
FAKE_PYTHON = """#!/bin/sh
folder=$(dirname "$0")/../..
echo "$*" >>"$folder/calls"
env >"$folder/environment"
case "$*" in *"$FAILS_AT"*) [ -z "$FAILS_AT" ] || exit 3;; esac
"""


# A replacement for the module venv that copies the pip of these tests: installing pip in each .venv takes seconds.
QUICK_VENV = f"""
import shutil, sys
from pathlib import Path
if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).parent))
    import venv
    target = Path(sys.argv[-1])
    venv.create(target, clear="--clear" in sys.argv, symlinks=True)
    for folder in {[str(path) for path in Path(pip.__file__).parent.parent.glob("pip*")]}:
        shutil.copytree(folder, next(target.glob("lib/*/site-packages")) / Path(folder).name)
"""


class Tree:
    """A folder with bootstrap.py and the files it requires."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "casebook").mkdir(parents=True)
        shutil.copy(bootstrap.__file__, folder / "casebook" / "bootstrap.py")
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "requirements.lock").write_text("")
        (folder / "manage.py").write_text("")
        (folder / "quick").mkdir()
        (folder / "quick" / "venv.py").write_text(QUICK_VENV)
        self.venv = folder / ".venv"
        self.unfinished = folder / bootstrap.UNFINISHED.name

    @property
    def quick_venv(self) -> dict[str, str]:
        """Return the environment in which `python -m venv` is QUICK_VENV."""
        return {"PYTHONPATH": str(self.folder / "quick")}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "casebook" / "bootstrap.py"), *arguments]

    def start(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments),
            env=clean_environment(**self.quick_venv | environment),
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


@pytest.fixture
def ready(tree, monkeypatch):
    """Return a tree whose .venv is up to date, with a fake Python."""
    (tree.venv / "bin").mkdir(parents=True)
    (tree.venv / "pyvenv.cfg").write_text("")
    python = tree.venv / "bin" / "python"
    python.write_text(FAKE_PYTHON)
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
def used_port():
    """Yield a port in use by a server that shares it, as gunicorn does with --reuse-port."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield str(server.getsockname()[1])


# Python versions


def test_bootstrap_can_be_parsed_by_python_3_8():
    ast.parse(Path(bootstrap.__file__).read_text(), feature_version=(3, 8))


def start_with_patch(tree, patch: str, **environment: str) -> subprocess.CompletedProcess:
    """Run bootstrap.py in a process that first executes the code in `patch`."""
    run_bootstrap = "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    code = f"import runpy, sys; {patch}; {run_bootstrap}"
    command = tree.command("run")
    return subprocess.run(
        [command[0], "-c", code, *command[1:]], env=environment, capture_output=True, text=True, timeout=60
    )


OLD = "sys.version_info = (3, 8, 10, 'final', 0); sys.executable = '/bin/false'"


def test_start_without_a_newer_python_says_what_to_install(tree, tmp_path):
    done = start_with_patch(tree, OLD, PATH=str(tmp_path), HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The casebook needs Python 3.11 or newer and this is 3.8; "
        "install one, on Debian or Ubuntu with: sudo apt install python3 python3-venv\n"
    )


def test_start_without_the_venv_module_says_what_to_install(tree, tmp_path):
    patch = "sys.modules['ensurepip'] = None; sys.executable = '/bin/false'"
    done = start_with_patch(tree, patch, PATH=str(tmp_path), HOME=str(tmp_path))
    version = "{}.{}".format(*sys.version_info)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Python's venv module is missing; on Debian or Ubuntu install it with: sudo apt install python{version}-venv\n"
    )


def test_start_with_an_old_python_continues_in_a_newer_one_that_works(tree, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    broken, usable = programs / "python3.13", programs / "python3.12"
    broken.write_text("#!/bin/sh\nexit 127\n")  # as the shims of pyenv for versions that are not activated
    usable.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec "{sys.executable}" "$@"\necho "$*"\n')
    for program in (broken, usable):
        program.chmod(0o755)
    done = start_with_patch(tree, OLD, PATH=str(programs), HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tree.folder / 'casebook' / 'bootstrap.py'} run\n"


# Ports


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", " 80", "8000.0", "٨٠٠٠"])
def test_invalid_port_is_reported_in_one_sentence_and_creates_no_venv(tree, port):
    done = tree.start("run", PORT=port)
    assert done.returncode == 1
    assert done.stderr == (f"PORT={port} is no port number; choose one from 1024 to 65535, as in: make run PORT=8001\n")
    assert not tree.venv.exists()


@pytest.mark.parametrize("action", ["run", "dev"])
def test_used_port_is_reported_in_one_sentence_and_creates_no_venv(tree, used_port, action):
    done = tree.start(action, PORT=used_port)
    assert done.returncode == 1
    assert re.fullmatch(rf"Port {used_port} is taken already; choose another: make run PORT=\d+\n", done.stderr)
    assert not tree.venv.exists()


# Actions


@pytest.mark.parametrize("arguments", [[], ["walk"], ["run", "fast"]])
def test_unknown_action_prints_the_usage(tree, arguments):
    done = tree.start(*arguments)
    assert (done.returncode, done.stderr) == (1, bootstrap.USAGE + "\n")


def test_run_prepares_the_site_and_serves_it_on_this_machine_only(ready, site_port):
    done = ready.start("run", PORT=site_port, DEBUG="1")
    assert done.returncode == 0
    assert ready.calls() == [
        "manage.py prepare",
        f"-m gunicorn -c python:casebook.serving casebook.wsgi --bind 127.0.0.1:{site_port}",
    ]
    assert ready.environment()["DEBUG"] == "0"
    assert ready.environment()["SITE_URL"] == f"http://127.0.0.1:{site_port}"


def test_run_prints_the_address_of_the_site_and_how_to_sign_in(ready, site_port):
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
def test_run_enables_the_demonstration_on_a_local_address(ready, site_port, url):
    ready.start("run", PORT=site_port, **({"SITE_URL": url} if url else {}))
    assert ready.environment()["DEMO"] == "1"


@pytest.mark.parametrize("url", ["https://casebook.example", "https://localhost", "http://127.0.0.1.example"])
def test_run_leaves_the_demonstration_off_on_a_public_address(ready, site_port, url):
    ready.start("run", PORT=site_port, SITE_URL=url)
    assert "DEMO" not in ready.environment()


def test_run_leaves_the_demonstration_off_if_demo_is_0(ready, site_port):
    ready.start("run", PORT=site_port, DEMO="0")
    assert ready.environment()["DEMO"] == "0"


def test_setup_leaves_the_demonstration_off(ready):
    ready.start("setup")
    assert "DEMO" not in ready.environment()


def test_run_behind_a_proxy_does_not_change_the_site_url(ready, site_port):
    done = ready.start("run", PORT=site_port, SITE_URL="https://casebook.example/")
    assert ready.environment()["SITE_URL"] == "https://casebook.example/"
    assert done.stderr.startswith(f"The casebook is at https://casebook.example/, served on 127.0.0.1:{site_port} (")


def test_dev_starts_runserver_with_debug_on(ready, site_port):
    ready.start("dev", PORT=site_port)
    assert ready.calls() == ["manage.py prepare", f"manage.py runserver 127.0.0.1:{site_port}"]
    assert ready.environment()["DEBUG"] == "1"


def test_admin_creates_a_superuser_after_preparing_the_site(ready):
    ready.start("admin")
    assert ready.calls() == ["manage.py prepare", "manage.py createsuperuser"]


def test_run_serves_nothing_if_the_site_cannot_be_prepared(ready, site_port):
    done = ready.start("run", PORT=site_port, FAILS_AT="prepare")
    assert done.returncode == 1
    assert ready.calls() == ["manage.py prepare"]
    assert "The site could not be prepared" in done.stderr


def test_test_runs_the_suite_without_the_settings_and_files_of_the_site(ready):
    done = ready.start(
        "test", "-k", "two words", SITE_URL="https://casebook.example", DEBUG="1", VAR_DIR="/kept", DEMO="1"
    )
    assert (done.returncode, ready.calls()) == (0, ["-m pytest -n 2 -k two words"])
    seen = ready.environment()
    assert not {"SITE_URL", "DEBUG", "DEMO"} & set(seen)
    assert seen["VAR_DIR"] != "/kept"
    assert not Path(seen["VAR_DIR"]).exists()  # deleted after the run


def test_test_returns_the_exit_status_of_the_suite(ready):
    assert ready.start("test", FAILS_AT="pytest").returncode == 3


@pytest.mark.parametrize("arguments", [["-n4"], ["-n", "0"], ["--pdb"], ["-s"]])
def test_pytest_arguments_may_set_the_number_of_processes(arguments):
    assert bootstrap.pytest_arguments(arguments) == arguments


# Installation


def test_setup_with_a_postgresql_database_installs_its_driver(ready):
    ready.start("setup", DATABASE_URL="postgres://localhost/casebook")
    assert ready.calls()[0].startswith("-m pip install ")
    assert ready.stamp()["extras"] == ["postgres", "test"]


def test_readme_lists_the_variables_of_the_site():
    table = re.findall("^\\| `([A-Z_]+)` \\|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {*table, "BEHIND_PROXY"} == set(bootstrap.SITE_VARIABLES)


def test_unknown_extra_is_reported_by_name(ready):
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


def test_failed_update_leaves_the_stamp_unchanged_and_is_repeated(ready):
    with (ready.folder / "requirements.lock").open("a") as changed:
        changed.write("# changed\n")
    before = ready.stamp()
    assert ready.start("setup", FAILS_AT="pip install").returncode == 1
    assert ready.stamp() == before
    assert ready.start("setup").returncode == 0
    assert ready.stamp() != before


def test_setup_in_a_new_folder_creates_a_venv_once(tree):
    assert tree.start("setup", PYTHONPATH="").returncode == 0
    assert tree.stamp()["extras"] == []
    created = (tree.venv / bootstrap.STAMP.name).stat().st_mtime_ns
    second = tree.start("setup")
    assert (second.returncode, second.stderr) == (0, "")
    assert (tree.venv / bootstrap.STAMP.name).stat().st_mtime_ns == created


@pytest.mark.parametrize("is_unfinished", [False, True], ids=["no Python", "interrupted while pip was copied"])
def test_incomplete_venv_is_created_again(tree, is_unfinished):
    (tree.venv / "bin").mkdir(parents=True)
    (tree.venv / "left over").touch()
    if is_unfinished:
        (tree.venv / "bin" / "python").symlink_to(sys.executable)
        tree.unfinished.touch()
    assert tree.start("setup").returncode == 0
    assert not (tree.venv / "left over").exists()
    assert tree.stamp()["extras"] == []
    assert not tree.unfinished.exists()


def test_setup_does_not_empty_the_target_of_a_link_that_is_no_venv(tree, tmp_path):
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


def test_venv_that_was_created_by_hand_is_used_unchanged(ready):
    (ready.venv / bootstrap.STAMP.name).unlink()
    (ready.venv / "mine").touch()
    assert ready.start("setup").returncode == 0
    assert (ready.venv / "mine").exists()


def test_missing_package_leaves_the_venv_unfinished(tree):
    (tree.folder / "pyproject.toml").write_text(PYPROJECT.replace('"pip"', '"no-such-package-anywhere"'))
    done = tree.start("setup", PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "The packages could not be installed; pip says why above, and it needs the internet."
    )
    assert tree.unfinished.exists()


def write_source_and_lock(tree: Tree, source: Path, files: dict[str, str]) -> None:
    """Write a source archive with these files, and a lock with its hash."""
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


def test_file_with_another_hash_is_not_installed(tree, tmp_path):
    source = tmp_path / "slow-1.tar.gz"
    write_source_and_lock(tree, source, {"pyproject.toml": "", "slow.py": ""})
    source.write_bytes(source.read_bytes() + b"and more")
    done = tree.start("setup")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert tree.unfinished.exists()


def test_package_that_is_not_in_the_lock_is_not_installed(tree):
    (tree.folder / "pyproject.toml").write_text(PYPROJECT.replace('"pip"', '"segno"'))
    done = tree.start("setup")
    assert done.returncode == 1
    assert "--require-hashes" in done.stderr
    assert tree.unfinished.exists()


def test_start_after_an_interrupted_installation_creates_the_venv_again(tree, tmp_path):
    """The build of the package opens a pipe, so the test does not depend on the duration of the installation."""
    pipe, source = tmp_path / "pipe", tmp_path / "slow-1.tar.gz"
    os.mkfifo(pipe)
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n',
        "slow.py": f"import signal\nsignal.alarm(60)  # pip leaves this process behind\n"
        f"open({str(pipe)!r}, 'w').close()\nsignal.pause()\ndef build_wheel(*arguments): pass\n",
    }
    write_source_and_lock(tree, source, files)
    environment = clean_environment(**tree.quick_venv)
    with subprocess.Popen(tree.command("setup"), env=environment, stderr=subprocess.DEVNULL) as process:
        pipe.read_text()  # returns when the build has begun
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    (tree.venv / "pyvenv.cfg").unlink()  # as after a second Ctrl+C, or after a power cut
    (tree.folder / "pyproject.toml").write_text(PYPROJECT)
    (tree.folder / "requirements.lock").write_text("")
    assert tree.start("setup").returncode == 0
    assert tree.stamp()["extras"] == []


# The site itself


def test_run_starts_serves_and_stops_the_site(tmp_path, site_port):
    if bootstrap.installed_extras() is None:
        pytest.skip("this .venv was not set up by bootstrap.py; make test does")
    environment = clean_environment(VAR_DIR=str(tmp_path / "var"), PORT=site_port)
    command = [sys.executable, bootstrap.__file__, "run"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr.readline() == f"The casebook is at http://127.0.0.1:{site_port}/ (Ctrl+C stops it).\n"
            health = wait_for_response(process, f"http://127.0.0.1:{site_port}/gezond/")
            assert health == b"ok"
        finally:
            process.terminate()
        assert process.wait(timeout=30) == 0
    created = {path.name for path in (tmp_path / "var").iterdir()}
    assert created == {"casebook.sqlite3", "secret-key", "static", "static.stamp"}


def wait_for_response(process: subprocess.Popen, url: str) -> bytes:
    """Return the first response of the server, which listens shortly after it printed its address."""
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
def test_make_without_python_says_what_to_install():
    done = subprocess.run(["make", "run", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.splitlines()[0] == (
        "The casebook needs Python 3.11 or newer, and there is no no-such-python here; "
        "on Debian or Ubuntu install it with: sudo apt install python3 python3-venv"
    )


# Pins


def pins() -> dict[str, str]:
    return parse_pins(bootstrap.LOCK.read_text())


def parse_pins(lock: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ \n]+)", lock, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def add_requirement(requirement: str, found: set[str]) -> None:
    """Add the name of this distribution to `found`, and the names of its installed dependencies."""
    parsed = Requirement(requirement)
    name = canonicalize_name(parsed.name)
    is_required = parsed.marker is None or any(
        parsed.marker.evaluate({"extra": extra}) for extra in parsed.extras or {""}
    )
    if name in found or not is_required:
        return
    found.add(name)
    for requires in importlib.metadata.requires(name) or []:
        inner = Requirement(requires)
        if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in {"", *parsed.extras}):
            add_requirement(f"{inner.name}{'[' + ','.join(inner.extras) + ']' if inner.extras else ''}", found)


def test_every_installed_package_has_an_exact_pin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = set()
    for requirement in bootstrap.requirements(sorted(project["optional-dependencies"])):
        add_requirement(requirement, found)
    assert found - set(pins()) == set()
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in pins().values())


# Lock files


NEWER_DJANGO_LOCK = ROOT / ".ci" / "newer-django.lock"
LOCK_LINE = re.compile(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]* \\|    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.mark.parametrize("lock", [bootstrap.LOCK, NEWER_DJANGO_LOCK], ids=lambda path: path.name)
def test_lock_has_only_pins_and_hashes_and_every_pin_has_hashes(lock):
    text = lock.read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not LOCK_LINE.fullmatch(line)] == []
    blocks = [block.splitlines() for block in text.strip().split("\n\n") if "==" in block]
    assert len(blocks) == len(parse_pins(text))
    for head, pin, *hashes in blocks:
        assert head.startswith("# needed by: ")
        assert pin.endswith(" \\")
        assert hashes, pin
        assert [line.endswith("\\") for line in hashes] == [True] * (len(hashes) - 1) + [False], pin


@pytest.mark.parametrize("lock", [bootstrap.LOCK, NEWER_DJANGO_LOCK], ids=lambda path: path.name)
def test_lock_names_no_server(lock):
    assert "://" not in lock.read_text()
    assert "index-url" not in lock.read_text()


@pytest.mark.parametrize("extras", [[], ["postgres"], ["test"], ["postgres", "test"]], ids="+".join)
def test_locked_returns_exactly_the_packages_that_the_extras_need(extras):
    found: set[str] = set()
    for requirement in bootstrap.requirements(extras):
        add_requirement(requirement, found)
    assert set(parse_pins(bootstrap.locked(extras))) == found


@pytest.mark.parametrize("extra", ["", "postgres", "test"])
def test_pin_is_within_the_range_in_pyproject(extra):
    for requirement in bootstrap.requirements([extra] if extra else []):
        parsed = Requirement(requirement)
        assert parsed.specifier.contains(pins()[canonicalize_name(parsed.name)]), requirement


def test_allauth_has_an_upper_version_limit():
    (allauth,) = (Requirement(line) for line in bootstrap.requirements([]) if line.startswith("django-allauth"))
    assert not allauth.specifier.contains("999")


def test_setup_requires_a_known_hash_for_every_file(ready):
    blocks = ["# needed by: run\na==1 \\\n    --hash=sha256:1", "# needed by: test\nb==2 \\\n    --hash=sha256:2"]
    blocks += ["# needed by: postgres\nc==3 \\\n    --hash=sha256:3"]
    (ready.folder / "requirements.lock").write_text("\n\n".join(blocks) + "\n")
    assert ready.start("setup", "test").returncode == 0
    assert "--require-hashes -r " in ready.calls()[0]
    wanted = (ready.venv / bootstrap.WANTED.name).read_text()
    assert wanted == "\n\n".join([*blocks[:2], "pip"]) + "\n"


def test_newer_lock_replaces_only_the_version_of_django():
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lock.py", "--newer"], capture_output=True, text=True, check=True
    )
    django = re.search(r"NEWER_DJANGO=(\S+)", (ROOT / ".ci" / "run").read_text())[1]
    assert parse_pins(done.stdout) == parse_pins(bootstrap.locked(["test"])) | {"django": django}
    assert "--require-hashes" in (ROOT / ".ci" / "run").read_text()
