"""Builds trees and commits in a temporary index; the index and the files of the user are not looked at.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.git.message import commit_message
from pytest_selfheal.model import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_selfheal.model import GeneratedFile
    from pytest_selfheal.safety.git_process import Git

BOT_NAME = "pytest-selfheal[bot]"
BOT_EMAIL = "pytest-selfheal@noreply.invalid"
_TREE = "040000"
_REGULAR = ("100644", "100755")
_IN_THE_WAY = {"120000": "a symbolic link", "160000": "a submodule"}


@dataclass(frozen=True)
class Order:
    """What is to be committed.

    Attributes:
        files: the files, already checked.
        in_tree: turns a file's path into the one below the top of the work tree.
        is_ours: tells whether a text is a generated file that nobody edited.
        email: address of the author.
        sign: sign the commit with the user's key.
        skip_ci: ask CI services not to run for this commit.
    """

    files: Sequence[GeneratedFile]
    in_tree: Callable[[str], str]
    is_ours: Callable[[str], bool]
    email: str = BOT_EMAIL
    sign: bool = False
    skip_ci: bool = False


class Built(NamedTuple):
    """A tree with the files that are new in it, and those that must stay as they are."""

    tree: str
    base_tree: str
    new: tuple[GeneratedFile, ...]
    skipped: tuple[Skipped, ...]


class _Entry(NamedTuple):
    mode: str
    object_id: str


def build_tree(git: Git, base: str, order: Order, scratch: Path) -> Built:
    """Return the tree of `base` with the files in it.

    Args:
        git: the repository the objects go to.
        base: a commit; empty for none.
        order: the files.
        scratch: a folder for the temporary index.

    Raises:
        GitError: git could not do it, for instance because the repository is read-only.
    """
    base_tree = git.must("rev-parse", f"{base}^{{tree}}").text if base else git.must("mktree").text
    lines: list[bytes] = []
    new: list[GeneratedFile] = []
    skipped: list[Skipped] = []
    for file in order.files:
        path = order.in_tree(file.path)
        problem, is_there = _compare(git, base_tree, path, file, order.is_ours)
        if problem:
            skipped.append(Skipped(file.path, problem))
        elif not is_there:
            blob = git.must("hash-object", "-w", "--stdin", data=file.text.encode("utf-8")).text
            lines.append(b"100644 " + blob.encode("ascii") + b"\t" + os.fsencode(path) + b"\0")
            new.append(file)
    if not new:
        return Built(base_tree, base_tree, (), tuple(skipped))
    index = git.with_env(GIT_INDEX_FILE=os.fspath(scratch / "index"))
    index.must("read-tree", base_tree)
    index.must("update-index", "-z", "--index-info", data=b"".join(lines))
    # Objects of the base may be away (a partial clone); nothing of the base is checked again.
    tree = index.must("write-tree", "--missing-ok").text
    return Built(tree, base_tree, tuple(new), tuple(skipped))


def make_commit(git: Git, built: Built, parent: str, order: Order) -> str:
    """Return a new commit of a built tree; no branch moves.

    Raises:
        GitError: git could not do it, for instance because there is no key to sign with.
    """
    names = {f"GIT_{role}_NAME": BOT_NAME for role in ("AUTHOR", "COMMITTER")}
    mails = {f"GIT_{role}_EMAIL": order.email for role in ("AUTHOR", "COMMITTER")}
    arguments = ["-S"] if order.sign else ["--no-gpg-sign"]
    arguments += ["-p", parent] if parent else []
    message = commit_message(built.new, skip_ci=order.skip_ci).encode("ascii")
    return git.with_env(**names, **mails).must("commit-tree", *arguments, "-F", "-", built.tree, data=message).text


def _compare(git: Git, tree: str, path: str, file: GeneratedFile, is_ours: Callable[[str], bool]) -> tuple[str, bool]:
    """Return why the file must not be put there, and whether it is there already."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        folder = "/".join(parts[:depth])
        entry = _entry(git, tree, folder)
        if entry is None:
            return "", False
        if entry.mode != _TREE:
            return f"{folder} is {_IN_THE_WAY.get(entry.mode, 'a file')} in the repository", False
    entry = _entry(git, tree, path)
    if entry is None:
        return "", False
    if entry.mode not in _REGULAR:
        return f"it is {_IN_THE_WAY.get(entry.mode, 'a folder')} in the repository", False
    there = git.must("cat-file", "blob", entry.object_id).out.replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape")
    if there == file.text:
        return "", True
    return ("" if is_ours(there) else "it was edited by a person in the repository and stays as it is"), False


def _entry(git: Git, tree: str, path: str) -> _Entry | None:
    found = git.must("ls-tree", "-z", "--full-tree", tree, "--", path).out
    for line in found.split(b"\0"):
        meta, _, name = line.partition(b"\t")
        if name == os.fsencode(path):
            mode, _kind, object_id = meta.decode("ascii").split(" ")
            return _Entry(mode, object_id)
    return None
