"""What no fix may do, whoever proposed it: a lint of the change itself.

The deny-list follows the reference on program repair (section E): a patch that touches an assertion, adds a skip or an
`except`, silences a checker or deletes statements makes tests green without repairing anything.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import io
import os
import re
import stat
import tokenize
import warnings
from collections import Counter
from pathlib import Path
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.patch import lines_changed
from pytest_selfheal.repair.project import is_foreign
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.securing import weakened
from pytest_selfheal.repair.verdicts import loosened
from pytest_selfheal.repair.verdicts import loosened_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from pytest_selfheal.model import Patch
    from pytest_selfheal.repair.patch import Read

MAX_LINES = 150
"""A fix of more lines than this is a rewrite, and needs a person."""

MAX_TEXT = 64 * 1024
"""So many characters of new text at most: a long line is no small edit either."""

MAX_FILES = 50
"""So many files at most, unless a person is there: a sweep of more is a migration."""

_NEVER = frozenset({"conftest.py", "setup.py", "noxfile.py", "toxfile.py", "fabfile.py", "dodo.py", "sitecustomize.py"})
_CI_FOLDERS = frozenset({"ci", "CI", "jenkins"})
_MIGRATION = re.compile(r"(^|/)(migrations/\d\w*|alembic/versions/\w+)\.py$")
_SILENCERS = re.compile(
    r"#.*(\bnoqa\b|\bnosec\b|\bnosonar\b|\b(type|pyre-\w+|pytype|pyrefly|ty):\s*(ignore|disable)"
    r"|pragma:\s*no\s*\w+|pylint:\s*disable|mypy:|pyright:|ruff:|flake8:)",
    re.IGNORECASE,
)
_CONFLICT = re.compile(rb"^(<{7} |>{7} |\|{7} )", re.MULTILINE)
_GENERATED = re.compile(rb"@generated|do not edit", re.IGNORECASE)


def refusal(
    patch: Patch,
    read: Read,
    root: Path,
    edit_roots: Iterable[str] = (),
    tracked: AbstractSet[str] | None = None,
    is_renamed: Callable[[str, str], bool] = lambda _old, _new: False,
) -> str:
    """Return why `patch` must not be applied, in one sentence; empty when nothing stands against it.

    Args:
        patch: edits with paths relative to `root`.
        read: gives the files as they are now.
        root: the root directory.
        edit_roots: folders that may be edited, relative to the root; empty means all of it.
        tracked: the files git tracks; None outside a git work tree.
        is_renamed: tells whether an exception class of the project is certainly called otherwise now: then handlers
            and `raise` statements may follow.
    """
    if not patch.edits:
        return "the patch is empty"
    for path in sorted({edit.path for edit in patch.edits}):
        reason = path_refusal(path, root, edit_roots, tracked)
        if reason:
            return f"{path}: {reason}"
    if lines_changed(patch) > MAX_LINES:
        return f"the fix touches {lines_changed(patch)} lines, more than {MAX_LINES}"
    if sum(len(edit.new) for edit in patch.edits) > MAX_TEXT:
        return f"the fix writes more than {MAX_TEXT} characters"
    if len({edit.path for edit in patch.edits}) > MAX_FILES:
        return f"the fix touches more than {MAX_FILES} files"
    try:
        results = apply_patch(patch, read)
    except PatchError as error:
        return f"{error.where}: {error.what}"
    for path, new in results.items():
        reason = _text_refusal(read(path), new) or _tree_refusal(
            read(path), new, is_renamed, is_test=kind_of(path) == "test"
        )
        if reason:
            return f"{path}: {reason}"
    return ""


def path_refusal(path: str, root: Path, edit_roots: Iterable[str] = (), tracked: AbstractSet[str] | None = None) -> str:
    """Return why the file at the relative `path` may not be edited; empty when it may."""
    reason = _name_refusal(path, edit_roots, tracked)
    if reason:
        return reason
    full = Path(os.path.realpath(root), path)
    if os.path.realpath(full) != str(full):
        return "the path goes through a symbolic link"
    try:
        mode = full.lstat().st_mode
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"
    return "" if stat.S_ISREG(mode) else "this is no regular file"


def _name_refusal(path: str, edit_roots: Iterable[str], tracked: AbstractSet[str] | None) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path or str(pure) != path:
        return "the path leaves the project"
    if pure.suffix != ".py":
        return "only Python files are edited"
    if reason := _kind_refusal(path, pure):
        return reason
    roots = [PurePosixPath(folder).parts for folder in edit_roots]
    if roots and not any(pure.parts[: len(parts)] == parts for parts in roots):
        return "the file lies outside edit_roots"
    if tracked is None or path in tracked:
        return ""
    return "the file is not tracked by git" if tracked else "git does not say which files it tracks here"


def _kind_refusal(path: str, pure: PurePosixPath) -> str:
    if pure.name in _NEVER or pure.name.startswith("."):
        return f"{pure.name} is never edited"
    if pure.parts[0] in _CI_FOLDERS:
        return "files of the CI are never edited"
    if _MIGRATION.search(path):
        return "database migrations are never edited"
    return "the file is hidden, installed, built or vendored" if is_foreign(path) else ""


def _text_refusal(old: bytes, new: bytes) -> str:
    if _CONFLICT.search(old):
        return "the file has conflict markers"
    if _GENERATED.search(b"".join(old.splitlines(keepends=True)[:10])):
        return "the file says that it is generated"
    if _encoding(old) != _encoding(new):
        return "the fix changes the encoding of the file"
    if Counter(_silencers(old)) != Counter(_silencers(new)):
        return "the fix adds or removes a comment that silences a checker"
    return ""


def _encoding(data: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError as error:
        return str(error)


def _silencers(data: bytes) -> list[str]:
    return [match[1].lower() for match in _SILENCERS.finditer(data.decode("utf-8", "replace"))]


def _tree_refusal(old: bytes, new: bytes, is_renamed: Callable[[str, str], bool], *, is_test: bool) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            after = ast.parse(new)
            compile(new, "<fix>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError) as error:
            return f"the result does not compile ({error})"
        try:
            before = ast.parse(old)
        except (SyntaxError, ValueError, RecursionError):
            before = None
    less_safe = weakened(old, new, before, after)
    if less_safe:
        return f"the fix makes the code less safe ({less_safe})"
    if before is None:
        return loosened_lines(old, new, after, is_test=is_test)
    return loosened(before, after, is_renamed, is_test=is_test)
