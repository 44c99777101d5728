"""`self` is missing: as a method's parameter, or before a name that only the method's own class has.

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
from pytest_selfheal.repair.fixers.building import place
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.naming import proposals
from pytest_selfheal.repair.patch import insert
from pytest_selfheal.repair.scope import names_bound_anywhere
from pytest_selfheal.repair.symbols import FunctionNode
from pytest_selfheal.repair.symbols import arguments_of
from pytest_selfheal.repair.symbols import function_at
from pytest_selfheal.repair.symbols import symbols_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

NAME = "missing_self"

_TAKES = re.compile(r"^([\w.]+)\(\) takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) (?:was|were) given")
_MANY = re.compile(r"^([\w.]+)\(\) got multiple values for argument '\w+'")
_NAME = re.compile(r"^name '(\w+)' is not defined")
_NO_SELF = re.compile(r"^name '(self|cls)' is not defined")


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return one candidate; sure when the method's own body uses the name, a suggestion otherwise."""
    for link in links(failure):
        for path, method in _suspects(link, project):
            try:
                found = _with_first(path, method, project)
            except PatchError:
                found = None
            if found is not None:
                return [found]
        try:
            found = _of_self(link, project)
        except PatchError:
            found = None
        if found is not None:
            return [found]
    return []


def _suspects(link: ErrorLink, project: Project) -> Iterator[tuple[str, FunctionNode]]:
    message = first_line(link)
    if kind(link) == "TypeError" and (match := _TAKES.match(message) or _MANY.match(message)):
        if match.re is _TAKES and int(match[3]) != int(match[2]) + 1:
            return
        parts = [part for part in match[1].split(".") if part != "<locals>"]
        found = [
            (path, function)
            for path, owner, function in symbols_of(project).functions.get(parts[-1], ())
            if owner is not None and (len(parts) < 2 or owner.name == parts[-2])
        ]
        if len(found) == 1:
            yield found[0]
    elif kind(link) == "NameError" and _NO_SELF.match(message):
        where = place(link, project)
        tree = project.tree(where[0]) if where else None
        around = function_at(tree, where[1]) if where and tree else None
        if where is not None and around is not None and around[0] is not None:
            yield where[0], around[1]


def _with_first(path: str, method: FunctionNode, project: Project) -> Candidate | None:
    marks = {part.id for part in method.decorator_list if isinstance(part, ast.Name)}
    if "staticmethod" in marks or method.args.posonlyargs:
        return None
    name = "cls" if "classmethod" in marks else "self"
    names = [argument.arg for argument in arguments_of(method)]
    if names[:1] in (["self"], ["cls"], ["mcs"]) or name in names:
        return None
    uses = any(isinstance(part, ast.Name) and part.id == name for item in method.body for part in ast.walk(item))
    text = source(project, path)
    head = _opening(method, text.text.splitlines(keepends=True))
    if head is None:
        return None
    has_more = bool(names or method.args.vararg or method.args.kwarg)
    edit = insert(text, head, f"{name}, " if has_more else name)
    said = (
        f"its body uses `{name}`" if uses else f"it takes one argument less than it is given; `{name}` is passed first"
    )
    confidence = 0.92 if uses else SUGGEST
    title = f"add the parameter `{name}` to {method.name} in {path}"
    return candidate(NAME, title, [edit], project, confidence=confidence, evidence=[said])


def _of_self(link: ErrorLink, project: Project) -> Candidate | None:
    """A method reads a bare name that nothing binds, and its class has a member of that very name."""
    match = _NAME.match(first_line(link)) if kind(link) == "NameError" else None
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    around = function_at(tree, where[1]) if where and tree else None
    owner, method = around if around is not None else (None, None)
    if match is None or where is None or tree is None or owner is None or method is None:
        return None
    name, path = match[1], where[0]
    names = [argument.arg for argument in arguments_of(method)]
    marks = {part.id for part in method.decorator_list if isinstance(part, ast.Name)}
    if names[:1] != ["self"] or "staticmethod" in marks or name not in _members(owner):
        return None
    if name in names_bound_anywhere(tree) - _members(owner) or proposals(name, path, project):
        return None
    nodes = [part for item in method.body for part in ast.walk(item) if isinstance(part, ast.Name) and part.id == name]
    if any(not isinstance(part.ctx, ast.Load) for part in nodes):
        return None
    text = source(project, path)
    edits = [insert(text, (part.lineno, part.col_offset), "self.") for part in nodes]
    said = f"{owner.name} has a member `{name}`, and nothing else in the file or the project is called so"
    title = f"read `self.{name}` instead of `{name}` in {path}"
    return candidate(NAME, title, edits, project, confidence=0.86, evidence=[said])


def _members(owner: ast.ClassDef) -> set[str]:
    """The methods of a class, and what its methods set on `self`."""
    found = {item.name for item in owner.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))}
    for part in ast.walk(owner):
        if not isinstance(part, ast.Attribute) or not isinstance(part.ctx, ast.Store):
            continue
        if isinstance(part.value, ast.Name) and part.value.id == "self":
            found.add(part.attr)
    return found


def _opening(method: FunctionNode, lines: list[str]) -> tuple[int, int] | None:
    """The place after the bracket that opens the parameters."""
    line = lines[method.lineno - 1].encode()[method.col_offset :].decode()
    match = re.match(r"(?:async\s+)?def\s+\w+\s*\(", line)
    return (method.lineno, method.col_offset + len(match[0].encode())) if match else None
