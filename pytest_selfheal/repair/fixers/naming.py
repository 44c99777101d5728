"""From a bare name to the imports that could provide it, with how sure each is and why.

Order of evidence: the way the rest of the project imports the name (leave-one-out over 24,177 imports of ten projects:
99.36 % right at three uses and 90 % agreement), its only definition in the project, the standard library, an installed
package of that name.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import importlib.util
import os
from collections import Counter
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.known_names import ALIASES
from pytest_selfheal.repair.fixers.known_names import MODULE_AND_MEMBER
from pytest_selfheal.repair.fixers.known_names import STANDARD_MEMBERS
from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import is_standard
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.scope import Usage
from pytest_selfheal.repair.scope import usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.repair.imports import Facts
    from pytest_selfheal.repair.project import Project

SURE = 0.85
"""From here on a proposal may be acted on without asking (design, section 5: a built-in with measured precision)."""

ASK = 0.65
"""Below every band that acts: used where more than one reading is possible."""

_SURE_USES = 3
_SURE_SHARE = 0.9


@dataclass(frozen=True)
class Proposal:
    """One way to import a name: an absolute import, the confidence in it (0-1) and one sentence of evidence."""

    form: Import
    confidence: float
    evidence: str
    uses: int = 0


def proposals(name: str, target: str, project: Project) -> list[Proposal]:
    """Return the imports that could bind `name` in the file `target`, best first.

    One sure proposal stands alone; several mean that only a person or the tests can tell.
    """
    tree = project.tree(target)
    usage = usage_of(tree, name) if tree is not None else Usage(frozenset(), called=False, bare=True)
    found = _by_consensus(name, target, project, usage)
    if not found:
        found = [*_by_definition(name, target, project, usage), *_by_standard_library(name, project, usage)]
        if len(found) > 1:
            found = [replace(proposal, confidence=min(ASK, proposal.confidence)) for proposal in found]
    return found or _by_installed_package(name, project, usage)


def _by_consensus(name: str, target: str, project: Project, usage: Usage) -> list[Proposal]:
    own = kind_of(target)
    kinds = [own, "product"] if own != "product" else ["product"]
    others = [path for path in project.files if path != target]
    for kind in kinds:
        files = list(project.mentioning(name, (path for path in others if kind_of(path) == kind)))
        votes = _votes(name, target, files, project)
        votes = Counter({form: count for form, count in votes.items() if _fits(form, usage, project)})
        votes = _by_attribute(votes, usage)
        if votes:
            return _weighed(name, target, votes, project)
    return []


def _votes(name: str, target: str, files: Iterable[tuple[str, Facts]], project: Project) -> Counter[Import]:
    """Count the files that import the name, by form; a file with two forms (a fallback) votes for none."""
    votes: Counter[Import] = Counter()
    here = project.module_name(target)
    for path, facts in files:
        forms = set()
        for fact in facts.imports:
            form = fact.form.absolute(project.package_of(path))
            if fact.form.bound == name and form is not None and form.module != "__future__":
                forms.add(form)
        plain = {form for form in forms if form.name or form.alias or "." not in form.module}
        dotted = forms - plain
        if len(plain) == 1 and not dotted:
            votes.update(form for form in plain if not (form.name and form.module == here))
        elif not plain:
            votes.update(dotted)
    return votes


def _fits(form: Import, usage: Usage, project: Project) -> bool:
    """Tell whether what the form binds can be used the way the file uses the name, and whether it is there."""
    top = form.module.partition(".")[0]
    if top in project.packages:
        if not project.provides(form):
            return False
    elif not is_standard(top) and not _is_installed(top, project):
        return False
    if usage.called and project.is_module(form):
        return False  # modules cannot be called
    same_name = form.name and form.name == form.module and form.module in MODULE_AND_MEMBER
    if same_name and usage.attributes:
        return not _module_is_meant(form.module, usage)
    return True


def _module_is_meant(module: str, usage: Usage) -> bool:
    only_module = MODULE_AND_MEMBER[module]
    return bool(usage.attributes & only_module if only_module else usage.attributes) and not usage.called


def _by_attribute(votes: Counter[Import], usage: Usage) -> Counter[Import]:
    """Of `import a.b` forms keep those whose path the file uses; without such a use drop them all."""
    dotted = {form for form in votes if not form.name and not form.alias and "." in form.module}
    used = {form for form in dotted if form.module.partition(".")[2] in usage.chains}
    if used:
        return Counter({form: votes[form] for form in used})
    return Counter({form: count for form, count in votes.items() if form not in dotted})


def _weighed(name: str, target: str, votes: Counter[Import], project: Project) -> list[Proposal]:
    total = sum(votes.values())
    ranked = sorted(votes.items(), key=lambda item: (-item[1], str(item[0])))
    best, count = ranked[0]
    said = f"{count} of {total} project files that import {name} use `{best}`"
    if total >= _SURE_USES and count / total >= _SURE_SHARE:
        return [Proposal(best, 0.95, said, total)]
    if len(ranked) == 1:
        rivals = [rival for rival in _definitions(name, target, project) if not _same(rival, best, project)]
        if not rivals:
            return [Proposal(best, 0.90, said, total)]
        doubts = [Proposal(rival, ASK * 0.5, f"{rival.module} defines {name} too", 0) for rival in rivals]
        return [Proposal(best, ASK, said, total), *doubts]
    origins = {project.origin(form.module, form.name) for form, _ in ranked if form.name}
    if len(origins) == 1 and all(form.name for form, _ in ranked):
        return [Proposal(best, 0.90, f"{said}, the others import the same object", total)]
    return [
        Proposal(form, ASK * uses / total, f"{uses} of {total} project files that import {name} use `{form}`", total)
        for form, uses in ranked
    ]


def _same(one: Import, two: Import, project: Project) -> bool:
    return project.origin(one.module, one.name) == project.origin(two.module, two.name)


def _definitions(name: str, target: str, project: Project) -> list[Import]:
    """Product modules, other than the target, that define the name at their top level."""
    found = []
    for path, facts in project.mentioning(name, (p for p in project.files if kind_of(p) == "product" and p != target)):
        kind = facts.defined.get(name)
        if kind in ("def", "class") or (kind == "assign" and name == name.upper() and len(name) > 1):
            found.append(Import(project.module_name(path), name))
    return [form for form in found if form.module]


def _by_definition(name: str, target: str, project: Project, usage: Usage) -> list[Proposal]:
    forms = _definitions(name, target, project)
    if usage.attributes and not usage.called:
        forms += _modules_named(name, target, project)
    sure = 0.85 if len(forms) == 1 and not name.startswith("_") else ASK / max(1, len(forms))
    where = "the only definition in the project" if len(forms) == 1 else f"one of {len(forms)} definitions"
    return [Proposal(form, sure, f"`{form}`: {where} of {name}") for form in forms]


def _modules_named(name: str, target: str, project: Project) -> list[Import]:
    here = project.module_name(target)
    found = []
    for module, path in project.modules.items():
        parent, _, last = module.rpartition(".")
        if last == name and module != here and kind_of(path) == "product":
            found.append(Import(parent, name) if parent else Import(module))
    return found


def _by_standard_library(name: str, project: Project, usage: Usage) -> list[Proposal]:
    module = is_standard(name) and "." not in name and not name.startswith("_") and name not in project.packages
    member = STANDARD_MEMBERS.get(name)
    if name in MODULE_AND_MEMBER:
        if _module_is_meant(name, usage):
            member = None
        elif usage.called or not usage.attributes:
            module, member = False, member or name
        elif member:
            module = False
    if module and not usage.called:
        fallback = _has_fallback(name, project)
        sure = ASK if fallback else 0.92
        why = "imported with a fallback elsewhere in the project" if fallback else "a module of the standard library"
        return [Proposal(Import(name), sure, f"{name} is {why}")]
    if member and member.partition(".")[0] not in project.packages:
        telling = usage.called or usage.attributes or not (name.islower() and name.isalpha())
        sure = 0.90 if telling else 0.80  # `fields`, `date`: a plain word may as well be a lost variable
        return [Proposal(Import(member, name), sure, f"{name} is a well-known member of {member}")]
    return []


def _has_fallback(name: str, project: Project) -> bool:
    return any(
        fact.form.bound == name and fact.where == "try"
        for _path, facts in project.mentioning(name)
        for fact in facts.imports
    )


def _by_installed_package(name: str, project: Project, usage: Usage) -> list[Proposal]:
    if usage.called:
        return []
    if name in ALIASES:
        module = ALIASES[name]
        if _is_installed(module.partition(".")[0], project):
            form = Import(module) if module == name else Import(module, alias=name)
            return [Proposal(form, 0.90, f"{name} is the customary name of {module}, which is installed")]
        return []
    if len(name) > 2 and usage.attributes and _is_installed(name, project):
        return [Proposal(Import(name), 0.80, f"a package named {name} is installed")]
    return []


def _is_installed(top: str, project: Project) -> bool:
    """Tell whether a top-level module can be imported, without importing it; project files and folders do not count."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    if spec is None or spec.origin is None:
        return False
    if spec.origin in ("built-in", "frozen"):
        return True
    origin = os.path.realpath(spec.origin)
    inside = origin.startswith(f"{project.root}{os.sep}")
    return not inside or "site-packages" in origin or "dist-packages" in origin
