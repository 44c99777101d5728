"""A package that is used but not declared."""

from __future__ import annotations

import pytest

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.repair.dependencies import dependency_diff
from pytest_selfheal.repair.dependencies import dependency_note
from pytest_selfheal.repair.project import Project

FORMS = {
    "one line": ('dependencies = ["a"]  # kept\n', '+dependencies = ["a", "yarl"]  # kept'),
    "empty": ("dependencies = []\n", '+dependencies = ["yarl"]'),
    "many lines": ('dependencies = [\n  "a[b]>=1",  # why\n  "c",\n]\n', '+  "yarl",'),
    "no comma at the end": ('dependencies = [\n    "a"\n]\n', '+    "yarl",'),
}


@pytest.mark.parametrize(("text", "row"), FORMS.values(), ids=FORMS)
def test_one_entry_is_inserted_and_the_rest_stays(text, row):
    """The array keeps its form, comments and order."""
    assert row in dependency_diff(f'[project]\nname = "x"\n{text}', "yarl").splitlines()


@pytest.mark.parametrize("text", ["", "[project]\n", "[tool.x]\ndependencies = []\n", "[project\n"])
def test_where_nothing_can_be_inserted_there_is_no_diff(text):
    """No table, another table, no TOML."""
    assert dependency_diff(text, "yarl") == ""


def note(root, module, **files):
    for name, text in files.items():
        (root / f"{name}.toml" if name == "pyproject" else root / "requirements-dev.txt").write_text(text)
    link = ErrorLink("ModuleNotFoundError", message=f"No module named '{module}'")
    failure = Failure("test_a.py::test_a", Phase.CALL, "ModuleNotFoundError", link.message, chain=(link,))
    return dependency_note(failure, Project(root))


PYPROJECT = '[project]\nname = "x"\ndependencies = ["a"]\n'


@pytest.mark.parametrize(("module", "name"), [("yarl.sub", "yarl"), ("yaml", "PyYAML"), ("ruamel_x", "ruamel.x")])
def test_a_name_the_project_knows_is_suggested(tmp_path, module, name):
    """The requirements name the distribution; it is written as they write it."""
    told = note(tmp_path, module, pyproject=PYPROJECT, requirements=f"pytest\n{name}==1.0\n")
    assert f'+dependencies = ["a", "{name}"]' in told


def test_no_name_is_guessed(tmp_path):
    """A module that nothing names could be anybody's distribution."""
    assert "no file of this project names" in note(tmp_path, "reqeusts", pyproject=PYPROJECT)


def test_what_is_declared_is_to_be_installed(tmp_path):
    """Then the environment is at fault, not the project."""
    assert "declared already" in note(tmp_path, "a", pyproject=PYPROJECT)


@pytest.mark.parametrize("module", ["json", "shop"])
def test_modules_that_no_distribution_brings_say_nothing(tmp_path, module):
    """Those of the standard library and of the project."""
    (tmp_path / "shop.py").write_text("")
    assert note(tmp_path, f"{module}.x", pyproject=PYPROJECT) == ""
