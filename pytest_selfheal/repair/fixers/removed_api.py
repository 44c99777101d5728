"""A library took a name away, or a call has to be written another way now: rules from `library_table`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import re
import sys
import warnings
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_answer
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import place
from pytest_selfheal.repair.fixers.building import places
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.library_table import CALLS
from pytest_selfheal.repair.fixers.library_table import METHODS
from pytest_selfheal.repair.fixers.library_table import RENAMES
from pytest_selfheal.repair.fixers.library_table import Rename
from pytest_selfheal.repair.fixers.renaming import guarded
from pytest_selfheal.repair.fixers.renaming import renamed
from pytest_selfheal.repair.fixers.renaming import with_imports
from pytest_selfheal.repair.fixers.reshaping import Site
from pytest_selfheal.repair.fixers.reshaping_more import SHAPES
from pytest_selfheal.repair.imports import is_standard
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.symbols import bindings
from pytest_selfheal.repair.symbols import dotted
from pytest_selfheal.repair.symbols import functions_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.fixers.library_table import Call
    from pytest_selfheal.repair.fixers.library_table import Method
    from pytest_selfheal.repair.project import Project

NAME = "removed_api"

_SURE = 0.90
_GONE = (
    re.compile(r"^cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'"),
    re.compile(r"^module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'"),
    re.compile(r"^`(?P<module>np)\.(?P<name>\w+)` was removed"),
    re.compile(r"^No module named '(?P<module>[\w.]+)'"),
    re.compile(r"^type object '_?(?P<module>asyncio\.\w+)' has no attribute '(?P<name>\w+)'"),
)
_SUCCESSOR = re.compile(r"(?:Use|available as) `np\.(?P<name>[\w.]+)`(?: instead)?\.")
_NO_ATTRIBUTE = re.compile(r"^'(?P<owner>[\w.]+)' object has no attribute '(?P<name>\w+)'")
_COMMON = frozenset(name for kind in (str, bytes, list, dict, set, tuple, int, float) for name in dir(kind))


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate; empty when no rule knows the error, or what it names is still there."""
    return first_answer(failure, project, (by_rename, _by_method, _by_call))


# ----------------------------------------------------------------------------------------------------- dotted names


def by_rename(link: ErrorLink, project: Project, rules: Sequence[Rename] = RENAMES) -> Candidate | None:
    """Return the candidate that writes the new names of `rules` for what the error says is gone; None for no rule."""
    if kind(link) not in ("ImportError", "ModuleNotFoundError", "AttributeError"):
        return None
    match = next(filter(None, (pattern.match(first_line(link)) for pattern in _GONE)), None)
    where = place(link, project)
    if match is None or where is None:
        return None
    groups = match.groupdict()
    module = {"np": "numpy"}.get(groups["module"], groups["module"])
    if module.partition(".")[0] in project.packages:
        return None
    wanted = f"{module}.{groups['name']}" if groups.get("name") else module
    triggered = [rule for rule in rules if rule.old == wanted or (not groups.get("name") and _under(rule.old, wanted))]
    triggered = [rule for rule in triggered if _is_there(rule.new)]
    told = _SUCCESSOR.search(first_line(link))  # the library says itself what stands for the name
    if not triggered and told is not None and _is_there(f"numpy.{told['name']}"):
        triggered = [Rename(wanted, f"numpy.{told['name']}")]
    if not triggered:
        return None
    top = wanted.partition(".")[0]
    relatives = [
        rule for rule in rules if rule.sure and _under(rule.old, top) and _is_gone(rule.old) and _is_there(rule.new)
    ]
    names = {rule.old: rule.new for rule in [*relatives, *triggered]}
    edits = _swept(where[0], names, project)
    sure = all(rule.sure for rule in triggered)
    rule = triggered[0]
    return candidate(
        NAME,
        f"use `{_shown(rule.new)}` instead of `{rule.old}` in {', '.join(dict.fromkeys(edit.path for edit in edits))}",
        edits,
        project,
        confidence=_SURE if sure else SUGGEST,
        evidence=[f"{rule.old} is gone; {_shown(rule.new)} stands for it and is there"],
    )


def _under(name: str, module: str) -> bool:
    return name.startswith(f"{module}.")


def _shown(name: str) -> str:
    return name.removeprefix("builtins.")


def _swept(failing: str, names: dict[str, str], project: Project) -> list[Edit]:
    """The edits of the failing file and of the product; in other tests nothing changes."""
    edits = renamed(failing, names, project, imports_only=kind_of(failing) == "test")
    if not edits:
        return []
    for path in project.files:
        if path != failing and kind_of(path) == "product":
            edits += renamed(path, names, project)
    return edits


def _is_gone(name: str) -> bool:
    """Tell whether a loaded module lacks a name; what is not loaded is not known to be gone."""
    module, _, member = name.rpartition(".")
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            getattr(loaded, member)
        except AttributeError:
            return not _found(name)
        except Exception:  # noqa: BLE001 - a module's own __getattr__ may do anything; then nothing is known
            return False
    return False


def _is_there(name: str) -> bool:
    """Tell whether a new name exists; only modules of the standard library are imported to find out."""
    holder, _, member = name.rpartition(".")
    if holder.partition(".")[0] == "builtins":
        return hasattr(builtins, name.split(".")[1])
    if not holder or (is_standard(name) and _found(name)):
        return _found(name)
    loaded = sys.modules.get(holder)
    if loaded is None and is_standard(holder):
        try:
            loaded = importlib.import_module(holder)
        except ImportError:
            return False
    if loaded is None:
        return _found(holder.partition(".")[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(loaded, member) or _found(name)


def _found(module: str) -> bool:
    parent = module.rpartition(".")[0]
    if parent and parent not in sys.modules and not is_standard(parent):
        return False  # looking for a sub-module would import its package
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


# ---------------------------------------------------------------------------------------------------------- methods


def _by_method(link: ErrorLink, project: Project) -> Candidate | None:
    match = _NO_ATTRIBUTE.match(first_line(link)) if kind(link) == "AttributeError" else None
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if match is None or where is None or tree is None:
        return None
    owner, name = match["owner"], match["name"]
    full = str(link.facts.get("obj_type", ""))
    rule = next((rule for rule in METHODS if name == rule.old and owner in rule.owners and _is_of(full, rule)), None)
    if rule is None:
        return None
    path, line = where
    edits: list[Edit] = []
    for file in _files_for(rule, path, project):
        edits += _method_edits(rule, file, line if file == path else None, project)
    new = rule.new or rule.shape.replace("_", " ")
    title = f"use `{new}` instead of `.{name}` of {owner} in {', '.join(dict.fromkeys(edit.path for edit in edits))}"
    said = f"{owner}.{name} was removed from {rule.library}"
    return candidate(NAME, title, edits, project, confidence=_SURE, evidence=[said])


def _is_of(full_name: str, rule: Method) -> bool:
    if not full_name:
        return True
    top = full_name.partition(".")[0]
    return top == rule.library or (rule.library == "builtins" and is_standard(top))


def _files_for(rule: Method, path: str, project: Project) -> list[str]:
    """The failing file; where the name can mean nothing else, also the other product files that use the library."""
    if not _is_distinctive(rule, project):
        return [path]
    others = [file for file in project.files if file != path and kind_of(file) == "product"]
    return [path, *(file for file, _facts in project.mentioning(rule.library, others))]


def _is_distinctive(rule: Method, project: Project) -> bool:
    """Tell whether a method's name can mean nothing but what the rule is about."""
    return not (rule.old in _COMMON or rule.shape or rule.library == "builtins" or _is_own(rule.old, project))


def _is_own(name: str, project: Project) -> bool:
    needle = re.compile(rb"\b(def|class)\s+" + name.encode() + rb"\b|\b" + name.encode() + rb"\s*[:=]")
    return any(needle.search(project.data(path)) for path in project.files)


def _method_edits(rule: Method, path: str, line: int | None, project: Project) -> list[Edit]:
    tree = project.tree(path)
    if tree is None:
        return []
    text = source(project, path)
    everywhere = line is None or _is_distinctive(rule, project)
    kept = guarded(tree)
    edits: list[Edit] = []
    needed = []
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr != rule.old or id(node) in kept:
            continue
        here = line is not None and node.lineno <= line <= (node.end_lineno or node.lineno)
        call = calls.get(id(node))
        here = here or (call is not None and line is not None and call.lineno <= line <= (call.end_lineno or 0))
        if not here and not (everywhere and kind_of(path) == "product"):
            continue
        if rule.shape:
            answer = SHAPES[rule.shape](Site(call, tree, text, project.package_of(path))) if call else None
            if answer is None:
                return []
            edits += answer[0]
            needed += answer[1]
        else:
            end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
            edits.append(replace(text, (end[0], end[1] - len(node.attr.encode())), end, rule.new))
    return with_imports(path, edits, needed, project) if edits else []


# ------------------------------------------------------------------------------------------------------------ calls


def _by_call(link: ErrorLink, project: Project) -> Candidate | None:
    for rule in CALLS:
        if kind(link) in rule.kinds and re.search(rule.error, link.message):
            for path, line in places(link, project):
                imported = kind(link) == "ImportError"  # then the line is the import's, and every call is wrong
                edits = _call_edits(rule, path, None if imported else line, project)
                if not edits:
                    continue
                for other in project.files if rule.sweep else ():
                    if other != path and kind_of(other) == "product":
                        edits += _call_edits(rule, other, None, project)
                files = ", ".join(dict.fromkeys(edit.path for edit in edits))
                title = f"write `{rule.names[0].lstrip('.')}` the way it works now in {files}"
                said = f"{first_line(link)[:120]}: {str(SHAPES[rule.shape].__doc__).splitlines()[0]}"
                return candidate(NAME, title, edits, project, confidence=_SURE, evidence=[said])
    return None


def _call_edits(rule: Call, path: str, line: int | None, project: Project) -> list[Edit]:
    tree = project.tree(path)
    if tree is None:
        return []
    text = source(project, path)
    package = project.package_of(path)
    edits: list[Edit] = []
    needed = []
    used: set[str] = set()
    everywhere = rule.sweep and kind_of(path) == "product"
    hit = line is None
    for node, holder in _calls(tree):
        name = dotted(node.func, bindings(tree, package))
        is_method = isinstance(node.func, ast.Attribute) and f".{node.func.attr}" in rule.names
        if name not in rule.names and not is_method:
            continue
        first = holder.decorator_list[0].lineno if holder is not None else node.lineno
        last = holder.lineno if holder is not None else node.end_lineno or node.lineno
        here = line is not None and first <= line <= last
        if not here and not everywhere:
            continue
        answer = SHAPES[rule.shape](Site(node, tree, text, package, holder))
        if answer is None:
            continue
        hit = hit or here
        edits += answer[0]
        needed += answer[1]
        if isinstance(node.func, ast.Name):
            used.add(node.func.id)
    if not edits or not hit:
        return []
    return _without_orphans(with_imports(path, edits, needed, project), path, used, project)


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.FunctionDef | ast.AsyncFunctionDef | None]]:
    decorators: dict[int, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for _owner, function in functions_of(tree):
        decorators.update({id(part): function for part in function.decorator_list})
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, decorators.get(id(node))


def _without_orphans(edits: list[Edit], path: str, names: set[str], project: Project) -> list[Edit]:
    """Leave out of the file's imports what the edits made unused."""
    from pytest_selfheal.repair.patch import apply_patch
    from pytest_selfheal.repair.patch import edits_between
    from pytest_selfheal.repair.patch import patch_of
    from pytest_selfheal.repair.patch import source_of

    data = apply_patch(patch_of(edits, project.read), project.read)[path] if edits else b""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return edits
    left = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for name in names - left:
        for node in tree.body:
            if not isinstance(node, ast.ImportFrom):
                continue
            orphan = next((alias for alias in node.names if (alias.asname or alias.name) == name), None)
            if orphan is None:
                continue
            text = source_of(path, data)
            if len(node.names) == 1:
                edit = replace(text, (node.lineno, 0), ((node.end_lineno or 0) + 1, 0), "")
                data = data[: edit.start] + data[edit.end :]
                return list(edits_between(path, project.data(path), data))
            index = node.names.index(orphan)
            start, end = (orphan.lineno, orphan.col_offset), (orphan.end_lineno or 0, orphan.end_col_offset or 0)
            if index + 1 < len(node.names):
                end = (node.names[index + 1].lineno, node.names[index + 1].col_offset)
            else:
                before = node.names[index - 1]
                start = (before.end_lineno or 0, before.end_col_offset or 0)
            edit = replace(text, start, end, "")
            data = data[: edit.start] + data[edit.end :]
            return list(edits_between(path, project.data(path), data))
    return edits
