"""From the first failure to the commit, over days that a conftest makes pass."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DAYS = """
import os, time
_real = time.time
time.time = lambda: _real() - 86400 * float(os.environ["DAYS_AGO"])
"""
BUG = "def middle(values):\n    return values[len(values)]\n"
TEST = "from app import middle\n\ndef test_middle():\n    assert middle([1, 2, 3]) == 2\n"


@pytest.fixture
def project(tmp_path):
    """A repository with a bug and with work in progress."""
    root = tmp_path / "app"
    root.mkdir()
    for name, text in {"conftest.py": DAYS, "app.py": BUG, "test_app.py": TEST, "notes.txt": "x\n"}.items():
        (root / name).write_text(text)
    (root / ".gitignore").write_text("__pycache__/\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    (root / "notes.txt").write_text("in progress\n")
    return root


def _run(root, *command, ago=0.0):
    env = {**os.environ, "DAYS_AGO": str(ago), "SELFHEAL_TRUST": "local", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout


def _git(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def test_three_runs_on_three_days_end_in_a_commit_of_one_file(project):
    """The third writes the test; the commit holds it and nothing else; the next run expects its failure."""
    for ago in (2, 1, 0):
        assert not (project / "tests").exists()
        _run(project, "pytest", "--selfheal", "-p", "no:cacheprovider", ago=ago)
    (written,) = (project / "tests" / "regressions").iterdir()
    assert _run(project, "pytest_selfheal.cli", "commit")[0] == 0
    name = written.relative_to(project).as_posix()
    assert _git(project, "show", "--format=", "--name-status", "HEAD") == f"A\t{name}\n"
    assert _git(project, "status", "--short") == " M notes.txt\n"
    assert "nothing to commit" in _run(project, "pytest_selfheal.cli", "commit")[1]
    assert "1 failed, 1 xfailed" in _run(project, "pytest", "--selfheal", "-p", "no:cacheprovider")[1]


@pytest.mark.parametrize("days", [(1, 0), (8, 4, 0)], ids=["two runs", "three runs in eight days"])
def test_too_few_within_a_week_end_in_nothing(project, days):
    """No file, and nothing to commit."""
    for ago in days:
        _run(project, "pytest", "--selfheal", "-p", "no:cacheprovider", ago=ago)
    assert not (project / "tests").exists()
    head = _git(project, "rev-parse", "HEAD")
    status, said = _run(project, "pytest_selfheal.cli", "commit")
    assert status == 0
    assert "nothing to commit" in said
    assert _git(project, "rev-parse", "HEAD") == head
