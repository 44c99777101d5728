"""Whether an edit repeats values of the test: then it may answer the test instead of correcting the defect.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import Rewrite

_LITERAL = re.compile(r"""\b\d+(?:\.\d+)?\b|'[^'\n\\]{2,}'|"[^"\n\\]{2,}\"""")
_EVERYWHERE = frozenset({"0", "1", "2", "10", "100", "0.0", "1.0", "utf-8"})


def echoed(rewrites: Iterable[Rewrite], test: str, name: str) -> tuple[str, ...]:
    """Return the values that stand in the test and are new in the edited places, in their order in the edits.

    Args:
        rewrites: the edits.
        test: the source of the test's file.
        name: the test function's name; the whole file counts where it cannot be found.
    """
    known = _values(_function(test, name))
    found: dict[str, None] = {}
    for rewrite in rewrites:
        before = _values(rewrite.search)
        found.update((value, None) for value in _values(rewrite.replace) if value in known and value not in before)
    return tuple(found)


def _values(text: str) -> dict[str, None]:
    literals = (match.strip("'\"") for match in _LITERAL.findall(text))
    return {value: None for value in literals if value not in _EVERYWHERE}


def _function(text: str, name: str) -> str:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return ast.get_source_segment(text, node) or text
    return text
