"""How a recorded call is written: the name under which its function is found, and its arguments as a caller gives them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.regress.encoding import CannotEncodeError
from pytest_selfheal.regress.encoding import is_word

if TYPE_CHECKING:
    from types import CodeType
    from types import FrameType

    from pytest_selfheal.regress.encoding import Encoder


def found_by(module: Any, code: CodeType, frame: FrameType) -> tuple[Any, str, Any] | None:
    """Find the name under which importing gives the function of this code: in its module, or in a class of it."""
    if module is None or getattr(module, "__name__", "__main__") == "__main__":
        return None
    name = code.co_name
    if _code_of(module.__dict__.get(name)) is code:
        return module, name, module.__dict__[name]
    first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    owners: list[Any] = list(getattr(first if isinstance(first, type) else type(first), "__mro__", ()))
    owners += [value for value in list(module.__dict__.values()) if isinstance(value, type)]
    for owner in owners:
        raw = owner.__dict__.get(name)
        if raw is not None and _code_of(raw) is code:
            return owner, name, raw
    return None


def _code_of(value: Any) -> Any:
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    elif isinstance(value, property):
        value = value.fget
    for _ in range(20):
        inner = getattr(value, "__dict__", {}).get("__wrapped__") if not isinstance(value, type) else None
        if inner is None:
            break
        value = inner
    return getattr(value, "__code__", None)


_SPELLINGS = {
    "__call__": "{0}({1})",
    "__getitem__": "{0}[{1}]",
    "__contains__": "{1} in {0}",
    "__len__": "len({0})",
    "__iter__": "iter({0})",
    "__next__": "next({0})",
    "__str__": "str({0})",
    "__repr__": "repr({0})",
    "__bool__": "bool({0})",
    "__hash__": "hash({0})",
    "__eq__": "{0} == {1}",
    "__lt__": "{0} < {1}",
    "__add__": "{0} + {1}",
    "__sub__": "{0} - {1}",
    "__mul__": "{0} * {1}",
    "__truediv__": "{0} / {1}",
}
"""How people write the calls of special methods: with the object, and the arguments."""


def spelt(called: str, arguments: list[str]) -> str:
    """Return a call of `called` as people write it: `shelf["a"]`, not `shelf.__getitem__("a")`."""
    holder, _, name = called.rpartition(".")
    spelling = _SPELLINGS.get(name, "")
    is_object = holder.endswith((")", "]", "}"))
    if spelling and is_object and (name == "__call__" or len(arguments) == spelling.count("{1}")):
        return spelling.format(holder, ", ".join(arguments))
    return f"{called}({', '.join(arguments)})"


def arguments_of(frame: FrameType, encoder: Encoder, *, skip: int) -> list[str]:
    """Return the arguments as a caller writes them: without those that are the default anyway."""
    code, values = frame.f_code, frame.f_locals
    names = code.co_varnames
    last = code.co_argcount
    only_named = names[last : last + code.co_kwonlyargcount]
    rest = list(names[last + code.co_kwonlyargcount :])
    more = tuple(values[rest.pop(0)]) if code.co_flags & inspect.CO_VARARGS else ()
    defaults = _defaults(frame)
    if more:
        defaults = {name: value for name, value in defaults.items() if name in only_named}
    found: list[str] = []
    by_name = False
    for at, name in enumerate((*names[skip:last], *only_named), skip):
        value = _checked(values, name, encoder)
        if name in defaults and at >= code.co_posonlyargcount and _is_same(value, defaults[name]):
            by_name = True
            continue
        found.append(f"{name}={encoder.encode(value)}" if by_name or at >= last else encoder.encode(value))
        if at == last - 1:
            found += [encoder.encode(one) for one in more]
    if more and last <= skip:
        found[:0] = [encoder.encode(one) for one in more]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        found += _named_arguments(values[rest[0]], encoder)
    return found


def _named_arguments(values: dict[str, Any], encoder: Encoder) -> list[str]:
    if not all(type(name) is str and is_word(name) for name in values):
        return [f"**{encoder.encode(values)}"]
    return [f"{name}={encoder.encode(_checked(values, name, encoder))}" for name in values]


def _defaults(frame: FrameType) -> dict[str, Any]:
    """Return the default values by parameter; none for a wrapped function, whose wrapper may have its own."""
    code = frame.f_code
    found = found_by(sys.modules.get(str(frame.f_globals.get("__name__"))), code, frame)
    function: Any = getattr(found[2], "__func__", found[2]) if found is not None else None
    if getattr(function, "__code__", None) is not code:
        return {}
    positional = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(positional) : code.co_argcount]
    return {**dict(zip(names, positional, strict=True)), **(function.__kwdefaults__ or {})}


def _is_same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    return type(value) is type(default) and type(value) in (int, str, bytes, float) and bool(value == default)


def _checked(values: Any, name: str, encoder: Encoder) -> Any:
    if name not in values:
        raise CannotEncodeError(f"{name} is not there")
    encoder.check_name(name, values[name])
    return values[name]
