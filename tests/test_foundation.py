"""What conftest.py promises every other test."""

import ast
import re
import threading
import tomllib
from importlib.metadata import packages_distributions

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection

from tests.conftest import ROOT


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_rows_of_migrations_are_there_each_time(time):
    assert set(Group.objects.values_list("name", flat=True)) == {"Docenten", "Redactie", "Eindredactie"}


@pytest.mark.django_db(transaction=True)
def test_threads_have_connections_of_their_own_to_the_same_rows():
    Group.objects.create(name="made here")
    seen = []

    def look():
        seen.append(connection.connection)
        seen.append(Group.objects.filter(name="made here").exists())
        connection.close()

    other = threading.Thread(target=look)
    other.start()
    other.join()
    assert seen[0] is None  # not this thread's connection
    assert seen[1]


def test_the_suite_stays_away_from_what_people_keep():
    assert settings.BASE_DIR not in settings.VAR_DIR.parents


def test_every_package_that_is_imported_is_asked_for_by_name():
    """Something installed by hand can hide what a fresh machine lacks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {re.split(r"[<>=\[]", name)[0].lower() for name in project["dependencies"]}
    imported = set()
    for file in (path for app in ("casebook", "cases", "questions") for path in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    found = packages_distributions()
    needed = {found[name][0].lower().replace("_", "-") for name in imported if name in found}
    assert needed - {"pip", "setuptools"} <= asked
