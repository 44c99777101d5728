"""From a bare name to the imports that could provide it, with how sure each is and why.

Order of evidence: the way the rest of the project imports the name (leave-one-out over 24,177 imports of ten projects:
99.36 % right at three uses and 90 % agreement), its only definition in the project, the standard library, an installed
package of that name.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import importlib.util
import os
import typing
from collections import Counter
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.model.known_names import ALIASES
from pytest_selfheal.model.known_names import MODULE_AND_MEMBER
from pytest_selfheal.model.known_names import STANDARD_MEMBERS
from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import is_standard
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.scope import Usage
from pytest_selfheal.repair.scope import usage_of
from pytest_selfheal.repair.standard_names import is_plain_module
from pytest_selfheal.repair.standard_names import offered_by
from pytest_selfheal.repair.standard_names import only_provider

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
_SHORT_PRIVATE = 3


@dataclass(frozen=True)
class Proposal:
    """One way to import a name: an absolute import, the confidence in it (0-1) and one sentence of evidence.

    `firm` evidence is specific enough that a misspelling of another name would hardly have hit it by chance.
    """

    form: Import
    confidence: float
    evidence: str
    uses: int = 0
    firm: bool = False


def proposals(name: str, target: str, project: Project) -> list[Proposal]:
    """Return the imports that could bind `name` in the file `target`, best first.

    One sure proposal stands alone; several mean that only a person or the tests can tell.
    """
    tree = project.tree(target)
    usage = usage_of(tree, name) if tree is not None else Usage(frozenset(), called=False, bare=True)
    found = _by_consensus(name, target, project, usage)
    if not found:
        own = _by_definition(name, target, project, usage)
        found = [*own, *_by_standard_library(name, project, usage, any_provider=not own)]
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
            firm = sum(votes.values()) >= _SURE_USES or _is_telling(name, usage)
            weighed = _weighed(name, target, votes, project, usage)
            return [_unless_a_variable(replace(proposal, firm=firm), usage) for proposal in weighed]
    return []


def _unless_a_variable(proposal: Proposal, usage: Usage) -> Proposal:
    """Be unsure of a module that a function only passes on: `{"platform": platform}` has rather lost its variable.

    A module put there would turn a loud error into a silent wrong value.
    """
    form = proposal.form
    is_module = not form.name and not form.alias
    if not is_module or usage.called or usage.attributes or not usage.local:
        return proposal
    said = f"{proposal.evidence}, but nothing is read from it here: a variable may be missing instead"
    return replace(proposal, confidence=min(ASK, proposal.confidence), evidence=said, firm=False)


def _is_telling(name: str, usage: Usage) -> bool:
    """Tell whether a name is used as something defined elsewhere would be, rather than as a local variable."""
    return usage.called or bool(usage.attributes) or _is_distinctive(name)


def _is_distinctive(name: str) -> bool:
    is_private = name.startswith("_") and len(name) > _SHORT_PRIVATE
    return name != name.lower() or "_" in name.strip("_") or is_private


def _votes(name: str, target: str, files: Iterable[tuple[str, Facts]], project: Project) -> Counter[Import]:
    """Count the files that import the name, by form; a file with two forms (a fallback) votes for none."""
    votes: Counter[Import] = Counter()
    here = project.module_name(target)
    for path, facts in files:
        forms = set()
        for fact in facts.imports:
            form = fact.form.absolute(project.package_of(path))
            if fact.form.bound != name or form is None or form.module == "__future__":
                continue
            if path.endswith("__init__.py") and form.module.partition(".")[0] in project.packages:
                continue  # a re-export says where the name lives, not how it is imported
            forms.add(replace(form, alias="") if form.alias == form.name else form)
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
    if usage.attributes and not usage.called and _is_function(form, project):
        return False  # and functions have no attributes worth reading
    if not form.name and not form.alias and not _has_attributes(form.module, usage):
        return False
    same_name = form.name and form.name == form.module and form.module in MODULE_AND_MEMBER
    if same_name and usage.attributes:
        return not _module_is_meant(form.module, usage)
    return True


def _is_function(form: Import, project: Project) -> bool:
    module, name = project.origin(form.module, form.name)
    path = project.modules.get(module)
    facts = project.facts(path) if path else None
    return facts is not None and facts.defined.get(name) == "def"


def _has_attributes(module: str, usage: Usage) -> bool:
    """Tell whether a standard module has what is read from it; other modules, and unknown contents, are believed."""
    if "." in module or not is_standard(module):
        return True
    offered = offered_by(module)
    return offered is None or usage.attributes <= offered


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


def _weighed(name: str, target: str, votes: Counter[Import], project: Project, usage: Usage) -> list[Proposal]:
    total = sum(votes.values())
    ranked = sorted(votes.items(), key=lambda item: (-item[1], str(item[0])))
    best, count = ranked[0]
    said = f"{count} of {total} project files that import {name} use `{best}`"
    if total >= _SURE_USES and count / total >= _SURE_SHARE:
        return [Proposal(best, 0.95, said, total)]
    if len(ranked) == 1:
        others = [form for form in _definitions(name, target, project) if not _same(form, best, project)]
        rivals = [form for form in others if _fits(form, usage, project)]
        if not rivals:
            return [Proposal(best, 0.90, said, total)]
        doubts = [Proposal(rival, ASK * 0.5, f"{rival.module} defines {name} too", 0) for rival in rivals]
        return [Proposal(best, ASK, said, total), *doubts]
    origins = {_origin(form, project) for form, _ in ranked if form.name}
    if len(origins) == 1 and all(form.name for form, _ in ranked):
        return [Proposal(best, 0.90, f"{said}, the others import the same object", total)]
    return [
        Proposal(form, ASK * uses / total, f"{uses} of {total} project files that import {name} use `{form}`", total)
        for form, uses in ranked
    ]


def _same(one: Import, two: Import, project: Project) -> bool:
    return _origin(one, project) == _origin(two, project)


def _origin(form: Import, project: Project) -> tuple[str, str]:
    module, name = project.origin(form.module, form.name)
    if module == "typing" and STANDARD_MEMBERS.get(name) == "collections.abc":
        module = "collections.abc"  # typing only passes these on
    return module, name


def _definitions(name: str, target: str, project: Project) -> list[Import]:
    """Product modules, other than the target, that define the name at their top level."""
    found = []
    for path, facts in project.mentioning(name, (p for p in project.files if kind_of(p) == "product" and p != target)):
        kind = facts.defined.get(name)
        form = Import(project.module_name(path), name)
        # A module-level variable counts when its name is one that nobody gives to a loop variable.
        variable = kind == "assign" and len(name) > 1 and _is_distinctive(name)
        if kind in ("def", "class") or (variable and (name[0] != "_" or _is_sibling(form, target, project))):
            found.append(form)
    return [form for form in found if form.module]


def _by_definition(name: str, target: str, project: Project, usage: Usage) -> list[Proposal]:
    forms = [form for form in _definitions(name, target, project) if _fits(form, usage, project)]
    if usage.attributes and not usage.called:
        forms += _modules_named(name, target, project)
    # Private names are shared within a package, hardly ever across packages.
    shared = not name.startswith("_") or any(_is_sibling(form, target, project) for form in forms)
    sure = 0.85 if len(forms) == 1 and shared else ASK / max(1, len(forms))
    where = "the only definition in the project" if len(forms) == 1 else f"one of {len(forms)} definitions"
    firm = _is_telling(name, usage)
    return [Proposal(form, sure, f"`{form}`: {where} of {name}", firm=firm) for form in forms]


def _is_sibling(form: Import, target: str, project: Project) -> bool:
    path = project.modules.get(form.module)
    return path is not None and project.package_of(path) == project.package_of(target)


def definitions(name: str, target: str, project: Project) -> list[Proposal]:
    """Return where the project itself defines the name, whatever its files import under that name from elsewhere."""
    return _by_definition(name, target, project, Usage(frozenset(), called=False, bare=True))


def _modules_named(name: str, target: str, project: Project) -> list[Import]:
    here = project.module_name(target)
    found = []
    for module, path in project.modules.items():
        parent, _, last = module.rpartition(".")
        if last == name and module != here and kind_of(path) == "product":
            found.append(Import(parent, name) if parent else Import(module))
    return found


def _by_standard_library(name: str, project: Project, usage: Usage, *, any_provider: bool) -> list[Proposal]:
    """Return what the standard library offers under the name.

    `any_provider` asks every customary module too; where the project has a definition only well-known members compete.
    """
    module = is_standard(name) and "." not in name and not name.startswith("_") and name not in project.packages
    member = STANDARD_MEMBERS.get(name)
    if name in MODULE_AND_MEMBER:
        if _module_is_meant(name, usage):
            member = None
        elif usage.called or not usage.attributes:
            module, member = False, member or name
        elif member:
            module = False
    if module and not usage.called and _has_attributes(name, usage):
        fallback = _has_fallback(name, project)
        sure = ASK if fallback else 0.92
        why = "imported with a fallback elsewhere in the project" if fallback else "a module of the standard library"
        firm = bool(usage.attributes) and is_plain_module(name)
        return [_unless_a_variable(Proposal(Import(name), sure, f"{name} is {why}", firm=firm), usage)]
    if member is None and any_provider and _is_distinctive(name):
        member = "typing" if name in typing.__all__ else only_provider(name)
    if member and member.partition(".")[0] not in project.packages:
        telling = usage.called or usage.attributes or not (name.islower() and name.isalpha())
        sure = 0.90 if telling else 0.80  # `fields`, `date`: a plain word may as well be a lost variable
        firm = _is_distinctive(name)
        return [Proposal(Import(member, name), sure, f"{name} is a well-known member of {member}", firm=firm)]
    return _by_private_alias(name, usage)


def _by_private_alias(name: str, usage: Usage) -> list[Proposal]:
    """`import json as _json`: the usual way to keep a module out of a module's public names."""
    module = name.lstrip("_")
    if module == name or not is_standard(module) or usage.called or not usage.attributes:
        return []
    if not usage.attributes <= (offered_by(module) or frozenset()):
        return []
    return [Proposal(Import(module, alias=name), SURE, f"{name} is used like the standard module {module}", firm=True)]


def _has_fallback(name: str, project: Project) -> bool:
    return any(
        fact.form.bound == name and fact.where == "try"
        for _path, facts in project.mentioning(name)
        for fact in facts.imports
    )


def _by_installed_package(name: str, project: Project, usage: Usage) -> list[Proposal]:
    if usage.called or is_standard(name):
        return []
    if name in ALIASES:
        module = ALIASES[name]
        if _is_installed(module.partition(".")[0], project):
            form = Import(module) if module == name else Import(module, alias=name)
            return [Proposal(form, 0.90, f"{name} is the customary name of {module}, which is installed")]
        return []
    if len(name) > 2 and not name.startswith("_") and usage.attributes and _is_installed(name, project):
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
