"""Which names a module uses without having them, and how it uses them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
import difflib
import symtable
from dataclasses import dataclass

_TYPO_RATIO = 0.8
_GIVEN = frozenset(dir(builtins)) | {"__file__", "__path__", "__builtins__", "__annotations__", "WindowsError"}


@dataclass(frozen=True)
class Usage:
    """How one global name is used in a module.

    Attributes:
        chains: dotted attribute paths read from it, without the name itself: `("path", "path.join")`.
        called: it is called, used as a base class or as a decorator - none of which a module can be.
        bare: it stands somewhere without an attribute after it.
        local: it stands so inside a function, where a variable may have been lost.
    """

    chains: frozenset[str]
    called: bool
    bare: bool
    local: bool = False

    @property
    def attributes(self) -> frozenset[str]:
        """The first parts of `chains`."""
        return frozenset(chain.partition(".")[0] for chain in self.chains)


def usage_of(tree: ast.Module, name: str) -> Usage:
    """Describe how `name` is used anywhere in the module."""
    chains: set[str] = set()
    inner: set[int] = set()
    called = bare = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            chain = _chain(node)
            if chain and chain[0].id == name:
                chains.add(chain[1])
                inner.add(id(chain[0]))
        called = called or any(_is(part, name) for part in _called_by(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name and id(node) not in inner:
            bare = True
    local = bare and any(
        isinstance(node, ast.Name) and node.id == name and id(node) not in inner
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for statement in function.body
        for node in ast.walk(statement)
    )
    return Usage(frozenset(chains), called, bare, local)


def _called_by(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [node.func]
    return [*getattr(node, "bases", ()), *getattr(node, "decorator_list", ())]


def _chain(node: ast.Attribute) -> tuple[ast.Name, str] | None:
    parts: list[str] = []
    value: ast.expr = node
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    return (value, ".".join(reversed(parts))) if isinstance(value, ast.Name) else None


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def undefined_names(text: str, path: str) -> list[str]:
    """Return the names used as globals that the module never binds and Python does not provide, sorted.

    Empty when the module has a star import (anything may come from it). String annotations are not looked into: names
    in them are not needed when the module runs.

    Raises:
        SyntaxError: the text does not parse.
    """
    top = symtable.symtable(text, path, "exec")
    bound: set[str] = set()
    used: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            here = table is top or symbol.is_declared_global()
            if here and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()):
                bound.add(symbol.get_name())
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                used.add(symbol.get_name())
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(ast.parse(text))):
        return []
    return sorted(name for name in used - bound - _GIVEN if not (name.startswith("__") and name.endswith("__")))


def names_bound_anywhere(tree: ast.Module) -> frozenset[str]:
    """Return every name any scope of the module binds: variables, arguments, definitions, imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return frozenset(names)


def looks_like_typo(name: str, bound: frozenset[str]) -> str:
    """Return the bound or built-in name that `name` is probably a misspelling of; empty when there is none.

    Names that differ in case only (`Counter` the class, `counter` the variable) are no typos of each other.
    """
    for close in difflib.get_close_matches(name, sorted(bound | _GIVEN), n=3, cutoff=_TYPO_RATIO):
        if close.lower() != name.lower():
            return close
    return ""
