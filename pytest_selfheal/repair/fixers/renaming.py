"""Giving dotted names other homes, in one file: its imports and every use that resolves to them.

Nothing inside `try` blocks that catch import or attribute errors, or under version checks, is touched: there the file
deals with the difference itself.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import is_standard
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.repair.placement import add_imports
from pytest_selfheal.repair.scope import names_bound_anywhere
from pytest_selfheal.repair.symbols import bindings
from pytest_selfheal.repair.symbols import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from pytest_selfheal.model import Edit
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

_CATCHES = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"})
_ASKS = ("hasattr", "version", "PY2", "PY3")
_WIDE = 100


def renamed(path: str, names: Mapping[str, str], project: Project, *, imports_only: bool = False) -> list[Edit]:
    """Return the edits of one file that put new dotted names in the place of old ones; empty when it has none.

    Args:
        path: the file.
        names: old absolute dotted names (members or whole modules) to new ones; `builtins.x` for a built-in.
        project: gives the file.
        imports_only: leave uses alone, as in tests, where they may stand in assertions.

    Raises:
        PatchError: the file cannot be decoded.
    """
    tree = project.tree(path)
    if tree is None:
        return []
    return _Renaming(path, tree, dict(names), project).edits(imports_only=imports_only)


class _Renaming:
    def __init__(self, path: str, tree: ast.Module, names: dict[str, str], project: Project) -> None:
        self._tree = tree
        self._names = names
        self._project = project
        self._package = project.package_of(path)
        self._source = source(project, path)
        self._path = path
        self._kept = guarded(tree)
        self._taken = names_bound_anywhere(tree)
        self._edits: list[Edit] = []
        self._needed: list[Import] = []
        self._locals: dict[str, str] = {}  # local names to write anew wherever they are used
        self._keeps_names = False

    def edits(self, *, imports_only: bool) -> list[Edit]:
        self._keeps_names = imports_only
        bound = bindings(self._tree, self._package)
        for node in ast.walk(self._tree):
            if id(node) in self._kept:
                continue
            if isinstance(node, ast.ImportFrom):
                self._from(node)
            elif isinstance(node, ast.Import):
                self._plain(node)
        if not imports_only:
            self._attributes(bound)
        self._uses()
        if not self._edits:
            return []
        return self._with_imports()

    def _from(self, node: ast.ImportFrom) -> None:
        base = Import(node.module or "", "x", "", node.level).absolute(self._package)
        if base is None or node.names[0].name == "*":
            return
        home = self._module(base.module)
        if home:
            self._statement(node, [self._from_text(home, list(node.names), node)])
            return
        moved: dict[str, list[ast.alias]] = {}
        stay = []
        for alias in node.names:
            new = self._names.get(f"{base.module}.{alias.name}", "")
            if new:
                self._moved(alias, new, moved)
            else:
                stay.append(alias)
        if len(stay) == len(node.names):
            return
        rows = [self._from_text(self._written(base.module, node), stay, node)] if stay else []
        for module, aliases in moved.items():
            if module:
                rows.append(self._from_text(module, aliases, node))
            else:
                rows += [f"import {_alias_text(alias)}" for alias in aliases]
        self._statement(node, rows)

    def _module(self, old: str) -> str:
        """The new name of a module that is renamed itself, or lies in a package that is; empty when neither."""
        parts = old.split(".")
        for count in range(len(parts), 0, -1):
            new = self._names.get(".".join(parts[:count]))
            if new is not None:
                return ".".join([new, *parts[count:]])
        return ""

    def _moved(self, alias: ast.alias, new: str, moved: dict[str, list[ast.alias]]) -> None:
        """Note where one imported name comes from now, and what its uses are called then."""
        module, _, name = new.rpartition(".")
        local = alias.asname or alias.name
        if module.partition(".")[0] == "builtins":
            own = new.removeprefix("builtins.")
            if own != local:
                self._locals[local] = own
            return
        asname = alias.asname
        if not module:
            asname = local if local != name else None
        elif asname is None and name != alias.name:
            offered = self._path.endswith("__init__.py")  # what a package offers keeps its name
            if name in self._taken or offered or self._keeps_names:
                asname = alias.name
            else:
                self._locals[alias.name] = name
        moved.setdefault(module, []).append(ast.alias(name, asname))

    def _written(self, module: str, node: ast.ImportFrom) -> str:
        return "." * node.level + (node.module or "") if node.level else module

    def _from_text(self, module: str, aliases: list[ast.alias], node: ast.ImportFrom) -> str:
        if node.level and not module.startswith("."):
            relative = Import(module, "x").relative(self._package)
            module = relative.source if relative.level else module
        text = f"from {module} import {', '.join(map(_alias_text, aliases))}"
        if len(text) + node.col_offset <= _WIDE:
            return text
        margin = " " * node.col_offset
        names = "".join(f"{margin}    {_alias_text(alias)},\n" for alias in aliases)
        return f"from {module} import (\n{names}{margin})"

    def _plain(self, node: ast.Import) -> None:
        rows = []
        changed = False
        for alias in node.names:
            new = self._module(alias.name)
            if not new:
                rows.append(f"import {_alias_text(alias)}")
                continue
            changed = True
            if alias.asname or alias.name == new:
                rows.append(f"import {new}" + (f" as {alias.asname}" if alias.asname and alias.asname != new else ""))
            elif "." in alias.name or "." in new or new in self._taken:
                rows.append(self._dotted_import(alias.name, new))
            else:
                rows.append(f"import {new}")
                self._locals[alias.name] = new
        if changed:
            self._statement(node, rows)

    def _dotted_import(self, old: str, new: str) -> str:
        if "." not in old:
            return f"import {new} as {old}"
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute) and _chain_is(node, old):
                end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
                self._edits.append(replace(self._source, (node.lineno, node.col_offset), end, new))
        return f"import {new}"

    def _statement(self, node: ast.stmt, rows: list[str]) -> None:
        start = (node.lineno, node.col_offset)
        end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        edit = replace(self._source, start, end, "")
        if "#" in edit.old or "\\" in edit.old:
            return
        margin = " " * node.col_offset
        if not rows:
            if _is_alone(node, self._tree):
                rows = ["pass"]
            else:
                end = (end[0] + 1, 0) if end[0] < len(self._source.lines) else end
                start = (node.lineno, 0)
                line = self._source.lines[node.lineno - 1].decode(self._source.encoding)
                if line.strip() != edit.old.strip() and "\n" not in edit.old:
                    return
        text = f"\n{margin}".join(rows).replace("\n", self._source.newline)
        self._edits.append(replace(self._source, start, end, text))

    def _attributes(self, bound: dict[str, str]) -> None:
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Attribute) or id(node) in self._kept or not isinstance(node.ctx, ast.Load):
                continue
            new = self._names.get(dotted(node, bound), "")
            if not new or "." not in dotted(node, bound):
                continue
            text = self._written_as(node, new, bound)
            if text:
                end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
                self._edits.append(replace(self._source, (node.lineno, node.col_offset), end, text))

    def _written_as(self, node: ast.Attribute, new: str, bound: dict[str, str]) -> str:
        module, _, name = new.rpartition(".")
        if module.partition(".")[0] == "builtins":
            own = new.removeprefix("builtins.")
            return "" if own.partition(".")[0] in self._taken else own
        holder = _text(self._source, node.value)
        home = dotted(node.value, bound)
        if home == module:
            return f"{holder}.{name}"
        local = next((local for local, what in sorted(bound.items()) if what == (module or new)), "")
        if local:
            return f"{local}.{name}" if module else local
        if module.startswith(f"{home}.") and isinstance(node.value, ast.Name) and bound[node.value.id] == home:
            inside = module.removeprefix(f"{home}.")
            if node.value.id == home or is_standard(home):
                self._needed.append(Import(module))
            return f"{holder}.{inside}.{name}"
        top = (module or new).partition(".")[0]
        if top in self._taken and bound.get(top) != top:
            return ""
        self._needed.append(Import(module or new))
        return new

    def _uses(self) -> None:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and node.id in self._locals:
                end = (node.lineno, node.col_offset + len(node.id.encode()))
                self._edits.append(replace(self._source, (node.lineno, node.col_offset), end, self._locals[node.id]))

    def _with_imports(self) -> list[Edit]:
        return with_imports(self._path, self._edits, self._needed, self._project)


def with_imports(path: str, edits: Iterable[Edit], forms: Iterable[Import], project: Project) -> list[Edit]:
    """Return edits of one file together with the imports they need; [] when the edits overlap.

    Raises:
        PatchError: the result does not fit the file.
    """
    from pytest_selfheal.repair.patch import apply_patch
    from pytest_selfheal.repair.patch import patch_of

    edits = _outermost(edits)
    needed = list(dict.fromkeys(forms))
    if not needed:
        return edits
    new = apply_patch(patch_of(edits, project.read), project.read)[path]
    try:
        tree = ast.parse(new)
    except (SyntaxError, ValueError):
        return []
    single = project.prefers_single_lines(path)
    changed = add_imports(source_of(path, new), tree, needed, own=project.packages, single_line=single)
    return list(edits_between(path, project.data(path), changed))


def _outermost(edits: Iterable[Edit]) -> list[Edit]:
    """Of edits inside each other keep the outer ones."""
    ordered = sorted(set(edits), key=lambda edit: (edit.start, -edit.end))
    kept: list[Edit] = []
    for edit in ordered:
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def guarded(tree: ast.Module) -> frozenset[int]:
    """Return the ids of nodes where the file itself deals with names that may be missing."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_catches(handler) for handler in node.handlers):
            inside: list[ast.AST] = [*node.body, *node.handlers]
        elif isinstance(node, (ast.If, ast.IfExp)) and any(word in ast.dump(node.test) for word in _ASKS):
            inside = [node]
        else:
            continue
        found.update(id(part) for one in inside for part in ast.walk(one))
    return frozenset(found)


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(part, ast.Name) and part.id in _CATCHES for part in ast.walk(handler.type))


def _alias_text(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _text(text: Source, node: ast.expr) -> str:
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return replace(text, (node.lineno, node.col_offset), end, "").old


def _chain_is(node: ast.Attribute, name: str) -> bool:
    parts = name.split(".")
    value: ast.expr = node
    for part in reversed(parts[1:]):
        if not isinstance(value, ast.Attribute) or value.attr != part:
            return False
        value = value.value
    return isinstance(value, ast.Name) and value.id == parts[0]


def _is_alone(node: ast.stmt, tree: ast.Module) -> bool:
    """Tell whether a statement is the only one of its block, which must not become empty."""
    return any(getattr(holder, field, None) == [node] for holder in ast.walk(tree) for field in ("body", "orelse"))
