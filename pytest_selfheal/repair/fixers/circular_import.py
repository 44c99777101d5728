"""Two modules import each other while both are being imported: put one import off until its name is used.

Possible where the name is used inside functions only. Where an import stands is a matter of design, so this is shown
and not written.

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
from pytest_selfheal.repair.symbols import functions_of

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

NAME = "circular_import"

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
    if not users:
        return None
    text = source(project, path)
    statement = replace(text, (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0), "")
    if "\n" in statement.old or "#" in statement.old:
        return None
    edits = [_without(text, tree, node)]
    for function in users:
        first = _first_statement(function)
        margin = " " * first.col_offset
        edits.append(insert(text, (first.lineno, first.col_offset), f"{statement.old}{text.newline * 2}{margin}"))
    title = f"import {', '.join(sorted(names))} only where it is used in {path}"
    said = f"`{statement.old}` closes the circle, and nothing outside of functions uses what it imports"
    return candidate(NAME, title, edits, project, confidence=SUGGEST, evidence=[said])


def _users(tree: ast.Module, names: set[str]) -> list[FunctionNode]:
    """The outermost functions that use the names in their bodies; empty when anything else uses them."""
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
    every_use = [part for part in ast.walk(tree) if _is_one(part, names)]
    told = any(isinstance(part, ast.Constant) and part.value in names for part in ast.walk(tree))
    if told or not every_use or any(id(part) not in inside for part in every_use):
        return []
    return sorted(users, key=lambda function: function.lineno)


def _is_one(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _first_statement(function: FunctionNode) -> ast.stmt:
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1] if is_docstring and len(function.body) > 1 else first


def _without(text: Source, tree: ast.Module, node: ast.ImportFrom) -> Edit:
    """Take the import's line out, and the empty lines below it where it was the only one above the code."""
    at = tree.body.index(node)
    following = tree.body[at + 1].lineno if at + 1 < len(tree.body) else (node.end_lineno or node.lineno) + 1
    alone = at == 0
    lines = [line.strip() for line in text.lines[(node.end_lineno or node.lineno) : following - 1]]
    end = following if alone and not any(lines) else (node.end_lineno or node.lineno) + 1
    return replace(text, (node.lineno, 0), (end, 0), "")
