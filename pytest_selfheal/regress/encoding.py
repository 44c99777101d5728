"""Writes values as Python expressions that build an equal value anywhere: literals and simple constructors.

Nothing is pickled and no code of the value's own class is run. What cannot be written safely is refused: secrets,
places of this machine, cycles, open files, objects of local classes, and whatever is too large.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import keyword
import math
import pathlib
import sys
import types
import uuid
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

MAX_NODES = 400
MAX_CHARS = 4000
_MAX_DEPTH = 25
REBUILD = "_rebuilt"
"""The function of a generated test that makes an object of a class from its attributes, without its constructor."""

_DATES = (dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone)
_NAMED_BY = (type, types.FunctionType, types.BuiltinFunctionType)


class CannotEncodeError(Exception):
    """The value has no safe form in source text; the message says why."""


class Made(NamedTuple):
    """How an object came to be: the object, kept alive so that its id stays its own, and the recorded call."""

    obj: object
    text: str
    modules: frozenset[str]


class Encoder:
    """Encodes the values of one call.

    Args:
        made: recorded constructor calls by the object's id.
        refuse: returns why a text may not be written (a secret, a path of this machine), or "".
        is_own: tells of a module's name whether it is the project's; only objects of such classes are rebuilt from
            their attributes, since those of libraries may stand for something outside.
        from_state: rebuild objects from their attributes instead of by their recorded constructor call.
    """

    def __init__(
        self,
        made: Mapping[int, Made],
        refuse: Callable[[str], str],
        *,
        is_own: Callable[[str], bool],
        from_state: bool = False,
    ) -> None:
        self._made = made
        self._refuse = refuse
        self._is_own = is_own
        self._from_state = from_state
        self._nodes = 0
        self._open: list[Any] = []
        self.modules: set[str] = set()
        """Modules the expressions need to have imported."""

    def encode(self, value: Any) -> str:
        """Return an expression in pure ASCII.

        Raises:
            CannotEncodeError: there is none.
        """
        try:
            text = self._value(value, 0)
        except RecursionError:
            raise CannotEncodeError("nested too deep") from None
        if len(text) > MAX_CHARS:
            raise CannotEncodeError(f"longer than {MAX_CHARS} characters")
        return text

    def named(self, value: Any) -> str:
        """Return the dotted name of a class or function, and note its module.

        Raises:
            CannotEncodeError: importing that name would give another object.
        """
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        if type(module) is not str or type(name) is not str or module == "__main__":
            raise CannotEncodeError("it has no importable name")
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = static(found, part)
        if found is not value or not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            raise CannotEncodeError(f"{name} cannot be imported")
        if module == "builtins":
            return name
        self.modules.add(module)
        return f"{module}.{name}"

    def _value(self, value: Any, depth: int) -> str:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise CannotEncodeError(f"more than {MAX_NODES} values")
        if depth > _MAX_DEPTH:
            raise CannotEncodeError("nested too deep")
        text = self._scalar(value)
        if text is not None:
            return text
        if any(value is holder for holder in self._open):
            raise CannotEncodeError("it contains itself")
        self._open.append(value)
        try:
            text = self._container(value, depth + 1) or self._library(value) or self._object(value, depth + 1)
        finally:
            self._open.pop()
        if text is None:
            raise CannotEncodeError(f"no literal form for a {type(value).__name__}")
        return text

    def _scalar(self, value: Any) -> str | None:
        kind = type(value)
        if value is None or value is ... or value is NotImplemented or kind is bool:
            return repr(value)
        if kind is int:
            if value.bit_length() > 8 * MAX_CHARS // 3:
                raise CannotEncodeError("a number too long")
            return repr(value)
        if kind is float:
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        if kind is complex:
            finite = math.isfinite(value.real) and math.isfinite(value.imag)
            return repr(value) if finite else f"complex({str(value)!r})"
        if kind is str:
            return self._text(value)
        if kind in (bytes, bytearray):
            self._text(value.decode("latin-1"))
            return repr(value)
        return None

    def _text(self, value: str) -> str:
        if len(value) > MAX_CHARS:
            raise CannotEncodeError(f"a text longer than {MAX_CHARS} characters")
        reason = self._refuse(value)
        if reason:
            raise CannotEncodeError(reason)
        return ascii(value)

    def _list(self, values: Iterable[Any], depth: int) -> list[str]:
        return [self._value(value, depth) for value in values]

    def _container(self, value: Any, depth: int) -> str | None:
        kind = type(value)
        if kind is list:
            return f"[{', '.join(self._list(value, depth))}]"
        if kind is tuple:
            return f"({', '.join(self._list(value, depth))}{',' if len(value) == 1 else ''})"
        if kind is dict:
            return f"{{{', '.join(self._pair(key, item, depth) for key, item in value.items())}}}"
        if kind in (set, frozenset):
            inner = f"{{{', '.join(sorted(self._list(value, depth)))}}}" if value else ""
            return inner if inner and kind is set else f"{kind.__name__}({inner})"
        if kind is range:
            return f"range({value.start}, {value.stop}, {value.step})"
        return self._collection(value, depth)

    def _collection(self, value: Any, depth: int) -> str | None:
        import collections

        kind = type(value)
        if kind is collections.OrderedDict or kind is collections.Counter:
            self.modules.add("collections")
            return f"collections.{kind.__name__}({self._value(dict(value), depth)})"
        if kind is collections.deque:
            self.modules.add("collections")
            bound = "" if value.maxlen is None else f", {value.maxlen}"
            return f"collections.deque([{', '.join(self._list(value, depth))}]{bound})"
        if kind is collections.defaultdict:
            self.modules.add("collections")
            factory = self._value(value.default_factory, depth)
            return f"collections.defaultdict({factory}, {self._value(dict(value), depth)})"
        return None

    def _pair(self, key: Any, item: Any, depth: int) -> str:
        if type(key) is str:
            self.check_name(key, item)
        return f"{self._value(key, depth)}: {self._value(item, depth)}"

    def check_name(self, name: str, value: Any) -> None:
        """Refuse a text that its name makes a secret, such as `password`."""
        if type(value) in (str, bytes) and value:
            text = value if type(value) is str else value.decode("latin-1")
            reason = self._refuse(f"{name}={text}")
            if reason:
                raise CannotEncodeError(reason)

    def _library(self, value: Any) -> str | None:
        kind = type(value)
        if kind in _DATES:
            if getattr(value, "tzinfo", None) is not None and type(value.tzinfo) is not dt.timezone:
                raise CannotEncodeError("a time zone that is not a fixed offset")
            self.modules.add("datetime")
            return repr(value)
        if kind is decimal.Decimal:
            self.modules.add("decimal")
            return f"decimal.Decimal({str(value)!r})"
        if kind is fractions.Fraction:
            self.modules.add("fractions")
            return f"fractions.{value!r}"
        if kind is uuid.UUID:
            self.modules.add("uuid")
            return f"uuid.{value!r}"
        if kind in (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath):
            self.modules.add("pathlib")
            name = "Path" if isinstance(value, pathlib.Path) else kind.__name__
            return f"pathlib.{name}({self._text(str(value))})"
        return self._module(value) if kind is types.ModuleType else None

    def _module(self, value: types.ModuleType) -> str | None:
        name = str(value.__name__)
        if sys.modules.get(name) is not value or name == "__main__":
            return None
        self.modules.add(name)
        return name

    def _object(self, value: Any, depth: int) -> str | None:
        kind = type(value)
        if isinstance(value, enum.Enum):
            return self._member(value)
        if isinstance(value, _NAMED_BY) and kind in (*_NAMED_BY, enum.EnumMeta):
            return self.named(value)
        if isinstance(value, type):
            return self.named(value)
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            return f"{self.named(kind)}({', '.join(self._list(tuple.__iter__(value), depth))})"
        if not self._from_state and id(value) in self._made and self._made[id(value)].obj is value:
            made = self._made[id(value)]
            self.modules |= made.modules
            return made.text
        if dataclasses.is_dataclass(kind) and _is_plain_dataclass(kind):
            return f"{self.named(kind)}({', '.join(self._fields(value, depth))})"
        if isinstance(value, BaseException) and not vars(value):
            return f"{self.named(kind)}({', '.join(self._list(value.args, depth))})"
        return self._state(value, depth)

    def _member(self, value: enum.Enum) -> str | None:
        kind = type(value)
        name = value.name if type(value.name) is str else ""
        if name not in kind.__members__:
            return None
        return f"{self.named(kind)}.{name}" if is_word(name) else f"{self.named(kind)}[{self._text(name)}]"

    def _fields(self, value: Any, depth: int) -> list[str]:
        pairs = []
        for field in dataclasses.fields(value):
            try:
                item = object.__getattribute__(value, field.name)
            except AttributeError:
                raise CannotEncodeError(f"its field {field.name} is missing") from None
            self.check_name(field.name, item)
            pairs.append(f"{field.name}={self._value(item, depth)}")
        return pairs

    def _state(self, value: Any, depth: int) -> str | None:
        kind = type(value)
        plain = (
            all(static(kind, name) is getattr(object, name) for name in ("__new__", "__reduce_ex__"))
            and "__dict__" in dir(kind)
            and type(getattr(value, "__dict__", None)) is dict
            and self._is_own(kind.__module__)
            and not any("__slots__" in one.__dict__ for one in kind.__mro__[:-1])
        )
        if not plain:
            return None
        return f"{REBUILD}({self.named(kind)}, {self._value(dict(vars(value)), depth)})"


def _is_plain_dataclass(kind: type) -> bool:
    """Tell whether its constructor takes exactly its fields and does nothing but keep them."""
    parameters = getattr(kind, "__dataclass_params__", None)
    fields = dataclasses.fields(kind)
    return bool(
        "__dataclass_params__" in kind.__dict__
        and parameters is not None
        and parameters.init
        and all(field.init for field in fields)
        and not hasattr(kind, "__post_init__")
    )


def is_word(name: str) -> bool:
    """Tell whether a name can be written as it is, in pure ASCII."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def static(holder: Any, name: str) -> Any:
    """Look a name up without running descriptors or `__getattr__`."""
    import inspect

    found = inspect.getattr_static(holder, name, None)
    return found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
