"""The names that are bound where a line stands.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.symbols import FunctionNode
from pytest_selfheal.repair.symbols import functions_of

if TYPE_CHECKING:
    from pytest_selfheal.repair.project import Project

_OF_MODULES = frozenset({"__name__", "__file__", "__doc__", "__package__", "__path__", "__spec__", "__builtins__"})
"""Names every module has."""


def visible(tree: ast.Module, line: int) -> set[str]:
    """Return the names bound where the line stands: by the functions around it, the module, and Python."""
    names = {name for name in dir(builtins) if not name.startswith("_")} | _OF_MODULES
    for _owner, function in functions_of(tree):
        if function.lineno <= line <= (function.end_lineno or function.lineno):
            names |= _bound_in(function)
    return names | _bound_in(tree)


def through_stars(tree: ast.Module, path: str, project: Project) -> set[str]:
    """Return what `from module import *` brings from modules of the project, one module deep."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            for module in forms_of(node, project.package_of(path)):
                facts = project.facts(project.modules[module]) if module in project.modules else None
                names.update(name for name in (facts.bound if facts is not None else ()) if not name.startswith("_"))
    return names


def _bound_in(scope: ast.Module | FunctionNode) -> set[str]:
    names: set[str] = set()
    if not isinstance(scope, ast.Module):
        every = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs, scope.args.vararg, scope.args.kwarg]
        names.update(argument.arg for argument in every if argument is not None)
    waiting: list[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.Lambda):
            continue
        waiting.extend(ast.iter_child_nodes(node))
    return names


def forms_of(node: ast.ImportFrom, package: str) -> list[str]:
    """Return the absolute name of the module an import is from; empty when its dots lead out of the package."""
    absolute = Import(node.module or "", "x", "", node.level).absolute(package)
    return [absolute.module] if absolute else []
