"""What git knows of commits and of files as they were; without git there are no answers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pytest_selfheal.safety.git_process import git_says

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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

_TARGET_COMMITS = ("CI_MERGE_REQUEST_DIFF_BASE_SHA",)
"""Where CI services tell the commit that a pull request started from."""


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
    return git_says(root, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules") == b""


def uncommitted_files(root: Path) -> frozenset[str]:
    """Return the tracked files that differ from the commit checked out, relative to `root`; empty without git."""
    found = git_says(
        root, "diff", "--name-only", "--relative", "--no-renames", "--ignore-submodules", "-z", "HEAD", "--"
    )
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
    found = git_says(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}")
    text = found.decode("ascii", "replace").strip() if found is not None else ""
    return text if _COMMIT.fullmatch(text) else ""


def file_at(root: Path, commit: str, path: str) -> bytes | None:
    """Return a file's content at a commit, its path relative to `root`; None when it is not there."""
    return None if commit.startswith("-") else git_says(root, "show", f"{commit}:./{path}")


def base_file(root: Path, path: str, environ: Mapping[str, str]) -> bytes | None:
    """Return a file as the base branch of a CI run has it: of the branch a change goes to, else as it is committed.

    Args:
        root: the project's root directory.
        path: the file, relative to it.
        environ: the environment, which tells what the CI service works on.

    Returns:
        None when there is no such file there, or the base branch is not at hand.
    """
    named = [environ[name] for name in _TARGET_COMMITS if environ.get(name)]
    target = base_name("", environ)
    named += [target] if target else []
    found = (file_at(root, commit, path) for commit in named or ["HEAD"])
    return next((content for content in found if content is not None), None)


def changed_files(root: Path, base: str) -> frozenset[str] | None:
    """Return the files that differ from where the branch left `base`, relative to `root`, new ones included.

    In a shallow clone that point may be missing: then everything that differs from `base` itself counts as changed,
    which is stricter. None when git cannot tell.
    """
    fork = git_says(root, "merge-base", base, "HEAD")
    start = fork.decode("ascii", "replace").strip() if fork else base
    tracked = git_says(
        root, "diff", "--name-only", "--relative", "--no-renames", "--ignore-submodules", "-z", start, "--"
    )
    new = git_says(root, "ls-files", "--others", "--exclude-standard", "-z")
    if tracked is None:
        return None
    names = os.fsdecode(tracked + (new or b"")).split("\0")
    return frozenset(name for name in names if name)


def base_commits(root: Path, base: str) -> frozenset[str]:
    """Return the newest commits of the base branch."""
    listed = git_says(root, "rev-list", f"--max-count={_MOST_BASE_COMMITS}", base, "--")
    return frozenset(listed.decode("ascii", "replace").split()) if listed else frozenset()


def commits_since(root: Path, commit: str, most: int) -> list[str] | None:
    """Return the newest commits after one that are no merges, oldest first; None when there is no such one."""
    if commit.startswith("-"):
        return None
    found = git_says(root, "rev-list", "--no-merges", f"--max-count={most}", f"{commit}..HEAD", "--")
    return found.decode("ascii", "replace").split()[::-1] if found is not None else None


def describe(root: Path, name: str) -> tuple[str, str, str] | None:
    """Return a commit's full name, the beginning of it and the first line of its message; None when there is none."""
    if name.startswith("-"):
        return None
    found = git_says(root, "show", "-s", "--format=%H%x00%h%x00%s", f"{name}^{{commit}}", "--")
    parts = os.fsdecode(found or b"").rstrip("\n").split("\0")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def files_of(root: Path, commit: str) -> list[str]:
    """Return the files below `root` that a commit changed, relative to it."""
    found = git_says(root, "diff-tree", "--no-commit-id", "--name-only", "--relative", "-r", "-z", commit, "--")
    return [path for path in os.fsdecode(found or b"").split("\0") if path]
