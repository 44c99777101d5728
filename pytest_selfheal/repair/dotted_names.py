"""What is known of dotted names by looking: at the project's files, and at the standard library's modules.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import sys
import types
import warnings
from functools import cached_property
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from pytest_selfheal.repair.project import Project

_NOISY = frozenset({"antigravity", "this", "idlelib", "turtle", "turtledemo", "test", "lib2to3"})
_MODULE_SUFFIXES = frozenset({".py", ".pyd", ".pyi", ".so"})
_ABSENT = object()


class DottedNames:
    """Answers about dotted names; modules of installed packages are never imported for it.

    Args:
        project: the project, or None when only the standard library is to be known.
    """

    def __init__(self, project: Project | None = None) -> None:
        self._project = project

    def is_namespace(self, dotted: str) -> bool:
        """Tell whether the name is a module, a class or a function rather than an object that varies."""
        if "." not in dotted:
            return True
        own = self._own(dotted)
        if own is not None:
            return own in ("module", "class", "def") or dotted.rpartition(".")[2][:1].isupper()
        found = standard_object(dotted)
        if found is not _ABSENT:
            return isinstance(found, (type, types.ModuleType)) or callable(found)
        return dotted.rpartition(".")[2][:1].isupper() or is_installed_module(dotted)

    def is_module(self, dotted: str) -> bool:
        """Tell whether the name is certainly a module."""
        if self._own(dotted) == "module" or isinstance(standard_object(dotted), types.ModuleType):
            return True
        return "." not in dotted or is_installed_module(dotted)

    def exists(self, dotted: str) -> bool | None:
        """Tell whether the name is there; None when that cannot be known without running code."""
        top = dotted.partition(".")[0]
        if self._project is not None and top in self._project.packages:
            return self._own(dotted) is not None
        if top in sys.stdlib_module_names:
            return standard_object(dotted) is not _ABSENT
        return None

    def owners(self, attribute: str) -> int:
        """Return how many classes of the project have the attribute."""
        return self._owners.get(attribute, 0)

    def is_renamed(self, old: str, new: str) -> bool:
        """Tell whether a class of the project is called `new` where nothing of the project is called `old` any more."""
        if self._project is None:
            return False
        classes = {name for names in self._definitions.values() for name, kind in names if kind == "class"}
        known = {name for names in self._definitions.values() for name, _kind in names}
        return new in classes and old not in known and not hasattr(builtins, old)

    @cached_property
    def _definitions(self) -> dict[str, set[tuple[str, str]]]:
        """Top-level names of the project's files with what they are, by file."""
        project = self._project
        facts = {path: project.facts(path) for path in project.files} if project is not None else {}
        return {path: set(found.defined.items()) for path, found in facts.items() if found is not None}

    @cached_property
    def _owners(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        if self._project is None:
            return counts
        for path in self._project.files:
            tree = self._project.tree(path)
            for node in ast.walk(tree) if tree is not None else ():
                if isinstance(node, ast.ClassDef):
                    for name in _members(node):
                        counts[name] = counts.get(name, 0) + 1
        return counts

    def _own(self, dotted: str) -> str | None:
        """Return what a name of the project is: `module`, `class`, `def`, `assign`; None when it is not there."""
        project = self._project
        if project is None:
            return None
        if dotted in project.modules or any(name.startswith(f"{dotted}.") for name in project.modules):
            return "module"
        module, _, name = dotted.rpartition(".")
        path = project.modules.get(module)
        facts = project.facts(path) if path else None
        if facts is not None:
            found = facts.defined.get(name)
            return found or ("assign" if name in facts.bound or facts.star else None)
        owner_module, _, owner = module.rpartition(".")
        path = project.modules.get(owner_module)
        tree = project.tree(path) if path else None
        for node in tree.body if tree is not None else ():
            if isinstance(node, ast.ClassDef) and node.name == owner and name in _members(node):
                return "assign"
        return None


def _members(node: ast.ClassDef) -> set[str]:
    names: set[str] = set()
    for item in node.body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(item.name)
        elif isinstance(item, (ast.Assign, ast.AnnAssign)):
            targets = item.targets if isinstance(item, ast.Assign) else [item.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names


@lru_cache(maxsize=2048)
def standard_object(dotted: str) -> Any:
    """Return what a dotted name of the standard library is; a marker when there is no such thing."""
    parts = dotted.split(".")
    if parts[0] not in sys.stdlib_module_names or parts[0] in _NOISY or parts[-1] == "__main__":
        return _ABSENT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for count in range(len(parts), 0, -1):
            try:
                found: Any = importlib.import_module(".".join(parts[:count]))
                for part in parts[count:]:
                    found = getattr(found, part)
            except (ImportError, AttributeError):
                continue
            return found
    return _ABSENT


@lru_cache(maxsize=2048)
def is_installed_module(dotted: str) -> bool:
    """Tell by the files of an installed package whether it has a module of that name; nothing is imported."""
    top, *rest = dotted.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec is not None else []
    for number, part in enumerate(rest, 1):
        files = (file.suffix for folder in folders for file in folder.glob(f"{part}.*"))
        if number == len(rest) and not _MODULE_SUFFIXES.isdisjoint(files):
            return True
        folders = [folder / part for folder in folders if (folder / part).is_dir()]
    return bool(folders)
