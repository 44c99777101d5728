"""What a name, an attribute or a call of a project file stands for: dotted names, classes and signatures, read only.

Names are resolved through the file's imports, never compared as text; a name that anything but one import binds stands
for nothing here.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import forms_of
from pytest_selfheal.repair.imports import is_standard
from pytest_selfheal.repair.project import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.repair.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_DEEPEST = 6
_MADE_BY = frozenset({"dataclass", "dataclasses.dataclass", "attr.s", "attrs.define", "attr.define", "attrs.frozen"})


def imports_in(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, Import]]:
    """Yield every import statement of a module, at any depth, with each name it binds."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for form in forms_of(node):
                yield node, form


def bindings(tree: ast.Module, package: str) -> dict[str, str]:
    """Return the names that only imports bind, and always the same: local name to absolute dotted name."""
    found: dict[str, set[str]] = {}
    for _node, form in imports_in(tree):
        absolute = form.absolute(package)
        if absolute is None:
            continue
        plain = absolute.module if form.alias else absolute.module.partition(".")[0]
        found.setdefault(form.bound, set()).add(f"{absolute.module}.{form.name}" if form.name else plain)
    other = _bound_otherwise(tree)
    return {name: min(dotted) for name, dotted in found.items() if len(dotted) == 1 and name not in other}


def _bound_otherwise(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)):
            names.add(node.name or "")
    return names


def dotted(node: ast.expr, bound: dict[str, str]) -> str:
    """Return the absolute dotted name of an expression; empty when it is none, or starts with no imported name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in bound:
        return ""
    return ".".join([bound[node.id], *reversed(parts)])


def chain(node: ast.expr) -> str:
    """Return `a.b.c` for a name or attribute chain as it is written; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def functions_of(tree: ast.Module) -> list[tuple[ast.ClassDef | None, FunctionNode]]:
    """Return every function of a module with the class it stands in directly."""
    found: list[tuple[ast.ClassDef | None, FunctionNode]] = []
    waiting: list[tuple[ast.ClassDef | None, ast.AST]] = [(None, tree)]
    while waiting:
        owner, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append((owner, child))
                waiting.append((None, child))
            else:
                waiting.append((child if isinstance(child, ast.ClassDef) else owner, child))
    return found


def function_at(tree: ast.Module, line: int) -> tuple[ast.ClassDef | None, FunctionNode] | None:
    """Return the innermost function around a line, with its class."""
    around = [
        (owner, node) for owner, node in functions_of(tree) if node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda item: item[1].lineno) if around else None


def arguments_of(node: FunctionNode | ast.Lambda) -> list[ast.arg]:
    """Return all parameters that can be passed by name or place, without `*args` and `**kwargs`."""
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


@dataclass(frozen=True)
class ClassFacts:
    """What is known of one class of the project.

    Attributes:
        path: the file it stands in.
        module: the module it is imported from.
        node: its definition.
        names: attributes that exist on it or its instances, inherited ones included.
        complete: whether all of its bases are known, so that a name not listed does not exist.
    """

    path: str
    module: str
    node: ast.ClassDef
    names: frozenset[str]
    complete: bool


@dataclass
class Symbols:
    """Classes and functions of the product, by name."""

    project: Project
    classes: dict[str, list[tuple[str, ast.ClassDef]]] = field(default_factory=dict)
    functions: dict[str, list[tuple[str, ast.ClassDef | None, FunctionNode]]] = field(default_factory=dict)

    def class_named(self, name: str, module: str = "") -> ClassFacts | None:
        """Return the facts of the one class of this name (in this module, when it is known); None when unclear."""
        found = [
            (path, node)
            for path, node in self.classes.get(name, ())
            if not module or self.project.module_name(path) == module
        ]
        if len(found) != 1:
            return None
        path, node = found[0]
        names, complete = self._names(path, node, _DEEPEST)
        return ClassFacts(path, self.project.module_name(path), node, frozenset(names), complete)

    def _names(self, path: str, node: ast.ClassDef, depth: int) -> tuple[set[str], bool]:
        names = own_names(node) | set(dir(object))
        complete = depth > 0 and not any(
            name in names for name in ("__getattr__", "__getattribute__") if name in own_names(node)
        )
        tree = self.project.tree(path)
        bound = bindings(tree, self.project.package_of(path)) if tree is not None else {}
        for written_base in node.bases:
            base = written_base.value if isinstance(written_base, ast.Subscript) else written_base  # Generic[T]
            written = chain(base)
            inherited = self._base(path, written, dotted(base, bound), depth)
            if inherited is None:
                complete = False
            else:
                names |= inherited[0]
                complete = complete and inherited[1]
        return names, complete and not any(keyword.arg == "metaclass" for keyword in node.keywords)

    def _base(self, path: str, written: str, absolute: str, depth: int) -> tuple[set[str], bool] | None:
        own = self.classes.get(written.rpartition(".")[2], [])
        if not absolute:
            here = [item for item in own if item[0] == path]
            if len(here) == 1 and depth:
                return self._names(*here[0], depth - 1)
            kind = getattr(builtins, written, None)
            return (set(dir(kind)), True) if isinstance(kind, type) else None
        module, _, name = absolute.rpartition(".")
        origin = self.project.origin(module, name)
        there = [item for item in self.classes.get(origin[1], ()) if self.project.module_name(item[0]) == origin[0]]
        if len(there) == 1 and depth:
            return self._names(*there[0], depth - 1)
        loaded = getattr(sys.modules.get(module), name, None) if is_standard(module) else None
        return (set(dir(loaded)), True) if isinstance(loaded, type) else None


def symbols_of(project: Project) -> Symbols:
    """Return the index of the project's product code, made once."""
    return project.remember("symbols", lambda: _index(project))


def _index(project: Project) -> Symbols:
    found = Symbols(project)
    for path in project.files:
        tree = project.tree(path) if kind_of(path) == "product" else None
        if tree is None:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.classes.setdefault(node.name, []).append((path, node))
        for owner, function in functions_of(tree):
            found.functions.setdefault(function.name, []).append((path, owner, function))
    return found


def own_names(node: ast.ClassDef) -> set[str]:
    """Return the attributes a class defines itself, in its body or by assigning to `self`."""
    names: set[str] = set()
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            names.update(
                part.id for target in statement.targets for part in ast.walk(target) if isinstance(part, ast.Name)
            )
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
    for _owner, function in functions_of(ast.Module([node], [])):
        first = arguments_of(function)[:1]
        for part in ast.walk(function):
            if not isinstance(part, ast.Attribute) or not isinstance(part.ctx, ast.Store):
                continue
            if first and isinstance(part.value, ast.Name) and part.value.id == first[0].arg:
                names.add(part.attr)
    return names


def init_arguments(facts: ClassFacts) -> list[str] | None:
    """Return the keyword names a class is created with; None when they cannot be told from its own source."""
    for statement in facts.node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return keywords_of(statement, method=True)
    if any(chain(part.func if isinstance(part, ast.Call) else part) in _MADE_BY for part in facts.node.decorator_list):
        if facts.node.bases:
            return None
        fields = [part for part in facts.node.body if isinstance(part, ast.AnnAssign)]
        return [part.target.id for part in fields if isinstance(part.target, ast.Name)]
    return None


def keywords_of(node: FunctionNode, *, method: bool) -> list[str] | None:
    """Return the names a function can be given arguments by; None with `**kwargs`."""
    if node.args.kwarg is not None:
        return None
    names = [argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]]
    static = any(chain(part) == "staticmethod" for part in node.decorator_list)
    return names[1:] if method and names and not static and not node.args.posonlyargs else names
