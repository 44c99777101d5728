"""What is asked of git about the work tree; a project without git gets no answers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.errors import GitError
from pytest_selfheal.safety.git_process import Git

if TYPE_CHECKING:
    from pathlib import Path

_OPERATIONS = {
    "MERGE_HEAD": "a merge is in progress",
    "rebase-merge": "a rebase is in progress",
    "rebase-apply": "a rebase is in progress",
    "CHERRY_PICK_HEAD": "a cherry-pick is in progress",
    "REVERT_HEAD": "a revert is in progress",
    "BISECT_LOG": "a bisect is in progress",
}


def operation_in_progress(root: Path) -> str:
    """Return which git operation the work tree is in the middle of, in words; empty when none, or without git."""
    try:
        folder = Git(root).ask("rev-parse", "--absolute-git-dir")
    except GitError:
        return ""
    if not folder.ok:
        return ""
    for name, words in _OPERATIONS.items():
        if os.path.lexists(os.path.join(folder.text, name)):  # noqa: PTH118 - git answers in text
            return words
    return ""


@dataclass(frozen=True)
class Place:
    """Where a project lies in its repository.

    Attributes:
        git: runs git in the project's folder.
        root: the project's folder.
        prefix: the project's folder below the top of the work tree, with a slash at its end; empty at the top.
        branch: the current branch; empty when HEAD is detached.
        head: the commit HEAD names; empty before the first one.
    """

    git: Git
    root: Path
    prefix: str
    branch: str
    head: str

    @classmethod
    def of(cls, root: Path) -> Place:
        """Return the place of a project.

        Raises:
            GitError: the project is in no work tree, or git is missing.
        """
        git = Git(root)
        inside = git.ask("rev-parse", "--show-prefix")
        if not inside.ok or git.must("rev-parse", "--is-inside-work-tree").text != "true":
            raise GitError(
                "the project is in no git work tree" if "not a git repo" in inside.why or inside.ok else inside.why,
                where=str(root),
                todo="run `git init`, or run the command in a clone",
            )
        branch = git.ask("symbolic-ref", "--quiet", "HEAD")
        head = git.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        name = branch.text.removeprefix("refs/heads/") if branch.ok else ""
        return cls(git, root, inside.text, name, head.text if head.ok else "")

    @property
    def object_format(self) -> str:
        """`sha1` or `sha256`."""
        return self.git.must("rev-parse", "--show-object-format").text

    def in_tree(self, path: str) -> str:
        """Return a path relative to the project as one relative to the top of the work tree."""
        return self.prefix + path

    def is_ignored(self, path: str) -> bool:
        """Tell whether git's ignore rules keep a file out of commits; a tracked file is never ignored."""
        # `./` takes the magic out of a path that begins with `:`; the command knows no literal paths.
        answer = self.git.ask("check-ignore", "-z", "--stdin", data=os.fsencode(f"./{path}") + b"\0", literal=False)
        if answer.status not in (0, 1) and "in submodule" not in answer.why:
            raise GitError(answer.why, where="git check-ignore")
        return answer.ok

    def remote_url(self, remote: str) -> str:
        """Return where pushing to a remote goes, usable from any repository.

        Raises:
            GitError: there is no such remote.
        """
        answer = self.git.ask("remote", "get-url", "--push", "--", remote)
        if not answer.ok:
            raise GitError(
                f"there is no remote {remote!r}",
                where=str(self.root),
                todo="name one with --remote, or `git remote add`",
            )
        url = answer.text
        # git takes a relative path from the top of the work tree; `host:path` is none.
        if "://" not in url and ":" not in url.partition("/")[0] and not os.path.isabs(url):  # noqa: PTH117 - text
            top = self.git.must("rev-parse", "--show-toplevel").text
            return os.path.normpath(os.path.join(top, url))  # noqa: PTH118 - as above
        return url
