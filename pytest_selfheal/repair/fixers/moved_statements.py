"""What libraries changed that takes more than another call: rows by name, connections of an engine, model settings.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_answer
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import places
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.renaming import with_imports
from pytest_selfheal.repair.fixers.reshaping import Site
from pytest_selfheal.repair.patch import insert
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.symbols import bindings
from pytest_selfheal.repair.symbols import dotted
from pytest_selfheal.repair.symbols import function_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.imports import Import
    from pytest_selfheal.repair.project import Project

NAME = "removed_api"

_SURE = 0.88
_ROW = "tuple indices must be integers or slices, not str"
_ENGINE = "'Engine' object has no attribute 'execute'"
_SETTINGS = re.compile(
    r"^Support for class-based `config` is deprecated|^Valid config keys have changed in V2"
    r"|^You must set the config attribute `from_attributes=True`"
)
_KEYS = {
    "allow_population_by_field_name": "populate_by_name",
    "anystr_lower": "str_to_lower",
    "anystr_strip_whitespace": "str_strip_whitespace",
    "anystr_upper": "str_to_upper",
    "keep_untouched": "ignored_types",
    "max_anystr_length": "str_max_length",
    "min_anystr_length": "str_min_length",
    "orm_mode": "from_attributes",
    "schema_extra": "json_schema_extra",
    "validate_all": "validate_default",
}
"""Names of pydantic's settings before version 2, and since."""

_STAYED = frozenset(
    {"arbitrary_types_allowed", "extra", "frozen", "populate_by_name", "str_strip_whitespace", "title"}
    | {"use_enum_values", "validate_assignment", "validate_default", "from_attributes", "json_schema_extra"}
    | {"alias_generator", "str_to_lower", "str_to_upper", "str_max_length", "str_min_length", "strict"}
)


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate; empty when the error is none of these, or the code has another form."""
    return first_answer(failure, project, (_row_by_name, _engine_connection, _model_settings))


def _product_places(link: ErrorLink, project: Project) -> Iterator[tuple[str, int, ast.Module]]:
    """The places of an error in product files, innermost first."""
    for path, line in places(link, project):
        tree = project.tree(path)
        if tree is not None and kind_of(path) == "product":
            yield path, line, tree


def _is_at(node: ast.AST, line: int) -> bool:
    first = getattr(node, "lineno", 0)
    return bool(first <= line <= (getattr(node, "end_lineno", 0) or first))


def _uses(library: str, project: Project) -> bool:
    return any(kind_of(path) == "product" for path, _facts in project.mentioning(library))


# ------------------------------------------------------------------------------------------------------------- rows


def _row_by_name(link: ErrorLink, project: Project) -> Candidate | None:
    """`row["name"]` of a database row: `row._mapping["name"]`, in all of the function."""
    if kind(link) != "TypeError" or first_line(link) != _ROW or not _uses("sqlalchemy", project):
        return None
    for path, line, tree in _product_places(link, project):
        around = function_at(tree, line)
        found = [node for node in _subscripts(around[1] if around else tree) if _is_at(node, line)]
        bases = {ast.dump(node.value) for node in found}
        if len(bases) != 1:
            return None
        text = source(project, path)
        same = [node for node in _subscripts(around[1] if around else tree) if ast.dump(node.value) in bases]
        edits = [
            insert(text, (node.value.end_lineno or node.lineno, node.value.end_col_offset or 0), "._mapping")
            for node in same
        ]
        said = "a row is a tuple now; its values by name are in `_mapping`"
        return candidate(NAME, f"read rows by name in {path}", edits, project, confidence=_SURE, evidence=[said])
    return None


def _subscripts(scope: ast.AST) -> list[ast.Subscript]:
    return [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and isinstance(node.value, (ast.Name, ast.Call, ast.Attribute))
    ]


# ---------------------------------------------------------------------------------------------------------- engines


def _engine_connection(link: ErrorLink, project: Project) -> Candidate | None:
    """`engine.execute(...)`: the rest of the block inside `with engine.begin() as connection:`, which commits too."""
    if kind(link) != "AttributeError" or not first_line(link).startswith(_ENGINE):
        return None
    for path, line, tree in _product_places(link, project):
        block = next((block for block in _blocks(tree) if any(_is_simple_at(item, line) for item in block)), None)
        if block is None:
            continue
        start = next(at for at, item in enumerate(block) if _is_simple_at(item, line))
        calls = [call for item in block[start:] for call in _executions(item)]
        text = source(project, path)
        site = Site(ast.Call(ast.Name("x"), [], []), tree, text, project.package_of(path))
        here = [call for call in calls if _is_at(call, line)]
        engines = {site.text(call.func.value) for call in here if isinstance(call.func, ast.Attribute)}
        taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        name = next((name for name in ("connection", "conn", "db_connection") if name not in taken), "")
        if len(engines) != 1 or not name:
            return None
        edits = _wrapped(block[start:], engines.pop(), name, site)
        said = "an engine runs nothing itself any more; `begin()` gives a connection and commits at the end"
        title = f"run statements on a connection of the engine in {path}"
        return candidate(NAME, title, edits, project, confidence=_SURE, evidence=[said])
    return None


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.For, ast.With, ast.If)):
            yield node.body
            yield getattr(node, "orelse", [])


def _is_simple_at(node: ast.stmt, line: int) -> bool:
    return not hasattr(node, "body") and _is_at(node, line)


def _executions(node: ast.stmt) -> list[ast.Call]:
    return [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "execute"
    ]


def _wrapped(block: list[ast.stmt], engine: str, name: str, site: Site) -> list[Edit]:
    text = site.source
    first, last = block[0], block[-1]
    inside = [part for item in block for part in ast.walk(item)]
    several = any(
        isinstance(part, (ast.Constant, ast.JoinedStr)) and (part.end_lineno or 0) > part.lineno for part in inside
    )
    if several or any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in inside):
        return []
    edits: list[Edit] = []
    margin = " " * first.col_offset
    for number in range(first.lineno, (last.end_lineno or last.lineno) + 1):
        if text.lines[number - 1].strip():
            lead = f"with {engine}.begin() as {name}:{text.newline}{margin}    " if number == first.lineno else "    "
            column = first.col_offset if number == first.lineno else 0
            edits.append(insert(text, (number, column), lead))
    receivers = [
        call.func.value for item in block for call in _executions(item) if isinstance(call.func, ast.Attribute)
    ]
    edits += [site.rewritten(part, name) for part in receivers if site.text(part) == engine]
    return edits


# --------------------------------------------------------------------------------------------------- model settings


def _model_settings(link: ErrorLink, project: Project) -> Candidate | None:
    """`class Config:` inside of models: `model_config = ConfigDict(...)` with today's names, in the whole project."""
    if not _SETTINGS.match(first_line(link)):
        return None
    edits: list[Edit] = []
    for path, _facts in project.mentioning("pydantic"):
        tree = project.tree(path) if kind_of(path) == "product" else None
        if tree is not None:
            edits += _settings_of(path, tree, project)
    files = ", ".join(dict.fromkeys(edit.path for edit in edits))
    said = f"pydantic says so: {first_line(link)[:100]}"
    title = f"write `class Config` as `model_config` in {files}"
    return candidate(NAME, title, edits, project, confidence=_SURE, evidence=[said])


def _settings_of(path: str, tree: ast.Module, project: Project) -> list[Edit]:
    text = source(project, path)
    site = Site(ast.Call(ast.Name("x"), [], []), tree, text, project.package_of(path))
    name = site.name_for("pydantic.ConfigDict")
    edits: list[Edit] = []
    needed: list[Import] = []
    for owner in ast.walk(tree):
        if not isinstance(owner, ast.ClassDef) or not owner.bases or name is None:
            continue
        for node in owner.body:
            if not isinstance(node, ast.ClassDef) or node.name != "Config" or node.bases or node.decorator_list:
                continue
            options = _options(node, site)
            if options is None:
                return []
            end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
            edits.append(
                replace(text, (node.lineno, node.col_offset), end, f"model_config = {name[0]}({', '.join(options)})")
            )
            needed += name[1]
    return with_imports(path, edits, needed, project) if edits else []


def _options(node: ast.ClassDef, site: Site) -> list[str] | None:
    """The settings as keyword arguments; None when one of them has no successor of the same meaning."""
    found = []
    for item in node.body:
        if isinstance(item, ast.Pass) or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)):
            continue
        target = item.targets[0] if isinstance(item, ast.Assign) and len(item.targets) == 1 else None
        if not isinstance(item, ast.Assign) or not isinstance(target, ast.Name):
            return None
        value = site.text(item.value)
        if target.id == "allow_mutation" and isinstance(item.value, ast.Constant):
            found.append(f"frozen={not item.value.value}")
        elif target.id in _STAYED or target.id in _KEYS:
            old = dotted(item.value, bindings(site.tree, site.package))
            if old.startswith("pydantic.Extra."):
                value = f'"{old.rpartition(".")[2]}"'
            found.append(f"{_KEYS.get(target.id, target.id)}={value}")
        else:
            return None
    return found
