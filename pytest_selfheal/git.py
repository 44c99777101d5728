"""What is asked of git about the work tree; a project without git gets no answers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIMEOUT_S = 20
_BASE_COMMITS = ("CI_MERGE_REQUEST_DIFF_BASE_SHA",)
_BASE_BRANCHES = ("GITHUB_BASE_REF", "BITBUCKET_PR_DESTINATION_BRANCH", "CHANGE_TARGET")
_OPERATIONS = {
    "MERGE_HEAD": "a merge is in progress",
    "rebase-merge": "a rebase is in progress",
    "rebase-apply": "a rebase is in progress",
    "CHERRY_PICK_HEAD": "a cherry-pick is in progress",
    "REVERT_HEAD": "a revert is in progress",
    "BISECT_LOG": "a bisect is in progress",
}


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git printed, or None when it is missing, slow, or answers with an error."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env["GIT_OPTIONAL_LOCKS"] = "0"  # looking must not touch the index of a git command the user is running
    try:
        done = subprocess.run(
            ["git", "--literal-pathspecs", *arguments],
            cwd=root,
            env=env,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None


def operation_in_progress(root: Path) -> str:
    """Return which git operation the work tree is in the middle of, in words; empty when none."""
    folder = _git(root, "rev-parse", "--absolute-git-dir")
    if folder is None:
        return ""
    for name, words in _OPERATIONS.items():
        if os.path.lexists(os.path.join(folder.rstrip("\n"), name)):  # noqa: PTH118 - git answers in text
            return words
    return ""


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
