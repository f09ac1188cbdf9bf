"""Checks of the source code: imports between modules, and constructs that no module or template may use."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from importlinter.cli import lint_imports

from cases.models import Status

pytestmark = pytest.mark.once

APPS = ("casebook", "cases", "questions")


def files_of(app: str) -> list[Path]:
    return [file for file in sorted((settings.BASE_DIR / app).rglob("*.py")) if "migrations" not in file.parts]


def test_imports_follow_the_contracts_of_import_linter(capsys):
    """The contracts are in pyproject.toml: layers inside each app, and limits on imports between apps."""
    status = lint_imports(config_filename=str(settings.BASE_DIR / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize("app", APPS)
def test_no_module_has_a_name_for_miscellaneous_code(app):
    names = {file.stem for file in files_of(app)}
    assert not names & {"services", "utils", "helpers", "common", "misc"}


MARK_SAFE = {"markdown.py", "json_ld.py"}  # each has one function that escapes or cleans what it marks


def test_only_two_modules_mark_a_string_safe():
    for app in APPS:
        for file in files_of(app):
            if file.name not in MARK_SAFE:
                assert "mark_safe" not in file.read_text(encoding="utf-8"), file
    for template in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        text = template.read_text(encoding="utf-8")
        assert "|safe" not in text, template
        assert "autoescape off" not in text, template


def test_templates_have_no_inline_styles_or_scripts_of_other_sites():
    for template in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        text = template.read_text(encoding="utf-8").lower()
        assert "<style" not in text, template
        assert " style=" not in text, template
        assert " onclick=" not in text, template
        assert 'src="http' not in text, template


STATUS_AS_TEXT = re.compile(rf"""status\w*\s*(==|!=|=|in)\s*[\[({{]?["']({"|".join(Status.values)})["']""")


@pytest.mark.parametrize("app", APPS)
def test_status_is_never_compared_with_a_string_literal(app):
    files = [file for file in files_of(app) if STATUS_AS_TEXT.search(file.read_text(encoding="utf-8"))]
    assert files == []
