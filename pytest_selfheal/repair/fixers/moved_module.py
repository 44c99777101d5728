"""A module of the project is imported from where it is not: renamed, moved, or a relative import with the wrong dots.

Where it went is told by what its importers ask of it: the one module that has all of those names.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.repair.closeness import is_slip
from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_answer
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import places
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.renaming import guarded
from pytest_selfheal.repair.fixers.renaming import renamed
from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.scope import usage_of
from pytest_selfheal.repair.symbols import imports_in

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

NAME = "moved_module"

_SURE = 0.88
_NO_MODULE = re.compile(r"^No module named '(?P<module>[\w.]+)'")
_NO_NAME = re.compile(r"^cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'")
_NO_SUBMODULE = re.compile(
    r"^cannot import name '(?P<name>\w+)' from (?:partially initialized module )?'(?P<module>[\w.]+)'"
)
_BEYOND = "attempted relative import beyond top-level package"


@dataclass(frozen=True)
class _Importer:
    """A file that asks a missing module for names; `names` is empty for a plain import whose use is unknown."""

    path: str
    form: Import
    names: frozenset[str]


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate; empty when the module is none of the project's, or several could be meant."""
    return first_answer(failure, project, (_wrong_dots, _implicit, _module, _member))


# ------------------------------------------------------------------------------------------------- relative imports


def _wrong_dots(link: ErrorLink, project: Project) -> Candidate | None:
    message = first_line(link)
    match = _NO_MODULE.match(message) or _NO_NAME.match(message)
    if (match is None and not message.startswith(_BEYOND)) or "partially initialized" in message:
        return None
    for path, line in places(link, project):
        tree = project.tree(path)
        package = project.package_of(path)
        for node in ast.walk(tree) if tree is not None and package else ():
            if not isinstance(node, ast.ImportFrom) or not node.level or not _is_at(node, line):
                continue
            base = Import(node.module or "", "x", "", node.level).absolute(package)
            if match is not None and (base is None or not f"{base.module}.".startswith(f"{match['module']}.")):
                continue
            levels = [level for level in range(1, package.count(".") + 2) if _fits(node, level, package, project)]
            if len(levels) == 1 and levels[0] != node.level:
                return _with_dots(path, node, levels[0], project)
    return None


def _is_at(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _fits(node: ast.ImportFrom, level: int, package: str, project: Project) -> bool:
    forms = [Import(node.module or "", alias.name, "", level).absolute(package) for alias in node.names]
    return all(form is not None and form.name != "*" and project.provides(form) for form in forms)


def _with_dots(path: str, node: ast.ImportFrom, level: int, project: Project) -> Candidate | None:
    text = source(project, path)
    start = (node.lineno, node.col_offset)
    statement = replace(text, start, (node.end_lineno or 0, node.end_col_offset or 0), "")
    head = re.match(r"from\s*\.+", statement.old)
    if head is None:
        return None
    edit = replace(text, start, (start[0], start[1] + len(head[0].encode())), f"from {'.' * level}")
    title = f"import `{'.' * level}{node.module or ''}` instead of `{'.' * node.level}{node.module or ''}` in {path}"
    said = "the only number of dots at which the module has the names"
    return candidate(NAME, title, [edit], project, confidence=0.92, evidence=[said])


def _implicit(link: ErrorLink, project: Project) -> Candidate | None:
    """Python 2's way to import a module from beside: `import text` for the package's own `text`."""
    match = _NO_MODULE.match(first_line(link))
    if match is None or "." in match["module"] or match["module"] in project.packages:
        return None
    for path, line in places(link, project):
        package = project.package_of(path)
        tree = project.tree(path)
        home = f"{package}.{match['module']}"
        if not package or tree is None or home not in project.modules:
            return None
        asked = [form for node, form in imports_in(tree) if _is_at(node, line) and form.module == match["module"]]
        if not asked or any(form.name and not project.provides(Import(home, form.name)) for form in asked):
            return None
        edits = renamed(path, {match["module"]: home}, project)
        said = f"`{home}` stands beside the file, and nothing called {match['module']} is installed"
        title = f"import `{home}` instead of `{match['module']}` in {path}"
        return candidate(NAME, title, edits, project, confidence=_SURE, evidence=[said])
    return None


# ---------------------------------------------------------------------------------------------- modules and members


def _module(link: ErrorLink, project: Project) -> Candidate | None:
    missing = _missing(first_line(link), project)
    if not missing:
        return None
    importers = _importers(missing, project)
    wanted = frozenset(name for importer in importers for name in importer.names)
    inside = _inside(missing, project)
    home = _package(missing, wanted, inside, project) if inside else _home(missing, wanted, project)
    if home is None:
        return None
    module, sure, said = home
    edits = []
    for path in dict.fromkeys([*(importer.path for importer in importers), *(path for path, _form in inside)]):
        edits += renamed(path, {missing: module}, project, imports_only=kind_of(path) == "test")
    title = f"import `{module}` instead of `{missing}` in {', '.join(dict.fromkeys(edit.path for edit in edits))}"
    return candidate(NAME, title, edits, project, confidence=_SURE if sure else SUGGEST, evidence=[said])


def _missing(message: str, project: Project) -> str:
    """The module of the project that a message calls missing, asked for by itself or as a name of its package."""
    match = _NO_MODULE.match(message)
    if match is not None:
        return match["module"] if _top(match["module"]) in project.packages else ""
    match = _NO_SUBMODULE.match(message)
    path = project.modules.get(match["module"], "") if match is not None else ""
    if match is None or not path.endswith("__init__.py"):
        return ""
    missing = f"{match['module']}.{match['name']}"
    known = any(_defines(name, frozenset({match["name"]}), project) for name in project.modules)
    return "" if known or missing in project.modules else missing


def _importers(module: str, project: Project) -> list[_Importer]:
    """Who imports a module, and what of it: names after `import`, or attributes used of the module itself."""
    found = []
    last = module.rpartition(".")[2]
    for path, facts in project.mentioning(last):
        tree = project.tree(path)
        if tree is None:
            continue
        kept = guarded(tree)
        package = project.package_of(path)
        for node, form in imports_in(tree):
            absolute = form.absolute(package)
            if absolute is None or id(node) in kept or last in facts.defined:
                continue
            whole = f"{absolute.module}.{absolute.name}" if absolute.name else absolute.module
            if absolute.name and absolute.module == module:
                found.append(_Importer(path, absolute, frozenset({absolute.name})))
            elif whole == module:
                found.append(_Importer(path, absolute, _used(tree, form)))
    return found


def _inside(package: str, project: Project) -> list[tuple[str, Import]]:
    """Who imports from modules inside a missing package; each form with its absolute module."""
    found = []
    for path, _facts in project.mentioning(package.rpartition(".")[2]):
        tree = project.tree(path)
        kept = guarded(tree) if tree is not None else frozenset()
        for node, form in imports_in(tree) if tree is not None else ():
            absolute = form.absolute(project.package_of(path))
            if absolute is not None and id(node) not in kept and absolute.module.startswith(f"{package}."):
                found.append((path, absolute))
    return found


def _package(
    missing: str, wanted: frozenset[str], inside: list[tuple[str, Import]], project: Project
) -> tuple[str, bool, str] | None:
    """The one package that has the same modules with the same names in them."""
    fitting = []
    for name, path in project.modules.items():
        facts = project.facts(path) if path.endswith("__init__.py") and _top(name) == _top(missing) else None
        if facts is None or kind_of(path) != "product":
            continue
        forms = [(Import(f"{name}.{form.module[len(missing) + 1 :]}", form.name)) for _path, form in inside]
        has_all = all(form.module in project.modules and (not form.name or project.provides(form)) for form in forms)
        if has_all and wanted <= facts.bound:
            fitting.append(name)
    if len(fitting) != 1:
        return None
    return fitting[0], True, f"`{fitting[0]}` is the only package with the same modules and names"


def _used(tree: ast.Module, form: Import) -> frozenset[str]:
    """What a file reads from a module it imports as a whole."""
    usage = usage_of(tree, form.bound)
    if form.name or form.alias or "." not in form.module:
        return usage.attributes
    inside = f"{form.module.partition('.')[2]}."
    parts = [chain.removeprefix(inside) for chain in usage.chains if chain.startswith(inside)]
    return frozenset(part.partition(".")[0] for part in parts)


def _home(missing: str, wanted: frozenset[str], project: Project) -> tuple[str, bool, str] | None:
    """The module that has everything asked for, whether that is sure, and why."""
    if not wanted:
        return None
    top = missing.partition(".")[0]
    family = [name for name, path in project.modules.items() if kind_of(path) == "product" and _top(name) == top]
    having = [name for name in family if _defines(name, wanted, project)]
    if len(having) > 1:
        last = missing.rpartition(".")[2]
        same = [name for name in having if name.rpartition(".")[2] == last or is_slip(missing, name)]
        having = same if len(same) == 1 else having
    if len(having) != 1:
        return None
    names = ", ".join(sorted(wanted))
    return having[0], True, f"`{having[0]}` is the only module that defines {names}"


def _top(name: str) -> str:
    return name.partition(".")[0]


def _defines(module: str, names: frozenset[str], project: Project) -> bool:
    facts = project.facts(project.modules[module])
    return facts is not None and all(name in facts.defined for name in names)


def _member(link: ErrorLink, project: Project) -> Candidate | None:
    """A name is asked of a module that lost it to another one; packages that pass names on are left to exports."""
    match = _NO_NAME.match(first_line(link))
    path = project.modules.get(match["module"]) if match is not None else None
    if match is None or path is None or path.endswith("__init__.py") or "partially initialized" in link.message:
        return None
    name, module = match["name"], match["module"]
    facts = project.facts(path)
    if facts is None or name in facts.bound or facts.star or name in facts.exported:
        return None
    homes = [
        other
        for other, file in project.modules.items()
        if kind_of(file) == "product" and other != module and _defines(other, frozenset({name}), project)
    ]
    tree = project.tree(path)
    if len(homes) != 1 or tree is None or any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(tree)):
        return None
    edits = []
    for file, _facts in project.mentioning(name):
        names = {f"{module}.{name}": f"{homes[0]}.{name}"}
        edits += renamed(file, names, project, imports_only=kind_of(file) == "test")
    title = f"import {name} from `{homes[0]}` instead of `{module}`"
    said = f"`{homes[0]}` is the only module that defines {name}"
    return candidate(NAME, title, edits, project, confidence=_SURE, evidence=[said])
