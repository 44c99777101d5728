"""What the code around a call is prepared for: an exception that is caught there may be right.

A call is written into a test of its own because it must not raise. That is wrong where the caller waits for an
exception: `with pytest.raises(...)`, `try` with `except`, `suppress`. Put right, such a call still raises, only another
error. So the lines through which an exception came are looked up in the sources.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
import linecache
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from pytest_selfheal.regress.encoding import static

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CAUGHT = "what it raises is caught by the code around it"
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex"})
_HARMLESS = frozenset({"list", "tuple", "set", "dict", "next", "str", "repr", "len", "bool", "int", "run"})
"""Calls around the one in question that only use up what it returns; `run` is that of asyncio."""


class Expected(NamedTuple):
    """What is expected of a line: the exceptions that its one call has to raise, or why its calls prove nothing."""

    errors: tuple[type[BaseException], ...] = ()
    reason: str = ""


NOTHING = Expected()


class Surroundings:
    """Reads the sources around lines; each file is parsed once."""

    def __init__(self) -> None:
        self._trees: dict[str, ast.Module | None] = {}

    def expected(self, frame: FrameType, line: int) -> Expected:
        """Return what is expected at a line of a frame; nothing when its source cannot be read."""
        file = frame.f_code.co_filename
        if file.startswith("<frozen "):  # of the standard library; its source is there all the same
            file = str(frame.f_globals.get("__file__", ""))
        tree = self._tree(file)
        if tree is None:
            return NOTHING
        statement: ast.AST = tree
        found = NOTHING
        for statement, block in _around(tree, line):
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found = NOTHING  # what lies around a definition is not around its calls
            elif block == "body" and any(not _passes_on(one) for one in getattr(statement, "handlers", ())):
                return Expected(reason=CAUGHT)
            elif block == "body" and isinstance(statement, (ast.With, ast.AsyncWith)):
                for item in statement.items:
                    said = _of_context(item.context_expr, statement.body, frame)
                    if said.reason:
                        return said
                    found = said if said.errors else found
        called = _raises_with_call(statement)
        return _checked(called.args[0], statement, frame, own=1) if called is not None else found

    def _tree(self, file: str) -> ast.Module | None:
        if file not in self._trees:
            try:
                self._trees[file] = ast.parse("".join(linecache.getlines(file)))
            except (SyntaxError, ValueError, RecursionError):
                self._trees[file] = None
        return self._trees[file]


def _around(tree: ast.AST, line: int) -> Iterator[tuple[ast.AST, str]]:
    """Yield the statements that hold a line, outermost first, with the block that goes on; "" for the innermost."""
    here: ast.AST | None = tree
    while here is not None:
        inner, name = None, ""
        for block, value in ast.iter_fields(here):
            for part in value if isinstance(value, list) else ():
                first, last = _lines(part)
                if first <= line <= last and not isinstance(part, ast.expr):
                    inner, name = part, block
        yield here, name
        here = inner


def _passes_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _lines(node: ast.AST) -> tuple[int, int]:
    if isinstance(node, ast.match_case):  # has no place of its own
        return node.pattern.lineno, node.body[-1].end_lineno or 0
    return getattr(node, "lineno", 1), getattr(node, "end_lineno", 0) or 0


def _of_context(context: ast.expr, body: list[ast.stmt], frame: FrameType) -> Expected:
    """Return what a `with` expects of its body."""
    name = _last_name(context.func if isinstance(context, ast.Call) else context)
    if isinstance(context, ast.Call) and name in _RAISES:
        wanted = [*context.args, *(word.value for word in context.keywords if word.arg == "expected_exception")]
        if not wanted or len(body) > 1:
            return Expected(reason=CAUGHT)
        return _checked(wanted[0], body[0], frame, own=0)
    value = None if isinstance(context, ast.Call) else _value(context, frame)
    if name == "suppress" or type(value).__name__.startswith(("Raises", "suppress", "_AssertRaises")):
        return Expected(reason=CAUGHT)
    return NOTHING


def _raises_with_call(statement: ast.AST) -> ast.Call | None:
    """Find `pytest.raises(Error, function, ...)`."""
    if not isinstance(statement, (ast.Expr, ast.Assign)) or not isinstance(statement.value, ast.Call):
        return None
    call = statement.value
    return call if _last_name(call.func) in _RAISES and len(call.args) > 1 else None


def _checked(wanted: ast.expr, statement: ast.AST, frame: FrameType, *, own: int) -> Expected:
    calls = [
        node for node in ast.walk(statement) if isinstance(node, ast.Call) and _last_name(node.func) not in _HARMLESS
    ]
    parts = wanted.elts if isinstance(wanted, ast.Tuple) else [wanted]
    errors = tuple(_value(part, frame) for part in parts)
    known = all(isinstance(error, type) and issubclass(error, BaseException) for error in errors)
    # Of several calls only one has to raise; which one, the line does not tell.
    return Expected(errors) if known and len(calls) <= 1 + own else Expected(reason=CAUGHT)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _value(node: ast.expr, frame: FrameType) -> Any:
    """Return what a dotted name stands for, without running any code of the project's; None when it cannot be told."""
    if isinstance(node, ast.Attribute):
        holder = _value(node.value, frame)
        return None if holder is None else static(holder, node.attr)
    if not isinstance(node, ast.Name):
        return None
    for names in (frame.f_locals, frame.f_globals, vars(builtins)):
        if node.id in names:
            return names[node.id]
    return None
