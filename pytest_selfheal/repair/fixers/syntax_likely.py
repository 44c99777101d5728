"""Which of several texts that all parse would anybody write? Count what nobody does.

Two counts, compared in this order: what cannot work whatever the rest of the program is (a value computed and dropped,
a built-in or a function of the same file called with arguments it does not take), and what is only unusual.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DONE_FOR_EFFECT = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.Constant, ast.Name, ast.Attribute, ast.NamedExpr)
_OF_A_VALUE = frozenset({"len", "isinstance", "issubclass", "hasattr", "getattr", "ord", "id", "iter", "next"})
_PLAIN = frozenset({"len", "isinstance", "issubclass", "hasattr", "callable", "ord", "id", "hash", "print", "setattr"})
"""Built-ins whose result has nothing worth reading or calling."""

_DISPLAYS = (ast.List, ast.Set, ast.Dict, ast.Tuple, ast.ListComp, ast.SetComp, ast.DictComp)
_LEAST_ALIKE = 3

FAR = 2
"""So many unusual things more make a reading one that nobody means."""

Flaws = tuple[int, int]
"""How much of a text cannot work, and how much is only unusual."""


def flaws(tree: ast.AST) -> Flaws:
    """Count the flaws of a piece of a module; to be compared between readings of the same piece only."""
    defined = _defined(tree)
    broken, unusual = 0, _bare_modules(tree)
    for node in ast.walk(tree):
        broken += _is_dropped(node) + _does_not_fit(node, defined) + _reads_nothing(node)
        unusual += sum(_unusual(node))
    return broken, unusual


def _is_dropped(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and not isinstance(node.value, _DONE_FOR_EFFECT)


def _reads_nothing(node: ast.AST) -> bool:
    """Tell whether a display is called, or something read from the result of a built-in that has nothing to offer."""
    if isinstance(node, ast.Call) and isinstance(node.func, (*_DISPLAYS, ast.Constant, ast.JoinedStr)):
        return True
    read = node.func if isinstance(node, ast.Call) else getattr(node, "value", None)
    if not isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)) or not isinstance(read, ast.Call):
        return False
    return isinstance(read.func, ast.Name) and read.func.id in _PLAIN


def _defined(tree: ast.AST) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions and methods defined once, without decorators, by the name they are called with."""
    found: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
    for owner in ast.walk(tree):
        for node in getattr(owner, "body", ()) if not isinstance(owner, (ast.Lambda, ast.IfExp)) else ():
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                key = f"self.{node.name}" if isinstance(owner, ast.ClassDef) else node.name
                found.setdefault(key, []).append(node)
    return {key: nodes[0] for key, nodes in found.items() if len(nodes) == 1 and not nodes[0].decorator_list}


def _does_not_fit(node: ast.AST, defined: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> bool:
    """Tell whether a call hands a function arguments that it cannot take."""
    if not isinstance(node, ast.Call) or any(isinstance(item, ast.Starred) for item in node.args):
        return False
    names = [keyword.arg for keyword in node.keywords]
    if None in names:
        return False
    called = ast.unparse(node.func) if isinstance(node.func, (ast.Name, ast.Attribute)) else ""
    function = defined.get(called)
    if function is not None:
        return not _takes(function, len(node.args) + called.startswith("self."), names)
    signature = _signature_of(called) if called not in defined else None
    if signature is None:
        return False
    try:
        signature.bind(*node.args, **dict.fromkeys(map(str, names)))
    except TypeError:
        return True
    return False


def _takes(function: ast.FunctionDef | ast.AsyncFunctionDef, count: int, names: list[str | None]) -> bool:
    spec = function.args
    by_place = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
    if count > len(by_place) and spec.vararg is None:
        return False
    open_ones = {*by_place[count:], *(argument.arg for argument in spec.kwonlyargs)}
    if spec.kwarg is None and not open_ones.issuperset(names):
        return False
    needed = set(by_place[count : len(by_place) - len(spec.defaults)])
    needed |= {argument.arg for argument, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if not default}
    return needed.issubset(names)


@lru_cache(maxsize=256)
def _signature_of(name: str) -> inspect.Signature | None:
    value = getattr(builtins, name, None) if name.isidentifier() else None
    if not inspect.isbuiltin(value):
        return None
    try:
        return inspect.signature(value)
    except (TypeError, ValueError):
        return None


def _unusual(node: ast.AST) -> Iterator[int]:
    if isinstance(node, ast.Call):
        yield sum(isinstance(argument, ast.Compare) for argument in node.args)
        yield FAR * isinstance(node.func, ast.Call)
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called in _OF_A_VALUE:
            yield sum(isinstance(argument, (ast.BoolOp, ast.BinOp, ast.IfExp)) for argument in node.args[:1])
    elif isinstance(node, (ast.Assign, ast.Return, ast.For, ast.Subscript)):
        yield _loose_tuple(node)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        yield len(node.items) - 1
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        yield _unlike(node.elts)
    elif isinstance(node, ast.Dict):
        yield _unlike(node.values)


def _bare_modules(tree: ast.AST) -> int:
    """Count the uses of an imported module as a value, where one reads something from it nearly always."""
    modules = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    read = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in modules]
    return FAR * sum(id(node) not in read for node in used)


def _loose_tuple(node: ast.Assign | ast.Return | ast.For | ast.Subscript) -> int:
    """Count what speaks against a tuple without brackets where one value is usual: `x = f(a), b`, or `x = {},`."""
    value = node.iter if isinstance(node, ast.For) else node.slice if isinstance(node, ast.Subscript) else node.value
    if not isinstance(value, ast.Tuple) or not value.elts or value.col_offset != value.elts[0].col_offset:
        return 0
    if isinstance(node, ast.Assign) and any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
        return 0
    if len(value.elts) == 1 or isinstance(value.elts[0], _DISPLAYS):
        return FAR
    several = any(isinstance(item, (ast.Call, ast.Subscript)) for item in value.elts)
    return several * (FAR if isinstance(node, ast.Assign) else 1)


def _unlike(items: list[ast.expr]) -> int:
    """Count the members of a table that are not made like the others."""
    if len(items) < (_LEAST_ALIKE if not items or not isinstance(items[0], (ast.Tuple, ast.List)) else 2):
        return 0
    made = Counter((type(item).__name__, len(getattr(item, "elts", ()))) for item in items)
    return len(items) - max(made.values())
