"""What is asked of git about the work tree; a project without git gets no answers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_S = 20
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
