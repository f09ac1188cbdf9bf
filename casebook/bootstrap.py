"""Start the casebook with nothing but Python: python3 casebook/bootstrap.py run (or test, dev, admin, setup).

This file uses only the standard library and syntax of Python 3.8: with an older Python, it continues under a newer one
that is on the machine, or says in one sentence what to install.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

NEEDED = (3, 11)
TRIED_FIRST = (13, 12, 11, 14, 15)  # the minors that the tests run on, then those that can lack ready-made packages
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
WANTED = VENV / "casebook-requirements.txt"  # the part of the lock that is installed here
STAMP = VENV / "casebook-ready.json"  # what was installed, written last
UNFINISHED = ROOT / ".venv-unfinished"  # exists from before .venv is created until its packages are installed
HOST = "127.0.0.1"
LOCAL_SITE = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/?")  # other computers cannot reach it
SITE_VARIABLES = (  # the table of README.md
    *("SITE_URL", "PORT", "DEBUG", "SECRET_KEY", "DATABASE_URL", "VAR_DIR", "EMAIL_URL", "DEMO"),
    *("REQUEST_SECONDS", "OFFLINE_PAGE", "TRUSTED_PROXIES", "BEHIND_PROXY"),
)
USAGE = "usage: python3 casebook/bootstrap.py run | test [pytest arguments] | dev | admin | setup [extra …]"


class StartError(Exception):
    """Starting is not possible; the message says in one sentence why, and what to do."""


def say(sentence: str) -> None:
    """Write a sentence to stderr."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


# A Python that is new enough


def has_venv() -> bool:
    """Return False on Debian or Ubuntu without python3-venv: Python is there, ensurepip is not."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def find_python(needed: tuple[int, int] = NEEDED) -> str | None:
    """Return a Python of at least this version that can create virtual environments, or None."""
    probe = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {needed})"
    for candidate in candidates():
        try:
            done = subprocess.run(
                [candidate, "-c", probe],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=20,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:  # executed, not only found: pyenv has shims on PATH without a Python
            return candidate
    return None


def candidates() -> list[str]:
    """Return where a newer Python can be: on PATH, and in the folders of pyenv, uv and Homebrew."""
    names = [f"python3.{minor}" for minor in TRIED_FIRST]
    on_path = [found for found in map(shutil.which, names) if found]
    home = os.path.expanduser("~")
    folders = [f"{home}/.pyenv/versions/*/bin", f"{home}/.local/share/uv/python/*/bin", "/opt/homebrew/bin"]
    folders += [f"{entry}/../versions/*/bin" for entry in os.get_exec_path() if entry.rstrip("/").endswith("/shims")]
    elsewhere = [path for folder in folders for path in sorted(glob.glob(f"{folder}/python3.1[1-9]"), reverse=True)]
    return list(dict.fromkeys([*on_path, *elsewhere, sys.executable]))


def use_good_python() -> None:
    """Continue under a newer Python where this one is too old or has no venv; raise StartError where there is none."""
    version = sys.version_info[:2]
    if version >= NEEDED and has_venv():
        return
    other = find_python()
    if other:
        os.execv(other, [other, str(Path(__file__).resolve()), *sys.argv[1:]])
    if version >= NEEDED:
        name = "python{}.{}-venv".format(*version)
        raise StartError(
            f"Python's venv module is missing; on Debian or Ubuntu install it with: sudo apt install {name}"
        )
    raise StartError(
        "The casebook needs Python {}.{} or newer and this is {}.{}; ".format(*NEEDED, *version)
        + "install one, on Debian or Ubuntu with: sudo apt install python3 python3-venv"
    )


# The packages


def requirements(extras: list[str]) -> list[str]:
    """Return the direct dependencies in pyproject.toml; their versions are in requirements.lock."""
    import tomllib  # not in every Python that can start this file

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project.get("optional-dependencies", {})
    unknown = [extra for extra in extras if extra not in optional]
    if unknown:
        raise StartError(f"pyproject.toml has no extra {unknown[0]!r}; it has {', '.join(sorted(optional))}")
    return list(project["dependencies"]) + [name for extra in extras for name in optional[extra]]


def locked(extras: list[str]) -> str:
    """Return the part of requirements.lock that the site and these extras need: one block of lines for each package.

    Packages of pyproject.toml that the lock does not have come last, without a hash: pip refuses those by name.
    """
    wanted = {"run", *extras}
    found, names = [], set()
    for block in LOCK.read_text(encoding="utf-8").split("\n\n"):
        head = re.match("# needed by: (.+)\n(.+)", block)
        if head and wanted & set(head.group(1).split(", ")):
            found.append(block.strip())
            names.add(project_name(head.group(2)))
    found += [line for line in requirements(extras) if project_name(line) not in names]
    return "\n\n".join(found) + "\n"


def project_name(requirement: str) -> str:
    """Return the name at the start of a requirement, in the spelling of PEP 503."""
    return re.sub("[-_.]+", "-", re.match("[A-Za-z0-9._-]*", requirement).group(0)).lower()


def extras_for(action: str) -> list[str]:
    """Return the extras that this action needs."""
    extras = ["test"] if action == "test" else []
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        extras.append("postgres")
    return extras


def fingerprint() -> str:
    """Return a hash of everything that decides the content of .venv, apart from the extras."""
    sources = [ROOT / "pyproject.toml", LOCK, VENV / "pyvenv.cfg"]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def installed_extras() -> list[str] | None:
    """Return the extras that .venv was set up with, or None where it has to be set up (again)."""
    try:
        stamp = json.loads(STAMP.read_text())
        current = stamp["fingerprint"] == fingerprint() and is_usable()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stamp["extras"] if current else None


def is_usable() -> bool:
    """Return whether .venv has a Python, and creating it was not interrupted."""
    return os.access(PYTHON, os.X_OK) and not UNFINISHED.exists()


def install(extras: list[str]) -> None:
    """Install the packages of the lock in .venv, unless it has them, and write the stamp."""
    installed = installed_extras()
    if installed is not None and set(extras) <= set(installed):
        return
    if not is_usable():
        create_venv()
    extras = sorted({*extras, *(installed or [])})
    WANTED.write_text(locked(extras), encoding="utf-8")
    pip = ["-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    run(
        [str(PYTHON), *pip, "--require-hashes", "-r", str(WANTED)],
        "The packages could not be installed; pip says why above, and it needs the internet",
    )
    STAMP.write_text(json.dumps({"fingerprint": fingerprint(), "extras": extras}))
    UNFINISHED.unlink(missing_ok=True)


def create_venv() -> None:
    """Create .venv, in the place of a folder of that name that has no Python or is not finished."""
    if VENV.is_symlink():
        raise StartError(".venv is a link that leads to no working Python; remove the link and start again")
    say("Setting up .venv with the packages that the casebook needs; this happens once and takes about half a minute.")
    UNFINISHED.touch()
    base = getattr(sys, "_base_executable", sys.executable)  # not the Python of the .venv that is cleared
    run([base, "-m", "venv", "--clear", str(VENV)], "Python could not make a virtual environment in .venv")


# The port


def wanted_port() -> int:
    """Return the port in PORT, by default 8000. Raises StartError for what is no port."""
    text = os.environ.get("PORT") or "8000"
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise StartError(f"PORT={text} is no port number; choose one from 1024 to 65535, as in: make run PORT=8001")
    return int(text)


def check_port_is_free(port: int) -> None:
    """Bind the port once. gunicorn's --reuse-port would share it with a running server without an error."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just closed do not count
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise StartError(f"Port {port} is for the administrator only; choose another: make run PORT=8000") from None
        except OSError:
            other = port + 1 if port < 65535 else 8000
            raise StartError(f"Port {port} is taken already; choose another: make run PORT={other}") from None


# The commands


def run(command: list[str], on_failure: str) -> None:
    """Run a step of the set-up to its end. Raises StartError with this sentence where it fails."""
    if wait_for(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)):
        raise StartError(f"{on_failure}.")


def wait_for(process: subprocess.Popen) -> int:
    """Return the exit code. Where this is interrupted, the process is ended first, with time to clean up."""
    try:
        return process.wait()
    except BaseException as reason:
        if not isinstance(reason, KeyboardInterrupt):  # Ctrl+C reached both processes
            process.terminate()
        try:
            process.wait(timeout=10)
        except BaseException:
            process.kill()
            process.wait()
        raise


def set_up(extras: list[str], *, site: bool) -> None:
    """Install the packages and, with `site`, prepare the database and static files. Set-ups run one at a time."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        wait_for_turn(folder)
        install(extras)
        if site:
            run([str(PYTHON), "manage.py", "prepare"], "The site could not be prepared; the reason is above")
    finally:
        os.close(folder)


def wait_for_turn(folder: int) -> None:
    """Lock the folder, and wait where another set-up has the lock."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up is busy in this folder; waiting for it.")
        fcntl.flock(folder, fcntl.LOCK_EX)
    except OSError:
        pass  # a network folder without locks: nothing to wait for


def replace_with(*arguments: str) -> None:
    """Replace this process by a program, so that signals and the exit status are its own."""
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), *arguments])


def start_site(*, dev: bool) -> None:
    """Set up the site and replace this process by its server."""
    port = wanted_port()
    check_port_is_free(port)
    os.environ.setdefault("SITE_URL", f"http://{HOST}:{port}")
    if LOCAL_SITE.fullmatch(os.environ["SITE_URL"]):
        os.environ.setdefault("DEMO", "1")
    os.environ["DEBUG"] = "1" if dev else "0"
    set_up(extras_for("run"), site=True)
    check_port_is_free(port)  # again, since the set-up can take a while
    welcome(port)
    if dev:
        replace_with("manage.py", "runserver", f"{HOST}:{port}")
    replace_with("-m", "gunicorn", "-c", "python:casebook.serving", "casebook.wsgi", "--bind", f"{HOST}:{port}")


def welcome(port: int) -> None:
    """Write the address of the site, and how to sign in."""
    address = os.environ["SITE_URL"].rstrip("/")
    behind = "" if address.endswith(f":{port}") else f", served on {HOST}:{port}"
    say(f"The casebook is at {address}/{behind} (Ctrl+C stops it).")
    if os.environ.get("DEMO") == "1":
        say("To look around, open it and choose Inloggen, then Kijk rond als student, docent or redacteur.")
        say("For an account of your own that may do everything: make admin, in another terminal.")
    else:
        say(f"Sign in at {address}/beheer/; no account yet? In another terminal, make admin makes one.")


def run_tests(arguments: list[str]) -> int:
    """Run the tests, without the content of var/ and without the variables of the site, except DATABASE_URL."""
    set_up(extras_for("test"), site=False)
    for name in set(SITE_VARIABLES) - {"DATABASE_URL"}:
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="casebook-test-") as folder:
        environment = {**os.environ, "VAR_DIR": folder, "SECRET_KEY": "only for the tests " * 3}
        pytest = [str(PYTHON), "-m", "pytest", *pytest_arguments(arguments)]
        return wait_for(subprocess.Popen(pytest, cwd=ROOT, env=environment))


def pytest_arguments(arguments: list[str]) -> list[str]:
    """Return the arguments of pytest: two processes, unless they choose a number or a debugger."""
    chosen = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "-s")
    return arguments if any(argument.startswith(chosen) for argument in arguments) else ["-n", "2", *arguments]


def main(arguments: list[str]) -> int:
    """Run the action in the arguments, and return the exit code."""
    action, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if action not in {"run", "test", "dev", "admin", "setup"} or (rest and action not in {"test", "setup"}):
        raise StartError(USAGE)
    use_good_python()
    if action == "test":
        return run_tests(rest)
    if action == "setup":
        set_up([*extras_for(action), *rest], site=True)
    elif action == "admin":
        set_up(extras_for(action), site=True)
        replace_with("manage.py", "createsuperuser")
    else:
        start_site(dev=action == "dev")
    return 0


def end(number: int, _: object) -> None:
    """Exit with the code of this signal."""
    sys.exit(128 + number)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores the signal
            signal.signal(number, end)
    try:
        sys.exit(main(sys.argv[1:]))
    except StartError as reason:
        sys.exit(str(reason))
    except KeyboardInterrupt:
        sys.exit(130)
