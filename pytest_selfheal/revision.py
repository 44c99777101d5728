"""Which commit is checked out, and what changed since the base branch; without git there are no answers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIMEOUT_S = 30
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_BASE_COMMITS = 500
_TARGETS = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "SYSTEM_PULLREQUEST_TARGETBRANCHNAME",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CHANGE_TARGET",
    "DRONE_TARGET_BRANCH",
    "TRAVIS_PULL_REQUEST_BRANCH",
)
"""Where CI services tell the branch that a pull request is for."""


def head_commit(root: Path) -> str:
    """Return the commit checked out, read from git's own files: no process is started, so every run can afford it.

    Returns:
        the full hash; empty outside git, before the first commit, and for storage this does not know (reftable).
    """
    try:
        folder = _git_folder(root)
        if folder is None:
            return ""
        head = (folder / "HEAD").read_text("ascii").strip()
        if not head.startswith("ref: "):
            return head if _COMMIT.fullmatch(head) else ""
        return _resolved(folder, head[5:].strip())
    except (OSError, ValueError):
        return ""


def _git_folder(root: Path) -> Path | None:
    for place in (root, *root.parents):
        found = place / ".git"
        if found.is_dir():
            return found
        if found.is_file():  # a linked work tree or a submodule
            text = found.read_text("utf-8").strip()
            return (place / text[8:]).resolve() if text.startswith("gitdir: ") else None
    return None


def _resolved(folder: Path, name: str) -> str:
    common = folder / "commondir"
    folders = [folder]
    if common.is_file():
        folders.append((folder / common.read_text("utf-8").strip()).resolve())
    for place in folders:
        loose = place / name
        if ".." not in name and loose.is_file():
            text = loose.read_text("ascii").strip()
            return text if _COMMIT.fullmatch(text) else ""
        packed = place / "packed-refs"
        if packed.is_file():
            for line in packed.read_text("utf-8", "replace").splitlines():
                commit, _, ref = line.partition(" ")
                if ref == name and _COMMIT.fullmatch(commit):
                    return commit
    return ""


# ------------------------------------------------------------------------------------------- asking git


def is_clean(root: Path) -> bool:
    """Tell whether no tracked file differs from the commit; False when git cannot tell."""
    return _git(root, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules") == b""


def uncommitted_files(root: Path) -> frozenset[str]:
    """Return the tracked files that differ from the commit checked out, relative to `root`; empty without git."""
    found = _git(root, "diff", "--name-only", "--relative", "--no-renames", "--ignore-submodules", "-z", "HEAD", "--")
    return frozenset(name for name in os.fsdecode(found or b"").split("\0") if name)


def base_name(named: str, environ: Mapping[str, str]) -> str:
    """Return the base branch: as named, as the CI service says, else empty: `find_base` then tries origin's default."""
    if named:
        return named
    for variable in _TARGETS:
        value = environ.get(variable, "").removeprefix("refs/heads/")
        if value and value.lower() != "false":
            return f"origin/{value}"
    return ""


def find_base(root: Path, name: str) -> tuple[str, str]:
    """Return the name and commit of the base branch; an empty commit when this clone does not have it.

    A branch named without its remote is looked for there first: in CI there is often no local branch of that name.
    """
    tries: tuple[str, ...] = ("origin/HEAD", "origin/main", "origin/master")  # CI clones often lack the first
    if name:
        tries = (name,) if name.startswith("origin/") else (f"origin/{name}", name)
    for word in tries:
        commit = commit_of(root, word)
        if commit:
            return word, commit
    return name, ""


def commit_of(root: Path, word: str) -> str:
    """Return the commit that a branch, tag or hash names; empty when there is none. `word` may come from anybody."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}")
    text = found.decode("ascii", "replace").strip() if found is not None else ""
    return text if _COMMIT.fullmatch(text) else ""


def file_at(root: Path, commit: str, path: str) -> bytes | None:
    """Return a file's content at a commit, its path relative to `root`; None when it is not there."""
    return _git(root, "show", f"{commit}:./{path}")


def changed_files(root: Path, base: str) -> frozenset[str] | None:
    """Return the files that differ from where the branch left `base`, relative to `root`, new ones included.

    In a shallow clone that point may be missing: then everything that differs from `base` itself counts as changed,
    which is stricter. None when git cannot tell.
    """
    fork = _git(root, "merge-base", base, "HEAD")
    start = fork.decode("ascii", "replace").strip() if fork else base
    tracked = _git(root, "diff", "--name-only", "--relative", "--no-renames", "--ignore-submodules", "-z", start, "--")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    if tracked is None:
        return None
    names = os.fsdecode(tracked + (new or b"")).split("\0")
    return frozenset(name for name in names if name)


def base_commits(root: Path, base: str) -> frozenset[str]:
    """Return the newest commits of the base branch."""
    listed = _git(root, "rev-list", f"--max-count={_MOST_BASE_COMMITS}", base, "--")
    return frozenset(listed.decode("ascii", "replace").split()) if listed else frozenset()


def _git(root: Path, *arguments: str) -> bytes | None:
    """Return what git printed, or None when it is missing, slow, or answers with an error."""
    import subprocess

    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env["GIT_OPTIONAL_LOCKS"] = "0"  # looking must not touch the index of a git command the user is running
    try:
        done = subprocess.run(
            ["git", "--literal-pathspecs", "-c", "core.fsmonitor=false", *arguments],
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
