"""Syntax trees that can be compared: names by what their imports bind, no positions, no quotes, no contexts.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLE = "Hole"
"""Stands for any expression; the same hole stands for the same expression everywhere."""

REST = "Rest"
"""Stands for any run of arguments, or of keyword arguments when its id starts with `KW`."""

BLOCK = "Block"
"""Stands for one or more statements."""

DOTTED = "Dotted"
"""A name as its import binds it: `pandas.concat`, whatever the file calls it."""

_IGNORED = frozenset({"ctx", "type_comment", "kind", "type_ignores", "type_params"})
_BUILTINS = frozenset(dir(builtins))


class Form:
    """One node: its kind (an `ast` class name or one of the kinds above), its fields, the node it was made from."""

    __slots__ = ("fields", "kind", "known_key", "origin")

    def __init__(self, kind: str, fields: dict[str, Any], origin: ast.AST | None = None) -> None:
        self.kind = kind
        self.fields = fields
        self.origin = origin
        self.known_key: str | None = None

    @property
    def key(self) -> str:
        """Text that is equal for forms that mean the same."""
        if self.known_key is None:
            self.known_key = f"{self.kind}({','.join(f'{name}={key_of(part)}' for name, part in self.fields.items())})"
        return self.known_key

    def forget(self) -> None:
        """Drop the remembered keys of the whole tree, after a field was changed."""
        for form in walk(self):
            form.known_key = None

    @property
    def is_expression(self) -> bool:
        """Whether it is an expression."""
        return self.kind in (HOLE, DOTTED) or isinstance(self.origin, ast.expr)

    @property
    def is_statement(self) -> bool:
        """Whether it is a statement."""
        return self.kind == BLOCK or isinstance(self.origin, ast.stmt)

    def children(self) -> Iterator[Form]:
        """Yield the forms directly below."""
        for part in self.fields.values():
            if isinstance(part, Form):
                yield part
            elif isinstance(part, list):
                yield from (item for item in part if isinstance(item, Form))


Forms = Form | list[Form]
"""An expression or statement, or a run of statements."""


def key_of(part: Any) -> str:
    """Return the key of a form, a list of forms or a plain field."""
    if isinstance(part, Form):
        return part.key
    if isinstance(part, list):
        return f"[{','.join(map(key_of, part))}]"
    return repr(part)


def walk(part: Any) -> Iterator[Form]:
    """Yield every form in a form or a list, outermost first."""
    if isinstance(part, list):
        for item in part:
            yield from walk(item)
    elif isinstance(part, Form):
        yield part
        for inner in part.fields.values():
            yield from walk(inner)


def local_names(part: Any) -> set[str]:
    """Return the names in a form that no import binds."""
    return {form.fields["id"] for form in walk(part) if form.kind == "Name"}


def bound_names(scope: Form) -> set[str]:
    """Return the names that a function or a module binds itself: arguments, variables, definitions."""
    found: set[str] = set()
    waiting = list(scope.children())
    while waiting:
        form = waiting.pop()
        if form.kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            found.add(form.fields["name"])
            continue  # what is bound within is not seen from here
        if form.kind == "arg":
            found.add(form.fields["arg"])
        elif form.kind == "Name" and isinstance(getattr(form.origin, "ctx", None), ast.Store):
            found.add(form.fields["id"])
        waiting.extend(form.children())
    return found


def is_builtin(name: str) -> bool:
    """Tell whether Python itself provides the name."""
    return name in _BUILTINS


class Names(Protocol):
    """What is known of dotted names; whoever can look (at the project's files, at the interpreter) answers."""

    def is_namespace(self, dotted: str) -> bool:
        """Tell whether the name is a module, a class or a function rather than an object that varies."""

    def is_module(self, dotted: str) -> bool:
        """Tell whether the name is certainly a module."""

    def exists(self, dotted: str) -> bool | None:
        """Tell whether the name is there; None when that is not known."""

    def owners(self, attribute: str) -> int:
        """Return how many classes of the project have the attribute."""


def bindings(tree: ast.AST, package: str = "") -> dict[str, str]:
    """Return what the imports of a module bind: local name to dotted name, relative ones seen from `package`."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            module = module_of(node, package)
            found.update({alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names})
    return found


def module_of(node: ast.ImportFrom, package: str) -> str:
    """Return the absolute module of a from-import; leading dots stay when `package` does not reach that far."""
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    if node.level > len(parts):
        return "." * node.level + (node.module or "")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


class Code:
    """A source text with its tree, what its imports bind, and where things stand in it.

    Args:
        text: Python source.
        names: what is known of dotted names.
        package: the package relative imports start from.

    Raises:
        SyntaxError: the text does not parse.
        ValueError: it holds a null byte.
        RecursionError: it is nested too deeply.
    """

    def __init__(self, text: str, names: Names, package: str = "") -> None:
        self.text = text
        self.names = names
        self.package = package
        self.tree = ast.parse(text)
        self.data = text.encode()
        self.bound = bindings(self.tree, package)
        imported = [node for node in ast.walk(self.tree) if isinstance(node, ast.Import)]
        self._module_names = {alias.asname or alias.name.partition(".")[0] for node in imported for alias in node.names}

    @cached_property
    def form(self) -> Form:
        """The comparable tree."""
        return self._form(self.tree, callee=False)

    @cached_property
    def parents(self) -> dict[int, Form]:
        """The form above each form, by `id`."""
        return {id(child): form for form in walk(self.form) for child in form.children()}

    @cached_property
    def modules(self) -> frozenset[str]:
        """Modules imported by their whole name."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.Import)]
        return frozenset(alias.name for node in nodes for alias in node.names)

    @cached_property
    def strings(self) -> list[ast.JoinedStr]:
        """The f-strings, those around others first."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.JoinedStr)]

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.data.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def offset(self, lineno: int, column: int) -> int:
        """Return the byte offset of an `ast` position."""
        return self._starts[lineno - 1] + column

    def span(self, node: Any) -> tuple[int, int]:
        """Return the byte offsets of a node's text."""
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def source(self, start: int, end: int) -> str:
        """Return the text between two byte offsets."""
        return self.data[start:end].decode()

    def _form(self, node: ast.AST, *, callee: bool) -> Form:
        if isinstance(node, (ast.Name, ast.Attribute)):
            dotted = self._dotted(node, callee=callee)
            if dotted:
                return Form(DOTTED, {"name": dotted}, node)
        fields: dict[str, Any] = {}
        for name, part in ast.iter_fields(node):
            if name in _IGNORED:
                continue
            if isinstance(part, ast.AST):
                fields[name] = self._form(part, callee=isinstance(node, ast.Call) and name == "func")
            elif isinstance(part, list):
                fields[name] = [self._form(item, callee=False) if isinstance(item, ast.AST) else item for item in part]
            else:
                fields[name] = part
        return Form(type(node).__name__, fields, node)

    def _dotted(self, node: ast.expr, *, callee: bool) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.bound:
            return ""
        base = self.bound[node.id]
        is_class_of_it = bool(parts) and parts[-1][:1].isupper()  # hardly of an object that varies
        is_namespace = is_class_of_it or node.id in self._module_names or self.names.is_namespace(base)
        if not is_namespace and not (callee and not parts):
            return ""
        return ".".join([base, *reversed(parts)])
