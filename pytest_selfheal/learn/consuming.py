"""What is done with the result of a call that an edit wraps: only there is the wrapping wanted elsewhere.

`locate(p)` became `locate(p).as_tuple()` because it could not be unpacked; where its result is not unpacked, it may
well be used as what it is now. A coroutine that is handed to `gather` must not be awaited there.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import walk

if TYPE_CHECKING:
    from pytest_selfheal.learn.abstraction import Template
    from pytest_selfheal.learn.forms import Code
    from pytest_selfheal.learn.message import Message

_USES = (
    ("unpacked", re.compile(r"\bunpack\b")),
    ("iterated", re.compile(r"\bnot iterable|\bnon-iterable|__a?iter__|'async for'")),
    ("indexed", re.compile(r"not subscriptable|item assignment|item deletion")),
    ("called", re.compile(r"not callable")),
    ("entered", re.compile(r"context manager|__a?enter__")),
    ("awaited", re.compile(r"in 'await'")),
    ("dropped", re.compile(r"never awaited")),
    ("measured", re.compile(r"has no len")),
    ("asked", re.compile(r"has no attribute")),
)
_ITERATING = frozenset(
    {"all", "any", "dict", "enumerate", "list", "max", "min", "set", "sorted", "sum", "tuple", "zip"}
)
_FUNCTIONS = ("FunctionDef", "AsyncFunctionDef", "Lambda", "Module")


def use_of(text: str) -> str:
    """Return what an error says was done with a value that cannot take it; empty when it says no such thing."""
    return next((use for use, rule in _USES if rule.search(text)), "")


def is_about_result(template: Template, message: Message) -> bool:
    """Tell whether an edit keeps the old expression within the new one because of what came of it, not of its name."""
    before, after = template.before, template.after
    if isinstance(before, list) or isinstance(after, list) or message.missing or message.callee:
        return False
    if before.key == after.key or not any(form.key == before.key for form in walk(after)):
        return False
    awaits = after.kind == "Await"
    return awaits or not _own_words(before) & (message.names - {message.receiver})


def is_used_so(site: Form, use: str, code: Code, names: frozenset[str]) -> bool:
    """Tell whether the value of an expression, or of the variable it is put in, is used in the way named.

    Args:
        site: the expression.
        use: as `use_of` says it; empty is never.
        code: the file.
        names: names of the error: of `asked`, the attributes.
    """
    parent = code.parents.get(id(site))
    if parent is None or not use:
        return False
    if _is_use(site, parent, use, names):
        return True
    target = _variable(site, parent)
    if not target:
        return False
    scope: Form | None = parent
    while scope is not None and scope.kind not in _FUNCTIONS:
        scope = code.parents.get(id(scope))
    reads = [form for form in walk(scope) if form.kind == "Name" and form.fields["id"] == target]
    uses = [(form, above) for form in reads if (above := code.parents.get(id(form))) is not None]
    return any(_is_use(form, above, use, names) for form, above in uses)


def _is_use(site: Form, parent: Form, use: str, names: frozenset[str]) -> bool:
    held = {name for name, part in parent.fields.items() if part is site}
    if use == "unpacked":
        return _unpacks(parent, held)
    if use == "iterated":
        return (
            "iter" in held or parent.kind == "Starred" or _is_argument_of(parent, _ITERATING) or _unpacks(parent, held)
        )
    if use == "measured":
        return _is_argument_of(parent, frozenset({"len"}))
    if use == "asked":
        return parent.kind == "Attribute" and parent.fields["attr"] in names
    places = {
        "indexed": ("Subscript", "value"),
        "called": ("Call", "func"),
        "entered": ("withitem", "context_expr"),
        "awaited": ("Await", "value"),
        "dropped": ("Expr", "value"),
    }
    kind, field = places[use]
    return parent.kind == kind and field in held


def _unpacks(parent: Form, held: set[str]) -> bool:
    return parent.kind == "Assign" and "value" in held and parent.fields["targets"][0].kind in ("Tuple", "List")


def _is_argument_of(parent: Form, names: frozenset[str]) -> bool:
    function = parent.fields.get("func") if parent.kind == "Call" else None
    return isinstance(function, Form) and function.kind == "Name" and function.fields["id"] in names


def _variable(site: Form, parent: Form) -> str:
    """Return the name of the variable that gets the value, where it is one only."""
    if parent.kind != "Assign" or parent.fields["value"] is not site or len(parent.fields["targets"]) != 1:
        return ""
    target = parent.fields["targets"][0]
    return str(target.fields["id"]) if target.kind == "Name" else ""


def _own_words(before: Form) -> set[str]:
    """Return the names of what the old expression itself calls, asks for or is."""
    found: set[str] = set()
    form = before.fields["func"] if before.kind == "Call" else before
    if isinstance(form, Form) and form.kind != HOLE:
        found.update(str(form.fields.get("name", "")).split("."))
        found.update(str(form.fields.get(name, "")) for name in ("attr", "id"))
    return found - {""}
