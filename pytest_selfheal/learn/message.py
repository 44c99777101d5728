"""What an error message says about names: which one is missing, on what, in which call.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field

from pytest_selfheal.learn.consuming import use_of
from pytest_selfheal.model import ErrorClass

_DULL = frozenset(
    [
        "NoneType",
        "object",
        "str",
        "int",
        "float",
        "bool",
        "bytes",
        "list",
        "dict",
        "tuple",
        "set",
        "module",
        "type",
        "function",
        "coroutine",
        "method",
    ]
)
_QUOTED = re.compile(r"'([^'\n]*)'|`([^`\n]*)`|\b([A-Za-z_][\w.]*)\(\)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_MISSING = (
    (re.compile(r"No module named '([^']+)'"), "{0}"),
    (re.compile(r"module '([^']+)' has no attribute '([^']+)'"), "{0}.{1}"),
    (re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'"), "{1}.{0}"),
)
_RECEIVER = re.compile(
    r"^'?(?:type object ')?([A-Za-z_][\w.]*)'(?: object)? (?:has no attribute|object is not|object does not)"
    r"|non-iterable ([A-Za-z_][\w.]*) object"
    r"|(?:object|argument) of type '([A-Za-z_][\w.]*)' (?:has no|is not)"
    r"|'(coroutine)'"
)
_CALLABLE = re.compile(r"([A-Za-z_][\w.<>]*)\(\) (?:got|takes|missing|required)")
_API_TYPES = frozenset({"ImportError", "ModuleNotFoundError"})
_API_TEXTS = re.compile(
    r"has no attribute|unexpected keyword argument|required (?:positional|keyword-only) argument"
    r"|takes .*\bpositional arguments?\b|multiple values for"
)
_SHAPE_TEXTS = re.compile(
    r"'coroutine'|has no len|non-iterable|not callable|not subscriptable|not iterable|context manager|can't be used in"
)
_BY_HAND = frozenset({"AttributeError", "NotImplementedError", "RuntimeError", "TypeError"})
_ADVICE_TEXTS = re.compile(
    r"\b(?:use|instead|removed|deprecated|no longer|renamed|replaced|must be (?:used|called|awaited|given|passed))\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:^|of type )'?(?:NoneType|int|float|bool)'? |non-iterable (?:NoneType|int|float|bool) ")


@dataclass(frozen=True)
class Message:
    """The facts of one error.

    Attributes:
        type_name: the exception's class, without its module.
        error_class: `api` errors are loud when a fix is wrong, `value` errors are not.
        names: every name the message quotes or calls, common types left out.
        missing: the dotted name it says is not there; empty when it says no such thing.
        receiver: the class whose object lacks something or cannot do something; empty when none is named.
        callee: the function or method whose call does not fit its signature; empty when none is named.
        use: what was done with a value that cannot take it (`iterated`, `indexed`, ...); empty when none is named.
    """

    type_name: str
    error_class: ErrorClass
    names: frozenset[str]
    missing: str
    receiver: str
    callee: str
    use: str = field(default="", compare=False)

    def allows(self, other: Message) -> bool:
        """Tell whether a fix learned from this error may answer another one, before any code is looked at.

        Same kind of error; the same class and the same function where either message names one.
        """
        if self.type_name != other.type_name and not self._is_of_one_object(other):
            both_missing = bool(self.missing) and bool(other.missing)
            return both_missing and {self.error_class, other.error_class} == {ErrorClass.API}
        same_receiver = self.receiver == other.receiver
        return same_receiver and self.callee == other.callee and bool(self.missing) == bool(other.missing)

    def _is_of_one_object(self, other: Message) -> bool:
        """Tell whether both are ways in which objects of one class are not what they were taken for."""
        kinds = {self.type_name, other.type_name} <= {"AttributeError", "TypeError"}
        return kinds and bool(self.receiver) and self.receiver == other.receiver and self.error_class is ErrorClass.API


def read_message(error_type: str, message: str) -> Message:
    """Read the facts of one error: its class (dotted or not) and the first line of its text."""
    type_name = error_type.rpartition(".")[2]
    text = message.partition("\n")[0]
    receiver = _RECEIVER.search(text)
    callee = _CALLABLE.search(text)
    return Message(
        type_name,
        _error_class(type_name, text),
        _names(text),
        next((form.format(*found.groups()) for rule, form in _MISSING if (found := rule.search(text))), ""),
        next(filter(None, receiver.groups()), "") if receiver else "",
        callee[1] if callee else "",
        use_of(text),
    )


def _names(text: str) -> frozenset[str]:
    quoted = " ".join(part for groups in _QUOTED.findall(text) for part in groups)
    return frozenset(_WORD.findall(quoted)) - _DULL


def _error_class(type_name: str, text: str) -> ErrorClass:
    """Tell how far a fix may go (design, section 5).

    A value where an object of another kind is expected is of the value class, unless the message names a class that
    has a shape of its own (an own class, a coroutine): then the interface changed.
    """
    if "NoneType" in text:
        return ErrorClass.VALUE
    if type_name in _API_TYPES or "Deprecat" in type_name or type_name.endswith("Warning"):
        return ErrorClass.API
    if type_name in {"AttributeError", "TypeError"} and _API_TEXTS.search(text):
        return ErrorClass.API
    if type_name == "TypeError" and _SHAPE_TEXTS.search(text):
        called = "not callable" in text  # something that was a function is a value now
        return ErrorClass.VALUE if _PLAIN.search(text) and not called else ErrorClass.API
    if type_name in _BY_HAND and _names(text) and _ADVICE_TEXTS.search(text):
        return ErrorClass.API  # raised by hand to point at another call: "use X.make() instead"
    return ErrorClass.VALUE
