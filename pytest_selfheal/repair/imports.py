"""One imported name as a value, and the import facts of one module.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator


@dataclass(frozen=True)
class Import:
    """One name bound by one import: `import module [as alias]`, or `from module import name [as alias]`.

    `name` is empty for a plain import. `level` counts leading dots; `module` is then relative (and may be empty).
    """

    module: str
    name: str = ""
    alias: str = ""
    level: int = 0

    @property
    def bound(self) -> str:
        """The name the importing module gets."""
        return self.alias or self.name or self.module.partition(".")[0]

    @property
    def source(self) -> str:
        """The module as written after `from` or `import`, dots included."""
        return "." * self.level + self.module

    def __str__(self) -> str:
        renamed = f" as {self.alias}" if self.alias else ""
        if self.name:
            return f"from {self.source} import {self.name}{renamed}"
        return f"import {self.module}{renamed}"

    def absolute(self, package: str) -> Import | None:
        """Return the import without leading dots as seen from `package`; None when it climbs out of it."""
        if not self.level:
            return self
        parts = package.split(".") if package else []
        if self.level > len(parts):
            return None
        base = parts[: len(parts) - self.level + 1]
        return replace(self, module=".".join([*base, *([self.module] if self.module else [])]), level=0)

    def relative(self, package: str) -> Import:
        """Return the import with leading dots as seen from `package`, unchanged when they share no parent."""
        target, here = self.module.split("."), package.split(".")
        common = 0
        while common < min(len(target), len(here)) and target[common] == here[common]:
            common += 1
        if not common or not self.name:
            return self
        return replace(self, module=".".join(target[common:]), level=len(here) - common + 1)


@dataclass(frozen=True)
class ImportFact:
    """An import and where it stands: `top`, `try` (any top-level block), `type_checking` or `function`."""

    form: Import
    where: str
    lineno: int = 0


@dataclass(frozen=True)
class Facts:
    """What one module binds.

    Attributes:
        imports: every imported name, in order.
        defined: top-level definitions: name to `def`, `class` or `assign`.
        bound: names bound at the top level when the module runs (not those under TYPE_CHECKING only).
        exported: the strings of `__all__`.
        star: whether it has a `from ... import *`.
    """

    imports: tuple[ImportFact, ...]
    defined: dict[str, str]
    bound: frozenset[str]
    exported: tuple[str, ...]
    star: bool

    @property
    def single_line(self) -> bool:
        """Whether names of one module are imported on lines of their own."""
        lines: dict[str, int] = {}
        for fact in self.imports:
            if (
                fact.form.name
                and fact.where == "top"
                and lines.setdefault(fact.form.source, fact.lineno) != fact.lineno
            ):
                return True
        return False


def forms_of(node: ast.stmt) -> list[Import]:
    """Return the names an import statement binds; empty for any other statement and for `*`."""
    if isinstance(node, ast.Import):
        return [Import(alias.name, "", alias.asname or "") for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [alias for alias in node.names if alias.name != "*"]
        return [Import(node.module or "", alias.name, alias.asname or "", node.level) for alias in names]
    return []


def facts_of(tree: ast.Module) -> Facts:
    """Collect the facts of one parsed module."""
    imports: list[ImportFact] = []
    defined: dict[str, str] = {}
    bound: set[str] = set()
    exported: list[str] = []
    for node, where in _statements(tree.body, "top"):
        forms = forms_of(node)
        imports += [ImportFact(form, where, node.lineno) for form in forms]
        if where in ("top", "try"):
            bound.update(form.bound for form in forms)
            names = _bound_by(node)
            bound.update(names)
            if where == "top":
                defined.update(dict.fromkeys(names, _kind(node)))
                exported += exported_by(node)
    bound.update(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
    star = any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in ast.walk(tree))
    return Facts(tuple(imports), defined, frozenset(bound), tuple(exported), star)


def _statements(body: Iterable[ast.stmt], where: str) -> Iterator[tuple[ast.stmt, str]]:
    for node in body:
        yield node, where
        inner = where
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = "function"
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            inner = "type_checking" if where == "top" else where
            yield from _statements(node.body, inner)
            yield from _statements(node.orelse, where)
            continue
        elif hasattr(node, "body") and where == "top":
            inner = "try"
        for part in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, part, []), inner)
        for handler in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
            yield from _statements(handler.body, inner)


def _bound_by(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    simple = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Delete)
    if isinstance(node, simple):
        heads: list[ast.AST] = [node]
    else:  # compound statements: only their heads, the bodies come on their own
        heads = [value for field, value in ast.iter_fields(node) if isinstance(value, ast.AST) and field != "body"]
        heads += [part for item in getattr(node, "items", []) for part in ast.walk(item)]
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return []
    return [n.id for head in heads for n in ast.walk(head) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _kind(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef):
        return "class"
    return "def" if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else "assign"


def exported_by(node: ast.stmt) -> list[str]:
    """Return the strings that a statement puts into `__all__`."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        targets = [node.target]
    if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
        return []
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def is_standard(module: str) -> bool:
    """Tell whether `module` belongs to the standard library of this interpreter."""
    return module.partition(".")[0] in sys.stdlib_module_names
