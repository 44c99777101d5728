"""A name is used but never imported: import it the way the project would.

Answers `NameError`, and `ImportError` / `AttributeError` about an own module that lost (or never had) a name defined
elsewhere in the project.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Origin
from pytest_selfheal.repair.fixers.naming import ASK
from pytest_selfheal.repair.fixers.naming import SURE
from pytest_selfheal.repair.fixers.naming import Proposal
from pytest_selfheal.repair.fixers.naming import definitions
from pytest_selfheal.repair.fixers.naming import proposals
from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import patch_id
from pytest_selfheal.repair.patch import patch_of
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.repair.placement import add_imports
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.scope import looks_like_typo
from pytest_selfheal.repair.scope import names_bound_anywhere
from pytest_selfheal.repair.scope import undefined_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

NAME = "missing_import"

_UNDEFINED = re.compile(r"^name '(\w+)' is not defined")
_CANNOT_IMPORT = re.compile(r"^cannot import name '(\w+)' from '([\w.]+)'")
_NO_ATTRIBUTE = re.compile(r"^module '([\w.]+)' has no attribute '(\w+)'")
_EXPORTED = 0.92
_SIBLING_STYLE = 0.85
_MOST_EXTRAS = 20


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return candidates that add the missing import; empty when the failure is another one or nothing is known.

    Several candidates mean several readings of the name. Every candidate compiles and only adds imports.
    """
    for target, name, reexport in _missing(failure, project):
        facts = project.facts(target)
        if facts is None or name in facts.bound:
            continue
        found = _reexports(name, target, project) if reexport else _readings(name, target, project)
        if found:
            extras = _exported_too(name, target, project) if reexport else _undefined_too(name, target, project)
            made = (_candidate(name, proposal, extras, target, project) for proposal in found)
            return [candidate for candidate in made if candidate is not None]
    return []


def _missing(failure: Failure, project: Project) -> Iterator[tuple[str, str, bool]]:
    """Yield (file, name, whether the file was asked for the name from outside) for each error of the chain."""
    links = failure.chain or (ErrorLink(failure.error_type, message=failure.error_message),)
    for link in links:
        kind = link.type_name.rpartition(".")[2]
        first_line = link.message.strip().partition("\n")[0]
        if kind == "NameError" and (match := _UNDEFINED.match(first_line)):
            name = link.facts.get("name")
            target = project.relative(_innermost(link, failure))
            if target:
                yield target, name if isinstance(name, str) and name.isidentifier() else match[1], False
        elif kind == "ImportError" and (match := _CANNOT_IMPORT.match(first_line)):
            yield from _own_module(match[2], match[1], project)
        elif kind == "AttributeError" and (match := _NO_ATTRIBUTE.match(first_line)):
            yield from _own_module(match[1], match[2], project)


def _innermost(link: ErrorLink, failure: Failure) -> str:
    if not link.frames:
        return failure.test_path
    return next((frame.path for frame in reversed(link.frames) if frame.in_app), "")


def _own_module(module: str, name: str, project: Project) -> Iterator[tuple[str, str, bool]]:
    path = project.modules.get(module)
    if path is not None and kind_of(path) == "product":
        yield path, name, True


def _readings(name: str, target: str, project: Project) -> list[Proposal]:
    """The ways to import a name the file uses, unless it is rather a misspelling."""
    tree = project.tree(target)
    if tree is None or not _uses(tree, name):
        return []
    found = proposals(name, target, project)
    firm = bool(found) and found[0].firm
    if not firm and looks_like_typo(name, names_bound_anywhere(tree)):
        return []
    return found


def _uses(tree: ast.Module, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def _reexports(name: str, target: str, project: Project) -> list[Proposal]:
    """The ways an own module can get a name it is asked for; sure only where it re-exports its neighbours already."""
    facts = project.facts(target)
    package = project.package_of(target)
    submodule = f"{package}.{name}"
    if target.endswith("__init__.py") and submodule in project.modules:
        found = [Proposal(Import(package, name), SURE, f"{submodule} is a module of the package")]
    else:
        found = [p for p in proposals(name, target, project) if p.form.module.partition(".")[0] in project.packages]
        found = found or definitions(name, target, project)
    if facts is None or len(found) != 1:
        return [replace(proposal, confidence=min(ASK, proposal.confidence)) for proposal in found]
    (best,) = found
    absolute = [fact.form.absolute(package) for fact in facts.imports if fact.where == "top"]
    neighbours = [form for form in absolute if form and form.name and f"{form.module}.".startswith(f"{package}.")]
    near = f"{best.form.module}.".startswith(f"{package}.") and target.endswith("__init__.py")
    if near and name in facts.exported:
        return [Proposal(best.form, _EXPORTED, f"{best.evidence}; `__all__` of {target} lists {name}", best.uses)]
    tree = project.tree(target)
    if tree is not None and _uses(tree, name):
        said = f"{best.evidence}; {target} uses {name} itself"
        return [Proposal(best.form, _EXPORTED, said, best.uses)]
    if near and neighbours:
        said = f"{best.evidence}; {target} re-exports {len(neighbours)} names of its modules already"
        return [Proposal(best.form, _SIBLING_STYLE, said, best.uses)]
    return [replace(best, confidence=ASK)]


def _undefined_too(name: str, target: str, project: Project) -> list[Proposal]:
    """What else the file uses without having it, as far as there is one sure reading."""
    try:
        text = source_of(target, project.data(target)).text
        others = [other for other in undefined_names(text, target) if other != name]
    except (SyntaxError, ValueError, PatchError):
        return []
    return _sure(others, target, project)


def _exported_too(name: str, target: str, project: Project) -> list[Proposal]:
    """What else `__all__` promises and the module lacks."""
    facts = project.facts(target)
    if facts is None or facts.star:
        return []
    others = [other for other in facts.exported if other not in facts.bound and other != name]
    package = f"{project.package_of(target)}."
    return [extra for extra in _sure(others, target, project) if f"{extra.form.module}.".startswith(package)]


def _sure(names: list[str], target: str, project: Project) -> list[Proposal]:
    tree = project.tree(target)
    bound = names_bound_anywhere(tree) if tree is not None else frozenset()
    found = []
    for name in dict.fromkeys(names[:_MOST_EXTRAS]):
        ways = proposals(name, target, project)
        if len(ways) == 1 and ways[0].confidence >= SURE and (ways[0].firm or not looks_like_typo(name, bound)):
            found.append(ways[0])
    return found


def _candidate(
    name: str, proposal: Proposal, extras: list[Proposal], target: str, project: Project
) -> Candidate | None:
    """Build the candidate; None when the new text would not compile or would change more than imports."""
    chosen = [proposal, *extras]
    forms = [_as_written_in(target, item.form, project) for item in chosen]
    tree = project.tree(target)
    if tree is None:
        return None
    try:
        source = source_of(target, project.data(target))
        new = add_imports(
            source,
            tree,
            forms,
            own=project.packages,
            single_line=project.prefers_single_lines(target),
            neighbours=filter(None, map(project.tree, project.neighbours(target))),
        )
        compile(new, target, "exec", dont_inherit=True)
        patch = patch_of(edits_between(target, source.data, new), project.read)
    except (SyntaxError, ValueError, PatchError):
        return None
    if not only_imports_added(tree, ast.parse(new)):
        return None
    confidence = round(min(item.confidence for item in chosen), 4)
    more = f" and {len(extras)} more" if extras else ""
    return Candidate(
        id=patch_id(patch),
        fixer=NAME,
        origin=Origin.BUILTIN,
        title=f"import {name}{more} in {target}: {'; '.join(dict.fromkeys(map(str, forms)))}",
        patch=patch,
        confidence=confidence,
        error_class=ErrorClass.API,
        learned=confidence >= SURE,
        evidence=tuple(item.evidence for item in chosen),
    )


def _as_written_in(target: str, form: Import, project: Project) -> Import:
    """Return the import with leading dots where the file, or else its package, imports its own modules like that."""
    package = project.package_of(target)
    if not package or form.module.partition(".")[0] != package.partition(".")[0] or not form.name:
        return form
    folder = target.rpartition("/")[0]
    neighbours = [path for path in project.files if path.rpartition("/")[0] == folder and path != target]
    top = package.partition(".")[0]
    family = [path for path in project.files if project.module_name(path).partition(".")[0] == top]
    for group in ([target], neighbours, family):
        votes: Counter[bool] = Counter()
        for path in group:
            facts = project.facts(path)
            for fact in facts.imports if facts is not None else ():
                if fact.form.name and (fact.form.level or fact.form.module.partition(".")[0] == top):
                    votes[bool(fact.form.level)] += 1
        if votes:
            return form.relative(package) if votes[True] >= votes[False] else form
    return form


def only_imports_added(old: ast.Module, new: ast.Module) -> bool:
    """Tell whether `new` is `old` with more names imported at the top level and nothing else changed."""
    rest_old = [ast.dump(node) for node in old.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    rest_new = [ast.dump(node) for node in new.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    return rest_old == rest_new and not _imported(old) - _imported(new)


def _imported(tree: ast.Module) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            source = f"{getattr(node, 'level', 0)}{getattr(node, 'module', '')}"
            found.update(f"{source} {alias.name} {alias.asname}" for alias in node.names)
    return found
