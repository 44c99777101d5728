"""Which parts of an edit can have to do with the error, and which may be learned from at all.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import walk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from pytest_selfheal.learn.difference import Path
    from pytest_selfheal.learn.message import Message

_NEAR_LINES = 10
_FUNCTIONS = ("FunctionDef", "AsyncFunctionDef")
_DEFINITIONS = (*_FUNCTIONS, "ClassDef")
_VERDICTS = frozenset(
    [
        "approx",
        "deprecated_call",
        "expectedFailure",
        "fail",
        "importorskip",
        "raises",
        "skip",
        "skipIf",
        "skipTest",
        "skipUnless",
        "skipif",
        "suppress",
        "warns",
        "xfail",
    ]
)


def words(forms: object) -> set[str]:
    """Return the names and texts that stand concrete in a form or a template."""
    found: set[str] = set()
    for form in walk(forms):
        if form.kind == DOTTED:
            found.update(form.fields["name"].split("."))
        if form.kind == HOLE:
            continue
        found.update(
            part
            for name, part in form.fields.items()
            if name in ("attr", "id", "arg", "name", "value") and isinstance(part, str)
        )
    return found


def concerns(path: Path, message: Message, lines: AbstractSet[int]) -> bool:
    """Tell whether an edit stands near the failing lines, or speaks of what the error speaks of.

    Args:
        path: from the module down to the place that changed.
        message: the error.
        lines: lines of the old text that the traceback went through; empty when it did not come here.
    """
    old, new = path[-1]
    if (words(old) | words(new)) & message.names:
        return True
    function = next((step[0] for step in reversed(path) if _is(step[0], _FUNCTIONS)), None)
    if isinstance(function, Form):
        first, last = _lines(function)
        return any(first <= line <= last for line in lines)
    first, last = _lines(old)
    return any(first - _NEAR_LINES <= line <= last + _NEAR_LINES for line in lines)


def is_forbidden(path: Path) -> bool:
    """Tell whether nothing may be learned from an edit: it changes a check, an outcome or an interface, not a use.

    Assertions, skips, new handlers, deletions and new definitions can turn a test green; none of them says how the
    same error is to be answered elsewhere.
    """
    old, new = path[-1]
    if any(_is(step[0], ("Assert", "Raise")) for step in path[:-1]) or not _listed(new):
        return True
    if words(old) and not _speaks(new):
        return True  # a constant in the place of code: whatever the test asked for, it is not computed any more
    counts = (_definitions, _handlers, _verdicts)
    return any(count(new) > count(old) for count in counts) or _checks(old) != _checks(new)


def is_prose(path: Path) -> bool:
    """Tell whether only a text that stands for itself changed: a docstring, a comment in disguise."""
    old, new = path[-1]
    if not (isinstance(old, Form) and isinstance(new, Form)) or len(path) < 2:
        return False
    return old.kind == new.kind == "Constant" and _is(path[-2][0], ("Expr",))


def is_plain_value(path: Path, message: Message) -> bool:
    """Tell whether one literal became another that the error says nothing of: an expected value, a limit."""
    old, new = path[-1]
    if not (isinstance(old, Form) and isinstance(new, Form)) or not old.kind == new.kind == "Constant":
        return False
    return not (words(old) | words(new)) & message.names


def _lines(part: Any) -> tuple[int, int]:
    nodes = [form.origin for form in _listed(part) if isinstance(form.origin, (ast.stmt, ast.expr))]
    if not nodes:
        return 0, 0
    return min(node.lineno for node in nodes), max(node.end_lineno or node.lineno for node in nodes)


def _listed(part: Any) -> list[Form]:
    return part if isinstance(part, list) else [part]


def _is(part: object, kinds: Iterable[str]) -> bool:
    return isinstance(part, Form) and part.kind in kinds


def _definitions(part: Any) -> int:
    return sum(form.kind in _DEFINITIONS for form in walk(part))


def _handlers(part: Any) -> int:
    return sum(form.kind in ("ExceptHandler", "Try", "TryStar") for form in walk(part))


def _verdicts(part: Any) -> int:
    return len([word for form in walk(part) for word in (_last(form),) if word in _VERDICTS])


def _speaks(part: Any) -> bool:
    """Whether a form names anything, or does anything but hand over a literal."""
    return any(form.kind in ("Name", "Attribute", "Call", DOTTED) for form in walk(part))


def _last(form: Form) -> str:
    if form.kind == DOTTED:
        return str(form.fields["name"]).rpartition(".")[2]
    return str(form.fields.get("attr", form.fields.get("id", "")))


def _checks(part: Any) -> list[str]:
    return sorted(form.key for form in walk(part) if form.kind in ("Assert", "Raise"))
