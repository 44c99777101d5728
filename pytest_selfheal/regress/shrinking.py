"""Shorter versions of a call, for inputs too long to be read.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 200
"""Characters up to which a call keeps its original input."""

_MOST = 8
_SHORT_TEXT = 8


def is_long(text: str) -> bool:
    """Tell whether a call is worth shrinking."""
    return len(text) > LONG


def smaller(text: str) -> list[str]:
    """Return shorter versions of an expression, shortest first: halves of its largest containers and texts.

    Only elements of lists, tuples, sets, dictionaries and texts are left out; names and calls stay.
    """
    tree = ast.parse(text, mode="eval")
    places = [node for node in ast.walk(tree) if _size(node) > 1]
    places.sort(key=_weight, reverse=True)
    found: dict[str, None] = {}
    for place in places[:_MOST]:
        for version in _versions(tree, place):
            if len(version) < len(text):
                found.setdefault(version)
    return sorted(found, key=len)[:_MOST]


def _size(node: ast.AST) -> int:
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return len(node.elts)
    if isinstance(node, ast.Dict):
        return len(node.keys)
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) and len(node.value) > _SHORT_TEXT:
        return len(node.value)
    return 0


def _weight(node: ast.AST) -> int:
    return (getattr(node, "end_col_offset", 0) or 0) - getattr(node, "col_offset", 0)


def _versions(tree: ast.Expression, place: ast.AST) -> Iterator[str]:
    size = _size(place)
    for start, end in ((0, size // 2), (size // 2, size), (0, size - 1), (1, size)):
        kept = copy.deepcopy(place)
        if isinstance(kept, (ast.List, ast.Tuple, ast.Set)):
            kept.elts = kept.elts[start:end]
        elif isinstance(kept, ast.Dict):
            kept.keys, kept.values = kept.keys[start:end], kept.values[start:end]
        elif isinstance(kept, ast.Constant):
            kept.value = kept.value[start:end]  # type: ignore[index] # only texts have a size
        if isinstance(kept, ast.Set) and not kept.elts:
            continue
        replaced = _Replace(place, kept).visit(copy.copy(tree))
        yield ast.unparse(replaced)
        _Replace(kept, place).visit(replaced)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)
