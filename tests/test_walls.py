"""Which room may use which. The walls stand in README and in the design."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

APPS = ("casebook", "cases", "questions")
SHARED = {"models", "access"}
LIB = "casebook.lib"


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names} | {node.module}
    return {name for name in found if name.split(".")[0] in APPS}


def of_everybody(names: set[str]) -> set[str]:
    """What is in casebook.lib, which every app may use."""
    return {name for name in names if name == LIB or name.startswith(f"{LIB}.")}


def files_of(app: str) -> list[Path]:
    return [file for file in sorted((settings.BASE_DIR / app).rglob("*.py")) if "migrations" not in file.parts]


@pytest.mark.parametrize("app", ["cases", "questions"])
def test_an_app_uses_only_models_and_access_of_another(app):
    for file in files_of(app):
        others = {name for name in imports_of(file) if name.split(".")[0] != app}
        # Who somebody is (settings.AUTH_USER_MODEL) is asked through django.contrib.auth.
        others -= of_everybody(others)
        wrong = {name for name in others if name.split(".")[1:2] and name.split(".")[1] not in SHARED}
        assert not wrong, f"{file.relative_to(settings.BASE_DIR)} uses {sorted(wrong)}"


@pytest.mark.parametrize("app", APPS)
def test_models_name_other_apps_by_string_only(app):
    for file in files_of(app):
        if "models" in file.parts or file.name == "models.py":
            others = {name for name in imports_of(file) if name.split(".")[0] != app}
            others -= of_everybody(others)
            assert not others, f"{file.relative_to(settings.BASE_DIR)} imports {sorted(others)}"


def test_what_every_app_may_use_uses_none_of_them():
    for file in sorted((settings.BASE_DIR / "casebook" / "lib").rglob("*.py")):
        wrong = imports_of(file) - of_everybody(imports_of(file))
        assert not wrong, f"{file.relative_to(settings.BASE_DIR)} uses {sorted(wrong)}"


@pytest.mark.parametrize("app", APPS)
def test_no_module_is_a_drawer_for_everything(app):
    names = {file.stem for file in files_of(app)}
    assert not names & {"services", "utils", "helpers", "common", "misc"}


def test_only_the_markdown_module_marks_a_string_safe():
    for app in APPS:
        for file in files_of(app):
            if file.name != "markdown.py":
                assert "mark_safe" not in file.read_text(encoding="utf-8"), file
    for template in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        text = template.read_text(encoding="utf-8")
        assert "|safe" not in text, template
        assert "autoescape off" not in text, template


def test_nothing_is_inline_or_from_elsewhere():
    for template in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        text = template.read_text(encoding="utf-8").lower()
        assert "<style" not in text, template
        assert " style=" not in text, template
        assert " onclick=" not in text, template
        assert 'src="http' not in text, template
