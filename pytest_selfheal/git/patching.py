"""The patch: the same change as text, for a person or another job to apply.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_selfheal.errors import GitError
from pytest_selfheal.git.building import build_tree
from pytest_selfheal.git.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.git.asking import Place
    from pytest_selfheal.git.building import Built
    from pytest_selfheal.git.building import Order

_DIFF = ("--patch", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")


def make_patch(place: Place, order: Order, scratch: Path) -> tuple[Built, bytes]:
    """Return what would be new on HEAD, and the patch for it; nothing in the user's repository changes.

    Raises:
        GitError: git does not accept the patch it made.
    """
    git = Scratch(scratch, place, borrow=True).git
    built = build_tree(git, place.head, order, scratch)
    if not built.new:
        return built, b""
    patch = git.must("diff-tree", *_DIFF, "--src-prefix=a/", "--dst-prefix=b/", built.base_tree, built.tree).out
    index = git.with_env(GIT_INDEX_FILE=os.fspath(scratch / "check"))
    index.must("read-tree", built.base_tree)
    checked = index.ask("apply", "--check", "--cached", "--whitespace=nowarn", "-", data=patch)
    if not checked.ok:
        raise GitError(f"the patch does not apply to HEAD: {checked.why}", where="git apply --check")
    return built, patch
