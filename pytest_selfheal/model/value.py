"""The base of every value: plain JSON out, checked JSON in.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import types
from dataclasses import MISSING
from dataclasses import fields
from enum import Enum
from functools import cache
from typing import Any
from typing import TypeVar
from typing import Union
from typing import get_args
from typing import get_origin
from typing import get_type_hints

from pytest_selfheal.errors import DataError

V = TypeVar("V", bound="Value")


class Value:
    """Base of the frozen dataclasses in `model` and `config`."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types: dict, list, str, int, float, bool, None. Calling it twice gives equal results."""
        # Most fields are plain: a run with thousands of failures writes them tens of thousands of times.
        names = _names(type(self))  # type: ignore[arg-type]
        return {name: value if type(value := getattr(self, name)) in _PLAIN else _plain(value) for name in names}

    @classmethod
    def from_dict(cls: type[V], data: Any) -> V:
        """Build a value from what `to_dict` gave, or from untrusted JSON of the same shape.

        Unknown keys are ignored so that an older version can read what a newer one wrote.

        Raises:
            DataError: `data` is no mapping, a field without default is missing, or a type does not fit.
        """
        return cls(**cls.checked_fields(data))

    @classmethod
    def checked_fields(cls, data: Any) -> dict[str, Any]:
        """Return the arguments from which `from_dict` builds its value, which thousands of readers never need.

        Raises:
            DataError: as `from_dict`.
        """
        if not isinstance(data, dict):
            raise DataError(f"expected an object for {cls.__name__}, found {type(data).__name__}")
        kwargs: dict[str, Any] = {}
        for name, hint, members, required in _shape(cls):  # type: ignore[arg-type]
            if name in data:
                value = data[name]
                # Most fields are plain or words: a run with thousands of failures reads them thousands of times.
                if type(value) is hint:
                    kwargs[name] = value
                elif members is not None and type(value) is str and value in members:
                    kwargs[name] = members[value]
                else:
                    kwargs[name] = _checked(hint, value, f"{cls.__name__}.{name}")
            elif required:
                raise DataError(f"{cls.__name__} lacks the field {name!r}")
        return kwargs


_PLAIN = frozenset({str, int, float, bool, type(None)})


@cache
def _names(cls: type[Value]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))  # type: ignore[arg-type]


@cache
def _shape(cls: type[Value]) -> tuple[tuple[str, Any, dict[Any, Any] | None, bool], ...]:
    """Return name, type, the members of an enumeration by their words, and whether it is required, for each field."""
    hints = get_type_hints(cls)
    return tuple(
        (f.name, hints[f.name], _members(hints[f.name]), f.default is MISSING and f.default_factory is MISSING)
        for f in fields(cls)  # type: ignore[arg-type]
    )


def _members(hint: Any) -> dict[Any, Any] | None:
    is_words = isinstance(hint, type) and issubclass(hint, Enum)
    return {member.value: member for member in hint} if is_words else None


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value._value_  # as `value`, without the descriptor
    if isinstance(value, Value):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [item if type(item) in _PLAIN else _plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _checked(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return _checked_union(hint, value, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise _mismatch("a list", value, where)
        if not value:
            return ()
        inner = get_args(hint)[0]
        return tuple(_checked(inner, item, f"{where}[{index}]") for index, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise _mismatch("an object", value, where)
        inner = get_args(hint)[1]
        return {str(key): _checked(inner, item, f"{where}.{key}") for key, item in value.items()}
    return _checked_scalar(hint, value, where)


def _checked_union(hint: Any, value: Any, where: str) -> Any:
    choices = [choice for choice in get_args(hint) if choice is not type(None)]
    if value is None and len(choices) < len(get_args(hint)):
        return None
    for choice in choices[:-1]:
        try:
            return _checked(choice, value, where)
        except DataError:
            continue
    return _checked(choices[-1], value, where)


def _checked_scalar(hint: type[Any], value: Any, where: str) -> Any:
    if issubclass(hint, Value):
        return hint.from_dict(value)
    if issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            allowed = ", ".join(repr(member.value) for member in hint)
            raise _mismatch(f"one of {allowed}", value, where) from None
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise _mismatch(hint.__name__, value, where)
    return value


def _mismatch(expected: str, value: Any, where: str) -> DataError:
    return DataError(f"expected {expected}, found {type(value).__name__} {str(value)[:60]!r}", where=where)
