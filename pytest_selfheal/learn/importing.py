"""How a file spells a dotted name, and its import lines after an edit.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.forms import bindings
from pytest_selfheal.learn.forms import module_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Need(NamedTuple):
    """An import that new code needs; `name` is empty for `import module`."""

    module: str
    name: str = ""
    alias: str = ""

    @property
    def dotted(self) -> str:
        """What it makes available."""
        return f"{self.module}.{self.name}" if self.name else self.module

    def __str__(self) -> str:
        renamed = f" as {self.alias}" if self.alias else ""
        return f"from {self.module} import {self.name}{renamed}" if self.name else f"import {self.module}{renamed}"


def spell(dotted: str, code: Code, style: Mapping[str, str], needs: list[Need]) -> str:
    """Return how `code` says a dotted name; what it must import for that is added to `needs`.

    Args:
        dotted: `pandas.concat`; a name without a dot is Python's own.
        code: the file; what it already imports is used first.
        style: how the example imported things: dotted name to local name.
        needs: gets the imports that are missing.
    """
    held = [(len(full), local, full) for local, full in code.bound.items() if _below(dotted, full)]
    if held:
        _, local, full = max(held)
        module = dotted.rpartition(".")[0]
        hidden = full == module.partition(".")[0] and "." in module and module not in code.modules
        if hidden and module != "os.path" and code.names.is_module(module):
            needs.append(Need(module))
        return local + dotted[len(full) :]
    known = [(len(full), full, local) for full, local in style.items() if _below(dotted, full)]
    if not known:
        module, _, name = dotted.rpartition(".")
        if module:
            needs.append(Need(module, name))
        return name
    _, full, local = max(known)
    if local in _taken(code):
        return _direct(dotted, code, needs)
    module, _, name = full.rpartition(".")
    if module and full != local:
        needs.append(Need(module, name, "" if name == local else local))
    else:
        needs.append(Need(full, alias="" if full == local else local))
    return local + dotted[len(full) :]


def _below(dotted: str, full: str) -> bool:
    return dotted == full or dotted.startswith(f"{full}.")


def _taken(code: Code) -> set[str]:
    names = {node.arg for node in ast.walk(code.tree) if isinstance(node, ast.arg)}
    names |= {node.id for node in ast.walk(code.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | set(code.bound)


def _direct(dotted: str, code: Code, needs: list[Need]) -> str:
    """Import the thing itself where the name of its module means something else in this file."""
    parts = dotted.split(".")
    for count in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:count])
        if count > 1 and not code.names.is_module(module):
            continue
        name = parts[count]
        taken = name in _taken(code)
        needs.append(Need(module, name, f"_{name}" if taken else ""))
        return ".".join([f"_{name}" if taken else name, *parts[count + 1 :]])
    return dotted


def settle(text: str, code: Code, needs: list[Need], style: Mapping[str, str]) -> str:
    """Return `text` with the imports it needs, and without those that only the replaced code used.

    Args:
        text: the new text of the file.
        code: the file before the edit.
        needs: what the new code imports.
        style: what the example imported after its edit; an import that it kept without need is kept here too.

    Raises:
        SyntaxError: the new text does not parse.
    """
    tree = ast.parse(text)
    left = [need for need in dict.fromkeys(needs) if need.dotted not in _available(tree, code.package)]
    before, after = _used(code.tree), _used(tree)
    lines = text.splitlines(keepends=True)
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    for node in sorted(nodes, key=lambda node: -node.lineno):
        dead = [
            alias
            for alias in node.names
            if _local(alias) in before - after and code.bound.get(_local(alias)) not in style
        ]
        if not dead or not _stands_alone(node, lines):
            continue
        swapped = _swapped(node, dead, left, code.package)
        newline = "\r\n" if lines[node.lineno - 1].endswith("\r\n") else "\n"
        shown = [" " * node.col_offset + ast.unparse(swapped) + newline] if swapped.names else []
        lines[node.lineno - 1 : node.end_lineno] = shown
    return _inserted("".join(lines), left)


def _stands_alone(node: ast.stmt, lines: list[str]) -> bool:
    head = lines[node.lineno - 1].encode()[: node.col_offset]
    tail = lines[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset :]
    return not head.strip() and not tail.strip()


def _swapped(
    node: ast.Import | ast.ImportFrom, dead: list[ast.alias], left: list[Need], package: str
) -> ast.Import | ast.ImportFrom:
    """Return the statement without dead names; a needed name of the same module takes the place of one."""
    names: list[ast.alias] = []
    for alias in node.names:
        if alias not in dead:
            names.append(alias)
            continue
        if isinstance(node, ast.ImportFrom):
            wanted = next((need for need in left if need.name and need.module == module_of(node, package)), None)
            if wanted is not None:
                left.remove(wanted)
                names.append(ast.alias(name=wanted.name, asname=wanted.alias or None))
    if isinstance(node, ast.Import):
        return ast.Import(names=names)
    return ast.ImportFrom(module=node.module, names=names, level=node.level)


def _inserted(text: str, needs: list[Need]) -> str:
    if not needs:
        return text
    tree = ast.parse(text)
    imports = [node.end_lineno or 0 for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    line = max(imports, default=0)
    first = tree.body[0] if tree.body else None
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    if not line and is_docstring and first is not None:
        line = first.end_lineno or 0
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if line and not lines[line - 1].endswith(("\n", "\r")):
        lines[line - 1] += newline
    if not line:  # a comment at the top (licence, encoding) stays there
        while line < len(lines) and lines[line].startswith("#"):
            line += 1
    added = [f"{need}{newline}" for need in needs]
    gap = [newline] if not imports and line < len(lines) and lines[line].strip() else []
    return "".join([*lines[:line], *added, *gap, *lines[line:]])


def _available(tree: ast.Module, package: str) -> set[str]:
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    from_imports = {dotted for dotted in bindings(tree, package).values() if "." in dotted}
    return modules | from_imports


def _local(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _used(tree: ast.Module) -> set[str]:
    exported = {
        item.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
        for item in ast.walk(node.value)
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | exported
