"""Tells that two exceptions are alike without looking into them: the second one need not be captured again.

A dead service fails thousands of tests in the same way. Only plain exceptions of Python itself qualify: what they tell
stands in their class, their arguments and the code they came through.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import TracebackType

_PLAIN = (str, int, float, bool, type(None))
_MAX_TEXT = 2000
_MAX_FRAMES = 60

# What these tell depends on more than their arguments: names in reach, objects, files, members.
_TELLING = (NameError, AttributeError, ImportError, SyntaxError)


def likeness(error: BaseException, traceback: TracebackType | None) -> Hashable | None:
    """Return a key that is equal for exceptions which tell the same; None when only capturing can say.

    Never raises; nothing of the exception's own code is run.
    """
    kind = type(error)
    if kind.__module__ != "builtins" or issubclass(kind, _TELLING) or hasattr(kind, "exceptions"):
        return None
    if error.__cause__ is not None or (error.__context__ is not None and not error.__suppress_context__):
        return None
    if error.__dict__:  # notes, and whatever the program attached
        return None
    told = (*error.args, getattr(error, "filename", None), getattr(error, "filename2", None))
    if not all(_is_plain(value) for value in told):
        return None
    path = []
    while traceback is not None:
        path.append((traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
        if len(path) > _MAX_FRAMES:
            return None
    return kind, told, tuple(map(type, told)), tuple(path)


def _is_plain(value: Any) -> bool:
    return type(value) in _PLAIN and (type(value) is not str or len(value) <= _MAX_TEXT)
