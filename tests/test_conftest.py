"""The guarantees of conftest.py for all other tests."""

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
@pytest.mark.parametrize("run", ["first", "second"])
def test_rows_of_migrations_exist_in_every_transactional_test(run):
    assert set(Group.objects.values_list("name", flat=True)) == {"Docenten", "Redactie", "Eindredactie"}


@pytest.mark.django_db(transaction=True)
def test_threads_have_their_own_connections_to_the_same_rows():
    Group.objects.create(name="made here")
    results = []

    def read_from_thread():
        results.append(connection.connection)
        results.append(Group.objects.filter(name="made here").exists())
        connection.close()

    other = threading.Thread(target=read_from_thread)
    other.start()
    other.join()
    assert results[0] is None  # not this thread's connection
    assert results[1]


def test_suite_does_not_use_the_directory_of_user_data():
    assert settings.BASE_DIR not in settings.VAR_DIR.parents


def test_every_imported_package_is_a_declared_dependency():
    """A package that was installed by hand can hide a missing dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=\[]", name)[0].lower() for name in project["dependencies"]}
    imported = set()
    for file in (path for app in ("casebook", "cases", "questions") for path in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    distributions = packages_distributions()
    needed = {distributions[name][0].lower().replace("_", "-") for name in imported if name in distributions}
    assert needed - {"pip", "setuptools"} <= declared


def test_only_the_browser_tests_have_a_fixture_named_browser():
    """conftest.py marks tests with a fixture of this name, and CI skips the marked ones in two of its legs."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "tests").rglob("*.py")}
    found = [
        path
        for path, tree in trees.items()
        if any(isinstance(node, ast.FunctionDef) and node.name == "browser" for node in tree.body)
    ]
    assert found == [ROOT / "tests" / "browser" / "conftest.py"]


def test_no_browser_test_waits_for_a_function():
    """While it waits, Playwright evaluates a text as code in the page, which the content security policy forbids."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "browser").rglob("*.py")}
    assert [path.name for path, text in texts.items() if ".wait_for_function(" in text] == []
