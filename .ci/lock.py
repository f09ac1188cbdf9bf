"""Write requirements.lock from the packages in .venv, with the hashes of all files of each release.

    make lock                     after a change of pyproject.toml and an upgrade of .venv
    make lock ARGS="6.1.3"        also writes .ci/newer-django.lock, the Django of the last leg of .ci/run
    python .ci/lock.py --newer    prints the requirements of that leg, without network access

The hashes are from the package index of pip. All files are listed, so that the lock is valid on every platform.
"""

import importlib.metadata
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, NEWER_DJANGO = ROOT / "requirements.lock", ROOT / ".ci" / "newer-django.lock"
sys.path.insert(0, str(ROOT / "casebook"))

import bootstrap  # noqa: E402

HEAD = """\
# Written by `make lock`: the exact version of everything that .venv may hold, and who needs it, with the hash of every
# file of that release. make, CI and `pip install -r requirements.lock` all install by it and refuse any other file.
"""
JSON = "application/vnd.pypi.simple.v1+json"


def needed_by() -> dict[str, set[str]]:
    """Return what requires each installed package, by its name: "run", the site itself, or extras of pyproject.toml."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, set[str]] = {}

    def walk(requirement: Requirement, needing: str) -> None:
        name = canonicalize_name(requirement.name)
        if needing in found.get(name, ()) and not requirement.extras:
            return
        found.setdefault(name, set()).add(needing)
        for line in importlib.metadata.requires(name) or []:
            inner = Requirement(line)
            if inner.marker is None or any(inner.marker.evaluate({"extra": e}) for e in {"", *requirement.extras}):
                walk(inner, needing)

    for line in bootstrap.requirements([]):
        walk(Requirement(line), "run")
    for extra in ("postgres", "test"):
        for line in set(bootstrap.requirements([extra])) - set(bootstrap.requirements([])):
            walk(Requirement(line), extra)
    return found


def index_url() -> str:
    """Return the URL of the package index that pip is configured to use."""
    result = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    )
    if result.returncode == 0:
        return result.stdout.strip().rstrip("/")
    from pip._internal.models.index import PyPI

    return PyPI.simple_url.rstrip("/")


def hashes_of(name: str, version: str) -> list[str]:
    """Return the SHA-256 hashes of all wheels and source archives of this release."""
    from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
    from packaging.version import Version

    request = urllib.request.Request(f"{index_url()}/{canonicalize_name(name)}/", headers={"Accept": JSON})
    with urllib.request.urlopen(request, timeout=60) as reply:
        files = json.load(reply)["files"]
    found = set()
    for file in files:
        parse = {"whl": parse_wheel_filename, "gz": parse_sdist_filename, "zip": parse_sdist_filename}.get(
            file["filename"].rpartition(".")[2]
        )
        try:
            is_of_release = parse is not None and parse(file["filename"])[1] == Version(version)
        except ValueError:  # an old file with a name that is no longer valid
            is_of_release = False
        if is_of_release:
            found.add(file["hashes"]["sha256"])
    if not found:
        raise SystemExit(f"The index has no file of {name} {version}.")
    return sorted(found)


def block(name: str, version: str, needing: set[str]) -> str:
    """Return the lines of the lock for one package: what requires it, its version and its hashes."""
    lines = [f"{name}=={version}", *(f"    --hash=sha256:{each}" for each in hashes_of(name, version))]
    return f"# needed by: {', '.join(sorted(needing))}\n" + " \\\n".join(lines) + "\n"


def newer_django_lock() -> str:
    """Return the lock of the test suite, with the newer Django in place of the current one."""
    blocks = bootstrap.locked(["test"]).strip().split("\n\n")
    others = [each for each in blocks if "\ndjango==" not in each.lower()]
    return "\n\n".join([*others, NEWER_DJANGO.read_text(encoding="utf-8").strip()]) + "\n"


def main(arguments: list[str]) -> None:
    """Write the lock, or print the requirements of the leg with the newer Django."""
    if arguments == ["--newer"]:
        sys.stdout.write(newer_django_lock())
        return
    found = needed_by()
    names = {name: importlib.metadata.metadata(name)["Name"] for name in found}
    blocks = [
        block(names[name], importlib.metadata.version(name), found[name]) for name in sorted(found, key=str.lower)
    ]
    LOCK.write_text("\n".join([HEAD, *blocks]), encoding="utf-8")
    if arguments:
        NEWER_DJANGO.write_text(block("Django", arguments[0], {"the last leg of .ci/run"}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
