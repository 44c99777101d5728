"""Two modules import each other while both are being imported: put one import off until its name is used.

Possible where the name is used inside functions only, or in annotations that nothing evaluates. It is sure where nobody
gets the name from that module: then only the moment of the import changes. What a package offers is shown and not
written.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.fixers.building import places
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.patch import insert
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.symbols import FunctionNode
from pytest_selfheal.repair.symbols import bindings
from pytest_selfheal.repair.symbols import dotted
from pytest_selfheal.repair.symbols import functions_of
from pytest_selfheal.repair.symbols import imports_in

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

NAME = "circular_import"

_SURE = 0.86
_MOST_PLACES = 3
"""In more functions than these an import is better put elsewhere, which a person has to say."""

_PARTIAL = re.compile(r"^cannot import name '\w+' from partially initialized module '([\w.]+)'")


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return one suggestion: the innermost import of the circle that can wait; empty when none can."""
    for link in links(failure):
        if kind(link) != "ImportError" or not _PARTIAL.match(first_line(link)):
            continue
        for path, line in places(link, project):
            if kind_of(path) != "product":
                break
            try:
                found = _later(path, line, project)
            except PatchError:
                found = None
            if found is not None:
                return [found]
    return []


def _later(path: str, line: int, project: Project) -> Candidate | None:
    tree = project.tree(path)
    node = next((item for item in tree.body if item.lineno <= line <= (item.end_lineno or 0)), None) if tree else None
    if tree is None or not isinstance(node, ast.ImportFrom) or node.names[0].name == "*":
        return None
    names = {alias.asname or alias.name for alias in node.names}
    users = _users(tree, names)
    if users is None:
        return None
    text = source(project, path)
    statement = replace(text, (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0), "")
    if "\n" in statement.old or "#" in statement.old:
        return None
    typed = _is_typed(tree, names)
    edits = [_for_types(text, tree, node, statement.old) if typed else _without(text, tree, node)]
    for function in users:
        first = _first_statement(function)
        margin = " " * first.col_offset
        edits.append(insert(text, (first.lineno, first.col_offset), f"{statement.old}{text.newline * 2}{margin}"))
    title = f"import {', '.join(sorted(names))} only where it is used in {path}"
    said = f"`{statement.old}` closes the circle, and nothing outside of functions uses what it imports"
    private = not path.endswith("__init__.py") and not _is_passed_on(path, names, project)
    sure = private and len(users) <= _MOST_PLACES
    return candidate(NAME, title, edits, project, confidence=_SURE if sure else SUGGEST, evidence=[said])


def _is_passed_on(path: str, names: set[str], project: Project) -> bool:
    """Tell whether anything gets one of the names from this module, or replaces it there by its text."""
    module = project.module_name(path)
    told = {f"{module}.{name}" for name in names}
    for other, _facts in project.mentioning(module.rpartition(".")[2]):
        tree = project.tree(other)
        if tree is None:
            return True
        package = project.package_of(other)
        forms = [form.absolute(package) for _node, form in imports_in(tree)]
        if any(form is not None and form.module == module and form.name in {*names, "*"} for form in forms):
            return True
        bound = bindings(tree, package)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in names and dotted(node, bound) in told:
                return True
            if isinstance(node, ast.Constant) and node.value in told:
                return True
    return False


def _is_typed(tree: ast.Module, names: set[str]) -> bool:
    return any(_is_one(part, names) for item in _annotations(tree) for part in ast.walk(item))


def _annotations(tree: ast.Module) -> list[ast.expr]:
    """The annotations that Python keeps as text; none in a file that evaluates them."""
    lazy = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
    found: list[ast.expr | None] = []
    for node in ast.walk(tree) if lazy else ():
        if isinstance(node, (ast.arg, ast.AnnAssign)):
            found.append(node.annotation)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(node.returns)
    return [item for item in found if item is not None]


def _users(tree: ast.Module, names: set[str]) -> list[FunctionNode] | None:
    """The outermost functions that use the names in their bodies; None when anything but annotations does as well."""
    inside: set[int] = set()
    users = []
    every = [function for _owner, function in functions_of(tree)]
    nested = {id(part) for function in every for part in ast.walk(function) if part is not function}
    for function in every:
        if id(function) in nested:
            continue
        used = [part for statement in function.body for part in ast.walk(statement) if _is_one(part, names)]
        inside.update(map(id, used))
        if used:
            users.append(function)
    inside.update(id(part) for item in _annotations(tree) for part in ast.walk(item) if _is_one(part, names))
    every_use = [part for part in ast.walk(tree) if _is_one(part, names)]
    told = any(isinstance(part, ast.Constant) and part.value in names for part in ast.walk(tree))
    if told or not every_use or any(id(part) not in inside for part in every_use):
        return None
    return sorted(users, key=lambda function: function.lineno)


def _is_one(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _first_statement(function: FunctionNode) -> ast.stmt:
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1] if is_docstring and len(function.body) > 1 else first


def _for_types(text: Source, tree: ast.Module, node: ast.ImportFrom, statement: str) -> Edit:
    """Put the import where only type checkers see it."""
    known = any(
        isinstance(item, ast.ImportFrom)
        and item.module == "typing"
        and any(a.name == "TYPE_CHECKING" for a in item.names)
        for item in tree.body
        if item.lineno < node.lineno
    )
    line = text.newline
    head = "" if known else f"from typing import TYPE_CHECKING{line * 2}"
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return replace(text, (node.lineno, node.col_offset), end, f"{head}if TYPE_CHECKING:{line}    {statement}")


def _without(text: Source, tree: ast.Module, node: ast.ImportFrom) -> Edit:
    """Take the import's line out, and the empty lines below it where it was the only one above the code."""
    at = tree.body.index(node)
    following = tree.body[at + 1].lineno if at + 1 < len(tree.body) else (node.end_lineno or node.lineno) + 1
    alone = at == 0
    lines = [line.strip() for line in text.lines[(node.end_lineno or node.lineno) : following - 1]]
    end = following if alone and not any(lines) else (node.end_lineno or node.lineno) + 1
    return replace(text, (node.lineno, 0), (end, 0), "")
