"""A coroutine is used as if it were its result: wait for it, in a function that can.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.fixers.building import places
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.patch import insert
from pytest_selfheal.repair.symbols import chain
from pytest_selfheal.repair.symbols import function_at
from pytest_selfheal.repair.symbols import symbols_of

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

NAME = "missing_await"

_COROUTINE = re.compile(
    r"'coroutine' object (?:is not|has no|does not|can't be)|\bcoroutine\b.* was never awaited|"
    r"(?:not|and|got|type) '?coroutine'?|'coroutine' (?:and|object)|coroutine found|"
    r"non-iterable coroutine|of type coroutine"
)
_CONSUMERS = frozenset({"gather", "create_task", "ensure_future", "run", "wait", "wait_for", "run_until_complete"})


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return one candidate for the call that made the coroutine; empty when it cannot be told, or no one can wait."""
    for link in links(failure):
        if kind(link) in ("TypeError", "AttributeError", "RuntimeWarning") and _COROUTINE.search(first_line(link)):
            for path, line in places(link, project):
                try:
                    found = _awaited(path, line, link, project)
                except PatchError:
                    found = None
                if found is not None:
                    return [found]
    return []


def _awaited(path: str, line: int, link: ErrorLink, project: Project) -> Candidate | None:
    tree = project.tree(path)
    around = function_at(tree, line) if tree is not None else None
    if around is None or not isinstance(around[1], ast.AsyncFunctionDef):
        return None
    function = around[1]
    parents = {id(child): node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and _is_coroutine(node, project)]
    calls = [node for node in calls if not _is_waited_for(node, parents, function)]
    on_line = {
        part.id
        for node in ast.walk(function)
        if isinstance(node, ast.expr) and _is_at(node, line)
        for part in ast.walk(node)
        if isinstance(part, ast.Name)
    }
    wanted = [node for node in calls if _is_at(node, line) or _assigned_to(node, parents) & on_line]
    if not wanted:
        return None
    text = source(project, path)
    edits = []
    for node in wanted:
        parent = parents[id(node)]
        tight = isinstance(parent, (ast.Attribute, ast.Subscript, ast.BinOp, ast.Starred)) or (
            isinstance(parent, ast.Call) and parent.func is node
        )
        end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        edits.append(insert(text, (node.lineno, node.col_offset), "(await " if tight else "await "))
        if tight:
            edits.append(insert(text, end, ")"))
    names = ", ".join(dict.fromkeys(chain(node.func) or "the call" for node in wanted))
    said = f"every function of the project with this name is a coroutine function: {first_line(link)[:100]}"
    return candidate(NAME, f"wait for {names} in {path}", edits, project, confidence=0.90, evidence=[said])


def _is_at(node: ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _is_coroutine(call: ast.Call, project: Project) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    known = symbols_of(project).functions.get(name, ())
    if not known or not all(isinstance(function, ast.AsyncFunctionDef) for _path, _owner, function in known):
        return False
    yields = [part for _p, _o, function in known for part in ast.walk(function) if isinstance(part, ast.Yield)]
    marks = [mark for _path, _owner, function in known for mark in function.decorator_list]
    return not yields and not marks


def _is_waited_for(call: ast.Call, parents: dict[int, ast.AST], function: ast.AST) -> bool:
    node: ast.AST = call
    while id(node) in parents and not isinstance(node, ast.stmt):
        inner, node = node, parents[id(node)]
        handed_on = inner is call and isinstance(node, (ast.Return, ast.Yield))
        if handed_on or isinstance(node, (ast.Await, ast.Lambda)):
            return True
        if isinstance(node, ast.Call) and chain(node.func).rpartition(".")[2] in _CONSUMERS:
            return True
    names = _assigned_to(call, parents)
    return any(
        isinstance(part, ast.Await) and isinstance(part.value, ast.Name) and part.value.id in names
        for part in ast.walk(function)
    )


def _assigned_to(call: ast.Call, parents: dict[int, ast.AST]) -> set[str]:
    parent = parents.get(id(call))
    if isinstance(parent, ast.Assign):
        return {target.id for target in parent.targets if isinstance(target, ast.Name)}
    if isinstance(parent, (ast.AnnAssign, ast.NamedExpr)) and isinstance(parent.target, ast.Name):
        return {parent.target.id}
    return set()
