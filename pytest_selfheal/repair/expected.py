"""The values tests expect: constants and operators in test files, which a fix leaves as they are.

What names something is no value: the names of parametrized arguments, of fixtures, of a keyword that goes.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = re.compile(rb"(?<![\w.])(?:0[xXbBoO][0-9a-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[jJ]?)")
_COMPARISON = re.compile(rb"==|!=|<>|<=|>=|<|>|\b(?:is|not|in|and|or|True|False|None)\b")
_NAMING = frozenset({"parametrize", "usefixtures", "getfixturevalue", "importorskip"})
_PRETTY = (ast.In, ast.NotIn, ast.Not)  # `not d.has_key(x)` is `x not in d` today
_OPERATORS = (ast.operator, ast.boolop, ast.unaryop, ast.cmpop)


def expected_values(before: ast.Module, after: ast.Module) -> tuple[list[str], list[str]]:
    """Return the values that are gone and the values that are new, as they are written.

    A text that is given to a call may go alone or come alone (a keyword that is no more, a mode that has to be named);
    one in the place of another is a change.
    """
    was, now = Counter(_values(before)), Counter(_values(after))
    gone, come = was - now, now - was
    free_gone, free_come = (sum(one[0] == "given" for one in part) for part in (gone, come))
    if not (free_gone and free_come):
        gone = Counter({one: count for one, count in gone.items() if one[0] != "given"})
        come = Counter({one: count for one, count in come.items() if one[0] != "given"})
    return [text for _kind, text in gone], [text for _kind, text in come]


def _values(tree: ast.Module) -> Iterator[tuple[str, str]]:
    skipped = _names(tree)
    given = {id(one) for node in ast.walk(tree) if isinstance(node, ast.Call) for one in _arguments(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in skipped:
            free = id(node) in given and isinstance(node.value, (str, bool, type(None)))
            yield "given" if free else "value", repr(node.value)
        elif isinstance(node, _OPERATORS) and not isinstance(node, _PRETTY):
            yield "operator", type(node).__name__


def _arguments(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def _names(tree: ast.Module) -> set[int]:
    """The constants that name something or tell people something, instead of being a value."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        elif isinstance(node, ast.Call):
            last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if last in _NAMING:
                taken = node.args if last == "usefixtures" else node.args[:1]
                named = [*taken, *(keyword.value for keyword in node.keywords if keyword.arg == "argnames")]
                found.update(id(part) for one in named for part in ast.walk(one))
    return found


def moved_numbers(old: bytes, new: bytes) -> str:
    """Return a number or a comparison that a repair of broken text adds or loses; `==` and `!=` may come."""
    nothing: tuple[bytes, ...] = ()
    for pattern, may_come, may_go in ((_NUMBER, nothing, nothing), (_COMPARISON, (b"==", b"!="), (b"<>",))):
        was: Counter[bytes] = Counter(pattern.findall(old))
        now: Counter[bytes] = Counter(pattern.findall(new))
        gone = [one for one in was - now if one not in may_go]
        come = [one for one in now - was if one not in may_come]
        words: list[bytes] = [*gone, *come]
        if words:
            return words[0].decode("ascii", "replace")
    return ""
