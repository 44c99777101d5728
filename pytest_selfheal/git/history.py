"""What is asked of git about commits and about files as they were; no answer is None.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_selfheal.errors import GitError
from pytest_selfheal.git.running import Git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BASE_COMMITS = ("CI_MERGE_REQUEST_DIFF_BASE_SHA",)
_BASE_BRANCHES = ("GITHUB_BASE_REF", "BITBUCKET_PR_DESTINATION_BRANCH", "CHANGE_TARGET")


def base_file(root: Path, path: str, environ: Mapping[str, str]) -> bytes | None:
    """Return a file as the base branch of a CI run has it: of the branch a change goes to, else as it is committed.

    Args:
        root: the project's root directory.
        path: the file, relative to it.
        environ: the environment, which tells what the CI service works on.

    Returns:
        None when there is no such file there, or the base branch is not at hand.
    """
    named = [environ[name] for name in _BASE_COMMITS if environ.get(name)]
    named += [f"origin/{environ[name]}" for name in _BASE_BRANCHES if environ.get(name)]
    for revision in named or ["HEAD"]:
        found = file_at(root, revision, path)
        if found is not None:
            return found
    return None


def file_at(root: Path, revision: str, path: str) -> bytes | None:
    """Return a file (relative to `root`) as a revision has it; None when it is not there."""
    if revision.startswith("-"):
        return None
    found = _git(root, "show", f"{revision}:./{path}")
    return os.fsencode(found) if found is not None else None


def commits_since(root: Path, revision: str, most: int) -> list[str] | None:
    """Return the newest commits after a revision that are no merges, oldest first; None when there is no such one."""
    if revision.startswith("-"):
        return None
    found = _git(root, "rev-list", "--no-merges", f"--max-count={most}", f"{revision}..HEAD")
    return found.split()[::-1] if found is not None else None


def describe(root: Path, name: str) -> tuple[str, str, str] | None:
    """Return a commit's full name, the beginning of it and the first line of its message; None when there is none."""
    if name.startswith("-"):
        return None
    found = _git(root, "show", "-s", "--format=%H%x00%h%x00%s", f"{name}^{{commit}}")
    parts = (found or "").rstrip("\n").split("\0")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def changed_files(root: Path, commit: str) -> list[str]:
    """Return the files below `root` that a commit changed, relative to it."""
    found = _git(root, "diff-tree", "--no-commit-id", "--name-only", "--relative", "-r", "-z", commit)
    return [path for path in (found or "").split("\0") if path]


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git printed, or None when it is missing, slow, or answers with an error."""
    try:
        answer = Git(root).ask(*arguments)
    except GitError:
        return None
    return os.fsdecode(answer.out) if answer.ok else None
