"""What no fix may do, whoever proposed it: a lint of the change itself.

The deny-list follows the reference on program repair (section E): a patch that touches an assertion, adds a skip or an
`except`, silences a checker or deletes statements makes tests green without repairing anything.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import copy
import os
import re
import stat
import warnings
from collections import Counter
from pathlib import Path
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.patch import lines_changed
from pytest_selfheal.repair.project import is_foreign
from pytest_selfheal.repair.respelling import only_respelt

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from pytest_selfheal.model import Patch
    from pytest_selfheal.repair.patch import Read

MAX_LINES = 150
"""A fix of more lines than this is a rewrite, and needs a person."""

_NEVER = frozenset({"conftest.py", "setup.py"})
_SILENCERS = re.compile(
    r"#.*(\bnoqa\b|type:\s*ignore|pragma:\s*no\s*cover|pylint:\s*disable|mypy:|pyright:)", re.IGNORECASE
)
_CONFLICT = re.compile(rb"^(<{7} |>{7} |\|{7} )", re.MULTILINE)
_GENERATED = re.compile(rb"@generated|do not edit", re.IGNORECASE)
_CHECKING_LINE = re.compile(
    rb"^assert\b|\bself\.assert\w+|\bpytest\.|\b(raises|warns|approx|skip|xfail|suppress)\s*\(|^except\b"
)
_VERDICTS = frozenset(
    {
        "approx",
        "deprecated_call",
        "exit",
        "fail",
        "importorskip",
        "raises",
        "skip",
        "skipif",
        "suppress",
        "warns",
        "xfail",
    }
    | {"skipIf", "skipTest", "skipUnless", "expectedFailure"}
)


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
    try:
        results = apply_patch(patch, read)
    except PatchError as error:
        return f"{error.where}: {error.what}"
    for path, new in results.items():
        reason = _text_refusal(read(path), new) or _tree_refusal(read(path), new, is_renamed)
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
    if pure.name in _NEVER or pure.name.startswith("."):
        return f"{pure.name} is never edited"
    if is_foreign(path):
        return "the file is hidden, installed, built or vendored"
    roots = [PurePosixPath(folder).parts for folder in edit_roots]
    if roots and not any(pure.parts[: len(parts)] == parts for parts in roots):
        return "the file lies outside edit_roots"
    if tracked is None or path in tracked:
        return ""
    return "the file is not tracked by git" if tracked else "git does not say which files it tracks here"


def _text_refusal(old: bytes, new: bytes) -> str:
    if _CONFLICT.search(old):
        return "the file has conflict markers"
    if _GENERATED.search(b"".join(old.splitlines(keepends=True)[:10])):
        return "the file says that it is generated"
    if Counter(_silencers(old)) != Counter(_silencers(new)):
        return "the fix adds or removes a comment that silences a checker"
    return ""


def _silencers(data: bytes) -> list[str]:
    return [match[1].lower() for match in _SILENCERS.finditer(data.decode("utf-8", "replace"))]


def _tree_refusal(old: bytes, new: bytes, is_renamed: Callable[[str, str], bool]) -> str:
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
            return _line_refusal(old, new)
    was, now = _verdicts(before, {}), _verdicts(after, {})
    if was != now and only_respelt(before, after):
        return ""
    if was != now:  # asking about names means reading the whole project
        renamed = _exceptions_renamed(before, after, is_renamed)
        was, now = _verdicts(before, renamed), _verdicts(after, {new: new for new in renamed.values()})
    for what, _text in [*(was - now), *(now - was)]:
        return f"the fix touches a check ({what})"
    if _statement_count(after) < _statement_count(before):
        return "the fix deletes statements"
    return ""


def _line_refusal(old: bytes, new: bytes) -> str:
    """Compare lines where there is no tree of the old text to compare with: a repair of its syntax."""
    before, after = _lines(old), _lines(new)
    ended = {_unended(line) for line in after}
    finished = Counter({line: count for line, count in before.items() if _unended(line) in ended})
    for line in finished:  # `except OSError` that got its colon is the same check
        partner = next(other for other in after if _unended(other) == _unended(line))
        shared = min(before[line], after[partner])
        before[line] -= shared
        after[partner] -= shared
    for line in [*(before - after), *(after - before)]:
        if _CHECKING_LINE.search(line):
            return f"the fix touches a check ({line.decode('utf-8', 'replace')[:60]})"
    if sum(after.values()) < sum(before.values()):
        return "the fix deletes lines"
    return ""


def _unended(line: bytes) -> bytes:
    """Return a line without the marks a repair of its syntax may add: a colon, and in handlers closing brackets."""
    bare = line.removesuffix(b":").rstrip()
    return bare.translate(None, b")]} ") if bare.startswith(b"except") else bare


def _lines(data: bytes) -> Counter[bytes]:
    return Counter(line.strip() for line in data.splitlines() if line.strip())


def _verdicts(tree: ast.Module, renamed: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """Everything that decides whether a test passes, as text that does not depend on its place.

    In handlers and `raise` statements the classes in `renamed` are called as it says, wherever they come from.
    """
    return Counter(_verdicts_of(tree, renamed))


class _Renaming(ast.NodeTransformer):
    """Puts one plain name in the place of every name or attribute that means a renamed class."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Rename a plain name."""
        return ast.Name(id=self._renamed[node.id], ctx=ast.Load()) if node.id in self._renamed else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Rename an attribute of a module."""
        if node.attr in self._renamed:
            return ast.Name(id=self._renamed[node.attr], ctx=ast.Load())
        return self.generic_visit(node)


def _shown(node: ast.AST, renamed: Mapping[str, str]) -> str:
    if not renamed:
        return ast.dump(node)
    return ast.dump(_Renaming(renamed).visit(copy.deepcopy(node)))


def _exceptions_renamed(
    before: ast.Module, after: ast.Module, is_renamed: Callable[[str, str], bool]
) -> dict[str, str]:
    """Return the names that a module no longer has at all, with the one new name that certainly stands for each."""
    old, new = _identifiers(before), _identifiers(after)
    found: dict[str, str] = {}
    for gone in sorted(old - new):
        partners = [come for come in sorted(new - old) if is_renamed(gone, come)]
        if len(partners) == 1:
            found[gone] = partners[0]
    return found


def _identifiers(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.update((node.name, node.asname or ""))
    return names


def _verdicts_of(tree: ast.Module, renamed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield "assert", ast.dump(node)
        elif isinstance(node, ast.Raise):
            yield "raise", _shown(node, renamed)
        elif isinstance(node, ast.ExceptHandler):
            silent = all(isinstance(part, (ast.Pass, ast.Continue, ast.Break)) for part in node.body)
            yield "except", f"{_shown(node.type, renamed) if node.type else ''} {silent}"
        elif isinstance(node, ast.Call) and (name := _last_name(node.func)) in _VERDICTS:
            yield name, ast.dump(node)
        elif isinstance(node, ast.Attribute) and node.attr in _VERDICTS:
            yield node.attr, ast.dump(node)
        elif isinstance(node, ast.Call) and (name := _last_name(node.func)).startswith("assert"):
            yield name, ast.dump(node)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _statement_count(tree: ast.Module) -> int:
    """Statements other than imports and `pass`."""
    light = (ast.Import, ast.ImportFrom, ast.Pass)
    return sum(isinstance(node, ast.stmt) and not isinstance(node, light) for node in ast.walk(tree))
