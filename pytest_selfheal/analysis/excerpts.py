"""Which part of a file to show: all of it, or its imports and what encloses the lines in question.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from pytest_selfheal.analysis.tokens import cut
from pytest_selfheal.analysis.tokens import tokens_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

_NEAR = 12
_GAP = "# [... {} lines left out ...]"
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Span = tuple[int, int]
"""First and last line, counted from 1, both included."""


def excerpt(text: str, lines: Sequence[int], tokens: int) -> str:
    """Return the largest telling part of a file that fits into `tokens`.

    Tried in this order: the whole file; its imports with the outermost definitions around `lines`; the same with the
    innermost ones; the neighbourhood of each line; and the first of these, cut.

    Args:
        text: the file's text.
        lines: the lines in question, counted from 1, the most important first.
        tokens: the limit.
    """
    if tokens_in(text) <= tokens:
        return text
    rows = text.splitlines()
    tree = _tree(text)
    near = [(max(1, line - _NEAR), min(len(rows), line + _NEAR)) for line in lines]
    choices: list[list[Span]] = []
    if tree is not None:
        imports = _imports(tree)
        outer = [_enclosing(tree, line)[:1] for line in lines]
        inner = [_enclosing(tree, line)[-1:] for line in lines]
        choices += [[*imports, *_joined(outer)], [*imports, *_joined(inner)], _joined(inner)]
    choices += [near, near[:1]]
    for spans in choices:
        shown = _shown(rows, spans)
        if shown and tokens_in(shown) <= tokens:
            return shown
    return cut(_shown(rows, near[:1]), tokens)


def _tree(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(tree: ast.Module) -> list[Span]:
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]


def _enclosing(tree: ast.Module, line: int) -> list[Span]:
    """Return the definitions around a line, outermost first; else the top-level statement it stands in."""
    found: list[Span] = []
    for node in ast.walk(tree):
        if isinstance(node, _SCOPES):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= line <= (node.end_lineno or first):
                found.append((first, node.end_lineno or first))
    if found:
        return sorted(found)
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in tree.body
        if node.lineno <= line <= (node.end_lineno or node.lineno)
    ]


def _joined(groups: Iterable[list[Span]]) -> list[Span]:
    return [span for group in groups for span in group]


def _shown(rows: Sequence[str], spans: Iterable[Span]) -> str:
    wanted = sorted({line for first, last in spans for line in range(first, last + 1) if line <= len(rows)})
    parts: list[str] = []
    before = 0
    for line in wanted:
        if line > before + 1:
            parts.append(_GAP.format(line - before - 1))
        parts.append(rows[line - 1])
        before = line
    if wanted and before < len(rows):
        parts.append(_GAP.format(len(rows) - before))
    return "\n".join(parts)
