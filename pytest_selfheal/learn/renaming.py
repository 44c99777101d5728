"""Names that became others: in import lines, behind them, and everywhere they are used.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.forms import is_builtin
from pytest_selfheal.learn.forms import module_of
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.learn.importing import Need
from pytest_selfheal.learn.importing import spell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.learn.lessons import Lesson

Splice = tuple[int, int, str]


def rename(lesson: Lesson, code: Code, needs: list[Need]) -> list[Splice] | None:
    """Return the splices that carry out a lesson's renames in a file; None when they cannot all be carried out.

    Args:
        lesson: its renames, and the families they belong to.
        code: the file.
        needs: gets what the new names must import.
    """
    renames = renames_for(lesson, code)
    if not renames:
        return []
    lines = _ImportLines(lesson, code, renames)
    splices, locals_ = lines.run()
    if _collide(locals_, renames, code):
        return None
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Name) and locals_.get(node.id, node.id) != node.id:
            splices.append((*code.span(node), locals_[node.id]))
    for form in walk(code.form):
        if form.kind != DOTTED or not isinstance(form.origin, ast.expr):
            continue
        old = _covering(form.fields["name"], renames)
        root = _root(form.origin)
        if old and _covering(code.bound.get(root.id, ""), renames) != old:
            new = renames[old] + form.fields["name"][len(old) :]
            if is_builtin(new) and new in _rebound(code) | set(code.bound):
                return None
            text = new if is_builtin(new) else spell(new.removeprefix("builtins."), code, lesson.imports, needs)
            splices.append((*code.span(form.origin), text))
    needs += lines.needs
    return splices


def renames_for(lesson: Lesson, code: Code) -> dict[str, str]:
    """Return the renames that concern a file: those taught, and members of their families that certainly moved too."""
    present = {form.fields["name"] for form in walk(code.form) if form.kind == DOTTED} | set(code.bound.values())
    found = {
        old: new
        for old, new in lesson.renames.items()
        if any(_is_below(name, old) for name in present) and code.names.exists(new) is not False
    }
    for name in sorted(present):
        if not _covering(name, found):
            other = _family_member(name, lesson.renames, code)
            if other:
                found[name] = other
    return found


def _family_member(name: str, renames: Mapping[str, str], code: Code) -> str:
    """Return the new name of a taught one's sibling: the same change, and the new one exists where the old does not."""
    for old, new in renames.items():
        for cut in _shared_tails(old, new):
            head, target = old[: len(old) - cut], new[: len(new) - cut]
            tail = name[len(head) :]
            if name.startswith(head) and tail and "." not in tail:
                other = target + tail
                if code.names.exists(other) and not code.names.exists(name):
                    return other
    return ""


def _shared_tails(old: str, new: str) -> list[int]:
    """Return the lengths of the last parts (`X`, or what follows an underscore) that both names share."""
    last = new.rpartition(".")[2]
    whole = old.rpartition(".")[2]
    shares = whole == last or (whole.endswith(f"_{last}") and old.count(".") < new.count("."))
    return [len(last)] if shares and "." in old else []


def _is_below(name: str, old: str) -> bool:
    return name == old or name.startswith(f"{old}.")


def _covering(name: str, renames: Mapping[str, str]) -> str:
    return max((old for old in renames if _is_below(name, old)), key=len, default="")


def _root(node: ast.expr) -> ast.Name:
    while isinstance(node, ast.Attribute):
        node = node.value
    assert isinstance(node, ast.Name)  # noqa: S101 - only chains of attributes on a name are dotted names
    return node


def _rebound(code: Code) -> set[str]:
    names = {node.arg for node in ast.walk(code.tree) if isinstance(node, ast.arg)}
    return names | {
        node.id for node in ast.walk(code.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _collide(locals_: Mapping[str, str], renames: Mapping[str, str], code: Code) -> bool:
    """Tell whether a local name that changes, or the name it changes to, means something else somewhere in the file."""
    rebound = _rebound(code)
    roots = {new.partition(".")[0] for new in locals_.values()}
    others = {
        local for local, dotted in code.bound.items() if not any(_is_below(new, dotted) for new in renames.values())
    }
    return bool((locals_.keys() | roots) & rebound or (roots - locals_.keys()) & others)


class _ImportLines:
    """Rewrites the import statements that bind renamed names."""

    def __init__(self, lesson: Lesson, code: Code, renames: Mapping[str, str]) -> None:
        self._lesson = lesson
        self._code = code
        self._renames = renames
        self._locals: dict[str, str] = {}
        self.needs: list[Need] = []

    def run(self) -> tuple[list[Splice], dict[str, str]]:
        splices: list[Splice] = []
        for node in ast.walk(self._code.tree):
            if isinstance(node, ast.ImportFrom):
                splices += self._from_import(node)
            elif isinstance(node, ast.Import):
                splices += self._import(node)
        return splices, self._locals

    def _from_import(self, node: ast.ImportFrom) -> list[Splice]:
        module = module_of(node, self._code.package)
        moved = _covering(module, self._renames)
        if moved:
            target = self._renames[moved] + module[len(moved) :]
            if any(self._code.names.exists(f"{target}.{alias.name}") is False for alias in node.names):
                return []
            names = ", ".join(map(ast.unparse, node.names))
            return [(*self._code.span(node), f"from {target} import {names}")]
        statements: dict[str, list[str]] = {}
        written = "." * node.level + (node.module or "")
        changed = False
        for alias in node.names:
            old = f"{module}.{alias.name}"
            if old not in self._renames:
                statements.setdefault(written, []).append(ast.unparse(alias))
                continue
            changed = True
            home, shown = self._moved_name(alias, old)
            line = statements.setdefault(written if home == module else home, [])
            if shown not in line:
                line.append(shown)
        if not changed:
            return []
        margin = "\n" + " " * node.col_offset
        lines = [
            f"from {home} import {', '.join(names)}" if home else f"import {', '.join(names)}"
            for home, names in statements.items()
        ]
        return [(*self._code.span(node), margin.join(lines))]

    def _moved_name(self, alias: ast.alias, old: str) -> tuple[str, str]:
        """Return the module and the name to import instead, and note what the old local name becomes."""
        new = self._renames[old]
        unit = self._unit(new)
        home, _, name = unit.rpartition(".")
        rest = new[len(unit) :]
        local = alias.asname or alias.name
        if alias.asname and not rest:
            return home, name if alias.asname == name else f"{name} as {alias.asname}"
        if local != name + rest:
            self._locals[local] = name + rest
        return home, name

    def _unit(self, dotted: str) -> str:
        """Return the part of a dotted name that is imported: what the example imported, unless that is a module."""
        known = [full for full in self._lesson.imports if _is_below(dotted, full)]
        unit = max(known, key=len, default=dotted)
        return dotted if self._code.names.is_module(unit) and unit != dotted else unit

    def _import(self, node: ast.Import) -> list[Splice]:
        moved = [alias for alias in node.names if _covering(alias.name, self._renames)]
        if not moved:
            return []
        lines = []
        others = [ast.unparse(alias) for alias in node.names if alias not in moved]
        if others:
            lines.append(f"import {', '.join(others)}")
        for alias in moved:
            old = _covering(alias.name, self._renames)
            new = self._renames[old] + alias.name[len(old) :]
            home, _, name = new.rpartition(".")
            if home and name == (alias.asname or old):
                lines.append(f"from {home} import {name}")
            elif home and alias.asname:
                lines.append(f"from {home} import {name} as {alias.asname}")
            else:
                lines.append(f"import {new}" + (f" as {alias.asname}" if alias.asname else ""))
                if not alias.asname and "." not in old:
                    self._locals[old] = new
        margin = "\n" + " " * node.col_offset
        return [(*self._code.span(node), margin.join(lines))]
