"""Real repositories with generated tests in them, looked at as a user would."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_selfheal.model import GeneratedTest
from pytest_selfheal.regress.source import emit
from pytest_selfheal.store import open_store

NOW = "2026-01-25T10:00:00.000Z"


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


@contextlib.contextmanager
def nobody_may_write(root):
    """Take the right to write away from a repository's own folder, for a while."""
    folders = [root / ".git", *(one for one in (root / ".git").rglob("*") if one.is_dir())]
    try:
        for folder in folders:
            folder.chmod(0o500)
        if os.access(root / ".git", os.W_OK):
            pytest.skip("this user may write everywhere")
        yield
    finally:
        for folder in folders:
            folder.chmod(0o700)
