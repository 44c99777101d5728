"""Does a change only spell names right? Then `raise` and `except` may change with it: the old text could not work.

`raise NotFuond(path)` raises a `NameError`, so `raise NotFound(path)` weakens nothing.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_selfheal.repair.closeness import is_slip

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPELT = ((ast.Name, "id"), (ast.Attribute, "attr"), (ast.keyword, "arg"))


def only_respelt(before: ast.Module, after: ast.Module) -> bool:
    """Tell whether two trees differ by slips of the finger in names alone, none of which the old file binds itself.

    Assertions must be the same: what a test expects is not spelt anew.
    """
    bound: set[str] | None = None
    for one, two in zip_longest(ast.walk(before), ast.walk(after)):
        if type(one) is not type(two) or (_is_check(one) and ast.dump(one) != ast.dump(two)):
            return False
        for field, old, new in _differing(one, two):
            if (type(one), field) not in _SPELT or not (isinstance(old, str) and isinstance(new, str)):
                return False
            if isinstance(one, ast.Name):
                bound = _bound(before) if bound is None else bound
                if old in bound:
                    return False
            if not is_slip(old, new):
                return False
    return True


def _differing(one: ast.AST, two: ast.AST) -> Iterator[tuple[str, object, object]]:
    """Yield the fields of two nodes that hold different plain values, or another number of nodes."""
    for field in one._fields:
        old, new = getattr(one, field, None), getattr(two, field, None)
        if isinstance(old, list) and isinstance(new, list) and all(isinstance(item, ast.AST) for item in old):
            if len(old) != len(new):
                yield field, len(old), len(new)
        elif not (isinstance(old, ast.AST) and isinstance(new, ast.AST)) and old != new:
            yield field, old, new


def _is_check(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    called = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
    return isinstance(called, str) and called.startswith("assert")


def _bound(tree: ast.Module) -> set[str]:
    names = set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
    return names
