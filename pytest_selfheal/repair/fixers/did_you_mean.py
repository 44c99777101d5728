"""A name, attribute, keyword or member of a module is misspelt: write the one that exists there.

What exists is read from the sources of the project, or from loaded modules of the standard library. A close name is
sure only by the rules of `closeness`: Python's own hint, the nearest name, is often another thing altogether.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.closeness import Match
from pytest_selfheal.repair.closeness import meant
from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.fixers.building import place
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.naming import proposals
from pytest_selfheal.repair.fixers.visible_names import forms_of
from pytest_selfheal.repair.fixers.visible_names import through_stars
from pytest_selfheal.repair.fixers.visible_names import visible
from pytest_selfheal.repair.imports import is_standard
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.symbols import bindings
from pytest_selfheal.repair.symbols import chain
from pytest_selfheal.repair.symbols import dotted
from pytest_selfheal.repair.symbols import function_at
from pytest_selfheal.repair.symbols import init_arguments
from pytest_selfheal.repair.symbols import keywords_of
from pytest_selfheal.repair.symbols import symbols_of
from pytest_selfheal.repair.vocabulary import is_in_tests
from pytest_selfheal.repair.vocabulary import used_besides

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

NAME = "did_you_mean"

_SURE = 0.86
_NAME = re.compile(r"^name '(\w+)' is not defined|^cannot access local variable '(\w+)'")
_ATTRIBUTE = re.compile(r"^(?:type object )?'([\w.]+)'(?: object)? has no attribute '(\w+)'")
_MEMBER = re.compile(r"^module '([\w.]+)' has no attribute '(\w+)'")
_IMPORTED = re.compile(r"^cannot import name '(\w+)' from '([\w.]+)'")
_KEYWORD = re.compile(
    r"^(?P<callee>[\w.<>]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'"
    r"|^'(?P<other>\w+)' is an invalid keyword argument for (?:(?P<builtin>\w+)\(\)|this function)"
)
_SPECIAL = frozenset(name for kind in (type, int, list, dict, float) for name in dir(kind) if name.startswith("__"))


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate; empty when nothing that exists is close to the name."""
    for link in links(failure):
        for types, pattern, answer in _ANSWERS:
            match = pattern.match(first_line(link)) if kind(link) in types else None
            if match is not None:
                try:
                    found = answer(match, link, project)
                except PatchError:
                    found = None
                return [found] if found is not None else []
    return []


def _judge(wrong: str, known: Iterable[str], path: str, project: Project) -> Match | None:
    match = meant(wrong, known, used_besides(wrong, project))
    if match is None:
        return None
    expected = kind_of(path) == "product" and is_in_tests(wrong, project)
    return Match(match.name, sure=match.sure and not expected)


def _made(match: Match, edits: list[Edit], told: tuple[str, str, str], project: Project) -> Candidate | None:
    """Make the candidate; `told` is what is done, to which name, and the evidence."""
    what, wrong, evidence = told
    title = f"{what} `{match.name}` instead of `{wrong}` in {', '.join(dict.fromkeys(edit.path for edit in edits))}"
    return candidate(NAME, title, edits, project, confidence=_SURE if match.sure else SUGGEST, evidence=[evidence])


# ------------------------------------------------------------------------------------------------------------- names


def _name(match: re.Match[str], link: ErrorLink, project: Project) -> Candidate | None:
    wrong = match[1] or match[2]
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if where is None or tree is None:
        return None
    path, line = where
    if any(proposal.firm for proposal in proposals(wrong, path, project)):
        return None
    around = function_at(tree, line)
    known = visible(tree, line) | through_stars(tree, path, project)
    found = _judge(wrong, known - {wrong}, path, project)
    if found is None:
        return None
    region: ast.AST = around[1] if around else tree
    nodes = [
        node
        for node in ast.walk(region)
        if isinstance(node, ast.Name) and node.id == wrong and isinstance(node.ctx, ast.Load)
    ]
    edits = [_renamed(source(project, path), node, found.name) for node in nodes]
    return _made(found, edits, ("use", wrong, f"`{found.name}` is the one close name bound there"), project)


def _renamed(text: Source, node: ast.Name, new: str) -> Edit:
    return replace(text, (node.lineno, node.col_offset), (node.lineno, node.col_offset + len(node.id.encode())), new)


# -------------------------------------------------------------------------------------------------------- attributes


def _attribute(match: re.Match[str], link: ErrorLink, project: Project) -> Candidate | None:
    owner, wrong = match[1].rpartition(".")[2], match[2]
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if where is None or tree is None:
        return None
    path, line = where
    special = wrong.startswith("__") and wrong.endswith("__")
    full = str(link.facts.get("obj_type", ""))
    around = function_at(tree, line) if owner == "super" else None
    if around is not None and around[0] is not None:  # what a class inherits is what it has
        owner, full = around[0].name, f"{project.module_name(path)}.{around[0].name}"
    known = {name for name in _attributes_of(owner, full, project) if name.startswith("__") is special}
    if special:
        known = known or set(_SPECIAL)
    found = _judge(wrong, known - {wrong}, path, project)
    if found is None:
        return None
    nodes = _attributes_at(tree, wrong, line)
    if nodes and found.sure and not _is_defined(wrong, project):
        nodes = _attributes_at(tree, wrong, None)  # nothing has such an attribute: it is the same slip elsewhere
    edits = [_renamed_attribute(source(project, path), node, found.name) for node in nodes]
    said = f"`{found.name}` is the one close attribute of {owner}"
    return _made(found, edits, ("read", wrong, said), project)


def _attributes_of(owner: str, full_name: str, project: Project) -> set[str]:
    module = full_name.rpartition(".")[0]
    own = symbols_of(project).class_named(owner, module if module in project.modules else "")
    if own is not None and (
        not module or module == own.module or module not in sys.modules or module in project.modules
    ):
        return set(own.names)
    loaded = getattr(builtins, owner, None)
    if loaded is None and is_standard(module):
        loaded = getattr(sys.modules.get(module), owner, None)
    if not isinstance(loaded, type):
        return set()
    return {name for name in dir(loaded) if not name.startswith("_") or name.startswith("__")}


def _is_defined(name: str, project: Project) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and node.attr == name and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name)
        or (isinstance(node, (ast.AnnAssign, ast.Assign)) and name in _targets(node))
        for path in project.files
        for node in ast.walk(project.tree(path) or ast.Module([], []))
    )


def _targets(node: ast.AnnAssign | ast.Assign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _attributes_at(tree: ast.Module, name: str, line: int | None) -> list[ast.Attribute]:
    """The reads of an attribute, on one line or anywhere; assertions never change."""
    checks = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Assert) for part in ast.walk(node)}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.ctx, ast.Load)
        and id(node) not in checks
        and (line is None or node.lineno <= line <= (node.end_lineno or node.lineno))
    ]


def _renamed_attribute(text: Source, node: ast.Attribute, new: str) -> Edit:
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return replace(text, (end[0], end[1] - len(node.attr.encode())), end, new)


def _member(match: re.Match[str], link: ErrorLink, project: Project) -> Candidate | None:
    module, wrong = match[1], match[2]
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if where is None or tree is None:
        return None
    path, line = where
    found = _judge(wrong, _members(module, project) - {wrong}, path, project)
    if found is None:
        return None
    bound = bindings(tree, project.package_of(path))
    nodes = [node for node in _attributes_at(tree, wrong, None) if dotted(node, bound) == f"{module}.{wrong}"]
    nodes = nodes or _attributes_at(tree, wrong, line)
    edits = [_renamed_attribute(source(project, path), node, found.name) for node in nodes]
    return _made(found, edits, ("read", wrong, f"`{found.name}` is the one close name in {module}"), project)


def _members(module: str, project: Project) -> set[str]:
    facts = project.facts(project.modules[module]) if module in project.modules else None
    if facts is not None:
        inside = {name.rpartition(".")[2] for name in project.modules if name.rpartition(".")[0] == module}
        return {name for name in facts.bound | inside if not name.startswith("__")}
    if is_standard(module) and module in sys.modules:
        return {name for name in vars(sys.modules[module]) if not name.startswith("_")}
    return set()


def _imported(match: re.Match[str], link: ErrorLink, project: Project) -> Candidate | None:
    wrong, module = match[1], match[2]
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if where is None or tree is None:
        return None
    path = where[0]
    found = _judge(wrong, _members(module, project) - {wrong}, path, project)
    if found is None:
        return None
    text = source(project, path)
    package = project.package_of(path)
    edits: list[Edit] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            form = next((form for form in forms_of(node, package) if form == module), "")
            if alias.name == wrong and form:
                start = (alias.lineno, alias.col_offset)
                edits.append(replace(text, start, (start[0], start[1] + len(wrong.encode())), found.name))
                if not alias.asname:
                    edits += [_renamed(text, name, found.name) for name in _loads(tree, wrong)]
    return _made(found, edits, ("import", wrong, f"`{found.name}` is the one close name in {module}"), project)


def _loads(tree: ast.Module, name: str) -> list[ast.Name]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]


# ---------------------------------------------------------------------------------------------------------- keywords


def _keyword(match: re.Match[str], link: ErrorLink, project: Project) -> Candidate | None:
    callee, wrong = match["callee"] or match["builtin"] or "the function", match["name"] or match["other"]
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if where is None or tree is None:
        return None
    path, line = where
    parts = [part for part in callee.split(".") if part != "<locals>"]
    wanted = parts[-2] if parts[-1] in ("__init__", "__new__") and len(parts) > 1 else parts[-1]
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node.lineno <= line <= (node.end_lineno or node.lineno)
        and any(keyword.arg == wrong for keyword in node.keywords)
    ]
    named = [node for node in calls if chain(node.func).rpartition(".")[2] == wanted] or calls
    if len(named) != 1:
        return None
    (call,) = named
    known = _parameters(parts, project) if named != calls or len(calls) == 1 else set()
    known = known or _standard_parameters(dotted(call.func, bindings(tree, project.package_of(path))), call)
    known = known or _passed_elsewhere(chain(call.func).rpartition(".")[2], project)
    given = {keyword.arg for keyword in call.keywords}
    found = _judge(wrong, known - {name for name in given if name}, path, project)
    if found is None:
        return None
    text = source(project, path)
    keyword = next(keyword for keyword in call.keywords if keyword.arg == wrong)
    start = (keyword.lineno, keyword.col_offset)
    edit = replace(text, start, (start[0], start[1] + len(wrong.encode())), found.name)
    said = f"`{found.name}` is the one close parameter of {callee}"
    return _made(found, [edit], ("pass", wrong, said), project)


def _parameters(parts: list[str], project: Project) -> set[str]:
    symbols = symbols_of(project)
    if parts[-1] == "__init__" and len(parts) > 1:
        facts = symbols.class_named(parts[-2])
        names = init_arguments(facts) if facts is not None else None
        return set(names or ())
    owner = parts[-2] if len(parts) > 1 else ""
    found = [
        (node_owner, node)
        for _path, node_owner, node in symbols.functions.get(parts[-1], ())
        if (node_owner.name if node_owner else "") == owner or (len(parts) > 1 and node_owner is None)
    ]
    if len(found) != 1:
        return set()
    return set(keywords_of(found[0][1], method=found[0][0] is not None) or ())


def _standard_parameters(name: str, call: ast.Call) -> set[str]:
    """Parameters of a function of the standard library or a built-in; nothing is imported to find out."""
    module, _, function = name.rpartition(".")
    value = getattr(sys.modules.get(module), function, None) if module and is_standard(module) else None
    if value is None and isinstance(call.func, ast.Name) and not name:
        value = getattr(builtins, call.func.id, None)
    if value is None:
        return set()
    import inspect

    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        told = re.findall(rf"^{re.escape(value.__name__)}\((.*)\)", value.__doc__ or "", re.MULTILINE)
        return {word for signature in told for word in re.findall(r"[a-z_]\w*", signature)}
    return {item.name for item in parameters if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)}


def _passed_elsewhere(name: str, project: Project) -> set[str]:
    """The keywords other calls of a function of that name pass, where its own definition is out of sight."""
    if not name or name in symbols_of(project).functions or name in symbols_of(project).classes:
        return set()
    return {
        keyword.arg
        for path, _facts in project.mentioning(name)
        for node in ast.walk(project.tree(path) or ast.Module([], []))
        if isinstance(node, ast.Call) and chain(node.func).rpartition(".")[2] == name
        for keyword in node.keywords
        if keyword.arg
    }


_ANSWERS = (
    (frozenset({"NameError", "UnboundLocalError"}), _NAME, _name),
    (frozenset({"AttributeError"}), _ATTRIBUTE, _attribute),
    (frozenset({"AttributeError"}), _MEMBER, _member),
    (frozenset({"ImportError"}), _IMPORTED, _imported),
    (frozenset({"TypeError"}), _KEYWORD, _keyword),
)
