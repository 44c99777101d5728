"""Real repositories with generated tests in them, and the command run on them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_selfheal.cli import main
from pytest_selfheal.model import GeneratedTest
from pytest_selfheal.regress.source import emit
from pytest_selfheal.store import open_store

NOW = "2026-01-25T10:00:00.000Z"


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


def git(folder, *arguments, check=True, data=None):
    """Run git as a user with a name would, and return what it printed."""
    person = ["-c", "user.name=A Person", "-c", "user.email=person@example.invalid"]
    done = subprocess.run(
        ["git", *person, *arguments], cwd=folder, capture_output=True, text=True, input=data, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip("\n")


def plant(root, record, seed, folder="tests/regressions", run_id="20261125T100000Z-0a1b2c3d"):
    """Generate one regression test in a project, in its folder and its store; return its path."""
    signature = "v1:" + hashlib.sha256(str(seed).encode()).hexdigest()[:16]
    emitted = emit(replace(record, signature=signature), NOW)
    path = f"{folder}/{emitted.file_name}"
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(emitted.text)
    store = open_store(root / ".selfheal")
    store.commit(
        [
            GeneratedTest(
                signature, NOW, emitted.test_name, "regression", "", {}, "f1", 0.75, path, record.nodeid,
                emitted.content_sha256, NOW, run_id=run_id,
            )
        ]
    )  # fmt: skip
    store.close()
    return path


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


def state(root):
    """Everything of a repository that must stay as it is: refs, HEAD, boundary, index, settings, files."""
    git_dir = Path(git(root, "rev-parse", "--absolute-git-dir"))
    names = ("HEAD", "FETCH_HEAD", "ORIG_HEAD", "index", "shallow", "config", "packed-refs")
    kept = {name: (git_dir / name).read_bytes() for name in names if (git_dir / name).exists()}
    ours = ("selfheal-out", ".selfheal", ".git")
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] not in ours
    }
    return kept, git(root, "for-each-ref"), git(root, "count-objects", "-v"), files


def tree(repository, ref="main"):
    """The paths of a branch's newest commit."""
    return git(repository, "-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", ref).splitlines()
