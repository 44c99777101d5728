"""What the modules of the standard library offer, told without running any of their code that is not loaded yet.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.repair.imports import is_standard

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

_EXTENSION = frozenset({".so", ".pyd", ".dylib"})


@cache
def offered_by(module: str) -> frozenset[str] | None:
    """Return the names that can be read from a top-level standard module, submodules of a package included.

    Args:
        module: a name without dots, such as `platform`.

    Returns:
        The names; None when they cannot be known, as for modules that make their names when asked.
    """
    loaded = sys.modules.get(module)
    if loaded is not None:
        return frozenset(vars(loaded)) | _submodules(getattr(loaded, "__path__", ()))
    spec = importlib.util.find_spec(module)
    if spec is None or not is_standard(module):
        return None
    if spec.origin in ("built-in", "frozen") or Path(spec.origin or "").suffix in _EXTENSION:
        return frozenset(vars(importlib.import_module(module)))  # compiled: there is no other way, and it is cheap
    try:
        tree = ast.parse(Path(spec.origin or "").read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names = set(_bound_at_top(tree.body))
    stars = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and _is_star(node)}
    for star in stars:
        more = offered_by(star) if star and "." not in star else None
        if more is None:
            return None
        names |= more
    if "__getattr__" in names:
        return None
    return frozenset(names) | _submodules(spec.submodule_search_locations or ())


def _submodules(folders: Iterable[str]) -> frozenset[str]:
    return frozenset(
        entry.stem
        for folder in folders
        if Path(folder).is_dir()
        for entry in Path(folder).iterdir()
        if entry.suffix == ".py" or entry.is_dir()
    )


def _is_star(node: ast.ImportFrom) -> bool:
    return any(alias.name == "*" for alias in node.names)


def _bound_at_top(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield what statements bind in their own scope; bodies of functions and classes are other scopes."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
            continue
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
