"""Real repositories with generated tests in them, and the command run on them."""

from __future__ import annotations

import json
import os

import pytest
from git_repositories import git
from git_repositories import plant

from pytest_selfheal.cli import main


@pytest.fixture(autouse=True)
def _own_git(monkeypatch, tmp_path_factory):
    """Keep the machine's git settings out; there is no identity, as on a CI runner."""
    home = tmp_path_factory.mktemp("home")
    (home / "gitconfig").write_text('[protocol "file"]\n\tallow = always\n[init]\n\tdefaultBranch = main\n')
    for name in list(os.environ):
        if name.startswith(("GIT_", "CI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def generate(failure_record):
    """Generate a regression test in a project."""
    return lambda root, seed="one", **more: plant(root, failure_record(), seed, **more)


@pytest.fixture
def remote(tmp_path):
    """A bare repository whose main branch has four commits."""
    bare, work = tmp_path / "remote.git", tmp_path / "author"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(tmp_path, "init", "-q", str(work))
    for number in range(4):
        (work / "app.py").write_text(f"VERSION = {number}\n")
        (work / "notes.txt").write_text("first\n")
        git(work, "add", "-A")
        git(work, "commit", "-qm", f"version {number}")
    git(work, "push", "-q", str(bare), "HEAD:refs/heads/main")
    return bare


@pytest.fixture
def clone(remote, tmp_path):
    """Clone the remote: as on a CI runner (depth 1, detached, dirty) or as a developer has it."""

    def make(name="clone", *, runner=False):
        root = tmp_path / name
        depth = ["--depth=1"] if runner else []
        git(tmp_path, "clone", "-q", *depth, remote.as_uri(), str(root))
        (root / ".git" / "info" / "exclude").write_text(".selfheal/\n")
        if runner:
            git(root, "checkout", "-q", "--detach")
            (root / "notes.txt").write_text("work in progress\n")
            (root / "new.txt").write_text("not added\n")
        return root

    return make


@pytest.fixture
def commit(capsys):
    """Run `selfheal commit` on a project; return its exit status and its document."""

    def run(root, *options):
        capsys.readouterr()
        status = main(["--root", str(root), "commit", "--json", *options])
        captured = capsys.readouterr()
        return status, json.loads(captured.out) if captured.out else captured.err

    return run
