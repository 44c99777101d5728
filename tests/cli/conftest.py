"""A small project with a store, and the command run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from shop_project import CLEAN
from shop_project import write_shop

HERE = {**CLEAN, "COLUMNS": "200"}


@pytest.fixture
def project(tmp_path):
    """A project with one lost import and one bug, in a git repository."""
    return _made(tmp_path / "shop")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Run the selfheal command in such a project, of which one run is recorded in a database."""
    folder = tmp_path_factory.mktemp("shared")
    root = _made(folder / "shop")
    env = {"SELFHEAL_STORE_URL": f"sqlite:///{folder / 'shared.db'}"}
    _run(root, "pytest_selfheal.cli", ["store", "init"], env)
    _run(root, "pytest", ["-p", "no:cacheprovider", "--selfheal=suggest"], env)
    return lambda *arguments: _run(root, "pytest_selfheal.cli", arguments, env)


def _made(root):
    return write_shop(root, **{"tests/test_fine.py": "def test_fine():\n    pass\n"})


def _run(root, module, arguments, env):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        env={**os.environ, **HERE, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def heal(project):
    """Run pytest --selfheal (or another mode) in the project."""
    lean = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:html"]  # they take a third of the start
    return lambda *arguments, **env: _run(project, "pytest", [*lean, *(arguments or ["--selfheal"])], env)


@pytest.fixture
def selfheal(project):
    """Run the selfheal command in the project."""
    return lambda *arguments, **env: _run(project, "pytest_selfheal.cli", arguments, env)
