"""The list of verdicts, from which buttons, keys, colours, icons and states are derived."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from questions.models import AnswerState, Verdict, WorkState
from tests.conftest import ROOT
from tests.environment import clean_environment

STATIC = ROOT / "static"
LIST_OF_VERDICTS = Path("questions", "models", "answer_states.py")
COPIED = ("manage.py", "pyproject.toml", "casebook", "cases", "questions", "templates", "tests", "fixtures")


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_a_state_of_both_with_its_name(verdict):
    states = AnswerState(verdict.value), WorkState(verdict.value)
    assert {state.label for state in states} == {verdict.label}
    assert states[0].asks_for_new_version is verdict.asks_for_new_version


@pytest.mark.parametrize("state", [*AnswerState, *WorkState])
def test_every_state_has_an_icon_and_colours(state):
    sheets = "".join((STATIC / "css" / name).read_text(encoding="utf-8") for name in ("desk.css", "reading.css"))
    assert re.search(rf"\.state--{state.look}\b", sheets)
    if state in WorkState:
        assert re.search(rf"\.{state.look} {{\s+--at: ", sheets)
    if state in AnswerState:
        assert f'<symbol id="{state.look}"' in (STATIC / "img" / "desk.svg").read_text(encoding="utf-8")


def test_only_one_verdict_asks_for_a_new_version_and_no_two_have_the_same_key():
    assert [verdict for verdict in Verdict if verdict.asks_for_new_version] == [Verdict.AGAIN]
    assert [state for state in AnswerState if state.asks_for_new_version] == [AnswerState.AGAIN]
    assert [verdict.key for verdict in Verdict] == ["1", "2", "3"]


@pytest.mark.parametrize("script", sorted((STATIC / "js").glob("*.js")), ids=lambda script: script.name)
def test_no_script_names_a_verdict(script):
    named = re.findall(r"[\"'](\w+)[\"']", script.read_text(encoding="utf-8"))
    assert set(Verdict.values).isdisjoint(named)


@pytest.mark.once
@pytest.mark.long
def test_a_verdict_that_is_added_to_the_list_appears_everywhere(tmp_path):
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (tmp_path / "static").symlink_to(STATIC)
    file = tmp_path / LIST_OF_VERDICTS
    last = '    DONE = "afgerond", _("afgerond")\n'
    before = file.read_text(encoding="utf-8")
    assert before.count(last) == 1
    file.write_text(before.replace(last, f'{last}    LATER = "later", _("later bespreken")\n'), encoding="utf-8")
    environment = clean_environment(VAR_DIR=str(tmp_path / "var"), SECRET_KEY="only for the tests " * 3)
    for command in (
        ["manage.py", "makemigrations", "questions"],  # a constraint and two fields name the verdicts
        ["-m", "pytest", "-p", "no:cacheprovider", "tests/questions/models/added_verdict.py"],
    ):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b6 passed", done.stdout)
