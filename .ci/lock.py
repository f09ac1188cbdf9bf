"""Write requirements.lock anew: what .venv has, with the hash of every file of each release.

    make lock                     after a change of pyproject.toml and an upgrade of .venv
    make lock ARGS="6.1.3"        and the Django of the last leg of .ci/run, in .ci/newer-django.lock
    python .ci/lock.py --newer    prints what that leg installs, asking nobody

Hashes come from the index that pip uses here. Every file is listed, so that the lock holds on every system and Python.
"""

import importlib.metadata
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, NEWER = ROOT / "requirements.lock", ROOT / ".ci" / "newer-django.lock"
sys.path.insert(0, str(ROOT / "casebook"))

import bootstrap  # noqa: E402

HEAD = """\
# Written by `make lock`: the exact version of everything that .venv may hold, and who needs it, with the hash of every
# file of that release. make, CI and `pip install -r requirements.lock` all install by it and refuse any other file.
"""
JSON = "application/vnd.pypi.simple.v1+json"


def needed_by() -> dict[str, set[str]]:
    """By name, what an installed package is needed by: run, which is the site itself, or an extra of pyproject.toml."""
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


def index() -> str:
    """The address of the index that pip asks here."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    )
    if told.returncode == 0:
        return told.stdout.strip().rstrip("/")
    from pip._internal.models.index import PyPI

    return PyPI.simple_url.rstrip("/")


def hashes_of(name: str, version: str) -> list[str]:
    """The SHA-256 of every wheel and source archive of this release."""
    from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
    from packaging.version import Version

    request = urllib.request.Request(f"{index()}/{canonicalize_name(name)}/", headers={"Accept": JSON})
    with urllib.request.urlopen(request, timeout=60) as reply:
        files = json.load(reply)["files"]
    found = set()
    for file in files:
        parse = {"whl": parse_wheel_filename, "gz": parse_sdist_filename, "zip": parse_sdist_filename}.get(
            file["filename"].rpartition(".")[2]
        )
        try:
            is_of_release = parse is not None and parse(file["filename"])[1] == Version(version)
        except ValueError:  # an old file, whose name is no longer a valid one
            is_of_release = False
        if is_of_release:
            found.add(file["hashes"]["sha256"])
    if not found:
        raise SystemExit(f"The index has no file of {name} {version}.")
    return sorted(found)


def block(name: str, version: str, needing: set[str]) -> str:
    """Return the lines of the lock for one package: what needs it, its version and its hashes."""
    lines = [f"{name}=={version}", *(f"    --hash=sha256:{each}" for each in hashes_of(name, version))]
    return f"# needed by: {', '.join(sorted(needing))}\n" + " \\\n".join(lines) + "\n"


def newer() -> str:
    """What the suite needs, with the newer Django in the place of the other."""
    blocks = bootstrap.locked(["test"]).strip().split("\n\n")
    others = [each for each in blocks if "\ndjango==" not in each.lower()]
    return "\n\n".join([*others, NEWER.read_text(encoding="utf-8").strip()]) + "\n"


def main(arguments: list[str]) -> None:
    """Write the lock, or print what the leg with the newer Django installs."""
    if arguments == ["--newer"]:
        sys.stdout.write(newer())
        return
    found = needed_by()
    names = {name: importlib.metadata.metadata(name)["Name"] for name in found}
    blocks = [
        block(names[name], importlib.metadata.version(name), found[name]) for name in sorted(found, key=str.lower)
    ]
    LOCK.write_text("\n".join([HEAD, *blocks]), encoding="utf-8")
    if arguments:
        NEWER.write_text(block("Django", arguments[0], {"the last leg of .ci/run"}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
